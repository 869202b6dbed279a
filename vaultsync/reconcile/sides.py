"""Read the two sides of one task, the source line and its rows, now and as last agreed; decide each field between them.

How a field is merged is `merge`'s, what the outcome does to the source line is `task`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.index.rows import DATE_FIELDS, FIELDS, RowValues, read_row, row_settings, shown_values
from vaultsync.model import FieldName, Role, TaskLine
from vaultsync.reconcile.merge import Winner, merge_field, merge_status, merge_status_without_base
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import UNASSIGNED, Roster
from vaultsync.tasks.text import TaskText, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.snapshot import RowAt, SourceTask
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
    """A row's reading now and as last written; `was` is None where the base doesn't know the task."""

    at: RowAt
    now: RowValues
    was: RowValues | None
    typed: Mapping[FieldName, str]  # as somebody typed them here: fields that rows never show, and ✅
    is_old: bool = False  # it was edited as it stood before the last writing


@dataclass(frozen=True, slots=True)
class Sides:
    """Everything that the merge of one task compares."""

    source: SourceSide
    base: SourceSide | None
    standing: frozenset[str]  # fields in conflict since an earlier cycle
    rows: tuple[RowSide, ...]
    symbol: str  # the source's status, an acceptance by gesture included
    owner: str | None = None  # of the vault


# -- reading both sides


def read_sides(base: BaseTask | None, source: SourceTask, rows: Sequence[RowAt], rules: Rules, roster: Roster) -> Sides:
    """Read both sides of a task; a row that is no task line any more is passed over."""
    task = source.task
    now = _source(task.line, source.text, frozenset(source.assignees), task.path, rules)
    was = None
    if base is not None and (line := parse_source(base.line, rules)):
        text = read_text(line, roster, rules.assignees)
        was = _source(line, text, frozenset(text.assignees) or now.assignees & _implied(now), base.path, rules)
    rule = (was or now).line.recurrence
    read: list[RowSide] = []
    for at in rows:
        values = read_row(at.row.text, rule, roster, rules)
        if values is None:
            continue
        before = None
        for texts in _written(base, at, rows):
            before = before or _nearest(values, [row for text in texts if (row := read_row(text, rule, roster, rules))])
        # A row where the base knows none (a copy, a note made anew) is measured against what we would have written.
        written_values = before or (was.values if was else None)
        last = [read_row(text, rule, roster, rules) for text in base.rows.values()] if base and before else [before]
        read.append(RowSide(at, values, written_values, _typed(at, written_values, rules), before not in last))
    symbol = _accepted_symbol(was, now, rules) if was else now.line.symbol
    return Sides(now, was, base.conflicts if base else frozenset(), tuple(read), symbol, roster.owner)


def _written(base: BaseTask | None, at: RowAt, rows: Sequence[RowAt]) -> Iterator[Sequence[str]]:
    """Yield the rows as written that this one may have been before somebody edited it, the likeliest first."""
    if base is None:
        return
    here = [base.rows[at.note]] if at.note in base.rows else []
    if at.copy is not None:
        yield [*here, *base.former]
    elif here:
        yield here
    elif base.rows.keys() - {other.note for other in rows}:
        # An index note may be renamed. Which of several it was, and that it isn't a copy of another, its row tells.
        yield list(base.rows.values())
    # A copy of an index note that somebody made may be of a time before the last writing, too.
    yield [*base.rows.values(), *base.former]


def _nearest(values: RowValues, written: Sequence[RowValues]) -> RowValues | None:
    """Return which of several rows somebody edited into this one: the one that it differs from in the fewest fields.

    A conflict copy may be of a time before the last writing. Of several that are as near the oldest is taken: what was
    written since is then a change of the other side, so that neither is written over. A heuristic: an edit that goes
    back to an older row in one field and changes another is taken for an edit of that older row, whose other fields
    then are no edits.
    """
    names = ("symbol", "prose", "tags", "mentions", "priority", *DATE_FIELDS)
    return min(
        reversed(written),
        key=lambda other: sum(getattr(values, name) != getattr(other, name) for name in names),
        default=None,
    )


def _typed(at: RowAt, was: RowValues | None, rules: Rules) -> dict[FieldName, str]:
    line = parse_line(at.row.text, row_settings(rules), hidden=True)
    if line is None:
        return {}
    typed = {field.name: field.value for field in line.fields if field.name in NEVER_SHOWN}
    done = next((field.value for field in line.fields if field.name == "done" and field.counts), None)
    # A ✅ that the row was written with is no news.
    return {**typed, "done": done} if done and was is not None and line.done != was.done else typed


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
    """Return the status that the source line means: taking only `#proposed` off a proposed line accepts it."""
    symbol = now.line.symbol
    if symbol != was.line.symbol or rules.roles.role_of(symbol) is not Role.PROPOSED:
        return symbol
    gone = was.tags - now.tags
    if not gone or any(tag.lower() not in rules.remove_tags for tag in gone) or now.tags - was.tags:
        return symbol
    fields_alike = all(_value(name, now) == _value(name, was) for name in FIELDS if name != "tags")
    return rules.roles.symbol_for(Role.TODO) if fields_alike else symbol


def speaking_rows(sides: Sides) -> tuple[dict[str, RowSide], tuple[RowAt, ...]]:
    """Return the one row of each index note that holds its value in a conflict, and further ones that were edited.

    A row may have been doubled within its note: the first copy that was edited speaks for it.
    """
    speaking: dict[str, RowSide] = {}
    for row in sides.rows:
        held = speaking.setdefault(row.at.note, row)
        if held.now == held.was and row.now != row.was:
            speaking[row.at.note] = row
    spare = (row for row in sides.rows if row.now not in (row.was, speaking[row.at.note].now))
    return speaking, tuple(row.at for row in spare)


# -- deciding, field by field


def decide(name: str, sides: Sides, rules: Rules) -> tuple[Winner, RowSide | None]:
    """Return who wins a field, and the row that speaks for the rows where one does."""
    changed: dict[object, RowSide] = {}
    for row in sides.rows:
        value = _row_value(name, row, sides)
        if name == "prose" and not value:
            continue  # an emptied text says nothing; the row is written anew
        if row.was is None or value != _row_value(name, row, sides, written=True):
            changed.setdefault(value, row)
    if sides.base is None:
        return _decide_without_base(name, sides, changed, rules)
    if name == "tags" and name not in sides.standing:
        return Winner.AGREE, None  # sets are joined where both sides' past is known, see `task`
    source, before = _source_value(name, sides), _value(name, sides.base)
    if not changed:
        if source != before:
            return Winner.SOURCE, None
        values = (_row_value(name, row, sides) for row in sides.rows)
        differs = any(value != source for value in values if value or name != "prose")
        return (Winner.CONFLICT if name in sides.standing and differs else Winner.AGREE), None
    if len(changed) > 1:
        return Winner.CONFLICT, None
    # Exactly one new value stands in the rows.
    (value, row), *_ = changed.items()
    written = _row_value(name, row, sides, written=True)
    # An old row was drawn from what the source said then.
    before = written if row.is_old else before
    if name == "status":
        return merge_status(str(before), str(source), str(written), str(value), rules.roles), row
    return merge_field(before, source, written, value), row


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


def _row_value(name: str, row: RowSide, sides: Sides, *, written: bool = False) -> object:
    values = row.was if written and row.was is not None else row.now
    if name == "assignee":
        assignees = (sides.base or sides.source).assignees
        return assigned_by_row(assignees, stands_for(row.at.person, assignees, sides.owner), values.mentions)
    return values.symbol if name == "status" else getattr(values, name)


def stands_for(person: str, assignees: frozenset[str], owner: str | None) -> str:
    """Return which assignee a row of `person`'s index note stands for: of what is owed to that person, the owner."""
    return owner if owner in assignees and person not in assignees else person


def assigned_by_row(assignees: frozenset[str], person: str, mentions: Sequence[str]) -> frozenset[str]:
    """Return who is assigned by the mentions typed into a row that stands for `person`.

    Another name replaces the assignee that the row stands for; the own name repeated with another adds that one. A row
    that stands for nobody who is assigned (the source was handed over meanwhile) says just whom it names.
    """
    if not mentions:
        return assignees
    if person not in assignees and person not in mentions:
        return frozenset(mentions)
    kept = assignees if person in mentions else assignees - {person}
    return (kept | frozenset(mentions)) - ({UNASSIGNED} if set(mentions) - {UNASSIGNED} else frozenset())


def becomes_done(row: RowSide, rules: Rules) -> bool:
    """Tell whether this row has been ticked since it was written."""
    role_of = rules.roles.role_of
    return role_of(row.now.symbol) is Role.DONE and row.was is not None and role_of(row.was.symbol) is not Role.DONE


# -- what is told


def disagreement(name: str, sides: Sides) -> Disagreement:
    """Return what each side holds in a field that is in conflict."""
    rows = {note: _told(_row_value(name, row, sides)) for note, row in speaking_rows(sides)[0].items()}
    return Disagreement(_told(_source_value(name, sides)), rows)


def _told(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)
