"""Look at the machine: whether the vault can be watched, and what stands in the state folder. Linux tells the most."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.errors import DamagedStateError, StateError
from vaultsync.reconcile.findings import Finding, Kind
from vaultsync.storage.damage import set_aside_before
from vaultsync.storage.journal import read_runs, reading
from vaultsync.storage.lock import read_holder
from vaultsync.storage.watch_limits import PROC, file_system, is_remote, leads_to_inotify, number_in, roomy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vaultsync.storage.watch_limits import Polling


@dataclass(frozen=True, slots=True)
class StateFolder:
    """What is kept of a vault outside of it; sizes in bytes."""

    folder: Path
    size: int
    runs: int
    backups: int
    backups_size: int


def watch_findings(root: Path, folders: int, polling: Polling, proc: Path = PROC) -> Iterator[Finding]:
    """Yield what keeps a daemon from noticing changes at once: limits of inotify, file systems that don't tell."""
    if polling == "on" or not (proc / "sys/fs/inotify").is_dir():
        return
    limits = proc / "sys/fs/inotify"
    watches, instances = number_in(limits / "max_user_watches"), number_in(limits / "max_user_instances")
    if watches is not None and folders >= watches:
        what = f"the vault has {folders} folders, and the system allows {watches} watches (fs.inotify.max_user_watches)"
        mend = f"raise it (sudo sysctl fs.inotify.max_user_watches={roomy(folders)}), or set `watch.polling: on`"
        yield Finding(Kind.WATCH, None, None, what, mend)
    elif watches is not None and folders * 2 >= watches:
        what = f"the vault's {folders} folders take half of the {watches} watches that all programs of a user share"
        mend = f"raise the limit: sudo sysctl fs.inotify.max_user_watches={roomy(folders)}"
        yield Finding(Kind.WATCH, None, None, what, mend)
    used = _instances_in_use(proc)
    if instances is not None and used >= instances:
        what = f"all {instances} inotify instances of this user are taken (fs.inotify.max_user_instances)"
        mend = f"raise it (sudo sysctl fs.inotify.max_user_instances={max(256, 2 * instances)}), or end a program"
        yield Finding(Kind.WATCH, None, None, what, mend)
    kind = file_system(root, proc)
    if is_remote(kind):
        what = f"the vault lies on {kind}, where changes made elsewhere are not told to this machine"
        mend = "the daemon polls it, unless `watch.polling` is off; run it where the files are, if you can"
        yield Finding(Kind.WATCH, None, None, what, mend)


def state_findings(folder: Path) -> Iterator[Finding]:
    """Yield a run that died, a state that can't be read, and those that were set aside for it."""
    file = folder / "state.db"
    for kept in set_aside_before(file):
        mend = "what log and undo knew until then is in it alone; delete it once nobody misses that"
        yield Finding(Kind.STATE, None, None, f"{kept}: a damaged state that was set aside", mend)
    if not file.exists():
        return
    try:
        with reading(file) as connection:
            runs = read_runs(connection)
    except DamagedStateError as error:
        yield Finding(Kind.STATE, None, None, error.what, error.mend)
        return
    except StateError as error:
        yield Finding(Kind.STATE, None, None, str(error), "until it can be read nothing is written")
        return
    dead = [run for run in runs if not run.ended]
    if dead and read_holder(folder) is None:
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


def _instances_in_use(proc: Path) -> int:
    """Count the inotify instances of this user's programs, as far as they can be seen."""
    count = 0
    for descriptors in proc.glob("[0-9]*/fd"):
        try:
            if descriptors.stat().st_uid != os.getuid():
                continue
            count += sum(leads_to_inotify(entry) for entry in descriptors.iterdir())
        except OSError:
            continue
    return count
