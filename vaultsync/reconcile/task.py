"""Merge one task: its source line, its rows and the base in; the new source line and the disagreements out.

Who wins a field is decided in `merge`, how a line is changed in the tasks room; what a completion spawns is `completion`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.index import inert
from vaultsync.index.rows import DATE_FIELDS, FIELDS, RowValues, read_row, shown_values, source_tokens
from vaultsync.model import INVALID, Role, TaskLine
from vaultsync.reconcile.merge import Winner, join_sets, merge_field, merge_status, merge_status_without_base
from vaultsync.tasks.edits import set_field, set_symbol
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import UNASSIGNED, Roster
from vaultsync.tasks.text import TaskText, read_text, set_assignees, set_prose, set_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.snapshot import RowAt, SourceTask
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field on which the sides differ; each keeps its own value until one of them changes."""

    source: str
    rows: Mapping[str, str]  # index note's path -> the row's value


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one task. `before` and `after` are whole source lines; equal lines need no edit."""

    before: str
    after: str
    why: str = ""
    disagreements: Mapping[str, Disagreement] = field(default_factory=dict)
    row_values: Mapping[str, RowValues] = field(default_factory=dict)  # what the rows hold, where fields disagree
    completed: bool = False  # it has just become done: what a completion spawns or deletes is due
    through_row: bool = False  # a row made it so
    source_changed: bool = False  # a change of the source has still to reach the rows
    refusal: str | None = None  # the edit can't be made as asked; nothing of the task may change now


@dataclass(frozen=True, slots=True)
class _Source:
    """A source line's reading, now or in the base."""

    path: str
    line: TaskLine
    text: TaskText
    values: RowValues
    tags: frozenset[str]  # the hidden ones too
    assignees: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's reading now and as last written; `was` is None where the base doesn't know the task."""

    at: RowAt
    now: RowValues
    was: RowValues | None


@dataclass(frozen=True, slots=True)
class _Sides:
    """Everything that the merge of one task compares."""

    source: _Source
    base: _Source | None
    standing: frozenset[str]  # fields in conflict since an earlier cycle
    rows: tuple[_Row, ...]
    symbol: str  # the source's status, an acceptance by gesture included


class _RefusalError(Exception):
    """The edit that a merge asks for can't be made."""


def merge_task(  # noqa: PLR0913 - the whole of what a merge is a function of
    base: BaseTask | None, source: SourceTask, rows: Sequence[RowAt], rules: Rules, roster: Roster, today: str
) -> Merged:
    """Merge one task's source line with its rows.

    A row is measured against the row as last written, the source line against the base's. Without a base equal sides are
    adopted, `proposed` yields, everything else is a conflict, and no transition has effects (product contract, "Reconciling").
    """
    line = source.task.line
    unchanged = (
        base is not None and base.line == line.text and all(base.rows.get(at.note) == at.row.text for at in rows)
    )
    if base is None and not rows:
        return Merged(line.text, line.text)
    if unchanged and base and not base.conflicts:
        return Merged(line.text, line.text)
    sides = _read_sides(base, source, rows, rules, roster)
    # Each field is now either won by one side, agreed on, or in conflict; a conflict changes neither side.
    winners = {name: _decide(name, sides, rules) for name in FIELDS}
    taken = {name: row for name, (winner, row) in winners.items() if winner is Winner.ROW and row}
    disagreeing = [name for name, (winner, _) in winners.items() if winner is Winner.CONFLICT]
    symbol = taken["status"].now.symbol if "status" in taken else sides.symbol
    try:
        after = _take_over(taken, sides, rules, roster)
        after = _apply_tags(after, sides, rules, roster)
        after, completed = _apply_transition(after, symbol, sides, rules, roster, today)
    except (_RefusalError, ValueError) as error:
        return Merged(line.text, line.text, refusal=str(error))
    return Merged(
        before=line.text,
        after=after,
        why="row" if taken else "status",
        disagreements={name: _disagreement(name, sides) for name in disagreeing},
        row_values={row.at.note: row.now for row in sides.rows} if disagreeing else {},
        completed=completed,
        through_row=completed and any(_becomes_done(row, rules) for row in sides.rows),
        source_changed=any(winner is Winner.SOURCE for winner, _ in winners.values()),
    )


# -- reading both sides


def _read_sides(
    base: BaseTask | None, source: SourceTask, rows: Sequence[RowAt], rules: Rules, roster: Roster
) -> _Sides:
    task = source.task
    now = _source(task.line, source.text, frozenset(source.assignees), task.path, rules)
    was = None
    if base is not None and (line := _parse(base.line, rules)):
        text = read_text(line, roster, rules.assignees)
        was = _source(line, text, frozenset(text.assignees) or now.assignees & _implied(now), base.path, rules)
    rule = (was or now).line.recurrence
    read: list[_Row] = []
    for at in rows:
        values = read_row(at.row.text, rule, roster, rules)
        if values is None:
            continue
        written = base.rows.get(at.note) if base else None
        before = read_row(written, rule, roster, rules) if written else None
        # A row in a note where the base knows none (a copy, a note made anew) is measured against what we would have written.
        read.append(_Row(at, values, before or (was.values if was else None)))
    symbol = _accepted_symbol(was, now, rules) if was else now.line.symbol
    return _Sides(now, was, base.conflicts if base else frozenset(), tuple(read), symbol)


def _source(line: TaskLine, text: TaskText, assignees: frozenset[str], path: str, rules: Rules) -> _Source:
    values = shown_values(line, text, path, rules)
    return _Source(path, line, text, values, frozenset(text.tags), assignees)


def _implied(source: _Source) -> frozenset[str]:
    """Return the assignees that no mention of the line names (the person of the index note that it stands in)."""
    return source.assignees - frozenset(source.text.assignees)


def _parse(text: str, rules: Rules) -> TaskLine | None:
    return parse_line(text, rules.tasks, hidden=rules.read_hidden_fields)


def _accepted_symbol(was: _Source, now: _Source, rules: Rules) -> str:
    """Return the status that the source line means: taking only `#proposed` off a proposed line accepts it."""
    symbol = now.line.symbol
    if symbol != was.line.symbol or rules.roles.role_of(symbol) is not Role.PROPOSED:
        return symbol
    gone = was.tags - now.tags
    if not gone or any(tag.lower() not in rules.remove_tags for tag in gone) or now.tags - was.tags:
        return symbol
    fields_alike = all(_value(name, now) == _value(name, was) for name in FIELDS if name != "tags")
    return rules.roles.symbol_for(Role.TODO) if fields_alike else symbol


# -- deciding, field by field


def _decide(name: str, sides: _Sides, rules: Rules) -> tuple[Winner, _Row | None]:
    """Return who wins a field, and the row that speaks for the rows where one does."""
    if name == "tags" and sides.base is not None:
        return Winner.AGREE, None  # sets are joined, see _apply_tags
    changed: dict[object, _Row] = {}
    for row in sides.rows:
        value = _row_value(name, row, sides)
        if row.was is None or value != _row_value(name, row, sides, written=True):
            changed.setdefault(value, row)
    source = sides.symbol if name == "status" else _value(name, sides.source)
    if sides.base is None:
        differing = {value: row for value, row in changed.items() if value != source}
        if not differing:
            return Winner.AGREE, None
        # Without a base nobody knows which side changed.
        row = next(iter(differing.values()))
        if name == "status" and len(differing) == 1:
            return merge_status_without_base(str(source), row.now.symbol, rules.roles), row
        return Winner.CONFLICT, None
    before = _value(name, sides.base)
    if not changed:
        if source != before:
            return Winner.SOURCE, None
        differs = any(_row_value(name, row, sides) != source for row in sides.rows)
        return (Winner.CONFLICT if name in sides.standing and differs else Winner.AGREE), None
    if len(changed) > 1:
        return Winner.CONFLICT, None
    # Exactly one new value stands in the rows.
    (value, row), *_ = changed.items()
    if name == "prose" and not value:
        return Winner.SOURCE, None  # an emptied text is never taken over; the row is written anew
    written = _row_value(name, row, sides, written=True)
    if name == "status":
        return merge_status(str(before), str(source), str(written), str(value), rules.roles), row
    return merge_field(before, source, written, value), row


def _value(name: str, source: _Source) -> object:
    if name == "assignee":
        return source.assignees
    return source.line.symbol if name == "status" else getattr(source.values, name)


def _row_value(name: str, row: _Row, sides: _Sides, *, written: bool = False) -> object:
    values = row.was if written and row.was is not None else row.now
    if name == "assignee":
        return _assigned_by_row((sides.base or sides.source).assignees, row.at.person, values.mentions)
    return values.symbol if name == "status" else getattr(values, name)


def _assigned_by_row(assignees: frozenset[str], person: str, mentions: Sequence[str]) -> frozenset[str]:
    """Return who is assigned by the mentions typed into a row of `person`'s index note.

    Another name replaces the assignee that the row stands for; the own name repeated with another adds that one.
    """
    if not mentions:
        return assignees
    kept = assignees if person in mentions else assignees - {person}
    return (kept | frozenset(mentions)) - ({UNASSIGNED} if set(mentions) - {UNASSIGNED} else frozenset())


def _becomes_done(row: _Row, rules: Rules) -> bool:
    role_of = rules.roles.role_of
    return role_of(row.now.symbol) is Role.DONE and row.was is not None and role_of(row.was.symbol) is not Role.DONE


# -- changing the source line


def _take_over(taken: Mapping[str, _Row], sides: _Sides, rules: Rules, roster: Roster) -> str:
    """Return the source line with the fields that rows won; text first, since it moves the offsets of nothing we hold."""
    text = sides.source.line.text
    if row := taken.get("prose"):
        written = row.was.prose if row.was else sides.source.values.prose
        prose = " ".join(inert.restore(written, row.now.prose, source_tokens(sides.source.text), sides.source.path))
        text = _changed(text, rules, roster, lambda line, words: set_prose(line, words, prose))
    if row := taken.get("assignee"):
        people = _assigned_by_row(sides.source.assignees, row.at.person, row.now.mentions)
        ordered = [name for name in sides.source.text.assignees if name in people]
        ordered += [name for name in dict.fromkeys(row.now.mentions) if name in people and name not in ordered]
        text = _changed(text, rules, roster, lambda line, words: set_assignees(line, words, ordered, roster))
    for name in (*DATE_FIELDS, "priority"):
        if name not in taken:
            continue
        value = getattr(taken[name].now, name)
        if value == INVALID:
            raise _RefusalError(f"the {name} date in the row is no day of the calendar")
        text = _with_field(text, name, None if value == "none" else value, rules)
    return text


def _apply_tags(text: str, sides: _Sides, rules: Rules, roster: Roster) -> str:
    if sides.base is None:
        return text
    tags = sides.source.tags
    for row in sides.rows:
        if row.was is not None:
            tags = join_sets(sides.base.tags, tags, row.was.tags, row.now.tags)
    return _with_tags(text, sorted(tags - sides.source.tags), sorted(sides.source.tags - tags), rules, roster)


def _apply_transition(  # noqa: PLR0913 - line, sides and everything a transition is a function of
    text: str, symbol: str, sides: _Sides, rules: Rules, roster: Roster, today: str
) -> tuple[str, bool]:
    """Write the status, and what a change of role against the base brings with it; tell whether the task became done."""
    line = _must_parse(text, rules)
    if line.symbol != symbol:
        text = set_symbol(line, symbol)
    if sides.base is None:
        return text, False
    was, role = rules.roles.role_of(sides.base.line.symbol), rules.roles.role_of(symbol)
    if was is role:
        return text, False
    if was is Role.PROPOSED:
        leaving = [tag for tag in sides.source.text.tags if tag.lower() in rules.remove_tags]
        text = _with_tags(text, [], leaving, rules, roster)
    for name, own, wanted in (
        ("done", Role.DONE, rules.tasks.set_done_date),
        ("cancelled", Role.REJECTED, rules.tasks.set_cancelled_date),
    ):
        if role is own:
            text = _with_field(text, name, _entry_date(name, sides, today) if wanted else None, rules)
        elif was is own or role is not None:
            text = _with_field(text, name, None, rules)
    return text, role is Role.DONE


def _entry_date(name: str, sides: _Sides, today: str) -> str:
    """Return the date of entering done or rejected: the one that Tasks has just written on either side, else today."""
    at_source, before = getattr(sides.source.line, name), getattr(sides.base.line, name) if sides.base else None
    if at_source and at_source not in (before, INVALID):
        return str(at_source)
    if name == "done":
        for row in sides.rows:
            if row.now.done and row.was is not None and row.now.done != row.was.done:
                return row.now.done
    return today


def _with_field(text: str, name: str, value: str | None, rules: Rules) -> str:
    line = _must_parse(text, rules)
    now = getattr(line, name)
    if (None if now == "none" else now) == value:
        return text
    after = set_field(line, name, value, rules.tasks)  # type: ignore[arg-type]
    read = getattr(_must_parse(after, rules), name)
    if (None if read == "none" else read) != value:
        raise _RefusalError(f"the line would not read with {name} {value or 'removed'}")
    return after


def _with_tags(text: str, add: Sequence[str], remove: Sequence[str], rules: Rules, roster: Roster) -> str:
    if not add and not remove:
        return text
    return _changed(text, rules, roster, lambda line, words: set_tags(line, words, add, remove))


def _changed(text: str, rules: Rules, roster: Roster, change: Callable[[TaskLine, TaskText], str]) -> str:
    line = _must_parse(text, rules)
    return change(line, read_text(line, roster, rules.assignees))


def _must_parse(text: str, rules: Rules) -> TaskLine:
    line = _parse(text, rules)
    if line is None:
        raise _RefusalError("the line would no longer be a task")
    return line


# -- what is told


def _disagreement(name: str, sides: _Sides) -> Disagreement:
    source: object = sides.symbol if name == "status" else _value(name, sides.source)
    rows = {row.at.note: _told(_row_value(name, row, sides)) for row in sides.rows}
    return Disagreement(_told(source), rows)


def _told(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)
