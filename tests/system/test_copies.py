"""Conflict copies in a vault in a folder: what a turn of the wheel does with each kind, and what the command tells."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from laws.vault_model import ANA, TODAY, FolderVault
from system.in_process import InProcess

from vaultsync.storage import vault as files
from vaultsync.storage.backups import Backups

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.outcome import Outcome

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


@pytest.mark.parametrize(
    "path",
    [
        "Note.sync-conflict-20261122-101112-ABCDEFG.md",
        "Note (Conflicted copy phone 202611221011).md",
        "Note (Ana's conflicted copy 2026-11-22).md",
        "Note 2.md",
    ],
)
def test_a_copy_of_a_source_note_is_told_of_in_each_run_and_takes_no_part(path: str, vault: FolderVault) -> None:
    before = vault.texts()
    tasks = vault.turn().plan.tasks
    copy = vault.read(NOTE) + "- [ ] Only in the copy @Bo\n"
    vault.write(path, copy)
    for _ in range(2):
        outcome = vault.turn()
        assert outcome.plan.tasks == tasks
        assert words(outcome) == (
            f"{path}: a conflict copy of {NOTE}; it isn't indexed; "
            "compare the two, take over what is missing there and delete the copy"
        )
        assert vault.texts() == {**before, path: copy}


def test_a_note_with_a_number_that_shares_nothing_is_a_note_until_it_does(vault: FolderVault) -> None:
    vault.write("Note 2.md", "- [ ] Another @Bo\n")
    assert words(vault.turn()) == ""
    own = vault.read("Note 2.md")
    assert "^t-" in own
    vault.write("Note 2.md", vault.read(NOTE))
    assert "a conflict copy of Note.md" in words(vault.turn())
    vault.remove(NOTE)
    assert words(vault.turn()) == ""


def test_a_copy_whose_original_is_written_otherwise_by_another_system_is_known(vault: FolderVault) -> None:
    vault.write("U\u0308ber.md", "Text\n")
    vault.write("\u00dcber.sync-conflict-20261122-101112-ABCDEFG.md", "Text\n")
    assert "a conflict copy of U\u0308ber.md;" in words(vault.turn())


def test_of_a_copy_of_the_overview_only_its_text_counts(vault: FolderVault) -> None:
    copy = edited(vault.read(OVERVIEW), ("| 1 |", "| 17 |"), ("%% vaultsync:end", "Mine\n\n%% vaultsync:end"))
    vault.write("Tasks/Overview 2.md", f"{copy}\nAlso mine\n")
    before = vault.read(OVERVIEW)
    vault.turn()
    assert vault.read(OVERVIEW) == f"{before}\nMine\n\nAlso mine\n"
    assert kept(vault) == [f"{copy}\nAlso mine\n"]


def test_a_row_of_a_copy_that_lags_behind_is_no_edit(vault: FolderVault) -> None:
    old = vault.read(ANA)
    edit(vault, NOTE, ("2026-11-25", "2026-12-31"), ("Weigh it", "Weigh it twice"))
    vault.turn()
    vault.write(COPY, edited(old, ("- [?] Ask them", "- [ ] Ask them now")))
    vault.turn()
    assert line(vault, NOTE, "Ask them now").startswith("- [ ] Ask them now @Ana 📅 2026-12-31 ^t-")
    assert "Weigh it twice" in vault.read(NOTE)
    assert COPY not in vault.texts()


def test_values_that_original_copy_and_source_disagree_on_are_all_kept(vault: FolderVault) -> None:
    vault.write(COPY, edited(vault.read(ANA), ("2026-11-25", "2026-11-26")))
    edit(vault, ANA, ("2026-11-25", "2026-11-27"))
    edit(vault, NOTE, ("2026-11-25", "2026-11-28"))
    outcome = vault.turn()
    assert [(each.field, each.disagreement.source) for each in outcome.plan.conflicts] == [("due", "2026-11-28")]
    assert all(vault.read(ANA).count(f"2026-11-{day}") == 1 for day in (26, 27, 28))
    assert "2026-11-28" in vault.read(NOTE)
    assert COPY not in vault.texts()
    assert vault.turn().written == frozenset()


def test_two_copies_of_one_note_both_give_what_they_have(vault: FolderVault) -> None:
    text = vault.read(ANA)
    vault.write(COPY, edited(text, ("- [ ] Tell", "- [x] Tell")) + "\nOne\n\nBoth\n")
    vault.write("Tasks/@Ana 2.md", edited(text, ("- [ ] Weigh", "- [/] Weigh")) + "\nBoth\n\nTwo\n")
    vault.turn()
    assert line(vault, NOTE, "Tell").startswith("- [x]")
    assert line(vault, NOTE, "Weigh").startswith("- [/]")
    assert [vault.read(ANA).count(word) for word in ("One", "Both", "Two")] == [1, 1, 1]
    assert len(kept(vault)) == 2


def test_properties_that_only_the_copy_has_are_kept_as_text(vault: FolderVault) -> None:
    vault.write(COPY, edited(vault.read(ANA), ("person: Ana\n", "person: Ana\nmood: calm\n")))
    vault.turn()
    assert vault.read(ANA).endswith("\n\nmood: calm\n")


def test_the_remarks_of_ours_in_a_copy_are_no_text(vault: FolderVault) -> None:
    edit(vault, NOTE, ("2026-11-25", "2026-11-26"))
    edit(vault, ANA, ("2026-11-25", "2026-11-27"))
    vault.turn()
    before = vault.texts()
    assert "↳" in before[ANA]
    vault.write(COPY, before[ANA].replace("in Note", "in Another"))
    vault.turn()
    assert vault.texts() == before


def test_a_copy_whose_original_is_gone_stays_and_its_rows_do_not_count(vault: FolderVault) -> None:
    vault.write(
        "Tasks/@Zoe.sync-conflict-20261122-101112-ABCDEFG.md",
        edited(vault.read(ANA), ("person: Ana", "person: Zoe"), ("- [ ] Tell", "- [x] Tell")),
    )
    before = vault.texts()
    for _ in range(2):
        assert "a conflict copy of Tasks/@Zoe.md, which isn't there; its rows don't count" in words(vault.turn())
        assert vault.texts() == before


@pytest.mark.parametrize(
    ("path", "pair", "what"),
    [
        pytest.param(COPY, ("%% vaultsync:end %%", ""), "can't be read safely (the begin marker", id="a broken copy"),
        pytest.param(ANA, ("%% vaultsync:end %%", ""), "which isn't written now", id="a broken original"),
        pytest.param(ANA, ("begin 1-", "begin 2-"), "which isn't written now", id="an original of a newer version"),
        pytest.param(
            ANA, ("---\n\n", "x: [\n---\n\n"), "which isn't written now", id="an original with bad properties"
        ),
    ],
)
def test_a_copy_waits_while_it_or_its_original_can_not_be_worked_on(
    path: str, pair: tuple[str, str], what: str, vault: FolderVault
) -> None:
    copy = edited(vault.read(ANA), ("- [ ] Tell", "- [ ] Tell all")) + "\nMine\n"
    whole = {COPY: copy, ANA: vault.read(ANA)}
    vault.write(COPY, copy)
    edit(vault, path, pair)
    before = vault.read(path)
    assert what in words(vault.turn())
    assert vault.read(path) == before
    assert vault.read(COPY) == (before if path == COPY else copy)
    vault.write(path, whole[path])
    vault.turn()
    assert "Tell all" in vault.read(NOTE)
    assert vault.read(ANA).count("Mine") == 1
    assert COPY not in vault.texts()


def test_a_copy_waits_as_a_whole_for_the_source_of_an_edited_row(vault: FolderVault) -> None:
    copy = edited(vault.read(ANA), ("- [ ] Tell", "- [ ] Tell all")) + "\nMine\n"
    vault.write(COPY, copy)
    source = vault.read(NOTE)
    vault.write(NOTE, f"{source}<<<<<<< a\n=======\n>>>>>>> b\n")
    vault.turn()
    assert vault.read(COPY) == copy
    assert "Mine" not in vault.read(ANA)
    vault.write(NOTE, source)
    vault.turn()
    assert "Tell all" in vault.read(NOTE)
    assert "Mine" in vault.read(ANA)
    assert COPY not in vault.texts()


def test_a_young_copy_waits(tmp_path: Path, vault: FolderVault) -> None:
    waiting = FolderVault(tmp_path, replace(vault.waits, quiet=2.0, quiet_max=30.0))
    waiting.write(COPY, vault.read(ANA) + "\nMine\n")
    outcome = waiting.turn()
    assert COPY in outcome.skipped
    assert outcome.wait is not None
    assert COPY in vault.texts()
    waiting.later += outcome.wait + 0.1
    waiting.turn()
    assert COPY not in vault.texts()
    assert "Mine" in vault.read(ANA)


def test_a_copy_that_changes_before_it_is_taken_out_stays_and_gives_the_rest_later(vault: FolderVault) -> None:
    vault.write(COPY, vault.read(ANA) + "\nOne\n")
    take = Backups.set_aside

    def late(backups: Backups, root: Path, path: str, expected: str) -> Path:
        vault.write(COPY, vault.read(COPY) + "\nTwo\n")
        return take(backups, root, path, expected)

    with patch.object(Backups, "set_aside", late):
        vault.turn()
    assert "One" in vault.read(ANA)
    assert "Two" in vault.read(COPY)
    vault.turn()
    assert [vault.read(ANA).count(word) for word in ("One", "Two")] == [1, 1]
    assert COPY not in vault.texts()


def test_a_copy_that_may_not_be_taken_out_is_told_of_and_gives_nothing_twice(vault: FolderVault) -> None:
    vault.write(COPY, edited(vault.read(ANA), ("- [ ] Tell", "- [ ] Tell all")) + "\nOne\n")
    refusing = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with patch.object(Backups, "set_aside", side_effect=refusing):
        for _ in range(3):
            assert "can't be taken out of the vault (Permission denied); delete it" in words(vault.turn())
    assert vault.read(ANA).count("One") == 1
    assert vault.read(ANA).count("Tell all") == 1


def test_a_dry_run_tells_what_would_be_absorbed_and_writes_nothing(vault: FolderVault) -> None:
    vault.write(COPY, vault.read(ANA))
    before = vault.texts()
    outcome = vault.turn(dry_run=True)
    assert f"{COPY}: would be absorbed into {ANA} (0 edited rows, 0 lines of text)" in words(outcome)
    assert outcome.changes == (COPY,)
    assert vault.texts() == before


def test_the_command_finds_a_change_where_a_copy_is_to_be_absorbed_and_lists_no_task_of_a_copy(
    vault: FolderVault, tmp_path: Path
) -> None:
    run = InProcess({"VAULTSYNC_STATE_DIR": str(tmp_path / "elsewhere")})
    options = (vault.root, "--today", TODAY)
    run("reconcile", *options)
    vault.write("Note.sync-conflict-20261122-101112-ABCDEFG.md", "- [ ] Only in the copy @Bo\n")
    assert "Only in the copy" not in run("tasks", *options)
    run("reconcile", *options, "--check", expect=4)
    vault.write(COPY, vault.read(ANA))
    run("reconcile", *options, "--check", expect=1)
    assert COPY in vault.texts()


def test_an_original_that_lags_behind_its_copy_takes_no_edit_back(vault: FolderVault) -> None:
    old = vault.read(ANA)
    edit(vault, NOTE, ("Weigh it", "Weigh it twice"))
    vault.turn()
    newer = vault.read(ANA)
    vault.write(COPY, newer)
    vault.write(ANA, old)
    vault.turn()
    assert "Weigh it twice" in vault.read(NOTE)
    assert vault.read(ANA) == newer


def test_a_copy_stays_while_its_original_can_not_be_written(vault: FolderVault) -> None:
    vault.write(COPY, vault.read(ANA) + "\nMine\n")
    write = files.write

    def refusing(root: Path, path: str, *rest: Any) -> Any:
        if path == ANA:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return write(root, path, *rest)

    with patch.object(files, "write", refusing):
        vault.turn()
    assert "Mine" in vault.read(COPY)
    vault.turn()
    assert "Mine" in vault.read(ANA)
    assert COPY not in vault.texts()
