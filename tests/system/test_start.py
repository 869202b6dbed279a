"""What a command loads before it does anything, and the version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from system.installed import COMMAND
from typer.testing import CliRunner

from vaultsync.cli.line import line_app

if TYPE_CHECKING:
    from system.installed import Installed

needs_a_shell = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")

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


def shell(vaultsync: Installed, script: str, *arguments: str | Path) -> tuple[int, str]:
    """Have a shell run the command, which is "$0" in the script; return its exit code and what it said of errors."""
    command = ["bash", "-c", script, str(COMMAND), *map(str, arguments)]
    ran = subprocess.run(command, env=vaultsync.environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


SAYS_SOMETHING = {
    "words": 'tasks "$1"',
    "JSON": 'reconcile "$1" --json',
    "the version": "--version",
    "help": "tasks --help",
    "an answer": "line parse <<<'{}'",
}


@needs_a_shell
@pytest.mark.parametrize("said", SAYS_SOMETHING.values(), ids=SAYS_SOMETHING)
def test_what_cannot_be_written_is_told_in_words(vaultsync: Installed, vault: Path, said: str) -> None:
    code, told = shell(vaultsync, f'"$0" {said} >/dev/full', vault)
    assert (code, told) == (2, "vaultsync: what is printed can't be written: No space left on device\n")


@needs_a_shell
@pytest.mark.parametrize("said", SAYS_SOMETHING.values(), ids=SAYS_SOMETHING)
def test_a_closed_output_is_refused_before_anything_is_done(vaultsync: Installed, vault: Path, said: str) -> None:
    before = {file: file.read_bytes() for file in vault.rglob("*.md")}
    code, told = shell(vaultsync, f'"$0" {said} >&-', vault)
    assert code == 2
    assert told.startswith("vaultsync: standard output is closed")
    assert {file: file.read_bytes() for file in vault.rglob("*.md")} == before


def unread(vaultsync: Installed, *arguments: str | Path) -> tuple[int, str]:
    """Run a command whose output nobody reads; return its exit code and what it said of errors."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [str(COMMAND), *map(str, arguments)]
    ran = subprocess.run(
        command, input="{}", stdout=writer, stderr=subprocess.PIPE, env=vaultsync.environment, text=True, check=False
    )
    os.close(writer)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("said", [["tasks", "."], ["reconcile", ".", "--json"], ["--help"], ["line", "parse"]])
def test_a_reader_that_goes_away_ends_a_command_quietly(vaultsync: Installed, vault: Path, said: list[str]) -> None:
    assert unread(vaultsync, *(vault if each == "." else each for each in said)) == (141, "")


def test_a_check_whose_reader_goes_away_does_not_end_as_if_it_had_found_changes(
    vaultsync: Installed, vault: Path
) -> None:
    vaultsync("reconcile", vault)
    assert unread(vaultsync, "reconcile", vault, "--check") == (141, "")


@needs_a_shell
@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", "2>&- <&-"])
def test_a_mistake_keeps_its_code_where_nobody_can_hear_of_it(vaultsync: Installed, closed: str) -> None:
    assert shell(vaultsync, f'"$0" tasks /nowhere {closed}') == (2, "")
    assert shell(vaultsync, f'"$0" tasks --nonsense {closed}') == (2, "")


@needs_a_shell
def test_a_command_does_without_the_input_that_it_does_not_read(vaultsync: Installed, vault: Path) -> None:
    assert shell(vaultsync, '"$0" tasks "$1" <&-', vault) == (0, "")
