"""Watch the vault: which notes may have changed, as hints put on a queue; correctness comes from looking at the vault.

What a change means is found out by scanning. The watcher's threads do nothing that can fail: an exception in one would
end it without a word. When to look whether they live, is the daemon's.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from enum import Enum
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

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

from vaultsync.storage import watch_limits
from vaultsync.storage.canary import Canary

if TYPE_CHECKING:
    from pathlib import Path

    from watchdog.observers.api import BaseObserver

    from vaultsync.storage.watch_limits import Polling

# Events of our own reads (opened, closed without a write) are left out at the source.
_EVENTS: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_LOGGER: Final = "watchdog"
_SILENT: Final = logging.NullHandler()  # what nobody hears isn't printed either
_PLACEHOLDER: Final = re.compile(r"(?P<folder>.*/|)\.(?P<name>[^/]+\.md)\.icloud", re.DOTALL)
# The files that settings are read from; what else changes in dot folders (workspace.json, at every click) is no matter.
_SETTINGS: Final = re.compile(
    r"vaultsync\.yaml|\.[^/]+/(config\.yaml|app\.json|templates\.json)|\.[^/]+/plugins/[^/]+/data\.json"
)
_PATIENCE: Final = 1.0  # seconds that an observer's thread is waited for; it ends with the process in any case


class Sign(Enum):
    """Stands on the queue for more than a note."""

    DOUBT = "look at everything: events were lost, or a folder came, went or moved"
    SETTINGS = "look at the settings: a file that they are read from may have changed"
    WAKE = "look at what was asked for: a signal came"


Hint = str | Sign


class Watcher:
    """Watches one vault from `start` to `stop`, and again; `hints` holds paths of notes in the vault, and signs.

    With `polling_because` set nothing is watched: whoever waits for hints has to look at the vault every now and then.
    """

    def __init__(self, root: Path, canary_folder: Path, polling: Polling) -> None:
        self.root = root
        self.polling = polling
        self.polling_because: str | None = None
        self.hints: SimpleQueue[Hint] = SimpleQueue()
        self._canary = Canary(canary_folder)
        self._observer: BaseObserver | None = None
        self._listener = _Listener(self.hints)

    def start(self) -> None:
        """Begin to watch, or find out why the vault has to be polled."""
        self.polling_because = watch_limits.why_polling(self.root, self.polling)
        if self.polling_because is not None:
            return
        logging.getLogger(_LOGGER).addHandler(_SILENT)
        logging.getLogger(_LOGGER).addHandler(self._listener)
        self._listener.error = None
        # Folders that come while their parents are being read are warned of; where warnings are errors, that ends the
        # thread that reads events.
        warnings.filterwarnings("ignore", module=r"watchdog\.")
        try:
            observer = Observer()
            observer.schedule(
                _Hinter(self.root, self.hints), os.fspath(self.root), recursive=True, event_filter=_EVENTS
            )
            self._canary.show_to(observer)
            self._observer = observer
            observer.start()
        except OSError as error:
            self.stop()
            self.polling_because = f"the system refuses to watch it ({error.strerror or error})"
            return
        if (shortage := self._shortage()) and self.polling != "off":
            self.stop()
            self.polling_because = shortage

    def stop(self) -> None:
        """End watching; what already stands on the queue stays."""
        logging.getLogger(_LOGGER).removeHandler(self._listener)
        observer, self._observer = self._observer, None
        if observer is None:
            return
        observer.stop()
        if observer.ident is not None:
            observer.join(timeout=_PATIENCE)

    def fault(self) -> str | None:
        """Return why events no longer come, None if all seems well; what was tried last time is answered this time."""
        observer = self._observer
        if observer is None:
            return None
        if not observer.is_alive() or not all(emitter.is_alive() for emitter in observer.emitters):
            return "a thread of the watcher has ended"
        if self._listener.error is not None:
            return self._listener.error
        return None if self._canary.is_heard() else "no event has come of a file that was made to see one"

    def _shortage(self) -> str | None:
        """Return why not every folder is watched: the limit is shared with other programs, and nothing tells of it."""
        held, limit = watch_limits.watches_held(), watch_limits.watch_limit()
        if held is None or limit is None:
            return None
        folders = watch_limits.count_folders(self.root)
        if held >= folders:
            return None
        return f"only {held} of its {folders} folders can be watched; {watch_limits.too_few(folders, limit)}"


class _Hinter(FileSystemEventHandler):
    """Puts hints on the queue, and nothing else."""

    def __init__(self, root: Path, hints: SimpleQueue[Hint]) -> None:
        self._root = os.fspath(root)
        self._hints = hints

    def on_any_event(self, event: FileSystemEvent) -> None:
        for place in (event.src_path, event.dest_path):
            if place:
                path = os.path.relpath(os.fsdecode(place), self._root).replace(os.sep, "/")
                hint = hint_of(path, is_folder=event.is_directory)
                if hint is not None:
                    self._hints.put(hint)


def hint_of(path: str, *, is_folder: bool) -> Hint | None:
    """Return what an event at a path in the vault is a hint of; None if it doesn't matter."""
    if _SETTINGS.fullmatch(path):
        return Sign.SETTINGS
    if placeholder := _PLACEHOLDER.fullmatch(path):
        path = placeholder["folder"] + placeholder["name"]
    if path != "." and any(part.startswith(".") for part in path.split("/")):
        return None
    if is_folder:
        return Sign.DOUBT
    return path if path.endswith(".md") else None


class _Listener(logging.Handler):
    """Hears the only sign that watchdog gives of lost events, or of watches that it couldn't set: its log."""

    def __init__(self, hints: SimpleQueue[Hint]) -> None:
        super().__init__(logging.WARNING)
        self.error: str | None = None
        self._hints = hints

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.error = "the watcher has lost its watches"
        self._hints.put(Sign.DOUBT)
