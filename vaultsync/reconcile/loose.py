"""Match the lines with a box that carry no link of ours with the rows that are missing: somebody deleted the link.

What becomes of a line that matches none is `capture`'s to say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from vaultsync.index.links import find_row_link, task_key
from vaultsync.index.region import LooseRow, RegionRow
from vaultsync.index.rows import DATE_FIELDS, read_row
from vaultsync.reconcile.linked import JOINED, by_links, former_names
from vaultsync.reconcile.sides import parse_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaultsync.index.rows import RowValues
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.places import Standing
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot

UNDECIDED = "more than one row that is missing here could be meant; write one of them as it was, or other words"
_ALIKE = 80.0  # of 100, as rapidfuzz counts it
_AS_WRITTEN = 101.0
_NUMBER = re.compile(r"\d+")
_LEFT = 2  # characters of a link that are taken for what is left of it; one bracket is anybody's

Score = tuple[float, int]  # how alike the words are, and in how many fields they agree


@dataclass(slots=True)
class Matched:
    """The index notes with the rows that were found again among their rows, and what can't be decided.

    `unsure` are, by index note, the tasks whose missing row could be more than one line, or is a line with another's;
    `undecided` those lines, by number, with what to do: both stay as they are until somebody says which is which.
    """

    index_notes: dict[str, IndexNote]
    unsure: set[tuple[str, str]] = field(default_factory=set)
    undecided: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))


def match_loose(
    index_notes: Mapping[str, IndexNote],
    located: Located,
    standing: Standing,
    snapshot: Snapshot,
) -> Matched:
    """Match each line without a link with the one missing row of nearly equal text, in notes whose rows may move.

    A row is missing if the base has it in the note and it has none there. A heuristic: a row that somebody deleted and
    a new one typed with nearly the same words and the same numbers are taken for an edit of it.
    """
    matched = Matched(dict(index_notes))
    for path in index_notes:
        linked = by_links(path, index_notes[path], located, snapshot)
        note = matched.index_notes[path] = linked.note
        for number, keys in linked.joined.items():
            matched.undecided[path][number] = JOINED
            matched.unsure |= {(path, key) for key in keys}
        if path in standing.in_place or not note.content.loose:
            continue
        missing = dict(_missing(path, note, matched, located, snapshot))
        found = _pairs(path, note.content.loose, missing, matched, snapshot) if missing else {}
        if found:
            matched.index_notes[path] = with_rows(note, list(found.values()))
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


def _missing(
    path: str, note: IndexNote, matched: Matched, located: Located, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """Yield the tasks whose row is missing in an index note, each with its row as last written."""
    shown = {task_key(row.path, row.block_id) for row in note.content.rows}
    names = former_names(path, note, snapshot)
    for key, task in snapshot.base.items():
        written = next((task.rows[name] for name in names if name in task.rows), None)
        if written is None or key in shown or (path, key) in matched.unsure:
            continue
        if key in located.by_key or snapshot.is_held(task.path):
            yield key, written


def _pairs(
    path: str, loose: Sequence[LooseRow], missing: Mapping[str, str], matched: Matched, snapshot: Snapshot
) -> dict[int, RegionRow]:
    """Return the lines as rows of missing tasks, by number, the best matches first."""
    scored: dict[Score, list[tuple[LooseRow, str]]] = defaultdict(list)
    said: dict[tuple[int, str], str] = {}  # by line and task: the line without what is left of the link
    for key, written in missing.items():
        line = parse_source(snapshot.base[key].line, snapshot.rules)
        rule = line.recurrence if line else None
        block_id = _place(key, snapshot)[1]
        before = read_row(written, rule, snapshot.roster, snapshot.rules, block_id)
        link = find_row_link(written, block_id)
        if before is None or link is None:
            continue
        as_written = _cut(written, link.start, link.end)
        for row in loose:
            for text, names_it in _readings(row.text, written[link.start : link.end], block_id):
                now = read_row(text, rule, snapshot.roster, snapshot.rules, block_id)
                score = _score(before, now, is_sure=names_it or text == as_written) if now else None
                if score:
                    scored[score].append((row, key))
                    said[row.number, key] = text
                    break
    found: dict[int, RegionRow] = {}
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
                matched.undecided[path] |= {each.number: UNDECIDED for each, other in pairs if other in rivals}
                matched.unsure |= {(path, other) for other in rivals}
                gone |= rivals
                continue
            raw = said[row.number, key].encode()
            found[row.number] = RegionRow(row.number, row.indent, raw, *_place(key, snapshot), row.beneath)
            gone.add(key)
    return found


def _readings(text: str, link: str, block_id: str) -> Iterator[tuple[str, bool]]:
    """Yield a line without what is left of a link that somebody deleted a part of, then as it stands.

    Each with whether that part says which block the link led to.
    """
    start, end = _remnant(text, link)
    if end - start >= _LEFT:
        yield _cut(text, start, end), f"^{block_id}" in text[start:end]
    yield text, False


def _remnant(text: str, link: str) -> tuple[int, int]:
    """Return where a text holds the most of a link's beginning, and right behind it the most of its end."""
    length = next(size for size in range(len(link), -1, -1) if link[:size] in text)
    if length < _LEFT:
        ending = next(size for size in range(len(link), -1, -1) if link[len(link) - size :] in text)
        start = text.rfind(link[len(link) - ending :])
        return start, start + ending
    start = text.rfind(link[:length])
    rest = text[start + length :]
    ending = next(size for size in range(len(link) - length, -1, -1) if rest.startswith(link[len(link) - size :]))
    return start, start + length + ending


def _score(before: RowValues, now: RowValues, *, is_sure: bool) -> Score | None:
    if is_sure:
        return (_AS_WRITTEN, 0)
    if sorted(_NUMBER.findall(before.text)) != sorted(_NUMBER.findall(now.text)):
        return None
    alike = fuzz.ratio(before.text, now.text)
    names = ("symbol", "tags", "priority", *DATE_FIELDS)
    return (alike, sum(getattr(before, name) == getattr(now, name) for name in names)) if alike >= _ALIKE else None


def _cut(text: str, start: int, end: int) -> str:
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".rstrip()


def _place(key: str, snapshot: Snapshot) -> tuple[str, str]:
    return snapshot.base[key].path, key.rpartition("#^")[2]
