"""One turn of the wheel: scan, plan, halt?, apply, save. One-shot turns it once, the daemon at every change.

What to change is decided in the reconcile room, how a file is replaced in storage; this module only hands one to the
other, and is the only place that knows both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.errors import HaltError
from vaultsync.model import Problem
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.safety import suspicious
from vaultsync.reconcile.snapshot import Snapshot
from vaultsync.reconcile.verify import verify_edits
from vaultsync.scan import Scanner
from vaultsync.storage import vault
from vaultsync.storage.state import JournalEntry, State, StateChanges
from vaultsync.tasks.people import UNASSIGNED, PersonSource, Roster, build_roster, person_source

if TYPE_CHECKING:
    from vaultsync.clock import Clock
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.settings import Settings

_ATTEMPTS = 8  # plans of one turn; each but the first because something had changed under the one before
_PAUSE = 0.2  # seconds between the two reads of a note that is always being written

Progress = Callable[[str, int, int], None]


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a note must have been left alone before it is planned on, stamped, or has rows moved in it (seconds)."""

    quiet: float
    quiet_max: float
    stamp_after: float
    settle: float
    absent_delay: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one turn did, or in a dry run would do."""

    plan: Plan
    written: frozenset[str]  # notes whose bytes changed
    notes: int
    problems: tuple[Problem, ...]
    texts: dict[str, tuple[str | None, str]]  # path -> text before and after, of every note that the plan changes
    skipped: tuple[str, ...] = ()  # notes too young to plan on
    wait: float | None = None  # seconds until something that waits now will be due


@dataclass(slots=True)
class _Prepared:
    """The notes that a plan changes, with their texts before and after; `stale` ones weren't as planned on."""

    texts: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    refused: dict[tuple[str, int], Problem] = field(default_factory=dict)
    remarks: list[Problem] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Applied:
    """What became of the writes of one plan."""

    landed: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)  # somebody else was faster
    blocked: dict[str, str] = field(default_factory=dict)  # the system said no


@dataclass(slots=True)
class Wheel:
    """One vault, opened: its settings, its state, and its notes as last scanned."""

    settings: Settings
    state: State
    clock: Clock
    waits: Waits
    scanner: Scanner = field(init=False)
    _identity: tuple[int, int] = field(init=False)
    _planned_at: float = 0.0  # monotonic; when the last snapshot was taken
    _unserved: dict[str, float] = field(default_factory=dict)  # young notes, by the monotonic time since when they wait

    def __post_init__(self) -> None:
        self._identity = vault.root_identity(self.settings.root)
        self.scanner = Scanner(self.settings, self.clock, self.state.written)

    def wait_until_quiet(self) -> None:
        """Scan, and wait until no note is young any more, for `quiet_max` at the most."""
        self._require_root(force=False)
        self.scanner.scan_all()
        until = self.clock.monotonic() + self.waits.quiet_max
        while (young := self._young()) and self.clock.monotonic() < until:
            self.clock.sleep(min(self.waits.quiet - self.scanner.age(path) for path in young) + 0.01)
            self.scanner.scan_some(young)

    def turn(
        self,
        changed: Iterable[str] | None = None,
        *,
        dry_run: bool = False,
        force: bool = False,
        progress: Progress = no_progress,
        stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Scan `changed` (None: everything), plan, apply, save.

        `stop` is asked between two files; once it says so, the rest is left for the next turn. Raises HaltError, with
        nothing written, when the vault as a whole looks wrong.
        """
        self._require_root(force=force)
        if changed is None:
            self.scanner.scan_all(lambda done, total: progress("reading", done, total))
            if not dry_run:
                for path in self.scanner.stale_temps:
                    vault.remove_temp(self.settings.root, path)
        else:
            self.scanner.scan_some(changed)
        blocked: dict[str, str] = {}  # notes that the system doesn't let us write, and its words
        refused: dict[tuple[str, int], Problem] = {}
        newcomers: set[str] = set()
        written: set[str] = set()
        for _ in range(_ATTEMPTS):
            snapshot, known_problems = self._snapshot(frozenset(blocked), frozenset(refused), newcomers, force=force)
            plan, seen = plan_cycle(snapshot), len(snapshot.notes)
            # Whoever gets an index note is known from then on, which may change how other mentions are read.
            if made := {note.person for note in plan.index_notes if note.person and not note.expected} - newcomers:
                newcomers |= made
                continue
            self._halt_if_suspicious(plan, snapshot, force=force)
            prepared = self._prepare(plan)
            if prepared.stale or prepared.refused.keys() - refused.keys():
                refused |= prepared.refused
                self.scanner.scan_some(prepared.stale)
                continue
            if dry_run:
                break
            applied = self._apply(plan, prepared.texts, progress, stop)
            written |= applied.landed
            blocked |= applied.blocked
            self.scanner.scan_some(applied.landed | applied.changed)
            if not applied.changed and not applied.blocked.keys() - self._never_retried(plan):
                break
        told = (*known_problems, *plan.problems, *refused.values(), *prepared.remarks)
        told += tuple(Problem(path, None, f"can't be written: {what}") for path, what in sorted(blocked.items()))
        return Outcome(
            plan=plan,
            written=frozenset(written),
            notes=seen,
            problems=tuple(dict.fromkeys(told)),
            texts=prepared.texts,
            skipped=tuple(sorted(snapshot.held - blocked.keys())),
            wait=self.next_wait(plan.wait),
        )

    # -- before planning

    def _require_root(self, *, force: bool) -> None:
        try:
            identity = vault.root_identity(self.settings.root)
        except OSError as error:
            raise HaltError(
                f"{self.settings.root}: the vault is gone ({error.strerror}); nothing was written"
            ) from error
        if identity != self._identity and not force:
            raise HaltError(f"{self.settings.root}: another folder stands where the vault was; nothing was written")

    def _young(self) -> set[str]:
        return {path for path in self.scanner.changed_at if self.scanner.age(path) < self.waits.quiet}

    def _held_for_quiet(self) -> set[str]:
        """Return the young notes, less those that have been young for `quiet_max` and hold still for a moment."""
        young = self._young()
        now = self.clock.monotonic()
        self._unserved = {path: self._unserved.get(path, now) for path in young}
        return {
            path
            for path in young
            if now - self._unserved[path] < self.waits.quiet_max or not self.scanner.is_stable(path, _PAUSE)
        }

    def _snapshot(
        self, blocked: frozenset[str], refused: frozenset[tuple[str, int]], newcomers: Iterable[str], *, force: bool
    ) -> tuple[Snapshot, tuple[Problem, ...]]:
        notes = self.scanner.notes
        self._planned_at = self.clock.monotonic()
        roster, roster_problems = self._roster(newcomers)
        ages = {path: self.scanner.age(path) for path in self.scanner.changed_at}
        snapshot = Snapshot(
            notes=notes,
            base=self.state.base,
            index_notes=self.state.index_notes,
            taken_ids=self.state.ids,
            roster=roster,
            rules=self.settings.rules,
            layout=self.settings.layout,
            today=self.clock.date(self.settings.config.vault.timezone),
            now=self.clock.now(),
            absent_delay=self.waits.absent_delay,
            held=blocked | self._held_for_quiet(),
            unreadable=frozenset(self.scanner.unreadable),
            unstamped=frozenset(path for path, age in ages.items() if age < self.waits.stamp_after),
            unsettled=frozenset(
                path
                for path, age in ages.items()
                if age < self.waits.settle and path in notes and notes[path].kind == "index"
            ),
            refused=refused,
            force=force,
        )
        unreadable = [Problem(path, None, f"can't be read: {what}") for path, what in self.scanner.unreadable.items()]
        if self.state.set_aside:
            unreadable.append(Problem(str(self.state.set_aside), None, "the state was corrupt: set aside and rebuilt"))
        own = (problem for path in sorted(notes) for problem in notes[path].problems)
        return snapshot, (*self.settings.obsidian.problems, *unreadable, *own, *roster_problems)

    def _roster(self, newcomers: Iterable[str]) -> tuple[Roster, tuple[Problem, ...]]:
        vault_config = self.settings.config.vault
        sources = [PersonSource(name, path="", origin="index") for name in sorted(newcomers) if name != UNASSIGNED]
        for path in sorted(self.scanner.notes):
            note = self.scanner.notes[path]
            if note.kind == "index" and note.person:
                sources.append(PersonSource(note.person, path=path, origin="index"))
            elif found := person_source(path, note.properties or {}, vault_config.people.notes):
                sources.append(found)
        return build_roster(sources, vault_config.owner, vault_config.people.aliases, vault_config.people.ignore)

    def _halt_if_suspicious(self, plan: Plan, snapshot: Snapshot, *, force: bool) -> None:
        safety = self.settings.config.vault.safety
        why = suspicious(plan, snapshot, safety.max_vanished, safety.min_known)
        if why and not force:
            raise HaltError(why)

    # -- after planning

    def _prepare(self, plan: Plan) -> _Prepared:
        """Work out the new text of every note that the plan changes; read what it was planned on once more."""
        prepared = _Prepared()
        by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
        for edit in plan.edits:
            by_path[edit.path].append(edit)
        for path, edits in by_path.items():
            try:
                content = vault.read(self.settings.root, path)
            except OSError:
                prepared.stale.add(path)
                continue
            if vault.digest_of(content) != self.scanner.notes[path].digest:
                prepared.stale.add(path)
                continue
            text = content.decode("utf-8")
            verified = verify_edits(path, text, edits, self.settings.rules)
            prepared.texts[path] = (text, verified.text)
            prepared.refused |= {(path, problem.line or 0): problem for problem in verified.refused}
            prepared.remarks += verified.remarks
        for write in plan.note_writes:
            before = self.scanner.notes[write.path].text if write.expected is not None else None
            prepared.texts[write.path] = (before, write.text)
        return prepared

    def _never_retried(self, plan: Plan) -> set[str]:
        """Return the notes whose failure changes nothing for the others: those that no source edit goes into."""
        return {write.path for write in plan.note_writes} - {edit.path for edit in plan.edits}

    def _apply(
        self, plan: Plan, texts: dict[str, tuple[str | None, str]], progress: Progress, stop: Callable[[], bool]
    ) -> _Applied:
        """Write the journal, then the sources, then the index notes, then the base of what landed."""
        applied = _Applied()
        self._record(plan)
        drawn = [write.path for write in plan.note_writes]
        sources = [path for path in texts if path not in set(drawn)]
        order = [*sources, *drawn]
        digests: dict[str, str] = {}
        for number, path in enumerate(order):
            # A row may only show what its source already says.
            if stop() or (number == len(sources) and (applied.changed or applied.blocked)):
                break
            before, after = texts[path]
            expected = None if before is None else self.scanner.notes[path].digest
            content = after.encode("utf-8")
            try:
                vault.write(self.settings.root, path, content, expected)
            except vault.TargetChangedError:
                applied.changed.add(path)
            except vault.WriteRefusedError as error:
                applied.blocked[path] = str(error)
            except OSError as error:
                applied.blocked[path] = error.strerror or str(error)
            else:
                applied.landed.add(path)
                digests[path] = vault.digest_of(content)
            progress("writing", number + 1, len(order))
        self._save(plan, digests, frozenset(texts) - applied.landed)
        return applied

    def _record(self, plan: Plan) -> None:
        if not plan.edits:
            return
        run = self.state.next_run()
        at = self.clock.stamp(self.settings.config.vault.timezone)
        self.state.record(
            JournalEntry(
                run, at, edit.path, edit.line, edit.before, "\n".join(edit.after) if edit.after else None, edit.why
            )
            for edit in plan.edits
        )

    def _save(self, plan: Plan, digests: dict[str, str], not_landed: frozenset[str]) -> None:
        """Save the base of each task whose files all are as planned; the others are merged anew from the old one."""
        known = self.state.base
        changes = StateChanges(written=digests, ids=set(plan.ids))
        for key, task in plan.base.items():
            files = {task.path, *task.rows, *(known[key].rows if key in known else ())}
            if not files & not_landed:
                changes.base[key] = task
        for key in plan.forgotten:
            if key in known and not {known[key].path, *known[key].rows} & not_landed:
                changes.forgotten.add(key)
        changes.index_notes = {
            path: record
            for path, record in plan.records.items()
            if path not in not_landed and self.state.index_notes.get(path) != record
        }
        changes.index_notes_gone = {
            path for path in self.state.index_notes if path not in self.scanner.notes and path not in plan.records
        }
        self.state.save(changes)

    def next_wait(self, least: float | None = None) -> float | None:
        """Return the seconds until the first waiting period ends that the last plan saw running; None if there is none.

        `least` is one more period. One that ended after the plan was made counts as running: nothing was done about it.
        """
        now = self.clock.monotonic()
        ends = [now + least] if least is not None else []
        for path, changed in self.scanner.changed_at.items():
            note = self.scanner.notes.get(path)
            periods = [self.waits.quiet]
            if note is not None and any(task.line.block_id is None for task in note.tasks):
                periods.append(self.waits.stamp_after)
            if note is not None and note.kind == "index":
                periods.append(self.waits.settle)
            ends += [changed + period for period in periods if changed + period > self._planned_at]
        longest = max(self.waits.quiet, self.waits.stamp_after, self.waits.settle)
        self.scanner.forget_changes(before=self._planned_at - longest)
        return max(0.0, min(ends) - now) if ends else None
