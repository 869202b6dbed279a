"""Copies of notes that were displaced: kept for some weeks in the state folder, so that nothing is ever just gone.

When something has to be kept, and who is told of it, is decided by those who write.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from vaultsync.model import Problem
from vaultsync.storage import vault
from vaultsync.storage.displaced import Displaced, record_name

KEPT_SECONDS = 30 * 86400.0
_HELD_OPEN = 64  # files at once, far below what a system lets one program open
_NAME_CHARS = 60  # of the note's own name, within the name of its copy


@dataclass(frozen=True, slots=True)
class Backups:
    """The folder of one vault's backups; made with mode 0700 when the first copy is kept, the copies have 0600."""

    folder: Path
    pending: list[Displaced] = field(default_factory=list)  # files that somebody may still be writing into
    remarks: list[Problem] = field(default_factory=list)  # what became of such writes, to be told
    _held: list[Displaced] = field(default_factory=list)  # those that only an open descriptor kept when they came

    def keep(self, path: str, content: bytes) -> Path:
        """Keep a copy of a note's bytes and return where it stands. Equal bytes of a note share one copy.

        Raises OSError; the copy is whole and on the disk when this returns.
        """
        place = self.place_of(path, vault.digest_of(content))
        with contextlib.suppress(OSError):
            if place.read_bytes() == content:
                os.utime(place)
                return place
        self.make_folder()
        handle, temp = tempfile.mkstemp(prefix=vault.TEMP_PREFIX, suffix=vault.TEMP_SUFFIX, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temp).replace(place)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temp).unlink()
            raise
        vault.sync_folder(self.folder)
        return place

    def set_aside(self, root: Path, path: str, expected: str) -> Path:
        """Take a file out of the vault into the backups and return where it stands now.

        `expected` is the digest that was decided on. Raises TargetChangedError if the file is gone or holds other
        bytes, which then stay in the vault; WriteRefusedError as a write would; OSError when the system says no.
        """
        target = root / path
        vault.refuse_outside(root, target.parent)
        vault.require_unchanged(target, expected)
        taken = self._take(target)
        content = taken.read_bytes()
        if vault.digest_of(content) != expected:
            self._put_back(taken, target, path, content)
            raise vault.TargetChangedError(str(target))
        if taken.parent == self.folder:
            # The file itself is kept: what an editor still writes into it isn't lost.
            place = self.place_of(path, expected)
            taken.chmod(0o600)
            os.utime(taken)
            taken.replace(place)
            vault.sync_folder(self.folder)
        else:
            place = self.keep(path, content)
            taken.unlink()
        vault.sync_folder(target.parent)
        return place

    def announce(self, path: str, spare: Path, before: bytes, expected: str, written: str) -> Displaced:
        """Write down that a note is about to change places with the file at `spare`. Raises OSError."""
        self.make_folder()
        record = self.folder / record_name(_mark(path), spare)
        displaced = Displaced(path, spare, record, expected, written)
        displaced.announce(before)
        return displaced

    def await_late(self, displaced: Displaced) -> None:
        """Have a displaced file looked at again; of many that only an open descriptor keeps, the oldest are closed."""
        self.pending.append(displaced)
        if displaced.is_held:
            self._held.append(displaced)
        if len(self._held) > _HELD_OPEN:
            self._held[:] = [waiting for waiting in self._held if waiting.is_held]
            for waiting in self._held[:-_HELD_OPEN]:
                waiting.freeze()

    def guard(self, displaced: Displaced, before: bytes, ours: bytes, contents: list[bytes]) -> None:
        """Have a note looked at for bytes of somebody's that were out of their place while others may have read it.

        They grew out of what stood there before, or out of our text, which stood there for a moment. Bytes that may be
        half of a save are left out: their gaps would be taken for deletions.
        """
        for number, content in enumerate(contents):
            if len(content) < len(before) or before.rstrip().rpartition(b"\n")[2] not in content:
                continue
            record = displaced.record.with_name(f"{number}-{displaced.record.name}")
            nowhere = displaced.spare.with_name(f"{number}-{displaced.spare.name}")
            digests = displaced.expected, displaced.written, vault.digest_of(content)
            guarded = Displaced(displaced.path, nowhere, record, *digests, older=True, due=0.0)
            lines = Counter(content.split(b"\n"))
            guarded.announce(max(before, ours, key=lambda text: (lines & Counter(text.split(b"\n"))).total()))
            guarded.fill(content)
            self.pending.append(guarded)

    def clear_temp(self, root: Path, path: str) -> None:
        """Remove a temporary file that a killed run left in the vault; keep its bytes if they may be somebody's."""
        place = root / path
        try:
            if not vault.is_ours(place):
                kept = self.keep(path, vault.read(root, path))
                what = f"a run that was killed while it wrote a note left this behind; it is kept in {kept}"
                self.remarks.append(Problem(path, None, what))
            place.unlink()
        except OSError as error:
            self.remarks.append(Problem(path, None, f"can't be removed: {error.strerror}"))

    def take_remarks(self) -> tuple[Problem, ...]:
        """Return what is to be told, once."""
        told = tuple(self.remarks)
        self.remarks.clear()
        return told

    def forget_old(self, now: float) -> None:
        """Remove what was kept more than 30 days before `now` (seconds since the epoch)."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            # A displaced file's time of change is its note's, the one of its inode is when it came here.
            old = [entry.path for entry in entries if now - entry.stat().st_ctime > KEPT_SECONDS]
            for place in old:
                with contextlib.suppress(OSError):
                    Path(place).unlink()

    def place_of(self, path: str, digest: str) -> Path:
        """Return where the bytes of that digest of a note are kept: a name for people, and one for uniqueness."""
        name = path.rpartition("/")[2].removesuffix(".md")
        shown = "".join(c if c.isalnum() or c in " -_@" else "-" for c in name)[:_NAME_CHARS]
        return self.folder / f"{_cut(shown)}-{_mark(path)}-{digest}.md"

    def make_folder(self) -> None:
        """Make the folder, for this user alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _take(self, target: Path) -> Path:
        """Rename a file out of the vault, or beside itself where the backups are on another file system."""
        self.make_folder()
        for folder in (self.folder, target.parent):
            # A digest of no bytes at all in its name: what a killed run leaves of it is somebody's note.
            handle, name = tempfile.mkstemp(prefix=vault.TEMP_PREFIX, suffix=f"-0{vault.TEMP_SUFFIX}", dir=folder)
            os.close(handle)
            try:
                target.replace(name)
            except OSError as error:
                Path(name).unlink()
                if isinstance(error, FileNotFoundError):
                    raise vault.TargetChangedError(str(target)) from None
                if error.errno != errno.EXDEV:
                    raise
            else:
                return Path(name)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), os.fspath(target))

    def _put_back(self, taken: Path, target: Path, path: str, content: bytes) -> None:
        """Give a file its place again; if there is a newer one, keep this one here."""
        try:
            vault.place_new(taken, target)
        except vault.TargetChangedError:
            self.keep(path, content)
            taken.unlink()


def _mark(path: str) -> str:
    return hashlib.blake2b(path.encode(), digest_size=4).hexdigest()


def _cut(name: str) -> str:
    """Cut a name to the bytes that leave room for the rest of a file name."""
    return name.encode()[: 3 * _NAME_CHARS].decode("utf-8", "ignore")
