"""A daemon in made-up time: what is to happen at which second, and what happened when."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from system.installed import write

from vaultsync.asked import Asked
from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.daemon import Daemon
from vaultsync.settings import load_settings
from vaultsync.storage.state import State
from vaultsync.storage.watcher import Sign, Watcher
from vaultsync.waits import Waits
from vaultsync.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

ANA = "Tasks/@Ana Ruiz.md"
WAITS = Waits(quiet=2, quiet_max=30, stamp_after=10, settle=60, absent_delay=5, late=3)


@dataclass
class Life:
    """A daemon, its vault, and what comes to pass at which second of its life."""

    root: Path
    state: State
    passed: float = 0.0
    slept: float = 0.0  # seconds that the machine slept, or by which its clock was set
    plan: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    hints: list[object] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)  # turns that follow others at once
    looks: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    faults: dict[float, str] = field(default_factory=dict)  # why the watcher is dead, from a second on
    said: list[dict[str, object]] = field(default_factory=list)
    asked: Asked = field(default_factory=Asked)
    reopen: Callable[[Wheel], Wheel | None] = lambda _wheel: None

    # The watcher's part.
    polling: str = "off"
    polling_because: str | None = None

    def start(self) -> None:
        self.starts.append(self.passed)

    def stop(self) -> None:
        return

    def fault(self) -> str | None:
        return next((why for second, why in self.faults.items() if self.passed >= second), None)

    def put(self, hint: object) -> None:
        self.hints.append(hint)

    def get(self, timeout: float) -> object:
        until = self.passed + timeout
        while not self.hints:
            if not self.plan or self.plan[0][0] > until:
                self.passed = until
                raise Empty
            second, act = self.plan.pop(0)
            self.passed = max(self.passed, second)
            act()
        return self.hints.pop(0)

    # What a test says.
    def at(self, second: float, act: Callable[[], None]) -> None:
        self.plan.append((second, act))

    def save(self, second: float, path: str, text: str) -> None:
        def act() -> None:
            write(self.root, {path: text})
            self.put(path)

        self.at(second, act)

    def doubt(self, second: float) -> None:
        self.at(second, lambda: self.put(Sign.DOUBT))

    def live(self, seconds: float, waits: Waits = WAITS) -> None:
        """Live for so long."""

        def end() -> None:
            self.asked.to_stop = True

        self.at(seconds, end)
        self.plan.sort(key=lambda each: each[0])
        began = 1_800_000_000.0  # in the morning of 2027-01-15, UTC
        clock = Clock(
            now=lambda: began + self.passed + self.slept,
            monotonic=lambda: self.passed,
            sleep=lambda seconds: setattr(self, "passed", self.passed + seconds),
        )
        wheel = Wheel(load_settings(self.root), self.state, clock, waits, "run", stays=True)
        turn, look = Wheel.turn, Wheel.look

        def noted(moments: list[float], way: Callable[..., Any]) -> Callable[..., Any]:
            def act(*arguments: Any, **named: Any) -> Any:
                (moments if self.passed not in moments else self.again).append(self.passed)
                return way(*arguments, **named)

            return act

        words = Words(structlog.wrap_logger(None, processors=[self._hear]))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Wheel, "turn", noted(self.turns, turn))
            patched.setattr(Wheel, "look", noted(self.looks, look))
            watcher = self.watcher()
            Daemon(wheel, watcher, self.asked, words, lambda wheel: self.reopen(wheel)).run()  # noqa: PLW0108 - it may change

    def watcher(self) -> Watcher:
        life = self

        class Scripted(Watcher):
            def __init__(self) -> None:
                self.polling_because = life.polling_because
                self.hints = life  # type: ignore[assignment]

            start, stop, fault = (staticmethod(each) for each in (life.start, life.stop, life.fault))  # type: ignore[assignment]

        return Scripted()

    def _hear(self, _logger: object, level: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        self.said.append({"level": level, "at": round(self.passed), **event})
        raise structlog.DropEvent

    def events(self, *, but: tuple[str, ...] = ("cycle",)) -> list[object]:
        return [said["event"] for said in self.said if said["event"] not in but]


@contextlib.contextmanager
def begun(folder: Path) -> Iterator[Life]:
    """Yield a life that begins with one task in one note."""
    root = folder / "vault"
    write(root, {".vaultsync/config.yaml": "timezone: UTC\n", "Note.md": "- [ ] Mend the sail @Ana Ruiz\n"})
    state = State(folder / "state/state.db")
    yield Life(root, state)
    state.close()


def task(number: int) -> str:
    return f"- [ ] Read chapter {number} @Ana Ruiz\n"


def rows(life: Life) -> str:
    file = life.root / ANA
    return file.read_text() if file.exists() else ""


def tick_row(life: Life) -> None:
    write(life.root, {ANA: rows(life).replace("[ ]", "[x]")})
    life.put(ANA)
