"""Keep who the people of a vault are, and what is wrong with its notes, by the notes that changed.

Who counts as a person is the tasks room's answer, which notes changed the scanner's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.tasks.people import UNASSIGNED, PersonSource, build_roster, person_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaultsync.config import VaultConfig
    from vaultsync.model import Problem
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.people import Roster

Who = tuple["Roster", tuple["Problem", ...]]


@dataclass(slots=True)
class Census:
    """What the notes of one vault say about people, and their problems."""

    config: VaultConfig
    _sources: dict[str, PersonSource] = field(default_factory=dict)  # by note
    _problems: dict[str, tuple[Problem, ...]] = field(default_factory=dict)  # by note
    _last: tuple[list[PersonSource], Who] | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the notes themselves, by path."""
        return tuple(problem for path in sorted(self._problems) for problem in self._problems[path])

    def take(self, paths: Iterable[str], notes: Mapping[str, Note]) -> None:
        """Take over what these notes say now; one that isn't among `notes` is gone."""
        for path in paths:
            self._sources.pop(path, None)
            self._problems.pop(path, None)
            note = notes.get(path)
            if note is None:
                continue
            if source := _source(path, note, self.config):
                self._sources[path] = source
            if note.problems:
                self._problems[path] = note.problems

    def roster(self, newcomers: Iterable[str] = ()) -> Who:
        """Return who the people are, as the notes and the config say, and what is wrong with that.

        `newcomers` are people who are about to get an index note.
        """
        sources = [PersonSource(name, origin="index") for name in sorted(newcomers) if name != UNASSIGNED]
        sources += [self._sources[path] for path in sorted(self._sources)]
        if self._last is None or self._last[0] != sources:
            people = self.config.people
            self._last = (sources, build_roster(sources, self.config.owner, people.aliases, people.ignore))
        return self._last[1]


def _source(path: str, note: Note, config: VaultConfig) -> PersonSource | None:
    if note.kind == "index" and note.person:
        return PersonSource(note.person, path=path, origin="index")
    return person_source(path, note.properties or {}, config.people.notes)
