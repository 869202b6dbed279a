"""Keep the groups of one person's proposals in step while proposals come and go, at the cost of those concerned.

Left to others: which proposals are near-duplicates, and who leads a group (duplicates).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from vaultsync.reconcile.duplicates import Saying, Sayings, group_duplicates, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.duplicates import Group, Proposal, Said
    from vaultsync.reconcile.rollup import Order

_MANY = 0.25  # of the proposals: when so many have changed, grouping all anew costs less than what it saves later


@dataclass(slots=True, eq=False)
class _Voiced(Saying):
    """A saying, and the proposals that say it, in no order."""

    orders: list[Order]


class Grouping:
    """The groups of one person's proposals, kept while proposals come and go.

    At any time they are what `group_duplicates` makes of all proposals that are there. A proposal only ever joins a
    leader that it is like, so those that no chain of likenesses connects with a changed one stay as they are, whatever
    the changed ones do: only the others are grouped anew. Dates keep proposals apart, but connect none, so the chains
    don't ask for them.

    A proposal is known by its order. One whose order stays while something else about it changes goes and comes.
    """

    def __init__(self, threshold: float, known: AbstractSet[str]) -> None:
        """Begin without proposals; `threshold` and `known` as in `group_duplicates`."""
        self._threshold = threshold
        self._known = known
        self._groups: dict[Order, Group] = {}  # by each member
        self._leaders: list[Order] = []  # ascending
        self._voiced: dict[Said, _Voiced] = {}
        self._sayings = Sayings[_Voiced](frozenset(), threshold, known)  # those of `_voiced`
        self._changes = 0  # since all were grouped; the sayings' order of words is of that time, too

    def __len__(self) -> int:
        """Return how many proposals there are."""
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        """Yield the groups in the order of their leaders."""
        return map(self._groups.__getitem__, self._leaders)

    @property
    def orders(self) -> AbstractSet[Order]:
        """The orders of all proposals."""
        return self._groups.keys()

    def get(self, order: Order) -> Proposal | None:
        """Return the proposal of an order, None if there is none."""
        group = self._groups.get(order)
        return next((each for each in group.members if each.order == order), None) if group else None

    def change(self, gone: Iterable[Proposal], come: Iterable[Proposal]) -> None:
        """Let some proposals go, as they came, and then others come.

        It takes as long as comparing the changed ones, and those that they are or were like, with what shares their
        rarest words; now and then as long as grouping all, but that is once in so many changes that it adds little to
        each.
        """
        gone, come = tuple(gone), tuple(come)
        self._changes += len(gone) + len(come)
        if self._changes > _MANY * len(self):
            self._group_all(gone, come)
            return
        for proposal in gone:
            self._fall_silent(proposal)
        connected = self._connected(map(self._say, chain(gone, come)))
        orders = chain((proposal.order for proposal in gone), *(voiced.orders for voiced in connected))
        parted = {group.leader.order: group for group in map(self._groups.pop, orders)}
        for leader in parted:
            del self._leaders[bisect_left(self._leaders, leader)]
        for proposal in come:
            self._speak(proposal, self._say(proposal))
        for group in group_duplicates(_after(parted.values(), gone, come), self._threshold, self._known):
            insort(self._leaders, group.leader.order)
            self._groups.update(dict.fromkeys((each.order for each in group.members), group))

    def _group_all(self, gone: Iterable[Proposal], come: Iterable[Proposal]) -> None:
        proposals = _after(self, gone, come)
        groups = group_duplicates(proposals, self._threshold, self._known)
        self._groups = {each.order: group for group in groups for each in group.members}
        self._leaders = [group.leader.order for group in groups]
        said = [self._say(proposal) for proposal in proposals]
        self._sayings = Sayings({text for text, _ in said}, self._threshold, self._known)
        self._voiced = {}
        for proposal, what in zip(proposals, said, strict=True):
            self._speak(proposal, what)
        self._changes = 0

    def _say(self, proposal: Proposal) -> Said:
        return say(proposal.prose, self._known)

    def _speak(self, proposal: Proposal, said: Said) -> None:
        if said in self._voiced:
            self._voiced[said].orders.append(proposal.order)
        else:
            voiced = self._voiced[said] = _Voiced(*said, [proposal.order])
            self._sayings.add(voiced)

    def _fall_silent(self, proposal: Proposal) -> None:
        said = self._say(proposal)
        voiced = self._voiced[said]
        voiced.orders.remove(proposal.order)
        if not voiced.orders:
            self._sayings.remove(voiced)
            del self._voiced[said]

    def _connected(self, said: Iterable[Said]) -> AbstractSet[_Voiced]:
        """Return the sayings that are like one of these, or like one that is, and so on."""
        found: set[_Voiced] = set()
        asked = set(said)
        to_ask = list(asked)
        while to_ask:
            new = {other for _, other in self._sayings.like(Saying(*to_ask.pop()))} - found
            found |= new
            unasked = {(other.text, other.names) for other in new} - asked
            asked |= unasked
            to_ask += unasked
        return found


def _after(groups: Iterable[Group], gone: Iterable[Proposal], come: Iterable[Proposal]) -> list[Proposal]:
    """Return the members of the groups without those that are gone, and those that come."""
    orders = {proposal.order for proposal in gone}
    return [*(each for group in groups for each in group.members if each.order not in orders), *come]
