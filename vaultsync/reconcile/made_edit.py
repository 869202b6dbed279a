"""An edit as the journal keeps it: which lines became which, and what tells the place of those that were taken out.

Putting one back is `putback`'s, keeping it `storage.journal`'s.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.markdown.textlines import bare_lines
from vaultsync.reconcile.verify import apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaultsync.reconcile.edit import PlannedEdit


@dataclass(frozen=True, slots=True)
class Around:
    """What tells the place of lines that were taken out: the lines about it, each way up to one that isn't blank.

    `was` are the lines below that moved with it, as they were, `now` as they were left.
    """

    above: tuple[str, ...]
    was: tuple[str, ...]
    now: tuple[str, ...]
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MadeEdit:
    """Lines of a note, replaced: `before` stood from `line` (from 1) on, `after` then stood there; each may be none."""

    path: str
    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    why: str
    around: Around | None = None  # of lines that were taken out
    landed: bool | None = None  # None: not known, since the run hasn't ended, or an old version didn't keep it


def made_edits(text: str | None, edits: Sequence[PlannedEdit]) -> list[MadeEdit]:
    """Return the planned edits of one note as the journal keeps them; without its text none of them will land."""
    lines = bare_lines(text or "")
    new = {edit.line: edit.after for edit in edits}
    made = []
    end = min((edit.line for edit in edits if edit.adds), default=0)
    for edit in edits:
        if edit.adds:
            made.append(MadeEdit(edit.path, end, (), edit.after, edit.why))
            continue
        around = _around_removed(text, lines, edit, new) if text is not None and not edit.after else None
        made.append(MadeEdit(edit.path, edit.line, (edit.before,), edit.after, edit.why, around))
    return made


def _around_removed(
    text: str, lines: Sequence[str], edit: PlannedEdit, new: Mapping[int, tuple[str, ...]]
) -> Around | None:
    """Return what tells a removed line's place; None if lines that move with it are edited, too."""
    left = bare_lines(apply_edits(text, [edit]))
    same = 0
    while same < min(len(lines) - edit.line, len(left) - edit.line + 1) and lines[-1 - same] == left[-1 - same]:
        same += 1
    was, now = lines[edit.line : len(lines) - same], left[edit.line - 1 : len(left) - same]
    if any(edit.line < number <= edit.line + len(was) for number in new):
        return None
    above, below = neighbours(lines, edit.line, edit.line + 1 + len(was), new)
    return Around(above, tuple(was), tuple(now), below)


def neighbours(
    lines: Sequence[str], begin: int, end: int, new: Mapping[int, tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines above line `begin` and from line `end` on, each way up to one that isn't blank, once edited."""
    above = _until_text(new.get(number, (lines[number - 1],))[::-1] for number in range(begin - 1, 0, -1))
    below = _until_text(new.get(number, (lines[number - 1],)) for number in range(end, len(lines) + 1))
    return above[::-1], below


def _until_text(slots: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the lines up to the first that isn't blank, all of them where there is none."""
    found: list[str] = []
    for line in itertools.chain.from_iterable(slots):
        found.append(line)
        if line.strip():
            break
    return tuple(found)
