"""What a REF on the command line means: a block id, a link to a block, or a line, be it the task's or its row's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vaultsync.cli.filters import UnknownNameError, notes_named
from vaultsync.index.links import find_links, task_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.survey import Survey

_LINE = re.compile(r"(?P<note>.+):(?P<line>[0-9]+)\Z", re.DOTALL)


def tasks_at(refs: Iterable[str], found: Survey) -> list[SourceTask]:
    """Return the tasks that the refs name, each once, in the order given.

    Raises UnknownNameError with a line for each ref that names none, or several.
    """
    tasks: dict[tuple[str, int], SourceTask] = {}
    unknown: list[str] = []
    for ref in refs:
        try:
            source = _task_at(ref, found)
        except UnknownNameError as error:
            unknown.append(str(error))
        else:
            tasks[source.task.order] = source
    if unknown:
        raise UnknownNameError("\n".join(unknown))
    return [*tasks.values()]


def _task_at(ref: str, found: Survey) -> SourceTask:
    text = ref.strip()
    if links := find_links(text):
        return _with_key(ref, task_key(links[-1].path, links[-1].block_id), found)
    note, is_block, block_id = text.rpartition("#^")
    if is_block:
        return _only(ref, [_with_key(ref, task_key(path, block_id), found) for path in notes_named(note, found)])
    if match := _LINE.match(text):
        return _only(
            ref, [_on_line(ref, path, int(match["line"]), found) for path in notes_named(match["note"], found)]
        )
    block_id = text.removeprefix("^").lower()
    tasks = [source for source in found.tasks if (source.task.block_id or "").lower() == block_id != ""]
    if not tasks:
        raise UnknownNameError(f"{ref!r}: no task has this block id; a REF is a block id or NOTE:LINE")
    return _only(ref, tasks)


def _with_key(ref: str, key: str, found: Survey) -> SourceTask:
    tasks = [source for source in found.tasks if source.key == key]
    if not tasks:
        raise UnknownNameError(f"{ref!r}: no task has this block id")
    return _only(ref, tasks)


def _on_line(ref: str, path: str, number: int, found: Survey) -> SourceTask:
    for source in found.tasks:
        if source.task.order == (path, number):
            return source
    for key, places in found.rows.items():
        if any((at.note, at.row.number) == (path, number) for at in places):
            return _with_key(ref, key, found)
    raise UnknownNameError(f"{ref!r}: line {number} of {path} is no task")


def _only(ref: str, tasks: list[SourceTask]) -> SourceTask:
    places = {source.task.order for source in tasks}
    if len(places) == 1:
        return tasks[0]
    several = ", ".join(f"{path}:{number}" for path, number in sorted(places))
    raise UnknownNameError(f"{ref!r} names {len(places)} tasks: {several}; give one of these")
