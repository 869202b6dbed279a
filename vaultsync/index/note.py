"""A whole index or overview note as it shall stand: frontmatter, managed region, the user's text around it untouched.

What the region shows is decided in the reconcile room; when it is written, above.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pathvalidate import sanitize_filename

from vaultsync.index.links import render_link
from vaultsync.index.region import BEGIN, END, Section, append_region, heading_level, render_region, replace_region
from vaultsync.markdown.frontmatter import Scalar, set_properties
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import bare_lines, line_and_end, split_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaultsync.tasks.rules import IndexRules

_BIDI = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
# What Obsidian can't link to, beside what the file systems refuse.
_NOT_LINKABLE = re.compile(r"[\[\]#^|]")
# A line of the overview's table, also after Obsidian's table editor has padded it.
_TABLE_LINE = re.compile(
    r"[ \t]*\|.*\|[ \t]*(?:Proposed|:?-+:?|[0-9]+)[ \t]*\|[ \t]*(?:Open|:?-+:?|[0-9]+)[ \t]*\|"
    r"[ \t]*(?:Next due|[0-9:-]*)[ \t]*\|[ \t]*"
)
_LONGEST_NAME = 180  # bytes in UTF-8; with prefix and ending it stays below the 255 that file systems take


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One line of the overview: a person's counts, and where the index note stands."""

    person: str
    path: str
    proposed: int
    open: int
    next_due: str | None


def index_path(person: str, rules: IndexRules) -> str:
    """Return the path at which a person's index note is made: inside the vault and safe, whatever the name holds."""
    return rules.path.replace("{person}", safe_name(person))


@lru_cache(maxsize=4096)
def safe_name(name: str) -> str:
    """Return a name as one part of a path that every system takes and Obsidian can link to."""
    plain = _NOT_LINKABLE.sub(" ", _BIDI.sub("", unicodedata.normalize("NFC", name)))
    kept = sanitize_filename(plain, replacement_text=" ", platform="universal")
    short = " ".join(kept.split()).encode()[:_LONGEST_NAME].decode(errors="ignore")
    return short.strip(". ") or "Unnamed"


def render_index_note(  # noqa: PLR0913 - the note is a function of all of these
    text: str | None,
    properties: Mapping[str, Scalar | None],
    sections: Sequence[Section],
    strangers: Sequence[str],
    layout: str,
    heading: str | None,
    notice: str | None = None,
) -> str:
    """Return the note's text with frontmatter and region brought up to date; `text` is None for a note to be made.

    `notice` is a plain line before the sections. Raises ValueError if the frontmatter can't be changed safely.
    """
    body = text or ""
    region = render_region(layout, sections, heading_level(body, heading), notice)
    found = find_regions(split_lines(body))
    if found.begin is not None and found.end is not None:
        body = replace_region(body, found.begin, found.end, region, strangers)
    else:
        body = append_region(body, region, heading)
    return set_properties(body, properties)


def replace_rows(text: str, rows: Mapping[int, str]) -> str:
    """Put new rows in place of those on the given lines (from 1), each with the indentation that stands there."""
    lines = split_lines(text)
    for number, row in rows.items():
        line, end = line_and_end(lines[number - 1])
        indent = line[: len(line) - len(line.lstrip(" \t>"))]
        lines[number - 1] = indent + row + end
    return "".join(lines)


def index_properties(
    person: str, proposed: int, open_: int, next_due: str | None, existing: Mapping[str, object]
) -> dict[str, Scalar | None]:
    """Return the properties that an index note carries, for Bases and Dataview to list people by.

    Where the user has a `person` of another value, that stays and ours is `vaultsync_person`.
    """
    theirs = existing.get("person")
    name_key = "vaultsync_person" if "vaultsync_person" in existing or (theirs and theirs != person) else "person"
    return {
        "vaultsync": "index",
        name_key: person,
        "tasks_proposed": proposed,
        "tasks_open": open_,
        "tasks_next_due": dt.date.fromisoformat(next_due) if next_due else None,
    }


def render_overview(text: str | None, rows: Sequence[OverviewRow], layout: str, *, markdown_links: bool) -> str:
    """Return the overview note's text: a table of people with their counts and next due date, in the order given.

    Raises ValueError if the frontmatter can't be changed safely.
    """
    body = text or ""
    region = [BEGIN.format(layout=layout), "", *_table(rows, markdown_links=markdown_links), "", END]
    found = find_regions(split_lines(body))
    if found.begin is None or found.end is None:
        body = append_region(body, region, None)
    else:
        body = replace_region(body, found.begin, found.end, region, overview_strangers(body, found.begin, found.end))
    return set_properties(body, {"vaultsync": "overview"})


def overview_strangers(text: str, begin: int, end: int) -> list[str]:
    """Return the lines in the overview's region, whose markers stand on these lines, that are not of our making."""
    between = bare_lines(text)[begin : end - 1]
    return [line for line in between if line.strip() and not _TABLE_LINE.fullmatch(line)]


def _table(rows: Sequence[OverviewRow], *, markdown_links: bool) -> list[str]:
    lines = ["| Person | Proposed | Open | Next due |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        link = render_link(row.path, None, row.person, markdown=markdown_links).replace("|", "\\|")
        lines.append(f"| {link} | {row.proposed} | {row.open} | {row.next_due or ''} |")
    return lines
