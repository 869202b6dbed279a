"""Plan one cycle: a snapshot in, the edits of source notes, the index notes to write and the new base out.

It knows no disk and no clock and changes nothing. Merging one task is `task`'s, the look of a note `draw`'s, and
whether the plan as a whole is suspicious `safety`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID
from vaultsync.model import Problem
from vaultsync.reconcile.absorb import (
    Absorption,
    absorb_copies,
    absorbed,
    copied_rows,
    put_off,
    replaced_lines,
    with_absorbed_rows,
)
from vaultsync.reconcile.arrange import all_wanted, arrange, without_rows
from vaultsync.reconcile.capture import capture, found_again, with_capture_note
from vaultsync.reconcile.completion import completed_lines, lines_around
from vaultsync.reconcile.draw import draw
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.focus import Last, Open, Part, everything, left_open, part_of, rows_of, touch
from vaultsync.reconcile.held import quiet_and_waiting
from vaultsync.reconcile.locate import Located, absent_tasks, assigned, seems_copied
from vaultsync.reconcile.narrow import is_narrow
from vaultsync.reconcile.new_base import new_base, rows_shown
from vaultsync.reconcile.places import new_places, unmade, unread_people
from vaultsync.reconcile.reading import MorePeopleError, WholeVaultError
from vaultsync.reconcile.shelf import MoreTasksError
from vaultsync.reconcile.sides import Disagreement
from vaultsync.reconcile.stamp import TakenIds, stamp, with_stamps
from vaultsync.reconcile.task import AGREED, Merged, merge_task
from vaultsync.reconcile.vanish import Vanished, kept_entries, vanished_tasks
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.note import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.model import TaskLine
    from vaultsync.reconcile.arrange import Entry, Wanted
    from vaultsync.reconcile.base import BaseTask, IndexRecord
    from vaultsync.reconcile.page import NoteCounts, NoteWrite
    from vaultsync.reconcile.snapshot import RowAt, Snapshot, SourceTask


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field on which the sides of a task disagree, each keeping its value."""

    key: str
    field: str
    disagreement: Disagreement
    path: str
    line: int | None  # None: the source line is gone


@dataclass(frozen=True, slots=True)
class Plan:
    """What one cycle is to do, and what it found."""

    edits: tuple[PlannedEdit, ...] = ()
    index_notes: tuple[NoteWrite, ...] = ()  # those looked at, as they shall stand; unchanged ones included
    counted: tuple[NoteCounts, ...] = ()  # all index notes
    overview: NoteWrite | None = None
    base: Mapping[str, BaseTask] = field(default_factory=dict)  # new or changed records
    forgotten: frozenset[str] = frozenset()
    records: Mapping[str, IndexRecord] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()  # given by this plan
    conflicts: tuple[Conflict, ...] = ()
    problems: tuple[Problem, ...] = ()
    absorbed: tuple[Absorption, ...] = ()  # conflict copies to be taken out once the rest of the plan has landed
    missing: int = 0  # tasks of the base that are nowhere
    tasks: int = 0
    people: int = 0
    wait: float | None = None  # seconds after which something that waits will be due

    @property
    def note_writes(self) -> tuple[NoteWrite, ...]:
        """The index and overview notes whose text changes."""
        every = [*self.index_notes, *([self.overview] if self.overview else [])]
        return tuple(write for write in every if write.changed)


def plan_cycle(snapshot: Snapshot) -> Plan:
    """Plan one cycle over everything in the snapshot. Planning again on the outcome plans nothing.

    Where the memory follows the vault, only what has changed since the last plan, and what that touches, is looked at.
    Raises NewcomersError where strangers are about to get index notes, unless anybody may.
    """
    memory = snapshot.memory
    last, memory.last = memory.last, None  # a plan that fails leaves none
    try:
        part, plan, left = _plan_on_change(last, snapshot)
    except WholeVaultError:
        part = everything(snapshot)
        plan, left = _decided(part, part.snapshot)
    if part.reading is not None:
        memory.last = Last.of(snapshot, part.reading, left)
    return plan


def plan_narrowly(snapshot: Snapshot) -> Plan | None:
    """Plan one cycle if what has changed is little and ties no other notes to its own; else leave the memory as it is.

    Such a plan may be thrown away at no loss, whatever the notes say next.
    """
    last = snapshot.memory.last
    return plan_cycle(snapshot) if last is not None and is_narrow(last, snapshot) else None


def _plan_on_change(last: Last | None, snapshot: Snapshot) -> tuple[Part, Plan, Open]:
    if last is None:
        raise WholeVaultError
    touched = touch(last, snapshot)
    while True:
        part = part_of(touched, last, snapshot)
        try:
            return part, *_decided(part, part.snapshot)
        except MorePeopleError as more:
            touched.people |= more.people
        except MoreTasksError as more:
            touched.places |= more.places


def _decided(part: Part, snapshot: Snapshot) -> tuple[Plan, Open]:
    """Decide on a part of the vault, or all of it.

    Raises MorePeopleError, MoreTasksError or WholeVaultError where the part turns out to be too small.
    """
    located, standing, moved = part.located, part.standing, part.moved
    names = len(located.spelling)
    matched = found_again(part.index_notes, part.rows, located, standing, snapshot)
    index_notes, standing_rows = matched.index_notes, rows_of(matched.index_notes, part)
    replaced = replaced_lines(snapshot)
    absorbing = absorb_copies(snapshot, index_notes, standing, standing_rows, located.by_key.keys())
    rows = with_absorbed_rows(standing_rows, absorbing)
    problems = (*part.problems, *unmade(located.tasks, standing.drawn, snapshot))
    quiet, waiting = quiet_and_waiting(snapshot, rows, part)
    news, refused = _merge_all(rows, replaced, located, waiting | quiet, snapshot)
    waiting |= refused.keys()
    merged = {**dict.fromkeys((quiet & located.by_key.keys()) - waiting, AGREED), **news}

    taken = TakenIds(*part.known, snapshot.taken_ids)
    edits = {edit.place: edit for edit in _task_edits(snapshot, located, news, taken)}
    tasks = _tasks_after(snapshot, located, edits)

    captured = capture(matched, located, taken, standing, snapshot)
    snapshot = with_capture_note(snapshot, captured)
    edits |= {edit.place: edit for edit in captured.edits}
    tasks += captured.tasks
    if part.people is not None and part.reading is not None:
        given = (part.reading.concerned(source) for source in tasks if source.task.order in edits)
        if more := {person for people in given for person in people} - part.people:
            raise MorePeopleError(more)

    vanished = vanished_tasks(snapshot, rows, located.by_key.keys(), standing.in_place)
    if stuck := put_off(absorbing, merged.keys() | vanished.remarks.keys()):
        return _decided(part, replace(part.snapshot, put_off=snapshot.put_off | stuck))
    kept = captured.with_kept(kept_entries({**dict.fromkeys(waiting), **vanished.remarks}, rows, snapshot))
    disputed = {
        key: frozenset(at.person for at in rows.get(key, ()) if at.note in outcome.row_values)
        for key, outcome in news.items()
        if outcome.disagreements
    }
    # One without a row may be no task at all, but a record that damage made.
    pending = {key for key, remark in vanished.remarks.items() if remark is None and key in rows}
    shown = all_wanted(tasks, located, waiting, disputed, absent_tasks(waiting | pending, located, snapshot), snapshot)
    without = _without_note(shown, kept, part)
    if part.people is not None and (len(located.spelling) != names or without - unread_people(snapshot)):
        raise WholeVaultError
    new = new_places(without, captured.index_notes, snapshot)
    unsure = {(index_notes[path].person, key) for path, key in matched.unsure}
    arranged = without_rows(arrange(shown, kept, part.people, part.rest, snapshot), unsure)
    stamps = stamp(arranged.values(), located.copies, taken, snapshot.rules)
    arranged = {person: with_stamps(each, stamps) for person, each in arranged.items()}
    edits |= {edit.place: edit for edit in stamps.edits}
    stamped = [
        stamps.tasks.get(source.task.order, source)
        for source in tasks
        if source.task.order in stamps.tasks or source.task.order not in located.copies
    ]
    after = {source.key: source for source in stamped if source.key}
    drawing = draw(arranged, new, after, merged, captured.index_notes, edits, absorbing, part, snapshot)
    done, undone = absorbed(absorbing, drawing.text_of, vanished.remarks.keys())
    copied = copied_rows(rows) if absorbing.absorptions else {}
    base = new_base(snapshot, merged, quiet, stamped, rows_shown(snapshot, drawing.rows, rows, part, matched), copied)
    base.update(vanished.base)
    plan = Plan(
        edits=tuple(edits[place] for place in sorted(edits)),
        index_notes=drawing.index_notes,
        overview=drawing.overview,
        counted=drawing.counted,
        base=base,
        forgotten=vanished.forgotten | _removed(edits, located) | {old for old, new in moved.items() if new in base},
        records=drawing.records,
        ids=frozenset(taken.given),
        conflicts=(*_conflicts(news, located), *_orphans(vanished, rows, snapshot)),
        problems=(
            *problems,
            *refused.values(),
            *captured.problems,
            *(problem for outcome in news.values() for problem in outcome.told),
            *vanished.problems,
            *drawing.problems,
            *absorbing.problems,
            *undone,
        ),
        absorbed=done,
        missing=vanished.missing,
        tasks=part.tasks,
        people=len(arranged.keys() | part.others.counts.keys()),
        wait=vanished.wait,
    )
    left = left_open(part, snapshot, plan, news, waiting | vanished.remarks.keys(), index_notes, rows)
    notes = {problem.path for problem in drawing.problems[len(standing.problems) :]}
    counts = {person: arrangement.counts for person, arrangement in arranged.items()}
    return plan, replace(left, notes=left.notes | notes, counts={**part.others.counts, **counts})


def _without_note(shown: Wanted, kept: Mapping[str, Sequence[Entry]], part: Part) -> AbstractSet[str]:
    """Return who has something to show and no index note that it could be shown in."""
    without = {*shown.entries, *(person for person, rows in kept.items() if rows)} - part.standing.drawn.keys()
    return without if part.people is None else without & part.people


def _merge_all(
    rows: Mapping[str, Sequence[RowAt]],
    replaced: Mapping[str, Sequence[TaskLine]],
    located: Located,
    others: AbstractSet[str],
    snapshot: Snapshot,
) -> tuple[dict[str, Merged], dict[str, Problem]]:
    """Merge every task but some `others`; also return those of which an edit can't be made, and why."""
    merged: dict[str, Merged] = {}
    refused: dict[str, Problem] = {}
    for key, source in located.by_key.items():
        if key in others:
            continue
        outcome = merge_task(
            snapshot.base.get(key),
            source,
            rows.get(key, ()),
            snapshot.rules,
            snapshot.roster,
            snapshot.today,
            replaced.get(key, ()),
        )
        refusal = outcome.refusal
        if not OWN_ID.match(key) and outcome.after != outcome.before and seems_copied(outcome.after, located.by_key):
            refusal = "the line would be taken for a copy of the row that it links to"
        if refusal:
            refused[key] = Problem(*source.task.order, f"{refusal}; the row stays as typed")
        else:
            merged[key] = outcome
    return merged, refused


def _task_edits(
    snapshot: Snapshot, located: Located, merged: Mapping[str, Merged], taken: TakenIds
) -> Iterator[PlannedEdit]:
    """Yield the edits of source lines that the merges ask for; ids given to next occurrences are added to `taken`."""
    notes = {located.by_key[key].task.path for key, outcome in merged.items() if outcome.completed}
    by_place = {source.task.order: source.task.line for source in located.tasks if source.task.path in notes}
    for key, outcome in merged.items():
        if outcome.after == outcome.before:
            continue
        read = parse_line(outcome.after, snapshot.rules.tasks, hidden=snapshot.rules.read_hidden_fields)
        if read:
            by_place[located.by_key[key].task.order] = read
    for key, outcome in merged.items():
        source = located.by_key[key]
        path, number = source.task.order
        after: tuple[str, ...] = (outcome.after,)
        why = outcome.why if outcome.after != outcome.before else "id"
        if outcome.completed:
            around = lines_around((path, number), by_place)
            after = completed_lines(
                outcome.after,
                outcome.before,
                around,
                snapshot.rules,
                snapshot.today,
                taken,
                recurs=outcome.recurs,
                removable=outcome.removable,
            )
            why = why if len(after) == 1 else "recurrence" if after else "on completion"
        if after == (source.standing,):
            continue
        for text in after:
            line = parse_line(text, snapshot.rules.tasks, hidden=snapshot.rules.read_hidden_fields)
            if line and line.block_id:
                taken.add(line.block_id.lower())
        yield PlannedEdit(path, number, source.standing, after, why)


def _tasks_after(
    snapshot: Snapshot,
    located: Located,
    edits: Mapping[tuple[str, int], PlannedEdit],
) -> list[SourceTask]:
    """Return all tasks as they will read after the edits; a next occurrence has the number of the line it is from."""
    tasks: list[SourceTask] = []
    for source in located.tasks:
        path, number = source.task.order
        edit = edits.get((path, number))
        if edit is None:
            tasks.append(source)
            continue
        for text in edit.after:
            line = parse_line(text, snapshot.rules.tasks, hidden=snapshot.rules.read_hidden_fields)
            if line is not None:
                task = Task.of(path, number, line, snapshot.rules)
                tasks.append(assigned(task, snapshot.read_text, located.persons.get(path), located.spelling))
    return tasks


def _removed(edits: Mapping[tuple[str, int], PlannedEdit], located: Located) -> frozenset[str]:
    """Return the tasks whose line is taken out on completion: they aren't missing afterwards."""
    removed = {place for place, edit in edits.items() if not edit.after}
    return frozenset(key for key, source in located.by_key.items() if source.task.order in removed)


def _orphans(vanished: Vanished, rows: Mapping[str, Sequence[RowAt]], snapshot: Snapshot) -> Iterator[Conflict]:
    """Yield the edited rows whose source line is gone: somebody has to decide what becomes of the edit."""
    for key, remark in sorted(vanished.remarks.items()):
        if remark is not None:
            values = {at.note: at.row.text for at in rows.get(key, ())}
            yield Conflict(key, "source", Disagreement("", values), snapshot.base[key].path, None)


def _conflicts(merged: Mapping[str, Merged], located: Located) -> Iterator[Conflict]:
    for key in sorted(merged):
        for name, disagreement in merged[key].disagreements.items():
            yield Conflict(key, name, disagreement, *located.by_key[key].task.order)
