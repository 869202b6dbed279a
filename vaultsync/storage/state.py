"""The state of one vault in SQLite: the base, what we last wrote, the ids ever given, and the journal of edits.

The state lies outside of the vault and can be lost: it is then rebuilt from the vault, and nothing is deleted or
overwritten for want of it. What the records mean is decided in the reconcile room.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.errors import VaultsyncError
from vaultsync.reconcile.base import BaseTask, IndexRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SCHEMA_VERSION = 1
_SCHEMA = """
create table if not exists base (
    key text primary key, path text not null, line text not null, conflicts text not null, missing_since real
) without rowid;
create table if not exists rows (
    key text not null, note text not null, text text not null, primary key (key, note)
) without rowid;
create table if not exists former_rows (
    key text not null, place integer not null, text text not null, primary key (key, place)
) without rowid;
create table if not exists written (path text primary key, digest text not null) without rowid;
create table if not exists index_notes (
    path text primary key, person text not null, layout text not null, remarks text not null
) without rowid;
create table if not exists told (problem text primary key) without rowid;
create table if not exists ids (id text primary key) without rowid;
create table if not exists journal (
    n integer primary key, run integer not null, at text not null, path text not null,
    line integer not null, before text not null, after text, why text not null
);
"""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One edit of a note: `after` is None for a line that was removed; `at` is an ISO time with its zone."""

    run: int
    at: str
    path: str
    line: int
    before: str
    after: str | None
    why: str


@dataclass(slots=True)
class StateChanges:
    """What one cycle agreed on, saved together or not at all."""

    base: dict[str, BaseTask] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)  # path -> digest
    index_notes: dict[str, IndexRecord] = field(default_factory=dict)
    index_notes_gone: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(
            self.base or self.forgotten or self.written or self.index_notes or self.index_notes_gone or self.ids
        )


class StateError(VaultsyncError):
    """The state can't be kept; without it nothing is written."""


class State:
    """The open state of one vault. The loaded records are kept in memory and follow what is saved."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set_aside: Path | None = None  # where a corrupt predecessor went
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = _open(file)
        except sqlite3.DatabaseError:
            self.set_aside = _set_aside(file)
            self._connection = _open(file)
        except OSError as error:
            raise StateError(f"{file}: the state folder can't be used: {error.strerror}; set --state-dir") from error
        self.base: dict[str, BaseTask] = _load_base(self._connection)
        self.written: dict[str, str] = dict(self._connection.execute("select path, digest from written"))
        self.index_notes = {
            path: IndexRecord(person, layout, tuple(json.loads(remarks)))
            for path, person, layout, remarks in self._connection.execute(
                "select path, person, layout, remarks from index_notes"
            )
        }
        self.ids: set[str] = {name for (name,) in self._connection.execute("select id from ids")}

    def first_time(self, problems: Sequence[str]) -> list[str]:
        """Return those that were never told before, and remember that they are told now."""
        with self._writing() as connection:
            return [
                problem
                for problem in problems
                if connection.execute("insert or ignore into told values (?)", (problem,)).rowcount == 1
            ]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def next_run(self) -> int:
        """Return the number of a run that begins."""
        (last,) = self._connection.execute("select coalesce(max(run), 0) from journal").fetchone()
        return int(last) + 1

    def record(self, entries: Iterable[JournalEntry]) -> None:
        """Write edits into the journal; to be called before the files change."""
        rows = [(e.run, e.at, e.path, e.line, e.before, e.after, e.why) for e in entries]
        with self._writing() as connection:
            connection.executemany(
                "insert into journal (run, at, path, line, before, after, why) values (?, ?, ?, ?, ?, ?, ?)", rows
            )

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
                [
                    (task.key, task.path, task.line, json.dumps(sorted(task.conflicts)), task.missing_since)
                    for task in changes.base.values()
                ],
            )
            connection.executemany(
                "insert into rows values (?, ?, ?)",
                [(task.key, note, text) for task in changes.base.values() for note, text in task.rows.items()],
            )
            connection.executemany(
                "insert into former_rows values (?, ?, ?)",
                [(task.key, *former) for task in changes.base.values() for former in enumerate(task.former)],
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
            connection.executemany("insert or ignore into ids values (?)", [(name,) for name in changes.ids])
        for key in changes.forgotten:
            self.base.pop(key, None)
        self.base.update(changes.base)
        self.written.update(changes.written)
        for path in changes.index_notes_gone:
            self.index_notes.pop(path, None)
        self.index_notes.update(changes.index_notes)
        self.ids |= changes.ids

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connection:
                yield self._connection
        except sqlite3.Error as error:
            raise StateError(f"{self.file}: the state can't be written: {error}; nothing more is changed") from error


def state_folder(base: Path, root: Path) -> Path:
    """Return the folder of a vault's state: its name for people, and a hash of its place for uniqueness."""
    place = os.path.realpath(root)
    mark = hashlib.blake2b(os.fsencode(place), digest_size=6).hexdigest()
    name = "".join(c if c.isalnum() else "-" for c in root.resolve().name)[:40] or "vault"
    return base / f"{name}-{mark}"


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=10, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.executescript(_SCHEMA)
        _require_version(connection, file)
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
        connection.execute("select count(*) from base").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _require_version(connection: sqlite3.Connection, file: Path) -> None:
    found = connection.execute("pragma user_version").fetchone()[0]
    if found not in (0, SCHEMA_VERSION):
        raise StateError(f"{file}: the state is of version {found}, this vaultsync knows {SCHEMA_VERSION}; update it")


def _set_aside(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.name}.corrupt-{number}")).exists():
        number += 1
    file.replace(kept)
    for companion in ("-wal", "-shm"):
        file.with_name(file.name + companion).unlink(missing_ok=True)
    return kept


def _load_base(connection: sqlite3.Connection) -> dict[str, BaseTask]:
    rows: dict[str, dict[str, str]] = {}
    for key, note, text in connection.execute("select key, note, text from rows"):
        rows.setdefault(key, {})[note] = text
    former: dict[str, list[str]] = {}
    for key, text in connection.execute("select key, text from former_rows order by key, place"):
        former.setdefault(key, []).append(text)
    return {
        key: BaseTask(
            key,
            path,
            line,
            frozenset(json.loads(conflicts)),
            missing_since,
            rows.get(key, {}),
            tuple(former.get(key, ())),
        )
        for key, path, line, conflicts, missing_since in connection.execute(
            "select key, path, line, conflicts, missing_since from base"
        )
    }
