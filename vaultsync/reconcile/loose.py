"""Match the lines with a box that carry no link of ours with the rows that are missing: somebody deleted the link.

What becomes of a line that matches none is `capture`'s to say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from vaultsync.index.links import OWN_ID, find_row_link, task_key
from vaultsync.index.region import LooseRow, RegionRow
from vaultsync.index.rows import DATE_FIELDS, read_row
from vaultsync.reconcile.sides import parse_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaultsync.index.rows import RowValues
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.places import Standing
    from vaultsync.reconcile.snapshot import IndexNote, RowAt, Snapshot

_ALIKE = 80.0  # of 100, as rapidfuzz counts it
_AS_WRITTEN = 101.0
_NUMBER = re.compile(r"\d+")

Score = tuple[float, int]  # how alike the words are, and in how many fields they agree


@dataclass(slots=True)
class Matched:
    """The index notes with the rows that were found again among their rows, and what can't be decided.

    `unsure` are, by index note, the tasks whose missing row could be more than one line; `undecided` those lines, by
    number: both stay as they are until somebody says which is which.
    """

    index_notes: dict[str, IndexNote]
    unsure: set[tuple[str, str]] = field(default_factory=set)
    undecided: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def match_loose(
    index_notes: Mapping[str, IndexNote],
    rows: Mapping[str, Sequence[RowAt]],
    located: Located,
    standing: Standing,
    snapshot: Snapshot,
) -> Matched:
    """Match each line without a link with the one missing row of nearly equal text, in notes whose rows may move.

    A row is missing if the base has it in the note and it has none there. A heuristic: a row that somebody deleted and
    a new one typed with nearly the same words and the same numbers are taken for an edit of it.
    """
    matched = Matched({path: _with_strangers_links(note, located, snapshot) for path, note in index_notes.items()})
    for path, note in matched.index_notes.items():
        if path in standing.in_place or not note.content.loose:
            continue
        missing = dict(_missing(path, note, rows, located, snapshot))
        found = _pairs(path, note.content.loose, missing, matched, snapshot) if missing else {}
        if found:
            matched.index_notes[path] = with_rows(
                note, [_as_row(row, *found[row.number]) for row in note.content.loose if row.number in found]
            )
    return matched


def with_rows(note: IndexNote, rows: Sequence[RegionRow]) -> IndexNote:
    """Return the note with some of its loose rows as rows."""
    numbers = {row.number for row in rows}
    content = replace(
        note.content,
        rows=tuple(sorted((*note.content.rows, *rows), key=lambda row: row.number)),
        loose=tuple(row for row in note.content.loose if row.number not in numbers),
        lines=tuple(line for line in note.content.lines if line.number not in numbers),
    )
    return replace(note, content=content)


def _as_row(row: LooseRow, path: str, block_id: str) -> RegionRow:
    return RegionRow(row.number, row.indent, row.text.encode(), path, block_id, row.beneath)


def _with_strangers_links(note: IndexNote, located: Located, snapshot: Snapshot) -> IndexNote:
    """Return the note with those rows loose that link to a block of somebody's own which is no task.

    While the note that the link leads to isn't there, the row waits for it to arrive.
    """
    loose = [
        LooseRow(row.number, row.indent, row.text, row.beneath)
        for row in note.content.rows
        for key in [task_key(row.path, row.block_id)]
        if not OWN_ID.match(key)
        and key not in snapshot.base
        and key not in located.by_key
        and row.path in snapshot.notes
        and not snapshot.is_held(row.path)
    ]
    if not loose:
        return note
    numbers = {row.number for row in loose}
    content = replace(
        note.content,
        rows=tuple(row for row in note.content.rows if row.number not in numbers),
        loose=tuple(sorted((*note.content.loose, *loose), key=lambda row: row.number)),
    )
    return replace(note, content=content)


def _missing(
    path: str, note: IndexNote, rows: Mapping[str, Sequence[RowAt]], located: Located, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """Yield the tasks whose row is missing in an index note, each with its row as last written."""
    renamed = [
        other
        for other, record in sorted(snapshot.index_notes.items())
        if record.person == note.person and other not in snapshot.notes
    ]
    for key, task in snapshot.base.items():
        written = next((task.rows[name] for name in (path, *renamed) if name in task.rows), None)
        if written is None or any(at.note == path for at in rows.get(key, ())):
            continue
        if key in located.by_key or snapshot.is_held(task.path):
            yield key, written


def _pairs(
    path: str, loose: Sequence[LooseRow], missing: Mapping[str, str], matched: Matched, snapshot: Snapshot
) -> dict[int, tuple[str, str]]:
    """Return where the task stands, note and id, by the line's number, the best matches first."""
    scored: dict[Score, list[tuple[LooseRow, str]]] = defaultdict(list)
    for key, written in missing.items():
        line = parse_source(snapshot.base[key].line, snapshot.rules)
        rule = line.recurrence if line else None
        before = read_row(written, rule, snapshot.roster, snapshot.rules)
        for row in loose if before else ():
            now = read_row(row.text, rule, snapshot.roster, snapshot.rules)
            score = _score(before, now, exact=_without_link(written) == row.text) if before and now else None
            if score:
                scored[score].append((row, key))
    found: dict[int, tuple[str, str]] = {}
    gone: set[str] = set()
    for score in sorted(scored, reverse=True):
        pairs = [(row, key) for row, key in scored[score] if row.number not in found and key not in gone]
        pairs = [(row, key) for row, key in pairs if row.number not in matched.undecided[path]]
        for row, key in sorted(pairs, key=lambda pair: (pair[0].number, pair[1])):
            if row.number in found or key in gone or row.number in matched.undecided[path]:
                continue
            rivals = {other for each, other in pairs if each.number == row.number and other not in gone}
            others = {each.text for each, other in pairs if other == key and each.number not in found}
            # Rows that read as they were written are as good as each other.
            if (len(rivals) > 1 or len(others) > 1) and score[0] < _AS_WRITTEN:
                matched.undecided[path] |= {each.number for each, other in pairs if other in rivals}
                matched.unsure |= {(path, other) for other in rivals}
                gone |= rivals
                continue
            found[row.number] = _place(key, snapshot)
            gone.add(key)
    return found


def _score(before: RowValues, now: RowValues, *, exact: bool) -> Score | None:
    if exact:
        return (_AS_WRITTEN, 0)
    if sorted(_NUMBER.findall(before.text)) != sorted(_NUMBER.findall(now.text)):
        return None
    alike = fuzz.ratio(before.text, now.text)
    names = ("symbol", "tags", "priority", *DATE_FIELDS)
    return (alike, sum(getattr(before, name) == getattr(now, name) for name in names)) if alike >= _ALIKE else None


def _without_link(row: str) -> str:
    link = find_row_link(row)
    return f"{row[: link.start].rstrip()} {row[link.end :].lstrip()}".rstrip() if link else row


def _place(key: str, snapshot: Snapshot) -> tuple[str, str]:
    return snapshot.base[key].path, key.rpartition("#^")[2]
