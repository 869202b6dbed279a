"""Decide what becomes of known tasks that are nowhere to be found: absence is not deletion (hazards, rule 8)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from vaultsync.index.rows import read_row, row_settings
from vaultsync.model import Problem, Role
from vaultsync.reconcile.arrange import Entry
from vaultsync.reconcile.base import TAKEN_OUT
from vaultsync.reconcile.rollup import sort_key
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.snapshot import RowAt, Snapshot

GONE = "the note no longer has this task; delete this row to let it go"
ORPHANED = "source"  # stands in `BaseTask.conflicts` of a task that is gone while its row was edited


@dataclass(frozen=True, slots=True)
class Vanished:
    """The outcome for all tasks that are nowhere: rows to keep, by key; base records to change or to forget."""

    remarks: Mapping[str, str | None]  # keys whose rows stay, and the remark beneath them
    base: Mapping[str, BaseTask]
    forgotten: frozenset[str]
    missing: int
    wait: float | None
    problems: tuple[Problem, ...]


def vanished_tasks(
    snapshot: Snapshot, rows: Mapping[str, Sequence[RowAt]], found: AbstractSet[str], in_place: AbstractSet[str]
) -> Vanished:
    """Look at each task of the base and each row that has no source line.

    A task is gone once it has been missing for `absent_delay` in a vault that could be read. Its row then goes, unless
    somebody edited it: that row stays among the conflicts until it is deleted. A row that the base doesn't know waits
    for its source to arrive. A task is not forgotten while a row of it stands in a note that is
    only written `in_place`, nor while its note is there with nothing in it: who empties a note first and fills it
    then hasn't deleted anything.
    """
    remarks: dict[str, str | None] = {key: None for key in rows if key not in found and key not in snapshot.base}
    base: dict[str, BaseTask] = {}
    forgotten: set[str] = set()
    emptied: Counter[str] = Counter()
    missing = 0
    waits: list[float] = []
    for key, task in snapshot.base.items():
        if key in found or snapshot.is_held(task.path):
            continue
        if (note := snapshot.notes.get(task.path)) and note.blank and task.missing_since != TAKEN_OUT:
            emptied[task.path] += 1
            remarks[key] = None
            base[key] = replace(task, missing_since=None)
            continue
        missing += 1
        since = min(task.missing_since, snapshot.now) if task.missing_since is not None else snapshot.now
        left = since + snapshot.absent_delay - snapshot.now
        at = rows.get(key, ())
        if left > 0:
            remarks[key] = None
            base[key] = replace(task, missing_since=since)
            waits.append(left)
        elif _is_disputed(task, at, snapshot):
            remarks[key] = GONE
            base[key] = replace(task, missing_since=since, conflicts=task.conflicts | {ORPHANED})
        elif any(snapshot.is_held(note) for note in task.rows):
            remarks[key] = None  # an index note that can't be read now may hold an edit
        elif any(row.note in in_place for row in at):
            base[key] = replace(task, missing_since=since)
        else:
            forgotten.add(key)
    changed = {key: task for key, task in base.items() if snapshot.base[key] != task}
    problems = tuple(Problem(path, None, _emptied(emptied[path])) for path in sorted(emptied))
    return Vanished(remarks, changed, frozenset(forgotten), missing, min(waits, default=None), problems)


def _emptied(tasks: int) -> str:
    known = "a task was known in it" if tasks == 1 else f"{tasks} tasks were known in it"
    them = "it" if tasks == 1 else "them"
    return f"is empty, though {known}; write something into it or delete it to let {them} go"


def kept_entries(
    remarks: Mapping[str, str | None], rows: Mapping[str, Sequence[RowAt]], snapshot: Snapshot
) -> dict[str, list[Entry]]:
    """Return the rows that stay as they stand, by person: those of tasks that wait or have vanished."""
    kept: dict[str, list[Entry]] = defaultdict(list)
    for key in sorted(remarks):
        base = snapshot.base.get(key)
        for at in rows.get(key, ()):
            line = parse_line(base.line if base else at.row.text, row_settings(snapshot.rules), hidden=True)
            if line is None:
                continue
            path = base.path if base else at.row.path
            note = snapshot.notes.get(path)
            order = sort_key(line, note.date if note else None, path, at.row.number)
            kept[at.person].append(Entry(order, kept=at, remark=remarks[key]))
    return dict(kept)


def _is_disputed(task: BaseTask, rows: Sequence[RowAt], snapshot: Snapshot) -> bool:
    """Tell whether a row of a task that has gone says what nothing else does: it was edited, or is in conflict.

    Of one that says `🏁 delete` a ticked row isn't an edit but why it went: a run that died took it out.
    """
    rules = snapshot.rules
    line = parse_line(task.line, rules.tasks, hidden=rules.read_hidden_fields)
    if line is not None and line.on_completion == "delete":
        rows = [at for at in rows if not _is_done(at, snapshot)]
    return any(_is_edited(at, task, snapshot) for at in rows) or (bool(rows) and bool(task.conflicts))


def _is_done(at: RowAt, snapshot: Snapshot) -> bool:
    now = read_row(at.row.text, None, snapshot.roster, snapshot.rules, at.row.block_id)
    return now is not None and snapshot.rules.roles.role_of(now.symbol) is Role.DONE


def _is_edited(at: RowAt, task: BaseTask, snapshot: Snapshot) -> bool:
    """Tell whether a row isn't as written; in a note that the base doesn't know, renamed say, as none ever was."""
    written = task.rows.get(at.note)
    known = [written] if written is not None else [*task.rows.values(), *task.former]
    if at.row.text in known:
        return False
    as_row = partial(read_row, rule=None, roster=snapshot.roster, rules=snapshot.rules, block_id=at.row.block_id)
    now = as_row(at.row.text)
    return now is not None and all(now != as_row(text) for text in known)
