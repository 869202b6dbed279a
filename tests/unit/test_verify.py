"""Planned edits, applied to a note's text and read back: what stands, what is refused alone, what moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.vault_model import RULES

from vaultsync.markdown.textlines import EditMismatch, line_and_end, split_lines
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.verify import Verified, apply_edits, verify_edits
from vaultsync.tasks.note import parse_text

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "a.md"
Changes: TypeAlias = "Mapping[int, tuple[str, ...]]"  # line -> the lines in its place


def planned(text: str, changes: Changes) -> list[PlannedEdit]:
    lines = [line_and_end(line)[0] for line in split_lines(text)]
    return [PlannedEdit(PATH, number, lines[number - 1], after, "row") for number, after in changes.items()]


def verified(text: str, changes: Changes) -> Verified:
    return verify_edits(parse_text(PATH, text, "", RULES), text, planned(text, changes), RULES)


@pytest.mark.parametrize(
    ("text", "changes", "after"),
    [
        pytest.param("- [ ] a\n", {1: ("- [x] a ✅ 2026-11-22",)}, "- [x] a ✅ 2026-11-22\n", id="a status"),
        pytest.param("> 1) [?] a\n", {1: ("> 1) [ ] b 🦊",)}, "> 1) [ ] b 🦊\n", id="a text in a quote"),
        pytest.param("\ufeff- [ ] a", {1: ("\ufeff- [x] a",)}, "\ufeff- [x] a", id="a line after a byte order mark"),
        pytest.param("- [ ] a\r\nb\n", {1: ("- [x] a",)}, "- [x] a\r\nb\n", id="the line keeps its CRLF"),
        pytest.param("a\r\n- [ ] a", {2: ("- [x] a",)}, "a\r\n- [x] a", id="a last line without end gets none"),
        pytest.param("- [ ] a %%\n", {1: ("- [x] a %%",)}, "- [x] a %%\n", id="percent signs after text are text"),
        pytest.param(
            "- [ ] a\n- [ ] b\n", {1: ("- [ ] ```",)}, "- [ ] ```\n- [ ] b\n", id="a fence after a box is text"
        ),
        pytest.param("- [ ] a\n- [ ] b\n", {2: ("- [x] b",), 1: ("- [x] a",)}, "- [x] a\n- [x] b\n", id="in any order"),
        pytest.param("- [ ] a\u2028- [ ] b\n", {1: ("- [x] a\u2028c",)}, "- [x] a\u2028c\n", id="U+2028 ends no line"),
    ],
)
def test_an_edit_that_reads_back_stands(text: str, changes: Changes, after: str) -> None:
    assert verified(text, changes) == Verified(after, (), ())


@pytest.mark.parametrize(
    ("text", "end"),
    [
        pytest.param("- [ ] a 🔁 every day\r\n- [ ] b\n", "\r\n", id="with the end of the line"),
        pytest.param("b\r\n\r\n- [ ] a 🔁 every day", "\r\n", id="with the prevailing end at the end of the note"),
        pytest.param("- [ ] a 🔁 every day", "\n", id="with a line feed in a note without line ends"),
    ],
)
def test_a_next_occurrence_becomes_a_line_of_its_own(text: str, end: str) -> None:
    line = "- [ ] a 🔁 every day"
    number = text[: text.index(line)].count("\n") + 1
    done = f"{line.replace('[ ]', '[x]')} ✅ 2026-11-22"
    after = verified(text, {number: (line, done)})
    assert after == Verified(text.replace(line, f"{line}{end}{done}"), (), ())


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(("%%",), id="opens a comment"),
        pytest.param(("%% - [ ] b",), id="opens a comment before its box"),
        pytest.param(("```",), id="opens a fence"),
        pytest.param(("- [ ] b", "<!--"), id="opens an HTML comment below"),
        pytest.param(("- b",), id="has no box"),
        pytest.param(("",), id="is empty"),
        pytest.param(("        - [ ] b",), id="is code"),
        pytest.param(("- [ ] b", "- [ ] new", "text"), id="adds a line that is no task"),
        pytest.param((f"- [ ] {'b' * 100_000}",), id="is too long to be read"),
        pytest.param(("%% vaultsync:begin 1-paper %%",), id="is half a managed region"),
        pytest.param(("<<<<<<< ours",), id="is the mark of a git conflict"),
    ],
)
def test_a_line_that_would_not_read_back_is_refused_alone_and_the_others_stand(after: tuple[str, ...]) -> None:
    text = "- [ ] a\n\n- [ ] b\n\n- [ ] c\n"
    found = verified(text, {1: ("- [x] a",), 3: after, 5: ("- [x] c",)})
    assert found.text == "- [x] a\n\n- [ ] b\n\n- [x] c\n"
    assert [(problem.path, problem.line) for problem in found.refused] == [(PATH, 3)]


@pytest.mark.parametrize("at", [1, 2, 64, 99, 100])
def test_one_bad_edit_of_a_hundred_is_found_wherever_it_stands(at: int) -> None:
    text = "".join(f"- [ ] {number}\n" for number in range(1, 101))
    changes = {number: (f"- [x] {number}" if number != at else "%%",) for number in range(1, 101)}
    found = verified(text, changes)
    assert [problem.line for problem in found.refused] == [at]
    assert found.text == text.replace("[ ]", "[x]").replace(f"- [x] {at}\n", f"- [ ] {at}\n")


def test_all_bad_edits_are_refused_and_the_good_ones_between_them_stand() -> None:
    text = "- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n- [ ] e\n"
    found = verified(text, {1: ("```",), 2: ("- [x] b",), 3: ("%%",), 4: ("- [x] d",), 5: ("<!--",)})
    assert [problem.line for problem in found.refused] == [1, 3, 5]
    assert found.text == "- [ ] a\n- [x] b\n- [ ] c\n- [x] d\n- [ ] e\n"


def test_one_bad_edit_costs_few_readings_of_the_note(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"- [ ] {number}\n" for number in range(1024))
    before, readings = parse_text(PATH, text, "", RULES), 0

    def counted(*args: object) -> object:
        nonlocal readings
        readings += 1
        return parse_text(*args)  # type: ignore[arg-type] # whatever it was called with

    monkeypatch.setattr("vaultsync.reconcile.verify.parse_text", counted)
    edits = planned(text, {number: ("%%" if number == 700 else f"- [x] {number - 1}",) for number in range(1, 1025)})
    assert [problem.line for problem in verify_edits(before, text, edits, RULES).refused] == [700]
    assert readings <= 1 + 2 * 10


@pytest.mark.parametrize(
    ("text", "changes", "after"),
    [
        pytest.param("- [ ] a\n- [ ] b\n", {1: ()}, "- [ ] b\n", id="a line without children goes alone"),
        pytest.param("- [ ] b\r\n- [ ] a", {2: ()}, "- [ ] b\r\n", id="the last line leaves the end before it"),
        pytest.param("- [ ] a\n  - b\n    - c\n- d\n", {1: ()}, "- b\n  - c\n- d\n", id="with spaces"),
        pytest.param("\t- [ ] a\n\t\t- b\n\t\t\t- c\n", {1: ()}, "\t- b\n\t\t- c\n", id="with tabs"),
        pytest.param("> - [ ] a\n>   - b\n> - c\n", {1: ()}, "> - b\n> - c\n", id="in a quote"),
        pytest.param(
            "> - [ ] a\n>   - b\n>\n>   - c\n", {1: ()}, "> - b\n>\n> - c\n", id="past a blank line of a quote"
        ),
        pytest.param("- [ ] a\n\n  b\n\n  c\n\nd\n", {1: ()}, "\nb\n\nc\n\nd\n", id="past blank lines"),
        pytest.param("- [ ] a\n  b\n c\n", {1: ()}, "b\nc\n", id="a line that stands out moves as far as it can"),
        pytest.param("- [ ] a\n  > b\n", {1: ()}, "> b\n", id="a quote below the item stays a quote"),
        pytest.param("- [ ] a\n> b\n", {1: ()}, "> b\n", id="a quote after the item is left alone"),
        pytest.param("- [ ] a\ntext\n", {1: ()}, "text\n", id="a line without indentation is left alone"),
        pytest.param("- [ ] a\r\n  - b\r\n", {1: ()}, "- b\r\n", id="children keep their CRLF"),
        pytest.param("- [ ] a\n  - [ ] b\n", {1: (), 2: ("  - [x] b",)}, "- [x] b\n", id="with an edited child"),
        pytest.param(
            "- [ ] a\n\t- [ ] b\n", {2: ("\t- [ ] b", "\t- [x] b"), 1: ()}, "- [ ] b\n- [x] b\n", id="with two for one"
        ),
        pytest.param("- [ ] a\n\t- [ ] b\n\t\t- c\n", {1: (), 2: ()}, "- c\n", id="a removed parent of a removed one"),
        pytest.param(
            "- [ ] a\n\t- [ ] b\n\t\t- [ ] c\n\t- d\n",
            {2: (), 1: (), 3: ("\t\t- [x] c",)},
            "- [x] c\n- d\n",
            id="two levels up with an edited grandchild",
        ),
    ],
)
def test_what_belongs_to_a_removed_line_moves_up_a_level(text: str, changes: Changes, after: str) -> None:
    found = verified(text, changes)
    assert (found.text, found.refused) == (after, ())


def test_a_removal_tells_how_many_lines_have_moved() -> None:
    found = verified("- [ ] a\n  - b\n\n    c\n- [ ] d\n", {1: (), 5: ()})
    assert [(problem.line, "its 2 lines" in problem.what) for problem in found.remarks] == [(1, True)]


@pytest.mark.parametrize("child", ["```", "~~~", "<!--", "<pre>"])
def test_a_removal_whose_child_would_swallow_another_task_is_refused(child: str) -> None:
    text = f"- [ ] a\n  {child}\n- [ ] b\n"
    found = verified(text, {1: (), 3: ("- [x] b",)})
    assert [problem.line for problem in found.refused] == [1]
    assert found.text == f"- [ ] a\n  {child}\n- [x] b\n"
    assert found.remarks == ()


def test_no_edit_changes_nothing() -> None:
    assert verified("- [ ] a", {}) == Verified("- [ ] a", (), ())


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        pytest.param("- [ ] other\n", {1: ("- [x] a",)}, id="the line says something else"),
        pytest.param("", {1: ("- [x] a",)}, id="the line is gone"),
        pytest.param("", {1: ()}, id="the line to be removed is gone"),
        pytest.param("- [ ] other\n  - b\n", {1: ()}, id="the line to be removed says something else"),
        pytest.param("- [ ] a\n  - [ ] other\n", {1: (), 2: ("  - [x] b",)}, id="a child says something else"),
    ],
)
def test_a_text_that_was_not_planned_on_is_not_edited(now: str, changes: Changes) -> None:
    planned_on = "- [ ] a\n  - [ ] b\n"
    edits = planned(planned_on, changes)
    with pytest.raises(EditMismatch):
        verify_edits(parse_text(PATH, planned_on, "", RULES), now, edits, RULES)
    with pytest.raises(EditMismatch):
        apply_edits(now, edits)


INDENTS = st.sampled_from(("", "", "  ", "    ", "\t", "\t\t", "> ", ">   ", "> > "))
PIECES = st.sampled_from(
    (
        "- [ ] a",
        "- [?] é 🦊 ^t-abcdefgh",
        "1. [/] b 📅 2026-11-25",
        "- c",
        "text",
        "",
        "```",
        "%%",
        "<!--",
        "# x",
        "a\x0bb",
    )
)
ENDS = st.sampled_from(("\n", "\r\n"))
TEXTS = st.lists(st.tuples(INDENTS, PIECES, ENDS).map("".join), min_size=1, max_size=14).map("".join)
AFTER = st.sampled_from(("same", "[x]", "[x] ```", "two", "gone", "%%", "```", "  <!--", "text", ""))


def meant(line: str, how: str) -> tuple[str, ...]:
    """Return what an edit makes of a line: some read back as tasks, and some don't."""
    if how in ("same", "two"):
        return (line,) if how == "same" else (line, line)
    if how == "gone":
        return ()
    return (line.replace("[ ]", how),) if how.startswith("[x]") and "[ ]" in line else (how,)


@settings(max_examples=300)
@given(TEXTS, st.data())
def test_bytes_outside_the_edited_lines_never_change(text: str, data: st.DataObject) -> None:
    lines = [line_and_end(line) for line in split_lines(text)]
    tasks = parse_text(PATH, text, "", RULES).tasks
    changes = {task.number: meant(task.line.text, data.draw(AFTER)) for task in tasks}
    edits = planned(text, changes)
    found = verify_edits(parse_text(PATH, text, "", RULES), text, edits, RULES)
    turned_down = {problem.line for problem in found.refused}
    standing = {number: after for number, after in changes.items() if number not in turned_down}
    assert found.text == apply_edits(text, [edit for edit in edits if edit.line in standing])

    expected = [(new, end) for number, (body, end) in enumerate(lines, 1) for new in standing.get(number, (body,))]
    got = [line_and_end(line) for line in split_lines(found.text)]
    if () in standing.values():
        # Below a removed line the indentation may shrink, in its place a blank line may stay; nothing else changes.
        assert [words for body, _ in got if (words := body.split()) != [">"] * len(words)] == [
            words for body, _ in expected if (words := body.split()) != [">"] * len(words)
        ]
        return
    for (new, end), (body, found_end) in zip(expected, got, strict=True):
        assert body == new
        assert found_end == end or not end


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x\n- [ ] A 🏁 delete\n  ---\n  - [ ] kid\n", "x\n\n---\n- [ ] kid\n"),
        ("- z\n- [ ] A 🏁 delete\n  words of A\n- [ ] C\n", "- z\n\nwords of A\n- [ ] C\n"),
        ("- [ ] A 🏁 delete\n\n      code of A\n\nend\n", "\n    code of A\n\nend\n"),
        ("> - z\n> - [ ] A 🏁 delete\n>   words of A\n", "> - z\n>\n> words of A\n"),
    ],
    ids=["a rule underlines nothing", "words join no other item", "code stays code", "a quote stays one"],
)
def test_text_of_a_removed_item_stays_what_it_was(before: str, after: str) -> None:
    (line,) = [number for number, text in enumerate(before.split("\n"), 1) if "🏁" in text]
    edit = PlannedEdit("Note.md", line, before.split("\n")[line - 1], (), "on completion")
    assert apply_edits(before, [edit]) == after
