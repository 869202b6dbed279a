"""The example vault: safe paths, the line ends and the tasks that its notes claim."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter

import pytest
import yaml
from pathvalidate import is_valid_filepath

from vaultsync.cli import demo_vault
from vaultsync.markdown.walker import find_task_lines
from vaultsync.model import TaskLine, TaskSettings
from vaultsync.tasks.line import parse_line

TODAY = dt.date(2025, 11, 10)
FILES = demo_vault.files(TODAY)
NOTES = {path: content.decode() for path, content in FILES.items() if path.endswith(".md")}
CRLF = "Meetings/2025-11-01 - Budget call.md"


def tasks_of(path: str, *, hidden: bool = False) -> list[TaskLine]:
    text = NOTES[path].replace("\r\n", "\n")
    lines = text.split("\n")
    read = [parse_line(lines[number - 1], TaskSettings(), hidden=hidden) for number in find_task_lines(text).lines]
    return [line for line in read if line]


TASKS = [task for path in NOTES for task in tasks_of(path)]


def test_the_same_day_gives_the_same_files() -> None:
    assert demo_vault.files(TODAY) == FILES


@pytest.mark.parametrize("today", [dt.date(2024, 2, 29), dt.date(2025, 12, 31)], ids=["a leap day", "new year's eve"])
def test_another_day_moves_the_dates_and_nothing_else(today: dt.date) -> None:
    def dateless(files: dict[str, bytes]) -> list[tuple[str, str]]:
        return [
            (re.sub(r"\d{4}-\d\d-\d\d", "DAY", path), re.sub(r"\d{4}-\d\d-\d\d", "DAY", content.decode()))
            for path, content in files.items()
        ]

    assert dateless(demo_vault.files(today)) == dateless(FILES)
    assert f"Daily/{today}.md" in demo_vault.files(today)


@pytest.mark.parametrize("path", FILES)
def test_a_path_is_relative_and_fit_for_every_system(path: str) -> None:
    assert is_valid_filepath(path, platform="universal")
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))


@pytest.mark.parametrize("path", NOTES)
def test_a_note_is_short_ends_its_last_line_and_leaves_no_placeholder(path: str) -> None:
    assert NOTES[path].count("\n") <= 40
    assert NOTES[path].endswith("\n")
    assert not re.search(r"\{[+-]\d", path + NOTES[path])


def test_one_note_alone_has_crlf_and_has_it_throughout() -> None:
    assert [path for path, text in NOTES.items() if "\r" in text] == [CRLF]
    assert NOTES[CRLF].count("\r") == NOTES[CRLF].count("\r\n") == NOTES[CRLF].count("\n")


@pytest.mark.parametrize("path", [path for path, text in NOTES.items() if text.startswith("---")])
def test_frontmatter_is_a_mapping_with_a_type(path: str) -> None:
    properties = yaml.safe_load(NOTES[path].split("---")[1])
    assert properties["type"] in {"meeting", "people", "person", "project", "reference"}


def test_the_vault_holds_what_its_index_should_show() -> None:
    symbols = Counter(task.symbol for task in TASKS)
    assert symbols == {"?": 20, " ": 7, "/": 1, "x": 5, "-": 1, "R": 1}
    assert all({"#task", "#proposed", "#auto"} <= set(task.tags) for task in TASKS if task.symbol == "?")
    assert [task.recurrence for task in TASKS if task.recurrence] == ["every week"]
    week = {(TODAY - dt.timedelta(days=days)).isoformat() for days in range(7)}
    assert all(task.done in week for task in TASKS if task.symbol == "x")


def test_look_alikes_in_code_and_in_a_comment_are_no_tasks() -> None:
    path = "Projects/How we write tasks.md"
    assert len(re.findall(r"^- \[", NOTES[path], re.MULTILINE)) == 3
    assert tasks_of(path) == []


def test_tasks_stand_in_a_callout_a_quote_and_a_nested_list_too() -> None:
    indentations = {task.indentation for task in tasks_of("Meetings/2025-11-09 - Opening weekend.md")}
    assert indentations == {"", "> ", " " * 4, " " * 8}


def test_a_due_date_before_a_mention_is_hidden_from_tasks_and_read_all_the_same() -> None:
    path = "Meetings/2025-11-09 - Opening weekend.md"
    as_tasks = next(task for task in tasks_of(path) if "sponsors" in task.description)
    as_we = next(task for task in tasks_of(path, hidden=True) if "sponsors" in task.description)
    assert (as_tasks.due, as_we.due) == (None, "2025-11-16")


def test_garbled_signifiers_are_what_mac_roman_makes_of_them() -> None:
    text = NOTES["Meetings/2025-10-29 - Tide tables.md"]
    assert text.count("📅".encode().decode("mac_roman")) == 2
    assert text.count("⏫".encode().decode("mac_roman")) == 1
    assert "📅" not in text


def test_the_tasks_plugin_knows_what_a_tap_on_a_proposal_does() -> None:
    content = json.loads(FILES[".obsidian/plugins/obsidian-tasks-plugin/data.json"])
    statuses = {entry["symbol"]: entry for part in content["statusSettings"].values() for entry in part}
    assert statuses.keys() == set(" x/-?R")
    assert (statuses["?"]["name"], statuses["?"]["type"], statuses["?"]["nextStatusSymbol"]) == (
        "Proposed",
        "TODO",
        " ",
    )
    assert (statuses["R"]["type"], statuses["R"]["nextStatusSymbol"]) == ("CANCELLED", " ")


def test_the_settings_name_the_owner_and_the_time_zone() -> None:
    settings = yaml.safe_load(FILES[".vaultsync/config.yaml"])
    assert settings == {"owner": demo_vault.OWNER, "timezone": "UTC"}
    assert any(f'"{demo_vault.OWNER}"' in text for text in NOTES.values())


def test_links_between_notes_lead_somewhere() -> None:
    names = {path.rpartition("/")[2].removesuffix(".md") for path in NOTES}
    linked = {name for text in NOTES.values() for name in re.findall(r"\[\[([^]|#]+)", text)}
    assert linked <= names
    assert linked
