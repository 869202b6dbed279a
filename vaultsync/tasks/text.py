"""Read the text of a task (prose, tags, mentions, whom they assign), and change one of these and nothing else.

Left to others: fields (line), who is known (people), what is to change (reconcile), and whether the new line reads as
intended (the caller parses it again).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from vaultsync.tasks.line import LineReader
from vaultsync.tasks.mentions import MASK, find_mentions, is_blank, opaque_spans, people_meant, spell_mention
from vaultsync.tasks.people import UNASSIGNED
from vaultsync.tasks.signifiers import NOT_IN_TAG, SPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaultsync.model import Mention, TaskLine
    from vaultsync.tasks.people import Roster

Assigning = Literal["edges", "any"]
Span = tuple[int, int]

_TAG = re.compile(f"(?<![^{SPACE}])#[^{re.escape(NOT_IN_TAG)}{MASK}]+")
_WORD = re.compile(rf"[^\s{MASK}]+")
_BETWEEN = re.compile(r"[,;&+/]?|,? ?and")  # of two mentions of one run, without the blanks around
_AFTER = re.compile(r"[.,;:!?]*")  # the run
_AFTER_LEADING = ",:;-–—"
_PUNCTUATION = ".,;:!?"
_KEPT = 512  # texts, of some 2 KB each


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


TextReader = Callable[[bytes, LineReader], TaskText]


class _Splice(NamedTuple):
    start: int
    end: int
    new: str


def text_reader(roster: Roster, mode: Assigning) -> TextReader:
    """Return what reads the texts of tasks as this roster has them, given as UTF-8, the latest ones from memory."""

    @lru_cache(maxsize=_KEPT)
    def read(raw: bytes, read_line: LineReader) -> TaskText:
        return read_text(read_line(raw), roster, mode)

    return read


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
    words = tuple(match.span() for match in _WORD.finditer(masked, start, prose_end))
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


def leading_run(text: TaskText) -> tuple[Mention, ...]:
    """Return the leading mention and those behind it that only what may stand within a run parts from it."""
    run = [text.leading] if text.leading else []
    for mention in text.mentions[1:] if run else ():
        if not _BETWEEN.fullmatch(_bare(text.masked, run[-1].end, mention.start)):
            break
        run.append(mention)
    return tuple(run)


def set_prose(line: TaskLine, text: TaskText, new_prose: str) -> str:
    """Return the line with `new_prose` for its prose: only the words that differ are replaced.

    Tags, mentions and fields keep their place between the words that stay. Raises `ValueError` for an empty prose.
    """
    new = new_prose.split()
    if not new:
        raise ValueError("a task's prose can't become empty")
    old = text.prose.split(" ") if text.words else []
    if not old:
        return _spliced(line.text, [_inserted(line, line.body[0], " ".join(new), after=False)])
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - slow to import, and few lines are reworded

    splices: list[_Splice] = []
    for step in Levenshtein.opcodes(old, new):
        spans, words = text.words[step.src_start : step.src_end], new[step.dest_start : step.dest_end]
        if step.tag == "replace":
            splices += [_replaced(text, *span, word) for span, word in zip(spans, words, strict=True)]
        elif step.tag == "delete":
            splices += _cuts(line, spans)
        elif step.tag == "insert":
            first = step.src_start == 0
            at = text.words[0][0] if first else text.words[step.src_start - 1][1]
            splices.append(_inserted(line, at, " ".join(words), after=not first))
    return _spliced(line.text, splices)


def set_tags(line: TaskLine, text: TaskText, add: Sequence[str], remove: Iterable[str]) -> str:
    """Return the line with tags (with "#") added and removed, each with one blank.

    Added ones stand behind the last tag, or behind the text and its mentions: before the fields that Tasks reads.
    """
    gone = set(remove)
    removed = [span for tag, span in zip(text.tags, text.tag_spans, strict=True) if tag in gone]
    kept = [span for span in text.tag_spans if span not in removed]
    staying = {line.text[start:end] for start, end in kept}
    new = [tag for tag in dict.fromkeys(add) if tag not in staying]
    splices = _cuts(line, removed)
    if new:
        at = kept[-1][1] if kept else _text_end(line, text)
        splices.append(_inserted(line, at, " ".join(new), after=at > line.body[0]))
    return _spliced(line.text, splices)


def set_assignees(line: TaskLine, text: TaskText, new: Sequence[str], roster: Roster) -> str:
    """Return the line with mentions that assign it to these people (canonical names); `UNASSIGNED` stands for nobody.

    Whoever goes is replaced in place by whoever comes, in the same form; who is left over goes with one blank and the
    comma or "and" before it; who is new stands behind the last mention, or else behind the text.
    """
    people = [person for person in dict.fromkeys(new) if person != UNASSIGNED]
    removed = [mention for mention in text.assigning if mention.person not in (people or [UNASSIGNED])]
    present = {mention.person for mention in text.assigning}
    added = [person for person in people if person not in present]
    splices: list[_Splice] = []
    for mention, person in zip(removed, added, strict=False):
        form = line.text[mention.start : mention.end]
        spelt = spell_mention(person, roster, form, leading=mention == text.leading)
        splices.append(_Splice(mention.start, mention.end, spelt))
    splices += _without_mentions(line, text, removed[len(added) :])
    if added[len(removed) :]:
        mentions = " ".join(spell_mention(person, roster) for person in added[len(removed) :])
        at = text.trailing[-1].end if text.trailing else _text_end(line, text)
        splices.append(_inserted(line, at, mentions, after=at > line.body[0]))
    return _spliced(line.text, splices)


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


def _without_mentions(line: TaskLine, text: TaskText, removed: Sequence[Mention]) -> list[_Splice]:
    """Cut mentions with what joins them to the others of the run, and the leading one with its colon."""
    spans = [(mention.start, mention.end) for mention in removed]
    colon = text.leading.end if text.leading in removed and text.leading else len(line.text)
    if line.text[colon : colon + 1] in tuple(_PUNCTUATION):
        spans.append((colon, colon + 1))
    run = text.trailing
    kept = [number for number, mention in enumerate(run) if mention not in removed]
    if run and not kept:
        spans += _words_between(text, run[0].end, line.body[1])
    for number in range(len(run)) if kept else ():
        if number not in kept:
            before = number - 1 if kept[0] < number else number
            spans += _words_between(text, run[before].end, run[before + 1].start)
    return _cuts(line, _merged(spans))


def _words_between(text: TaskText, start: int, end: int) -> list[Span]:
    return [match.span() for match in _WORD.finditer(text.masked, start, end)]


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(set(spans)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cuts(line: TaskLine, spans: Iterable[Span]) -> list[_Splice]:
    """Remove spans, each with one blank beside it where what is left around it stays apart."""
    splices: list[_Splice] = []
    free = line.body[0]  # what stands before belongs to an earlier cut, or to the box
    for start, end in spans:
        following = line.text[end : min(end + 1, line.body[1])]
        left = start > free and line.text[start - 1].isspace()
        if left and (not following or following.isspace() or following in _PUNCTUATION):
            splices.append(_Splice(start - 1, end, ""))
        elif following.isspace() and start == free:
            splices.append(_Splice(start, end + 1, ""))
        else:
            splices.append(_Splice(start, end, ""))
        free = splices[-1].end
    return splices


def _inserted(line: TaskLine, at: int, new: str, *, after: bool) -> _Splice:
    """Insert words behind what ends at `at`, or before what begins there, a blank between."""
    following = line.text[at : min(at + 1, line.body[1])]
    apart = following != "" and (not after or not (following.isspace() or following in _PUNCTUATION))
    before = after or not line.text[at - 1].isspace()
    return _Splice(at, at, f"{' ' * before}{new}{' ' * apart}")


def _replaced(text: TaskText, start: int, end: int, word: str) -> _Splice:
    """Put one word in place of another; a mention that stood right behind it is kept apart from the new one."""
    glued = bool(text.trailing) and end == text.trailing[0].start
    return _Splice(start, end, f"{word} " if glued else word)


def _text_end(line: TaskLine, text: TaskText) -> int:
    """Return where the text ends, its mentions with it; tags and fields may follow."""
    start, at = line.body
    while at > start and is_blank(text.masked[at - 1]):
        at -= 1
    return at


def _spliced(line: str, splices: Iterable[_Splice]) -> str:
    pieces: list[str] = []
    at = 0
    for splice in sorted(splices):
        pieces += line[at : splice.start], splice.new
        at = splice.end
    return "".join([*pieces, line[at:]])
