"""Which proposals stand in one group, under which leader."""

from __future__ import annotations

import hashlib
import runpy
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vaultsync.model import INVALID
from vaultsync.reconcile.duplicates import LONGEST, THRESHOLD, Group, Proposal, group_duplicates, likeness
from vaultsync.reconcile.wording import Day, read_wording, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

MAKE: Callable[..., Any] = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/make_duplicates.py"))[
    "make_duplicates"
]
BUDGET = "Send the travel budget for the autumn fair to the finance team"
KNOWN = frozenset({"ana", "bo", "martin", "martina", "mark"})


def proposal(number: int, prose: str = BUDGET, fields: int = 0, due: str | None = None) -> Proposal:
    return Proposal((3, "9999-99-99", "9999-99-99", "Notes/x.md", number), prose, fields, due)


def numbers(groups: tuple[Group, ...]) -> list[list[int]]:
    return [[group.leader.order[-1], *(other.order[-1] for other in group.others)] for group in groups]


def joined(one: str, other: str) -> bool:
    return len(group_duplicates([proposal(1, one), proposal(2, other)], known=KNOWN)) == 1


SAME = {
    "the same prose": (BUDGET, BUDGET),
    "another order of the words": (
        "The travel budget: send it to Kim for the fair",
        "Send it to Kim for the fair: the travel budget",
    ),
    "another case": (BUDGET, BUDGET.upper()),
    "a full stop more": (BUDGET, f"{BUDGET}."),
    "decomposed letters": ("Pr\u00fcfung der Bu\u0308hne vorbereiten", "Pru\u0308fung der B\u00fchne vorbereiten"),
    "a please more": (BUDGET, f"Please {BUDGET}"),
    "a typo": (BUDGET, BUDGET.replace("finance", "finanec")),
    "another tense": (BUDGET, BUDGET.replace("Send", "Sending")),
    "emphasis": (BUDGET, f"**{BUDGET}**"),
    "a link with another text behind it": (
        BUDGET,
        BUDGET.replace("travel budget", "[[Fairs/Budget#^t-12345678|travel budget]]"),
    ),
    "a Markdown link": (BUDGET, BUDGET.replace("travel budget", "[travel budget](https://example.org/x12)")),
    "a footnote": (BUDGET, f"{BUDGET}[^3]"),
    "a number in words": ("Review the three vendor offers for the booth", "Review the 3 vendor offers for the booth"),
    "an ordinal in words": ("Review the third draft of the booth plan", "Review the 3rd draft of the booth plan"),
    "a version with a v": ("Test release 2.1 on the booth tablets", "Test release v2.1 on the booth tablets"),
    "a time with a blank": (
        "Call the caterer at 10:30 am about the menu",
        "Call the caterer at 10:30am about the menu",
    ),
    "a thousands comma": ("Print 1,000 leaflets for the autumn fair", "Print 1000 leaflets for the autumn fair"),
    "a leading zero": ("Call the caterer at 09:30 about the menu", "Call the caterer at 9:30 about the menu"),
    "digits of another script": ("Print 250 leaflets for the autumn fair", "Print ٢٥٠ leaflets for the autumn fair"),
    "a day in the prose of one": (BUDGET, f"{BUDGET} by November 8th"),
    "a day in two spellings": (f"{BUDGET} by 8 November", f"{BUDGET} by Nov 8"),
    "a day with a year and one without": (f"{BUDGET} by 2025-11-08", f"{BUDGET} before Nov. 8"),
    "a name of one only": (
        "Send Ana the travel budget for the autumn fair in the city",
        "Send the travel budget for the autumn fair in the city",
    ),
    "a long name with a typo": (
        "Send the travel budget of the fair to Okonkwo",
        "Send the travel budget of the fair to Okonkvo",
    ),
    "a possessive": (
        "Collect the feedback of Ana’s people on the fair",
        "Collect the feedback of Ana people on the fair",
    ),
    "a word in capitals": ("Update the faq page for the autumn fair", "Update the FAQ page for the autumn fair"),
}

DIFFERENT = {
    "another thing to do": (BUDGET, "Book the hotel for the autumn fair"),
    "another number": ("Review part 3 of the vendor handbook", "Review part 4 of the vendor handbook"),
    "a number more": ("Review the vendor handbook of the fair", "Review the 2 vendor handbook of the fair"),
    "the same number twice": ("Move 3 chairs from hall 3 to the stage", "Move 3 chairs from the hall to the stage"),
    "another number in words": (
        "Review the first draft of the vendor handbook",
        "Review the second draft of the vendor handbook",
    ),
    "another version": ("Test release 2.1 on the booth tablets", "Test release 2.2 on the booth tablets"),
    "another time": ("Call the caterer at 10:30 about the menu", "Call the caterer at 11:30 about the menu"),
    "another quarter": ("Prepare the Q3 numbers for the board meeting", "Prepare the Q4 numbers for the board meeting"),
    "another ticket": (
        "Close ABC-12 in the tracker of the booth team",
        "Close ABC-13 in the tracker of the booth team",
    ),
    "another tracker's ticket": (
        "ABC-12: close it in the tracker of the booth team",
        "XYZ-12: close it in the tracker of the booth team",
    ),
    "another day in the prose": (f"{BUDGET} by Nov 8", f"{BUDGET} by Nov 9"),
    "another year in the prose": (f"{BUDGET} by 2025-11-08", f"{BUDGET} by 2024-11-08"),
    "another weekday": (f"{BUDGET} by Friday", f"{BUDGET} by monday"),
    "a day more": (f"{BUDGET} on Friday", f"{BUDGET} on Friday or on Monday"),
    "another person": (
        "Send the slide deck for the autumn fair to Ana",
        "Send the slide deck for the autumn fair to Bo",
    ),
    "another mention": (
        "Send the slide deck for the autumn fair to @ana",
        "Send the slide deck for the autumn fair to @bo",
    ),
    "another known person in front": (
        "Ana to send the slide deck for the autumn fair",
        "Bo to send the slide deck for the autumn fair",
    ),
    "a person whose name is one letter longer": (
        "Send the slide deck of the fair to Martin",
        "Send the slide deck of the fair to Martina",
    ),
    "a short name one letter apart": (
        "Send the slide deck of the fair to Jon",
        "Send the slide deck of the fair to Jan",
    ),
    "another project": (
        "Share the risk list of Heron Bridge with the board",
        "Share the risk list of Heron Canal with the board",
    ),
    "a negation": ("Do share the vendor offers with the board", "Do not share the vendor offers with the board"),
    "a short form of a negation": (
        "Share the vendor offers with the board",
        "Don't share the vendor offers with the board",
    ),
    "the opposite": ("Enable the nightly export for the booth team", "Disable the nightly export for the booth team"),
    "typos all over": ("Revew teh budgget plann", "Review the budget plan"),
    "no words": ("", ""),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_proposals_that_differ_in_no_more_than_this_stand_together(one: str, other: str) -> None:
    assert joined(one, other)
    assert joined(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_proposals_that_differ_in_this_stand_apart(one: str, other: str) -> None:
    assert not joined(one, other)
    assert not joined(other, one)


DATES = {
    "no dates": ((None, None, None), (None, None, None), 1),
    "the same due date": (("2025-11-08", None, None), ("2025-11-08", None, None), 1),
    "another due date": (("2025-11-08", None, None), ("2025-11-09", None, None), 2),
    "a due date of one": (("2025-11-08", None, None), (None, None, None), 1),
    "another scheduled date": ((None, "2025-11-08", None), (None, "2025-11-09", None), 2),
    "another start date": ((None, None, "2025-11-08"), (None, None, "2025-11-09"), 2),
    "dates of other kinds": (("2025-11-08", None, None), (None, None, "2025-11-01"), 1),
    "a date that is no day": ((INVALID, None, None), ("2025-11-09", None, None), 1),
}
Dates = tuple[str | None, str | None, str | None]


@pytest.mark.parametrize(("one", "other", "groups"), DATES.values(), ids=DATES)
def test_dates_of_fields_must_agree_and_none_agrees_with_any(one: Dates, other: Dates, groups: int) -> None:
    order = proposal(1).order
    given = [Proposal((*order[:-1], at), BUDGET, 0, *dates) for at, dates in enumerate((one, other))]
    assert len(group_duplicates(given)) == groups


def test_the_proposal_with_most_fields_leads() -> None:
    groups = group_duplicates([proposal(1, fields=1), proposal(2, f"{BUDGET} soon"), proposal(3, fields=2)])
    assert numbers(groups) == [[3, 1, 2]]


def test_of_as_many_fields_the_longest_prose_leads() -> None:
    assert numbers(group_duplicates([proposal(1), proposal(2, f"{BUDGET} soon"), proposal(3)])) == [[2, 1, 3]]


def test_of_equals_the_first_in_order_leads() -> None:
    assert numbers(group_duplicates([proposal(3), proposal(1), proposal(2)])) == [[1, 2, 3]]


def test_groups_stand_in_the_order_of_their_leaders() -> None:
    other = "Book the hotel for the whole booth team"
    groups = group_duplicates([proposal(4), proposal(1, other), proposal(3, fields=5), proposal(2, other, 1)])
    assert numbers(groups) == [[2, 1], [3, 4]]


def test_who_is_like_a_neighbour_but_not_like_the_leader_stands_apart() -> None:
    first, second, third = (
        BUDGET,
        BUDGET.replace("finance team", "fiscal team"),
        BUDGET.replace("finance team", "fiscal desks"),
    )
    assert likeness(first, second, THRESHOLD)
    assert likeness(second, third, THRESHOLD)
    assert not likeness(first, third, THRESHOLD)
    assert numbers(group_duplicates([proposal(1, first, 2), proposal(2, second, 1), proposal(3, third)])) == [
        [1, 2],
        [3],
    ]


def test_of_two_leaders_the_one_most_alike_is_joined() -> None:
    first, second = BUDGET, BUDGET.replace("finance team", "fiscal desks")
    third = BUDGET.replace("finance team", "fiscal desk")
    assert numbers(group_duplicates([proposal(1, first, 2), proposal(2, second, 1), proposal(3, third)])) == [
        [1],
        [2, 3],
    ]


def test_of_two_leaders_equally_alike_the_fuller_one_is_joined() -> None:
    groups = group_duplicates(
        [proposal(1), proposal(2, fields=1, due="2025-11-08"), proposal(3, fields=2, due="2025-11-09")]
    )
    assert numbers(groups) == [[2], [3, 1]]


def test_a_group_holds_no_two_dates_even_if_its_leader_has_none() -> None:
    leader = proposal(1, fields=5)
    groups = group_duplicates(
        [leader, proposal(2, fields=1, due="2025-11-08"), proposal(3, fields=1, due="2025-11-09")]
    )
    assert numbers(groups) == [[1, 2], [3]]


def test_a_group_holds_no_two_years_even_if_its_leader_tells_none() -> None:
    proses = (f"{BUDGET} on 8 November", f"{BUDGET} on 2025-11-08", f"{BUDGET} on 2024-11-08")
    groups = group_duplicates([proposal(at, prose, 3 - at) for at, prose in enumerate(proses)])
    assert numbers(groups) == [[0, 1], [2]]


def test_prose_that_fills_pages_stands_alone() -> None:
    page = " ".join(f"word{letter}{other}" for letter in "abcdefghijklmno" for other in "abcdefghijklmno")
    assert len(page) > LONGEST
    assert len(group_duplicates([proposal(1, page), proposal(2, page)])) == 2
    assert len(group_duplicates([proposal(1, page[:LONGEST]), proposal(2, page[:LONGEST])])) == 1


def test_a_lower_threshold_joins_more() -> None:
    one, other = BUDGET, BUDGET.replace("Send", "Forward").replace("team", "people")
    both = [proposal(1, one), proposal(2, other)]
    assert [len(group_duplicates(both, threshold)) for threshold in (70, 88)] == [1, 2]


WORDINGS = {
    "numbers": ("Print 1,000 of v2.1 for Q3, 3rd floor, 07:05 pm", {"numbers": ("1000", "2.1", "3", "7:05pm", "q3")}),
    "numbers in words": ("The second of two offers", {"numbers": ("2", "2")}),
    "a day": ("Call Bo by Friday", {"text": "bo call", "days": (Day("friday", ""),)}),
    "days in order": (
        "On the 3rd of March 2025 and next  Monday",
        {"days": (Day("03-03", "2025"), Day("next monday", ""))},
    ),
    "a month alone is no day": ("Plan March", {"text": "march plan", "days": ()}),
    "a link's own name": ("See [[Fairs/Plan#Costs]]", {"text": "plan see"}),
    "a name within a sentence": ("Call Bo. Then write", {"names": ("bo",)}),
    "I is no name": ("What I think and I'll do", {"names": ()}),
    "capitals in front": ("FAQ for the fair", {"names": ("faq",)}),
    "a mention in front": ("@bo to call", {"names": ("bo",)}),
    "telling words": ("Please follow up with the caterer", {"telling": frozenset({"follow", "caterer"})}),
    "no telling words": ("Do it", {"telling": frozenset({"do", "it"})}),
    "a sign and no word": (" ☎  ☎ ", {"text": "☎ ☎"}),
}


@pytest.mark.parametrize(("prose", "expected"), WORDINGS.values(), ids=WORDINGS)
def test_a_prose_is_read_as(prose: str, expected: dict[str, object]) -> None:
    wording = read_wording(prose)
    read = asdict(wording) | asdict(words_of(wording.text))
    assert {name: read[name] for name in expected} == expected


def test_on_three_reworded_runs_nearly_all_groups_are_pure_and_most_rewordings_are_found() -> None:
    made = MAKE(800)
    groups = group_duplicates([one.proposal for one in made])
    meant = {one.proposal.order: one.group for one in made}
    sizes = Counter(meant.values())
    found = [[meant[one.order] for one in (group.leader, *group.others)] for group in groups if group.others]
    pure = sum(len(set(members)) == 1 for members in found)
    joined = sum(len(members) for members in found)
    assert len(found) > 150
    assert pure / len(found) > 0.92
    assert joined / sum(sizes[one.group] > 1 for one in made) > 0.8


def test_the_labelled_set_is_the_same_on_every_machine() -> None:
    text = "\n".join(f"{one.group} {one.proposal.prose} {one.proposal.due}" for one in MAKE(200, 7))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "59a7d8ce1ed23798"
