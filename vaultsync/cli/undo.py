"""`vaultsync undo`: put back the lines that a run of the journal changed.

What is put back is decided below; the rows follow in the cycle that is turned afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from vaultsync.cli.log import EntryReport, entry_report, show_lines
from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultOption
from vaultsync.cli.report import ConflictReport, ProblemReport, conflict_line, conflict_report
from vaultsync.cli.terminal import console, print_json, safe
from vaultsync.clock import Clock
from vaultsync.errors import LockedError
from vaultsync.reconcile.putback import EXPECTED
from vaultsync.undo import UNDO, Undoing, plan_undo, run_to_undo, write_undo

if TYPE_CHECKING:
    from vaultsync.cycle import Wheel

_PROBLEMS = 4  # exit code: done, but something is left to be done by hand, or to be decided


class LeftReport(BaseModel):
    """An edit of the run that is left as it stands, and why."""

    path: str
    line: int
    before: str | None
    after: str | None
    what: str


class UndoReport(BaseModel):
    """What `undo` did, or in a dry run would do; without a run to undo, `undoes` is null."""

    vault: str
    undoes: int | None
    run: int | None
    dry_run: bool
    edits: list[EntryReport]
    left: list[LeftReport]
    conflicts: list[ConflictReport]
    problems: list[ProblemReport]


def undo_command(
    run: Annotated[
        int | None,
        typer.Argument(
            metavar="RUN", show_default=False, help="A run's number, from log; without it the last that isn't undone."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be put back; write nothing.")] = False,
    vault: VaultOption = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put back the lines that a run changed, where they still are as it wrote them."""
    clock = Clock(today=today)
    try:
        with opened(vault, config, state_dir, clock, command=UNDO, lock=not dry_run) as wheel:
            undoing = _undo(wheel, run, dry_run=dry_run, alone=True)
            alone = True
    except LockedError:
        # To whoever is at work here it is an edit like one made in Obsidian, and theirs to carry to the rows.
        with opened(vault, config, state_dir, clock, command=UNDO, lock=False) as wheel:
            undoing = _undo(wheel, run, dry_run=dry_run, alone=False)
            alone = False
    if as_json:
        print_json(_report(undoing, "." if vault is None else str(vault), dry_run=dry_run))
    else:
        _tell(undoing, dry_run=dry_run, alone=alone)
    if undoing and not undoing.is_whole:
        raise typer.Exit(_PROBLEMS)


def _undo(wheel: Wheel, number: int | None, *, dry_run: bool, alone: bool) -> Undoing | None:
    """Choose, plan, write, and turn the wheel once; None if there is nothing to undo."""
    if alone:
        wheel.wait_until_quiet()
    if alone and not dry_run:
        wheel.tidy_journal()
    run = run_to_undo(number, wheel)
    if run is None:
        return None
    wheel.turn(dry_run=True)  # halts if the vault as a whole looks wrong
    undoing = plan_undo(run, wheel)
    if dry_run:
        return undoing
    written = write_undo(undoing, wheel, alone=alone)
    if alone and written:
        outcome = wheel.turn(written)
        undoing.conflicts = tuple(each for each in outcome.plan.conflicts if each.key in undoing.keys)
    return undoing


def _report(undoing: Undoing | None, vault: str, *, dry_run: bool) -> UndoReport:
    if undoing is None:
        return UndoReport(
            vault=vault, undoes=None, run=None, dry_run=dry_run, edits=[], left=[], conflicts=[], problems=[]
        )
    entries = [(left, entry_report(left.edit)) for left in undoing.left]
    return UndoReport(
        vault=vault,
        undoes=undoing.run.number,
        run=undoing.number,
        dry_run=dry_run,
        edits=[entry_report(edit) for edit in undoing.edits],
        left=[
            LeftReport(path=entry.path, line=entry.line, before=entry.before, after=entry.after, what=left.what)
            for left, entry in entries
        ],
        conflicts=[conflict_report(conflict) for conflict in undoing.conflicts],
        problems=[ProblemReport(path=p.path, line=p.line, what=p.what) for p in undoing.problems],
    )


def _tell(undoing: Undoing | None, *, dry_run: bool, alone: bool) -> None:
    out = console()
    if undoing is None:
        out.print("There is nothing to undo.")
        return
    for edit in undoing.edits:
        out.print(safe(f"{edit.path}:{edit.line}"), style="dim")
        show_lines(out, edit)
    count = len(undoing.edits)
    verb = "would be put back" if dry_run else "put back"
    run = undoing.run
    out.print(f"Run {run.number} ({run.command}): {count} {'place' if count == 1 else 'places'} {verb}.")
    for left in undoing.left:
        style = "dim" if left.what in EXPECTED else "yellow"
        out.print(safe(f"left alone  {left.edit.path}:{left.edit.line}  {left.what}"), style=style)
    for conflict in undoing.conflicts:
        out.print(safe(conflict_line(conflict_report(conflict))), style="yellow")
    for problem in undoing.problems:
        out.print(safe(f"problem  {problem.path}  {problem.what}"), style="yellow")
    if undoing.number is not None:
        out.print(f"This is run {undoing.number}; `vaultsync undo {undoing.number}` takes it back.", style="dim")
        if not alone:
            out.print("Another vaultsync is at work on this vault; it carries the change to the rows.", style="dim")
