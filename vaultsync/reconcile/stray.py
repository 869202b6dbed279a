"""Read a task behind whose block id somebody typed as if the id still stood at the line's end (hazards, row 53).

Which of the ids are known and stand nowhere else is for `locate` to say; the id is moved with the next write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vaultsync.reconcile.sides import parse_source
from vaultsync.tasks.edits import set_block_id
from vaultsync.tasks.note import Task

if TYPE_CHECKING:
    from collections.abc import Container

    from vaultsync.reconcile.snapshot import Snapshot, SourceTask

STRAY_ID = re.compile(r"(?<!\S)\^(t-[a-z0-9]{8})(?![A-Za-z0-9-])", re.IGNORECASE)


def stray_ids(source: SourceTask) -> list[str]:
    """Return the ids of ours that stand in a line, lower case, in order."""
    return [found[1].lower() for found in STRAY_ID.finditer(source.standing)]


def stray_order(source: SourceTask, snapshot: Snapshot) -> tuple[bool, tuple[str, int]]:
    """Order lines that hold the same id as it is settled at their ends: the note that the base knows comes first."""
    base = snapshot.base.get(stray_ids(source)[0])
    return (base is None or base.path != source.task.path, source.task.order)


def mended(source: SourceTask, missing: Container[str], snapshot: Snapshot) -> Task | None:
    """Return the task with the first of the `missing` ids at its line's end; None if it holds none."""
    text, rules = source.standing, snapshot.rules
    stray = next((found for found in STRAY_ID.finditer(text) if found[1].lower() in missing), None)
    if stray is None:
        return None
    bare = parse_source(f"{text[: stray.start()].rstrip(' ')}{text[stray.end() :]}", rules)
    line = parse_source(set_block_id(bare, stray[1]), rules) if bare else None
    if line is None or line.block_id is None:
        return None
    return Task.of(*source.task.order, line, rules)
