"""Laws of recurrence rules: the text grammar against rules built by hand for dateutil."""

from __future__ import annotations

import datetime as dt

from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.model import INVALID, TaskSettings
from vaultsync.tasks.dates import MONTHS, WEEKDAYS
from vaultsync.tasks.recurrence import Dates, next_dates
from vaultsync.tasks.rule_text import known_extent, read_rule

SETTINGS = TaskSettings()
TODAY = "2025-11-10"
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31))
Built = tuple[str, dict[str, object]]


def _and(words: list[str]) -> str:
    return " and ".join(words)


@st.composite
def rules(draw: st.DrawFn) -> Built:
    """The text of a rule, and the same for dateutil; none of those that the plugin bends for short months."""
    interval = draw(st.integers(1, 6))
    every = f"every {interval}" if interval > 1 or draw(st.booleans()) else "every"
    weekdays = draw(st.lists(st.integers(0, 6), min_size=1, max_size=6, unique=True))
    named = ", ".join(WEEKDAYS[day][: draw(st.sampled_from([2, 3, 20]))] for day in weekdays)
    nths = draw(st.lists(st.integers(1, 28), min_size=1, max_size=3, unique=True))
    months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True))
    named_months = _and([MONTHS[month - 1] for month in months])
    nth = draw(st.sampled_from([1, 2, 3, 4, -1, -2]))
    nth_word = {-1: "last", -2: "second last", 1: "first", 2: "2nd", 3: "third"}.get(nth, f"{nth}th")
    choices: list[Built] = [
        (f"{every} days", {"freq": rrule.DAILY}),
        (f"{every} weeks", {"freq": rrule.WEEKLY}),
        (f"{every} week on {named}", {"freq": rrule.WEEKLY, "byweekday": weekdays}),
        (f"{every} weekdays", {"freq": rrule.WEEKLY, "byweekday": range(5)}),
        (f"{every} month on the {_and([f'{day}th' for day in nths])}", {"freq": rrule.MONTHLY, "bymonthday": nths}),
        (
            f"{every} months on the {nth_word} {WEEKDAYS[weekdays[0]]}",
            {"freq": rrule.MONTHLY, "byweekday": rrule.weekday(weekdays[0], nth)},
        ),
    ]
    text, options = draw(st.sampled_from(choices))
    if draw(st.booleans()) and interval == 1:
        text, options = (
            f"every {named_months} on the {nths[0]}th",
            {"freq": rrule.YEARLY, "bymonth": months, "bymonthday": nths[0]},
        )
    return draw(st.sampled_from([text, text.upper(), f"  {text} "])), {"interval": interval, **options}


@given(rules(), DAYS)
def test_the_next_date_is_dateutils(built: Built, due: dt.date) -> None:
    text, options = built
    rule = read_rule(text)
    assert rule is not None
    midnight = dt.datetime(due.year, due.month, due.day)  # noqa: DTZ001 - rules know days only
    expected = rrule.rrule(dtstart=midnight, wkst=rrule.MO, **options).after(  # type: ignore[arg-type]
        midnight
    )
    following = next_dates(rule, Dates(None, None, due.isoformat()), SETTINGS, TODAY)
    assert following == Dates(None, None, expected.date().isoformat() if expected else INVALID)


@given(rules())
def test_the_canonical_text_reads_as_itself(built: Built) -> None:
    rule = read_rule(built[0])
    again = read_rule(rule.text) if rule else None
    assert rule is not None
    assert again is not None
    assert again.text == rule.text
    assert known_extent(rule.text) == len(rule.text)


@given(rules(), DAYS)
def test_when_done_counts_from_today_as_the_plain_rule_from_a_date(built: Built, today: dt.date) -> None:
    plain, done = read_rule(built[0].strip()), read_rule(f"{built[0].strip()} when done")
    assert plain is not None
    assert done is not None
    day = today.isoformat()
    assert next_dates(plain, Dates(None, None, day), SETTINGS, TODAY) == next_dates(
        done, Dates(None, None, day), SETTINGS, day
    )


@given(rules(), DAYS, st.integers(-400, 400), st.integers(-400, 400))
def test_all_dates_move_by_the_same_number_of_days(built: Built, due: dt.date, before: int, ahead: int) -> None:
    rule = read_rule(built[0])
    assert rule is not None
    start, scheduled = due + dt.timedelta(days=before), due + dt.timedelta(days=ahead)
    following = next_dates(rule, Dates(start.isoformat(), scheduled.isoformat(), due.isoformat()), SETTINGS, TODAY)
    assert following is not None
    if following.due == INVALID:
        return
    moved = [dt.date.fromisoformat(str(day)) for day in following]
    assert len({new - old for new, old in zip(moved, (start, scheduled, due), strict=True)}) == 1


@given(st.text("everydaymonthwkfrs 123,! onthelastudi", max_size=60))
def test_any_text_is_a_rule_or_none(text: str) -> None:
    rule = read_rule(text)
    if rule is not None:
        again = read_rule(rule.text)
        assert again is None or again.when_done == rule.when_done


@given(
    st.lists(
        st.sampled_from(["every", "2", "week", "month", "on", "the", "last", "Fri", "and", "Jan", "at", "for", "x"])
    )
)
def test_any_words_are_a_rule_with_dates_or_none(words: list[str]) -> None:
    rule = read_rule(" ".join(words))
    if rule is not None:
        assert next_dates(rule, Dates(None, None, "2025-11-08"), SETTINGS, TODAY) is not None
