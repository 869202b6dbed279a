"""What one turn did, or would do, and what of it is kept for `status`. How it came about is `cycle`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.storage.heartbeat import KEPT, ConflictRecord, ProblemRecord, TurnRecord

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from vaultsync.model import Problem
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.plan import Plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one turn did, or in a dry run would do."""

    plan: Plan  # the last one, of those that it took
    edits: tuple[PlannedEdit, ...]  # of all of them, those that landed; in a dry run those that would be made
    written: frozenset[str]  # notes whose bytes changed
    notes: int
    problems: tuple[Problem, ...]
    changes: tuple[str, ...]  # notes that the plan changes
    told: tuple[Problem, ...] = ()  # the problems with repetitions, and with those that have been told and come once
    passing: bool = False  # whether a turn after this one would have other problems
    skipped: tuple[str, ...] = ()  # notes too young to plan on
    wait: float | None = None  # seconds until something that waits now will be due
    blocked: Mapping[str, str] = field(default_factory=dict)  # notes that the system doesn't let us write, its words


def record_of_turn(outcome: Outcome, at: dt.datetime, command: str, seconds: float) -> TurnRecord:
    """Return what is kept of a turn that began at a moment and took so long."""
    plan = outcome.plan
    return TurnRecord(
        at=at,
        command=command,
        seconds=round(seconds, 3),
        edits=len(outcome.edits),
        written=len(outcome.written),
        notes=outcome.notes,
        tasks=plan.tasks,
        people=plan.people,
        conflicts=len(plan.conflicts),
        problems=len(outcome.problems),
        skipped=len(outcome.skipped),
        first_conflicts=tuple(
            ConflictRecord(path=each.path, line=each.line, id=each.key.rpartition("#^")[2], field=each.field)
            for each in plan.conflicts[:KEPT]
        ),
        first_problems=tuple(
            ProblemRecord(path=each.path, line=each.line, what=each.what) for each in outcome.problems[:KEPT]
        ),
    )
