"""Find where each known task and each row stands: by block id in the notes, by link in the index notes.

A duplicated id, and one that text was typed behind, is settled here (hazards, rows 30 and 53); what a vanished one
means is decided in `vanish`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, find_links, task_key
from vaultsync.index.note import index_path
from vaultsync.index.region import read_region
from vaultsync.model import Problem
from vaultsync.reconcile.snapshot import IndexNote, RowAt, Snapshot, SourceTask
from vaultsync.reconcile.stray import STRAY_ID, mended, stray_ids, stray_order
from vaultsync.tasks.line import facts_of, parse_line
from vaultsync.tasks.note import Note, Task
from vaultsync.tasks.people import UNASSIGNED, canonical, person_key

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.tasks.text import TextReader


@dataclass(frozen=True, slots=True)
class Located:
    """The tasks of all notes; those of a note that is held are known, but nothing of theirs may change."""

    tasks: tuple[SourceTask, ...]  # by path and line; mirrors left out
    by_key: Mapping[str, SourceTask]
    copies: frozenset[tuple[str, int]]  # tasks whose id another task keeps: they need one of their own
    persons: Mapping[str, str]  # by path: whose tasks those without a mention are
    spelling: dict[str, str]  # by `person_key`: how a name that nobody is known by is spelt, alike everywhere
    problems: tuple[Problem, ...]


def find_index_notes(snapshot: Snapshot) -> tuple[dict[str, IndexNote], list[Problem]]:
    """Return the index notes that can be planned on, by path, and what is wrong with others.

    An index note is known by its frontmatter, wherever it was moved; one whose frontmatter was broken, by its path and
    its region, if we wrote it.
    """
    found: dict[str, IndexNote] = {}
    problems: list[Problem] = []
    for path in sorted(snapshot.notes):
        index_note, told = read_index_note(path, snapshot)
        problems += told
        if index_note is not None:
            found[path] = index_note
    return found, problems


def read_index_note(path: str, snapshot: Snapshot) -> tuple[IndexNote | None, tuple[Problem, ...]]:
    """Return a note as an index note, None if it is none that can be planned on, and what is wrong with it."""
    note, record = snapshot.notes[path], snapshot.index_notes.get(path)
    problems: tuple[Problem, ...] = ()
    if record and path not in snapshot.held and snapshot.is_emptied_index(path):
        whose = f"{record.person}'s index note" if record.person else "the overview"
        what = f"is empty, though it was {whose}; it is left alone; delete it to have it made again"
        problems = (Problem(path, None, what),)
    if snapshot.is_held(path) or note.kind in ("off", "overview"):
        return None, problems
    if note.kind != "index" and not (record and note.regions):
        return None, problems
    name = note.person or (record.person if record else None)
    if name is None:
        what = "an index note without `person`; write whose it is, or delete the note"
        return None, (*problems, Problem(path, 1, what))
    region = note.regions
    content = read_region(note.text or "", region.begin or 0, region.end or 0) if region else read_region("", 0, 0)
    return IndexNote(note, canonical(name, snapshot.roster), content), problems


def find_rows(index_notes: Mapping[str, IndexNote]) -> dict[str, list[RowAt]]:
    """Return all rows by the key of the task that they show."""
    rows: dict[str, list[RowAt]] = defaultdict(list)
    for path, index_note in index_notes.items():
        for row in index_note.content.rows:
            rows[task_key(row.path, row.block_id)].append(RowAt(path, index_note.person, row))
    return dict(rows)


def locate_tasks(snapshot: Snapshot, index_notes: Mapping[str, IndexNote], rows: Mapping[str, list[RowAt]]) -> Located:
    """Return the tasks of all notes, each read with who it is assigned to."""
    known = rows.keys() | snapshot.base.keys()
    mirrored = known | _own_ids(snapshot)
    tasks: list[SourceTask] = []
    by_key: dict[str, SourceTask] = {}
    copies: set[tuple[str, int]] = set()
    strays: list[int] = []  # positions in `tasks`
    persons = whose_notes(index_notes, snapshot)
    spelling: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(snapshot.notes):
        sources, told = read_tasks(snapshot.notes[path], persons.get(path), mirrored, spelling, snapshot)
        problems += told
        for source in sources:
            tasks.append(source)
            if source.task.block_id is not None:
                copies |= _claimed(source, by_key, snapshot)
            elif STRAY_ID.search(source.task.text):
                strays.append(len(tasks) - 1)
    # Only now is it known which of the ids that stand in the middle of a line stand at no line's end.
    for position in sorted(strays, key=lambda position: stray_order(tasks[position], snapshot)):
        source = tasks[position]
        if found := mended(source, {key for key in stray_ids(source) if key in known and key not in by_key}, snapshot):
            again = assigned(found, snapshot.read_text, persons.get(source.task.path), spelling)
            tasks[position] = replace(again, mended_from=source.standing)
            by_key[tasks[position].key or ""] = tasks[position]
    return Located(tuple(tasks), by_key, frozenset(copies), persons, spelling, tuple(problems))


def whose_notes(index_notes: Mapping[str, IndexNote], snapshot: Snapshot) -> dict[str, str]:
    """Return, by path, whose tasks those without a mention are: in index notes, and where one would be made."""
    places = {index_path(person, snapshot.rules.index): person for person in snapshot.roster.people}
    return places | {path: index_note.person for path, index_note in index_notes.items()}


def read_tasks(
    note: Note, person: str | None, mirrored: Container[str], spelling: dict[str, str], snapshot: Snapshot
) -> tuple[tuple[SourceTask, ...], tuple[Problem, ...]]:
    """Return the tasks of one note but for copies of rows, links to `mirrored` ones, and what is wrong with them."""
    tasks: list[SourceTask] = []
    problems: list[Problem] = []
    for task in note.tasks:
        if is_mirror(task, mirrored):
            problems.append(Problem(*task.order, "a copy of a row: it isn't rolled up", once=True))
            continue
        source = assigned(task, snapshot.read_text, person, spelling)
        if snapshot.rules.roles.role_of(task.symbol) in snapshot.rules.rollup_roles:
            problems += [Problem(*task.order, what) for what in source.text.problems]
        tasks.append(source)
    return tuple(tasks), tuple(problems)


def has_own_ids(notes: Iterable[Note]) -> bool:
    """Tell whether some vaultsync has been at work in these notes."""
    return any(
        note.kind == "index" or any(task.block_id and OWN_ID.match(task.block_id.lower()) for task in note.tasks)
        for note in notes
    )


def assigned(task: Task, read_text: TextReader, person: str | None, spelling: dict[str, str]) -> SourceTask:
    """Say who a task is assigned to; `person` is whose index note it stands in, outside of the region.

    An unknown name is spelt as where it was read first; `spelling` grows by it.
    """
    assignees = read_text(task.raw, task.read_line).assignees
    named = tuple(dict.fromkeys(spelling.setdefault(person_key(name), name) for name in assignees))
    return SourceTask(task, read_text, named or (person or UNASSIGNED,), facts_of(task.line))


def absent_tasks(keys: AbstractSet[str], located: Located, snapshot: Snapshot) -> list[SourceTask]:
    """Return those known tasks of `keys` that no note shows just now, as the base has them; their line is 0."""
    found: list[SourceTask] = []
    for key in sorted(keys - located.by_key.keys()):
        base = snapshot.base.get(key)
        line = parse_line(base.line, snapshot.rules.tasks, hidden=snapshot.rules.read_hidden_fields) if base else None
        if base is None or line is None:
            continue
        task = Task.of(base.path, 0, line, snapshot.rules)
        found.append(assigned(task, snapshot.read_text, located.persons.get(base.path), located.spelling))
    return found


def is_mirror(task: Task, known: Container[str]) -> bool:
    """Tell whether the line carries one of our links to a known task: it is a copy of a row, and not rolled up.

    No copy has an id of ours: a line that has one is a task, whatever was typed into it.
    """
    is_stamped = task.block_id is not None and OWN_ID.match(task.block_id.lower())
    return not is_stamped and b"#^" in task.raw and seems_copied(task.text, known)


def seems_copied(line: str, known: Container[str]) -> bool:
    """Tell whether a line carries a link to a known task as a row does.

    Ours have an alias; a link without one is somebody's own reference, in a task that counts.
    """
    return any(link.has_alias and task_key(link.path, link.block_id) in known for link in find_links(line))


def _own_ids(snapshot: Snapshot) -> set[str]:
    """Return our ids that stand behind tasks: a mirror is one at first sight, before the base knows its task."""
    found = (task.block_id for note in snapshot.notes.values() for task in note.tasks if task.block_id)
    return {block_id.lower() for block_id in found if OWN_ID.match(block_id.lower())}


def _claimed(source: SourceTask, by_key: dict[str, SourceTask], snapshot: Snapshot) -> set[tuple[str, int]]:
    """Enter a task under its id; return the place of the one that has to do without it, if two have it."""
    key = source.key or ""
    other = by_key.setdefault(key, source)
    if other is source:
        return set()
    if not _keeps_id(source, other, key, snapshot):
        return {source.task.order}
    by_key[key] = source
    return {other.task.order}


def _keeps_id(newer: SourceTask, older: SourceTask, key: str, snapshot: Snapshot) -> bool:
    """Tell whether the later of two tasks with one id keeps it.

    Within a note the first does. Of two notes that one does which the base knows it in; if it is in neither any more,
    the one with the line that the base knows.
    """
    base = snapshot.base.get(key)
    if base is None or not OWN_ID.match(key) or older.task.path in (base.path, newer.task.path):
        return False
    return newer.task.path == base.path or newer.standing == base.line != older.standing
