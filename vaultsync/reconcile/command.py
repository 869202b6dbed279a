"""Change a task's status on command: as an edit of its row would, with all that a transition brings, but without a row.

Which tasks are meant, and which changes of them make sense, is decided by the command line; the merge of the rows is
left to the cycle that follows, to which the edit is like any other edit of the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.index.region import RegionRow
from vaultsync.reconcile.base import BaseTask
from vaultsync.reconcile.completion import completed_lines
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.snapshot import RowAt
from vaultsync.reconcile.task import merge_task
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaultsync.model import Role, TaskLine
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules

WHY = "set"


class CommandRefusedError(Exception):
    """The line can't be changed as commanded; the message says why."""


def command_edit(  # noqa: PLR0913 - the task, its neighbours and everything a transition is a function of
    source: SourceTask,
    role: Role,
    neighbours: Iterable[TaskLine],
    rules: Rules,
    roster: Roster,
    today: str,
    taken_ids: set[str],
) -> PlannedEdit:
    """Plan the edit that gives a task another role; the id of a next occurrence is added to `taken_ids`.

    `neighbours` are the task lines directly above and below (see `completion`). Raises CommandRefusedError.
    """
    line, symbol = source.task.line, rules.roles.symbol_for(role)
    # Rows are measured against themselves as last written, so this one need show no more than the status that changes.
    before, after = (f"- [{each}] task" for each in (line.symbol, symbol))
    row = RowAt("", "", RegionRow(1, "", after.encode(), source.task.path, line.block_id or ""))
    edit = edit_by_row(source, before, row, neighbours, rules, roster, today, taken_ids, WHY)
    if edit is None:
        raise CommandRefusedError(f"its status can't be changed to [{symbol}]")
    return edit


def edit_by_row(  # noqa: PLR0913 - the row as written and as it reads now, and all that a transition is a function of
    source: SourceTask,
    written: str,
    row: RowAt,
    neighbours: Iterable[TaskLine],
    rules: Rules,
    roster: Roster,
    today: str,
    taken_ids: set[str],
    why: str,
    conflicts: frozenset[str] = frozenset(),
) -> PlannedEdit | None:
    """Plan the edit of the source line that an edit of a row asks for, were it the only one; None if it asks for none.

    `conflicts` are the fields that this ends a conflict about.
    Raises CommandRefusedError.
    """
    line = source.task.line
    base = BaseTask("", source.task.path, line.text, conflicts, rows={row.note: written})
    merged = merge_task(base, source, [row], rules, roster, today)
    if merged.refusal:
        raise CommandRefusedError(merged.refusal)
    if merged.after == line.text:
        return None
    lines: tuple[str, ...] = (merged.after,)
    if merged.completed:
        lines = completed_lines(merged.after, line.text, neighbours, rules, today, taken_ids, recurs=True)
    for text in lines:
        read = parse_line(text, rules.tasks, hidden=rules.read_hidden_fields)
        if read is not None and read.block_id:
            taken_ids.add(read.block_id.lower())
    return PlannedEdit(*source.task.order, source.standing, lines, why)
