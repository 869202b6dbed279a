"""`vaultsync tasks`: list the tasks of a vault. It only reads: neither the vault nor its state is changed or locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from vaultsync.cli.filters import (
    OPEN_ROLES,
    DueBeforeOption,
    Filters,
    NoteOption,
    OverdueOption,
    PersonOption,
    RoleOption,
    selected,
)
from vaultsync.cli.opening import find_vault
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.cli.surveyed import surveyed_unopened
from vaultsync.cli.terminal import console, print_json, safe
from vaultsync.clock import Clock
from vaultsync.model import INVALID, Priority, Role
from vaultsync.settings import load_settings
from vaultsync.tasks.people import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.rules import Rules

_PRESSING = ("highest", "high")


class TaskReport(BaseModel):
    """One task, as scripts read it; dates are `YYYY-MM-DD`, or `invalid` for what is no day."""

    path: str
    line: int  # from 1
    id: str | None  # the block id, without "^"
    status: str  # the symbol in the box
    role: Role | None
    text: str  # without fields, tags and the mentions at its end
    tags: list[str]
    assignees: list[str]
    priority: Priority
    created: str | None
    start: str | None
    scheduled: str | None
    due: str | None
    done: str | None
    cancelled: str | None
    recurrence: str | None


def tasks_command(
    vault: VaultArgument = None,
    person: PersonOption = None,
    role: RoleOption = None,
    due_before: DueBeforeOption = None,
    overdue: OverdueOption = False,
    note: NoteOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,  # noqa: ARG001 - scripts give it to every command; this one needs no state
    today: TodayOption = None,
) -> None:
    """List tasks: all of them, or those that every filter lets through."""
    settings = load_settings(find_vault(vault), config)
    clock = Clock(today=today)
    scanner, found = surveyed_unopened(settings, clock)
    filters = Filters(person or (), role or (), due_before, overdue, note or ())
    tasks = selected(found, filters, settings.rules)
    if as_json:
        print_json([task_report(source, settings.rules) for source in tasks])
        return
    out = console()
    if out.is_terminal:
        _show_table(out, tasks, found.today, settings.rules)
    else:
        for source in tasks:
            out.print(plain_line(source))
    unread = len(scanner.unreadable) + sum(note.held is not None for note in scanner.notes.values())
    if unread:
        console(stderr=True).print(
            f"{unread} notes or folders couldn't be read; vaultsync reconcile --dry-run names them"
        )


def task_report(source: SourceTask, rules: Rules) -> TaskReport:
    """Report one task."""
    line = source.task.line
    return TaskReport(
        path=source.task.path,
        line=source.task.number,
        id=line.block_id,
        status=line.symbol,
        role=rules.roles.role_of(line.symbol),
        text=source.text.prose,
        tags=list(source.text.tags),
        assignees=list(source.assignees),
        priority=line.priority,
        created=line.created,
        start=line.start,
        scheduled=line.scheduled,
        due=line.due,
        done=line.done,
        cancelled=line.cancelled,
        recurrence=line.recurrence,
    )


def plain_line(source: SourceTask) -> str:
    """Return a task as one line: `path:line [c] text @who due`."""
    line = source.task.line
    who = [f"@{name}" for name in source.assignees if name != UNASSIGNED]
    pieces = [f"{source.task.path}:{source.task.number}", f"[{line.symbol}]", source.text.prose, *who, line.due or ""]
    return safe(" ".join(piece for piece in pieces if piece))


def _show_table(out: Console, tasks: Sequence[SourceTask], today: str, rules: Rules) -> None:
    if not tasks:
        out.print("No tasks.", style="dim")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Task", ratio=3, overflow="fold")
    table.add_column("Who", overflow="fold")
    table.add_column("Due", no_wrap=True)
    table.add_column("Where", ratio=2, overflow="fold", style="dim")
    for source in tasks:
        line = source.task.line
        is_open = rules.roles.role_of(line.symbol) in OPEN_ROLES
        is_late = is_open and line.due is not None and (line.due == INVALID or line.due < today)
        who = ", ".join(name for name in source.assignees if name != UNASSIGNED)
        table.add_row(
            f"[{safe(line.symbol)}]",
            Text(safe(source.text.prose), "bold" if line.priority in _PRESSING else ""),
            safe(who),
            Text(line.due or "", "red" if is_late else ""),
            f"{safe(source.task.path)}:{source.task.number}",
            style="" if is_open else "dim",
        )
    out.print(table)
    out.print(f"{len(tasks)} tasks", style="dim")
