"""What the state keeps of a cycle that found nothing to do: what it was a function of, and what it said of the vault.

Whether that still holds is decided in `vaultsync.rest`; every write to the state makes an end of it (`state`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from vaultsync.storage.heartbeat import KEPT, ConflictRecord, ProblemRecord, Text, TurnRecord

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

REST_SCHEMA = "create table if not exists rest (record text not null)"


class RestingIndexNote(BaseModel):
    """An index note and its counts."""

    model_config = ConfigDict(frozen=True)

    path: Text
    person: Text
    proposed: int
    open: int


class RestingConflict(ConflictRecord):
    """A conflict with the value of each side; `rows` by index note."""

    source: Text
    rows: dict[Text, Text]


class RestingProblem(ProblemRecord):
    """A problem that is still there; one that is told `once` has been."""

    once: bool


class RestRecord(BaseModel):
    """A vault in which nothing was left to do or to wait for."""

    model_config = ConfigDict(frozen=True)

    mark: str  # digest of all that the cycle was a function of, the notes' stamps in place of the notes
    fresh: dict[Text, str]  # digests of the notes whose stamps may hide a change, by path
    notes: int
    tasks: int
    people: int
    index_notes: tuple[RestingIndexNote, ...]
    conflicts: tuple[RestingConflict, ...]
    problems: tuple[RestingProblem, ...]

    def turn(self, at: dt.datetime, command: str, seconds: float) -> TurnRecord:
        """Return what `status` is to know of a cycle that found the vault still so."""
        problems = [problem for problem in self.problems if not problem.once]
        return TurnRecord(
            at=at,
            command=command,
            seconds=round(seconds, 3),
            notes=self.notes,
            tasks=self.tasks,
            people=self.people,
            conflicts=len(self.conflicts),
            problems=len(problems),
            first_conflicts=tuple(
                ConflictRecord(path=each.path, line=each.line, id=each.id, field=each.field)
                for each in self.conflicts[:KEPT]
            ),
            first_problems=tuple(
                ProblemRecord(path=each.path, line=each.line, what=each.what) for each in problems[:KEPT]
            ),
        )


def save_rest(connection: sqlite3.Connection, record: RestRecord) -> None:
    """Keep the record, within the caller's transaction."""
    connection.execute("insert into rest values (?)", (record.model_dump_json(),))


def end_rest(connection: sqlite3.Connection) -> None:
    """Forget the record: what else the caller's transaction writes may change what a cycle would say."""
    connection.execute("delete from rest")


def read_rest(file: Path) -> RestRecord | None:
    """Return the record in a state that nobody has open, None if there is none that can be read.

    The state is not looked at otherwise, and a broken one is left to whoever opens it.
    """
    with contextlib.suppress(sqlite3.Error, ValidationError, OSError):
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
        with contextlib.closing(connection):
            found = connection.execute("select record from rest").fetchone()
        return RestRecord.model_validate_json(found[0]) if found else None
    return None
