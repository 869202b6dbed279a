"""Reading many notes at once: the same as one by one, whatever becomes of the processes that help."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from vaultsync import read_ahead, scan
from vaultsync.clock import Clock
from vaultsync.read_ahead import Work, read_many, read_note
from vaultsync.scan import Scanner
from vaultsync.settings import load_settings

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from vaultsync.tasks.note import Note

PATIENCE = 60  # seconds


@pytest.fixture
def work(tmp_path: Path) -> Work:
    root = tmp_path / "vault"
    (root / "Tasks").mkdir(parents=True)
    for number in range(40):
        text = f"---\ndate: 2025-03-{number % 28 + 1:02}\nparticipants: [Ana Ruiz]\n---\n# Week {number}\n\n"
        text += f"- [?] Count the chairs of room {number} @Ana Ruiz 📅 2025-04-01 ^t-abcd{number:04}\n- [ ] And so on\n"
        (root / f"{number}.md").write_text(text)
    (root / "broken.md").write_bytes(b"- [ ] \xff\n")
    (root / "off.md").write_text("---\nvaultsync: false\n---\n- [ ] mine\n")
    (root / "Tasks" / "@Ana Ruiz.md").write_text("%% vaultsync:begin 1 %%\n%% vaultsync:end %%\n")
    return Work(root, load_settings(root).rules)


def sizes(work: Work) -> dict[str, int]:
    found = sorted(work.root.rglob("*.md"))
    return {file.relative_to(work.root).as_posix(): file.stat().st_size for file in found}


def one_by_one(work: Work) -> dict[str, Note]:
    read = {path: read_note(path, size, work) for path, size in sizes(work).items()}
    return {path: note for path, note in read.items() if note is not None}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "_CHUNK", 400)
    monkeypatch.setattr(read_ahead, "_cores", lambda: 3)


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    started: list[subprocess.Popen[bytes]] = []
    start = read_ahead._helpers

    def remembered(count: int) -> Iterator[subprocess.Popen[bytes]]:
        for each in start(count):
            started.append(each)
            yield each

    monkeypatch.setattr(read_ahead, "_helpers", remembered)
    return started


def test_what_helpers_read_is_what_this_process_reads(work: Work) -> None:
    (helper,) = read_ahead._helpers(1)
    assert helper.stdin
    assert helper.stdout
    found: dict[str, Note] = {}
    with helper:
        read_ahead._feed(helper.stdin, helper.stdout, deque(read_ahead._chunks(sizes(work))), work, found)
    assert found == one_by_one(work)
    assert [task.line.text for task in found["7.md"].tasks] == [
        "- [?] Count the chairs of room 7 @Ana Ruiz 📅 2025-04-01 ^t-abcd0007",
        "- [ ] And so on",
    ]
    assert found["broken.md"].held
    assert found["Tasks/@Ana Ruiz.md"].regions


def test_all_notes_are_read_that_are_there(work: Work, helpers: list[subprocess.Popen[bytes]]) -> None:
    counts: list[int] = []
    assert read_many({**sizes(work), "gone.md": 5}, work, counts.append) == one_by_one(work)
    assert counts == sorted(counts)
    assert len(helpers) == 2
    assert all(each.poll() is not None for each in helpers)


@pytest.mark.parametrize(
    "command",
    [("-c", "pass"), ("-c", "print('no pickle', flush=True)"), ("-c", read_ahead._COMMAND[3], "another shape")],
)
def test_helpers_that_fail_leave_nothing_unread(
    work: Work, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(read_ahead, "_COMMAND", (sys.executable, *command))
    monkeypatch.setattr(scan, "ENOUGH", 0)
    scanner = Scanner(load_settings(work.root), Clock(), {})
    scanner.scan_all()
    assert scanner.notes == one_by_one(work)


def test_a_helper_of_another_version_reads_nothing(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "_COMMAND", (*read_ahead._COMMAND[:-1], "another shape"))
    (helper,) = read_ahead._helpers(1)
    found: dict[str, Note] = {}
    with helper:
        read_ahead._feed(helper.stdin, helper.stdout, deque(read_ahead._chunks(sizes(work))), work, found)  # type: ignore[arg-type]
    assert found == {}


def test_notes_count_as_read_when_reading_began(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "ENOUGH", 0)
    note = work.root / "7.md"
    now = note.stat().st_mtime + 1.0  # too soon to trust its stamp

    def slowly(*args: Any) -> dict[str, Note]:
        nonlocal now
        now += 60.0
        return read_many(*args)

    monkeypatch.setattr(scan, "read_many", slowly)
    scanner = Scanner(load_settings(work.root), Clock(now=lambda: now), {})
    scanner.scan_all()
    assert "7.md" in scanner.fresh()


def test_without_another_process_all_is_read(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "_COMMAND", (str(work.root / "no such program"),))
    assert read_many(sizes(work), work, lambda _done: None) == one_by_one(work)


def test_broken_off_it_leaves_no_process(work: Work, helpers: list[subprocess.Popen[bytes]]) -> None:
    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_many(sizes(work), work, stop)
    assert helpers
    assert all(each.poll() is not None for each in helpers)


def test_a_helper_ends_with_the_process_that_it_helps() -> None:
    (helper,) = read_ahead._helpers(1)
    with helper:
        assert helper.stdin
        helper.stdin.close()
        assert helper.wait(PATIENCE) == 0


def test_modules_in_the_vault_are_not_loaded(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pickle", "yaml", "mistune"):
        (work.root / f"{name}.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(work.root)
    test_what_helpers_read_is_what_this_process_reads(work)


def test_a_scan_is_the_same_with_helpers_and_without(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, helped = (Scanner(load_settings(work.root), Clock(), {}) for _ in range(2))
    alone.scan_all()
    monkeypatch.setattr(scan, "ENOUGH", 0)
    shown: list[tuple[int, int]] = []
    helped.scan_all(lambda done, total: shown.append((done, total)))
    assert helped.notes == alone.notes
    assert helped.touched == alone.touched
    assert helped.fresh() == alone.fresh()
    assert shown == sorted(shown)
    assert shown[-1] == (len(alone.notes), len(alone.notes))
