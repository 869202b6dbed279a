"""The real daemon through what befalls it: signals at every moment, settings that change, a vault that goes away."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from system.installed import PATIENCE, Installed, wait_for, write

if TYPE_CHECKING:
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
OWN = "Tasks/@Ines Halloran.md"
CONFIG = ".vaultsync/config.yaml"
OWNER = "owner: Ines Halloran\ntimezone: UTC\n"
IN_TIME = 5.0  # seconds within which a signal has to end it

Start = Callable[..., subprocess.Popen[bytes]]


def has(vault: Path, path: str, words: str) -> bool:
    file = vault / path
    return file.is_file() and words in file.read_text()


def logged(folder: Path) -> str:
    return (folder / "daemon.log").read_text()


def settled(daemon: Start, vault: Path, **timing: str) -> subprocess.Popen[bytes]:
    running = daemon(**timing)
    wait_for(lambda: has(vault, OWN, "- [?] Paint") and has(vault, "Tasks/Overview.md", "Tobias"), "the first cycle")
    return running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_waits_ends_it_with_0(
    daemon: Start, vault: Path, tmp_path: Path, number: signal.Signals
) -> None:
    running = settled(daemon, vault)
    running.send_signal(number)
    assert running.wait(timeout=IN_TIME) == 0
    assert "stopped" in logged(tmp_path)


@pytest.mark.parametrize(
    "moment", [0.6, *(pytest.param(each, marks=pytest.mark.long) for each in (0.0, 0.3, 0.9, 1.2, 1.5, 2.0, 2.5, 3.0))]
)
def test_a_signal_during_a_first_cycle_over_thousands_of_notes_ends_it_in_time(
    daemon: Start, vault: Path, vaultsync: Installed, moment: float
) -> None:
    tasks = "".join(f"- [ ] Read page {number} @Ana Ruiz\n" for number in range(4))
    write(vault, {f"Old/{number}.md": f"# {number}\n\n{tasks}" for number in range(1500)})
    running = daemon()
    state = vault.parent / "state"
    wait_for(lambda: any(state.glob("*/daemon.json")), "the start")
    time.sleep(moment)  # any moment of the cycle will do: what is asserted holds at each
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=IN_TIME) == 0
    assert not list(vault.rglob(".vaultsync-*.tmp"))
    assert all((vault / f"Old/{number}.md").read_text().startswith("# ") for number in range(1500))
    assert vaultsync("log", vault)


def test_sighup_reads_the_settings_and_refuses_bad_ones(daemon: Start, vault: Path, tmp_path: Path) -> None:
    machine = tmp_path / "home/.config/vaultsync/config.yaml"
    running = settled(daemon, vault)
    write(machine.parent, {"config.yaml": "timing:\n  setle: 1\n"})
    running.send_signal(signal.SIGHUP)
    wait_for(lambda: "setle" in logged(tmp_path), "the complaint")
    assert str(machine) in logged(tmp_path)
    write(vault, {"Other.md": "- [?] Mend the sail @Ana Ruiz #proposed\n"})
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "sail"), "a cycle with the old settings")
    write(machine.parent, {"config.yaml": "log:\n  format: json\nwatch:\n  polling: true\n"})
    running.send_signal(signal.SIGHUP)
    wait_for(lambda: "`watch.polling` is on" in logged(tmp_path), "the new settings")
    assert logged(tmp_path).count("setle") == 1
    assert json.loads(logged(tmp_path).strip().split("\n")[-1])["because"] == "`watch.polling` is on"


def test_a_click_in_obsidian_is_no_change_of_settings(daemon: Start, vault: Path, tmp_path: Path) -> None:
    settled(daemon, vault)
    write(vault, {".obsidian/workspace.json": "{}", ".obsidian/app.json": '{"useMarkdownLinks": true}'})
    wait_for(lambda: has(vault, OWN, "](/Meetings/") or "settings changed" in logged(tmp_path), "the other links")
    assert logged(tmp_path).count("settings changed") == 1


def test_json_lines_say_what_a_cycle_did_and_nothing_of_one_that_did_nothing(
    vaultsync: Installed, vault: Path, tmp_path: Path
) -> None:
    quick = {"VAULTSYNC_TIMING__QUIET": "0.2", "VAULTSYNC_TIMING__STAMP_AFTER": "0", "VAULTSYNC_TIMING__SETTLE": "0"}
    log = tmp_path / "daemon.log"
    write(vault, {"\x1b[31mred.md": "\n", "Bad.md": "- [ ] x\n"})
    (vault / "Bad \x1b[2J.md").write_bytes(b"\xff")
    running = Installed({**vaultsync.environment, **quick}).start("run", vault, "--log-format", "json", log=log)
    try:
        wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the first cycle")
        wait_for(lambda: '"problem"' in log.read_text(), "the problem")
        write(vault, {"Empty.md": "No task.\n"})
        write(vault, {"Other.md": "- [?] Mend the sail @Ana Ruiz #proposed\n"})
        wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "sail"), "the row")
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=IN_TIME) == 0
    finally:
        running.kill()
        running.wait(timeout=PATIENCE)
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().strip().split("\n")]
    cycles = [line for line in lines if line["event"] == "cycle"]
    assert all(cycle["written"] > 0 and cycle["seconds"] >= 0 for cycle in cycles)
    assert {"edits", "written", "conflicts", "problems", "seconds", "level", "timestamp"} <= cycles[0].keys()
    assert [line["path"] for line in lines if line["event"] == "problem"] == ["Bad [2J.md"]
    assert "Paint" not in log.read_text()
    assert "\x1b" not in log.read_text()


def test_a_vault_that_goes_and_comes_back_is_watched_again(daemon: Start, vault: Path, tmp_path: Path) -> None:
    settled(daemon, vault, full_every="60")
    away = tmp_path / "away"
    vault.rename(away)
    vault.mkdir()
    write(vault, {"Tasks/@Stranger.md": "Not ours.\n"})
    wait_for(lambda: "halted" in logged(tmp_path), "the halt")
    assert [file.name for file in vault.rglob("*.md")] == ["@Stranger.md"]
    (vault / "Tasks/@Stranger.md").unlink()
    (vault / "Tasks").rmdir()
    vault.rmdir()
    write(away, {"Unseen.md": "- [?] Mend the sail @Ana Ruiz #proposed\n"})
    away.rename(vault)
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "sail"), "what changed while it was away")
    write(vault, {"Seen.md": "- [?] Mend the mast @Ana Ruiz #proposed\n"})
    wait_for(lambda: has(vault, "Tasks/@Ana Ruiz.md", "mast"), "an event of the new watch")
    assert logged(tmp_path).count("halted") == 1 + logged(tmp_path).count("all right again")


def test_a_read_only_note_is_told_once_and_written_when_it_can_be(daemon: Start, vault: Path, tmp_path: Path) -> None:
    (vault / HARBOUR).chmod(0o444)
    daemon()
    wait_for(lambda: "can't write" in logged(tmp_path), "the complaint")
    wait_for(lambda: has(vault, "Tasks/@Tobias Wren.md", "winch"), "the others")
    (vault / HARBOUR).chmod(0o644)
    wait_for(lambda: has(vault, OWN, "- [?] Paint"), "the note at last")
    wait_for(lambda: "can write again" in logged(tmp_path), "the word that it is over")
    assert logged(tmp_path).count("can't write;") == 1
