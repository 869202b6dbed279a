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
from vaultsync.storage.kept import read_known, write_known
from vaultsync.tasks.note import line_reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    @staticmethod
    def of(settings: Settings) -> Kept:
        """Know nothing of a vault yet."""
        return Kept(Census(settings.config.vault))


def recall(settings: Settings, state: State, today: str) -> Kept:
    """Return what was kept of a vault; nothing where that doesn't hold any more."""
    said = state.kept()
    if said is not None and said[0] == _mark(settings, today):
        known = read_known(state.file.parent, said[1])
        if isinstance(known, Kept):
            return known
    return Kept.of(settings)


def keep(kept: Kept, settings: Settings, state: State, today: str) -> tuple[str, str] | None:
    """Write down what is known; return what the state has to say of it, None if it can't be written."""
    readers: dict[int, Made] = {id(line_reader_of(settings.rules)): (line_reader_of, (settings.rules,))}
    digest = write_known(state.file.parent, kept, readers | kept.memory.readers(settings.rules.assignees))
    return None if digest is None else (_mark(settings, today), digest)


def _mark(settings: Settings, today: str) -> str:
    config = settings.config
    what = (settings.root, config.vault, config.machine, settings.obsidian, today)
    said = (*what, program.modules(), program.libraries())
    return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()
