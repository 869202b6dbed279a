"""Whichever call to the system fails, or is the last that a run makes: clean runs end where they would have ended."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from crash.faulty_system import FaultySystem, KilledError
from crash.stages import EDITS, edited_vault, fresh_vault, leftovers, rested, words

from vaultsync.cycle import Wheel
from vaultsync.errors import VaultsyncError
from vaultsync.settings import load_settings
from vaultsync.storage import vault as files
from vaultsync.storage.lock import vault_lock
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from laws.vault_model import FolderVault

NOTHING = FaultySystem(0, KilledError)
STAGES = {"fresh": fresh_vault, "edited": edited_vault}
SAMPLED = 6  # calls of each kind of run that fail in an everyday run
FAULTS = [
    pytest.param(errno.ENOSPC, False, id="the disk is full"),
    pytest.param(errno.EACCES, False, id="permission is denied"),
    pytest.param(errno.EIO, False, id="the disk is broken"),
    pytest.param(errno.EROFS, False, id="the file system is read-only"),
    pytest.param(KilledError, False, id="killed before"),
    pytest.param(KilledError, True, id="killed after"),
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


def run(vault: FolderVault, system: FaultySystem = NOTHING) -> str:
    """Make one whole run, from settings to the closed state, in a system; return what it told."""
    with system.at_work():
        try:
            settings = load_settings(vault.root)
            with vault_lock(vault.state_file.parent, vault.root):
                state = State(vault.state_file)
                try:
                    outcome = Wheel(settings, state, vault.clock(), vault.waits).turn()
                finally:
                    state.close()
        except (VaultsyncError, KilledError) as error:
            return repr(error)
    return words(outcome)


def fail_each(
    stage: str, what: type[KilledError] | int, folder: Path, *, after: bool, choice: random.Random | None = None
) -> set[str]:
    """Fail each call of a run, or a `choice` of different ones, one in a run; return the names of those that failed."""
    vault = STAGES[stage](folder / "vault")
    calm = rested(vault, folder / "calm")
    once = vault.copy(folder / "once")
    counting = FaultySystem(0, what)
    usual = run(once, counting)
    seen: set[str] = set()
    numbers = list(range(1, counting.made + 1))
    if choice:
        kinds = choice.sample(sorted(set(counting.names)), SAMPLED)
        numbers = [choice.choice([n for n in numbers if counting.names[n - 1] == kind]) for kind in kinds]
    for number in numbers:
        hurt = vault.copy(folder / f"hurt-{number}")
        system = FaultySystem(number, what, after)
        told = run(hurt, system)
        where = (system.number, system.hit, told)
        assert system.hit, where
        seen.add(system.hit)
        # What nobody is told of must have made no difference.
        assert told != usual or hurt.texts() == once.texts(), where
        assert calm.texts().keys() >= hurt.texts().keys(), where
        hurt.come_to_rest()
        assert hurt.texts() == calm.texts(), where
        assert hurt.base() == calm.base(), where
        assert leftovers(hurt) == [], where
    return seen


@pytest.mark.parametrize(("what", "after"), FAULTS)
@pytest.mark.parametrize("stage", STAGES)
def test_whichever_call_fails_clean_runs_end_where_a_run_without_fault_ends(
    stage: str,
    what: type[KilledError] | int,
    after: bool,  # noqa: FBT001 - pytest passes it by name
    tmp_path: Path,
) -> None:
    choice = random.Random(f"{stage} {what} {after}")  # noqa: S311 - always the same
    assert len(fail_each(stage, what, tmp_path, after=after, choice=choice)) == SAMPLED


@pytest.mark.parametrize(
    ("stage", "what", "after"),
    [
        pytest.param(stage, *fault.values, id=f"{stage}, {fault.id}", marks=pytest.mark.nightly)
        for stage in STAGES
        for fault in FAULTS
    ]
    + [
        pytest.param("edited", errno.ENOSPC, False, id="a full disk in CI", marks=pytest.mark.long),
        pytest.param("edited", KilledError, False, id="a kill in CI", marks=pytest.mark.long),
    ],
)
def test_whichever_call_fails_each_of_them_in_turn(
    stage: str,
    what: type[KilledError] | int,
    after: bool,  # noqa: FBT001 - the same
    tmp_path: Path,
) -> None:
    seen = fail_each(stage, what, tmp_path, after=after)
    assert {"open", "read", "write", "fsync", "stat", "scandir", "unlink", "sqlite insert", "sqlite commit"} <= seen


def test_new_bytes_are_on_the_disk_before_they_take_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = edited_vault(tmp_path / "vault")
    synced: set[int] = set()
    unsynced_folders: set[int] = set()
    placed: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        unsynced_folders.discard(os.fstat(descriptor).st_ino)

    def watched(place: Callable[..., Any]) -> Callable[..., Any]:
        def into_place(source: Path, target: Path) -> Any:
            if target.suffix == ".md" and target.is_relative_to(vault.root):
                assert source.stat().st_ino in synced, target
                placed.append(target.name)
                unsynced_folders.add(target.parent.stat().st_ino)
            return place(source, target)

        return into_place

    monkeypatch.setattr(os, "fsync", fsync)
    for owner, name in ((os, "link"), (files, "exchange"), (Path, "replace")):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    vault.turn()
    assert len(set(placed)) > len(EDITS)
    assert unsynced_folders == set()
