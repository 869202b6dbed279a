"""Decide what of ours may leave a vault: which rows say nothing that their source doesn't, which ids can be taken back.

The look of what is left of an index note is the index room's; what links to an id is found by reading files, above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vaultsync.index.links import OWN_ID, task_key
from vaultsync.index.region import read_region
from vaultsync.model import Problem
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.tasks.edits import set_block_id
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.signifiers import SPACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from vaultsync.index.region import RegionRow
    from vaultsync.model import TaskLine
    from vaultsync.reconcile.base import BaseTask, IndexRecord
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.rules import Rules

WHY = "eject"
_NO_SOURCE = "the line that this row shows isn't there, or can't be read"
_CONFLICT = "this row and its source disagree; change one of them"
_EDITED = "this row or its source was edited, and the edit hasn't arrived on the other side"


def ours(path: str, note: Note, records: Mapping[str, IndexRecord]) -> Literal["index", "overview"] | None:
    """Tell whether a note is an index or the overview note: by its frontmatter, or by its region if we wrote it."""
    if note.held is not None or note.kind == "off":
        return None
    if note.kind != "source":
        return note.kind
    record = records.get(path)
    if record is None or note.regions is None:
        return None
    return "index" if record.person else "overview"


def rows_out_of_step(
    notes: Mapping[str, Note], records: Mapping[str, IndexRecord], base: Mapping[str, BaseTask]
) -> Iterator[Problem]:
    """Yield the rows that may hold what their source doesn't: all but those that stand as last written.

    A row is in step if it and its source line read as the base has them and the base knows of no conflict.
    """
    lines: dict[str, set[str]] = {}
    for path, note in notes.items():
        for task in note.tasks:
            if task.block_id:
                lines.setdefault(task_key(path, task.block_id), set()).add(task.text)
    for path in sorted(notes):
        for row in _rows(path, notes[path], records):
            key = task_key(row.path, row.block_id)
            if key not in lines:
                yield Problem(path, row.number, _NO_SOURCE)
                continue
            known = base.get(key)
            if known is not None and known.conflicts:
                yield Problem(path, row.number, _CONFLICT)
            elif known is None or known.rows.get(path) != row.text or known.line not in lines[key]:
                yield Problem(path, row.number, _EDITED)


def has_strangers(notes: Mapping[str, Note], records: Mapping[str, IndexRecord]) -> bool:
    """Tell whether somebody wrote lines of their own into a region."""
    return any(
        line not in records[path].remarks if path in records else True
        for path, note in notes.items()
        if (text := note.text) is not None and note.regions is not None and ours(path, note, records) == "index"
        for line in read_region(text, note.regions.begin or 0, note.regions.end or 0).foreign
    )


def id_edits(note: Note, linked: AbstractSet[str], rules: Rules) -> tuple[list[PlannedEdit], list[Problem]]:
    """Return the edits that take our block ids off a note's task lines, and the lines where that can't be done.

    Ids that are `linked` (lower case) to stay. The line is then as it was before it got the id, byte for byte.
    """
    edits: list[PlannedEdit] = []
    problems: list[Problem] = []
    for task in note.tasks:
        name = (task.block_id or "").lower()
        if not OWN_ID.match(name) or name in linked:
            continue
        after = _without_id(task.line, rules)
        if after is None:
            what = f"without ^{name} the line would read as another task; the id stays"
            problems.append(Problem(*task.order, what))
        else:
            edits.append(PlannedEdit(*task.order, task.text, (after,), WHY))
    return edits, problems


def _rows(path: str, note: Note, records: Mapping[str, IndexRecord]) -> tuple[RegionRow, ...]:
    text = note.text
    if note.regions is None or text is None or ours(path, note, records) != "index":
        return ()
    return read_region(text, note.regions.begin or 0, note.regions.end or 0).rows


def _without_id(line: TaskLine, rules: Rules) -> str | None:
    """Return the line's text without its id and the blank before; None if it would then say something else.

    Where it does, it is still right if it gets the same id in the same place again: that is what was stamped once.
    """
    at = next(field for field in reversed(line.fields) if field.name == "block_id" and field.counts)
    start = at.start - (line.text[at.start - 1] in SPACES)
    text = line.text[:start] + line.text[at.end :]
    read = parse_line(text, rules.tasks, hidden=rules.read_hidden_fields)
    if read is None or read.block_id is not None:
        return None
    return text if _says(read) == _says(line) or set_block_id(read, line.block_id or "") == line.text else None


def _says(line: TaskLine) -> tuple[object, ...]:
    fields = [(field.name, field.value, field.counts) for field in line.fields if field.name != "block_id"]
    return (line.symbol, line.description, line.tags, line.priority, line.on_completion, fields)
