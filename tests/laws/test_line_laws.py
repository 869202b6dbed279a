"""Laws of reading and writing one task line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.model import FieldName, TaskLine, TaskSettings
from vaultsync.tasks.edits import set_block_id, set_field, set_status, toggle_text
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.signifiers import SIGNIFIERS, spell

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EMOJI = TaskSettings()
DATAVIEW = TaskSettings(format="dataview")
TODAY = "2025-11-10"

SETTINGS = st.sampled_from([EMOJI, DATAVIEW])
DAYS = st.dates().map(lambda day: f"{day.year:04}-{day.month:02}-{day.day:02}")
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
VALUES: dict[FieldName, st.SearchStrategy[str]] = {
    "priority": st.sampled_from(["highest", "high", "medium", "low", "lowest"]),
    "start": DAYS,
    "created": DAYS,
    "scheduled": DAYS,
    "due": DAYS,
    "done": DAYS,
    "cancelled": DAYS,
    "recurrence": st.sampled_from(["every day", "every 2 weeks on Friday", "every month when done"]),
    "on_completion": st.sampled_from(["keep", "delete"]),
    "id": IDS,
    "depends_on": st.lists(IDS, min_size=1, max_size=3).map(",".join),
}
FIELDS = st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name]))
WORDS = st.sampled_from(["Call", "the", "@Ann Lee", "[[Plan|it]]", "`x`", "#task", "#a/b", "é", "(now)", "日本", "x."])
GAPS = st.sampled_from([" ", " ", " ", "  ", "\t", "\u00a0 "])


@st.composite
def lines(draw: st.DrawFn, settings: TaskSettings, kinds: tuple[FieldName, ...] = tuple(VALUES)) -> str:
    """A task line: words, fields and tags in any order, with a block id and a hard break now and then."""
    spelled = FIELDS.filter(lambda field: field[0] in kinds).map(lambda field: spell(*field, settings))
    pieces = draw(st.lists(st.one_of(WORDS, spelled), max_size=9))
    body = "".join(piece + draw(GAPS) for piece in ["Call", *pieces]).strip()
    head = draw(st.sampled_from(["- [ ] ", "> 1. [ ]  ", "\t* [?] ", "- [x] ", "+ [-]"]))
    return head + body + draw(st.sampled_from(["", " ^t-1", " ^t-1  ", "   ", " "]))


SETTINGS_AND_LINE = SETTINGS.flatmap(lambda settings: st.tuples(st.just(settings), lines(settings)))


def read(text: str, settings: TaskSettings, *, hidden: bool = True) -> TaskLine:
    line = parse_line(text, settings, hidden=hidden)
    assert line is not None
    return line


def meaning(line: TaskLine) -> dict[str, object]:
    values: dict[str, object] = {field.name: field.value for field in line.fields if field.counts}
    return {"description": line.description.split(), "symbol": line.symbol, "marker": line.marker, **values}


@given(SETTINGS_AND_LINE, FIELDS)
def test_a_written_field_reads_back_and_nothing_else_has_changed(
    drawn: tuple[TaskSettings, str], field: tuple[FieldName, str]
) -> None:
    settings, text = drawn
    name, value = field
    line = read(text, settings)
    written = read(set_field(line, name, value, settings), settings)
    assert meaning(written) == {**meaning(line), name: value}


@given(SETTINGS_AND_LINE, st.sampled_from(sorted(VALUES)))
def test_a_field_taken_out_is_gone_and_nothing_else_has_changed(
    drawn: tuple[TaskSettings, str], name: FieldName
) -> None:
    settings, text = drawn
    line = read(text, settings)
    without = read(set_field(line, name, None, settings), settings)
    assert meaning(without) == {key: value for key, value in meaning(line).items() if key != name}


@given(SETTINGS_AND_LINE, FIELDS)
def test_a_new_field_taken_out_again_leaves_the_line_as_it_was(
    drawn: tuple[TaskSettings, str], field: tuple[FieldName, str]
) -> None:
    settings, text = drawn
    line = read(text, settings)
    if any(each.name == field[0] for each in line.fields):
        return
    written = read(set_field(line, *field, settings), settings)
    assert set_field(written, field[0], None, settings) == text


@given(SETTINGS_AND_LINE)
def test_a_block_id_written_twice_is_written_once(drawn: tuple[TaskSettings, str]) -> None:
    settings, text = drawn
    line = read(text, settings)
    once = set_block_id(line, "t-2")
    assert meaning(read(once, settings)) == {**meaning(line), "block_id": "t-2"}
    assert set_block_id(read(once, settings), "t-2") == once


@given(SETTINGS_AND_LINE, st.booleans())
def test_the_status_that_is_there_changes_no_byte(drawn: tuple[TaskSettings, str], hidden: bool) -> None:  # noqa: FBT001 - a drawn value
    settings, text = drawn
    line = read(text, settings, hidden=hidden)
    assert set_status(line, line.symbol, settings, TODAY) == [text]


_ONE_LINE: tuple[FieldName, ...] = ("priority", "start", "created", "scheduled", "due", "id", "depends_on")


@given(
    SETTINGS.flatmap(lambda settings: st.tuples(st.just(settings), lines(settings, _ONE_LINE))), st.sampled_from("x-")
)
def test_done_and_back_gives_the_line_that_was_there(drawn: tuple[TaskSettings, str], symbol: str) -> None:
    settings, text = drawn
    line = read(re.sub(r"\[.\]", "[ ]", text, count=1), settings)
    [there] = set_status(line, symbol, settings, TODAY) or [""]
    after = read(there, settings)
    assert (after.done, after.cancelled) == ((TODAY, None) if symbol == "x" else (None, TODAY))
    assert set_status(after, " ", settings, TODAY) == [line.text]


ALPHABET = [
    *SIGNIFIERS,
    *"-*+1.)>[] ^#@:,x?\t\r\u00a0\u2028\ufeff\ufe0f`%()üðâ",
    "2025-11-08",
    "every day",
    "[due:: ",
    "^t-1",
]
ANY_TEXT = st.one_of(
    st.text(),
    st.lists(st.sampled_from(ALPHABET), max_size=60).map("".join),
    st.sampled_from(ALPHABET).map(lambda s: s * 2000),
)


@given(SETTINGS, st.sampled_from(["", "- [ ] ", "> "]), ANY_TEXT, st.booleans())
def test_any_text_is_read_or_is_no_task(settings: TaskSettings, head: str, text: str, hidden: bool) -> None:  # noqa: FBT001 - a drawn value
    line = parse_line(head + text, settings, hidden=hidden)
    if line is None:
        toggle_text(head + text)
        return
    start, end = line.body
    for field in line.fields:
        assert start <= field.start < field.end <= len(line.text)
        assert field.value in line.text[field.start : field.end] or field.name == "priority"
    assert [field.start for field in line.fields] == sorted(field.start for field in line.fields)
    assert line.symbol == line.text[line.symbol_at]
    assert start <= end
    assert set_status(line, "x", settings, TODAY) is not None


def _steps(run: Callable[[], object]) -> int:
    """Count the lines of Python that a call runs."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("settings", [EMOJI, DATAVIEW], ids=["emoji", "dataview"])
@pytest.mark.parametrize("piece", ALPHABET, ids=ascii)
def test_twice_the_text_takes_at_most_about_twice_the_steps(piece: str, settings: TaskSettings) -> None:
    once, twice = (f"- [ ] a {(piece + ' ') * count}" for count in (500, 1000))
    assert _steps(lambda: parse_line(twice, settings, hidden=True)) <= 2.2 * _steps(
        lambda: parse_line(once, settings, hidden=True)
    )
