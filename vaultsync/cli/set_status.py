"""`vaultsync set`: accept, reject, start, finish or reopen tasks from the shell.

How a line changes, and what that brings with it, is left to the reconcile room; the rows, to the cycle that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

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
from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, StateDirOption, TodayOption, VaultOption
from vaultsync.cli.refs import tasks_at
from vaultsync.cli.report import conflict_line, conflict_report
from vaultsync.cli.surveyed import surveyed
from vaultsync.cli.terminal import console, safe
from vaultsync.clock import Clock
from vaultsync.command import plan_command, write_command
from vaultsync.errors import LockedError, VaultsyncError
from vaultsync.model import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.command import Commanded
    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.plan import Conflict
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.rules import Rules

_PROBLEMS = 4  # exit code: done, but problems or conflicts remain


class Verb(StrEnum):
    """What can be done to a task from the shell."""

    ACCEPT = "accept"
    REJECT = "reject"
    START = "start"
    DONE = "done"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class _Change:
    """The role that a verb gives, and those that it can be said of."""

    to: Role
    of: frozenset[Role]
    past: str  # "3 tasks ..."


_CHANGES = {
    Verb.ACCEPT: _Change(Role.TODO, frozenset({Role.PROPOSED}), "accepted"),
    Verb.REJECT: _Change(Role.REJECTED, OPEN_ROLES, "rejected"),
    Verb.START: _Change(Role.IN_PROGRESS, frozenset({Role.PROPOSED, Role.TODO}), "started"),
    Verb.DONE: _Change(Role.DONE, OPEN_ROLES, "done"),
    Verb.REOPEN: _Change(Role.TODO, frozenset({Role.DONE, Role.REJECTED}), "reopened"),
}


class SetError(VaultsyncError):
    """The command asks for something that can't be done; nothing was changed."""


def set_command(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="REF", show_default=False, help="A block id or NOTE:LINE.")
    ] = None,
    *,
    status: Annotated[
        str, typer.Argument(metavar="STATUS", show_default=False, help=f"What to do: {', '.join(Verb)}.")
    ],
    where: Annotated[bool, typer.Option("--where", help="Take the tasks that the filters let through.")] = False,
    person: PersonOption = None,
    role: RoleOption = None,
    due_before: DueBeforeOption = None,
    overdue: OverdueOption = False,
    note: NoteOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be changed; write nothing.")] = False,
    vault: VaultOption = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
) -> None:
    """Change the status of tasks: accept, reject, start, done or reopen."""
    refs = refs or []
    change = _CHANGES[_verb(status)]
    filters = Filters(person or (), role or (), due_before, overdue, note or ())
    _check_usage(refs, filters, where=where)
    clock = Clock(today=today)
    try:
        with opened(vault, config, state_dir, clock, command="set", lock=not dry_run) as wheel:
            problems = _set(wheel, refs, filters, change, dry_run=dry_run, alone=True)
    except LockedError:
        # To whoever is at work here it is an edit like one made in Obsidian, and theirs to carry to the rows.
        with opened(vault, config, state_dir, clock, command="set", lock=False) as wheel:
            problems = _set(wheel, refs, filters, change, dry_run=dry_run, alone=False)
    if problems:
        raise typer.Exit(_PROBLEMS)


def _verb(word: str) -> Verb:
    try:
        return Verb(word.lower())
    except ValueError:
        accepted = ", ".join(Verb)
        raise SetError(f"{word!r} is no status; accepted are {accepted}, behind the tasks") from None


def _check_usage(refs: Sequence[str], filters: Filters, *, where: bool) -> None:
    if where and refs:
        raise SetError("give tasks or --where, not both")
    if where and not filters:
        raise SetError("--where needs a filter (--person, --role, --due-before, --overdue, --note)")
    if filters and not where:
        raise SetError("filters are for --where; add it, or leave them out")
    if not where and not refs:
        raise SetError("which tasks? give block ids or NOTE:LINE before the status, or --where and filters")


def _set(wheel: Wheel, refs: Sequence[str], filters: Filters, change: _Change, *, dry_run: bool, alone: bool) -> bool:
    """Plan, write, and turn the wheel once; tell whether problems or conflicts remain."""
    if alone:
        wheel.wait_until_quiet()
    if alone and not dry_run:
        wheel.tidy_journal()
    if alone:
        wheel.turn(dry_run=True)  # halts if the vault as a whole looks wrong
    else:
        wheel.look()  # whoever is at work here sees to that
    found = surveyed(wheel)
    rules = wheel.settings.rules
    if refs:
        tasks = _applicable(tasks_at(refs, found), change, rules)
    else:
        every = selected(found, filters, rules)
        tasks = [source for source in every if rules.roles.role_of(source.task.line.symbol) in change.of]
    commanded = plan_command(tasks, change.to, found, wheel)
    conflicts: list[Conflict] = []
    if not dry_run:
        written = write_command(commanded, wheel, alone=alone)
        if alone and written:
            keys = {source.key for source in tasks}
            conflicts = [each for each in wheel.turn(written).plan.conflicts if each.key in keys]
    _tell(commanded, conflicts, change, dry_run=dry_run)
    if commanded.edits and not alone and not dry_run:
        console().print("Another vaultsync is at work on this vault; it carries the change to the rows.", style="dim")
    return bool(commanded.problems or conflicts)


def _tell(commanded: Commanded, conflicts: Sequence[Conflict], change: _Change, *, dry_run: bool) -> None:
    out = console()
    for edit in commanded.edits:
        out.print(safe(f"{edit.path}:{edit.line}"), style="dim")
        out.print(safe(f"- {edit.before.strip()}"), style="red")
        for line in edit.after:
            out.print(safe(f"+ {line.strip()}"), style="green")
    count = len(commanded.edits)
    out.print(f"{count} {'task' if count == 1 else 'tasks'} {'would be ' if dry_run else ''}{change.past}.")
    for conflict in conflicts:
        out.print(safe(conflict_line(conflict_report(conflict))), style="yellow")
    for problem in commanded.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        out.print(safe(f"problem  {place}  {problem.what}"), style="yellow")


def _applicable(tasks: Sequence[SourceTask], change: _Change, rules: Rules) -> list[SourceTask]:
    """Return the tasks less those that are already as asked. Raises SetError for one of which that can't be asked."""
    applicable: list[SourceTask] = []
    mistakes: list[str] = []
    for source in tasks:
        role = rules.roles.role_of(source.task.line.symbol)
        place = f"{source.task.path}:{source.task.number}"
        if role is change.to:
            console().print(safe(f"{place} is {role} already"), style="dim")
        elif role in change.of:
            applicable.append(source)
        else:
            what = role or f"[{source.task.line.symbol}], a status without a role"
            mistakes.append(f"{place} is {what}; only what is {' or '.join(sorted(change.of))} can be {change.past}")
    if mistakes:
        raise SetError("\n".join([*mistakes, "nothing was changed"]))
    return applicable
