"""Keep what is known of a vault for the next process, which then only has to look at what has changed since.

That is what a wheel that stays has in memory: notes as read, who the people are, and what the last plan read. It is
taken up again by the same program with the same settings, on the same day, if nobody has written to the state since.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vaultsync import program
from vaultsync.census import Census
from vaultsync.packed import PackedNote, PackedSource, pack_note, pack_sources, unpack_note, unpack_sources
from vaultsync.pickled import from_bytes, to_bytes
from vaultsync.reconcile.focus import Last, Open
from vaultsync.reconcile.locate import find_rows
from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.reading import Reading
from vaultsync.reconcile.snapshot import Changed, IndexNote, Snapshot
from vaultsync.scan import Seen
from vaultsync.storage.kept import KeptRecord, read_known, write_known
from vaultsync.tasks.note import line_reader_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.settings import Settings
    from vaultsync.storage.state import State
    from vaultsync.storage.vault import Stamp
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.people import Roster

_CHUNK = 1000  # notes that are written together; what they have in common is written once
# Of a reading, what is written with the notes, or follows from that.
_BY_NOTE = ("sources", "notes", "index_notes", "rows", "by_key")
_OTHERS = tuple(each.name for each in fields(Reading) if each.name not in _BY_NOTE)
_others = attrgetter(*_OTHERS)


@dataclass(slots=True)
class Kept:
    """What is known of one vault."""

    census: Census
    memory: Memory = field(default_factory=Memory)
    notes: dict[str, Seen] = field(default_factory=dict)
    changed: Changed = field(default_factory=Changed)  # since the last plan


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was taken up again, as the state told of it, and the last plan's reading; nothing without a record."""

    mark: str | None  # of those who may take up what this process leaves; None: it can't be told who
    record: KeptRecord | None = None
    reading: Reading | None = None


class _Head(NamedTuple):
    """What is written before the notes; all but the groupings in one piece, as records."""

    groupings: Mapping[str, bytes]
    others: bytes  # _Others


class _Others(NamedTuple):
    census: Census
    roster: Roster
    changed: Changed
    last: tuple[Snapshot, Open, tuple[Any, ...]] | None  # with what isn't `_BY_NOTE` of the reading


class _Noted(NamedTuple):
    """A note as it was seen, and as the last plan read it where that is another; None where there is none."""

    path: str
    seen: PackedNote | None
    stamp: Stamp | None
    read: PackedNote | None
    sources: tuple[PackedSource, ...] | None
    rows: tuple[str, bytes] | None  # whose index note it is, and what stands in it, as records


def recall(settings: Settings, state: State, today: str, *, afresh: bool) -> tuple[Kept, Recalled]:
    """Take up what was kept of a vault; nothing where that doesn't hold any more, or all is to be read `afresh`."""
    mark, record = _mark(settings), state.kept()
    if record is not None and (record.mark, record.day) == (mark, today) and not afresh:
        parts = read_known(state.file.parent, record.digest)
        if (head := next(parts, None)) is not None:
            known = _unpacked(head, (noted for chunk in parts for noted in chunk), settings)
            known.changed |= Changed(tasks=record.tasks, index_notes=record.index_notes)
            return known, Recalled(mark, record, _reading(known.memory))
    return Kept(Census(settings.config.vault)), Recalled(mark)


def still_kept(recalled: Recalled, memory: Memory, since: Changed | None, today: str) -> KeptRecord | None:
    """Return what the state has to say of what was recalled, where no more than little has changed `since`."""
    record = recalled.record
    if record is None or since is None or record.day != today or _reading(memory) is not recalled.reading:
        return None
    return record.model_copy(update={"tasks": frozenset(since.tasks), "index_notes": frozenset(since.index_notes)})


def keep(known: Kept, recalled: Recalled, state: State, today: str) -> KeptRecord | None:
    """Write down what is known; return what the state has to say of it, None if it can't be written."""
    if recalled.mark is None:
        return None
    digest = write_known(state.file.parent, _packed(known))
    return None if digest is None else KeptRecord(mark=recalled.mark, day=today, digest=digest)


def _packed(known: Kept) -> Iterator[object]:
    """Yield the parts of what is known: a head, then notes in chunks."""
    memory, last = known.memory, known.memory.last
    reading = last.reading if last else None
    about = (last.snapshot, last.open, _others(last.reading)) if last else None
    yield _Head(memory.put_away(), to_bytes(_Others(known.census, memory.roster, known.changed, about)))
    notes = _noted(known.notes, reading)
    while chunk := list(islice(notes, _CHUNK)):
        yield chunk


def _noted(notes: Mapping[str, Seen], reading: Reading | None) -> Iterator[_Noted]:
    read = {**{path: each.note for path, each in reading.index_notes.items()}, **reading.notes} if reading else {}
    for path in sorted(notes.keys() | read.keys()):
        seen, last = notes.get(path), read.get(path)
        sources = reading.sources.get(path) if reading else None
        index_note = reading.index_notes.get(path) if reading else None
        yield _Noted(
            path,
            pack_note(seen.note) if seen else None,
            seen.stamp if seen else None,
            pack_note(last) if last and (seen is None or last is not seen.note) else None,
            pack_sources(last, sources) if last and sources else None,
            (index_note.person, to_bytes(index_note.content)) if index_note else None,
        )


def _unpacked(head: _Head, notes: Iterable[_Noted], settings: Settings) -> Kept:
    others: _Others = from_bytes(head.others)
    memory = Memory.of(others.roster, head.groupings)
    read_line, read_text = line_reader_of(settings.rules), memory.text_reader(settings.rules.assignees)
    known = Kept(others.census, memory, changed=others.changed)
    sources: dict[str, tuple[SourceTask, ...]] = {}
    read: dict[str, Note] = {}
    index_notes: dict[str, IndexNote] = {}
    for noted in notes:
        path, note = noted.path, None
        if noted.seen is not None:
            note = unpack_note(noted.seen, read_line)
            known.notes[path] = Seen(note, noted.stamp)
        if noted.read is not None:
            note = unpack_note(noted.read, read_line)
        if note is not None and noted.sources is not None:
            read[path], sources[path] = note, unpack_sources(note, noted.sources, read_line, read_text)
        if note is not None and noted.rows is not None:
            index_notes[path] = IndexNote(note, noted.rows[0], from_bytes(noted.rows[1]))
    if others.last is not None:
        snapshot, left, values = others.last
        by_key = {source.key: source for each in sources.values() for source in each if source.key is not None}
        rest = dict(zip(_OTHERS, values, strict=True))
        memory.last = Last(snapshot, Reading(sources, read, index_notes, find_rows(index_notes), by_key, **rest), left)
    return known


def _reading(memory: Memory) -> Reading | None:
    return memory.last.reading if memory.last else None


def _mark(settings: Settings) -> str | None:
    config = settings.config
    try:
        said = (settings.root, config.vault, config.machine, settings.obsidian, program.modules(), program.libraries())
    except OSError:
        return None
    return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()
