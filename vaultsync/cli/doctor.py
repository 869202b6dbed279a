"""`vaultsync doctor`: what is wrong with a vault, why it matters, how to mend it; `--fix` mends what is safe.

What is found and what can be mended is decided in `vaultsync.doctor`.
"""

from __future__ import annotations

import shlex
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from vaultsync.cli.opening import find_vault, opened, state_of, waits
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument, state_words
from vaultsync.cli.report import EditReport, ProblemReport
from vaultsync.cli.terminal import command_name, console, print_json, progress, safe
from vaultsync.clock import Clock
from vaultsync.doctor.examine import Examination, examine
from vaultsync.doctor.mend import write_mending
from vaultsync.errors import LockedError, VaultsyncError
from vaultsync.scan import Scanner
from vaultsync.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.cycle import Wheel
    from vaultsync.model import Problem
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.findings import Finding

_REMAINS = 4  # exit code: done, but something is left to be mended
_MOST = 20  # places of one kind that are listed on a terminal; --json has all


class DoctorError(VaultsyncError):
    """The command was called in a way that it can't go by; nothing was changed."""


class FindingReport(BaseModel):
    """One thing found; `path` is null for what concerns the machine, `line` for whole files."""

    kind: str
    path: str | None
    line: int | None
    what: str
    why: str
    mend: str
    fixable: bool


class StateReport(BaseModel):
    """The state folder; sizes in bytes."""

    folder: str
    size: int
    runs: int
    backups: int
    backups_size: int


class DoctorReport(BaseModel):
    """One examination. After `--fix`, `findings` are those that remain; `edits` is what it did, or would do."""

    vault: str
    notes: int
    tasks: int
    dry_run: bool
    findings: list[FindingReport]
    edits: list[EditReport]
    problems: list[ProblemReport]
    state: StateReport | None


def doctor_command(
    vault: VaultArgument = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely; undo takes it back.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --fix: show each line; write nothing.")] = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look the vault over: fields that Tasks can't read, ids, notes, statuses, queries, settings, the machine."""
    if dry_run and not fix:
        raise DoctorError("--dry-run is for --fix; without it nothing is written anyway")
    clock = Clock(today=today)
    if fix and not dry_run:
        try:
            with opened(vault, config, state_dir, clock, command="doctor") as wheel:
                found, edits, problems = _fix(wheel, alone=True)
        except LockedError:
            # To whoever is at work here it is an edit like one made in Obsidian.
            with opened(vault, config, state_dir, clock, command="doctor", lock=False) as wheel:
                found, edits, problems = _fix(wheel, alone=False)
    else:
        settings = load_settings(find_vault(vault), config)
        scanner = Scanner(settings, clock, {})
        with progress() as show:
            scanner.scan_all(partial(show, "reading"))
        quiet = waits(settings.config.machine, daemon=False).quiet
        day = clock.date(settings.config.vault.timezone)
        found = examine(scanner, day, quiet, state_of(settings, state_dir))
        edits = found.mending.edits if fix else []
        problems = found.mending.problems if fix else []
    if as_json:
        print_json(_report("." if vault is None else str(vault), found, edits, problems, dry_run=dry_run))
    else:
        _tell_edits(edits, dry_run=dry_run)
        folder = [] if vault is None else [str(vault)]
        again = f"{command_name()} {shlex.join(['doctor', *folder, *state_words(state_dir)])}"
        _tell(found, problems, again, fix=fix, dry_run=dry_run)
    if found.findings or problems:
        raise typer.Exit(_REMAINS)


def _fix(wheel: Wheel, *, alone: bool) -> tuple[Examination, list[PlannedEdit], list[Problem]]:
    """Examine, mend, and examine again; return what remains, what was mended, and what stood in the way."""
    if alone:
        wheel.wait_until_quiet()
        wheel.tidy_journal()
    else:
        wheel.scanner.scan_all()
    day = wheel.clock.date(wheel.settings.config.vault.timezone)
    folder = wheel.state.file.parent
    found = examine(wheel.scanner, day, wheel.waits.quiet, folder)
    mending = found.mending
    written = write_mending(mending, wheel, alone=alone)
    if written:
        wheel.finish()
        wheel.scanner.scan_some(written)
        found = examine(wheel.scanner, day, wheel.waits.quiet, folder)
    return found, mending.edits, mending.problems


def _tell_edits(edits: Sequence[PlannedEdit], *, dry_run: bool) -> None:
    out = console()
    for edit in edits:
        out.print(safe(f"{edit.path}:{edit.line}"), style="dim")
        out.print(safe(f"- {edit.before.strip()}"), style="red")
        for line in edit.after:
            out.print(safe(f"+ {line.strip()}"), style="green")
    if edits:
        out.print(f"{_count(len(edits), 'line')} {'would be mended' if dry_run else 'mended'}.")
        out.print("")


def _tell(found: Examination, problems: Sequence[Problem], again: str, *, fix: bool, dry_run: bool) -> None:
    out = console()
    for kind, of_kind in groupby(found.findings, key=lambda finding: finding.kind):
        findings = list(of_kind)
        out.print(safe(f"{kind} ({len(findings)}): {findings[0].why}"), style="bold yellow")
        for mend in dict.fromkeys(finding.mend for finding in findings):
            _tell_alike([finding for finding in findings if finding.mend == mend])
            for line in mend.split("\n"):
                out.print(safe(f"    to mend: {line}" if line == mend.split("\n")[0] else f"    {line}"), style="dim")
        out.print("")
    for problem in problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        out.print(safe(f"problem  {place}  {problem.what}"), style="yellow")
    state = found.state
    if state is not None:
        kept = f"{_count(state.runs, 'run')} in the journal, {_count(state.backups, 'backup')}, {_size(state.size)}"
        out.print(safe(f"State: {kept}, in {state.folder}"), style="dim")
    count = len(found.findings)
    fixable = sum(finding.fixable for finding in found.findings)
    looked = f"{_count(found.notes, 'note')}, {_count(found.tasks, 'task')}"
    out.print(
        f"{looked}: {_count(count, 'finding')}{' left' if fix and not dry_run else ''}."
        if count
        else f"{looked}: all is well."
    )
    if fixable and (dry_run or not fix):
        out.print(safe(f"{fixable} can be mended now: {again} --fix"))


def _tell_alike(findings: Sequence[Finding]) -> None:
    """List findings that are mended alike."""
    out = console()
    for finding in findings[:_MOST]:
        place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
        out.print(safe(f"  {place}  {finding.what}" if place else f"  {finding.what}"))
    if len(findings) > _MOST:
        out.print(f"  and {len(findings) - _MOST} more; --json lists all")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"  # noqa: PLR2004 - 0.1 MB


def _report(
    name: str,
    found: Examination,
    edits: Sequence[PlannedEdit],
    problems: Sequence[Problem],
    *,
    dry_run: bool,
) -> DoctorReport:
    state = found.state
    return DoctorReport(
        vault=name,
        notes=found.notes,
        tasks=found.tasks,
        dry_run=dry_run,
        findings=[
            FindingReport(
                kind=each.kind,
                path=each.path,
                line=each.line,
                what=each.what,
                why=each.why,
                mend=each.mend,
                fixable=each.fixable,
            )
            for each in found.findings
        ],
        edits=[
            EditReport(path=each.path, line=each.line, before=each.before, after=each.after[0], why=each.why)
            for each in edits
        ],
        problems=[ProblemReport(path=each.path, line=each.line, what=each.what) for each in problems],
        state=None
        if state is None
        else StateReport(
            folder=str(state.folder),
            size=state.size,
            runs=state.runs,
            backups=state.backups,
            backups_size=state.backups_size,
        ),
    )
