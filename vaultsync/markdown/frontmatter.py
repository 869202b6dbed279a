"""Decides where a note's frontmatter stands and what it says, and changes single keys of it in place.

Which keys matter, and what they mean, is left to others.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from vaultsync.markdown.textlines import count_ends, prevailing_end
from vaultsync.markdown.yaml_words import TellingLoader, Trouble, trouble_of

try:
    from yaml import CSafeLoader
except ImportError:  # a PyYAML without libyaml
    from yaml import SafeLoader as CSafeLoader  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar = str | int | bool | date

_OPENS = re.compile(r"\ufeff?---[ \t]*(?:\r\n|\r|\n)")
_CLOSES = re.compile(r"(?<=[\r\n])---[ \t]*(?=[\r\n]|\Z)")
_LINE_BREAK = re.compile(r"[\r\n\x85\u2028\u2029]")  # what YAML takes for one
_MAX_NODES = 20_000  # without aliases no text holds more than it has characters; few of them may be doubled
_MAX_BITS = 128
# What libyaml and PyYAML's own parser read alike, and most people write: no tags, aliases, braces, blocks, escapes.
_TAME = re.compile(r"""[\w \r\n:;,./()\[\]"'“”’+@#$%&?~=–…-]{0,2000}""")
_OPENERS = ("[", "- ", "? ")
_MOST_OPENED = 40
_LIMIT_BYTES = 65_536
# Beginning with a letter and free of punctuation that YAML could read; whether it is "yes" or "null" the parser says.
_PLAIN = re.compile(r"[^\W\d_](?:[\w ./@()+-]*[\w.)])?")
_ELSEWHERE_BOOLEAN = {"y", "Y", "n", "N"}  # a boolean to YAML 1.1, text to PyYAML
_UNPRINTABLE = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The frontmatter of a note: its two fences by line number (from 1) and the text between them, ends included."""

    first: int
    last: int
    raw: str


def find(text: str) -> Frontmatter | None:
    """Find the frontmatter: from `---` on the very first line (a BOM may stand before it) to the next `---` line."""
    span = _span(text)
    if span is None:
        return None
    raw = text[slice(*span)]
    return Frontmatter(first=1, last=count_ends(raw) + 2, raw=raw)


def _span(text: str) -> tuple[int, int] | None:
    opens = _OPENS.match(text)
    if opens is None:
        return None
    closes = _CLOSES.search(text, opens.end())
    return (opens.end(), closes.start()) if closes else None


class _Loader(TellingLoader):
    """YAML as PyYAML reads it safely, less what is small to write and huge to use."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _expanded(node, {}) > max(_MAX_NODES, self.index):
            raise ValueError("aliases multiply its content")
        return node


class _QuickLoader(CSafeLoader):
    """The same by libyaml: ten times as fast, for what is tame. All else it may read differently, or too deeply."""


def _short_int(loader: yaml.SafeLoader | CSafeLoader, node: yaml.ScalarNode) -> int:
    number = loader.construct_yaml_int(node)
    if number.bit_length() > _MAX_BITS:
        raise ValueError("a number of too many digits")
    return number


for _each in (_Loader, _QuickLoader):
    _each.add_constructor("tag:yaml.org,2002:int", _short_int)


def _expanded(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the nodes below one with each alias written out; a node inside itself ends in a RecursionError."""
    if id(node) not in known:
        inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        scalar = isinstance(node, yaml.ScalarNode)
        known[id(node)] = 1 if scalar else 1 + sum(_expanded(part, known) for part in inner)
    return known[id(node)]


def properties(raw: str, limit_bytes: int | None = _LIMIT_BYTES) -> tuple[dict[str, object], Trouble | None]:
    """Read frontmatter (the text between the fences) into its properties, or `{}` and what says why not.

    Nothing is raised, whatever the text. Empty frontmatter has no properties and no problem. Of a key that stands there
    twice the last value counts; a key that YAML reads as another type is named as Python writes that.
    """
    if limit_bytes is not None and len(raw.encode("utf-8", "surrogatepass")) > limit_bytes:
        return {}, Trouble(f"frontmatter: longer than {limit_bytes} bytes")
    found, problem = _read(raw)
    return dict(found), problem


@lru_cache(maxsize=32)  # in one turn a note is read, planned on, checked and read back
def _read(raw: str) -> tuple[Mapping[str, object], Trouble | None]:
    try:
        value = _loaded(raw)
        if value is None:
            return {}, None
        if not isinstance(value, dict):
            return {}, Trouble("frontmatter: not a list of properties")
        return {str(key): item for key, item in value.items()}, None
    except RecursionError:
        return {}, Trouble("frontmatter: nested too deeply")
    except Exception as error:  # noqa: BLE001 - PyYAML's constructors let out a dozen kinds, KeyError and TypeError among them
        trouble = trouble_of(error, raw)
        return {}, trouble._replace(what=f"frontmatter: {trouble.what}")


def _loaded(raw: str) -> Any:
    if _TAME.fullmatch(raw) and all(raw.count(opener) <= _MOST_OPENED for opener in _OPENERS):
        with contextlib.suppress(yaml.YAMLError, ValueError):  # which are PyYAML's own parser's to tell
            return YAMLHandler().load(raw, Loader=_QuickLoader)
    return YAMLHandler().load(raw, Loader=_Loader)


def set_properties(text: str, changes: Mapping[str, Scalar | None]) -> str:
    """Set some properties of a note, None removing one, and leave every other byte as it is.

    A key that is there keeps its place and the comment behind it; new ones stand last, in the order given; a note
    without frontmatter gets one, behind its BOM. A value that is there already changes nothing.

    Raises:
        ValueError: the frontmatter can't be read, or can't be changed so that it reads as wanted.

    """
    span = _span(text)
    raw = text[slice(*span)] if span else ""
    before, problem = properties(raw, None)  # whoever read the note has seen to its size
    if problem:
        raise ValueError(problem.what)
    wanted = {key: value for key, value in changes.items() if not _holds(before, key, value)}
    if not wanted:
        return text
    end = prevailing_end(text)
    new = _edited(raw, wanted, end)
    after, problem = properties(new, None)
    # By their text: it tells True from 1, and a NaN is itself.
    if problem or repr(after) != repr(_expected(before, wanted)):
        raise ValueError(f"frontmatter: {', '.join(wanted)} can't be set without changing more than that")
    if span:
        return text[: span[0]] + new + text[span[1] :]
    body = text.removeprefix("\ufeff")
    return f"{text[: len(text) - len(body)]}---{end}{new}---{end}{body}"


def _holds(values: Mapping[str, object], key: str, value: Scalar | None) -> bool:
    if value is None:
        return key not in values
    return key in values and type(values[key]) is type(value) and values[key] == value


def _expected(before: Mapping[str, object], wanted: Mapping[str, Scalar | None]) -> dict[str, object]:
    return {key: value for key, value in {**before, **wanted}.items() if key not in wanted or value is not None}


def _edited(raw: str, wanted: Mapping[str, Scalar | None], end: str) -> str:
    root = yaml.compose(raw, Loader=_Loader)
    pairs: list[tuple[yaml.Node, yaml.Node]] = root.value if isinstance(root, yaml.MappingNode) else []
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        raise ValueError("frontmatter: written in braces, which vaultsync doesn't edit")
    splices: list[tuple[int, int, str]] = []
    missing: list[str] = []
    for key, value in wanted.items():
        places = [(name, item) for name, item in pairs if name.value == key]
        for name, item in places if value is None else places[-1:]:
            splices.append(_splice(raw, name, item, value))
        if not places and value is not None:
            missing.append(f"{_written(key)}: {_written(value)}{end}")
    for first, last, new in sorted(splices, reverse=True):
        raw = raw[:first] + new + raw[last:]
    return raw + "".join(missing)


def _splice(raw: str, name: yaml.Node, item: yaml.Node, value: Scalar | None) -> tuple[int, int, str]:
    """Say which characters of the frontmatter give way to what, so that one property changes."""
    key_from, first, last = name.start_mark.index, item.start_mark.index, item.end_mark.index
    if name.start_mark.column or _LINE_BREAK.search(raw, key_from, last) or raw[first : first + 1] in {"&", "*", "!"}:
        raise ValueError(f"frontmatter: the value of {name.value} isn't written on one plain line")
    if value is not None:
        blank = "" if raw[first - 1].isspace() else " "
        return first, last, f"{blank}{_written(value)}"
    line_end = re.compile(r"\r\n|\r|\n").search(raw, last)
    return key_from, line_end.end() if line_end else len(raw), ""


def _written(value: Scalar) -> str:
    """Write a scalar as YAML 1.1 and 1.2 both read it back, on one line, quoted wherever a doubt remains."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if (
        value not in _ELSEWHERE_BOOLEAN
        and _PLAIN.fullmatch(value)
        and YAMLHandler().load(value, Loader=_Loader) == value
    ):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    printable = _UNPRINTABLE.sub(lambda char: f"{chr(92)}u{ord(char[0]):04x}", escaped)
    return f'"{printable}"'
