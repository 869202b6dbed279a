"""What one reconcile looks at: a frozen picture of the vault, the base and the moment. No decisions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from vaultsync.index.links import task_key
from vaultsync.reconcile.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.index.region import RegionContent, RegionRow
    from vaultsync.model import Facts
    from vaultsync.reconcile.base import BaseTask, IndexRecord
    from vaultsync.reconcile.copies import Copy
    from vaultsync.tasks.note import Note, Task
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules
    from vaultsync.tasks.text import TaskText, TextReader


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs from the snapshot before; all else is the very same."""

    notes: AbstractSet[str] = field(default_factory=frozenset)  # paths
    tasks: AbstractSet[str] = field(default_factory=frozenset)  # keys of base records
    index_notes: AbstractSet[str] = field(default_factory=frozenset)  # paths of records

    def __or__(self, other: Changed) -> Changed:
        """Return what differs from the snapshot before the one before."""
        return Changed(self.notes | other.notes, self.tasks | other.tasks, self.index_notes | other.index_notes)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The vault as scanned, and everything else that a plan is a function of."""

    notes: Mapping[str, Note]
    base: Mapping[str, BaseTask]
    index_notes: Mapping[str, IndexRecord]  # those that we wrote, by path
    taken_ids: AbstractSet[str]  # ids ever given; never free again
    roster: Roster
    rules: Rules
    layout: str  # the mark of today's rendering
    today: str
    now: float  # seconds since 1970
    absent_delay: float = 5.0  # seconds that a task must be gone before it counts as gone
    held: AbstractSet[str] = field(default_factory=frozenset)  # notes not to be planned on now: young, unreadable
    unreadable: AbstractSet[str] = field(
        default_factory=frozenset
    )  # folders that couldn't be read: nothing in them is missing
    unstamped: AbstractSet[str] = field(default_factory=frozenset)  # notes that no id may be written into yet
    unsettled: AbstractSet[str] = field(default_factory=frozenset)  # index notes in which no row may move yet
    refused: AbstractSet[tuple[str, int]] = field(
        default_factory=frozenset
    )  # lines whose planned edit would not read back
    copies: Mapping[str, Copy] = field(default_factory=dict)  # conflict copies; no notes
    put_off: AbstractSet[str] = field(default_factory=frozenset)  # copies that can't be absorbed yet
    newcomers: AbstractSet[str] | None = None  # strangers who may get an index note; None: anybody may
    may_create: bool = True  # index notes and the overview, where there are none
    force: bool = False  # render over a foreign layout
    memory: Memory = field(default_factory=Memory, compare=False)
    changed: Changed | None = field(default=None, compare=False)  # None: not known

    @property
    def read_text(self) -> TextReader:
        """What takes the text of a task apart, as the people are now."""
        return self.memory.text_reader(self.rules.assignees)

    def shows_nothing_new_to(self, before: Snapshot) -> bool:
        """Tell whether this is the very vault of the snapshot before, if at another moment."""
        others = (each.name for each in fields(self) if each.compare and each.name not in _TOLD)
        return self.changed == Changed() and all(getattr(self, name) == getattr(before, name) for name in others)

    def is_held(self, path: str) -> bool:
        """Tell whether nothing may be concluded from this note, its absence included."""
        note = self.notes.get(path)
        if path in self.held or (note is not None and note.held is not None) or self.is_emptied_index(path):
            return True
        return note is None and any(
            path.startswith(f"{folder}/") or folder in (".", path) for folder in self.unreadable
        )

    def is_emptied_index(self, path: str) -> bool:
        """Tell whether nothing stands any more in a note that we drew: maybe it is just being saved."""
        note = self.notes.get(path)
        return note is not None and note.blank and path in self.index_notes


_TOLD = {"notes", "base", "index_notes", "taken_ids", "copies", "now"}  # what `changed` tells of, and the moment


@dataclass(frozen=True, slots=True)
class SourceTask:
    """A task of a source note and who it is assigned to; its text is taken apart when it is asked for."""

    task: Task
    read_text: TextReader = field(compare=False, repr=False)
    assignees: tuple[str, ...]
    facts: Facts
    mended_from: str | None = None  # the line in the note, where the task reads as if its id stood at the end
    key: str | None = field(init=False, compare=False)
    """The task's identity; None before it has a block id."""

    def __post_init__(self) -> None:
        block_id = self.task.block_id
        object.__setattr__(self, "key", task_key(self.task.path, block_id) if block_id else None)

    @property
    def standing(self) -> str:
        """The line as it stands in the note."""
        return self.task.text if self.mended_from is None else self.mended_from

    @property
    def text(self) -> TaskText:
        """The text, taken apart."""
        return self.read_text(self.task.raw, self.task.read_line)


@dataclass(frozen=True, slots=True)
class RowAt:
    """A row where it stands: in whose index note, which line."""

    note: str
    person: str
    row: RegionRow
    copy: str | None = None  # the conflict copy in which it stands, or the note itself where it has one


@dataclass(frozen=True, slots=True)
class IndexNote:
    """An index note that can be planned on, taken apart."""

    note: Note
    person: str
    content: RegionContent
