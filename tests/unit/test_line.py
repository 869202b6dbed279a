from __future__ import annotations

import subprocess
import sys

import pytest

from vaultsync.model import INVALID, TaskLine, TaskSettings
from vaultsync.tasks.dates import day_in_name
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.signifiers import MOJIBAKE, SIGNIFIERS

EMOJI = TaskSettings()
DATAVIEW = TaskSettings(format="dataview")


def read(text: str, settings: TaskSettings = EMOJI, *, hidden: bool = False) -> TaskLine:
    line = parse_line(text, settings, hidden=hidden)
    assert line is not None
    return line


def test_a_field_knows_where_it_stands() -> None:
    line = read("- [?] Send it @Ann ⏫ 📅 2025-11-08 #task ^t-9k2f3a7b  ")
    assert [(field.name, line.text[field.start : field.end], field.value) for field in line.fields] == [
        ("priority", "⏫", "high"),
        ("due", "📅 2025-11-08", "2025-11-08"),
        ("block_id", "^t-9k2f3a7b", "t-9k2f3a7b"),
    ]
    assert line.text[slice(*line.body)] == "Send it @Ann ⏫ 📅 2025-11-08 #task"
    assert line.text[line.symbol_at] == "?"


def test_a_dataview_field_spans_its_brackets_without_the_comma() -> None:
    line = read("- [ ] a [due:: 2025-11-08], (priority:: high)", DATAVIEW)
    assert [line.text[field.start : field.end] for field in line.fields] == ["[due:: 2025-11-08]", "(priority:: high)"]


def test_of_two_copies_the_left_one_counts() -> None:
    line = read("- [ ] a 📅 2025-01-01 📅 2025-02-02")
    assert [(field.value, field.counts) for field in line.fields] == [("2025-01-01", True), ("2025-02-02", False)]
    assert line.due == "2025-01-01"


def test_a_carriage_return_is_no_part_of_the_line() -> None:
    line = read("- [ ] a 📅 2025-11-08\r")
    assert (line.text, line.due) == ("- [ ] a 📅 2025-11-08", "2025-11-08")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        pytest.param("- [ ] a 📅 2025-11-08 @Ann", "due", "2025-11-08", id="a date before a mention"),
        pytest.param("- [ ] a 📅 2025-02-30 @Ann", "due", INVALID, id="a date that is no day"),
        pytest.param("- [ ] a ⏫ @Ann #task", "priority", "high", id="a priority before a mention"),
        pytest.param(
            "- [ ] a 🔁 every week please @Ann", "recurrence", "every week", id="a rule, without the prose behind"
        ),
        pytest.param(
            "- [ ] a 🔁 every day when done, @Ann", "recurrence", "every day when done", id="a rule when done"
        ),
        pytest.param("- [ ] a 🏁 delete.", "on_completion", "delete", id="an action before a full stop"),
        pytest.param("- [ ] a üìÖ 2025-11-08 ‚è´ #task", "due", "2025-11-08", id="mojibake of Mac Roman"),
        pytest.param("- [ ] a ðŸ“… 2025-11-08 â« #task", "priority", "high", id="mojibake of cp1252"),
    ],
)
def test_a_field_that_tasks_passes_over_is_read_when_asked_for(text: str, name: str, value: str) -> None:
    assert getattr(read(text), name) in (None, "none")
    line = read(text, hidden=True)
    assert getattr(line, name) == value
    field = next(field for field in line.fields if field.name == name)
    assert field.hidden
    assert field.counts
    assert line.text[field.start : field.end] not in line.description


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- [ ] write `📅 2025-11-08` there", id="in code"),
        pytest.param("- [ ] see [[Plan 📅 2025-11-08]] first", id="in a link"),
        pytest.param("- [ ] a %% 📅 2025-11-08 %%", id="in an Obsidian comment"),
        pytest.param("- [ ] a <!-- 📅 2025-11-08 -->", id="in an HTML comment"),
        pytest.param("- [ ] wave the 🏁 flag now.", id="a word that is no action"),
        pytest.param("- [ ] turn 🔁 around.", id="words that are no rule"),
    ],
)
def test_a_signifier_in_quoted_text_or_prose_is_no_hidden_field(text: str) -> None:
    line = read(text, hidden=True)
    assert line.fields == ()
    assert line.description == read(text).description


def test_a_hidden_copy_never_overrides_what_tasks_reads() -> None:
    line = read("- [ ] a 📅 2025-01-01 @Ann 📅 2025-02-02", hidden=True)
    assert line.due == "2025-02-02"
    assert [(field.value, field.counts, field.hidden) for field in line.fields] == [
        ("2025-01-01", False, True),
        ("2025-02-02", True, False),
    ]


@pytest.mark.parametrize("spelling", sorted(MOJIBAKE), ids=ascii)
def test_every_mangled_signifier_is_read_as_the_emoji_it_was(spelling: str) -> None:
    name, value = SIGNIFIERS[MOJIBAKE[spelling]]
    typed = {"recurrence": "every day", "on_completion": "keep", "id": "abc", "depends_on": "abc"}.get(
        name, "2025-11-08"
    )
    line = read(f"- [ ] a {spelling}{'' if value else ' ' + typed} @Ann", hidden=True)
    assert [(field.name, field.value, field.hidden) for field in line.fields] == [(name, value or typed, True)]
    assert line.description == "a @Ann"


def test_the_global_filter_is_a_part_of_the_text_and_leaves_the_tags() -> None:
    settings = TaskSettings(global_filter="#task")
    assert parse_line("- [ ] a ^task", settings) is None
    assert read("- [ ] a #task #b", settings).tags == ("#b",)
    assert read("- [ ] a #tasks", settings).tags == ("#tasks",)


@pytest.mark.parametrize(
    ("path", "custom", "day"),
    [
        ("Daily/2025-11-08.md", "", "2025-11-08"),
        ("a.2025-11-08.md", "", "2025-11-08"),
        ("2025-11-08", "", "2025-11-08"),
        ("20251399 20251108.md", "", None),
        ("08 Nov 2025.md", "DD MMM YYYY", "2025-11-08"),
        ("Sat 08 Nov 2025.md", "ddd DD MMM YYYY", "2025-11-08"),
        ("Sun 08 Nov 2025.md", "ddd DD MMM YYYY", None),
        ("8th of November, 25.md", "Do [of] MMMM, YY", "2025-11-08"),
        ("2025 312.md", "YYYY DDDD", "2025-11-08"),
        ("2025 366.md", "YYYY DDDD", None),
        ("2025-11.md", "YYYY-MM", "2025-11-01"),
        ("2025-11-08 x.md", "YYYY.MM.DD", "2025-11-08"),
        ("08 Nov.md", "DD MMM", None),
        ("2025-W45.md", "gggg-[W]ww", None),
    ],
)
def test_a_file_name_says_its_day(path: str, custom: str, day: str | None) -> None:
    assert day_in_name(path, custom) == day


def test_reading_a_line_imports_none_of_the_slow_packages() -> None:
    script = "import sys, vaultsync.tasks.edits; print({'dateutil', 'pendulum', 'pydantic'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
