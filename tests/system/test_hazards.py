"""What can befall a vault while the daemon runs, or while nothing runs: the watcher's part of the hazards."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

from system.installed import Installed, wait_for, write

if TYPE_CHECKING:
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
DAILY = "Daily/2025-11-08.md"
OWN = "Tasks/@Ines Halloran.md"
TOBIAS = "Tasks/@Tobias Wren.md"

Start = Callable[..., subprocess.Popen[bytes]]


def has(vault: Path, path: str, words: str) -> bool:
    file = vault / path
    return file.is_file() and words in file.read_text()


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = (vault / path).read_bytes().decode()
    assert text.count(old) == 1, text
    (vault / path).write_bytes(text.replace(old, new).encode())


def cycles(folder: Path) -> list[int]:
    """Return of each cycle that wrote something how many notes it wrote, as the daemon's log has it."""
    log = (folder / "daemon.log").read_text()
    return [int(written) for written in re.findall(r"\bcycle\b.*\bwritten=(\d+)", log)]


def started(daemon: Start, vault: Path, **timing: str) -> subprocess.Popen[bytes]:
    running = daemon(**timing)
    wait_for(lambda: has(vault, OWN, "- [?] Paint") and has(vault, "Tasks/Overview.md", "Tobias"), "the first cycle")
    return running


def pass_a_cycle(vault: Path) -> None:
    """Wait until a cycle that began after this call has written."""
    number = sum(1 for _ in vault.glob("Marker *.md"))
    write(vault, {f"Marker {number}.md": f"- [?] Mark {number} @Zoe Last #proposed\n"})
    wait_for(lambda: has(vault, "Tasks/@Zoe Last.md", f"Mark {number}"), "another cycle")


def test_a_note_that_is_absent_for_a_moment_keeps_its_rows(daemon: Start, vault: Path) -> None:
    started(daemon, vault, absent_delay="5")
    before = (vault / OWN).read_bytes()
    content = (vault / HARBOUR).read_bytes()
    (vault / HARBOUR).unlink()
    pass_a_cycle(vault)
    assert b"- [?] Paint the north buoy" in (vault / OWN).read_bytes()
    (vault / HARBOUR).write_bytes(content)
    pass_a_cycle(vault)
    assert (vault / OWN).read_bytes() == before


def test_a_folder_moved_out_of_the_vault_takes_its_rows_along_after_the_delay(
    daemon: Start, vault: Path, tmp_path: Path
) -> None:
    started(daemon, vault, absent_delay="1.5")
    edit(vault, TOBIAS, "- [?] Call the ferry office", "- [?] Call the ferry office twice")
    (vault / "Meetings").rename(tmp_path / "Meetings")
    wait_for(lambda: not has(vault, OWN, "- [?] Paint"), "the row that nobody touched goes")
    wait_for(lambda: has(vault, TOBIAS, "## Conflicts"), "the edited row stays among the conflicts")
    assert has(vault, TOBIAS, "Call the ferry office twice")
    # What happens there now is told under the old path by the system, and is no longer the vault's.
    write(tmp_path, {"Meetings/2025-11-07 - Harbour.md": "- [?] A ghost @Myself #proposed\n"})
    pass_a_cycle(vault)
    assert not has(vault, OWN, "ghost")
    assert not (vault / "Meetings").exists()


def test_what_changed_while_nothing_ran_is_seen_at_the_start(daemon: Start, vault: Path, vaultsync: Installed) -> None:
    vaultsync("reconcile", vault)
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    edit(vault, DAILY, "Oil the winch", "Oil the big winch")
    (vault / HARBOUR).rename(vault / "Meetings/Harbour talk.md")
    daemon()
    wait_for(lambda: has(vault, "Meetings/Harbour talk.md", "- [ ] Paint the north buoy"), "the row's edit")
    wait_for(lambda: has(vault, TOBIAS, "Oil the big winch"), "the source's edit")
    wait_for(lambda: has(vault, OWN, "[[Meetings/Harbour talk#^"), "the link to the renamed note")


def test_our_own_writes_come_back_as_an_empty_plan(daemon: Start, vault: Path) -> None:
    started(daemon, vault, settle="0")
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    wait_for(lambda: has(vault, OWN, "## Open"), "the cycle")
    pass_a_cycle(vault)
    stamps = {file: file.stat().st_mtime_ns for file in vault.rglob("*.md")}
    pass_a_cycle(vault)
    changed = {file.name for file, stamp in stamps.items() if file.stat().st_mtime_ns != stamp}
    assert changed <= {"Marker 1.md", "@Zoe Last.md", "Overview.md"}


def test_hundreds_of_notes_that_change_at_once_are_few_cycles(daemon: Start, vault: Path, tmp_path: Path) -> None:
    notes = 140  # all of them are shown
    started(daemon, vault)
    before = len(cycles(tmp_path))
    checkout = {f"Old/{number}.md": f"- [?] Read chapter {number} @Ana Ruiz #proposed\n" for number in range(notes)}
    write(vault, checkout)
    wait_for(lambda: has(vault, "Tasks/Overview.md", f"| {notes} |"), "all rows")
    pass_a_cycle(vault)
    assert len(cycles(tmp_path)) - before <= 20
    assert sum((vault / path).read_bytes().count(b"^t-") for path in checkout) == notes


def test_a_signal_in_the_middle_of_a_cycle_leaves_whole_files_and_the_next_start_goes_on(
    daemon: Start, vault: Path, vaultsync: Installed
) -> None:
    write(vault, {f"Old/{number}.md": f"- [?] Read chapter {number} @Ana Ruiz #proposed\n" for number in range(400)})
    running = daemon()
    wait_for(lambda: has(vault, "Old/0.md", "^t-") or has(vault, "Old/9.md", "^t-"), "the first writes")
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=5) == 0
    assert not [file for file in vault.rglob(".vaultsync-*") if file.is_file()]
    texts = [(vault / f"Old/{number}.md").read_text() for number in range(400)]
    assert all(text.startswith("- [?] Read chapter") and text.endswith("\n") for text in texts)
    vaultsync("reconcile", vault)
    assert has(vault, "Tasks/Overview.md", "| 400 |")
