"""Make the plan of a turn: on the vault as it is now, or a little ahead, on what it will be when the turn is due.

A turn is due when a changed note has been quiet for a while. What that change comes to is worked out meanwhile, so that
then there is only to write. When there is to plan is the daemon's to say, what to do the reconcile room's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vaultsync.reconcile.places import NewcomersError
from vaultsync.reconcile.plan import plan_cycle, plan_narrowly

if TYPE_CHECKING:
    from vaultsync.model import Problem
    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot
    from vaultsync.snapshots import Snapshots, Terms


@dataclass(slots=True)
class Planner:
    """Who plans on the snapshots of one vault."""

    snapshots: Snapshots
    _ahead: tuple[Snapshot, Plan] | None = None

    def plan(self, terms: Terms) -> tuple[Snapshot, tuple[Problem, ...], Plan]:
        """Plan on the vault as it is now; the snapshot's newcomers are those of the terms and who else gets a note."""
        ahead, self._ahead = self._ahead, None
        while True:
            snapshot, problems = self.snapshots.take(terms)
            if ahead and snapshot.shows_nothing_new_to(ahead[0]):
                return snapshot, problems, ahead[1]
            try:
                return snapshot, problems, plan_cycle(snapshot)
            except NewcomersError as error:
                terms = replace(terms, newcomers=terms.newcomers | error.people)

    def plan_ahead(self, moment: float) -> None:
        """Plan on the vault as it will be at a later moment (monotonic), if what has changed is little."""
        self._ahead = None
        snapshot = self.snapshots.take_ahead(moment)
        plan = plan_narrowly(snapshot)
        if plan is None:
            self.snapshots.take_back(snapshot)
        else:
            self._ahead = (snapshot, plan)
