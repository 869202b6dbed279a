"""`vaultsync service` through the installed command, before a `systemctl` that only keeps book."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from system.in_process import InProcess
from system.installed import COMMAND, PATIENCE, Installed, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="installs a systemd user unit")

# What `enable` and `disable` do to a service is kept in a file, what is asked in another.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$BOOK/asked"
case "$*" in
--version) echo "systemd 252 (252.38)" ;;
"--user show"*) test -z "$NOBODY" ;;
"--user enable --now "*) test -z "$BROKEN" && touch "$BOOK/$4" || { echo "Unit is masked." >&2; exit 1; } ;;
"--user disable --now "*) rm "$BOOK/$4" ;;
"--user is-enabled "*|"--user is-active "*) test -e "$BOOK/$3" ;;
esac
"""


@dataclass(frozen=True)
class Systemd:
    """Where units lie, and what was asked."""

    units: Path
    book: Path

    def asked(self) -> list[str]:
        file = self.book / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line.removeprefix("--user ") for line in lines]

    def names(self) -> list[str]:
        return sorted(file.name for file in self.units.iterdir()) if self.units.exists() else []


@pytest.fixture
def systemd(vaultsync: Installed, tmp_path: Path) -> Systemd:
    (tmp_path / "bin").mkdir()
    (tmp_path / "book").mkdir()
    fake = tmp_path / "bin/systemctl"
    fake.write_text(SYSTEMCTL)
    fake.chmod(0o755)
    vaultsync.environment.update(
        PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", BOOK=str(tmp_path / "book")
    )
    return Systemd(tmp_path / "home/.config/systemd/user", tmp_path / "book")


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    """Give the command without a process of its own; the system's commands have theirs."""
    return InProcess(vaultsync.environment)


def both(vaultsync: Installed, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, arguments)], env=vaultsync.environment, capture_output=True, text=True, check=True
    )


def test_install_status_and_uninstall(vaultsync: Installed, vault: Path, systemd: Systemd, tmp_path: Path) -> None:
    assert vaultsync.json("service", "status", vault)["installed"] is False
    vaultsync("service", "install", vault)
    (name,) = systemd.names()
    made = [each for each in systemd.asked() if each.split()[0] in {"daemon-reload", "enable", "disable"}]
    assert made == ["daemon-reload", f"enable --now {name}"]
    text = (systemd.units / name).read_text()
    assert f'"{vault}"' in text
    assert f'"--state-dir" "{tmp_path / "state"}"' in text
    # The interpreter of the installed command may go by another name than the one that runs the tests.
    assert re.search(rf'":{re.escape(str(COMMAND.parent))}/python[0-9.]*"', text)
    told = vaultsync.json("service", "status", vault)
    assert told == {
        "vault": str(vault),
        "name": name,
        "file": str(systemd.units / name),
        "installed": True,
        "current": True,
        "enabled": True,
        "running": True,
    }
    systemd.asked()
    vaultsync("service", "uninstall", vault)
    assert systemd.names() == []
    assert [each for each in systemd.asked() if not each.startswith(("show", "--version"))] == [
        f"disable --now {name}",
        "daemon-reload",
    ]
    assert vaultsync.json("service", "status", vault)["enabled"] is False


def test_a_service_that_is_at_work_is_started_anew_with_what_changed(
    quick: InProcess, vault: Path, systemd: Systemd
) -> None:
    quick("service", "install", vault)
    (name,) = systemd.names()
    systemd.asked()
    config = vault / "other.yaml"
    config.write_text("owner: Ana Ruiz\n")
    assert quick.json("service", "status", vault, "--config", config)["current"] is False
    quick("service", "install", vault, "--config", config)
    assert systemd.names() == [name]
    assert f'"--config" "{config}"' in (systemd.units / name).read_text()
    made = [each for each in systemd.asked() if each.split()[0] in {"daemon-reload", "enable", "disable"}]
    assert made == [f"disable --now {name}", "daemon-reload", f"enable --now {name}"]


def test_several_vaults_stand_side_by_side(quick: InProcess, vault: Path, systemd: Systemd, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere/vault"
    (other / ".obsidian").mkdir(parents=True)
    quick("service", "install", vault)
    quick("service", "install", other)
    assert len(systemd.names()) == 2
    quick("service", "uninstall", other)
    (left,) = systemd.names()
    assert quick.json("service", "status", vault)["name"] == left
    assert quick.json("service", "status", vault)["installed"]


def test_where_nobody_runs_services_the_file_is_written_and_the_commands_are_told(
    quick: InProcess, vault: Path, systemd: Systemd
) -> None:
    quick.environment["NOBODY"] = "1"
    told = quick("service", "install", vault)
    (name,) = systemd.names()
    assert f"  systemctl --user enable --now {name}" in told
    assert not any(each.startswith("enable") for each in systemd.asked())
    assert quick.json("service", "status", vault)["running"] is None
    assert f"  systemctl --user disable --now {name}" in quick("service", "uninstall", vault)
    assert systemd.names() == []


def test_a_file_that_is_not_ours_is_left_alone(quick: InProcess, vault: Path, systemd: Systemd) -> None:
    quick("service", "install", vault)
    (name,) = systemd.names()
    (systemd.units / name).write_text("[Service]\nExecStart=/bin/true\n")
    systemd.asked()
    for word in ("install", "uninstall"):
        assert "isn't vaultsync's" in quick("service", word, vault, expect=2)
    assert (systemd.units / name).read_text() == "[Service]\nExecStart=/bin/true\n"
    assert not [each for each in systemd.asked() if each.startswith(("enable", "disable"))]


def test_what_is_not_installed_cannot_be_taken_away(quick: InProcess, vault: Path, systemd: Systemd) -> None:
    assert "isn't installed" in quick("service", "uninstall", vault, expect=2)
    assert not any(each.startswith("disable") for each in systemd.asked())


def test_a_command_of_the_system_that_fails_is_told(quick: InProcess, vault: Path, systemd: Systemd) -> None:
    quick.environment["BROKEN"] = "1"
    assert "Unit is masked." in quick("service", "install", vault, expect=2)
    assert systemd.asked()


def test_a_bad_config_is_told_before_anything_is_written(quick: InProcess, vault: Path, systemd: Systemd) -> None:
    (vault / ".vaultsync/config.yaml").write_text("ownr: x\n")
    assert "ownr" in quick("service", "install", vault, expect=2)
    assert systemd.names() == []


def test_a_daemon_in_the_foreground_is_not_fought_over(
    quick: InProcess, vault: Path, systemd: Systemd, daemon: Callable[..., subprocess.Popen[bytes]]
) -> None:
    running = daemon()
    wait_for(lambda: quick.json("status", vault)["daemon"] is not None, "the daemon")
    assert f"process {running.pid}" in quick("service", "install", vault, expect=5)
    assert systemd.names() == []


def test_settings_of_the_shell_that_a_service_will_not_have_are_named(
    quick: InProcess, vault: Path, systemd: Systemd
) -> None:
    assert "VAULTSYNC_TIMING__QUIET" in quick("service", "install", vault)
    assert systemd.names()


def test_a_dry_run_prints_the_file_alone_and_does_nothing(vaultsync: Installed, vault: Path, systemd: Systemd) -> None:
    shown = both(vaultsync, "service", "install", vault, "--dry-run")
    assert systemd.names() == []
    assert f"would write {systemd.units}/vaultsync-vault-" in shown.stderr
    vaultsync("service", "install", vault)
    (name,) = systemd.names()
    assert shown.stdout == (systemd.units / name).read_text()
    assert f"remove {systemd.units / name}" in vaultsync("service", "uninstall", vault, "--dry-run")
    assert systemd.names() == [name]


def test_the_services_of_other_systems_can_be_seen(vaultsync: Installed, vault: Path) -> None:
    agent = both(vaultsync, "service", "install", vault, "--dry-run", "--platform", "macos")
    assert str(vault) in plistlib.loads(agent.stdout.encode())["ProgramArguments"]
    assert "launchctl bootstrap" in agent.stderr
    task = both(vaultsync, "service", "install", vault, "--dry-run", "--platform", "windows")
    ET.fromstring(task.stdout.encode("utf-16"))  # noqa: S314 - our own text
    assert "schtasks /Create" in task.stderr
    assert "--dry-run" in vaultsync("service", "install", vault, "--platform", "macos", expect=2)


def test_the_command_that_a_service_runs_is_the_daemon(
    vaultsync: Installed, vault: Path, systemd: Systemd, tmp_path: Path
) -> None:
    vaultsync.environment["VAULTSYNC_TIMING__STAMP_AFTER"] = "0"
    vaultsync("service", "install", vault)
    (name,) = systemd.names()
    (line,) = (
        line.removeprefix("ExecStart=")
        for line in (systemd.units / name).read_text().splitlines()
        if line.startswith("ExecStart=")
    )
    python, *arguments = shlex.split(line)
    with (tmp_path / "service.log").open("wb") as sink:
        running = subprocess.Popen(
            [python.removeprefix(":"), *arguments], env=vaultsync.environment, cwd="/", stdout=sink, stderr=sink
        )
    try:
        wait_for((vault / "Tasks/@Tobias Wren.md").exists, "the first cycle")
        assert vaultsync.json("status", vault)["daemon"]["pid"] == running.pid
        running.terminate()
        assert running.wait(timeout=PATIENCE) == 0
    finally:
        running.kill()
        running.wait(timeout=PATIENCE)
