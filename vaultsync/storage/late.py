"""Look again at files that writes have displaced, and bring what an editor wrote into them late back into the note.

An editor that had a note open when it was replaced writes into the file that was displaced. How two texts are merged is
decided in the markdown room; when to look, by the daemon and at the end of a command.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from vaultsync.markdown.merge3 import merge3
from vaultsync.model import Problem
from vaultsync.storage import vault
from vaultsync.storage.displaced import left_over
from vaultsync.storage.journal import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vaultsync.storage.backups import Backups
    from vaultsync.storage.displaced import Displaced

LATE = 3.0  # seconds that a displaced file is waited for; an editor saves at once what it had in its hands
STEADY = 0.1  # seconds between two looks that must agree, so that no half of a save is taken
PATIENCE = 30.0  # seconds until a save that never got complete is given up
_ATTEMPTS = 8  # merges of one file; each but the first because the note had changed under the one before


def recover(root: Path, backups: Backups) -> None:
    """Find what killed runs left: displaced files that nobody has looked at again. Raises StateError."""
    known = {displaced.record for displaced in backups.pending}
    try:
        for displaced in left_over(backups.folder, root):
            if displaced.record in known:
                continue
            if displaced.spare.exists():
                displaced.take()
            displaced.due = 0.0
            backups.pending.append(displaced)
    except OSError as error:
        why = f"{backups.folder}: the backups can't be read: {error.strerror}; nothing is changed"
        raise StateError(why) from error


def look_again(root: Path, backups: Backups, now: float, *, last: bool = False) -> float | None:
    """Look at the displaced files that are due (all of them if this is the `last` time in this run).

    `now` is monotonic, in seconds. Returns the moment at which a next look is due, None if none is. What was kept
    since it couldn't be merged is told in `backups.remarks`.
    """
    for displaced in list(backups.pending):
        displaced.due = now + LATE if displaced.due is None else displaced.due
        displaced.patience = now + PATIENCE if displaced.patience is None else displaced.patience
        with contextlib.suppress(OSError):  # it stays, and is looked at again
            if (last or displaced.due <= now) and _is_done(displaced, root, backups, now, last=last):
                backups.pending.remove(displaced)
                displaced.forget()
    return min((displaced.due or now for displaced in backups.pending), default=None)


def finish(root: Path, backups: Backups, now: float, sleep: Callable[[float], None]) -> None:
    """Look a last time before a run ends, with a short wait only if somebody did write late.

    What then is still being written stays in the backups, where the next run finds it.
    """
    if look_again(root, backups, now, last=True) is not None:
        sleep(STEADY)
        look_again(root, backups, now + STEADY, last=True)
    for displaced in backups.pending:
        displaced.freeze()
    backups.pending.clear()


def _is_done(displaced: Displaced, root: Path, backups: Backups, now: float, *, last: bool) -> bool:
    """Look at one file that is due; tell whether nobody needs it any more."""
    content, base = displaced.content(), displaced.base()
    digest = vault.digest_of(content or b"")
    if content is None or digest in (displaced.expected, displaced.written):
        return True
    if base is None:
        _keep(displaced, content, backups, "what it was before is lost")
        return True
    is_whole = not base.startswith(content)
    if not is_whole and displaced.patience is not None and now >= displaced.patience:
        # A save that began by emptying the file and never went on: it holds nothing that the note doesn't.
        return True
    if not is_whole or digest != displaced.seen:
        displaced.seen, displaced.due = digest, now + STEADY
        return False
    displaced.due = now + STEADY
    changed = _bring_in(displaced, base, content, root, backups)
    if changed is None:
        return False
    # An editor that had read the note before may write over it just after, so that it is looked at for a while.
    if displaced.until is None or changed:
        displaced.until = now + LATE
    return last or now >= displaced.until


def _bring_in(displaced: Displaced, base: bytes, content: bytes, root: Path, backups: Backups) -> bool | None:
    """See to it that the note holds what somebody's bytes changed, or that they are kept.

    Tells whether the note had to be written; None if it changed too fast for that.
    """
    for _ in range(_ATTEMPTS):
        try:
            current = vault.read(root, displaced.path)
            merged = _merged(displaced, base, current, content)
            # What was brought in once isn't brought in again where that would never come to rest.
            if merged == current or (
                displaced.until is not None and merged is not None and _grows(base, merged, content)
            ):
                return False
            if merged is not None:
                vault.write(root, displaced.path, merged, vault.digest_of(current), backups)
                return True
        except vault.TargetChangedError:
            continue
        except (OSError, UnicodeDecodeError, vault.WriteRefusedError):
            pass
        # What was brought in before, and then edited further, is where it belongs.
        if displaced.until is None:
            _keep(displaced, content, backups, "it can't be merged into the note as it is now")
        return False
    return None


def _merged(displaced: Displaced, base: bytes, current: bytes, content: bytes) -> bytes | None:
    """Return the note with what the bytes changed, None if that collides with what others wrote meanwhile."""
    merged = merge3(base.decode("utf-8"), current.decode("utf-8"), content.decode("utf-8"))
    is_only_ours = displaced.until is None and not displaced.older and vault.digest_of(current) == displaced.written
    return merged.text.encode("utf-8") if is_only_ours or not merged.collided else None


def _grows(base: bytes, merged: bytes, content: bytes) -> bool:
    again = merge3(base.decode("utf-8"), merged.decode("utf-8"), content.decode("utf-8"))
    return again.text.encode("utf-8") != merged


def _keep(displaced: Displaced, content: bytes, backups: Backups, why: str) -> None:
    place = backups.keep(displaced.path, content)
    what = f"somebody saved it while it was being written, and {why}: that text is kept in {place}"
    backups.remarks.append(Problem(displaced.path, None, what))
