from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laws.vault_model import FolderVault, PaperVault

from vaultsync.errors import HaltError
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.safety import suspicious
from vaultsync.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.reconcile.snapshot import Snapshot


def known(tasks: int) -> PaperVault:
    vault = PaperVault({f"{number}.md": f"- [ ] Do {number} @Ana\n" for number in range(tasks)})
    vault.turn()
    return vault


def halted(plan: Plan, snapshot: Snapshot) -> str | None:
    return suspicious(plan, snapshot, {}, set(), lambda _path: True, 0.5, 20)


@pytest.mark.parametrize(("gone", "halts"), [(10, False), (11, True), (20, True)])
def test_more_than_the_share_of_known_tasks_gone_halts(gone: int, *, halts: bool) -> None:
    vault = known(20)
    for number in range(gone):
        del vault.texts[f"{number}.md"]
    snapshot = vault.snapshot()
    assert bool(halted(plan_cycle(snapshot), snapshot)) is halts


def test_few_known_tasks_may_all_go() -> None:
    vault = known(5)
    vault.texts = {path: text for path, text in vault.texts.items() if path.startswith("Tasks/")}
    snapshot = vault.snapshot()
    assert halted(plan_cycle(snapshot), snapshot) is None


def test_a_vault_without_any_note_halts_however_few_tasks_were_known() -> None:
    vault = known(1)
    vault.texts.clear()
    assert halted(Plan(), vault.snapshot())


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


# -- the share of notes


def many_notes(tmp_path: Path) -> FolderVault:
    """Return a settled vault of 40 notes, two of them with a task, and an index note and the overview."""
    vault = FolderVault(tmp_path / "one")
    for number in range(40):
        vault.write(f"Notes/{number}.md", f"# Note {number}\n")
    vault.write("Notes/0.md", "- [ ] Do @Ana\n")
    vault.write("Notes/1.md", "- [ ] Else @Ana\n")
    vault.turn()
    return vault


def test_more_than_the_share_of_known_notes_gone_halts_with_nothing_written(tmp_path: Path) -> None:
    vault = many_notes(tmp_path)
    for number in range(1, 23):
        vault.remove(f"Notes/{number}.md")
    vault.write("Notes/New.md", "- [ ] New @Bo\n")
    texts, base = vault.texts(), vault.base()
    for _ in range(2):
        with pytest.raises(HaltError, match="22 of 42 known notes have vanished"):
            vault.turn()
        assert (vault.texts(), vault.base()) == (texts, base)
    vault.turn(force=True)
    assert "Tasks/@Bo.md" in vault.texts()
    vault.turn()


def test_half_of_the_notes_may_go(tmp_path: Path) -> None:
    vault = many_notes(tmp_path)
    for number in range(19, 40):
        vault.remove(f"Notes/{number}.md")
    vault.turn()


def test_renamed_folders_are_no_mass_deletion_and_their_tasks_are_followed(tmp_path: Path) -> None:
    vault = many_notes(tmp_path)
    (vault.root / "Notes").rename(vault.root / "Archive")
    vault.write("Archive/0.md", vault.read("Archive/0.md") + "And a line.\n")
    vault.turn()
    assert {task.path for task in vault.base().values()} == {"Archive/0.md", "Archive/1.md"}
    assert vault.read("Tasks/@Ana.md").count("[[Archive/") == 2


def test_notes_that_the_settings_leave_out_now_have_not_vanished(tmp_path: Path) -> None:
    vault = many_notes(tmp_path)
    config = (vault.root / "vaultsync.yaml").read_text("utf-8")
    (vault.root / "vaultsync.yaml").write_text(f"{config}exclude: ['Notes/2*', 'Notes/3*']\n", "utf-8")
    vault.settings = load_settings(vault.root)
    for number in (*range(4, 10),):
        vault.remove(f"Notes/{number}.md")
    vault.turn()


def test_a_dry_run_forgets_no_note(tmp_path: Path) -> None:
    vault = many_notes(tmp_path)
    for number in range(1, 31):
        vault.remove(f"Notes/{number}.md")
    for _ in range(2):
        with pytest.raises(HaltError, match="known notes"):
            vault.turn(dry_run=True)
