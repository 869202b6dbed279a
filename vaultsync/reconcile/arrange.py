"""Arrange each person's index note: which tasks stand in which section and order, which rows stay as they are.

How a row is written is the index room's business; whether it may be written now is `draw`'s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.index.links import render_link, task_key
from vaultsync.index.note import index_path
from vaultsync.index.region import SECTIONS, SectionName
from vaultsync.index.rows import row_settings
from vaultsync.reconcile.duplicates import THRESHOLD, Group, Proposal, group_duplicates
from vaultsync.reconcile.grouping import Grouping
from vaultsync.reconcile.one_on_one import partner
from vaultsync.reconcile.rollup import OWED, SECTION_OF_ROLE, Counts, Order, count, section_of, sort_key
from vaultsync.reconcile.shelf import SLACK, MoreTasksError, Rest, TaskPlace, place_of
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import person_key
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.snapshot import RowAt, Snapshot, SourceTask
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class Entry:
    """One task as an index note shows it: from its source, or a row kept as it stands."""

    order: Order
    source: SourceTask | None = None
    kept: RowAt | None = None
    remark: str | None = None  # a plain line beneath a kept row
    leader: Order | None = None  # of the entry that it stands nested beneath
    under: str | None = None  # the note whose heading it stands under, where rows stand by note


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One person's index note: entries by section, how many more a section would have, and the counts."""

    sections: Mapping[SectionName, tuple[Entry, ...]] = field(default_factory=dict)
    more: Mapping[SectionName, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)


NESTED = "    "

_Unit = tuple[Entry, ...]  # what stays together: an entry, and those that stand nested beneath it


@dataclass(frozen=True, slots=True)
class Wanted:
    """What index notes want to show, by person: entries by section in no order, and what is only counted."""

    entries: Mapping[str, Mapping[SectionName, Sequence[Entry]]]
    counted: Mapping[str, Sequence[SourceTask]]
    unmarked: Mapping[tuple[str, SectionName | None], int]  # tasks that can't have an id now


def all_wanted(  # noqa: PLR0913 - what is wanted is a function of all of these
    tasks: Sequence[SourceTask],
    located: Located,
    waiting: AbstractSet[str],
    disputed: Mapping[str, AbstractSet[str]],
    absent: Sequence[SourceTask],
    snapshot: Snapshot,
) -> Wanted:
    """Return what each person's index note wants to show; `tasks` are those of `located` after edits.

    `disputed` are the tasks with a conflict, each with the people in whose notes a row holds its own value: there it
    stays, whoever is assigned. The `waiting` tasks are only counted here, and so are the `absent` ones, which no note
    shows just now, though rows do. A task that no id may be written for now is left out, as it can't be linked to.
    """
    rules = snapshot.rules
    by_person: dict[str, dict[SectionName, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    counted = _shown(absent, snapshot)
    unmarked: Counter[tuple[str, SectionName | None]] = Counter()
    creditors = Creditors(located.spelling, located.persons, snapshot)
    dates: dict[str, str | None] = {}
    for source in tasks:
        path = source.task.path
        if path not in dates:
            dates[path] = snapshot.notes[path].date
        date = dates[path]
        section = section_of(source, date, rules, snapshot.today)
        key = None if source.task.order in located.copies else source.key
        owed = creditors.of(source) if section in OWED else None
        if key in disputed:
            section = "Conflicts"
        if section is None:
            continue
        for person in source.assignees:
            counted[person].append(source)
        if not (_may_be_stamped(source, snapshot) if key is None else key not in waiting):
            unmarked.update(zip(source.assignees, repeat(section if key is None else None), strict=False))
            continue
        entry = Entry(sort_key(source.facts, date, path, source.task.number), source=source)
        holding = disputed.get(key, frozenset[str]()) if key is not None else frozenset[str]()
        for person in dict.fromkeys((*source.assignees, *sorted(holding))):
            by_person[person][section].append(entry)
        if owed is not None and owed not in holding:
            by_person[owed]["I owe" if section in OWED else section].append(entry)
    return Wanted(by_person, counted, unmarked)


def arrange(
    wanted: Wanted,
    kept: Mapping[str, Sequence[Entry]],
    people: AbstractSet[str] | None,
    rest: Mapping[str, Rest],
    snapshot: Snapshot,
) -> dict[str, Arrangement]:
    """Return what each person's index note shows, or of each of `people`.

    `kept` are the rows, by person, that stay as they stand; `rest` is what else these people's notes may show. Raises
    MoreTasksError where they do.
    """
    arranged: dict[str, Arrangement] = {}
    shown = {*wanted.entries, *wanted.counted, *kept}
    shown |= {person for person, each in rest.items() if any(map(each.size, each.shelf.sections))}
    for person in sorted(shown if people is None else shown & people):
        left = rest.get(person, Rest())
        without_id = {name: wanted.unmarked.get((person, name), 0) for name in SECTIONS}
        own = wanted.entries.get(person, {})
        sections, more = _laid_out(person, own, kept.get(person, ()), left, without_id, snapshot)
        counts = count(wanted.counted.get(person, ()), snapshot.rules) + left.counts
        arranged[person] = Arrangement(sections, more, counts)
    return arranged


def _shown(tasks: Iterable[SourceTask], snapshot: Snapshot) -> defaultdict[str, list[SourceTask]]:
    """Return the tasks that some section shows, by assignee."""
    shown: defaultdict[str, list[SourceTask]] = defaultdict(list)
    for source in tasks:
        note = snapshot.notes.get(source.task.path)
        if section_of(source, note.date if note else None, snapshot.rules, snapshot.today) is not None:
            for person in source.assignees:
                shown[person].append(source)
    return shown


def without_rows(arranged: Mapping[str, Arrangement], unsure: AbstractSet[tuple[str, str]]) -> dict[str, Arrangement]:
    """Return the arrangements without the rows of some tasks, given as person and key."""
    return {
        person: replace(
            arrangement,
            sections={
                name: tuple(e for e in entries if e.source is None or (person, e.source.key) not in unsure)
                for name, entries in arrangement.sections.items()
            },
        )
        for person, arrangement in arranged.items()
    }


def kept_section(entry: Entry, snapshot: Snapshot) -> SectionName:
    """Return the section of a row that is kept as it stands: that of its own box, unless it stands among conflicts."""
    at, rules = entry.kept, snapshot.rules
    if entry.remark is not None or at is None:
        return "Conflicts"
    base = snapshot.base.get(task_key(at.row.path, at.row.block_id))
    if base is not None and base.conflicts:
        return "Conflicts"
    line = parse_line(at.row.text, row_settings(rules), hidden=True)
    role = rules.roles.role_of(line.symbol) if line else None
    section = SECTION_OF_ROLE.get(role, "Done") if role else "Open"
    return "I owe" if section in OWED and _is_owed(at, base, snapshot) else section


class Creditors:
    """Who the owner owes a task to: those whose 1:1 note it stands in, and who aren't assigned themselves."""

    def __init__(self, spelling: dict[str, str], persons: Mapping[str, str], snapshot: Snapshot) -> None:
        """Take the `spelling` and the `persons` of `Located`."""
        self._spelling = spelling
        self._snapshot = snapshot
        self._known: dict[str, str | None] = {}  # by note
        self._places = frozenset(snapshot.index_notes) | persons.keys()

    def of(self, source: SourceTask) -> str | None:
        """Return who a task is owed to, None if it is owed to nobody."""
        snapshot, path = self._snapshot, source.task.path
        if not snapshot.rules.index.one_on_one or snapshot.roster.owner not in source.assignees:
            return None
        if path not in self._known:
            name = self.partner(path)
            self._known[path] = self._spelling.setdefault(person_key(name), name) if name else None
        person = self._known[path]
        return None if person in source.assignees else person

    def partner(self, path: str) -> str | None:
        """Return who a note is 1:1 with; one that is an index note, or is about to be one, is with nobody."""
        name = partner(self._snapshot.notes[path], self._snapshot.roster)
        if name is None or path in self._places or path == index_path(name, self._snapshot.rules.index):
            return None
        return name


def _is_owed(at: RowAt, base: BaseTask | None, snapshot: Snapshot) -> bool:
    """Tell whether a row stands in the index note of somebody whom the owner owes it to."""
    line = parse_line(base.line, snapshot.rules.tasks, hidden=True) if base else None
    people = read_text(line, snapshot.roster, snapshot.rules.assignees).assignees if line else ()
    return snapshot.roster.owner in people and at.person not in people


def _may_be_stamped(source: SourceTask, snapshot: Snapshot) -> bool:
    path = source.task.path
    return path not in snapshot.unstamped and not snapshot.is_held(path) and source.task.order not in snapshot.refused


# -- the order of one section


def _laid_out(  # noqa: PLR0913 - the sections are a function of all of these
    person: str,
    entries: Mapping[SectionName, Sequence[Entry]],
    kept: Sequence[Entry],
    rest: Rest,
    without_id: Mapping[SectionName, int],
    snapshot: Snapshot,
) -> tuple[dict[SectionName, tuple[Entry, ...]], dict[SectionName, int]]:
    """Sort each section and cut it to `max_rows`, save conflicts and kept rows: somebody has to see them.

    Tasks that can't have an id now are left out. They are counted where a section is full: so long as nothing shows
    whether they could, the number stays the same.
    """
    rules = snapshot.rules.index
    extra: dict[SectionName, list[Entry]] = defaultdict(list)
    for entry in kept:
        extra[kept_section(entry, snapshot)].append(entry)
    sections: dict[SectionName, tuple[Entry, ...]] = {}
    more: dict[SectionName, int] = {}
    for name in SECTIONS:
        own = entries.get(name, ())
        is_grouped = name == "Proposed" and rules.duplicates is not None
        units = _grouped(person, own, rest, snapshot) if is_grouped else _alone(name, own, rest, snapshot)
        shown = list(units) if name == "Conflicts" else _fitting(units, rules.max_rows, len(extra[name]))
        rows = sum(map(len, shown))
        left_out = len(own) + rest.size(name) - rows
        if left_out or rows + len(extra[name]) >= rules.max_rows:
            left_out += without_id[name]
        if left_out:
            more[name] = left_out
        shown = sorted([*shown, *((entry,) for entry in extra[name])], key=_order)
        if rules.group_by == "note" and name != "Conflicts":
            shown = _by_note(shown)
        if shown:
            sections[name] = tuple(chain.from_iterable(map(_nested, shown)))
    return sections, more


def _alone(name: SectionName, entries: Sequence[Entry], rest: Rest, snapshot: Snapshot) -> Iterator[_Unit]:
    """Yield the entries of a section in order, up to where a task of the rest would stand."""
    others = rest.orders(name)
    first = next(others, None)
    for entry in sorted(entries, key=lambda entry: entry.order):
        if first is not None and first < entry.order:
            break
        yield (entry,)
    if first is not None:
        raise MoreTasksError({place_of(first), *map(place_of, islice(others, snapshot.rules.index.max_rows + SLACK))})


def _grouped(person: str, entries: Sequence[Entry], rest: Rest, snapshot: Snapshot) -> Iterator[_Unit]:
    """Yield proposals in order, those that say nearly the same together, with the fullest of them first."""
    by_order = {entry.order: entry for entry in entries}
    room = snapshot.rules.index.max_rows + SLACK
    missing: set[TaskPlace] = set()
    for group in _groups(person, by_order, rest, snapshot):
        orders = [each.order for each in group.members]
        missing.update(place_of(order) for order in orders if order not in by_order)
        room -= len(orders)
        if not missing:
            yield tuple(by_order[order] for order in orders)
        elif room <= 0:
            break
    if missing:
        raise MoreTasksError(missing)


def _groups(person: str, entries: Mapping[Order, Entry], rest: Rest, snapshot: Snapshot) -> Iterable[Group]:
    """Return the groups of a person's proposals, these and those of the rest; those at all other places are none."""
    asked = snapshot.rules.index.duplicates
    threshold = THRESHOLD if asked is None else asked  # 0 is one, too
    if not snapshot.memory.follows:
        return group_duplicates(map(_proposal, entries.values()), threshold, _name_words(snapshot))
    taken = rest.taken.get("Proposed", frozenset[Order]())
    grouping = snapshot.memory.grouping(person, lambda: Grouping(threshold, _name_words(snapshot)))
    looked_at = {*entries, *taken, *rest.shelf.odd}
    if unseen := {place_of(order) for order in looked_at - taken if rest.shelf.has("Proposed", order)}:
        raise MoreTasksError(unseen)
    if not rest.size("Proposed"):
        looked_at |= grouping.orders
    before = {order: grouping.get(order) for order in looked_at}
    proposals = {order: _proposal(entry, before[order]) for order, entry in entries.items()}
    if changed := [order for order in looked_at if before[order] != proposals.get(order)]:
        grouping.change(filter(None, map(before.get, changed)), filter(None, map(proposals.get, changed)))
    rest.shelf.odd = {order for order in looked_at if (order in proposals) != (order in taken)}
    return grouping


def _proposal(entry: Entry, known: Proposal | None = None) -> Proposal:
    """Return what grouping has to know of an entry: what is `known` if its line reads as it did."""
    source = entry.source
    if source is None:
        return Proposal(entry.order, "")
    raw, facts = source.task.raw, source.facts
    if known is not None and known.raw == raw:
        return known
    return Proposal(entry.order, source.text.prose, facts.fields, facts.due, facts.scheduled, facts.start, raw)


def _name_words(snapshot: Snapshot) -> frozenset[str]:
    roster = snapshot.roster
    names = chain(roster.people, *roster.aliases.values())
    return frozenset(word for name in names for word in name.casefold().split())


def _fitting(units: Iterator[_Unit], max_rows: int, taken: int) -> list[_Unit]:
    """Return the first units that fit beside the rows `taken`; one is only broken if no section could hold it whole."""
    shown: list[_Unit] = []
    left = max(0, max_rows - taken)
    while left and (unit := next(units, None)):
        fitting = unit if len(unit) <= left else unit[:left] if len(unit) > max_rows else ()
        if not fitting:
            break
        shown.append(fitting)
        left -= len(fitting)
    return shown


def _order(unit: _Unit) -> Order:
    return unit[0].order


def _by_note(units: Iterable[_Unit]) -> list[_Unit]:
    """Return the units with those of one note together, each under its note; a note stands where its first one does."""
    by_note: dict[str, list[_Unit]] = defaultdict(list)
    for unit in units:
        note = unit[0].order[3]
        by_note[note].append(tuple(replace(entry, under=note) for entry in unit))
    return [unit for together in by_note.values() for unit in together]


def _nested(unit: _Unit) -> Iterator[Entry]:
    leader, *others = unit
    yield leader
    for entry in others:
        yield replace(entry, leader=leader.order)


class Place(NamedTuple):
    """Where a row stands: the lines above it that aren't rows, and its indentation."""

    above: tuple[str, ...]
    indent: str


def placed(entries: Iterable[Entry], level: int, rules: Rules) -> list[Place]:
    """Return the place of each entry that is drawn; `level` is that of the section's heading."""
    places: list[Place] = []
    above: Entry | None = None  # the last one that isn't nested
    for entry in entries:
        if above is not None and entry.leader == above.order:
            places.append(Place((), NESTED))
            continue
        heading: tuple[str, ...] = ()
        if entry.under is not None and (above is None or entry.under != above.under):
            title = entry.under.rpartition("/")[2].removesuffix(".md")
            link = render_link(entry.under, None, title, markdown=rules.index.markdown_links)
            heading = (*(("",) if above else ()), f"{'#' * min(6, level + 1)} {link}", "")
        places.append(Place(heading, ""))
        above = entry
    return places
