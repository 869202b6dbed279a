"""`vaultsync eject`: the way out, told before it is done.

What may go is decided in the reconcile room, how it goes in `vaultsync.eject`.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from vaultsync.cli.config_file import PEOPLE_BASE, people_base_path
from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument, state_words
from vaultsync.cli.report import EditReport, ProblemReport
from vaultsync.cli.terminal import command_name, console, print_json, progress, safe
from vaultsync.clock import Clock
from vaultsync.config import VAULT_FILES
from vaultsync.eject import Ejected, Ejection, eject, plan_ejection
from vaultsync.errors import VaultsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.cycle import Wheel
    from vaultsync.model import Problem

_NOTHING = "Nothing of vaultsync is in this vault."
_PROBLEMS = 4  # exit code: done, but problems or conflicts remain


class EjectError(VaultsyncError):
    """The command was called in a way that it can't go by; nothing was changed."""


class TakenOutReport(BaseModel):
    """A file that leaves the vault, and where it is kept (null in a dry run)."""

    path: str
    backup: str | None


class KeptIdReport(BaseModel):
    """A block id that stays, since another file links to it."""

    path: str
    line: int
    id: str
    linked_from: str


class EjectReport(BaseModel):
    """One ejection; with `stopped` nothing was taken out."""

    vault: str
    dry_run: bool
    stopped: list[ProblemReport]
    taken_out: list[TakenOutReport]
    cleaned: list[str]
    edits: list[EditReport]
    kept_ids: list[KeptIdReport]
    remarks: list[ProblemReport]
    problems: list[ProblemReport]


def eject_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell all that would be done; write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask; needed where there is no terminal to ask on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take everything of vaultsync out of a vault: index notes, regions, block ids that nothing links to."""
    if not dry_run and not yes and not sys.stdin.isatty():
        raise EjectError(
            "there is no terminal to ask on; add --yes to go on, or --dry-run to look. Nothing was changed"
        )
    name = "." if vault is None else str(vault)
    with opened(vault, config, state_dir, Clock(today=today), command="eject") as wheel:
        generated = {people_base_path(wheel.settings.config.vault.overview): PEOPLE_BASE.encode()}
        with progress() as show:
            ejection = plan_ejection(wheel, generated, show)
        ejected = Ejected()
        is_asked = not (dry_run or yes or ejection.stops or ejection.is_empty)
        if is_asked:
            _tell_plan(ejection, stderr=as_json)
            if not typer.confirm("Take all this out of the vault?", err=True):
                console(stderr=as_json).print("Nothing was changed.")
                return
        if not dry_run and not ejection.stops:
            with progress() as show:
                ejection, ejected = eject(ejection, wheel, generated, show)
        if as_json:
            print_json(_report(name, ejection, ejected, dry_run=dry_run))
        else:
            if not is_asked and not ejection.stops:
                _tell_plan(ejection)
            _tell_outcome(vault, state_dir, wheel, ejection, ejected, dry_run=dry_run)
    if ejection.stops or ejected.problems:
        raise typer.Exit(_PROBLEMS)


def _tell_plan(ejection: Ejection, *, stderr: bool = False) -> None:
    """Say of each file and line what goes, and what stays for which reason."""
    out = console(stderr=stderr)
    for left in ejection.left:
        what = "the whole note is ours" if left.path.endswith(".md") else "made by init, and unchanged"
        if left.text is not None:
            what = "region and properties; the rest stays"
        out.print(safe(f"out    {left.path}  {what}"))
    for edit in ejection.edits:
        out.print(safe(f"id     {edit.path}:{edit.line}  {edit.after[0].strip()}"))
    for kept in ejection.kept_ids:
        out.print(
            safe(f"stays  {kept.path}:{kept.line}  ^{kept.id}, since {kept.linked_from} names it"), style="yellow"
        )
    _tell_problems("note  ", ejection.remarks, stderr=stderr)
    if ejection.needs_cycle:
        out.print("Edits of rows and sources that haven't met yet are brought together first.")


def _tell_outcome(
    vault: Path | None, state_dir: Path | None, wheel: Wheel, ejection: Ejection, ejected: Ejected, *, dry_run: bool
) -> None:
    out = console()
    if ejection.stops:
        _tell_problems("stopped", ejection.stops)
        out.print("Nothing was taken out: this has to be settled first, since something typed could be lost.")
        return
    gone = sum(left.text is None for left in ejection.left) if dry_run else len(ejected.backups)
    cleaned = len(ejection.left) - gone if dry_run else len({each.path for each in ejection.left} & ejected.written)
    ids = len(ejection.edits if dry_run else ejected.edits)
    verb = "would be" if dry_run else "were"
    if ejection.is_empty:
        out.print("Nothing of vaultsync is in this vault but what is told above." if ejection.remarks else _NOTHING)
    else:
        told = f"{_count(gone, 'file')} {verb} moved into the backups, {_count(cleaned, 'note')} {verb} cleaned,"
        out.print(f"{told} {_count(ids, 'block id')} {verb} removed.")
    if ejected.backups:
        out.print(safe(f"The backups stand in {wheel.backups.folder}"))
    _tell_problems("problem", ejected.problems)
    for file in VAULT_FILES:
        if (wheel.settings.root / file).exists():
            out.print(safe(f"Your settings stay in {file}; delete the file if you are done with them."))
    if dry_run and not ejection.is_empty:
        folder = [] if vault is None else [str(vault)]
        words = shlex.join(["eject", *folder, *state_words(state_dir)])
        out.print(safe(f"To do it: {command_name()} {words}"))


def _tell_problems(word: str, problems: Sequence[Problem], *, stderr: bool = False) -> None:
    for problem in problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        console(stderr=stderr).print(safe(f"{word} {place}  {problem.what}"), style="yellow")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _report(name: str, ejection: Ejection, ejected: Ejected, *, dry_run: bool) -> EjectReport:
    stopped = bool(ejection.stops)
    left = [] if stopped else ejection.left
    out = [each for each in left if each.text is None and (dry_run or each.path in ejected.backups)]
    backups = {path: str(place) for path, place in ejected.backups.items()}
    return EjectReport(
        vault=name,
        dry_run=dry_run,
        stopped=_problem_reports(ejection.stops),
        taken_out=[TakenOutReport(path=each.path, backup=backups.get(each.path)) for each in out],
        cleaned=[each.path for each in left if each.text is not None and (dry_run or each.path in ejected.written)],
        edits=[
            EditReport(path=edit.path, line=edit.line, before=edit.before, after=edit.after[0], why=edit.why)
            for edit in (ejection.edits if dry_run else ejected.edits)
        ],
        kept_ids=[
            KeptIdReport(path=kept.path, line=kept.line, id=kept.id, linked_from=kept.linked_from)
            for kept in ejection.kept_ids
        ],
        remarks=_problem_reports(ejection.remarks),
        problems=_problem_reports(ejected.problems),
    )


def _problem_reports(problems: Sequence[Problem]) -> list[ProblemReport]:
    return [ProblemReport(path=each.path, line=each.line, what=each.what) for each in problems]
