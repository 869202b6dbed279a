"""Apply a note's planned edits to its text and read the whole note again: each must give exactly the task it intends.

An edit after which any task of the note would read otherwise is refused alone; the others stand. Nothing is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from vaultsync.markdown.textlines import (
    LineEdit,
    apply_line_edits,
    bare_lines,
    line_and_end,
    prevailing_end,
    split_lines,
)
from vaultsync.model import Problem
from vaultsync.tasks.note import Note, parse_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.tasks.rules import Rules

T = TypeVar("T")

_PREFIX = re.compile(r"[ \t>]*")
_ITEM = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)])(?:[ \t]|\Z)")


@dataclass(frozen=True, slots=True)
class Verified:
    """A note's text after the edits that read back as intended; `refused` has a problem, with its line, for others."""

    text: str
    refused: tuple[Problem, ...]
    remarks: tuple[Problem, ...]


def verify_edits(before: Note, text: str, edits: Sequence[PlannedEdit], rules: Rules) -> Verified:
    """Apply the edits of one note, which was read as `before`.

    Raises `textlines.EditMismatch` if the text isn't the one that was planned on.
    """

    def works(chosen: Sequence[PlannedEdit]) -> bool:
        return reads_as(before, {float(edit.line): edit.after for edit in chosen}, apply_edits(text, chosen), rules)

    good, refused = sifted(edits, [], works)
    what = "the planned edit would not read back as this task; the line is left alone, the row stays as typed"
    added = "a task typed in an index note would not read back at the end of this note; it stays there as typed"
    after, remarks = _applied(text, good)
    problems = (Problem(before.path, edit.line, added if edit.adds else what) for edit in refused)
    return Verified(after, tuple(problems), remarks)


def apply_edits(text: str, edits: Sequence[PlannedEdit]) -> str:
    """Return a note's text after edits that were verified; sub-items of a removed line move up a level."""
    return _applied(text, edits)[0]


def sifted(edits: Sequence[T], good: Sequence[T], works: Callable[[Sequence[T]], bool]) -> tuple[list[T], list[T]]:
    """Part edits into those that work beside the `good` ones, which come first, and the others.

    By halves, so that one bad edit of thousands costs a dozen readings of the note.
    """
    together = [*good, *edits]
    if not edits or works(together):
        return together, []
    if len(edits) == 1:
        return list(good), list(edits)
    middle = len(edits) // 2
    good, refused = sifted(edits[:middle], good, works)
    good, more = sifted(edits[middle:], good, works)
    return good, [*refused, *more]


def reads_as(before: Note, new: Mapping[float, Sequence[str]], text: str, rules: Rules) -> bool:
    """Tell whether a text reads as the tasks of a note, with `new` ones in place of some lines, by number from 1.

    What comes between two lines has a number between theirs.
    """
    standing: dict[float, Sequence[str]] = {task.number: (task.text,) for task in before.tasks}
    intended = [line for _, lines in sorted((standing | dict(new)).items()) for line in lines]
    after = parse_text(before.path, text, "", rules)
    # Sub-items of a removed line move up a level, so their indentation doesn't count.
    return [_bare(line) for line in intended] == [_bare(task.text) for task in after.tasks]


def _bare(line: str) -> str:
    return line[len(_prefix(line)) :].removesuffix("\r")


def _applied(text: str, edits: Sequence[PlannedEdit]) -> tuple[str, tuple[Problem, ...]]:
    added = [line for edit in sorted(edits, key=lambda edit: edit.line) if edit.adds for line in edit.after]
    after, problems = _replaced(text, [edit for edit in edits if not edit.adds])
    return _appended(after, added), problems


def _appended(text: str, added: Sequence[str]) -> str:
    """Return a text with lines at its end, a blank line apart from what is no list."""
    if not added:
        return text
    ending = prevailing_end(text)
    last, end = line_and_end(split_lines(text)[-1]) if text else ("", "")
    last = last.removeprefix("\ufeff")
    gap = "" if not last.strip() or _ITEM.match(last.lstrip(" \t")) else ending
    return text + ("" if end or not text else ending) + gap + "".join(line + ending for line in added)


def _replaced(text: str, edits: Sequence[PlannedEdit]) -> tuple[str, tuple[Problem, ...]]:
    if all(edit.after for edit in edits):
        return apply_line_edits(text, (LineEdit(edit.line, edit.before, edit.after) for edit in edits)), ()
    lines = bare_lines(text)
    moved = list(lines)
    problems: list[Problem] = []
    instead: dict[int, tuple[str, ...]] = {}  # what stands in the place of a removed line
    # From the top: a removed line below a removed one finds its own lines where those have moved to.
    for edit in sorted((edit for edit in edits if not edit.after), key=lambda edit: edit.line):
        children = _moved_children(moved[edit.line - 1 :])
        for below, line in children.items():
            moved[edit.line - 1 + below] = line
        if children:
            first, above = children.get(1, ""), moved[edit.line - 2] if edit.line > 1 else ""
            touches = first.removeprefix(_prefix(first)) and above.removeprefix(_prefix(above))
            if touches and not _ITEM.match(first.removeprefix(_prefix(first))):
                # Text that was the item's own would else join, or underline, what stands above.
                instead[edit.line] = (_prefix(moved[edit.line - 1]).rstrip(" \t"),)
            noun = "line" if len(children) == 1 else "lines"
            what = f"removed on completion; its {len(children)} {noun} below moved up a level"
            problems.append(Problem(edit.path, edit.line, what))
    by_line = {edit.line: LineEdit(edit.line, edit.before, edit.after or instead.get(edit.line, ())) for edit in edits}
    for number, (line, higher) in enumerate(zip(lines, moved, strict=True), 1):
        if higher != line:
            change = by_line.get(number, LineEdit(number, line, (line,)))
            after = tuple(_prefix(higher) + new.removeprefix(_prefix(line)) for new in change.after)
            by_line[number] = LineEdit(number, change.before, after)
    return apply_line_edits(text, by_line.values()), tuple(problems)


def _moved_children(lines: Sequence[str]) -> dict[int, str]:
    """Return the lines that belong to the list item on the first one, each a level up, by how far below they stand."""
    if not lines:
        return {}
    outer = _prefix(lines[0])
    found: dict[int, str] = {}
    level = ""
    for below, line in enumerate(lines[1:], 1):
        if line == _prefix(line):
            continue  # blank, maybe within a quote
        depth = line[len(outer) :]
        # A quote that begins where the item stands isn't part of it.
        if not line.startswith(outer) or not depth.startswith((" ", "\t")):
            break
        indentation = depth[: len(depth) - len(depth.lstrip(" \t"))]
        if not level:
            item = _ITEM.match(lines[0].removeprefix(outer))
            is_item = _ITEM.match(depth.lstrip(" \t"))
            # Of text only the item's own indentation goes: indented code stays code.
            level = indentation if is_item or not item else indentation[: len(item[0])]
        found[below] = outer + (depth.removeprefix(level) if depth.startswith(level) else depth.lstrip(" \t"))
    return found


def _prefix(line: str) -> str:
    match = _PREFIX.match(line)
    return match[0] if match else ""
