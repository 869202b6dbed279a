"""The installed command on a vault of its own: `vault` makes one, `vaultsync` runs the command, `daemon` starts it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from system.installed import PATIENCE, Installed, write

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def vaultsync(tmp_path: Path) -> Installed:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VAULTSYNC_", "XDG_"))}
    home = tmp_path / "home"
    home.mkdir()
    own = {
        "HOME": str(home),
        "VAULTSYNC_STATE_DIR": str(tmp_path / "state"),
        "VAULTSYNC_TIMING__QUIET": "0",
        "VAULTSYNC_TIMING__ABSENT_DELAY": "0",
    }
    return Installed({**kept, **own})


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    root = tmp_path / "vault"
    write(
        root,
        {
            ".obsidian/app.json": "{}",
            ".vaultsync/config.yaml": "owner: Ines Halloran\ntimezone: UTC\n",
            "Meetings/2025-11-07 - Harbour.md": (
                "---\ndate: 2025-11-07\n---\n\n# Harbour\n\n"
                "- [?] Paint the north buoy @Myself 📅 2025-11-20 ⏫ #task #proposed #auto\n"
                "- [?] Call the ferry office @Tobias Wren 📅 2025-11-18 #task #proposed #auto\n"
            ),
            "Daily/2025-11-08.md": (
                "Quiet day.\r\n\r\n- [ ] Oil the winch @Tobias Wren #task\r\n- [x] Sweep the pier ✅ 2025-11-08\r\n"
            ),
        },
    )
    return root


@pytest.fixture
def daemon(vaultsync: Installed, vault: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(**timing: str) -> subprocess.Popen[bytes]:
        quick = {"quiet": "0.3", "stamp_after": "0", "settle": "0.6", "debounce": "0.02", **timing}
        variables = {f"VAULTSYNC_TIMING__{name.upper()}": value for name, value in quick.items()}
        running = Installed({**vaultsync.environment, **variables}).start("run", vault, log=tmp_path / "daemon.log")
        started.append(running)
        return running

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=PATIENCE)
