"""`vaultsync reconcile`: one cycle, its changes told in words, as a diff or as JSON."""

from __future__ import annotations

import datetime as dt
import difflib
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.opening import entered, wheel_of
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.cli.report import SKIPPED, conflict_line, cycle_report, halted_report, resting_report
from vaultsync.cli.terminal import console, counted, print_json, progress, safe
from vaultsync.clock import Clock
from vaultsync.errors import HaltError
from vaultsync.rest import still_at_rest
from vaultsync.storage.damage import OnDamage
from vaultsync.storage.heartbeat import Heartbeat

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.cli.report import CycleReport
    from vaultsync.outcome import Outcome
    from vaultsync.settings import Settings

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
    name = "." if vault is None else str(vault)
    clock = Clock(today=today)
    with entered(vault, config, state_dir) as (settings, state_file):
        if not force and (rest := still_at_rest(settings, state_file, clock)):
            outcome = None
            seconds = time.monotonic() - began
            report = resting_report(rest, name, seconds, dry_run=only_look)
            if not only_look:
                at = dt.datetime.fromtimestamp(clock.now(), dt.UTC)
                Heartbeat(state_file.parent).beat(rest.turn(at, "reconcile", seconds))
        else:
            try:
                shows = diff and not as_json
                outcome = _turned(settings, state_file, clock, dry_run=only_look, force=force, shows=shows)
            except HaltError as error:
                if as_json:
                    print_json(halted_report(name, str(error), time.monotonic() - began, dry_run=only_look))
                    raise typer.Exit(error.exit_code) from error
                raise
            report = cycle_report(outcome, name, time.monotonic() - began, dry_run=only_look)
    if as_json:
        print_json(report)
    else:
        _tell(report, outcome)
    if check and outcome and outcome.changes:
        raise typer.Exit(CHANGES)
    if report.problems or report.conflicts:
        raise typer.Exit(PROBLEMS)


def _turned(settings: Settings, state_file: Path, clock: Clock, *, dry_run: bool, force: bool, shows: bool) -> Outcome:
    """Turn the wheel; `shows` each change as a diff."""
    on_damage = OnDamage.STAND_IN if dry_run else OnDamage.SET_ASIDE
    with wheel_of(settings, state_file, clock, afresh=force, on_damage=on_damage) as wheel, progress() as show:
        wheel.wait_until_quiet(show)
        return wheel.turn(dry_run=dry_run, force=force, progress=show, tell=_show_diff if shows else None)


def _tell(report: CycleReport, outcome: Outcome | None) -> None:
    """Say in a few lines what was done, and what needs somebody; without an outcome the vault was at rest."""
    out = console()
    verb = "would be" if report.dry_run else "were"
    changed = (outcome.changes if report.dry_run else outcome.written) if outcome else ()
    if outcome and changed:
        plan = outcome.plan
        ours = {*(note.path for note in plan.counted), *([plan.overview.path] if plan.overview else [])}
        drawn = counted(len(ours.intersection(changed)), "index or overview note")
        lines = counted(len(report.edits), "line")
        out.print(f"{lines} and {drawn} {verb} written, in {counted(len(changed), 'note')}.")
    else:
        out.print("Everything is in step; nothing to write.")
    counts = f"{report.notes} notes, {report.tasks} tasks, {report.people} people, {report.seconds:.1f} s."
    out.print(counts, style="dim")
    for conflict in report.conflicts:
        out.print(safe(conflict_line(conflict)), style="yellow")
    for problem in report.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        said = f"skipped  {place}  it is being written; run again"
        said = said if problem.what == SKIPPED else f"problem  {place}  {problem.what}"
        out.print(safe(said), style="yellow")


def _show_diff(path: str, before: str | None, after: str) -> None:
    old = [] if before is None else before.split("\n")
    name = "/dev/null" if before is None else path
    out = console()
    for line in difflib.unified_diff(old, after.split("\n"), name, path, lineterm=""):
        out.print(safe(line), style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
