"""Turn arrangements into the new text of each index note and of the overview, and say what each row then reads.

Where rows may not move yet, or somebody else's layout stands, only what may change is changed. Which tasks are shown is
`arrange`'s, which notes stand where `places`'.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from vaultsync.index.links import render_link, task_key
from vaultsync.index.note import (
    index_properties,
    render_index_note,
    replace_rows,
)
from vaultsync.index.region import (
    HOW_TO_END,
    KNOWN_SECTIONS,
    VALUE_MARK,
    RegionContent,
    Section,
    SectionName,
    heading_level,
)
from vaultsync.index.rows import IN_THE_NOTE, RowValues, linked_row, shown_values, value_line, with_own
from vaultsync.markdown.textlines import bare_lines
from vaultsync.model import Problem
from vaultsync.reconcile.arrange import Arrangement, Entry, placed
from vaultsync.reconcile.base import IndexRecord
from vaultsync.reconcile.beneath import TypedBeneath
from vaultsync.reconcile.overview import draw_overview
from vaultsync.reconcile.page import Drawing, NoteCounts, NoteWrite, Page
from vaultsync.reconcile.places import NewPlaces, Standing, moved_line
from vaultsync.reconcile.rollup import Counts
from vaultsync.tasks.line import BLOCK_ID
from vaultsync.tasks.people import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaultsync.reconcile.absorb import Absorbing
    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.focus import Others, Part
    from vaultsync.reconcile.snapshot import IndexNote, Snapshot, SourceTask
    from vaultsync.reconcile.task import Merged


_ROWS_OWN_ID = re.compile(rf" (\^{BLOCK_ID.pattern})\s*\Z")


def draw(  # noqa: PLR0913 - the notes are a function of all of these
    arranged: Mapping[str, Arrangement],
    new: NewPlaces,
    after: Mapping[str, SourceTask],
    merged: Mapping[str, Merged],
    index_notes: Mapping[str, IndexNote],
    edits: Mapping[tuple[str, int], PlannedEdit],
    absorbing: Absorbing,
    part: Part,
    snapshot: Snapshot,
) -> Drawing:
    """Draw every index note that may be written, and the overview; `after` holds the tasks as they will read.

    Of the `part` that the plan is made on the standing notes, the overviews and the other people are asked for.
    """
    standing = part.standing
    drawing = Drawing(problems=list(standing.problems))
    own_edits: dict[str, list[PlannedEdit]] = defaultdict(list)
    for edit in edits.values():
        own_edits[edit.path].append(edit)
    page = Page(after, merged, own_edits, drawing, snapshot, absorbing, _own_ids(index_notes))
    for path in sorted(standing.frozen - set(standing.drawn.values())):
        # It isn't written, but its rows are known as they stand, so that only a further edit of them counts.
        _in_place(index_notes[path], page, frozen=True)
    drawing.problems += new.problems
    places = {**standing.drawn, **new.paths}
    drawing.index_notes = tuple(
        _note_write(person, places[person], arranged.get(person, Arrangement()), index_notes, standing, page)
        for person in sorted(places)
    )
    drawing.index_notes += tuple(
        _emptied(path, index_notes[path], arranged, standing, page) for path in sorted(standing.joined)
    )
    drawing.counted = _counted(drawing.index_notes, standing, part.others)
    # A person whose index note can't be read just now stays on the overview.
    held = {
        canonical(record.person, snapshot.roster): at
        for at, record in snapshot.index_notes.items()
        if record.person and snapshot.is_held(at)
    }
    counts = {**part.others.counts, **{person: arrangement.counts for person, arrangement in arranged.items()}}
    drawing.overview = draw_overview({**held, **part.others.places, **places}, counts, part.overviews, page)
    return drawing


def _counted(writes: Sequence[NoteWrite], standing: Standing, others: Others) -> tuple[NoteCounts, ...]:
    """Return what all index notes count: by person, then those whose rows stand elsewhere by path."""
    nothing = Counts()
    counted = [NoteCounts(each.path, each.person or "", each.proposed, each.open) for each in writes]
    for person, path in others.places.items():
        counts = others.counts.get(person, nothing)
        counted.append(NoteCounts(path, person, counts.proposed, counts.open))
    counted += [NoteCounts(path, person, 0, 0) for path, person in others.joined.items()]
    joined = {*standing.joined, *others.joined}
    return tuple(sorted(counted, key=lambda each: (True, each.path) if each.path in joined else (False, each.person)))


def _note_write(  # noqa: PLR0913 - the note is a function of all of these
    person: str,
    path: str,
    arrangement: Arrangement,
    index_notes: Mapping[str, IndexNote],
    standing: Standing,
    page: Page,
) -> NoteWrite:
    note = index_notes.get(path)
    if note is not None and path in standing.in_place:
        text = _in_place(note, page, frozen=path in standing.frozen)
    else:
        try:
            text = _anew(path, person, note, arrangement, page)
        except ValueError as error:
            page.drawing.problems.append(Problem(path, None, f"{error}; edits in it count, it isn't written"))
            text = _in_place(note, page, frozen=True) if note else page.text_after(path) or ""
    found = page.snapshot.notes.get(path)
    counts = arrangement.counts
    expected, changed = (found.digest, text != found.text) if found else (None, True)
    return NoteWrite(path, person, expected, text.encode(), changed, counts.proposed, counts.open)


def _emptied(
    path: str, note: IndexNote, arranged: Mapping[str, Arrangement], standing: Standing, page: Page
) -> NoteWrite:
    """Return a further index note of a person, whose rows stand in the first one now.

    It goes on saying whose it was, so that an alias can be taken back. A row that holds a value of its own stays.
    """
    first = standing.joined[path]
    if first in page.drawing.records:
        left = _left_in(path, arranged.get(note.person, Arrangement()), page)
        text = _anew(path, note.note.person or note.person, note, left, page, moved_to=(note.person, first))
    else:
        text = _in_place(note, page, frozen=True)  # the first one couldn't be drawn
    return NoteWrite(path, note.person, note.note.digest, text.encode(), text != note.note.text)


def _left_in(path: str, arrangement: Arrangement, page: Page) -> Arrangement:
    """Return what stays in an emptied note: rows that are kept as they stand there, and values that are in conflict."""

    def stays(entry: Entry) -> bool:
        if entry.kept is not None:
            return entry.kept.note == path
        outcome = page.merged.get(entry.source.key or "") if entry.source else None
        return outcome is not None and path in outcome.row_values

    sections = {
        name: tuple(replace(entry, leader=None, under=None) for entry in entries if stays(entry))
        for name, entries in arrangement.sections.items()
    }
    return Arrangement({name: entries for name, entries in sections.items() if entries})


def _own_ids(index_notes: Mapping[str, IndexNote]) -> dict[tuple[str, str], str]:
    """Return the block ids at the end of rows, as they are written: Obsidian adds one where somebody links to a row."""
    found: dict[tuple[str, str], str] = {}
    for path, note in index_notes.items():
        for row in note.content.rows:
            if b" ^" in row.raw and (written := _ROWS_OWN_ID.search(row.text)):
                found.setdefault((path, task_key(row.path, row.block_id)), f" {written[1]}")
    return found


def value_lines(outcome: Merged, note: str, source_path: str) -> list[str]:
    """Return the plain lines beneath a row in Conflicts: one for each value that another side holds."""
    lines: list[str] = []
    for name, disagreement in outcome.disagreements.items():
        own = disagreement.rows.get(note, disagreement.source)
        others = [(IN_THE_NOTE, disagreement.source)]
        others += [(where, value) for where, value in sorted(disagreement.rows.items()) if where != note]
        seen = {own}
        for where, value in others:
            if value not in seen:
                seen.add(value)
                lines.append(value_line(name, where.removesuffix(".md"), value, source_path))
    return list(dict.fromkeys(lines))


def _anew(  # noqa: PLR0913 - the note is a function of all of these
    path: str,
    person: str,
    note: IndexNote | None,
    arrangement: Arrangement,
    page: Page,
    moved_to: tuple[str, str] | None = None,
) -> str:
    """Return the note's text drawn anew. Raises ValueError if its frontmatter can't be changed safely.

    `moved_to` is whose other note, and where it is, the rows of an emptied one stand in.
    """
    snapshot = page.snapshot
    rows: dict[str, str] = {}
    drawn: dict[SectionName, list[tuple[Entry, str, list[str]]]] = {}
    for name, entries in arrangement.sections.items():
        found = ((entry, *_entry_lines(entry, path, rows, page)) for entry in entries)
        drawn[name] = [(entry, row, remarks) for entry, row, remarks in found if row is not None]
    text, heading = page.text_to_draw(path), snapshot.rules.index.heading
    level = heading_level(text or "", heading)
    places = {name: placed([entry for entry, _, _ in each], level, snapshot.rules) for name, each in drawn.items()}
    remarks = [line for each in drawn.values() for _, _, lines in each for line in lines]
    remarks += [line for each in places.values() for place in each for line in place.above if line]
    remarks += [f"{'#' * level} {name}" for name in drawn if drawn[name] and name not in KNOWN_SECTIONS]
    notice = moved_line(*moved_to, markdown=snapshot.rules.index.markdown_links) if moved_to else None
    remarks += [notice] if notice else []
    records = [snapshot.index_notes.get(path)]
    if moved_to:  # it may be a copy of the other one
        records += [snapshot.index_notes.get(moved_to[1]), page.drawing.records.get(moved_to[1])]
    # Those that a run drew before it died aren't on record; it drew what is drawn now.
    ours = frozenset((*(line for record in records if record for line in record.remarks), *remarks))
    typed = TypedBeneath(note.content if note else RegionContent(), ours)
    sections = [
        Section(
            name,
            (
                *((HOW_TO_END, "") if name == "Conflicts" else ()),
                *(
                    line
                    for (entry, row, below), (above, indent) in zip(each, places[name], strict=True)
                    for line in (
                        *above,
                        indent + row,
                        *below,
                        *typed.take(entry.source.key if entry.source else None, entry.kept, indent),
                    )
                ),
            ),
            arrangement.more.get(name, 0),
        )
        for name, each in drawn.items()
        if each
    ]
    # What is loose and stays as typed is drawn as a row.
    rows_at = {row.number for row in note.content.rows} | {row.number for row in note.content.loose} if note else set()
    lines = note.content.lines if note else ()
    strangers = [line.text for line in lines if line.owner not in rows_at and line.text not in ours]
    strangers += [*_spare_rows(path, rows, page), *_left_behind(typed, page)]
    existing = (snapshot.notes[path].properties or {}) if path in snapshot.notes else {}
    counts = arrangement.counts
    properties = index_properties(person, counts.proposed, counts.open, counts.next_due, existing)
    after = render_index_note(text, properties, sections, strangers, snapshot.layout, heading, notice)
    for key, row in rows.items():
        page.drawing.rows[key][path] = row
    page.drawing.records[path] = IndexRecord(person, snapshot.layout, tuple(dict.fromkeys(remarks)))
    return after


def _left_behind(typed: TypedBeneath, page: Page) -> list[str]:
    """Return the lines beneath rows that have left the note, under a link to where their task is."""
    lines: list[str] = []
    for key, row, beneath in typed.rest():
        source = page.after.get(key)
        path, block_id = (source.task.path, source.task.block_id) if source else (row.path, row.block_id)
        title = path.rpartition("/")[2].removesuffix(".md")
        link = render_link(path, block_id, title, markdown=page.snapshot.rules.index.markdown_links)
        lines += ["", f"- {link}", *beneath]
    return lines


def _spare_rows(path: str, keys: Iterable[str], page: Page) -> list[str]:
    """Return the further rows of a note that hold values of their own, less those of a copy that a dead run drew."""
    spare = [at for key in keys if key in page.merged for at in page.merged[key].spare if at.note == path]
    text = page.text_after(path) or "" if any(at.copy not in (None, path) for at in spare) else ""
    standing = set(bare_lines(text))
    return [at.row.text for at in spare if at.copy in (None, path) or at.row.text not in standing]


def _entry_lines(entry: Entry, path: str, rows: dict[str, str], page: Page) -> tuple[str | None, list[str]]:
    """Return a row, which `rows` then holds too, and the lines beneath it.

    None for a task that can't be linked to, and for a row that is kept in another note of the same person.
    """
    if entry.kept is not None:
        if entry.kept.note != path:
            return None, []
        row, record = entry.kept.row, page.snapshot.index_notes.get(path)
        if entry.remark:
            return row.text, [f"    {VALUE_MARK} {entry.remark}"]
        return row.text, [line for line in row.beneath if record and line in record.remarks]
    source = entry.source
    if source is None or source.key is None:
        return None, []
    outcome = page.merged.get(source.key)
    own_id = page.own_ids.get((path, source.key), "")
    rows[source.key] = _row_text(source, path, outcome, page.snapshot) + own_id
    return rows[source.key], value_lines(outcome, path, source.task.path) if outcome else []


def _row_text(source: SourceTask, note: str, outcome: Merged | None, snapshot: Snapshot) -> str:
    """Return the row of a task in an index note; where they disagree on a field, with the row's own value."""
    path = source.task.path
    date = snapshot.notes[path].date

    def drawn(own: RowValues | None) -> str:
        line = source.task.line
        values = shown_values(line, source.text, path, snapshot.rules)
        if outcome and own:
            values = with_own(values, own, outcome.disagreements)
        return linked_row(values, line, path, date, snapshot.rules)

    own = outcome.row_values.get(note) if outcome else None
    return drawn(own) if own else snapshot.memory.row((path, source.task.raw, date), lambda: drawn(None))


def _in_place(note: IndexNote, page: Page, *, frozen: bool) -> str:
    """Return the note's text with each row where it stands, brought up to date unless `frozen`."""
    path = note.note.path
    rows: dict[int, str] = {}
    edits = sorted(page.edits.get(path, ()), key=lambda edit: edit.line)
    shift = passed = 0
    for row in note.content.rows:
        while passed < len(edits) and edits[passed].line < row.number:
            shift += len(edits[passed].after) - 1
            passed += 1
        key = task_key(row.path, row.block_id)
        source = page.after.get(key)
        if source is None or key not in page.merged:
            continue
        own_id = page.own_ids.get((path, key), "")
        new = row.text if frozen else _row_text(source, path, page.merged[key], page.snapshot) + own_id
        page.drawing.rows[key][path] = new
        if new != row.text:
            rows[row.number + shift] = new
    return replace_rows(page.text_after(path) or "", rows)
