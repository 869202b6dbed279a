"""The vaults that runs fail on: one that no run has seen, and one that was at rest until users edited both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from laws.vault_model import ANA, BO, KIM, FolderVault

from vaultsync.storage.vault import TEMP_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.outcome import Outcome

PLAIN, WINDOWS, NESTED, OTHER = "Plain.md", "Folder/Windows.md", "Nested.md", "Other.md"
NOTES = {
    PLAIN: (
        "# Plain\n\n- [?] Ask them @Ana 📅 2026-11-25 #task #proposed\n"
        "- [ ] Tell them @Bo\n- [ ] Weigh it @Ana\n\nEnd\n"
    ),
    WINDOWS: "Text\r\n\r\n- [?] Count it @Kim Ray #proposed\r\n\r\n\tx\r\n- [/] Carry it @Ana 🔼\r\n",
    NESTED: (
        "- List\n\t- [ ] Water it 🔁 every day 📅 2026-11-22 @Bo\n"
        "\t- [ ] Burn it 🏁 delete @Ana\n\t\t- ash\n- [ ] Dig @Bo @Ana"
    ),
    OTHER: "> - [ ] Wait @Ana\n",
}
EDITS = {
    ANA: [("- [?] Ask them", "- [ ] Ask them now"), ("- [ ] Burn", "- [x] Burn"), ("- [ ] Dig", "- [x] Dig")],
    BO: [("- [ ] Water", "- [x] Water"), ("%% vaultsync:end", "Call first!\n\n%% vaultsync:end")],
    KIM: [("- [?] Count it", "- [-] Count it")],
    PLAIN: [("- [ ] Tell them", "- [/] Tell them all"), ("End\n", "- [?] Come along @Zoe #proposed\n")],
    WINDOWS: [(" 🔼", " ⏫ 📅 2026-12-24")],
    NESTED: [("- [ ] Dig", "- [-] Dig")],
}


def fresh_vault(folder: Path) -> FolderVault:
    """Make a vault that no run has seen."""
    vault = FolderVault(folder)
    for path, text in NOTES.items():
        vault.write(path, text)
    return vault


def edited_vault(folder: Path) -> FolderVault:
    """Make a vault that was at rest, and where users then edited both sides in every way there is."""
    vault = fresh_vault(folder)
    vault.come_to_rest()
    for path, pairs in EDITS.items():
        for old, new in pairs:
            edit(vault, path, old, new)
    return vault


def edit(vault: FolderVault, path: str, old: str, new: str) -> None:
    """Replace a piece of a note that stands in it once."""
    text = vault.read(path)
    assert text.count(old) == 1, (old, text)
    vault.write(path, text.replace(old, new))


def leftovers(vault: FolderVault) -> list[Path]:
    """Return the temporary files in a vault."""
    return [path for path in vault.root.rglob("*") if path.name.startswith(TEMP_PREFIX)]


def rested(vault: FolderVault, folder: Path) -> FolderVault:
    """Return what a copy of a vault comes to when nothing fails."""
    calm = vault.copy(folder)
    calm.come_to_rest()
    return calm


def words(outcome: Outcome) -> str:
    """Return what a turn told."""
    return "\n".join(f"{problem.path}: {problem.what}" for problem in outcome.problems)
