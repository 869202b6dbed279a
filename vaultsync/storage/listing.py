"""List the notes of a vault with their stamps, and what stood in the way. Their bytes are `vault`'s."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.storage.vault import TEMP_PREFIX, TEMP_SUFFIX, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IN_CLOUD = "only iCloud has it; download it to this disk"
_PLACEHOLDER = re.compile(r"\.(?P<name>.+\.md)\.icloud")


@dataclass(slots=True)
class Listing:
    """The files of a vault: notes by path with their stamps, and what stood in the way."""

    notes: dict[str, Stamp] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)  # folder or file -> the system's words
    stale_temps: list[str] = field(default_factory=list)


def list_notes(root: Path, wanted: Callable[[str], bool], under: str = "") -> Listing:
    """List the notes that `wanted` accepts, by path relative to the vault.

    Folders whose name begins with a dot are not entered, symbolic links are not followed. A folder that can't be read
    is listed as unreadable, and a note that only iCloud has, since absence there means nothing.
    """
    listing = Listing()
    pending = [under]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    _sort_in(entry, path, wanted, listing, pending)
        except OSError as error:
            if folder != under and isinstance(error, FileNotFoundError):
                continue  # it has gone since its own folder was listed
            listing.unreadable[folder or "."] = error.strerror or str(error)
    for path in listing.notes.keys() & listing.unreadable.keys():  # downloaded, and the placeholder not yet removed
        del listing.unreadable[path]
    return listing


def is_in_cloud(root: Path, path: str) -> bool:
    """Tell whether a placeholder stands for a note that iCloud took off this disk (hazards, row 49)."""
    folder, slash, name = path.rpartition("/")
    return os.path.lexists(root / f"{folder}{slash}.{name}.icloud")


def _sort_in(
    entry: os.DirEntry[str], path: str, wanted: Callable[[str], bool], listing: Listing, pending: list[str]
) -> None:
    name = entry.name
    if not _is_text(name):
        shown = os.fsencode(path).decode("utf-8", "replace")
        listing.unreadable[shown] = "its name is not UTF-8"
        return
    if name.startswith("."):
        if name.startswith(TEMP_PREFIX) and name.endswith(TEMP_SUFFIX):
            listing.stale_temps.append(path)
        elif placeholder := _PLACEHOLDER.fullmatch(name):
            meant = path.removesuffix(name) + placeholder["name"]
            if wanted(meant):
                listing.unreadable[meant] = IN_CLOUD
        return
    try:
        if entry.is_dir(follow_symlinks=False):
            pending.append(path)
        elif name.endswith(".md") and entry.is_file(follow_symlinks=False) and wanted(path):
            listing.notes[path] = Stamp.of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return
    except OSError as error:
        listing.unreadable[path] = error.strerror or str(error)


def _is_text(name: str) -> bool:
    """Tell whether a name can be written down; the bytes of one that isn't UTF-8 come as lone surrogates."""
    try:
        return name.isascii() or bool(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False
