"""What completing a task leaves in its note: the next occurrence of a recurring one, nothing of one with `🏁 delete`.

How the next occurrence's line reads is the tasks room's; which transitions count is `task`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.model import Role, TaskLine
from vaultsync.tasks.edits import next_occurrence, set_block_id
from vaultsync.tasks.ids import derive_next_id
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from vaultsync.tasks.rules import Rules


def completed_lines(  # noqa: PLR0913 - line, neighbours and what the outcome is a function of
    done: str,
    before: str,
    neighbours: Iterable[TaskLine],
    rules: Rules,
    today: str,
    taken_ids: Container[str],
    *,
    recurs: bool,
    removable: bool = True,
) -> tuple[str, ...]:
    """Return the lines that stand in place of a line that has just become done, in their order in the note.

    `neighbours` are the task lines directly above and below: an open one with the same prose and rule is the next
    occurrence, made by the Tasks plugin or by a run that died, and none is made again; they are to be given as they
    read after their own edits. It may have the prose that the line had `before`, since Tasks knows of no edit of a row.
    `recurs` is False for a completion that makes no next occurrence, `removable` for a task with a conflict: deleting
    it would settle that. A recurring line is never removed unless its next occurrence stands.
    """
    line = parse_line(done, rules.tasks, hidden=rules.read_hidden_fields)
    if line is None:
        return (done,)
    kept = () if line.on_completion == "delete" and removable else (done,)
    if not line.recurrence or any(_is_next_of(other, line, before, rules) for other in neighbours):
        return kept
    following = next_occurrence(line, rules.tasks, today) if recurs else None
    if following is None:
        return (done,)
    read = parse_line(following, rules.tasks, hidden=rules.read_hidden_fields)
    if read is not None and line.block_id:
        reference = read.due or read.scheduled or read.start or ""
        following = set_block_id(read, derive_next_id(line.block_id, reference, taken_ids))
    return (*kept, following) if rules.tasks.recurrence_on_next_line else (following, *kept)


def lines_around(place: tuple[str, int], lines: Mapping[tuple[str, int], TaskLine]) -> list[TaskLine]:
    """Return the task lines directly above and below a place (path and line), of `lines` by place."""
    path, number = place
    return [lines[at] for at in ((path, number - 1), (path, number + 1)) if at in lines]


def _is_next_of(other: TaskLine, line: TaskLine, before: str, rules: Rules) -> bool:
    is_open = rules.roles.role_of(other.symbol) not in (Role.DONE, Role.REJECTED)
    if not is_open or other.recurrence != line.recurrence:
        return False
    former = parse_line(before, rules.tasks, hidden=rules.read_hidden_fields)
    return _words(other) in [_words(each) for each in (line, former) if each]


def _words(line: TaskLine) -> list[str]:
    return line.description.split()
