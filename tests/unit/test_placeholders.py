"""A note that iCloud took off the disk, with a placeholder in its place, is skipped; it isn't taken for deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laws.vault_model import ANA, NO_WAITS, TODAY, FolderVault, region_lines

from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.storage.listing import IN_CLOUD
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTE = "Area/Note.md"
PLACEHOLDER = "Area/.Note.md.icloud"


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    made = FolderVault(tmp_path)
    made.write(NOTE, "- [?] Paint the buoy @Ana #proposed\n")
    made.write("Other.md", "- [ ] Oil the winch @Ana\n")
    made.turn()
    return made


def rows(vault: FolderVault) -> list[str]:
    return [line for line in region_lines(vault.read(ANA)) if "#^t-" in line]


def evict(vault: FolderVault, path: str = NOTE) -> None:
    target = vault.root / path
    target.rename(target.with_name(f".{target.name}.icloud"))


def test_rows_of_a_note_that_only_the_cloud_has_stay_as_they_are(vault: FolderVault) -> None:
    before = rows(vault)
    evict(vault)
    for _ in range(3):
        outcome = vault.turn()
        vault.later += 100
        assert [(problem.path, problem.what) for problem in outcome.problems] == [(NOTE, f"can't be read: {IN_CLOUD}")]
        assert outcome.plan.conflicts == ()
        assert outcome.plan.missing == 0
    assert rows(vault) == before


def test_a_note_that_comes_back_from_the_cloud_is_as_it_was(vault: FolderVault) -> None:
    before = rows(vault)
    evict(vault)
    vault.turn()
    vault.later += 100
    vault.turn()
    (vault.root / PLACEHOLDER).rename(vault.root / NOTE)
    outcome = vault.turn()
    assert outcome.problems == ()
    assert rows(vault) == before
    vault.turn()
    assert vault.turn().written == frozenset()


def test_a_placeholder_beside_its_note_says_nothing(vault: FolderVault) -> None:
    vault.write(PLACEHOLDER, "")
    assert vault.turn().problems == ()


def test_a_placeholder_of_a_file_that_is_no_note_says_nothing(vault: FolderVault) -> None:
    vault.write("Area/.photo.jpg.icloud", "")
    assert vault.turn().problems == ()


def test_an_index_note_that_only_the_cloud_has_is_not_made_again(vault: FolderVault) -> None:
    evict(vault, ANA)
    vault.later += 100
    vault.turn()
    assert not (vault.root / ANA).exists()


@pytest.fixture
def wheel(vault: FolderVault) -> Iterator[Wheel]:
    state = State(vault.state_file)
    later = iter(range(1_000_000, 2_000_000, 100))
    clock = Clock(monotonic=lambda: float(next(later)), today=TODAY)
    yield Wheel(vault.settings, state, clock, NO_WAITS)
    state.close()


def test_the_daemon_which_hears_of_the_note_alone_keeps_its_rows_too(vault: FolderVault, wheel: Wheel) -> None:
    wheel.turn()
    before = rows(vault)
    evict(vault)
    for changed in ([NOTE], [], []):
        assert wheel.turn(changed).plan.missing == 0
    assert rows(vault) == before
    (vault.root / PLACEHOLDER).rename(vault.root / NOTE)
    outcome = wheel.turn([NOTE])
    assert outcome.problems == ()
    assert rows(vault) == before
