"""The JSON shapes of the product contract, section 6: what scripts read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.outcome import Outcome
    from vaultsync.reconcile.plan import Conflict
    from vaultsync.storage.rest import RestRecord

SKIPPED = "skipped: it is being written"


class EditReport(BaseModel):
    """One line edited in a source note; a removed line has no `after`, and an added one follows after a line end."""

    path: str
    line: int
    before: str
    after: str | None
    why: str


class IndexReport(BaseModel):
    """One index note and its counts."""

    path: str
    person: str
    proposed: int
    open: int
    written: bool


class RowReport(BaseModel):
    """What one row holds in a field that is in conflict."""

    path: str
    value: str


class ConflictReport(BaseModel):
    """A field that source and rows disagree on."""

    id: str
    field: str
    source: str
    row: str
    rows: list[RowReport]
    path: str
    line: int | None


class ProblemReport(BaseModel):
    """Input that couldn't be read or acted on."""

    path: str
    line: int | None
    what: str


class CycleReport(BaseModel):
    """One cycle."""

    vault: str
    notes: int
    tasks: int
    people: int
    dry_run: bool
    halted: str | None
    edits: list[EditReport]
    index_notes: list[IndexReport]
    conflicts: list[ConflictReport]
    problems: list[ProblemReport]
    seconds: float


def conflict_report(conflict: Conflict) -> ConflictReport:
    """Report a field in conflict."""
    held, key = conflict.disagreement, conflict.key.rpartition("#^")[2]
    return _conflict(key, conflict.field, held.source, held.rows, conflict.path, conflict.line)


def _conflict(
    key: str, field: str, source: str, values: Mapping[str, str], path: str, line: int | None
) -> ConflictReport:
    rows = [RowReport(path=note, value=value) for note, value in values.items()]
    row = rows[0].value if rows else ""
    return ConflictReport(id=key, field=field, source=source, row=row, rows=rows, path=path, line=line)


def conflict_line(conflict: ConflictReport) -> str:
    """Say in one line where a field is in conflict, and what each side holds."""
    place = conflict.path if conflict.line is None else f"{conflict.path}:{conflict.line}"
    rows = "; ".join(f"{row.path}: {shown_value(conflict.field, row.value)}" for row in conflict.rows)
    source = shown_value(conflict.field, conflict.source)
    return f"conflict  {place}  {conflict.field}: the note says {source}; {rows}"


def shown_value(field: str, value: str) -> str:
    """Return a value as it is told: a status as its box, which may be a blank one."""
    return f"[{value}]" if field == "status" else value or "none"


def cycle_report(outcome: Outcome, vault: str, seconds: float, *, dry_run: bool) -> CycleReport:
    """Report one turn of the wheel."""
    plan = outcome.plan
    # In a dry run `written` tells what would be.
    written = frozenset(outcome.changes) if dry_run else outcome.written
    return CycleReport(
        vault=vault,
        notes=outcome.notes,
        tasks=plan.tasks,
        people=plan.people,
        dry_run=dry_run,
        halted=None,
        edits=[
            EditReport(
                path=e.path, line=e.line, before=e.before, after="\n".join(e.after) if e.after else None, why=e.why
            )
            for e in outcome.edits
        ],
        index_notes=[
            IndexReport(
                path=note.path,
                person=note.person,
                proposed=note.proposed,
                open=note.open,
                written=note.path in written,
            )
            for note in plan.counted
        ],
        conflicts=[conflict_report(conflict) for conflict in plan.conflicts],
        problems=[
            *(ProblemReport(path=p.path, line=p.line, what=p.what) for p in outcome.problems),
            *(ProblemReport(path=path, line=None, what=SKIPPED) for path in outcome.skipped),
        ],
        seconds=round(seconds, 3),
    )


def resting_report(rest: RestRecord, vault: str, seconds: float, *, dry_run: bool) -> CycleReport:
    """Report that a vault is as the turn left it that found nothing to do; what is told once, a turn has told."""
    return CycleReport(
        vault=vault,
        notes=rest.notes,
        tasks=rest.tasks,
        people=rest.people,
        dry_run=dry_run,
        halted=None,
        edits=[],
        index_notes=[
            IndexReport(path=note.path, person=note.person, proposed=note.proposed, open=note.open, written=False)
            for note in rest.index_notes
        ],
        conflicts=[
            _conflict(each.id, each.field, each.source, each.rows, each.path, each.line) for each in rest.conflicts
        ],
        problems=[
            ProblemReport(path=problem.path, line=problem.line, what=problem.what)
            for problem in rest.problems
            if dry_run or not problem.once
        ],
        seconds=round(seconds, 3),
    )


def halted_report(vault: str, why: str, seconds: float, *, dry_run: bool) -> CycleReport:
    """Report a cycle that was halted for safety; nothing was written."""
    return CycleReport(
        vault=vault,
        notes=0,
        tasks=0,
        people=0,
        dry_run=dry_run,
        halted=why,
        edits=[],
        index_notes=[],
        conflicts=[],
        problems=[],
        seconds=round(seconds, 3),
    )
