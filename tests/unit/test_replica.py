"""A replica without a state in a vault with ids, and states that were lost, broken or put back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from laws.vault_model import ANA, BO, NO_WAITS, FolderVault

from vaultsync.cycle import Wheel
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from vaultsync.outcome import Outcome

Harm = Callable[[FolderVault, Path], None]
NOTE = "a.md"
WAITS = replace(NO_WAITS, replica_wait=60.0)


def known(tmp_path: Path) -> FolderVault:
    """Return a settled vault: tasks of Ana and Bo."""
    vault = FolderVault(tmp_path / "one")
    vault.write(NOTE, "- [ ] Do @Ana 📅 2026-11-25\n- [?] Else @Bo\n")
    vault.turn()
    vault.turn()
    return vault


def arrived(tmp_path: Path) -> FolderVault:
    """Return the vault on another machine: no state, and Bo's index note and the overview haven't arrived yet."""
    vault = known(tmp_path)
    vault.lose_state()
    vault.remove(BO)
    vault.remove("Tasks/Overview.md")
    vault.waits = WAITS
    return vault


# -- without a state in a vault with ids


def test_a_new_replica_makes_no_index_note_before_the_vault_is_quiet_and_reconciles_those_that_are_there(
    tmp_path: Path,
) -> None:
    vault = arrived(tmp_path)
    vault.write(ANA, vault.read(ANA).replace("- [ ] Do", "- [/] Do"))
    vault.write("b.md", "- [ ] Third @Ana\n")
    outcome = vault.turn()
    assert vault.read(NOTE).startswith("- [ ] Do")  # nobody knows which side changed
    assert [conflict.field for conflict in outcome.plan.conflicts] == ["status"]
    assert sorted(vault.texts()) == [ANA, NOTE, "b.md"]
    assert vault.read("b.md") == "- [ ] Third @Ana\n"
    assert any("2 tasks wait for an id or an index note" in problem.what for problem in outcome.problems)
    assert outcome.wait is not None
    assert 50 < outcome.wait <= 60
    # It has a state by now, and goes on waiting: each change begins the wait anew.
    vault.later += 40
    vault.write("c.md", "Arrived\n")
    at = time.time() + vault.later
    os.utime(vault.root / "c.md", (at, at))
    vault.turn()
    vault.later += 40
    vault.turn()
    assert BO not in vault.texts()
    vault.later += 21
    vault.turn()
    assert sorted(vault.texts()) == sorted([ANA, BO, "Tasks/Overview.md", NOTE, "b.md", "c.md"])
    assert "^t-" in vault.read("b.md")
    # Now it knows the vault, and a new note is planned on like any other.
    vault.write("d.md", "- [ ] Fourth @Kim Ray\n")
    assert vault.turn().problems == ()
    assert "Tasks/@Kim Ray.md" in vault.texts()


def test_a_quiet_vault_is_not_waited_for(tmp_path: Path) -> None:
    vault = arrived(tmp_path)
    vault.later += 61
    assert vault.turn().problems == ()
    assert BO in vault.texts()


def test_a_vault_without_ids_is_not_waited_for(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "one", WAITS)
    vault.write(NOTE, "- [ ] Do @Ana ^mine\n")
    outcome = vault.turn()
    assert (outcome.problems, outcome.wait) == ((), None)
    assert ANA in vault.texts()


def test_a_lost_state_of_a_vault_that_is_all_there_is_no_problem(tmp_path: Path) -> None:
    vault = known(tmp_path)
    texts = vault.texts()
    vault.lose_state()
    vault.waits = WAITS
    assert vault.turn().problems == ()
    assert vault.texts() == texts


def test_a_first_run_that_died_leaves_no_new_replica(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "one", WAITS)
    vault.write(NOTE, "- [ ] Do @Ana\n")
    with patch.object(State, "save", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        vault.turn()
    assert "^t-" in vault.read(NOTE)
    vault.remove(ANA)
    assert vault.turn().problems == ()
    assert "Do" in vault.read(ANA)


def test_a_dry_run_leaves_no_mark(tmp_path: Path) -> None:
    vault = arrived(tmp_path)
    vault.later += 61
    assert vault.turn(dry_run=True).problems == ()
    state = State(vault.state_file)
    assert state.marks == set()
    state.close()


@pytest.mark.parametrize(("quiet_max", "waits"), [(90.0, True), (30.0, False)])
def test_one_shot_waits_for_the_arrival_as_long_as_for_young_notes(
    tmp_path: Path, quiet_max: float, *, waits: bool
) -> None:
    vault = arrived(tmp_path)
    state = State(vault.state_file)
    wheel = Wheel(vault.settings, state, vault.clock(), replace(WAITS, quiet_max=quiet_max))
    wheel.wait_until_quiet()
    outcome = wheel.turn()
    state.close()
    assert (BO in vault.texts()) is waits
    assert (outcome.problems == ()) is waits
    assert (vault.later > 50) is waits


# -- states that were lost, broken, put back


def lost(vault: FolderVault, _kept: Path) -> None:
    vault.lose_state()


def overwritten(vault: FolderVault, _kept: Path) -> None:
    vault.state_file.write_bytes(b"no database at all " * 400)


def truncated(vault: FolderVault, _kept: Path) -> None:
    os.truncate(vault.state_file, vault.state_file.stat().st_size // 2)


def put_back(vault: FolderVault, kept: Path) -> None:
    vault.lose_state()
    shutil.copytree(kept, vault.state_file.parent)


HARMS: list[Harm] = [lost, overwritten, truncated, put_back]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_harmed_state_changes_no_byte_of_a_settled_vault(tmp_path: Path, harm: Harm) -> None:
    vault = known(tmp_path)
    shutil.copytree(vault.state_file.parent, tmp_path / "kept")
    vault.write(NOTE, vault.read(NOTE).replace("Do", "Do it") + "- [/] Third @Ana @Bo\n")
    vault.turn()
    texts = vault.texts()
    harm(vault, tmp_path / "kept")
    for _ in range(3):
        outcome = vault.turn()
        vault.later += 100
        assert (outcome.plan.conflicts, vault.texts()) == ((), texts)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_after_a_harmed_state_an_edit_of_either_side_stays_where_it_stands(tmp_path: Path, harm: Harm) -> None:
    vault = known(tmp_path)
    shutil.copytree(vault.state_file.parent, tmp_path / "kept")
    vault.write(NOTE, vault.read(NOTE).replace("Do", "Do it"))
    vault.turn()
    vault.write(NOTE, vault.read(NOTE).replace("Do it", "Do this"))
    vault.write(ANA, vault.read(ANA).replace("Do it", "Do that"))
    vault.write(BO, vault.read(BO).replace("- [?]", "- [ ]"))
    harm(vault, tmp_path / "kept")
    for _ in range(3):
        outcome = vault.turn()
        vault.later += 100
        assert [(conflict.field, conflict.line) for conflict in outcome.plan.conflicts] == [("prose", 1)]
    assert "- [ ] Do this @Ana" in vault.read(NOTE)
    assert "Do that" in vault.read(ANA)
    assert "- [ ] Else @Bo" in vault.read(NOTE)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_after_a_harmed_state_a_row_whose_source_is_not_there_stays(tmp_path: Path, harm: Harm) -> None:
    vault = known(tmp_path)
    shutil.copytree(vault.state_file.parent, tmp_path / "kept")
    vault.write("b.md", "- [ ] Third @Ana\n")
    vault.turn()
    vault.write("Elsewhere.txt", vault.read("b.md"))
    vault.remove("b.md")
    harm(vault, tmp_path / "kept")
    for _ in range(3):
        vault.turn()
        vault.later += 100
    assert "Third" in vault.read(ANA)


# -- clocks that jump


def test_clocks_that_jump_by_hours_end_no_wait_early_and_keep_nobody_waiting(tmp_path: Path) -> None:
    vault = known(tmp_path)
    wall = [0.0]
    clock = replace(vault.clock(), now=lambda: time.time() + vault.later + wall[0])
    state = State(vault.state_file)
    wheel = Wheel(vault.settings, state, clock, replace(NO_WAITS, quiet=2.0, quiet_max=60.0, stamp_after=10.0))

    def turn(jump: float, elapsed: float) -> Outcome:
        wall[0] += jump * 3600
        vault.later += elapsed
        return wheel.turn()

    turn(0, 20)
    text = vault.read(NOTE)
    vault.remove(NOTE)
    turn(5, 0)
    for jump in (7, -30, 40):
        turn(jump, 1)
        assert "Do" in vault.read(ANA)
        assert len(state.base) == 2
    turn(-100, 3)
    assert state.base == {}
    assert "- [ ] Do" not in vault.read(ANA)
    # A note written while the clock is wrong is young for as long as any other.
    vault.write(NOTE, text + "More\n")
    assert turn(200, 1).skipped == (NOTE,)
    assert turn(-300, 0.5).skipped == (NOTE,)
    assert turn(3, 2).skipped == ()
    assert "- [ ] Do" in vault.read(ANA)
    state.close()
