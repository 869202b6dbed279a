"""Read the two sides of one task, the source line and its rows, now and as last agreed; decide each field between them.

How a field is merged is `merge`'s, what the outcome does to the source line is `task`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

from vaultsync.index import inert
from vaultsync.index.rows import (
    DATE_FIELDS,
    FIELDS,
    IN_THE_NOTE,
    RowValues,
    changed_rule,
    read_row,
    row_settings,
    shown_values,
    value_line,
)
from vaultsync.model import FieldName, Role, TaskLine
from vaultsync.reconcile.acceptance import meant_by_row, meant_symbol
from vaultsync.reconcile.assignees import assigned
from vaultsync.reconcile.merge import Winner, merge_field, merge_status, merge_status_without_base
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.text import TaskText, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.snapshot import RowAt, SourceTask
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules


# A click on a row with one of these would spawn or delete rows, so it only ever stands in the source.
NEVER_SHOWN: tuple[FieldName, ...] = ("created", "cancelled", "recurrence", "on_completion", "id", "depends_on")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field on which the sides differ; each keeps its own value until one of them changes."""

    source: str
    rows: Mapping[str, str]  # index note's path -> the row's value


@dataclass(frozen=True, slots=True)
class SourceSide:
    """A source line's reading, now or in the base."""

    path: str
    line: TaskLine
    text: TaskText
    values: RowValues
    tags: frozenset[str]  # the hidden ones too
    assignees: frozenset[str]


@dataclass(frozen=True, slots=True)
class RowSide:
    """A row's reading: now, before somebody edited it, as last written; where the base has no row of it these are None.

    A field that reads as it once was written lags behind and is no edit: now and before it is as last written. One that
    was edited, in a row of which older ones are known, was edited as it stood in the oldest of them.
    """

    at: RowAt
    now: RowValues
    was: RowValues | None
    last: RowValues | None
    typed: Mapping[FieldName, str]  # as somebody typed them here: fields that rows never show, and ✅


@dataclass(frozen=True, slots=True)
class Sides:
    """Everything that the merge of one task compares."""

    source: SourceSide
    base: SourceSide | None
    standing: frozenset[str]  # fields in conflict since an earlier cycle, or as another replica lists it
    rows: tuple[RowSide, ...]
    symbol: str  # the source's status, an acceptance by gesture included
    listed: frozenset[str] = frozenset()  # those of them that only another replica has found
    replaced: tuple[SourceSide, ...] = ()  # what conflict copies of the note say
    owner: str | None = None  # of the vault


# -- reading both sides


def read_sides(  # noqa: PLR0913 - what the sides are read from, and how
    base: BaseTask | None,
    source: SourceTask,
    rows: Sequence[RowAt],
    lines: Iterable[TaskLine],
    rules: Rules,
    roster: Roster,
) -> Sides:
    """Read both sides of a task; a row that is no task line any more is passed over.

    `lines` are what conflict copies of its note say of it.
    """
    task = source.task
    now = _source(task.line, source.text, frozenset(source.assignees), task.path, rules)

    def other(line: TaskLine, path: str) -> SourceSide:
        text = read_text(line, roster, rules.assignees)
        return _source(line, text, frozenset(text.assignees) or now.assignees & _implied(now), path, rules)

    line = parse_source(base.line, rules) if base else None
    was = other(line, base.path) if base and line else None
    copies = tuple(other(line, task.path) for line in lines)
    rule = (was or now).line.recurrence
    read: list[RowSide] = []
    for at in rows:
        as_row = partial(read_row, rule=rule, roster=roster, rules=rules, block_id=at.row.block_id)
        values = as_row(at.row.text)
        if values is None:
            continue
        lately = _lately(values, base, at, rows, as_row)
        # A row where the base knows none (a copy, a note made anew) is measured against what we would have written.
        lately = lately or ([was.values] if was else [])
        if lately and values.prose != lately[0].prose:
            values = as_row(at.row.text, written=lately[0]) or values
        if values.prose != now.values.prose and _rendered(values.prose, task.path) == now.values.prose:
            # Typed, and not yet drawn: a run has died that brought the words to the source.
            values = replace(values, prose=now.values.prose)
        kept = [copy.values for copy in copies] if at.copy is not None else []
        row = RowSide(at, *_measured(values, lately, kept), _typed(at, lately, rule, rules))
        read.append(row if row.typed else replace(row, now=meant_by_row(row.was, row.now, rules)))
    symbol = _accepted_symbol(was, now, rules) if was else now.line.symbol
    known = base.conflicts if base else frozenset()
    sides = Sides(now, was, known, tuple(read), symbol, replaced=copies, owner=roster.owner)
    listed = _listed(sides) - known
    return replace(sides, standing=known | listed, listed=listed)


def _rendered(prose: Sequence[str], path: str) -> tuple[str, ...]:
    """Return words typed in a row as it will show them."""
    rendered = inert.render_tokens(inert.tokens(" ".join(prose)), path)
    return tuple(word for text in rendered for word in text.split())


def _listed(sides: Sides) -> frozenset[str]:
    """Return the fields that a row holds in a conflict, as it says itself: a line beneath it has the source's value."""
    beneath = {line.strip() for row in sides.rows for line in row.at.row.beneath}
    said = {name: _told(_source_value(name, sides)) for name in FIELDS} if beneath else {}
    path = sides.source.path
    return frozenset(name for name in said if value_line(name, IN_THE_NOTE, said[name], path).strip() in beneath)


def _lately(
    values: RowValues,
    base: BaseTask | None,
    at: RowAt,
    rows: Sequence[RowAt],
    read: Callable[[str], RowValues | None],
) -> list[RowValues]:
    """Return the row as last written, and older ones where this row may be of a time before that; the newest first."""
    if base is None:
        return []
    here = [base.rows[at.note]] if at.note in base.rows else base.rows.values()
    # An index note may be renamed. Which of several it was, and that it isn't a copy of another, its row tells.
    last = _nearest(values, [row for text in here if (row := read(text))])
    found = [last] if last else []
    is_renamed = bool(base.rows.keys() - {other.note for other in rows})
    if last and at.copy is None and (at.note in base.rows or is_renamed):
        return found
    # A conflict copy, or a copy of an index note that somebody made, may be of a time before the last writing.
    return [*found, *(row for text in base.former if (row := read(text)))]


def _nearest(values: RowValues, written: Sequence[RowValues]) -> RowValues | None:
    """Return which of several rows somebody edited into this one: the one that it differs from in the fewest fields."""
    names = ("symbol", "prose", "tags", "mentions", "priority", *DATE_FIELDS)
    return min(
        written, key=lambda other: sum(getattr(values, name) != getattr(other, name) for name in names), default=None
    )


def _measured(
    values: RowValues, lately: Sequence[RowValues], kept: Sequence[RowValues]
) -> tuple[RowValues, RowValues | None, RowValues | None]:
    """Return a row as it counts now, as it was before it was edited, and as last written; see `RowSide`.

    What is `kept` in a conflict copy of the task's note is left to somebody to merge. Taken over from a row here, it
    would write over the note that won.

    Of which row an edit was made can't be told. Were it taken for one of the newest, it would write over what changed
    since an older one; taken for one of the oldest it is in conflict with that.
    """
    if not lately:
        return values, None, None
    last, oldest = lately[0], lately[-1]
    names = [each.name for each in fields(RowValues)]
    lagging = {name for name in names if any(getattr(values, name) == getattr(row, name) for row in (*lately, *kept))}
    now = replace(values, **{name: getattr(last, name) for name in lagging})
    was = replace(oldest, **{name: getattr(last, name) for name in lagging})
    return now, was, last


def _typed(at: RowAt, lately: Sequence[RowValues], rule: str | None, rules: Rules) -> dict[FieldName, str]:
    line = parse_line(at.row.text, row_settings(rules), hidden=True)
    if line is None:
        return {}
    typed = {field.name: field.value for field in line.fields if field.name in NEVER_SHOWN}
    if lately and (changed := changed_rule(at.row.text, rule, lately[0], at.row.block_id)):
        typed.setdefault("recurrence", changed)
    done = next((field.value for field in line.fields if field.name == "done" and field.counts), None)
    # A ✅ that the row was written with is no news.
    is_news = done and lately and all(line.done != row.done for row in lately)
    return {**typed, "done": done} if done and is_news else typed


def _source(line: TaskLine, text: TaskText, assignees: frozenset[str], path: str, rules: Rules) -> SourceSide:
    values = shown_values(line, text, path, rules)
    return SourceSide(path, line, text, values, frozenset(text.tags), assignees)


def _implied(source: SourceSide) -> frozenset[str]:
    """Return the assignees that no mention of the line names (the person of the index note that it stands in)."""
    return source.assignees - frozenset(source.text.assignees)


def parse_source(text: str, rules: Rules) -> TaskLine | None:
    """Read a source line as today's settings say; None if it is no task line."""
    return parse_line(text, rules.tasks, hidden=rules.read_hidden_fields)


def _accepted_symbol(was: SourceSide, now: SourceSide, rules: Rules) -> str:
    """Return the status that the source line means, see `acceptance`."""
    if now.assignees != was.assignees or now.tags - was.tags:
        return now.line.symbol
    return meant_symbol(was.values, now.values, was.tags - now.tags, rules)


def speaking_rows(sides: Sides, disagreeing: Sequence[str]) -> tuple[dict[str, RowSide], tuple[RowAt, ...]]:
    """Return the one row of each index note that holds its value in a conflict, and further ones that hold others.

    A note may have several rows of a task: somebody doubled it, or a conflict copy has another. The first that was
    edited into something else than what the source says speaks for the note. On another replica that very edit may be
    what was last written; it comes to the same notes, since what the source says, too, is no value of a row there.
    """

    def has_own(row: RowSide) -> bool:
        return any(_has_own(name, row, sides) for name in disagreeing)

    speaking: dict[str, RowSide] = {}
    for row in sides.rows:
        held = speaking.setdefault(row.at.note, row)
        if not has_own(held) and has_own(row):
            speaking[row.at.note] = row
    spare = (row for row in sides.rows if has_own(row) and row.now != speaking[row.at.note].now)
    return speaking, tuple(row.at for row in spare)


def _has_own(name: str, row: RowSide, sides: Sides) -> bool:
    is_held = name in sides.standing or _is_edited(name, row, sides)
    return is_held and _says_other(name, row, sides)


# -- deciding, field by field


def decide(name: str, sides: Sides, rules: Rules) -> tuple[Winner, RowSide | None]:
    """Return who wins a field, and the row that speaks for the rows where one does."""
    edited = [row for row in sides.rows if _is_edited(name, row, sides) and not _is_emptied(name, row)]
    changed = {_row_value(name, row, row.now, sides): row for row in reversed(edited)}
    if sides.base is None:
        return _decide_without_base(name, sides, changed, rules)
    if name == "tags" and name not in sides.standing:
        return Winner.AGREE, None  # sets are joined where both sides' past is known, see `task`
    stands = name in sides.standing and any(_says_other(name, row, sides) for row in sides.rows)
    if stands and (name in sides.listed or _is_replaced(name, sides)):
        return Winner.CONFLICT, None
    if not changed:
        if _source_value(name, sides) != _value(name, sides.base):
            return Winner.SOURCE, None
        return (Winner.CONFLICT if stands else Winner.AGREE), None
    if len(changed) > 1:
        return Winner.CONFLICT, None
    # Exactly one new value stands in the rows.
    row = next(iter(changed.values()))
    return _decide_by_row(name, row, _value(name, sides.base), sides, rules), row


def _decide_by_row(name: str, row: RowSide, before: object, sides: Sides, rules: Rules) -> Winner:
    source, value = _source_value(name, sides), _row_value(name, row, row.now, sides)
    written = _row_value(name, row, row.was, sides)
    if written != _row_value(name, row, row.last, sides):
        before = written  # an older row was drawn from what the source said then
    if name == "status":
        return merge_status(str(before), str(source), str(written), str(value), rules.roles)
    return merge_field(before, source, written, value)


def _is_edited(name: str, row: RowSide, sides: Sides) -> bool:
    return row.was is None or _row_value(name, row, row.now, sides) != _row_value(name, row, row.was, sides)


def _says_other(name: str, row: RowSide, sides: Sides) -> bool:
    return not _is_emptied(name, row) and _row_value(name, row, row.now, sides) != _source_value(name, sides)


def _is_emptied(name: str, row: RowSide) -> bool:
    """Tell whether somebody emptied the text of a row: that says nothing; the row is written anew."""
    return name == "prose" and not row.now.prose


def _is_replaced(name: str, sides: Sides) -> bool:
    """Tell whether the source's value came in the place of the one that the base knows, and isn't an edit of it.

    Then a conflict copy of the note still says what the base knows; who typed the other knew of no conflict.
    """
    before = _value(name, sides.base) if sides.base else None
    return _source_value(name, sides) != before and any(_value(name, copy) == before for copy in sides.replaced)


def _decide_without_base(
    name: str, sides: Sides, values: Mapping[object, RowSide], rules: Rules
) -> tuple[Winner, RowSide | None]:
    """Decide a field of which nobody knows which side changed; `values` are all that stand in the rows."""
    source = _source_value(name, sides)
    differing = {value: row for value, row in values.items() if value != source}
    if not differing:
        return Winner.AGREE, None
    row = next(iter(differing.values()))
    if name == "status" and len(differing) == 1:
        return merge_status_without_base(str(source), row.now.symbol, rules.roles), row
    return Winner.CONFLICT, None


def _source_value(name: str, sides: Sides) -> object:
    return sides.symbol if name == "status" else _value(name, sides.source)


def _value(name: str, source: SourceSide) -> object:
    if name == "assignee":
        return source.assignees
    return source.line.symbol if name == "status" else getattr(source.values, name)


def _row_value(name: str, row: RowSide, values: RowValues | None, sides: Sides) -> object:
    """Return what a row says in one of its readings; where that is None, now."""
    values = values or row.now
    if name == "assignee":
        return assigned(row, values.mentions, (sides.base or sides.source).assignees, sides)
    return values.symbol if name == "status" else getattr(values, name)


def becomes_done(row: RowSide, rules: Rules) -> bool:
    """Tell whether this row has been ticked since it was written."""
    role_of = rules.roles.role_of
    return role_of(row.now.symbol) is Role.DONE and row.was is not None and role_of(row.was.symbol) is not Role.DONE


# -- what is told


def disagreement(name: str, sides: Sides, speaking: Mapping[str, RowSide]) -> Disagreement:
    """Return what each side holds in a field that is in conflict."""
    source = _source_value(name, sides)
    rows = {
        # A row that names nobody is the source's, whoever that is assigned to.
        note: _told(source if name == "assignee" and not row.now.mentions else _row_value(name, row, row.now, sides))
        for note, row in speaking.items()
    }
    return Disagreement(_told(source), rows)


def _told(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)
