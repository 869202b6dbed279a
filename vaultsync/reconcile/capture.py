"""Decide what becomes of the lines with a box that somebody typed into a region: they are appended to the capture note.

Which of them are rows whose link was deleted is `loose`'s to say; whether the capture note then reads as it should,
`verify`'s.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID, task_key
from vaultsync.index.region import LooseRow, RegionRow
from vaultsync.index.rows import linked_row, row_settings, shown_values
from vaultsync.markdown.textlines import split_lines
from vaultsync.model import Problem, TaskLine
from vaultsync.reconcile.arrange import Entry
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.locate import assigned, is_mirror
from vaultsync.reconcile.loose import Matched, match_loose, with_rows
from vaultsync.reconcile.sides import parse_source
from vaultsync.reconcile.snapshot import RowAt, SourceTask
from vaultsync.reconcile.stray import STRAY_ID
from vaultsync.tasks.edits import set_block_id
from vaultsync.tasks.ids import derive_id
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.note import Note, Task
from vaultsync.tasks.people import UNASSIGNED
from vaultsync.tasks.text import read_text, set_assignees, set_prose, set_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaultsync.reconcile.locate import Located
    from vaultsync.reconcile.places import Standing
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot
    from vaultsync.reconcile.stamp import TakenIds

WHY = "capture"
_BLOCK_ID = re.compile(r"\s+\^[A-Za-z0-9-]+\s*\Z")
_LAST = (99, "9999-99-99", "9999-99-99")  # behind all rows of a section


class NotCapturedError(Exception):
    """The line stays as typed; the message, if there is one, says why and what to do."""


@dataclass(slots=True)
class Captured:
    """What is captured: the lines for the capture note, the tasks as they then read, and the lines that stay."""

    index_notes: dict[str, IndexNote]
    edits: list[PlannedEdit] = field(default_factory=list)
    tasks: list[SourceTask] = field(default_factory=list)
    kept: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))  # by person
    problems: list[Problem] = field(default_factory=list)

    def with_kept(self, kept: Mapping[str, Sequence[Entry]]) -> dict[str, list[Entry]]:
        """Return the rows that stay as they stand, by person, with the lines that do."""
        return {person: [*kept.get(person, ()), *self.kept.get(person, ())] for person in {*kept, *self.kept}}


def found_again(
    index_notes: Mapping[str, IndexNote],
    rows: Mapping[str, Sequence[RowAt]],
    located: Located,
    standing: Standing,
    snapshot: Snapshot,
) -> Matched:
    """Return the index notes with all those lines as rows that have a task already, though no link to it."""
    matched = match_loose(index_notes, located, standing, snapshot)
    _take_up(matched, rows, located, standing, snapshot)
    return matched


def _take_up(
    matched: Matched, rows: Mapping[str, Sequence[RowAt]], located: Located, standing: Standing, snapshot: Snapshot
) -> None:
    """Make those lines rows that a run which then died has captured already.

    Their task stands in the capture note, no cycle has ended since, and no row shows it but in the notes of others, to
    whom it may have been given.
    """
    path = snapshot.rules.capture
    waiting: dict[str, list[SourceTask]] = defaultdict(list)
    for source in located.tasks:
        if source.task.path == path and source.key and source.key not in snapshot.base:
            waiting[_bare(source.task.text)].append(source)
    for name, note in list(matched.index_notes.items()) if waiting else ():
        shown = {key for key, each in rows.items() if any(at.note == name for at in each)}
        found: list[RegionRow] = []
        for row in note.content.loose if name not in standing.in_place else ():
            line = _line_of(row, note.person, snapshot)
            sources = waiting.get(_bare(line.text), []) if isinstance(line, TaskLine) else []
            captured = next((each for each in sources if each.key not in shown), None)
            if captured is not None:
                sources.remove(captured)
                block_id, drawn = captured.task.block_id or "", _drawn(captured, snapshot)
                found.append(RegionRow(row.number, row.indent, drawn.encode(), path, block_id, row.beneath))
        if found:
            matched.index_notes[name] = with_rows(note, found)


def _drawn(source: SourceTask, snapshot: Snapshot) -> str:
    """Return the row of a captured task: what was typed says the same, but isn't rendered inert."""
    line, path, rules = source.task.line, source.task.path, snapshot.rules
    return linked_row(shown_values(line, source.text, path, rules), line, path, snapshot.notes[path].date, rules)


def capture(matched: Matched, located: Located, taken: TakenIds, standing: Standing, snapshot: Snapshot) -> Captured:
    """Capture what is loose in notes whose rows may move; `taken` grows by the ids given.

    An edit's line is the first one behind the capture note's end, and one more for each further line, whether or not
    those before it are refused.
    """
    captured = Captured(dict(matched.index_notes))
    inbox = _Inbox(located, taken, snapshot)
    for path in sorted(matched.index_notes):
        note = matched.index_notes[path]
        if path in standing.in_place or not note.content.loose:
            continue
        rows: list[RegionRow] = []
        dropped: set[int] = set()  # no more loose
        for row in note.content.loose:
            line = _line_of(row, note.person, snapshot)
            if line is None or not line:
                dropped.add(row.number)
                continue
            undecided = matched.undecided.get(path, {}).get(row.number)
            try:
                source = inbox.add(undecided or line)
            except NotCapturedError as error:
                if what := str(error):
                    captured.problems.append(Problem(path, row.number, f"{what}; the line stays as typed"))
                stays = RowAt(
                    path, note.person, RegionRow(row.number, row.indent, row.text.encode(), "", "", row.beneath)
                )
                captured.kept[note.person].append(Entry((*_LAST, path, row.number), kept=stays))
                continue
            captured.tasks.append(source)
            captured.edits.append(PlannedEdit(*source.task.order, "", (source.task.text,), WHY))
            block_id = source.task.block_id or ""
            typed = _BLOCK_ID.sub("", row.text)
            rows.append(RegionRow(row.number, row.indent, typed.encode(), source.task.path, block_id, row.beneath))
        captured.index_notes[path] = _without(with_rows(note, rows), dropped, snapshot)
    return captured


def with_capture_note(snapshot: Snapshot, captured: Captured) -> Snapshot:
    """Return the snapshot with the capture note in it, also where that is yet to be made."""
    path = snapshot.rules.capture
    if not captured.edits or path in snapshot.notes:
        return snapshot
    return replace(snapshot, notes={**snapshot.notes, path: Note(path, "", "source")})


class _Inbox:
    """The capture note as it fills up."""

    def __init__(self, located: Located, taken: TakenIds, snapshot: Snapshot) -> None:
        self._located = located
        self._taken = taken
        self._snapshot = snapshot
        self._obstacle = _obstacle(snapshot)
        note = snapshot.notes.get(snapshot.rules.capture)
        self._number = len(split_lines(note.text or "")) if note else 0

    def add(self, line: TaskLine | str) -> SourceTask:
        """Return the task as the note shall hold it; of a line that can't go there, what is wrong is given instead.

        Raises NotCapturedError.
        """
        if isinstance(line, str):
            raise NotCapturedError(line)
        self._number += 1
        if self._obstacle is not None:
            raise NotCapturedError(self._obstacle)
        snapshot, located = self._snapshot, self._located
        rules, path = snapshot.rules, snapshot.rules.capture
        if (path, self._number) in snapshot.refused:
            raise NotCapturedError(f"at the end of {path} it would not read as this task")
        own = line.block_id
        text = line.text
        if own is None or OWN_ID.match(own.lower()) or task_key(path, own) in located.by_key:
            name = derive_id(path, read_text(line, snapshot.roster, rules.assignees).prose, self._taken)
            text = set_block_id(line, name)
        read = parse_source(text, rules)
        if read is None or read.block_id is None or STRAY_ID.search(text[: text.rindex("^")]):
            raise NotCapturedError("with a block id it would not read as this task")
        task = Task.of(path, self._number, read, rules)
        if is_mirror(task, located.by_key):
            raise NotCapturedError("it would be taken for a copy of the row that it links to; take the link's text out")
        self._taken.add(read.block_id.lower())
        return assigned(task, snapshot.read_text, located.persons.get(path), located.spelling)


def _line_of(row: LooseRow, person: str, snapshot: Snapshot) -> TaskLine | str | None:
    """Return a line as it goes into the capture note, but for its id.

    None where it is no task, "" where nothing stands in it, else what is wrong with it.
    """
    rules = snapshot.rules
    settings = row_settings(rules)

    def read(text: str) -> TaskLine | None:
        return parse_line(text, settings, hidden=rules.read_hidden_fields)

    line = read(row.text)
    if line is None or rules.roles.role_of(line.symbol) is None:
        return None
    words = read_text(line, snapshot.roster, rules.assignees)
    if not words.prose:
        return "it has no words" if row.text.rpartition("]")[2].strip() else ""
    text = row.text
    if not words.assignees and person != UNASSIGNED:
        text = set_assignees(line, words, [person], snapshot.roster)
    wanted = rules.tasks.global_filter
    again = read(text)
    if wanted and wanted not in text and again:
        said = read_text(again, snapshot.roster, rules.assignees)
        text = (
            set_tags(again, said, [wanted], [])
            if wanted.startswith("#")
            else set_prose(again, said, f"{said.prose} {wanted}")
        )
    source = parse_source(text, rules)
    if source is None or source.symbol != line.symbol:
        return "it would not read as this task in another note"
    if (read_text(source, snapshot.roster, rules.assignees).assignees or (UNASSIGNED,)) != (
        words.assignees or (person,)
    ):
        return f"with a mention of {person} it would not read as {person}'s task"
    return source


def _obstacle(snapshot: Snapshot) -> str | None:
    """Return what keeps tasks out of the capture note; "" while they just have to wait."""
    rules, path = snapshot.rules, snapshot.rules.capture
    note = snapshot.notes.get(path)
    if not rules.captures:
        return f"{path}, where new tasks go (`capture`), is a note that isn't read"
    if rules.may_hold_region(path) or (note is not None and note.kind in ("index", "overview")):
        return f"{path}, where new tasks go (`capture`), is an index note"
    if note is not None and note.kind == "off":
        return f"{path}, where new tasks go (`capture`), says `vaultsync: false`"
    if snapshot.is_held(path) or path in snapshot.unstamped or (note is None and not snapshot.may_create):
        return ""
    return None


def _without(note: IndexNote, dropped: set[int], snapshot: Snapshot) -> IndexNote:
    """Return the note with some lines no longer loose: they are strangers, and those with nothing in them are gone."""
    if not dropped:
        return note
    empty = {
        row.number for row in note.content.loose if row.number in dropped and _line_of(row, note.person, snapshot) == ""
    }
    lines = (line for line in note.content.lines if line.number not in empty)
    content = replace(
        note.content,
        loose=tuple(row for row in note.content.loose if row.number not in dropped),
        lines=tuple(replace(line, owner=None) if line.owner in dropped else line for line in lines),
    )
    return replace(note, content=content)


def _bare(text: str) -> str:
    return _BLOCK_ID.sub("", text)
