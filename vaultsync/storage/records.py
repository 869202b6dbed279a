"""Read the records of the base from the state, in which each is spread over three tables.

What they mean is decided in the reconcile room; the file that they come from is `state`'s.
"""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from vaultsync.reconcile.base import BaseTask
from vaultsync.reconcile.records import Records
from vaultsync.storage.seen import texts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


def load_base(connection: sqlite3.Connection) -> Records:
    """Return the base, read record by record. Raises ValueError or TypeError where the file holds something else."""
    rows = _Beside(texts(connection, "select key, note, text from rows order by key, note"))
    former = _Beside(texts(connection, "select key, text from former_rows order by key, place"))
    found = zip(
        texts(connection, "select key, path, line, conflicts from base order by key"),
        (since for (since,) in connection.execute("select missing_since from base order by key")),
        strict=True,
    )
    return Records(
        BaseTask(
            key,
            path,
            line,
            frozenset(words(conflicts)),
            float(missing_since) if missing_since is not None else None,
            {note: text for _, note, text in rows.of(key)},
            tuple(text for _, text in former.of(key)),
        )
        for (key, path, line, conflicts), missing_since in found
    )


def words(text: str) -> list[str]:
    """Return a list of words as the state keeps it. Raises ValueError for anything else."""
    found = json.loads(text)
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError("the state holds something else than a list of words")
    return found


class _Beside:
    """What another table holds for each record; records are asked for in order, and so are the rows of the table."""

    def __init__(self, rows: Iterable[tuple[str, ...]]) -> None:
        self._groups = groupby(rows, itemgetter(0))
        self._next = next(self._groups, None)
        self._asked = ""

    def of(self, key: str) -> Iterable[tuple[str, ...]]:
        """Return the rows of a record. Raises ValueError where damage has put records out of order."""
        if key < self._asked:
            raise ValueError("the state's records are out of order")
        self._asked = key
        while self._next is not None and self._next[0] < key:  # of no record
            self._next = next(self._groups, None)
        return self._next[1] if self._next is not None and self._next[0] == key else ()
