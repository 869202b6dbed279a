"""Keep what one process knew of a vault in a file beside the state, for the next one: plain values, pickled.

A courtesy, of which nothing is missed but time. What is kept, and when, is decided in `vaultsync.kept`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
from typing import IO, TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vaultsync.storage.heartbeat import Text  # noqa: TC001 - pydantic asks for it

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

KEPT_SCHEMA = "create table if not exists kept (said text not null)"

_FILE = "known.pickle"
_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class KeptRecord(BaseModel):
    """What the state says of the file; any other write to the state would make that wrong, and ends it."""

    model_config = ConfigDict(frozen=True)

    mark: str  # digest of what tells who may read it
    day: str  # on which
    digest: str  # of its bytes
    tasks: frozenset[str] = frozenset()  # keys of base records that have changed since it was written
    index_notes: frozenset[Text] = frozenset()  # paths of such records


def save_kept(connection: sqlite3.Connection, record: KeptRecord) -> None:
    """Keep the record, within the caller's transaction."""
    connection.execute("insert into kept values (?)", (record.model_dump_json(),))


def end_kept(connection: sqlite3.Connection) -> None:
    """Forget the record, within the caller's transaction."""
    connection.execute("delete from kept")


def load_kept(connection: sqlite3.Connection) -> KeptRecord | None:
    """Return the record, None if there is none that can be read."""
    found = connection.execute("select said from kept").fetchone()
    with contextlib.suppress(ValidationError):
        return KeptRecord.model_validate_json(found[0]) if found else None
    return None


def write_known(folder: Path, parts: Iterable[object]) -> str | None:
    """Write the file anew, part by part; return the digest of its bytes, None if it can't be written."""
    fresh = folder / f".{_FILE}.new"
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
            for part in parts:
                pickler.dump(part)
                pickler.clear_memo()  # which else holds all that was written
        with fresh.open("rb") as file:
            digest = _digest_of(file)
        fresh.replace(folder / _FILE)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return None
    return digest


def read_known(folder: Path, digest: str) -> Iterator[Any]:
    """Yield the parts of the file, none if it hasn't the bytes of this digest, isn't ours alone or can't be read."""
    with contextlib.suppress(OSError), (folder / _FILE).open("rb") as file:
        if not _is_ours_alone(file) or _digest_of(file) != digest:
            return
        size = file.tell()
        file.seek(0)
        while file.tell() < size:
            yield pickle.load(file)  # noqa: S301 - the bytes that we wrote, as the state knows


def _is_ours_alone(file: IO[bytes]) -> bool:
    """Tell whether nobody else can have written a file: what is pickled in it is obeyed."""
    found = os.fstat(file.fileno())
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & _BY_OTHERS)


def _digest_of(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()  # type: ignore[arg-type]
