"""The text-level outcome of a plan: one line of a note, replaced. Applying and refusing it is left to `verify`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """One line of a note, to be replaced: `line` from 1; `after` may hold no line (removed) or two (recurrence).

    No task line is empty: where `before` is, `after` is added at the note's end, which may have to be made, and `line`
    is one behind the last.
    """

    path: str
    line: int
    before: str
    after: tuple[str, ...]
    why: str

    @property
    def adds(self) -> bool:
        """Tell whether a line is added."""
        return not self.before

    @property
    def place(self) -> tuple[str, int]:
        """Path and line; at most one edit of a plan is for one place."""
        return (self.path, self.line)
