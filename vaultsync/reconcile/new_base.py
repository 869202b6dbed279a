"""Say what the base records once a plan has landed: each task's line, and its rows as they then stand.

How records are merged against is `task`'s, and of tasks that are gone `vanish`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.reconcile.base import BaseTask, former_rows
from vaultsync.reconcile.records import Records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.focus import Part
    from vaultsync.reconcile.loose import Matched
    from vaultsync.reconcile.snapshot import RowAt, Snapshot, SourceTask
    from vaultsync.reconcile.task import Merged


def rows_shown(
    snapshot: Snapshot,
    drawn: Mapping[str, Mapping[str, str]],
    rows: Mapping[str, Sequence[RowAt]],
    part: Part,
    matched: Matched,
) -> Mapping[str, Mapping[str, str]]:
    """Return the rows as drawn, with those that are missing where no row is drawn anew now, as they were written.

    By what was written a line whose link is gone is known later.
    """
    shown = dict(drawn)
    for key, task in snapshot.base.items():
        here = {at.note for at in rows.get(key, ())}
        for note, text in task.rows.items():
            is_missing = note not in here and (note in part.standing.in_place or (note, key) in matched.unsure)
            if is_missing or note in part.others.notes or snapshot.is_held(note):
                known = shown.get(key, {})
                shown[key] = {**known, note: known.get(note, text)}
    return shown


def new_base(  # noqa: PLR0913 - what is recorded shows in all of these
    snapshot: Snapshot,
    merged: Mapping[str, Merged],
    quiet: AbstractSet[str],
    tasks: Sequence[SourceTask],
    rows: Mapping[str, Mapping[str, str]],
    copied: Mapping[str, Sequence[str]],
) -> Records:
    """Return the base records that this plan changes: of tasks that were known, and of those that now have a row.

    Of the `quiet` tasks only the rows may have come or gone. `copied` are the rows that conflict copies had: they have
    been heard then.
    """
    base = Records()
    for source in tasks:
        key = source.key
        if key is None or (key not in rows and key not in snapshot.base):
            continue
        outcome = merged.get(key)
        known, shown = snapshot.base.get(key), rows.get(key, {})
        if known is not None and (outcome is None or (key in quiet and known.rows == shown)):
            continue  # where it waits, so does its base
        conflicts = frozenset(outcome.disagreements) if outcome else frozenset[str]()
        former = former_rows(known, shown, copied.get(key, ()))
        record = BaseTask(key, source.task.path, source.task.text, conflicts, None, shown, former)
        if known != record or known.former != former:
            base[key] = record
    return base
