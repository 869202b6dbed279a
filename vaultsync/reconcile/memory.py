"""What one plan read and drew, kept for the next: values of pure functions, by all that they are functions of.

Nothing depends on it but time: an empty memory gives the same plan. The rules are those of one wheel and stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.pickled import from_bytes, to_bytes
from vaultsync.tasks.people import Roster
from vaultsync.tasks.text import text_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from vaultsync.reconcile.focus import Last
    from vaultsync.reconcile.grouping import Grouping
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.text import Assigning, TextReader

RowKey = tuple[str, bytes, str | None]  # path, line as UTF-8, and date of the source note


@dataclass(slots=True)
class Memory:
    """What reads the texts of tasks, the row of each source line and the groups of each person's proposals.

    They are as of the last plan with this roster.
    """

    roster: Roster = field(default_factory=Roster)
    follows: bool = False  # whether the next plan need only look at what has changed since
    spares: bool = False  # whether to put groups away while those of somebody else are looked at
    last: Last | None = None
    _read_text: TextReader | None = None
    _rows: dict[RowKey, bytes] = field(default_factory=dict)  # as UTF-8
    _rows_before: dict[RowKey, bytes] = field(default_factory=dict)
    _unwritable: dict[str, tuple[Note, str | None]] = field(default_factory=dict)
    _groupings: dict[str, Grouping] = field(default_factory=dict)  # by person
    _put_away: dict[str, bytes] = field(default_factory=dict)  # other persons' groupings

    @staticmethod
    def of(roster: Roster, groupings: Mapping[str, bytes]) -> Memory:
        """Go on with groups that were put away, of people as in this roster."""
        return Memory(roster, _put_away=dict(groupings))

    def begin(self, roster: Roster, notes: Container[str]) -> None:
        """Begin a plan: forget all if the people have changed, else gone notes and rows that the last plan left out."""
        if roster != self.roster:
            self.roster = roster
            self._read_text = None
            self._rows.clear()
            self._groupings.clear()
            self._put_away.clear()
        for path in [path for path in self._unwritable if path not in notes]:
            del self._unwritable[path]
        self._rows_before, self._rows = self._rows, {}

    def text_reader(self, mode: Assigning) -> TextReader:
        """Return what reads the texts of tasks."""
        if self._read_text is None:
            self._read_text = text_reader(self.roster, mode)
        return self._read_text

    def row(self, key: RowKey, draw: Callable[[], str]) -> str:
        """Return the row that shows a source line."""
        known = self._rows.get(key) or self._rows_before.get(key)
        if known is not None:
            self._rows[key] = known
            return known.decode()
        row = draw()
        self._rows[key] = row.encode()
        return row

    def unwritable(self, note: Note, why: Callable[[], str | None]) -> str | None:
        """Return why a note can't be written, None if it can."""
        known = self._unwritable.get(note.path)
        if known is None or known[0] is not note:
            known = self._unwritable[note.path] = (note, why())
        return known[1]

    def grouping(self, person: str, begin: Callable[[], Grouping]) -> Grouping:
        """Return the groups of a person's proposals as they were left."""
        if person not in self._groupings:
            if self.spares:
                self.put_away()
            away = self._put_away.pop(person, None)
            self._groupings[person] = begin() if away is None else from_bytes(away)
        return self._groupings[person]

    def put_away(self) -> Mapping[str, bytes]:
        """Put away the groups of all; return them by person, as bytes, which take a third of the room."""
        self._put_away |= {person: to_bytes(grouping) for person, grouping in self._groupings.items()}
        self._groupings.clear()
        return self._put_away
