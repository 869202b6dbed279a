"""Keep in order what one person's index note may show: a plan looks at the first tasks of it and counts the rest.

Which tasks there are is `reading`'s, which of them are shown in the end `arrange`'s.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.reconcile.rollup import LAST_DATE, OWED, Counts, section_of, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.index.region import SectionName
    from vaultsync.reconcile.rollup import Order
    from vaultsync.reconcile.snapshot import Snapshot, SourceTask

TaskPlace = tuple[str, int]  # path and line

SLACK = 20  # rows beyond those that fit: so many may leave before a plan has to look further


class MoreTasksError(Exception):
    """Index notes show tasks, standing at `places`, that the part of the vault that is decided on doesn't have."""

    def __init__(self, places: set[TaskPlace]) -> None:
        super().__init__(places)
        self.places = places


@dataclass(slots=True)
class Shelf:
    """All tasks that one person's index note may show, by section, in the order of rows."""

    sections: dict[SectionName, list[Order]] = field(default_factory=dict)
    odd: set[Order] = field(default_factory=set)  # proposals that came, went or were planned to since they were grouped

    def put(self, section: SectionName, order: Order) -> None:
        """Enter a task."""
        insort(self.sections.setdefault(section, []), order)
        self._note(section, order)

    def take(self, section: SectionName, order: Order) -> None:
        """Take a task out again."""
        orders = self.sections[section]
        del orders[bisect_left(orders, order)]
        self._note(section, order)

    def has(self, section: SectionName, order: Order) -> bool:
        """Tell whether a task stands here."""
        orders = self.sections.get(section, [])
        at = bisect_left(orders, order)
        return at < len(orders) and orders[at] == order

    def is_near_the_top(self, section: SectionName, order: Order, rows: int) -> bool:
        """Tell whether a task is among the first of its section, or a proposal that isn't grouped as it stands."""
        return bisect_left(self.sections.get(section, []), order) < rows + SLACK or order in self.odd

    def first(self, rows: int) -> Iterator[TaskPlace]:
        """Yield where the first tasks of each section stand."""
        for orders in self.sections.values():
            for order in orders[: rows + SLACK]:
                yield place_of(order)

    def _note(self, section: SectionName, order: Order) -> None:
        if section == "Proposed":
            self.odd.add(order)


@dataclass(frozen=True, slots=True)
class Rest:
    """What is on a person's shelf besides the tasks that a plan looks at; `taken` are those, by section."""

    shelf: Shelf = field(default_factory=Shelf)
    taken: Mapping[SectionName, AbstractSet[Order]] = field(default_factory=dict)

    def orders(self, section: SectionName) -> Iterator[Order]:
        """Yield the tasks of a section, in order."""
        taken = self.taken.get(section, frozenset())
        return (order for order in self.shelf.sections.get(section, ()) if order not in taken)

    def size(self, section: SectionName) -> int:
        """Return how many there are in a section."""
        return len(self.shelf.sections.get(section, ())) - len(self.taken.get(section, ()))

    @property
    def counts(self) -> Counts:
        """The numbers of all of them."""
        dates = (order[1] for name in ("Open", "In progress") if self.size(name) for order in self.orders(name))
        due = min(dates, default=LAST_DATE)
        open_tasks = self.size("Open") + self.size("In progress")
        return Counts(self.size("Proposed"), open_tasks, due if due != LAST_DATE else None)


def place_of(order: Order) -> TaskPlace:
    """Return where the task of a row stands."""
    return order[3], order[4]


def places_on_shelves(
    source: SourceTask, note_date: str | None, partner: str | None, snapshot: Snapshot
) -> Iterator[tuple[str, SectionName, Order]]:
    """Yield whose shelves a task stands on, in which section and order; `partner` is who its note is 1:1 with."""
    owner = snapshot.roster.owner
    section = section_of(source, note_date, snapshot.rules, snapshot.today)
    if section is None:
        return
    order = sort_key(source.facts, note_date, *source.task.order)
    for person in source.assignees:
        yield person, section, order
    if partner is not None and section in OWED and owner in source.assignees and partner not in source.assignees:
        yield partner, "I owe", order


def rest_of(
    shelves: Mapping[str, Shelf], people: Iterable[str], taken: Iterable[tuple[str, SectionName, Order]]
) -> dict[str, Rest]:
    """Return what is on these people's shelves besides the `taken` tasks."""
    found: dict[str, dict[SectionName, set[Order]]] = {person: {} for person in people}
    for person, section, order in taken:
        if person in found:
            found[person].setdefault(section, set()).add(order)
    return {person: Rest(shelves.get(person, Shelf()), each) for person, each in found.items()}
