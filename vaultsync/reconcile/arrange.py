"""Arrange each person's index note: which tasks stand in which section and order, which rows stay as they are.

How a row is written is the index room's business; whether it may be written now is `draw`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.index.region import SECTIONS, SectionName
from vaultsync.index.rows import row_settings
from vaultsync.reconcile.rollup import SECTION_OF_ROLE, Counts, Order, count, section_of, sort_key
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.snapshot import RowAt, Snapshot, SourceTask
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class Entry:
    """One task as an index note shows it: from its source, or a row kept as it stands."""

    order: Order
    source: SourceTask | None = None
    kept: RowAt | None = None
    remark: str | None = None  # a plain line beneath a kept row


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One person's index note: entries by section, how many more a section would have, and the counts."""

    sections: Mapping[SectionName, tuple[Entry, ...]] = field(default_factory=dict)
    more: Mapping[SectionName, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)


def arrange(  # noqa: PLR0913 - the arrangement is a function of all of these
    tasks: Sequence[SourceTask],
    copies: AbstractSet[tuple[str, int]],
    waiting: AbstractSet[str],
    disputed: Mapping[str, AbstractSet[str]],
    kept: Mapping[str, Sequence[Entry]],
    snapshot: Snapshot,
) -> dict[str, Arrangement]:
    """Return what each person's index note shows.

    `copies` are the places of tasks that need an id of their own. `disputed` are the tasks with a conflict, each with
    the people in whose notes a row holds its own value: there it stays, whoever is assigned. `kept` are the rows, by
    person, that stay as they stand: those of `waiting` tasks, which are only counted here, among them. A task that no
    id may be written for now is left out, as it can't be linked to.
    """
    rules = snapshot.rules
    by_person: dict[str, dict[SectionName, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    counted: dict[str, list[SourceTask]] = defaultdict(list)
    for source in tasks:
        line, path = source.task.line, source.task.path
        date = snapshot.notes[path].date
        section = section_of(line, date, rules, snapshot.today)
        key = None if source.task.order in copies else source.key
        if key in disputed:
            section = "Conflicts"
        if section is None:
            continue
        showable = _may_be_stamped(source, snapshot) if key is None else key not in waiting
        entry = Entry(sort_key(line, date, path, source.task.number), source=source)
        for person in source.assignees:
            counted[person].append(source)
        holding = disputed.get(key, ()) if key is not None else ()
        for person in dict.fromkeys((*source.assignees, *sorted(holding))):
            if showable:
                by_person[person][section].append(entry)
    arranged: dict[str, Arrangement] = {}
    for person in sorted({*by_person, *counted, *kept}):
        sections, more = _cut(by_person.get(person, {}), kept.get(person, ()), rules)
        arranged[person] = Arrangement(sections, more, count(counted.get(person, ()), rules))
    return arranged


def kept_section(entry: Entry, rules: Rules) -> SectionName:
    """Return the section of a row that is kept as it stands: that of its own box."""
    if entry.remark is not None or entry.kept is None:
        return "Conflicts"
    line = parse_line(entry.kept.row.text, row_settings(rules), hidden=True)
    role = rules.roles.role_of(line.symbol) if line else None
    return SECTION_OF_ROLE.get(role, "Done") if role else "Open"


def _may_be_stamped(source: SourceTask, snapshot: Snapshot) -> bool:
    path = source.task.path
    return path not in snapshot.unstamped and not snapshot.is_held(path) and source.task.order not in snapshot.refused


def _cut(
    entries: Mapping[SectionName, Sequence[Entry]], kept: Sequence[Entry], rules: Rules
) -> tuple[dict[SectionName, tuple[Entry, ...]], dict[SectionName, int]]:
    """Sort each section and cut it to `max_rows`, save conflicts and kept rows: somebody has to see them."""
    extra: dict[SectionName, list[Entry]] = defaultdict(list)
    for entry in kept:
        extra[kept_section(entry, rules)].append(entry)
    sections: dict[SectionName, tuple[Entry, ...]] = {}
    more: dict[SectionName, int] = {}
    for name in SECTIONS:
        ordered = sorted(entries.get(name, ()), key=lambda entry: entry.order)
        limit = len(ordered) if name == "Conflicts" else max(0, rules.index.max_rows - len(extra[name]))
        shown = sorted([*ordered[:limit], *extra[name]], key=lambda entry: entry.order)
        if shown:
            sections[name] = tuple(shown)
        if len(ordered) > limit:
            more[name] = len(ordered) - limit
    return sections, more
