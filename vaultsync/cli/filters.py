"""Which tasks a command means: its filter options, and what of a vault they let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rapidfuzz import fuzz, process, utils

from vaultsync.cli.options import iso_day
from vaultsync.errors import VaultsyncError
from vaultsync.model import INVALID, Role
from vaultsync.reconcile.rollup import Order, sort_key
from vaultsync.tasks.people import UNASSIGNED, canonical, matches_any, person_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.survey import Survey
    from vaultsync.tasks.rules import Rules

OPEN_ROLES = frozenset({Role.PROPOSED, Role.TODO, Role.IN_PROGRESS})
_ROLES = tuple(Role)
_ALIKE = 70  # of 100, by rapidfuzz; a suggestion that is less alike only puzzles
_SUGGESTED = 3

PersonOption = Annotated[
    list[str] | None,
    typer.Option("--person", metavar="NAME", help="Assigned to this person, by name or alias; may be repeated."),
]
RoleOption = Annotated[
    list[Role] | None,
    typer.Option("--role", metavar="ROLE", help=f"Of this role ({', '.join(Role)}); may be repeated."),
]
DueBeforeOption = Annotated[
    str | None, typer.Option("--due-before", metavar="YYYY-MM-DD", callback=iso_day, help="Due before this day.")
]
OverdueOption = Annotated[bool, typer.Option("--overdue", help="Open, and due before today.")]
NoteOption = Annotated[
    list[str] | None,
    typer.Option("--note", metavar="NOTE", help="In this note: a path, a name or a glob; may be repeated."),
]


class UnknownNameError(VaultsyncError):
    """An argument names a person or a note that the vault doesn't have."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters as given; one that is empty lets everything through, those given must all agree."""

    people: Sequence[str] = ()
    roles: Sequence[Role] = ()
    due_before: str | None = None
    overdue: bool = False
    notes: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.people or self.roles or self.due_before or self.overdue or self.notes)


def selected(found: Survey, filters: Filters, rules: Rules) -> list[SourceTask]:
    """Return the tasks that all filters let through: by role, then as index notes sort them.

    Raises UnknownNameError for a person or note that isn't there, with names that look alike.
    """
    people = {person_key(person_named(name, found)) for name in filters.people}
    notes = {path for name in filters.notes for path in notes_named(name, found)}

    def is_meant(source: SourceTask) -> bool:
        role = rules.roles.role_of(source.task.symbol)
        due = source.facts.due if source.facts.due != INVALID else None
        return (
            (not people or any(person_key(name) in people for name in source.assignees))
            and (not notes or source.task.path in notes)
            and (not filters.roles or role in filters.roles)
            and (filters.due_before is None or (due is not None and due < filters.due_before))
            and (not filters.overdue or (role in OPEN_ROLES and due is not None and due < found.today))
        )

    def order(source: SourceTask) -> tuple[int, Order]:
        role = rules.roles.role_of(source.task.symbol)
        note = found.notes[source.task.path]
        place = sort_key(source.facts, note.date, source.task.path, source.task.number)
        return (_ROLES.index(role) if role else len(_ROLES), place)

    return sorted(filter(is_meant, found.tasks), key=order)


def person_named(name: str, found: Survey) -> str:
    """Return the canonical name of a person whom the vault's notes or tasks know. Raises UnknownNameError."""
    key = person_key(name.removeprefix("@"))
    if several := found.roster.ambiguous.get(key):
        raise UnknownNameError(f"{name!r} may be {' or '.join(several)}; say which")
    if key in found.roster.known:
        return canonical(key, found.roster)
    named = {person_key(person): person for source in found.tasks for person in source.assignees}
    if key in named:
        return named[key]
    known = {person_key(person): person for person in (*found.roster.people, UNASSIGNED)} | named
    aliases = {person_key(alias): person for person, others in found.roster.aliases.items() for alias in others}
    raise UnknownNameError(f"nobody here is called {name!r}{_suggestion(key, aliases | known)}")


def notes_named(name: str, found: Survey) -> list[str]:
    """Return the paths of the notes meant by a path (with or without `.md`), a note's name or a glob.

    Raises UnknownNameError.
    """
    paths = [path for path in found.notes if path in (name, f"{name}.md")]
    paths = paths or [path for path in found.notes if path.rpartition("/")[2] in (name, f"{name}.md")]
    paths = paths or [path for path in found.notes if matches_any(path, [name])]
    if not paths:
        raise UnknownNameError(f"there is no note {name!r}{_suggestion(name, {path: path for path in found.notes})}")
    return paths


def _suggestion(asked: str, known: dict[str, str]) -> str:
    """Return a clause that names what looks like the name asked for."""
    alike = process.extract(
        asked, known.keys(), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=_ALIKE, limit=_SUGGESTED
    )
    names = list(dict.fromkeys(known[key] for key, _, _ in alike))
    return f"; did you mean {' or '.join(names)}?" if names else ""
