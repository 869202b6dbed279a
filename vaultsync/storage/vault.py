"""The vault's files: their bytes, and writes that carry what they expect to find. Which files there are is `listing`'s.

At every moment a path holds its old bytes or the new ones. What a file means, and when it may be written, is decided
above.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.storage.exchange import exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaultsync.storage.ahead import Ahead
    from vaultsync.storage.backups import Backups
    from vaultsync.storage.displaced import Displaced

TEMP_PREFIX = ".vaultsync-"
TEMP_SUFFIX = ".tmp"
_ROUNDS = 16  # exchanges with somebody who saves just then; two are needed, and each takes less than a save
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class TargetChangedError(Exception):
    """The file isn't what the write was planned on; plan again."""


class WriteRefusedError(Exception):
    """The file may not be written safely; the message says why."""


# Windows keeps no time of a file's last change that nobody can set, so that equal stamps don't mean equal bytes there.
STAMPS_TELL = os.name == "posix"


class Stamp(NamedTuple):
    """What `stat` says of a file; equal stamps of a file that isn't fresh mean equal bytes."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int

    @staticmethod
    def of(result: os.stat_result) -> Stamp:
        """Take the stamp out of a stat result."""
        return Stamp(result.st_mtime_ns, result.st_ctime_ns, result.st_size, result.st_ino)


def digest_of(content: bytes) -> str:
    """Return the digest by which a note's bytes are known."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


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


def write(  # noqa: PLR0913 - what is written where, and with what
    root: Path, path: str, content: bytes, expected: str | None, backups: Backups, ahead: Ahead | None = None
) -> None:
    """Replace a note's bytes, or make the note, in one step.

    `expected` is the digest that the plan was made on; None means that there must be no such file. Mode, owner and
    extended attributes are kept, the time of the last change isn't. The file that was replaced waits in the backups
    for somebody who still writes into it (`late`). Raises TargetChangedError when something else is found, which then
    stands where it stood; WriteRefusedError for a path that leaves the vault, a read-only file or one with several
    hard links; OSError when the system says no; the old bytes are then intact, or the new ones are in place but may
    not outlive a power cut. Of several notes whose texts were brought to the disk `ahead`, that is so until it settles.
    """
    if expected is None:
        create(root, path, content, ahead)
        return
    try:
        temp = ahead.take(path) if ahead else _synced_temp(root, path, content, expected)
        _replace(root, path, temp, content, expected, backups, ahead.placed if ahead else sync_folder)
    except FileNotFoundError:
        raise TargetChangedError(str(root / path)) from None  # gone, maybe with its folder, at whatever moment


def _replace(  # noqa: PLR0913 - what is written where, and with what
    root: Path,
    path: str,
    temp: Path,
    content: bytes,
    expected: str,
    backups: Backups,
    sync: Callable[[Path], None],
) -> None:
    target = root / path
    written = digest_of(content)
    # From here on, what stands under the temporary name may be what somebody wrote; the name tells what we wrote.
    spare = temp.with_name(f"{temp.name.removesuffix(TEMP_SUFFIX)}-{written}{TEMP_SUFFIX}")
    displaced = None
    try:
        refuse_outside(root, target.parent)
        before = require_unchanged(target, expected)
        displaced = backups.announce(path, spare, before, expected, written)
        temp.replace(spare)
        require_unchanged(target, expected)
        exchanged = exchange(spare, target)
        if not exchanged:
            displaced.hold(target)
            require_unchanged(target, expected)
            spare.replace(target)
    except BaseException:
        _discard(temp, spare, displaced)
        raise
    is_as_planned = not exchanged or _digest_at(spare) == expected
    saved = [] if is_as_planned else _put_back(spare, target, written)
    if exchanged:
        try:
            displaced.take()
        except FileNotFoundError:
            displaced.forget()  # somebody has deleted it, as a rule with the note and its folder
            raise
    backups.await_late(displaced)
    sync(target.parent)
    if not is_as_planned:
        displaced.older = True
        backups.guard(displaced, before, content, saved)
        raise TargetChangedError(str(target))


def create(root: Path, path: str, content: bytes, ahead: Ahead | None = None) -> None:
    """Make a note, with its folders. Raises as `write` does; TargetChangedError if there is a file of that name."""
    target = root / path
    temp = ahead.take(path) if ahead else _synced_temp(root, path, content, None)
    try:
        refuse_outside(root, target.parent)
        place_new(temp, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temp.unlink()
        raise
    (ahead.placed if ahead else sync_folder)(target.parent)


def is_ours(place: Path) -> bool:
    """Tell whether a temporary file holds nothing but what a write of ours put there, so that it may just go.

    Until a write is ready to change places with a note, its file is called otherwise; after that, the name holds the
    digest of what we wrote.
    """
    _, _, written = place.name.removeprefix(TEMP_PREFIX).removesuffix(TEMP_SUFFIX).partition("-")
    return not written or _digest_at(place) == written


class Filled(NamedTuple):
    """A temporary file that holds a note's new text, and has yet to be brought to the disk and closed."""

    place: Path
    descriptor: int


def filled_temp(root: Path, path: str, content: bytes, expected: str | None) -> Filled:
    """Write a temporary file that can take the place of a note, be the note's folder made for it.

    Raises as `write` does.
    """
    target = root / path
    refuse_outside(root, target.parent)
    if expected is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        require_unchanged(target, expected)
    descriptor, name = tempfile.mkstemp(prefix=TEMP_PREFIX, suffix=TEMP_SUFFIX, dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        if expected is None:
            os.fchmod(descriptor, 0o666 & ~_umask())
        else:
            _keep_attributes(target, descriptor)
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return Filled(Path(name), descriptor)


def _synced_temp(root: Path, path: str, content: bytes, expected: str | None) -> Path:
    """Write such a file, and bring it to the disk."""
    filled = filled_temp(root, path, content, expected)
    try:
        os.fsync(filled.descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            filled.place.unlink()
        raise
    finally:
        os.close(filled.descriptor)
    return filled.place


def _discard(temp: Path, spare: Path, displaced: Displaced | None) -> None:
    """Remove what a write that came to nothing has made, unless somebody's bytes stand in it by now."""
    with contextlib.suppress(OSError):
        temp.unlink()
    if os.path.lexists(spare) and not is_ours(spare):
        return
    with contextlib.suppress(OSError):
        spare.unlink()
    if displaced is not None:
        displaced.forget()


def _bytes_at(place: Path) -> bytes | None:
    """Return a file's bytes, None for what is no file that can be read."""
    try:
        return read(place.parent, place.name)
    except OSError:
        return None


def _digest_at(place: Path) -> str:
    content = _bytes_at(place)
    return "" if content is None else digest_of(content)


def _put_back(spare: Path, target: Path, written: str) -> list[bytes]:
    """Give the note back what somebody saved in the last moment before the exchange; the newest of it, if more came.

    Returns all that was saved, the oldest first. A note that was deleted meanwhile isn't brought back.
    """
    saved: list[bytes] = []
    placed = written
    with contextlib.suppress(FileNotFoundError):
        for _ in range(_ROUNDS):
            held = _bytes_at(spare)
            if held is not None:
                saved.append(held)
            exchange(spare, target)
            if _digest_at(spare) == placed:
                break
            # Somebody was faster again, and what came out just now is newer than what went in.
            placed = digest_of(held or b"")
    return saved


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
        content = read(target.parent, target.name)
    except FileNotFoundError:
        raise TargetChangedError(str(target)) from None
    if digest_of(content) != expected:
        raise TargetChangedError(str(target))
    return content


def _keep_attributes(target: Path, descriptor: int) -> None:
    """Give an open file the owner, mode and extended attributes of another, as far as the system lets us."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        raise TargetChangedError(str(target)) from None
    mine = os.fstat(descriptor)
    if (mine.st_uid, mine.st_gid) != (found.st_uid, found.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, found.st_uid, found.st_gid)
    # After the owner, whose change takes bits away.
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        for name in os.listxattr(target, follow_symlinks=False):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(target, name, follow_symlinks=False))


def place_new(temp: Path, target: Path) -> None:
    """Give a file a name that nobody has yet.

    Raises TargetChangedError if a file has it, WriteRefusedError if that is a folder's or a link's.
    """
    try:
        os.link(temp, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:
        # A file system without hard links; the window between the look and the rename stays.
        if os.path.lexists(target):
            raise _taken(target) from None
        temp.replace(target)
    else:
        temp.unlink()


def _taken(target: Path) -> Exception:
    """Return what stands in the way of a new file; what is no file will not be a note at the next look either."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(target).st_mode):
            return WriteRefusedError("something that is no file stands in its place; move it away")
    return TargetChangedError(str(target))


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


def identity_of(place: Path) -> tuple[int, int]:
    """Return device and inode of a folder or file; another pair means that another stands there. Raises OSError."""
    found = place.stat()
    return found.st_dev, found.st_ino
