"""Say where each person's index note stands or is to be made, and which index notes may not be drawn anew now.

What a note shows is `arrange`'s, how it is drawn `draw`'s.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.index.note import index_path
from vaultsync.markdown.frontmatter import set_properties
from vaultsync.model import Problem
from vaultsync.reconcile.rollup import section_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.snapshot import IndexNote, Snapshot, SourceTask
    from vaultsync.tasks.note import Note


@dataclass(frozen=True, slots=True)
class Standing:
    """The index notes that are there: which one is drawn for each person, and which stay as they stand."""

    drawn: Mapping[str, str]  # person -> path
    frozen: AbstractSet[str]  # edits in them count, nothing is written
    in_place: AbstractSet[str]  # rows may change where they stand, none may move; the frozen ones among them
    problems: tuple[Problem, ...]


def standing_notes(index_notes: Mapping[str, IndexNote], snapshot: Snapshot) -> Standing:
    """Sort the index notes that are there."""
    by_person: dict[str, list[str]] = defaultdict(list)
    for path, index_note in index_notes.items():
        by_person[index_note.person].append(path)
    drawn: dict[str, str] = {}
    frozen: dict[str, str] = {}
    for person, paths in by_person.items():
        usual = index_path(person, snapshot.rules.index)
        first = drawn[person] = min(paths, key=lambda path: (path not in snapshot.index_notes, path != usual, path))
        what = f"a second index note of {person} beside {first}; edits in it count, it isn't written"
        frozen |= {path: what for path in paths if path != first}
    for path in drawn.values():
        if why := foreign_layout(path, snapshot) or _unwritable(index_notes[path].note):
            frozen[path] = why
    return Standing(
        drawn=drawn,
        frozen=frozen.keys(),
        in_place=frozen.keys() | (index_notes.keys() & snapshot.unsettled),
        problems=tuple(Problem(path, None, frozen[path]) for path in sorted(frozen)),
    )


def new_places(
    people: Iterable[str], taken: Iterable[str], snapshot: Snapshot
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return where index notes are to be made for people who have none; those whose note is held now are left out."""
    if not snapshot.may_create:
        return {}, ()
    held = {record.person for path, record in snapshot.index_notes.items() if snapshot.is_held(path)}
    overviews = (path for path, note in snapshot.notes.items() if note.kind == "overview")
    used = {_folded(path) for path in (*taken, snapshot.rules.overview, *overviews)}
    numbers: Counter[str] = Counter()  # how many were tried of those that wish for the same place
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for person in sorted(people):
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
    return places, tuple(problems)


def unmade(tasks: Iterable[SourceTask], drawn: Container[str], snapshot: Snapshot) -> tuple[Problem, ...]:
    """Say what waits because nothing may be made yet: ids, and the index notes of people who have none."""
    if snapshot.may_create:
        return ()
    waiting = sum(
        source.task.line.block_id is None or any(person not in drawn for person in source.assignees)
        for source in tasks
        if section_of(source.task.line, snapshot.notes[source.task.path].date, snapshot.rules, snapshot.today)
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
        return f"drawn by a newer vaultsync (layout {found}); edits in it count, it isn't drawn; update, or use --force"
    record = snapshot.index_notes.get(path)
    if record is not None and record.layout != found:
        return (
            f"drawn with other settings (layout {found}); edits in it count; bring the config in step, or use --force"
        )
    return None


def _unwritable(note: Note) -> str | None:
    """Return why a note's frontmatter can't be brought up to date, so that nothing of the note is written."""
    try:
        set_properties(note.text or "", {"vaultsync": "index"})
    except ValueError as error:
        return f"{error}; edits in it count, it isn't written"
    return None


def _occupied(path: str, person: str, snapshot: Snapshot) -> str | None:
    note = snapshot.notes.get(path)
    if note is None:
        return None
    if note.kind == "off":
        return f"`vaultsync: false` stands where {person}'s index note belongs"
    if note.regions is not None:
        return f"a region whose note doesn't say whose it is stands where {person}'s index note belongs"
    return None if note.text is not None else f"a note that can't be read stands where {person}'s index note belongs"


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
