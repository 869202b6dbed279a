"""Say who a row assigns its task to, by whose note it stands in and whom somebody named in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vaultsync.tasks.people import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vaultsync.index.rows import RowValues
    from vaultsync.reconcile.sides import RowSide, Sides


def assigned(row: RowSide, mentions: Sequence[str], assignees: frozenset[str], sides: Sides) -> frozenset[str]:
    """Return who is assigned by the mentions in a row of a task that is assigned to `assignees`.

    While that is in conflict a row names all whom it means, so that it goes on meaning them whatever the source says.
    """
    if mentions and "assignee" in sides.standing:
        return frozenset(mentions)
    return _assigned_by_row(assignees, _stands_for(row.at.person, assignees, sides.owner), mentions)


def as_in_conflict(row: RowSide, disagreeing: Collection[str], sides: Sides) -> RowValues:
    """Return the values that a row shows while some fields are in conflict."""
    if "assignee" not in disagreeing or not row.now.mentions:
        return row.now
    meant = assigned(row, row.now.mentions, (sides.base or sides.source).assignees, sides)
    named = [name for name in dict.fromkeys(row.now.mentions) if name in meant]
    return replace(row.now, mentions=(*sorted(meant.difference(named)), *named))


def _stands_for(person: str, assignees: frozenset[str], owner: str | None) -> str:
    """Return which assignee a row of `person`'s index note stands for: of what is owed to that person, the owner."""
    return owner if owner in assignees and person not in assignees else person


def _assigned_by_row(assignees: frozenset[str], person: str, mentions: Sequence[str]) -> frozenset[str]:
    """Return who is assigned by the mentions typed into a row that stands for `person`.

    Another name replaces the assignee that the row stands for; the own name repeated with another adds that one. A row
    that stands for nobody who is assigned (the source was handed over meanwhile) says just whom it names.
    """
    if not mentions:
        return assignees
    if person not in assignees and person not in mentions:
        return frozenset(mentions)
    kept = assignees if person in mentions else assignees - {person}
    return (kept | frozenset(mentions)) - ({UNASSIGNED} if set(mentions) - {UNASSIGNED} else frozenset())
