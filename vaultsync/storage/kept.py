"""Keep what one process knew of a vault in a file beside the state, for the next one: our own records, pickled.

A courtesy, of which nothing is missed but time. What is kept, and when, is decided in `vaultsync.kept`.
"""

from __future__ import annotations

import contextlib
import copyreg
import gc
import hashlib
import pickle
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vaultsync.storage.heartbeat import Text  # noqa: TC001 - pydantic asks for it

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

KEPT_SCHEMA = "create table if not exists kept (said text not null)"

_FILE = "known.pickle"
# What a file that is, by its digest, the very one that we wrote can still say if a class has become another.
_MISREAD = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError)

Made = tuple["Callable[..., object]", tuple[object, ...]]  # a function and its arguments


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


def write_known(folder: Path, known: object, made: Mapping[int, Made]) -> str | None:
    """Write the file anew; return the digest of its bytes, None if it can't be written.

    `made` are objects that can't be pickled, by `id`, and how they are made again.
    """
    fresh = folder / f".{_FILE}.new"
    try:
        with fresh.open("wb") as file, _without_search_for_cycles():
            _Pickler(file, made).dump(known)
        with fresh.open("rb") as file:
            digest = _digest_of(file)
        fresh.replace(folder / _FILE)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return None
    return digest


def read_known(folder: Path, digest: str) -> Any:
    """Return what the file holds, None if it hasn't the bytes of this digest or can't be read."""
    try:
        with (folder / _FILE).open("rb") as file:
            if _digest_of(file) != digest:
                return None
            file.seek(0)
            with _without_search_for_cycles():
                return pickle.load(file)  # noqa: S301 - the bytes that we wrote, as the state knows
    except (OSError, *_MISREAD):
        return None


def _digest_of(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()  # type: ignore[arg-type]


@contextlib.contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Let a million objects come and go without a search for cycles among them, which takes as long again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Pickler(pickle.Pickler):
    """Pickles records field by field: dataclasses with slots would each ask anew which fields they have."""

    def __init__(self, file: IO[bytes], made: Mapping[int, Made]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._made = made

    def reducer_override(self, what: Any) -> Any:
        if (made := self._made.get(id(what))) is not None:
            return made
        kind: type = type(what)
        read = _reader(kind)
        return NotImplemented if read is None else (copyreg.__newobj__, (kind,), read(what), None, None, _fill)  # type: ignore[attr-defined]


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) and "__slots__" in vars(kind) else ()


@cache
def _reader(kind: type) -> Callable[[object], tuple[object, ...]] | None:
    names = _names(kind)
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda record: (getattr(record, names[0]),)) if names else None


def _fill(record: Any, values: tuple[object, ...]) -> None:
    kind: type = type(record)
    for name, value in zip(_names(kind), values, strict=True):
        object.__setattr__(record, name, value)  # frozen ones, too
