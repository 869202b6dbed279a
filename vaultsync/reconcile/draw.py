"""Turn arrangements into the new text of each index note and of the overview, and say what each row then reads.

Where rows may not move yet, or somebody else's layout stands, only what may change is changed. Which tasks are shown is `arrange`'s.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.index.inert import render_tokens, tokens
from vaultsync.index.links import task_key
from vaultsync.index.note import (
    OverviewRow,
    index_path,
    index_properties,
    render_index_note,
    render_overview,
    replace_rows,
)
from vaultsync.index.region import VALUE_MARK, Section
from vaultsync.index.rows import RowValues, render_row, row_link, shown_values
from vaultsync.markdown.textlines import LineEdit, apply_line_edits
from vaultsync.model import Problem
from vaultsync.reconcile.arrange import Arrangement, Entry
from vaultsync.reconcile.base import IndexRecord
from vaultsync.tasks.people import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot, SourceTask
    from vaultsync.reconcile.task import Merged


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """An index or overview note as it shall stand; `expected` is the digest it was planned on, None for one to be made."""

    path: str
    person: str | None  # None: the overview
    expected: str | None
    text: str
    changed: bool
    proposed: int = 0
    open: int = 0


@dataclass(slots=True)
class Drawing:
    """All notes as they shall stand; `rows` holds, by task and index note, the row as it will read in the file."""

    index_notes: tuple[NoteWrite, ...] = ()
    overview: NoteWrite | None = None
    rows: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    records: dict[str, IndexRecord] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def draw(
    arranged: Mapping[str, Arrangement],
    after: Mapping[str, SourceTask],
    merged: Mapping[str, Merged],
    index_notes: Mapping[str, IndexNote],
    edits: Mapping[tuple[str, int], PlannedEdit],
    snapshot: Snapshot,
) -> Drawing:
    """Draw every index note that may be written, and the overview; `after` holds the tasks as they will read, by key."""
    drawing = Drawing()
    places = _places(arranged, index_notes, snapshot, drawing.problems)
    writes: list[NoteWrite] = []
    for person, path in places.items():
        arrangement = arranged.get(person, Arrangement())
        text = _text_after(path, snapshot, edits)
        note = index_notes.get(path)
        foreign = _foreign_layout(path, snapshot)
        if foreign:
            drawing.problems.append(Problem(path, None, foreign))
        if note is not None and text is not None and (foreign or path in snapshot.unsettled):
            text = _drawn_in_place(text, note, after, merged, edits, drawing, snapshot, frozen=bool(foreign))
        else:
            try:
                text = _drawn(path, person, text, note, arrangement, merged, drawing, snapshot)
            except ValueError as error:
                drawing.problems.append(Problem(path, None, f"{error}; the note isn't written"))
                continue
        found = snapshot.notes.get(path)
        counts = arrangement.counts
        expected, changed = (found.digest, text != found.text) if found else (None, True)
        writes.append(NoteWrite(path, person, expected, text, changed, counts.proposed, counts.open))
    drawing.index_notes = tuple(writes)
    drawing.overview = _overview(places, arranged, edits, snapshot, drawing)
    return drawing


def value_lines(outcome: Merged, note: str, source_path: str) -> list[str]:
    """Return the plain lines beneath a row in Conflicts: one for each value that another side holds."""
    lines: list[str] = []
    for name, disagreement in outcome.disagreements.items():
        own = disagreement.rows.get(note, disagreement.source)
        others = [("the note", disagreement.source)]
        others += [(where, value) for where, value in sorted(disagreement.rows.items()) if where != note]
        for where, value in others:
            if value != own:
                shown = " ".join(render_tokens(tokens(value), source_path)).strip() or "none"
                lines.append(f"    {VALUE_MARK} {name} in {where.removesuffix('.md')}: {shown}")
    return list(dict.fromkeys(lines))


def _drawn(
    path: str,
    person: str,
    text: str | None,
    note: IndexNote | None,
    arrangement: Arrangement,
    merged: Mapping[str, Merged],
    drawing: Drawing,
    snapshot: Snapshot,
) -> str:
    """Return the note's text drawn anew."""
    rules = snapshot.rules
    remarks: list[str] = []
    sections: list[Section] = []
    for name, entries in arrangement.sections.items():
        lines: list[str] = []
        for entry in entries:
            row, beneath = _entry_lines(entry, path, merged, drawing, snapshot)
            if row is None:
                continue
            lines += [row, *beneath]
            remarks += beneath
        sections.append(Section(name, tuple(lines), arrangement.more.get(name, 0)))
    record = snapshot.index_notes.get(path)
    ours = frozenset(record.remarks if record else ())
    strangers = [line for line in note.content.strangers if line not in ours] if note else []
    existing = (snapshot.notes[path].properties or {}) if path in snapshot.notes else {}
    counts = arrangement.counts
    properties = index_properties(person, counts.proposed, counts.open, counts.next_due, existing)
    after = render_index_note(text, properties, sections, strangers, snapshot.layout, rules.index.heading)
    drawing.records[path] = IndexRecord(person, snapshot.layout, tuple(remarks))
    return after


def _entry_lines(
    entry: Entry, path: str, merged: Mapping[str, Merged], drawing: Drawing, snapshot: Snapshot
) -> tuple[str | None, list[str]]:
    """Return a row, and the lines beneath it; None for a task that can't be linked to."""
    if entry.kept is not None:
        return entry.kept.row.text, [f"    {VALUE_MARK} {entry.remark}"] if entry.remark else []
    source = entry.source
    if source is None or source.key is None:
        return None, []
    outcome = merged.get(source.key)
    row = _row_text(source, path, outcome, snapshot)
    drawing.rows[source.key][path] = row
    return row, value_lines(outcome, path, source.task.path) if outcome else []


def _row_text(source: SourceTask, note: str, outcome: Merged | None, snapshot: Snapshot) -> str:
    """Return the row of a task in an index note; where they disagree on a field, with the row's own value."""
    line = source.task.line
    values = shown_values(line, source.text, source.task.path, snapshot.rules)
    own = outcome.row_values.get(note) if outcome else None
    if outcome and own:
        values = _with_own(values, own, outcome)
    date = snapshot.notes[source.task.path].date
    link = row_link(source.task.path, line.block_id or "", date, snapshot.rules)
    return render_row(values, line.recurrence, link, snapshot.rules)


def _with_own(values: RowValues, own: RowValues, outcome: Merged) -> RowValues:
    for name in outcome.disagreements:
        if name == "status":
            values = replace(values, symbol=own.symbol)
        elif name == "prose":
            values = replace(values, prose=own.prose, text=own.text, tags=own.tags) if own.prose else values
        elif name == "assignee":
            mentions = " ".join(f"@{name}" for name in own.mentions)
            values = replace(values, text=f"{values.text} {mentions}".strip(), mentions=own.mentions)
        elif name == "tags":
            words = [word for word in own.text.split() if word in own.tags]
            values = replace(values, text=" ".join([*values.prose, *words]), tags=own.tags)
        else:
            values = replace(values, **{name: getattr(own, name)})
    return values


def _drawn_in_place(
    text: str,
    note: IndexNote,
    after: Mapping[str, SourceTask],
    merged: Mapping[str, Merged],
    edits: Mapping[tuple[str, int], PlannedEdit],
    drawing: Drawing,
    snapshot: Snapshot,
    *,
    frozen: bool,
) -> str:
    """Return the note's text with each row where it stands, brought up to date unless `frozen`."""
    path = note.note.path
    rows: dict[int, str] = {}
    for row in note.content.rows:
        key = task_key(row.path, row.block_id)
        source = after.get(key)
        if source is None or key not in merged:
            continue
        new = row.text if frozen else _row_text(source, path, merged[key], snapshot)
        drawing.rows[key][path] = new
        if new != row.text:
            above = (edit for (where, line), edit in edits.items() if where == path and line < row.number)
            rows[row.number + sum(len(edit.after) - 1 for edit in above)] = new
    return replace_rows(text, rows)


def _places(
    arranged: Mapping[str, Arrangement],
    index_notes: Mapping[str, IndexNote],
    snapshot: Snapshot,
    problems: list[Problem],
) -> dict[str, str]:
    """Return where each person's index note stands or is to be made; people whose note is held now are left out."""
    by_person: dict[str, list[str]] = defaultdict(list)
    for path, index_note in index_notes.items():
        by_person[index_note.person].append(path)
    held = {record.person for path, record in snapshot.index_notes.items() if snapshot.is_held(path)}
    places: dict[str, str] = {}
    used = {_folded(path) for path in index_notes}
    for person in sorted({*arranged, *by_person}):
        there = by_person.get(person)
        if there:
            usual = index_path(person, snapshot.rules.index)
            first = min(there, key=lambda path: (path not in snapshot.index_notes, path != usual, path))
            problems += [
                Problem(
                    path, None, f"a second index note of {person} beside {first}; edits in it count, it isn't written"
                )
                for path in there
                if path != first
            ]
            places[person] = first
            continue
        if person in held or not arranged[person].sections:
            continue
        path = index_path(person, snapshot.rules.index)
        while _folded(path) in used:
            path = f"{path.removesuffix('.md')} -.md"
        note = snapshot.notes.get(path)
        if snapshot.is_held(path) or (note is not None and note.text is None):
            if note is not None and note.kind == "off":
                problems.append(Problem(path, None, f"`vaultsync: false` stands where {person}'s index note belongs"))
            continue
        used.add(_folded(path))
        places[person] = path
    return places


def _text_after(path: str, snapshot: Snapshot, edits: Mapping[tuple[str, int], PlannedEdit]) -> str | None:
    """Return a note's text with the planned edits of its own task lines, None if there is no note."""
    note = snapshot.notes.get(path)
    if note is None or note.text is None:
        return None
    own = [LineEdit(edit.line, edit.before, edit.after) for place, edit in edits.items() if place[0] == path]
    return apply_line_edits(note.text, own)


def _foreign_layout(path: str, snapshot: Snapshot) -> str | None:
    """Return why a note's region may not be drawn: a newer version's, or one drawn since by somebody with other settings."""
    note = snapshot.notes.get(path)
    found = note.regions.layout if note and note.regions else None
    if found is None or found == snapshot.layout or snapshot.force:
        return None
    version, own_version = found.partition("-")[0], snapshot.layout.partition("-")[0]
    if version.isdigit() and int(version) > int(own_version):
        return f"drawn by a newer vaultsync (layout {found}); edits in it count, it isn't drawn; update, or use --force"
    record = snapshot.index_notes.get(path)
    if record is not None and record.layout not in (found, snapshot.layout):
        return (
            f"drawn with other settings (layout {found}); edits in it count; bring the config in step, or use --force"
        )
    return None


def _overview(
    places: Mapping[str, str],
    arranged: Mapping[str, Arrangement],
    edits: Mapping[tuple[str, int], PlannedEdit],
    snapshot: Snapshot,
    drawing: Drawing,
) -> NoteWrite | None:
    """Return the overview note; None while it may not be written or nobody has tasks."""
    there = sorted(path for path, note in snapshot.notes.items() if note.kind == "overview")
    path = there[0] if there else snapshot.rules.overview
    note = snapshot.notes.get(path)
    if not places or snapshot.unsettled or snapshot.is_held(path) or (note is not None and note.text is None):
        return None
    if foreign := _foreign_layout(path, snapshot):
        drawing.problems.append(Problem(path, None, foreign))
        return None
    rows = [
        OverviewRow(person, place, counts.proposed, counts.open, counts.next_due)
        for person, place in sorted(
            places.items(), key=lambda item: (item[0] == UNASSIGNED, item[0].casefold(), item[0])
        )
        for counts in [arranged.get(person, Arrangement()).counts]
    ]
    before = _text_after(path, snapshot, edits)
    try:
        text = render_overview(before, rows, snapshot.layout, markdown_links=snapshot.rules.index.markdown_links)
    except ValueError as error:
        drawing.problems.append(Problem(path, None, f"{error}; the overview isn't written"))
        return None
    drawing.records[path] = IndexRecord("", snapshot.layout)
    return NoteWrite(path, None, note.digest if note else None, text, note is None or text != note.text)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
