"""Decides where the lines of a note begin and end, and replaces whole lines without touching another byte.

What a line means, and whether it should change, is left to others.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# `str.splitlines` also splits on vertical tab, U+0085 and U+2028, which neither Obsidian nor CommonMark takes for ends.
_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class LineEdit:
    """One line of a note, replaced: `line` from 1, the texts without line ends; an empty `after` removes the line."""

    line: int
    before: str
    after: tuple[str, ...]


class EditMismatch(ValueError):  # noqa: N818 - it names what happened: the note moved on, which is no error of anyone
    """The note doesn't hold, on `line` (from 1), the text that the edit expects there."""

    def __init__(self, line: int, what: str) -> None:
        """Keep the line's number beside the sentence about it."""
        super().__init__(f"line {line}: {what}")
        self.line = line


def split_lines(text: str) -> list[str]:
    r"""Split a text after each `\n`, `\r\n` or `\r`, and nowhere else; joined again the lines are the text."""
    if "\r" in text:
        return _LINE.findall(text)
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def bare_lines(text: str) -> list[str]:
    """Return the lines of a text without their ends."""
    return [line_and_end(line)[0] for line in split_lines(text)]


def line_and_end(line: str) -> tuple[str, str]:
    """Take one line apart into its text and its line end, which is empty on a last line without one."""
    text = line.rstrip("\r\n")
    return text, line[len(text) :]


def count_ends(text: str) -> int:
    """Count the line ends in a text."""
    return len(_END.findall(text))


def prevailing_end(text: str) -> str:
    r"""Name the line end that a text uses most, the earliest among equals; `\n` where it has none."""
    ends = Counter(_END.findall(text))
    return max(ends, key=ends.__getitem__, default="\n")


def apply_line_edits(text: str, edits: Iterable[LineEdit]) -> str:
    """Replace whole lines, given in any order, all of them or none.

    New lines get the end of the line that they replace; where that is the note's last line without an end, the note's
    prevailing one stands between them and the note still ends without one.

    Raises:
        EditMismatch: a line isn't there, holds another text than the edit expects, or is edited twice.
        ValueError: a new line holds a line end, and would be more than one line.

    """
    lines = split_lines(text)
    edited: set[int] = set()
    for edit in edits:
        if any(_END.search(new) for new in edit.after):
            raise ValueError(f"line {edit.line}: a new line must not hold a line end")
        if not 1 <= edit.line <= len(lines):
            raise EditMismatch(edit.line, f"the note has {len(lines)} lines")
        if edit.line in edited:
            raise EditMismatch(edit.line, "edited twice")
        before, end = line_and_end(lines[edit.line - 1])
        if before != edit.before:
            raise EditMismatch(edit.line, "the line has changed since it was read")
        edited.add(edit.line)
        # Each slot keeps its place in the list, so that later edits still find their lines by number.
        lines[edit.line - 1] = (end or prevailing_end(text)).join(edit.after) + (end if edit.after else "")
    return "".join(lines)
