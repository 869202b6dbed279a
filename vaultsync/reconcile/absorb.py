"""Decide what of a conflict copy of an index note or the overview goes into its original: edits of rows, lines of text.

How an edit is merged is `task`'s, taking the copy out of the vault `apply`'s. A copy of a source note is only reported.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import task_key
from vaultsync.index.note import overview_strangers
from vaultsync.index.region import VALUE_MARK, RegionRow, read_region
from vaultsync.index.rows import read_row, row_settings
from vaultsync.markdown import frontmatter
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import line_and_end, prevailing_end, split_lines
from vaultsync.model import Problem
from vaultsync.reconcile.copies import spellings
from vaultsync.reconcile.sides import NEVER_SHOWN
from vaultsync.reconcile.snapshot import RowAt
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.model import TaskLine
    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.copies import Copy
    from vaultsync.reconcile.places import Standing
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot

_OUR_PROPERTY = re.compile(r"(?:vaultsync|vaultsync_person|person|tasks_proposed|tasks_open|tasks_next_due)[ \t]*:")
_OWN_ID_AT_END = re.compile(r"[ \t]+\^t-[a-z0-9]{8}\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Absorption:
    """One copy that goes into its original: the rows that somebody edited in it, the lines that only it has."""

    path: str
    digest: str
    original: str
    rows: tuple[RowAt, ...]
    lines: tuple[str, ...]  # without line ends
    dropped: int = 0  # edited rows of tasks that are gone: they stay in the copy alone

    def told(self, place: str | None = None) -> Problem:
        """Tell that the copy is absorbed and lies in `place` now, or, without one, that it would be."""
        found = f"{len(self.rows)} edited rows, {sum(bool(line.strip()) for line in self.lines)} lines of text"
        lost = f"; {self.dropped} rows of tasks that are gone stay in the copy alone" if self.dropped else ""
        where = f"the copy lies in {place}" if place else "the copy would be taken out of the vault"
        verb = "was" if place else "would be"
        return Problem(self.path, None, f"{verb} absorbed into {self.original} ({found}){lost}; {where}")

    def stays(self, why: str) -> str:
        """Say that the copy was absorbed and couldn't be taken out."""
        return f"was absorbed into {self.original} and can't be taken out of the vault ({why}); delete it"


@dataclass(frozen=True, slots=True)
class Absorbing:
    """All copies of a vault: those that can go into their originals now, and what is to be said of the others."""

    absorptions: tuple[Absorption, ...] = ()
    problems: tuple[Problem, ...] = ()

    def lines_for(self, original: str) -> tuple[str, ...]:
        """Return the lines that a note gets from all its copies, a blank line between two of them."""
        each = [absorption.lines for absorption in self.absorptions if absorption.original == original]
        return tuple(line for lines in each if lines for line in ("", *lines))[1:]


def replaced_lines(snapshot: Snapshot) -> dict[str, list[TaskLine]]:
    """Return what conflict copies of source notes say of each task, by key: what its line said before another came."""
    found: dict[str, list[TaskLine]] = defaultdict(list)
    for path in sorted(snapshot.copies):
        copy = snapshot.copies[path]
        for task in copy.note.tasks:
            if task.block_id is not None:
                found[task_key(copy.original, task.block_id)].append(task.line)
    return found


def absorb_copies(
    snapshot: Snapshot,
    index_notes: Mapping[str, IndexNote],
    standing: Standing,
    rows: Mapping[str, Sequence[RowAt]],
    found: AbstractSet[str],
) -> Absorbing:
    """Look at each copy; `rows` are those of the index notes themselves, `found` the keys of tasks that stand in notes.

    A copy waits while it or its original is young, held, or may not be drawn anew.
    """
    if not snapshot.copies:
        return Absorbing()
    absorptions: list[Absorption] = []
    problems: list[Problem] = []
    texts = {path: note.text or "" for path, note in snapshot.notes.items() if note.raw is not None}
    for path in sorted(snapshot.copies):
        copy = snapshot.copies[path]
        original = next((name for name in spellings(copy.original) if name in snapshot.notes), None)
        if copy.note.kind == "off" or path in snapshot.held or (original and original in snapshot.held):
            continue
        if why := _obstacle(copy, original, index_notes, standing, snapshot):
            problems.append(Problem(path, None, why))
            continue
        if original is None or path in snapshot.put_off or original in snapshot.unsettled:
            continue
        absorption = _absorption(copy, original, index_notes.get(original), texts[original], rows, found, snapshot)
        absorptions.append(absorption)
        texts[original] = with_lines(texts[original], absorption.lines)
    return Absorbing(tuple(absorptions), tuple(problems))


def with_absorbed_rows(rows: Mapping[str, Sequence[RowAt]], absorbing: Absorbing) -> Mapping[str, Sequence[RowAt]]:
    """Return all rows with those that were edited in copies behind them: they are further rows of the original.

    Which of the two was taken for the copy is chance, so that the original's own rows may lag behind as well.
    """
    if not absorbing.absorptions:
        return rows
    originals = {absorption.original for absorption in absorbing.absorptions}
    joined = {
        key: [replace(at, copy=at.note) if at.note in originals else at for at in places]
        for key, places in rows.items()
    }
    for absorption in absorbing.absorptions:
        for at in absorption.rows:
            joined.setdefault(task_key(at.row.path, at.row.block_id), []).append(at)
    return joined


def copied_rows(rows: Mapping[str, Sequence[RowAt]]) -> dict[str, list[str]]:
    """Return the rows that stand in copies alone, by key."""
    found = {key: [at.row.text for at in places if at.copy not in (None, at.note)] for key, places in rows.items()}
    return {key: texts for key, texts in found.items() if texts}


def put_off(absorbing: Absorbing, carried: AbstractSet[str]) -> frozenset[str]:
    """Return the copies that have a row whose edit is not `carried` now: none of them may be absorbed yet."""
    return frozenset(
        absorption.path
        for absorption in absorbing.absorptions
        if any(task_key(at.row.path, at.row.block_id) not in carried for at in absorption.rows)
    )


def absorbed(
    absorbing: Absorbing, text_of: Callable[[str], str], kept: AbstractSet[str]
) -> tuple[tuple[Absorption, ...], tuple[Problem, ...]]:
    """Return the copies of which all is in the originals as they shall stand, and a problem for each other one.

    `text_of` gives the text of an original. `kept` are the keys of tasks without a source line, whose edited rows stay
    as they stand.
    """
    done: list[Absorption] = []
    problems: list[Problem] = []
    for absorption in absorbing.absorptions:
        orphans = [at.row.text for at in absorption.rows if task_key(at.row.path, at.row.block_id) in kept]
        if holds_lines(text_of(absorption.original), (*absorbing.lines_for(absorption.original), *orphans)):
            done.append(absorption)
        else:
            problems.append(Problem(absorption.path, None, _waits(absorption.original)))
    return tuple(done), tuple(problems)


def with_lines(text: str, lines: Sequence[str]) -> str:
    """Return a note's text with lines behind its end, unchanged, a blank line apart."""
    if not lines:
        return text
    ending = prevailing_end(text)
    last, end = line_and_end(split_lines(text)[-1]) if text else ("", "\n")
    return text + ("" if end else ending) + (ending if last.strip() else "") + "".join(line + ending for line in lines)


def holds_lines(text: str, lines: Iterable[str]) -> bool:
    """Tell whether a text holds all these lines, each as often as it is given."""
    return not (Counter(_bare(line) for line in lines if line.strip()) - _bare_lines(text))


# -- which copies wait, and why


def _obstacle(
    copy: Copy, original: str | None, index_notes: Mapping[str, IndexNote], standing: Standing, snapshot: Snapshot
) -> str | None:
    """Return what is to be said of a copy that isn't absorbed; it stays where it is."""
    of = f"a conflict copy of {original or copy.original}"
    if copy.note.held is not None:
        return f"{of} that can't be read safely ({copy.note.held}); take over what is missing there and delete the copy"
    record = snapshot.index_notes.get(copy.original)
    is_ours = copy.note.kind in ("index", "overview") or (record is not None and copy.note.regions is not None)
    if original is None:
        if is_ours:
            return f"{of}, which isn't there; its rows don't count; rename it to that if you want it, or delete it"
        return f"{of}, which isn't there; it isn't indexed; rename it to that if you want it, or delete it"
    note = snapshot.notes[original]
    if original not in index_notes and note.kind != "overview" and note.held is None:
        return f"{of}; it isn't indexed; compare the two, take over what is missing there and delete the copy"
    if note.held is not None or note.regions is None or original in standing.frozen:
        return _waits(original)
    return None


def _waits(original: str) -> str:
    return f"a conflict copy of {original}, which isn't written now; it is absorbed once that is"


# -- what a copy has to give


def _absorption(  # noqa: PLR0913 - what a copy gives is a function of all of these
    copy: Copy,
    original: str,
    index_note: IndexNote | None,
    text: str,
    rows: Mapping[str, Sequence[RowAt]],
    found: AbstractSet[str],
    snapshot: Snapshot,
) -> Absorption:
    own, copied = _taken_apart(copy.note.text or "", overview=index_note is None)
    # A row isn't counted: it changes with its task.
    have = Counter(_bare(line) for line in _taken_apart(text, overview=index_note is None)[0])
    person = index_note.person if index_note else ""
    edited: list[RowAt] = []
    dropped = 0
    for row in copied:
        key = task_key(row.path, row.block_id)
        here = [at.row.text for at in rows.get(key, ()) if at.note == original]
        if not _says_something(row, here, original, snapshot.base.get(key), snapshot):
            continue
        if key in snapshot.base or key in found or row.block_id.lower() not in snapshot.taken_ids:
            edited.append(RowAt(original, person, row, copy=copy.note.path))
        else:
            dropped += 1
    lines = _missing_lines(own, have)
    return Absorption(copy.note.path, copy.note.digest, original, tuple(edited), tuple(lines), dropped)


def _says_something(
    row: RegionRow, here: Sequence[str], original: str, base: BaseTask | None, snapshot: Snapshot
) -> bool:
    """Tell whether somebody edited a row of a copy: it reads otherwise than any row that we wrote or that stands here.

    An older row is what the other replica hadn't caught up with; somebody who gives a row the very values that it had
    before isn't told from that. The row as last written still holds its value of a conflict where another row came in
    its place.
    """
    last, former = (base.rows.get(original), base.former) if base else (None, ())
    known = [*here, last, *former]
    if row.text in known:
        return base is not None and bool(base.conflicts) and row.text == last and row.text not in here
    line = parse_line(row.text, row_settings(snapshot.rules), hidden=True)
    if line is None or any(field.name in NEVER_SHOWN for field in line.fields):
        return line is not None
    rule = _rule_of(base, snapshot)
    values = _values(row.text, rule, snapshot)
    return all(values != _values(text, rule, snapshot) for text in known if text)


def _rule_of(base: BaseTask | None, snapshot: Snapshot) -> str | None:
    line = parse_line(base.line, snapshot.rules.tasks, hidden=True) if base else None
    return line.recurrence if line else None


def _values(row: str, rule: str | None, snapshot: Snapshot) -> tuple[object, ...] | None:
    read = read_row(row, rule, snapshot.roster, snapshot.rules)
    if read is None:
        return None
    return (read.symbol, read.prose, read.tags, read.mentions, read.priority, read.start, read.scheduled, read.due)


def _taken_apart(text: str, *, overview: bool) -> tuple[list[str], tuple[RegionRow, ...]]:
    """Return the lines of a copy that aren't of our making, in order, blank ones among them, and its rows."""
    lines = [line_and_end(line)[0].removeprefix("\ufeff") for line in split_lines(text)]
    matter = frontmatter.find(text)
    top = matter.last if matter else 0
    own = [line for line in lines[1 : top - 1] if not _OUR_PROPERTY.match(line)] if matter else []
    region = find_regions(lines)
    if region.begin is None or region.end is None:
        return [*own, *lines[top:]], ()
    rows: tuple[RegionRow, ...]
    foreign: Sequence[str]
    if overview:
        rows, foreign = (), overview_strangers(text, region.begin, region.end)
    else:
        content = read_region(text, region.begin, region.end)
        # The lines beneath a row are lines like any other here, so that they are taken over once.
        rows, foreign = tuple(replace(row, beneath=()) for row in content.rows), content.foreign
    within = [line for line in foreign if not line.lstrip().startswith(VALUE_MARK)]
    return [*own, *lines[top : region.begin - 1], "", *within, "", *lines[region.end :]], rows


def _missing_lines(lines: Sequence[str], have: Counter[str]) -> list[str]:
    """Return the lines that the original doesn't have, as often as it lacks them, the last ones of equal ones.

    Blank lines stay between two of them where there was one, or where other lines stood between.
    """
    missing = Counter(_bare(line) for line in lines if line.strip()) - have
    chosen: list[str] = []
    apart = False
    for line in reversed(lines):
        if missing[_bare(line)] > 0:
            missing[_bare(line)] -= 1
            chosen += [""] if apart and chosen else []
            chosen.append(line)
            apart = False
        else:
            apart = True
    return chosen[::-1]


def _bare_lines(text: str) -> Counter[str]:
    return Counter(_bare(line_and_end(line)[0]) for line in split_lines(text))


def _bare(line: str) -> str:
    """Return what two lines are compared by: an id that one replica has given already is no difference."""
    return _OWN_ID_AT_END.sub("", line.rstrip())
