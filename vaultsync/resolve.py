"""End a conflict in favour of one side: find what stands in conflict, plan the edit of the other side's file.

Which edit that is, is decided in the reconcile room, and it is written as a change of status on command is (`command`).
The base is left to the cycle that follows, to which this is an edit like one made in Obsidian; beside a daemon as well.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.apply import text_to_edit
from vaultsync.command import Commanded
from vaultsync.errors import VaultsyncError
from vaultsync.markdown.textlines import LineEdit, apply_line_edits, split_lines
from vaultsync.model import Problem
from vaultsync.reconcile.command import CommandRefusedError
from vaultsync.reconcile.completion import lines_around
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.resolve import WHY, differing, edit_of_source, edits_of_rows, lines_of_orphan, removals
from vaultsync.reconcile.verify import reads_as, verify_edits
from vaultsync.tasks.note import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.plan import Conflict
    from vaultsync.reconcile.snapshot import RowAt, SourceTask
    from vaultsync.survey import Survey

SOURCE = "source"
ROW = "row"


class ResolveError(VaultsyncError):
    """The conflict can't be ended as asked; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """One task in conflict: its source line, None where that is gone, its rows, and the fields to be decided now."""

    source: SourceTask | None
    rows: Sequence[RowAt]
    conflicts: Sequence[Conflict]  # those that are meant
    standing: Sequence[Conflict]  # all of the task's

    @property
    def key(self) -> str:
        """The task's identity."""
        return self.standing[0].key


def disputed(key: str, field: str | None, conflicts: Sequence[Conflict], found: Survey) -> Disputed:
    """Return what is in conflict of a task. Raises ResolveError where nothing is, or not the field."""
    standing = [conflict for conflict in conflicts if conflict.key == key]
    if not standing:
        raise ResolveError(f"{key} is not in conflict; `vaultsync conflicts` lists what is")
    meant = [conflict for conflict in standing if field in (None, conflict.field)]
    if not meant:
        raise ResolveError(f"{field!r} is not in conflict; of this task are: {', '.join(c.field for c in standing)}")
    source = next((source for source in found.tasks if source.key == key), None)
    return Disputed(source, tuple(found.rows.get(key, ())), meant, standing)


def speaking_note(meant: Disputed, keep: str) -> str:
    """Return the index note whose row is kept: `keep` itself, unless that is `row`.

    Raises ResolveError where the rows hold several values, or the note has no row of the task.
    """
    if keep != ROW:
        if all(keep in conflict.disagreement.rows for conflict in meant.conflicts):
            return keep
        raise ResolveError(f"{keep} has no row of this task; its rows stand in {_places(meant.conflicts)}")
    notes: list[str] = []
    for conflict in meant.conflicts:
        values = differing(conflict.disagreement)
        if len(set(values.values())) != 1:
            told = "; ".join(f"{note}: {value or 'none'}" for note, value in sorted(values.items()))
            raise ResolveError(f"rows hold different values of {conflict.field} ({told}); give the path of one")
        notes.append(min(values))
    if len(set(notes)) > 1:
        raise ResolveError(f"the rows that differ stand in several notes ({', '.join(notes)}); add --field")
    return notes[0]


def plan_resolution(meant: Disputed, keep: str, found: Survey, wheel: Wheel) -> Commanded:
    """Plan the edits that end the conflict; what can't be edited just now is a problem. Raises ResolveError."""
    commanded = Commanded()
    rules = wheel.settings.rules
    try:
        if meant.source is None:
            _plan_orphan(meant, keep, found, commanded, wheel)
        elif keep == SOURCE:
            fields = [conflict.field for conflict in meant.conflicts]
            every = [conflict.field for conflict in meant.standing]
            edits = edits_of_rows(meant.source, meant.rows, fields, every, rules, found.roster)
            _plan_rows(edits, commanded, wheel)
        else:
            _plan_source(meant, meant.source, keep, found, commanded, wheel)
    except CommandRefusedError as error:
        conflict = meant.standing[0]
        commanded.problems.append(Problem(conflict.path, conflict.line, str(error)))
    return commanded


def _plan_source(  # noqa: PLR0913 - the task, what is asked for, and where that goes
    meant: Disputed, source: SourceTask, keep: str, found: Survey, commanded: Commanded, wheel: Wheel
) -> None:
    """Plan the edit of the source line that a kept row asks for."""
    rules = wheel.settings.rules
    at = _speaking(meant, speaking_note(meant, keep), wheel)
    lines = {other.task.order: other.task.line for other in found.tasks if other.task.path == source.task.path}
    around = lines_around(source.task.order, lines)
    taken = set(found.taken_ids) | wheel.state.ids
    fields = [conflict.field for conflict in meant.conflicts]
    edit = edit_of_source(source, at, fields, around, rules, found.roster, found.today, taken)
    text = text_to_edit(edit.path, wheel.scanner, wheel.waits.quiet)
    if isinstance(text, Problem):
        commanded.problems.append(text)
        return
    verified = verify_edits(wheel.scanner.notes[edit.path], text, [edit], rules)
    commanded.problems += [*verified.refused, *verified.remarks]
    if verified.refused:
        return
    commanded.edits.append(edit)
    commanded.texts[edit.path] = verified.text
    if not edit.after:
        commanded.removed.add(meant.key)


def _plan_orphan(meant: Disputed, keep: str, found: Survey, commanded: Commanded, wheel: Wheel) -> None:
    """Plan what becomes of edited rows whose task is gone: they go, or the task goes into the capture note."""
    if keep == SOURCE:
        _plan_rows(removals(meant.rows), commanded, wheel)
        return
    rows = [at for at in meant.rows if keep in (ROW, at.note)]
    if not rows:
        raise ResolveError(f"{keep} has no row of this task; its rows stand in {_places(meant.conflicts)}")
    rules, path = wheel.settings.rules, wheel.settings.rules.capture
    note = wheel.scanner.notes.get(path, Note(path, "", "source"))
    if note.kind != "source" or not rules.captures or rules.may_hold_region(path):
        raise ResolveError(f"{path}, where new tasks go (`capture`), is no note that tasks are read from")
    taken = set(found.taken_ids) | wheel.state.ids
    after = lines_of_orphan(wheel.state.base[meant.key], rows, rules, found.roster, found.today, taken)
    is_there = path in wheel.scanner.notes
    text = text_to_edit(path, wheel.scanner, wheel.waits.quiet) if is_there else ""
    if isinstance(text, Problem):
        commanded.problems.append(text)
        return
    number = len(split_lines(text)) + 1
    edits = [PlannedEdit(path, number + at, "", (line,), WHY) for at, line in enumerate(after)]
    verified = verify_edits(note, text, edits, rules)
    commanded.problems += verified.refused
    if not verified.refused:
        commanded.edits += edits
        commanded.texts[path] = verified.text


def _speaking(meant: Disputed, note: str, wheel: Wheel) -> RowAt:
    """Return the row of a note that holds its value: of several copies the one that was edited."""
    written = wheel.state.base[meant.key].rows.get(note) if meant.key in wheel.state.base else None
    there = [at for at in meant.rows if at.note == note]
    if not there:
        raise ResolveError(f"{note} has no row of this task; run `vaultsync reconcile` first")
    return next((at for at in there if at.row.text != written), there[0])


def _plan_rows(edits: Sequence[PlannedEdit], commanded: Commanded, wheel: Wheel) -> None:
    """Plan edits of rows: in regions, where no task of the note's own is touched."""
    by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
    for edit in edits:
        by_path[edit.path].append(edit)
    for path, each in by_path.items():
        text = text_to_edit(path, wheel.scanner, wheel.waits.quiet)
        if isinstance(text, Problem):
            commanded.problems.append(text)
            continue
        after = apply_line_edits(text, [LineEdit(edit.line, edit.before, edit.after) for edit in each])
        if not reads_as(wheel.scanner.notes[path], {}, after, wheel.settings.rules):
            commanded.problems.append(Problem(path, None, "its rows can't be changed without touching a task beside"))
            continue
        commanded.edits += each
        commanded.texts[path] = after


def _places(conflicts: Sequence[Conflict]) -> str:
    return ", ".join(sorted({note for conflict in conflicts for note in conflict.disagreement.rows}))
