"""`vaultsync reconcile`: one cycle, its changes told in words, as a diff or as JSON."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.cli.report import cycle_report, halted_report
from vaultsync.cli.terminal import console, counted, print_json, progress, safe
from vaultsync.clock import Clock
from vaultsync.cycle import tell_nobody
from vaultsync.errors import HaltError

if TYPE_CHECKING:
    from vaultsync.cycle import Outcome

CHANGES = 1
PROBLEMS = 4


def reconcile_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and tell; write nothing.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show each change of a note as a diff.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if anything would change.")
    ] = False,
    as_json: JsonOption = False,
    force: Annotated[
        bool, typer.Option("--force", help="Go on where safety would halt, and draw over another layout.")
    ] = False,
) -> None:
    """Bring index notes and sources in step, once."""
    began = time.monotonic()
    only_look = dry_run or check
    with opened(vault, config, state_dir, Clock(today=today)) as wheel:
        name = "." if vault is None else str(vault)
        try:
            with progress() as show:
                wheel.wait_until_quiet()
                tell = _show_diff if diff and not as_json else tell_nobody
                outcome = wheel.turn(dry_run=only_look, force=force, progress=show, tell=tell)
        except HaltError as error:
            if as_json:
                report = halted_report(name, str(error), time.monotonic() - began, dry_run=only_look)
                print_json(report)
                raise typer.Exit(error.exit_code) from error
            raise
    seconds = time.monotonic() - began
    if as_json:
        print_json(cycle_report(outcome, name, seconds, dry_run=only_look))
    else:
        _tell(outcome, seconds, dry_run=only_look)
    if check and outcome.changes:
        raise typer.Exit(CHANGES)
    if outcome.problems or outcome.plan.conflicts or outcome.skipped:
        raise typer.Exit(PROBLEMS)


def _tell(outcome: Outcome, seconds: float, *, dry_run: bool) -> None:
    """Say in a few lines what was done, and what needs somebody."""
    out = console()
    plan = outcome.plan
    verb = "would be" if dry_run else "were"
    changed = len(outcome.changes) if dry_run else len(outcome.written)
    if changed:
        drawn = len(plan.note_writes)
        lines, notes = counted(len(plan.edits), "line"), counted(drawn, "index or overview note")
        out.print(f"{lines} and {notes} {verb} written, in {counted(changed, 'note')}.")
    else:
        out.print("Everything is in step; nothing to write.")
    out.print(f"{outcome.notes} notes, {plan.tasks} tasks, {plan.people} people, {seconds:.1f} s.", style="dim")
    for conflict in plan.conflicts:
        rows = "; ".join(f"{where}: {value or 'none'}" for where, value in conflict.disagreement.rows.items())
        source = conflict.disagreement.source or "none"
        place = conflict.path if conflict.line is None else f"{conflict.path}:{conflict.line}"
        out.print(safe(f"conflict  {place}  {conflict.field}: the note says {source}; {rows}"), style="yellow")
    for problem in outcome.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        out.print(safe(f"problem  {place}  {problem.what}"), style="yellow")
    for path in outcome.skipped:
        out.print(safe(f"skipped  {path}  it is being written; run again"), style="yellow")


def _show_diff(path: str, before: str | None, after: str) -> None:
    old = [] if before is None else before.split("\n")
    name = "/dev/null" if before is None else path
    out = console()
    for line in difflib.unified_diff(old, after.split("\n"), name, path, lineterm=""):
        out.print(safe(line), style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
