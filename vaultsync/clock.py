"""The one place where time comes from, so that tests can hold it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pendulum

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
        moment = pendulum.from_timestamp(self.now()).in_timezone(timezone or pendulum.tz.local_timezone())
        return moment.to_date_string()

    def until_tomorrow(self, timezone: str | None) -> float | None:
        """Return the seconds until the date changes in a time zone; None if it is fixed."""
        if self.today:
            return None
        moment = pendulum.from_timestamp(self.now()).in_timezone(timezone or pendulum.tz.local_timezone())
        return (moment.add(days=1).start_of("day") - moment).total_seconds()

    def stamp(self, timezone: str | None) -> str:
        """Return the moment as ISO 8601 with its zone, to the second."""
        moment = pendulum.from_timestamp(int(self.now())).in_timezone(timezone or pendulum.tz.local_timezone())
        return moment.isoformat()
