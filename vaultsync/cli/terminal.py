"""Text on a terminal: colours and bars for people, plain lines for pipes, and nothing of a vault taken for a command.

What is said is left to the commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import TaskID

_NEVER_WRAPPED = 100_000  # columns of a pipe
_SHOW_AFTER = 1.0  # seconds before a bar is worth its flicker
# Cs is half of a surrogate pair, which no terminal can be sent. Of Cf only these go: emoji are joined by others.
_REMOVED = {"Cc", "Cs", "Zl", "Zp"}
_BIDI = {"\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def console(*, stderr: bool = False) -> Console:
    """Return a console that colours on a terminal; in a pipe it prints plain lines, never wrapped.

    Markup is off: brackets in a note are brackets, and styles are given beside the text.
    """
    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty()
    width = _NEVER_WRAPPED if piped else None
    return Console(file=stream, width=width, soft_wrap=piped, markup=False, highlight=False, emoji=False)


def command_name() -> str:
    """Return how this command was called, so that commands which are shown can be typed: its path if it needs one."""
    called = Path(sys.argv[0])
    if called.name != "vaultsync" or shutil.which("vaultsync") == os.fspath(called.absolute()):
        return "vaultsync"
    return shlex.quote(os.path.relpath(called))


def safe(text: str) -> str:
    """Return text of a vault as one line that a terminal can be sent: no control and no bidi override characters."""
    return "".join(_shown(char) for char in text)


def safe_lines(text: str) -> str:
    """Return a message of several lines as `safe` returns one."""
    return "\n".join(map(safe, text.split("\n")))


def print_json(document: BaseModel | Sequence[BaseModel]) -> None:
    """Print one JSON document; a file name that isn't UTF-8 is spelt in escapes, as JSON can't hold it otherwise."""
    content = (
        document.model_dump(mode="json")
        if isinstance(document, BaseModel)
        else [each.model_dump(mode="json") for each in document]
    )
    text = json.dumps(content, ensure_ascii=False)
    has_surrogates = any("\ud800" <= char <= "\udfff" for char in text)
    sys.stdout.write((json.dumps(content) if has_surrogates else text) + "\n")


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on a terminal once the work has taken a second; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    began = time.monotonic()
    bar = Progress(console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}

    def show(what: str, done: int, total: int) -> None:
        if time.monotonic() - began < _SHOW_AFTER:
            return
        bar.start()
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done, total=total)

    try:
        yield show
    finally:
        bar.stop()


def _shown(char: str) -> str:
    if char in "\t\n":
        return " "
    return "" if char in _BIDI or unicodedata.category(char) in _REMOVED else char
