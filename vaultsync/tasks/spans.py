"""Edits of single pieces of a task line: its symbol, a field, its block id; every other byte stays.

Left to others: which pieces a change of status calls for (edits.py), and the text of the task. No edit is trusted: its
result is read again, and must say the same as before but for the piece; else another place is tried.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from vaultsync.tasks.line import BLOCK_ID, parse_line
from vaultsync.tasks.signifiers import SIGNIFIERS, SPACES, WRITE_ORDER, spell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.model import Field, FieldName, TaskLine, TaskSettings

_COMMA: Final = re.compile(" *,")
_RANK: Final[dict[str, int]] = {name: rank for rank, name in enumerate(WRITE_ORDER)}


def set_symbol(line: TaskLine, symbol: str) -> str:
    """Write another status symbol; "" makes `[]`, which is no task any more."""
    return f"{line.text[: line.symbol_at]}{symbol}{line.text[line.symbol_at + len(line.symbol) :]}"


def set_field(line: TaskLine, name: FieldName, value: str | None, settings: TaskSettings) -> str:
    """Write a field, or take it out (None, and `none` for a priority).

    The value that counts is replaced where it stands; a removal takes every copy, with the space that belonged to it. A
    new field goes where Tasks would write it among the fields that the line has, and before the block id. The line
    comes back as it was where no way of writing would read as wanted (a value that isn't one, say).
    """
    if value is None or (name == "priority" and value == "none"):
        shorter = [_without(line, name), _rewritten(line, name, None, settings)]
        return _first_good(line, name, None, shorter, settings)
    if name == "block_id":
        return set_block_id(line, value)
    return _first_good(line, name, value, _places(line, name, value, settings), settings)


def set_block_id(line: TaskLine, block_id: str) -> str:
    """Put ` ^block_id` at the line's end, before a hard break's spaces; without "^".

    An id that is there already, at the end or (this one) stranded in the text, gives way. A line without text stays as
    it is, since to Tasks a lone id is the text; so does one for an id that isn't of letters, digits and "-".
    """
    if not BLOCK_ID.fullmatch(block_id):
        return line.text
    start, end = line.body
    tail = max([end, *(field.end for field in line.fields if field.name == "block_id")])
    body = line.text[start:end]
    if "^" in body:  # compiling costs more than all else here
        stranded = re.compile(rf"(?<![^{SPACES}])\^{re.escape(block_id)}(?![^{SPACES}])", re.IGNORECASE)
        kept = [piece.strip(SPACES) for piece in stranded.split(body)]
        body = body if len(kept) == 1 else " ".join(filter(None, kept))
    return f"{line.text[:start]}{body} ^{block_id}{line.text[tail:]}" if body else line.text


def read_again(text: str, line: TaskLine, settings: TaskSettings) -> TaskLine | None:
    """Read a line's new text the way the line was read."""
    return parse_line(text, settings, hidden=any(field.hidden for field in line.fields))


def _first_good(
    line: TaskLine, name: FieldName, value: str | None, texts: list[str] | Iterator[str], settings: TaskSettings
) -> str:
    """Give the first text that reads as the line with the field changed; else the first that has at least the field."""
    wanted = _meaning(line)
    wanted[name] = value
    second = None
    for text in texts:
        read = read_again(text, line, settings)
        if read is None:
            continue
        meaning = _meaning(read)
        if meaning == wanted:
            return text
        if second is None and meaning[name] == value:
            second = text
    return line.text if second is None else second


def _meaning(line: TaskLine) -> dict[str, object]:
    """Give what a line says, white space in the description apart."""
    return {
        "head": (line.indentation, line.marker, line.symbol),
        "description": line.description.split(),
        **dict.fromkeys((*WRITE_ORDER, "block_id")),
        **{field.name: field.value for field in line.fields if field.counts},
    }


def _places(line: TaskLine, name: FieldName, value: str, settings: TaskSettings) -> Iterator[str]:
    """Write a field in every way that may do, the best one first."""
    spelled = spell(name, value, settings)
    for field in line.fields:
        if field.name == name and field.counts:
            if respelled := _respelled(line, field, value):
                yield line.text[: field.start] + respelled + line.text[field.end :]
            yield line.text[: field.start] + spelled + line.text[field.end :]
            line = read_again(_without(line, name), line, settings) or line  # from here on it is as if it were new
            break
    ends = line.body[1]
    gap = "  " if settings.format == "dataview" else " "
    read = [field for field in line.fields if not field.hidden and field.name != "block_id"]
    later = len(read)
    while later and _RANK[read[later - 1].name] > _RANK[name]:
        later -= 1
    for field in read[later : later + 1]:
        yield _inserted(line, field, spelled)
    bare = ends == 0 or line.text[ends - 1] == " "
    yield line.text[:ends] + ("" if bare else gap if line.body[0] < ends else " ") + spelled + line.text[ends:]
    for field in reversed(read):
        yield _inserted(line, field, spelled)
    yield _rewritten(line, name, value, settings)


def _inserted(line: TaskLine, field: Field, spelled: str) -> str:
    """Put a new field before another one, with as much space between as that one has before it."""
    before, after = line.text[: field.start], line.text[field.start :]
    spaces = min(len(before) - len(before.rstrip(" ")), _most_space(spelled))
    touching = field.start > line.body[0] and before[-1] not in SPACES
    return before + spelled + ("" if touching else " " * (spaces or 1)) + after


def _most_space(spelled: str) -> int:
    """Give how many spaces Tasks writes before a field: two in the Dataview format."""
    return 2 if spelled[0] in "[(" else 1


def _respelled(line: TaskLine, field: Field, value: str) -> str:
    """Change the value within a field, whose signifier, brackets and spaces stay as typed."""
    piece = line.text[field.start : field.end]
    at = piece.rfind(field.value)
    if at < 0 or not (piece[0] in "[(" or piece[0] in SIGNIFIERS):
        return ""
    return piece[:at] + value + piece[at + len(field.value) :]


def _without(line: TaskLine, name: FieldName) -> str:
    """Cut all copies of a field out of a line."""
    text = line.text
    for field in reversed(line.fields):
        if field.name == name:
            text = _cut(text, field.start, field.end, *_extent(text, line, name))
    return text


def _extent(text: str, line: TaskLine, name: FieldName) -> tuple[int, int]:
    """Give the offsets of what a cut may trim: the body of a line whose text got shorter, with the id that is cut."""
    start, end = line.body
    if name == "block_id":
        end = max(field.end for field in line.fields if field.name == "block_id")
    return start, end - (len(line.text) - len(text))


def _cut(text: str, start: int, end: int, body_start: int, body_end: int) -> str:
    """Cut a field with its space: at the body's end all that is before it, else as much as Tasks writes there."""
    end = _reach(text, start, end, body_end)
    if not text[end:body_end].strip(SPACES):
        while start > body_start and text[start - 1] in SPACES:
            start -= 1
        return text[:start] + text[body_end:]
    if start == body_start:
        while end < body_end and text[end] in SPACES:
            end += 1
    elif text[end] in SPACES and text[start - 1] in SPACES:
        before, after = text[body_start:start], text[end:body_end]
        most = _most_space(text[start])
        spaces = min(most, len(before) - len(before.rstrip(" ")))
        start -= spaces
        if not spaces:
            end += min(most, len(after) - len(after.lstrip(" ")))
    return text[:start] + text[end:]


def _rewritten(line: TaskLine, name: FieldName, value: str | None, settings: TaskSettings) -> str:
    """Write all fields behind the description, in Tasks' order: what is left where no single place will do."""
    values: dict[str, str | None] = {field.name: field.value for field in line.fields if field.counts}
    values[name] = value
    gap = "  " if settings.format == "dataview" else " "
    written = ((each, values.get(each)) for each in WRITE_ORDER)
    fields = "".join(gap + spell(each, said, settings) for each, said in written if said is not None)
    words = []
    at, end = line.body
    for field in line.fields:
        if field.name != "block_id":
            words.append(line.text[at : field.start].strip(SPACES))
            at = _reach(line.text, field.start, field.end, end)
    words.append(line.text[at:end].strip(SPACES))
    return f"{line.text[: line.body[0]]}{' '.join(filter(None, words))}{fields}{line.text[end:]}"


def _reach(text: str, start: int, end: int, body_end: int) -> int:
    """Give where a field ends, with the comma that one in the Dataview format may carry."""
    comma = _COMMA.match(text, end, body_end) if text[start] in "[(" else None
    return comma.end() if comma else end
