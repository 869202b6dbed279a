"""Read a proposal's prose for comparison: its words, and what in it must not differ (numbers, days, names, negation).

Left to others: how alike two wordings have to be, and which proposals are grouped (duplicates).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]+\]")
_WIKILINK = re.compile(r"!?\[\[(?P<target>[^\[\]|]*)(?:\|(?P<alias>[^\[\]]*))?\]\]")
_LINK = re.compile(r"!?\[(?P<shown>[^\[\]]*)\]\([^()\s]*\)")
_NUMBER = r"[^\W\d_]*\d+(?:[.:,/]\d+)*[^\W_]*"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|[^\W_]+(?:['’][^\W_]+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)\Z")
_VERSION = re.compile(r"\Av(?=\d)")
_ENDS_SENTENCE = re.compile(r"[.!?:;…–—]")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_DAY = re.compile(
    r"(?:\b(?:by|on|before|until|till|due|for)\s+)?(?:\bthe\s+)?"
    r"(?:\b(?P<iso>\d{4}-\d\d-\d\d)\b"
    rf"|\b(?P<month>{_MONTH})\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>\d{{4}})\b)?"
    rf"|\b(?P<day2>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month2>{_MONTH})\b\.?(?:,?\s+(?P<year2>\d{{4}})\b)?"
    r"|\b(?P<near>(?:next\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tomorrow)\b)",
    re.IGNORECASE,
)


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


# "one" is mostly no number ("the one on pricing"), and "1 report" for "one report" is the smaller loss.
_CARDINALS = _listed("two three four five six seven eight nine ten eleven twelve")
_ORDINALS = _listed("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_SPELLED = {
    **{word: str(number) for number, word in enumerate(_CARDINALS, start=2)},
    **{word: str(number) for number, word in enumerate(_ORDINALS, start=1)},
}

_NEGATIONS = frozenset(
    _listed("no not never without neither nor cannot dont cant wont doesnt didnt isnt arent wasnt shouldnt mustnt")
)

# They say little of what a proposal is about, and stand in nearly all of them: finding pairs by them finds all pairs.
_LITTLE = frozenset(
    _listed(
        "a about after again all an and any are as at back be been before by can could do for from get have if in into"
        " is it its more new of off on one or our out over please so that the their them then there these they this to"
        " up us was we were what when which who will with would you your"
    )
)

_OPPOSITES = frozenset(
    pair
    for one, _, other in (
        pair.partition("/")
        for pair in _listed(
            "accept/decline accept/reject add/remove after/before approve/decline approve/reject attach/detach"
            " backend/frontend buy/sell client/server connect/disconnect decrease/increase disable/enable"
            " export/import external/internal hide/show hire/fire inbound/outbound incoming/outgoing install/uninstall"
            " last/next lock/unlock lower/raise maximum/minimum new/old offboarding/onboarding offline/online"
            " private/public production/staging publish/unpublish start/stop subscribe/unsubscribe upgrade/downgrade"
            " upload/download"
        )
    )
    for pair in ((one, other), (other, one))
)


class Day(NamedTuple):
    """A day named in prose: `08-11`, `friday`, `next friday`, `tomorrow`; the year is "" where none is told."""

    day: str
    year: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A prose, read for comparison. Words are case folded and NFKC; days and markup are not among them.

    The same word is one object in all of them: many are kept.
    """

    text: str  # the words in their order of letters, one blank apart: equal for the same words in another order
    names: tuple[str, ...]  # words that seem to name somebody or something, in order of letters
    days: tuple[Day, ...]  # in order


@dataclass(frozen=True, slots=True)
class Words:
    """What follows from the text of a wording alone; not to be kept, it takes several times the memory of the text."""

    telling: frozenset[str]  # the words that say what it is about; all words where none does
    letters: int  # of the telling ones
    numbers: tuple[str, ...]  # in order of letters, as often as they stand there
    negated: bool


@lru_cache(maxsize=16_384)
def read_wording(prose: str) -> Wording:
    """Read a prose, as it stands in a line or as it is shown, for comparison.

    Of a link counts what is shown. Numbers are the words with a digit in them: `Q3`, `2.1` (and `v2.1`), `10:30`
    (`10:30 am` and `10:30am` are one), `1,000` (also `1000`), `3rd` (also `third`, and `3`); besides, `two` to `twelve`
    and `first` to `twelfth`. English only, as are days and negations. A name is a word that begins with a capital
    within a sentence, stands in capitals, or follows an `@`.
    """
    plain = _shown(unicodedata.normalize("NFKC", prose))
    days = sorted(_day(match) for match in _DAY.finditer(plain))
    tokens = list(_tokens(_DAY.sub(" ", plain))) or [(word, False) for word in prose.casefold().split()]
    return Wording(
        text=" ".join(sorted(word for word, _ in tokens)),
        names=tuple(sorted({intern(word) for word, is_name in tokens if is_name})),
        days=tuple(days),
    )


def words_of(text: str) -> Words:
    """Take the text of a wording apart; the same word is again one object in all of them."""
    ordered = [intern(word) for word in text.split()]
    words = frozenset(ordered)
    telling = words - _LITTLE or words
    return Words(
        telling=telling,
        letters=sum(map(len, telling)),
        numbers=tuple(word for word in ordered if any(map(str.isdecimal, word))),
        negated=not words.isdisjoint(_NEGATIONS),
    )


def opposed(one: AbstractSet[str], other: AbstractSet[str]) -> bool:
    """Say whether, of the words that two wordings don't share, one on each side are opposites ("add", "remove")."""
    return any((word, opposite) in _OPPOSITES for word in one for opposite in other)


def _shown(text: str) -> str:
    text = _WIKILINK.sub(lambda link: link["alias"] or link["target"].rpartition("/")[2].partition("#")[0], text)
    return _LINK.sub(r"\g<shown>", _FOOTNOTE.sub(" ", text))


def _day(match: re.Match[str]) -> Day:
    if match["iso"]:
        year, _, day = match["iso"].partition("-")
        return Day(day, year)
    if match["near"]:
        return Day(" ".join(match["near"].casefold().split()), "")
    month = _MONTHS.index((match["month"] or match["month2"]).casefold()[:3]) + 1
    return Day(f"{month:02}-{int(match['day'] or match['day2']):02}", match["year"] or match["year2"] or "")


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words, each with whether it seems to be a name."""
    end, held = 0, ""
    for match in _TOKEN.finditer(text):
        token, between = match.group(), text[end : match.start()]
        begins = end == 0 or _ENDS_SENTENCE.search(between) is not None
        end = match.end()
        word = _word(token)
        if held:
            yield (held + word, False) if word in {"am", "pm"} else (held, False)
            held, word = "", "" if word in {"am", "pm"} else word
        if match["number"]:
            held = _number(word)
        elif word:
            yield _SPELLED.get(word, word), between.endswith("@") or _seems_a_name(token, begins=begins)
    if held:
        yield held, False


def _word(token: str) -> str:
    folded = token.casefold().replace("’", "'")
    return folded.removesuffix("'s").replace("'", "")


def _seems_a_name(word: str, *, begins: bool) -> bool:
    if len(word) > 1 and word.isupper():
        return True
    return not begins and word[0].isupper() and re.match("I(?:['’]|$)", word) is None


def _number(word: str) -> str:
    """Spell a number as others may have spelled it too; digits of any script are digits."""
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in word)
    plain = _ORDINAL.sub(r"\1", _VERSION.sub("", digits))
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    return plain.lstrip("0") or "0"
