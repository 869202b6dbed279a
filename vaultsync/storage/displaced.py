"""A file that a write has taken out of its place, kept within reach for whoever had it open and still writes into it.

What becomes of late bytes is decided in `late`.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RECORD, _FILE = ".base", ".file"


@dataclass(slots=True)
class Displaced:
    """What one write displaced, or took the place of for a moment.

    The file stands at `spare` in the vault, then at `file` in the backups, or is only held by a descriptor. `record`
    holds what the write was planned on, so that a later run finds all of it.
    """

    path: str  # the note
    spare: Path  # the temporary name through which the two files changed places
    record: Path
    expected: str  # digest of what the write was planned on
    written: str  # digest of what was written
    seen: str = ""  # digest of changed bytes as last seen
    older: bool = False  # True: what stands in the note now is newer than this file
    due: float | None = None  # monotonic, when to look at it again
    patience: float | None = None  # monotonic, until when a save that isn't complete is waited for
    until: float | None = None  # monotonic, until when the note is looked at for what was brought into it
    times: int = 0  # that it was brought into the note
    _descriptor: int | None = field(default=None, repr=False)

    @property
    def file(self) -> Path:
        """Where the displaced file stands in the backups."""
        return self.record.with_suffix(_FILE)

    def announce(self, before: bytes) -> None:
        """Write down what is about to be displaced. It needn't outlive a power cut: then nobody writes late either."""
        words = {"path": self.path, "spare": self.spare.name, "expected": self.expected, "written": self.written}
        _write(self.record, json.dumps(words).encode() + b"\n" + before)

    def hold(self, place: Path) -> None:
        """Keep a file open that is about to lose its name."""
        self._descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))

    def take(self) -> None:
        """Bring the file from the vault into the backups; where they are on another file system, keep it open."""
        try:
            self.spare.replace(self.file)
        except OSError:
            self.hold(self.spare)
            self.spare.unlink()
        else:
            with contextlib.suppress(OSError):
                self.file.chmod(0o600)

    def freeze(self) -> None:
        """Put what an open file holds into the backups, and close it."""
        if self._descriptor is None:
            return
        self.fill(self.content() or b"")
        os.close(self._descriptor)
        self._descriptor = None

    def fill(self, content: bytes) -> None:
        """Let these bytes stand for a file that nobody can write into any more."""
        _write(self.file, content)

    @property
    def is_held(self) -> bool:
        """Whether only an open descriptor keeps the file."""
        return self._descriptor is not None

    def content(self) -> bytes | None:
        """Return what the file holds now, None if there is none. Raises OSError."""
        if self._descriptor is not None:
            with os.fdopen(os.dup(self._descriptor), "rb") as file:
                file.seek(0)
                return file.read()
        for place in (self.file, self.spare):
            with contextlib.suppress(FileNotFoundError):
                return place.read_bytes()
        return None

    def is_open(self) -> bool | None:
        """Tell whether somebody has the file open and may write into it; None where the system can't say (not Linux).

        A read lease is granted on a file that nobody has open for writing (fcntl(2), F_SETLEASE), and nobody can open
        one any more that has lost its name.
        """
        if not hasattr(fcntl, "F_SETLEASE"):
            return None
        try:
            descriptor = os.open(self.file, os.O_RDONLY) if self._descriptor is None else os.dup(self._descriptor)
        except OSError:
            return None
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except OSError:
            return None  # a file system without leases, or somebody else's file
        finally:
            os.close(descriptor)
        return False

    def base(self) -> bytes | None:
        """Return what the write was planned on, None if that is lost."""
        with contextlib.suppress(FileNotFoundError):
            return self.record.read_bytes().partition(b"\n")[2]
        return None

    def forget(self) -> None:
        """Remove every trace."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        for place in (self.spare, self.file, self.record):
            with contextlib.suppress(OSError):
                place.unlink()


def left_over(folder: Path, root: Path) -> Iterator[Displaced]:
    """Yield what runs before this one displaced and didn't look at again. Raises OSError."""
    records = (place for place in folder.iterdir() if place.name.endswith(_RECORD)) if folder.exists() else ()
    for record in sorted(records):
        try:
            first = record.read_bytes().partition(b"\n")[0]
        except FileNotFoundError:
            continue  # another process has just been done with it
        try:
            words = json.loads(first)
            path = words["path"]
            spare = (root / path).with_name(words["spare"])
            yield Displaced(path, spare, record, words["expected"], words["written"])
        except (ValueError, KeyError):
            # Torn by a power cut; the file beside it stays in the backups for its time.
            with contextlib.suppress(OSError):
                record.unlink()


def record_name(path_mark: str, spare: Path) -> str:
    """Return the name of the record that goes with a temporary name."""
    return f"late-{path_mark}-{spare.stem.lstrip('.')}{_RECORD}"


def _write(place: Path, content: bytes) -> None:
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
