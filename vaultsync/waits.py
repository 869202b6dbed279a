"""What waits in a vault, and until when: young notes, ids not yet given, rows that may not move yet.

How long each waits is set by people; what is done once it needn't wait any more, is planned in the reconcile room.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.clock import Clock
    from vaultsync.scan import Scanner

_PAUSE = 0.2  # seconds between the two reads of a note that is always being written
_MANY = 20  # notes that change together from this number on are one change: a checkout, a pipeline's output


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a note must have been left alone before it is planned on, stamped, or has rows moved in it (seconds)."""

    quiet: float
    quiet_max: float
    stamp_after: float
    settle: float
    absent_delay: float
    replica_wait: float = 0.0  # that the whole vault must have been left alone, before a new replica makes index notes
    late: float = 0.0  # how long a file that we replaced is waited for; 0: until the turn ends


@dataclass(slots=True)
class Waiting:
    """The waiting periods that run in one vault; moments are monotonic, in seconds."""

    waits: Waits
    scanner: Scanner
    clock: Clock
    planned_at: float = 0.0  # when the last snapshot was taken
    due: float | None = None  # when something is due that the last plan itself waits for
    _since: dict[str, float] = field(default_factory=dict)  # changed notes, by the moment since when no plan had them
    _restless: set[str] = field(default_factory=set)  # notes that waited long enough and didn't hold still

    def young(self) -> set[str]:
        """Return the notes that somebody has changed within `quiet`."""
        return {path for path in self.scanner.changed_at if self.scanner.age(path) < self.waits.quiet}

    def held(self) -> set[str]:
        """Return the young notes, less those that nobody has planned on for `quiet_max` and that hold still now."""
        now = self.clock.monotonic()
        self._track(now)
        overdue = {path for path in self.young() if now - self._since.get(path, now) >= self.waits.quiet_max}
        self._restless = {path for path in overdue if not self.scanner.is_stable(path, _PAUSE)}
        return self.young() - (overdue - self._restless)

    def turned(self, *more: float) -> None:
        """Begin to wait anew after a turn; `more` are the seconds until something else that it saw will be due."""
        now = self.clock.monotonic()
        self.due = now + min(more) if more else None
        for path, since in self._since.items():
            if now - since >= self.waits.quiet_max:
                # One that didn't hold still is tried again soon, one that was served has all its patience again.
                self._since[path] = now - self.waits.quiet_max + self.waits.quiet if path in self._restless else now
        self._restless = set()
        longest = max(self.waits.quiet, self.waits.stamp_after, self.waits.settle, self.waits.replica_wait)
        self.scanner.forget_changes(before=self.planned_at - longest)
        noticed = self.scanner.noticed_at
        self.scanner.noticed_at = {path: at for path, at in noticed.items() if at > self.planned_at}

    def due_in(self) -> float | None:
        """Return the seconds until the first period ends that the last plan saw running; None if there is none.

        One that ended after the plan was made counts as running: nothing was done about it. Where many notes changed
        together, the last of them counts, within `quiet_max` of the first: a storm of changes is one turn. While some
        note is young, all else waits for it, for `quiet_max` at the most: a turn would have to plan around it.
        """
        now = self.clock.monotonic()
        end = self._first_end(now)
        return None if end is None else max(0.0, end - now)

    def calm_at(self) -> float | None:
        """Return when the next turn is due, if some note is young now and none will be then; else None."""
        now = self.clock.monotonic()
        end = self._first_end(now)
        quiet = [changed + self.waits.quiet for changed in self.scanner.changed_at.values()]
        return end if end is not None and now < max(quiet, default=now) <= end else None

    def _first_end(self, now: float) -> float | None:
        self._track(now)
        quiet = self._together(self._quiet_ends())
        others = [*self._together(self._stamp_ends()), *self._together(self._settle_ends())]
        others += [] if self.due is None else [self.due]
        if quiet:
            others = [min(max(end, min(quiet)), end + self.waits.quiet_max) for end in others]
        return min([*quiet, *others], default=None)

    def _together(self, ends: Sequence[float]) -> Sequence[float]:
        return ends if len(ends) <= _MANY else [min(max(ends), min(ends) + self.waits.quiet_max)]

    def _quiet_ends(self) -> list[float]:
        patience = self.waits.quiet_max
        return [
            min(changed + self.waits.quiet, self._since.get(path, changed) + patience)
            for path, changed in self._unplanned().items()
        ]

    def _stamp_ends(self) -> list[float]:
        return [
            end
            for path, changed in self.scanner.changed_at.items()
            if (end := changed + max(self.waits.quiet, self.waits.stamp_after)) > self.planned_at
            and (note := self.scanner.notes.get(path))
            # What is captured waits for it; and a line may have come with its id, which another one keeps.
            and (path == self.scanner.settings.rules.capture or note.tasks)
        ]

    def _settle_ends(self) -> list[float]:
        return [
            end
            for path, changed in self.scanner.changed_at.items()
            if (end := changed + max(self.waits.quiet, self.waits.settle)) > self.planned_at
            and (note := self.scanner.notes.get(path))
            and note.kind == "index"
        ]

    def _track(self, now: float) -> None:
        self._since = {path: self._since.get(path, now) for path in self._unplanned()}

    def _unplanned(self) -> dict[str, float]:
        """Return when each note changed or went that was young at the last plan, or has been seen to change since.

        One that was moved here has changed long ago by its own time.
        """
        noticed = {path: at for path, at in self.scanner.noticed_at.items() if at > self.planned_at}
        young = {path: at for path, at in self.scanner.changed_at.items() if at + self.waits.quiet > self.planned_at}
        return {path: self.scanner.changed_at.get(path, at) for path, at in {**young, **noticed}.items()}
