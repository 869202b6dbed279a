"""Who sees what: the tasks that each person's index note shows, in which section and order.

How a row looks is the index room's; which tasks exist is `locate`'s.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID
from vaultsync.model import INVALID, PRIORITIES, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaultsync.index.region import SectionName
    from vaultsync.model import Facts, TaskLine
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.rules import Rules

SECTION_OF_ROLE: Mapping[Role, SectionName] = {
    Role.PROPOSED: "Proposed",
    Role.TODO: "Open",
    Role.IN_PROGRESS: "In progress",
}
OWED: frozenset[SectionName | None] = frozenset({"Open", "In progress"})  # what one person can owe another
LAST_DATE = "9999-99-99"

Order = tuple[int, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """What an index note's frontmatter and the overview say of one person."""

    proposed: int = 0
    open: int = 0  # todo and in progress
    next_due: str | None = None  # the earliest due date among the open ones

    def __add__(self, other: Counts) -> Counts:
        """Return the numbers of both together."""
        due = min(filter(None, (self.next_due, other.next_due)), default=None)
        return Counts(self.proposed + other.proposed, self.open + other.open, due)


def section_of(source: SourceTask, note_date: str | None, rules: Rules, today: str) -> SectionName | None:
    """Return the section that shows a task, None if none does."""
    role = rules.roles.role_of(source.task.symbol)
    if role is Role.DONE:
        return "Done" if _recently_done(source, rules, today) else None
    if role is None or role not in rules.rollup_roles:
        return None
    if rules.rollup_since and note_date and note_date < rules.rollup_since:
        return None
    return SECTION_OF_ROLE.get(role)


def sort_key(line: TaskLine | Facts, note_date: str | None, path: str, number: int) -> Order:
    """Return the order of rows: priority, due date, note date, path, line; what has no date stands last."""
    due = line.due if line.due and line.due != INVALID else LAST_DATE
    return (PRIORITIES.index(line.priority), due, note_date or LAST_DATE, path, number)


def count(tasks: Iterable[SourceTask], rules: Rules) -> Counts:
    """Count one person's tasks."""
    numbers: dict[Role, int] = defaultdict(int)
    dates: list[str] = []
    for source in tasks:
        role, due = rules.roles.role_of(source.task.symbol), source.facts.due
        if role is None:
            continue
        numbers[role] += 1
        if role in (Role.TODO, Role.IN_PROGRESS) and due and due != INVALID:
            dates.append(due)
    return Counts(numbers[Role.PROPOSED], numbers[Role.TODO] + numbers[Role.IN_PROGRESS], min(dates, default=None))


def _recently_done(source: SourceTask, rules: Rules, today: str) -> bool:
    done, block_id = source.facts.done, source.task.block_id
    if not done or done == INVALID or not block_id or not OWN_ID.match(block_id.lower()):
        return False
    age = dt.date.fromisoformat(today) - dt.date.fromisoformat(done)
    return age.days < rules.index.done_days
