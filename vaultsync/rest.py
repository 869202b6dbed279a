"""Tell whether a vault is as a cycle left it that found nothing to do: then what that one said holds, unplanned.

A plan is a function of the notes, the state, the settings, the day and the program. The state forgets its record of
rest when anything else is written to it; the others are held against the record here. When a vault comes to rest is
`cycle`'s to say.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vaultsync import program
from vaultsync.storage import vault
from vaultsync.storage.displaced import left_over
from vaultsync.storage.listing import list_notes
from vaultsync.storage.rest import RestingConflict, RestingIndexNote, RestingProblem, RestRecord, read_rest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from vaultsync.clock import Clock
    from vaultsync.model import Problem
    from vaultsync.reconcile.plan import Plan
    from vaultsync.settings import Settings
    from vaultsync.storage.listing import Listing


def still_at_rest(settings: Settings, state_file: Path, clock: Clock) -> RestRecord | None:
    """Return what was said of the vault, if a cycle would say the same now and do nothing; else None.

    For who holds the lock. Costs a `stat` a note, and a read of those whose stamps can't be trusted.
    """
    record = read_rest(state_file)
    if record is None or _has_left_over(settings, state_file):
        return None
    listing = list_all(settings)
    if listing.stale_temps or mark_of(settings, listing, clock.date(settings.config.vault.timezone)) != record.mark:
        return None
    return record if all(_holds(settings, path, digest) for path, digest in record.fresh.items()) else None


def list_all(settings: Settings) -> Listing:
    """List all that may be a note, wanted or not: asking of each whether it is wanted takes longer than its `stat`."""
    return list_notes(settings.root, lambda _path: True)


def mark_of(settings: Settings, listing: Listing, today: str) -> str:
    """Return a digest of what a cycle is a function of besides the state; equal stamps stand for equal notes."""
    config = settings.config
    unreadable = sorted(listing.unreadable.items())
    said = (config.vault, config.machine, settings.obsidian, today, unreadable, program.modules())
    digest = hashlib.blake2b(repr(said).encode(), digest_size=16)
    for path, stamp in sorted(listing.notes.items()):
        digest.update(b"%s\0%d %d %d %d\n" % (path.encode(), *stamp))
    return digest.hexdigest()


def record_of(plan: Plan, notes: int, told: Iterable[Problem], mark: str, fresh: Mapping[str, str]) -> RestRecord:
    """Return the record of a plan that changes nothing: what it says of the vault, and all that was `told` of it."""
    return RestRecord(
        mark=mark,
        fresh=dict(fresh),
        notes=notes,
        tasks=plan.tasks,
        people=plan.people,
        index_notes=tuple(
            RestingIndexNote(path=note.path, person=note.person, proposed=note.proposed, open=note.open)
            for note in plan.counted
        ),
        conflicts=tuple(
            RestingConflict(
                path=each.path,
                line=each.line,
                id=each.key.rpartition("#^")[2],
                field=each.field,
                source=each.disagreement.source,
                rows=dict(each.disagreement.rows),
            )
            for each in plan.conflicts
        ),
        problems=tuple(
            RestingProblem(path=each.path, line=each.line, what=each.what, once=each.once)
            for each in dict.fromkeys(told)
        ),
    )


def _has_left_over(settings: Settings, state_file: Path) -> bool:
    """Tell whether a run left files that it displaced, and that nobody has looked at again."""
    try:
        return any(left_over(state_file.parent / "backups", settings.root))
    except OSError:
        return True


def _holds(settings: Settings, path: str, digest: str) -> bool:
    try:
        return vault.digest_of(vault.read(settings.root, path)) == digest
    except OSError:
        return False
