"""Make up what three runs of a pipeline propose for one person: the same things in other words, and look-alikes.

The same arguments give the same proposals on every machine; nothing is measured here.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from vaultsync.reconcile.duplicates import Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

ANCHOR = dt.date(2025, 11, 10)
RUNS = 3
KEPT = 0.85  # of what one run proposes, another one proposes too
LOOK_ALIKE = 0.5  # of the things to do: another one differs from it in no more than one piece


def listed(text: str) -> list[str]:
    """Split at commas and line ends."""
    return [piece.strip() for piece in text.strip().replace("\n", ",").split(",")]


def paired(text: str) -> list[tuple[str, str]]:
    """Split likewise, and each piece into the two ways to say it."""
    return [(one, other) for one, _, other in (piece.partition("/") for piece in listed(text))]


PEOPLE = listed("""
    Amara,Bogdan,Chiara,Dmitri,Eun-ji,Farid,Greta,Henning,Isolde,Jarek,Kwame,Leocadia,Mbali,Nikos,Oluwaseun
    Paavo,Quentin,Rosalind,Sagal,Tarek,Ulrike,Vasil,Wiebke,Ximena,Yannick,Zeynep
""")
SURNAMES = listed("Abara,Brandvold,Castellan,Dorsey,Eklund,Fabre,Grosz,Halloran,Ibsen,Jurado,Kovalenko,Lindgren")
PROJECTS = [
    f"{head} {tail}"
    for head in listed("Aspen,Cobalt,Dune,Falcon,Glacier,Harvest,Larkspur,Meridian,Northwind,Opal,Quarry,Saffron")
    for tail in listed("Launch,Portal,Migration,Depot,Relay,Atlas")
]
VERBS = paired("""
    send/forward,review/check,prepare/put together,schedule/set up,update/refresh,write/draft,share/circulate
    collect/gather,confirm/verify,clarify/find out,present/show,compare/weigh,document/describe,order/buy
    summarise/sum up,test/try out,fix/repair,finalise/finish,discuss/talk through,estimate/size
""")
OBJECTS = paired("""
    slide deck/slides,budget sheet/budget table,onboarding guide/onboarding handbook,contract draft/draft contract
    test plan/testing plan,list of open risks/open risk list,meeting agenda/agenda,launch checklist/launch list
    price list/pricing list,customer feedback/feedback from customers,interview questions/questions for interviews
    release notes/notes on the release,migration plan/plan for migrating,access rights/permissions
    hiring plan/plan for hiring,training material/training documents,survey results/results of the survey
    error reports/bug reports,network diagram/diagram of the network,vendor comparison/comparison of vendors
    travel costs/cost of travel,support handover/handover to support,roadmap/road map,data model/model of the data
    style guide/style book,backup schedule/schedule for backups,invoice template/template for invoices
    kick-off workshop/kick-off,retrospective/retro,status report/report on the status
""")
PURPOSES = paired("""
    so that the field team can start/so the field team can begin
    before the steering committee meets/ahead of the steering committee
    and mark what is missing/and note the gaps
    with the numbers of last quarter/using last quarter's numbers
    and agree on an owner/and settle who owns it
    for the annual planning/as input to annual planning
    and store it in the shared folder/and put it into the shared folder
    because the auditors asked for it/since the auditors want it
    and tell the partners/and let the partners know
    to unblock the designers/so that the designers can go on
    without the draft chapters/leaving out the draft chapters
    for the newcomers/for new colleagues
    and ask legal for a short answer/and get a short answer from legal
    once the tests are green/when the tests have passed
    in both languages/in the two languages
""")
NUMBERED = ("part {}", "version {}.1", "for Q{}", "phase {}", "ticket OPS-{}4", "with {} examples", "at {}:30 pm")
REWORDINGS = listed("""
    verb,object,purpose,purpose dropped,article,order,added,please,tense,typo,full stop,first name,number in words
    day in prose,no date
""")
SPELLED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ADDED = ("as discussed", "as agreed", "again", "soon", "in writing", "if possible", "as a next step")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to do, in pieces; those of pairs are said in the first or the second way."""

    verb: tuple[str, ...]
    object: tuple[str, ...]
    whom: str  # "" where nobody is named
    project: str  # "" where none is
    purpose: tuple[str, ...]  # () where none is told
    number: str  # a pattern of NUMBERED, "" where there is none
    digit: int
    due: int | None  # days after the anchor
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """A proposal, which thing to do it means, and how it came about."""

    proposal: Proposal
    group: int
    how: tuple[str, ...]


class Draw:
    """What is drawn, with random() alone: only that is promised to be the same on every Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, stop: int) -> int:
        """Draw from 0 to stop - 1."""
        return int(self._random.random() * stop)

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one."""
        return choices[self.below(len(choices))]

    def chance(self, share: float) -> bool:
        """Say yes in that share of the cases."""
        return self._random.random() < share


def make_duplicates(count: int, seed: int = 1) -> list[Labelled]:
    """Make up at least `count` proposals of three runs, in the order of the runs."""
    draw = Draw(seed)
    things: dict[Thing, int] = {}
    runs: list[list[tuple[int, Thing, tuple[str, str, tuple[str, ...]]]]] = [[] for _ in range(RUNS)]
    while sum(map(len, runs)) < count:
        thing = _thing(draw)
        for one in (thing, _look_alike(draw, thing)) if draw.chance(LOOK_ALIKE) else (thing,):
            if one in things:
                continue
            things[one] = len(things)
            for at, run in enumerate(runs):
                if at == 0 or draw.chance(KEPT):
                    run.append((things[one], one, _said(draw, one, reworded=at > 0)))
    made = [said for run in runs for said in run]
    return [
        Labelled(_proposal(draw, order, thing, prose, dated), group, how)
        for order, (group, thing, (prose, dated, how)) in enumerate(made)
    ]


def make_alike(count: int, seed: int = 1) -> list[Proposal]:
    """Make up proposals that share most of their words: "Follow up with X about Y"."""
    draw = Draw(seed)
    return [
        Proposal(
            (3, "", "", "Notes/a.md", order),
            f"Follow up with {draw.pick(PEOPLE)} {draw.pick(SURNAMES)} about the {draw.pick(draw.pick(OBJECTS))}"
            f" of {draw.pick(PROJECTS)}",
        )
        for order in range(count)
    ]


def make_repeated(count: int) -> list[Proposal]:
    """Make up one sentence proposed again and again, each second time for another day."""
    return [
        Proposal(
            (3, "", "", "Notes/a.md", order), "Post the weekly report in the channel", due=due, fields=int(bool(due))
        )
        for order in range(count)
        for due in [None if order % 2 else (ANCHOR + dt.timedelta(days=order)).isoformat()]
    ]


def _thing(draw: Draw) -> Thing:
    whom = f"{draw.pick(PEOPLE)}{' ' + draw.pick(SURNAMES) if draw.chance(0.5) else ''}" if draw.chance(0.4) else ""
    return Thing(
        verb=draw.pick(VERBS),
        object=draw.pick(OBJECTS),
        whom=whom,
        project=draw.pick(PROJECTS) if draw.chance(0.6) or not whom else "",
        purpose=draw.pick(PURPOSES) if draw.chance(0.6) else (),
        number=draw.pick(NUMBERED) if draw.chance(0.2) else "",
        digit=2 + draw.below(7),
        due=draw.below(60) if draw.chance(0.8) else None,
    )


def _look_alike(draw: Draw, thing: Thing) -> Thing:
    """Change one piece, so that it is something else to do."""
    changes: list[Callable[[], Thing]] = [
        lambda: replace(thing, object=draw.pick([other for other in OBJECTS if other != thing.object])),
        lambda: replace(thing, verb=draw.pick([other for other in VERBS if other != thing.verb])),
        lambda: replace(thing, negated=True),
    ]
    if thing.due is not None:
        changes.append(lambda: replace(thing, due=(thing.due or 0) + 7))
    if thing.whom:
        changes.append(lambda: replace(thing, whom=draw.pick([name for name in PEOPLE if name not in thing.whom])))
    if thing.project:
        changes.append(lambda: replace(thing, project=draw.pick([name for name in PROJECTS if name != thing.project])))
    if thing.number:
        changes += [lambda: replace(thing, digit=thing.digit + 1)] * 3
    return draw.pick(changes)()


def _said(draw: Draw, thing: Thing, *, reworded: bool) -> tuple[str, str, tuple[str, ...]]:
    """Say a thing: the prose, where its date stands (field, prose or nowhere), and what was done to the words."""
    how: set[str] = set()
    for _ in range(draw.pick((0, 1, 1, 1, 2, 2, 3)) if reworded else 0):
        how.add(draw.pick(REWORDINGS))
    dated = "prose" if "day in prose" in how else "nowhere" if "no date" in how else "field"
    verb = thing.verb["verb" in how]
    object_ = thing.object["object" in how]
    number = thing.number.format(thing.digit) if thing.number else ""
    if "number in words" in how:
        number = number.replace(f" {thing.digit} ", f" {SPELLED[thing.digit]} ")
    purpose = thing.purpose["purpose" in how] if thing.purpose and "purpose dropped" not in how else ""
    whom = thing.whom.split()[0] if "first name" in how and thing.whom else thing.whom
    pieces = [
        ("not " if "tense" in how else "do not ") * thing.negated + (_going_on(verb) if "tense" in how else verb),
        "" if "article" in how else "the",
        object_,
        number,
        f"of {thing.project}" if thing.project else "",
        f"with {whom}" if whom else "",
        purpose,
    ]
    if "order" in how:
        pieces = [f"{thing.project or whom}:", *pieces[:4], f"with {whom}" if whom and thing.project else "", purpose]
    if "added" in how:
        pieces.append(draw.pick(ADDED))
    if dated == "prose" and thing.due is not None:
        pieces.append(f"by {ANCHOR + dt.timedelta(days=thing.due):%B} {(ANCHOR + dt.timedelta(days=thing.due)).day}")
    prose = " ".join(piece for piece in pieces if piece)
    prose = f"please {prose}" if "please" in how else prose
    prose = prose[0].upper() + prose[1:] + ("" if "full stop" in how else ".")
    return (_mistyped(draw, prose) if "typo" in how else prose), dated, tuple(sorted(how)) or ("same",)


def _going_on(verb: str) -> str:
    first, *rest = verb.split()
    stem = first.removesuffix("e") if first not in {"be", "see"} else first
    return " ".join([f"{stem}{stem[-1]}ing" if first in {"put", "set", "sum"} else f"{stem}ing", *rest])


def _mistyped(draw: Draw, prose: str) -> str:
    """Swap two letters within a word of small letters: a name spelled otherwise is another question."""
    words = prose.split()
    fit = [at for at, word in enumerate(words) if word.isalpha() and word.islower() and len(word) > 4]
    if not fit:
        return prose
    at = draw.pick(fit)
    where = 1 + draw.below(len(words[at]) - 3)
    words[at] = words[at][:where] + words[at][where + 1] + words[at][where] + words[at][where + 2 :]
    return " ".join(words)


def _proposal(draw: Draw, order: int, thing: Thing, prose: str, dated: str) -> Proposal:
    due = (ANCHOR + dt.timedelta(days=thing.due)).isoformat() if thing.due is not None and dated == "field" else None
    return Proposal((3, due or "", "", "Notes/a.md", order), prose, int(due is not None) + draw.chance(0.3), due)
