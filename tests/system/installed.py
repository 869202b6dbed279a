"""The installed command, run as a user would run it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = Path(sys.executable).with_name("vaultsync")
PATIENCE = 20.0  # seconds; no test waits this long unless it is about to fail


@dataclass(frozen=True)
class Installed:
    """The installed command with a home and a state folder of its own."""

    environment: dict[str, str]

    def __call__(self, *arguments: str | Path, expect: int = 0) -> str:
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        return done.stdout or done.stderr

    def json(self, *arguments: str | Path, expect: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", expect=expect))

    def start(self, *arguments: str | Path, log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as sink:
            return subprocess.Popen([COMMAND, *map(str, arguments)], env=self.environment, stdout=sink, stderr=sink)


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"waited {PATIENCE:g} s in vain: {what}"
        time.sleep(0.01)  # the bound of a poll, not a guess at how long something takes
