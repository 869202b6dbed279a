"""`vaultsync tasks`: what it lists, for people and for scripts, and that it leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from system.in_process import InProcess
from system.installed import Installed, write

if TYPE_CHECKING:
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
DAILY = "Daily/2025-11-08.md"


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


def test_json_lists_every_task_with_its_fields_and_its_role(quick: InProcess, vault: Path) -> None:
    tasks = quick.json("tasks", vault)
    assert [(task["path"], task["line"], task["role"]) for task in tasks] == [
        (HARBOUR, 7, "proposed"),
        (HARBOUR, 8, "proposed"),
        (DAILY, 3, "todo"),
        (DAILY, 4, "done"),
    ]
    assert tasks[0] == {
        "path": HARBOUR,
        "line": 7,
        "id": None,
        "status": "?",
        "role": "proposed",
        "text": "Paint the north buoy",
        "tags": ["#task", "#proposed", "#auto"],
        "assignees": ["Ines Halloran"],
        "priority": "high",
        "created": None,
        "start": None,
        "scheduled": None,
        "due": "2025-11-20",
        "done": None,
        "cancelled": None,
        "recurrence": None,
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(["--person", "myself"], [7], id="an alias means its person"),
        pytest.param(["--person", "@tobias wren", "--role", "proposed"], [8], id="all filters must agree"),
        pytest.param(["--role", "todo", "--role", "done"], [3, 4], id="one of several roles is enough"),
        pytest.param(["--due-before", "2025-11-20"], [8], id="due before a day excludes that day"),
        pytest.param(["--overdue", "--today", "2025-11-19"], [8], id="overdue is open and due before today"),
        pytest.param(["--note", "2025-11-08"], [3, 4], id="a note may be given by name"),
        pytest.param(["--note", "Meetings/*.md", "--person", "Unassigned"], [], id="nothing found is an empty list"),
    ],
)
def test_filters_let_through(quick: InProcess, vault: Path, filters: list[str], expected: list[int]) -> None:
    assert [task["line"] for task in quick.json("tasks", vault, *filters)] == expected


def test_an_unknown_person_is_told_with_names_that_look_alike(quick: InProcess, vault: Path) -> None:
    told = quick("tasks", vault, "--person", "Tobais", expect=2)
    assert "did you mean Tobias Wren?" in told


def test_an_alias_of_two_people_asks_which(quick: InProcess, vault: Path) -> None:
    write(
        vault,
        {
            "People/Ana Lopez.md": "---\naliases: [Ana]\n---\n",
            "People/Ana Ruiz.md": "---\naliases: [Ana]\n---\n",
        },
    )
    assert "Ana Lopez or Ana Ruiz" in quick("tasks", vault, "--person", "Ana", expect=2)


def test_piped_output_is_a_line_for_each_task(vaultsync: Installed, vault: Path) -> None:
    assert vaultsync("tasks", vault, "--person", "Tobias Wren").splitlines() == [
        f"{HARBOUR}:8 [?] Call the ferry office @Tobias Wren 2025-11-18",
        f"{DAILY}:3 [ ] Oil the winch @Tobias Wren",
    ]


def test_text_of_the_vault_reaches_no_terminal_as_a_command(quick: InProcess, vault: Path) -> None:
    write(vault, {"x.md": "- [ ] Read [bold]this[/bold] \x1b]0;owned\x07 [[x]] :smile: \u202eback\n"})
    assert quick("tasks", vault, "--note", "x") == "x.md:1 [ ] Read [bold]this[/bold] ]0;owned [[x]] :smile: back\n"


def test_rows_are_not_listed_beside_their_tasks(quick: InProcess, vault: Path) -> None:
    before = [task["text"] for task in quick.json("tasks", vault)]
    quick("reconcile", vault)
    after = quick.json("tasks", vault)
    assert [task["text"] for task in after] == before
    assert all(task["id"] for task in after if task["role"] != "done")


def test_listing_changes_neither_the_vault_nor_any_state(vaultsync: Installed, vault: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in vault.rglob("*") if file.is_file()}
    vaultsync("tasks", vault)
    assert {file: file.read_bytes() for file in vault.rglob("*") if file.is_file()} == before
    assert not (tmp_path / "state").exists()
