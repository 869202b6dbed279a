"""Say which edit of a file ends a conflict in favour of one side: one that makes both sides alike.

A kept row changes the source line, with all that a transition brings; a kept source changes the rows. What is in
conflict is found by a plan, and the next plan needs no word of what was decided: it finds the sides agreed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vaultsync.index.links import find_row_link
from vaultsync.index.region import VALUE_MARK, RegionRow
from vaultsync.index.rows import DATE_FIELDS, FIELDS, linked_row, read_row, shown_values, with_own
from vaultsync.model import INVALID
from vaultsync.reconcile.command import CommandRefusedError, edit_by_row
from vaultsync.reconcile.completion import completed_lines
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.snapshot import RowAt, SourceTask
from vaultsync.reconcile.task import merge_task
from vaultsync.tasks.line import BLOCK_ID, facts_of, parse_line
from vaultsync.tasks.note import Task
from vaultsync.tasks.text import text_reader

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from vaultsync.index.rows import RowValues
    from vaultsync.model import TaskLine
    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.sides import Disagreement
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules

WHY = "resolve"

_ROWS_OWN_ID = re.compile(rf" \^{BLOCK_ID.pattern}\s*\Z")


def differing(disagreement: Disagreement) -> dict[str, str]:
    """Return what those rows hold that don't hold the source's value, by index note."""
    return {note: value for note, value in disagreement.rows.items() if value != disagreement.source}


def edits_of_rows(  # noqa: PLR0913 - task, rows and fields, and what reading them is a function of
    source: SourceTask,
    rows: Iterable[RowAt],
    fields: Collection[str],
    disputed: Collection[str],
    rules: Rules,
    roster: Roster,
) -> list[PlannedEdit]:
    """Return the edits that give rows the source's values in some of the `disputed` fields; each keeps its others."""
    shown = shown_values(source.task.line, source.text, source.task.path, rules)
    edits: list[PlannedEdit] = []
    for at in rows:
        own = read_row(at.row.text, source.task.line.recurrence, roster, rules, at.row.block_id)
        if own is None or with_own(shown, own, _ordered(fields)) == shown:
            continue
        others = [name for name in _ordered(disputed) if name not in fields]
        own_id = _ROWS_OWN_ID.search(at.row.text)
        text = _row(with_own(shown, own, others), source, rules) + (own_id[0].rstrip() if own_id else "")
        indent = at.row.indent
        edits.append(PlannedEdit(at.note, at.row.number, indent + at.row.text, (indent + text,), WHY))
    return edits


def edit_of_source(  # noqa: PLR0913 - the task, the row that speaks and everything a transition is a function of
    source: SourceTask,
    at: RowAt,
    fields: Collection[str],
    neighbours: Iterable[TaskLine],
    rules: Rules,
    roster: Roster,
    today: str,
    taken_ids: set[str],
) -> PlannedEdit:
    """Return the edit that gives the source line what a row holds in some fields, as if the row had just been changed.

    The id of a next occurrence is added to `taken_ids`. Raises CommandRefusedError.
    """
    shown = shown_values(source.task.line, source.text, source.task.path, rules)
    own = read_row(at.row.text, source.task.line.recurrence, roster, rules, at.row.block_id)
    if own is None:
        raise CommandRefusedError("the row is no task line any more")
    for name in DATE_FIELDS:
        if name in fields and getattr(own, name) == INVALID:
            raise CommandRefusedError(f"the {name} date in the row is no day of the calendar")
    kept = _row(with_own(shown, own, _ordered(fields)), source, rules)
    row = RowAt(at.note, at.person, RegionRow(1, "", kept.encode(), source.task.path, source.task.block_id or ""))
    written = _row(shown, source, rules)
    edit = edit_by_row(source, written, row, neighbours, rules, roster, today, taken_ids, WHY, frozenset(fields))
    if edit is None:
        raise CommandRefusedError(f"its {', '.join(_ordered(fields))} can't be changed to what the row holds")
    return edit


def lines_of_orphan(  # noqa: PLR0913 - the record, the rows and everything a transition is a function of
    task: BaseTask, rows: Sequence[RowAt], rules: Rules, roster: Roster, today: str, taken_ids: set[str]
) -> tuple[str, ...]:
    """Return the lines of a task that is gone from its note, with what somebody edited in its rows.

    Raises CommandRefusedError where rows say different things, or the line can't be written so.
    """
    line = parse_line(task.line, rules.tasks, hidden=rules.read_hidden_fields)
    if line is None:
        raise CommandRefusedError("its line can't be read any more; type the task anew")
    source = SourceTask(Task.of(task.path, 1, line, rules), text_reader(roster, rules.assignees), (), facts_of(line))
    merged = merge_task(task, source, rows, rules, roster, today)
    if merged.refusal or merged.disagreements:
        raise CommandRefusedError(merged.refusal or "its rows hold different values; give the path of one")
    lines: tuple[str, ...] = ()
    if merged.completed:
        lines = completed_lines(merged.after, task.line, (), rules, today, taken_ids, recurs=True, removable=False)
    return tuple(text[len(line.indentation) :] for text in lines or (merged.after,))


def removals(rows: Iterable[RowAt]) -> list[PlannedEdit]:
    """Return the edits that take rows out; over lines that somebody wrote beneath one, its link stays without a box."""
    edits: list[PlannedEdit] = []
    for at in rows:
        row = at.row
        has_own = any(line.strip() and not line.lstrip(" \t>").startswith(VALUE_MARK) for line in row.beneath)
        link = find_row_link(row.text, row.block_id) if has_own else None
        after = (f"{row.indent}- {row.text[link.start : link.end]}",) if link else ()
        edits.append(PlannedEdit(at.note, row.number, row.indent + row.text, after, WHY))
    return edits


def _ordered(fields: Collection[str]) -> list[str]:
    return [name for name in FIELDS if name in fields]


def _row(values: RowValues, source: SourceTask, rules: Rules) -> str:
    return linked_row(values, source.task.line, source.task.path, None, rules)
