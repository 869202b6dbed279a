from __future__ import annotations

import pytest

from vaultsync.model import INVALID, TaskSettings
from vaultsync.tasks.recurrence import Dates, next_dates
from vaultsync.tasks.rule_text import read_rule

SETTINGS = TaskSettings()


def due_after(rule: str, due: str, today: str = "2025-11-10") -> str | None:
    read = read_rule(rule)
    dates = next_dates(read, Dates(None, None, due), SETTINGS, today) if read else None
    return dates.due if dates else None


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("every 1 month", "every month"),
        ("every sat, sun", "every week on Saturday, Sunday"),
        ("every mo, tu, we, th, fr, sa, su", "every day"),
        ("every 2 weekdays", "every 2 weeks on weekdays"),
        ("every weekday at 9", "every weekday"),
        ("every week at 9, 17", "every week at 9 and 17"),
        ("every Monday at 9", "every week on Monday at 9"),
        ("every 2 months in January", "every 2 months in January"),
        ("every month in January", "every January"),
        ("every 3 years in May and June", "every 3 years May and June"),
        ("every year on weeks 3 and 5", "every year in weeks 3 and 5"),
        ("every week on Monday the 3rd", "every week on Monday the 3rd"),
        ("every Tuesday on the 15th, 20th", "every week on Tuesday the 15th"),
        ("every month on the first, second last and third", "every month on the 1st, 3rd and 2nd last"),
        ("every month on Monday and 2nd Friday", "every month on Monday and on the 2nd Friday"),
        ("every month on Monday and the 2nd Friday", "every month on Monday"),
        ("every month on the 32nd", "every month on the 32th"),
        ("every day for 101 times", "every day for 101 time"),
        ("every day at 9 at 10", "every day at 10"),
        ("every day until 5 Jan 26", "every day until January 5, 2026"),
        ("every day until 2026", "every day until January 1, 2026"),
        ("every day until 2026 3 4", "every day until March 4, 2026"),
        ("every day until sometime January 5 2026", "every day until January 5, 2026"),
        ("every day until February 31, 2026", "every day until March 3, 2026"),
        ("every day until January 5 2026 PST", "every day until January 5, 2026"),
        ("every week on Monday,", "every week on Monday"),
    ],
)
def test_a_rule_is_written_in_its_canonical_text(typed: str, written: str) -> None:
    rule = read_rule(typed)
    assert rule is not None
    assert rule.text == written


@pytest.mark.parametrize(
    "typed",
    [
        "every",
        "every 2",
        "every Monday,",
        "every Monday, day",
        "every January or",
        "every day at",
        "every day at 9,",
        "every day at noon",
        "every year in week",
        "every day for one time",
        "every month on the 367th",
        "every day until 1st January 2026",
        "every day until x1",
        "every day until 1 2 3 4",
        "every day until January 1 1970",
        "every day until January",
        "every 1234567890123456 days",
        "every " + "9" * 5000 + " days",
        "every day\n",
        "every däy",
    ],
)
def test_an_invalid_rule_is_none(typed: str) -> None:
    assert read_rule(typed) is None


@pytest.mark.parametrize(
    ("rule", "due", "following"),
    [
        pytest.param("every month", "2025-01-31", "2025-02-28", id="a short month"),
        pytest.param("every 2 months", "2025-12-31", "2026-02-28", id="a short month after the next"),
        pytest.param("every month on the 31st", "2025-01-31", "2025-03-31", id="a fixed day skips short months"),
        pytest.param("every year", "2024-02-29", "2025-02-28", id="a short year"),
        pytest.param("every 2 months in February", "2025-04-05", INVALID, id="a month that the rhythm misses"),
        pytest.param("every month on the 13th Friday", "2025-12-05", INVALID, id="a weekday that never comes"),
        pytest.param(
            "every month on the 1st and 13th Friday", "2025-12-05", INVALID, id="days that exclude each other"
        ),
        pytest.param("every 2 years in week 60", "2025-12-05", INVALID, id="a week that never comes"),
        pytest.param("every hour on the 32nd", "2025-12-05", INVALID, id="a day that never comes"),
        pytest.param("every day at 25", "2025-11-08", "2025-11-09", id="hour 25 is the day after"),
        pytest.param("every day at 1, 49", "2025-11-08", "2025-11-10", id="the first hour that lies behind the day"),
        pytest.param("every week at 30 for 1 time", "2025-11-08", "2025-11-09", id="a late hour that counts"),
        pytest.param("every day at 25 until November 9, 2025", "2025-11-08", INVALID, id="a late hour beyond the end"),
        pytest.param("every day at 999999999999999", "2025-11-08", INVALID, id="an hour beyond all calendars"),
        pytest.param("every day until November 8, 2025", "2025-11-08", INVALID, id="a rule that has ended"),
        pytest.param("every month", "9999-12-31", INVALID, id="the end of the calendar"),
        pytest.param("every month", "0000-01-31", "0000-02-29", id="the start of the calendar"),
        pytest.param("every month", "0001-01-01", "0001-02-01", id="the start of Python's calendar"),
    ],
)
def test_the_next_date_is_the_plugins(rule: str, due: str, following: str) -> None:
    assert due_after(rule, due) == following


def test_other_dates_keep_their_distance() -> None:
    rule = read_rule("every month")
    assert rule is not None
    assert next_dates(rule, Dates("2025-01-01", "0000-01-15", "2025-01-31"), SETTINGS, "2025-11-10") == Dates(
        "2025-01-29", "0000-02-12", "2025-02-28"
    )
    assert next_dates(rule, Dates(INVALID, None, "2025-01-05"), SETTINGS, "2025-11-10") == Dates(
        "2025-02-05", None, "2025-02-05"
    )


def test_when_done_counts_from_today_even_with_an_invalid_date() -> None:
    assert due_after("every 2 weeks when done", "2025-01-01", "2025-11-10") == "2025-11-24"
    rule = read_rule("every day when done")
    assert rule is not None
    assert next_dates(rule, Dates(None, None, INVALID), SETTINGS, "2025-11-10") == Dates(None, None, "2025-11-11")


def test_the_scheduled_date_goes_where_the_settings_say_so() -> None:
    rule = read_rule("every day")
    settings = TaskSettings(remove_scheduled_on_recurrence=True)
    assert rule is not None
    assert next_dates(rule, Dates("2025-01-01", "2025-01-02", None), settings, "2025-11-10") == Dates(
        "2025-01-02", None, None
    )
    assert next_dates(rule, Dates(None, "2025-01-02", None), settings, "2025-11-10") == Dates(None, "2025-01-03", None)
