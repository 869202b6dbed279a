"""Follow tasks that carry a block id of the user's own to where their note was renamed to, or their line moved.

Our own ids are the same everywhere and need no following. What becomes of a task that isn't found is `vanish`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, task_key
from vaultsync.reconcile.sides import parse_source
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot, SourceTask

_ALIKE = 0.6  # as difflib counts it, over words


def moved_tasks(snapshot: Snapshot, located: Located) -> dict[str, str]:
    """Return the new key of each task that stands elsewhere now, by its old one.

    It is followed if exactly one missing task of the base had this id (case folded), exactly one that the base doesn't
    know has it, and their words are much alike: people's ids repeat (`^1`), and an edit of a row must never reach a
    line that merely has the same id.
    """
    missing: dict[str, list[str]] = defaultdict(list)
    for key, task in snapshot.base.items():
        if not OWN_ID.match(key) and key not in located.by_key and not snapshot.is_held(task.path):
            missing[_id_of(key)].append(key)
    if not missing:
        return {}
    unknown: dict[str, list[str]] = defaultdict(list)
    for key in located.by_key:
        if not OWN_ID.match(key) and key not in snapshot.base:
            unknown[_id_of(key)].append(key)
    pairs = ((olds, unknown[block_id]) for block_id, olds in missing.items())
    certain = ((olds[0], news[0]) for olds, news in pairs if len(olds) == len(news) == 1)
    return {old: new for old, new in certain if _are_alike(snapshot.base[old], located.by_key[new], snapshot)}


def carried_base(base: Mapping[str, BaseTask], moved: Mapping[str, str]) -> dict[str, BaseTask]:
    """Return the base with moved tasks under their new keys; each still says where it stood."""
    return {moved.get(key, key): replace(task, key=moved.get(key, key)) for key, task in base.items()}


def carried_rows(index_notes: Mapping[str, IndexNote], moved: Mapping[str, str]) -> dict[str, IndexNote]:
    """Return the index notes with the rows of moved tasks read as if their links pointed where those are now."""
    carried: dict[str, IndexNote] = {}
    for path, note in index_notes.items():
        rows = tuple(
            replace(row, path=moved[key].rpartition("#^")[0]) if key in moved else row
            for row in note.content.rows
            for key in [task_key(row.path, row.block_id)]
        )
        carried[path] = replace(note, content=replace(note.content, rows=rows))
    return carried


def _id_of(key: str) -> str:
    return key.rpartition("#^")[2]


def _are_alike(base: BaseTask, source: SourceTask, snapshot: Snapshot) -> bool:
    line = parse_source(base.line, snapshot.rules)
    if line is None:
        return False
    before = read_text(line, snapshot.roster, snapshot.rules.assignees).prose.split()
    return SequenceMatcher(None, before, source.text.prose.split(), autojunk=False).ratio() >= _ALIKE
