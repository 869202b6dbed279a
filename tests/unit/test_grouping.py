"""How groups change while proposals come and go: each case is small, and the groups are told by numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vaultsync.reconcile.duplicates import LONGEST, THRESHOLD, Group, Proposal, group_duplicates
from vaultsync.reconcile.grouping import Grouping

BUDGET = "Send the travel budget for the autumn fair to the finance team"
BRIDGE = BUDGET.replace("finance team", "fiscal team")  # is like both of the others, and they aren't alike
FAR = BUDGET.replace("finance team", "fiscal desks")
HOTEL = "Book the hotel for the whole booth crew"
# So many others that the changes below are few.
OTHERS = [f"{verb} {thing}" for verb in ("Paint", "Measure", "Photograph") for thing in ("doors", "roofs", "walls")]


def proposal(number: int, prose: str = BUDGET, fields: int = 0, due: str | None = None) -> Proposal:
    return Proposal((3, "9999-99-99", "9999-99-99", "Notes/x.md", number), prose, fields, due)


class Watched(Grouping):
    """Refuses to group all anew, once the first proposals are there."""

    def __init__(self, *first: Proposal) -> None:
        super().__init__(THRESHOLD, frozenset())
        others = [proposal(100 + at, prose) for at, prose in enumerate(OTHERS * 4)]
        self.there = {each.order: each for each in (*first, *others)}
        super().change((), self.there.values())
        self._group_all = None  # type: ignore[assignment,method-assign]

    def turn(self, gone: list[Proposal], come: list[Proposal]) -> list[list[int]]:
        """Change, and return the groups with what is not among the others."""
        self.change(gone, come)
        for each in gone:
            del self.there[each.order]
        self.there |= {each.order: each for each in come}
        assert tuple(self) == group_duplicates(self.there.values())
        assert len(self) == len(self.there)
        numbers = ([each.order[-1] for each in group.members] for group in self)
        return [members for members in numbers if members[0] < 100]

    def group_of(self, proposal: Proposal) -> Group:
        return next(group for group in self if proposal in group.members)


def test_where_the_leader_goes_the_fullest_of_the_others_leads() -> None:
    leader = proposal(1, fields=3)
    grouping = Watched(leader, proposal(2, fields=1), proposal(3, fields=2))
    assert grouping.turn([leader], []) == [[3, 2]]


def test_a_fuller_one_takes_over_the_group() -> None:
    grouping = Watched(proposal(1, fields=1), proposal(2))
    assert grouping.turn([], [proposal(3, fields=2)]) == [[3, 1, 2]]


def test_a_new_leader_that_is_nearer_takes_a_member_away() -> None:
    grouping = Watched(proposal(1, fields=3), proposal(2, BUDGET.replace("finance team", "fiscal tea desk")))
    assert grouping.turn([], [proposal(3, FAR, fields=2)]) == [[1], [3, 2]]


def test_a_bridge_joins_what_was_apart_and_parts_it_again() -> None:
    ends = proposal(1), proposal(2, FAR)
    grouping = Watched(*ends)
    bridge = proposal(3, BRIDGE, fields=1)
    assert grouping.turn([], [bridge]) == [[3, 1, 2]]
    assert grouping.turn([bridge], []) == [[1], [2]]


def test_what_is_like_a_neighbour_of_the_changed_one_only_is_grouped_anew_too() -> None:
    first = proposal(1, fields=2)
    grouping = Watched(first, proposal(2, BRIDGE, fields=1), proposal(3, FAR))
    assert [[each.order[-1] for each in group.members] for group in grouping][:2] == [[1, 2], [3]]
    assert grouping.turn([first], []) == [[2, 3]]


def test_a_proposal_whose_content_changes_goes_and_comes() -> None:
    one, other = proposal(1, fields=1), proposal(2)
    grouping = Watched(one, other)
    assert grouping.turn([one], [(changed := replace(one, prose=HOTEL))]) == [[1], [2]]
    assert grouping.get(one.order) is changed
    assert grouping.turn([other], [replace(other, prose=HOTEL, due="2025-11-08")]) == [[1, 2]]


def test_a_date_that_comes_parts_a_group_and_none_joins_it() -> None:
    one, other = proposal(1, fields=1, due="2025-11-08"), proposal(2)
    grouping = Watched(one, other)
    assert grouping.turn([other], [(dated := replace(other, due="2025-11-09"))]) == [[1], [2]]
    assert grouping.turn([dated], [other]) == [[1, 2]]


@pytest.mark.parametrize("prose", ["", "word " * (LONGEST // 4)], ids=["no prose", "prose that fills pages"])
def test_what_stands_alone_comes_and_goes_alone(prose: str) -> None:
    first = proposal(1, prose)
    grouping = Watched(first)
    assert grouping.turn([], [proposal(2, prose)]) == [[1], [2]]
    kept = grouping.group_of(first)
    assert grouping.turn([], [proposal(3, prose)]) == [[1], [2], [3]]
    assert grouping.group_of(first) is kept
    assert grouping.turn([first], []) == [[2], [3]]


def test_groups_that_no_likeness_connects_with_a_change_are_left_as_they_are() -> None:
    hotel = proposal(1, HOTEL)
    grouping = Watched(hotel, proposal(2, HOTEL), proposal(3))
    kept = grouping.group_of(hotel)
    assert grouping.turn([], [proposal(4)]) == [[1, 2], [3, 4]]
    assert grouping.group_of(hotel) is kept


def test_the_same_text_many_times_comes_and_goes_one_by_one() -> None:
    many = [proposal(at) for at in range(9)]
    grouping = Watched(*many)
    assert grouping.turn(many[:1], []) == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert grouping.turn([], [replace(many[0], fields=1, due="2025-11-08")]) == [[0, 1, 2, 3, 4, 5, 6, 7, 8]]


def test_words_that_nobody_said_in_the_beginning_connect_as_others_do() -> None:
    grouping = Watched()
    assert grouping.turn([], [proposal(1, HOTEL)]) == [[1]]
    assert grouping.turn([], [proposal(2, f"{HOTEL}.", fields=1)]) == [[2, 1]]


def test_everything_goes_at_once_or_one_by_one_and_nothing_is_left() -> None:
    all_of_them = [proposal(at, prose) for at, prose in enumerate(OTHERS * 2)]
    for parts in ([all_of_them], [[each] for each in all_of_them]):
        grouping = Grouping(THRESHOLD, frozenset())
        grouping.change((), all_of_them)
        for part in parts:
            grouping.change(part, ())
        assert not list(grouping)
        assert not len(grouping)


def test_what_goes_leaves_no_trace_in_the_index() -> None:
    grouping = Watched(proposal(1))
    before = set(grouping._sayings._by_key)
    grouping.turn([], [(hotel := proposal(2, HOTEL))])
    assert set(grouping._sayings._by_key) > before
    grouping.turn([hotel], [])
    assert set(grouping._sayings._by_key) == before


def test_the_first_groups_are_had_without_the_others() -> None:
    grouping = Watched(proposal(1), proposal(2, HOTEL))
    assert next(iter(grouping)).leader == proposal(1)
