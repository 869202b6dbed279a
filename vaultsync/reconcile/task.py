"""Merge one task: its source line, its rows and the base in; the new source line and the disagreements out.

Who wins a field is decided in `sides`, how a line is changed in the tasks room; what a completion spawns is for
`completion`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.index.restore import restore
from vaultsync.index.rows import DATE_FIELDS, FIELDS, RowValues, shows_tag, source_tokens
from vaultsync.markdown.merge3 import merge3
from vaultsync.model import INVALID, Problem, Role, TaskLine
from vaultsync.reconcile.assignees import as_in_conflict, assigned
from vaultsync.reconcile.merge import Winner, join_sets
from vaultsync.reconcile.sides import (
    Disagreement,
    RowSide,
    Sides,
    becomes_done,
    decide,
    disagreement,
    parse_source,
    read_sides,
    speaking_rows,
)
from vaultsync.tasks.edits import set_field, set_symbol
from vaultsync.tasks.rule_text import read_rule
from vaultsync.tasks.signifiers import spell
from vaultsync.tasks.text import TaskText, read_text, set_assignees, set_prose, set_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.snapshot import RowAt, SourceTask
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one task. `before` and `after` are whole source lines; equal lines need no edit."""

    before: str
    after: str
    why: str = ""
    disagreements: Mapping[str, Disagreement] = field(default_factory=dict)
    row_values: Mapping[str, RowValues] = field(default_factory=dict)  # by index note, where fields disagree
    spare: tuple[RowAt, ...] = ()  # further rows of a note that somebody doubled and edited, where fields disagree
    completed: bool = False  # it has just become done
    recurs: bool = False  # so its next occurrence is due
    removable: bool = False  # and nothing speaks against taking the line out, where it says so
    told: tuple[Problem, ...] = ()  # what somebody typed into a row and the source doesn't take
    refusal: str | None = None  # the edit can't be made as asked; nothing of the task may change now


AGREED = Merged("", "")  # of a task whose two sides agreed at the last plan, and still are the same

_DATES = ("created", "done", "cancelled")


class _RefusalError(Exception):
    """The edit that a merge asks for can't be made."""


def merge_task(  # noqa: PLR0913 - the whole of what a merge is a function of
    base: BaseTask | None,
    source: SourceTask,
    rows: Sequence[RowAt],
    rules: Rules,
    roster: Roster,
    today: str,
    replaced: Sequence[TaskLine] = (),
) -> Merged:
    """Merge one task's source line with its rows; `replaced` are lines of it in conflict copies of its note.

    A row is measured against the row as last written, the source line against the base's. Without a base equal sides
    are adopted, `proposed` yields, all else is a conflict, and no transition has effects (product contract,
    "Reconciling").
    """
    text = source.task.text
    unchanged = base is not None and base.line == text and all(base.rows.get(at.note) == at.row.text for at in rows)
    if base is None and not rows:
        return Merged(text, text)
    if unchanged and base and not base.conflicts:
        return Merged(text, text)
    line = source.task.line
    sides = read_sides(base, source, rows, replaced, rules, roster)
    # Each field is now either won by one side, agreed on, or in conflict; a conflict changes neither side.
    winners = {name: decide(name, sides, rules) for name in FIELDS}
    taken = {name: row for name, (winner, row) in winners.items() if winner is Winner.ROW and row}
    disagreeing = [name for name, (winner, _) in winners.items() if winner is Winner.CONFLICT]
    speaking, spare = speaking_rows(sides, disagreeing)
    symbol = taken["status"].now.symbol if "status" in taken else sides.symbol
    try:
        after = _take_over(taken, sides, rules, roster)
        after = _apply_tags(after, sides, rules, roster)
        after, completed = _apply_transition(after, symbol, sides, rules, roster, today)
        after, told = _apply_typed(after, sides, rules)
        _require_id(after, line.block_id, rules)
    except (_RefusalError, ValueError) as error:
        return Merged(line.text, line.text, refusal=str(error))
    return Merged(
        before=line.text,
        after=after,
        why="row" if taken or any(row.was is not None and row.now != row.was for row in sides.rows) else "status",
        disagreements={name: disagreement(name, sides, speaking) for name in disagreeing},
        row_values={note: as_in_conflict(row, disagreeing, sides) for note, row in speaking.items() if disagreeing},
        spare=spare,
        completed=completed and "status" not in disagreeing,
        recurs=_recurs(sides, rules),
        removable=not disagreeing,
        told=told,
    )


# -- changing the source line


def _take_over(taken: Mapping[str, RowSide], sides: Sides, rules: Rules, roster: Roster) -> str:
    """Return the source line with the fields that rows won."""
    text = sides.source.line.text
    if row := taken.get("prose"):
        prose = " ".join(_prose_of(row, sides))
        text = _changed(text, rules, roster, lambda line, words: set_prose(line, words, prose))
    if row := taken.get("assignee"):
        people = assigned(row, row.now.mentions, sides.source.assignees, sides)
        ordered = [name for name in sides.source.text.assignees if name in people]
        ordered += [name for name in dict.fromkeys(row.now.mentions) if name in people and name not in ordered]
        text = _changed(text, rules, roster, lambda line, words: set_assignees(line, words, ordered, roster))
    if row := taken.get("tags"):
        shown, wanted = sides.source.values.tags, row.now.tags
        text = _with_tags(text, sorted(wanted - shown), sorted(shown - wanted), rules, roster)
    for name in (*DATE_FIELDS, "priority"):
        if name not in taken:
            continue
        value = getattr(taken[name].now, name)
        if value == INVALID:
            raise _RefusalError(f"the {name} date in the row is no day of the calendar")
        text = _with_field(text, name, None if value == "none" else value, rules)
    return text


def _apply_typed(text: str, sides: Sides, rules: Rules) -> tuple[str, tuple[Problem, ...]]:
    """Return the source line with the fields that somebody typed into a row, which doesn't show them.

    They go to the source if it has none. A ✅ that was changed in a row which is and was done is the task's. Of any
    other the source keeps its own, and that is told.
    """
    told: list[Problem] = []
    for row in sides.rows:
        for name, value in row.typed.items():
            line = _must_parse(text, rules)
            standing = next((field.value for field in line.fields if field.name == name and field.counts), None)
            if standing is not None and _says_alike(name, standing, value):
                continue
            wrong = name in _DATES and not _is_day(value)
            redated = name == "done" and _stays_done(row, rules) and sides.source.line.done == _base_done(sides)
            if not wrong and (standing is None or redated):
                text = set_field(line, name, value, rules.tasks)
                continue
            why = "it is no day of the calendar" if wrong else f"the task has {standing}, which stays"
            typed = spell(name, value, rules.tasks)
            what = f"{typed} was typed into the row, but {why}; change it in {sides.source.path}"
            told.append(Problem(row.at.note, row.at.row.number, what, once=True))
    return text, tuple(told)


def _says_alike(name: str, standing: str, value: str) -> bool:
    if name == "recurrence" and (rule := read_rule(standing)):
        other = read_rule(value)
        return other is not None and other.text == rule.text
    return standing.casefold().split() == value.casefold().split()


def _is_day(value: str) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _stays_done(row: RowSide, rules: Rules) -> bool:
    role_of = rules.roles.role_of
    return row.was is not None and role_of(row.now.symbol) is role_of(row.was.symbol) is Role.DONE


def _base_done(sides: Sides) -> str | None:
    return sides.base.line.done if sides.base else None


def _prose_of(row: RowSide, sides: Sides) -> list[str]:
    """Return the source's words after the edit of a row.

    A row drawn with other settings may show other words than we would draw today, its fields among them, say. Then
    only what was changed in it is carried over to the words that the source shows today.
    """
    shown, now = sides.source.values.prose, row.now.prose
    written = row.was.prose if row.was else shown
    in_conflict = "prose" in sides.standing  # then they differ, whatever the settings
    if sides.base is not None and not in_conflict and written not in (shown, sides.base.values.prose):
        now = tuple(merge3(" ".join(written), " ".join(shown), " ".join(now)).text.split())
    return restore(now, source_tokens(sides.source.text), sides.source.path)


def _apply_tags(text: str, sides: Sides, rules: Rules, roster: Roster) -> str:
    """Return the source line with the tags that either side added, without those that either removed."""
    if sides.base is None or "tags" in sides.standing:
        return text
    tags = sides.source.tags
    for row in sides.rows:
        if row.was is not None:
            tags = join_sets(sides.base.tags, tags, row.was.tags, _tags_meant(row.was, row.now, sides.base.tags, rules))
    return _with_tags(text, sorted(tags - sides.source.tags), sorted(sides.source.tags - tags), rules, roster)


def _tags_meant(was: RowValues, now: RowValues, base: frozenset[str], rules: Rules) -> frozenset[str]:
    """Return the tags of a row as somebody meant them; `base` are those of the source as the base has it.

    A run with other settings that died after it drew the row has left no record of that: the row then lacks tags that
    rows don't show any more, and has those of the source that they do show now. Nobody has edited these.
    """
    left_out = {tag for tag in was.tags - now.tags if not shows_tag(tag, rules)}
    return (now.tags | left_out) - ((now.tags - was.tags) & base)


def _apply_transition(  # noqa: PLR0913 - line, sides and everything a transition is a function of
    text: str, symbol: str, sides: Sides, rules: Rules, roster: Roster, today: str
) -> tuple[str, bool]:
    """Write the status, and what a change of role against the base brings with it; tell whether it became done."""
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


def _recurs(sides: Sides, rules: Rules) -> bool:
    """Tell whether a completion makes a next occurrence; for a source that carries its ✅ Tasks has made it."""
    if any(becomes_done(row, rules) for row in sides.rows):
        return True
    dated_by_tasks = sides.base is not None and sides.source.line.done not in (None, sides.base.line.done)
    return rules.recur_native_toggles and not dated_by_tasks


def _entry_date(name: str, sides: Sides, today: str) -> str:
    """Return the date of entering done or rejected: the one that Tasks has just written on either side, else today."""
    at_source, before = getattr(sides.source.line, name), getattr(sides.base.line, name) if sides.base else None
    if at_source and at_source not in (before, INVALID):
        return str(at_source)
    typed = (row.typed[name] for row in sides.rows if name in row.typed and row.was is not None)  # type: ignore[index]
    return next(filter(_is_day, typed), today)


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


def _require_id(text: str, block_id: str | None, rules: Rules) -> None:
    if _must_parse(text, rules).block_id != block_id:  # where no text stands before it, it is none
        raise _RefusalError("no text would be left in the line")


def _must_parse(text: str, rules: Rules) -> TaskLine:
    line = parse_source(text, rules)
    if line is None:
        raise _RefusalError("the line would no longer be a task")
    return line
