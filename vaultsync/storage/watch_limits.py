"""Whether a folder can be watched: file systems that don't tell of changes, limits of inotify. Linux tells the most.

What is done where it can't be watched is left to the watcher; what is said of it, to doctor as well.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final, Literal

Polling = Literal["auto", "on", "off"]

PROC: Final = Path("/proc")
# What others change there is not told to this machine's inotify (inotify(7), "Limitations and caveats").
_REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "vboxsf", "prl_fs", "virtiofs", "drvfs", "fakeowner"}
)
_LOCAL_FUSE: Final = frozenset({"fuseblk", "fuse.ntfs-3g"})
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def why_polling(root: Path, polling: Polling, proc: Path = PROC) -> str | None:
    """Return why a vault is to be polled, and what to do about it; None if the system's notifications are used."""
    if polling == "on":
        return "`watch.polling` is on"
    if polling == "off" or not sys.platform.startswith("linux"):
        return None
    kind = file_system(root, proc)
    if is_remote(kind):
        return f"the vault lies on {kind}, where changes made elsewhere are not told to this machine"
    limit = watch_limit(proc)
    if limit is None:
        return "this system has no inotify"
    folders = count_folders(root)
    return too_few(folders, limit) if folders >= limit else None


def too_few(folders: int, watches: int) -> str:
    """Say that there are more folders than watches, and how to get more."""
    return (
        f"the vault has {folders} folders and the system allows {watches} watches; "
        f"raise it: sudo sysctl fs.inotify.max_user_watches={roomy(folders)}"
    )


def roomy(folders: int) -> int:
    """Return a limit of watches with room for others, as such limits are written."""
    return max(524_288, 1 << (4 * folders).bit_length())


def count_folders(root: Path) -> int:
    """Return the number of folders that a watch of the vault takes, its own root among them."""
    return sum(1 for _ in os.walk(root))


def watch_limit(proc: Path = PROC) -> int | None:
    """Return how many watches a user may have; None without inotify."""
    return number_in(proc / "sys/fs/inotify/max_user_watches")


def watches_held(proc: Path = PROC) -> int | None:
    """Return how many watches this process has (proc(5), fdinfo); None where that can't be known."""
    held = 0
    try:
        for descriptor in (proc / "self/fd").iterdir():
            if leads_to_inotify(descriptor):
                lines = (proc / "self/fdinfo" / descriptor.name).read_text(encoding="ascii").split("\n")
                held += sum(line.startswith("inotify ") for line in lines)
    except OSError:
        return None
    return held


def leads_to_inotify(descriptor: Path) -> bool:
    """Tell whether a descriptor, as in /proc/PID/fd, is an inotify instance."""
    try:
        return descriptor.readlink() == Path("anon_inode:inotify")
    except OSError:
        return False


def number_in(file: Path) -> int | None:
    """Return the number that a file holds; None if it can't be read."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def is_remote(kind: str) -> bool:
    """Tell whether changes to a file system of this type may come from where this machine hears nothing of them."""
    return kind in _REMOTE or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)


def file_system(root: Path, proc: Path = PROC) -> str:
    """Return the type of the file system that a folder lies on, "" where that isn't known (proc(5), mountinfo)."""
    place = os.path.realpath(root)
    best, kind = "", ""
    try:
        lines = (proc / "self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except OSError:
        return ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        if len(parts) < 5 or not rest:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), parts[4])
        if (place == point or place.startswith(f"{point.rstrip('/')}/")) and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind
