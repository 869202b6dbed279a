"""Three-way merge of one field: who changed it since both sides last agreed, and what holds now.

A side is measured against its own last known value, the source line against the base's line and a row against the row
as last written, so a change of settings is never an edit. Nothing here knows lines, notes or effects of a transition.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from vaultsync.model import Role

if TYPE_CHECKING:
    from vaultsync.tasks.statuses import Roles

T = TypeVar("T")

_STEPS = {Role.PROPOSED: 0, Role.TODO: 1, Role.IN_PROGRESS: 2, Role.DONE: 3}


class Winner(Enum):
    """Whose value of a field holds after a merge."""

    AGREE = "agree"  # both sides hold the same value
    STAND = "stand"  # they differ, and neither side has changed: as they stood
    SOURCE = "source"
    ROW = "row"
    CONFLICT = "conflict"  # both changed, differently: each keeps its own

    @property
    def mirrored(self) -> Winner:
        """The same outcome, seen with the sides swapped."""
        return {Winner.SOURCE: Winner.ROW, Winner.ROW: Winner.SOURCE}.get(self, self)


def merge_field(source_base: T, source: T, row_base: T, row: T) -> Winner:
    """Merge one field of the two sides, each with the value that it had when they last agreed."""
    if source == row:
        return Winner.AGREE
    # The sides differ.
    if source == source_base and row == row_base:
        return Winner.STAND
    # At least one side has changed.
    if row == row_base:
        return Winner.SOURCE
    if source == source_base:
        return Winner.ROW
    # Both have changed, and not alike.
    return Winner.CONFLICT


def merge_status(source_base: str, source: str, row_base: str, row: str, roles: Roles) -> Winner:
    """Merge the status symbols; of two changes a decision beats `proposed`, and the further one forward wins."""
    winner = merge_field(source_base, source, row_base, row)
    if winner is not Winner.CONFLICT:
        return winner
    source_role, row_role = roles.role_of(source), roles.role_of(row)
    yielding = _proposed_yields(source_role, row_role)
    if yielding:
        return yielding
    if source_role is None or row_role is None:
        return Winner.CONFLICT
    if source_role is row_role:
        # The same decision in two spellings; the choice may not depend on the side that made it.
        return Winner.SOURCE if _spelling(source, source_role, roles) < _spelling(row, row_role, roles) else Winner.ROW
    start_source, start_row = _step(roles.role_of(source_base)), _step(roles.role_of(row_base))
    ahead_source, ahead_row = _step(source_role), _step(row_role)
    if start_source is None or start_row is None or ahead_source is None or ahead_row is None:
        return Winner.CONFLICT
    if min(ahead_source, ahead_row) <= max(start_source, start_row):
        return Winner.CONFLICT
    # Both went forward, to different roles.
    return Winner.SOURCE if ahead_source > ahead_row else Winner.ROW


def merge_status_without_base(source: str, row: str, roles: Roles) -> Winner:
    """Merge two status symbols of which no common past is known."""
    if source == row:
        return Winner.AGREE
    return _proposed_yields(roles.role_of(source), roles.role_of(row)) or Winner.CONFLICT


def join_sets(
    source_base: frozenset[str], source: frozenset[str], row_base: frozenset[str], row: frozenset[str]
) -> frozenset[str]:
    """Join what each side added to and removed from a set; a removal is an edit, and beats the other side's keeping."""
    added = (source - source_base) | (row - row_base)
    removed = (source_base - source) | (row_base - row)
    return ((source | row) - removed) | added


def _step(role: Role | None) -> int | None:
    """Return how far a role is on the way forward; None for one that is off it."""
    return None if role is None else _STEPS.get(role)


def _proposed_yields(source: Role | None, row: Role | None) -> Winner | None:
    if source is row:
        return None
    if source is Role.PROPOSED:
        return Winner.ROW
    if row is Role.PROPOSED:
        return Winner.SOURCE
    return None


def _spelling(symbol: str, role: Role, roles: Roles) -> tuple[bool, str]:
    return symbol != roles.symbol_for(role), symbol
