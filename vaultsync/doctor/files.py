"""Look at the vault's files beside what a scan reads: what can't be written, what is skipped, ids, queries.

What a finding means is said in the reconcile room.
"""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.index.links import task_key
from vaultsync.index.queries import QueryBlock, find_queries
from vaultsync.markdown.textlines import line_and_end, split_lines
from vaultsync.reconcile.findings import Finding, Kind
from vaultsync.storage import vault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

_ID_AT_END = re.compile(r"(?:^|[ \t])\^([A-Za-z0-9-]+)[ \t]*\Z")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(slots=True)
class Places:
    """What stands in the vault, by path."""

    notes: list[str] = field(default_factory=list)  # every Markdown file outside of dot folders, excluded ones too
    links: list[str] = field(default_factory=list)  # symbolic links to notes and folders
    linked: dict[str, int] = field(default_factory=dict)  # notes with several hard links, and how many
    read_only: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)  # folders in which nothing can be written
    folders: int = 0  # all of them, dot folders too


@dataclass(slots=True)
class Contents:
    """What stands in the notes: ids by key with path, line and spelling, and queries with the note they stand in."""

    ids: dict[str, list[tuple[str, int, str]]] = field(default_factory=lambda: defaultdict(list))
    queries: list[tuple[str, QueryBlock]] = field(default_factory=list)


def look_around(root: Path) -> Places:
    """Walk the vault; folders that can't be read are the scan's to tell."""
    places = Places()
    for folder, folders, files in os.walk(root):
        places.folders += 1
        under = os.path.relpath(folder, root).replace(os.sep, "/")
        if any(part.startswith(".") and part != "." for part in under.split("/")):
            continue
        if not os.access(folder, os.W_OK):
            places.closed.append(under)
        for name in sorted([*folders, *files]):
            if not name.startswith("."):
                _sort_in(root, name if under == "." else f"{under}/{name}", places)
    return places


def _sort_in(root: Path, path: str, places: Places) -> None:
    try:
        path.encode()
        found = os.lstat(root / path)
    except (OSError, UnicodeEncodeError):
        return  # gone, or told by the scan
    is_note = path.endswith(".md")
    if stat.S_ISLNK(found.st_mode):
        if is_note or (root / path).is_dir():
            places.links.append(path)
        return
    if not is_note or not stat.S_ISREG(found.st_mode):
        return
    places.notes.append(path)
    if found.st_nlink > 1:
        places.linked[path] = found.st_nlink
    if not found.st_mode & _WRITABLE:
        places.read_only.append(path)


def file_findings(places: Places, written: Collection[str], wants: Callable[[str], bool]) -> Iterator[Finding]:
    """Yield the notes that can't be written, of those that would be (`written`), and the links that aren't followed."""
    for path in sorted(set(places.linked) & set(written)):
        what = f"it has {places.linked[path]} hard links, which replacing it would part"
        yield Finding(Kind.NOT_WRITABLE, path, None, what, "put a copy of its own in its place, or add it to `exclude`")
    for path in sorted(set(places.read_only) & set(written)):
        yield Finding(Kind.NOT_WRITABLE, path, None, "it is read-only", "let it be written, or add it to `exclude`")
    for folder in places.closed:
        if any(path.rpartition("/")[0] == ("" if folder == "." else folder) for path in written):
            what = "nothing can be written in this folder"
            yield Finding(Kind.NOT_WRITABLE, folder, None, what, "let it be written, or add it to `exclude`")
    for path in places.links:
        if wants(path if path.endswith(".md") else f"{path}/note.md"):
            mend = "if it is to be read, move the note or folder into the vault; else add it to `exclude`"
            yield Finding(Kind.LINK, path, None, "a symbolic link", mend)


def look_into(root: Path, places: Places, known: Collection[str], limit: int) -> Contents:
    """Read the notes for ids (of the `known` ones) and queries (of all); none larger than `limit` bytes."""
    contents = Contents()
    for path in places.notes:
        try:
            content = vault.read(root, path) if os.lstat(root / path).st_size <= limit else b""
        except OSError:
            continue
        is_known = path in known and b"^" in content
        if not is_known and b"tasks" not in content and b"dataview" not in content:
            continue
        text = content.decode("utf-8", "replace")
        contents.queries += [(path, block) for block in find_queries(text)]
        if is_known:
            for line, name in _ids(text):
                contents.ids[task_key(path, name)].append((path, line, name))
    contents.ids = {key: places for key, places in contents.ids.items() if len(places) > 1}
    return contents


def _ids(text: str) -> Iterator[tuple[int, str]]:
    """Yield the block ids at the ends of lines, with their lines; not those in code."""
    fence = ""
    for number, raw in enumerate(split_lines(text), 1):
        line = line_and_end(raw)[0]
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        elif not fence and "^" in line and (found := _ID_AT_END.search(line)):
            yield number, found[1]
