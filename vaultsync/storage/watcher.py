"""Watch the vault: which paths may have changed, as hints put on a queue; correctness comes from full scans.

What a change means is found out by scanning. The watcher's thread does nothing that can fail: an exception in it would
end it without a word.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

# Events of our own reads (opened, closed without a write) are left out at the source.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_OVERFLOW_LOGGER = "watchdog.observers.inotify_c"
_WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
_POLL_SECONDS = 2.0

Polling = Literal["auto", "on", "off"]


class _Doubt:
    """Stands on the queue for "look at everything": events were lost, or a folder came, went or moved."""


class _Stop:
    """Stands on the queue for "end now"."""


DOUBT = _Doubt()
STOP = _Stop()
Hint = str | _Doubt | _Stop


class Watcher:
    """Watches one vault from `start` to `stop`; `hints` holds paths relative to the vault, `DOUBT` and `STOP`."""

    def __init__(self, root: Path, polling: Polling) -> None:
        self.root = root
        self.hints: SimpleQueue[Hint] = SimpleQueue()
        self.polling_because = _why_polling(root, polling)
        self._observer: BaseObserver = (
            PollingObserver(timeout=_POLL_SECONDS) if self.polling_because is not None else Observer()
        )
        self._overflow = _OverflowListener(self.hints)

    def start(self) -> None:
        """Begin to watch. Raises OSError if the system refuses."""
        logging.getLogger(_OVERFLOW_LOGGER).addHandler(self._overflow)
        handler = _Handler(os.fspath(self.root), self.hints)
        self._observer.schedule(handler, os.fspath(self.root), recursive=True, event_filter=_EVENTS)
        self._observer.start()

    def stop(self) -> None:
        """End watching and wait for the thread."""
        logging.getLogger(_OVERFLOW_LOGGER).removeHandler(self._overflow)
        if self._observer.ident is not None:
            self._observer.stop()
            self._observer.join(timeout=5)


class _Handler(FileSystemEventHandler):
    """Puts hints on the queue, and nothing else."""

    def __init__(self, root: str, hints: SimpleQueue[Hint]) -> None:
        self._root = root
        self._hints = hints

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.is_directory:
            self._hints.put(DOUBT)
            return
        for place in (event.src_path, event.dest_path):
            if place:
                self._hints.put(os.path.relpath(os.fsdecode(place), self._root).replace(os.sep, "/"))


class _OverflowListener(logging.Handler):
    """Hears the only sign of lost events that watchdog gives: a warning in its log."""

    def __init__(self, hints: SimpleQueue[Hint]) -> None:
        super().__init__(logging.WARNING)
        self._hints = hints

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - any warning of that logger is a doubt
        self._hints.put(DOUBT)


def _why_polling(root: Path, polling: Polling) -> str | None:
    """Return why the vault is polled, None if the system's notifications are used."""
    if polling == "on":
        return "`watch.polling` is on"
    if polling == "off" or not sys.platform.startswith("linux"):
        return None
    try:
        limit = int(_WATCH_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return "this system has no inotify"
    folders = sum(1 for _ in os.walk(root))
    if folders >= limit:
        return f"the vault has {folders} folders and the system allows {limit} watches (fs.inotify.max_user_watches)"
    return None
