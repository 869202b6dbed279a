"""What a replica has seen of its vault, kept in the state: the notes of the last turn, and that it waits for others.

What follows from notes that are gone, or from a wait, is decided above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

SEEN_SCHEMA = (
    "create table if not exists notes (path text primary key, digest text not null) without rowid",
    "create table if not exists marks (name text primary key) without rowid",
)
ARRIVED = "arrived"  # the mark of a replica that no longer waits for notes that others may have


def texts(connection: sqlite3.Connection, query: str) -> Iterator[Any]:
    """Yield the rows of a query. Raises ValueError for a value that is no text, as only a broken file holds it."""
    for row in connection.execute(query):
        if not all(isinstance(value, str) for value in row):
            raise ValueError("the state holds something else than text")
        yield row


def load_notes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the digest of each note that stood in the vault at the last turn."""
    return dict(texts(connection, "select path, digest from notes"))


def load_marks(connection: sqlite3.Connection) -> set[str]:
    """Return the marks that are set."""
    return {name for (name,) in texts(connection, "select name from marks")}


def save_notes(connection: sqlite3.Connection, notes: Mapping[str, str | None]) -> None:
    """Save which of these notes stand now, and forget those without a digest."""
    connection.executemany("delete from notes where path = ?", [(path,) for path in notes if notes[path] is None])
    standing = [(path, digest) for path, digest in notes.items() if digest is not None]
    connection.executemany("insert or replace into notes values (?, ?)", standing)


def save_mark(connection: sqlite3.Connection, name: str) -> None:
    """Set a mark for good."""
    connection.execute("insert or ignore into marks values (?)", (name,))
