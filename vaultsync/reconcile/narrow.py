"""Tell of a change whether it stays with its own notes: a plan on it costs little, and leaves what was read intact.

Half a sentence is saved as well as a whole one: half a name is a stranger, half a link leads nowhere, and both may
matter to every note. What a plan then has to look at is `focus`'s.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from vaultsync.index.links import task_key
from vaultsync.reconcile.focus import is_as_before
from vaultsync.reconcile.locate import read_index_note
from vaultsync.reconcile.reading import is_stray, links_of, strangers_among
from vaultsync.tasks.mentions import find_mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vaultsync.index.region import RegionContent
    from vaultsync.reconcile.focus import Last
    from vaultsync.reconcile.snapshot import Snapshot
    from vaultsync.tasks.note import Note

_FEW = 8  # notes


def is_narrow(last: Last, snapshot: Snapshot) -> bool:
    """Tell whether what changed since the last plan is little, and ties no other notes to its own than before."""
    changed = snapshot.changed
    if changed is None or len(changed.notes) > _FEW or not is_as_before(last, snapshot):
        return False
    return all(_stays_within(path, last, snapshot) for path in changed.notes)


def _stays_within(path: str, last: Last, snapshot: Snapshot) -> bool:
    reading, now = last.reading, snapshot.notes.get(path)
    index_note = reading.index_notes.get(path)
    was = index_note.note if index_note else reading.notes.get(path)  # None for one without tasks, or that is new
    if now is None or now.kind != (was.kind if was else "source"):
        return False
    index_note_now = read_index_note(path, snapshot)[0]
    content = index_note.content if index_note else None
    content_now = index_note_now.content if index_note_now else None
    lines, lines_now = _lines(was, content), _lines(now, content_now)
    return _ties(was, content, lines - lines_now, snapshot) == _ties(now, content_now, lines_now - lines, snapshot)


def _lines(note: Note | None, content: RegionContent | None) -> Counter[bytes]:
    """Return the lines with a box, those of a managed region among them."""
    loose = (row.text.encode() for row in content.loose) if content else ()
    rows = (row.raw for row in content.rows) if content else ()
    return Counter(chain((task.raw for task in note.tasks) if note else (), rows, loose))


def _ties(note: Note | None, content: RegionContent | None, lines: Counter[bytes], snapshot: Snapshot) -> Counter[str]:
    """Count what of some lines may matter to other notes: ids, links, and names that nobody is known by."""
    ties: Counter[str] = Counter()
    for task in note.tasks if note else ():
        if task.raw in lines:
            ids = [task.block_id] if task.block_id else ["stray"] if is_stray(task) else []
            names = snapshot.read_text(task.raw, task.read_line).assignees
            ties.update((*ids, *links_of((task,)), *_mentioned(names, snapshot)))
    for row in content.rows if content else ():
        if row.raw in lines:
            links = ["link"] if row.raw.count(b"#^") > 1 else []  # then it is the base that tells whose row it is
            ties.update((task_key(row.path, row.block_id), *links, *_mentioned_in(row.text, snapshot)))
    for loose in content.loose if content else ():
        if loose.text.encode() in lines:
            ties.update((*(["link"] if "#^" in loose.text else []), *_mentioned_in(loose.text, snapshot)))
    return ties


def _mentioned_in(row: str, snapshot: Snapshot) -> Iterator[str]:
    # Whether one before the text assigns, only the row as it was written tells.
    found = find_mentions(row, 0, len(row), snapshot.roster)
    return _mentioned((mention.person for mention in found), snapshot)


def _mentioned(names: Iterable[str], snapshot: Snapshot) -> Iterator[str]:
    return (f"@{name}" for name in strangers_among(names, snapshot))
