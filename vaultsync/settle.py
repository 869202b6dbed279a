"""Settle runs that died: look which of their edits are in their notes, so that journal, ids and base say what is so.

What such a run would still have done is left to the next plan, which finds it undone and does it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vaultsync.reconcile.putback import base_after, has_landed
from vaultsync.storage import vault
from vaultsync.storage.journal import RunEnd
from vaultsync.storage.state import State, StateChanges

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.reconcile.made_edit import MadeEdit
    from vaultsync.tasks.rules import Rules


def settle(root: Path, state: State, rules: Rules) -> None:
    """Mark each edit of a run that has no end as landed, if its note holds it, else as one that never was made.

    To be called by who holds the lock, before anything is planned. An undo's records go with its lines here, too, as
    they would have. Raises StateError.
    """
    for run in reversed(state.runs()):
        if run.ended:
            continue
        edits = state.edits_of(run.number)
        landed = _landed(root, edits)
        changes = StateChanges(ended=RunEnd(run.number, tuple(landed)))
        for edit, is_there in zip(edits, landed, strict=True):
            if is_there and run.undoes is not None:
                changes.base.update(base_after(state.base, edit, rules))
        state.save(changes)


def _landed(root: Path, edits: list[MadeEdit]) -> list[bool]:
    by_path: dict[str, list[int]] = defaultdict(list)
    for number, edit in enumerate(edits):
        by_path[edit.path].append(number)
    landed = [False] * len(edits)
    for path, numbers in by_path.items():
        text = _text(root, path)
        if text is None:
            continue
        for number, is_there in zip(numbers, has_landed(text, [edits[number] for number in numbers]), strict=True):
            landed[number] = is_there
    return landed


def _text(root: Path, path: str) -> str | None:
    try:
        return vault.read(root, path).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
