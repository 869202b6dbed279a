"""Read many notes at once, in this process and in others beside it. When a note is read, and what it was, is `scan`'s.

The others run this module, and are given chunks of notes until their input ends: so they end with this process, be it
killed. What one of them leaves unread is left out, and read by whoever wants it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from contextlib import suppress
from dataclasses import fields
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple

from vaultsync.markdown.region import Regions
from vaultsync.packed import PackedNote, pack_note, unpack_note
from vaultsync.storage import vault
from vaultsync.tasks.note import Note, held_note, line_reader_of, parse_note
from vaultsync.tasks.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
    from pathlib import Path

ENOUGH = 16 << 20  # bytes to read, from which on it pays to start another process
_CHUNK = 1 << 20  # bytes
_MOST = 4  # processes, this one among them
_SHAPE = " ".join((*PackedNote._fields, *(each.name for kind in (Note, Regions, Rules) for each in fields(kind))))
# -P: the folder that we were started in may be a vault with modules of its own.
_COMMAND = (sys.executable, "-P", "-c", "from vaultsync.read_ahead import main; main()", _SHAPE)

Sized = tuple[str, int]  # a note's path, and its bytes


class Work(NamedTuple):
    """What all chunks have in common."""

    root: Path
    rules: Rules


def read_note(path: str, size: int, work: Work, before: Note | None = None) -> Note | None:
    """Read a note of so many bytes; None if it isn't there (any more), and what it was `before` if it still is that."""
    limit = work.rules.limits.note_bytes
    if size > limit:
        what = f"the note is {size} bytes, larger than {limit}; `limits.note_bytes` raises the limit"
        return held_note(path, "", what)
    try:
        content = vault.read(work.root, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return held_note(path, "", f"can't be read: {error.strerror}")
    digest = vault.digest_of(content)
    return before if before is not None and before.digest == digest else parse_note(path, content, digest, work.rules)


def read_many(notes: Mapping[str, int], work: Work, progress: Callable[[int], None]) -> dict[str, Note]:
    """Read notes, given with their bytes; `progress` hears how many are read. Those that aren't there are left out."""
    found: dict[str, Note] = {}
    chunks = deque(_chunks(notes))
    helpers = list(_helpers(min(_MOST, _cores(), len(chunks)) - 1))
    threads = [
        Thread(target=_feed, args=(each.stdin, each.stdout, chunks, work, found), daemon=True) for each in helpers
    ]
    try:
        for thread in threads:
            thread.start()
        with suppress(IndexError):
            while True:
                found |= {note.path: note for note in _read_chunk(chunks.popleft(), work)}
                progress(len(found))
        for thread in threads:
            thread.join()
    finally:
        _end(helpers, threads)
    return found


def _end(helpers: Sequence[subprocess.Popen[bytes]], threads: Sequence[Thread]) -> None:
    for helper in helpers:
        helper.kill()
    for thread in threads:
        if thread.ident is not None:  # it was started
            thread.join()
    for helper in helpers:
        with suppress(BrokenPipeError), helper:  # which closes its pipes
            pass


def _chunks(notes: Mapping[str, int]) -> Iterator[list[Sized]]:
    chunk: list[Sized] = []
    left = _CHUNK
    for sized in notes.items():
        chunk.append(sized)
        left -= sized[1]
        if left <= 0:
            yield chunk
            chunk, left = [], _CHUNK
    if chunk:
        yield chunk


def _read_chunk(chunk: Sequence[Sized], work: Work) -> list[Note]:
    return [note for path, size in chunk if (note := read_note(path, size, work)) is not None]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _helpers(count: int) -> Iterator[subprocess.Popen[bytes]]:
    for _ in range(count):
        with suppress(OSError):  # then fewer do it
            yield subprocess.Popen(  # noqa: S603 - our own program
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is this process's to hear
            )


def _feed(
    to: IO[bytes], answers: IO[bytes], chunks: deque[list[Sized]], work: Work, found: MutableMapping[str, Note]
) -> None:
    """Let a helper read chunks for as long as there are any, and it lives."""
    read_line = line_reader_of(work.rules)
    with suppress(IndexError, OSError, EOFError, pickle.UnpicklingError):
        _send(work, to)
        while True:
            _send(chunks.popleft(), to)
            notes: list[PackedNote] = pickle.load(answers)  # noqa: S301 - by our own program
            found.update({note.path: note for note in (unpack_note(packed, read_line) for packed in notes)})


def _send(what: object, to: IO[bytes]) -> None:
    pickle.dump(what, to, pickle.HIGHEST_PROTOCOL)
    to.flush()


def help_reading(given: IO[bytes], answers: IO[bytes]) -> None:
    """Read the chunks that are given, and answer with their notes, until there are no more."""
    with suppress(EOFError, BrokenPipeError):
        work: Work = pickle.load(given)  # noqa: S301 - by our own program
        while True:
            chunk: list[Sized] = pickle.load(given)  # noqa: S301 - the same
            _send([pack_note(note) for note in _read_chunk(chunk, work)], answers)


def main() -> None:
    """Help a process that reads, unless vaultsync was updated after that one was started."""
    if sys.argv[1] == _SHAPE:
        help_reading(sys.stdin.buffer, sys.stdout.buffer)
