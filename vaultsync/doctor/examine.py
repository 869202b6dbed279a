"""Examine a vault from end to end: notes, tasks, files, settings, machine, state. It only reads.

What each part looks at is its own; here they are joined, in the order of their kinds, files and lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.doctor.files import file_findings, look_around, look_into
from vaultsync.doctor.mend import Mending, check_mending
from vaultsync.doctor.settings import config_findings, global_query, obsidian_findings, tap_findings
from vaultsync.doctor.system import StateFolder, measure_state, state_findings, watch_findings
from vaultsync.doctor.taps import has_plugin
from vaultsync.reconcile.diagnose import (
    copy_findings,
    id_findings,
    line_findings,
    mend_of,
    note_findings,
    plan_mending,
    status_findings,
)
from vaultsync.reconcile.doubles import dataview_line, find_doubled, index_places, line_to_add
from vaultsync.reconcile.findings import Finding, Kind
from vaultsync.survey import survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from vaultsync.doctor.files import Contents
    from vaultsync.scan import Scanner
    from vaultsync.survey import Survey

_ORDER = {kind: position for position, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, how much was looked at, and the edits that mend what can be mended in lines."""

    findings: tuple[Finding, ...]
    notes: int
    tasks: int
    mending: Mending
    state: StateFolder | None


def examine(scanner: Scanner, today: str, quiet: float, state_folder: Path) -> Examination:
    """Examine a vault that was scanned; a note younger than `quiet` (seconds) can't be mended now."""
    settings, notes = scanner.settings, scanner.notes
    rules = settings.rules
    found = survey(notes, settings, today)
    places = look_around(settings.root)
    contents = look_into(settings.root, places, notes.keys(), rules.limits.note_bytes)
    written = {source.task.path for source in found.tasks} | {path for path in notes if notes[path].kind == "index"}
    unwritable = {*places.linked, *places.read_only}
    planned = [edit for edit in plan_mending(found.tasks, found.roster, rules) if edit.path not in unwritable]
    mending = check_mending(planned, scanner, quiet)
    machine = settings.config.machine
    findings = [
        *tap_findings(settings),
        *line_findings(found.tasks, [*mending.edits, *mending.waiting], rules),
        *id_findings(contents.ids),
        *copy_findings(scanner.copies),
        *(
            Finding(Kind.UNREADABLE, path, None, f"can't be read: {what}", mend_of(what))
            for path, what in scanner.unreadable.items()
        ),
        *note_findings(notes, found.roster),
        *file_findings(places, written, settings.wants),
        *status_findings(found.tasks, rules, plugin=has_plugin(settings.root, settings.obsidian)),
        *_query_findings(contents, found, scanner),
        *watch_findings(settings.root, places.folders, machine.watch.polling),
        *state_findings(state_folder),
        *obsidian_findings(settings),
        *config_findings(settings, found.tasks, places.notes),
    ]
    return Examination(_sorted(findings), len(notes), len(found.tasks), mending, measure_state(state_folder))


def _query_findings(contents: Contents, found: Survey, scanner: Scanner) -> Iterator[Finding]:
    rules = scanner.settings.rules
    standing = {note.person: path for path, note in sorted(found.notes.items()) if note.kind == "index" and note.person}
    places = index_places(found.tasks, standing, rules)
    blocks = [block for _, block in contents.queries]
    doubled = find_doubled(blocks, found.tasks, places, rules, global_query(scanner.settings))
    if not doubled:
        return
    line = line_to_add(found.tasks, places.values(), rules)
    dataview = dataview_line(found.tasks, places.values(), rules)
    for at, each in doubled.items():
        path, block = contents.queries[at]
        what = f"a {block.language} query lists {each.task[0]}:{each.task[1]} and its row in {each.row}"
        if each.unread:
            what += f", unless this keeps it apart: {'; '.join(each.unread)}"
        mend = f"add to it: {line if block.language == 'tasks' else dataview}"
        yield Finding(Kind.QUERY, path, block.number, what, mend)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    distinct: Sequence[Finding] = list(dict.fromkeys(findings))
    return tuple(sorted(distinct, key=lambda each: (_ORDER[each.kind], each.path or "", each.line or 0)))
