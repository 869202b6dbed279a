"""Map what somebody did to a text where it stands rendered back to the source's words.

What rendering changes is `inert`'s; which words a row shows is `rows`'.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import Levenshtein

from vaultsync.index.inert import AS_TEXT, LED_WITHIN, Token, render_tokens
from vaultsync.index.links import INVISIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HIDDEN = f"(?:{INVISIBLE.pattern})*"
_VARIATIONS = "\ufe0e\ufe0f"  # they say whether what stands before them is text or an emoji
_SIGN = re.compile(
    rf"{_HIDDEN}(?:(?P<link>{LED_WITHIN.pattern})|(?P<blank>\s(?:\s|{INVISIBLE.pattern})*)|.[{_VARIATIONS}]?){_HIDDEN}",
    re.DOTALL,
)


class _Piece(NamedTuple):
    """A piece of the source, and how it is shown: in words, or in characters."""

    text: str
    shown: Sequence[str]

    @property
    def is_altered(self) -> bool:
        return self.text != " ".join(self.shown)


def restore(now: Sequence[str], source: Sequence[Token], path: str) -> list[str]:
    """Return the source's words after somebody made `now` of the words that a row shows of it.

    Tokens that were left alone come back as the source has them, wherever they stand now. In the others, that holds for
    each character, so that what rendering put in is taken out again; all else is as typed. A link within the note comes
    back only as a whole.
    """
    rendered = zip(source, render_tokens(source, path), strict=True)
    shown = [_Piece(token.text, text.split()) for token, text in rendered if text]
    kept = _left_alone(shown, [word for piece in shown for word in piece.shown], now)
    moved = _moved(shown, kept, now)
    changed = set(range(len(shown))) - {*kept.values(), *moved.values()}
    order = sorted(kept)
    result: list[str] = []
    position = 0
    for at, number in [*sorted((kept | moved).items()), (len(now), None)]:
        if at > position:
            after = bisect_left(order, at)
            first = kept[order[after - 1]] + 1 if after else 0
            last = kept[order[after]] if after < len(order) else len(shown)
            result += _retyped(now[position:at], [shown[each] for each in range(first, last) if each in changed], path)
        if number is not None:
            result.append(shown[number].text)
            position = at + len(shown[number].shown)
    return result


def _left_alone(pieces: Sequence[_Piece], written: Sequence[str], now: Sequence[str]) -> dict[int, int]:
    """Return the pieces of what was written that are still whole, by where each begins in `now`."""
    kept: dict[int, int] = {}  # position in `written` -> position in `now`
    for step in Levenshtein.opcodes(written, now):
        if step.tag == "equal":
            kept |= zip(range(step.src_start, step.src_end), range(step.dest_start, step.dest_end), strict=True)
    found: dict[int, int] = {}
    position = 0
    for number, piece in enumerate(pieces):
        first = kept.get(position)
        if first is not None and all(kept.get(position + step) == first + step for step in range(len(piece.shown))):
            found[first] = number
        position += len(piece.shown)
    return found


def _moved(pieces: Sequence[_Piece], kept: Mapping[int, int], now: Sequence[str]) -> dict[int, int]:
    """Return where altered tokens stand now that somebody moved; it could go wrong for one typed alike."""
    taken = {at + step for at, number in kept.items() for step in range(len(pieces[number].shown))}
    free = set(range(len(now))) - taken
    typed = {now[at] for at in free}
    found: dict[int, int] = {}
    for number in sorted(set(range(len(pieces))) - set(kept.values())):
        words = pieces[number].shown
        if not pieces[number].is_altered or not typed.issuperset(words):
            continue
        for at in sorted(free):
            if free.issuperset(range(at, at + len(words))) and list(now[at : at + len(words)]) == words:
                found[at] = number
                free -= set(range(at, at + len(words)))
                break
    return found


def _retyped(now: Sequence[str], changed: Sequence[_Piece], path: str) -> list[str]:
    """Return words that stand in place of tokens, with the source's characters where those were left alone."""
    if not any(piece.is_altered for piece in changed):
        return list(now)
    signs: list[_Piece] = []
    for piece in changed:
        signs += [*_signs(piece.text, " ".join(piece.shown), path), _Piece(" ", " ")]
    typed = f"{' '.join(now)} "
    kept = _left_alone(signs, "".join(sign for piece in signs for sign in piece.shown), typed)
    result: list[str] = []
    position = 0
    while position < len(typed):
        sign = signs[kept[position]] if position in kept else _Piece(typed[position], typed[position])
        result.append(sign.text)
        position += len(sign.shown)
    return ["".join(result).rstrip(" ")]


def _signs(source: str, shown: str, path: str) -> Iterator[_Piece]:
    """Pair the characters of a token with what they are shown as."""
    at = 0
    for match in _SIGN.finditer(source):
        look = next((look for look in _looks(match, path) if shown.startswith(look, at)), None)
        if look is None:  # nothing tells any more what belongs to which
            yield _Piece(source[match.start() :], shown[at:])
            return
        yield _Piece(match[0], look)
        at += len(look)


def _looks(sign: re.Match[str], path: str) -> tuple[str, ...]:
    """Return how a character of the source may be shown."""
    if sign["blank"]:
        return (" ",)
    if sign["link"]:
        (link,) = render_tokens([Token(sign["link"])], path)
        return link, f"\\{link}"
    plain = INVISIBLE.sub("", sign[0])
    return f"{plain.rstrip(_VARIATIONS)}{AS_TEXT}", plain, f"\\{plain}"
