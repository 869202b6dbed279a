"""Say what is wrong with a piece of YAML, and where, in words for whoever wrote it.

What is read, and how strictly, is left to those who load it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from vaultsync.markdown.textlines import count_ends


class Trouble(NamedTuple):
    """Why YAML can't be read, and on which of its lines (from 1); None where no line is to blame."""

    what: str
    line: int | None = None


class UnusableValueError(yaml.MarkedYAMLError):
    """A value that YAML takes for something which it isn't, as it takes 2026-02-30 for a day."""


class TellingLoader(yaml.SafeLoader):
    """Reads YAML as PyYAML does, and says of each value that can't be used which one it is."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        """Return what a node stands for. Raises yaml.YAMLError; UnusableValueError for a single value."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError) as error:  # as the value makes the constructor fail
            if not isinstance(node, yaml.ScalarNode):
                raise
            expected = _EXPECTED.get(node.tag.rpartition(":")[2], "a value that its tag fits")
            found = node.value if len(node.value) <= _LONGEST else f"{node.value[:_LONGEST]}..."
            what = f"found {found!r}; expected {expected}"
            raise UnusableValueError(None, None, what, node.start_mark) from error


_LONGEST = 60  # characters of a value that are shown
_EXPECTED = {
    "timestamp": "a day of the calendar, as in 2026-11-22; a text needs quotes",
    "int": "a whole number of at most 38 digits; a text needs quotes",
    "float": "a number; a text needs quotes",
    "bool": "true or false",
}
# What PyYAML says, by a part of it, and what that comes of most often.
_WORDS = {
    "mapping values are not allowed": "a second colon in one line; a text with a colon needs quotes",
    "sequence entries are not allowed": "a dash where no list can begin; look at its indentation",
    "unhashable key": "brackets or braces where a key would stand; a text that begins with them needs quotes",
    "cannot start any token": "a tab, or a character that no text may begin with; indent with spaces, or use quotes",
    "expected ',' or": "a bracket or brace isn't closed, or a text behind it isn't in quotes",
    "expected the node content": "a value is missing or isn't closed, or it needs quotes",
    "unexpected end of stream": "a quotation mark isn't closed",
    "unknown escape character": "a backslash in double quotes that means nothing; write two, or use single quotes",
    "expected <block end>": "the line doesn't fit those above it; look at its indentation and at its quotes",
    "could not find expected ':'": "a key without a colon",
    "found another document": "a second document begins here",
    "expected '<document start>'": "text behind the end of the properties",
    "could not determine a constructor": "an unknown tag; a text that begins with ! needs quotes",
    "undefined alias": "an alias of nothing; a text that begins with * needs quotes",
    "second occurrence": "an anchor of a name that another one has; a text that begins with & needs quotes",
}


def trouble_of(error: Exception, text: str) -> Trouble:
    """Return what an error that came of loading a text says of it.

    Where the text just ends, what is to blame is what was never closed, and the line is that on which it begins.
    """
    if isinstance(error, yaml.reader.ReaderError):
        what = f"the character U+{ord(text[error.position]):04X}, which YAML doesn't allow"
        return Trouble(what, _line(text, error.position))
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        end = len(text.rstrip())
        at = error.problem_mark.index
        if at >= end and error.context_mark:
            at = error.context_mark.index
        said = str(error.problem)
        what = next((words for part, words in _WORDS.items() if part in said), said)
        return Trouble(what, _line(text, min(at, end)))
    return Trouble(" ".join(str(error).split()) or type(error).__name__)


def _line(text: str, index: int) -> int:
    return count_ends(text[:index]) + 1
