"""The real daemon on a real vault: ticks travel both ways, rows hold still under a thumb, a signal ends it cleanly."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

from system.installed import PATIENCE, Installed, wait_for, write

if TYPE_CHECKING:
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
OWN = "Tasks/@Ines Halloran.md"
TOBIAS = "Tasks/@Tobias Wren.md"

Start = Callable[..., subprocess.Popen[bytes]]


def has(vault: Path, path: str, words: str) -> bool:
    file = vault / path
    return file.is_file() and words in file.read_text()


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = (vault / path).read_text()
    assert text.count(old) == 1, text
    # In place, as Obsidian saves.
    (vault / path).write_text(text.replace(old, new))


def test_a_tick_in_a_row_reaches_the_source_and_the_other_way_round(daemon: Start, vault: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint the north buoy"), "the first cycle")
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    wait_for(
        lambda: has(vault, HARBOUR, "- [ ] Paint the north buoy @Myself 📅 2025-11-20 ⏫ #task #auto ^"), "the source"
    )
    edit(vault, HARBOUR, "- [ ] Paint", "- [/] Paint")
    wait_for(lambda: has(vault, OWN, "- [/] Paint"), "the row")
    wait_for(lambda: has(vault, OWN, "## In progress"), "the row's move, once the note has settled")


def test_an_atomic_save_is_seen_as_well(daemon: Start, vault: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    draft = vault / "Meetings/.draft"
    draft.write_text((vault / HARBOUR).read_text().replace("north buoy", "east buoy"))
    draft.replace(vault / HARBOUR)
    wait_for(lambda: has(vault, OWN, "Paint the east buoy"), "the row")


def test_both_sides_edited_at_once_are_merged(daemon: Start, vault: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    edit(vault, HARBOUR, "📅 2025-11-20", "📅 2025-12-24")
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    wait_for(lambda: has(vault, HARBOUR, "- [ ] Paint the north buoy @Myself 📅 2025-12-24"), "the source")
    wait_for(lambda: has(vault, OWN, "📅 2025-12-24"), "the row")


def test_rows_do_not_move_before_the_note_has_settled(daemon: Start, vault: Path) -> None:
    daemon(settle="3600")
    wait_for(lambda: has(vault, TOBIAS, "winch"), "the first cycle")
    before = (vault / TOBIAS).read_text()
    edit(vault, TOBIAS, "- [?] Call", "- [x] Call")
    wait_for(lambda: has(vault, HARBOUR, "- [x] Call the ferry office"), "the source")
    write(vault, {"Later.md": "- [?] Mend the rope @Tobias Wren #proposed\n- [?] Mend the sail @Ana Ruiz #proposed\n"})
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "sail"), "an index note that nobody has touched")
    after = (vault / TOBIAS).read_text()
    assert [line.split("]")[1][:8] for line in after.split("\n") if line.startswith("- [")] == [
        line.split("]")[1][:8] for line in before.split("\n") if line.startswith("- [")
    ]
    assert "rope" not in after


def test_a_name_that_is_being_typed_waits_until_the_note_has_settled(daemon: Start, vault: Path) -> None:
    daemon(settle="1.5")
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    edit(vault, OWN, "north buoy [[", "north buoy @To [[")
    write(vault, {"Other.md": "- [?] Mend the sail @Ana Ruiz #proposed\n"})
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "sail"), "a cycle in between")
    assert "@Myself" in (vault / HARBOUR).read_text()
    edit(vault, OWN, "@To [[", "@Tobias Wren [[")
    wait_for(lambda: has(vault, HARBOUR, "Paint the north buoy @Tobias Wren"), "the reassignment")
    assert not (vault / "Tasks/@To.md").exists()


def test_a_deleted_index_note_comes_back(daemon: Start, vault: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    (vault / OWN).unlink()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the note made again")


def test_a_folder_made_and_filled_at_once_is_read(daemon: Start, vault: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    write(vault, {"New/deep/down/Note.md": "- [?] Hoist the flag @Ana Ruiz #proposed\n"})
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "flag"), "the row")
    (vault / "New").rename(vault / "Old")
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "[[Old/deep/down/Note#^"), "the link after a folder's move")


def test_settings_are_read_again_when_they_change(daemon: Start, vault: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    write(vault, {".vaultsync/config.yaml": "owner: Ines Halloran\ntimezone: UTC\nindex:\n  link_text: title\n"})
    wait_for(lambda: has(vault, OWN, "|2025-11-07 - Harbour]]"), "the rows drawn anew")


def test_a_bad_config_is_told_and_the_one_before_stays(daemon: Start, vault: Path, tmp_path: Path) -> None:
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    write(vault, {".vaultsync/config.yaml": "ownr: nobody\n"})
    wait_for(lambda: has(tmp_path, "daemon.log", "ownr"), "the complaint")
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    wait_for(lambda: has(vault, HARBOUR, "- [ ] Paint"), "the source")


def test_sigterm_ends_it_with_0_and_frees_the_vault(daemon: Start, vault: Path, vaultsync: Installed) -> None:
    running = daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    assert f"process {running.pid}" in vaultsync("reconcile", vault, expect=5)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=PATIENCE) == 0
    vaultsync("reconcile", vault)


def test_a_killed_daemon_leaves_the_vault_free(daemon: Start, vault: Path, vaultsync: Installed) -> None:
    running = daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    running.kill()
    running.wait(timeout=PATIENCE)
    vaultsync("reconcile", vault)


def test_a_damaged_state_is_set_aside_at_the_start_and_told(
    daemon: Start, vault: Path, vaultsync: Installed, tmp_path: Path
) -> None:
    vaultsync("reconcile", vault)
    (database,) = (tmp_path / "state").rglob("state.db")
    database.write_bytes(b"garbage")
    daemon()
    wait_for(lambda: has(tmp_path, "daemon.log", "state.db.corrupt-1"), "the word of it in the log")
    assert database.with_name("state.db.corrupt-1").read_bytes() == b"garbage"


def test_polling_sees_changes_too(daemon: Start, vault: Path, vaultsync: Installed) -> None:
    vaultsync.environment["VAULTSYNC_WATCH__POLLING"] = "on"
    daemon()
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    wait_for(lambda: has(vault, HARBOUR, "- [ ] Paint"), "the source")
