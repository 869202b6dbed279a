"""Decides where the managed region of an index note stands, and whether its markers can be trusted.

What stands in the region is left to the index room, which tasks are found around it to the walker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGIN = re.compile(r"%% vaultsync:begin (?P<layout>[^\s%]+(?: [^\s%]+)*) %%")
_END = re.compile(r"%% vaultsync:end %%")
# Wide on purpose: a line that opens like a marker and isn't one freezes the note, which costs less than a lost region.
_NEAR_MISS = re.compile(r"[ \t>]*%*[ \t]*vaultsync[ \t]*:[ \t]*(?:begin|end)\b", re.IGNORECASE)

_CONFLICT_OPENS = re.compile(r"<{7}(?: |$)")
_CONFLICT_TURNS = re.compile(r"={7}$")
_CONFLICT_CLOSES = re.compile(r">{7}(?: |$)")


@dataclass(frozen=True, slots=True)
class Regions:
    """The region's markers by line number (from 1); with `damage` set they are only where markers were seen."""

    begin: int | None
    end: int | None
    layout: str | None
    damage: str | None
    damaged_at: int | None = None  # line of the damage, from 1


def find_regions(lines: Sequence[str]) -> Regions:
    """Find the one managed region of a note, given as lines with or without their ends.

    `damage` is a sentence for the user when a marker is missing, doubled, in the wrong order or mangled, or when git
    left its conflict markers anywhere in the note; such a note is not to be written.
    """
    begins: list[int] = []
    ends: list[int] = []
    mangled: list[int] = []
    layout: str | None = None
    for number, line in enumerate(lines, 1):
        if "vaultsync" not in line.lower():
            continue
        text = line.removeprefix("\ufeff").rstrip(" \t\r\n")
        if begin := _BEGIN.fullmatch(text):
            begins.append(number)
            layout = layout or begin["layout"]
        elif _END.fullmatch(text):
            ends.append(number)
        elif _NEAR_MISS.match(text):
            mangled.append(number)
    damaged_at, damage = _damage(begins, ends, mangled, has_conflict_markers(lines))
    return Regions(begins[0] if begins else None, ends[-1] if ends else None, layout, damage, damaged_at)


def _damage(
    begins: list[int], ends: list[int], mangled: list[int], conflict: int | None
) -> tuple[int, str] | tuple[None, None]:
    """Return the line of the first damage, and the sentence."""
    if conflict is not None:
        return conflict, f"git conflict markers from line {conflict} on"
    if mangled:
        return mangled[0], f"line {mangled[0]} looks like a marker of vaultsync and is damaged"
    if len(begins) > 1:
        return begins[1], f"a second begin marker on line {begins[1]}"
    if len(ends) > 1:
        return ends[1], f"a second end marker on line {ends[1]}"
    if begins and not ends:
        return begins[0], f"the begin marker on line {begins[0]} has no end marker"
    if ends and not begins:
        return ends[0], f"the end marker on line {ends[0]} has no begin marker"
    if begins and ends[0] < begins[0]:
        return ends[0], f"the end marker on line {ends[0]} stands above the begin marker"
    return None, None


def has_conflict_markers(lines: Sequence[str]) -> int | None:
    """Return the line (from 1) where git's conflict markers begin, or None.

    Only all three in their order are a conflict: seven `=` alone underline a heading.
    """
    opened: int | None = None
    turned = False
    for number, line in enumerate(lines, 1):
        if line[:7] not in {"<<<<<<<", "=======", ">>>>>>>"}:
            continue
        text = line.rstrip(" \t\r\n")
        if _CONFLICT_OPENS.match(text):
            opened, turned = number, False
        elif opened is not None and _CONFLICT_TURNS.match(text):
            turned = True
        elif turned and _CONFLICT_CLOSES.match(text):
            return opened
    return None
