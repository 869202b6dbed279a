"""Say which tasks need nothing done now, and which have to wait: a side of theirs can't be read, or is being typed.

When a note may be read again is `waits`', what becomes of rows that wait `vanish`'s and `arrange`'s.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from vaultsync.index.rows import read_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.focus import Part
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.snapshot import RowAt, Snapshot


def quiet_and_waiting(
    snapshot: Snapshot, rows: Mapping[str, Sequence[RowAt]], part: Part
) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Return the tasks about which nothing is to be done, and those that may not be merged now."""
    unread = _unread_tasks(snapshot)
    quiet = part.quiet | _calm_keys(unread, snapshot, rows, part.located)
    return quiet, _waiting_keys(unread, snapshot, rows, part, quiet)


def _unread_tasks(snapshot: Snapshot) -> dict[str, BaseTask]:
    """Return the tasks that stand, or have a row, in a note that can't be read now."""
    is_held = cache(snapshot.is_held)
    known = snapshot.base.items()
    return {key: task for key, task in known if is_held(task.path) or any(map(is_held, task.rows))}


def _calm_keys(
    unread: Mapping[str, BaseTask], snapshot: Snapshot, rows: Mapping[str, Sequence[RowAt]], located: Located
) -> set[str]:
    """Return the unread tasks of which some index note that can't be read now has a row, and all else is as written.

    Nothing is to be done about them until that note can be read, and nothing is to be seen of that elsewhere.
    """
    calm: set[str] = set()
    for key, task in unread.items():
        source = located.by_key.get(key)
        if source is None or task.conflicts or (source.task.path, source.standing) != (task.path, task.line):
            continue
        readable = {(note, text) for note, text in task.rows.items() if not snapshot.is_held(note)}
        if sorted((at.note, at.row.text) for at in rows.get(key, ())) == sorted(readable):
            calm.add(key)
    return calm


def _waiting_keys(
    unread: Mapping[str, BaseTask],
    snapshot: Snapshot,
    rows: Mapping[str, Sequence[RowAt]],
    part: Part,
    quiet: AbstractSet[str],
) -> set[str]:
    """Return the tasks that may not be merged now, because one of their sides can't be read or is still being typed."""
    located, standing = part.located, part.standing
    waiting = {key for key, task in unread.items() if snapshot.is_held(task.path) or key not in quiet}
    waiting |= {
        key
        for key, source in located.by_key.items()
        if snapshot.is_held(source.task.path)
        or source.task.order in snapshot.refused
        or (source.mended_from is not None and source.task.path in snapshot.unstamped)
    }
    for key, places in rows.items():
        base = snapshot.base.get(key)
        if any(at.note in snapshot.unsettled and _is_reassigning(at, base, snapshot) for at in places):
            waiting.add(key)
        # Copies of a row in one note can only be told apart by drawing it anew.
        texts = {(at.note, at.row.text) for at in places if at.note in standing.in_place}
        if len(texts) > len({note for note, _ in texts}):
            waiting.add(key)
    # A row that may not be drawn with its new link would be taken for another task's next time.
    waiting |= {key for key in part.moved.values() if any(at.note in standing.frozen for at in rows.get(key, ()))}
    return waiting


def _is_reassigning(at: RowAt, base: BaseTask | None, snapshot: Snapshot) -> bool:
    """Tell whether a mention is being typed into the row (`@T`, `@To`, `@Tom` are three names on the way to one)."""
    written = base.rows.get(at.note) if base else None
    if written == at.row.text:
        return False
    now = read_row(at.row.text, None, snapshot.roster, snapshot.rules, at.row.block_id)
    before = read_row(written, None, snapshot.roster, snapshot.rules) if written else None
    return now is not None and now.mentions != (before.mentions if before else ())
