"""Merge two texts that grew out of the same one: by lines, and within lines that both changed, by words.

It knows nothing of tasks. Where the texts come from, and what is done about a collision, is decided above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Side = Literal["ours", "theirs"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# A word is what stands between spaces, so that no date is ever made of two, with the spaces before it; a box is a word
# of its own.
_WORD = re.compile(r"\n|[^\S\n]*(?:\[[^\n]\]|[^\s\[]+|\[)|[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text; `collided` tells that both had changed the same words, and that the winner's were taken."""

    text: str
    collided: bool


@dataclass(frozen=True, slots=True, order=True)
class _Hunk:
    """Tokens `start` to `end` of the base became `tokens` on one side."""

    start: int
    end: int
    theirs: bool
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of the base, and what each side made of it."""

    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def merge3(base: str, ours: str, theirs: str, *, winner: Side = "theirs") -> Merged:
    """Return what both made of the base. What both inserted at one place stands there with theirs first.

    Where both changed the same words, the winner's are taken. Lines end with a line feed; any other character, a
    carriage return among them, is part of its line.
    """
    merged: list[str] = []
    collided = False
    for piece in _pieces(_LINE.findall(base), _LINE.findall(ours), _LINE.findall(theirs)):
        agreed = _agreed(piece)
        if agreed is None:
            words = _merge_words(*("".join(side) for side in (piece.base, piece.ours, piece.theirs)), winner=winner)
            merged.append(words.text)
            collided |= words.collided
        else:
            merged += agreed
    return Merged("".join(merged), collided)


def _merge_words(base: str, ours: str, theirs: str, *, winner: Side) -> Merged:
    merged: list[str] = []
    collided = False
    for piece in _pieces(_WORD.findall(base), _WORD.findall(ours), _WORD.findall(theirs)):
        agreed = _agreed(piece)
        merged += agreed if agreed is not None else piece.theirs if winner == "theirs" else piece.ours
        collided |= agreed is None
    return Merged("".join(merged), collided)


def _agreed(piece: _Piece) -> tuple[str, ...] | None:
    """Return what becomes of a piece, None if both sides made different things of it."""
    if piece.ours in (piece.base, piece.theirs):
        return piece.theirs
    if piece.theirs == piece.base:
        return piece.ours
    return _joined(piece.theirs, piece.ours) if not piece.base else None


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Return all of two insertions, what stands in both only once."""
    joined: list[str] = []
    for _, start, end, other_start, other_end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        joined += first[start:end]
        if first[start:end] != second[other_start:other_end]:
            joined += second[other_start:other_end]
    return tuple(joined)


def _pieces(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Piece]:
    """Yield the base piece by piece; hunks that overlap, or insert at the same place, are one piece."""
    mine, others = list(_hunks(base, ours, theirs=False)), list(_hunks(base, theirs, theirs=True))
    hunks = sorted([*_split(mine, others), *_split(others, mine)])
    at = 0
    while hunks:
        start, end = hunks[0].start, hunks[0].end
        group = [hunks.pop(0)]
        while hunks and (hunks[0].start < end or hunks[0].end == start):
            group.append(hunks.pop(0))
            end = max(end, group[-1].end)
        unchanged = tuple(base[at:start])
        yield _Piece(unchanged, unchanged, unchanged)
        yield _Piece(
            tuple(base[start:end]),
            _applied(base, start, end, [hunk for hunk in group if not hunk.theirs]),
            _applied(base, start, end, [hunk for hunk in group if hunk.theirs]),
        )
        at = end
    rest = tuple(base[at:])
    yield _Piece(rest, rest, rest)


def _hunks(base: Sequence[str], side: Sequence[str], *, theirs: bool) -> Iterator[_Hunk]:
    # What is equal at both ends is most of a note, and the matcher takes quadratic time.
    first, shorter = 0, min(len(base), len(side))
    while first < shorter and base[first] == side[first]:
        first += 1
    last = 0
    while last < shorter - first and base[-1 - last] == side[-1 - last]:
        last += 1
    middle, other = base[first : len(base) - last], side[first : len(side) - last]
    for kind, start, end, side_start, side_end in SequenceMatcher(None, middle, other, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _Hunk(first + start, first + end, theirs, tuple(other[side_start:side_end]))


def _split(hunks: Sequence[_Hunk], others: Sequence[_Hunk]) -> Iterator[_Hunk]:
    """Part what a hunk inserts from what it changes, where the other side inserted the same beside it."""
    inserted = {other.start: other.tokens for other in others if other.start == other.end}
    for hunk in hunks:
        tokens = hunk.tokens
        first = last = 0
        if hunk.start != hunk.end:
            first = _common(tokens, inserted.get(hunk.start, ()))
            last = _common(tokens[first:][::-1], inserted.get(hunk.end, ())[::-1])
        if first:
            yield _Hunk(hunk.start, hunk.start, hunk.theirs, tokens[:first])
        yield _Hunk(hunk.start, hunk.end, hunk.theirs, tokens[first : len(tokens) - last])
        if last:
            yield _Hunk(hunk.end, hunk.end, hunk.theirs, tokens[-last:])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many tokens two sequences have in common at their beginning."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _applied(base: Sequence[str], start: int, end: int, hunks: Sequence[_Hunk]) -> tuple[str, ...]:
    made: list[str] = []
    at = start
    for hunk in hunks:
        made += base[at : hunk.start]
        made += hunk.tokens
        at = hunk.end
    return (*made, *base[at:end])
