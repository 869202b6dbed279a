"""`vaultsync people`: who was found and from where, what they have to do, and which names look like one person's.

It reads the notes alone. Who is known is decided in the tasks room, and so is what looks alike.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel
from rich.table import Table

from vaultsync.cli.opening import find_vault
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.cli.report import ProblemReport
from vaultsync.cli.surveyed import surveyed_unopened
from vaultsync.cli.terminal import console, json_text, print_json, safe
from vaultsync.clock import Clock
from vaultsync.model import Problem
from vaultsync.reconcile.rollup import count
from vaultsync.settings import load_settings
from vaultsync.survey import vault_roster
from vaultsync.tasks.lookalikes import Alike, Name, look_alikes
from vaultsync.tasks.mentions import opaque_spans
from vaultsync.tasks.people import UNASSIGNED, canonical, clean_name, person_key, person_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from vaultsync.config import VaultConfig
    from vaultsync.reconcile.snapshot import SourceTask
    from vaultsync.settings import Settings
    from vaultsync.survey import Survey
    from vaultsync.tasks.text import TaskText

_PROBLEMS = 4  # exit code: done, but names remain that assign nobody
_AT_WORD = re.compile(r"(?<![\w@/\\.+-])@([^\W\d_][\w'’-]*)(?![\w/]|\.\w)")
_SHOWN = 20  # of the words that assign nothing
_PEOPLE_NOTE, _TYPE, _CONFIG = "people note", "type: person", "config"
_FIXED = (_PEOPLE_NOTE, _TYPE, _CONFIG)  # who is known from there can't be somebody's alias


class SourceReport(BaseModel):
    """What says that somebody is a person: a note of theirs, an index note, the config, or mentions alone."""

    what: str
    path: str | None = None


class PersonReport(BaseModel):
    """One person; `mentions` are those in tasks, by any name, the counts those of the index note."""

    name: str
    found: list[SourceReport]
    aliases: list[str]
    mentions: int
    proposed: int
    open: int
    next_due: str | None


class AlikeReport(BaseModel):
    """A name that looks like that of others, and why; `joins` tells whether the config lines make them one."""

    name: str
    people: list[str]
    why: str
    joins: bool


class WordReport(BaseModel):
    """A word behind an @ that assigns nothing, since it is in lower case and nobody's name."""

    word: str
    mentions: int


class PeopleReport(BaseModel):
    """The people of a vault. `config` is what would join the names that are certainly one person's, as YAML."""

    vault: str
    people: list[PersonReport]
    alike: list[AlikeReport]
    config: str
    nobody: list[WordReport]
    problems: list[ProblemReport]


def people_command(
    vault: VaultArgument = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,  # noqa: ARG001 - scripts give it to every command; this one needs no state
    today: TodayOption = None,
) -> None:
    """List who was found, from where, under which names, and names that look alike, with what would join them."""
    settings = load_settings(find_vault(vault), config)
    clock = Clock(today=today)
    _, found = surveyed_unopened(settings, clock)
    report = people_report(found, settings, "." if vault is None else str(vault))
    if as_json:
        print_json(report)
    else:
        _tell(report)
    if report.problems:
        raise typer.Exit(_PROBLEMS)


def people_report(found: Survey, settings: Settings, vault: str) -> PeopleReport:
    """Report the people of a vault as surveyed."""
    config = settings.config.vault
    roster, problems = vault_roster(found.notes, config)
    sources = _sources(found, config)
    tasks: dict[str, list[SourceTask]] = defaultdict(list)
    mentions: Counter[str] = Counter()
    words: Counter[str] = Counter()  # behind an @, that could be a name but for their case; they assign nothing
    for source in found.tasks:
        for person in source.assignees:
            tasks[person].append(source)
        if b"@" in source.task.raw:
            text = source.text
            mentions.update({mention.person for mention in text.mentions})
            words.update(_lower_case(text))
    every = [*roster.people, *sorted(tasks.keys() - {*roster.people, UNASSIGNED}, key=person_key)]
    names = [
        Name(
            person,
            mentions[person],
            any(each.what in _FIXED for each in sources.get(person, ())),
            roster.aliases.get(person, ()),
        )
        for person in every
    ]
    # A word in lower case may be somebody's name, but nobody's name is a word's.
    alike = [
        each for each in look_alikes([*names, *(Name(word, -1) for word in words)]) if not words.keys() & {*each.people}
    ]
    aliases = _joining(alike, found, config)
    joined = {person_key(alias) for others in aliases.values() for alias in others}
    people = []
    for person in every:
        counts = count(tasks[person], settings.rules)
        people.append(
            PersonReport(
                name=person,
                found=sources.get(person) or [SourceReport(what="mention")],
                aliases=list(roster.aliases.get(person, ())),
                mentions=mentions[person],
                proposed=counts.proposed,
                open=counts.open,
                next_due=counts.next_due,
            )
        )
    several = [
        Problem(".", None, f"the alias {alias!r} fits {' and '.join(meant)}; it assigns nobody")
        for alias, meant in sorted(roster.ambiguous.items())
    ]
    return PeopleReport(
        vault=vault,
        people=people,
        alike=[
            AlikeReport(name=each.name, people=list(each.people), why=each.why, joins=person_key(each.name) in joined)
            for each in alike
        ],
        config=_yaml(aliases),
        nobody=[WordReport(word=word, mentions=number) for word, number in words.most_common()],
        problems=[
            ProblemReport(path=each.path or ".", line=each.line, what=each.what) for each in (*problems, *several)
        ],
    )


def _sources(found: Survey, config: VaultConfig) -> dict[str, list[SourceReport]]:
    """Return what says of each known person that they are one."""
    sources: dict[str, list[SourceReport]] = defaultdict(list)
    for path in sorted(found.notes):
        note = found.notes[path]
        if note.kind == "index" and note.person:
            sources[canonical(note.person, found.roster)].append(SourceReport(what="index note", path=path))
        elif person := person_source(path, note.properties or {}, config.people.notes):
            is_there = person_source(path, {}, config.people.notes) is not None
            what = _PEOPLE_NOTE if is_there else _TYPE
            sources[canonical(person.name, found.roster)].append(SourceReport(what=what, path=path))
    for name in config.people.aliases:
        sources[canonical(name, found.roster)].append(SourceReport(what=_CONFIG))
    if found.roster.owner:
        sources[found.roster.owner].append(SourceReport(what="owner"))
    return sources


def _lower_case(text: TaskText) -> set[str]:
    """Return the words behind an @ of a task that could be a name but for their case."""
    masked = text.masked
    known = {mention.start for mention in text.mentions}
    hidden = opaque_spans(masked, 0, len(masked))
    return {
        match[1]
        for match in _AT_WORD.finditer(masked)
        if match.start() not in known and not any(begin <= match.start() < end for begin, end in hidden)
    }


def _joining(alike: Sequence[Alike], found: Survey, config: VaultConfig) -> dict[str, list[str]]:
    """Return the entries of `people.aliases` that join what is certainly one person, with what stands there already.

    Only names that are then read as that person: a note's name, for one, is nobody's alias.
    """
    standing = {canonical(name, found.roster): name for name in config.people.aliases}
    wanted = [(each.people[0], clean_name(each.name)) for each in alike if each.is_certain]

    def entries(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
        aliases: dict[str, list[str]] = {}
        for person, alias in pairs:
            name = standing.get(person, person)
            aliases.setdefault(name, [*config.people.aliases.get(name, ())]).append(alias)
        return aliases

    tried = {**config.people.aliases, **{name: tuple(others) for name, others in entries(wanted).items()}}
    people = config.people.model_copy(update={"aliases": tried})
    roster, _ = vault_roster(found.notes, config.model_copy(update={"people": people}))
    return entries(
        [(person, alias) for person, alias in wanted if canonical(alias, roster) == canonical(person, roster)]
    )


def _yaml(aliases: Mapping[str, Sequence[str]]) -> str:
    """Write entries of `people.aliases`; quoted as JSON is, which YAML reads, so that no name is taken for more."""
    if not aliases:
        return ""
    lines = [f"    {_quoted(name)}: [{', '.join(map(_quoted, others))}]" for name, others in sorted(aliases.items())]
    return "\n".join(["people:", "  aliases:", *lines, ""])


def _quoted(name: str) -> str:
    return json_text(name)


# -- on a terminal


def _tell(report: PeopleReport) -> None:
    out = console()
    if out.is_terminal:
        _show_table(out, report.people)
    else:
        for person in report.people:
            out.print(safe(_line(person)))
    if report.alike:
        out.print("\nNames that look alike:")
    for each in report.alike:
        whom = " or ".join(each.people)
        note = (
            ""
            if each.joins
            else "; which one?"
            if len(each.people) > 1
            else "; each has a note or stands in the config"
        )
        out.print(safe(f"  {each.name}  may be {whom} ({each.why}{note})"), style="" if each.joins else "yellow")
    if report.config:
        out.print("\nThese lines in the config make each of them one person, in place of those for the same names:\n")
        out.print(report.config)
    if report.nobody:
        shown = [f"@{each.word} ({each.mentions})" for each in report.nobody[:_SHOWN]]
        more = f" and {len(report.nobody) - _SHOWN} more" if len(report.nobody) > _SHOWN else ""
        out.print(
            safe(f"In lower case and nobody's name, so that they assign nothing: {', '.join(shown)}{more}"), style="dim"
        )
    for problem in report.problems:
        out.print(safe(f"problem  {problem.path}  {problem.what}"), style="yellow")


def _line(person: PersonReport) -> str:
    """Return a person as one line: name, where from, counts, the next due date, aliases."""
    due = f", due {person.next_due}" if person.next_due else ""
    also = f"; also {', '.join(person.aliases)}" if person.aliases else ""
    return f"{person.name}  ({_from(person)}) {person.proposed} proposed, {person.open} open{due}{also}"


def _from(person: PersonReport) -> str:
    return ", ".join(dict.fromkeys(each.what for each in person.found))


def _show_table(out: Console, people: Sequence[PersonReport]) -> None:
    if not people:
        out.print("Nobody.", style="dim")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("Person", overflow="fold")
    table.add_column("Proposed", justify="right")
    table.add_column("Open", justify="right")
    table.add_column("Next due", no_wrap=True)
    table.add_column("Also", overflow="fold")
    table.add_column("Found", overflow="fold", style="dim")
    for person in people:
        row = (person.name, str(person.proposed), str(person.open), person.next_due or "")
        table.add_row(*map(safe, (*row, ", ".join(person.aliases), _from(person))))
    out.print(table)
    out.print(f"{len(people)} people", style="dim")
