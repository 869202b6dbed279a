"""When the daemon looks and turns, in made-up time: what happens is written down with its second."""

from __future__ import annotations

import contextlib
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
from system.installed import write
from unit.daemon_life import ANA, Life, begun, rows, task, tick_row

from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.daemon import Backoff, let_memory_rest
from vaultsync.errors import ConfigError, HaltError, WatchError
from vaultsync.reconcile.memory import Memory
from vaultsync.settings import load_settings
from vaultsync.storage import vault
from vaultsync.storage.state import State, StateError
from vaultsync.storage.watcher import Sign
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with begun(tmp_path) as life:
        yield life


def test_it_turns_at_the_start_and_then_only_looks(life: Life) -> None:
    life.live(3600)
    assert life.turns == [0.0]
    assert [round(second) for second in life.looks] == [300 * n for n in range(1, 12)]
    assert life.events() == []
    assert "Mend the sail" in rows(life)


def test_an_edit_is_planned_on_when_it_has_been_quiet(life: Life) -> None:
    life.save(100, "New.md", task(1))
    life.live(105)
    assert life.turns[0] == 0.0
    assert [round(turn, 1) for turn in life.turns[1:]] == [102.1]


def test_what_was_written_is_looked_at_once_more_at_once(life: Life) -> None:
    life.save(100, "New.md", task(1))
    life.save(200, "Text.md", "Text.\n")
    life.live(205)
    assert [round(turn, 1) for turn in life.turns] == [0.0, 102.1, 110.1, 202.1]
    assert [round(turn, 1) for turn in life.again] == [0.0, 102.1, 110.1]


def test_rows_that_may_move_wait_for_a_note_that_is_being_written(life: Life) -> None:
    life.at(100, lambda: tick_row(life))
    life.save(159, "New.md", "Text.\n")
    life.save(160.5, "New.md", "Text, more.\n")
    life.live(200)
    assert "## Done" in rows(life)
    assert [round(turn, 1) for turn in life.turns] == [0.0, 102.1, 162.6]


def test_rows_that_may_move_wait_no_longer_for_a_note_that_is_always_being_written(life: Life) -> None:
    life.at(100, lambda: tick_row(life))
    for number in range(60):
        life.save(150.5 + number, "New.md", f"{number}\n")
    life.live(182)
    assert "## Done" in rows(life)
    assert [round(turn) for turn in life.turns] == [0, 102, 181]


def test_memory_is_searched_for_cycles_once_nothing_is_due(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[float] = []
    monkeypatch.setattr("vaultsync.daemon.sweep", lambda: sweeps.append(life.passed))
    life.save(100, "Text.md", "Text.\n")
    life.live(200)
    assert sorted({round(second, 1) for second in sweeps}) == [0.0, 100.1, 102.1]  # 100.1: after the plan ahead


def test_memory_rests_also_where_there_is_no_c_library_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_name: None) -> None:
        raise TypeError("argument of type 'NoneType' is not iterable")  # so does Windows

    monkeypatch.setattr("ctypes.CDLL", refuse)
    monkeypatch.setattr("sys.platform", "win32")
    let_memory_rest(Memory())


def test_what_it_knew_is_kept_when_it_ends(life: Life) -> None:
    life.live(60)
    assert life.state.kept() is not None


def test_what_was_broken_off_is_not_kept(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    def told_to_end(_: Snapshot) -> Plan:
        life.asked._stop(signal.SIGTERM, None)
        raise AssertionError("a plan can be broken off")

    monkeypatch.setattr("vaultsync.planner.plan_cycle", told_to_end)
    life.live(60)
    assert life.state.kept() is None


def test_a_note_that_is_always_being_written_is_served_after_quiet_max(life: Life) -> None:
    for number in range(100, 160):
        life.save(number, "New.md", task(number))
    life.live(160, Waits(quiet=2, quiet_max=30, stamp_after=0, settle=0, absent_delay=5))
    assert 130 <= life.turns[1] <= 131
    assert len(life.turns) <= 3
    assert "Read chapter" in rows(life)


def test_a_storm_of_notes_is_one_cycle(life: Life) -> None:
    for number in range(100):
        life.save(100 + number / 10, f"{number}.md", task(number))
    life.live(118)
    assert [round(turn) for turn in life.turns[1:]] == [112]


def test_a_storm_that_does_not_end_is_served_all_the_same(life: Life) -> None:
    for number in range(900):
        life.save(100 + number / 10, f"{number}.md", task(number))
    life.live(185)
    assert 2 <= len(life.turns[1:]) <= 4
    assert 100 + 30 <= life.turns[1] <= 100 + 33


def test_a_note_that_went_is_missed_after_the_quiet_period(life: Life) -> None:
    def remove() -> None:
        (life.root / "Note.md").unlink()
        life.put("Note.md")

    life.at(100, remove)
    life.live(110)
    assert round(life.turns[1]) == 102


def test_hints_of_what_has_not_changed_do_nothing(life: Life) -> None:
    life.at(100, lambda: life.hints.extend(["Note.md", "Gone.md", ".obsidian/x.md", "a/../../x.md"]))
    life.live(200)
    assert life.turns == [0.0]


def test_a_note_that_comes_back_as_we_wrote_it_is_planned_on(life: Life) -> None:
    note, away = life.root / "Note.md", life.root / "Note.away"
    seen: list[bool] = []

    def move(file: Path, to: Path) -> None:
        file.rename(to)
        life.put("Note.md")

    life.at(100, lambda: move(note, away))
    life.at(120, lambda: move(away, note))
    life.at(119, lambda: seen.append("Mend the sail" in rows(life)))
    life.live(200)
    assert seen == [False]
    assert "Mend the sail" in rows(life)


def test_a_line_copied_with_its_id_gets_one_of_its_own(life: Life) -> None:
    def copy() -> None:
        write(life.root, {"Copy.md": (life.root / "Note.md").read_text()})
        life.put("Copy.md")

    life.at(100, copy)
    life.live(115)
    ids = [(life.root / name).read_text().rpartition("^")[2].strip() for name in ("Note.md", "Copy.md")]
    assert all(each.startswith("t-") for each in ids)
    assert len(set(ids)) == len(ids)


def test_a_doubt_is_a_reason_to_look_at_everything(life: Life) -> None:
    life.at(50, lambda: write(life.root, {"Unseen.md": task(1)}))
    life.doubt(100)
    life.live(103)
    assert [round(look, 1) for look in life.looks] == [100.1]
    assert [round(turn, 1) for turn in life.turns[1:]] == [102.1]


def test_what_no_event_told_of_is_found_by_the_next_full_look(life: Life) -> None:
    life.at(50, lambda: write(life.root, {"Unseen.md": task(1)}))
    life.live(320)
    assert [round(turn) for turn in life.turns[1:]][:1] == [302]


@pytest.mark.parametrize("seconds", [pytest.param(7200, id="a sleep"), pytest.param(-7200, id="a clock set back")])
def test_after_a_gap_in_time_everything_is_looked_at(life: Life, seconds: float) -> None:
    life.at(99, lambda: setattr(life, "slept", seconds))
    life.live(135)
    assert len(life.looks) == 1
    assert life.turns == [0.0]


def test_a_new_day_is_a_reason_to_turn(life: Life) -> None:
    """The life begins at 08:00 UTC."""
    life.live(16 * 3600 + 60)
    assert life.turns == [0.0, pytest.approx(16 * 3600, abs=0.01)]


def test_a_day_begins_in_the_vaults_time_zone(life: Life) -> None:
    write(life.root, {".vaultsync/config.yaml": "timezone: Asia/Tokyo\n"})
    life.live(8 * 3600)
    assert life.turns == [0.0, pytest.approx(7 * 3600, abs=0.01)]


# -- when something is wrong


def test_a_vault_that_goes_and_comes_back_is_left_alone_meanwhile_and_then_looked_at(life: Life) -> None:
    away = life.root.with_name("away")

    def leave() -> None:
        life.root.rename(away)
        life.put(Sign.DOUBT)

    def come_back() -> None:
        write(away, {"Unseen.md": task(1)})
        away.rename(life.root)

    life.at(100, leave)
    life.at(250, lambda: life.put("Note.md"))
    life.at(400, come_back)
    life.live(500)
    assert life.events() == ["halted", "the vault is back", "all right again"]
    assert [turn for turn in life.turns if 100 < turn < 400] == []
    assert len(life.starts) == 2
    assert "Read chapter 1" in rows(life)


def test_an_empty_folder_in_the_vaults_place_is_never_written_to(life: Life) -> None:
    away = life.root.with_name("away")

    def leave() -> None:
        life.root.rename(away)
        life.root.mkdir()

    life.at(100, leave)
    life.live(1000)
    assert life.events() == ["halted"]
    assert list(life.root.iterdir()) == []


def test_a_daemon_that_halts_says_that_it_stands_in_the_way_of_going_on(life: Life) -> None:
    def empty() -> None:
        for note in life.root.rglob("*.md"):
            note.unlink()
        life.put(Sign.DOUBT)

    life.at(100, empty)
    life.live(1000)
    (why,) = [str(said["why"]) for said in life.said if said["event"] == "halted"]
    assert why.endswith("`vaultsync reconcile --force` goes on, once the daemon is stopped")


def test_a_vault_that_goes_in_the_middle_of_a_cycle_gets_no_notes_in_the_folder_that_stays(life: Life) -> None:
    away = life.root.with_name("away")

    def leave(_path: str, _before: str | None, _after: str) -> None:
        if not away.exists():
            life.root.rename(away)
            life.root.mkdir()

    wheel = Wheel(load_settings(life.root), life.state, Clock(), Waits(0, 0, 0, 0, 0))
    with contextlib.suppress(HaltError):
        wheel.turn(tell=leave)
    assert "^t-" in (away / "Note.md").read_text()
    assert list(life.root.iterdir()) == []
    assert life.state.notes == {}


def test_a_vault_put_back_under_another_identity_is_the_vault(life: Life) -> None:
    def replace() -> None:
        shutil.copytree(life.root, life.root.with_name("copy"))
        life.root.rename(life.root.with_name("before"))
        life.root.with_name("copy").rename(life.root)
        write(life.root, {"Unseen.md": task(1)})

    life.at(100, replace)
    life.live(200)
    assert life.events() == ["the vault is back"]
    assert "Read chapter 1" in rows(life)


def test_a_state_that_cannot_be_written_is_told_once_and_tried_later_and_later(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise StateError("state.db: the state can't be written: disk is full")

    monkeypatch.setattr(State, "record", refuse)
    life.live(400)
    assert life.events() == ["cycle failed"]
    assert [round(turn) for turn in life.turns] == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]
    assert not (life.root / ANA).exists()
    assert (life.root / "Note.md").read_text() == "- [ ] Mend the sail @Ana Ruiz\n"


def test_notes_that_cannot_be_written_are_told_once_and_tried_later_and_later(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = vault.create
    refusing = [True]

    def create(root: Path, path: str, content: bytes, *rest: Any) -> None:
        if refusing:
            raise OSError(28, "No space left on device")
        placed(root, path, content, *rest)

    monkeypatch.setattr(vault, "create", create)
    life.at(50, refusing.clear)
    life.live(100)
    assert life.events() == ["can't write; it is tried again", "can write again"]
    assert [said["level"] for said in life.said if said["event"] == "can't write; it is tried again"] == ["error"]
    assert "Mend the sail" in rows(life)


def test_a_config_that_cannot_be_used_is_told_once_while_the_one_before_stays(life: Life) -> None:
    def refuse(_wheel: Wheel) -> None:
        raise ConfigError("config.yaml: ownr: unknown key")

    life.reopen = refuse
    life.at(1200, lambda: setattr(life, "reopen", lambda _wheel: None))
    life.live(2000)
    assert life.events() == ["the config can't be used; the one before stays", "all right again"]


def test_settings_in_the_middle_of_a_save_are_left_until_they_are_quiet(life: Life) -> None:
    reloads: list[float] = []
    life.reopen = lambda _wheel: reloads.append(life.passed)
    for second in (100, 101.5):
        life.at(second, lambda: life.put(Sign.SETTINGS))
    life.live(110)
    assert reloads == [pytest.approx(103.5, abs=0.2)]


def test_a_problem_is_told_once_while_it_lasts(life: Life) -> None:
    def spoil() -> None:
        (life.root / "Bad.md").write_bytes(b"\xff\n")
        life.put("Bad.md")

    life.at(50, spoil)
    life.save(100, "New.md", task(1))
    life.save(200, "Bad.md", "good\n")
    life.at(300, spoil)
    life.live(400)
    assert [said.get("path") for said in life.said if said["event"] == "problem"] == ["Bad.md", "Bad.md"]


def test_a_note_that_is_empty_in_the_middle_of_a_save_is_no_problem(life: Life) -> None:
    life.save(100, "Other.md", task(1))
    life.save(101.9, "Note.md", "")
    life.save(102.5, "Note.md", "- [ ] Mend the sail @Ana Ruiz\n")
    life.save(200, "Note.md", "")
    life.live(210)
    assert 101.9 < life.turns[1] < 102.5
    assert [(said["path"], said["at"]) for said in life.said if said["event"] == "problem"] == [("Note.md", 202)]


@pytest.mark.parametrize("left", [0, 120])
def test_an_index_note_in_the_middle_of_a_save_is_no_problem(life: Life, left: int) -> None:
    texts: list[str] = []

    def save(size: int | None) -> None:
        texts.append(rows(life))
        write(life.root, {ANA: texts[0][:size]})
        life.put(ANA)

    life.save(100, "Other.md", task(1))
    life.at(101.9, lambda: save(left))
    life.at(103, lambda: save(None))
    life.live(120)
    assert 101.9 < life.turns[1] < 103
    assert [said for said in life.said if said["event"] == "problem"] == []


# -- the watcher


def test_a_watcher_that_fails_is_started_again_and_everything_looked_at(life: Life) -> None:
    life.faults = {50: "dead"}
    life.at(61, life.faults.clear)
    life.live(200)
    assert life.events() == ["the watcher failed", "all right again"]
    assert [round(start) for start in life.starts] == [0, 61]
    assert any(60 <= look <= 62 for look in life.looks)


def test_a_watcher_that_cannot_be_kept_alive_ends_the_daemon(life: Life) -> None:
    life.faults = {0: "dead"}
    with pytest.raises(WatchError, match="dead") as ended:
        life.live(3600)
    assert ended.value.exit_code == 3
    assert len(life.starts) == 7


def test_a_vault_that_is_polled_is_looked_at_every_two_seconds(life: Life) -> None:
    life.polling_because = "`watch.polling` is on"
    life.at(50, lambda: write(life.root, {"Unseen.md": task(1)}))
    life.live(60)
    assert len(life.looks) >= 25
    assert 52 <= life.turns[1] <= 56


def test_waits_grow_to_a_minute_and_begin_anew() -> None:
    backoff = Backoff()
    assert [backoff.wait() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.wait() == 1
