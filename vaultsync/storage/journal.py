"""The journal's tables: runs and their edits, written before files change and marked after; read by `log` and `undo`.

When to write, and what became of a run that died, is decided above; the connection is the state's.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import re
import sqlite3
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from vaultsync.errors import StateError
from vaultsync.reconcile.made_edit import Around, MadeEdit
from vaultsync.storage.damage import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SCHEMA_VERSION = 4
JOURNAL_SCHEMA = (
    """create table if not exists runs (
        run integer primary key, at text not null, command text not null, undoes integer, ended integer not null
    )""",
    """create table if not exists journal (
        n integer primary key, run integer not null, path text not null, line integer not null,
        before text, after text, why text not null, around text, landed integer
    )""",
    "create index if not exists journal_by_run on journal (run)",
)
# Version 1 kept the time with each edit, and neither who made it nor what became of it.
FROM_VERSION_1 = (
    "alter table journal rename to journal_1",
    *JOURNAL_SCHEMA,
    "insert into runs select run, min(at), 'unknown', null, 1 from journal_1 group by run",
    "insert into journal select n, run, path, line, before, after, why, null, null from journal_1",
    "drop table journal_1",
)
_OWN_ID = re.compile(r"\^(t-[a-z0-9]{8})[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run when it begins: `at` is an ISO time with its zone."""

    at: str
    command: str
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What became of a run's edits, in their order: whether each is in its note."""

    run: int
    landed: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the edits of one plan. It has not `ended` while it is at work, or if it died."""

    number: int
    at: str
    command: str  # "unknown" for what an old version wrote
    undoes: int | None
    undone_by: int | None  # the run that put all of it back, and wasn't undone itself
    ended: bool


def begin_run(connection: sqlite3.Connection, start: RunStart, edits: Sequence[MadeEdit]) -> int:
    """Write a run and its edits, within the caller's transaction; return its number."""
    found = connection.execute(
        "insert into runs (at, command, undoes, ended) values (?, ?, ?, 0)", (start.at, start.command, start.undoes)
    )
    number = found.lastrowid or 0
    connection.executemany(
        "insert into journal (run, path, line, before, after, why, around) values (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, edit.path, edit.line, _joined(edit.before), _joined(edit.after), edit.why, _spelt(edit.around))
            for edit in edits
        ],
    )
    return number


def end_run(connection: sqlite3.Connection, end: RunEnd) -> set[str]:
    """Mark what landed, within the caller's transaction; return the ids of ours that it brought.

    A run without edits leaves nothing to tell, and goes.
    """
    rows = connection.execute("select n, after from journal where run = ? order by n", (end.run,)).fetchall()
    if not rows:
        connection.execute("delete from runs where run = ?", (end.run,))
        return set()
    marks = [(landed, n) for (n, _), landed in zip(rows, end.landed, strict=True)]
    connection.executemany("update journal set landed = ? where n = ?", marks)
    connection.execute("update runs set ended = 1 where run = ?", (end.run,))
    return {
        match[1]
        for (_, after), landed in zip(rows, end.landed, strict=True)
        for line in (_parted(after) if landed else ())
        if (match := _OWN_ID.search(line))
    }


def prune_runs(connection: sqlite3.Connection, before: dt.datetime) -> None:
    """Forget the runs that began before a moment, within the caller's transaction, but for the last one.

    The last keeps the count going.
    """
    runs = connection.execute("select run, at from runs order by run").fetchall()
    old = [(number,) for number, at in runs[:-1] if dt.datetime.fromisoformat(at) < before]
    connection.executemany("delete from journal where run = ?", old)
    connection.executemany("delete from runs where run = ?", old)


def read_runs(connection: sqlite3.Connection) -> list[Run]:
    """Return all runs, the newest first."""
    rows = connection.execute("select run, at, command, undoes, ended from runs order by run desc").fetchall()
    partly = {run for (run,) in connection.execute("select distinct run from journal where landed = 0")}
    undone_by: dict[int, int] = {}
    for number, _, _, undoes, ended in rows:
        # From the newest: what was undone itself undoes nothing any more.
        if undoes is not None and ended and number not in partly and number not in undone_by:
            undone_by.setdefault(undoes, number)
    return [
        Run(number, at, command, undoes, undone_by.get(number), bool(end)) for number, at, command, undoes, end in rows
    ]


def read_edits(connection: sqlite3.Connection, run: int) -> list[MadeEdit]:
    """Return the edits of a run in their order."""
    found = connection.execute(
        "select path, line, before, after, why, around, landed from journal where run = ? order by n", (run,)
    )
    return [
        MadeEdit(path, line, _parted(before), _parted(after), why, _read(around), _answer(landed))
        for path, line, before, after, why, around, landed in found
    ]


def edits_since(connection: sqlite3.Connection, moment: dt.datetime) -> list[tuple[dt.datetime, int]]:
    """Return when each run since a moment began, the newest first, and how many of its edits may be in their notes."""
    found = connection.execute(
        """select at, (select count(*) from journal where journal.run = runs.run and landed is not 0)
        from runs order by run desc"""
    )
    begun = ((dt.datetime.fromisoformat(at), edits) for at, edits in found)
    return list(itertools.takewhile(lambda run: run[0] >= moment, begun))


# By the version of a state, what gives a copy of it the tables of the journal; the first has none yet, as somebody is
# just making it.
_TO_READ = {0: JOURNAL_SCHEMA, 1: FROM_VERSION_1}


@contextlib.contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a state for reading alone: nothing of it changes, whoever else is at work. Raises StateError."""
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    except sqlite3.Error as error:
        raise unreadable(file, error) from error
    try:
        (found,) = connection.execute("pragma user_version").fetchone()
        require_version(found, file)
        if found in _TO_READ:
            copy = sqlite3.connect(":memory:")
            connection.backup(copy)
            connection.close()
            connection = copy
            for statement in _TO_READ[found]:
                connection.execute(statement)
        yield connection
    except sqlite3.Error as error:
        raise unreadable(file, error) from error
    finally:
        connection.close()


def require_version(found: int, file: Path | str) -> None:
    """Raise StateError for the state of a later vaultsync."""
    if found > SCHEMA_VERSION:
        raise StateError(f"{file}: the state is of version {found}, this vaultsync knows {SCHEMA_VERSION}; update it")


def _joined(lines: tuple[str, ...]) -> str | None:
    # A line holds no line end, so that none and an empty one are told apart.
    return "\n".join(lines) if lines else None


def _parted(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(text.split("\n"))


def _spelt(around: Around | None) -> str | None:
    return None if around is None else json.dumps(astuple(around), ensure_ascii=False)


def _read(around: str | None) -> Around | None:
    return None if around is None else Around(*(tuple(lines) for lines in json.loads(around)))


def _answer(landed: int | None) -> bool | None:
    return None if landed is None else bool(landed)
