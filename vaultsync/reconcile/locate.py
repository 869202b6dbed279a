"""Find where each known task and each row stands: by block id in the notes, by link in the index notes.

A duplicated id is settled here (hazards, row 30); what a vanished one means is decided in `plan`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, find_links, task_key
from vaultsync.index.note import index_path
from vaultsync.index.region import read_region
from vaultsync.model import Problem
from vaultsync.reconcile.snapshot import IndexNote, RowAt, Snapshot, SourceTask
from vaultsync.tasks.people import UNASSIGNED, canonical, person_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.tasks.note import Task
    from vaultsync.tasks.text import TaskText


_MISPLACED = re.compile(r"(?<!\S)\^(t-[a-z0-9]{8})(?![A-Za-z0-9-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Located:
    """The tasks of all notes; those of a note that is held are known, but nothing of theirs may change."""

    tasks: tuple[SourceTask, ...]  # by path and line; mirrors left out
    by_key: Mapping[str, SourceTask]
    copies: frozenset[tuple[str, int]]  # tasks whose id another task keeps: they need one of their own
    misplaced: frozenset[str]  # known tasks behind whose id somebody typed: nothing of theirs may change
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
        note = snapshot.notes[path]
        record = snapshot.index_notes.get(path)
        if snapshot.is_held(path) or note.kind in ("off", "overview"):
            continue
        if note.kind != "index" and not (record and note.regions):
            continue
        name = note.person or (record.person if record else None)
        if name is None:
            problems.append(Problem(path, 1, "an index note without `person`; write whose it is, or delete the note"))
            continue
        region = note.regions
        content = read_region(note.text or "", region.begin or 0, region.end or 0) if region else read_region("", 0, 0)
        found[path] = IndexNote(note, canonical(name, snapshot.roster), content)
    return found, problems


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
    tasks: list[SourceTask] = []
    by_key: dict[str, SourceTask] = {}
    copies: set[tuple[str, int]] = set()
    misplaced: set[str] = set()
    persons = {index_path(person, snapshot.rules.index): person for person in snapshot.roster.people}
    persons |= {path: index_note.person for path, index_note in index_notes.items()}
    spelling: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(snapshot.notes):
        note = snapshot.notes[path]
        for task, text in zip(note.tasks, snapshot.memory.texts(note, snapshot.rules), strict=True):
            if is_mirror(task, known):
                problems.append(Problem(*task.order, "a copy of a row: it isn't rolled up", once=True))
                continue
            if (
                task.line.block_id is None
                and (found := _MISPLACED.search(task.line.text))
                and found[1].lower() in known
            ):
                what = f"text stands behind the block id ^{found[1]}; move the id to the end of the line"
                problems.append(Problem(*task.order, what))
                misplaced.add(found[1].lower())
                continue
            source = assigned(task, text, persons.get(path), spelling)
            tasks.append(source)
            if snapshot.rules.roles.role_of(task.line.symbol) in snapshot.rules.rollup_roles:
                problems += [Problem(*task.order, what) for what in source.text.problems]
            if task.line.block_id is None:
                continue
            key = task_key(path, task.line.block_id)
            other = by_key.get(key)
            if other is None:
                by_key[key] = source
            elif _keeps_id(source, other, key, snapshot):
                copies.add(other.task.order)
                by_key[key] = source
            else:
                copies.add(task.order)
    lost = frozenset(misplaced - by_key.keys())
    return Located(tuple(tasks), by_key, frozenset(copies), lost, persons, spelling, tuple(problems))


def assigned(task: Task, text: TaskText, person: str | None, spelling: dict[str, str]) -> SourceTask:
    """Say who a task is assigned to; `person` is whose index note it stands in, outside of the region.

    An unknown name is spelt as where it was read first; `spelling` grows by it.
    """
    named = tuple(dict.fromkeys(spelling.setdefault(person_key(name), name) for name in text.assignees))
    return SourceTask(task, text, named or (person or UNASSIGNED,))


def is_mirror(task: Task, known: Mapping[str, object] | set[str]) -> bool:
    """Tell whether the line carries one of our links to a known task: it is a copy of a row, and not rolled up.

    Ours have an alias; a link without one is somebody's own reference, in a task that counts.
    """
    if "#^" not in task.line.text:
        return False
    links = find_links(task.line.text)
    return any(link.has_alias and task_key(link.path, link.block_id) in known for link in links)


def _keeps_id(newer: SourceTask, older: SourceTask, key: str, snapshot: Snapshot) -> bool:
    """Tell whether the later of two tasks with one id keeps it: only if the base knows it in that note."""
    base = snapshot.base.get(key)
    if base is None or not OWN_ID.match(key):
        return False
    return older.task.path != base.path and newer.task.path == base.path
