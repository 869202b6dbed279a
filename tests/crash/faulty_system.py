"""A system in which one call fails, counted at the calls themselves: files, folders and the statements of the state.

How it fails is given; what must be true afterwards is the tests' to say.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar
from unittest.mock import patch

from vaultsync.storage import vault as files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

READING = ("open", "read", "scandir", "listdir", "stat", "lstat", "fstat", "readlink", "getxattr", "listxattr")
CHANGING = ("write", "fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir", "utime", "truncate", "ftruncate")
KEEPING = ("chmod", "fchmod", "chown", "fchown", "setxattr")
EXCHANGE = "exchange"  # the one call that Python's `os` doesn't have: renameat2
SQLITE_WORDS = {
    errno.ENOSPC: "database or disk is full",
    errno.EIO: "disk I/O error",
    errno.EACCES: "unable to open database file",
    errno.EROFS: "attempt to write a readonly database",
}


class KilledError(BaseException):
    """The end of a run by kill -9: nothing that the run would still do happens."""


@dataclass
class FaultySystem:
    """Counts the calls and lets the one with this number fail; killed, it lets nothing more through."""

    number: int
    what: type[KilledError] | int  # how it fails: by a kill, or with an error number
    after: bool = False  # killed only once the call was made
    made: int = 0
    hit: str = ""  # the name of the call that failed
    dead: bool = False
    names: list[str] = field(default_factory=list)  # of the calls in their order

    def call(self, name: str, made: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Make a call, or fail it."""
        if self.dead:
            raise KilledError
        self.made += 1
        self.names.append(name)
        if self.made != self.number:
            return made(*args, **kwargs)
        self.hit = name
        self.dead = self.what is KilledError
        if isinstance(self.what, int):
            if name.startswith("sqlite"):
                raise sqlite3.OperationalError(SQLITE_WORDS[self.what])
            raise OSError(self.what, os.strerror(self.what))
        if self.after and hasattr(opened := made(*args, **kwargs), "close"):
            opened.close()  # the interpreter lives on, and would complain of a scandir left open
        raise KilledError

    def wrapped(self, name: str, made: Callable[P, R]) -> Callable[P, R]:
        """Return a call that is counted."""

        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            return self.call(name, made, *args, **kwargs)

        return counted

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count, and fail, what is called within."""
        with ExitStack() as stack:
            for name in (*READING, *CHANGING, *KEEPING):
                stack.enter_context(patch.object(os, name, self.wrapped(name, getattr(os, name))))
            if hasattr(files, EXCHANGE):
                stack.enter_context(patch.object(files, EXCHANGE, self.wrapped(EXCHANGE, getattr(files, EXCHANGE))))
            stack.enter_context(patch.object(io, "open", self._opened(io.open)))
            stack.enter_context(patch.object(sqlite3, "connect", self._connected(sqlite3.connect)))
            yield

    def _opened(self, opened: Callable[..., Any]) -> Callable[..., Any]:
        """Return an `open` whose files hold nothing back, so that each read and write is a call."""

        def counted(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(file, int):
                self.call("open", lambda: None)
            if "b" not in mode:
                return opened(file, mode, buffering, *args, **kwargs)
            raw = opened(file, mode, 0, *args, **kwargs)
            return _File(raw, self)

        return counted

    def _connected(self, connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        system = self

        class Connection(sqlite3.Connection):
            def execute(self, *args: Any) -> sqlite3.Cursor:
                return system.call(_statement(args[0]), super().execute, *args)

            def executemany(self, *args: Any) -> sqlite3.Cursor:
                return system.call(_statement(args[0]), super().executemany, *args)

            def executescript(self, *args: Any) -> sqlite3.Cursor:
                return system.call("sqlite script", super().executescript, *args)

            def commit(self) -> None:
                system.call("sqlite commit", super().commit)

            def __exit__(self, error: type[BaseException] | None, *_: object) -> Literal[False]:
                # What died before its commit is rolled back, as the next to open the file would.
                if error is not None:
                    self.rollback()
                    return False
                try:
                    self.commit()
                except BaseException:
                    self.rollback()
                    raise
                return False

        def counted(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            return system.call("sqlite connect", connect, *args, **{**kwargs, "factory": Connection})

        return counted


def _statement(sql: str) -> str:
    words = sql.split()
    return f"sqlite {words[0].lower()}"


class _File:
    """A file whose reads and writes are counted; a write that fails has written half."""

    def __init__(self, raw: Any, system: FaultySystem) -> None:
        self._raw = raw
        self._system = system

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def read(self, *args: Any) -> Any:
        return self._system.call("read", self._raw.read, *args)

    def write(self, content: bytes) -> int:
        half = len(content) // 2
        written = self._system.call("write", self._raw.write, content[:half])
        return int(written) + int(self._system.call("write", self._raw.write, content[half:]))
