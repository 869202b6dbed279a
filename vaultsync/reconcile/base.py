"""The base: what both sides of each task last agreed on. Records only; `merge` compares, storage keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_FORMER = 8
TAKEN_OUT = 0.0  # since when a task is missing whose line an undo took out


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
    # Rows as they stood before, the newest first, and those that conflict copies had: what isn't news any more.
    former: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """An index or overview note that we wrote: whose ("" for the overview), its layout mark, our plain lines in it."""

    person: str
    layout: str
    remarks: tuple[str, ...] = ()


def former_rows(base: BaseTask | None, rows: Mapping[str, str], copied: Iterable[str]) -> tuple[str, ...]:
    """Return the rows that stood before these, at most eight: `copied` ones, those that they replace, older ones."""
    if base is None:
        return tuple(copied)[:KEPT_FORMER]
    replaced = [text for note, text in base.rows.items() if rows.get(note) != text]
    return tuple(dict.fromkeys((*copied, *replaced, *base.former)))[:KEPT_FORMER]
