from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vaultsync.errors import DamagedStateError, LockedError
from vaultsync.reconcile.base import BaseTask, IndexRecord
from vaultsync.reconcile.made_edit import Around, MadeEdit
from vaultsync.storage.damage import OnDamage
from vaultsync.storage.folder import state_folder
from vaultsync.storage.journal import SCHEMA_VERSION, RunEnd, RunStart, read_runs, reading
from vaultsync.storage.kept import KeptRecord
from vaultsync.storage.lock import vault_lock
from vaultsync.storage.rest import RestRecord, read_rest
from vaultsync.storage.state import State, StateChanges, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


KEPT = KeptRecord(mark="00", day="2025-11-10", digest="00", tasks=frozenset({"t-aaaaaaaa"}))
START = RunStart("2025-11-10T08:00:00+00:00", "set")
ACCEPTED = MadeEdit("a.md", 3, ("- [?] One ^t-aaaaaaaa",), ("- [ ] One ^t-aaaaaaaa",), "row")
REMOVED = MadeEdit(
    "b.md", 1, ("- [ ] Two 🏁 delete",), (), "on completion", Around((), ("\t- sub",), ("- sub",), ("", "x"))
)


def test_the_journal_tells_what_was_recorded_the_newest_run_first(state: State) -> None:
    assert state.record(START, [ACCEPTED, REMOVED]) == 1
    assert state.record(RunStart("2025-11-11T08:00:00+00:00", "undo", 1), [ACCEPTED]) == 2
    newest, oldest = reopened(state).runs()
    assert (newest.number, newest.command, newest.undoes, newest.ended) == (2, "undo", 1, False)
    assert (oldest.number, oldest.at, oldest.command, oldest.undoes) == (1, START.at, "set", None)
    again = reopened(state)
    assert again.edits_of(1) == [ACCEPTED, REMOVED]
    again.close()


def test_a_run_that_ends_says_which_of_its_edits_landed_and_keeps_only_their_ids(state: State) -> None:
    other = replace(ACCEPTED, path="c.md", after=("- [ ] Three ^t-cccccccc",))
    run = state.record(START, [ACCEPTED, other])
    state.save(StateChanges(ended=RunEnd(run, (True, False))))
    assert [edit.landed for edit in state.edits_of(run)] == [True, False]
    assert state.runs()[0].ended
    assert state.ids == {"t-aaaaaaaa"}


def test_a_run_without_edits_leaves_nothing_in_the_journal(state: State) -> None:
    state.save(StateChanges(ended=RunEnd(state.record(START, []), ())))
    assert state.runs() == []


def test_a_run_is_undone_by_an_undo_that_landed_wholly_and_stands(state: State) -> None:
    def run(undoes: int | None, landed: tuple[bool, ...]) -> int:
        number = state.record(RunStart(START.at, "undo" if undoes else "set", undoes), [ACCEPTED] * len(landed))
        state.save(StateChanges(ended=RunEnd(number, landed)))
        return number

    def undone_by() -> dict[int, int | None]:
        return {each.number: each.undone_by for each in state.runs()}

    first = run(None, (True, True))
    run(first, (True, False))
    assert undone_by()[first] is None
    whole = run(first, (True,))
    assert undone_by()[first] == whole
    redone = run(whole, (True,))
    assert (undone_by()[first], undone_by()[whole]) == (None, redone)


def test_old_runs_are_forgotten_their_ids_stay_taken_and_the_count_goes_on(state: State) -> None:
    for at in ("2024-01-01T00:00:00+02:00", "2025-11-10T06:00:00-02:00", "2025-11-10T09:30:00+01:00"):
        state.save(StateChanges(ended=RunEnd(state.record(RunStart(at, "run"), [ACCEPTED]), (True,))))
    state.prune(dt.datetime(2025, 11, 10, 7, 45, tzinfo=dt.UTC))
    assert [run.number for run in state.runs()] == [3, 2]
    state.prune(dt.datetime(2025, 11, 10, 8, 15, tzinfo=dt.UTC))
    assert [run.number for run in state.runs()] == [3]
    state.prune(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    assert [run.number for run in state.runs()] == [3]
    assert state.edits_of(1) == []
    assert state.ids == {"t-aaaaaaaa"}
    assert state.record(START, [ACCEPTED]) == 4


@pytest.mark.parametrize(
    "write",
    [
        lambda state: state.save(StateChanges(ids={"t-aaaaaaaa"})),
        lambda state: state.save(StateChanges(written={"a.md": "00"})),
        lambda state: state.record(START, [ACCEPTED]),
        lambda state: state.remember_notes({"a.md": "00"}),
        lambda state: state.first_time(["a.md: odd"]),
        lambda state: state.mark("arrived"),
        lambda state: state.prune(dt.datetime(2025, 1, 1, tzinfo=dt.UTC)),
    ],
)
def test_whatever_is_written_ends_what_was_left_for_the_next_process(
    state: State, write: Callable[[State], object]
) -> None:
    record = RestRecord(mark="00", fresh={}, notes=1, tasks=0, people=0, index_notes=(), conflicts=(), problems=())
    state.leave(record, KEPT)
    assert read_rest(state.file) == record
    assert state.kept() == KEPT
    write(state)
    assert read_rest(state.file) is None
    assert state.kept() is None


def test_a_later_record_of_rest_takes_the_place_of_the_one_before(state: State) -> None:
    record = RestRecord(mark="00", fresh={}, notes=1, tasks=0, people=0, index_notes=(), conflicts=(), problems=())
    state.leave(record, KEPT)
    state.leave(record.model_copy(update={"notes": 2}), None)
    assert state.kept() is None
    read = read_rest(state.file)
    assert read is not None
    assert read.notes == 2


def test_of_a_state_that_is_no_state_there_is_no_record_of_rest(tmp_path: Path) -> None:
    assert read_rest(tmp_path / "none.db") is None
    (tmp_path / "junk.db").write_bytes(b"junk" * 500)
    assert read_rest(tmp_path / "junk.db") is None


VERSION_1 = """
create table base (
    key text primary key, path text not null, line text not null, conflicts text not null, missing_since real
) without rowid;
create table rows (key text not null, note text not null, text text not null, primary key (key, note)) without rowid;
create table written (path text primary key, digest text not null) without rowid;
create table index_notes (
    path text primary key, person text not null, layout text not null, remarks text not null
) without rowid;
create table told (problem text primary key) without rowid;
create table ids (id text primary key) without rowid;
create table journal (
    n integer primary key, run integer not null, at text not null, path text not null,
    line integer not null, before text not null, after text, why text not null
);
insert into base values ('t-aaaaaaaa', 'a.md', '- [?] One ^t-aaaaaaaa', '["due"]', 12.5);
insert into rows values ('t-aaaaaaaa', 'Tasks/@Ana.md', '- [?] One');
insert into written values ('a.md', 'd1');
insert into index_notes values ('x.md', 'Ana', '1-abc', '[]');
insert into ids values ('t-aaaaaaaa');
insert into journal values (1, 4, '2025-11-10T08:00:00+00:00', 'a.md', 3, '- [x] One', 'two
lines', 'recurrence');
insert into journal values (2, 4, '2025-11-10T08:00:00+00:00', 'a.md', 9, '- [x] Two', null, 'on completion');
insert into journal values (3, 5, '2025-11-11T08:00:00+00:00', 'b.md', 1, '- [?] x', '- [?] x ^t-bbbbbbbb', 'id');
pragma user_version = 1;
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.db"
    connection = sqlite3.connect(file)
    connection.execute("pragma journal_mode = wal")
    connection.executescript(VERSION_1)
    connection.close()
    return file


def test_a_state_of_version_1_is_brought_up_with_all_its_records(old: Path) -> None:
    for _ in range(2):
        state = State(old)
        assert state.base == {TASK.key: TASK}
        assert (state.written, state.ids) == ({"a.md": "d1"}, {"t-aaaaaaaa"})
        assert state.index_notes == {"x.md": IndexRecord("Ana", "1-abc")}
        told = [(run.number, run.at, run.command, run.ended) for run in state.runs()]
        assert told == [
            (5, "2025-11-11T08:00:00+00:00", "unknown", True),
            (4, "2025-11-10T08:00:00+00:00", "unknown", True),
        ]
        assert state.edits_of(4) == [
            MadeEdit("a.md", 3, ("- [x] One",), ("two", "lines"), "recurrence"),
            MadeEdit("a.md", 9, ("- [x] Two",), (), "on completion"),
        ]
        assert state._connection.execute("pragma user_version").fetchone() == (SCHEMA_VERSION,)
        state.close()


def test_reading_the_journal_of_a_version_1_state_leaves_the_file_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    with reading(old) as connection:
        assert [run.number for run in read_runs(connection)] == [5, 4]
    assert old.read_bytes() == before


def test_a_state_that_the_system_does_not_let_open_is_an_error_and_not_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.db"
    State(file).close()
    before = file.read_bytes()

    def refusing(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(State, "_load", refusing)
    with pytest.raises(StateError, match="disk I/O error"):
        State(file)
    assert file.read_bytes() == before
    assert list(tmp_path.glob("*.corrupt-*")) == []


def test_a_file_that_turns_out_damaged_when_it_is_read_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    state = State(file)
    state.save(StateChanges(base={str(n): replace(TASK, key=str(n)) for n in range(500)}))
    state.close()
    pages = file.read_bytes()
    file.write_bytes(pages[: 4096 * 12] + b"\xff" * (len(pages) - 4096 * 12))
    state = State(file, OnDamage.SET_ASIDE)
    assert state.damage is not None
    assert state.base == {}
    state.close()


def test_a_save_that_fails_changes_nothing(state: State) -> None:
    state.save(StateChanges(base={TASK.key: TASK}))
    state._connection.execute("pragma query_only = on")
    with pytest.raises(StateError, match="can't be written"):
        state.save(StateChanges(forgotten={TASK.key}))
    assert state.base == {TASK.key: TASK}


@pytest.mark.parametrize("comes_another", [True, False])
def test_a_state_that_is_no_longer_there_is_not_written_to(state: State, *, comes_another: bool) -> None:
    state.file.unlink()
    if comes_another:
        State(state.file).close()
    with pytest.raises(StateError, match="deleted or replaced"):
        state.save(StateChanges(ids={"t-aaaaaaaa"}))


def test_a_corrupt_file_is_set_aside_and_another_begun(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"no database at all, but long enough to look like one" * 50)
    state = State(file, OnDamage.SET_ASIDE)
    assert state.base == {}
    assert state.damage is not None
    assert Path(state.damage.path).read_bytes().startswith(b"no database")
    state.close()


def test_a_corrupt_file_stays_as_it_is_for_who_may_not_set_it_aside(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"no database at all, but long enough to look like one" * 50)
    before = file.read_bytes()
    with pytest.raises(DamagedStateError, match=r"state\.db: the state is damaged.*`vaultsync reconcile`"):
        State(file)
    state = State(file, OnDamage.STAND_IN)
    state.save(StateChanges(base={TASK.key: TASK}))
    state.close()
    assert state.damage is not None
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("state.db", before)]


def test_a_state_that_somebody_is_just_making_has_an_empty_journal(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.touch()
    with reading(file) as connection:
        assert read_runs(connection) == []
    assert file.read_bytes() == b""


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
