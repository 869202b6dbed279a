"""Reads one task line: what Obsidian Tasks reports of it, and where each piece stands.

Left to others: which lines of a note are task lines (markdown), who is meant (people.py), and every change (edits.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from vaultsync.model import INVALID, Facts, Field, TaskLine
from vaultsync.tasks.dates import day_in_name, read_day
from vaultsync.tasks.hidden import hidden_fields
from vaultsync.tasks.rule_text import read_rule
from vaultsync.tasks.signifiers import NOT_IN_TAG, READ_ORDER, SPACE, SPACES, find_dataview, find_emoji

if TYPE_CHECKING:
    from vaultsync.model import Priority, TaskSettings
    from vaultsync.tasks.signifiers import Found

_NOT_END = "[^\n\r\u2028\u2029]"
TASK_LINE: Final = re.compile(rf"([{SPACE}>]*+)([-*+]|[0-9]++[.)]) ++\[({_NOT_END})\] *+({_NOT_END}*+)")
"""A task's line, whether or not the global filter lets it in: indentation, marker, symbol, the rest."""
BLOCK_ID: Final = re.compile("[A-Za-z0-9-]++")
"""A block id, without "^"."""
_TAG: Final = re.compile(f"(?:^|[{SPACE}])(#[^{re.escape(NOT_IN_TAG)}]+)")
_TAG_NAME: Final = re.compile(f"[^{re.escape(NOT_IN_TAG)}]++")

_MOST_PASSES: Final = 21
_TAG_ORDER: Final = READ_ORDER["tag"]
_ACTIONS: Final = frozenset({"delete", "keep"})
_KEPT: Final = 512  # lines, of some 1.3 KB each once they are read

LineReader = Callable[[bytes], TaskLine]


class Head(NamedTuple):
    """What shows that a line is a task's, and which one's, before the rest is read."""

    match: re.Match[str]  # of `TASK_LINE`
    start: int  # the body's
    end: int
    block_id: Field | None


@lru_cache(maxsize=8)
def line_reader(settings: TaskSettings, *, hidden: bool) -> LineReader:
    """Return what reads task lines from UTF-8, the latest ones from memory.

    A line takes a tenth of the room in UTF-8 that it takes when it is read, so that tasks keep it so. Raises ValueError
    for a line that is no task's.
    """

    @lru_cache(maxsize=_KEPT)
    def read(raw: bytes) -> TaskLine:
        line = parse_line(raw.decode(), settings, hidden=hidden)
        if line is None:
            raise ValueError(f"no task line: {raw!r}")
        return line

    return read


def head_of(text: str, settings: TaskSettings) -> Head | None:
    """Read where a line's body stands and its block id, None where Tasks sees no task; `parse_line` reads the rest.

    `text` is without a CR at its end.
    """
    match = TASK_LINE.match(text)
    if match is None:
        return None
    start, end, block_id = _body(text, *match.span(4))
    if settings.global_filter and settings.global_filter not in text[start:end]:
        return None
    return Head(match, start, end, block_id)


def parse_line(text: str, settings: TaskSettings, *, hidden: bool = False) -> TaskLine | None:
    """Read one line (without its LF; a CR at its end is left out), or give None where Tasks sees no task.

    `hidden=False` reads exactly what Tasks reads (Obsidian Tasks 8, Task and its serialisers). `hidden=True` reads also
    the fields that stand before unread text, and those whose signifier is mojibake: they have `hidden` set and leave
    the description; one of them counts only where Tasks reads no field of that name.
    """
    text = text.removesuffix("\r")
    head = head_of(text, settings)
    if head is None:
        return None
    match, start, end, block_id = head
    dataview = settings.format == "dataview"
    found = find_dataview(text, start, end) if dataview else find_emoji(text, start, end)
    stop, read, tags = _read_from_end(text, start, end, found)
    description = text[start:stop]
    values: dict[str, str] = {}
    fields: list[Field] = []
    for each in reversed(read):
        fields.append(Field(each.name, each.start, each.end, each.value, each.name not in values, hidden=False))
        values.setdefault(each.name, each.value)
    if hidden:
        unread, description = hidden_fields(text, start, stop, dataview=dataview)
        before = []
        for each in unread:
            before.append(Field(each.name, each.start, each.end, each.value, each.name not in values, hidden=True))
            values.setdefault(each.name, each.value)
        fields = before + fields
    if block_id is not None:
        fields.append(block_id)

    if tags:
        description = " ".join([description, *tags] if description else tags)
    days = {name: read_day(values[name]) for name in values if name in _DAY_NAMES} if values else _NO_DAYS
    due, scheduled, begin = days.get("due"), days.get("scheduled"), days.get("start")
    return TaskLine(
        text=text,
        indentation=match[1],
        marker=match[2],
        symbol=match[3],
        symbol_at=match.start(3),
        body=(start, end),
        description=description,
        tags=_tags(description, settings) if "#" in description else (),
        priority=cast("Priority", values.get("priority", "none")),
        created=days.get("created"),
        start=begin,
        scheduled=scheduled,
        due=due,
        done=days.get("done"),
        cancelled=days.get("cancelled"),
        recurrence=_rule(values["recurrence"], due, scheduled, begin, settings) if "recurrence" in values else None,
        on_completion=_action(values.get("on_completion")),
        id=values.get("id"),
        depends_on=_ids(values["depends_on"]) if "depends_on" in values else (),
        block_id=block_id.value if block_id is not None else None,
        fields=tuple(fields),
    )


def facts_of(line: TaskLine) -> Facts:
    """Return what of a line decides who sees it and where."""
    fields = sum(each.counts and each.name != "block_id" for each in line.fields)
    return shared_facts(line.priority, line.due, line.scheduled, line.start, line.done, fields)


shared_facts: Final = lru_cache(maxsize=16_384)(Facts)  # days and priorities repeat

_DAY_NAMES: Final = frozenset({"created", "start", "scheduled", "due", "done", "cancelled"})
_NO_DAYS: Final[dict[str, str]] = {}


def _body(text: str, start: int, end: int) -> tuple[int, int, Field | None]:
    """Trim what stands after the box, and take the block id off its end: offsets of the body, and the id."""
    rest = text[start:end]
    stripped = rest.lstrip(SPACES)
    start += len(rest) - len(stripped) if stripped else 0
    end = start + len(stripped.rstrip(SPACES))
    caret = text.rfind(" ^", start, end)
    if caret < 0 or not BLOCK_ID.fullmatch(text, caret + 2, end):
        return start, end, None
    block_id = Field("block_id", caret + 1, end, text[caret + 2 : end], counts=True, hidden=False)
    return start, _trimmed(text, start, caret), block_id


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in SPACES:
        end -= 1
    return end


def _read_from_end(text: str, start: int, end: int, found: list[Found]) -> tuple[int, list[Found], list[str]]:
    """Read fields and tags from the end, as Tasks does.

    Gives where it stopped, the fields from right to left, the tags from left to right.

    Tasks repeats passes over its patterns in a fixed order, each pattern once a pass, and stops after the 21st pass or
    the first without a match. So a piece whose pattern comes no later than the last one's begins a new pass.
    """
    read: list[Found] = []
    tags: list[str] = []
    passes, last = 1, -1
    while True:
        while found and found[-1].start >= end:  # a tag has swallowed it
            found.pop()
        field = found[-1] if found and found[-1].reach == end else None
        order = READ_ORDER[field.name] if field else _TAG_ORDER
        # A tag may end in what is also an id (`#t🆔a`): the pattern that comes next in this pass takes it.
        if order >= _TAG_ORDER and (tag := _tag_at_end(text, start, end)) is not None:
            if field is None or not last < order or last < _TAG_ORDER:
                field, order = None, _TAG_ORDER
        else:
            tag = None
        if field is None and tag is None:
            break
        if order <= last:
            passes += 1
            if passes > _MOST_PASSES:
                break
        last = order
        if field is not None:
            read.append(found.pop())
            end = _trimmed(text, start, field.start)
        elif tag is not None:
            tags.append(text[tag:end])
            end = _trimmed(text, start, tag)
    tags.reverse()
    return end, read, tags


def _tag_at_end(text: str, start: int, end: int) -> int | None:
    at = text.rfind("#", start, end)
    if at < 0 or not (at == start or text[at - 1] in SPACES) or not _TAG_NAME.fullmatch(text, at + 1, end):
        return None
    return at


def _tags(description: str, settings: TaskSettings) -> tuple[str, ...]:
    tags = (tag.strip(SPACES) for tag in _TAG.findall(description))
    return tuple(tag for tag in tags if tag != settings.global_filter)


def _rule(text: str, due: str | None, scheduled: str | None, start: str | None, settings: TaskSettings) -> str | None:
    rule = read_rule(text)
    if rule is None:
        return None
    if rule.when_done or reference_day(due, scheduled, start, settings) != INVALID:
        return rule.text
    return None


def reference_day(due: str | None, scheduled: str | None, start: str | None, settings: TaskSettings) -> str | None:
    """Give the date that a recurrence counts from (Obsidian Tasks, Recurring tasks); an invalid one too."""
    return due or (start or scheduled if settings.remove_scheduled_on_recurrence else scheduled or start)


def _action(text: str | None) -> str | None:
    action = text.lower() if text else None
    return action if action in _ACTIONS else None


def _ids(text: str) -> tuple[str, ...]:
    return tuple(each.strip(" ") for each in text.split(","))


def inferred_scheduled(line: TaskLine, path: str, settings: TaskSettings) -> str | None:
    """Give the scheduled date that Tasks infers from the note's file name; it is never written.

    Only where the settings ask for it, in their folders, and for a task without start, scheduled and due date.
    """
    if not settings.filename_as_scheduled or line.start or line.scheduled or line.due:
        return None
    folders = settings.filename_date_folders
    if folders and not path.startswith(tuple(f"{folder}/" for folder in folders)):
        return None
    return day_in_name(path, settings.filename_date_format)
