"""Keep what is known of a vault for the next process, which then only has to look at what has changed since.

That is what a wheel that stays has in memory: notes as read, who the people are, and what the last plan read. It is
taken up again by the same program with the same settings, on the same day, if nobody has written to the state since.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync import program
from vaultsync.census import Census
from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.snapshot import Changed
from vaultsync.storage.kept import KeptRecord, read_known, write_known
from vaultsync.tasks.note import line_reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.reconcile.reading import Reading
    from vaultsync.scan import Seen
    from vaultsync.settings import Settings
    from vaultsync.storage.kept import Made
    from vaultsync.storage.state import State


@dataclass(slots=True)
class Kept:
    """What is known of one vault."""

    census: Census
    memory: Memory = field(default_factory=Memory)
    notes: Mapping[str, Seen] = field(default_factory=dict)
    changed: Changed = field(default_factory=Changed)  # since the last plan


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was taken up again, as the state told of it, and the last plan's reading; nothing without a record."""

    mark: str  # of those who may take up what this process leaves
    record: KeptRecord | None = None
    reading: Reading | None = None


def recall(settings: Settings, state: State, today: str, *, afresh: bool) -> tuple[Kept, Recalled]:
    """Take up what was kept of a vault; nothing where that doesn't hold any more, or all is to be read `afresh`."""
    mark, record = _mark(settings), state.kept()
    if record is not None and (record.mark, record.day) == (mark, today) and not afresh:
        known = read_known(state.file.parent, record.digest)
        if isinstance(known, Kept):
            known.changed |= Changed(tasks=record.tasks, index_notes=record.index_notes)
            return known, Recalled(mark, record, _reading(known.memory))
    return Kept(Census(settings.config.vault)), Recalled(mark)


def still_kept(recalled: Recalled, memory: Memory, since: Changed | None, today: str) -> KeptRecord | None:
    """Return what the state has to say of what was recalled, where no more than little has changed `since`."""
    record = recalled.record
    if record is None or since is None or record.day != today or _reading(memory) is not recalled.reading:
        return None
    return record.model_copy(update={"tasks": frozenset(since.tasks), "index_notes": frozenset(since.index_notes)})


def keep(known: Kept, recalled: Recalled, settings: Settings, state: State, today: str) -> KeptRecord | None:
    """Write down what is known; return what the state has to say of it, None if it can't be written."""
    readers: dict[int, Made] = {id(line_reader_of(settings.rules)): (line_reader_of, (settings.rules,))}
    digest = write_known(state.file.parent, known, readers | known.memory.readers(settings.rules.assignees))
    return None if digest is None else KeptRecord(mark=recalled.mark, day=today, digest=digest)


def _reading(memory: Memory) -> Reading | None:
    return memory.last.reading if memory.last else None


def _mark(settings: Settings) -> str:
    config = settings.config
    said = (settings.root, config.vault, config.machine, settings.obsidian, program.modules(), program.libraries())
    return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()
