"""The base: what both sides of each task last agreed on. Records only; `merge` compares, storage keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class BaseTask:
    """One task as the last cycle left it: its source line, and its row in each index note, as they stood in the files.

    Lines are kept as text and read with today's settings on both sides of a comparison, so that a change of settings or
    of the program is never taken for an edit. Where a field is in `conflicts`, line and rows differ in it, each as its
    side has it.
    """

    key: str
    path: str
    line: str
    conflicts: frozenset[str] = frozenset()
    missing_since: float | None = None  # seconds since 1970; when a cycle first didn't find the line
    rows: Mapping[str, str] = field(default_factory=dict)  # index note's path -> row, without its indentation


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """An index or overview note that we wrote: whose ("" for the overview), its layout mark, our plain lines in it."""

    person: str
    layout: str
    remarks: tuple[str, ...] = ()
