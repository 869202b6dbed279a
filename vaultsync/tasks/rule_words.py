"""The parts of a recurrence rule, and their canonical English, as rrule.js writes it.

Left to others: reading such text (rule_text.py) and counting days (recurrence.py). The canonical text can say less than
the parts do, as in rrule.js.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from vaultsync.tasks.dates import MONTHS, WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Frequency = Literal["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]


@dataclass(slots=True)
class RuleParts:
    """What a rule says. Weekdays are (Monday 0 to Sunday 6, which one of the period or 0 for every one)."""

    frequency: Frequency = "DAILY"
    interval: int = 1
    weekdays: list[tuple[int, int]] = field(default_factory=list)
    month_days: list[int] = field(default_factory=list)  # negative: from the month's end
    months: list[int] = field(default_factory=list)  # from 1
    weeks: list[int] = field(default_factory=list)  # of the year
    hours: list[int] = field(default_factory=list)  # may be above 23
    until: datetime | None = None
    count: int | None = None


_UNITS: Final[dict[Frequency, str]] = {
    "YEARLY": "year",
    "MONTHLY": "month",
    "WEEKLY": "week",
    "DAILY": "day",
    "HOURLY": "hour",
    "MINUTELY": "minute",
}
_WORKDAYS: Final = frozenset(range(5))
_EVERY_DAY: Final = frozenset(range(7))


def canonical_text(parts: RuleParts) -> str:
    """Write a rule as rrule.js does (toText), without ` when done`."""
    match parts.frequency:
        case "YEARLY":
            middle = _yearly(parts)
        case "MONTHLY":
            middle = _monthly(parts)
        case "WEEKLY":
            middle = _weekly(parts)
        case "DAILY":
            middle = [_unit(parts), *_hours(parts)]
        case "HOURLY" | "MINUTELY":
            middle = [_unit(parts)]
    return " ".join(["every", *middle, *_end(parts)])


def _yearly(parts: RuleParts) -> list[str]:
    words = _months_or_unit(parts)
    words += _month_days(parts) if parts.month_days else _weekdays(parts)
    if parts.weeks:
        words += ["in", "week" if len(parts.weeks) == 1 else "weeks", _listed(map(str, parts.weeks), "and")]
    return words


def _monthly(parts: RuleParts) -> list[str]:
    words = _months_or_unit(parts)
    if parts.month_days:
        return words + _month_days(parts)
    return words + (["on weekdays"] if _on_workdays(parts) else _weekdays(parts))


def _weekly(parts: RuleParts) -> list[str]:
    once = parts.interval == 1
    words = [] if once else [_unit(parts)]
    if _on_workdays(parts):
        return [*words, "weekday" if once else "on weekdays"]
    if {day for day, _ in parts.weekdays} == _EVERY_DAY:
        return [*words, _plural("day", parts.interval)]
    if once:
        words = ["week"]
    if parts.months:
        words += ["in", _months(parts)]
    words += _month_days(parts) if parts.month_days else _weekdays(parts)
    return words + _hours(parts)


def _unit(parts: RuleParts) -> str:
    unit = _plural(_UNITS[parts.frequency], parts.interval)
    return unit if parts.interval == 1 else f"{parts.interval} {unit}"


def _months_or_unit(parts: RuleParts) -> list[str]:
    if not parts.months:
        return [_unit(parts)]
    if parts.interval == 1:
        return [_months(parts)]
    words = [f"{parts.interval} {_UNITS[parts.frequency]}s"]
    if parts.frequency == "MONTHLY" and _many(parts.interval):
        words.append("in")
    return [*words, _months(parts)]


def _on_workdays(parts: RuleParts) -> bool:
    return {day for day, _ in parts.weekdays} == _WORKDAYS


def _month_days(parts: RuleParts) -> list[str]:
    ahead = sorted(day for day in parts.month_days if day > 0)
    back = sorted((day for day in parts.month_days if day < 0), reverse=True)
    every = sorted(day for day, nth in parts.weekdays if not nth)
    if not every:
        return ["on the", _listed(map(_ordinal, ahead + back), "and")]
    names = _listed((WEEKDAYS[day] for day in every), "or")
    return ["on", names, "the", _listed(map(_ordinal, ahead + back), "or")]


def _weekdays(parts: RuleParts) -> list[str]:
    every = sorted(day for day, nth in parts.weekdays if not nth)
    some = sorted(((day, nth) for day, nth in parts.weekdays if nth), key=lambda each: each[0])
    words = []
    if every and not _on_workdays(parts):
        words += ["on", ", ".join(WEEKDAYS[day] for day in every)]
    if some:
        words += ["and"] if every else []
        words += ["on the", _listed((f"{_ordinal(nth)} {WEEKDAYS[day]}" for day, nth in some), "and")]
    return words


def _hours(parts: RuleParts) -> list[str]:
    return ["at", _listed(map(str, parts.hours), "and")] if parts.hours else []


def _months(parts: RuleParts) -> str:
    return _listed((MONTHS[month - 1] for month in parts.months), "and")


def _end(parts: RuleParts) -> list[str]:
    if parts.until:
        return ["until", f"{MONTHS[parts.until.month - 1]} {parts.until.day}, {parts.until.year}"]
    return ["for", str(parts.count), _plural("time", parts.count)] if parts.count else []


def _listed(words: Iterable[str], last: str) -> str:
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


_SHORT_ORDINALS: Final = {1: "1st", 21: "21st", 31: "31st", 2: "2nd", 22: "22nd", 3: "3rd", 23: "23rd"}


def _ordinal(number: int) -> str:
    if number == -1:
        return "last"
    text = _SHORT_ORDINALS.get(abs(number), f"{abs(number)}th")
    return text if number > 0 else f"{text} last"


def _many(number: int) -> bool:
    return number % 100 != 1


def _plural(word: str, number: int) -> str:
    return f"{word}s" if _many(number) else word
