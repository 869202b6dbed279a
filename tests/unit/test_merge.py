"""The merge of one field, case by case, as the contract states it ("Reconciling")."""

from __future__ import annotations

import pytest

from vaultsync.model import Role, Status, TaskSettings
from vaultsync.reconcile.merge import Winner, join_sets, merge_field, merge_status, merge_status_without_base
from vaultsync.tasks.statuses import roles

AGREE, STAND, SOURCE, ROW, CONFLICT = Winner.AGREE, Winner.STAND, Winner.SOURCE, Winner.ROW, Winner.CONFLICT
ROLES = roles(TaskSettings(), registered=False, overrides={})


@pytest.mark.parametrize(
    ("source_base", "source", "row_base", "row", "winner"),
    [
        pytest.param("a", "a", "a", "a", AGREE, id="nothing has changed"),
        pytest.param("a", "b", "a", "a", SOURCE, id="the row stands as written so the source wins"),
        pytest.param("a", "a", "a", "b", ROW, id="the source is as in the base so the row wins"),
        pytest.param("a", "b", "a", "b", AGREE, id="both changed alike is adopted"),
        pytest.param("a", "b", "a", "c", CONFLICT, id="both changed differently is a conflict"),
        pytest.param("a", "a", "b", "b", STAND, id="sides in conflict that nobody touched stand as they are"),
        pytest.param("a", "c", "b", "b", SOURCE, id="the source of a conflict changes next and wins"),
        pytest.param("a", "a", "b", "c", ROW, id="the row of a conflict changes next and wins"),
        pytest.param("a", "b", "b", "b", AGREE, id="the source of a conflict takes the value of the row"),
        pytest.param("a", "a", "b", "a", AGREE, id="the row of a conflict takes the value of the source"),
        pytest.param("a", "c", "b", "d", CONFLICT, id="both sides of a conflict change and it stays one"),
        pytest.param("a", "b", "b", "a", CONFLICT, id="both sides of a conflict change places and it stays one"),
        pytest.param(None, "b", None, None, SOURCE, id="a value that came to the source goes to the row"),
        pytest.param("a", "a", "a", None, ROW, id="a value taken off an unedited side goes"),
        pytest.param("a", None, "a", "b", CONFLICT, id="a deletion in the source does not beat an edit of the row"),
        pytest.param("a", "b", "a", None, CONFLICT, id="a deletion in the row does not beat an edit of the source"),
        pytest.param("a", None, "a", None, AGREE, id="a value taken off both sides is gone"),
    ],
)
def test_a_field_goes_to_the_side_that_changed_it(
    source_base: str | None, source: str | None, row_base: str | None, row: str | None, winner: Winner
) -> None:
    assert merge_field(source_base, source, row_base, row) is winner


@pytest.mark.parametrize(
    ("base", "source", "row", "winner"),
    [
        pytest.param("?", "?", "?", AGREE, id="nothing has changed"),
        pytest.param("?", " ", "?", SOURCE, id="accepted in the source"),
        pytest.param("?", "?", "-", ROW, id="rejected in the row"),
        pytest.param("x", "x", " ", ROW, id="a single backward move travels"),
        pytest.param("-", "?", "-", SOURCE, id="a single move back to proposed travels"),
        pytest.param("?", "x", "x", AGREE, id="done on both sides"),
        pytest.param(" ", "?", "/", ROW, id="proposed in the source yields to a start in the row"),
        pytest.param(" ", "-", "?", SOURCE, id="proposed in the row yields to a rejection in the source"),
        pytest.param("/", "?", " ", ROW, id="proposed yields even to a move backward"),
        pytest.param(" ", "?", "!", ROW, id="proposed yields to a symbol without a role"),
        pytest.param("?", " ", "/", ROW, id="both forward and the row further"),
        pytest.param("?", "x", "/", SOURCE, id="both forward and the source further"),
        pytest.param(" ", "x", "/", SOURCE, id="done is further than in progress"),
        pytest.param("?", "x", "-", CONFLICT, id="done against rejected"),
        pytest.param("?", "-", " ", CONFLICT, id="rejected against accepted"),
        pytest.param("/", " ", "x", CONFLICT, id="a move backward in the source against a move forward"),
        pytest.param("/", "x", " ", CONFLICT, id="a move backward in the row against a move forward"),
        pytest.param("x", " ", "/", CONFLICT, id="two moves backward of different length"),
        pytest.param("-", " ", "x", CONFLICT, id="two ways out of rejected"),
        pytest.param(" ", "!", "x", CONFLICT, id="a symbol without a role against a decision"),
        pytest.param(" ", "!", "*", CONFLICT, id="two symbols without a role"),
        pytest.param("!", " ", "/", CONFLICT, id="two ways out of a symbol without a role"),
        pytest.param(" ", "X", "x", ROW, id="done in two spellings is done in the one that is written"),
        pytest.param(" ", "-", "R", SOURCE, id="rejected in two spellings is rejected in the one that is written"),
        pytest.param("x", " ", " ", AGREE, id="reopened on both sides"),
    ],
)
def test_two_changes_of_a_status_are_weighed(base: str, source: str, row: str, winner: Winner) -> None:
    assert merge_status(base, source, base, row, ROLES) is winner


@pytest.mark.parametrize(
    ("source_base", "source", "row_base", "row", "winner"),
    [
        pytest.param("x", "x", "-", "-", STAND, id="a conflict that nobody touched stands"),
        pytest.param("x", "x", "-", " ", ROW, id="the side of a conflict that changes next wins even backward"),
        pytest.param(" ", "/", "x", "-", CONFLICT, id="both sides of a conflict change and one is a rejection"),
        pytest.param(" ", "x", "/", " ", CONFLICT, id="the row moves backward from its own base"),
    ],
)
def test_a_status_in_conflict_is_measured_from_each_sides_own_base(
    source_base: str, source: str, row_base: str, row: str, winner: Winner
) -> None:
    assert merge_status(source_base, source, row_base, row, ROLES) is winner


def test_of_two_spellings_that_nobody_writes_the_choice_is_the_same_from_either_side() -> None:
    statuses = (Status("1", "One", "DONE", " "), Status("2", "Two", "DONE", " "), Status("3", "Three", "DONE", " "))
    own = roles(TaskSettings(statuses=statuses), registered=True, overrides={})
    assert merge_status(" ", "2", " ", "3", own) is SOURCE
    assert merge_status(" ", "3", " ", "2", own) is ROW
    assert merge_status(" ", "2", " ", "1", own) is ROW


def test_the_roles_that_count_are_those_of_the_vault() -> None:
    own = roles(TaskSettings(), registered=False, overrides={"!": Role.PROPOSED, "?": Role.REJECTED})
    assert merge_status(" ", "!", " ", "x", own) is ROW
    assert merge_status(" ", "?", " ", "x", own) is CONFLICT


@pytest.mark.parametrize(
    ("source", "row", "winner"),
    [
        pytest.param("?", "?", AGREE, id="equal sides are adopted"),
        pytest.param("!", "!", AGREE, id="equal sides without a role are adopted"),
        pytest.param("?", " ", ROW, id="proposed in the source yields to a decision"),
        pytest.param("-", "?", SOURCE, id="proposed in the row yields to a decision"),
        pytest.param(" ", "x", CONFLICT, id="a way forward is not known to be one"),
        pytest.param("x", "-", CONFLICT, id="two decisions are a conflict"),
        pytest.param("!", "x", CONFLICT, id="a symbol without a role is a difference like others"),
    ],
)
def test_without_a_base_only_proposed_yields(source: str, row: str, winner: Winner) -> None:
    assert merge_status_without_base(source, row, ROLES) is winner


@pytest.mark.parametrize(
    ("source_base", "source", "row_base", "row", "joined"),
    [
        pytest.param("ab", "ab", "ab", "ab", "ab", id="nothing has changed"),
        pytest.param("a", "ab", "a", "ac", "abc", id="what each side added is joined"),
        pytest.param("abc", "bc", "abc", "ab", "b", id="what each side removed is gone"),
        pytest.param("ab", "a", "ab", "abc", "ac", id="a removal here and an addition there both hold"),
        pytest.param("a", "a", "a", "", "", id="a removal beats the other side's keeping"),
        pytest.param("a", "ab", "a", "ab", "ab", id="added alike it is there once"),
        pytest.param("ab", "ab", "b", "b", "ab", id="what the row never showed is not taken for removed"),
        pytest.param("ab", "ab", "b", "bc", "abc", id="what the row never showed stays beside an addition"),
        pytest.param("ab", "b", "b", "bc", "bc", id="the source removes what the row never showed"),
        pytest.param("b", "b", "ab", "b", "b", id="the row removes what the source never had"),
        pytest.param("a", "", "b", "ab", "ab", id="an addition beats a removal of the same"),
        pytest.param("", "", "", "", "", id="nothing is nothing"),
    ],
)
def test_sets_are_joined_by_what_each_side_did(
    source_base: str, source: str, row_base: str, row: str, joined: str
) -> None:
    sets = (frozenset(one) for one in (source_base, source, row_base, row))
    assert join_sets(*sets) == frozenset(joined)
