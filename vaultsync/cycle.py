"""One turn of the wheel: scan, plan, halt?, apply, save. One-shot turns it once, the daemon at every change.

What to change is decided in the reconcile room, how it gets to the files in `apply`; here is only in which order, and
when to try again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from vaultsync.apply import Applied, Checked, Progress, Tell, absorb, apply, changed_paths, check, tell_all
from vaultsync.errors import HaltError, VaultsyncError
from vaultsync.kept import Recalled, keep, recall, still_kept
from vaultsync.model import Problem
from vaultsync.outcome import Outcome, record_of_turn
from vaultsync.planner import Planner
from vaultsync.reconcile.locate import has_own_ids
from vaultsync.reconcile.safety import suspicious
from vaultsync.rest import list_all, mark_of, record_of
from vaultsync.scan import Scanner
from vaultsync.settle import settle
from vaultsync.snapshots import Snapshots, Terms
from vaultsync.storage import late, vault
from vaultsync.storage.backups import Backups
from vaultsync.storage.heartbeat import Heartbeat
from vaultsync.storage.journal import RunStart
from vaultsync.storage.listing import list_notes
from vaultsync.storage.seen import ARRIVED
from vaultsync.waits import Waiting, Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from vaultsync.clock import Clock
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot
    from vaultsync.settings import Settings
    from vaultsync.storage.kept import KeptRecord
    from vaultsync.storage.rest import RestRecord
    from vaultsync.storage.state import State

_ATTEMPTS = 8  # plans of one turn; each but the first because something had changed under the one before


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


@dataclass(slots=True)
class _Done:
    """What the plans of one turn have come to."""

    written: set[str] = field(default_factory=set)  # notes
    edits: list[PlannedEdit] = field(default_factory=list)
    blocked: dict[str, str] = field(default_factory=dict)  # notes that the system doesn't let us write, and its words
    absorbed: list[Problem] = field(default_factory=list)  # what is to be told of conflict copies

    def take(self, plan: Plan, applied: Applied) -> None:
        """Add what became of one plan."""
        self.written |= applied.landed.keys()
        self.edits += (edit for edit in plan.edits if edit.path in applied.landed)
        self.blocked |= applied.blocked


@dataclass(slots=True)
class Wheel:
    """One vault, opened: its settings, its state, and its notes as last scanned."""

    settings: Settings
    state: State
    clock: Clock
    waits: Waits
    command: str = "reconcile"  # what the journal calls our runs
    stays: bool = False  # whether it turns again and again, so that it pays to keep what was read
    afresh: bool = False  # whether everything is to be read, whatever another process has kept
    scanner: Scanner = field(init=False)
    waiting: Waiting = field(init=False)
    backups: Backups = field(init=False)
    heartbeat: Heartbeat = field(init=False)
    _identity: tuple[int, int] = field(init=False)
    snapshots: Snapshots = field(init=False)
    planner: Planner = field(init=False)
    _recalled: Recalled = field(init=False)
    _recovered: bool = False  # whether it was looked for what runs left that were killed, or ended before editors did
    thinking: bool = False  # whether it only reads or plans just now, so that it may be broken off without harm

    def __post_init__(self) -> None:
        self._identity = _identity_of(self.settings.root)
        self.backups = Backups(self.state.file.parent / "backups")
        kept, self._recalled = recall(self.settings, self.state, self._today, afresh=self.afresh)
        self.scanner = Scanner(self.settings, self.clock, self.state.written, kept.notes)
        self.waiting = Waiting(self.waits, self.scanner, self.clock)
        kept.memory.spares = not self.stays
        known = (kept.memory, kept.census, kept.changed)
        self.snapshots = Snapshots(self.settings, self.state, self.clock, self.waiting, *known)
        self.planner = Planner(self.snapshots)
        self.heartbeat = Heartbeat(self.state.file.parent)

    def wait_until_quiet(self, progress: Progress = no_progress) -> None:
        """Scan, and wait until no note is young any more, for `quiet_max` at the most."""
        self._require_root(force=False)
        self.scanner.scan_all(partial(progress, "reading"))
        until = self.clock.monotonic() + self.waits.quiet_max
        progress("waiting for notes to grow quiet", 0, 0)
        while (young := self.waiting.young()) and self.clock.monotonic() < until:
            self.clock.sleep(min(self.waits.quiet - self.scanner.age(path) for path in young) + 0.01)
            self.scanner.scan_some(young)
        while 0 < (left := self._left_of_arrival()) <= until - self.clock.monotonic():
            self.clock.sleep(left + 0.01)
            self.scanner.scan_all()

    def turn(  # noqa: PLR0913 - the ways in which a turn is asked for, none of which changes what it decides
        self,
        changed: Iterable[str] | None = None,
        *,
        dry_run: bool = False,
        force: bool = False,
        progress: Progress = no_progress,
        tell: Tell | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Scan `changed` (None: everything), plan, apply, save.

        `tell` hears of each note that is changed (in a dry run, would be). `stop` is asked between two files; once it
        says so, the rest is left for the next turn. Raises HaltError, with nothing written, when the vault as a whole
        looks wrong. What came of it is recorded for `status`, unless in a dry run.
        """
        if dry_run:
            return self._turn(changed, dry_run=True, force=force, progress=progress, tell=tell, stop=stop)
        at, began = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC), self.clock.monotonic()
        today = self._today  # should it end meanwhile, the plan has the new day
        self.snapshots.memory.follows |= self.stays or vault.STAMPS_TELL
        try:
            outcome = self._turn(changed, dry_run=False, force=force, progress=progress, tell=tell, stop=stop)
        except (VaultsyncError, OSError) as error:
            self.heartbeat.miss(at, self.command, self.clock.monotonic() - began, str(error))
            raise
        self.heartbeat.beat(record_of_turn(outcome, at, self.command, self.clock.monotonic() - began))
        if not (force or self.stays or stop()):
            self.leave(self._rest(outcome, today))
        return outcome

    def leave(self, rest: RestRecord | None = None) -> None:
        """Keep what is known for the next process, where it can be told from outside what has changed since."""
        self.state.leave(rest, self._kept() if vault.STAMPS_TELL else None)

    def _turn(  # noqa: PLR0913 - the same
        self,
        changed: Iterable[str] | None,
        *,
        dry_run: bool,
        force: bool,
        progress: Progress,
        tell: Tell | None,
        stop: Callable[[], bool],
    ) -> Outcome:
        self._require_root(force=force)
        if changed is None and not dry_run:
            self.tidy_journal()
        self._scan(changed, progress, tidy=not dry_run)
        leave = partial(self._must_leave, stop, force=force)
        done = _Done()
        refused: dict[tuple[str, int], Problem] = {}
        checked = Checked()
        arriving = self._left_of_arrival()
        if not arriving and not dry_run:
            self.state.mark(ARRIVED)
        restless: tuple[Problem, ...] = ()
        terms = Terms(arriving=arriving > 0, force=force)
        for _ in range(_ATTEMPTS):
            progress("planning", 0, 0)
            terms = replace(terms, blocked=frozenset(done.blocked), refused=frozenset(refused))
            with self._thinking():
                snapshot, known_problems, plan = self.planner.plan(terms)
            terms = replace(terms, newcomers=frozenset(snapshot.newcomers or ()))
            seen = len(snapshot.notes)
            self._halt_if_suspicious(plan, snapshot, force=force)
            checked = self._checked(plan)
            if checked.stale or checked.refused.keys() - refused.keys():
                refused |= checked.refused
                self.scanner.scan_some(checked.stale)
                continue
            if dry_run:
                done.edits += plan.edits
                done.absorbed += (absorption.told() for absorption in plan.absorbed)
                if tell:
                    tell_all(plan, self.scanner, tell)
                break
            applied = apply(plan, self.scanner, self.state, self.backups, self.run_start(), progress, tell, leave)
            done.take(plan, applied)
            done.absorbed += absorb(plan, applied, self.scanner, self.backups)
            self.scanner.scan_written(applied.landed)
            self.scanner.scan_some(applied.changed | {copy.path for copy in plan.absorbed})
            if self._is_through(plan, applied, stop, force=force):
                break
        else:
            restless = (
                Problem(".", None, "the vault kept changing while it was planned on; the rest waits for a next run"),
            )
        if not dry_run and not leave():
            self.snapshots.remember()
        if not dry_run and not self.waits.late:
            self.finish()
        passing = (*restless, *done.absorbed, *self.backups.take_remarks())
        told = (*passing, *known_problems, *plan.problems, *refused.values(), *checked.remarks)
        told += tuple(Problem(path, None, f"can't be written: {what}") for path, what in sorted(done.blocked.items()))
        # What was written is looked at again at once: else whoever edits next would have to wait for that, too.
        again = (0.0,) if self.stays and done.written else ()
        self.waiting.turned(*again, *filter(None, (self.waits.quiet if restless else None, plan.wait, arriving)))
        return Outcome(
            plan=plan,
            edits=tuple(sorted(done.edits, key=lambda edit: edit.place)),
            written=frozenset(done.written),
            notes=seen,
            problems=self._worth_telling(told, remember=not dry_run),
            told=told,
            passing=bool(passing or refused),
            changes=(*changed_paths(plan), *(copy.path for copy in plan.absorbed)),
            skipped=tuple(sorted(snapshot.held - done.blocked.keys())),
            wait=self.waiting.due_in(),
            blocked=done.blocked,
        )

    def look(self) -> None:
        """Bring every note up to date, for `waiting` to say when a turn is due. Raises HaltError without a vault."""
        self._require_root(force=False)
        with self._thinking():
            self.scanner.scan_all()

    def plan_ahead(self) -> bool:
        """Plan on what has changed before the next turn is due, if no note will be young then; tell whether it was."""
        moment = self.waiting.calm_at()
        if moment is None or not self.scanner.touched:
            return False
        with self._thinking():
            self.planner.plan_ahead(moment)
        return True

    def is_here(self) -> bool:
        """Tell whether the folder that was opened still stands in its place."""
        try:
            return vault.identity_of(self.settings.root) == self._identity
        except OSError:
            return False

    def move_in(self) -> bool:
        """Take another folder that stands in the vault's place for the vault, if it holds what the vault held.

        A remounted disk or a vault put back has other numbers. What counts are the names of the notes of the last turn:
        as large a share of them as `safety.max_vanished` asks for has to be there.
        """
        known = self.state.notes.keys()
        try:
            identity = vault.identity_of(self.settings.root)
        except OSError:
            return False
        here = list_notes(self.settings.root, self.settings.wants).notes.keys()
        if not known or len(known & here) < len(known) * (1 - self.settings.config.vault.safety.max_vanished):
            return False
        self._identity = identity
        return True

    def run_start(self, undoes: int | None = None) -> RunStart:
        """Return what the journal says of a run that begins now."""
        return RunStart(self.clock.stamp(self.settings.config.vault.timezone), self.command, undoes)

    def tidy_journal(self) -> None:
        """Settle what runs that died left, and forget runs that are older than is kept; for who holds the lock."""
        settle(self.settings.root, self.state, self.settings.rules)
        kept = dt.timedelta(days=self.settings.config.machine.journal.keep_days)
        self.state.prune(dt.datetime.fromtimestamp(self.clock.now(), dt.UTC) - kept)

    def finish(self) -> None:
        """Look a last time at the files that our writes displaced."""
        late.finish(self.settings.root, self.backups, self.clock.monotonic(), self.clock.sleep)
        self._recovered = False

    def look_again(self) -> float | None:
        """Look at the files that our writes displaced; return the seconds until the next look, None if none is due."""
        due = late.look_again(self.settings.root, self.backups, self.clock.monotonic())
        return None if due is None else max(0.0, due - self.clock.monotonic())

    def _worth_telling(self, problems: Iterable[Problem], *, remember: bool) -> tuple[Problem, ...]:
        """Return the problems without repetitions, and those that are told only once only if they are new."""
        distinct = list(dict.fromkeys(problems))
        once = {f"{problem.path}: {problem.what}": problem for problem in distinct if problem.once}
        if not once or not remember:
            return tuple(distinct)
        fresh = {once[name] for name in self.state.first_time(list(once))}
        return tuple(problem for problem in distinct if not problem.once or problem in fresh)

    @property
    def _today(self) -> str:
        return self.clock.date(self.settings.config.vault.timezone)

    # -- at rest

    def _is_at_rest(self, outcome: Outcome) -> bool:
        """Tell whether a turn left nothing to do and to wait for, and found all that it looked at as it still is."""
        state = self.state
        has_changed = outcome.changes or outcome.blocked or state.touched_tasks or state.touched_index_notes
        return not (has_changed or outcome.passing or outcome.skipped or outcome.wait is not None or state.damage)

    def _rest(self, outcome: Outcome, today: str) -> RestRecord | None:
        """Return what a turn said for those that find everything as it left it, if that can be told from outside."""
        if not (self._is_at_rest(outcome) and vault.STAMPS_TELL):
            return None
        listing = list_all(self.settings)
        if listing.stale_temps or not self.scanner.is_as_listed(listing):
            return None
        mark = mark_of(self.settings, listing, today)
        return record_of(outcome.plan, outcome.notes, outcome.told, mark, self.scanner.fresh())

    def _kept(self) -> KeptRecord | None:
        snapshots, today = self.snapshots, self._today
        still = still_kept(self._recalled, snapshots.memory, snapshots.since(), today)
        return still or keep(snapshots.known(), self._recalled, self.state, today)

    # -- before planning

    def _scan(self, changed: Iterable[str] | None, progress: Progress, *, tidy: bool) -> None:
        if changed is not None and self.scanner.listed:
            self.scanner.scan_some(changed)
            return
        if tidy:
            self.backups.forget_old(self.clock.now())
            if not self._recovered:
                late.recover(self.settings.root, self.backups)
                self._recovered = True
            self.look_again()
        with self._thinking():
            self.scanner.scan_all(partial(progress, "reading"))
        for path in self.scanner.stale_temps if tidy else ():
            self.backups.clear_temp(self.settings.root, path)

    def _must_leave(self, stop: Callable[[], bool], *, force: bool) -> bool:
        # A vault that is unmounted under us leaves an empty folder, which new notes would fill.
        return stop() or not (force or self.is_here())

    def _is_through(self, plan: Plan, applied: Applied, stop: Callable[[], bool], *, force: bool) -> bool:
        """Tell whether nothing is to be planned again. Raises HaltError if the vault went away under the writes."""
        if stop():
            return True
        if applied.left:
            self._require_root(force=force)
            return False  # it was away for a moment
        drawn_only = {write.path for write in plan.note_writes} - {edit.path for edit in plan.edits}
        # A failure that no source edit depends on changes nothing for the others.
        return not (applied.changed or applied.blocked.keys() - drawn_only)

    def _checked(self, plan: Plan) -> Checked:
        with self._thinking():
            return check(plan, self.scanner)

    @contextlib.contextmanager
    def _thinking(self) -> Iterator[None]:
        self.thinking = True
        try:
            yield
        finally:
            self.thinking = False

    def _require_root(self, *, force: bool) -> None:
        identity = _identity_of(self.settings.root)
        if identity != self._identity and not force:
            raise HaltError(f"{self.settings.root}: another folder stands where the vault was; nothing was written")

    def _left_of_arrival(self) -> float:
        """Return the seconds until this replica may make index notes, 0 if it may.

        One that meets ids in the notes before it has made any is new to a vault that may still be arriving. It waits
        until nothing has changed for `replica_wait`; that it needn't any more is kept in the state. Our own writes
        count: a note that `doctor` mended, say, has not been there for longer.
        """
        notes = self.scanner.notes
        if ARRIVED in self.state.marks or not has_own_ids(notes.values()):
            return 0.0
        return max(0.0, self.waits.replica_wait - min(map(self.scanner.rest, notes), default=float("inf")))

    def _halt_if_suspicious(self, plan: Plan, snapshot: Snapshot, *, force: bool) -> None:
        safety, looked_at = self.settings.config.vault.safety, self.snapshots.looked_at
        limits = (safety.max_vanished, safety.min_known)
        why = suspicious(plan, snapshot, self.state.notes, looked_at, self.settings.wants, *limits)
        if why and not force:
            once = ", once the daemon is stopped" if self.stays else ""
            raise HaltError(f"{why} Nothing was written; if this is right, `vaultsync reconcile --force` goes on{once}")


def _identity_of(root: Path) -> tuple[int, int]:
    try:
        return vault.identity_of(root)
    except OSError as error:
        raise HaltError(f"{root}: the vault is gone ({error.strerror}); nothing was written") from error
