"""Decide which of one person's proposals say nearly the same, and under which of them the others stand.

Left to others: what a prose says (wording), how a group is drawn, and what becomes of its members.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from vaultsync.model import INVALID
from vaultsync.reconcile.wording import Day, Wording, Words, opposed, read_wording, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.rollup import Order

THRESHOLD = 88
LONGEST = 1000  # characters of prose, as it is compared; longer ones are hardly rewordings, and slow to compare
SHARED = 0.6  # of the letters of the telling words, that two wordings share word for word
_LONG_NAME = 6  # letters; shorter names one letter apart are two names (Ana, Ann)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What grouping has to know of one proposal."""

    order: Order  # distinct among the proposals of one person
    prose: str
    fields: int = 0  # how many fields are set, dates included
    due: str | None = None
    scheduled: str | None = None
    start: str | None = None
    raw: bytes = field(default=b"", compare=False, repr=False)  # the line that all but the order was read of


@dataclass(frozen=True, slots=True)
class Group:
    """A proposal, and those that say nearly the same, in order."""

    leader: Proposal
    others: tuple[Proposal, ...] = ()

    @property
    def members(self) -> tuple[Proposal, ...]:
        """All of them, the leader first."""
        return (self.leader, *self.others)


class _Dates(NamedTuple):
    """The dates of a proposal or a group; a date that is no day of the calendar is none."""

    fields: tuple[str | None, ...]  # due, scheduled, start
    days: tuple[Day, ...]  # named in the prose


Said = tuple[str, tuple[str, ...]]  # the text of a wording and its names, as in `Saying`


@dataclass(slots=True, eq=False)
class Saying:
    """A wording as one person's proposals use it: those with the same text and names are compared once."""

    text: str
    names: tuple[str, ...]  # in order of letters; words of known people's names are among them, wherever they stand


@dataclass(slots=True)
class _Gathering:
    rank: int
    leader: Proposal
    dates: _Dates
    others: list[Proposal] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Led(Saying):
    """The groups whose leaders say this, in rank."""

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
    wordings = [read_wording(proposal.prose) for proposal in ranked]
    leaders = _Leaders([_say(wording, known) for wording in wordings], threshold, known)
    gatherings: list[_Gathering] = []
    for rank, (proposal, wording) in enumerate(zip(ranked, wordings, strict=True)):
        said = _say(wording, known)
        dates = _dates(proposal, wording)
        found = leaders.nearest(said, dates)
        if found is None:
            gathering = _Gathering(rank, proposal, dates)
            gatherings.append(gathering)
            leaders.add(said, gathering)
            continue
        gathering, gathering.dates = found
        gathering.others.append(proposal)
    gatherings.sort(key=lambda gathering: gathering.leader.order)
    return tuple(
        Group(gathering.leader, tuple(sorted(gathering.others, key=lambda other: other.order)))
        for gathering in gatherings
    )


def fullness(proposal: Proposal) -> tuple[int, int, Order]:
    """Return the rank of a proposal, the fullest first: most fields set, then longest prose, then first in order."""
    return (-proposal.fields, -len(proposal.prose), proposal.order)


def likeness(one: str, other: str, threshold: float, known: AbstractSet[str] = frozenset()) -> float:
    """Return how alike two proses are, 0 to 100; 0 if that is below `threshold` or they can't mean the same.

    It is rapidfuzz's token sort ratio of the wordings. They can't mean the same if their numbers differ or only one is
    negated; if each has a name that the other lacks, or the one a word and the other its opposite; or if the words that
    both have are less than `SHARED` of the telling words, by letters: then it would have to be typos all over.
    """
    this, that = Saying(*say(one, known)), Saying(*say(other, known))
    if not _comparable(this.text) or not _comparable(that.text):
        return 0
    score = fuzz.ratio(this.text, that.text, score_cutoff=threshold)
    return score if score and _may_mean_the_same(this, that, known) else 0


def say(prose: str, known: AbstractSet[str]) -> Said:
    """Read a prose for comparison with others; `known` as in `group_duplicates`."""
    return _say(read_wording(prose), known)


def _say(wording: Wording, known: AbstractSet[str]) -> Said:
    called = [word for word in wording.text.split() if word in known]
    return wording.text, tuple(sorted({*wording.names, *called})) if called else wording.names


S = TypeVar("S", bound=Saying)


class Sayings(Generic[S]):
    """What is said, to be asked for what is like something else.

    Two wordings that share enough share one of their rarest words: if the rarest word that they share weren't among the
    rarest words of one of them, all shared words would be among its others, which are too few by definition. So only
    wordings with one of these words in common are compared, and none is missed. This holds for any order of the words,
    if it is the same for both wordings: so it stays as it was in the beginning, whatever is said later.
    """

    def __init__(
        self,
        texts: AbstractSet[str],
        threshold: float,
        known: AbstractSet[str],
        read: Callable[[str], Words] = words_of,
    ) -> None:
        """Begin with nothing said; words are as rare as they are in the wordings with these `texts`."""
        self._threshold = threshold
        self._known = known
        self._read = read
        counts = Counter(word for text in texts for word in read(text).telling)
        self._often = {word: count for word, count in counts.items() if count > 1}
        self._by_key: dict[str, list[S]] = {}

    def add(self, saying: S) -> None:
        """Add what isn't there."""
        for key in self._keys(saying):
            if key in self._by_key:
                self._by_key[key].append(saying)
            else:
                self._by_key[key] = [saying]  # most stay alone, and so take half of what room for more would take

    def remove(self, saying: S) -> None:
        """Remove what is there."""
        for key in self._keys(saying):
            alongside = self._by_key[key]
            alongside.remove(saying)
            if not alongside:
                del self._by_key[key]

    def like(self, saying: Saying) -> Iterator[tuple[float, S]]:
        """Yield what is there and like this, the most alike first, each with how alike it is; itself, too."""
        near = {other: other.text for key in self._keys(saying) for other in self._by_key.get(key, ())}
        for _, score, other in process.extract(
            saying.text, near, scorer=fuzz.ratio, processor=None, limit=None, score_cutoff=self._threshold
        ):
            if _may_mean_the_same(saying, other, self._known, self._read):
                yield score, other

    def _keys(self, saying: Saying) -> Iterator[str]:
        """Yield each of the rarest telling words, with all that must be the same besides; words hold no blanks."""
        if not _comparable(saying.text):
            return
        words = self._read(saying.text)
        besides = "".join(f" {each}" for each in (*words.numbers, *(("not",) if words.negated else ())))
        left = words.letters
        for word in sorted(words.telling, key=lambda word: (self._often.get(word, 1), word)):
            if left < SHARED * words.letters:
                return
            yield word + besides if besides else word
            left -= len(word)


class _Leaders:
    """The groups so far, to be asked for the one that a proposal joins."""

    def __init__(self, said: Iterable[Said], threshold: float, known: AbstractSet[str]) -> None:
        self._led = {each: _Led(*each) for each in said}
        texts = {led.text for led in self._led.values()}
        self._sayings = Sayings[_Led](texts, threshold, known, cache(words_of))

    def add(self, said: Said, gathering: _Gathering) -> None:
        led = self._led[said]
        if not led.gatherings:
            self._sayings.add(led)
        led.gatherings.append(gathering)
        led.by_due.setdefault(gathering.dates.fields[0], []).append(gathering)

    def nearest(self, said: Said, dates: _Dates) -> tuple[_Gathering, _Dates] | None:
        """Return the group that this joins, with the dates that it then has."""
        for _, alike in groupby(self._sayings.like(self._led[said]), key=lambda scored: scored[0]):
            fits = [fit for _, led in alike if (fit := _first_fit(led, dates)) is not None]
            if fits:
                return min(fits, key=lambda fit: fit[0].rank)
        return None


def _first_fit(led: _Led, dates: _Dates) -> tuple[_Gathering, _Dates] | None:
    """Return the first group with which these dates agree; of a sentence proposed each week there may be many."""
    due = dates.fields[0]
    dated = merge(led.by_due.get(due, ()), led.by_due.get(None, ()), key=lambda gathering: gathering.rank)
    some: Iterable[_Gathering] = led.gatherings if due is None else dated
    fits = ((gathering, joined) for gathering in some if (joined := _together(gathering.dates, dates)) is not None)
    return next(fits, None)


def _comparable(text: str) -> bool:
    return 0 < len(text) <= LONGEST


def _may_mean_the_same(
    one: Saying, other: Saying, known: AbstractSet[str], read: Callable[[str], Words] = words_of
) -> bool:
    a, b = read(one.text), read(other.text)
    if a.numbers != b.numbers or a.negated != b.negated:
        return False
    if sum(map(len, a.telling & b.telling)) < SHARED * max(a.letters, b.letters):
        return False
    these, those = set(one.text.split()), set(other.text.split())
    if opposed(these - those, those - these):
        return False
    return not _names_differ(set(one.names) - those, set(other.names) - these, known)


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
