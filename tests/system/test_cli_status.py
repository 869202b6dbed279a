"""`vaultsync status`: how a vault is doing, told beside a real daemon, a killed one, and none."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from system.in_process import InProcess
from system.installed import PATIENCE, Installed, wait_for, write

if TYPE_CHECKING:
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
OWN = "Tasks/@Ines Halloran.md"
TOBIAS = "Tasks/@Tobias Wren.md"

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    """Give the commands without processes of their own; what is told beside a daemon is told by the installed one."""
    return InProcess(vaultsync.environment)


def state_files(tmp_path: Path) -> dict[str, bytes]:
    """All that stands in the state folder, but for the index that SQLite's readers share (`-shm`)."""
    state = tmp_path / "state"
    return {str(file): file.read_bytes() for file in state.rglob("*") if file.is_file() and file.suffix != ".db-shm"}


def wait_for_a_turn(tmp_path: Path) -> None:
    def has_written() -> bool:
        told = "".join(file.read_text() for file in tmp_path.glob("state/*/turns.json"))
        return '"command": "run"' in told and '"wrote": {' in told

    wait_for(has_written, "a turn of the daemon that writes")


def test_a_vault_that_was_never_opened_is_told_as_such_and_nothing_is_made(
    vaultsync: Installed, vault: Path, tmp_path: Path
) -> None:
    assert "Never opened" in vaultsync("status", vault)
    told = vaultsync.json("status", vault)
    assert (told["opened"], told["daemon"], told["last_cycle"], told["state"]["version"]) == (False, None, None, None)
    assert not (tmp_path / "state").exists()


def test_a_cycle_of_a_command_is_told_without_a_daemon(quick: InProcess, vault: Path) -> None:
    cycle = quick.json("reconcile", vault)
    told = quick.json("status", vault)
    assert told["daemon"] is None
    assert (told["notes"], told["tasks"], told["people"]) == (cycle["notes"], cycle["tasks"], cycle["people"])
    assert told["last_cycle"] == told["last_write"]
    assert (told["last_cycle"]["command"], told["last_cycle"]["edits"]) == ("reconcile", len(cycle["edits"]))
    assert told["last_hour"] == told["last_day"] == {"runs": 1, "edits": len(cycle["edits"])}
    assert told["state"]["bytes"] > 0
    assert told["config"] == [str(vault / ".vaultsync/config.yaml")]
    assert "none at work" in quick("status", vault)


def test_a_dry_run_is_not_recorded(quick: InProcess, vault: Path) -> None:
    quick("reconcile", vault, "--dry-run")
    assert quick.json("status", vault)["last_cycle"] is None


def test_a_daemon_is_told_with_its_process_and_how_it_watches(
    vaultsync: Installed, vault: Path, daemon: Start, tmp_path: Path
) -> None:
    running = daemon()
    wait_for_a_turn(tmp_path)
    told = vaultsync.json("status", vault)
    assert (told["daemon"]["running"], told["daemon"]["pid"]) == (True, running.pid)
    assert (told["daemon"]["watching"], told["daemon"]["because"], told["at_work"]) == ("notifications", None, None)
    assert told["daemon"]["uptime"] >= 0
    assert f"process {running.pid}" in vaultsync("status", vault)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=PATIENCE) == 0
    assert vaultsync.json("status", vault)["daemon"] is None


def test_a_polling_daemon_says_why_it_polls(vaultsync: Installed, vault: Path, daemon: Start, tmp_path: Path) -> None:
    vaultsync.environment["VAULTSYNC_WATCH__POLLING"] = "on"
    daemon()
    wait_for_a_turn(tmp_path)
    told = vaultsync.json("status", vault)["daemon"]
    assert told["watching"] == "polling"
    assert "watch.polling" in told["because"]


def test_a_killed_daemon_is_known_as_dead(vaultsync: Installed, vault: Path, daemon: Start, tmp_path: Path) -> None:
    running = daemon()
    wait_for_a_turn(tmp_path)
    running.kill()
    running.wait(timeout=PATIENCE)
    told = vaultsync.json("status", vault)
    assert (told["daemon"]["running"], told["daemon"]["pid"], told["daemon"]["uptime"]) == (False, running.pid, None)
    assert told["at_work"] is None
    assert "killed or crashed" in vaultsync("status", vault)


def test_looking_changes_nothing_of_the_state(quick: InProcess, vault: Path, tmp_path: Path) -> None:
    quick("reconcile", vault)
    before = state_files(tmp_path)
    quick("status", vault)
    quick("status", vault, "--json")
    after = state_files(tmp_path)
    assert {name: after[name] for name in before} == before


def test_two_vaults_are_told_apart(vaultsync: Installed, vault: Path, daemon: Start, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, {".obsidian/app.json": "{}", "Note.md": "- [?] Hoist the flag @Ana Ruiz #proposed\n"})
    daemon()
    wait_for_a_turn(tmp_path)
    vaultsync("reconcile", other)
    told = vaultsync.json("status", other)
    assert (told["daemon"], told["tasks"]) == (None, 1)
    assert vaultsync.json("status", vault)["daemon"]["running"]


def test_problems_are_told_with_file_and_line_and_exit_code_4(quick: InProcess, vault: Path) -> None:
    (vault / "Old.md").write_bytes(b"fine\n\xff\xfe\n")
    quick("reconcile", vault, expect=4)
    told = quick.json("status", vault, expect=4)
    assert told["problems"] == 1
    (problem,) = told["first_problems"]
    assert (problem["path"], problem["line"]) == ("Old.md", 2)
    assert "problem    Old.md:2  " in quick("status", vault, expect=4)
    (vault / "Old.md").unlink()
    quick("reconcile", vault)
    assert quick.json("status", vault)["problems"] == 0


def test_conflicts_are_told_and_exit_with_4(quick: InProcess, vault: Path) -> None:
    quick("reconcile", vault)
    for path, day in ((HARBOUR, "2025-12-01"), (TOBIAS, "2025-12-02")):
        text = (vault / path).read_text()
        (vault / path).write_text(text.replace("2025-11-18", day))
    quick("reconcile", vault, expect=4)
    told = quick.json("status", vault, expect=4)
    assert told["conflicts"] == 1
    assert (told["first_conflicts"][0]["path"], told["first_conflicts"][0]["field"]) == (HARBOUR, "due")
    assert f"conflict   {HARBOUR}:8  due" in quick("status", vault, expect=4)


def test_a_halted_cycle_is_told_with_its_reason(quick: InProcess, vault: Path) -> None:
    write(vault, {f"Many/{n}.md": f"- [?] Check lamp {n} @Ana Ruiz #proposed\n" for n in range(30)})
    quick("reconcile", vault)
    for n in range(30):
        (vault / f"Many/{n}.md").unlink()
    quick("reconcile", vault, expect=3)
    told = quick.json("status", vault, expect=4)
    assert told["last_cycle"]["failed"]
    assert told["tasks"] > 30, "what was known before"
    assert "failed     " in quick("status", vault, expect=4)


def test_control_characters_of_a_note_do_not_reach_the_terminal(vaultsync: Installed, vault: Path) -> None:
    (vault / "Odd\x1b[2Jname.md").write_bytes(b"\xff\n")
    vaultsync("reconcile", vault, expect=4)
    assert "\x1b" not in vaultsync("status", vault, expect=4)
    assert "\x1b" not in vaultsync("status", vault, "--json", expect=4)


def test_a_command_at_work_is_told(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault)
    note = vault / HARBOUR
    note.write_text(note.read_text() + "\n")
    slow = Installed({**vaultsync.environment, "VAULTSYNC_TIMING__QUIET": "600", "VAULTSYNC_TIMING__QUIET_MAX": "600"})
    with slow.start("reconcile", vault, log=vault.parent / "reconcile.log") as waiting:
        try:
            wait_for(lambda: vaultsync.json("status", vault)["at_work"] == waiting.pid, "the command's lock")
            assert f"at work    process {waiting.pid}" in vaultsync("status", vault)
        finally:
            waiting.kill()
    assert vaultsync.json("status", vault)["at_work"] is None
