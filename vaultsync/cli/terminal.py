"""Text on a terminal: colours and tables for people, plain lines for pipes, and nothing of a vault taken for a command.

What is said is left to the commands.
"""

from __future__ import annotations

import sys
import unicodedata

from rich.console import Console
from rich.markup import escape

_WIDE_ENOUGH = 100_000  # columns: a piped line is never wrapped
# Cs is half of a surrogate pair, which no terminal can be sent. Of Cf only these go: emoji are joined by others.
_REMOVED = {"Cc", "Cs", "Zl", "Zp"}
_BIDI = {"\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def console(*, stderr: bool = False) -> Console:
    """Return a console that colours on a terminal; in a pipe it prints plain lines, never wrapped."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE_ENOUGH
    return Console(file=stream, width=width, highlight=False, emoji=False, soft_wrap=not stream.isatty())


def safe(text: str) -> str:
    """Return text of a vault as something to print through rich: no control characters, and nothing read as markup."""
    return escape(plain(text))


def plain(text: str) -> str:
    """Return text of a vault as something to print as it is: one line, without control and bidi override characters."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char == "\t":
        return " "
    return "" if char in _BIDI or unicodedata.category(char) in _REMOVED else char
