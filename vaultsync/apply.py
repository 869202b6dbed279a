"""Apply a plan: check its edits against the notes as they are now, write them one file at a time, save what landed.

What to change was decided in the reconcile room; when to try again is `cycle`'s. Texts are worked out note by note,
twice if need be, so that a plan over many notes holds none of them.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.model import Problem
from vaultsync.reconcile.made_edit import MadeEdit, made_edits
from vaultsync.reconcile.verify import apply_edits, verify_edits
from vaultsync.storage import vault
from vaultsync.storage.ahead import ahead_of
from vaultsync.storage.journal import RunEnd, RunStart
from vaultsync.storage.state import State, StateChanges
from vaultsync.tasks.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from vaultsync.reconcile.edit import PlannedEdit
    from vaultsync.reconcile.plan import Plan
    from vaultsync.scan import Scanner
    from vaultsync.storage.backups import Backups

_TOGETHER = 64  # notes that are brought to the disk together, unless they are large
_TOGETHER_CHARS = 1 << 20

Progress = Callable[[str, int, int], None]
Tell = Callable[[str, str | None, str], None]  # path, text before (None: a new note), text after


@dataclass(slots=True)
class Checked:
    """What a look at the notes says of a plan's edits; `stale` notes aren't as planned on."""

    refused: dict[tuple[str, int], Problem] = field(default_factory=dict)
    remarks: list[Problem] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Applied:
    """What became of the writes of one plan."""

    landed: dict[str, str] = field(default_factory=dict)  # path -> digest
    changed: set[str] = field(default_factory=set)  # somebody else was faster
    blocked: dict[str, str] = field(default_factory=dict)  # the system said no, in these words
    left: bool = False  # the rest wasn't tried, since it was to stop

    @contextlib.contextmanager
    def noting(self, path: str) -> Iterator[None]:
        """Note what stands in the way of a write."""
        try:
            yield
        except vault.TargetChangedError:
            self.changed.add(path)
        except vault.WriteRefusedError as error:
            self.blocked[path] = str(error)
        except OSError as error:
            self.blocked[path] = error.strerror or str(error)


def changed_paths(plan: Plan) -> list[str]:
    """Return the notes that a plan changes, sources first: a row may only show what its source already says."""
    drawn = [write.path for write in plan.note_writes]
    return [*sorted({edit.path for edit in plan.edits} - set(drawn)), *drawn]


def check(plan: Plan, scanner: Scanner) -> Checked:
    """Apply each note's edits to its text as it is now and read it again; nothing is written."""
    checked = Checked()
    for path, edits in _by_path(plan.edits).items():
        text = _current_text(path, scanner)
        if text is None and path in scanner.notes:
            checked.stale.add(path)
            continue
        before = scanner.notes.get(path) or Note(path, "", "source")  # one that is to be made
        verified = verify_edits(before, text or "", edits, scanner.settings.rules)
        checked.refused |= {(path, problem.line or 0): problem for problem in verified.refused}
        checked.remarks += verified.remarks
    return checked


class NewText(NamedTuple):
    """What a note shall hold; `before` is None for one to be made, `after` for one that is no longer as planned on."""

    path: str
    before: str | None
    after: str | None


def new_texts(plan: Plan, scanner: Scanner) -> Iterator[NewText]:
    """Yield the text of each note that the plan changes, in the order of writing."""
    edits = _by_path(plan.edits)
    writes = {write.path: write for write in plan.note_writes}
    for path in changed_paths(plan):
        if path in writes:
            before = scanner.notes[path].text if writes[path].expected is not None else None
            yield NewText(path, before, writes[path].text)
        else:
            text = _current_text(path, scanner)
            is_new = path not in scanner.notes and all(edit.adds for edit in edits[path])
            yield NewText(path, text, apply_edits(text or "", edits[path]) if text is not None or is_new else None)


def tell_all(plan: Plan, scanner: Scanner, tell: Tell) -> None:
    """Tell of each change of a plan without making it."""
    for path, before, after in new_texts(plan, scanner):
        if after is not None:
            tell(path, before, after)


def apply(  # noqa: PLR0913 - where from, where to, and who listens
    plan: Plan,
    scanner: Scanner,
    state: State,
    backups: Backups,
    start: RunStart,
    progress: Progress,
    tell: Tell | None,
    stop: Callable[[], bool],
) -> Applied:
    """Write the journal, then the sources, then the index notes, then the base of what landed.

    If any source couldn't be written, the index notes are left for another plan. Raises StateError, before any file
    changes, where the journal can't be written.
    """
    applied = Applied()
    order = changed_paths(plan)
    made = journaled(plan.edits, scanner)
    run = state.record(start, made) if order else None
    drawn = {write.path for write in plan.note_writes}
    done = 0
    for batch in _batches(new_texts(plan, scanner), drawn):
        applied.left = applied.left or stop()
        if applied.left or (batch[0].path in drawn and (applied.changed | applied.blocked.keys()) - drawn):
            break
        for text in _written(batch, applied, scanner, backups, stop):
            done += 1
            progress("writing", done, len(order))
            if tell and text.after is not None and text.path in applied.landed:
                tell(text.path, text.before, text.after)
    changes = _agreed(plan, scanner, state, applied.landed, frozenset(order) - applied.landed.keys())
    changes.ended = ended(run, made, applied.landed) if run is not None else None
    state.save(changes)
    return applied


def _batches(texts: Iterable[NewText], drawn: AbstractSet[str]) -> Iterator[list[NewText]]:
    """Put together what is brought to the disk together: sources, or drawn notes, which must come after them."""
    batch: list[NewText] = []
    size = 0
    for text in texts:
        is_full = len(batch) >= _TOGETHER or size >= _TOGETHER_CHARS
        if batch and (is_full or (text.path in drawn) != (batch[0].path in drawn)):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text.after or "")
    if batch:
        yield batch


def _written(
    batch: Sequence[NewText], applied: Applied, scanner: Scanner, backups: Backups, stop: Callable[[], bool]
) -> Iterator[NewText]:
    """Write a batch, and yield each of its texts once that was tried; what came of it is entered in `applied`."""
    root = scanner.settings.root
    contents = {text.path: text.after.encode("utf-8") for text in batch if text.after is not None}
    expected = {text.path: None if text.before is None else scanner.notes[text.path].digest for text in batch}
    with ahead_of(root, ((path, content, expected[path]) for path, content in contents.items())) as ahead:
        for text in batch:
            applied.left = stop()
            if applied.left:
                break
            if (content := contents.get(text.path)) is None:
                applied.changed.add(text.path)
                continue
            with applied.noting(text.path):
                vault.write(root, text.path, content, expected[text.path], backups, ahead)
                applied.landed[text.path] = vault.digest_of(content)
            yield text
        failed = ahead.settle()
    for path in applied.landed.keys() & contents.keys():
        with applied.noting(path):
            if why := failed.get((root / path).parent):
                del applied.landed[path]
                raise why


def absorb(plan: Plan, applied: Applied, scanner: Scanner, backups: Backups) -> list[Problem]:
    """Take the conflict copies out of the vault whose content has landed; tell of each, or why it stays.

    To be called once the base is saved. A copy whose content landed without its being taken out gives nothing to the
    next plan, which takes it out then.
    """
    told: list[Problem] = []
    waiting = frozenset(changed_paths(plan)) - applied.landed.keys()
    sources = {edit.path for edit in plan.edits}
    for absorption in plan.absorbed:
        if waiting & {absorption.original, *sources}:
            continue
        try:
            place = backups.set_aside(scanner.settings.root, absorption.path, absorption.digest)
        except vault.TargetChangedError:
            continue
        except vault.WriteRefusedError as error:
            told.append(Problem(absorption.path, None, absorption.stays(str(error))))
        except OSError as error:
            told.append(Problem(absorption.path, None, absorption.stays(error.strerror or str(error))))
        else:
            told.append(absorption.told(str(place)))
    return told


def journaled(edits: Sequence[PlannedEdit], scanner: Scanner) -> list[MadeEdit]:
    """Return the edits as the journal keeps them; those of a note that isn't as planned on will not land."""
    texts = {path: _current_text(path, scanner) for path in {edit.path for edit in edits if not edit.after}}
    return [made for path, each in _by_path(edits).items() for made in made_edits(texts.get(path), each)]


def ended(run: int, edits: Sequence[MadeEdit], landed: Mapping[str, str]) -> RunEnd:
    """Return the end of a run: which of its edits are in their notes."""
    return RunEnd(run, tuple(edit.path in landed for edit in edits))


def write_notes(texts: Mapping[str, str], scanner: Scanner, backups: Backups) -> tuple[dict[str, str], list[Problem]]:
    """Write new texts of notes, which must be as scanned or not there; return the digests written, and what failed."""
    applied = Applied()
    # What stood in a note is nobody's question here, only whether it is one to be made.
    new = (NewText(path, "" if path in scanner.notes else None, text) for path, text in texts.items())
    for batch in _batches(new, frozenset()):
        for _ in _written(batch, applied, scanner, backups, lambda: False):
            continue
    scanner.scan_written(applied.landed)
    said = {path: f"can't be written: {why}" for path, why in applied.blocked.items()}
    said |= dict.fromkeys(applied.changed, "it was changed meanwhile; run again")
    return applied.landed, [Problem(path, None, said[path]) for path in texts if path in said]


def text_to_edit(path: str, scanner: Scanner, quiet: float) -> str | Problem:
    """Return the text of a note that may be edited right now, else what stands in the way."""
    note = scanner.notes.get(path)
    if note is None:
        return Problem(path, None, "there is no such note any more")
    if note.held is not None:
        return Problem(path, None, f"it is left alone: {note.held}")
    text = _current_text(path, scanner)
    if text is None or scanner.age(path) < quiet:
        return Problem(path, None, "it is being written; run again")
    return text


def _by_path(edits: Sequence[PlannedEdit]) -> dict[str, list[PlannedEdit]]:
    by_path: dict[str, list[PlannedEdit]] = defaultdict(list)
    for edit in edits:
        by_path[edit.path].append(edit)
    return by_path


def _current_text(path: str, scanner: Scanner) -> str | None:
    """Return a note's text if its bytes are those that were planned on, else None."""
    note = scanner.notes.get(path)
    if note is None:
        return None
    try:
        content = vault.read(scanner.settings.root, path)
    except OSError:
        return None
    return content.decode("utf-8") if vault.digest_of(content) == note.digest else None


def _agreed(
    plan: Plan, scanner: Scanner, state: State, digests: dict[str, str], not_landed: frozenset[str]
) -> StateChanges:
    """Return the base of each task whose files all are as planned; the others are merged anew from the old one."""
    # An id that reached no file is free: the next plan must find the one that a plan without a failure gives.
    unused = {
        line.rpartition("^")[2].rstrip().lower()
        for edit in plan.edits
        if edit.path in not_landed
        for line in edit.after
    }
    changes = StateChanges(written=digests, ids=set(plan.ids - unused))
    for key, task in plan.base.items():
        files = {task.path, *task.rows, *(state.base[key].rows if key in state.base else ())}
        if not files & not_landed:
            changes.base[key] = task
    for key in plan.forgotten:
        if key in state.base and not {state.base[key].path, *state.base[key].rows} & not_landed:
            changes.forgotten.add(key)
    changes.index_notes = {
        path: record
        for path, record in plan.records.items()
        if path not in not_landed and state.index_notes.get(path) != record
    }
    changes.index_notes_gone = {
        path for path in state.index_notes if path not in scanner.notes and path not in plan.records
    }
    return changes
