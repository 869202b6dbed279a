"""`vaultsync conflicts` and `vaultsync resolve`: what is in conflict is told, and a word ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = (vault / path).read_bytes().decode()
    assert old in text
    (vault / path).write_bytes(text.replace(old, new, 1).encode())


def line_with(vault: Path, path: str, text: str) -> str:
    return next(line for line in (vault / path).read_bytes().decode().splitlines() if text in line)


def notes(vault: Path) -> dict[str, bytes]:
    return {str(file.relative_to(vault)): file.read_bytes() for file in vault.rglob("*.md")}


@pytest.fixture
def disputed(quick: InProcess, vault: Path) -> Path:
    """A task whose due date was changed on both sides, to different days."""
    quick("reconcile", vault, *TODAY)
    edit(vault, HARBOUR, "📅 2025-11-18", "📅 2025-11-25")
    edit(vault, TOBIAS, "📅 2025-11-18", "📅 2025-11-21")
    quick("reconcile", vault, *TODAY, expect=4)
    return vault


def only(command: InProcess, vault: Path) -> dict[str, Any]:
    (found,) = command.json("conflicts", vault, *TODAY, expect=4)["conflicts"]
    return dict(found)


def test_a_conflict_is_told_with_each_value_where_it_stands_and_what_ends_it(
    vaultsync: Installed, quick: InProcess, disputed: Path
) -> None:
    found = only(quick, disputed)
    number = (disputed / TOBIAS).read_text().splitlines().index(line_with(disputed, TOBIAS, "2025-11-21")) + 1
    assert (found["field"], found["source"], found["row"]) == ("due", "2025-11-25", "2025-11-21")
    assert found["rows"] == [{"path": TOBIAS, "value": "2025-11-21", "line": number}]
    assert (found["path"], found["line"], found["text"]) == (HARBOUR, 8, "Call the ferry office")
    before = notes(disputed)
    told = vaultsync("conflicts", disputed, *TODAY, expect=4)
    assert f"{HARBOUR}:8  Call the ferry office\n  due\n    2025-11-25  in the note\n" in told
    assert f"    2025-11-21  in {TOBIAS}:{number}\n" in told
    assert f"resolve {found['id']} --keep row --vault {disputed}\n" in told
    assert notes(disputed) == before


def test_the_commands_that_are_shown_use_the_same_states(vaultsync: Installed, vault: Path, tmp_path: Path) -> None:
    elsewhere = InProcess({**vaultsync.environment, "VAULTSYNC_STATE_DIR": ""})
    states = ("--state-dir", tmp_path / "other")
    elsewhere("reconcile", vault, *states, *TODAY)
    edit(vault, HARBOUR, "📅 2025-11-18", "📅 2025-11-25")
    edit(vault, TOBIAS, "📅 2025-11-18", "📅 2025-11-21")
    told = elsewhere("conflicts", vault, *states, *TODAY, expect=4)
    assert f"--keep row --vault {vault} --state-dir {tmp_path / 'other'}\n" in told
    write(vault, {"Daily/Hidden.md": "- [ ] Oil it @Tobias Wren 📅 2025-11-18 over there\n- [ ] Oil üìÖ 2025-11-18\n"})
    told = elsewhere("doctor", vault, *states, *TODAY, expect=4)
    assert told.endswith(f"doctor {vault} --state-dir {tmp_path / 'other'} --fix\n")


def test_each_shape_of_reconciles_conflicts_is_in_that_of_conflicts(quick: InProcess, disputed: Path) -> None:
    (reconciled,) = quick.json("reconcile", disputed, *TODAY, expect=4)["conflicts"]
    found = only(quick, disputed)
    assert {name: found[name] for name in reconciled if name != "rows"} | {
        "rows": [{name: row[name] for name in ("path", "value")} for row in found["rows"]]
    } == reconciled


def test_a_status_is_told_as_its_box_which_may_be_blank(quick: InProcess, vault: Path) -> None:
    quick("reconcile", vault, *TODAY)
    edit(vault, DAILY, "- [ ] Oil", "- [-] Oil")
    edit(vault, TOBIAS, "- [ ] Oil", "- [/] Oil")
    quick("reconcile", vault, *TODAY, expect=4)
    edit(vault, DAILY, "- [-] Oil", "- [ ] Oil")
    edit(vault, TOBIAS, "- [/] Oil", "- [x] Oil")
    told = quick("reconcile", vault, *TODAY, expect=4)
    assert f"conflict  {DAILY}:3  status: the note says [ ]; {TOBIAS}: [x]\n" in told
    told = quick("conflicts", vault, *TODAY, expect=4)
    assert "    [ ]  in the note\n    [x]  in" in told


def test_without_conflicts_there_is_nothing_to_tell(quick: InProcess, vault: Path) -> None:
    quick("reconcile", vault, *TODAY)
    assert quick.json("conflicts", vault, *TODAY) == {"vault": str(vault), "conflicts": [], "skipped": []}


@pytest.mark.parametrize(
    ("keep", "day"),
    [("source", "2025-11-25"), ("row", "2025-11-21"), (TOBIAS, "2025-11-21"), ("@Tobias Wren", "2025-11-21")],
)
def test_the_side_that_is_kept_stands_on_both(quick: InProcess, disputed: Path, keep: str, day: str) -> None:
    quick("resolve", only(quick, disputed)["id"], "--keep", keep, "--vault", disputed, *TODAY)
    assert f"📅 {day}" in line_with(disputed, HARBOUR, "ferry office")
    assert line_with(disputed, TOBIAS, "ferry office").endswith(f"📅 {day}")
    assert "Conflicts" not in (disputed / TOBIAS).read_text()
    quick("reconcile", disputed, "--check", *TODAY)


@pytest.mark.parametrize("keep", ["source", "row"])
def test_a_resolution_can_be_undone_to_the_conflict_that_it_ended(quick: InProcess, disputed: Path, keep: str) -> None:
    before, found = notes(disputed), only(quick, disputed)
    quick("resolve", found["id"], "--keep", keep, "--vault", disputed, *TODAY)
    assert notes(disputed) != before
    told = quick("undo", "--vault", disputed, *TODAY, expect=4)
    assert f"conflict  {HARBOUR}:8  due: the note says 2025-11-25; {TOBIAS}: 2025-11-21\n" in told
    assert notes(disputed) == before
    assert only(quick, disputed) == found


def test_an_undo_tells_of_the_conflicts_of_its_own_tasks_alone(quick: InProcess, disputed: Path) -> None:
    quick("set", f"{DAILY}:3", "done", "--vault", disputed, *TODAY)
    undone = quick.json("undo", "--vault", disputed, *TODAY)
    assert (len(undone["edits"]), undone["conflicts"]) == (1, [])
    (found,) = quick.json("reconcile", disputed, *TODAY, expect=4)["conflicts"]
    quick("resolve", found["id"], "--keep", "row", "--vault", disputed, *TODAY)
    assert quick.json("undo", "--vault", disputed, *TODAY, expect=4)["conflicts"] == [found]


# -- what a kept side brings with it


def test_a_kept_rows_status_brings_its_date_and_the_next_occurrence(quick: InProcess, vault: Path) -> None:
    write(vault, {"weekly.md": "- [ ] Wind the clock @Tobias Wren 🔁 every week 📅 2025-11-08\n"})
    quick("reconcile", vault, *TODAY)
    edit(vault, "weekly.md", "- [ ] Wind", "- [-] Wind")
    row = line_with(vault, TOBIAS, "Wind the clock")
    edit(vault, TOBIAS, row, row.replace("- [ ]", "- [x]"))
    quick("reconcile", vault, *TODAY, expect=4)
    told = quick("conflicts", vault, *TODAY, expect=4)
    assert "    [-]  in the note\n    [x]  in Tasks/@Tobias Wren.md:" in told
    quick("resolve", only(quick, vault)["id"], "--keep", "row", "--vault", vault, *TODAY)
    following, done = (vault / "weekly.md").read_text().splitlines()
    assert following.startswith("- [ ] Wind the clock @Tobias Wren 🔁 every week 📅 2025-11-15 ^t-")
    assert done.startswith("- [x] Wind the clock @Tobias Wren 🔁 every week 📅 2025-11-08 ✅ 2025-11-10 ^t-")
    quick("reconcile", vault, "--check", *TODAY)


@pytest.mark.parametrize(
    ("source", "row", "kept"),
    [
        pytest.param(("the ferry", "the northern ferry"), ("ferry office", "ferry bureau"), "ferry bureau", id="prose"),
        pytest.param(("#auto", "⏫ #auto"), (" 📅", " 🔽 📅"), "🔽", id="priority"),
        pytest.param(("📅", "🛫 2025-11-11 📅"), (" 📅", " 🛫 2025-11-12 📅"), "🛫 2025-11-12", id="start"),
        pytest.param(("@Tobias Wren", "@Mona"), ("office", "office @Olek"), "@Olek", id="assignee"),
    ],
)
def test_each_field_of_a_kept_row_reaches_the_source(
    quick: InProcess, vault: Path, source: tuple[str, str], row: tuple[str, str], kept: str
) -> None:
    quick("reconcile", vault, *TODAY)
    line = line_with(vault, HARBOUR, "ferry")
    edit(vault, HARBOUR, line, line.replace(*source))
    written = line_with(vault, TOBIAS, "ferry")
    edit(vault, TOBIAS, written, written.replace(*row))
    quick("reconcile", vault, *TODAY, expect=4)
    quick("resolve", only(quick, vault)["id"], "--keep", "row", "--vault", vault, *TODAY)
    assert kept in line_with(vault, HARBOUR, "ferry")
    assert source[1] not in line_with(vault, HARBOUR, "ferry")
    quick("reconcile", vault, "--check", *TODAY)


def test_one_field_of_two_is_decided_and_the_other_stays_in_conflict(quick: InProcess, disputed: Path) -> None:
    edit(disputed, HARBOUR, "office @", "office ⏫ @")
    edit(disputed, TOBIAS, " 📅 2025-11-21", " 🔽 📅 2025-11-21")
    quick("reconcile", disputed, *TODAY, expect=4)
    first, second = quick.json("conflicts", disputed, *TODAY, expect=4)["conflicts"]
    assert {first["field"], second["field"]} == {"due", "priority"}
    assert all(f"--field {each['field']}" in command for each in (first, second) for command in each["commands"])
    arguments = (first["id"], "--keep", "source", "--field", "due", "--vault", disputed, *TODAY)
    quick("resolve", *arguments, expect=4)
    assert "🔽 📅 2025-11-25" in line_with(disputed, TOBIAS, "ferry")
    assert only(quick, disputed)["field"] == "priority"
    quick("resolve", first["id"], "--keep", "row", "--vault", disputed, *TODAY)
    assert "🔽" in line_with(disputed, HARBOUR, "ferry")
    quick("reconcile", disputed, "--check", *TODAY)


@pytest.fixture
def shared(quick: InProcess, vault: Path) -> Path:
    """A task of two people, in whose index notes its due date was changed to different days."""
    write(vault, {"two.md": "- [ ] Sound the horn @Tobias Wren @Mona 📅 2025-11-12\n"})
    quick("reconcile", vault, *TODAY)
    for path, day in ((TOBIAS, "2025-11-13"), ("Tasks/@Mona.md", "2025-11-14")):
        row = line_with(vault, path, "Sound the horn")
        edit(vault, path, row, row.replace("2025-11-12", day))
    quick("reconcile", vault, *TODAY, expect=4)
    return vault


def test_where_rows_differ_the_path_says_which_one(quick: InProcess, shared: Path) -> None:
    found = only(quick, shared)
    assert [command.split("--keep ")[1].split(" --")[0] for command in found["commands"]] == [
        "source",
        "Tasks/@Mona.md",
        f"'{TOBIAS}'",
    ]
    told = quick("resolve", found["id"], "--keep", "row", "--vault", shared, *TODAY, expect=2)
    assert f"rows hold different values of due (Tasks/@Mona.md: 2025-11-14; {TOBIAS}: 2025-11-13)" in told
    quick("resolve", found["id"], "--keep", "Tasks/@Mona.md", "--vault", shared, *TODAY)
    for path in ("two.md", TOBIAS, "Tasks/@Mona.md"):
        assert "📅 2025-11-14" in line_with(shared, path, "Sound the horn")
    quick("reconcile", shared, "--check", *TODAY)


def test_a_kept_source_stands_in_every_row(quick: InProcess, shared: Path) -> None:
    quick("resolve", only(quick, shared)["id"], "--keep", "source", "--vault", shared, *TODAY)
    for path in ("two.md", TOBIAS, "Tasks/@Mona.md"):
        assert "📅 2025-11-12" in line_with(shared, path, "Sound the horn")
    quick("reconcile", shared, "--check", *TODAY)


# -- an edited row whose task is gone


@pytest.fixture
def orphaned(quick: InProcess, vault: Path) -> Path:
    quick("reconcile", vault, *TODAY)
    (vault / DAILY).write_bytes(b"Quiet day.\r\n\r\n- [x] Sweep the pier\r\n")
    row = line_with(vault, TOBIAS, "Oil the winch")
    edit(vault, TOBIAS, row, f"{row} 📅 2025-11-30")
    quick("reconcile", vault, *TODAY, expect=4)
    quick("reconcile", vault, *TODAY, expect=4)
    return vault


def test_a_kept_row_of_a_task_that_is_gone_goes_into_the_capture_note(quick: InProcess, orphaned: Path) -> None:
    found = only(quick, orphaned)
    assert (found["field"], found["line"], found["text"]) == ("source", None, "Oil the winch")
    quick("resolve", found["id"], "--keep", "row", "--vault", orphaned, *TODAY)
    line = f"- [ ] Oil the winch @Tobias Wren #task 📅 2025-11-30 ^{found['id']}\n"
    assert (orphaned / "Tasks/Inbox.md").read_text() == line
    assert line_with(orphaned, TOBIAS, "Oil the winch").startswith(f"- [ ] Oil the winch [[Tasks/Inbox#^{found['id']}|")
    assert "Conflicts" not in (orphaned / TOBIAS).read_text()
    quick("reconcile", orphaned, "--check", *TODAY)


def test_a_task_put_into_the_capture_note_can_be_taken_out_again(quick: InProcess, orphaned: Path) -> None:
    found = only(quick, orphaned)
    quick("resolve", found["id"], "--keep", "row", "--vault", orphaned, *TODAY)
    quick("undo", "--vault", orphaned, *TODAY, expect=4)
    assert "Oil the winch" not in (orphaned / "Tasks/Inbox.md").read_text()
    assert "📅 2025-11-30" in line_with(orphaned, TOBIAS, "Oil the winch")
    again = only(quick, orphaned)
    assert (again["id"], again["field"], again["line"]) == (found["id"], "source", None)


def test_it_goes_behind_what_the_capture_note_holds(quick: InProcess, orphaned: Path) -> None:
    write(orphaned, {"Tasks/Inbox.md": "# Inbox\n\nNo line end"})
    row = line_with(orphaned, TOBIAS, "Oil the winch")
    number = (orphaned / TOBIAS).read_text().splitlines().index(row) + 1
    quick("resolve", f"{TOBIAS}:{number}", "--keep", TOBIAS, "--vault", orphaned, *TODAY)
    assert (orphaned / "Tasks/Inbox.md").read_text().startswith("# Inbox\n\nNo line end\n\n- [ ] Oil the winch ")


def test_a_kept_source_lets_the_row_of_a_task_that_is_gone_go(quick: InProcess, orphaned: Path) -> None:
    row = line_with(orphaned, TOBIAS, "Oil the winch")
    edit(orphaned, TOBIAS, row, f"{row}\n    - a line of mine")
    quick("resolve", only(quick, orphaned)["id"], "--keep", "source", "--vault", orphaned, *TODAY)
    text = (orphaned / TOBIAS).read_text()
    assert "Oil the winch" not in text
    assert "a line of mine" in text.partition("vaultsync:end")[2]
    assert not (orphaned / "Tasks/Inbox.md").exists()
    quick("reconcile", orphaned, "--check", *TODAY)


# -- what can't be done


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["t-00000000", "--keep", "source"], "no task has this block id", id="an unknown id"),
        pytest.param([f"{HARBOUR}:1", "--keep", "source"], f"line 1 of {HARBOUR} is no task", id="a line without task"),
        pytest.param([f"{HARBOUR}:7", "--keep", "row"], "is not in conflict", id="a task without conflict"),
        pytest.param([f"{HARBOUR}:8", "--keep", "sauce"], "there is no note 'sauce'", id="a side that is none"),
        pytest.param([f"{HARBOUR}:8", "--keep", DAILY], f"its rows stand in {TOBIAS}", id="a note without row"),
        pytest.param(
            [f"{HARBOUR}:8", "--keep", "row", "--field", "status"], "of this task are: due", id="a field that agrees"
        ),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(
    quick: InProcess, disputed: Path, arguments: list[str], told: str
) -> None:
    before = notes(disputed)
    assert told in quick("resolve", *arguments, "--vault", disputed, *TODAY, expect=2)
    assert notes(disputed) == before


def test_a_dry_run_tells_the_edit_and_writes_nothing(quick: InProcess, disputed: Path) -> None:
    before = notes(disputed)
    report = quick.json("resolve", f"{HARBOUR}:8", "--keep", "row", "--dry-run", "--vault", disputed, *TODAY)
    assert notes(disputed) == before
    (planned,) = report["edits"]
    assert (planned["path"], planned["line"], planned["why"]) == (HARBOUR, 8, "resolve")
    assert planned["after"] == planned["before"].replace("2025-11-25", "2025-11-21")
    assert (report["fields"], report["keep"], report["dry_run"]) == (["due"], "row", True)


# -- beside a daemon, and by hand


@pytest.mark.parametrize(("keep", "day"), [("source", "2025-11-25"), ("row", "2025-11-21")])
def test_beside_a_daemon_the_daemon_carries_it(
    vaultsync: Installed, disputed: Path, daemon: Callable[..., subprocess.Popen[bytes]], keep: str, day: str
) -> None:
    daemon()
    log = disputed.parent / "daemon.log"
    wait_for(lambda: log.exists() and log.stat().st_size > 0, "the daemon to begin")
    found = only(InProcess(vaultsync.environment), disputed)
    vaultsync("resolve", found["id"], "--keep", keep, "--vault", disputed)
    wait_for(lambda: "Conflicts" not in (disputed / TOBIAS).read_text(), "the daemon to carry it")
    assert f"📅 {day}" in line_with(disputed, HARBOUR, "ferry office")
    assert line_with(disputed, TOBIAS, "ferry office").endswith(f"📅 {day}")


def test_a_value_typed_into_the_row_in_conflicts_ends_the_conflict(quick: InProcess, disputed: Path) -> None:
    edit(disputed, TOBIAS, "📅 2025-11-21", "📅 2025-12-24")
    quick("reconcile", disputed, *TODAY)
    assert "📅 2025-12-24" in line_with(disputed, HARBOUR, "ferry office")
    assert "Conflicts" not in (disputed / TOBIAS).read_text()
    quick("reconcile", disputed, "--check", *TODAY)


def test_deleting_the_line_that_shows_the_other_value_does_nothing(quick: InProcess, disputed: Path) -> None:
    before = notes(disputed)
    shown = line_with(disputed, TOBIAS, "↳")
    edit(disputed, TOBIAS, f"{shown}\n", "")
    quick("reconcile", disputed, *TODAY, expect=4)
    assert notes(disputed) == before


def test_typing_over_that_line_is_text_which_is_kept(quick: InProcess, disputed: Path) -> None:
    shown = line_with(disputed, TOBIAS, "↳")
    edit(disputed, TOBIAS, shown, "    ask Mona which day")
    quick("reconcile", disputed, *TODAY, expect=4)
    text = (disputed / TOBIAS).read_text()
    assert text.count("ask Mona which day") == 1
    assert shown in text
    assert only(quick, disputed)["source"] == "2025-11-25"
    assert "2025-11-25" in line_with(disputed, HARBOUR, "ferry office")
