"""What `vaultsync doctor` can find: the kinds of findings, and why each matters. Finding them is left to others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The kinds, in the order in which they are told."""

    TAP = "tap"
    HIDDEN = "hidden field"
    MOJIBAKE = "mojibake"
    COPY = "second value"
    STRAY_ID = "id within a line"
    DOUBLE_ID = "duplicate id"
    CONFLICT_COPY = "conflict copy"
    UNREADABLE = "unreadable"
    FRONTMATTER = "frontmatter"
    INDEX_NOTE = "index note"
    NOT_WRITABLE = "not writable"
    LINK = "symbolic link"
    DATE = "invalid date"
    RULE = "invalid rule"
    ASSIGNEE = "ambiguous assignee"
    STATUS = "status"
    QUERY = "double counting"
    WATCH = "watching"
    STATE = "state"
    OBSIDIAN = "Obsidian's settings"
    CONFIG = "config"


WHY: Final = {
    Kind.TAP: "a tap on a proposal would complete it instead of accepting it",
    Kind.HIDDEN: "text stands behind the field, so Tasks takes it for text: its queries and dates go without it",
    Kind.MOJIBAKE: "the sign was mangled on its way through another program: Tasks takes the field for text",
    Kind.COPY: "the field stands twice in the line; only one of the values counts",
    Kind.STRAY_ID: "Obsidian and Tasks know a block id at a line's end only: links to it lead nowhere",
    Kind.DOUBLE_ID: "a link to an id leads to one place only",
    Kind.CONFLICT_COPY: "a synchroniser kept two versions of a note: what stands in this one alone is not rolled up",
    Kind.UNREADABLE: "the note is left alone: its tasks get no rows, rows that it has stay as they are",
    Kind.FRONTMATTER: "the note's properties aren't read: its date, person or `vaultsync: false` don't count",
    Kind.INDEX_NOTE: "it isn't kept in step",
    Kind.NOT_WRITABLE: "edits of its rows can't reach the note",
    Kind.LINK: "symbolic links are not followed: what lies behind this one is not read",
    Kind.DATE: "the date is no day of the calendar: it is neither shown nor sorted by, and Tasks' next edit spoils it",
    Kind.RULE: "Tasks can't read it, and takes it out of the line at the next click",
    Kind.ASSIGNEE: "it could be several people: the task goes to Unassigned",
    Kind.STATUS: "tasks of this status are in no index note, or change in an unexpected way at a tap",
    Kind.QUERY: "the query lists tasks and their rows in index notes: they are counted twice",
    Kind.WATCH: "changes may be noticed late, or not at all",
    Kind.STATE: "what was last agreed on, and the journal, stand there",
    Kind.OBSIDIAN: "a setting of the vault can't be used; its default stands",
    Kind.CONFIG: "the setting doesn't do what it seems to",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: where (`line` from 1), what, and how to mend it; `fixable` says that `--fix` can."""

    kind: Kind
    path: str | None
    line: int | None
    what: str
    mend: str
    fixable: bool = False

    @property
    def why(self) -> str:
        """Why it matters."""
        return WHY[self.kind]
