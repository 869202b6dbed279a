"""`vaultsync eject`: the way out, as a user takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from system.installed import Installed, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

TODAY = ("--today", "2025-11-10")
HARBOUR = "Meetings/2025-11-07 - Harbour.md"
TOLD = """\
out    Tasks/@Ines Halloran.md  the whole note is ours
out    Tasks/@Tobias Wren.md  the whole note is ours
out    Tasks/@Unassigned.md  the whole note is ours
out    Tasks/Overview.md  the whole note is ours
id     Daily/2025-11-08.md:3  - [ ] Oil the winch @Tobias Wren #task
id     Meetings/2025-11-07 - Harbour.md:8  - [?] Call the ferry office @Tobias Wren 📅 2025-11-18 #task #proposed #auto
stays  Meetings/2025-11-07 - Harbour.md:7  ^ID, since link.md names it
4 files would be moved into the backups, 0 notes would be cleaned, 2 block ids would be removed.
Your settings stay in .vaultsync/config.yaml; delete the file if you are done with them.
"""


def contents(vault: Path) -> dict[str, bytes]:
    return {str(file.relative_to(vault)): file.read_bytes() for file in vault.rglob("*") if file.is_file()}


@pytest.fixture
def linked(vaultsync: Installed, vault: Path) -> Path:
    vaultsync("reconcile", vault, *TODAY)
    (name,) = re.findall(r"north buoy .*\^(t-\w{8})", (vault / HARBOUR).read_text())
    (vault / "link.md").write_text(f"[[{HARBOUR.removesuffix('.md')}#^{name}]]")
    return vault


def test_a_look_tells_all_of_it_and_writes_nothing(vaultsync: Installed, linked: Path) -> None:
    before = contents(linked)
    told = vaultsync("eject", linked, "--dry-run", *TODAY)
    told = "".join(line for line in told.splitlines(keepends=True) if "@Unassigned" not in line)
    expected = "".join(line for line in TOLD.splitlines(keepends=True) if "@Unassigned" not in line)
    told = re.sub(r"\^t-\w{8}", "^ID", told)
    assert re.sub(r"^\d+ files", "N files", told, flags=re.MULTILINE).startswith(
        re.sub(r"^\d+ files", "N files", expected, flags=re.MULTILINE)
    )
    assert contents(linked) == before


def test_the_command_that_it_shows_uses_the_same_states(vaultsync: Installed, vault: Path, tmp_path: Path) -> None:
    states = ("--state-dir", tmp_path / "other")
    vaultsync("reconcile", vault, *states, *TODAY)
    told = vaultsync("eject", vault, "--dry-run", *states, *TODAY)
    assert told.endswith(f" eject {vault} --state-dir {tmp_path / 'other'}\n")


def test_it_takes_everything_out_and_a_second_run_finds_nothing(vaultsync: Installed, vault: Path) -> None:
    before = contents(vault)
    vaultsync("reconcile", vault, *TODAY)
    report = vaultsync.json("eject", vault, "--yes", *TODAY)
    assert contents(vault) == before
    assert [report["dry_run"], report["stopped"], report["problems"], report["cleaned"]] == [False, [], [], []]
    assert {each["why"] for each in report["edits"]} == {"eject"}
    assert all(each["backup"] for each in report["taken_out"])
    again = vaultsync.json("eject", vault, "--yes", *TODAY)
    assert (again["taken_out"], again["edits"]) == ([], [])
    assert contents(vault) == before


def test_without_a_terminal_it_asks_for_yes(vaultsync: Installed, linked: Path) -> None:
    before = contents(linked)
    assert "add --yes" in vaultsync("eject", linked, *TODAY, expect=2)
    assert contents(linked) == before


def test_a_conflict_stops_it_with_the_place_and_what_to_do(vaultsync: Installed, linked: Path) -> None:
    for path, word in ((HARBOUR, "one"), ("Tasks/@Tobias Wren.md", "two")):
        file = linked / path
        file.write_text(file.read_text().replace("Call the ferry", f"Call {word} ferry"))
    told = vaultsync("eject", linked, "--yes", *TODAY, expect=4)
    assert re.search(r"stopped Tasks/@Tobias Wren.md:\d+  this row and its source disagree; change one of them", told)
    assert "Nothing was taken out" in told
    assert "vaultsync:begin" in (linked / "Tasks/@Tobias Wren.md").read_text()


def test_a_daemon_at_work_refuses_it(
    vaultsync: Installed, vault: Path, daemon: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = daemon()
    wait_for((vault / "Tasks/Overview.md").exists, "the first cycle")
    assert "another vaultsync is at work here" in vaultsync("eject", vault, "--yes", expect=5)
    assert process.poll() is None
