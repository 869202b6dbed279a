"""Finds the fields that Tasks doesn't read: those left of unread text, and those with a mojibake signifier.

Left to others: what Tasks reads (line.py), and which copy of a field counts.
"""

from __future__ import annotations

import re
from typing import Final

from vaultsync.tasks.rule_text import known_extent, read_rule
from vaultsync.tasks.signifiers import SPACES, Found, find_dataview, find_emoji

_OPAQUE: Final = re.compile(
    r"(?<!`)`++[^`]++`++|\[\[[^\[\]]*+\]\]|\]\([^()\s]*+\)|%%[^%]*+%%|<!--[^<>]*+(?<=--)>|https?://\S++"
)
"""Code, links and comments: what looks like a field in one of them is quoted, or a part of a name."""


def hidden_fields(text: str, start: int, stop: int, *, dataview: bool) -> tuple[list[Found], str]:
    """Give the fields between the body's start and where Tasks stopped reading, and the description without them.

    In the order of the line. A heuristic: a signifier in the middle of a sentence is taken for a field if a value of
    the right form follows it; rules must be valid and actions known, so that prose after 🔁 or 🏁 stays prose.
    """
    found = find_dataview(text, start, stop) if dataview else find_emoji(text, start, stop, mangled=True)
    if not found:
        return [], text[start:stop]
    masked = text[:start] + _OPAQUE.sub(lambda span: "\0" * len(span[0]), text[start:stop])
    if masked != text[:stop]:
        found = find_dataview(masked, start, stop) if dataview else find_emoji(masked, start, stop, mangled=True)
    kept = [sure for each in found if (sure := _sure(each))]
    pieces, at = [], start
    for each in kept:
        pieces.append(text[at : each.start])
        at = each.reach
    pieces.append(text[at:stop])
    return kept, " ".join(filter(None, (piece.strip(SPACES) for piece in pieces)))


def _sure(found: Found) -> Found | None:
    """Give the field without the prose that its value would swallow, or None where it is no field at all."""
    if found.name == "on_completion":
        return found if found.value.lower() in {"delete", "keep"} else None
    if found.name != "recurrence" or found.reach != found.end:
        return found
    rule = found.value[: known_extent(found.value)].rstrip(" ")
    if read_rule(rule) is None:
        return None
    end = found.end - len(found.value) + len(rule)
    return Found(found.name, found.start, end, rule, end)
