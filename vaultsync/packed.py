"""Notes and what was read of their tasks as plain values: quick to pickle, and without what reads lines and texts."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vaultsync.model import Facts
from vaultsync.reconcile.snapshot import SourceTask
from vaultsync.tasks.line import shared_facts
from vaultsync.tasks.note import Note, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vaultsync.tasks.line import LineReader
    from vaultsync.tasks.text import TextReader

_FIRST = ("path", "digest", "kind")
_OTHERS = tuple(each.name for each in fields(Note) if each.init and each.name not in (*_FIRST, "tasks"))
_first = attrgetter(*_FIRST)
_others = attrgetter(*_OTHERS)
_note: Callable[..., Note] = Note
_facts_values = attrgetter(*(each.name for each in fields(Facts)))

PackedTask = tuple[int, str, "str | None", bytes]


class PackedNote(NamedTuple):
    """A note: path, digest and kind, its tasks, and all else."""

    first: tuple[Any, ...]
    tasks: tuple[PackedTask, ...]
    others: tuple[Any, ...]


class PackedSource(NamedTuple):
    """A task of a note with who it is assigned to: the task by its place among the note's, or itself if it is none."""

    task: int | PackedTask
    assignees: tuple[str, ...]
    facts: tuple[Any, ...]
    mended_from: str | None


def pack_note(note: Note) -> PackedNote:
    """Pack a note."""
    return PackedNote(_first(note), tuple(map(_pack_task, note.tasks)), _others(note))


def unpack_note(packed: PackedNote, read_line: LineReader) -> Note:
    """Return a note that was packed."""
    path = packed.first[0]
    return _note(*packed.first, tuple(Task(path, *task, read_line) for task in packed.tasks), *packed.others)


def pack_sources(note: Note, sources: Sequence[SourceTask]) -> tuple[PackedSource, ...]:
    """Pack what was read of a note's tasks."""
    places = {id(task): place for place, task in enumerate(note.tasks)}
    return tuple(
        PackedSource(
            _pack_task(source.task) if (place := places.get(id(source.task))) is None else place,
            source.assignees,
            _facts_values(source.facts),
            source.mended_from,
        )
        for source in sources
    )


def unpack_sources(
    note: Note, packed: Sequence[PackedSource], read_line: LineReader, read_text: TextReader
) -> tuple[SourceTask, ...]:
    """Return what was packed of a note's tasks."""
    return tuple(
        SourceTask(
            note.tasks[task] if isinstance(task, int) else Task(note.path, *task, read_line),
            read_text,
            assignees,
            shared_facts(*facts),
            mended_from,
        )
        for task, assignees, facts, mended_from in packed
    )


def _pack_task(task: Task) -> PackedTask:
    return (task.number, task.symbol, task.block_id, task.raw)
