"""What people type into a row, and what is read of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vaultsync.index.rows import read_row, render_row, row_link, shown_values
from vaultsync.model import INVALID, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import Rules
from vaultsync.tasks.statuses import roles
from vaultsync.tasks.text import read_text

TASKS = TaskSettings()
RULES = Rules(TASKS, roles(TASKS, registered=False, overrides={}))
ROSTER, _ = build_roster([PersonSource("Ana Lee"), PersonSource("Bob")])
LINE = "- [?] Water the plants soon #home @Bob ⏫ 🔁 every week 🛫 2025-11-01 📅 2025-11-12 #task ^t-9k2f3a7b"
ROW = "- [?] Water the plants soon #home (every week) [[a#^t-9k2f3a7b|↗]] ⏫ 🛫 2025-11-01 📅 2025-11-12"


def test_a_row_is_written_as_people_see_it() -> None:
    line = parse_line(LINE, TASKS, hidden=True)
    assert line is not None
    values = shown_values(line, read_text(line, ROSTER), "a.md", RULES)
    assert render_row(values, line.recurrence, row_link("a.md", "t-9k2f3a7b", None, RULES), RULES) == ROW
    assert read_row(ROW, "every week", ROSTER, RULES) == values


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        pytest.param("[?]", "[x]", {"symbol": "x"}, id="the box"),
        pytest.param("2025-11-12", "2025-11-13", {"due": "2025-11-13"}, id="a date"),
        pytest.param(" 📅 2025-11-12", "", {"due": None}, id="a date taken out"),
        pytest.param("2025-11-12", "2025-02-31", {"due": INVALID}, id="a date that is none"),
        pytest.param("⏫ ", "", {"priority": "none"}, id="the priority taken out"),
        pytest.param("2025-11-12", "2025-11-12 @Ana Lee", {"mentions": ("Ana Lee",)}, id="a mention at the end"),
        pytest.param(" [[a", " @Ana Lee @Bob [[a", {"mentions": ("Ana Lee", "Bob")}, id="mentions before the link"),
        pytest.param("soon #home", "soon", {"tags": frozenset[str]()}, id="a tag taken out"),
        pytest.param("2025-11-12", "2025-11-12 #x", {"tags": frozenset({"#home", "#x"})}, id="a tag at the end"),
        pytest.param("soon", "today", {"prose": ("Water", "the", "plants", "today")}, id="a word"),
        pytest.param(" (every week)", "", {}, id="the words of the recurrence taken out"),
        pytest.param("soon", "soon 📅 2025-11-12", {}, id="a field typed into the text, alike"),
        pytest.param("Water", "Water  ", {}, id="blanks"),
        pytest.param("|↗]]", "|any alias]]", {}, id="the link's text"),
        pytest.param(
            "2025-11-12", "2025-11-12 now", {"prose": ("Water", "the", "plants", "soon", "now")}, id="text at the end"
        ),
        pytest.param("Water the plants soon", "", {"prose": ()}, id="all words taken out"),
    ],
)
def test_a_row_is_read_after_somebody_changed(old: str, new: str, changes: dict[str, object]) -> None:
    assert ROW.count(old) == 1
    before = read_row(ROW, "every week", ROSTER, RULES)
    after = read_row(ROW.replace(old, new), "every week", ROSTER, RULES)
    assert before is not None
    assert after is not None
    assert replace(after, text="") == replace(before, text="", **changes)  # type: ignore[arg-type]


def test_the_words_of_the_recurrence_in_the_text_itself_stay() -> None:
    row = "- [ ] Water (every week) twice (every week) [[a#^t-9k2f3a7b|↗]]"
    values = read_row(row, "every week", ROSTER, RULES)
    assert values is not None
    assert values.prose == ("Water", "(every", "week)", "twice")


@pytest.mark.parametrize("row", ["- [] gone [[a#^t-9k2f3a7b|↗]]", "Water [[a#^t-9k2f3a7b|↗]]", ""])
def test_a_line_without_a_box_is_no_row(row: str) -> None:
    assert read_row(row, None, ROSTER, RULES) is None
