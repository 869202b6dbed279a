"""Give block ids to tasks that are about to be shown, and new ones to copies of a task whose id another keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.tasks.edits import set_block_id
from vaultsync.tasks.ids import derive_id
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.note import Task

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.arrange import Arrangement
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class Stamps:
    """The ids given by one plan: the edits that write them, and the tasks as they then read, by place."""

    edits: tuple[PlannedEdit, ...]
    tasks: Mapping[tuple[str, int], SourceTask]


class TakenIds:
    """Ids of ours that aren't free, `known` ones and those that are `given` meanwhile."""

    def __init__(self, *known: Container[str]) -> None:
        self._known = known
        self.given: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return name in self.given or any(name in each for each in self._known)

    def add(self, name: str) -> None:
        """Take an id, whoever's it is; only ours count as given."""
        if OWN_ID.match(name) and name not in self:
            self.given.add(name)


def taken_ids(tasks: Iterable[SourceTask], *known: Iterable[str]) -> set[str]:
    """Return all ids that are not free: of tasks, and the keys that are `known` otherwise, from rows and the base."""
    in_notes = {task.task.block_id.lower() for task in tasks if task.task.block_id}
    return in_notes | {key for keys in known for key in keys if OWN_ID.match(key)}


def stamp(
    arranged: Iterable[Arrangement], copies: AbstractSet[tuple[str, int]], taken: TakenIds, rules: Rules
) -> Stamps:
    """Give an id to each shown task that has none or another's, in the order of the notes; `taken` grows."""
    shown: dict[tuple[str, int], SourceTask] = {}
    for arrangement in arranged:
        for entries in arrangement.sections.values():
            for entry in entries:
                source = entry.source
                if source and (source.task.block_id is None or source.task.order in copies):
                    shown[source.task.order] = source
    edits: list[PlannedEdit] = []
    tasks: dict[tuple[str, int], SourceTask] = {}
    for place in sorted(shown):
        source = shown[place]
        name = derive_id(place[0], source.text.prose, taken)
        taken.add(name)
        after = set_block_id(source.task.line, name)
        line = parse_line(after, rules.tasks, hidden=rules.read_hidden_fields)
        if line is None or line.block_id != name:
            continue  # it can't carry an id, so it isn't shown; `draw` leaves out what can't be linked to
        edits.append(PlannedEdit(*place, source.task.text, (after,), "duplicate id" if source.task.block_id else "id"))
        tasks[place] = replace(source, task=Task.of(*place, line, rules))
    return Stamps(tuple(edits), tasks)


def with_stamps(arrangement: Arrangement, stamps: Stamps) -> Arrangement:
    """Return the arrangement with its tasks as they read after stamping."""
    if not stamps.tasks:
        return arrangement
    sections = {
        name: tuple(
            replace(entry, source=stamps.tasks.get(entry.source.task.order, entry.source)) if entry.source else entry
            for entry in entries
        )
        for name, entries in arrangement.sections.items()
    }
    return replace(arrangement, sections=sections)
