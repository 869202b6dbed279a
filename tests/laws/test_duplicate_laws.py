"""The laws of groups: each proposal once, nobody missed for the sake of speed, whatever order they come in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.reconcile.duplicates import Group, Proposal, fullness, group_duplicates, likeness
from vaultsync.reconcile.grouping import Grouping
from vaultsync.reconcile.wording import read_wording

KNOWN = frozenset({"ana", "bo"})
DAYS = (None, None, "2025-11-08", "2025-11-09", "invalid")
TEXT = """
    send draft review budget budgets bugdet plan the a for to with Ana Bo Kestrel Kestral kestrel follow up and not 2
    two 3 v2.1 Q3 enable disable [[x/Plan|plan]] **deck** please
"""
LINKS = """
    agenda budget contract draft estimate forecast guide handbook invoice journal ledger minutes notes offer
"""
CHAIN = [
    " ".join(LINKS.split()[at : at + 6]) for at in range(9)
]  # each like the next, up to a threshold of 80, and few others

words = st.sampled_from(TEXT.split())


@st.composite
def proses(draw: st.DrawFn) -> list[str]:
    """Draw some proses, and rewordings of them."""
    first = draw(st.lists(st.lists(words, min_size=1, max_size=7), min_size=1, max_size=4))
    again = draw(
        st.lists(st.tuples(st.sampled_from(first), st.integers(0, 6), st.one_of(st.none(), words)), max_size=8)
    )
    said = [*first, *([*prose[:at], *([word] if word else []), *prose[at + 1 :]] for prose, at, word in again)]
    return [" ".join(prose) for prose in said]


@st.composite
def proposals(draw: st.DrawFn) -> list[Proposal]:
    days = st.sampled_from(DAYS)
    return [
        Proposal((0, "", "", "x.md", at), prose, draw(st.integers(0, 2)), draw(days), draw(days), draw(st.none()))
        for at, prose in enumerate(draw(proses()))
    ]


thresholds = st.sampled_from([60, 70, 80, 88, 95, 100])


def dates_of(group: Group, slot: str) -> set[str]:
    dates = {getattr(one, slot) for one in (group.leader, *group.others)}
    return dates - {None, "invalid"}


def by_all_pairs(given: list[Proposal], threshold: float) -> tuple[Group, ...]:
    """Group in the plainest way: compare each with every leader so far; no prose of these laws names a day."""
    groups: list[Group] = []
    for proposal in sorted(given, key=fullness):
        scores = [
            (likeness(proposal.prose, group.leader.prose, threshold, KNOWN), -at)
            for at, group in enumerate(groups)
            if all(
                len(dates_of(Group(proposal, (group.leader, *group.others)), slot)) < 2 for slot in ("due", "scheduled")
            )
        ]
        best, at = max(scores, default=(0, 0))
        if not best:
            groups.append(Group(proposal))
            continue
        groups[-at] = replace(groups[-at], others=(*groups[-at].others, proposal))
    return tuple(
        Group(group.leader, tuple(sorted(group.others, key=lambda other: other.order)))
        for group in sorted(groups, key=lambda group: group.leader.order)
    )


@given(proposals(), thresholds)
def test_comparing_only_what_shares_a_rare_word_misses_nothing(given: list[Proposal], threshold: float) -> None:
    assert group_duplicates(given, threshold, KNOWN) == by_all_pairs(given, threshold)


@given(proposals(), thresholds, st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference(given: list[Proposal], threshold: float, random: object) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group_duplicates(shuffled, threshold, KNOWN) == group_duplicates(given, threshold, KNOWN)


@given(proposals(), thresholds)
def test_each_proposal_is_in_one_group_and_the_fullest_leads(given: list[Proposal], threshold: float) -> None:
    groups = group_duplicates(given, threshold, KNOWN)
    assert sorted(one.order for group in groups for one in (group.leader, *group.others)) == [
        one.order for one in given
    ]
    for group in groups:
        assert all(fullness(group.leader) < fullness(other) for other in group.others)
        assert all(likeness(group.leader.prose, other.prose, threshold, KNOWN) for other in group.others)
        assert max(len(dates_of(group, slot)) for slot in ("due", "scheduled")) < 2


@given(proposals(), thresholds)
def test_leaders_with_the_dates_of_their_groups_stay_alone(given: list[Proposal], threshold: float) -> None:
    # Without these dates, a leader that was kept apart by the date of a member could now join that member's leader.
    groups = group_duplicates(given, threshold, KNOWN)
    leaders = [
        replace(
            group.leader,
            due=next(iter(dates_of(group, "due")), None),
            scheduled=next(iter(dates_of(group, "scheduled")), None),
        )
        for group in groups
    ]
    assert group_duplicates(leaders, threshold, KNOWN) == tuple(map(Group, leaders))


@st.composite
def changes(draw: st.DrawFn) -> list[dict[int, Proposal | None]]:
    """Draw what stands at which place: at first a lot, then step by step other proposals there, or none."""
    said = st.builds(
        "{} {}".format,
        st.sampled_from(draw(proses()) if draw(st.booleans()) else [*CHAIN, "", "page " * 201]),
        st.sampled_from(["", "", "", "by Friday", "by 8 November", "on 2025-11-08"]),
    )
    days = st.sampled_from(DAYS)

    def proposal(at: int) -> Proposal:
        return Proposal((0, "", "", "x.md", at), draw(said), draw(st.integers(0, 2)), draw(days), draw(days))

    steps = draw(st.lists(st.dictionaries(st.integers(0, 24), st.booleans(), max_size=4), min_size=2, max_size=12))
    first = dict.fromkeys(range(draw(st.sampled_from([1, 8, 20]))), True)
    return [{at: proposal(at) if comes else None for at, comes in step.items()} for step in (first, *steps)]


@given(changes(), thresholds, st.sampled_from([0.25, 10]))
def test_groups_that_are_kept_are_those_of_all_proposals_that_are_there(
    steps: list[dict[int, Proposal | None]], threshold: float, many: float
) -> None:
    there: dict[int, Proposal] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaultsync.reconcile.grouping._MANY", many)  # so few can be told from all
        grouping = Grouping(threshold, KNOWN)
        for step in steps:
            gone = [there.pop(at) for at in step if at in there]
            come = {at: proposal for at, proposal in step.items() if proposal is not None}
            there |= come
            grouping.change(gone, come.values())
            groups = group_duplicates(there.values(), threshold, KNOWN)
            assert tuple(grouping) == groups
            assert len(grouping) == len(there)
            assert all(grouping.get(member.order) is member for group in grouping for member in group.members)


@given(st.one_of(proses().map(" ".join), st.text(max_size=60)))
def test_a_wording_can_be_taken_apart_again(prose: str) -> None:
    text = read_wording(prose).text
    assert " ".join(sorted(text.split())) == text


@given(st.text(max_size=60), st.text(max_size=60), thresholds)
def test_any_text_can_be_compared_and_either_way_round(one: str, other: str, threshold: float) -> None:
    assert likeness(one, other, threshold, KNOWN) == likeness(other, one, threshold, KNOWN)
    pair = [Proposal((0, "", "", "x.md", at), prose) for at, prose in enumerate((one, one, other))]
    together = [len(group.others) for group in group_duplicates(pair, threshold, KNOWN)]
    assert sum(together) + len(together) == 3
