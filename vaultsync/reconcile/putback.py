"""Plan to put back lines as they were before an edit: where the edit's lines stand in a note now, and what goes there.

Which edits are meant, and the notes' bytes, are left to others. A line that somebody changed since is never touched,
and nothing is put where its place is a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import find_row_link, task_key
from vaultsync.index.rows import FIELDS
from vaultsync.markdown.textlines import LineEdit, apply_line_edits, bare_lines, prevailing_end
from vaultsync.model import Role
from vaultsync.reconcile.base import TAKEN_OUT
from vaultsync.reconcile.made_edit import Around, MadeEdit, neighbours
from vaultsync.reconcile.vanish import ORPHANED
from vaultsync.reconcile.verify import reads_as, sifted
from vaultsync.tasks.edits import set_block_id
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.model import TaskLine
    from vaultsync.reconcile.base import BaseTask
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.rules import Rules

ONLY_AN_ID = "it only got its block id, which rows link to; `vaultsync eject` takes ids out"
NOT_LANDED = "it never reached the note"
ALREADY = "it stands as it was before already"
CHANGED = "it was changed since"
NO_PLACE = "the lines around its place were changed since; nothing tells where it belongs"
NOT_KEPT = "its sub-items were changed with it; put it back by hand"
NOT_READ_BACK = "put back it would not read as this task"
TYPED = "it is what somebody typed in an index note, and stands nowhere else; delete the line to be rid of the task"
EXPECTED = frozenset({ONLY_AN_ID, NOT_LANDED, ALREADY, TYPED})  # reasons that leave nothing to be done by hand

_STAMP = re.compile(r"[ \t]+\^(t-[a-z0-9]{8})(?=[ \t]*\Z)")


@dataclass(frozen=True, slots=True)
class Left:
    """An edit whose lines are left as they stand, and why."""

    edit: MadeEdit
    what: str


@dataclass(slots=True)
class PutBack:
    """The lines of one note that are put back, the text that this gives, and what is left alone."""

    edits: list[MadeEdit] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    text: str = ""


def put_back(note: Note, text: str, edits: Sequence[MadeEdit], why: str, rules: Rules) -> PutBack:
    """Plan to undo a run's edits of one note, given its text; what would not read back as intended is left alone."""
    outcome = PutBack(text=text)
    found = _found(_Standing(text), edits, rules, outcome.left)

    def works(chosen: Sequence[tuple[MadeEdit, MadeEdit]]) -> bool:
        backwards = [back for _, back in chosen]
        own = [back for back in backwards if not _is_row(back, note)]
        return reads_as(note, _intended(own, rules), _applied(text, backwards), rules)

    good, refused = sifted(found, [], works)
    outcome.left += [Left(edit, NOT_READ_BACK) for edit, _ in refused]
    backwards = sorted((back for _, back in good), key=lambda back: back.line)
    outcome.text = _applied(text, backwards)
    new = _slots(text, backwards)
    for back in backwards:
        around = None
        if not back.after:
            above, below = neighbours(bare_lines(text), back.line, back.line + len(back.before), new)
            around = Around(above, (), (), below)
        outcome.edits.append(replace(back, why=why, around=around))
    return outcome


def has_landed(text: str, edits: Sequence[MadeEdit]) -> list[bool]:
    """Tell of each edit of one note whether the text holds its lines: where they would stand, or in one other place."""
    standing = _Standing(text)
    landed = []
    for edit in edits:
        at = standing.find(edit, _expected(edit, edits))
        # Where a line was to be taken out and still is there, its neighbours tell nothing.
        is_still_there = not edit.after and standing.holds(edit.before, edit.line)
        landed.append(at is not None and not is_still_there)
    return landed


def base_after(
    base: Mapping[str, BaseTask], edit: MadeEdit, rules: Rules, *, disputed: bool = False
) -> dict[str, BaseTask]:
    """Return the records that go with lines which were put back, so that the next cycle sees no change in the source.

    The rows stay as last written, but for one that was put back itself. A task whose line went (a next occurrence)
    counts as gone at once. What was `disputed` before a resolution is so again, where the sides differ.
    """
    stands = {task_key(edit.path, line.block_id): line for line in _tasks(edit.after, rules) if line.block_id}
    gone = {task_key(edit.path, line.block_id) for line in _tasks(edit.before, rules) if line.block_id} - stands.keys()
    changed = {
        key: replace(base[key], path=edit.path, line=line.text, missing_since=None)
        for key, line in stands.items()
        if key in base
    }
    for key, row in _rows(edit.after).items():
        if key in base and edit.path in base[key].rows:
            changed[key] = replace(base[key], rows={**base[key].rows, edit.path: row})
    if disputed:
        changed = {key: replace(task, conflicts=frozenset(FIELDS)) for key, task in changed.items()}
    # A line that a resolution put into a note was a row's alone before.
    orphaned = frozenset([ORPHANED] if disputed and not edit.after else [])
    return changed | {
        key: replace(base[key], missing_since=TAKEN_OUT, conflicts=base[key].conflicts | orphaned)
        for key in gone
        if key in base
    }


def only_stamps(edit: MadeEdit, rules: Rules) -> bool:
    """Tell whether an edit only gave a line its block id."""
    if len(edit.before) != 1 or len(edit.after) != 1:
        return False
    before, after = _read(edit.before[0], rules), _read(edit.after[0], rules)
    return bool(before and after and after.block_id and set_block_id(before, after.block_id) == after.text)


# -- where lines stand


class _Standing:
    """The lines of a note as they stand; a block id that a line got since doesn't count."""

    def __init__(self, text: str) -> None:
        self.lines = bare_lines(text)
        self._places: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(self.lines, 1):
            self._places[_unstamped(line)].append(number)

    def holds(self, wanted: Sequence[str], at: int) -> bool:
        """Tell whether these lines stand from line `at` on."""
        standing = self.lines[at - 1 : at - 1 + len(wanted)] if at >= 1 else []
        return len(standing) == len(wanted) and all(map(_is_same, standing, wanted))

    def holds_once(self, wanted: Sequence[str]) -> bool:
        """Tell whether these lines stand in one place."""
        return len(self._all(wanted)) == 1

    def find(self, edit: MadeEdit, expected: int, claimed: AbstractSet[int] = frozenset()) -> int | None:
        """Return where an edit's lines begin: at `expected`, else in the one place where they stand; None if nowhere.

        Of lines that were taken out it is the place between their neighbours.
        """
        around = edit.around or Around((), (), (), ())
        if not edit.after and not edit.around:
            return None
        wanted, above = (
            (edit.after, 0) if edit.after else ((*around.above, *around.now, *around.below), len(around.above))
        )

        def fits(at: int) -> bool:
            place = range(at, at + len(edit.after or around.now))
            is_free = claimed.isdisjoint(place)
            return is_free and self.holds(wanted, at - above) and (bool(edit.after) or self._is_between(around, at))

        if fits(expected):
            return expected
        found = [at + above for at in self._all(wanted) if fits(at + above)]
        return found[0] if len(found) == 1 else None

    def _is_between(self, around: Around, at: int) -> bool:
        """Tell whether neighbours that are all blank reach to the note's end, as they then did."""
        begins, ends = at - len(around.above), at + len(around.now) + len(around.below)
        return (any(map(str.strip, around.above)) or begins == 1) and (
            any(map(str.strip, around.below)) or ends == len(self.lines) + 1
        )

    def _all(self, wanted: Sequence[str]) -> list[int]:
        if not wanted:
            return []
        # The longest line is the one that stands in the fewest places.
        longest = max(range(len(wanted)), key=lambda number: len(wanted[number].strip()))
        places = (at - longest for at in self._places.get(_unstamped(wanted[longest]), ()))
        return [at for at in places if self.holds(wanted, at)]


def _found(
    standing: _Standing, edits: Sequence[MadeEdit], rules: Rules, left: list[Left]
) -> list[tuple[MadeEdit, MadeEdit]]:
    """Return each edit whose lines stand in the note with the edit that puts them back; `left` grows by the others."""
    claimed: set[int] = set()
    found: list[tuple[MadeEdit, MadeEdit]] = []
    places = {number: _expected(edit, edits) for number, edit in enumerate(edits)}
    # Lines that stand where they would come first, lest another that reads alike takes their place.
    for number in sorted(places, key=lambda number: standing.find(edits[number], places[number]) != places[number]):
        edit = edits[number]
        at = standing.find(edit, places[number], claimed)
        what = _reason(edit, at, standing, rules)
        back = None if at is None or what else _backwards(edit, at, standing.lines, rules)
        if back is None:
            left.append(Left(edit, what or CHANGED))
            continue
        claimed |= set(range(back.line, back.line + len(back.before)))
        found.append((edit, back))
    return found


def _reason(edit: MadeEdit, at: int | None, standing: _Standing, rules: Rules) -> str | None:
    """Say why an edit's lines are left alone; None if they aren't."""
    if only_stamps(edit, rules):
        return ONLY_AN_ID
    is_back = bool(edit.before) and standing.holds_once(edit.before)
    # A removed line that somebody put elsewhere must not stand there twice; without an id it may be another task.
    if at is not None and (edit.after or not is_back or not any(line.block_id for line in _tasks(edit.before, rules))):
        return None
    if is_back:
        return ALREADY
    if edit.after:
        return CHANGED
    return NO_PLACE if edit.around else NOT_KEPT


def _expected(edit: MadeEdit, edits: Sequence[MadeEdit]) -> int:
    """Return the line at which an edit's lines stand once all edits of its note are made, if nothing else changed."""
    return edit.line + sum(_growth(other) for other in edits if other.line < edit.line)


def _growth(edit: MadeEdit) -> int:
    around = edit.around
    moved = len(around.now) - len(around.was) if around else 0
    return len(edit.after) - len(edit.before) + moved


def _backwards(edit: MadeEdit, at: int, lines: Sequence[str], rules: Rules) -> MadeEdit | None:
    """Return the edit that undoes another whose lines stand from line `at` on; an id that one got since stays."""
    around = edit.around or Around((), (), (), ())
    written, then = (edit.after, edit.before) if edit.after else (around.now, (*edit.before, *around.was))
    standing = tuple(lines[at - 1 : at - 1 + len(written)])
    stamps = {number: _STAMP.search(line) for number, line in enumerate(standing) if line != written[number]}
    texts = list(then)
    for number, stamp in stamps.items():
        kept = _counterpart(number, written, then, rules)
        line = _read(then[kept], rules) if kept is not None else None
        if kept is not None and line is not None and stamp is not None:
            texts[kept] = set_block_id(line, stamp[1])
    return MadeEdit(edit.path, at, standing, tuple(texts), edit.why)


def _counterpart(number: int, written: Sequence[str], then: Sequence[str], rules: Rules) -> int | None:
    """Return which of the lines before an edit is the task of a line after it; None for a next occurrence."""
    if len(written) == len(then):
        return number
    return _main(then, rules) if number == _main(written, rules) else None


def _main(lines: Sequence[str], rules: Rules) -> int | None:
    """Return which of the lines that stand for one task is the task itself: of two, the one that is done."""
    if len(lines) == 1:
        return 0
    read = [_read(line, rules) for line in lines]
    done = [number for number, line in enumerate(read) if line and rules.roles.role_of(line.symbol) is Role.DONE]
    return done[0] if len(done) == 1 else None


# -- texts


def _intended(backwards: Sequence[MadeEdit], rules: Rules) -> dict[float, list[str]]:
    """Return the tasks that are to stand in place of some lines; those that are put in, half a line above the next."""
    new: dict[float, list[str]] = defaultdict(list)
    for back in backwards:
        new |= {number: [] for number in range(back.line, back.line + len(back.before))}
        place = back.line if back.before else back.line - 0.5
        new[place] += [line for line in back.after if _read(line, rules) is not None]
    return new


def _slots(text: str, backwards: Sequence[MadeEdit]) -> dict[int, tuple[str, ...]]:
    """Return what stands in place of each line that changes; what is put in stands before the line below it."""
    lines = bare_lines(text)
    slots: dict[int, tuple[str, ...]] = {}
    put_in: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for back in backwards:
        slots |= dict.fromkeys(range(back.line, back.line + len(back.before)), ())
        if back.before:
            slots[back.line] = back.after
        else:
            put_in[back.line] += back.after
    for number, texts in put_in.items() if lines else ():
        last = min(number, len(lines))
        there = slots.get(last, (lines[last - 1],))
        slots[last] = (*texts, *there) if number == last else (*there, *texts)
    return slots


def _applied(text: str, backwards: Sequence[MadeEdit]) -> str:
    lines = bare_lines(text)
    if not lines:
        return "".join(line + prevailing_end(text) for back in backwards for line in back.after)
    slots = _slots(text, backwards).items()
    return apply_line_edits(text, [LineEdit(number, lines[number - 1], after) for number, after in slots])


def _unstamped(line: str) -> str:
    return _STAMP.sub("", line)


def _is_same(standing: str, written: str) -> bool:
    return standing == written or (_STAMP.search(written) is None and _unstamped(standing) == written)


def _is_row(edit: MadeEdit, note: Note) -> bool:
    """Tell whether a line stands in the note's region, where no task is the note's own."""
    regions = note.regions
    return regions is not None and (regions.begin or 0) < edit.line < (regions.end or 0)


def _rows(lines: Sequence[str]) -> dict[str, str]:
    """Return lines with a row's link, without their indentation, by the key of the task that they show."""
    links = ((line.lstrip(" \t>"), find_row_link(line)) for line in lines)
    return {task_key(link.path, link.block_id): row for row, link in links if link}


def _tasks(lines: Sequence[str], rules: Rules) -> list[TaskLine]:
    return [line for line in (_read(text, rules) for text in lines) if line is not None]


def _read(text: str, rules: Rules) -> TaskLine | None:
    return parse_line(text, rules.tasks, hidden=rules.read_hidden_fields)
