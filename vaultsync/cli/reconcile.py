"""`vaultsync reconcile`: one cycle, its changes told in words, as a diff or as JSON."""

from __future__ import annotations

import contextlib
import difflib
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.cli.report import cycle_report, halted_report
from vaultsync.cli.terminal import console, safe
from vaultsync.clock import Clock
from vaultsync.cycle import no_progress
from vaultsync.errors import HaltError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from vaultsync.cycle import Outcome
    from vaultsync.cycle import Progress as ShowProgress

CHANGES = 1
PROBLEMS = 4
_SHOW_AFTER = 1.0  # seconds before a progress bar is worth its flicker


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
            with _progress() as show:
                wheel.wait_until_quiet()
                outcome = wheel.turn(dry_run=only_look, force=force, progress=show)
        except HaltError as error:
            if as_json:
                report = halted_report(name, str(error), time.monotonic() - began, dry_run=only_look)
                sys.stdout.write(report.model_dump_json() + "\n")
                raise typer.Exit(error.exit_code) from error
            raise
    seconds = time.monotonic() - began
    if as_json:
        sys.stdout.write(cycle_report(outcome, name, seconds, dry_run=only_look).model_dump_json() + "\n")
    else:
        if diff:
            _show_diff(outcome)
        _tell(outcome, seconds, dry_run=only_look)
    if check and outcome.texts:
        raise typer.Exit(CHANGES)
    if outcome.problems or outcome.plan.conflicts or outcome.skipped:
        raise typer.Exit(PROBLEMS)


def _tell(outcome: Outcome, seconds: float, *, dry_run: bool) -> None:
    """Say in a few lines what was done, and what needs somebody."""
    out = console()
    plan = outcome.plan
    verb = "would be" if dry_run else "were"
    changed = len(outcome.texts) if dry_run else len(outcome.written)
    if changed:
        drawn = len(plan.note_writes)
        out.print(f"{len(plan.edits)} lines and {drawn} index and overview notes {verb} written, in {changed} notes.")
    else:
        out.print("Everything is in step; nothing to write.")
    out.print(f"{outcome.notes} notes, {plan.tasks} tasks, {plan.people} people, {seconds:.1f} s.", style="dim")
    for conflict in plan.conflicts:
        rows = "; ".join(f"{where}: {value or 'none'}" for where, value in conflict.disagreement.rows.items())
        source = conflict.disagreement.source or "none"
        place = f"{conflict.path}:{conflict.line}"
        out.print(safe(f"conflict  {place}  {conflict.field}: the note says {source}; {rows}"), style="yellow")
    for problem in outcome.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        out.print(safe(f"problem  {place}  {problem.what}"), style="yellow")
    for path in outcome.skipped:
        out.print(safe(f"skipped  {path}  it is being written; run again"), style="yellow")


def _show_diff(outcome: Outcome) -> None:
    out = console()
    for path, (before, after) in sorted(outcome.texts.items()):
        old = [] if before is None else before.split("\n")
        lines = difflib.unified_diff(
            old, after.split("\n"), path if before is not None else "/dev/null", path, lineterm=""
        )
        for line in lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            out.print(safe(line), style=style)


@contextlib.contextmanager
def _progress() -> Iterator[ShowProgress]:
    """Show a bar on a terminal once the work has taken a second; nothing anywhere else."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    began = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if time.monotonic() - began < _SHOW_AFTER:
                return
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show
