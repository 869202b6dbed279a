"""`vaultsync resolve`: end a conflict by saying which side is kept.

What that changes in the files is decided below; the other side follows in the cycle that is turned afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from vaultsync.cli.conflicts import StandingReport, conflict_reports, place_words
from vaultsync.cli.filters import UnknownNameError, notes_named
from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultOption
from vaultsync.cli.refs import tasks_at
from vaultsync.cli.report import EditReport, ProblemReport
from vaultsync.cli.surveyed import surveyed
from vaultsync.cli.terminal import console, print_json, safe
from vaultsync.clock import Clock
from vaultsync.command import write_command
from vaultsync.errors import LockedError
from vaultsync.resolve import ROW, SOURCE, Disputed, disputed, plan_resolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.command import Commanded
    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.plan import Conflict
    from vaultsync.survey import Survey

_PROBLEMS = 4  # exit code: done, but problems or conflicts of the task remain


class ResolveReport(BaseModel):
    """What `resolve` did, or in a dry run would do: the lines changed, and what of the task is still in conflict.

    Not `alone`, a daemon is at work: it carries the change to the other side, and `conflicts` aren't looked at again.
    """

    vault: str
    id: str
    fields: list[str]
    keep: str
    dry_run: bool
    alone: bool
    edits: list[EditReport]
    conflicts: list[StandingReport]
    problems: list[ProblemReport]


@dataclass(slots=True)
class _Resolved:
    meant: Disputed
    commanded: Commanded
    remaining: list[StandingReport] = field(default_factory=list)


def resolve_command(
    ref: Annotated[str, typer.Argument(metavar="REF", show_default=False, help="A block id or NOTE:LINE.")],
    keep: Annotated[
        str,
        typer.Option(
            "--keep", metavar="SIDE", show_default=False, help="source, row, or the path of the index note to believe."
        ),
    ],
    only: Annotated[
        str | None,
        typer.Option("--field", metavar="FIELD", show_default=False, help="Decide this field alone."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be changed; write nothing.")] = False,
    as_json: JsonOption = False,
    vault: VaultOption = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
) -> None:
    """End a conflict: keep what the source says, or what a row says."""
    clock = Clock(today=today)
    place = place_words(vault, state_dir)
    try:
        with opened(vault, config, state_dir, clock, command="resolve", lock=not dry_run) as wheel:
            resolved, alone = _resolve(wheel, ref, keep, only, place, dry_run=dry_run, alone=True), True
    except LockedError:
        # To whoever is at work here it is an edit like one made in Obsidian, and theirs to carry to the other side.
        with opened(vault, config, state_dir, clock, command="resolve", lock=False) as wheel:
            resolved, alone = _resolve(wheel, ref, keep, only, place, dry_run=dry_run, alone=False), False
    if as_json:
        print_json(_report(resolved, keep, "." if vault is None else str(vault), dry_run=dry_run, alone=alone))
    else:
        _tell(resolved, keep, dry_run=dry_run, alone=alone)
    if resolved.commanded.problems or resolved.remaining:
        raise typer.Exit(_PROBLEMS)


def _resolve(
    wheel: Wheel, ref: str, keep: str, only: str | None, place: Sequence[str], *, dry_run: bool, alone: bool
) -> _Resolved:
    """Find the conflict, plan, write, and turn the wheel once."""
    if alone:
        wheel.wait_until_quiet()
    if alone and not dry_run:
        wheel.tidy_journal()
    conflicts = wheel.turn(dry_run=True).plan.conflicts  # halts if the vault as a whole looks wrong
    found = surveyed(wheel)
    meant = disputed(_key_of(ref, conflicts, found), only, conflicts, found)
    side = keep if keep in (SOURCE, ROW) else _index_note(keep, found)
    resolved = _Resolved(meant, plan_resolution(meant, side, found, wheel))
    if dry_run:
        return resolved
    written = write_command(resolved.commanded, wheel, alone=alone)
    if alone and written:
        left = tuple(each for each in wheel.turn(written).plan.conflicts if each.key == meant.key)
        resolved.remaining = conflict_reports(left, surveyed(wheel), wheel, place) if left else []
    return resolved


def _key_of(ref: str, conflicts: Sequence[Conflict], found: Survey) -> str:
    """Return the key of the task that a ref names; an edited row whose task is gone has one as well.

    Raises UnknownNameError.
    """
    try:
        (source,) = tasks_at([ref], found)
    except UnknownNameError:
        name = ref.strip().removeprefix("^").casefold()
        for conflict in conflicts:
            rows = found.rows.get(conflict.key, ())
            names = {conflict.key.casefold(), *(f"{at.note}:{at.row.number}".casefold() for at in rows)}
            if name in names:
                return conflict.key
        raise
    return source.key or ref


def _index_note(name: str, found: Survey) -> str:
    paths = notes_named(name, found)
    if len(paths) > 1:
        raise UnknownNameError(f"{name!r} names several notes: {', '.join(sorted(paths))}; give one of these")
    return paths[0]


def _report(resolved: _Resolved, keep: str, vault: str, *, dry_run: bool, alone: bool) -> ResolveReport:
    return ResolveReport(
        vault=vault,
        id=resolved.meant.key.rpartition("#^")[2],
        fields=[conflict.field for conflict in resolved.meant.conflicts],
        keep=keep,
        dry_run=dry_run,
        alone=alone,
        edits=[
            EditReport(
                path=e.path, line=e.line, before=e.before, after="\n".join(e.after) if e.after else None, why=e.why
            )
            for e in resolved.commanded.edits
        ],
        conflicts=resolved.remaining,
        problems=[ProblemReport(path=p.path, line=p.line, what=p.what) for p in resolved.commanded.problems],
    )


def _tell(resolved: _Resolved, keep: str, *, dry_run: bool, alone: bool) -> None:
    out = console()
    commanded = resolved.commanded
    for edit in commanded.edits:
        out.print(safe(f"{edit.path}:{edit.line}"), style="dim")
        if edit.before:
            out.print(safe(f"- {edit.before.strip()}"), style="red")
        for line in edit.after:
            out.print(safe(f"+ {line.strip()}"), style="green")
    if commanded.edits:
        fields = ", ".join(conflict.field for conflict in resolved.meant.conflicts)
        out.print(
            safe(
                f"{fields}: what {'the ' if keep in (SOURCE, ROW) else ''}{keep} says "
                f"{'would be' if dry_run else 'is'} kept."
            )
        )
    for each in resolved.remaining:
        out.print(safe(f"conflict  {each.path}:{each.line}  {each.field}: still to be decided"), style="yellow")
    for problem in commanded.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        out.print(safe(f"problem  {place}  {problem.what}"), style="yellow")
    if commanded.edits and not alone and not dry_run:
        out.print("Another vaultsync is at work on this vault; it carries the change to the other side.", style="dim")
