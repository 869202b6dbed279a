"""The vault's files: which there are, their bytes, and writes that carry what they expect to find.

At every moment a path holds its old bytes or the new ones. What a file means, and when it may be written, is decided
above.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TEMP_PREFIX = ".vaultsync-"
TEMP_SUFFIX = ".tmp"
IN_CLOUD = "only iCloud has it; download it to this disk"
_PLACEHOLDER = re.compile(r"\.(?P<name>.+\.md)\.icloud")
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class TargetChangedError(Exception):
    """The file isn't what the write was planned on; plan again."""


class WriteRefusedError(Exception):
    """The file may not be written safely; the message says why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What `stat` says of a file; equal stamps of a file that isn't fresh mean equal bytes."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int

    @staticmethod
    def of(result: os.stat_result) -> Stamp:
        """Take the stamp out of a stat result."""
        return Stamp(result.st_mtime_ns, result.st_ctime_ns, result.st_size, result.st_ino)


@dataclass(slots=True)
class Listing:
    """The files of a vault: notes by path with their stamps, and what stood in the way."""

    notes: dict[str, Stamp] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)  # folder or file -> the system's words
    stale_temps: list[str] = field(default_factory=list)


def digest_of(content: bytes) -> str:
    """Return the digest by which a note's bytes are known."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def list_notes(root: Path, wanted: Callable[[str], bool], under: str = "") -> Listing:
    """List the notes that `wanted` accepts, by path relative to the vault.

    Folders whose name begins with a dot are not entered, symbolic links are not followed. A folder that can't be read
    is listed as unreadable, and a note that only iCloud has, since absence there means nothing.
    """
    listing = Listing()
    pending = [under]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    _sort_in(entry, path, wanted, listing, pending)
        except OSError as error:
            listing.unreadable[folder or "."] = error.strerror or str(error)
    for path in listing.notes.keys() & listing.unreadable.keys():  # downloaded, and the placeholder not yet removed
        del listing.unreadable[path]
    return listing


def is_in_cloud(root: Path, path: str) -> bool:
    """Tell whether a placeholder stands for a note that iCloud took off this disk (hazards, row 49)."""
    folder, slash, name = path.rpartition("/")
    return os.path.lexists(root / f"{folder}{slash}.{name}.icloud")


def _sort_in(
    entry: os.DirEntry[str], path: str, wanted: Callable[[str], bool], listing: Listing, pending: list[str]
) -> None:
    name = entry.name
    if not _is_text(name):
        shown = os.fsencode(path).decode("utf-8", "replace")
        listing.unreadable[shown] = "its name is not UTF-8"
        return
    if name.startswith(TEMP_PREFIX) and name.endswith(TEMP_SUFFIX):
        listing.stale_temps.append(path)
        return
    if placeholder := _PLACEHOLDER.fullmatch(name):
        meant = path.removesuffix(name) + placeholder["name"]
        if wanted(meant):
            listing.unreadable[meant] = IN_CLOUD
        return
    if name.startswith("."):
        return
    try:
        if entry.is_dir(follow_symlinks=False):
            pending.append(path)
        elif name.endswith(".md") and entry.is_file(follow_symlinks=False) and wanted(path):
            listing.notes[path] = Stamp.of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return
    except OSError as error:
        listing.unreadable[path] = error.strerror or str(error)


def _is_text(name: str) -> bool:
    """Tell whether a name can be written down; the bytes of one that isn't UTF-8 come as lone surrogates."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def stamp_of(root: Path, path: str) -> Stamp | None:
    """Return the stamp of a regular file, None if there is none (any more)."""
    try:
        result = os.lstat(root / path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp.of(result) if stat.S_ISREG(result.st_mode) else None


def read(root: Path, path: str) -> bytes:
    """Read a note's bytes, through no symbolic link in its last part. Raises OSError."""
    descriptor = os.open(root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def write(root: Path, path: str, content: bytes, expected: str | None) -> None:
    """Replace a note's bytes, or make the note, in one step.

    `expected` is the digest that the plan was made on; None means that there must be no such file. Mode and owner are
    kept. Raises TargetChangedError when something else is found, WriteRefusedError for a path that leaves the vault or
    a file with several hard links, OSError when the system says no; the old bytes are then intact, or the new ones
    are in place but may not outlive a power cut.
    """
    target = root / path
    refuse_outside(root, target.parent)
    if expected is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    handle, temp_name = tempfile.mkstemp(prefix=TEMP_PREFIX, suffix=TEMP_SUFFIX, dir=target.parent)
    temp = Path(temp_name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if expected is not None:
                _keep_owner_and_mode(target, file.fileno())
            else:
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
        if expected is None:
            place_new(temp, target)
        else:
            require_unchanged(target, expected)
            temp.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temp.unlink()
        raise
    sync_folder(target.parent)


def remove_temp(root: Path, path: str) -> None:
    """Remove a temporary file that a killed run left."""
    with contextlib.suppress(OSError):
        (root / path).unlink()


def refuse_outside(root: Path, folder: Path) -> None:
    """Raise WriteRefusedError if a folder lies outside of the vault once symbolic links are followed."""
    real_root, real_folder = os.path.realpath(root), os.path.realpath(folder)
    if real_folder != real_root and not real_folder.startswith(real_root.rstrip(os.sep) + os.sep):
        raise WriteRefusedError(f"the folder lies outside of the vault ({real_folder})")


def require_unchanged(target: Path, expected: str) -> bytes:
    """Return a file's bytes if their digest is the expected one.

    Raises TargetChangedError if they are others or there is no such file, WriteRefusedError for one that is no file of
    ours to write: none that is regular, read-only, with several hard links.
    """
    try:
        found = os.lstat(target)
        if not stat.S_ISREG(found.st_mode):
            raise WriteRefusedError("it is not a regular file")
        if found.st_nlink > 1:
            raise WriteRefusedError(f"it has {found.st_nlink} hard links, which replacing it would part")
        # The superuser may write everything; the mode still says what its owner wants.
        if not found.st_mode & _WRITABLE:
            raise WriteRefusedError("it is read-only")
        content = target.read_bytes()
    except FileNotFoundError:
        raise TargetChangedError(str(target)) from None
    if digest_of(content) != expected:
        raise TargetChangedError(str(target))
    return content


def _keep_owner_and_mode(target: Path, descriptor: int) -> None:
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        raise TargetChangedError(str(target)) from None
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    mine = os.fstat(descriptor)
    if (mine.st_uid, mine.st_gid) != (found.st_uid, found.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, found.st_uid, found.st_gid)


def place_new(temp: Path, target: Path) -> None:
    """Give a file a name that nobody has yet. Raises TargetChangedError if somebody has it."""
    try:
        os.link(temp, target)
    except FileExistsError:
        raise TargetChangedError(str(target)) from None
    except OSError:
        # A file system without hard links; the window between the look and the rename stays.
        if os.path.lexists(target):
            raise TargetChangedError(str(target)) from None
        temp.replace(target)
    else:
        temp.unlink()


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system knows how to."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Network and FUSE file systems may not know how to sync a folder; the file is in its place all the same.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def root_identity(root: Path) -> tuple[int, int]:
    """Return device and inode of the vault's root; another pair means another folder there. Raises OSError."""
    found = root.stat()
    return found.st_dev, found.st_ino
