"""The state of one vault in SQLite: the base, what we last wrote, the ids ever given, and the journal (`journal`).

The state lies outside of the vault and can be lost: it is then rebuilt from the vault, and nothing is deleted or
overwritten for want of it. What the records mean is decided in the reconcile room.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.errors import StateError
from vaultsync.model import Problem
from vaultsync.reconcile.base import BaseTask, IndexRecord
from vaultsync.reconcile.records import Records
from vaultsync.storage import vault
from vaultsync.storage.damage import OnDamage, is_damage, set_aside, told, unreadable
from vaultsync.storage.journal import (
    FROM_VERSION_1,
    JOURNAL_SCHEMA,
    SCHEMA_VERSION,
    RunEnd,
    RunStart,
    begin_run,
    end_run,
    prune_runs,
    read_edits,
    read_runs,
    require_version,
)
from vaultsync.storage.kept import KEPT_SCHEMA, end_kept, load_kept, save_kept
from vaultsync.storage.records import load_base, words
from vaultsync.storage.rest import REST_SCHEMA, end_rest, save_rest
from vaultsync.storage.seen import SEEN_SCHEMA, load_marks, load_notes, save_mark, save_notes, texts

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, MutableMapping, Sequence

    from vaultsync.reconcile.made_edit import MadeEdit
    from vaultsync.storage.journal import Run
    from vaultsync.storage.kept import KeptRecord
    from vaultsync.storage.rest import RestRecord

__all__ = ["State", "StateChanges", "StateError"]

_SCHEMA = (
    """create table if not exists base (
        key text primary key, path text not null, line text not null, conflicts text not null, missing_since real
    ) without rowid""",
    """create table if not exists rows (
        key text not null, note text not null, text text not null, primary key (key, note)
    ) without rowid""",
    """create table if not exists former_rows (
        key text not null, place integer not null, text text not null, primary key (key, place)
    ) without rowid""",
    "create table if not exists written (path text primary key, digest text not null) without rowid",
    """create table if not exists index_notes (
        path text primary key, person text not null, layout text not null, remarks text not null
    ) without rowid""",
    "create table if not exists told (problem text primary key) without rowid",
    "create table if not exists ids (id text primary key) without rowid",
    *JOURNAL_SCHEMA,
    *SEEN_SCHEMA,
    REST_SCHEMA,
    KEPT_SCHEMA,
)
_IN_MEMORY = ":memory:"


@dataclass(slots=True)
class StateChanges:
    """What one cycle agreed on, saved together or not at all."""

    base: MutableMapping[str, BaseTask] = field(default_factory=Records)
    forgotten: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)  # path -> digest
    index_notes: dict[str, IndexRecord] = field(default_factory=dict)
    index_notes_gone: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    ended: RunEnd | None = None

    def __bool__(self) -> bool:
        records = (self.base, self.forgotten, self.written, self.index_notes, self.index_notes_gone, self.ids)
        return self.ended is not None or any(records)


class State:
    """The open state of one vault. The loaded records are kept in memory and follow what is saved."""

    def __init__(self, file: Path, on_damage: OnDamage = OnDamage.REFUSE) -> None:
        """Open a state, or begin one. Raises StateError; DamagedStateError where a damaged one is refused."""
        self.file = file
        self.damage: Problem | None = None  # what was found of a damaged state, and what became of it
        self.touched_tasks: set[str] = set()  # keys of records that were saved since somebody emptied this
        self.touched_index_notes: set[str] = set()  # the same by path
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._open(file)
        except OSError as error:
            raise StateError(f"{file}: the state folder can't be used: {error.strerror}; set --state-dir") from error
        except (sqlite3.Error, ValueError, TypeError) as error:
            if not is_damage(error):
                raise _unusable(file, error) from error
            self._begin_anew(error, on_damage)

    def _begin_anew(self, error: Exception, on_damage: OnDamage) -> None:
        match on_damage:
            case OnDamage.REFUSE:
                raise unreadable(self.file, error) from error
            case OnDamage.STAND_IN:
                what = f"the state is damaged ({told(error)}): a cycle sets it aside and rebuilds it"
                self.damage = Problem(str(self.file), None, what)
                self._open(_IN_MEMORY)
            case OnDamage.SET_ASIDE:
                kept = set_aside(self.file)
                what = f"the state was damaged ({told(error)}): set aside here, and rebuilt"
                self.damage = Problem(str(kept), None, what)
                self._open(self.file)

    def _open(self, file: Path | str) -> None:
        self._connection = _open(file)
        self._identity = _identity_of(file) if isinstance(file, Path) else None
        try:
            _require_whole(self._connection)
            self._load()
        except BaseException:
            self._connection.close()
            raise

    def _load(self) -> None:
        self.base: MutableMapping[str, BaseTask] = load_base(self._connection)
        self.written: dict[str, str] = dict(texts(self._connection, "select path, digest from written"))
        self.index_notes = {
            path: IndexRecord(person, layout, tuple(words(remarks)))
            for path, person, layout, remarks in texts(
                self._connection, "select path, person, layout, remarks from index_notes"
            )
        }
        self.ids: set[str] = {name for (name,) in texts(self._connection, "select id from ids")}
        self.notes = load_notes(self._connection)
        self.marks = load_marks(self._connection)

    def first_time(self, problems: Sequence[str]) -> list[str]:
        """Return those that were never told before, and remember that they are told now."""
        with self._writing() as connection:
            return [
                problem
                for problem in problems
                if connection.execute("insert or ignore into told values (?)", (problem,)).rowcount == 1
            ]

    def remember_notes(self, notes: Mapping[str, str | None]) -> None:
        """Keep the digests of these notes, None for one that is gone, for the next turn to compare with."""
        changed = {path: digest for path, digest in notes.items() if self.notes.get(path) != digest}
        if not changed:
            return
        with self._writing() as connection:
            save_notes(connection, changed)
        for path, digest in changed.items():
            if digest is None:
                del self.notes[path]
            else:
                self.notes[path] = digest

    def mark(self, name: str) -> None:
        """Set a mark of this replica, for good."""
        if name not in self.marks:
            with self._writing() as connection:
                save_mark(connection, name)
            self.marks.add(name)

    def leave(self, rest: RestRecord | None, kept: KeptRecord | None) -> None:
        """Keep, until anything else is written, what a cycle said that found nothing to do, and what is `kept`."""
        with self._writing() as connection:
            if rest is not None:
                save_rest(connection, rest)
            if kept is not None:
                save_kept(connection, kept)

    def kept(self) -> KeptRecord | None:
        """Return what was left of what is kept, if nothing else was written since."""
        with self._reading() as connection:
            return load_kept(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def record(self, start: RunStart, edits: Sequence[MadeEdit]) -> int:
        """Write a run into the journal, before any file changes; return its number, to be ended when saving."""
        with self._writing() as connection:
            return begin_run(connection, start, edits)

    def runs(self) -> list[Run]:
        """Return the runs of the journal, the newest first."""
        with self._reading() as connection:
            return read_runs(connection)

    def edits_of(self, run: int) -> list[MadeEdit]:
        """Return the edits of a run in their order."""
        with self._reading() as connection:
            return read_edits(connection, run)

    def prune(self, before: dt.datetime) -> None:
        """Forget the runs that began before a moment; the ids that they gave stay taken."""
        with self._writing() as connection:
            prune_runs(connection, before)

    def save(self, changes: StateChanges) -> None:
        """Save what a cycle agreed on in one transaction; to be called after the files have changed."""
        if not changes:
            return
        with self._writing() as connection:
            gone = [(key,) for key in changes.forgotten | changes.base.keys()]
            connection.executemany("delete from base where key = ?", gone)
            connection.executemany("delete from rows where key = ?", gone)
            connection.executemany("delete from former_rows where key = ?", gone)
            connection.executemany(
                "insert into base values (?, ?, ?, ?, ?)",
                (
                    (task.key, task.path, task.line, json.dumps(sorted(task.conflicts)), task.missing_since)
                    for task in changes.base.values()
                ),
            )
            connection.executemany(
                "insert into rows values (?, ?, ?)",
                ((task.key, note, text) for task in changes.base.values() for note, text in task.rows.items()),
            )
            connection.executemany(
                "insert into former_rows values (?, ?, ?)",
                ((task.key, *former) for task in changes.base.values() for former in enumerate(task.former)),
            )
            connection.executemany("insert or replace into written values (?, ?)", changes.written.items())
            connection.executemany(
                "delete from index_notes where path = ?", [(path,) for path in changes.index_notes_gone]
            )
            connection.executemany(
                "insert or replace into index_notes values (?, ?, ?, ?)",
                [
                    (path, record.person, record.layout, json.dumps(record.remarks, ensure_ascii=False))
                    for path, record in changes.index_notes.items()
                ],
            )
            ids = changes.ids | (end_run(connection, changes.ended) if changes.ended else set())
            connection.executemany("insert or ignore into ids values (?)", [(name,) for name in ids])
        self.touched_tasks |= changes.forgotten | changes.base.keys()
        self.touched_index_notes |= changes.index_notes_gone | changes.index_notes.keys()
        for key in changes.forgotten:
            self.base.pop(key, None)
        self.base.update(changes.base)
        self.written.update(changes.written)
        for path in changes.index_notes_gone:
            self.index_notes.pop(path, None)
        self.index_notes.update(changes.index_notes)
        self.ids |= ids

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise StateError(f"{self.file}: the state can't be read: {error}; nothing more is changed") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            is_ours = self._identity is None or _identity_of(self.file) == self._identity
        except OSError as error:
            raise _unusable(self.file, error) from error
        if not is_ours:
            why = "was deleted or replaced while it was open; nothing more is changed; start vaultsync again"
            raise StateError(f"{self.file}: the state {why}")
        try:
            with self._connection:
                end_rest(self._connection)
                end_kept(self._connection)
                yield self._connection
        except sqlite3.Error as error:
            raise _unusable(self.file, error) from error


def _identity_of(file: Path) -> tuple[int, int] | None:
    """Return the identity of a file, None if there is none: then SQLite goes on writing where nobody finds it."""
    try:
        return vault.identity_of(file)
    except FileNotFoundError:
        return None


def _open(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=10, check_same_thread=False)
    try:
        require_version(_version(connection), file)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        _bring_up(connection, file)
        connection.execute("select count(*) from base").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, file: Path | str) -> None:
    """Give the state the tables of this version, keeping all records; another who opens it meanwhile waits."""
    if _version(connection) == SCHEMA_VERSION:
        return
    connection.execute("begin immediate")
    with connection:
        found = _version(connection)
        require_version(found, file)
        for statement in (*(FROM_VERSION_1 if found == 1 else ()), *_SCHEMA):
            connection.execute(statement)
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("pragma user_version").fetchone()
    return int(found)


def _require_whole(connection: sqlite3.Connection) -> None:
    """Read every page. Raises sqlite3.DatabaseError where the file is no longer what SQLite wrote."""
    (found,) = connection.execute("pragma quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _unusable(file: Path, error: Exception) -> StateError:
    return StateError(f"{file}: the state can't be written: {error}; nothing more is changed")
