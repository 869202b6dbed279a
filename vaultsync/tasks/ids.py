"""Block ids: derived, never random, since two replicas that stamp the same task must choose the same id.

The recipe and its vectors stand in docs/adr/0003-block-ids.md. Which ids are free is for the caller to know.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH = 8


def derive_id(path: str, prose: str, taken: Container[str]) -> str:
    """Return the id of a task, `t-` and eight of [a-z0-9]: from path, prose and the lowest ordinal whose id is free."""
    return _first_free(f"{unicodedata.normalize('NFC', path)}\0{unicodedata.normalize('NFC', prose)}", taken)


def derive_next_id(old_id: str, reference_date: str, taken: Container[str]) -> str:
    """Return the id of a recurring task's next occurrence, from the id before it and the new reference date."""
    return _first_free(f"{old_id.lower()}\0{reference_date}", taken)


def _first_free(seed: str, taken: Container[str]) -> str:
    ordinal = 0
    while (name := _hash(f"{seed}\0{ordinal}")) in taken:
        ordinal += 1
    return name


def _hash(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    letters = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "t-" + "".join(letters)
