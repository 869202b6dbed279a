"""Write a task line so that Tasks, too, reads what vaultsync reads there: real signifiers, fields behind the text.

No rewriting is trusted: what comes out must be the same task to vaultsync, word for word, or the line stays as it is.
Which lines are mended, and what is told of them, is left to others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from vaultsync.tasks.line import parse_line
from vaultsync.tasks.signifiers import MOJIBAKE, SPACES
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaultsync.model import Field, TaskLine
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules

_MANGLED: Final = re.compile("|".join(map(re.escape, sorted(MOJIBAKE, key=len, reverse=True))))
_COMMA: Final = re.compile(" *,")


def mangled_fields(line: TaskLine) -> tuple[Field, ...]:
    """Return the fields whose signifier is mojibake."""
    return tuple(field for field in line.fields if field.hidden and _MANGLED.match(line.text, field.start))


def unread_fields(line: TaskLine) -> tuple[Field, ...]:
    """Return the fields with a real signifier that count and that Tasks doesn't read, for the text behind them."""
    mangled = mangled_fields(line)
    return tuple(field for field in line.fields if field.hidden and field.counts and field not in mangled)


def overridden_fields(line: TaskLine) -> tuple[Field, ...]:
    """Return the fields before the text's end whose value another copy of theirs overrides."""
    return tuple(field for field in line.fields if field.hidden and not field.counts)


def mended(line: TaskLine, roster: Roster, rules: Rules) -> str:
    """Return the line with real signifiers, and its hidden fields moved to the end in their order, as far as that goes.

    Spaces beside a moved field go with it; a block id stays last. `line` was read with its hidden fields, and comes
    back unchanged where nothing can be mended.
    """
    meaning = _meaning(line, roster, rules)

    def kept(text: str, otherwise: TaskLine) -> TaskLine:
        read = parse_line(text, rules.tasks, hidden=True)
        return read if read is not None and _meaning(read, roster, rules) == meaning else otherwise

    real = kept(_respelled(line), line)
    last = kept(_with_fields_last(real), real)
    if last is not real and any(field.hidden and field.counts for field in last.fields):
        return real.text  # to move them was in vain
    return last.text


def _meaning(line: TaskLine, roster: Roster, rules: Rules) -> dict[str, object]:
    """Give all that vaultsync takes from a line, white space in the text apart."""
    text = read_text(line, roster, rules.assignees)
    return {
        "head": line.text[: line.body[0]],
        "description": line.description.split(),
        "fields": {field.name: field.value for field in line.fields if field.counts},
        "copies": sorted((field.name, field.value) for field in line.fields if not field.counts),
        "recurrence": line.recurrence,
        "prose": text.prose,
        "tags": text.tags,
        "mentions": [mention.person for mention in text.mentions],
        "assignees": text.assignees,
        "tail": len(line.text) - max([line.body[1], *(field.end for field in line.fields)]),
    }


def _respelled(line: TaskLine) -> str:
    text = line.text
    for field in reversed(mangled_fields(line)):
        mark = _MANGLED.match(text, field.start)
        if mark is None:
            continue
        value = "" if field.name == "priority" else field.value  # whose signifier says it
        between = text[mark.end() : field.end - len(value)]  # a mangled variation selector, and spaces
        spaces = between[len(between.rstrip(" ")) :]
        text = f"{text[: field.start]}{MOJIBAKE[mark[0]]}{spaces}{value}{text[field.end :]}"
    return text


def _with_fields_last(line: TaskLine) -> str:
    start, end = line.body
    moved = [field for field in line.fields if field.hidden and field.counts]
    if not moved:
        return line.text
    gap = "  " if line.text[moved[0].start] in "[(" else " "
    body = _without(line.text, [(field.start, _reach(line.text, field, end)) for field in moved], start, end)
    fields = gap.join(line.text[field.start : field.end] for field in moved)
    return f"{line.text[:start]}{body}{gap if body else ''}{fields}{line.text[end:]}"


def _reach(text: str, field: Field, end: int) -> int:
    """Give where a field ends, with the comma that one in the Dataview format may carry."""
    comma = _COMMA.match(text, field.end, end) if text[field.start] in "[(" else None
    return comma.end() if comma else field.end


def _without(text: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> str:
    """Return the body without some spans, each cut with the blanks on that side which leaves as many as stand there."""
    body, at = "", start
    for first, last in spans:
        body += text[at:first]
        at = last
        bare = body.rstrip(SPACES)
        following = text[at:end]
        if not bare or not following.strip(SPACES) or following[0] in SPACES:
            body = bare
        elif len(bare) == len(body):
            body += " "
        if not body:
            at = end - len(following.lstrip(SPACES))
    return (body + text[at:end]).rstrip(SPACES)
