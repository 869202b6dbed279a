"""Find names that may mean one person: misspelt, shortened, doubled, turned around, with other accents or marks.

Nothing is joined here: who is meant is for the user to say, in the config. Candidates come from tables of what two
spellings have in common, never from comparing each name with each, so that thousands of names take seconds.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from vaultsync.tasks.people import person_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_LEAST_IN_WORD = 5  # letters of the word that is
_TWO_SLIPS = range(14, 23)  # letters of a name of which two may be wrong; longer ones can be wrong in too many ways
_ONE_SLIP = range(7, 60)  # letters of a name that may be misspelt; too many shorter ones are names of their own
_MOST_WORDS = 6  # in a name that is looked at for initials: each further one doubles the ways to write it
_KNOWN_WORD = 2  # other names with a word that make it a name of its own, no slip

_SPELT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"}
)  # what has no accent to take off
_TWO_FOR_ONE = re.compile(r"(?<=[^aeiou\s])([aou])e(?=[^aeiou\s]|\Z)")  # ä is written ae
_PARTS = re.compile(r"[\s\-‐‑–.,_/]+")  # hyphens of all widths
_LETTER_TWICE = re.compile(r"(.)\1")
_DROPPED = re.compile("['’‘`´]")  # the apostrophes of O'Neill
_ENDINGS = frozenset("aeoiy")  # Mario and Maria, Daniel and Daniela are two people


class Likeness(StrEnum):
    """Why two names may mean one person."""

    SPELLING = "accents or marks"
    ORDER = "words turned around"
    DOUBLED = "a word twice"
    INITIAL = "initials"
    FIRST_NAME = "first name"
    SLIP = "a slip"


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is used in a vault."""

    text: str
    uses: int = 0  # tasks that mention it
    fixed: bool = False  # of a people note or the config: it can't be somebody's alias
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """A name, and who it may be; several where nothing tells which one."""

    name: str
    people: tuple[str, ...]
    why: Likeness

    @property
    def is_certain(self) -> bool:
        """Tell whether one person alone is meant."""
        return len(self.people) == 1


@dataclass(frozen=True, slots=True)
class _Spelling:
    name: Name
    text: str
    words: tuple[str, ...]  # folded

    @property
    def letters(self) -> str:
        return "".join(self.words)

    @property
    def is_alias(self) -> bool:
        return self.text != self.name.text


@dataclass(slots=True)
class _Search:
    """The names that are left, and what was found of the others."""

    names: dict[str, Name]
    found: dict[str, Alike] = field(default_factory=dict)  # by the name that is somebody else's

    def root(self, name: str) -> str:
        """Return the person that a name was found to be, at last."""
        seen = {name}
        while (alike := self.found.get(name)) and alike.is_certain and alike.people[0] not in seen:
            name = alike.people[0]
            seen.add(name)
        return name

    def add(self, name: str, people: Iterable[str], why: Likeness) -> None:
        """Enter who a name may be, unless it was found out already or it is itself one of them."""
        roots = sorted({self.root(person) for person in people})
        if roots and name not in self.found and self.root(name) not in roots:
            self.found[name] = Alike(name, tuple(roots), why)


def look_alikes(names: Iterable[Name]) -> tuple[Alike, ...]:
    """Return the names that look like others, by name, each with whom it may mean.

    Of names that are alike in all but accents, marks, order or doubled words, and of slips, the person is who has a
    people note, else the one most used. Two people with notes are told as alike, too; no alias can join them.
    """
    every = {name.text: name for name in names}
    search = _Search(every)
    spellings = [
        _Spelling(name, text, words)
        for name in every.values()
        for text in (name.text, *name.aliases)
        if (words := folded_words(text))
    ]
    _find_same(spellings, search)
    _find_slips(spellings, search)
    _find_short(spellings, search)
    settled = [_settled(alike, search) for alike in search.found.values()]
    return tuple(sorted((alike for alike in settled if alike), key=lambda alike: (person_key(alike.name), alike.name)))


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a name without case, accents, hyphens and dots; `Ruiz, Ana` is turned around."""
    last, comma, first = text.partition(",")
    decomposed = unicodedata.normalize("NFKD", f"{first} {last}" if comma else text).casefold().translate(_SPELT)
    plain = "".join(char for char in unicodedata.normalize("NFKD", decomposed) if not unicodedata.combining(char))
    return tuple(_TWO_FOR_ONE.sub(r"\1", word) for word in _PARTS.split(_DROPPED.sub("", plain)) if word)


def _settled(alike: Alike, search: _Search) -> Alike | None:
    """Return what was found with those people who are left at last."""
    roots = tuple(sorted({search.root(person) for person in alike.people} - {alike.name}))
    via = search.found.get(alike.people[0]) if alike.is_certain else None
    return Alike(alike.name, roots, via.why if via else alike.why) if roots else None


# -- the same words


def _find_same(spellings: Sequence[_Spelling], search: _Search) -> None:
    by_words: dict[object, list[_Spelling]] = defaultdict(list)
    for each in spellings:
        by_words[tuple(sorted(set(each.words)))].append(each)
        by_words[each.letters].append(each)
    for group in by_words.values():
        names: dict[str, _Spelling] = {}
        for each in group:
            names.setdefault(each.name.text, each)  # the name itself comes before its aliases
        first, *others = sorted(names.values(), key=_rank)
        holders = [each for each in names.values() if each.is_alias]
        if len(holders) > 1:
            # What several people are called makes them no less several; whoever bears it as a name may be any of them.
            others = [each for each in names.values() if not each.is_alias]
        people = [each.name.text for each in holders] if len(holders) > 1 else [first.name.text]
        for each in others:
            search.add(each.name.text, people, _why_same(each, first))


def _why_same(one: _Spelling, other: _Spelling) -> Likeness:
    if one.words == other.words and "," not in one.text:
        return Likeness.SPELLING
    if max(Counter(one.words).values()) > max(Counter(other.words).values()):
        return Likeness.DOUBLED
    return Likeness.ORDER if sorted(one.words) == sorted(other.words) else Likeness.SPELLING


# -- slips


def _find_slips(spellings: Sequence[_Spelling], search: _Search) -> None:
    words = Counter(word for each in spellings for word in set(each.words))
    nearby: dict[str, list[_Spelling]] = defaultdict(list)
    standing = sorted((each for each in spellings if each.name.text not in search.found), key=_rank)
    for each in standing:  # who comes first is the person, who comes later the slip
        text = " ".join(each.words)
        if len(each.letters) not in _ONE_SLIP:
            continue
        keys = _shortened(text, 2 if len(each.letters) in _TWO_SLIPS else 1)
        if not each.name.fixed:
            near = {other.name.text: other for key in keys for other in nearby.get(key, ()) if other is not each}
            people = [
                name
                for name, other in near.items()
                if not (each.is_alias and other.is_alias) and _is_slip(each, other, words)
            ]
            search.add(each.name.text, people, Likeness.SLIP)
        for key in keys:
            nearby[key].append(each)


def _shortened(text: str, most: int) -> set[str]:
    """Return a text and all that is left of it with up to so many letters taken out: what two slips have in common."""
    every = latest = {text}
    for _ in range(most):
        latest = {each[:at] + each[at + 1 :] for each in latest for at in range(len(each))}
        every = every | latest
    return every


def _is_slip(one: _Spelling, other: _Spelling, words: Mapping[str, int]) -> bool:
    """Tell whether one name is the other misspelt.

    A heuristic: names that differ in a vowel at a word's end are two people's, and so are those whose differing words
    both stand in other names. It still takes a rare name for a slip of a common one.
    """
    if len(one.words) != len(other.words):
        return False
    pairs = [(a, b) for a, b in zip(one.words, other.words, strict=True) if a != b]
    limit = 2 if len(one.letters) in _TWO_SLIPS and len(other.letters) in _TWO_SLIPS else 1
    if sum(OSA.distance(a, b) for a, b in pairs) > limit:
        return False
    return all(_is_slip_of_word(a, b, words) for a, b in pairs)


def _is_slip_of_word(one: str, other: str, words: Mapping[str, int]) -> bool:
    if _LETTER_TWICE.sub(r"\1", one) == _LETTER_TWICE.sub(r"\1", other):
        return _digits(one) == _digits(other)  # Ana and Anna, however short
    if min(len(one), len(other)) < _LEAST_IN_WORD or _digits(one) != _digits(other):
        return False
    if words[one] > _KNOWN_WORD and words[other] > _KNOWN_WORD:
        return False
    return not _differ_in_ending(*sorted((one, other), key=len))


def _differ_in_ending(shorter: str, longer: str) -> bool:
    if longer[:-1] == shorter:
        return longer[-1] in _ENDINGS
    return longer[:-1] == shorter[:-1] and {longer[-1], shorter[-1]} <= _ENDINGS


def _digits(word: str) -> str:
    return "".join(char for char in word if char.isdigit())


# -- shortened names


def _find_short(spellings: Sequence[_Spelling], search: _Search) -> None:
    whole: dict[tuple[str, ...], set[str]] = defaultdict(set)  # a short form -> the people with it
    first: dict[str, set[str]] = defaultdict(set)
    for each in spellings:
        person = search.root(each.name.text)
        full = [word for word in each.words if len(word) > 1]
        if len(full) <= 1:
            continue
        first[each.words[0]].add(person)
        for form in _initials(each.words):
            whole[form].add(person)
    for each in spellings:
        name = each.name.text
        if name in search.found or each.text != name or each.name.fixed:
            continue
        if len(each.words) == 1:
            search.add(name, first.get(each.words[0], set()) - {name}, Likeness.FIRST_NAME)
        elif any(len(word) == 1 for word in each.words):
            search.add(name, whole.get(each.words, set()) - {name}, Likeness.INITIAL)


def _initials(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield a name with some of its words, not all, as initials; and with initials that it doesn't have itself."""
    if len(words) > _MOST_WORDS:
        return
    for chosen in itertools.product((False, True), repeat=len(words)):
        if any(chosen) and not all(chosen):
            yield tuple(word[0] if short else word for word, short in zip(words, chosen, strict=True))


def _rank(each: _Spelling) -> tuple[bool, int, bool, bool, int, str]:
    """Return what orders spellings: the one to write first."""
    text = each.name.text
    return (
        not each.name.fixed,
        -each.name.uses,
        "," in text,
        text in (text.upper(), text.lower()),
        -len(set(each.words)),
        text,
    )
