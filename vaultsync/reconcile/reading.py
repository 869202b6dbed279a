"""Keep what reading the vault gave, note by note, and bring it up to date by the notes that changed.

Which tasks and people a change touches is `focus`'s to say, what becomes of them `plan`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, find_links, task_key
from vaultsync.reconcile.arrange import Creditors
from vaultsync.reconcile.locate import read_index_note, read_tasks, whose_notes
from vaultsync.reconcile.shelf import Shelf, places_on_shelves
from vaultsync.reconcile.snapshot import RowAt
from vaultsync.reconcile.stray import STRAY_ID
from vaultsync.tasks.people import UNASSIGNED, person_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.index.region import SectionName
    from vaultsync.model import Problem
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.rollup import Order
    from vaultsync.reconcile.shelf import TaskPlace
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot, SourceTask
    from vaultsync.tasks.note import Note, Task


_Standing = tuple[tuple[str | None, tuple[str, ...]], tuple[object, ...]]


class WholeVaultError(Exception):
    """What changed may matter to any note, so that all have to be looked at."""


class MorePeopleError(Exception):
    """What is decided on a part of the vault matters to `people` whose index notes aren't in that part."""

    def __init__(self, people: set[str]) -> None:
        super().__init__(people)
        self.people = people


@dataclass(slots=True)
class Touched:
    """What differs in the notes that were read anew."""

    keys: set[str] = field(default_factory=set)  # of tasks and rows
    people: set[str] = field(default_factory=set)  # whose index notes show them
    notes: set[str] = field(default_factory=set)
    places: set[TaskPlace] = field(default_factory=set)  # of tasks that turned out to be shown


@dataclass(slots=True)
class Reading:
    """All tasks, index notes and rows of a vault in which no two tasks share an id."""

    sources: dict[str, tuple[SourceTask, ...]]  # by note
    notes: dict[str, Note]  # those with tasks
    index_notes: dict[str, IndexNote]
    rows: dict[str, list[RowAt]]  # by key, in the order of notes and lines
    by_key: dict[str, SourceTask]
    spelling: dict[str, str]  # as in `Located`
    task_problems: dict[str, tuple[Problem, ...]]  # by note
    note_problems: dict[str, tuple[Problem, ...]]  # by index note
    overviews: set[str] = field(default_factory=set)
    shelves: dict[str, Shelf] = field(default_factory=lambda: defaultdict(Shelf))  # by person
    size: int = 0  # how many tasks there are
    links: dict[str, frozenset[str]] = field(default_factory=dict)  # by note: the tasks that its tasks link to
    partners: dict[str, str] = field(default_factory=dict)  # by note: who it is 1:1 with

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, in the order in which reading everything tells them."""
        both = (self.task_problems, self.note_problems)
        return tuple(problem for found in both for path in sorted(found) for problem in found[path])

    def concerned(self, source: SourceTask) -> tuple[str, ...]:
        """Return whose index notes may show a task, whatever its status."""
        partner = self.partners.get(source.task.path)
        return source.assignees if partner is None else (*source.assignees, partner)

    def show(self, path: str, creditors: Creditors, snapshot: Snapshot) -> None:
        """Enter who sees the tasks of a note."""
        sources = self.sources.get(path, ())
        name = creditors.partner(path) if sources else None
        if name is not None:
            self.partners[path] = self.spelling.get(person_key(name), name)
        self.size += len(sources)
        for person, section, order in self.on_shelves(sources, snapshot):
            self.shelves[person].put(section, order)

    def on_shelves(self, sources: Iterable[SourceTask], snapshot: Snapshot) -> Iterator[tuple[str, SectionName, Order]]:
        """Yield whose shelves these tasks stand on, as they were read."""
        for source in sources:
            path = source.task.path
            partner = self.partners.get(path) if snapshot.rules.index.one_on_one else None
            yield from places_on_shelves(source, self.notes[path].date, partner, snapshot)

    def renew(self, paths: Iterable[str], turned: AbstractSet[str], snapshot: Snapshot) -> Touched:
        """Read these notes anew, and return what differs in them; of the `turned` ones everything does.

        Raises WholeVaultError, with the reading spoilt, where that may change how others read.
        """
        paths = sorted(paths)
        stood = [*self._standing(paths, turned, snapshot, "before")]
        names = {path: _strangers(self.sources.get(path, ()), snapshot) for path in paths}
        gone = set(_known_of(self, paths))
        for path in paths:
            self._forget(path, snapshot)
        notes = [snapshot.notes[path] for path in paths if path in snapshot.notes]
        for note in notes:
            self._read_index_note(note, snapshot)
        own = {task.block_id.lower() for note in notes for task in note.tasks if task.block_id}
        persons = whose_notes(self.index_notes, snapshot)
        creditors = Creditors(self.spelling, persons, snapshot)
        known = _Known(self, own, snapshot)
        for note in notes:
            self._read_tasks(note, persons.get(note.path), known, snapshot)
            self.show(note.path, creditors, snapshot)
        touched = Touched()
        for (key, people), _ in set(stood) ^ set(self._standing(paths, turned, snapshot, "after")):
            touched.people.update(people)
            if key is not None:
                touched.keys.add(key)
        if any(_strangers(self.sources.get(path, ()), snapshot) != before for path, before in names.items()):
            raise WholeVaultError
        forgotten = {key for key in snapshot.changed.tasks if key not in known} if snapshot.changed else set()
        self._require_same_mirrors(forgotten | (gone ^ set(_known_of(self, paths))), paths)
        return touched

    def _standing(
        self, paths: Iterable[str], turned: AbstractSet[str], snapshot: Snapshot, when: str
    ) -> Iterator[_Standing]:
        """Yield what stands in some notes: a task's key and people, and all that they depend on."""
        for path in paths:
            note, index_note = self.notes.get(path), self.index_notes.get(path)
            mark = when if path in turned else ""
            if note is not None:
                about = (note.date, note.kind, note.held, note.blank)
                for source in self.sources[path]:
                    key, line = source.key, source.task.text
                    yield (key, self.concerned(source)), (path, source.task.number, line, about, mark)
                    # One without an id may get one now, or can't any more; those behind many others have none yet.
                    if key is None and (people := tuple(self._near_the_top(source, snapshot))):
                        yield (None, people), (path, source.task.number, when)
            if index_note is not None:
                yield (None, (index_note.person,)), (path, index_note.note.digest, when)
                texts: dict[str, list[str]] = defaultdict(list)
                for row in index_note.content.rows:
                    texts[task_key(row.path, row.block_id)].append(row.text)
                for key, each in texts.items():
                    yield (key, ()), (path, index_note.person, *each, mark)

    def _near_the_top(self, source: SourceTask, snapshot: Snapshot) -> Iterator[str]:
        """Yield whose notes show a task now, or would, could it have an id."""
        most = snapshot.rules.index.max_rows
        for person, section, order in self.on_shelves((source,), snapshot):
            if self.shelves[person].is_near_the_top(section, order, most):
                yield person

    def _forget(self, path: str, snapshot: Snapshot) -> None:
        sources = self.sources.pop(path, ())
        for person, section, order in self.on_shelves(sources, snapshot):
            self.shelves[person].take(section, order)
        self.size -= len(sources)
        for source in sources:
            if source.key is not None:
                del self.by_key[source.key]
        self.notes.pop(path, None)
        if (note := self.index_notes.pop(path, None)) is not None:
            for key in {task_key(row.path, row.block_id) for row in note.content.rows}:
                self.rows[key] = [at for at in self.rows[key] if at.note != path]
                if not self.rows[key]:
                    del self.rows[key]
        self.task_problems.pop(path, None)
        self.note_problems.pop(path, None)
        self.links.pop(path, None)
        self.partners.pop(path, None)
        self.overviews.discard(path)

    def _read_index_note(self, note: Note, snapshot: Snapshot) -> None:
        path = note.path
        found, problems = read_index_note(path, snapshot)
        if problems:
            self.note_problems[path] = problems
        if note.kind == "overview":
            self.overviews.add(path)
        if found is not None:
            self.index_notes[path] = found
            for row in found.content.rows:
                places = self.rows.setdefault(task_key(row.path, row.block_id), [])
                places.append(RowAt(path, found.person, row))
                places.sort(key=lambda at: (at.note, at.row.number))

    def _read_tasks(self, note: Note, person: str | None, known: _Known, snapshot: Snapshot) -> None:
        sources, problems = read_tasks(note, person, known, self.spelling, snapshot)
        if problems:
            self.task_problems[note.path] = problems
        if sources:
            self.sources[note.path], self.notes[note.path] = sources, note
        for source in sources:
            if is_stray(source.task) or (source.key is not None and source.key in self.by_key):
                raise WholeVaultError
            if source.key is not None:
                self.by_key[source.key] = source
        if links := frozenset(links_of(note.tasks)):
            self.links[note.path] = links
            if _has_mirror_with_id(note, sources):
                raise WholeVaultError

    def _require_same_mirrors(self, keys: set[str], paths: Iterable[str]) -> None:
        """Require that no task elsewhere links to one of these, which have come or gone."""
        read = set(paths)
        if any(path not in read and not links.isdisjoint(keys) for path, links in self.links.items()):
            raise WholeVaultError


class _Known:
    """The tasks whose links make a line a mirror: those of rows and of the base, and those with an id of ours."""

    def __init__(self, reading: Reading, own: set[str], snapshot: Snapshot) -> None:
        self._reading, self._own, self._base = reading, own, snapshot.base

    def __contains__(self, key: object) -> bool:
        if key in self._reading.rows or key in self._base:
            return True
        return (
            isinstance(key, str) and OWN_ID.match(key) is not None and (key in self._own or key in self._reading.by_key)
        )


def read_whole(
    index_notes: Mapping[str, IndexNote],
    rows: Mapping[str, list[RowAt]],
    located: Located,
    note_problems: Iterable[Problem],
    snapshot: Snapshot,
) -> Reading | None:
    """Return what a plan over everything read; None where that can't be kept, as two tasks share an id or may."""
    by_note: dict[str, list[SourceTask]] = defaultdict(list)
    for source in located.tasks:
        by_note[source.task.path].append(source)
        if source.mended_from is not None or is_stray(source.task):
            return None
    if located.copies:
        return None
    reading = Reading(
        sources={path: tuple(sources) for path, sources in by_note.items()},
        notes={path: snapshot.notes[path] for path in by_note},
        index_notes=dict(index_notes),
        rows=dict(rows),
        by_key=dict(located.by_key),
        spelling=located.spelling,
        task_problems=_by_note(located.problems),
        note_problems=_by_note(note_problems),
    )
    creditors = Creditors(located.spelling, located.persons, snapshot)
    for path, note in snapshot.notes.items():
        if note.kind == "overview":
            reading.overviews.add(path)
        if links := frozenset(links_of(note.tasks)):
            reading.links[path] = links
            if _has_mirror_with_id(note, reading.sources.get(path, ())):
                return None
        reading.show(path, creditors, snapshot)
    return reading


def _by_note(problems: Iterable[Problem]) -> dict[str, tuple[Problem, ...]]:
    found: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.path].append(problem)
    return {path: tuple(each) for path, each in found.items()}


def _known_of(reading: Reading, paths: Iterable[str]) -> Iterator[str]:
    """Yield the tasks that these notes make known, by an id of ours or by a row."""
    for path in paths:
        for source in reading.sources.get(path, ()):
            if source.key is not None:
                yield source.key
        if (note := reading.index_notes.get(path)) is not None:
            yield from (task_key(row.path, row.block_id) for row in note.content.rows)


def links_of(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield the tasks that these link to as a row does."""
    for task in tasks:
        if "#^" in task.text:
            yield from (task_key(link.path, link.block_id) for link in find_links(task.text) if link.has_alias)


def _has_mirror_with_id(note: Note, sources: Iterable[SourceTask]) -> bool:
    read = {source.task.number for source in sources}
    return any(task.number not in read and task.block_id for task in note.tasks)


def is_stray(task: Task) -> bool:
    """Tell whether an id of ours stands in the middle of the line of a task without one."""
    return task.block_id is None and STRAY_ID.search(task.text) is not None


def _strangers(sources: Iterable[SourceTask], snapshot: Snapshot) -> dict[str, str]:
    """Return the names that nobody is known by, as first spelt in one note: others are spelt after them."""
    found: dict[str, str] = {}
    for source in sources:
        for name in strangers_among(source.text.assignees, snapshot):
            found.setdefault(person_key(name), name)
    return found


def strangers_among(names: Iterable[str], snapshot: Snapshot) -> Iterator[str]:
    """Yield the names that nobody is known by."""
    return (name for name in names if name != UNASSIGNED and person_key(name) not in snapshot.roster.known)
