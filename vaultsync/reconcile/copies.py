"""Tell conflict copies, which file synchronisers leave beside a note, from notes: by name, at times by content.

What becomes of a copy is decided in `absorb`; finding and reading the files is left to the scan.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.markdown import frontmatter
from vaultsync.markdown.textlines import split_lines

if TYPE_CHECKING:
    from vaultsync.tasks.note import Note

_WORDS = r"(?:[^()/]|\([^()/]*\))*"  # of a person or a device, whose name may hold parentheses
# As Syncthing, Obsidian Sync and Dropbox name them (hazards, row 32); the last may number them, inside or behind.
_NAMED = re.compile(
    r"(?:"
    r"\.sync-conflict-[0-9]{8}-[0-9]{6}-[A-Z0-9]+"
    rf"| \(Conflicted copy {_WORDS} [0-9]{{12}}\)"
    rf"| \({_WORDS}conflicted copy [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_WORDS}\)(?: ?\(?[0-9]+\)?)?"
    r")\.md\Z",
    re.IGNORECASE,
)
# As iCloud names them; so may anybody.
_NUMBERED = re.compile(r" (?:[2-9]|[1-9][0-9])\.md\Z")

_ID_BEHIND_TASK = re.compile(r"(?<!\S)\^(t-[a-z0-9]{8})[ \t]*$", re.MULTILINE | re.IGNORECASE)
_ID_IN_ROW = re.compile(r"#\^(t-[a-z0-9]{8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Copy:
    """A conflict copy: the note as it reads, with its text where that could be read, and the path of its original."""

    note: Note
    original: str


def original_of(path: str) -> str | None:
    """Return the path of the note that a file is a conflict copy of, as its name says; None if its name doesn't.

    A copy of a copy has the same original. Whether there is such a note isn't looked at.
    """
    found = None
    while match := _NAMED.search(path):
        path = found = f"{path[: match.start()]}.md"
    return found


def numbered_original(path: str) -> str | None:
    """Return the path that would be the original of `x 2.md`, which is a copy only if `is_twin` says so, too."""
    match = _NUMBERED.search(path)
    return f"{path[: match.start()]}.md" if match else None


def spellings(path: str) -> tuple[str, str, str]:
    """Return the ways in which systems write one path: as given, composed, decomposed."""
    return path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)


def is_twin(note: Note, text: str, other: Note, other_text: str) -> bool:
    """Tell whether a note with a numbered name is a copy of the other: they share a block id of ours or most lines.

    Index notes of two people are none, though tasks of both stand in both. Headings don't count, since a template gives
    them. A heuristic: two notes made of one long template are taken for copies until more is written in one of them.
    """
    if note.kind != other.kind or note.person != other.person:
        return False
    in_rows = note.kind == "index"
    if _own_ids(text, in_rows=in_rows) & _own_ids(other_text, in_rows=in_rows):
        return True
    lines, other_lines = _telling_lines(text), _telling_lines(other_text)
    return 2 * (lines & other_lines).total() > max(lines.total(), other_lines.total())


def _own_ids(text: str, *, in_rows: bool) -> set[str]:
    pattern = _ID_IN_ROW if in_rows else _ID_BEHIND_TASK
    return {block_id.lower() for block_id in pattern.findall(text.replace("\r", "\n"))}


def _telling_lines(text: str) -> Counter[str]:
    matter = frontmatter.find(text)
    lines = [line.strip() for line in split_lines(text)[matter.last if matter else 0 :]]
    return Counter(line for line in lines if line and not line.startswith("#"))
