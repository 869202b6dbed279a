"""Pickle our own records as quickly as tuples: by itself a dataclass with slots asks each time which fields it has."""

from __future__ import annotations

import copyreg
import pickle
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def to_bytes(record: object) -> bytes:
    """Return a record, and all that it holds, as bytes."""
    parts: list[bytes] = []
    _Pickler(SimpleNamespace(write=lambda part: parts.append(bytes(part))), pickle.HIGHEST_PROTOCOL).dump(record)
    return b"".join(parts)


def from_bytes(content: bytes) -> Any:
    """Return the record again; only for bytes that this program made."""
    return pickle.loads(content)  # noqa: S301


class _Pickler(pickle.Pickler):
    def reducer_override(self, what: Any) -> Any:
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
