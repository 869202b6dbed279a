"""Look at a vault's tasks and notes, as read, for what is wrong with them, and plan what can be mended in a line.

Nothing is read or written here. What stands in files, settings and the system beside the notes is looked at above.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from vaultsync.model import INVALID, Role
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.findings import Finding, Kind
from vaultsync.reconcile.stray import STRAY_ID
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.mend import mangled_fields, mended, overridden_fields, unread_fields
from vaultsync.tasks.people import UNASSIGNED, canonical
from vaultsync.tasks.rule_text import read_rule
from vaultsync.tasks.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vaultsync.model import Field, TaskLine
    from vaultsync.reconcile.copies import Copy
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.tasks.note import Note
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules

WHY: Final = "doctor"  # of an edit, as the journal has it
_DAYS: Final = ("start", "created", "scheduled", "due", "done", "cancelled")

# How to mend what keeps a note from being read, by what its problem says.
_MENDS: Final = (
    ("git conflict", "settle the merge: keep the right lines and delete git's three markers"),
    ("marker", "put the marker back as it was, or delete all of vaultsync's markers and the rows between them"),
    ("name", "rename the file"),
    ("UTF-8", "save the note as UTF-8"),
    ("NUL", "if it is no note, add it to `exclude`; else restore it from a backup or the synchroniser"),
    ("`limits.", "raise the limit in .vaultsync/config.yaml, split the note, or add it to `exclude`"),
    ("U+", "delete that character"),
    ("iCloud", "open the note on this machine, or keep the vault downloaded"),
)
_ANY_MEND: Final = "see what the system says of it, or add it to `exclude`"


def plan_mending(tasks: Iterable[SourceTask], roster: Roster, rules: Rules) -> list[PlannedEdit]:
    """Plan the edits of lines that can be mended: fields behind the text, real signifiers, ids at the end."""
    edits = []
    for source in tasks:
        line = source.task.line
        if source.mended_from is None and not any(field.hidden for field in line.fields):
            continue
        after = mended(line, roster, rules)
        if after != source.standing:
            edits.append(PlannedEdit(*source.task.order, source.standing, (after,), WHY))
    return edits


def line_findings(tasks: Iterable[SourceTask], edits: Iterable[PlannedEdit], rules: Rules) -> Iterator[Finding]:
    """Yield what is wrong with single lines; `edits` are those that mend some of them."""
    planned = {edit.place: edit for edit in edits}
    for source in tasks:
        edit = planned.get(source.task.order)
        after = parse_line(edit.after[0], rules.tasks, hidden=rules.read_hidden_fields) if edit else None
        yield from _hidden(source, after)
        yield from _stray(source)
        yield from _values(source)


def _hidden(source: SourceTask, after: TaskLine | None) -> Iterator[Finding]:
    line = source.task.line
    if not any(field.hidden for field in line.fields):
        return
    for kind, fields, left, by_hand in (
        (Kind.HIDDEN, unread_fields(line), unread_fields(after) if after else None, "move it to the line's end"),
        (Kind.MOJIBAKE, mangled_fields(line), mangled_fields(after) if after else None, "write the real sign"),
    ):
        if fields:
            fixable = left is not None and not left
            mend = "--fix does it" if fixable else f"{by_hand}; done by itself it would change what else the line says"
            yield Finding(kind, *source.task.order, f"{_shown(line, fields)} in: {_words(source)}", mend, fixable)
    copies = [field for field in overridden_fields(line) if field not in mangled_fields(line)]
    if copies:
        counting = [field for field in line.fields if field.counts and field.name in {copy.name for copy in copies}]
        what = f"{_shown(line, copies)} beside {_shown(line, counting)}, which counts"
        yield Finding(Kind.COPY, *source.task.order, what, "delete the value that is wrong")


def _stray(source: SourceTask) -> Iterator[Finding]:
    found = STRAY_ID.search(source.standing, 0, _end_of_text(source))
    if found is None:
        return
    fixable = source.mended_from is not None
    mend = "--fix moves it to the end" if fixable else "no row knows it: delete it, or move it to the line's end"
    yield Finding(Kind.STRAY_ID, *source.task.order, f"{found[0]} has text behind it: {_words(source)}", mend, fixable)


def _end_of_text(source: SourceTask) -> int:
    """Return where the text of the line as it stands ends, before the id at its end."""
    line = source.task.line
    return len(source.standing) if source.mended_from is not None or line.block_id is None else line.body[1]


def _values(source: SourceTask) -> Iterator[Finding]:
    line, place = source.task.line, source.task.order
    invalid = [name for name in _DAYS if getattr(line, name) == INVALID]
    for field in line.fields:
        if not field.counts:
            continue
        shown = line.text[field.start : field.end]
        if field.name in invalid:
            yield Finding(Kind.DATE, *place, f"{shown} in: {_words(source)}", "write a day that there is")
        elif field.name == "recurrence" and read_rule(field.value) is None:
            mend = 'write it as Tasks does, as in "every week" or "every month on the 1st"'
            yield Finding(Kind.RULE, *place, f"{shown} in: {_words(source)}", mend)
        elif field.name == "on_completion" and line.on_completion is None:
            yield Finding(Kind.RULE, *place, f"{shown} in: {_words(source)}", 'write "delete" or "keep"')
    for problem in source.text.problems:
        yield Finding(Kind.ASSIGNEE, *place, problem, "write the whole name, or a link to the person's note")


def status_findings(tasks: Iterable[SourceTask], rules: Rules, *, plugin: bool) -> Iterator[Finding]:
    """Yield the symbols in use that mean nothing to vaultsync, or that the Tasks plugin doesn't know, with counts."""
    uses: dict[str, list[SourceTask]] = defaultdict(list)
    for source in tasks:
        uses[source.task.symbol].append(source)
    registered = {status.symbol: status for status in rules.tasks.statuses}
    for symbol, sources in sorted(uses.items(), key=lambda use: (-len(use[1]), use[0])):
        role, status = rules.roles.role_of(symbol), registered.get(symbol)
        count = f"{len(sources)} task{'' if len(sources) == 1 else 's'} with [{symbol}]"
        place = sources[0].task.order
        if role is None:
            what = "which Tasks takes for no task" if status and status.type == "NON_TASK" else "which has no role"
            mend = f'if they are to be rolled up, give it one under `statuses` in the config, as in "{symbol}": todo'
            yield Finding(Kind.STATUS, *place, f"{count}, {what}; here is the first", mend)
        elif plugin and status is None and role is not Role.PROPOSED:  # of a proposal the tap is told
            following = status_of(symbol, rules.tasks).next
            what = f"which Tasks doesn't know: it counts as open there, and a tap makes it [{following}]"
            mend = f'in Obsidian: Settings, Tasks, Task statuses; add one with the symbol "{symbol}"'
            yield Finding(Kind.STATUS, *place, f"{count}, {what}; here is the first", mend)


def id_findings(ids: Mapping[str, Sequence[tuple[str, int, str]]]) -> Iterator[Finding]:
    """Yield the ids that stand in several places: `ids` gives path, line and spelling of each, by key (`task_key`)."""
    for key in sorted(ids):
        first, *more = sorted(ids[key])
        for path, line, spelt in more:
            where = f"{first[0]}:{first[1]}"
            own = "#^" not in key
            mend = (
                "delete it from the copy; of tasks with rows `vaultsync reconcile` gives one a new id"
                if own
                else "give one of them another id, or delete it"
            )
            yield Finding(Kind.DOUBLE_ID, path, line, f"^{spelt} stands also in {where}", mend)


def note_findings(notes: Mapping[str, Note], roster: Roster) -> Iterator[Finding]:
    """Yield what is wrong with whole notes: those that can't be read, index notes without or with the same person."""
    whose: dict[str, str] = {}
    for path in sorted(notes):
        note = notes[path]
        for problem in note.problems:
            kind = Kind.UNREADABLE if note.held else Kind.FRONTMATTER
            mend = mend_of(problem.what) if note.held else "mend the YAML between the two lines of dashes"
            yield Finding(kind, path, problem.line, problem.what, mend)
        if note.kind != "index" or note.held:
            continue
        person = canonical(note.person, roster) if note.person else None
        if person is None:
            what = "an index note without `person`"
            yield Finding(Kind.INDEX_NOTE, path, 1, what, "write whose it is into its properties, or delete the note")
        elif person in whose and person != UNASSIGNED:
            what = f"a second index note of {person}, beside {whose[person]}"
            yield Finding(Kind.INDEX_NOTE, path, 1, what, "see that nothing is lost in it, and delete it")
        else:
            whose[person] = path


def copy_findings(copies: Mapping[str, Copy]) -> Iterator[Finding]:
    """Yield the conflict copies that file synchronisers left."""
    for path in sorted(copies):
        what = f"a conflict copy of {copies[path].original}"
        mend = (
            "`vaultsync reconcile` takes its edits over and moves it into the backups"
            if copies[path].note.kind in ("index", "overview")
            else "take over what you need from it into the note, and delete it"
        )
        yield Finding(Kind.CONFLICT_COPY, path, None, what, mend)


def mend_of(what: str) -> str:
    """Return how to mend what keeps a note from being read."""
    return next((mend for said, mend in _MENDS if said in what), _ANY_MEND)


def _shown(line: TaskLine, fields: Sequence[Field]) -> str:
    return ", ".join(line.text[field.start : field.end] for field in fields)


def _words(source: SourceTask) -> str:
    prose = re.sub(r"\s+", " ", source.text.prose)
    return prose if len(prose) <= 60 else f"{prose[:59]}…"  # noqa: PLR2004 - what tells a task from its neighbours
