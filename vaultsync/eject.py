"""Take everything of ours out of a vault: regions, our properties, notes that are nothing else, unlinked block ids.

Regions go first, then the base is emptied, ids go last: a run that dies in between leaves no row without its task, and
the next one goes on where it ended. What may go is decided in the reconcile room.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaultsync.apply import ended, journaled
from vaultsync.cycle import no_progress
from vaultsync.index.eject import linked_notes, named_ids, without_ours
from vaultsync.index.links import OWN_ID
from vaultsync.model import Problem
from vaultsync.reconcile.eject import has_strangers, id_edits, ours, rows_out_of_step
from vaultsync.reconcile.verify import apply_edits, verify_edits
from vaultsync.storage import vault
from vaultsync.storage.state import StateChanges
from vaultsync.tasks.note import Note, parse_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vaultsync.apply import Progress
    from vaultsync.cycle import Wheel
    from vaultsync.outcome import Outcome
    from vaultsync.reconcile.base import BaseTask
    from vaultsync.reconcile.edit import PlannedEdit

_MARKER = re.compile(rb"vaultsync[ \t]*:[ \t]*(?:begin|end)\b", re.IGNORECASE)
_SNIFFED = 8192  # bytes in which a file that isn't text shows a NUL


@dataclass(frozen=True, slots=True)
class Left:
    """A note or file that loses what is ours: `text` is what is left of it, None for one that goes altogether."""

    path: str
    digest: str  # of what stands there now; empty for a note that only a cycle would make
    text: str | None


@dataclass(frozen=True, slots=True)
class KeptId:
    """A block id that stays on its line, since something links to it."""

    path: str
    line: int
    id: str
    linked_from: str


@dataclass(slots=True)
class Ejection:
    """What is to be taken out of a vault; with `stops`, why nothing is."""

    stops: list[Problem] = field(default_factory=list)
    needs_cycle: bool = False  # an edit has to arrive in its source first
    left: list[Left] = field(default_factory=list)
    edits: list[PlannedEdit] = field(default_factory=list)
    kept_ids: list[KeptId] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)  # what stays or follows, for the user to know
    digests: dict[str, str] = field(default_factory=dict)  # of the notes that lose ids, as they stand before that

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to be taken out."""
        return not self.left and not self.edits


@dataclass(frozen=True, slots=True)
class _View:
    """The vault as it stands, or as a cycle would leave it: then `drawn` has the texts that no file holds yet."""

    notes: Mapping[str, Note]
    base: Mapping[str, BaseTask]
    drawn: Mapping[str, str]


@dataclass(slots=True)
class Ejected:
    """What was taken out: where each note went that left the vault, which lines lost an id, and what went wrong."""

    backups: dict[str, Path] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    edits: list[PlannedEdit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def plan_ejection(wheel: Wheel, generated: Mapping[str, bytes], progress: Progress = no_progress) -> Ejection:
    """Look at the vault as a cycle would leave it, and plan what is to be taken out; nothing is written.

    `generated` are files that a command of ours wrote, by path: they go if they still read like that. Raises HaltError
    when the vault as a whole looks wrong.
    """
    wheel.wait_until_quiet(progress)
    state = wheel.state
    needs_cycle = _needs_cycle(wheel)
    drawn: dict[str, str] = {}

    def note_down(path: str, _before: str | None, after: str) -> None:
        if needs_cycle:
            drawn[path] = after

    outcome = wheel.turn(dry_run=True, progress=progress, tell=note_down)
    rules = wheel.settings.rules
    notes = dict(wheel.scanner.notes)
    base = dict(state.base)
    if needs_cycle:
        notes |= {path: parse_text(path, text, "", rules) for path, text in drawn.items()}
        base = {key: task for key, task in {**base, **outcome.plan.base}.items() if key not in outcome.plan.forgotten}
    ejection = _planned(wheel, outcome, _View(notes, base, drawn), generated)
    ejection.needs_cycle = needs_cycle
    return ejection


def eject(
    ejection: Ejection, wheel: Wheel, generated: Mapping[str, bytes], progress: Progress = no_progress
) -> tuple[Ejection, Ejected]:
    """Carry an ejection out, after a cycle if it needs one; return it as planned anew then, and what became of it.

    What can't be written is told; nothing further is taken out then, and the next run goes on.
    """
    if ejection.needs_cycle:
        outcome = wheel.turn(progress=progress)
        ejection = _planned(wheel, outcome, _View(wheel.scanner.notes, wheel.state.base, {}), generated)
        ejection.needs_cycle = True
    ejected = Ejected()
    if ejection.stops:
        return ejection, ejected
    _take_regions(ejection, ejected, wheel, progress)
    if ejected.problems:
        return ejection, ejected
    wheel.state.save(
        StateChanges(forgotten=set(wheel.state.base), index_notes_gone=set(wheel.state.index_notes)),
    )
    _take_ids(ejection, ejected, wheel, progress)
    return ejection, ejected


def _needs_cycle(wheel: Wheel) -> bool:
    notes, state = wheel.scanner.notes, wheel.state
    rows = rows_out_of_step(notes, state.index_notes, state.base)
    return next(rows, None) is not None or has_strangers(notes, state.index_notes)


# -- planning


def _planned(wheel: Wheel, outcome: Outcome, view: _View, generated: Mapping[str, bytes]) -> Ejection:
    """Plan what is to be taken out."""
    ejection, notes = Ejection(), view.notes
    records = {**wheel.state.index_notes, **outcome.plan.records}
    ejection.stops += [Problem(path, None, "it is being written; run again") for path in outcome.skipped]
    rows = list(rows_out_of_step(notes, records, view.base))
    ejection.stops += rows
    if rows:
        ejection.stops += [problem for problem in outcome.problems if not problem.once]
    for path in sorted(notes):
        kind = ours(path, notes[path], records)
        if kind is None:
            continue
        note, digest = notes[path], wheel.scanner.notes[path].digest if path in wheel.scanner.notes else ""
        try:
            remarks = records[path].remarks if path in records else ()
            text = without_ours(note.text or "", kind, wheel.settings.rules.index.heading, remarks)
        except ValueError as error:
            ejection.stops.append(Problem(path, None, f"{error}; mend it, then run again"))
            continue
        if text is None or text != note.text:
            ejection.left.append(Left(path, digest, text))
    left = {each.path: each.text for each in ejection.left}
    _look_at_generated(ejection, left, wheel, generated)
    linked = _look_at_files(ejection, left, view, wheel)
    if not ejection.stops:
        _plan_ids(ejection, left, view, linked, wheel)
    return ejection


def _look_at_generated(
    ejection: Ejection, left: dict[str, str | None], wheel: Wheel, generated: Mapping[str, bytes]
) -> None:
    for path, content in generated.items():
        if vault.stamp_of(wheel.settings.root, path) is None:
            continue
        try:
            found = vault.read(wheel.settings.root, path)
        except OSError as error:
            ejection.stops.append(Problem(path, None, f"can't be read: {error.strerror}"))
            continue
        if found == content:
            ejection.left.append(Left(path, vault.digest_of(found), None))
            left[path] = None
        else:
            ejection.remarks.append(Problem(path, None, "it was changed since vaultsync wrote it, and stays"))


def _look_at_files(ejection: Ejection, left: Mapping[str, str | None], view: _View, wheel: Wheel) -> dict[str, str]:
    """Return the ids that any file names, with the first such file, and remark on what else is found in the files.

    What goes doesn't count; a file that can't be read stops the ejection, since it may hold links.
    """
    linked: dict[str, str] = {}
    gone = [path for path, text in left.items() if text is None and path.endswith(".md")]
    dangling: dict[str, list[str]] = defaultdict(list)

    def unreadable(path: str, what: str) -> None:
        ejection.stops.append(Problem(path, None, f"can't be read ({what}), so what it links to isn't known"))

    for path in sorted({*_files(wheel.settings.root, wheel.state.file.parent, unreadable), *view.drawn}):
        text = left[path] if path in left else view.drawn.get(path)
        if path in left and text is None:
            continue
        try:
            content = text.encode("utf-8") if text is not None else _text_file(wheel.settings.root, path)
        except OSError as error:
            unreadable(path, error.strerror or str(error))
            continue
        if path.endswith(".md") and (path in wheel.state.index_notes or _MARKER.search(content)):
            _mark_region(path, view.notes.get(path), ejection)
        names, carried = named_ids(content)
        for name in names:
            linked.setdefault(name, path)
        note = view.notes.get(path)
        on_tasks = {(task.block_id or "").lower() for task in note.tasks} if note else set[str]()
        if path.endswith(".md") and (others := carried - on_tasks - names):
            what = f"{_ids(len(others))} of ours stay: not on a task line, or in a note that vaultsync doesn't read"
            ejection.remarks.append(Problem(path, None, what))
        for target in linked_notes(content.decode("utf-8", "replace"), gone) if gone else ():
            dangling[target].append(path)
    for target, sources in sorted(dangling.items()):
        more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
        ejection.remarks.append(Problem(target, None, f"links to it lead nowhere afterwards: in {sources[0]}{more}"))
    return linked


def _mark_region(path: str, note: Note | None, ejection: Ejection) -> None:
    """Tell of a region that isn't taken out; if it is because of the damage done to it, stop: it may hold edits."""
    if note is not None and note.held is not None:
        ejection.stops.append(Problem(path, None, f"{note.held}; mend it, or delete both markers, then run again"))
    elif note is None or note.kind == "off" or (note.regions is not None and note.kind == "source"):
        ejection.remarks.append(Problem(path, None, "its region stays: vaultsync doesn't take it for an index note"))


def _plan_ids(
    ejection: Ejection,
    left: Mapping[str, str | None],
    view: _View,
    linked: Mapping[str, str],
    wheel: Wheel,
) -> None:
    rules = wheel.settings.rules
    for path in sorted(view.notes):
        note = view.notes[path]
        if left.get(path, "") is None or not any(OWN_ID.match((t.block_id or "").lower()) for t in note.tasks):
            continue
        text = left.get(path) or view.drawn.get(path)
        if text is None:
            text = vault.read(wheel.settings.root, path).decode("utf-8")
        digest = vault.digest_of(text.encode("utf-8"))
        if path not in left and path not in view.drawn and digest != note.digest:
            ejection.stops.append(Problem(path, None, "it is being written; run again"))
            continue
        if path in left:
            note = parse_text(path, text, digest, rules)
        for task in note.tasks:
            name = (task.block_id or "").lower()
            if name in linked and OWN_ID.match(name):
                ejection.kept_ids.append(KeptId(path, task.number, name, linked[name]))
        edits, problems = id_edits(note, linked.keys(), rules)
        verified = verify_edits(note, text, edits, rules)
        refused = {problem.line for problem in verified.refused}
        ejection.edits += [edit for edit in edits if edit.line not in refused]
        ejection.remarks += [*problems, *(Problem(p.path, p.line, "the id stays: " + p.what) for p in verified.refused)]
        ejection.digests[path] = digest


# -- writing


def _take_regions(ejection: Ejection, ejected: Ejected, wheel: Wheel, progress: Progress) -> None:
    root, digests = wheel.settings.root, dict[str, str]()
    for number, left in enumerate(ejection.left, 1):

        def take(left: Left = left) -> None:
            if left.text is None:
                ejected.backups[left.path] = wheel.backups.set_aside(root, left.path, left.digest)
                return
            content = left.text.encode("utf-8")
            vault.write(root, left.path, content, left.digest, wheel.backups)
            digests[left.path] = vault.digest_of(content)
            ejected.written.add(left.path)

        _attempt(left.path, take, ejected)
        progress("writing", number, len(ejection.left))
    wheel.state.save(StateChanges(written=digests))


def _take_ids(ejection: Ejection, ejected: Ejected, wheel: Wheel, progress: Progress) -> None:
    root, digests = wheel.settings.root, dict[str, str]()
    by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
    for edit in ejection.edits:
        by_path[edit.path].append(edit)
    made = journaled(ejection.edits, wheel.scanner)
    run = wheel.state.record(wheel.run_start(), made)
    for number, (path, edits) in enumerate(by_path.items(), 1):

        def take(path: str = path, edits: list[PlannedEdit] = edits) -> None:
            before = vault.read(root, path)
            if vault.digest_of(before) != ejection.digests[path]:
                raise vault.TargetChangedError(path)
            content = apply_edits(before.decode("utf-8"), edits).encode("utf-8")
            vault.write(root, path, content, ejection.digests[path], wheel.backups)
            digests[path] = vault.digest_of(content)
            ejected.written.add(path)
            ejected.edits += edits

        _attempt(path, take, ejected)
        progress("writing", number, len(by_path))
    wheel.state.save(StateChanges(written=digests, ended=ended(run, made, digests)))


def _attempt(path: str, take: Callable[[], None], ejected: Ejected) -> None:
    """Change one file; what stands in the way is told."""
    try:
        take()
    except vault.TargetChangedError:
        ejected.problems.append(Problem(path, None, "it was changed meanwhile; run again"))
    except vault.WriteRefusedError as error:
        ejected.problems.append(Problem(path, None, f"can't be written: {error}; mend that, then run again"))
    except OSError as error:
        what = f"can't be written: {error.strerror or error}; mend that, then run again"
        ejected.problems.append(Problem(path, None, what))


# -- reading whatever the vault holds


def _files(root: Path, state: Path, unreadable: Callable[[str, str], None]) -> Iterator[str]:
    """Yield every regular file of the vault, dot folders included, but for git's own and our state."""
    pending = [""]
    left_out = state.resolve()
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_file(follow_symlinks=False):
                        yield path
                    elif entry.is_dir(follow_symlinks=False) and entry.name != ".git" and root / path != left_out:
                        pending.append(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            unreadable(folder or ".", error.strerror or str(error))


def _text_file(root: Path, path: str) -> bytes:
    """Return a file's bytes, none for one that isn't text. Raises OSError."""
    content = vault.read(root, path)
    return b"" if b"\0" in content[:_SNIFFED] else content


def _ids(count: int) -> str:
    return "1 block id" if count == 1 else f"{count} block ids"
