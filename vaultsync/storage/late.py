"""Look again at files that writes have displaced, and bring what an editor wrote into them late back into the note.

An editor that had a note open when it was replaced writes into the file that was displaced. How two texts are merged is
decided in the markdown room; when to look, by the daemon and at the end of a command.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from vaultsync.errors import StateError
from vaultsync.markdown.merge3 import Merged, merge3
from vaultsync.model import Problem
from vaultsync.storage import vault
from vaultsync.storage.displaced import left_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vaultsync.storage.backups import Backups
    from vaultsync.storage.displaced import Displaced

LATE = 3.0  # seconds that a displaced file is waited for; an editor saves at once what it had in its hands
STEADY = 0.1  # seconds between two looks that must agree, so that no half of a save is taken
PATIENCE = 30.0  # seconds until a save that never got complete is given up
_TIMES = 32  # that one file is brought into the note; whoever takes it out more often means it
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
    """Look at the displaced files that are due (all of them if the run is about to end and this is its `last` chance).

    `now` is monotonic, in seconds. Returns the moment at which a next look is due, None if none is. What was kept
    since it couldn't be merged is told in `backups.remarks`.
    """
    done: set[int] = set()
    for displaced in list(backups.pending):
        displaced.due = now + LATE if displaced.due is None else displaced.due
        displaced.patience = now + PATIENCE if displaced.patience is None else displaced.patience
        with contextlib.suppress(OSError):  # it stays, and is looked at again
            if (last or displaced.due <= now) and _is_done(displaced, root, backups, now):
                done.add(id(displaced))
                displaced.forget()
    backups.pending[:] = [displaced for displaced in backups.pending if id(displaced) not in done]
    return min((displaced.due or now for displaced in backups.pending), default=None)


def finish(root: Path, backups: Backups, now: float, sleep: Callable[[float], None]) -> None:
    """Look a last time before a run ends; only if somebody did write late, for as long as one in the daemon is watched.

    What then is still being written stays in the backups, where the next run finds it.
    """
    until = now + LATE + 4 * STEADY
    due = look_again(root, backups, now, last=True)
    while due is not None and due < until:
        sleep(due - now)
        now = due
        due = look_again(root, backups, now)
    for displaced in backups.pending:
        displaced.freeze()
    backups.pending.clear()


def _is_done(displaced: Displaced, root: Path, backups: Backups, now: float) -> bool:
    """Look at one file that is due; tell whether nobody needs it any more."""
    # Asked first: who has it open no more by then has written what is read after.
    is_open = displaced.is_open()
    content, base = displaced.content(), displaced.base()
    digest = vault.digest_of(content or b"")
    if content is None:
        return True
    has_patience = displaced.patience is None or now < displaced.patience
    if digest in (displaced.expected, displaced.written):
        has_waited, displaced.seen = displaced.seen == digest, digest
        displaced.due = now + (STEADY if has_patience else LATE)
        return has_waited if is_open is None else not is_open
    if base is None:
        _keep(displaced, content, backups, "what it was before is lost")
        return True
    is_whole = not _is_half(content, base)
    if not is_whole and not has_patience:
        # A save that began by emptying the file and never went on: it holds nothing that the note doesn't.
        displaced.due = now + LATE
        return not is_open
    if not is_whole or digest != displaced.seen:
        displaced.seen, displaced.due = digest, now + STEADY
        return False
    displaced.due = now + STEADY
    changed = _bring_in(displaced, base, content, root, backups, waits=has_patience)
    if changed is None:
        return False
    # An editor that had read the note before may write over it just after, so that it is looked at for a while.
    if displaced.until is None or changed:
        displaced.until = now + LATE
        displaced.times += 1
    if displaced.times > _TIMES:
        _keep(displaced, content, backups, "something keeps taking it out of the note again")
        return True
    if now < displaced.until:
        return False
    displaced.due = now + LATE
    return not is_open


def _is_half(content: bytes, whole: bytes) -> bool:
    """Tell whether a file may be in the middle of a save that began by emptying it; a look later tells."""
    return whole.startswith(content)


def _bring_in(  # noqa: PLR0913 - what is brought in, where, and how
    displaced: Displaced, base: bytes, content: bytes, root: Path, backups: Backups, *, waits: bool
) -> bool | None:
    """See to it that the note holds what somebody's bytes changed, or that they are kept.

    What collides with what stands in the note now is left out; the bytes are then kept as well. Tells whether the note
    had to be written; None if it changed too fast for that, or is being saved just now and that is waited for.
    """
    for _ in range(_ATTEMPTS):
        is_news, is_whole = False, True
        try:
            current = vault.read(root, displaced.path)
            if waits and current != base and _is_half(current, base):
                continue
            if not _is_in(base, current, content):
                merged = _merged(displaced, base, current, content)
                is_whole = not merged.collided
                text = merged.text.encode("utf-8")
                is_news = text != current and not _goes_round(displaced, base, current, content, text)
                if is_news:
                    vault.write(root, displaced.path, text, vault.digest_of(current), backups)
        except vault.TargetChangedError:
            continue
        except (OSError, UnicodeDecodeError, vault.WriteRefusedError):
            is_news, is_whole = False, False
        # What was brought in before, and then edited further, is where it belongs.
        if not is_whole and displaced.until is None:
            _keep(displaced, content, backups, "some of it can't be merged into the note as it is now")
        return is_news
    return None


def _lines(content: bytes) -> Counter[bytes]:
    return Counter(content.split(b"\n"))


def _is_in(base: bytes, current: bytes, content: bytes) -> bool:
    """Tell whether the note has each line that the bytes added to the base, wherever, and none that they took out."""
    before, now = _lines(base), _lines(content)
    return not (now - before - _lines(current)) and not ((before - now) & _lines(current))


def _merged(displaced: Displaced, base: bytes, current: bytes, content: bytes) -> Merged:
    """Return the note with what the bytes changed; of our own words theirs may take the place, of nobody else's."""
    texts = base.decode("utf-8"), current.decode("utf-8"), content.decode("utf-8")
    if displaced.until is None and not displaced.older and vault.digest_of(current) == displaced.written:
        return replace(merge3(*texts), collided=False)
    return merge3(*texts, winner="ours")


def _goes_round(displaced: Displaced, base: bytes, current: bytes, content: bytes, merged: bytes) -> bool:
    """Tell whether bringing bytes in again would never end: no line comes in, and the next time would write, too."""
    if displaced.until is None:
        return False
    added = _lines(content) - _lines(base)
    if (added - _lines(merged)).total() < (added - _lines(current)).total():
        return False
    return _merged(displaced, base, merged, content).text.encode("utf-8") != merged


def _keep(displaced: Displaced, content: bytes, backups: Backups, why: str) -> None:
    place = backups.keep(displaced.path, content)
    what = f"somebody saved it while it was being written, and {why}: that text is kept in {place}"
    backups.remarks.append(Problem(displaced.path, None, what))
