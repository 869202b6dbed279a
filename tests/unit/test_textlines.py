from __future__ import annotations

import pytest

from vaultsync.markdown.textlines import (
    EditMismatch,
    LineEdit,
    apply_line_edits,
    line_and_end,
    prevailing_end,
    split_lines,
)

SPLITS = [
    ("nothing", "", []),
    ("one line without an end", "a", ["a"]),
    ("an end alone", "\n", ["\n"]),
    ("the three ends", "a\nb\r\nc\rd", ["a\n", "b\r\n", "c\r", "d"]),
    ("LF before CR makes two ends", "a\n\rb", ["a\n", "\r", "b"]),
    ("separators that are no line end", "a\u2028b\u2029c\u0085d\ve\ff\x1cg", ["a\u2028b\u2029c\u0085d\ve\ff\x1cg"]),
]


@pytest.mark.parametrize(("text", "lines"), [pytest.param(*case, id=name) for name, *case in SPLITS])
def test_split_lines_of(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines


@pytest.mark.parametrize(
    ("line", "parts"),
    [("a\n", ("a", "\n")), ("a\r\n", ("a", "\r\n")), ("\r", ("", "\r")), ("a\u2028", ("a\u2028", ""))],
)
def test_line_and_end(line: str, parts: tuple[str, str]) -> None:
    assert line_and_end(line) == parts


@pytest.mark.parametrize(
    ("text", "end"), [("", "\n"), ("a", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\rb\nc\r", "\r"), ("a\r\nb\n", "\r\n")]
)
def test_prevailing_end(text: str, end: str) -> None:
    assert prevailing_end(text) == end


EDITS = [
    ("one line", "a\nb\nc", [LineEdit(2, "b", ("x",))], "a\nx\nc"),
    ("no edits", "a\r\nb", [], "a\r\nb"),
    ("a line becomes two with its own end", "a\r\nb\nc", [LineEdit(1, "a", ("x", "y"))], "x\r\ny\r\nb\nc"),
    ("the last line becomes two and still has no end", "a\r\nb", [LineEdit(2, "b", ("x", "y"))], "a\r\nx\r\ny"),
    ("a line goes with its end", "a\nb\r\nc", [LineEdit(2, "b", ())], "a\nc"),
    ("the last line goes", "a\nb", [LineEdit(2, "b", ())], "a\n"),
    ("several edits in any order", "a\nb\nc\n", [LineEdit(3, "c", ()), LineEdit(1, "a", ("x", "y"))], "x\ny\nb\n"),
    ("a BOM is part of the first line", "\ufeffa\nb", [LineEdit(2, "b", ("x",))], "\ufeffa\nx"),
    ("odd separators stay in their line", "a\u2028b\nc\v", [LineEdit(1, "a\u2028b", ("x",))], "x\nc\v"),
    ("an empty line", "a\n\nb", [LineEdit(2, "", ("x",))], "a\nx\nb"),
]


@pytest.mark.parametrize(("text", "edits", "after"), [pytest.param(*case, id=name) for name, *case in EDITS])
def test_apply_line_edits_to(text: str, edits: list[LineEdit], after: str) -> None:
    assert apply_line_edits(text, edits) == after


MISMATCHES = [
    ("another text", "a\nb", [LineEdit(2, "x", ())], 2),
    ("the text with its end", "a\nb", [LineEdit(1, "a\n", ())], 1),
    ("a line past the end", "a\n", [LineEdit(2, "", ())], 2),
    ("line zero", "a\n", [LineEdit(0, "a", ())], 0),
    ("an empty note", "", [LineEdit(1, "", ())], 1),
    ("a line edited twice", "a\n", [LineEdit(1, "a", ("a",)), LineEdit(1, "a", ("b",))], 1),
]


@pytest.mark.parametrize(("text", "edits", "line"), [pytest.param(*case, id=name) for name, *case in MISMATCHES])
def test_an_edit_is_refused_for(text: str, edits: list[LineEdit], line: int) -> None:
    with pytest.raises(EditMismatch) as refused:
        apply_line_edits(text, edits)
    assert refused.value.line == line


@pytest.mark.parametrize("smuggled", ["x\ny", "x\r", "\n"])
def test_a_new_line_that_holds_a_line_end_is_refused(smuggled: str) -> None:
    with pytest.raises(ValueError, match="line 1: a new line must not hold a line end"):
        apply_line_edits("a", [LineEdit(1, "a", (smuggled,))])
