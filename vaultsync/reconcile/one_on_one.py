"""Decide which notes are 1:1 with somebody: what the owner is to do from them is owed to that person.

Where such a task is shown is `arrange`'s; who a name means, the roster's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vaultsync.tasks.mentions import find_mentions
from vaultsync.tasks.people import UNASSIGNED, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.tasks.note import Note
    from vaultsync.tasks.people import Roster

_LINK = re.compile(r"@?\[\[[^\[\]]*\]\]")
_MARKDOWN_LINK = re.compile(r"!?\[(?P<shown>[^\[\]]*)\]\(<?(?P<target>[^()<>]*)>?\)")
# What parts the names in a property that is one text.
_BETWEEN = re.compile(r"[,;&+/\r\n]|\s+and\s+")
_LINK_DEPTH = 2  # unquoted, `[[Name]]` is a list in a list to YAML


def partner(note: Note, roster: Roster) -> str | None:
    """Return who the note is 1:1 with, besides the owner; None if it isn't a 1:1 note.

    It is if its property `person` names one person, or its `participants` are the owner and one other. A name may be a
    link or an alias; `participants` may be one text, with commas or "and" between the names. Index notes and the
    overview never are.
    """
    properties = note.properties or {}
    if roster.owner is None or note.kind != "source" or not properties:
        return None
    persons = set(_people(properties.get("person"), roster))
    if not persons:
        persons = set(_people(properties.get("participants"), roster))
        if roster.owner not in persons:
            return None
        persons.discard(roster.owner)
    if len(persons) != 1 or persons & {UNASSIGNED, roster.owner}:
        return None
    return persons.pop()


def _people(value: object, roster: Roster) -> Iterator[str]:
    """Yield the people whom a property names."""
    texts = [_MARKDOWN_LINK.sub(_as_wikilink, text) for text in _texts(value, 0)]
    if len(texts) == 1 and not _is_known(texts[0], roster):
        links, others = _LINK.findall(texts[0]), _BETWEEN.split(f"{_LINK.sub(',', texts[0])} ")
        texts = [*links, *others]
    for text in texts:
        name = text.strip().removeprefix("@")
        if name.startswith("[["):
            mentions = find_mentions(f"@{name}", 0, len(name) + 1, roster)
            yield mentions[0].person if mentions else UNASSIGNED
        elif name:
            yield canonical(name, roster)


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value if depth < _LINK_DEPTH else f"[[{value}]]"
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, depth + 1)


def _as_wikilink(link: re.Match[str]) -> str:
    return f"[[{link['target'].replace('%20', ' ')}|{link['shown']}]]"


def _is_known(text: str, roster: Roster) -> bool:
    return canonical(text.strip().removeprefix("@"), roster) in roster.people
