"""Draw the overview: everybody who has tasks, with counts and next due date, linked. Index notes are `draw`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.index.note import OverviewRow, render_overview
from vaultsync.model import Problem
from vaultsync.reconcile.base import IndexRecord
from vaultsync.reconcile.page import NoteWrite, Page
from vaultsync.reconcile.places import foreign_layout
from vaultsync.reconcile.rollup import Counts
from vaultsync.tasks.people import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def draw_overview(
    places: Mapping[str, str], counts_of: Mapping[str, Counts], there: Sequence[str], page: Page
) -> NoteWrite | None:
    """Return the overview note, the first of those that are `there`.

    None while it may not be written or nobody has tasks.
    """
    snapshot, drawing = page.snapshot, page.drawing
    path = there[0] if there else snapshot.rules.overview
    note = snapshot.notes.get(path)
    may_write = snapshot.may_create if note is None else note.raw is not None
    if not places or snapshot.unsettled or snapshot.is_held(path) or not may_write:
        return None
    if foreign := foreign_layout(path, snapshot):
        drawing.problems.append(Problem(path, None, foreign))
        return None
    rows = [
        OverviewRow(person, place, counts.proposed, counts.open, counts.next_due)
        for person, place in sorted(
            places.items(), key=lambda item: (item[0] == UNASSIGNED, item[0].casefold(), item[0])
        )
        for counts in [counts_of.get(person, Counts())]
    ]
    before = page.text_to_draw(path)
    try:
        text = render_overview(before, rows, snapshot.layout, markdown_links=snapshot.rules.index.markdown_links)
    except ValueError as error:
        drawing.problems.append(Problem(path, None, f"{error}; the overview isn't written"))
        return None
    drawing.records[path] = IndexRecord("", snapshot.layout)
    return NoteWrite(path, None, note.digest if note else None, text.encode(), note is None or text != note.text)
