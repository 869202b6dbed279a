"""Text on a terminal: colours and bars for people, plain lines for pipes, and nothing of a vault taken for a command.

What is said is left to the commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import BaseModel
    from rich.console import Console
    from rich.progress import TaskID

_NEVER_WRAPPED = 100_000  # columns of a pipe
_SHOW_AFTER = 1.0  # seconds before a bar is worth its flicker
# Controls, line separators, marks of direction, halves of surrogate pairs. Other format characters join emoji.
_UNSENT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def console(*, stderr: bool = False) -> Console:
    """Return a console that colours on a terminal; in a pipe it prints plain lines, never wrapped.

    Markup is off: brackets in a note are brackets, and styles are given beside the text.
    """
    from vaultsync.cli.coloured import Terminal  # noqa: PLC0415 - slow to import, and JSON does without

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty()
    width = _NEVER_WRAPPED if piped else None
    return Terminal(file=stream, width=width, soft_wrap=piped, markup=False, highlight=False, emoji=False)


def command_name() -> str:
    """Return how this command was called, so that commands which are shown can be typed: its path if it needs one."""
    import shlex  # noqa: PLC0415 - few commands show another
    import shutil  # noqa: PLC0415 - the same
    from pathlib import Path  # noqa: PLC0415 - the same

    called = Path(sys.argv[0])
    if called.name != "vaultsync" or shutil.which("vaultsync") == os.fspath(called.absolute()):
        return "vaultsync"
    return shlex.quote(os.path.relpath(called))


def safe(text: str) -> str:
    """Return text of a vault as one line that a terminal can be sent: no control and no bidi override characters."""
    return _UNSENT.sub(lambda char: " " if char[0] in "\t\n" else "", text)


def safe_lines(text: str) -> str:
    """Return a message of several lines as `safe` returns one."""
    return "\n".join(map(safe, text.split("\n")))


def json_text(content: object) -> str:
    """Return content as JSON on one line; what a terminal can't be sent is spelt in escapes, and so are odd file names.

    A name that isn't UTF-8 comes as halves of surrogate pairs, which JSON can't hold otherwise.
    """
    return _UNSENT.sub(lambda char: f"\\u{ord(char[0]):04x}", json.dumps(content, ensure_ascii=False))


def print_json(document: BaseModel | list[BaseModel] | tuple[BaseModel, ...]) -> None:
    """Print one JSON document, piece by piece: the whole text may take more room than all that it was made of."""
    for piece in _pieces(document):
        sys.stdout.write(piece)
    sys.stdout.write("\n")


def _pieces(document: BaseModel | list[BaseModel] | tuple[BaseModel, ...]) -> Iterator[str]:
    if isinstance(document, (list, tuple)):
        yield from _list_pieces(document)
        return
    between = ""
    yield "{"
    for name, value in document:
        yield f"{between}{json_text(name)}: "
        yield from _list_pieces(value) if isinstance(value, (list, tuple)) else (_whole(value),)
        between = ", "
    yield "}"


def _list_pieces(values: Iterable[object]) -> Iterator[str]:
    between = ""
    yield "["
    for value in values:
        yield f"{between}{_whole(value)}"
        between = ", "
    yield "]"


def _whole(value: object) -> str:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 - slow to import, but whoever reports has it

    return json_text(to_jsonable_python(value))


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on a terminal once the work has taken a second; nothing in a pipe.

    It shows what is being done now; a total of 0 tells that nobody knows how long that takes.
    """
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import Progress  # noqa: PLC0415 - as above

    bar = Progress(console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}
    # What takes long may tell of itself only once, before it begins.
    starting = threading.Timer(_SHOW_AFTER, bar.start)
    starting.start()

    def show(what: str, done: int, total: int) -> None:
        if what not in tasks:
            for before in list(tasks):
                bar.remove_task(tasks.pop(before))
            tasks[what] = bar.add_task(what, total=total or None)
        bar.update(tasks[what], completed=done, total=total or None)

    try:
        yield show
    finally:
        starting.cancel()
        starting.join()
        bar.stop()


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 line, 2 lines."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
