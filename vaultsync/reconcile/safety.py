"""Look at a plan as a whole: an emptied vault or a mass deletion stops the cycle before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot


def suspicious(plan: Plan, snapshot: Snapshot, max_vanished: float, min_known: int) -> str | None:
    """Return why the cycle must halt, None if nothing speaks against the plan.

    It halts when the base knows tasks and no note is left, or when more than `max_vanished` (a share) of at least
    `min_known` known tasks are nowhere.
    """
    known = len(snapshot.base)
    if known and not snapshot.notes:
        return f"the vault looks empty, and {known} tasks were known in it; is it mounted? --force goes on"
    if known >= min_known and plan.missing > max_vanished * known:
        return (
            f"{plan.missing} of {known} known tasks have vanished, more than `safety.max_vanished` ({max_vanished:g}) "
            "allows; nothing was written; --force goes on"
        )
    return None
