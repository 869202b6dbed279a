"""`vaultsync conflicts`: what the two sides of a task disagree on, and what ends each. It reads, and needs no lock."""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel

from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument, state_words
from vaultsync.cli.report import ConflictReport, RowReport, shown_value
from vaultsync.cli.surveyed import surveyed
from vaultsync.cli.terminal import command_name, console, print_json, progress, safe
from vaultsync.clock import Clock
from vaultsync.reconcile.resolve import differing
from vaultsync.reconcile.vanish import GONE, ORPHANED
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.plan import Conflict
    from vaultsync.survey import Survey

_REMAIN = 4  # exit code: conflicts remain


class ValueReport(RowReport):
    """What one row holds in a field, and on which line of its note it stands."""

    line: int | None


class StandingReport(ConflictReport):
    """A field in conflict, with the task's text and the commands of which one ends it."""

    rows: list[ValueReport]  # type: ignore[assignment]  # each says its line, too
    text: str
    commands: list[str]


class ConflictsReport(BaseModel):
    """All conflicts of a vault; `skipped` notes are being written, and what is in conflict there isn't known now."""

    vault: str
    conflicts: list[StandingReport]
    skipped: list[str]


def conflicts_command(
    vault: VaultArgument = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
) -> None:
    """List the tasks whose source and rows disagree, each value, and how to end it."""
    with opened(vault, config, state_dir, Clock(today=today), lock=False) as wheel, progress() as show:
        wheel.wait_until_quiet(show)
        outcome = wheel.turn(dry_run=True, progress=show)
        standing = conflict_reports(outcome.plan.conflicts, surveyed(wheel), wheel, place_words(vault, state_dir))
    skipped = list(outcome.skipped)
    if as_json:
        print_json(ConflictsReport(vault="." if vault is None else str(vault), conflicts=standing, skipped=skipped))
    else:
        _tell(standing)
        for path in skipped:
            console(stderr=True).print(safe(f"skipped  {path}  it is being written; run again"), style="yellow")
    if standing:
        raise typer.Exit(_REMAIN)


def place_words(vault: Path | None, state_dir: Path | None) -> list[str]:
    """Return the options that a shown command needs to find the same vault and its state."""
    return [*(["--vault", str(vault)] if vault else []), *state_words(state_dir)]


def conflict_reports(
    conflicts: tuple[Conflict, ...], found: Survey, wheel: Wheel, place: Sequence[str]
) -> list[StandingReport]:
    """Report conflicts, by note and line; the commands name the `place` of vault and state."""
    keys = {conflict.key for conflict in conflicts}
    texts = {source.key: source.text.prose for source in found.tasks if source.key in keys}
    fields: dict[str, int] = {}
    for conflict in conflicts:
        fields[conflict.key] = fields.get(conflict.key, 0) + 1
    ordered = sorted(conflicts, key=lambda each: (each.path, each.line or 0, each.key))
    return [
        _report(each, texts.get(each.key) or _last_known(each.key, found, wheel), found, fields[each.key] > 1, place)
        for each in ordered
    ]


def _report(conflict: Conflict, text: str, found: Survey, several: bool, place: Sequence[str]) -> StandingReport:
    held = conflict.disagreement
    lines = {at.note: at.row.number for at in reversed(found.rows.get(conflict.key, ()))}
    return StandingReport(
        id=conflict.key.rpartition("#^")[2],
        field=conflict.field,
        source=held.source,
        row=next(iter(held.rows.values()), ""),
        rows=[ValueReport(path=path, value=value, line=lines.get(path)) for path, value in held.rows.items()],
        path=conflict.path,
        line=conflict.line,
        text=text,
        commands=_commands(conflict, several, place),
    )


def _commands(conflict: Conflict, several: bool, place: Sequence[str]) -> list[str]:
    """Return the commands that would keep each side: the source, and the row, or each note whose row differs."""
    values = differing(conflict.disagreement)
    sides = ["row"] if len(set(values.values())) == 1 else sorted(values)
    more = [*(["--field", conflict.field] if several else []), *place]
    keeps = [shlex.join(["resolve", conflict.key, "--keep", side, *more]) for side in ("source", *sides)]
    return [f"{command_name()} {keep}" for keep in keeps]


def _last_known(key: str, found: Survey, wheel: Wheel) -> str:
    """Return the text of a task whose line is gone."""
    rules = wheel.settings.rules
    base = wheel.state.base.get(key)
    line = parse_line(base.line, rules.tasks, hidden=rules.read_hidden_fields) if base else None
    return read_text(line, found.roster, rules.assignees).prose if line else ""


def _tell(standing: list[StandingReport]) -> None:
    out = console()
    for (path, line, _), group in itertools.groupby(standing, key=lambda each: (each.path, each.line, each.id)):
        fields = list(group)
        place = path if line is None else f"{path}:{line}"
        out.print(safe(f"{place}  {fields[0].text}"), style="bold")
        for each in fields:
            if each.field == ORPHANED:
                out.print(f"  {GONE}, or keep it:")
            else:
                out.print(f"  {each.field}")
                out.print(safe(f"    {shown_value(each.field, each.source)}  in the note"), style="yellow")
            for row in each.rows:
                where = row.path if row.line is None else f"{row.path}:{row.line}"
                out.print(safe(f"    {shown_value(each.field, row.value)}  in {where}"), style="yellow")
            for command in each.commands:
                out.print(safe(f"  {command}"), style="dim")
    if standing:
        count = len(standing)
        out.print(f"{count} {'conflict' if count == 1 else 'conflicts'}. Change one of the sides, or type a command.")
    else:
        out.print("No conflicts.", style="dim")
