"""Laws of mending a task line: to vaultsync it says what it said, to Tasks it says the same, and no word is touched."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from laws.test_line_laws import DATAVIEW, EMOJI, VALUES, lines

from vaultsync.tasks.line import parse_line
from vaultsync.tasks.mend import mended
from vaultsync.tasks.people import PersonSource, Roster, build_roster
from vaultsync.tasks.rules import Rules
from vaultsync.tasks.signifiers import MOJIBAKE, SIGNIFIERS, spell
from vaultsync.tasks.statuses import roles
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.model import FieldName, TaskLine, TaskSettings

RULES = {
    settings.format: Rules(settings, roles(settings, registered=False, overrides={})) for settings in (EMOJI, DATAVIEW)
}
ROSTERS = st.sampled_from([Roster(), build_roster([PersonSource("Ann Lee"), PersonSource("Ann Lee Call")])[0]])
SPELLINGS = {emoji: [spelling for spelling, of in MOJIBAKE.items() if of == emoji] for emoji in SIGNIFIERS}
ANY_SIGN = re.compile("|".join(SIGNIFIERS))
ANY_SPELLING = re.compile("|".join(map(re.escape, sorted(MOJIBAKE, key=len, reverse=True))))
DERIVED = ("priority", "created", "start", "scheduled", "due", "done", "cancelled", "recurrence", "on_completion")


@st.composite
def mangled_lines(draw: st.DrawFn) -> str:
    """A line in which some signifiers are mojibake."""
    text = draw(lines(EMOJI))
    return ANY_SIGN.sub(lambda sign: draw(st.sampled_from([sign[0], *SPELLINGS[sign[0]]])), text)


DRAWN = st.one_of(
    st.tuples(st.just(EMOJI), lines(EMOJI)),
    st.tuples(st.just(EMOJI), mangled_lines()),
    st.tuples(st.just(DATAVIEW), lines(DATAVIEW)),
)


def read(text: str, settings: TaskSettings, *, hidden: bool) -> TaskLine:
    line = parse_line(text, settings, hidden=hidden)
    assert line is not None
    return line


def mend(text: str, settings: TaskSettings, roster: Roster) -> str:
    return mended(read(text, settings, hidden=True), roster, RULES[settings.format])


def said(line: TaskLine, roster: Roster) -> dict[str, object]:
    text = read_text(line, roster)
    return {
        "words": line.description.split(),
        "head": (line.indentation, line.marker, line.symbol),
        "block id": line.block_id,
        "tags": line.tags,
        "prose": text.prose,
        "assignees": text.assignees,
        "ids": (line.id, line.depends_on),
        **{name: getattr(line, name) for name in DERIVED},
    }


@given(DRAWN, ROSTERS)
@example((EMOJI, "- [ ] Ask @Ann 📅 2025-01-01 Lee to call"), Roster())
@example((EMOJI, "- [ ] Call ğŸ“… ⏫ 📅 2025-01-01 üìÖ 2025-01-02 #task"), Roster())
def test_a_mended_line_says_to_vaultsync_what_it_said(drawn: tuple[TaskSettings, str], roster: Roster) -> None:
    settings, text = drawn
    before, after = (read(each, settings, hidden=True) for each in (text, mend(text, settings, roster)))
    assert said(after, roster) == said(before, roster)


@given(DRAWN, ROSTERS)
def test_a_line_without_hidden_fields_left_says_the_same_to_tasks(
    drawn: tuple[TaskSettings, str], roster: Roster
) -> None:
    settings, text = drawn
    after = mend(text, settings, roster)
    if not any(field.hidden for field in read(after, settings, hidden=True).fields):
        told = read(after, settings, hidden=False)
        assert said(told, roster) == said(read(text, settings, hidden=True), roster)


@given(DRAWN, ROSTERS)
def test_a_mended_line_has_nothing_more_to_mend(drawn: tuple[TaskSettings, str], roster: Roster) -> None:
    settings, text = drawn
    once = mend(text, settings, roster)
    assert mend(once, settings, roster) == once


@given(DRAWN, ROSTERS)
def test_no_byte_but_signs_fields_and_blanks_is_touched(drawn: tuple[TaskSettings, str], roster: Roster) -> None:
    settings, text = drawn
    after = mend(text, settings, roster)
    line = read(text, settings, hidden=True)
    assert after.startswith(text[: line.body[0]])
    assert after.endswith(text[line.body[1] :])
    real = ANY_SPELLING.sub(lambda sign: MOJIBAKE[sign[0]], text)
    assert sorted("".join(after.split())) == sorted("".join(real.replace("Ô∏è", "").split()))


@given(DRAWN, ROSTERS)
def test_a_line_of_which_tasks_reads_everything_stays_as_it_is(drawn: tuple[TaskSettings, str], roster: Roster) -> None:
    settings, text = drawn
    if not any(field.hidden for field in read(text, settings, hidden=True).fields):
        assert mend(text, settings, roster) == text


WORDS = st.lists(st.sampled_from(["Call", "the", "é", "(now)", "日本", "x."]), min_size=1, max_size=3)
NAMES = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5, unique=True)


@st.composite
def simple_lines(draw: st.DrawFn, settings: TaskSettings, *, mangled: bool) -> str:
    """A line in which each field stands once, with words around it."""
    names: Sequence[FieldName] = draw(NAMES)
    pieces = draw(WORDS)
    for name in names:
        field = spell(name, draw(VALUES[name]), settings)
        if mangled:
            field = ANY_SIGN.sub(lambda sign: draw(st.sampled_from(SPELLINGS[sign[0]])), field)
        pieces = [*pieces, field, *(["(and)"] if draw(st.booleans()) else [])]
    return (
        f"- [?] {' '.join(pieces)}{draw(st.sampled_from(['', ' (end)']))} #task{draw(st.sampled_from(['', ' ^t-1']))}"
    )


@pytest.mark.parametrize(
    ("settings", "mangled"),
    [
        pytest.param(EMOJI, False, id="in emoji"),
        pytest.param(EMOJI, True, id="in mojibake"),
        pytest.param(DATAVIEW, False, id="in Dataview format"),
    ],
)
def test_each_field_that_stands_once_is_brought_to_tasks(settings: TaskSettings, mangled: bool) -> None:  # noqa: FBT001 - a case
    @given(simple_lines(settings, mangled=mangled))
    def law(text: str) -> None:
        after = mend(text, settings, Roster())
        told = read(after, settings, hidden=False)
        assert said(told, Roster()) == said(read(text, settings, hidden=True), Roster())
        assert not any(field.hidden for field in read(after, settings, hidden=True).fields)

    law()


@given(lines(EMOJI))
def test_a_line_that_the_global_filter_leaves_out_after_mending_stays_as_it_is(text: str) -> None:
    settings = replace(EMOJI, global_filter="Call 📅")
    line = parse_line(text, settings, hidden=True)
    if line is not None:
        after = mended(line, Roster(), Rules(settings, roles(settings, registered=False, overrides={})))
        assert parse_line(after, settings) is not None
