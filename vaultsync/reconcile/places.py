"""Say where each person's index note stands or is to be made, and which index notes may not be drawn anew now.

What a note shows is `arrange`'s, how it is drawn `draw`'s.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.index.links import render_link
from vaultsync.index.note import index_path
from vaultsync.markdown.frontmatter import set_properties
from vaultsync.model import Problem
from vaultsync.reconcile.rollup import section_of
from vaultsync.tasks.people import UNASSIGNED, canonical, person_key

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.snapshot import IndexNote, Snapshot, SourceTask
    from vaultsync.tasks.note import Note

_MOVED = "These tasks stand in "


@dataclass(frozen=True, slots=True)
class Standing:
    """The index notes that are there: which one is drawn for each person, and which stay as they stand."""

    drawn: Mapping[str, str]  # person -> path
    joined: Mapping[str, str]  # path of a further index note of a person -> path of the one that gets its rows
    frozen: AbstractSet[str]  # edits in them count, nothing is written
    in_place: AbstractSet[str]  # rows may change where they stand, none may move; the frozen ones among them
    problems: tuple[Problem, ...]


def standing_notes(index_notes: Mapping[str, IndexNote], snapshot: Snapshot) -> Standing:
    """Sort the index notes that are there."""
    by_person: dict[str, list[str]] = defaultdict(list)
    for path, index_note in index_notes.items():
        by_person[index_note.person].append(path)
    frozen: dict[str, str] = {}
    for path, index_note in index_notes.items():
        if why := foreign_layout(path, snapshot) or _unwritable(index_note.note, snapshot):
            frozen[path] = why
    drawn: dict[str, str] = {}
    joined: dict[str, str] = {}
    told: dict[str, str] = {}
    unread = {path: name for path, name in _unread(snapshot).items() if path not in index_notes}
    for path, name in unread.items():
        by_person[canonical(name, snapshot.roster)].append(path)
    for person, paths in by_person.items():
        first = min(paths, key=lambda path: _rank(path, person, index_notes.get(path), unread, snapshot))
        others = [path for path in paths if path not in frozen and path not in unread and path != first]
        if first in index_notes:
            drawn[person] = first
        if first in frozen or not (snapshot.unsettled | unread.keys()).isdisjoint(paths):
            # An edit may stand, or be under way, in one that isn't read: no row may leave another one meanwhile.
            what = (
                f"a second index note of {person}; edits in it count; its rows go to {first} once both can be written"
            )
            frozen |= dict.fromkeys(others, what)
        else:
            joined |= dict.fromkeys(others, first)
            told |= dict.fromkeys(others, f"a second index note of {person}: its rows go to {first}")
    told |= frozen
    return Standing(
        drawn=drawn,
        joined=joined,
        frozen=frozen.keys(),
        in_place=frozen.keys() | (index_notes.keys() & snapshot.unsettled),
        problems=tuple(
            Problem(path, None, told[path])
            for path in sorted(told)
            if path in drawn.values() or index_notes[path].content.rows
        ),
    )


def moved_line(person: str, path: str, *, markdown: bool) -> str:
    """Return the line that stands in the place of the rows that went to another index note of the person."""
    return f"{_MOVED}{render_link(path, None, person, markdown=markdown)}."


def _rank(
    path: str, person: str, found: IndexNote | None, unread: Mapping[str, str], snapshot: Snapshot
) -> tuple[bool, bool, bool, bool, str]:
    """Return the rank of one of a person's index notes; the first one gets the rows.

    One that was emptied comes last, whatever is on record here: so replicas agree, and nothing goes back and forth.
    """
    record = snapshot.index_notes.get(path)
    lines = [line.text for line in found.content.lines] if found else record.remarks if record else ()
    name = (found.note.person if found else unread.get(path)) or ""
    return (
        any(line.startswith(_MOVED) for line in lines),
        record is None,
        person_key(name) != person_key(person),
        path != index_path(person, snapshot.rules.index),
        path,
    )


def _unread(snapshot: Snapshot) -> dict[str, str]:
    """Return the index notes that can't be read, or may not be planned on, now, with whose they are."""
    young = [snapshot.notes[path] for path in snapshot.held if path in snapshot.notes]
    found = {note.path: note.person for note in young if note.kind == "index" and note.person}
    records = snapshot.index_notes.items()
    return {path: record.person for path, record in records if record.person and snapshot.is_held(path)} | found


def unread_people(snapshot: Snapshot) -> frozenset[str]:
    """Return whose index notes these are: nothing is made for them meanwhile."""
    return frozenset(canonical(name, snapshot.roster) for name in _unread(snapshot).values())


class NewPlaces(NamedTuple):
    """Where index notes are to be made, by person, and why some can't be."""

    paths: Mapping[str, str]
    problems: tuple[Problem, ...]


class NewcomersError(Exception):
    """Strangers are about to get index notes: from then on they are known, which may change how mentions are read."""

    def __init__(self, people: AbstractSet[str]) -> None:
        super().__init__(people)
        self.people = people


def new_places(people: Iterable[str], taken: Iterable[str], snapshot: Snapshot) -> NewPlaces:
    """Return where index notes are to be made for people who have none; those whose note is held now are left out.

    Raises NewcomersError for strangers, where only some may get one.
    """
    people = sorted(people)
    if not people or not snapshot.may_create:
        return NewPlaces({}, ())
    held = unread_people(snapshot)
    overviews = (path for path, note in snapshot.notes.items() if note.kind == "overview")
    used = {_folded(path) for path in (*taken, snapshot.rules.overview, *overviews)}
    numbers: Counter[str] = Counter()  # how many were tried of those that wish for the same place
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for person in people:
        if person in held:
            continue
        wish = path = index_path(person, snapshot.rules.index)
        while _folded(path) in used:
            numbers[_folded(wish)] += 1
            path = f"{wish.removesuffix('.md')} {numbers[_folded(wish)]}.md"
        if snapshot.is_held(path):
            continue
        if why := _occupied(path, person, snapshot):
            problems.append(Problem(path, None, why))
            continue
        used.add(_folded(path))
        places[person] = path
    known = {UNASSIGNED, *snapshot.roster.people}
    if snapshot.newcomers is not None and (strangers := places.keys() - known - snapshot.newcomers):
        raise NewcomersError(strangers)
    return NewPlaces(places, tuple(problems))


def unmade(tasks: Iterable[SourceTask], drawn: Container[str], snapshot: Snapshot) -> tuple[Problem, ...]:
    """Say what waits because nothing may be made yet: ids, and the index notes of people who have none."""
    if snapshot.may_create:
        return ()
    waiting = sum(
        source.task.block_id is None or any(person not in drawn for person in source.assignees)
        for source in tasks
        if section_of(source, snapshot.notes[source.task.path].date, snapshot.rules, snapshot.today)
    )
    what = (
        f"{waiting} {'task waits' if waiting == 1 else 'tasks wait'} for an id or an index note: there is no state, "
        "notes hold block ids, and others may still be arriving; run again when nothing has changed for "
        "`timing.replica_wait`"
    )
    return (Problem(".", None, what),) if waiting else ()


def foreign_layout(path: str, snapshot: Snapshot) -> str | None:
    """Return why a note's region may not be drawn: a newer version's, or one drawn since with other settings."""
    note = snapshot.notes.get(path)
    found = note.regions.layout if note and note.regions else None
    if found is None or found == snapshot.layout or snapshot.force:
        return None
    version, own_version = found.partition("-")[0], snapshot.layout.partition("-")[0]
    if version.isdigit() and int(version) > int(own_version):
        return (
            f"drawn by a newer vaultsync (layout {found}); edits in it count, it isn't drawn; update, or use "
            "`vaultsync reconcile --force`"
        )
    record = snapshot.index_notes.get(path)
    if record is not None and record.layout != found:
        return (
            f"drawn with other settings (layout {found}); edits in it count; bring the config in step, or use "
            "`vaultsync reconcile --force`"
        )
    return None


def _unwritable(note: Note, snapshot: Snapshot) -> str | None:
    """Return why a note's frontmatter can't be brought up to date, so that nothing of the note is written."""

    def why() -> str | None:
        try:
            set_properties(note.text or "", {"vaultsync": "index"})
        except ValueError as error:
            return f"{error}; edits in it count, it isn't written"
        return None

    return snapshot.memory.unwritable(note, why)


def _occupied(path: str, person: str, snapshot: Snapshot) -> str | None:
    note = snapshot.notes.get(path)
    if note is None:
        return None
    if note.kind == "off":
        return f"`vaultsync: false` stands where {person}'s index note belongs"
    if note.regions is not None:
        return f"a region whose note doesn't say whose it is stands where {person}'s index note belongs"
    return None if note.raw is not None else f"a note that can't be read stands where {person}'s index note belongs"


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
