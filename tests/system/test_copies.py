"""Conflict copies in a vault in a folder: what a turn of the wheel does with each kind, and what the command tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laws.vault_model import ANA, FolderVault

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.cycle import Outcome

NOTE = "Note.md"
COPY = "Tasks/@Ana.sync-conflict-20261122-101112-ABCDEFG.md"
OVERVIEW = "Tasks/Overview.md"


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    made = FolderVault(tmp_path)
    made.write(NOTE, "- [?] Ask them @Ana 📅 2026-11-25 #proposed\n- [ ] Tell them @Ana\n- [ ] Weigh it @Ana\n")
    made.come_to_rest()
    return made


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, (old, text)
        text = text.replace(old, new)
    return text


def edit(vault: FolderVault, path: str, *pairs: tuple[str, str]) -> None:
    vault.write(path, edited(vault.read(path), *pairs))


def words(outcome: Outcome) -> str:
    return "\n".join(f"{problem.path}: {problem.what}" for problem in outcome.problems)


def kept(vault: FolderVault) -> list[str]:
    folder = vault.state_file.parent / "backups"
    return [path.read_bytes().decode() for path in sorted(folder.iterdir())] if folder.exists() else []


def line(vault: FolderVault, path: str, piece: str) -> str:
    found = [each for each in vault.read(path).splitlines() if piece in each]
    assert len(found) == 1, (piece, vault.read(path))
    return found[0]


def test_a_copy_of_an_index_note_gives_its_row_edits_and_its_text_and_goes_into_the_backups(vault: FolderVault) -> None:
    copy = edited(
        vault.read(ANA), ("- [ ] Tell them", "- [/] Tell them all"), ("%% vaultsync:end", "Call!\n%% vaultsync:end")
    )
    copy += "\nBelow the region.\n"
    vault.write(COPY, copy)
    edit(vault, ANA, ("- [?] Ask", "- [ ] Ask"))
    outcome = vault.turn()
    assert line(vault, NOTE, "Tell them").startswith("- [/] Tell them all @Ana")
    assert line(vault, NOTE, "Ask them").startswith("- [ ] Ask them @Ana")
    assert vault.read(ANA).count("Call!") == vault.read(ANA).count("Below the region.") == 1
    assert vault.read(ANA).index("Call!") > vault.read(ANA).index("%% vaultsync:end")
    assert "- [/] Tell them all" in vault.read(ANA)
    assert COPY not in vault.texts()
    assert kept(vault) == [copy]
    assert f"{COPY}: was absorbed into {ANA} (1 edited rows, 2 lines of text)" in words(outcome)
    before = vault.texts()
    assert vault.turn().written == frozenset()
    assert vault.texts() == before
