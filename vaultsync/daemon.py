"""The daemon: turn the wheel whenever something changed or is due, until told to stop.

What a turn does is `cycle`'s, what a change is the scanner's, how long it waits `waits`'; here is only when to look and
when to turn, and what to do when looking or turning fails. The same wheel serves one-shot.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Final

from vaultsync.asked import Stopped
from vaultsync.errors import ConfigError, HaltError, VaultsyncError, WatchError
from vaultsync.storage.heartbeat import daemon_begins, daemon_ends
from vaultsync.storage.watcher import Sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaultsync.asked import Asked
    from vaultsync.clock import Clock
    from vaultsync.config import Timing, Watch
    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.memory import Memory
    from vaultsync.storage.watcher import Hint, Watcher
    from vaultsync.words import Words

_GAP: Final = 10.0  # seconds that wall and monotonic time may part between two passes: more is a sleep, or a set clock
# Between two looks or two plans ahead, times what one took: each of both takes a tenth of a core at the most.
_REST: Final = 10.0
_HALTED: Final = "halted"
_FAILED: Final = "cycle failed"
_CONFIG: Final = "the config can't be used; the one before stays"
_WATCHER: Final = "the watcher failed"
_RESTARTS: Final = 6  # of a watcher that fails again and again, before the daemon gives up


@dataclass(slots=True)
class Backoff:
    """Seconds until the next try: 1, 2, 4 and so on up to 60."""

    _next: float = 1.0

    def wait(self) -> float:
        """Return how long to wait after one more failure."""
        now, self._next = self._next, min(60.0, self._next * 2)
        return now

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next = 1.0


def let_memory_rest(memory: Memory) -> None:
    """Give back the room that a turn over everything needed, and pack what of the rest most turns don't ask for."""
    memory.put_away()
    gc.unfreeze()
    sweep()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # only the GNU C library has it
            ctypes.CDLL(None).malloc_trim(0)


def sweep() -> None:
    """Search what is new in memory for cycles, and take the rest out of the search: all of it would take half a second.

    Python is not left to do that by itself, since it would in the middle of a turn.
    """
    gc.collect()
    gc.freeze()


@dataclass(slots=True)
class Daemon:
    """One vault, watched.

    `reopen` makes a wheel from the settings as they are now, or None if they haven't changed; it may raise ConfigError
    or HaltError. All moments are monotonic, in seconds of the wheel's clock.
    """

    wheel: Wheel
    watcher: Watcher
    asked: Asked
    words: Words
    reopen: Callable[[Wheel], Wheel | None]
    _owes_turn: bool = True  # of everything: at the start, on a new day, after a failure, with new settings
    _is_littered: bool = False  # memory, since a turn or a look
    _day: str = ""  # of the last turn
    _look_at: float = 0.0  # when everything is looked at next
    _rested_at: float = 0.0  # no look before, since the last one took long
    _ahead_rested_at: float = 0.0  # no plan ahead before, the same
    _check_at: float = 0.0  # when the watcher is checked next
    _not_before: float = 0.0  # no look and no turn before, after a failure
    _retry_at: float | None = None  # when notes that couldn't be written are tried again
    _reload_at: float | None = None  # when settings that were seen to change have been quiet
    _is_away: bool = False  # the vault
    _apart: float = 0.0  # wall clock less monotonic clock at the last pass
    _backoff: Backoff = field(default_factory=Backoff)
    _write_backoff: Backoff = field(default_factory=Backoff)
    _watch_backoff: Backoff = field(default_factory=Backoff)
    _watch_failures: int = 0
    _sound_checks: int = 0
    _is_watching: bool = False
    _since: float = 0.0  # wall time at which this daemon began

    def run(self) -> None:
        """Run until told to stop; the file that is being written is finished first.

        Raises WatchError when the vault can't be watched any more, however often that is tried.
        """
        self.asked.may_break_off = lambda: self.wheel.thinking
        self.asked.wake = lambda: self.watcher.hints.put(Sign.WAKE)
        try:
            self._since = self._clock.now()
            self._watch()
            now = self._clock.monotonic()
            self._apart, self._look_at = self._clock.now() - now, now + self._look_every
            while not self.asked.to_stop:
                self._pass()
            self.wheel.leave()
        except Stopped:
            pass
        finally:
            daemon_ends(self.wheel.state.file.parent)
            self.watcher.stop()

    def _pass(self) -> None:
        """Do what is due, or wait for what comes next."""
        if not self.wheel.is_here():
            self._is_away = True
            if not self.wheel.move_in():
                self._wait_for_vault()
                return
        if self._is_away:
            self._welcome_vault()
        now = self._clock.monotonic()
        if self.asked.to_reload or (self._reload_at is not None and now >= self._reload_at):
            asked, self.asked.to_reload, self._reload_at = self.asked.to_reload, False, None
            self._reload(asked=asked)
        self._notice_time()
        now = self._clock.monotonic()
        if now >= self._check_at:
            self._check_watcher(now)
        look_at = max(self._look_at, self._rested_at, self._not_before)
        wait = self._turn_in(now)
        if now >= look_at and not self._owes_turn:
            self._look()
        elif wait is not None and wait <= 0:
            self._turn()
        elif self._plan_ahead(now):
            self._is_littered = True
        elif self._is_littered:
            sweep()
            self._is_littered = False
        else:
            late = self.wheel.look_again()
            reload = None if self._reload_at is None else self._reload_at - now
            ends = [look_at - now, self._check_at - now, self._clock.until_tomorrow(self._timezone), wait, late, reload]
            self._gather(min(end for end in ends if end is not None))

    def _turn_in(self, now: float) -> float | None:
        """Return the seconds until a turn is due, None if none is."""
        waits = [0.0] if self._owes_turn or self.wheel.backups.remarks else []
        if self._retry_at is not None:
            waits.append(self._retry_at - now)
        if (due := self.wheel.waiting.due_in()) is not None:
            waits.append(due)
        return max(min(waits), self._not_before - now) if waits else None

    def _notice_time(self) -> None:
        """Notice a new day, and a gap in time: what happened during a sleep, nobody told."""
        now = self._clock.monotonic()
        apart = self._clock.now() - now
        if abs(apart - self._apart) > _GAP:
            self._look_at = now
        self._apart = apart
        if self._day and self._clock.date(self._timezone) != self._day:
            self._owes_turn = True

    def _gather(self, timeout: float) -> None:
        """Wait for hints; once one came, take those that follow within `debounce`, for `debounce_max` at the most."""
        hints: set[Hint] = set()
        wait, until = timeout, None
        while not self.asked.to_stop and Sign.WAKE not in hints:
            try:
                hints.add(self.watcher.hints.get(timeout=max(0.0, wait)))
            except Empty:
                break
            now = self._clock.monotonic()
            until = until or now + self._timing.debounce_max
            wait = min(self._timing.debounce, until - now)
        self.wheel.scanner.scan_some(sorted(hint for hint in hints if isinstance(hint, str)))
        if Sign.DOUBT in hints:
            self._look_at = self._clock.monotonic()
        if Sign.SETTINGS in hints:  # in the middle of a save they may be empty, which would mean the defaults
            self._reload_at = self._clock.monotonic() + self.wheel.waits.quiet

    # -- looking and turning

    def _look(self) -> None:
        """Look at everything; what is new makes a turn due."""
        began = self._clock.monotonic()
        self._is_littered = True
        try:
            self.wheel.look()
        except (VaultsyncError, OSError) as error:
            self._fail(error)
            return
        now = self._clock.monotonic()
        self._look_at, self._rested_at = now + self._look_every, now + _REST * (now - began)
        if not self.watcher.polling_because:
            self._reload(asked=False)

    def _plan_ahead(self, now: float) -> bool:
        """Plan while what has changed grows quiet, so that the turn then has only to write; tell if that was tried."""
        try:
            if now < self._ahead_rested_at or not self.wheel.plan_ahead():
                return False
        except (VaultsyncError, OSError) as error:
            self._fail(error)
        after = self._clock.monotonic()
        self._ahead_rested_at = after + _REST * (after - now)
        return True

    def _turn(self) -> None:
        """Turn the wheel, over everything if that is owed."""
        began, day = self._clock.monotonic(), self._clock.date(self._timezone)
        self._is_littered = True
        try:
            outcome = self.wheel.turn(None if self._owes_turn else (), stop=lambda: self.asked.to_stop)
        except (VaultsyncError, OSError) as error:
            self._fail(error)
            return
        now = self._clock.monotonic()
        if self._owes_turn:
            self._look_at = now + self._look_every
            let_memory_rest(self.wheel.snapshots.memory)
        self._owes_turn, self._day, self._not_before = False, day, 0.0
        self._backoff.reset()
        self.words.over(_HALTED)
        self.words.over(_FAILED)
        self.words.tell(outcome, now - began)
        self._retry_at = now + self._write_backoff.wait() if outcome.blocked else None
        if not outcome.blocked:
            self._write_backoff.reset()

    def _fail(self, error: Exception) -> None:
        """Say what went wrong, and turn again later, over everything."""
        self._owes_turn = True
        self._not_before = self._clock.monotonic() + self._backoff.wait()
        self.words.trouble(_HALTED if isinstance(error, HaltError) else _FAILED, str(error))

    def _reload(self, *, asked: bool) -> None:
        """Take over the settings as they are now, if they can be used."""
        try:
            wheel = self.reopen(self.wheel)
        except ConfigError as error:
            self.words.trouble(_CONFIG, str(error))
            return
        except (VaultsyncError, OSError) as error:
            self._fail(error)
            return
        self.words.over(_CONFIG)
        if wheel is None:
            if asked:
                self.words.log.info("the settings are the same")
            return
        watched = self._watching
        self.wheel, self._owes_turn = wheel, True
        self.words.log.info("settings changed", vault=str(wheel.settings.root))
        if self._watching != watched:
            self.watcher.polling = self._watching.polling
            self._watch()

    # -- the vault and its watcher

    def _wait_for_vault(self) -> None:
        """Do nothing while the vault is away, but look every now and then whether it is back."""
        root = self.wheel.settings.root
        self.words.trouble(
            _HALTED, f"{root}: the vault is gone, or is another folder now; nothing is written until then"
        )
        until = self._clock.monotonic() + self._backoff.wait()
        while not self.asked.to_stop and (left := until - self._clock.monotonic()) > 0:
            with contextlib.suppress(Empty):
                self.watcher.hints.get(timeout=left)

    def _welcome_vault(self) -> None:
        self._is_away, self._owes_turn, self._not_before = False, True, 0.0
        self.words.log.info("the vault is back", vault=str(self.wheel.settings.root))
        self._watch()

    def _watch(self) -> None:
        """Begin to watch, or to watch anew: watches end with the folders that they were set on."""
        before = self.watcher.polling_because
        self.watcher.stop()
        self.watcher.start()
        self._is_watching = True
        self._sound_checks = 0
        self._check_at = self._clock.monotonic() + self._watching.check_every
        because = self.watcher.polling_because
        if because != before and because is not None:
            self.words.log.warning("polling the vault", because=because)
        daemon_begins(self.wheel.state.file.parent, self._since, because)

    def _check_watcher(self, now: float) -> None:
        """See whether events still come; if not, watch anew after a while, and give up when that doesn't help."""
        self._check_at = now + self._watching.check_every
        if self.watcher.polling_because:
            self._reload(asked=False)
        elif not self._is_watching:
            self._watch()
            self._look_at = now
        elif why := self.watcher.fault():
            self._watch_failures += 1
            if self._watch_failures > _RESTARTS:
                raise WatchError(f"{self.wheel.settings.root}: can't be watched: {why}; set `watch.polling: on`")
            self.words.trouble(_WATCHER, why)
            self.watcher.stop()
            self._is_watching = False
            self._check_at = now + self._watch_backoff.wait()
            self._look_at = now
        else:
            self._sound_checks += 1
            if self._sound_checks > 1:  # the first one only asks
                self._watch_failures = 0
                self._watch_backoff.reset()
                self.words.over(_WATCHER)

    @property
    def _clock(self) -> Clock:
        return self.wheel.clock

    @property
    def _timing(self) -> Timing:
        return self.wheel.settings.config.machine.timing

    @property
    def _watching(self) -> Watch:
        return self.wheel.settings.config.machine.watch

    @property
    def _timezone(self) -> str | None:
        return self.wheel.settings.config.vault.timezone

    @property
    def _look_every(self) -> float:
        return self._watching.poll_every if self.watcher.polling_because else self._timing.full_every * 60
