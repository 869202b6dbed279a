"""Look at the machine: whether the vault can be watched, and what stands in the state folder. Linux tells the most."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vaultsync.reconcile.findings import Finding, Kind
from vaultsync.storage.journal import StateError, read_runs, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.storage.watcher import Polling

# What others change there is not told to this machine's inotify (inotify(7), "Limitations and caveats").
_REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "vboxsf", "prl_fs", "virtiofs", "drvfs"}
)
_LOCAL_FUSE: Final = frozenset({"fuseblk", "fuse.ntfs-3g"})


@dataclass(frozen=True, slots=True)
class StateFolder:
    """What is kept of a vault outside of it; sizes in bytes."""

    folder: Path
    size: int
    runs: int
    backups: int
    backups_size: int


def watch_findings(root: Path, folders: int, polling: Polling, proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Yield what keeps a daemon from noticing changes at once: limits of inotify, file systems that don't tell."""
    if polling == "on" or not (proc / "sys/fs/inotify").is_dir():
        return
    limits = proc / "sys/fs/inotify"
    watches, instances = _number(limits / "max_user_watches"), _number(limits / "max_user_instances")
    if watches is not None and folders >= watches:
        what = f"the vault has {folders} folders, and the system allows {watches} watches (fs.inotify.max_user_watches)"
        mend = f"raise it (sudo sysctl fs.inotify.max_user_watches={_roomy(folders)}), or set `watch.polling: on`"
        yield Finding(Kind.WATCH, None, None, what, mend)
    elif watches is not None and folders * 2 >= watches:
        what = f"the vault's {folders} folders take half of the {watches} watches that all programs of a user share"
        mend = f"raise the limit: sudo sysctl fs.inotify.max_user_watches={_roomy(folders)}"
        yield Finding(Kind.WATCH, None, None, what, mend)
    used = _instances_in_use(proc)
    if instances is not None and used >= instances:
        what = f"all {instances} inotify instances of this user are taken (fs.inotify.max_user_instances)"
        mend = f"raise it (sudo sysctl fs.inotify.max_user_instances={max(256, 2 * instances)}), or end a program"
        yield Finding(Kind.WATCH, None, None, what, mend)
    kind = _file_system(root, proc)
    if kind in _REMOTE or (kind.startswith("fuse") and kind not in _LOCAL_FUSE):
        what = f"the vault lies on {kind}, where changes made elsewhere are not told to this machine"
        yield Finding(Kind.WATCH, None, None, what, "set `watch.polling: on` for the daemon")


def state_findings(folder: Path) -> Iterator[Finding]:
    """Yield a run that died, and a state that can't be read."""
    file = folder / "state.db"
    if not file.exists():
        return
    try:
        with reading(file) as connection:
            runs = read_runs(connection)
    except StateError as error:
        mend = "the next cycle sets a corrupt one aside and makes it anew from the vault"
        yield Finding(Kind.STATE, None, None, str(error), mend)
        return
    dead = [run for run in runs if not run.ended]
    if dead and not _is_held(folder):
        numbers = ", ".join(str(run.number) for run in reversed(dead))
        what = f"run {numbers} of the journal ({dead[0].command}) began and never ended"
        mend = "--fix finds out which of its edits landed, and so does the next cycle"
        yield Finding(Kind.STATE, None, None, what, mend, fixable=True)


def measure_state(folder: Path) -> StateFolder | None:
    """Measure a state folder; None where nothing is kept yet."""
    if not (folder / "state.db").exists():
        return None
    sizes = _sizes(folder)
    backups = _sizes(folder / "backups")
    try:
        with reading(folder / "state.db") as connection:
            runs = len(read_runs(connection))
    except StateError:
        runs = 0
    return StateFolder(folder, sum(sizes) + sum(backups), runs, len(backups), sum(backups))


def _sizes(folder: Path) -> list[int]:
    try:
        with os.scandir(folder) as entries:
            return [entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []


def _is_held(folder: Path) -> bool:
    """Tell whether the vaultsync that says it is at work on this vault is alive."""
    if os.name != "posix":
        return (folder / "holder").exists()
    try:
        os.kill(int((folder / "holder").read_text(encoding="ascii").split()[-1]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, IndexError):
        return False
    return True


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _roomy(folders: int) -> int:
    """Return a limit with room for others, as such limits are written."""
    return max(524_288, 1 << (4 * folders).bit_length())


def _instances_in_use(proc: Path) -> int:
    """Count the inotify instances of this user's programs, as far as they can be seen."""
    count = 0
    for descriptors in proc.glob("[0-9]*/fd"):
        try:
            if descriptors.stat().st_uid != os.getuid():
                continue
            count += sum(_leads_to_inotify(entry) for entry in descriptors.iterdir())
        except OSError:
            continue
    return count


def _leads_to_inotify(descriptor: Path) -> bool:
    try:
        return descriptor.readlink() == Path("anon_inode:inotify")
    except OSError:
        return False


def _file_system(root: Path, proc: Path) -> str:
    """Return the type of the file system that a folder lies on, "" where that isn't known (proc(5), mountinfo)."""
    place = os.path.realpath(root)
    best, kind = "", ""
    try:
        lines = (proc / "self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        if len(parts) < 5 or not rest:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = parts[4].replace("\\040", " ")
        if (place == point or place.startswith(f"{point.rstrip('/')}/")) and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind
