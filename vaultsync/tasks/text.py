"""Read the text of a task: its prose, its tags, its mentions, and whom they assign.

Left to others: fields (line), who is known (people), changing any of it (text_edits).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from vaultsync.tasks.mentions import MASK, find_mentions, is_blank, opaque_spans, people_meant
from vaultsync.tasks.people import UNASSIGNED
from vaultsync.tasks.signifiers import NOT_IN_TAG, SPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaultsync.model import Mention, TaskLine
    from vaultsync.tasks.people import Roster

Assigning = Literal["edges", "any"]
Span = tuple[int, int]

_TAG = re.compile(f"(?<![^{SPACE}])#[^{re.escape(NOT_IN_TAG)}{MASK}]+")
WORD = re.compile(rf"[^\s{MASK}]+")
_BETWEEN = re.compile(r"[,;&+/]?|,? ?and")  # of two mentions of one run, without the blanks around
_AFTER = re.compile(r"[.,;:!?]*")  # the run
_AFTER_LEADING = ",:;-–—"


@dataclass(frozen=True, slots=True)
class TaskText:
    """The text of a task line, taken apart. Spans are offsets in the line, in order."""

    prose: str  # without fields, tags and the trailing run; words are one blank apart
    tags: tuple[str, ...]  # with "#", in order, as often as they stand there, with the global filter's
    trailing: tuple[Mention, ...]  # the mentions behind which only mentions, tags and fields come
    leading: Mention | None  # the mention that the prose begins with
    mentions: tuple[Mention, ...]  # all of them, in order
    assigning: tuple[Mention, ...]  # those that assign the task
    assignees: tuple[str, ...]  # whom they assign: canonical, once each; () where no mention assigns
    problems: tuple[str, ...]  # a sentence for each assigning mention that fits several people
    words: tuple[Span, ...]  # the prose's words
    tag_spans: tuple[Span, ...]
    masked: str  # the line with `MASK` for each character of a field or tag


def read_text(line: TaskLine, roster: Roster, mode: Assigning = "edges") -> TaskText:
    """Take the text of a task line apart.

    `edges`: a mention that the prose begins with and the trailing run of mentions assign; `any`: every mention does. In
    the run, commas, "&" and "and" may stand between mentions, and punctuation after the last: it is no prose then. A
    mention of nobody (`TBD`) assigns only where no other does.
    """
    start, end = line.body
    without_fields = _mask(line.text, [(field.start, field.end) for field in line.fields])
    tag_spans = tuple(_tag_spans(without_fields, start, end))
    masked = _mask(without_fields, tag_spans)
    mentions = find_mentions(masked, start, end, roster)
    trailing = _trailing_run(masked, end, mentions)
    prose_end = trailing[0].start if trailing else end
    words = tuple(match.span() for match in WORD.finditer(masked, start, prose_end))
    leading = _leading(masked, mentions[: len(mentions) - len(trailing)], words)
    edges = (leading, *trailing) if leading else trailing
    assigning = mentions if mode == "any" else edges
    return TaskText(
        prose=" ".join(masked[word_start:word_end] for word_start, word_end in words),
        tags=tuple(line.text[tag_start:tag_end] for tag_start, tag_end in tag_spans),
        trailing=trailing,
        leading=leading,
        mentions=mentions,
        assigning=assigning,
        assignees=_assignees(assigning),
        problems=tuple(_ambiguities(masked, assigning, roster)),
        words=words,
        tag_spans=tag_spans,
        masked=masked,
    )


def _mask(text: str, spans: Iterable[Span]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if end > at:  # spans may touch the same characters only where a field was read twice
            pieces += text[at:start], MASK * (end - max(start, at))
            at = end
    return "".join([*pieces, text[at:]])


def _tag_spans(text: str, start: int, end: int) -> Iterable[Span]:
    """Find the tags (Obsidian Tasks, "Tags"), save those within inline code or a link, which are part of it.

    A tag begins after white space or where the body does, and ends where a field begins, of whatever format.
    """
    opaque = opaque_spans(text, start, end)
    for match in _TAG.finditer(text[start:end]):
        tag_start, tag_end = start + match.start(), start + match.end()
        before = bisect_right(opaque, (tag_start, end))
        if before == 0 or opaque[before - 1][1] <= tag_start:
            yield tag_start, tag_end


def _trailing_run(masked: str, end: int, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    if not mentions or not _AFTER.fullmatch(_bare(masked, mentions[-1].end, end)):
        return ()
    first = len(mentions) - 1
    for before, after in reversed([*pairwise(mentions)]):
        if not _BETWEEN.fullmatch(_bare(masked, before.end, after.start)):
            break
        first -= 1
    return tuple(mentions[first:])


def _leading(masked: str, mentions: Sequence[Mention], words: Sequence[Span]) -> Mention | None:
    """Return the mention that the prose begins with, unless the sentence goes on about it (`@Ana's draft`)."""
    if not mentions or mentions[0].start != words[0][0]:
        return None
    following = masked[mentions[0].end : mentions[0].end + 1]
    return mentions[0] if not following or is_blank(following) or following in _AFTER_LEADING else None


def _assignees(assigning: Iterable[Mention]) -> tuple[str, ...]:
    people = tuple(dict.fromkeys(mention.person for mention in assigning))
    return tuple(person for person in people if person != UNASSIGNED) or people


def _ambiguities(masked: str, assigning: Iterable[Mention], roster: Roster) -> Iterable[str]:
    for mention in assigning:
        people = people_meant(masked, mention, roster)
        if people:
            typed = masked[mention.start : mention.end]
            yield f"{typed} may be {' or '.join(people)}; the task is {UNASSIGNED} until it says which"


def _bare(masked: str, start: int, end: int) -> str:
    return masked[start:end].replace(MASK, " ").strip()
