"""Reads the text of a recurrence rule, in the grammar of rrule.js.

Left to others: which days a rule means (recurrence.py), its canonical text (rule_words.py). Text that the grammar
doesn't know ends the rule quietly.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from vaultsync.tasks.dates import MONTHS, WEEKDAYS
from vaultsync.tasks.rule_words import Frequency, RuleParts, canonical_text
from vaultsync.tasks.until_text import read_until


class Rule(NamedTuple):
    """A valid rule: its parts, whether it counts from the day of completion, and the text that Tasks writes for it."""

    parts: RuleParts
    when_done: bool
    text: str


_WHOLE: Final = re.compile("([A-Za-z0-9, !]+?)( when done)?", re.IGNORECASE)
_MOST_DIGITS: Final = 15  # what a double holds exactly; longer numbers are refused rather than rounded
_MOST_NTH: Final = 366


@lru_cache(maxsize=1024)
def read_rule(text: str) -> Rule | None:
    """Read a rule's text, or give None where Tasks finds it invalid (Obsidian Tasks, Recurring tasks; rrule.js)."""
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return None
    parser = _Parser(whole[1].strip(" "))
    try:
        parts = parser.rule()
    except _UnexpectedError:
        return None
    when_done = whole[2] is not None
    return Rule(parts, when_done, canonical_text(parts) + (" when done" if when_done else ""))


def known_extent(text: str) -> int:
    """Give how many characters at a text's start the grammar has words for, a last ` when done` included."""
    at = 0
    while (token := _next_token(text, at)) is not None:
        at = token.end
    done = re.compile(" when done(?![A-Za-z0-9])", re.IGNORECASE).match(text, len(text[:at].rstrip(" ")))
    return done.end() if done else at


class _UnexpectedError(Exception):
    """The text stops being a rule."""


class _Token(NamedTuple):
    name: str
    text: str
    end: int


def _named(full: str, *stems: int) -> str:
    """Spell the pattern of a name that may be cut after any of these lengths."""
    cuts = (*stems, len(full))
    return "|".join(full[:cut] for cut in sorted(cuts, reverse=True))


_TOKENS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in {
        "number": "[1-9][0-9]*",
        "number word": "one|two|three",
        "every": "every",
        "day": "days?",
        "weekday": "weekdays?",
        "week": "weeks?",
        "hour": "hours?",
        "minute": "minutes?",
        "month": "months?",
        "year": "years?",
        "on": "on|in",
        "at": "at",
        "the": "the",
        "first": "first",
        "second": "second",
        "third": "third",
        "nth": "[1-9][0-9]*(?:th|nd|rd|st)",
        "last": "last",
        "for": "for",
        "times": "times?",
        "until": "until|til",
        "Monday": _named("monday", 2, 3),
        "Tuesday": _named("tuesday", 2, 3, 4),
        "Wednesday": _named("wednesday", 2, 3, 4),
        "Thursday": _named("thursday", 2, 3, 4),
        "Friday": _named("friday", 2, 3),
        "Saturday": _named("saturday", 2, 3),
        "Sunday": _named("sunday", 2, 3),
        "January": _named("january", 3),
        "February": _named("february", 3),
        "March": _named("march", 3),
        "April": _named("april", 3),
        "May": "may",
        "June": _named("june", 3),
        "July": _named("july", 3),
        "August": _named("august", 3),
        "September": _named("september", 3, 4),
        "October": _named("october", 3),
        "November": _named("november", 3),
        "December": _named("december", 3),
        "comma": "(?:, *|(?:and|or) *)+",
    }.items()
)
"""The words of the grammar; the longest match wins, the first of equals."""

_BLANK: Final = re.compile(" *")
_FREQUENCIES: Final[dict[str, Frequency]] = {
    "day": "DAILY",
    "weekday": "WEEKLY",
    "week": "WEEKLY",
    "hour": "HOURLY",
    "minute": "MINUTELY",
    "month": "MONTHLY",
    "year": "YEARLY",
}
_ORDINALS: Final = {"first": 1, "second": 2, "third": 3}
_WORKDAYS: Final = tuple((day, 0) for day in range(5))


def _next_token(text: str, at: int) -> _Token | None:
    blank = _BLANK.match(text, at)
    at = blank.end() if blank else at
    best = None
    for name, pattern in _TOKENS:
        match = pattern.match(text, at)
        if match and (best is None or match.end() > best.end):
            best = _Token(name, match[0], match.end())
    return best


class _Parser:
    """Walks the tokens of one rule, one ahead. No token is the end, or a word that the grammar doesn't know."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.token: _Token | None = None
        self.parts = RuleParts()
        self.advance()

    def advance(self) -> None:
        self.token = _next_token(self.text, self.at)
        self.at = self.token.end if self.token else len(self.text)

    @property
    def name(self) -> str:
        return self.token.name if self.token else ""

    def accept(self, name: str) -> bool:
        if self.name != name:
            return False
        self.advance()
        return True

    def number(self) -> int | None:
        token = self.token
        return _number(token.text) if token and self.accept("number") else None

    def needed(self, value: int | None) -> int:
        if value is None:
            raise _UnexpectedError
        return value

    def rule(self) -> RuleParts:
        """Read `every [number] unit ...`."""
        if not self.accept("every"):
            raise _UnexpectedError
        parts = self.parts
        parts.interval = self.number() or 1
        unit = self.name
        if unit in WEEKDAYS:
            parts.frequency = "WEEKLY"
            parts.weekdays = [(day, 0) for day in self.names(WEEKDAYS)]
            self.hours()
            self.days_of_month()
        elif unit in MONTHS:
            parts.frequency = "YEARLY"
            parts.months = [month + 1 for month in self.names(MONTHS)]
            self.on()
        elif unit in _FREQUENCIES:
            parts.frequency = _FREQUENCIES[unit]
            self.advance()
            if unit == "weekday":
                parts.weekdays = list(_WORKDAYS)
            if unit not in {"day", "weekday"}:
                self.on()
            if unit in {"day", "weekday", "week"}:
                self.hours()
        else:
            raise _UnexpectedError
        self.end()
        return parts

    def one_of(self, names: tuple[str, ...]) -> int | None:
        if self.name not in names:
            return None
        at = names.index(self.name)
        self.advance()
        return at

    def names(self, names: tuple[str, ...]) -> list[int]:
        """Read names of one kind, with commas; a comma must be followed by another."""
        found = [self.needed(self.one_of(names))]
        while self.accept("comma"):
            found.append(self.needed(self.one_of(names)))
        return found

    def nth(self) -> int | None:
        token = self.token
        if token is None:
            return None
        if self.accept("last"):
            return -1
        if self.accept("first"):
            return 1
        if token.name not in {"second", "third", "nth"}:
            return None
        value = _ORDINALS.get(token.name) or _number(token.text[:-2])
        if value > _MOST_NTH:
            raise _UnexpectedError
        self.advance()
        return -value if self.accept("last") else value

    def on(self) -> None:
        """Read `on the ...`: weekdays, days of the month, weeks of the year, months; any item may be missing."""
        on = self.accept("on")
        if not self.accept("the") and not on:
            return
        while self.on_item():
            if not (self.accept("comma") or self.accept("the") or self.accept("on")):
                return

    def on_item(self) -> bool:
        parts = self.parts
        nth = self.nth()
        if (day := self.one_of(WEEKDAYS)) is not None:
            parts.weekdays.append((day, nth or 0))
        elif nth is not None:
            parts.month_days.append(nth)
            self.accept("day")
        elif self.accept("weekday"):
            parts.weekdays = parts.weekdays or list(_WORKDAYS)
        elif self.accept("week"):
            parts.weeks = self.numbers()
        elif (month := self.one_of(MONTHS)) is not None:
            parts.months.append(month + 1)
        else:
            return False
        return True

    def numbers(self) -> list[int]:
        found = [self.needed(self.number())]
        while self.accept("comma"):
            found.append(self.needed(self.number()))
        return found

    def hours(self) -> None:
        """Read `at 9, 17`; of several such lists, the last one holds."""
        while self.accept("at"):
            self.parts.hours = self.numbers()

    def days_of_month(self) -> None:
        """Read the days after a list of weekdays; rrule.js drops the token that follows each, and so does this."""
        self.accept("on")
        self.accept("the")
        nth = self.nth()
        if nth is None:
            return
        self.parts.month_days = [nth]
        self.advance()
        while self.accept("comma"):
            self.parts.month_days.append(self.needed(self.nth()))
            self.advance()

    def end(self) -> None:
        """Read `until DATE` or `for N times`."""
        if self.name == "until":
            self.parts.until = read_until(self.text[self.at :])
            if self.parts.until is None:
                raise _UnexpectedError
        elif self.accept("for"):
            self.parts.count = self.needed(self.number())


def _number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _UnexpectedError
    return int(digits)
