from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from vaultsync.errors import LockedError
from vaultsync.reconcile.base import BaseTask, IndexRecord
from vaultsync.storage.lock import vault_lock
from vaultsync.storage.state import JournalEntry, State, StateChanges, StateError, state_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASK = BaseTask("t-aaaaaaaa", "a.md", "- [?] One ^t-aaaaaaaa", frozenset({"due"}), 12.5, {"Tasks/@Ana.md": "- [?] One"})


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State(tmp_path / "state.db")
    yield opened
    opened.close()


def reopened(state: State) -> State:
    state.close()
    return State(state.file)


def test_what_is_saved_is_there_again(state: State) -> None:
    record = IndexRecord("Ana", "1-abc", ("    ↳ due in the note: none",))
    changes = StateChanges(
        base={TASK.key: TASK}, written={"a.md": "d1"}, index_notes={"x.md": record}, ids={"t-aaaaaaaa"}
    )
    state.save(changes)
    again = reopened(state)
    assert (again.base, again.written, again.index_notes, again.ids) == (
        {TASK.key: TASK},
        {"a.md": "d1"},
        {"x.md": record},
        {"t-aaaaaaaa"},
    )
    again.close()


def test_a_forgotten_task_is_gone_with_its_rows_and_its_id_stays_taken(state: State) -> None:
    state.save(StateChanges(base={TASK.key: TASK}, ids={TASK.key}))
    state.save(StateChanges(forgotten={TASK.key}))
    again = reopened(state)
    assert again.base == {}
    assert again.ids == {TASK.key}
    again.close()


def test_the_journal_numbers_its_runs(state: State) -> None:
    assert state.next_run() == 1
    state.record([JournalEntry(1, "2025-11-10T08:00:00+00:00", "a.md", 3, "- [?] One", "- [ ] One", "row")])
    assert state.next_run() == 2


def test_a_save_that_fails_changes_nothing(state: State) -> None:
    state.save(StateChanges(base={TASK.key: TASK}))
    state._connection.execute("pragma query_only = on")
    with pytest.raises(StateError, match="can't be written"):
        state.save(StateChanges(forgotten={TASK.key}))
    assert state.base == {TASK.key: TASK}


def test_a_corrupt_file_is_set_aside_and_another_begun(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"no database at all, but long enough to look like one" * 50)
    state = State(file)
    assert state.base == {}
    assert state.set_aside is not None
    assert state.set_aside.read_bytes().startswith(b"no database")
    state.close()


def test_a_state_of_a_later_version_is_an_error_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with sqlite3.connect(file) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(StateError, match="version 99"):
        State(file)


def test_vaults_of_one_name_have_states_of_their_own(tmp_path: Path) -> None:
    first, second = tmp_path / "x/Notes", tmp_path / "y/Notes"
    assert state_folder(tmp_path, first) != state_folder(tmp_path, second)
    assert state_folder(tmp_path, first) == state_folder(tmp_path, first)
    assert state_folder(tmp_path, first).name.startswith("Notes-")


def test_a_second_holder_of_a_lock_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        vault_lock(tmp_path / "s", tmp_path),
        pytest.raises(LockedError, match="process"),
        vault_lock(tmp_path / "s", tmp_path),
    ):
        pass
    with vault_lock(tmp_path / "s", tmp_path):
        pass
