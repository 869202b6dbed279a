"""Write what can be mended in lines: checked in its whole note, journalled, and undone as any other run.

Which lines are mended, and how, is decided in the reconcile room. The rows need no cycle: to vaultsync each line says
what it said before.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.apply import ended, journaled, text_to_edit, write_notes
from vaultsync.model import Problem
from vaultsync.reconcile.verify import verify_edits
from vaultsync.storage.state import StateChanges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaultsync.cycle import Wheel
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.scan import Scanner


@dataclass(slots=True)
class Mending:
    """The edits that can be made, the texts of their notes, and what stands in the way of others."""

    edits: list[PlannedEdit] = field(default_factory=list)
    waiting: list[PlannedEdit] = field(default_factory=list)  # of notes that are being written just now
    texts: dict[str, str] = field(default_factory=dict)  # path -> the note's text after its edits
    problems: list[Problem] = field(default_factory=list)


def check_mending(edits: Iterable[PlannedEdit], scanner: Scanner, quiet: float) -> Mending:
    """Check edits in their whole notes. One that would change how other lines read is left out."""
    mending = Mending()
    by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
    for edit in edits:
        by_path[edit.path].append(edit)
    for path, chosen in by_path.items():
        text = text_to_edit(path, scanner, quiet)
        if isinstance(text, Problem):
            mending.problems.append(text)
            mending.waiting += chosen
            continue
        verified = verify_edits(scanner.notes[path], text, chosen, scanner.settings.rules)
        refused = {problem.line for problem in verified.refused}
        kept = [edit for edit in chosen if edit.line not in refused]
        if kept:
            mending.edits += kept
            mending.texts[path] = verified.text
    return mending


def write_mending(mending: Mending, wheel: Wheel, *, alone: bool) -> frozenset[str]:
    """Write the journal, then the notes; return the paths of those that were written, and take the other edits back.

    While a daemon is at work (not `alone`), the record of what was written last is its own.
    """
    if not mending.edits:
        return frozenset()
    made = journaled(mending.edits, wheel.scanner)
    run = wheel.state.record(wheel.run_start(), made)
    digests, problems = write_notes(mending.texts, wheel.scanner, wheel.backups)
    mending.problems += problems
    mending.edits = [edit for edit in mending.edits if edit.path in digests]
    wheel.state.save(StateChanges(ended=ended(run, made, digests), written=digests if alone else {}))
    return frozenset(digests)
