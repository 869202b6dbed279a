"""Undo a run of the journal: choose it, plan what is put back and what is left alone, write it as a run of its own.

Where lines stand and what takes their place is decided in the reconcile room; the rows are left to the cycle that
follows, which draws them from the sources.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.apply import ended, text_to_edit, write_notes
from vaultsync.errors import VaultsyncError
from vaultsync.model import Problem
from vaultsync.reconcile.capture import WHY as CAPTURE
from vaultsync.reconcile.putback import EXPECTED, NOT_LANDED, TYPED, Left, base_after, only_stamps, put_back
from vaultsync.reconcile.resolve import WHY as RESOLVE
from vaultsync.storage.state import StateChanges

if TYPE_CHECKING:
    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.made_edit import MadeEdit
    from vaultsync.reconcile.plan import Conflict
    from vaultsync.storage.journal import Run

UNDO = "undo"  # the command as the journal has it, and why it edits a line


class UnknownRunError(VaultsyncError):
    """The journal has no run of this number."""


@dataclass(slots=True)
class Undoing:
    """What is put back of a run, what is left alone, the texts of the notes, and which writes failed."""

    run: Run
    edits: list[MadeEdit] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # path -> the note's text afterwards
    problems: list[Problem] = field(default_factory=list)
    number: int | None = None  # the run that it is itself, once written
    keys: set[str] = field(default_factory=set)  # of the tasks whose lines were put back
    conflicts: tuple[Conflict, ...] = ()  # theirs, once the rows have followed

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is left to be done by hand."""
        return not self.problems and not self.conflicts and all(left.what in EXPECTED for left in self.left)


def run_to_undo(number: int | None, wheel: Wheel) -> Run | None:
    """Return the run of a number, else the last one that isn't undone, is no undo, and changed words of some line.

    None if there is no such last run. Raises UnknownRunError.
    """
    runs = wheel.state.runs()
    if number is not None:
        found = next((run for run in runs if run.number == number), None)
        if found is None:
            newest = f"the newest is {runs[0].number}" if runs else "it is empty"
            raise UnknownRunError(f"there is no run {number} in the journal ({newest}); `vaultsync log` lists them")
        return found
    return next((run for run in runs if run.command != UNDO and not run.undone_by and _is_worth(run, wheel)), None)


def plan_undo(run: Run, wheel: Wheel) -> Undoing:
    """Plan to put back each line that the run wrote and that still stands as it was written."""
    undoing = Undoing(run)
    by_path: dict[str, list[MadeEdit]] = defaultdict(list)
    for edit in wheel.state.edits_of(run.number):
        if edit.landed is False:
            undoing.left.append(Left(edit, NOT_LANDED))
        elif edit.why == CAPTURE:
            undoing.left.append(Left(edit, TYPED))
        else:
            by_path[edit.path].append(edit)
    for path, edits in sorted(by_path.items()):
        text = text_to_edit(path, wheel.scanner, wheel.waits.quiet)
        if isinstance(text, Problem):
            undoing.left += [Left(edit, text.what) for edit in edits]
            continue
        outcome = put_back(wheel.scanner.notes[path], text, edits, UNDO, wheel.settings.rules)
        undoing.left += outcome.left
        if outcome.edits:
            undoing.edits += outcome.edits
            undoing.texts[path] = outcome.text
    undoing.left.sort(key=lambda left: (left.edit.path, left.edit.line))
    return undoing


def write_undo(undoing: Undoing, wheel: Wheel, *, alone: bool) -> frozenset[str]:
    """Write the journal, then the notes, then the base; return the paths of those that were written.

    The records of the tasks go with their lines, so that the cycle that follows finds sources which nobody has changed.
    While a daemon is at work (not `alone`) the base is its own, and to it these are edits like any other.
    """
    if not undoing.edits:
        return frozenset()
    state = wheel.state
    run = state.record(wheel.run_start(undoes=undoing.run.number), undoing.edits)
    digests, undoing.problems = write_notes(undoing.texts, wheel.scanner, wheel.backups)
    changes = StateChanges(ended=ended(run, undoing.edits, digests))
    undoing.edits = [edit for edit in undoing.edits if edit.path in digests]
    undoing.number = run
    if alone:
        changes.written = digests
        disputed = any(edit.why == RESOLVE for edit in state.edits_of(undoing.run.number))
        base = ChainMap(changes.base, state.base)
        for edit in undoing.edits:
            changes.base.update(base_after(base, edit, wheel.settings.rules, disputed=disputed))
        undoing.keys = set(changes.base)
    state.save(changes)
    return frozenset(digests)


def _is_worth(run: Run, wheel: Wheel) -> bool:
    rules = wheel.settings.rules
    edits = (edit for edit in wheel.state.edits_of(run.number) if edit.landed is not False and edit.why != CAPTURE)
    return any(not only_stamps(edit, rules) for edit in edits)
