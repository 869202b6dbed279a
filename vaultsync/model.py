"""Frozen data that the rooms hand to each other; no behaviour beyond what follows from the fields.

Left to others: reading (tasks, markdown), deciding (reconcile), writing (storage).

Conventions. Paths are relative to the vault, with "/". Lines of a note are numbered from 1. Offsets in a line count
code points. Dates are text, `YYYY-MM-DD`, or `INVALID` for a date-shaped text that is no day of the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

INVALID = "invalid"

Priority = Literal["highest", "high", "medium", "none", "low", "lowest"]
PRIORITIES: tuple[Priority, ...] = ("highest", "high", "medium", "none", "low", "lowest")

StatusType = Literal["TODO", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELLED", "NON_TASK"]

FieldName = Literal[
    "priority",
    "start",
    "created",
    "scheduled",
    "due",
    "done",
    "cancelled",
    "recurrence",
    "on_completion",
    "id",
    "depends_on",
    "block_id",
]


class Role(StrEnum):
    """What a status means to vaultsync, whatever its symbol (product contract, "Roles of statuses")."""

    PROPOSED = "proposed"
    TODO = "todo"
    IN_PROGRESS = "in progress"
    DONE = "done"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Status:
    """One entry of the Tasks plugin's status registry."""

    symbol: str
    name: str
    type: StatusType
    next: str  # the symbol that a click writes; "" is possible and un-tasks the line


DEFAULT_STATUSES = (
    Status(" ", "Todo", "TODO", "x"),
    Status("x", "Done", "DONE", " "),
    Status("/", "In Progress", "IN_PROGRESS", "x"),
    Status("-", "Cancelled", "CANCELLED", " "),
)


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """The Tasks plugin's settings that change what a task line means (its data.json; defaults as the plugin's)."""

    format: Literal["emoji", "dataview"] = "emoji"
    global_filter: str = ""
    statuses: tuple[Status, ...] = DEFAULT_STATUSES  # registry order; the first entry of a symbol wins
    set_created_date: bool = False
    set_done_date: bool = True
    set_cancelled_date: bool = True
    recurrence_on_next_line: bool = False
    remove_scheduled_on_recurrence: bool = False
    filename_as_scheduled: bool = False
    filename_date_format: str = ""  # a moment.js format, tried first
    filename_date_folders: tuple[str, ...] = ()  # empty: everywhere


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it stands in a task line.

    `start` and `end` enclose the signifier (or the Dataview brackets) and the value; for a block id the `^` and the id,
    without the space before it. `value` is as typed: the date text, the priority's word, the rule, the ids.
    """

    name: FieldName
    start: int
    end: int
    value: str
    counts: bool  # False: a further copy, whose value another copy overrides
    hidden: bool  # True: text stands after it, so that Tasks doesn't read it


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task line, read: what Obsidian Tasks reports of it, and where each piece stands."""

    text: str  # the line without its line end; a CR that Tasks would see is not part of it
    indentation: str
    marker: str
    symbol: str
    symbol_at: int  # offset of the status character
    body: tuple[int, int]  # what stands after the box, trimmed, without the block id at its end
    description: str
    tags: tuple[str, ...]  # with "#", in order, without the global filter's
    priority: Priority
    created: str | None
    start: str | None
    scheduled: str | None
    due: str | None
    done: str | None
    cancelled: str | None
    recurrence: str | None  # the rule's canonical text
    on_completion: str | None
    id: str | None
    depends_on: tuple[str, ...]
    block_id: str | None  # without "^", as typed
    fields: tuple[Field, ...]  # in the line's order


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a task line decides who sees it and where; many lines have the same, and share it."""

    priority: Priority
    due: str | None
    scheduled: str | None
    start: str | None
    done: str | None
    fields: int  # those that count, without the block id


@dataclass(frozen=True, slots=True)
class Mention:
    """A person named in a task's text, `@Name` or a link form of it."""

    start: int  # offsets in the line, of the whole mention
    end: int
    person: str  # canonical name; the name as typed where nobody of that name is known


@dataclass(frozen=True, slots=True)
class Problem:
    """Input that can't be read or acted on, told to the user; the rest of the vault goes on."""

    path: str
    line: int | None
    what: str
    once: bool = False  # worth one word and no more: it may stay as it is


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a note is read before it is set aside with a problem; each names the setting that raises it."""

    note_bytes: int = 10_000_000
    line_chars: int = 100_000
    frontmatter_bytes: int = 65_536
    nesting: int = 100
