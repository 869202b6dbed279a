"""What a daemon says in its log: each cycle that changed something, each problem and each trouble once while it lasts.

Where the words go, and how they look, is the command's. Paths and counts are said; the text of notes isn't.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from vaultsync.model import Problem
    from vaultsync.outcome import Outcome

_SHOWN: Final = 3  # paths of one trouble that are named; the others are counted


@dataclass(slots=True)
class Words:
    """The words of one daemon; it remembers what it has said."""

    log: FilteringBoundLogger
    _problems: set[Problem] = field(default_factory=set)
    _troubles: dict[str, str] = field(default_factory=dict)  # what fails -> why, as was said
    _blocked: dict[str, set[str]] = field(default_factory=dict)  # why -> notes that can't be written

    def tell(self, outcome: Outcome, seconds: float) -> None:
        """Say what a cycle did, if it did anything, and which problems are new."""
        if outcome.written:
            self.log.info(
                "cycle",
                edits=len(outcome.edits),
                written=len(outcome.written),
                conflicts=len(outcome.plan.conflicts),
                problems=len(outcome.problems),
                seconds=round(seconds, 3),
            )
        self._tell_blocked(outcome)
        for problem in outcome.problems:
            if problem not in self._problems and problem.path not in outcome.blocked:
                self.log.warning("problem", path=problem.path, line=problem.line, what=problem.what)
        self._problems = set(outcome.problems)

    def trouble(self, what: str, why: str) -> None:
        """Say that something fails, once while it fails for the same reason."""
        if self._troubles.get(what) != why:
            self.log.error(what, why=why)
            self._troubles[what] = why

    def over(self, what: str) -> None:
        """Say that something that had failed is all right again."""
        if self._troubles.pop(what, None) is not None:
            self.log.info("all right again", what_failed=what)

    def _tell_blocked(self, outcome: Outcome) -> None:
        blocked: dict[str, set[str]] = defaultdict(set)
        for path, why in outcome.blocked.items():
            blocked[why].add(path)
        for why, paths in blocked.items():
            if new := sorted(paths - self._blocked.get(why, set())):
                self.log.error("can't write; it is tried again", why=why, notes=len(paths), paths=new[:_SHOWN])
        for why in self._blocked.keys() - blocked.keys():
            self.log.info("can write again", why_not_before=why)
        self._blocked = dict(blocked)
