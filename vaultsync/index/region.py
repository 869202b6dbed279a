"""The managed region: its sections and lines, written and taken apart again.

Which tasks stand in which section is decided in the reconcile room; the text of a row is `rows`' business.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from vaultsync.index.links import OWN_ID, find_row_link
from vaultsync.markdown import frontmatter
from vaultsync.markdown.textlines import line_and_end, prevailing_end, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LAYOUT_VERSION = 1
BEGIN = "%% vaultsync:begin {layout} %%"
END = "%% vaultsync:end %%"
HOW_TO_END = "Change a row here, or its task in the note: the side that you change next wins."  # above conflicts
VALUE_MARK = "↳"  # begins the plain line that shows the other value of a conflict

SectionName = Literal["Conflicts", "Proposed", "Open", "In progress", "I owe", "Done"]
# Lines known by what they say, headings from the first layout on; other lines of our making are on record.
KNOWN_SECTIONS: tuple[SectionName, ...] = ("Conflicts", "Proposed", "Open", "In progress", "Done")
SECTIONS: tuple[SectionName, ...] = ("Conflicts", "Proposed", "Open", "In progress", "I owe", "Done")

_ROW = re.compile(r"(?P<indent>[ \t>]*)(?:[-*+]|[0-9]+[.)]) +\[[^\r\n]\]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_OURS = re.compile(rf"(?:#{{1,6}} (?:{'|'.join(KNOWN_SECTIONS)})|and [0-9]+ more|{re.escape(HOW_TO_END)})[ \t]*\Z")
_BLANKS = re.compile(r"[ \t]*")
_LEVEL = "    "


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A task line with a link of ours, found in a region. The line is kept as UTF-8: there are very many rows."""

    number: int  # line of the note, from 1
    indent: str
    raw: bytes  # the line without indentation and end
    path: str  # what its link points at
    block_id: str
    beneath: tuple[str, ...] = ()  # the indented lines without a box that belong to it, whole lines without ends

    @property
    def text(self) -> str:
        """The line without indentation and end."""
        return self.raw.decode()


@dataclass(frozen=True, slots=True)
class LooseRow:
    """A line with a box and without a link of ours: `text` is the line without indentation and end."""

    number: int  # line of the note, from 1
    indent: str
    text: str
    beneath: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A line that is neither a row nor of our making; `owner` is the line of the row that it belongs to, if any.

    A loose row belongs to itself.
    """

    number: int
    text: str
    owner: int | None


@dataclass(frozen=True, slots=True)
class RegionContent:
    """A region taken apart: its rows, those without a link, and all lines that somebody else wrote, in order."""

    rows: tuple[RegionRow, ...] = ()
    loose: tuple[LooseRow, ...] = ()
    lines: tuple[RegionLine, ...] = ()

    @property
    def strangers(self) -> tuple[str, ...]:
        """The lines that belong to no row."""
        return tuple(line.text for line in self.lines if line.owner is None)

    @property
    def foreign(self) -> tuple[str, ...]:
        """The lines that somebody else wrote, those beneath rows and loose rows among them."""
        return tuple(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Section:
    """One section as it shall stand: finished lines of its rows, and how many more there would be."""

    name: SectionName
    lines: tuple[str, ...]
    more: int = 0


def read_region(text: str, begin: int, end: int) -> RegionContent:
    """Take apart the lines between the markers, which stand on lines `begin` and `end` of the note's text.

    It is read line by line: a fence or a comment typed there hides nothing. A line without a box belongs to the nearest
    row above it that is less indented; blank lines between two lines of one owner are theirs.
    """
    rows: list[RegionRow] = []
    loose: list[LooseRow] = []
    lines: list[RegionLine] = []
    beneath: dict[int, list[str]] = defaultdict(list)
    open_items: list[tuple[str, int]] = []  # indentation and number of the rows that a further line may belong to
    blanks: list[tuple[int, str]] = []
    joins: set[int | None] = set()  # the owners of a next line to which the blank lines before it belong

    def take(number: int, line: str, owner: int | None) -> None:
        if owner in joins:
            lines.extend(RegionLine(*blank, owner) for blank in blanks)
            beneath[owner or 0].extend(blank for _, blank in blanks)
        lines.append(RegionLine(number, line, owner))
        beneath[owner or 0].append(line)

    for number, raw in enumerate(split_lines(text)[begin : end - 1], begin + 1):
        line = line_and_end(raw)[0]
        if not line.strip():
            blanks.append((number, line))
            continue
        while open_items and not _is_beneath(line, open_items[-1][0]):
            open_items.pop()
        owner = open_items[-1][1] if open_items else None
        box = _ROW.match(line)
        if box:
            indent, link = box["indent"], find_row_link(line)
            open_items.append((indent, number))
            if link and (link.has_alias or OWN_ID.match(link.block_id.lower())):
                rows.append(RegionRow(number, indent, line[len(indent) :].encode(), link.path, link.block_id))
            else:
                loose.append(LooseRow(number, indent, line[len(indent) :]))
                lines.append(RegionLine(number, line, number))
            joins = {number}
        elif owner is None and _OURS.match(line):
            joins = set()
        else:
            take(number, line, owner)
            joins = {owner}
        blanks = []
    return RegionContent(
        tuple(replace(row, beneath=tuple(beneath.get(row.number, ()))) for row in rows),
        tuple(replace(row, beneath=tuple(beneath.get(row.number, ()))) for row in loose),
        tuple(lines),
    )


def reindented(lines: Iterable[str], before: str, after: str) -> list[str]:
    """Return the lines beneath a row, whose indentation changed, with theirs changed alike."""
    return [_reindented(line, before, after) for line in lines]


def render_region(layout: str, sections: Sequence[Section], level: int, notice: str | None = None) -> list[str]:
    """Return the region's lines, with the markers, without line ends. `level` is that of the sections' headings.

    `notice` is a plain line that stands before the sections.
    """
    lines = [BEGIN.format(layout=layout), "", *([notice, ""] if notice else [])]
    for section in sections:
        if not section.lines:
            continue
        lines += [f"{'#' * level} {section.name}", "", *section.lines]
        if section.more:
            lines += ["", f"and {section.more} more"]
        lines.append("")
    return [*lines, END]


def replace_region(text: str, begin: int, end: int, region: Sequence[str], strangers: Sequence[str]) -> str:
    """Put a rendered region in the place of the one on lines `begin` to `end`; strangers follow below it, unchanged.

    Every byte outside stays, a blank line apart where strangers need one around them. The line ends are those of the
    marker that stood there.
    """
    lines = split_lines(text)
    first, ending = line_and_end(lines[begin - 1])
    ending = ending or "\n"
    head = "".join(lines[: begin - 1]) + ("\ufeff" if first.startswith("\ufeff") else "")
    tail = lines[end:]
    body = ending.join(region)
    last_end = line_and_end(lines[end - 1])[1]
    moved = _without_outer_blanks(strangers)
    if not moved:
        return head + body + last_end + "".join(tail)
    gap = ending if tail and line_and_end(tail[0])[0].strip() else ""
    return head + body + ending * 2 + ending.join(moved) + last_end + gap + "".join(tail)


def append_region(text: str, region: Sequence[str], heading: str | None) -> str:
    """Put a region into a note that has none: under `heading` where that stands, else at the end, with the heading."""
    lines = split_lines(text)
    ending = prevailing_end(text)
    block = ending.join(region) + ending
    if heading is not None:
        if number := _find_heading(text, heading):
            before, after = "".join(lines[:number]), "".join(lines[number:])
            gap = "" if line_and_end(lines[number - 1])[1] else ending
            apart = ending if number < len(lines) and line_and_end(lines[number])[0].strip() else ""
            return before + gap + ending + block + apart + after
        block = f"## {heading}{ending}{ending}{block}"
    if not text.removeprefix("\ufeff"):
        return text + ending + block
    last, end = line_and_end(lines[-1])
    return text + ("" if end else ending) + (ending if last.strip() else "") + block


def heading_level(text: str, heading: str | None) -> int:
    """Return the level for section headings: below the heading that the region stands under, else 2."""
    if heading is None:
        return 2
    number = _find_heading(text, heading)
    if number is None:
        return 3
    line = line_and_end(split_lines(text)[number - 1])[0]
    return min(6, len(line) - len(line.lstrip("#")) + 1)


def _find_heading(text: str, heading: str) -> int | None:
    """Return the line (from 1) of a heading; what looks like one in frontmatter or in a fence is none."""
    matter = frontmatter.find(text)
    heading_line = re.compile(rf"#{{1,6}}[ \t]+{re.escape(heading)}[ \t]*#*[ \t]*")
    fence = ""
    for number, raw in enumerate(split_lines(text), 1):
        line = line_and_end(raw)[0].removeprefix("\ufeff")
        if matter and number <= matter.last:
            continue
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        elif not fence and heading_line.fullmatch(line):
            return number
    return None


def _without_outer_blanks(lines: Sequence[str]) -> Sequence[str]:
    filled = [position for position, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else ()


def _is_beneath(line: str, indent: str) -> bool:
    """Tell whether a line is more indented than a row; one in a quote only has lines of that quote beneath it."""
    if ">" in indent:
        return line.startswith(indent) and line[len(indent)] in " \t"
    return _width(line) > _width(indent)


def _width(line: str) -> int:
    blanks = _BLANKS.match(line)
    return len(blanks[0].expandtabs(len(_LEVEL))) if blanks else 0


def _reindented(line: str, before: str, after: str) -> str:
    if before == after or not line.strip():
        return line
    return after + (line[len(before) :] if line.startswith(before) else _LEVEL + line.lstrip(" \t"))
