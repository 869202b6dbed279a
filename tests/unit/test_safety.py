from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laws.vault_model import FolderVault, PaperVault

from vaultsync.errors import HaltError
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.safety import suspicious

if TYPE_CHECKING:
    from pathlib import Path


def known(tasks: int) -> PaperVault:
    vault = PaperVault({f"{number}.md": f"- [ ] Do {number} @Ana\n" for number in range(tasks)})
    vault.turn()
    return vault


@pytest.mark.parametrize(("gone", "halts"), [(10, False), (11, True), (20, True)])
def test_more_than_the_share_of_known_tasks_gone_halts(gone: int, *, halts: bool) -> None:
    vault = known(20)
    for number in range(gone):
        del vault.texts[f"{number}.md"]
    snapshot = vault.snapshot()
    assert bool(suspicious(plan_cycle(snapshot), snapshot, 0.5, 20)) is halts


def test_few_known_tasks_may_all_go() -> None:
    vault = known(5)
    vault.texts = {path: text for path, text in vault.texts.items() if path.startswith("Tasks/")}
    snapshot = vault.snapshot()
    assert suspicious(plan_cycle(snapshot), snapshot, 0.5, 20) is None


def test_a_vault_without_any_note_halts_however_few_tasks_were_known() -> None:
    vault = known(1)
    vault.texts.clear()
    assert suspicious(Plan(), vault.snapshot(), 0.5, 20)


def test_an_emptied_vault_is_not_written_until_it_is_forced(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "one")
    vault.write("a.md", "- [ ] Do @Ana\n")
    vault.turn()
    for path in vault.texts():
        vault.remove(path)
    with pytest.raises(HaltError, match="empty"):
        vault.turn()
    assert vault.texts() == {}
    assert len(vault.base()) == 1
    vault.turn(force=True)
    vault.later += 10
    vault.turn(force=True)
    assert vault.base() == {}
