"""The one place where time comes from, so that tests can hold it."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time, monotonic time and sleep, in seconds; `today` fixes the date if it is set (`YYYY-MM-DD`)."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    today: str | None = None

    def date(self, timezone: str | None) -> str:
        """Return the day it is in a time zone, this machine's if None."""
        if self.today:
            return self.today
        return _moment(self.now(), timezone).date().isoformat()

    def until_tomorrow(self, timezone: str | None) -> float | None:
        """Return the seconds until the date changes in a time zone; None if it is fixed."""
        if self.today:
            return None
        moment = _moment(self.now(), timezone)
        tomorrow = dt.datetime.combine(moment.date() + dt.timedelta(days=1), dt.time(), moment.tzinfo)
        return tomorrow.timestamp() - moment.timestamp()  # a difference of wall times would forget a change of clocks

    def stamp(self, timezone: str | None) -> str:
        """Return the moment as ISO 8601 with its zone, to the second."""
        moment = _moment(int(self.now()), timezone)
        return (moment if timezone else moment.astimezone()).isoformat()


def _moment(now: float, timezone: str | None) -> dt.datetime:
    """Return a moment on the wall of a time zone; naive on that of this machine, whose zone may have no name."""
    return dt.datetime.fromtimestamp(now, ZoneInfo(timezone) if timezone else None)
