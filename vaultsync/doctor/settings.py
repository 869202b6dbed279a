"""Look at the settings: which can't be used, which are missing, which have no effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vaultsync.config import VAULT_FILES
from vaultsync.doctor.taps import plugin_file, tap_advice
from vaultsync.obsidian import MAX_SETTINGS_BYTES
from vaultsync.reconcile.findings import Finding, Kind
from vaultsync.tasks.people import OWNER_ALIASES, matches_any, person_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.settings import Settings


def tap_findings(settings: Settings) -> Iterator[Finding]:
    """Yield that a tap on a proposal completes it, with the lines that register the status."""
    advice = tap_advice(settings)
    if advice:
        yield Finding(Kind.TAP, plugin_file(settings.obsidian), None, advice[0], "\n".join(advice[1:]))


def obsidian_findings(settings: Settings) -> Iterator[Finding]:
    """Yield the settings of Obsidian and its plugins that can't be used."""
    for problem in settings.obsidian.problems:
        yield Finding(Kind.OBSIDIAN, problem.path, problem.line, problem.what, "set it anew in Obsidian")


def config_findings(settings: Settings, tasks: Sequence[SourceTask], paths: Sequence[str]) -> Iterator[Finding]:
    """Yield what is missing in the config, and what has no effect; `paths` are all notes, excluded ones too."""
    vault = settings.config.vault
    file = config_file(settings)
    mine = {person_key(name) for name in OWNER_ALIASES}
    own = [source for source in tasks if any(person_key(person) in mine for person in source.assignees)]
    if vault.owner is None and own:
        first = f"{own[0].task.path}:{own[0].task.number}"
        what = f"`owner` isn't set, though {len(own)} tasks are for Myself or Me, the first in {first}"
        yield Finding(Kind.CONFIG, file, None, what, "write your name there, as in `owner: Ines Halloran`")
    if vault.timezone is None:
        what = "`timezone` isn't set: each device takes its own, and they may differ about what day it is"
        yield Finding(Kind.CONFIG, file, None, what, "write its name there, as in `timezone: Europe/Berlin`")
    for name, globs, is_set in (
        ("include", vault.include, "include" in vault.model_fields_set),
        ("exclude", vault.exclude, True),
        ("people.notes", vault.people.notes, "notes" in vault.people.model_fields_set),
    ):
        for glob in globs if is_set else ():
            if not any(matches_any(path, [glob]) for path in paths):
                what = f"`{name}`: no note is named by {glob!r}"
                mend = "mend it or take it out; `**` spans folders, `*` doesn't, and case counts"
                yield Finding(Kind.CONFIG, file, None, what, mend)
    used = {source.task.symbol for source in tasks}
    for symbol in vault.statuses:
        if symbol not in used:
            what = f"`statuses`: no task has the status [{symbol}]"
            yield Finding(Kind.CONFIG, file, None, what, "take it out, unless such tasks are to come")


def config_file(settings: Settings) -> str:
    """Return the vault's config as it is called in the vault: the one that stands, else the one that would."""
    root = settings.root
    if settings.config.files and not settings.config.files[0].is_relative_to(root):
        return next((name for name in VAULT_FILES if (root / name).exists()), VAULT_FILES[0])
    return settings.config.files[0].relative_to(root).as_posix() if settings.config.files else VAULT_FILES[0]


def global_query(settings: Settings) -> str:
    """Return the query that the Tasks plugin puts before each other one, "" where there is none or it can't be read."""
    file = settings.root / plugin_file(settings.obsidian)
    try:
        if not file.is_file() or file.stat().st_size > MAX_SETTINGS_BYTES:
            return ""
        content = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return ""
    found = content.get("globalQuery") if isinstance(content, dict) else None
    return found if isinstance(found, str) else ""
