"""Carry out a change of status that somebody commanded: plan the edits of the source lines, journal them, write them.

Which tasks are meant is decided by the command line, how a line changes in the reconcile room. The rows are left to the
cycle that follows: to it, these are edits like those made in Obsidian.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.apply import record
from vaultsync.model import Problem
from vaultsync.reconcile.command import CommandRefusedError, command_edit
from vaultsync.reconcile.completion import lines_around
from vaultsync.reconcile.verify import verify_edits
from vaultsync.storage import vault
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
    lines = {source.task.order: source.task.line for source in found.tasks}
    taken = set(found.taken_ids) | wheel.state.ids
    commanded = Commanded()
    by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
    chosen = sorted(tasks, key=lambda source: source.task.order)
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
    record(commanded.edits, state, wheel.clock.stamp(wheel.settings.config.vault.timezone))
    digests: dict[str, str] = {}
    for path in dict.fromkeys(edit.path for edit in commanded.edits):
        content = commanded.texts[path].encode("utf-8")
        try:
            vault.write(wheel.settings.root, path, content, wheel.scanner.notes[path].digest)
        except vault.TargetChangedError:
            commanded.problems.append(Problem(path, None, "it was changed meanwhile; run again"))
        except vault.WriteRefusedError as error:
            commanded.problems.append(Problem(path, None, f"can't be written: {error}"))
        except OSError as error:
            commanded.problems.append(Problem(path, None, f"can't be written: {error.strerror}"))
        else:
            digests[path] = vault.digest_of(content)
    commanded.edits = [edit for edit in commanded.edits if edit.path in digests]
    if alone:
        gone = {key: state.base[key] for key in commanded.removed if key in state.base}
        since = {key: replace(task, missing_since=0.0) for key, task in gone.items() if task.path in digests}
        state.save(StateChanges(base=since, written=digests))
    return frozenset(digests)


def _plan_note(path: str, edits: Sequence[PlannedEdit], commanded: Commanded, wheel: Wheel) -> None:
    try:
        content = vault.read(wheel.settings.root, path)
    except OSError as error:
        commanded.problems.append(Problem(path, None, f"can't be read: {error.strerror}"))
        return
    is_stale = vault.digest_of(content) != wheel.scanner.notes[path].digest
    if is_stale or wheel.scanner.age(path) < wheel.waits.quiet:
        commanded.problems.append(Problem(path, None, "it is being written; run again"))
        return
    verified = verify_edits(wheel.scanner.notes[path], content.decode("utf-8"), edits, wheel.settings.rules)
    refused = {problem.line for problem in verified.refused}
    commanded.problems += [*verified.refused, *verified.remarks]
    commanded.edits += [edit for edit in edits if edit.line not in refused]
    commanded.texts[path] = verified.text
