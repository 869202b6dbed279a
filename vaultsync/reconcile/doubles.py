"""Find the queries of a vault that list a task and its row as well, and the line that keeps rows out of them.

Rows are drawn here as a cycle would draw them, and read as the Tasks plugin reads them; where queries stand in notes,
and how a filter answers, is the index room's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultsync.index.links import OWN_ID
from vaultsync.index.note import index_path
from vaultsync.index.queries import Listed, Query, QueryBlock, read_query
from vaultsync.index.rows import render_row, row_link, shown_values
from vaultsync.model import Role
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vaultsync.index.region import SectionName
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.rules import Rules

_SECTION: Final[Mapping[Role, SectionName]] = {
    Role.PROPOSED: "Proposed",
    Role.TODO: "Open",
    Role.IN_PROGRESS: "In progress",
}
_FROM: Final = re.compile(r"^\s*from\s+(.+?)\s*$", re.IGNORECASE)
_QUOTED: Final = re.compile(r'(?P<not>[-!]\s*\(?\s*)?"(?P<folder>[^"]+)"')
# What a Dataview query can tell rows by, if it asks for it.
_TELLS: Final = re.compile(
    r"\bfile\.(?:path|folder|name|link)\b|\b(?:path|section|header|text|vaultsync)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Doubled:
    """A query that lists both a task and its row, with an example of each; `unread` might keep them apart."""

    block: QueryBlock
    task: tuple[str, int]
    row: str  # the index note's path
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    source: Listed
    row: Listed
    place: tuple[str, int]


def index_places(tasks: Iterable[SourceTask], existing: Mapping[str, str], rules: Rules) -> dict[str, str]:
    """Return the index note of each person who has a task: the one that stands (`existing`), else where it would."""
    people = {person for source in tasks for person in source.assignees}
    return {person: existing.get(person) or index_path(person, rules.index) for person in sorted(people)}


def find_doubled(
    blocks: Sequence[QueryBlock],
    tasks: Sequence[SourceTask],
    places: Mapping[str, str],
    rules: Rules,
    global_query: str = "",
) -> dict[int, Doubled]:
    """Return those of the blocks that list some task twice, by their position."""
    found: dict[int, Doubled] = {}
    queries = {at: read_query(each.lines, global_query) for at, each in enumerate(blocks) if each.language == "tasks"}
    pairs: Iterator[_Pair] = (pair for source in tasks for pair in _pairs(source, places, rules))
    while len(found) < len(queries) and (pair := next(pairs, None)) is not None:
        for at, query in queries.items():
            if at not in found and _lists_both(query, pair):
                found[at] = Doubled(blocks[at], pair.place, pair.row.path, query.unread)
    for at, block in enumerate(blocks):
        if block.language != "dataview" or _dataview_keeps_apart(block, places.values(), rules):
            continue
        example = next((source for source in tasks if _is_shown(source, rules)), None)
        if example is not None:
            found[at] = Doubled(block, example.task.order, places[example.assignees[0]], ())
    return dict(sorted(found.items()))


def line_to_add(tasks: Sequence[SourceTask], places: Iterable[str], rules: Rules) -> str:
    """Return the line of a Tasks query that keeps every row out of it, and none of the vault's own tasks if it can."""
    every = [path.lower() for path in places]
    own_ids = all(
        OWN_ID.match(source.task.block_id.lower())
        for source in tasks
        if source.task.block_id and _is_shown(source, rules)
    )
    prefix, _, rest = rules.index.path.partition("{person}")
    needle = prefix.lower()
    if needle and rest == ".md" and rules.index.heading is None and all(needle in path for path in every):
        stranger = any(needle in source.task.path.lower() for source in tasks)
        if not stranger:
            return f"path does not include {prefix}"
    return f"description does not include {'#^t-' if own_ids else '#^'}"  # of a row's link


def dataview_line(tasks: Sequence[SourceTask], places: Iterable[str], rules: Rules) -> str:
    """Return the same for a Dataview query, which knows the properties of the note that a task stands in."""
    notes = set(places)
    if rules.index.heading is None and not any(source.task.path in notes for source in tasks):
        return 'WHERE vaultsync != "index"'
    return 'WHERE !contains(text, "#^")'


def _is_shown(source: SourceTask, rules: Rules) -> bool:
    return rules.roles.role_of(source.task.symbol) in rules.rollup_roles


def _pairs(source: SourceTask, places: Mapping[str, str], rules: Rules) -> Iterator[_Pair]:
    """Yield a task beside each of its rows, if the plugin takes both for tasks."""
    line = source.task.line
    role = rules.roles.role_of(line.symbol)
    if role not in rules.rollup_roles:
        return
    told = parse_line(source.standing, rules.tasks)
    link = row_link(source.task.path, line.block_id or "t-00000000", None, rules)
    text = render_row(shown_values(line, source.text, source.task.path, rules), line.recurrence, link, rules)
    row = parse_line(text, rules.tasks)
    if told is None or row is None:
        return
    original = Listed(source.task.path, None, told, status_of(told.symbol, rules.tasks))
    for person in source.assignees:
        shown = Listed(places[person], _SECTION.get(role) if role else None, row, status_of(row.symbol, rules.tasks))
        yield _Pair(original, shown, source.task.order)


def _lists_both(query: Query, pair: _Pair) -> bool:
    return query.may_list(pair.row) and query.may_list(pair.source)


def _dataview_keeps_apart(block: QueryBlock, places: Iterable[str], rules: Rules) -> bool:
    """Tell whether a Dataview query seems to leave rows out; a heuristic, since it isn't evaluated.

    It does where it asks for something that rows differ in, where it reads only from folders without index notes or not
    from theirs, and where it asks for a tag that rows don't show.
    """
    text = "\n".join(block.lines)
    if _TELLS.search("\n".join(line for line in block.lines if not _FROM.match(line))):
        return True
    hidden = {*rules.index.hide_tags, rules.tasks.global_filter.lower()} - {""}
    for tag in hidden:
        for found in re.finditer(rf"{re.escape(tag)}(?![\w/-])", text.lower()):
            before = text[: found.start()].rstrip()
            if not re.search(r"(?:-|!\s*contains\([^()]*)\Z", before):
                return True
    wanted = [folder["folder"] for line in block.lines for folder in _folders(line) if not folder["not"]]
    unwanted = [folder["folder"] for line in block.lines for folder in _folders(line) if folder["not"]]
    notes = list(places)
    if unwanted and all(any(_lies_in(path, folder) for folder in unwanted) for path in notes):
        return True
    return bool(wanted) and not any(_lies_in(path, folder) for path in notes for folder in wanted)


def _folders(line: str) -> Iterator[re.Match[str]]:
    source = _FROM.match(line)
    return _QUOTED.finditer(source[1]) if source else iter(())


def _lies_in(path: str, folder: str) -> bool:
    return path in (folder, f"{folder}.md") or path.startswith(f"{folder.rstrip('/')}/")
