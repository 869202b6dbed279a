"""What the settings of a vault mean to the pure rooms, in one frozen value.

Reading config files and Obsidian's own settings is left to the rooms above; who the people are, to `people.Roster`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from vaultsync.model import Limits, Role, TaskSettings

if TYPE_CHECKING:
    from vaultsync.tasks.statuses import Roles


@dataclass(frozen=True, slots=True)
class IndexRules:
    """How index notes are named and laid out (product contract, "Index notes")."""

    path: str = "Tasks/@{person}.md"
    heading: str | None = None  # not None: the region is a section under this heading of an existing note
    max_rows: int = 150  # rows a section
    done_days: int = 7
    hide_tags: frozenset[str] = frozenset({"#task", "#proposed", "#auto"})  # with "#", lower case
    link_text: str = "↗"  # or "date", "title"
    markdown_links: bool = False
    group_by: Literal["none", "note"] = "none"
    one_on_one: bool = True  # show what the owner owes a person in that person's index note
    duplicates: float | None = 88  # how alike near-duplicates are, 0 to 100; None: they aren't grouped


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that settings can change about reading, merging and rendering."""

    tasks: TaskSettings
    roles: Roles
    index: IndexRules = IndexRules()
    overview: str = "Tasks/Overview.md"
    capture: str = "Tasks/Inbox.md"  # the note that tasks typed into a region go to
    captures: bool = True  # that note is among those that are read
    assignees: Literal["edges", "any"] = "edges"
    read_hidden_fields: bool = True
    recur_native_toggles: bool = False
    remove_tags: frozenset[str] = frozenset({"#proposed"})  # on acceptance; with "#", lower case
    rollup_roles: frozenset[Role] = frozenset({Role.PROPOSED, Role.TODO, Role.IN_PROGRESS})
    rollup_since: str | None = None  # by note date
    limits: Limits = field(default_factory=Limits)

    def may_hold_region(self, path: str) -> bool:
        """Tell whether a note stands where an index note or the overview would be made."""
        return path == self.overview or _index_place(self.index.path).fullmatch(path) is not None


@lru_cache(maxsize=8)
def _index_place(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\{person\}", "[^/]+"))
