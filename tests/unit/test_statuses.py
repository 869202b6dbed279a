from __future__ import annotations

import pytest

from vaultsync.model import DEFAULT_STATUSES, Role, Status, TaskSettings
from vaultsync.tasks.statuses import next_symbol, reopened_symbol, roles, status_of

DEFAULT = TaskSettings()
OWN = TaskSettings(
    statuses=(
        Status(" ", "Todo", "TODO", "/"),
        Status("/", "Doing", "IN_PROGRESS", "x"),
        Status("h", "On Hold", "ON_HOLD", " "),
        Status("D", "Done", "DONE", "n"),
        Status("x", "Also done", "DONE", " "),
        Status("p", "Proposed", "TODO", " "),
        Status("n", "Note", "NON_TASK", "n"),
        Status("R", "Rejected", "CANCELLED", " "),
        Status("p", "Overridden", "DONE", " "),
    )
)


def test_a_symbol_that_nobody_registered_is_unknown_and_to_do() -> None:
    assert status_of("?", DEFAULT) == Status("?", "Unknown", "TODO", "x")
    assert next_symbol("X", DEFAULT) == "x"


def test_the_first_entry_of_a_symbol_wins() -> None:
    assert status_of("p", OWN).name == "Proposed"


@pytest.mark.parametrize(
    ("symbol", "role"),
    [
        ("?", Role.PROPOSED),
        (" ", Role.TODO),
        ("/", Role.IN_PROGRESS),
        ("x", Role.DONE),
        ("X", Role.DONE),
        ("-", Role.REJECTED),
        ("R", Role.REJECTED),
        ("!", None),
    ],
)
def test_without_tasks_settings_the_usual_symbols_have_their_roles(symbol: str, role: Role | None) -> None:
    assert roles(DEFAULT, registered=False, overrides={}).role_of(symbol) == role


@pytest.mark.parametrize(
    ("symbol", "role"),
    [("p", Role.PROPOSED), ("h", Role.IN_PROGRESS), ("D", Role.DONE), ("R", Role.REJECTED), ("n", None), ("?", None)],
)
def test_tasks_settings_give_roles_by_type_and_by_the_name_proposed(symbol: str, role: Role | None) -> None:
    assert roles(OWN, registered=True, overrides={}).role_of(symbol) == role


def test_the_first_symbol_of_a_role_is_written() -> None:
    own = roles(OWN, registered=True, overrides={})
    assert [own.symbol_for(role) for role in Role] == ["p", " ", "/", "D", "R"]
    bare = roles(DEFAULT, registered=False, overrides={})
    assert [bare.symbol_for(role) for role in Role] == ["?", " ", "/", "x", "-"]


def test_a_role_without_symbol_has_its_usual_one() -> None:
    assert roles(DEFAULT, registered=True, overrides={}).symbol_for(Role.PROPOSED) == "?"


def test_the_config_can_map_any_symbol() -> None:
    mapped = roles(OWN, registered=True, overrides={"!": Role.PROPOSED, "D": Role.REJECTED, "n": Role.TODO})
    assert (mapped.role_of("!"), mapped.role_of("D"), mapped.role_of("n")) == (Role.PROPOSED, Role.REJECTED, Role.TODO)
    assert mapped.symbol_for(Role.DONE) == "x"


@pytest.mark.parametrize(
    ("statuses", "symbol"),
    [
        pytest.param(OWN.statuses, " ", id="a chain that ends in a note finds no to do and gives a space"),
        pytest.param(
            (Status("D", "Done", "DONE", "/"), Status("/", "Doing", "IN_PROGRESS", "D")), "/", id="in progress"
        ),
        pytest.param((Status("D", "Done", "DONE", "?"),), "?", id="an unknown symbol is to do"),
    ],
)
def test_the_next_occurrence_follows_the_chain_from_done(statuses: tuple[Status, ...], symbol: str) -> None:
    assert reopened_symbol("D", TaskSettings(statuses=statuses)) == symbol


def test_a_symbol_that_the_settings_leave_out_keeps_its_usual_role() -> None:
    settled = roles(TaskSettings(), registered=True, overrides={})
    assert settled.role_of("?") is Role.PROPOSED
    assert settled.role_of("R") is Role.REJECTED
    assert settled.role_of("!") is None


def test_a_symbol_that_the_settings_make_no_task_has_no_role() -> None:
    settings = TaskSettings(statuses=(*DEFAULT_STATUSES, Status("?", "Question", "NON_TASK", " ")))
    assert roles(settings, registered=True, overrides={}).role_of("?") is None
