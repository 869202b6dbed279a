"""A file that is made and removed to see whether events still come; whoever watches hears of it, or is dead.

It lies beside the state, since in the vault a file synchroniser would carry it and people would meet it. It shows that
the threads which read, sort and pass on events are at work; not that each folder of the vault is watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchdog.events import FileCreatedEvent, FileDeletedEvent, FileSystemEvent, FileSystemEventHandler

if TYPE_CHECKING:
    from pathlib import Path

    from watchdog.observers.api import BaseObserver


class Canary(FileSystemEventHandler):
    """One canary, heard by the observer that it is shown to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sung = 0
        self._heard = 0

    def show_to(self, observer: BaseObserver) -> None:
        """Let an observer watch for the canary. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        observer.schedule(self, str(self._folder), event_filter=[FileCreatedEvent, FileDeletedEvent])
        self._sung = self._heard = 0

    def is_heard(self) -> bool:
        """Tell whether the last song was heard (or none was sung yet), and sing again."""
        if self._sung > self._heard:
            return False
        file = self._folder / "canary"
        self._sung += 1  # before it can be heard
        try:
            file.touch()
            file.unlink()
        except OSError:
            self._heard = self._sung  # a full disk says nothing about the watcher
        return True

    def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002 - that there is one is all it says
        """Hear it, in the observer's thread."""
        self._heard = self._sung
