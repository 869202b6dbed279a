"""Reads the date behind `until` in a rule, as the browser's Date.parse does with words and plain numbers.

Left to others: everything else in the rule. Only what the rule's alphabet allows is known here: letters, digits,
commas, spaces and exclamation marks; no dashes, slashes or colons.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from vaultsync.tasks.dates import MONTHS

_PIECE: Final = re.compile("[0-9]+|[A-Za-z]+")
_AMERICAN: Final = {"e": -5, "c": -6, "m": -7, "p": -8}
_ZONES: Final = {  # hours from UTC
    **dict.fromkeys(("ut", "utc", "z", "gmt"), 0),
    **{f"{letter}{kind}t": hours + (kind == "d") for letter, hours in _AMERICAN.items() for kind in "sd"},
}
_MONTH_STEMS: Final = tuple(month[:3].lower() for month in MONTHS)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a rule knows days only, no zone


def read_until(text: str) -> datetime | None:
    """Read the date as a day in UTC, or None where Date.parse gives no usable number (V8's legacy parser)."""
    numbers: list[int] = []
    month = None
    zone = 0
    for piece in _PIECE.finditer(text):
        word = piece[0].lower()
        if word.isdigit():
            if len(numbers) == 3 or len(word.lstrip("0")) > 9:  # noqa: PLR2004 - day, month, year; V8 reads nine digits
                return None
            numbers.append(int(word))
        elif word[:3] in _MONTH_STEMS:
            month = _MONTH_STEMS.index(word[:3]) + 1
        elif numbers and word in _ZONES:
            zone = _ZONES[word]
        elif numbers or text[piece.end() : piece.end() + 1].isdigit():
            return None  # a strange word behind a number, or a number that hangs on one
    if not numbers:
        return None
    until = _date([*numbers, 1, 1][:3], month)
    until = until - timedelta(hours=zone) if until else None
    return until if until != _EPOCH else None  # the number 0 reads as "no date"


def _date(numbers: list[int], month: int | None) -> datetime | None:
    """Settle which number is which; a number above 31 can't be a day, so it is the year."""
    first, second, third = numbers
    if month is not None:
        year, day = (second, first) if _may_be_day(first) else (first, second)
    elif _may_be_day(first):
        month, day, year = first, second, third
    else:
        year, month, day = first, second, third
    if not _may_be_day(day) or not 1 <= month <= len(MONTHS):
        return None
    year += 2000 if year <= 49 else 1900 if year <= 99 else 0  # noqa: PLR2004 - two-digit years, as browsers read them
    try:
        return datetime(year, month, 1) + timedelta(days=day - 1)  # noqa: DTZ001 - as above; February 30 runs over
    except (ValueError, OverflowError):
        return None


def _may_be_day(number: int) -> bool:
    return 1 <= number <= 31  # noqa: PLR2004 - days of a month
