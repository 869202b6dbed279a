"""Answer records about single task lines, JSON lines in, JSON lines out: what `vaultsync line` does with its input.

Left to others: what a line means (tasks), and what the settings of a record mean (obsidian). A bad record is answered
with an error of its own; the rest goes on.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

from vaultsync.cli.terminal import json_text
from vaultsync.model import TaskLine, TaskSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Record = dict[str, object]


def answer_all(answer: Callable[[Record], object], source: BinaryIO, sink: BinaryIO) -> None:
    """Answer each record in turn; what is answered is flushed whenever no more input is at hand."""
    for chunk in _chunks(source):
        sink.writelines(_answered(answer, raw) for raw in chunk)
        sink.flush()


def _chunks(source: BinaryIO) -> Iterator[list[bytes]]:
    """Give whole lines, as many as have come in; the last one may lack its line end."""
    read: Callable[[int], bytes] = getattr(source, "read1", source.read)
    kept: list[bytes] = []
    while chunk := read(1 << 16):
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*kept, lines[0]])
            kept = []
            yield lines
        kept.append(rest)
    if last := b"".join(kept):
        yield [last]


class _RecordError(Exception):
    """A record can't be answered; the message says which key, and what is accepted."""


def _decoded(raw: bytes) -> Record:
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _RecordError(f"not JSON: {error}") from error
    if not isinstance(record, dict):
        raise _RecordError("a record is a JSON object on one line")
    return record


def _answered(answer: Callable[[Record], object], raw: bytes) -> bytes:
    try:
        answered = answer(_decoded(raw))
    except _RecordError as error:
        answered = {"error": str(error)}
    return f"{json_text(answered)}\n".encode()


def parsed(record: Record) -> Record | None:
    """Return what a line says, None for no task. Raises _RecordError, as the others do."""
    from vaultsync.tasks.line import inferred_scheduled  # noqa: PLC0415 - `next` does without, and starts sooner
    from vaultsync.tasks.people import Roster  # noqa: PLC0415 - the same
    from vaultsync.tasks.statuses import status_of  # noqa: PLC0415 - the same
    from vaultsync.tasks.text import read_text  # noqa: PLC0415 - the same

    settings = _settings(record)
    line = _task_line(record, settings)
    if line is None:
        return None
    status = status_of(line.symbol, settings)
    return {
        "indentation": line.indentation,
        "marker": line.marker,
        "status": {"symbol": status.symbol, "name": status.name, "type": status.type, "next": status.next},
        "description": line.description,
        "tags": line.tags,
        "priority": line.priority,
        "created": line.created,
        "start": line.start,
        "scheduled": line.scheduled,
        "inferred_scheduled": inferred_scheduled(line, _text(record, "path", ""), settings),
        "due": line.due,
        "done": line.done,
        "cancelled": line.cancelled,
        "recurrence": line.recurrence,
        "on_completion": line.on_completion,
        "id": line.id,
        "depends_on": line.depends_on,
        "block_id": line.block_id,
        "assignees": read_text(line, Roster()).assignees,
    }


def changed(record: Record) -> Record:
    """Return the lines that a status or a click makes of a line."""
    from vaultsync.tasks.edits import set_status, toggle_text  # noqa: PLC0415 - `parse` does without, and starts sooner

    settings = _settings(record)
    to = None if record.get("to") is None else _text(record, "to", "")
    today = _day(record, "today") or date.today().isoformat()  # noqa: DTZ011 - the day on the user's own calendar
    line = _task_line(record, settings)
    if line is not None:
        lines = set_status(line, to, settings, today)
    else:
        lines = [toggle_text(_text(record, "line").removesuffix("\r"))] if to is None else None
    end = "\r" if _text(record, "line").endswith("\r") else ""
    return {"lines": None if lines is None else [text + end for text in lines]}


def following(record: Record) -> Record:
    """Return the dates of the next occurrence."""
    from vaultsync.tasks.dates import read_day  # noqa: PLC0415 - only this command needs them
    from vaultsync.tasks.recurrence import Dates, next_dates  # noqa: PLC0415 - the same
    from vaultsync.tasks.rule_text import read_rule  # noqa: PLC0415 - the same

    settings = _settings(record)
    today = _day(record, "today") or date.today().isoformat()  # noqa: DTZ011 - the day on the user's own calendar
    typed = (_day(record, "start"), _day(record, "scheduled"), _day(record, "due"))
    dates = Dates(*(day and read_day(day) for day in typed))
    rule = read_rule(_text(record, "rule"))
    then = next_dates(rule, dates, settings, today) if rule else None
    if rule is None or then is None:
        return {"valid": False, "text": None, "start": None, "scheduled": None, "due": None}
    return {"valid": True, "text": rule.text, **then._asdict()}


def _task_line(record: Record, settings: TaskSettings) -> TaskLine | None:
    from vaultsync.tasks.line import parse_line  # noqa: PLC0415 - `next` does without, and starts sooner

    hidden = record.get("hidden_fields", True)
    if not isinstance(hidden, bool):
        raise _RecordError('"hidden_fields" is true or false')
    return parse_line(_text(record, "line"), settings, hidden=hidden)


def _text(record: Record, key: str, default: str | None = None) -> str:
    value = record.get(key, default)
    if not isinstance(value, str):
        raise _RecordError(f'"{key}" is a text')
    return value


def _day(record: Record, key: str) -> str | None:
    """Give a day of the record; one that the calendar doesn't have is let through, but for today."""
    from vaultsync.model import INVALID  # noqa: PLC0415 - kept with the check that needs it
    from vaultsync.tasks.dates import is_dashed, read_day  # noqa: PLC0415 - the same

    if record.get(key) is None:
        return None
    text = _text(record, key)
    if not is_dashed(text) or (key == "today" and read_day(text) == INVALID):
        raise _RecordError(f'"{key}" is a day, YYYY-MM-DD')
    return text


_last: tuple[object, TaskSettings] = ({}, TaskSettings())


def _settings(record: Record) -> TaskSettings:
    """Read the settings; records of one stream mostly carry the same, which are read once."""
    global _last  # noqa: PLW0603 - a cache of one, in a process that answers one stream
    given = record.get("settings") or {}
    if given != _last[0]:
        from vaultsync.obsidian import task_settings  # noqa: PLC0415 - not needed with default settings

        if not isinstance(given, dict):
            raise _RecordError('"settings" is an object, as in the plugin\'s data.json')
        _last = given, task_settings(given)[0]
    return _last[1]


ANSWERS: Mapping[str, Callable[[Record], object]] = {"parse": parsed, "set": changed, "next": following}
