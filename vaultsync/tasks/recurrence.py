"""Counts days by a recurrence rule: the next date of a task, and what its other dates become.

Left to others: reading rules (rule_text.py), and writing the next occurrence (edits.py). Today is an argument.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from vaultsync.model import INVALID
from vaultsync.tasks.line import reference_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pendulum import Date

    from vaultsync.model import TaskSettings
    from vaultsync.tasks.rule_text import Rule
    from vaultsync.tasks.rule_words import RuleParts

_CYCLE: Final = 400  # years, after which the Gregorian calendar repeats, weekdays included
_DAY_HOURS: Final = 24
_LONGEST_MONTH: Final = 31
_LONGEST_YEAR: Final = 53  # weeks
_MOST_IN_MONTH: Final = 5  # of one weekday


class Dates(NamedTuple):
    """A task's three dates, `YYYY-MM-DD`, `INVALID` or None."""

    start: str | None
    scheduled: str | None
    due: str | None


def next_dates(rule: Rule, dates: Dates, settings: TaskSettings, today: str) -> Dates | None:
    """Give the dates of the next occurrence; None where the dates make the rule invalid.

    A rule without a further day gives `INVALID` for every date that there was (Obsidian Tasks, Recurring tasks).
    """
    reference = reference_day(dates.due, dates.scheduled, dates.start, settings)
    if reference is None:
        return Dates(None, None, None)
    if reference == INVALID and not rule.when_done:
        return None
    # Python's calendar begins with the year 1, the plugin's with 0.
    shift = _CYCLE if any(each and each.startswith("0000") for each in (*dates, today)) else 0
    base = _day(today if rule.when_done else reference, shift)
    found = _next_day(rule, base, shift) if base else None

    def moved(date: str | None) -> str | None:
        if date is None:
            return None
        if found is None:
            return INVALID
        old, anchor = _day(date, shift), _day(reference, shift)
        return _text(found.toordinal() + (old.toordinal() - anchor.toordinal() if old and anchor else 0), shift)

    drop = settings.remove_scheduled_on_recurrence and (dates.start is not None or dates.due is not None)
    return Dates(moved(dates.start), None if drop else moved(dates.scheduled), moved(dates.due))


def _day(text: str, shift: int) -> Date | None:
    from pendulum import Date  # noqa: PLC0415 - slow to import, and few lines recur

    year = int(text[:4]) + shift if text != INVALID else 0
    return Date(year, int(text[5:7]), int(text[8:])) if 1 <= year <= Date.max.year else None


def _text(ordinal: int, shift: int) -> str:
    from pendulum import Date  # noqa: PLC0415 - as above

    if not Date.min.toordinal() <= ordinal <= Date.max.toordinal():
        return INVALID
    day = Date.fromordinal(ordinal)
    return f"{day.year - shift:04}-{day.month:02}-{day.day:02}" if day.year >= shift else INVALID


_EVERY_MONTH: Final = re.compile("every(?: [0-9]+)? months?")
_EVERY_YEAR: Final = re.compile("every(?: [0-9]+)? years?")


def _next_day(rule: Rule, base: Date, shift: int) -> Date | None:
    """Search the first day after `base`; where a month or year is too short for the day, use an earlier day.

    For that the rule is begun anew one day earlier, again and again, until it no longer skips a month (or year).
    """
    months = _EVERY_MONTH.match(rule.text) is not None and " on " not in rule.text
    years = _EVERY_YEAR.match(rule.text) is not None
    found = _first_after(rule.parts, base, shift)
    while found and (months or years) and base > base.min:
        skipped = found.year - base.year
        if months:
            skipped = 12 * skipped + found.month - base.month
        if skipped <= rule.parts.interval:
            break
        base = base.subtract(days=1)
        found = _first_after(rule.parts, base, shift)
    return found


def _first_after(parts: RuleParts, base: Date, shift: int) -> Date | None:
    """Give the rule's first day after `base`, the rule beginning on that day."""
    from pendulum import Date  # noqa: PLC0415 - slow to import, and few lines recur

    if _never(parts):
        return None
    ordinal = base.toordinal()
    days = (moment.toordinal() for moment in _moments(parts, base, shift))
    try:
        return next((Date.fromordinal(day) for day in days if day > ordinal), None)
    except OverflowError:  # beyond the year 9999, where the plugin's calendar ends as well
        return None


def _never(parts: RuleParts) -> bool:
    """Spot the rules that no day fits; dateutil would look for one until the year 9999."""
    return any(
        asked and not possible
        for asked, possible in (
            (parts.month_days, [day for day in parts.month_days if abs(day) <= _LONGEST_MONTH]),
            (parts.weeks, [week for week in parts.weeks if week <= _LONGEST_YEAR]),
            (parts.weekdays, _weekdays(parts)),
        )
    )


def _weekdays(parts: RuleParts) -> list[tuple[int, int]]:
    """Leave out the weekdays that never come (the 13th Friday of a month), at which dateutil stumbles.

    A plain weekday beside numbered ones is a further condition, so it saves nothing once all numbered ones are out.
    """
    if parts.frequency not in {"YEARLY", "MONTHLY"}:
        return parts.weekdays
    most = _LONGEST_YEAR if parts.frequency == "YEARLY" and not parts.months else _MOST_IN_MONTH
    possible = [(day, nth) for day, nth in parts.weekdays if abs(nth) <= most]
    numbered = [nth for _, nth in parts.weekdays if nth]
    return possible if any(nth for _, nth in possible) or not numbered else []


def _moments(parts: RuleParts, base: Date, shift: int) -> Iterator[datetime]:
    from datetime import datetime, timedelta  # noqa: PLC0415 - kept with the slow one below

    from dateutil import rrule  # noqa: PLC0415 - slow to import, and few lines recur

    until = parts.until.replace(year=parts.until.year + shift) if parts.until else None
    late = any(hour >= _DAY_HOURS for hour in parts.hours)
    days = rrule.rrule(
        getattr(rrule, parts.frequency),
        dtstart=datetime(base.year, base.month, base.day),  # noqa: DTZ001 - a rule knows days only, no zone
        interval=parts.interval,
        wkst=rrule.MO,
        count=None if late else parts.count,
        until=None if late else until,
        bymonth=parts.months or None,
        bymonthday=parts.month_days or None,
        byweekno=parts.weeks or None,
        byweekday=[rrule.weekday(day, nth or None) for day, nth in _weekdays(parts)] or None,
        byhour=None if late else parts.hours or None,
    )
    if not late:
        yield from days
        return
    # The plugin reads hour 25 as one o'clock of the day after; dateutil has no such hour.
    hours = ((day, hour) for day in days for hour in parts.hours)
    for number, (day, hour) in enumerate(hours):
        moment = day + timedelta(hours=hour)
        if (until and moment > until) or number == parts.count:
            return
        yield moment
