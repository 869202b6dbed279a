"""Copies of notes that were displaced: kept for some weeks in the state folder, so that nothing is ever just gone.

When something has to be kept, and who is told of it, is decided by those who write.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vaultsync.storage import vault

KEPT_SECONDS = 30 * 86400.0
_NAME_CHARS = 60  # of the note's own name, within the name of its copy


@dataclass(frozen=True, slots=True)
class Backups:
    """The folder of one vault's backups; made with mode 0700 when the first copy is kept, the copies have 0600."""

    folder: Path

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

    def forget_old(self, now: float) -> None:
        """Remove what was kept more than 30 days before `now` (seconds since the epoch)."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            old = [entry.path for entry in entries if now - entry.stat().st_mtime > KEPT_SECONDS]
            for place in old:
                with contextlib.suppress(OSError):
                    Path(place).unlink()

    def place_of(self, path: str, digest: str) -> Path:
        """Return where the bytes of that digest of a note are kept: a name for people, and one for uniqueness."""
        name = path.rpartition("/")[2].removesuffix(".md")
        shown = "".join(c if c.isalnum() or c in " -_@" else "-" for c in name)[:_NAME_CHARS]
        mark = hashlib.blake2b(path.encode(), digest_size=4).hexdigest()
        return self.folder / f"{_cut(shown)}-{mark}-{digest}.md"

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


def _cut(name: str) -> str:
    """Cut a name to the bytes that leave room for the rest of a file name."""
    return name.encode()[: 3 * _NAME_CHARS].decode("utf-8", "ignore")
