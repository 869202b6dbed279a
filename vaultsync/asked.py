"""What the system asks of the daemon by signals: to end, to end at once, to read its settings again.

Only noted here; when it is done is the daemon's.
"""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Stopped(BaseException):
    """The daemon was told to end where nothing was being written, so that what went on could be broken off."""


def _always() -> bool:
    return True


def _nobody() -> None:
    return None


@dataclass(slots=True)
class Asked:
    """What was asked since the daemon began.

    `may_break_off` is asked, in the middle of whatever goes on, whether that can be broken off; `wake` ends a wait.
    """

    to_stop: bool = False
    to_reload: bool = False
    may_break_off: Callable[[], bool] = _always
    wake: Callable[[], None] = _nobody

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Hear signals: SIGTERM and SIGINT end, a second SIGINT at once (KeyboardInterrupt), SIGHUP reloads.

        Raises Stopped for the first of them, where `may_break_off` says so.
        """
        ways: dict[int, Callable[[int, FrameType | None], None]] = dict.fromkeys(
            (signal.SIGTERM, signal.SIGINT), self._stop
        )
        if hasattr(signal, "SIGHUP"):
            ways[signal.SIGHUP] = self._reload
        before = {number: signal.signal(number, way) for number, way in ways.items()}
        try:
            yield
        finally:
            for number, way in before.items():
                signal.signal(number, way)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self.to_stop:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        self.to_stop = True
        self.wake()
        if self.may_break_off():
            raise Stopped

    def _reload(self, _number: int, _frame: FrameType | None) -> None:
        self.to_reload = True
        self.wake()
