"""Look at a plan as a whole: an emptied vault or a mass deletion stops the cycle before anything is written.

Whether the root still is the folder that it was is for `cycle` to say, within one process: its device and inode change
with a reboot or a restored backup, and a halt that is a false alarm teaches people to force. Another folder in its
place has other notes, which is seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot


def suspicious(  # noqa: PLR0913 - the plan, what it is compared with, and the settings
    plan: Plan,
    snapshot: Snapshot,
    seen: Mapping[str, str],
    looked_at: AbstractSet[str],
    wants: Callable[[str], bool],
    max_vanished: float,
    min_known: int,
) -> str | None:
    """Return why the cycle must halt, in a sentence, None if nothing speaks against the plan.

    It halts when the base knows tasks and no note is left, or when more than `max_vanished` (a share) of at least
    `min_known` known tasks, or of the notes `seen` at the last turn (path -> digest), are nowhere. Notes that the
    settings no longer want (`wants`) haven't vanished. All notes but those `looked_at` since then are as they were.
    """
    known = len(snapshot.base)
    if known and not snapshot.notes:
        return f"the vault looks empty, and {known} tasks were known in it; is it mounted?"
    if known >= min_known and plan.missing > max_vanished * known:
        return _too_many(plan.missing, known, "tasks", max_vanished)
    gone = [
        path
        for path in looked_at
        if path in seen and path not in snapshot.notes and not snapshot.is_held(path) and wants(path)
    ]
    if len(seen) >= min_known and len(gone) > max_vanished * len(seen):
        vanished = _vanished_notes(plan, snapshot, seen, looked_at, gone)
        return _too_many(vanished, len(seen), "notes", max_vanished) if vanished > max_vanished * len(seen) else None
    return None


def _vanished_notes(
    plan: Plan, snapshot: Snapshot, seen: Mapping[str, str], looked_at: AbstractSet[str], gone: Sequence[str]
) -> int:
    """Return how many of the notes that are gone have vanished: their bytes, and all of their tasks, stand nowhere."""
    arrived = {snapshot.notes[path].digest for path in looked_at & snapshot.notes.keys() if path not in seen}
    left = {snapshot.base[key].path for key, task in plan.base.items() if key in snapshot.base}
    left -= {task.path for task in plan.base.values()}
    return sum(seen[path] not in arrived and path not in left for path in gone)


def _too_many(gone: int, known: int, what: str, max_vanished: float) -> str:
    return f"{gone} of {known} known {what} have vanished, more than `safety.max_vanished` ({max_vanished:g}) allows."
