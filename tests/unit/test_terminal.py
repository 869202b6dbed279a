"""The bar of a terminal: what takes long is told while it takes long, even where it tells of itself but once."""

from __future__ import annotations

import io
import sys
import threading
from typing import TYPE_CHECKING

from vaultsync.cli import terminal

if TYPE_CHECKING:
    import pytest


class Screen(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.shows_planning = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "planning" in text:
            self.shows_planning.set()
        return super().write(text)


def a_screen(monkeypatch: pytest.MonkeyPatch, shown_after: float) -> Screen:
    """Put a screen in place of standard error; not in a fixture, behind which pytest puts its own there."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(terminal, "_SHOW_AFTER", shown_after)
    return screen


def test_a_step_that_tells_of_itself_once_is_shown_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = a_screen(monkeypatch, shown_after=0.0)
    with terminal.progress() as show:
        show("reading", 1, 2)
        show("planning", 0, 0)
        assert screen.shows_planning.wait(30)
    assert "reading" not in screen.getvalue().partition("planning")[2]


def test_what_is_done_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = a_screen(monkeypatch, shown_after=60.0)
    with terminal.progress() as show:
        show("planning", 0, 0)
    assert screen.getvalue() == ""
    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
