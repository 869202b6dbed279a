"""Decide which of one person's proposals say nearly the same, and under which of them the others stand.

Left to others: what a prose says (wording), how a group is drawn, and what becomes of its members.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from vaultsync.model import INVALID
from vaultsync.reconcile.wording import Day, Wording, opposed, read_wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.rollup import Order

THRESHOLD = 88
LONGEST = 1000  # characters of prose, as it is compared; longer ones are hardly rewordings, and slow to compare
SHARED = 0.6  # of the letters of the telling words, that two wordings share word for word
_LONG_NAME = 6  # letters; shorter names one letter apart are two names (Ana, Ann)

_Key = tuple[tuple[str, ...], bool, str]  # numbers, negated, a telling word


@dataclass(frozen=True, slots=True)
class Proposal:
    """What grouping has to know of one proposal."""

    order: Order  # distinct among the proposals of one person
    prose: str
    fields: int = 0  # how many fields are set, dates included
    due: str | None = None
    scheduled: str | None = None
    start: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A proposal, and those that say nearly the same, in order."""

    leader: Proposal
    others: tuple[Proposal, ...] = ()


class _Dates(NamedTuple):
    """The dates of a proposal or a group; a date that is no day of the calendar is none."""

    fields: tuple[str | None, ...]  # due, scheduled, start
    days: tuple[Day, ...]  # named in the prose


@dataclass(frozen=True, slots=True)
class _Said:
    """A wording as one person's proposals use it: those with the same text and names are compared once."""

    wording: Wording
    names: frozenset[str]
    letters: int  # of the telling words


@dataclass(slots=True)
class _Gathering:
    rank: int
    leader: Proposal
    dates: _Dates
    others: list[Proposal] = field(default_factory=list)


@dataclass(slots=True)
class _Led:
    """The groups whose leaders say the same, in rank."""

    said: _Said
    gatherings: list[_Gathering] = field(default_factory=list)
    by_due: dict[str | None, list[_Gathering]] = field(default_factory=dict)  # the leader's own due date


def group_duplicates(
    proposals: Iterable[Proposal], threshold: float = THRESHOLD, known: AbstractSet[str] = frozenset()
) -> tuple[Group, ...]:
    """Group the proposals of one person that say nearly the same; each is in exactly one group, most are alone in it.

    From the fullest proposal to the barest (`fullness`), each joins the group whose leader is most like it (`likeness`;
    of equals the fuller leader), if that is at least `threshold` (0 to 100) and the dates agree: no group holds two
    different due, scheduled or start dates or days named in the prose, but a proposal without one agrees with any. What
    finds no group leads one. So everybody matches the leader, not only a neighbour, and input order makes no
    difference. No prose, and prose of over `LONGEST` characters, stays alone.

    `known` are the case-folded words of people's names, for names that a sentence begins with.

    Groups stand in the order of their leaders.
    """
    ranked = sorted(proposals, key=fullness)
    said = [_said(proposal.prose, known) for proposal in ranked]
    leaders = _Leaders(said, threshold, known)
    gatherings: list[_Gathering] = []
    for rank, (proposal, what) in enumerate(zip(ranked, said, strict=True)):
        dates = _dates(proposal, what.wording)
        found = leaders.nearest(what, dates)
        if found is None:
            gathering = _Gathering(rank, proposal, dates)
            gatherings.append(gathering)
            leaders.add(what, gathering)
            continue
        gathering, gathering.dates = found
        gathering.others.append(proposal)
    gatherings.sort(key=lambda gathering: gathering.leader.order)
    return tuple(
        Group(gathering.leader, tuple(sorted(gathering.others, key=lambda other: other.order)))
        for gathering in gatherings
    )


def regroup(
    groups: Sequence[Group],
    gone: AbstractSet[Proposal],
    come: Iterable[Proposal],
    texts: Sequence[str],
    threshold: float = THRESHOLD,
) -> tuple[Group, ...] | None:
    """Return the groups without some proposals and with others, as `group_duplicates` would; None if it must be asked.

    `texts` are the wordings of all that stay. One that is alone comes and goes without the others' noticing: it is
    alone if it is like none of them, whoever leads.
    """
    kept: list[Group] = [group for group in groups if group.leader not in gone]
    left = sum(1 + len(group.others) for group in groups) - len(gone)
    if any(group.others for group in groups if group.leader in gone) or left != sum(1 + len(g.others) for g in kept):
        return None
    others = list(texts)
    for proposal in come:
        wording = read_wording(proposal.prose)
        if _comparable(wording):
            if process.extractOne(wording.text, others, scorer=fuzz.ratio, processor=None, score_cutoff=threshold):
                return None
            others.append(wording.text)
        kept.append(Group(proposal, ()))
    return tuple(sorted(kept, key=lambda group: group.leader.order))


def fullness(proposal: Proposal) -> tuple[int, int, Order]:
    """Return the rank of a proposal, the fullest first: most fields set, then longest prose, then first in order."""
    return (-proposal.fields, -len(proposal.prose), proposal.order)


def likeness(one: str, other: str, threshold: float, known: AbstractSet[str] = frozenset()) -> float:
    """Return how alike two proses are, 0 to 100; 0 if that is below `threshold` or they can't mean the same.

    It is rapidfuzz's token sort ratio of the wordings. They can't mean the same if their numbers differ or only one is
    negated; if each has a name that the other lacks, or the one a word and the other its opposite; or if the words that
    both have are less than `SHARED` of the telling words, by letters: then it would have to be typos all over.
    """
    return _likeness(_said(one, known), _said(other, known), threshold, known)


class _Leaders:
    """The groups so far, to be asked for the one that a proposal joins.

    Two wordings that share enough share one of their rarest words: if the rarest word that they share weren't among the
    rarest words of one of them, all shared words would be among its others, which are too few by definition. So only
    wordings with one of these words in common are compared, and none is missed.
    """

    def __init__(self, said: Sequence[_Said], threshold: float, known: AbstractSet[str]) -> None:
        self._threshold = threshold
        self._known = known
        self._frequency = Counter(word for what in set(said) for word in what.wording.telling)
        self._by_word: dict[_Key, dict[int, str]] = defaultdict(dict)  # the text of each of `_led` with this word
        self._led: list[_Led] = []
        self._place: dict[_Said, int] = {}  # in `_led`

    def add(self, what: _Said, gathering: _Gathering) -> None:
        at = self._place.setdefault(what, len(self._led))
        if at == len(self._led):
            self._led.append(_Led(what))
            for key in self._keys(what):
                self._by_word[key][at] = what.wording.text
        self._led[at].gatherings.append(gathering)
        self._led[at].by_due.setdefault(gathering.dates.fields[0], []).append(gathering)

    def nearest(self, what: _Said, dates: _Dates) -> tuple[_Gathering, _Dates] | None:
        """Return the group that this joins, with the dates that it then has."""
        for _, alike in groupby(self._alike(what), key=lambda scored: scored[0]):
            fits = [fit for _, led in alike if (fit := _first_fit(led, dates)) is not None]
            if fits:
                return min(fits, key=lambda fit: fit[0].rank)
        return None

    def _alike(self, what: _Said) -> Iterator[tuple[float, _Led]]:
        """Yield the wordings that this one is like, the most alike first."""
        near: dict[int, str] = {}
        for key in self._keys(what):
            near.update(self._by_word.get(key, {}))
        for _, score, at in process.extract(
            what.wording.text, near, scorer=fuzz.ratio, processor=None, limit=None, score_cutoff=self._threshold
        ):
            if _may_mean_the_same(what, self._led[at].said, self._known):
                yield score, self._led[at]

    def _keys(self, what: _Said) -> Iterator[_Key]:
        if not _comparable(what.wording):
            return
        left = what.letters
        for word in sorted(what.wording.telling, key=lambda word: (self._frequency[word], word)):
            if left < SHARED * what.letters:
                return
            yield (what.wording.numbers, what.wording.negated, word)
            left -= len(word)


def _first_fit(led: _Led, dates: _Dates) -> tuple[_Gathering, _Dates] | None:
    """Return the first group with which these dates agree; of a sentence proposed each week there may be many."""
    due = dates.fields[0]
    dated = merge(led.by_due.get(due, ()), led.by_due.get(None, ()), key=lambda gathering: gathering.rank)
    some: Iterable[_Gathering] = led.gatherings if due is None else dated
    fits = ((gathering, joined) for gathering in some if (joined := _together(gathering.dates, dates)) is not None)
    return next(fits, None)


def _said(prose: str, known: AbstractSet[str]) -> _Said:
    wording = read_wording(prose)
    return _Said(wording, wording.names | (wording.words & known), sum(map(len, wording.telling)))


def _comparable(wording: Wording) -> bool:
    return 0 < len(wording.text) <= LONGEST


def _likeness(one: _Said, other: _Said, threshold: float, known: AbstractSet[str]) -> float:
    if not _comparable(one.wording) or not _comparable(other.wording):
        return 0
    score = fuzz.ratio(one.wording.text, other.wording.text, score_cutoff=threshold)
    return score if _may_mean_the_same(one, other, known) else 0


def _may_mean_the_same(one: _Said, other: _Said, known: AbstractSet[str]) -> bool:
    a, b = one.wording, other.wording
    if a.numbers != b.numbers or a.negated != b.negated:
        return False
    if sum(map(len, a.telling & b.telling)) < SHARED * max(one.letters, other.letters):
        return False
    if opposed(a.words - b.words, b.words - a.words):
        return False
    return not _names_differ(one.names - b.words, other.names - a.words, known)


def _names_differ(one: AbstractSet[str], other: AbstractSet[str], known: AbstractSet[str]) -> bool:
    """Say whether each side has a name that isn't a misspelling of one of the other side's."""
    return any(not any(_misspelled(name, like, known) for like in other) for name in one) and any(
        not any(_misspelled(name, like, known) for like in one) for name in other
    )


def _misspelled(one: str, other: str, known: AbstractSet[str]) -> bool:
    if min(len(one), len(other)) < _LONG_NAME or (one in known and other in known):
        return False
    return OSA.distance(one, other, score_cutoff=1) <= 1


def _dates(proposal: Proposal, wording: Wording) -> _Dates:
    dates = (proposal.due, proposal.scheduled, proposal.start)
    return _Dates(tuple(None if date == INVALID else date for date in dates), wording.days)


def _together(one: _Dates, other: _Dates) -> _Dates | None:
    """Join the dates of two proposals; None if they don't agree."""
    if any(a and b and a != b for a, b in zip(one.fields, other.fields, strict=True)):
        return None
    fields = tuple(a or b for a, b in zip(one.fields, other.fields, strict=True))
    if not one.days or not other.days:
        return _Dates(fields, one.days or other.days)
    if len(one.days) != len(other.days):
        return None
    days = [_same_day(a, b) for a, b in zip(one.days, other.days, strict=True)]
    known = tuple(day for day in days if day is not None)
    return _Dates(fields, known) if len(known) == len(days) else None


def _same_day(one: Day, other: Day) -> Day | None:
    if one.day != other.day or (one.year and other.year and one.year != other.year):
        return None
    return Day(one.day, one.year or other.year)
