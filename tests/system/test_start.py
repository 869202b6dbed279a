"""What a command loads before it does anything, and the version."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from vaultsync.cli.line import line_app

if TYPE_CHECKING:
    from system.installed import Installed

SLOW = {"typer", "rich", "pydantic", "pendulum", "mistune", "rapidfuzz", "dateutil", "sqlite3", "watchdog", "yaml"}
LOADED = (
    "import sys; sys.argv = sys.argv[1:]\n"
    "from vaultsync.cli.start import main\n"
    "try: main()\n"
    "except SystemExit: pass\n"
    f"print(*({SLOW!r} & sys.modules.keys()), file=sys.stderr)"
)


def loaded(vaultsync: Installed, *arguments: str | Path) -> set[str]:
    """Run a command and return which of the slow packages it has loaded."""
    command = [sys.executable, "-c", LOADED, "vaultsync", *map(str, arguments)]
    ran = subprocess.run(command, input="", env=vaultsync.environment, capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


def test_the_version_is_told(vaultsync: Installed) -> None:
    assert vaultsync("--version") == f"vaultsync {version('vaultsync')}\n"


@pytest.mark.parametrize("name", ["parse", "set"])
def test_a_filter_of_lines_loads_no_slow_package(vaultsync: Installed, name: str) -> None:
    assert loaded(vaultsync, "line", name) == set()


def test_help_loads_what_reads_the_command_line_and_no_more(vaultsync: Installed) -> None:
    assert loaded(vaultsync, "--help") == {"typer"}


def test_a_vault_at_rest_loads_nothing_that_parses_or_plans(vaultsync: Installed, vault: Path) -> None:
    for _ in range(2):
        vaultsync("reconcile", vault)
    assert not loaded(vaultsync, "reconcile", vault, "--json") & {
        "rich",
        "pendulum",
        "mistune",
        "rapidfuzz",
        "dateutil",
    }
    (vault / "New.md").write_text("- [ ] Plan @Tobias Wren\n", encoding="utf-8")
    assert "mistune" in loaded(vaultsync, "reconcile", vault, "--json")


@pytest.mark.parametrize("name", ["parse", "set", "next"])
def test_a_filter_answers_alike_with_and_without_the_library_of_commands(vaultsync: Installed, name: str) -> None:
    records = '{"line": "- [ ] Oil it 🔁 every day 📅 2026-11-22", "rule": "every day", "due": "2026-11-22"}\nnone\n'
    ran = subprocess.run(
        [Path(sys.executable).with_name("vaultsync"), "line", name],
        input=records,
        env=vaultsync.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == CliRunner().invoke(line_app, [name], input=records).stdout
    assert "error" in json.loads(ran.stdout.splitlines()[1])


def test_a_filter_whose_reader_goes_away_ends_without_a_traceback(vaultsync: Installed) -> None:
    filtering = subprocess.Popen(
        [Path(sys.executable).with_name("vaultsync"), "line", "parse"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=vaultsync.environment,
    )
    assert filtering.stdout is not None
    filtering.stdout.close()
    _, said = filtering.communicate(b'{"line": "- [ ] Call"}\n')
    assert (filtering.returncode, said) == (1, b"")
