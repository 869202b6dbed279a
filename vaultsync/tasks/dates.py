"""Days as text: which are real, and which day a note's name says.

Left to others: what a day means to a task (line.py) and how days repeat (recurrence.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from vaultsync.model import INVALID

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_FEBRUARY: Final = 29


def is_day(year: int, month: int, day: int) -> bool:
    """Say whether the Gregorian calendar, drawn back to the year 0, has this day."""
    if not 1 <= month <= len(_LENGTHS):
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)  # noqa: PLR2004 - the leap year rule
    return 1 <= day <= (_LEAP_FEBRUARY if leap else _LENGTHS[month - 1])


def is_dashed(text: str) -> bool:
    """Say whether a text has the shape `YYYY-MM-DD`; the day may not exist."""
    return _DASHED.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def read_day(text: str) -> str:
    """Give back a `YYYY-MM-DD` shaped text if it names a real day, else `INVALID`."""
    return text if is_day(int(text[:4]), int(text[5:7]), int(text[8:10])) else INVALID


_DASHED = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
_PACKED = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})")


def day_in_name(path: str, custom_format: str) -> str | None:
    """Read the day that a note's file name says, or None (Obsidian Tasks, Use filename as default date).

    The custom format, if it fits the whole name, goes first; then the first `YYYY-MM-DD` in the name; and only where
    there is none, the first eight digits. A first match that is no day means that the name says none.
    """
    name = path.rpartition("/")[2]
    stem = name.rpartition(".")[0] if "." in name else name
    if custom_format and (day := _by_format(stem, custom_format)):
        return day
    match = _DASHED.search(stem) or _PACKED.search(stem)
    return _day(*map(int, match.groups())) if match else None


def _day(year: int, month: int, day: int) -> str | None:
    return f"{year:04}-{month:02}-{day:02}" if is_day(year, month, day) else None


_PIVOT: Final = 68  # moment.js: a two-digit year above it belongs to the last century

_MOMENT: Final[dict[str, str]] = {
    "YYYY": "(?P<year>[0-9]{4})",
    "YY": "(?P<short>[0-9]{2})",
    "MMMM": f"(?P<month_name>{'|'.join(MONTHS)})",
    "MMM": f"(?P<month_name>{'|'.join(month[:3] for month in MONTHS)})",
    "MM": "(?P<month>[0-9]{2})",
    "M": "(?P<month>[0-9]{1,2})",
    "Do": "(?P<day>[0-9]{1,2})(?:st|nd|rd|th)",
    "DDDD": "(?P<of_year>[0-9]{3})",
    "DDD": "(?P<of_year>[0-9]{1,3})",
    "DD": "(?P<day>[0-9]{2})",
    "D": "(?P<day>[0-9]{1,2})",
    "dddd": f"(?P<weekday>{'|'.join(WEEKDAYS)})",
    "ddd": f"(?P<weekday>{'|'.join(name[:3] for name in WEEKDAYS)})",
    "dd": f"(?P<weekday>{'|'.join(name[:2] for name in WEEKDAYS)})",
    "HH": "(?:[01][0-9]|2[0-3])",
    "mm": "[0-5][0-9]",
    "ss": "[0-5][0-9]",
}
"""The tokens of moment.js that are understood, strictly; a format with any other letter is passed over."""

_PIECE = re.compile(r"\[([^\[\]]*)\]|" + "|".join(sorted(_MOMENT, key=len, reverse=True)) + "|([^A-Za-z])|.", re.DOTALL)


@lru_cache(maxsize=64)
def _pattern(custom_format: str) -> re.Pattern[str] | None:
    pieces = []
    for piece in _PIECE.finditer(custom_format):
        literal = piece[1] if piece[1] is not None else piece[2]
        token = re.escape(literal) if literal is not None else _MOMENT.get(piece[0])
        if token is None:
            return None
        pieces.append(token)
    try:
        return re.compile("".join(pieces), re.IGNORECASE)
    except re.error:  # the same part of a date twice
        return None


def _by_format(stem: str, custom_format: str) -> str | None:
    pattern = _pattern(custom_format)
    match = pattern.fullmatch(stem) if pattern else None
    if match is None:
        return None
    said = {part: text for part, text in match.groupdict().items() if text is not None}
    if "year" in said:
        year = int(said["year"])
    elif "short" in said:
        short = int(said["short"])
        year = short + (1900 if short > _PIVOT else 2000)
    else:
        return None  # moment would take today's year, and a file name's day must not move with the clock
    if "of_year" in said:
        return _day_of_year(year, int(said["of_year"]))
    month = _index(said["month_name"], MONTHS) if "month_name" in said else int(said.get("month", 1))
    day = _day(year, month, int(said.get("day", 1)))
    if (
        day
        and "weekday" in said
        and _weekday(year, month, int(said.get("day", 1))) != _index(said["weekday"], WEEKDAYS)
    ):
        return None
    return day


def _index(name: str, names: tuple[str, ...]) -> int:
    return next(at for at, full in enumerate(names, 1) if full.lower().startswith(name.lower()))


def _weekday(year: int, month: int, day: int) -> int:
    """Give the weekday, Monday 1 to Sunday 7 (Zeller's congruence)."""
    shifted_year, shifted_month = (year - 1, month + 12) if month < 3 else (year, month)  # noqa: PLR2004 - March begins it
    century, rest = divmod(shifted_year, 100)
    return (day + 13 * (shifted_month + 1) // 5 + rest + rest // 4 + century // 4 + 5 * century + 5) % 7 + 1


def _day_of_year(year: int, number: int) -> str | None:
    for month in range(1, len(_LENGTHS) + 1):
        length = (
            31 if is_day(year, month, 31) else 30 if is_day(year, month, 30) else 29 if is_day(year, month, 29) else 28
        )
        if 1 <= number <= length:
            return _day(year, month, number)
        number -= length
    return None
