"""Bring the new texts of several notes to the disk together, before each takes its place: the disk is waited for once.

Which notes, and in which order, is `apply`'s to say; how a text takes a note's place, `vault`'s.
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.storage import vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_AT_ONCE = 16  # files that the disk is asked for at the same time: a file system makes one of what it is asked together


@dataclass(slots=True)
class Ahead:
    """Texts that are on the disk and haven't taken their notes' places yet, and the folders that are to follow them."""

    _filled: dict[str, vault.Filled] = field(default_factory=dict)  # by note
    _refused: dict[str, Exception] = field(default_factory=dict)  # why there is no such text
    _folders: set[Path] = field(default_factory=set)

    def fill(self, root: Path, path: str, content: bytes, expected: str | None) -> None:
        """Write a note's text, as `vault.write` is to be asked for it."""
        try:
            self._filled[path] = vault.filled_temp(root, path, content, expected)
        except (vault.TargetChangedError, vault.WriteRefusedError, OSError) as error:
            self._refused[path] = error

    def sync(self) -> None:
        """Bring all texts to the disk."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = pool.map(_sync, self._filled.values())
            self._refused |= {path: error for path, error in zip(self._filled, results, strict=True) if error}

    def take(self, path: str) -> Path:
        """Return the file that holds a note's text, from now on the caller's. Raises what stood in its way."""
        if path in self._refused:
            raise self._refused[path]
        filled = self._filled.pop(path)
        os.close(filled.descriptor)
        return filled.place

    def placed(self, folder: Path) -> None:
        """Have a folder brought to the disk when all settles, in which a text took its place."""
        self._folders.add(folder)

    def settle(self) -> dict[Path, Exception]:
        """Bring these folders to the disk; return those that can't be, and why."""
        failed: dict[Path, Exception] = {}
        for folder in sorted(self._folders):
            try:
                vault.sync_folder(folder)
            except FileNotFoundError:
                failed[folder] = vault.TargetChangedError(str(folder))
            except OSError as error:
                failed[folder] = error
        self._folders.clear()
        return failed

    def drop(self) -> None:
        """Remove the texts that nobody has taken."""
        for filled in self._filled.values():
            os.close(filled.descriptor)
            with contextlib.suppress(OSError):
                filled.place.unlink()
        self._filled.clear()


@contextlib.contextmanager
def ahead_of(root: Path, writes: Iterable[tuple[str, bytes, str | None]]) -> Iterator[Ahead]:
    """Give the texts of some writes: path, new bytes, and the digest of those that they replace (None: of none)."""
    ahead = Ahead()
    try:
        for path, content, expected in writes:
            ahead.fill(root, path, content, expected)
        ahead.sync()
        yield ahead
    finally:
        ahead.drop()


def _sync(filled: vault.Filled) -> OSError | None:
    try:
        os.fsync(filled.descriptor)
    except OSError as error:
        return error
    return None
