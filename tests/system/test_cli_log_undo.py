"""`vaultsync log` and `undo`: what was done can be seen, and what still stands as it was written, put back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from system.in_process import InProcess
from system.installed import Installed, wait_for, write

from vaultsync.storage import vault as files
from vaultsync.storage.state import State

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
TOBIAS = "Tasks/@Tobias Wren.md"
INES = "Tasks/@Ines Halloran.md"
TODAY = ("--today", "2025-11-10")
WORK = (
    "# Work\n\n- [?] Accept it @Tobias Wren 📅 2025-11-18 #task #proposed\n- [ ] Do it @Tobias Wren\n"
    "- [ ] Water it @Tobias Wren 🔁 every week 📅 2025-11-11\n\n"
    "- [ ] Plan it @Tobias Wren\n- [ ] Burn it @Tobias Wren 🏁 delete\n  - [ ] Light it @Tobias Wren\n  - ash\n\nEnd\n"
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


@pytest.fixture
def settled(quick: InProcess, vault: Path) -> Path:
    write(vault, {"Work.md": WORK})
    quick("reconcile", vault, *TODAY)
    return vault


def notes(vault: Path) -> dict[str, bytes]:
    return {str(file.relative_to(vault)): file.read_bytes() for file in vault.rglob("*.md")}


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = (vault / path).read_bytes().decode()
    assert text.count(old) == 1, (old, text)
    (vault / path).write_bytes(text.replace(old, new).encode())


def tick(vault: Path, words: str, symbol: str = "x", more: str = "") -> None:
    row = next(row for row in (vault / TOBIAS).read_text().splitlines() if words in row)
    edit(vault, TOBIAS, row, f"- [{symbol}]{row[5:]}{more}")


@pytest.mark.parametrize(
    ("words", "symbol", "more"),
    [
        pytest.param("Accept it", " ", "", id="a proposal that was accepted"),
        pytest.param("Accept it", "-", "", id="a proposal that was rejected"),
        pytest.param("Do it", "x", "", id="a task that was ticked and got its date"),
        pytest.param("Water it", "x", "", id="a recurring task with its next occurrence"),
        pytest.param("Burn it", "x", "", id="a task that was taken out with its sub-items moved up"),
        pytest.param("Light it", "x", "", id="a sub-item"),
        pytest.param("Do it", " ", " @Ines Halloran", id="a task that was handed over"),
    ],
)
def test_undo_puts_back_what_an_edit_of_a_row_did_and_a_second_one_redoes_it(
    words: str, symbol: str, more: str, quick: InProcess, settled: Path
) -> None:
    before = notes(settled)
    tick(settled, words, symbol, more)
    quick("reconcile", settled, *TODAY, expect=4 if words == "Burn it" else 0)  # it tells of the sub-items
    done = notes(settled)
    assert done["Work.md"] != before["Work.md"]
    assert "put back.\n" in quick("undo", "--vault", settled, *TODAY)
    assert notes(settled) == before
    quick("reconcile", settled, "--check", *TODAY)
    undo = quick.json("log", settled)["runs"][0]["run"]
    quick("undo", str(undo), "--vault", settled, *TODAY)
    assert notes(settled)["Work.md"] == done["Work.md"]
    quick("reconcile", settled, "--check", *TODAY)


def test_the_installed_command_undoes_a_row_that_was_ticked_and_then_plans_nothing(
    vaultsync: Installed, quick: InProcess, settled: Path
) -> None:
    before = notes(settled)
    tick(settled, "Water it")
    quick("reconcile", settled, *TODAY)
    assert "Run 2 (reconcile): 1 place put back." in vaultsync("undo", "--vault", settled, *TODAY)
    assert notes(settled) == before
    assert vaultsync.json("reconcile", settled, "--check", *TODAY)["edits"] == []


def test_undo_twice_undoes_the_run_before(quick: InProcess, settled: Path) -> None:
    before = notes(settled)
    quick("set", "Work:3", "accept", "--vault", settled, *TODAY)
    middle = notes(settled)
    quick("set", "Work:4", "done", "--vault", settled, *TODAY)
    quick("undo", "--vault", settled, *TODAY)
    assert notes(settled) == middle
    quick("undo", "--vault", settled, *TODAY)
    assert notes(settled) == before
    assert "nothing to undo" in quick("undo", "--vault", settled, *TODAY)
    runs = quick.json("log", settled)["runs"]
    assert [(run["command"], run["undoes"], run["undone_by"]) for run in runs] == [
        ("undo", 2, None),
        ("undo", 3, None),
        ("set", None, 4),
        ("set", None, 5),
        ("reconcile", None, None),
    ]
    quick("reconcile", settled, "--check", *TODAY)


def test_a_line_that_was_changed_since_is_left_alone_and_the_others_go_back(quick: InProcess, settled: Path) -> None:
    quick("set", "Work:3", "Work:4", "done", "--vault", settled, *TODAY)
    edit(settled, "Work.md", "[x] Do it", "[x] Do it well")
    edit(settled, "Work.md", "# Work\n", "# Work\n\nA line of mine\n")
    told = quick("undo", "--vault", settled, *TODAY, expect=4)
    assert "left alone  Work.md:4  it was changed since" in told
    text = (settled / "Work.md").read_text()
    assert "- [?] Accept it @Tobias Wren 📅 2025-11-18 #task #proposed ^t-" in text
    assert "[x] Do it well" in text
    assert "1 place put back" in told
    quick("reconcile", settled, "--check", *TODAY)


def test_a_status_that_is_put_back_has_no_effects_again(quick: InProcess, vault: Path) -> None:
    write(vault, {"Old.md": "- [x] Sweep the deck @Tobias Wren\n"})
    quick("reconcile", vault, *TODAY)
    quick("set", "Old:1", "reopen", "--vault", vault, *TODAY)
    quick("undo", "--vault", vault, *TODAY)
    text = (vault / "Old.md").read_text()
    assert text.startswith("- [x] Sweep the deck @Tobias Wren ^t-")
    quick("reconcile", vault, "--check", *TODAY)


def test_an_undo_that_dies_before_its_base_is_saved_has_no_effects_either(quick: InProcess, vault: Path) -> None:
    write(vault, {"Old.md": "- [x] Sweep the deck @Tobias Wren\n"})
    quick("reconcile", vault, *TODAY)
    quick("set", "Old:1", "reopen", "--vault", vault, *TODAY)
    with patch.object(State, "save", side_effect=KilledError), pytest.raises(KilledError):
        quick("undo", "--vault", vault, *TODAY)
    quick("reconcile", vault, *TODAY)
    assert (vault / "Old.md").read_text().startswith("- [x] Sweep the deck @Tobias Wren ^t-")


def test_an_edit_of_another_row_that_nobody_read_yet_survives_an_undo(quick: InProcess, settled: Path) -> None:
    quick("set", "Work:3", "accept", "--vault", settled, *TODAY)
    tick(settled, "Do it", "/")
    quick("undo", "--vault", settled, *TODAY)
    text = (settled / "Work.md").read_text()
    assert "- [?] Accept it" in text
    assert "- [/] Do it" in text


def test_ids_stay_and_a_task_that_got_one_since_keeps_it(quick: InProcess, vault: Path) -> None:
    quick("reconcile", vault, *TODAY)
    assert "nothing to undo" in quick("undo", "--vault", vault, *TODAY)
    told = quick("undo", "1", "--vault", vault, *TODAY)
    assert told.count("it only got its block id") == 3
    quick("set", "Daily/2025-11-08:4", "reopen", "--vault", vault, *TODAY)
    assert "- [ ] Sweep the pier ^t-" in (vault / "Daily/2025-11-08.md").read_text()
    quick("undo", "--vault", vault, *TODAY)
    assert "- [x] Sweep the pier ✅ 2025-11-08 ^t-" in (vault / "Daily/2025-11-08.md").read_text()
    quick("reconcile", vault, "--check", *TODAY)


def test_a_dry_run_of_undo_writes_nothing(quick: InProcess, settled: Path) -> None:
    quick("set", "Work:3", "accept", "--vault", settled, *TODAY)
    before, runs = notes(settled), quick.json("log", settled)
    assert "1 place would be put back" in quick("undo", "--dry-run", "--vault", settled, *TODAY)
    report = quick.json("undo", "--dry-run", "--vault", settled, *TODAY)
    assert (report["undoes"], report["run"], len(report["edits"]), report["left"]) == (2, None, 1, [])
    assert (notes(settled), quick.json("log", settled)) == (before, runs)


def test_a_run_that_is_not_there_is_a_mistake(quick: InProcess, settled: Path) -> None:
    assert "no run 99 in the journal (the newest is 1)" in quick("undo", "99", "--vault", settled, expect=2)
    assert "no run 99" in quick("log", settled, "--run", "99", expect=2)


def test_log_shows_runs_by_number_and_by_note(quick: InProcess, settled: Path) -> None:
    quick("set", "Work:3", "accept", "--vault", settled, *TODAY)
    told = quick("log", settled)
    assert told.startswith("run 2  ")
    assert "set  1 edit in 1 note\nWork.md:3  set\n- - [?] Accept it" in told
    assert "\n+ - [ ] Accept it @Tobias Wren 📅 2025-11-18 #task ^t-" in told
    assert [run["run"] for run in quick.json("log", settled, "--run", "1")["runs"]] == [1]
    assert [run["run"] for run in quick.json("log", settled, "--limit", "1")["runs"]] == [2]
    for name in (HARBOUR, str(settled / HARBOUR)):
        (run,) = quick.json("log", settled, "--note", name)["runs"]
        assert {entry["path"] for entry in run["edits"]} == {HARBOUR}
    (run,) = quick.json("log", settled, "--run", "2")["runs"]
    assert (run["ended"], run["edits"][0]["landed"], run["edits"][0]["line"]) == (True, True, 3)


def test_log_sends_no_control_characters_to_a_terminal(quick: InProcess, vault: Path) -> None:
    write(vault, {"Odd.md": "- [ ] Look \x1b[31m at @Tobias Wren\n"})
    quick("reconcile", vault, *TODAY)
    assert "\x1b" not in quick("log", vault)
    assert "\x1b" in str(quick.json("log", vault, "--note", "Odd")["runs"][0]["edits"][0]["before"])


def test_log_of_a_vault_that_nothing_was_done_to_says_so_and_makes_no_state(
    quick: InProcess, vault: Path, tmp_path: Path
) -> None:
    assert quick("log", vault) == "Nothing was done to this vault yet.\n"
    assert quick.json("log", vault)["runs"] == []
    assert not (tmp_path / "state").exists()


def test_beside_a_daemon_log_reads_and_undo_leaves_the_rows_to_it(
    vaultsync: Installed, quick: InProcess, vault: Path, daemon: Callable[..., subprocess.Popen[bytes]]
) -> None:
    daemon()
    wait_for((vault / TOBIAS).is_file, "the first cycle")
    quick("set", f"{HARBOUR}:8", "accept", "--vault", vault)
    wait_for(lambda: "- [ ] Call the ferry" in (vault / TOBIAS).read_text(), "the row to follow")
    (first, *_) = vaultsync.json("log", vault)["runs"]
    assert first["command"] in {"set", "run"}
    number = next(run["run"] for run in vaultsync.json("log", vault)["runs"] if run["command"] == "set")
    assert "Another vaultsync is at work" in vaultsync("undo", str(number), "--vault", vault)
    wait_for(lambda: "- [?] Call the ferry" in (vault / TOBIAS).read_text(), "the row to follow back")
    assert (
        "- [?] Call the ferry office @Tobias Wren 📅 2025-11-18 #task #proposed #auto ^t-"
        in (vault / HARBOUR).read_text()
    )


class KilledError(BaseException):
    """The end of a run by kill -9."""


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_an_undo_that_dies_half_way_is_finished_by_the_next(writes: int, quick: InProcess, settled: Path) -> None:
    before = notes(settled)
    quick("set", "Work:4", "Work:5", f"{HARBOUR}:8", "done", "--vault", settled, *TODAY)
    write_note, left = files.write, writes

    def dying(*args: Any, **options: Any) -> None:
        nonlocal left
        if not left:
            raise KilledError
        left -= 1
        write_note(*args, **options)

    def unsaved(*_: object) -> None:
        raise KilledError

    with patch.object(files, "write", dying), patch.object(State, "save", unsaved), pytest.raises(KilledError):
        quick("undo", "--vault", settled, *TODAY)
    # Where both notes were written nothing is left of it but what any cycle settles.
    quick(*(("undo", "--vault") if writes < 2 else ("reconcile",)), settled, *TODAY)
    assert notes(settled) == before
    quick("reconcile", settled, "--check", *TODAY)
