"""Records of the base as they are kept in memory: packed, since there is one for each task of the vault."""

from __future__ import annotations

import marshal
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from vaultsync.reconcile.base import BaseTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Records(MutableMapping[str, BaseTask]):
    """Base records by key. Each is made anew when it is asked for, which takes a few microseconds.

    Packed a record takes a third of its room: text is UTF-8, where an emoji in a `str` makes each character four bytes.
    """

    def __init__(self, tasks: Iterable[BaseTask] = ()) -> None:
        self._packed: dict[str, bytes] = {}
        for task in tasks:
            self[task.key] = task

    def __getitem__(self, key: str) -> BaseTask:
        path, line, conflicts, missing_since, rows, former = marshal.loads(self._packed[key])  # noqa: S302 - ours, and from memory
        return BaseTask(key, path, line, frozenset(conflicts), missing_since, dict(rows), former)

    def __setitem__(self, key: str, task: BaseTask) -> None:
        rows, conflicts = tuple(task.rows.items()), tuple(task.conflicts)
        self._packed[key] = marshal.dumps((task.path, task.line, conflicts, task.missing_since, rows, task.former))

    def __delitem__(self, key: str) -> None:
        del self._packed[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, key: object) -> bool:
        return key in self._packed
