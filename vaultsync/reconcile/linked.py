"""Say which task a line of a region shows where its links leave that open: people type links of their own into rows.

A row shows the task whose row was written there. What becomes of a line without such a link is `loose`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, find_links, task_key
from vaultsync.index.region import LooseRow
from vaultsync.index.rows import row_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaultsync.index.links import BlockLink
    from vaultsync.index.region import RegionRow
    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot
    from vaultsync.tasks.rules import Rules

JOINED = "it links to more than one task that has a row here; put each on a line of its own"


@dataclass(frozen=True, slots=True)
class Linked:
    """An index note with its rows by the tasks that they show; of `joined` lines, by number, the tasks they link to."""

    note: IndexNote
    joined: Mapping[int, frozenset[str]] = field(default_factory=dict)


def by_links(path: str, note: IndexNote, located: Located, snapshot: Snapshot) -> Linked:
    """Return an index note with each line as the row of the task whose row it was, and as loose if it was none's.

    A line that links to several tasks which have their rows here is loose: somebody joined two rows.
    """
    alias = _alias(snapshot.rules)
    unusual = [row for row in note.content.rows if alias is None or row.raw.count(b"#^") > 1 or alias not in row.raw]
    if not unusual:
        return Linked(note)
    names = former_names(path, note, snapshot)
    shown = {row.number: _shown(row, names, located, snapshot) for row in unusual}
    rows: list[RegionRow] = []
    loose = [*note.content.loose]
    for row in note.content.rows:
        tasks = shown.get(row.number)
        if tasks is None:
            rows.append(row)
        elif len(tasks) == 1:
            rows += tasks.values()
        else:
            loose.append(LooseRow(row.number, row.indent, row.text, row.beneath))
    if tuple(rows) == note.content.rows:
        return Linked(note)
    loose.sort(key=lambda row: row.number)
    joined = {number: frozenset(tasks) for number, tasks in shown.items() if len(tasks) > 1}
    return Linked(replace(note, content=replace(note.content, rows=tuple(rows), loose=tuple(loose))), joined)


def former_names(path: str, note: IndexNote, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the paths under which the base may know an index note: its own, then those that nothing stands at now."""
    renamed = (
        other
        for other, record in sorted(snapshot.index_notes.items())
        if record.person == note.person and other not in snapshot.notes
    )
    return (path, *renamed)


@lru_cache(maxsize=8)
def _alias(rules: Rules) -> bytes | None:
    """Return what every link that we write holds: its words and what is around them. None where the words differ."""
    if rules.index.link_text in ("date", "title"):
        return None
    before, _, after = row_link("note.md", "id", None, rules).partition("note")
    return (before if before.endswith("](") else after.partition("#^id")[2]).encode()


def _shown(row: RegionRow, names: Sequence[str], located: Located, snapshot: Snapshot) -> Mapping[str, RegionRow]:
    """Return the tasks by key that a line may be the row of, with the row: none, one, or several that were joined."""
    text, key = row.text, task_key(row.path, row.block_id)
    links = {task_key(link.path, link.block_id): link for link in find_links(text)}
    ours = [each for each, link in links.items() if _is_as_written(link, text, snapshot)]
    written = {each: there for each in links if (there := _written(each, names, snapshot))}
    home = [each for each, there in written.items() if text in there] or [each for each in ours if each in written]
    home = home or ([key] if key in written else list(written))
    if not home and len(ours) > 1:
        home = ours
    if home:
        return {each: replace(row, path=links[each].path, block_id=links[each].block_id) for each in home}
    if key in snapshot.base:
        # It is shown elsewhere: its row was moved as a whole, or it is referred to.
        return {key: row} if key in ours else {}
    return {} if not OWN_ID.match(key) and _is_strangers(row, key, located, snapshot) else {key: row}


def _written(key: str, names: Sequence[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Return a task's row as it was last written under some names of an index note."""
    task = snapshot.base.get(key)
    return tuple(task.rows[name] for name in names if name in task.rows) if task else ()


def _is_as_written(link: BlockLink, text: str, snapshot: Snapshot) -> bool:
    """Tell whether a link reads as we write it."""
    note = snapshot.notes.get(link.path)
    ours = row_link(link.path, link.block_id, note.date if note else None, snapshot.rules)
    return text[link.start : link.end] == ours


def _is_strangers(row: RegionRow, key: str, located: Located, snapshot: Snapshot) -> bool:
    """Tell whether a row links to a block of somebody's own which is no task.

    While the note that the link leads to isn't there, the row waits for it to arrive.
    """
    return key not in located.by_key and row.path in snapshot.notes and not snapshot.is_held(row.path)
