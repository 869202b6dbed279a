"""The daemon: turn the wheel whenever something changed or is due, until told to stop.

What a turn does is `cycle`'s, what a change is the scanner's; here is only when. The same wheel serves one-shot.
"""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING

from vaultsync.errors import HaltError, VaultsyncError
from vaultsync.storage.heartbeat import daemon_begins, daemon_ends
from vaultsync.storage.watcher import DOUBT, STOP, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from structlog.typing import FilteringBoundLogger

    from vaultsync.config import Timing
    from vaultsync.cycle import Outcome, Wheel
    from vaultsync.model import Problem

_LOST_PATIENCE = 60.0  # seconds between two tries of a turn that was halted or failed


@dataclass(slots=True)
class Daemon:
    """One vault, watched. `reopen` makes a wheel from the settings as they are now, or None if they haven't changed."""

    wheel: Wheel
    watcher: Watcher
    timing: Timing
    log: FilteringBoundLogger
    reopen: Callable[[Wheel], Wheel | None]
    _stopping: bool = False
    _told: set[Problem] = field(default_factory=set)

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or a STOP hint; the file that is being written is finished first."""
        self.watcher.start()
        if self.watcher.polling_because:
            self.log.warning("polling the vault", because=self.watcher.polling_because)
        folder = self.wheel.state.file.parent
        daemon_begins(folder, self.wheel.clock.now(), self.watcher.polling_because)
        try:
            with self._signals():
                self._loop()
        finally:
            daemon_ends(folder)
            self.watcher.stop()

    def _loop(self) -> None:
        full_due: float = time.monotonic()
        due: float | None = None
        while not self._stopping:
            now = time.monotonic()
            if now >= full_due:
                due = self._turn(full=True)
                full_due = time.monotonic() + self.timing.full_every * 60
                continue
            if due is not None and now >= due:
                due = self._turn(full=False)
                continue
            look = self.wheel.look_again()
            if self.wheel.backups.remarks and due is None:
                due = now
            wait = min(full_due, due if due is not None else full_due) - now
            paths, doubt = self._collect(wait if look is None else min(wait, look))
            if doubt:
                full_due = min(full_due, time.monotonic())
            elif self.wheel.scanner.scan_some(paths):
                soonest = time.monotonic() + (self.wheel.next_wait(self.timing.quiet) or 0.0)
                due = min(due, soonest) if due is not None else soonest

    def _collect(self, timeout: float) -> tuple[set[str], bool]:
        """Wait for hints; once one came, take those that follow within `debounce`, for `debounce_max` at the most."""
        paths: set[str] = set()
        doubt = False
        wait, until = timeout, None
        while not self._stopping:
            try:
                hint = self.watcher.hints.get(timeout=max(0.0, wait))
            except Empty:
                break
            if hint is STOP:
                self._stopping = True
            elif hint is DOUBT:
                doubt = True
            elif isinstance(hint, str):
                paths.add(hint)
                # Settings lie in dot folders, whose files are no notes.
                doubt |= hint == "vaultsync.yaml" or (hint.startswith(".") and hint.endswith((".json", ".yaml")))
            until = until or time.monotonic() + self.timing.debounce_max
            wait = min(self.timing.debounce, until - time.monotonic())
        return paths, doubt

    def _turn(self, *, full: bool) -> float | None:
        """Turn the wheel once; return when (monotonic) the next turn is due, None if nothing waits."""
        began = time.monotonic()
        try:
            if full and (wheel := self.reopen(self.wheel)):
                self.wheel = wheel
                self.log.info("settings changed", vault=str(wheel.settings.root))
            outcome = self.wheel.turn(None if full else (), stop=self._is_stopping)
        except HaltError as error:
            self.log.error("halted", why=str(error))
            return time.monotonic() + _LOST_PATIENCE
        except (VaultsyncError, OSError) as error:
            self.log.error("cycle failed", why=str(error))
            return time.monotonic() + _LOST_PATIENCE
        self._tell(outcome, time.monotonic() - began)
        return None if outcome.wait is None else time.monotonic() + outcome.wait + 0.001

    def _tell(self, outcome: Outcome, seconds: float) -> None:
        """Log a cycle that changed something, and each problem once while it lasts."""
        if outcome.written:
            self.log.info(
                "cycle",
                edits=len(outcome.plan.edits),
                written=len(outcome.written),
                conflicts=len(outcome.plan.conflicts),
                seconds=round(seconds, 3),
            )
        for problem in outcome.problems:
            if problem not in self._told:
                self.log.warning("problem", path=problem.path, line=problem.line, what=problem.what)
        self._told = set(outcome.problems)

    def _is_stopping(self) -> bool:
        return self._stopping

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True
            self.watcher.hints.put(STOP)

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
