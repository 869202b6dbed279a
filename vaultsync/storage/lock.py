"""One vaultsync a vault and machine: a lock that the system frees when its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from vaultsync.errors import LockedError, StateError
from vaultsync.storage.heartbeat import is_running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOLDER = "holder"


@contextlib.contextmanager
def vault_lock(folder: Path, root: Path) -> Iterator[None]:
    """Hold the lock of a vault's state folder.

    Raises LockedError, which says who holds it, without waiting; StateError if the folder can't be used.
    """
    holder = folder / _HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(folder / "lock", timeout=0)
        lock.acquire()
    except Timeout:
        with contextlib.suppress(OSError):
            raise LockedError(f"{root}: another vaultsync is at work here, {holder.read_text().strip()}") from None
        raise LockedError(f"{root}: another vaultsync is at work here") from None
    except OSError as error:
        raise StateError(f"{folder}: the state folder can't be used ({error.strerror}); set --state-dir") from error
    try:
        # Who holds it is a courtesy: the lock holds without it.
        with contextlib.suppress(OSError):
            holder.write_text(f"process {os.getpid()}\n")
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def read_holder(folder: Path) -> int | None:
    """Return the process that says it holds the lock, None if it has ended; the lock isn't touched for it."""
    try:
        pid = int((folder / _HOLDER).read_text(encoding="ascii").removeprefix("process "))
    except (OSError, ValueError):
        return None
    return pid if sys.platform == "win32" or is_running(pid) else None
