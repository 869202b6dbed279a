"""Change a task's prose, tags or assignees in its line, and nothing else of the line.

Left to others: what is to change (reconcile), and whether the new line reads as intended (the caller parses it again).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import Levenshtein

from vaultsync.tasks.mentions import is_blank, spell_mention
from vaultsync.tasks.people import UNASSIGNED
from vaultsync.tasks.text import WORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaultsync.model import Mention, TaskLine
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.text import Span, TaskText

_PUNCTUATION = ".,;:!?"


class _Splice(NamedTuple):
    start: int
    end: int
    new: str


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
    return [match.span() for match in WORD.finditer(text.masked, start, end)]


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
