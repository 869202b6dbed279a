"""`vaultsync doctor`: it finds, it mends what is safe, and undo takes that back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from system.in_process import InProcess
from system.installed import Installed, wait_for, write

from vaultsync.storage.journal import RunStart
from vaultsync.storage.state import State
from vaultsync.storage.vault import digest_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

TODAY = ("--today", "2025-11-10")
NOTE = "Old/Export.md"
LINES = (
    "# Export\r\n\r\n- [?] Draft an outline @Myself üìÖ 2025-11-08 ‚è´ #task #proposed  \r\n"
    "  - [ ] Ask 📅 2025-11-09 @Tobias Wren\r\n> - [ ] Ask @Tobias 📅 2025-11-09 Wren\r\nüìÖ 2025-11-08 is prose\r\n"
)
MENDED = LINES.replace("üìÖ 2025-11-08 ‚è´ #", "📅 2025-11-08 ⏫ #").replace(
    "Ask 📅 2025-11-09 @Tobias Wren", "Ask @Tobias Wren 📅 2025-11-09"
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


@pytest.fixture
def export(vault: Path) -> Path:
    """A vault with lines that can be mended, and one that can't."""
    for file in vault.rglob("*.md"):
        file.unlink()
    write(vault, {NOTE: LINES, "People/Tobias Wren.md": "", "People/Tobias.md": ""})
    return vault


def text(vault: Path, path: str = NOTE) -> str:
    return (vault / path).read_bytes().decode()


def told(report: Any) -> list[tuple[str, str | None, int | None, bool]]:
    return [(each["kind"], each["path"], each["line"], each["fixable"]) for each in report["findings"]]


def test_without_fix_nothing_is_written_anywhere(quick: InProcess, export: Path, tmp_path: Path) -> None:
    report = quick.json("doctor", export, *TODAY, expect=4)
    assert told(report) == [
        ("hidden field", NOTE, 4, True),
        ("hidden field", NOTE, 5, False),
        ("mojibake", NOTE, 3, True),
    ]
    assert report["edits"] == []
    assert text(export) == LINES
    assert not (tmp_path / "state").exists()


def test_a_vault_in_order_ends_with_0(vaultsync: Installed, vault: Path) -> None:
    write(vault, {"Meetings/2025-11-07 - Harbour.md": "- [?] Paint the buoy @Tobias Wren #task 📅 2025-11-20\n"})
    assert "all is well" in vaultsync("doctor", vault)


def test_each_finding_says_where_what_why_and_how_to_mend_it(vaultsync: Installed, export: Path) -> None:
    output = vaultsync("doctor", export, expect=4)
    assert f"{NOTE}:3  üìÖ 2025-11-08, ‚è´ in: Draft an outline" in output
    assert "mojibake (1): the sign was mangled on its way through another program" in output
    assert "to mend: --fix does it" in output
    assert "3 notes, 3 tasks: 3 findings." in output
    assert "2 can be mended now" in output


def test_fix_mends_the_lines_that_can_be_and_no_other_byte(quick: InProcess, export: Path) -> None:
    report = quick.json("doctor", export, "--fix", *TODAY, expect=4)
    assert text(export) == MENDED
    assert told(report) == [("hidden field", NOTE, 5, False)]
    assert [(each["line"], each["why"]) for each in report["edits"]] == [(3, "doctor"), (4, "doctor")]
    assert report["state"]["runs"] == 1


def test_fix_twice_mends_once(quick: InProcess, export: Path) -> None:
    quick("doctor", export, "--fix", *TODAY, expect=4)
    again = quick.json("doctor", export, "--fix", *TODAY, expect=4)
    assert again["edits"] == []
    assert not any(each["fixable"] for each in again["findings"])
    assert text(export) == MENDED


def test_a_dry_run_shows_the_lines_and_writes_nothing(quick: InProcess, export: Path, tmp_path: Path) -> None:
    output = quick("doctor", export, "--fix", "--dry-run", *TODAY, expect=4)
    assert "- - [?] Draft an outline @Myself üìÖ 2025-11-08 ‚è´ #task #proposed" in output
    assert "+ - [?] Draft an outline @Myself 📅 2025-11-08 ⏫ #task #proposed" in output
    assert "2 lines would be mended." in output
    assert text(export) == LINES
    assert not (tmp_path / "state").exists()


def test_a_dry_run_of_nothing_is_a_mistake(quick: InProcess, export: Path) -> None:
    assert "--dry-run is for --fix" in quick("doctor", export, "--dry-run", expect=2)


def test_what_was_mended_is_in_the_log_and_can_be_undone(quick: InProcess, export: Path) -> None:
    quick("reconcile", export, *TODAY)
    stamped = text(export)
    quick("doctor", export, "--fix", *TODAY, expect=4)
    run = quick.json("log", export)["runs"][0]
    assert (run["command"], run["ended"]) == ("doctor", True)
    assert [edit["landed"] for edit in run["edits"]] == [True, True]
    assert text(export) != stamped
    quick("undo", "--vault", export, *TODAY)
    assert text(export) == stamped


def test_mending_changes_no_row_and_leaves_the_next_cycle_nothing_to_do(quick: InProcess, export: Path) -> None:
    quick("reconcile", export, *TODAY)
    rows = text(export, "Tasks/@Ines Halloran.md"), text(export, "Tasks/@Tobias Wren.md")
    quick("doctor", export, "--fix", *TODAY, expect=4)
    after = text(export)
    assert not quick.json("reconcile", export, *TODAY)["edits"]
    assert text(export) == after
    assert (text(export, "Tasks/@Ines Halloran.md"), text(export, "Tasks/@Tobias Wren.md")) == rows


def test_an_id_that_somebody_typed_behind_is_moved_to_the_end(quick: InProcess, export: Path) -> None:
    quick("reconcile", export, *TODAY)
    line = next(line for line in text(export).splitlines() if "Draft" in line)
    write(export, {NOTE: text(export).replace(line, f"{line.rstrip()} soon")})
    assert ("id within a line", NOTE, 3, True) in told(quick.json("doctor", export, *TODAY, expect=4))
    quick("doctor", export, "--fix", *TODAY, expect=4)
    words, block_id = next(line for line in text(export).splitlines() if "Draft" in line).split(" ^")
    assert line.rstrip().endswith(f"^{block_id}")
    assert " ".join(words.split()) == "- [?] Draft an outline @Myself #task #proposed soon 📅 2025-11-08 ⏫"


def test_a_note_that_is_being_written_is_left_alone_and_told(vaultsync: Installed, export: Path) -> None:
    slow = Installed({**vaultsync.environment, "VAULTSYNC_TIMING__QUIET": "60", "VAULTSYNC_TIMING__QUIET_MAX": "0"})
    report = slow.json("doctor", export, "--fix", expect=4)
    assert [(each["path"], each["what"]) for each in report["problems"]] == [(NOTE, "it is being written; run again")]
    assert text(export) == LINES


def test_a_line_that_would_be_no_task_any_more_is_left_as_it_is(quick: InProcess, export: Path) -> None:
    # Obsidian reads a number straight behind the box as a list within, and the line as no task.
    write(export, {NOTE: "- [ ] 📅 2025-11-09 1. Ask\n- [ ] 📅 2025-11-09 Ask\n"})
    report = quick.json("doctor", export, "--fix", *TODAY, expect=4)
    assert text(export) == "- [ ] 📅 2025-11-09 1. Ask\n- [ ] Ask 📅 2025-11-09\n"
    assert [each["line"] for each in report["edits"]] == [2]
    assert told(report) == [("hidden field", NOTE, 1, False)]


def test_what_was_written_is_known_as_ours_so_that_no_cycle_waits_for_it(quick: InProcess, export: Path) -> None:
    folder = quick.json("doctor", export, "--fix", *TODAY, expect=4)["state"]["folder"]
    state = State(Path(folder) / "state.db")
    assert state.written == {NOTE: digest_of((export / NOTE).read_bytes())}
    state.close()


def test_a_new_replica_whose_lines_were_mended_still_waits_for_the_others(quick: InProcess, export: Path) -> None:
    write(export, {NOTE: "- [ ] Ask @Tobias Wren ^t-aaaaaaaa\n- [ ] Call 📅 2025-11-20 @Tobias Wren\n"})
    for other in (export / "People").iterdir():
        os.utime(other, (0, 0))
    quick("doctor", export, "--fix", *TODAY)
    assert text(export).endswith("- [ ] Call @Tobias Wren 📅 2025-11-20\n")
    report = quick.json("reconcile", export, *TODAY, expect=4)
    assert "others may still be arriving" in report["problems"][0]["what"]
    assert not (export / "Tasks").exists()


def test_beside_a_daemon_the_lines_are_mended_too(
    vaultsync: Installed, export: Path, daemon: Callable[..., subprocess.Popen[bytes]]
) -> None:
    daemon()
    wait_for((export / "Tasks/@Tobias Wren.md").exists, "the daemon's first cycle")
    quiet = Installed({**vaultsync.environment, "VAULTSYNC_TIMING__QUIET": "0"})
    report = quiet.json("doctor", export, "--fix", expect=4)
    assert [each["line"] for each in report["edits"]] == [3, 4]
    assert "@Myself 📅 2025-11-08 ⏫ #task #proposed ^t-" in text(export)


def test_queries_that_count_rows_twice_are_told_with_the_line_that_helps(quick: InProcess, vault: Path) -> None:
    home = "# Home\n\n```tasks\nnot done\n```\n\n> ```tasks\n> tags include #task\n> ```\n"
    write(vault, {"Home.md": home, ".trash/Home.md": home})
    write(vault, {"Templates/Day.md": "```dataview\nTASK\nWHERE !completed\n```\n"})
    write(vault, {".obsidian/templates.json": '{"folder": "Templates"}'})
    for reconciled in (False, True):
        if reconciled:
            quick("reconcile", vault, *TODAY)
        report = quick.json("doctor", vault, *TODAY, expect=4)
        queries = [each for each in report["findings"] if each["kind"] == "double counting"]
        assert [(each["path"], each["line"]) for each in queries] == [("Home.md", 3), ("Templates/Day.md", 1)]
        assert queries[0]["mend"] == "add to it: path does not include Tasks/@"
        assert queries[1]["mend"] == 'add to it: WHERE vaultsync != "index"'
    write(vault, {"Home.md": home.replace("not done", "not done\npath does not include Tasks/@")})
    report = quick.json("doctor", vault, *TODAY, expect=4)
    assert [each["path"] for each in report["findings"] if each["kind"] == "double counting"] == ["Templates/Day.md"]


def test_a_run_that_died_is_settled_by_fix(quick: InProcess, export: Path) -> None:
    write(export, {NOTE: "- [ ] Ask @Tobias Wren\n"})
    quick("reconcile", export, *TODAY)
    folder = quick.json("doctor", export, *TODAY)["state"]["folder"]
    state = State(Path(folder) / "state.db")
    state.record(RunStart("2025-11-10T08:00:00+00:00", "reconcile"), [])
    state.close()
    assert told(quick.json("doctor", export, *TODAY, expect=4)) == [("state", None, None, True)]
    quick("doctor", export, "--fix", *TODAY)
    assert told(quick.json("doctor", export, *TODAY)) == []
