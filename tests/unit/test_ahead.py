"""Notes brought to the disk together: each is on it before it takes its place, and no failure reaches another."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from system.installed import write

from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.settings import load_settings
from vaultsync.storage import vault
from vaultsync.storage.exchange import exchange
from vaultsync.storage.listing import list_notes
from vaultsync.storage.state import State
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vaultsync.outcome import Outcome

NOTES = {
    f"{folder}/Note {number}.md": f"- [ ] Mend sail {number} @Ana Ruiz\n" for folder in "ab" for number in range(5)
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "vault", NOTES)
    return tmp_path / "vault"


def run(root: Path, stop: Callable[[], bool] = lambda: False) -> Outcome:
    with closing(State(root.parent / "state/state.db")) as state:
        settings = load_settings(root)
        return Wheel(settings, state, Clock(today="2025-11-10"), Waits(0, 0, 0, 0, 0)).turn(stop=stop)


def stamped(root: Path) -> set[str]:
    return {path for path in NOTES if "^t-" in (root / path).read_text()}


def left(root: Path) -> list[str]:
    return list_notes(root, lambda _: True).stale_temps


def test_each_text_is_on_the_disk_before_it_takes_its_place_and_the_folders_follow(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    events: list[str] = []
    sync, sync_folder = os.fsync, vault.sync_folder

    def syncing(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_ino)

    def exchanging(temp: Path, target: Path) -> bool:
        assert temp.stat().st_ino in synced
        events.append(target.relative_to(root).as_posix())
        return exchange(temp, target)

    def following(folder: Path) -> None:
        events.append(folder.name)
        sync_folder(folder)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(vault, "exchange", exchanging)
    monkeypatch.setattr(vault, "sync_folder", following)
    run(root)
    assert events == [*sorted(NOTES), "a", "b", "Tasks"]
    assert stamped(root) == set(NOTES)


def test_a_text_that_the_disk_does_not_take_keeps_its_note_and_the_index_notes_wait(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, fill = os.fsync, vault.filled_temp
    filled: set[int] = set()
    lock, calls = threading.Lock(), 0

    def filling(*args: Any) -> vault.Filled:
        made = fill(*args)
        filled.add(made.descriptor)
        return made

    def failing(descriptor: int) -> None:
        nonlocal calls
        if descriptor in filled:
            with lock:
                calls += 1
                if calls == 3:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    monkeypatch.setattr(vault, "filled_temp", filling)
    outcome = run(root)
    (blocked,) = outcome.blocked
    assert outcome.blocked[blocked] == "Input/output error"
    assert stamped(root) == set(NOTES) - {blocked}
    assert left(root) == []
    run(root)
    assert stamped(root) == set(NOTES)


def test_a_note_that_changes_after_its_text_was_brought_to_the_disk_is_planned_on_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = vault.write
    typed = root / "b/Note 4.md"

    def slower(place: Path, path: str, *rest: Any) -> None:
        if path == "a/Note 0.md" and "Typed" not in typed.read_text():
            typed.write_text(f"{typed.read_text()}\nTyped meanwhile\n")
        usual(place, path, *rest)

    monkeypatch.setattr(vault, "write", slower)
    run(root)
    assert typed.read_text().endswith("\nTyped meanwhile\n")
    assert stamped(root) == set(NOTES)
    assert left(root) == []


def test_a_run_that_is_to_stop_leaves_none_of_the_texts_that_it_brought_to_the_disk(root: Path) -> None:
    run(root, lambda: len(stamped(root)) >= 3)
    assert stamped(root) == set(sorted(NOTES)[:3])
    assert left(root) == []
    assert not (root / "Tasks").exists()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT])
def test_what_lies_in_a_folder_that_the_disk_does_not_take_is_not_agreed_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    sync_folder = vault.sync_folder
    refusals = [OSError(number, os.strerror(number))]

    def failing(folder: Path) -> None:
        if folder.name == "b" and refusals:
            raise refusals.pop()
        sync_folder(folder)

    monkeypatch.setattr(vault, "sync_folder", failing)
    outcome = run(root)
    refused = {path for path in NOTES if path.startswith("b/")}
    if number == errno.EIO:
        assert outcome.blocked == dict.fromkeys(refused, "Input/output error")
        assert set(NOTES) - outcome.written == refused
    run(root)
    with closing(State(root.parent / "state/state.db")) as state:
        assert {task.path for task in state.base.values()} == set(NOTES)
    rows = (root / "Tasks/@Ana Ruiz.md").read_text()
    assert all(f"Mend sail {each}" in rows for each in range(5))
