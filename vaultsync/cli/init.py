"""`vaultsync init`: look at a vault, write its config with what was found, and say what a first cycle would do.

What a cycle does is planned by the wheel; what may stand in a config, by `config`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import pendulum
import typer

from vaultsync.cli.config_file import PEOPLE_BASE, config_text, people_base_path
from vaultsync.cli.opening import find_vault, opened, state_of
from vaultsync.cli.options import StateDirOption, TodayOption, VaultArgument, state_words
from vaultsync.cli.surveyed import surveyed_unopened
from vaultsync.cli.terminal import command_name, console, counted, progress, safe
from vaultsync.clock import Clock
from vaultsync.config import VAULT_FILES
from vaultsync.doctor.taps import tap_advice
from vaultsync.errors import ConfigError, VaultError
from vaultsync.settings import load_settings
from vaultsync.storage import vault as files
from vaultsync.storage.damage import OnDamage
from vaultsync.survey import Survey
from vaultsync.tasks.people import OWNER_ALIASES, UNASSIGNED, canonical, clean_name, person_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vaultsync.outcome import Outcome
    from vaultsync.reconcile.plan import Plan
    from vaultsync.settings import Settings
    from vaultsync.tasks.note import Note

_PROBLEMS = 4  # exit code: done, but problems remain
_AT_LEAST = 0.5  # share of the meetings at which the owner is taken to have been


def init_command(
    vault: VaultArgument = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Whose vault this is.")] = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
) -> None:
    """Look at the vault, write .vaultsync/config.yaml, and say what a first cycle would do."""
    root = find_vault(vault)
    settings = load_settings(root)
    _advise_on_taps(settings)
    _require_no_config(root)
    if owner is not None and not clean_name(owner):
        raise ConfigError("--owner: expected a person's name")
    clock = Clock(today=today)
    given = None if owner is None else (clean_name(owner), "as you said")
    state_of(settings, state_dir)  # refused, if at all, before anything is written
    name, why = given or _guess_owner(root, clock)
    zone = _local_zone()
    text = config_text(name, zone)
    out = console()
    _create(root, VAULT_FILES[0], text.encode("utf-8"))
    out.print(safe(f"Wrote {VAULT_FILES[0]}: owner {name or 'unknown'} ({why}), timezone {zone or 'unknown'}."))
    only_looks = opened(root, None, state_dir, clock, lock=False, patient=False, on_damage=OnDamage.STAND_IN)
    with only_looks as wheel, progress() as show:
        is_whole = _make_people_base(root, people_base_path(wheel.settings.config.vault.overview))
        outcome = wheel.turn(dry_run=True, progress=show)
    _tell(vault, state_dir, outcome)
    if not is_whole:
        raise typer.Exit(_PROBLEMS)


def _advise_on_taps(settings: Settings) -> None:
    """Print what to add to the Tasks plugin's statuses, if a tap on a proposal would complete it."""
    out = console()
    for number, line in enumerate(advice := tap_advice(settings)):
        out.print(safe(line), style="" if number else "bold yellow")
    if advice:
        out.print("")


def _require_no_config(root: Path) -> None:
    for file in VAULT_FILES:
        try:
            is_there = (root / file).exists()
        except OSError as error:
            raise ConfigError(f"{root / file}: can't be looked at: {error.strerror}") from error
        if is_there:
            raise ConfigError(f"{root / file} is there already; edit it, or delete it and run init again")


def _create(root: Path, path: str, content: bytes) -> None:
    try:
        files.create(root, path, content)
    except (OSError, files.TargetChangedError, files.WriteRefusedError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise VaultError(f"{root / path}: can't be written: {why}") from error


def _make_people_base(root: Path, path: str) -> bool:
    """Make the table of people where there is none; tell whether there is one now. The config is good without it."""
    try:
        if (root / path).exists():
            return True
        _create(root, path, PEOPLE_BASE.encode())
    except (OSError, VaultError) as error:
        console().print(safe(f"problem  {error}"), style="yellow")
        return False
    console().print(safe(f"Wrote {path}: a table of people for Obsidian's Bases."))
    return True


def _guess_owner(root: Path, clock: Clock) -> tuple[str | None, str]:
    """Return who was at most of the meetings, if one person was at half of them or more, and how that was found.

    Meetings with tasks for "Myself" decide, where there are any. Somebody else who is at all of them makes it a tie,
    and then nobody is taken.
    """
    settings = load_settings(root)
    _, found = surveyed_unopened(settings, clock)
    meetings = {
        path: people for path, note in found.notes.items() if len(people := set(_participants(note, found))) > 1
    }
    mine = {person_key(alias) for alias in OWNER_ALIASES}
    own = {source.task.path for source in found.tasks if any(person_key(name) in mine for name in source.assignees)}
    decisive = {path: people for path, people in meetings.items() if path in own} or meetings
    counts = Counter(person for people in decisive.values() for person in people)
    (first, most), (_, second) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    if most == second or most < _AT_LEAST * len(decisive):
        return None, "nobody was at most of the meetings; write it into the file, or use --owner"
    return first, f"at {most} of {len(decisive)} meetings{' with tasks for Myself' if decisive.keys() <= own else ''}"


def _participants(note: Note, found: Survey) -> Iterator[str]:
    named = (note.properties or {}).get("participants")
    for each in named if isinstance(named, list) else []:
        if isinstance(each, str):
            name = each.strip().removeprefix("[[").removesuffix("]]").rpartition("|")[2].removeprefix("@")
            person = canonical(name, found.roster)
            if person != UNASSIGNED and person_key(person) not in {person_key(alias) for alias in OWNER_ALIASES}:
                yield person


def _local_zone() -> str | None:
    """Return the name of this machine's time zone; None where it has none that other machines would know."""
    try:
        name = pendulum.tz.local_timezone().name
        ZoneInfo(name or "")
    except (ValueError, OSError, LookupError, RuntimeError):
        return None
    return name


def _first_cycle(plan: Plan, made: int) -> Iterator[str]:
    """Yield what a cycle would do, the index notes that it `made` last: their names follow."""
    ids = sum(edit.why == "id" for edit in plan.edits)
    if ids:
        yield f"write a block id behind {counted(ids, 'task')}, so that rows can link to them"
    if others := len(plan.edits) - ids:
        yield f"change {counted(others, 'line')} of the notes"
    if plan.absorbed:
        yield "take over what stands in conflict copies of our notes, and move these into the backups"
    overview = ["the overview"] if plan.overview and plan.overview.changed else []
    if drawn := [*([counted(made, "index note")] if made else []), *overview]:
        yield f"write {' and '.join(drawn)}"


def _tell(given: Path | None, state_dir: Path | None, outcome: Outcome) -> None:
    out = console()
    plan = outcome.plan
    out.print("")
    out.print(f"{outcome.notes} notes, {plan.tasks} tasks, {plan.people} people. A first cycle would")
    made = sorted((note for note in plan.index_notes if note.changed), key=lambda note: -(note.proposed + note.open))
    does = [f"  {each}" for each in _first_cycle(plan, len(made))] or ["  write nothing: everything is in step"]
    out.print(",\n".join(does) + (":" if made else "."))
    for note in made[:10]:
        out.print(safe(f"    {note.path}  {note.proposed} proposed, {note.open} open"))
    if len(made) > 10:  # noqa: PLR2004 - what fits a small terminal
        out.print(f"    and {len(made) - 10} more")
    for problem in outcome.problems[:10]:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        out.print(safe(f"  problem  {place}  {problem.what}"), style="yellow")
    folder = [] if given is None else [str(given)]
    command = shlex.join(["reconcile", *folder, *state_words(state_dir)])
    out.print("")
    out.print(safe(f"To see each line of it: {command_name()} {command} --dry-run --diff"))
    out.print(safe(f"To do it:               {command_name()} {command}"))
