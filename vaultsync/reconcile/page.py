"""What drawing a note is given and what it gives: the page that is drawn on, and all notes as they shall stand.

How a note is drawn is `draw`'s and `overview`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.markdown.textlines import LineEdit, apply_line_edits
from vaultsync.reconcile.absorb import with_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.model import Problem
    from vaultsync.reconcile.absorb import Absorbing
    from vaultsync.reconcile.base import IndexRecord
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.snapshot import Snapshot, SourceTask
    from vaultsync.reconcile.task import Merged


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """An index or overview note as it shall stand; `expected` is the digest of what it replaces, None for nothing."""

    path: str
    person: str | None  # None: the overview
    expected: str | None
    raw: bytes  # the text as UTF-8, in which an emoji doesn't make four bytes of each character
    changed: bool
    proposed: int = 0
    open: int = 0

    @property
    def text(self) -> str:
        """The note's text."""
        return self.raw.decode()


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """An index note and how many tasks it counts, be it looked at or not."""

    path: str
    person: str
    proposed: int
    open: int


@dataclass(slots=True)
class Drawing:
    """All notes as they shall stand; `rows` holds, by task and index note, the row as it will read in the file."""

    index_notes: tuple[NoteWrite, ...] = ()
    overview: NoteWrite | None = None
    counted: tuple[NoteCounts, ...] = ()
    rows: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    records: dict[str, IndexRecord] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def text_of(self, path: str) -> str:
        """Return the text of an index note or the overview, "" for what is neither."""
        every = [*self.index_notes, *([self.overview] if self.overview else [])]
        return next((write.text for write in every if write.path == path), "")


@dataclass(frozen=True, slots=True)
class Page:
    """What drawing any note is a function of, beside its arrangement."""

    after: Mapping[str, SourceTask]
    merged: Mapping[str, Merged]
    edits: Mapping[str, list[PlannedEdit]]  # by note
    drawing: Drawing
    snapshot: Snapshot
    absorbing: Absorbing
    own_ids: Mapping[tuple[str, str], str]  # by index note and key: what somebody wrote, to link to the row

    def text_after(self, path: str) -> str | None:
        """Return a note's text with the planned edits of its own task lines, None if there is no note."""
        note = self.snapshot.notes.get(path)
        text = None if note is None else note.text
        if text is None:
            return None
        return apply_line_edits(text, (LineEdit(e.line, e.before, e.after) for e in self.edits.get(path, ())))

    def text_to_draw(self, path: str) -> str | None:
        """Return the same with the lines that the note's conflict copies give it."""
        text = self.text_after(path)
        return None if text is None else with_lines(text, self.absorbing.lines_for(path))
