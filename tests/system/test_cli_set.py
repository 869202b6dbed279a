"""`vaultsync set`: a change from the shell is the change that an edit of the row would have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from system.in_process import InProcess
from system.installed import Installed, wait_for, write

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
DAILY = "Daily/2025-11-08.md"
TOBIAS = "Tasks/@Tobias Wren.md"
TODAY = ("--today", "2025-11-10")


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


def id_of(command: InProcess | Installed, vault: Path, text: str) -> str:
    (found,) = (task["id"] for task in command.json("tasks", vault) if task["text"] == text)
    return str(found)


def notes(vault: Path) -> dict[str, bytes]:
    return {str(file.relative_to(vault)): file.read_bytes() for file in vault.rglob("*.md")}


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = (vault / path).read_bytes().decode()
    assert old in text
    (vault / path).write_bytes(text.replace(old, new, 1).encode())


@pytest.fixture
def settled(quick: InProcess, vault: Path) -> Path:
    quick("reconcile", vault, *TODAY)
    return vault


def test_accepting_takes_the_tag_off_and_moves_the_row(vaultsync: Installed, settled: Path) -> None:
    name = id_of(vaultsync, settled, "Call the ferry office")
    told = vaultsync("set", name, "accept", "--vault", settled, *TODAY)
    line = f"- [ ] Call the ferry office @Tobias Wren 📅 2025-11-18 #task #auto ^{name}"
    assert f"+ {line}\n1 task accepted.\n" in told
    assert line in (settled / HARBOUR).read_text()
    assert f"- [ ] Call the ferry office [[{HARBOUR.removesuffix('.md')}#^{name}|↗]]" in (settled / TOBIAS).read_text()
    vaultsync("reconcile", settled, "--check", *TODAY)


def test_every_change_is_the_one_that_the_row_would_have_made(quick: InProcess, vault: Path, tmp_path: Path) -> None:
    lines = [
        "- [?] Accept it @Tobias Wren #task #proposed\n",
        "> - [?] Reject it @Tobias Wren #proposed 📅 2025-11-11\r\n\n",
        "1. [?] Start it @Tobias Wren #proposed\n",
        "   - [ ] Do it @Tobias Wren 🔁 every week 📅 2025-11-11\n",
        "- [/] Finish it @Tobias Wren 🏁 keep\n",
    ]
    write(vault, {"all.md": "".join(lines)})
    twin = tmp_path / "twin"
    write(twin, {path: content.decode() for path, content in notes(vault).items()})
    write(twin, {".vaultsync/config.yaml": (vault / ".vaultsync/config.yaml").read_text()})
    for root in (vault, twin):
        quick("reconcile", root, *TODAY)
    for symbol, text in ((" ", "Accept it"), ("-", "Reject it"), ("/", "Start it"), ("x", "Do it"), ("x", "Finish it")):
        row = next(row for row in (twin / TOBIAS).read_text().splitlines() if text in row)
        edit(twin, TOBIAS, row, f"- [{symbol}]{row[5:]}")
    quick("reconcile", twin, *TODAY)
    for number, verb in ((1, "accept"), (2, "reject"), (4, "start")):
        quick("set", f"all.md:{number}", verb, "--vault", vault, *TODAY)
    quick("set", "all:5", "all:6", "done", "--vault", vault, *TODAY)
    assert notes(vault) == notes(twin)
    assert b"\xf0\x9f\x94\x81 every week \xf0\x9f\x93\x85 2025-11-18" in notes(vault)["all.md"]
    quick("reconcile", vault, "--check", *TODAY)


def test_a_task_that_goes_on_completion_goes_with_its_row(quick: InProcess, vault: Path) -> None:
    write(vault, {"once.md": "- [ ] Burn the note @Tobias Wren 🏁 delete\n- [ ] Keep this @Tobias Wren\n"})
    quick("reconcile", vault, *TODAY)
    quick("set", "once:1", "done", "--vault", vault, *TODAY)
    assert (vault / "once.md").read_text().startswith("- [ ] Keep this @Tobias Wren ^t-")
    assert "Burn" not in (vault / TOBIAS).read_text()
    quick("reconcile", vault, "--check", *TODAY)


def test_the_line_of_a_row_means_its_task(quick: InProcess, settled: Path) -> None:
    rows = (settled / TOBIAS).read_text().splitlines()
    number = next(number for number, row in enumerate(rows, 1) if "Oil the winch" in row)
    quick("set", f"{TOBIAS}:{number}", "start", "--vault", settled, *TODAY)
    assert b"\r\n- [/] Oil the winch @Tobias Wren #task ^t-" in (settled / DAILY).read_bytes()


def test_a_done_task_without_id_or_base_is_reopened(quick: InProcess, settled: Path) -> None:
    quick("set", f"{DAILY}:4", "reopen", "--vault", settled, *TODAY)
    assert b"- [ ] Sweep the pier" in (settled / DAILY).read_bytes()
    assert "✅".encode() not in (settled / DAILY).read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["t-00000000", f"{HARBOUR}:7", "done"], "'t-00000000': no task", id="an id that nothing has"),
        pytest.param([f"{HARBOUR}:5", "done"], f"line 5 of {HARBOUR} is no task", id="a line that is no task"),
        pytest.param(["Harbor:7", "done"], "no note 'Harbor'; did you mean", id="a note that isn't there"),
        pytest.param([f"{DAILY}:4", "accept"], "is done; only what is proposed", id="a verb that doesn't fit"),
        pytest.param([f"{HARBOUR}:7", "finish"], "accepted are accept, reject", id="a verb that there isn't"),
        pytest.param(["done"], "which tasks?", id="no task at all"),
        pytest.param(["--where", "done"], "--where needs a filter", id="every task of the vault"),
        pytest.param(["--role", "todo", "done"], "filters are for --where", id="a filter without --where"),
    ],
)
def test_what_is_not_understood_changes_nothing(quick: InProcess, vault: Path, words: list[str], told: str) -> None:
    before = notes(vault)
    assert told in quick("set", *words, "--vault", vault, expect=2)
    assert notes(vault) == before


def test_where_takes_the_filtered_tasks_that_the_verb_fits(quick: InProcess, settled: Path) -> None:
    before = notes(settled)
    filters = ("--where", "--person", "Tobias Wren")
    assert "1 task would be accepted." in quick("set", *filters, "accept", "--dry-run", "--vault", settled, *TODAY)
    assert notes(settled) == before
    assert "1 task accepted." in quick("set", *filters, "accept", "--vault", settled, *TODAY)
    assert "0 tasks accepted." in quick("set", *filters, "accept", "--vault", settled, *TODAY)


def test_a_row_that_says_otherwise_is_a_conflict_and_neither_is_lost(quick: InProcess, settled: Path) -> None:
    edit(settled, TOBIAS, "- [?] Call", "- [x] Call")
    told = quick("set", f"{HARBOUR}:8", "reject", "--vault", settled, *TODAY, expect=4)
    assert f"conflict  {HARBOUR}:8  status: the note says [-]; {TOBIAS}: [x]" in told
    assert "- [-] Call the ferry office" in (settled / HARBOUR).read_text()
    assert "- [x] Call the ferry office" in (settled / TOBIAS).read_text()


def test_beside_a_daemon_the_source_is_written_and_the_daemon_does_the_rest(
    vaultsync: Installed, vault: Path, daemon: Callable[..., subprocess.Popen[bytes]]
) -> None:
    daemon()
    wait_for((vault / TOBIAS).is_file, "the first cycle")
    name = id_of(vaultsync, vault, "Call the ferry office")
    assert "Another vaultsync is at work" in vaultsync("set", name, "start", "--vault", vault)
    wait_for(lambda: "- [/] Call the ferry office" in (vault / TOBIAS).read_text(), "the row to follow")
    assert (
        f"- [/] Call the ferry office @Tobias Wren 📅 2025-11-18 #task #auto ^{name}" in (vault / HARBOUR).read_text()
    )
