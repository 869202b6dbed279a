"""Absorbing a conflict copy where any call fails or the run dies there: nothing is lost, and no text is doubled."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest
from crash.test_cycle_faults import Fault, KilledError
from laws.vault_model import ANA, FolderVault

from vaultsync.storage.state import StateError

if TYPE_CHECKING:
    from pathlib import Path

COPY = "Tasks/@Ana.sync-conflict-20261122-101112-ABCDEFG.md"
NOTE = "Note.md"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    """Return a vault at rest with a copy that has an edit, a disagreement, a tick of a recurring task and text."""
    made = FolderVault(tmp_path / "first")
    made.write(NOTE, "- [ ] Tell them @Ana\n- [ ] Weigh it @Ana\n- [ ] Water it 🔁 every day 📅 2026-11-22 @Ana\n")
    made.come_to_rest()
    text = made.read(ANA)
    copy = (
        text.replace("Tell them", "Tell them all").replace("Weigh it", "Weigh this").replace("[ ] Water", "[x] Water")
    )
    made.write(COPY, copy.replace("%% vaultsync:end", "    beneath\n%% vaultsync:end") + "\nMine\n")
    made.write(ANA, text.replace("Weigh it", "Weigh that"))
    return made


def backups(vault: FolderVault) -> list[str]:
    return [path.read_bytes().decode() for path in (vault.state_file.parent / "backups").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("what", "after"),
    [
        pytest.param(errno.ENOSPC, False, id="the disk is full", marks=pytest.mark.long),
        pytest.param(KilledError, False, id="killed before", marks=pytest.mark.long),
        pytest.param(KilledError, True, id="killed after"),
    ],
)
def test_whichever_call_fails_the_copy_is_absorbed_once(
    what: type[KilledError] | int,
    after: bool,  # noqa: FBT001 - pytest passes it by name
    vault: FolderVault,
    tmp_path: Path,
) -> None:
    copy = vault.read(COPY)
    calm = vault.copy(tmp_path / "calm")
    calm.come_to_rest()
    assert [calm.read(ANA).count(word) for word in ("beneath", "Mine")] == [1, 1]
    assert "Weigh that" in calm.read(ANA)
    assert "Weigh this" in calm.read(ANA)
    assert "Tell them all" in calm.read(NOTE)
    assert calm.read(NOTE).count("Water it") == 2
    for number in count(1):
        hurt = vault.copy(tmp_path / f"hurt-{number}")
        fault = Fault(number, what, after=after)
        with fault.injected(), suppress(KilledError, StateError):
            hurt.turn()
        if not fault.hit:
            break
        assert copy in (*hurt.texts().values(), *backups(hurt)), (number, fault.hit)
        hurt.come_to_rest()
        assert hurt.texts() == calm.texts(), (number, fault.hit)
        assert copy in backups(hurt), (number, fault.hit)
    assert number > 5
