"""The record that `status` reads: small, whole, and readable whoever wrote it."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vaultsync.storage.heartbeat import (
    DAEMON_FILE,
    TURNS_FILE,
    Heartbeat,
    ProblemRecord,
    TurnRecord,
    daemon_begins,
    daemon_ends,
    is_running,
    lives,
    read_daemon,
    read_turns,
)

if TYPE_CHECKING:
    from pathlib import Path

BEGUN = dt.datetime(2025, 11, 8, 9, 0, tzinfo=dt.UTC)


def turn(seconds_later: float = 0.0, *, written: int = 0, problems: int = 0) -> TurnRecord:
    at = BEGUN + dt.timedelta(seconds=seconds_later)
    return TurnRecord(at=at, command="run", seconds=0.1, written=written, problems=problems)


def last_at(folder: Path) -> float:
    last = read_turns(folder).last
    assert last is not None
    return (last.at - BEGUN).total_seconds()


def test_a_turn_that_says_nothing_new_is_written_once_a_minute_at_the_most(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path)
    heartbeat.beat(turn())
    heartbeat.beat(turn(59))
    assert last_at(tmp_path) == 0
    heartbeat.beat(turn(60))
    assert last_at(tmp_path) == 60


@pytest.mark.parametrize("news", [{"written": 1}, {"problems": 1}], ids=["a written note", "a problem"])
def test_news_are_written_at_once(tmp_path: Path, news: dict[str, int]) -> None:
    heartbeat = Heartbeat(tmp_path)
    heartbeat.beat(turn())
    heartbeat.beat(turn(1, **news))
    assert last_at(tmp_path) == 1


def test_each_turn_that_writes_is_recorded_though_its_counts_are_alike(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path)
    heartbeat.beat(turn(written=1))
    heartbeat.beat(turn(1, written=1))
    heartbeat.beat(turn(2))
    found = read_turns(tmp_path)
    assert (found.last, found.wrote) == (turn(2), turn(1, written=1))


def test_a_clock_put_back_does_not_silence_the_record(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path)
    heartbeat.beat(turn())
    heartbeat.beat(turn(-3600))
    assert last_at(tmp_path) == -3600


def test_a_failed_turn_keeps_what_is_known_of_the_vault(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path)
    heartbeat.beat(turn(written=2, problems=3))
    heartbeat.miss(BEGUN, "run", 0.2, "half of it is gone")
    last = read_turns(tmp_path).last
    assert last is not None
    assert (last.failed, last.problems, last.written) == ("half of it is gone", 3, 0)


def test_the_record_of_a_later_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    later = {"last": {"at": "2030-01-01T00:00:00Z", "command": "run", "seconds": 1, "mood": "calm"}, "format": 9}
    (tmp_path / TURNS_FILE).write_text(json.dumps(later))
    last = read_turns(tmp_path).last
    assert last is not None
    assert (last.command, last.notes) == ("run", 0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"last": 3}'])
def test_a_record_that_cannot_be_read_is_done_without(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TURNS_FILE).write_bytes(content)
    (tmp_path / DAEMON_FILE).write_bytes(content)
    assert read_turns(tmp_path).last is None
    assert read_daemon(tmp_path) is None
    Heartbeat(tmp_path).beat(turn())
    assert last_at(tmp_path) == 0


def test_a_folder_that_cannot_be_written_fails_no_turn(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Heartbeat(tmp_path / "file").beat(turn())


def test_the_bytes_of_an_odd_file_name_are_spelt_out(tmp_path: Path) -> None:
    odd = turn().model_copy(update={"first_problems": (ProblemRecord(path="a\udcff.md", what="x"),), "problems": 1})
    Heartbeat(tmp_path).beat(odd)
    last = read_turns(tmp_path).last
    assert last is not None
    assert last.first_problems[0].path == "a\\udcff.md"


def test_a_daemon_is_known_as_alive_until_it_ends(tmp_path: Path) -> None:
    daemon_begins(tmp_path, BEGUN.timestamp(), "there is no inotify")
    found = read_daemon(tmp_path)
    assert found is not None
    assert (found.pid, found.since, found.watching, lives(found)) == (os.getpid(), BEGUN, "polling", True)
    daemon_ends(tmp_path)
    assert read_daemon(tmp_path) is None


def test_a_later_process_of_the_same_number_is_not_the_daemon(tmp_path: Path) -> None:
    daemon_begins(tmp_path, 0, None)
    found = read_daemon(tmp_path)
    assert found is not None
    assert not lives(found.model_copy(update={"born": "another boot:1"}))


def test_a_daemon_of_another_machine_cannot_be_looked_at(tmp_path: Path) -> None:
    daemon_begins(tmp_path, 0, None)
    found = read_daemon(tmp_path)
    assert found is not None
    assert lives(found.model_copy(update={"host": "elsewhere"})) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what waits for its parent is told by /proc")
def test_a_process_that_ended_and_waits_for_its_parent_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not is_running(child.pid)
