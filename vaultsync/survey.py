"""Survey a vault: its people, and every task with who it is assigned to. Nothing is planned or written.

What is done with them is left to the commands that list and address tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.census import Census
from vaultsync.reconcile.locate import find_index_notes, find_rows, locate_tasks
from vaultsync.reconcile.snapshot import Snapshot
from vaultsync.reconcile.stamp import taken_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.config import VaultConfig
    from vaultsync.model import Problem
    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.focus import Last
    from vaultsync.reconcile.snapshot import RowAt, SourceTask
    from vaultsync.settings import Settings
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.people import Roster


@dataclass(frozen=True, slots=True)
class Survey:
    """What a vault holds at one moment."""

    notes: Mapping[str, Note]
    roster: Roster
    tasks: tuple[SourceTask, ...]  # by path and line; rows and copies of rows left out
    rows: Mapping[str, list[RowAt]]  # by the key of the task that they show
    taken_ids: AbstractSet[str]  # block ids in notes, rows and the base
    today: str

    @property
    def held(self) -> tuple[Problem, ...]:
        """What is wrong with the notes that couldn't be read."""
        return tuple(problem for path in sorted(self.notes) for problem in self.notes[path].problems)


def survey(
    notes: Mapping[str, Note], settings: Settings, today: str, base: Mapping[str, BaseTask] | None = None
) -> Survey:
    """Survey the notes as scanned; with the `base` a mirror of a task that has no row now is known as one, too."""
    roster, _ = vault_roster(notes, settings.config.vault)
    snapshot = Snapshot(
        notes=notes,
        base=base or {},
        index_notes={},
        taken_ids=frozenset(),
        roster=roster,
        rules=settings.rules,
        layout=settings.layout,
        today=today,
        now=0.0,
    )
    snapshot.memory.begin(roster, notes)
    index_notes, _ = find_index_notes(snapshot)
    rows = find_rows(index_notes)
    located = locate_tasks(snapshot, index_notes, rows)
    return Survey(notes, roster, located.tasks, rows, taken_ids(located.tasks, rows, snapshot.base), today)


def survey_planned(last: Last, notes: Mapping[str, Note], base: Mapping[str, BaseTask]) -> Survey:
    """Survey the notes as the last plan read them, since when none has changed."""
    reading, then = last.reading, last.snapshot
    tasks = tuple(source for path in sorted(reading.sources) for source in reading.sources[path])
    return Survey(notes, then.roster, tasks, reading.rows, taken_ids(tasks, reading.rows, base), then.today)


def vault_roster(
    notes: Mapping[str, Note], config: VaultConfig, newcomers: Iterable[str] = ()
) -> tuple[Roster, tuple[Problem, ...]]:
    """Return who the people of a vault are, as its notes and its config say, and what is wrong with that.

    `newcomers` are people who are about to get an index note.
    """
    census = Census(config)
    census.take(notes, notes)
    return census.roster(newcomers)
