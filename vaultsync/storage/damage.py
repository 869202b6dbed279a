"""Tell a state that is no longer what was written from one that can't be reached, and say what may be done about it.

Who may do what is decided by the commands; setting aside is left to `state`.
"""

from __future__ import annotations

import sqlite3
from enum import Enum, auto
from typing import TYPE_CHECKING

from vaultsync.errors import DamagedStateError, StateError

if TYPE_CHECKING:
    from pathlib import Path


class OnDamage(Enum):
    """What to do about a damaged state."""

    REFUSE = auto()  # for whom an answer without the state would be wrong
    STAND_IN = auto()  # for who tells what a cycle would do: an empty state in memory; the file stays as it is
    SET_ASIDE = auto()  # for a cycle that holds the lock: the file is kept under another name, and a new one begun


def is_damage(error: Exception) -> bool:
    """Tell whether the file itself is at fault, and not the disk or the system, under which it may be whole."""
    is_about_content = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return not isinstance(error, sqlite3.OperationalError) or is_about_content or "decode to UTF-8" in str(error)


def told(error: Exception) -> str:
    """Return what SQLite found, on one line."""
    return " ".join(str(error).split())


def unreadable(file: Path, error: Exception) -> StateError:
    """Return what to raise where a state can't be read: what was found, and for a damaged one the way out."""
    if not is_damage(error):
        return StateError(f"{file}: the state can't be read: {error}")
    mend = "the next `vaultsync reconcile` or start of the daemon sets it aside and rebuilds it from the vault"
    return DamagedStateError(f"{file}: the state is damaged ({told(error)})", mend)


def set_aside(file: Path) -> Path:
    """Give a damaged state another name, beside the one to come; return it. For who holds the lock."""
    number = 1
    while (kept := file.with_name(f"{file.name}.corrupt-{number}")).exists():
        number += 1
    file.replace(kept)
    for companion in ("-wal", "-shm"):
        file.with_name(file.name + companion).unlink(missing_ok=True)
    return kept


def set_aside_before(file: Path) -> list[Path]:
    """Return the damaged states that lie beside this one: nothing else has what `log` and `undo` knew by then."""
    return sorted(file.parent.glob(f"{file.name}.corrupt-*"))
