"""Say what part of a vault a plan looks at: all of it, or what has changed since the last plan, and what that touches.

A plan on the part is the plan on all of it, which `tests/laws/test_focus_laws.py` holds. What is read of a note is
`reading`'s, what is decided on it `plan`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, task_key
from vaultsync.reconcile.follow import carried_base, carried_rows, moved_tasks
from vaultsync.reconcile.locate import Located, absent_tasks, find_index_notes, find_rows, locate_tasks, whose_notes
from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.places import standing_notes
from vaultsync.reconcile.reading import Reading, Touched, WholeVaultError, read_whole
from vaultsync.reconcile.shelf import rest_of
from vaultsync.reconcile.task import Merged
from vaultsync.tasks.people import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.model import Problem
    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.places import Standing
    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.rollup import Counts
    from vaultsync.reconcile.shelf import Rest, TaskPlace
    from vaultsync.reconcile.snapshot import IndexNote, RowAt, Snapshot, SourceTask


@dataclass(frozen=True, slots=True)
class Others:
    """What is known of the people whose index notes a plan on a part doesn't look at."""

    places: Mapping[str, str] = field(default_factory=dict)  # their index notes, by person
    joined: Mapping[str, str] = field(default_factory=dict)  # further ones whose rows stand in the first, with whose
    counts: Mapping[str, Counts] = field(default_factory=dict)
    notes: AbstractSet[str] = field(default_factory=frozenset)  # all their index notes


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan is made on; `snapshot` has the base of its tasks only."""

    snapshot: Snapshot
    index_notes: Mapping[str, IndexNote]
    rows: Mapping[str, Sequence[RowAt]]  # by key, those of its tasks in the index notes of others among them
    located: Located
    standing: Standing
    overviews: Sequence[str]
    problems: tuple[Problem, ...]  # of all notes
    tasks: int  # of all notes
    known: tuple[Mapping[str, object], ...]  # by the keys of all tasks: those that stand somewhere, and the base
    moved: Mapping[str, str] = field(default_factory=dict)
    quiet: AbstractSet[str] = field(default_factory=frozenset)  # tasks whose two sides agreed, and still are the same
    people: AbstractSet[str] | None = None  # whose index notes are looked at; None: everybody's
    others: Others = field(default_factory=Others)
    rest: Mapping[str, Rest] = field(default_factory=dict)  # what these people's notes may show besides, by person
    reading: Reading | None = None
    unseen: AbstractSet[str] = frozenset()  # tasks that were touched, with a row where nobody may look now


@dataclass(frozen=True, slots=True)
class Open:
    """What a plan left open or is about to change: the next one has to look at it again."""

    keys: AbstractSet[str] = field(default_factory=frozenset)
    notes: AbstractSet[str] = field(default_factory=frozenset)
    people: AbstractSet[str] = field(default_factory=frozenset)
    counts: Mapping[str, Counts] = field(default_factory=dict)  # of everybody


@dataclass(frozen=True, slots=True)
class Last:
    """The last plan's snapshot, without its maps, what it read, and what it left open."""

    snapshot: Snapshot
    reading: Reading
    open: Open

    @staticmethod
    def of(snapshot: Snapshot, reading: Reading, left: Open) -> Last:
        """Keep of a plan what the next one is compared with."""
        bare = replace(
            snapshot, notes={}, base={}, index_notes={}, taken_ids=frozenset(), copies={}, memory=Memory(), changed=None
        )
        return Last(bare, reading, left)


def everything(snapshot: Snapshot) -> Part:
    """Read everything."""
    snapshot.memory.begin(snapshot.roster, snapshot.notes)
    index_notes, problems = find_index_notes(snapshot)
    rows = find_rows(index_notes)
    located = locate_tasks(snapshot, index_notes, rows)
    moved = moved_tasks(snapshot, located)
    reading = None
    if snapshot.memory.follows and not moved and _is_ordinary(snapshot):
        reading = read_whole(index_notes, rows, located, problems, snapshot)
    known = (located.by_key, rows, snapshot.base)
    if moved:
        snapshot = replace(snapshot, base=carried_base(snapshot.base, moved))
        index_notes = carried_rows(index_notes, moved)
        rows = find_rows(index_notes)
    return Part(
        snapshot=snapshot,
        index_notes=index_notes,
        rows=rows,
        located=located,
        standing=standing_notes(index_notes, snapshot),
        overviews=sorted(path for path, note in snapshot.notes.items() if note.kind == "overview"),
        problems=(*located.problems, *problems),
        tasks=len(located.tasks),
        known=known,
        moved=moved,
        rest=_nothing(reading, snapshot) if reading else {},
        reading=reading,
    )


def touch(last: Last, snapshot: Snapshot) -> Touched:
    """Read anew what has changed since the last plan, and return what that touches.

    Raises WholeVaultError where it may be anything.
    """
    changed, before, reading = snapshot.changed, last.snapshot, last.reading
    if changed is None or not is_as_before(last, snapshot):
        raise WholeVaultError
    turned = changed.index_notes | (before.held ^ snapshot.held)
    turned |= {path for path, _ in before.refused ^ snapshot.refused}
    turned |= {path for path in snapshot.index_notes if path not in snapshot.notes}
    woken = (before.unstamped ^ snapshot.unstamped) | (before.unsettled ^ snapshot.unsettled)
    notes = turned | woken | changed.notes | last.open.notes
    resting = _resting(reading, snapshot)
    was_resting = {path for path in before.held - snapshot.held if path in reading.index_notes}
    touched = reading.renew(notes - resting, turned - resting - was_resting, snapshot)
    touched.notes |= notes
    touched.keys |= changed.tasks | last.open.keys
    if any(key in snapshot.base and key not in reading.by_key and not OWN_ID.match(key) for key in touched.keys):
        raise WholeVaultError  # it may have moved
    touched.people |= last.open.people
    touched.people.update(_people_of(touched.keys, reading, snapshot))
    records = filter(None, map(snapshot.index_notes.get, notes))
    touched.people |= {canonical(record.person, snapshot.roster) for record in records}
    return touched


def part_of(touched: Touched, last: Last, snapshot: Snapshot) -> Part:
    """Return what a plan has to look at for what was touched. Raises WholeVaultError where it may be anything."""
    reading, people, keys = last.reading, frozenset(touched.people), touched.keys
    resting = _resting(reading, snapshot)
    readable = {path: reading.index_notes[path] for path in sorted(reading.index_notes.keys() - resting)}
    index_notes = {path: note for path, note in readable.items() if note.person in people}
    loose = [row for note in index_notes.values() for row in note.content.loose]
    if any("#^" in row.text for row in loose):
        raise WholeVaultError  # it may link to any task
    shown = {task_key(row.path, row.block_id) for note in index_notes.values() for row in note.content.rows}
    # What may be written in these is not as it was read.
    restless = {*snapshot.unstamped, *snapshot.held, *(path for path, _ in snapshot.refused)} & reading.sources.keys()
    whole = touched.notes | restless | {reading.by_key[key].task.path for key in keys if key in reading.by_key}
    whole |= {snapshot.rules.capture} if loose else set()
    places = {reading.by_key[key].task.order for key in shown if key in reading.by_key} | touched.places
    for person in people & reading.shelves.keys():
        places.update(reading.shelves[person].first(snapshot.rules.index.max_rows))
    tasks = tuple(_tasks_of(whole, places, reading))
    by_key = {source.key: source for source in tasks if source.key is not None}
    all_keys = by_key.keys() | shown | keys
    standing = standing_notes(readable, snapshot)
    persons = whose_notes(readable, snapshot)
    rows = {key: reading.rows[key] for key in all_keys if key in reading.rows}
    if resting:
        rows = {key: some for key in rows if (some := [at for at in rows[key] if at.note not in resting])}
    return Part(
        snapshot=replace(snapshot, base={key: snapshot.base[key] for key in sorted(all_keys) if key in snapshot.base}),
        index_notes=index_notes,
        rows=rows,
        located=Located(tasks, by_key, frozenset(), persons, reading.spelling, ()),
        standing=_standing_of(index_notes, standing),
        overviews=sorted(reading.overviews),
        problems=reading.problems,
        tasks=reading.size,
        known=(reading.by_key, reading.rows, snapshot.base),
        quiet=all_keys - keys,
        people=people,
        others=Others(
            places={person: path for person, path in standing.drawn.items() if person not in people},
            joined={path: person for path in standing.joined if (person := readable[path].person) not in people},
            counts={person: counts for person, counts in last.open.counts.items() if person not in people},
            notes=reading.index_notes.keys() - index_notes.keys(),
        ),
        rest=rest_of(reading.shelves, people, reading.on_shelves(tasks, snapshot)),
        reading=reading,
        unseen={key for key in keys if any(at.note in resting for at in reading.rows.get(key, ()))},
    )


def rows_of(index_notes: Mapping[str, IndexNote], part: Part) -> Mapping[str, Sequence[RowAt]]:
    """Return the part's rows as they are in its index notes by now."""
    new = {path: note for path, note in index_notes.items() if note is not part.index_notes[path]}
    if not new:
        return part.rows
    kept = {key: [at for at in places if at.note not in new] for key, places in part.rows.items()}
    rows = {key: places for key, places in kept.items() if places}
    for key, places in find_rows(new).items():
        rows[key] = sorted((*rows.get(key, ()), *places), key=lambda at: (at.note, at.row.number))
    return rows


def left_open(  # noqa: PLR0913 - what is left open shows in all of these
    part: Part,
    snapshot: Snapshot,
    plan: Plan,
    merged: Mapping[str, Merged],
    waiting: AbstractSet[str],
    index_notes: Mapping[str, IndexNote],
    rows: Mapping[str, Sequence[RowAt]],
) -> Open:
    """Return what the next plan has to look at again, whatever becomes of this one."""
    found = part.located.by_key
    lacking = (key for key, task in snapshot.base.items() if key not in found or _lacks_rows(task, rows, snapshot))
    return Open(
        keys={
            *waiting,
            *part.unseen,
            *lacking,
            *plan.base,
            *plan.forgotten,
            *(key for key, each in merged.items() if _is_news(each)),
        },
        notes={path for path, note in index_notes.items() if note.content.loose},
        people={write.person for write in plan.index_notes if write.changed and write.person},
    )


def _is_news(outcome: Merged) -> bool:
    """Tell whether a merge found something to do or to say."""
    return outcome != Merged(outcome.before, outcome.before, outcome.why)


def _lacks_rows(task: BaseTask, rows: Mapping[str, Sequence[RowAt]], snapshot: Snapshot) -> bool:
    lacking = task.rows.keys() - {at.note for at in rows.get(task.key, ())}
    return not all(map(snapshot.is_held, lacking))


def _resting(reading: Reading, snapshot: Snapshot) -> AbstractSet[str]:
    """Return the index notes that may not be read now and hold nothing but rows: until then they stay as last read."""
    known = (path for path in snapshot.held if path in reading.index_notes and path not in reading.sources)
    now = filter(None, map(snapshot.notes.get, known))
    return {note.path for note in now if note.kind == "index" and not note.tasks}


def is_as_before(last: Last, snapshot: Snapshot) -> bool:
    """Tell whether what every task and every index note depend on is as it was."""
    return _is_ordinary(snapshot) and _setting(snapshot) == _setting(last.snapshot)


def _is_ordinary(snapshot: Snapshot) -> bool:
    return snapshot.may_create and not snapshot.force and not snapshot.copies


def _setting(snapshot: Snapshot) -> tuple[object, ...]:
    return (snapshot.roster, snapshot.layout, snapshot.today, snapshot.unreadable, snapshot.absent_delay)


def _people_of(keys: Iterable[str], reading: Reading, snapshot: Snapshot) -> Iterator[str]:
    """Yield whose index notes show these tasks, or did."""
    absent: set[str] = set()
    for key in keys:
        if (source := reading.by_key.get(key)) is not None:
            yield from reading.concerned(source)
        else:
            absent.add(key)
        yield from (at.person for at in reading.rows.get(key, ()))
        if (base := snapshot.base.get(key)) is not None:
            yield from (reading.index_notes[path].person for path in base.rows if path in reading.index_notes)
    persons = whose_notes(reading.index_notes, snapshot)
    located = Located((), {}, frozenset(), persons, dict(reading.spelling), ())
    for source in absent_tasks(absent, located, snapshot):
        yield from reading.concerned(source)


def _tasks_of(whole: AbstractSet[str], places: Iterable[TaskPlace], reading: Reading) -> Iterator[SourceTask]:
    """Yield the tasks of some whole notes, and those at some places elsewhere, by path and line."""
    some: dict[str, set[int]] = defaultdict(set)
    for path, number in places:
        some[path].add(number)
    for path in sorted(whole | some.keys()):
        for source in reading.sources.get(path, ()):
            if path in whole or source.task.number in some[path]:
                yield source


def _nothing(reading: Reading, snapshot: Snapshot) -> dict[str, Rest]:
    """Return what is left on all shelves where a plan looks at everything."""
    sources = (source for each in reading.sources.values() for source in each)
    return rest_of(reading.shelves, reading.shelves, reading.on_shelves(sources, snapshot))


def _standing_of(index_notes: Mapping[str, IndexNote], standing: Standing) -> Standing:
    """Return how some of the index notes stand, with the problems of all."""
    return replace(
        standing,
        drawn={person: path for person, path in standing.drawn.items() if path in index_notes},
        joined={path: first for path, first in standing.joined.items() if path in index_notes},
        frozen=standing.frozen & index_notes.keys(),
        in_place=standing.in_place & index_notes.keys(),
    )
