"""`vaultsync conflicts` and `vaultsync resolve`: what is in conflict is told, and a word ends it, also beside a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from system.in_process import InProcess
from system.installed import Installed, wait_for, write

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
DAILY = "Daily/2025-11-08.md"
TOBIAS = "Tasks/@Tobias Wren.md"
TODAY = ("--today", "2025-11-10")


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = (vault / path).read_bytes().decode()
    assert old in text
    (vault / path).write_bytes(text.replace(old, new, 1).encode())


def line_with(vault: Path, path: str, text: str) -> str:
    return next(line for line in (vault / path).read_bytes().decode().splitlines() if text in line)


def notes(vault: Path) -> dict[str, bytes]:
    return {str(file.relative_to(vault)): file.read_bytes() for file in vault.rglob("*.md")}


@pytest.fixture
def disputed(quick: InProcess, vault: Path) -> Path:
    """A task whose due date was changed on both sides, to different days."""
    quick("reconcile", vault, *TODAY)
    edit(vault, HARBOUR, "📅 2025-11-18", "📅 2025-11-25")
    edit(vault, TOBIAS, "📅 2025-11-18", "📅 2025-11-21")
    quick("reconcile", vault, *TODAY, expect=4)
    return vault


def only(command: InProcess, vault: Path) -> dict[str, Any]:
    (found,) = command.json("conflicts", vault, *TODAY, expect=4)["conflicts"]
    return dict(found)


def test_a_conflict_is_told_with_each_value_where_it_stands_and_what_ends_it(
    vaultsync: Installed, quick: InProcess, disputed: Path
) -> None:
    found = only(quick, disputed)
    number = (disputed / TOBIAS).read_text().splitlines().index(line_with(disputed, TOBIAS, "2025-11-21")) + 1
    assert (found["field"], found["source"], found["row"]) == ("due", "2025-11-25", "2025-11-21")
    assert found["rows"] == [{"path": TOBIAS, "value": "2025-11-21", "line": number}]
    assert (found["path"], found["line"], found["text"]) == (HARBOUR, 8, "Call the ferry office")
    before = notes(disputed)
    told = vaultsync("conflicts", disputed, *TODAY, expect=4)
    assert f"{HARBOUR}:8  Call the ferry office\n  due\n    2025-11-25  in the note\n" in told
    assert f"    2025-11-21  in {TOBIAS}:{number}\n" in told
    assert f"resolve {found['id']} --keep row --vault {disputed}\n" in told
    assert notes(disputed) == before


def test_each_shape_of_reconciles_conflicts_is_in_that_of_conflicts(quick: InProcess, disputed: Path) -> None:
    (reconciled,) = quick.json("reconcile", disputed, *TODAY, expect=4)["conflicts"]
    found = only(quick, disputed)
    assert {name: found[name] for name in reconciled if name != "rows"} | {
        "rows": [{name: row[name] for name in ("path", "value")} for row in found["rows"]]
    } == reconciled


def test_without_conflicts_there_is_nothing_to_tell(quick: InProcess, vault: Path) -> None:
    quick("reconcile", vault, *TODAY)
    assert quick.json("conflicts", vault, *TODAY) == {"vault": str(vault), "conflicts": [], "skipped": []}


@pytest.mark.parametrize(
    ("keep", "day"),
    [("source", "2025-11-25"), ("row", "2025-11-21"), (TOBIAS, "2025-11-21"), ("@Tobias Wren", "2025-11-21")],
)
def test_the_side_that_is_kept_stands_on_both(quick: InProcess, disputed: Path, keep: str, day: str) -> None:
    quick("resolve", only(quick, disputed)["id"], "--keep", keep, "--vault", disputed, *TODAY)
    assert f"📅 {day}" in line_with(disputed, HARBOUR, "ferry office")
    assert line_with(disputed, TOBIAS, "ferry office").endswith(f"📅 {day}")
    assert "Conflicts" not in (disputed / TOBIAS).read_text()
    quick("reconcile", disputed, "--check", *TODAY)


@pytest.mark.parametrize("keep", ["source", "row"])
def test_a_resolution_can_be_undone_to_the_conflict_that_it_ended(quick: InProcess, disputed: Path, keep: str) -> None:
    before, found = notes(disputed), only(quick, disputed)
    quick("resolve", found["id"], "--keep", keep, "--vault", disputed, *TODAY)
    assert notes(disputed) != before
    quick("undo", "--vault", disputed, *TODAY)
    assert notes(disputed) == before
    assert only(quick, disputed) == found
