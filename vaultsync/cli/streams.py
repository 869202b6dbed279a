"""The standard streams of a command: what can't be said ends it, with a code that no command means anything else by.

What is said is left to the commands, and how it looks to `terminal`.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from vaultsync.errors import VaultsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TextIO

    from _typeshed import ReadableBuffer


class OutputError(VaultsyncError):
    """What a command has to say can't be written; what it did until then is done."""


class ReaderGoneError(OutputError):
    """Nobody reads on, as behind `head`: there is nobody to tell of it, either."""

    exit_code = 141  # what a shell reports of a command that a closed pipe ended


class _Stream(io.RawIOBase):
    """A stream that drops what follows a failed write, so that the end of the interpreter doesn't try it once more.

    Only where that `matters` the failure itself is told.
    """

    def __init__(self, sink: BinaryIO, *, matters: bool) -> None:
        super().__init__()
        self._sink = sink
        self._matters = matters
        self._failed = False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._sink.isatty()

    def fileno(self) -> int:
        return self._sink.fileno()

    def write(self, content: ReadableBuffer) -> int | None:
        if self._failed:
            return memoryview(content).nbytes
        try:
            return self._sink.write(content)
        except OSError as error:
            self._failed = True
            if not self._matters:
                return memoryview(content).nbytes
            if isinstance(error, BrokenPipeError):
                raise ReaderGoneError("nobody reads what is printed any more") from error
            raise OutputError(f"what is printed can't be written: {error.strerror}") from error


@contextlib.contextmanager
def checked_streams() -> Iterator[None]:
    """Have a failed write to standard output raise OutputError, at the end at the latest; standard error stays silent.

    A closed standard output is refused at once: the next file that is opened would take its number, and what is meant
    for a reader would be written into it.
    """
    # The same would happen to the others, which a command can do without.
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process lives
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - the same
    else:
        sys.stderr = _checked(sys.stderr, matters=False)
    if sys.stdout is None:
        raise OutputError("standard output is closed; to hear nothing, send it to /dev/null. Nothing was changed")
    sys.stdout = _checked(sys.stdout, matters=True)
    try:
        yield
    finally:
        sys.stdout.flush()


def _checked(stream: TextIO, *, matters: bool) -> TextIO:
    """Return a stream in place of another, to the same sink."""
    sink = getattr(stream.buffer, "raw", stream.buffer)  # the buffer is the sink where nothing is buffered
    buffer = io.BufferedWriter(_Stream(sink, matters=matters))
    return io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=bool(stream.line_buffering))
