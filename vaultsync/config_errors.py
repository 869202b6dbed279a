"""Say what is wrong with a configuration, so that whoever wrote it can mend it.

Left to others: what is accepted (config).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_ALIKE = 70  # of 100: "qiuet" and "quiet" are, "owner" and "overview" aren't
_WIDTH = 60
_ACCEPTED = {
    "tuple_type": 'expected a list, as in ["a", "b"]',
    "dict_type": "expected keys with values",
    "model_type": "expected keys with values",
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
}


def sentences(error: ValidationError, file: Path | None, kind: type[BaseModel], other: type[BaseModel]) -> list[str]:
    """Return a line for each mistake in settings of one `kind`: where, the key, the value found, what is accepted.

    `other` are the settings of the other file, where a misplaced key may belong.
    """
    return [_sentence(each, file, kind, other) for each in error.errors(include_url=False)]


def keys_of(kind: type[BaseModel]) -> Iterator[str]:
    """Yield the dotted names of all settings of a kind, those of a section after the section itself."""
    for name, described in kind.model_fields.items():
        yield name
        if isinstance(described.annotation, type) and issubclass(described.annotation, BaseModel):
            yield from (f"{name}.{each}" for each in keys_of(described.annotation))


def unread(variable: str, known: Sequence[str], prefix: int) -> str:
    """Say that nothing reads a variable, and which of the known ones was probably meant; all begin with a `prefix`."""
    meant = _alike(variable[prefix:], {each: each[prefix:] for each in known})
    hint = f"did you mean {meant}?" if meant else f"accepted are {', '.join(sorted(known))}"
    return f"nothing reads this variable; {hint}"


def _sentence(each: ErrorDetails, file: Path | None, kind: type[BaseModel], other: type[BaseModel]) -> str:
    location = [part for part in each["loc"] if part != "[key]"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    variable = f"VAULTSYNC_{'__'.join(map(str, location))}".upper()
    where = variable if variable in {name.upper() for name in os.environ} else f"{file or 'the environment'}: {key}"
    if each["type"] == "extra_forbidden":
        return f"{where}: {_unknown(key, kind, other)}"
    accepted = _ACCEPTED.get(each["type"], each["msg"])
    accepted = accepted.removeprefix("Value error, ").replace("Input should be", "expected", 1)
    return f"{where}: found {_shown(each['input'])}; {accepted}"


def _unknown(key: str, kind: type[BaseModel], other: type[BaseModel]) -> str:
    own, others = [*keys_of(kind)], [*keys_of(other)]
    top = key.partition(".")[0]
    if top in others or key in others:
        return f"not a setting of this file; {_belongs(other)}"
    section, _, name = key.rpartition(".")
    siblings = [each for each in own if each.rpartition(".")[0] == section]
    for candidates, remark in ((siblings, ""), (own, ""), (others, f" ({_belongs(other)})")):
        meant = _alike(name, {candidate: candidate.rpartition(".")[2] for candidate in candidates})
        if meant:
            return f"unknown key; did you mean {meant}?{remark}"
    return f"unknown key; accepted are {', '.join(siblings)}"


def _alike(name: str, known: Mapping[str, str]) -> str | None:
    """Return the key of the name that looks most like one; None if none does."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - for mistakes alone

    found = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return found[2] if found else None


def _belongs(other: type[BaseModel]) -> str:
    if "owner" in other.model_fields:
        return "it belongs in the vault's .vaultsync/config.yaml or vaultsync.yaml, so that replicas agree"
    return "it concerns one machine: put it in the user's config folder, or in a VAULTSYNC_... variable"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 3]}..."
