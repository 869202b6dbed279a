"""Read the Tasks plugin's queries as far as it takes to tell rows from the tasks that they show.

A filter answers for one task: it lets it through, it doesn't, or this small reading can't say. Which tasks and rows
there are, and what is told of a query that lists both, is left to others. (Obsidian Tasks, "Filters", "Combining
Filters", "Line Continuations".)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from vaultsync.markdown.textlines import line_and_end, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaultsync.model import Status, TaskLine

Language = Literal["tasks", "dataview"]
Answer = bool | None  # None: it can't be told

_FENCE: Final = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[^\s`{]*)")
_QUOTE: Final = re.compile(r"^[ \t]*(?:>[ \t]?)+")


@dataclass(frozen=True, slots=True)
class QueryBlock:
    """A block of code that queries tasks: the line (from 1) of its fence, and the lines in it."""

    number: int
    language: Language
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A task as a query meets it; `heading` is the nearest one above it, None where that isn't known."""

    path: str
    heading: str | None
    line: TaskLine  # as Tasks reads it
    status: Status


Filter = Callable[[Listed], Answer]


@dataclass(frozen=True, slots=True)
class Query:
    """The filters of a query; `unread` are instructions of it that may tell rows apart, or not."""

    filters: tuple[Filter, ...]
    unread: tuple[str, ...]

    def may_list(self, listed: Listed) -> bool:
        """Tell whether no filter keeps this task out for sure."""
        return all(each(listed) is not False for each in self.filters)


def find_queries(text: str) -> list[QueryBlock]:
    """Find the blocks of a note that query tasks, also those in quotes and lists; not those in other code."""
    found: list[QueryBlock] = []
    opened: tuple[int, str, str] | None = None  # line, fence, language
    lines: list[str] = []
    for number, raw in enumerate(split_lines(text), 1):
        line = line_and_end(raw)[0]
        mark = _FENCE.match(line)
        if opened is None:
            if mark:
                opened, lines = (number, mark["fence"], mark["language"].lower()), []
        elif mark and mark["fence"].startswith(opened[1]) and not line[mark.end("fence") :].strip():
            found += _block(opened[0], opened[2], lines)
            opened = None
        else:
            lines.append(_QUOTE.sub("", line))
    if opened:
        found += _block(opened[0], opened[2], lines)  # a fence that nothing ends reaches to the note's end
    return found


def read_query(block: Iterable[str], global_query: str = "") -> Query:
    """Read a query of the Tasks plugin; the global query's lines come first, if it isn't switched off."""
    own = _instructions(block)
    every = (
        own
        if any(each.lower() == "ignore global query" for each in own)
        else [
            *_instructions(global_query.split("\n")),
            *own,
        ]
    )
    filters: list[Filter] = []
    unread: list[str] = []
    for each in every:
        if _NO_FILTER.match(each):
            continue
        read = _read(each)
        if read is not None:
            filters.append(read)
        elif not _ALIKE.match(each) or "{{" in each:
            unread.append(each)
    return Query(tuple(filters), tuple(unread))


def _block(number: int, language: str, lines: list[str]) -> list[QueryBlock]:
    if language == "tasks":
        return [QueryBlock(number, "tasks", tuple(lines))]
    first = next((line.split() for line in lines if line.strip()), [""])[0]
    if language == "dataview" and first.upper() == "TASK":
        return [QueryBlock(number, "dataview", tuple(lines))]
    return []


def _instructions(lines: Iterable[str]) -> list[str]:
    """Return a query's instructions: continued lines joined, comments and blank lines left out."""
    joined: list[str] = []
    pending = ""
    for line in lines:
        text = f"{pending} {line.strip()}" if pending else line.strip()
        if text.endswith("\\") and not text.endswith("\\\\"):
            pending = text[:-1].rstrip()
            continue
        pending = ""
        joined.append(text)
    joined.append(pending)
    return [text for text in joined if text and not text.startswith("#")]


_NO_FILTER: Final = re.compile(
    r"(?:sort by|group by|hide|show|limit|short|full|explain|ignore global query)\b", re.IGNORECASE
)
# What these ask about is alike in a row and its task, or doesn't matter where one of them is told apart already.
_ALIKE: Final = re.compile(
    r"(?:\(?\s*)?(?:due|scheduled|starts?|done|happens|priority|urgency|random|exclude sub-items|has due|no due)\b",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(
    r"(?P<field>path|folder|root|filename|heading|description|recurrence|id|status\.name|tags?)\s+"
    r"(?:includes?|(?P<no>(?:does|do) not include)|(?P<regex>regex (?:matches|(?P<mis>does not match))))"
    r"\s+(?P<value>.+)",
    re.IGNORECASE,
)
_TYPE: Final = re.compile(r"status\.type is (?P<no>not )?(?P<type>[a-z_]+)", re.IGNORECASE)
_HAS: Final = re.compile(
    r"(?P<has>has|no) (?P<what>(?:due|start|scheduled|created|done|cancelled) date|tags?|id|depends on)", re.IGNORECASE
)
_DATED: Final = re.compile(r"(?P<field>due|scheduled|created|done|cancelled)\s+(?!date\b)\S", re.IGNORECASE)
_REGEX: Final = re.compile(r"/(?P<pattern>.+)/(?P<flags>[a-z]*)")
_LONGEST: Final = 1000  # nobody writes more by hand, and reading it could take long
_MOST_GROUPS: Final = 50
_DONE_TYPES: Final = frozenset({"DONE", "CANCELLED", "NON_TASK"})


def _read(text: str) -> Filter | None:
    """Return the filter that an instruction is, None for one that isn't understood."""
    if "{{" in text:
        return None  # a placeholder: what it stands for is the plugin's to know
    if len(text) > _LONGEST or sum(text.count(opener) for opener in _CLOSERS) > _MOST_GROUPS:
        return None
    return _boolean(text) if _BOOLEAN.match(text) else _simple(text)


def _simple(text: str) -> Filter | None:
    lower = " ".join(text.lower().split())
    if lower in ("done", "not done"):
        return lambda listed: (listed.status.type in _DONE_TYPES) is (lower == "done")
    if lower in ("is recurring", "is not recurring"):
        return lambda listed: (listed.line.recurrence is not None) is (lower == "is recurring")
    if kind := _TYPE.fullmatch(text):
        wanted, is_not = kind["type"].upper(), kind["no"] is not None
        return lambda listed: (listed.status.type == wanted) is not is_not
    if has := _HAS.fullmatch(lower):
        what, wants = has["what"], has["has"] == "has"
        return lambda listed: bool(_attribute(listed, what)) is wants
    if asked := _TEXT.fullmatch(text):
        return _on_text(asked)
    if dated := _DATED.match(text):
        what = f"{dated['field'].lower()} date"
        return lambda listed: None if _attribute(listed, what) else False
    return None


def _on_text(asked: re.Match[str]) -> Filter | None:
    field, value = asked["field"].lower(), asked["value"].strip()
    negated = asked["no"] is not None or asked["mis"] is not None
    if asked["regex"]:
        pattern = _pattern(value)
        if pattern is None:
            return None
        search = pattern.search
        fits: Callable[[str], bool] = lambda text: search(text) is not None  # noqa: E731 - one of two
    else:
        needle = value.lower()
        fits = lambda text: needle in text.lower()  # noqa: E731 - the other

    def answer(listed: Listed) -> Answer:
        texts = _texts(listed, field)
        return None if texts is None else any(map(fits, texts)) is not negated

    return answer


def _pattern(value: str) -> re.Pattern[str] | None:
    """Compile an expression between slashes; None for one that is none, or whose search could take long."""
    match = _REGEX.fullmatch(value)
    if match is None:
        return None
    pattern = match["pattern"].replace("\\/", "/")
    if len(re.findall(r"[*+{]", pattern)) > 2 or re.search(r"\)[*+{]|\\[1-9]", pattern):  # noqa: PLR2004 - a square at worst
        return None
    try:
        return re.compile(pattern, re.IGNORECASE if "i" in match["flags"] else 0)
    except (re.error, OverflowError):
        return None


def _texts(listed: Listed, field: str) -> tuple[str, ...] | None:
    folder, slash, name = listed.path.rpartition("/")
    if field in ("tag", "tags"):
        return listed.line.tags
    if field == "heading":
        return None if listed.heading is None else (listed.heading,)
    return (
        {
            "path": listed.path,
            "folder": f"{folder}{slash}" or "/",
            "root": f"{folder.partition('/')[0]}{slash}" or "/",
            "filename": name,
            "description": listed.line.description,
            "recurrence": listed.line.recurrence or "",
            "id": listed.line.id or "",
            "status.name": listed.status.name,
        }[field],
    )


def _attribute(listed: Listed, what: str) -> object:
    if what.endswith(" date"):
        return getattr(listed.line, what.removesuffix(" date"))
    return {
        "tag": listed.line.tags,
        "tags": listed.line.tags,
        "id": listed.line.id,
        "depends on": listed.line.depends_on,
    }[what]


# -- filters joined by AND, OR, XOR and NOT

_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", '"': '"'}
_BOOLEAN: Final = re.compile(r"(?:NOT\s*)?[(\[{\"]")
_OPERATOR: Final = re.compile(r"\s*(AND|OR|XOR|NOT)\b\s*", re.IGNORECASE)


def _boolean(text: str) -> Filter | None:
    """Return the filter that a combination is; None where a part is no filter, or the brackets don't match.

    A part that isn't understood leaves the answer open, unless the others decide it.
    """
    parts = _parts(text)
    if not parts:
        return None

    def answer(listed: Listed) -> Answer:
        return _joined(parts, listed)

    return answer


def _parts(text: str) -> list[str | Filter] | None:
    """Take a combination apart: operators by name, groups as filters."""
    parts: list[str | Filter] = []
    at = 0
    while at < len(text):
        if operator := _OPERATOR.match(text, at):
            parts.append(operator[1].upper())
            at = operator.end()
        elif text[at] in _CLOSERS:
            end = _closing(text, at)
            if end is None:
                return None
            inner = text[at + 1 : end].strip()
            parts.append(_read(inner) or _open)
            at = end + 1
        elif text[at].isspace():
            at += 1
        else:
            return None
    return parts


def _open(_listed: Listed) -> Answer:
    return None


def _closing(text: str, at: int) -> int | None:
    opener, closer = text[at], _CLOSERS[text[at]]
    depth = 0
    for position in range(at, len(text)):
        if text[position] == closer and (opener != closer or position > at):
            depth -= 1
            if depth <= 0:
                return position
        elif text[position] == opener and position >= at:
            depth += 1
    return None


def _joined(parts: Sequence[str | Filter], listed: Listed) -> Answer:
    """Give the answer of a combination: NOT binds closest, then XOR, AND, OR."""
    for operator in ("OR", "AND", "XOR"):
        if operator in parts:
            at = len(parts) - 1 - parts[::-1].index(operator)
            return _both(operator, _joined(parts[:at], listed), _joined(parts[at + 1 :], listed))
    if len(parts) > 1 and parts[0] == "NOT":
        inner = _joined(parts[1:], listed)
        return None if inner is None else not inner
    (only, *more) = parts or [_open]
    return None if more or isinstance(only, str) else only(listed)


def _both(operator: str, left: Answer, right: Answer) -> Answer:
    if operator == "XOR":
        return None if left is None or right is None else left is not right
    decisive = operator == "OR"
    if decisive in (left, right):
        return decisive
    return None if None in (left, right) else not decisive
