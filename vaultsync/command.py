"""Carry out a change of status that somebody commanded: plan the edits of the source lines, journal them, write them.

Which tasks are meant is decided by the command line, how a line changes in the reconcile room. The rows are left to the
cycle that follows: to it, these are edits like those made in Obsidian.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.apply import ended, journaled, text_to_edit, write_notes
from vaultsync.model import Problem
from vaultsync.reconcile.command import CommandRefusedError, command_edit
from vaultsync.reconcile.completion import lines_around
from vaultsync.reconcile.verify import verify_edits
from vaultsync.storage.state import StateChanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaultsync.cycle import Wheel
    from vaultsync.model import Role
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.survey import Survey


@dataclass(slots=True)
class Commanded:
    """The edits that are to be made, the texts of their notes, and what stands in the way of others."""

    edits: list[PlannedEdit] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # path -> the note's text after its edits
    problems: list[Problem] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)  # keys of tasks whose line goes


def plan_command(tasks: Iterable[SourceTask], role: Role, found: Survey, wheel: Wheel) -> Commanded:
    """Plan to give each task another role; notes that are being written just now are left alone, with a problem."""
    rules = wheel.settings.rules
    taken = set(found.taken_ids) | wheel.state.ids
    commanded = Commanded()
    by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
    chosen = sorted(tasks, key=lambda source: source.task.order)
    notes = {source.task.path for source in chosen}
    lines = {source.task.order: source.task.line for source in found.tasks if source.task.path in notes}
    for source in chosen:
        # Neighbours are looked at as they read once all of them have their new role.
        lines[source.task.order] = replace(source.task.line, symbol=rules.roles.symbol_for(role))
    for source in chosen:
        path, number = source.task.order
        around = lines_around((path, number), lines)
        try:
            edit = command_edit(source, role, around, rules, found.roster, found.today, taken)
        except CommandRefusedError as error:
            commanded.problems.append(Problem(path, number, str(error)))
            continue
        by_path[path].append(edit)
        if not edit.after and source.key:
            commanded.removed.add(source.key)
    for path, edits in by_path.items():
        _plan_note(path, edits, commanded, wheel)
    return commanded


def write_command(commanded: Commanded, wheel: Wheel, *, alone: bool) -> frozenset[str]:
    """Write the journal, then the notes; return the paths of those that were written, and take the other edits back.

    The base stays as it is, so that the next cycle finds sources that somebody has changed. Only of a removed line it
    is told that it is gone, which else is waited for; but if a daemon is at work (not `alone`), the base is its own.
    """
    state = wheel.state
    made = journaled(commanded.edits, wheel.scanner)
    run = state.record(wheel.run_start(), made)
    texts = {edit.path: commanded.texts[edit.path] for edit in commanded.edits}
    digests, problems = write_notes(texts, wheel.scanner, wheel.backups)
    commanded.problems += problems
    commanded.edits = [edit for edit in commanded.edits if edit.path in digests]
    changes = StateChanges(ended=ended(run, made, digests))
    if alone:
        gone = {key: state.base[key] for key in commanded.removed if key in state.base}
        changes.base = {key: replace(task, missing_since=0.0) for key, task in gone.items() if task.path in digests}
        changes.written = digests
    state.save(changes)
    return frozenset(digests)


def _plan_note(path: str, edits: Sequence[PlannedEdit], commanded: Commanded, wheel: Wheel) -> None:
    text = text_to_edit(path, wheel.scanner, wheel.waits.quiet)
    if isinstance(text, Problem):
        commanded.problems.append(text)
        return
    verified = verify_edits(wheel.scanner.notes[path], text, edits, wheel.settings.rules)
    refused = {problem.line for problem in verified.refused}
    commanded.problems += [*verified.refused, *verified.remarks]
    commanded.edits += [edit for edit in edits if edit.line not in refused]
    commanded.texts[path] = verified.text
