"""Keep the indented lines that somebody wrote beneath rows with their rows, wherever those are drawn.

Which lines belong to a row is the index room's answer; where rows stand is `arrange`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.index.links import task_key
from vaultsync.index.region import reindented

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from vaultsync.index.region import RegionContent, RegionRow
    from vaultsync.reconcile.snapshot import RowAt


@dataclass
class TypedBeneath:
    """The lines beneath the rows of one index note; each is given out once. `ours` are those of our own making."""

    content: RegionContent
    ours: AbstractSet[str]
    _rows: dict[str, list[RegionRow]] = field(init=False)
    _given: set[int] = field(default_factory=set)  # by the row's line

    def __post_init__(self) -> None:
        self._rows = defaultdict(list)
        for row in self.content.rows:
            if row.beneath:
                self._rows[task_key(row.path, row.block_id)].append(row)

    def take(self, key: str | None, kept: RowAt | None, indent: str) -> list[str]:
        """Return the lines beneath the rows of a task, or beneath a row that is kept, as they go under `indent`."""
        if kept is not None:
            return self._of([kept.row], indent)
        return self._of(self._rows.get(key or "", ()), indent)

    def rest(self) -> Iterator[tuple[str, RegionRow, list[str]]]:
        """Yield what hasn't been taken, by task, as it goes under no indentation; the row is the task's first one."""
        for key, rows in self._rows.items():
            if lines := self._of([row for row in rows if row.number not in self._given], ""):
                yield key, rows[0], lines

    def _of(self, rows: list[RegionRow] | tuple[RegionRow, ...], indent: str) -> list[str]:
        """Return the lines of these rows; of two copies of a row with the same lines only once."""
        self._given |= {row.number for row in rows if row.beneath}  # a row of a conflict copy has none
        each = (reindented((line for line in row.beneath if line not in self.ours), row.indent, indent) for row in rows)
        distinct = dict.fromkeys(tuple(lines) for lines in each)
        return [line for lines in distinct for line in lines]
