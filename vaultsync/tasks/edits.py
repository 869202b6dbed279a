"""Changes of a task line as a whole: its status, with the dates, the next occurrence and the removal that this brings.

Left to others: single pieces (spans.py), counting days (recurrence.py), and when to change what (reconcile). Only what
a transition calls for is written; the rest of the line keeps its bytes, where the plugin would put all of it in order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from vaultsync.model import INVALID
from vaultsync.tasks.line import TASK_LINE
from vaultsync.tasks.recurrence import Dates, next_dates
from vaultsync.tasks.rule_text import read_rule
from vaultsync.tasks.signifiers import SPACE
from vaultsync.tasks.spans import read_again, set_block_id, set_field, set_symbol
from vaultsync.tasks.statuses import next_symbol, reopened_symbol, status_of

if TYPE_CHECKING:
    from vaultsync.model import FieldName, TaskLine, TaskSettings

__all__ = [
    "change_status",
    "next_occurrence",
    "set_block_id",
    "set_field",
    "set_status",
    "set_symbol",
    "toggle_text",
]


_LINE_ENDS: Final = "\n\r\u2028\u2029"


def change_status(  # noqa: PLR0913 - the four flags are the transition, which callers know by role or by type
    line: TaskLine,
    symbol: str,
    settings: TaskSettings,
    today: str,
    *,
    was_done: bool,
    is_done: bool,
    was_cancelled: bool,
    is_cancelled: bool,
) -> str:
    """Write a symbol and the ✅ and ❌ that go with the transition (Obsidian Tasks, Done date and Cancelled date).

    Entering writes today, or takes an old date out where the settings want none; staying keeps the date; anything else
    takes it out. The symbol that is there already changes nothing.
    """
    if symbol == line.symbol:
        return line.text
    changes: dict[FieldName, str | None] = {}
    if not (was_done and is_done):
        changes["done"] = today if is_done and settings.set_done_date else None
    if not (was_cancelled and is_cancelled):
        changes["cancelled"] = today if is_cancelled and settings.set_cancelled_date else None
    # The symbol goes last: an empty one would leave no task to edit.
    dated = read_again(_with(line, changes, settings), line, settings)
    return set_symbol(dated or line, symbol)


def _with(line: TaskLine, changes: dict[FieldName, str | None], settings: TaskSettings) -> str:
    for name, value in changes.items():
        if value is not None or any(field.name == name for field in line.fields):
            line = read_again(set_field(line, name, value, settings), line, settings) or line
    return line.text


def set_status(line: TaskLine, to: str | None, settings: TaskSettings, today: str) -> list[str] | None:
    """Give the lines that stand for a task after a click (`to` None) or a change to a symbol, in the note's order.

    Completing one with a valid rule adds its next occurrence, and one that says `🏁 delete` takes it out. None where
    Tasks would refuse: a symbol that isn't one character, or one that ends a line.
    """
    if to is not None and (len(to) != 1 or to in _LINE_ENDS):
        return None
    symbol = next_symbol(line.symbol, settings) if to is None else to
    old, new = status_of(line.symbol, settings).type, status_of(symbol, settings).type
    changed = change_status(
        line,
        symbol,
        settings,
        today,
        was_done=old == "DONE",
        is_done=new == "DONE",
        was_cancelled=old == "CANCELLED",
        is_cancelled=new == "CANCELLED",
    )
    if new != "DONE" or old == "DONE":
        return [changed]
    kept = [] if line.on_completion == "delete" else [changed]
    following = next_occurrence(line, settings, today, done_symbol=symbol)
    if following is None:
        return kept
    return [*kept, following] if settings.recurrence_on_next_line else [following, *kept]


def next_occurrence(
    line: TaskLine, settings: TaskSettings, today: str, *, done_symbol: str | None = None
) -> str | None:
    """Write the next occurrence of a recurring task (Obsidian Tasks, Recurring tasks), without a block id.

    `line` is the completed line, or the one before with the symbol it is completed with. Text, priority, rule and 🏁
    stay, the dates move on, 🆔 ⛔ ✅ ❌ go, and ➕ is today or goes. None without a valid rule, and where the rule has
    no further day (the plugin writes the words "Invalid date" there).
    """
    typed = next((field.value for field in line.fields if field.name == "recurrence" and field.counts), "")
    rule = read_rule(typed) if line.recurrence else None
    dates = next_dates(rule, Dates(line.start, line.scheduled, line.due), settings, today) if rule else None
    if dates is None or INVALID in dates:
        return None
    text = _with(
        line,
        {
            **dict.fromkeys(("block_id", "id", "depends_on", "done", "cancelled")),
            "created": today if settings.set_created_date else None,
            "start": dates.start,
            "scheduled": dates.scheduled,
            "due": dates.due,
        },
        settings,
    )
    fresh = read_again(text, line, settings)
    return set_symbol(fresh, reopened_symbol(done_symbol or line.symbol, settings)) if fresh else None


_LIST_ITEM: Final = re.compile(rf"[{SPACE}>]*+(?:[-*+]|[0-9]++[.)])")
_INDENT: Final = re.compile(rf"[{SPACE}>]*+")


def toggle_text(text: str) -> str:
    """Click on a line that is no task to Tasks (its toggle command): a box changes or comes, and nothing else.

    A box that the global filter leaves out goes from a space to `x`, and from anything else to a space.
    """
    box = TASK_LINE.match(text)
    if box:
        return f"{text[: box.start(3)]}{'x' if box[3] == ' ' else ' '}{text[box.end(3) :]}"
    item = _LIST_ITEM.match(text)
    if item:
        return f"{item[0]} [ ]{text[item.end() :]}"
    indent = _INDENT.match(text)
    at = indent.end() if indent else 0
    return f"{text[:at]}- [ ] {text[at:]}"
