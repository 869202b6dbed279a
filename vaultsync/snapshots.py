"""Take snapshots of one vault for planning: its notes as scanned, its state, and what waits at that moment.

Only what is new is looked at, so that taking one costs what has changed; what is decided on it is the reconcile room's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.kept import Kept
from vaultsync.model import Problem
from vaultsync.reconcile.snapshot import Changed, Snapshot

if TYPE_CHECKING:
    from vaultsync.census import Census
    from vaultsync.clock import Clock
    from vaultsync.reconcile.focus import Last
    from vaultsync.reconcile.memory import Memory
    from vaultsync.settings import Settings
    from vaultsync.storage.state import State
    from vaultsync.waits import Waiting

_MUCH = 0.02  # of all notes, or tasks: to look at more of them each time takes longer than to write down all once


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a turn plans, besides what the vault says."""

    blocked: frozenset[str] = frozenset()  # notes that the system doesn't let us write
    refused: frozenset[tuple[str, int]] = frozenset()  # lines that don't take their edit
    newcomers: frozenset[str] = frozenset()  # strangers who may get an index note
    arriving: bool = False  # whether more of the vault is still to come, so that nothing may be made in it yet
    force: bool = False


@dataclass(slots=True)
class Snapshots:
    """What is known of one vault from one snapshot to the next."""

    settings: Settings
    state: State
    clock: Clock
    waiting: Waiting
    memory: Memory
    _census: Census
    _owed: Changed  # what had changed before that no snapshot has shown
    _since: Changed | None = field(default_factory=Changed)  # all that snapshots have shown; None: that is much
    _began: tuple[float, float] = field(init=False)  # one moment by both clocks
    looked_at: set[str] = field(default_factory=set)  # notes that may be others than the state was told of last

    def __post_init__(self) -> None:
        self._began = (self.clock.now(), self.clock.monotonic())
        self.looked_at |= self.state.notes.keys()

    def take(self, terms: Terms) -> tuple[Snapshot, tuple[Problem, ...]]:
        """Return the vault as it is now, and what is wrong with it."""
        self.waiting.planned_at = self.clock.monotonic()
        return self._taken(self.waiting.planned_at, self.waiting.held(), terms)

    def take_ahead(self, moment: float) -> Snapshot:
        """Return the vault as it will be at a later moment (monotonic) when no note is young, if nothing changes."""
        return self._taken(moment, set(), Terms())[0]

    def take_back(self, snapshot: Snapshot) -> None:
        """Show what is new in a snapshot that wasn't planned on in the next one again."""
        self._owed |= snapshot.changed or Changed()

    def _taken(self, moment: float, young: set[str], terms: Terms) -> tuple[Snapshot, tuple[Problem, ...]]:
        scanner, waits, state = self.waiting.scanner, self.waiting.waits, self.state
        notes = scanner.notes
        changed = self._changed()
        # Whose index note can't be read just now is no less known.
        unread = {
            record.person
            for path, record in state.index_notes.items()
            if record.person and path in notes and (notes[path].held or notes[path].blank)
        }
        roster, roster_problems = self._census.roster(unread | terms.newcomers)
        ages = {path: moment - at for path, at in scanner.changed_at.items()}
        snapshot = Snapshot(
            notes=notes,
            base=state.base,
            index_notes=state.index_notes,
            taken_ids=state.ids,
            roster=roster,
            rules=self.settings.rules,
            layout=self.settings.layout,
            today=self.clock.date(self.settings.config.vault.timezone),
            now=self._began[0] + moment - self._began[1],  # the wall clock may jump
            absent_delay=waits.absent_delay,
            held=terms.blocked | young,
            unreadable=frozenset(scanner.unreadable),
            unstamped=frozenset(
                notes if terms.arriving else (path for path, age in ages.items() if age < waits.stamp_after)
            ),
            unsettled=frozenset(
                path
                for path, age in ages.items()
                if age < waits.settle and path in notes and notes[path].kind == "index"
            ),
            refused=terms.refused,
            newcomers=terms.newcomers,
            may_create=not terms.arriving,
            force=terms.force,
            copies=scanner.copies,
            memory=self.memory,
            changed=changed,
        )
        unreadable = [Problem(path, None, f"can't be read: {what}") for path, what in scanner.unreadable.items()]
        if state.damage:
            unreadable.append(state.damage)
        # What is wrong with a note in the middle of a save may be right a moment later.
        lasting = (problem for problem in self._census.problems if problem.path not in young)
        return snapshot, (*self.settings.obsidian.problems, *unreadable, *lasting, *roster_problems)

    def remember(self) -> None:
        """Keep in the state which notes stand in the vault now, for the next turn to compare with."""
        scanner = self.waiting.scanner
        paths = self.looked_at | scanner.touched
        self.state.remember_notes({path: note.digest if (note := scanner.notes.get(path)) else None for path in paths})
        self.looked_at.clear()

    def known(self) -> Kept:
        """Return what is known now, for another process to go on with."""
        return Kept(self._census, self.memory, self.waiting.scanner.seen(), self._touched())

    def read(self) -> Last | None:
        """Return what the last plan read, None where there is none or some note isn't as it was then."""
        return None if self.waiting.scanner.touched else self.memory.last

    def since(self) -> Changed | None:
        """Return all that differs from what was known at first, None if that is much."""
        return None if self._since is None else self._since | self._touched()

    def _touched(self) -> Changed:
        scanner, state = self.waiting.scanner, self.state
        return self._owed | Changed(scanner.touched, state.touched_tasks, state.touched_index_notes)

    def _changed(self) -> Changed:
        """Return what is new since the last snapshot."""
        scanner, state = self.waiting.scanner, self.state
        changed, self._owed = self._touched(), Changed()
        if self._since is not None:
            self._since |= changed
            much = len(self._since.notes) > _MUCH * len(scanner.notes)
            if much or len(self._since.tasks) > _MUCH * len(state.base):
                self._since = None
        self._census.take(changed.notes, scanner.notes)
        self.looked_at |= changed.notes
        for touched in (scanner.touched, state.touched_tasks, state.touched_index_notes):
            touched.clear()
        return changed
