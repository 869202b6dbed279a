"""Make up a vault of any size: meeting notes, transcripts, people, and the tasks that a pipeline proposed in them.

The same arguments give the same bytes on every machine; nothing is measured here, and nothing of vaultsync is imported.

    python benchmarks/make_vault.py FOLDER --notes 1828 [--seed 1] [--tasks-per-note 4.7] [--people 120] [--labels FILE]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

ANCHOR = dt.date(2025, 11, 10)  # "today" of every vault made here; the clock is never asked

MOST_PEOPLE = 10_000  # a third of the names that words.json can make, so that drawing new ones stays quick

# Shares are of what their name says, and were chosen to give the shape in benchmarks/README.md.
WITH_TASKS = 0.55  # of the notes
BY_HAND = 0.18  # of the notes with tasks: daily notes, without proposals
RERUN = 0.34  # of the meetings: the pipeline ran on them again
PROPOSED = 0.58  # of the tasks in a meeting's first note
OWNERS = 0.45  # of the proposals
WITH_NOTE = 0.9  # of the people
NUMBERED = 0.12  # of the proposals: their text holds a number
CRLF = 0.04  # of the notes
GARBLED = 0.01  # of the meeting notes: signifiers read as Mac Roman
STRAY = 0.14  # of the notes but transcripts and people: one passage of task look-alikes

WORDS: dict[str, list[str]] = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
# Each of these can be said in two ways: a second run of the pipeline may choose the other.
VERBS = [tuple(pair.split("/")) for pair in WORDS["verbs"]]
PURPOSES = [tuple(pair.split("/")) for pair in WORDS["purposes"]]

SIGNIFIERS = "📅⏫🔼🔽✅❌🔁"
PRIORITIES = ("", "", "", "", "", "", "⏫", "⏫", "🔼", "🔽")
RULES = ("every week", "every 2 weeks", "every month", "every weekday", "every Monday", "every month on the 1st")

# Where decided tasks stand: the lines before them, then the markers that take turns.
CONTAINERS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((), ("-",)),
    ((), ("-",)),
    ((), ("*",)),
    ((), ("1.",)),
    ((), ("-", "    -", "\t-")),
    (("- From the last time",), ("  -", "    +", "  -")),
    (("> [!note] Carried over",), ("> -", ">   -")),
    (("> as it was put in the mail:", ">"), ("> -",)),
    (("> [!todo]- Later", "> > [!note]"), ("> > -",)),
)

# Where Obsidian sees no task, whatever stands there.
STRAYS = (
    ("```markdown", "- [{symbol}] {text}", "  - [{symbol}] {text}", "```"),
    ("~~~", "* [{symbol}] {text}", "```", "- [{symbol}] {text}", "~~~"),
    ("%%", "- [{symbol}] {text}", "%%"),
    ("<!--", "- [{symbol}] {text}", "-->"),
    ("As it is written in the guide:", "", "    - [{symbol}] {text}", "", "and no other way."),
    ("- with a sample", "", "  ```", "  - [{symbol}] {text}", "  ```"),
    ("> ```", "> - [{symbol}] {text}", "> ```"),
)

How = Literal["first", "same", "lightly", "synonym", "loosely", "other number"]
HOWS: tuple[How, ...] = ("same", "same", "lightly", "lightly", "lightly", "synonym", "synonym", "synonym", "loosely")


@dataclass(slots=True)
class Counts:
    """What was made. A look-alike is a line of a task's shape that is no task; `duplicated` counts proposals."""

    notes: int = 0
    notes_with_tasks: int = 0
    people: int = 0
    people_notes: int = 0
    tasks: int = 0
    proposed: int = 0
    open: int = 0
    in_progress: int = 0
    done: int = 0
    rejected: int = 0
    recurring: int = 0
    owner_proposed: int = 0
    duplicated: int = 0
    look_alikes: int = 0
    crlf: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal before it is written; `group` is shared by those that mean the same."""

    verb: int
    purpose: int
    target: str  # what is to be done, and for which project
    person: str
    due: str  # "" where none
    priority: str
    group: int
    number: int = 0  # 0: none in the text
    how: How = "first"


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the notes of one meeting share; `back` is in days before the anchor."""

    back: int
    people: tuple[str, ...]
    project: str
    topic: str


@dataclass(slots=True)
class Page:
    """A note being written; each element is one line."""

    lines: list[str] = field(default_factory=list)
    tasks: int = 0
    labels: list[tuple[int, Proposal]] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Append lines."""
        self.lines += lines


@dataclass(slots=True)
class World:
    """What all notes of one vault share."""

    folder: Path
    random: random.Random
    days: int  # how far the notes reach back from the anchor
    people: list[str] = field(default_factory=list)  # the first is the owner
    projects: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    files: set[str] = field(default_factory=set)  # case-folded, as a macOS or Windows disk compares
    targets: set[str] = field(default_factory=set)
    labels: list[dict[str, str | int]] = field(default_factory=list)
    groups: int = 0

    # Of the generator only random() is promised to give the same on every Python (its documentation, "Notes on
    # Reproducibility"), so that everything is drawn with it.
    def below(self, stop: int) -> int:
        """Draw from 0 to stop - 1."""
        return int(self.random.random() * stop)

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one."""
        return choices[int(self.random.random() * len(choices))]

    def word(self, kind: str) -> str:
        """Draw a word or phrase of that kind (words.json)."""
        return self.pick(WORDS[kind])

    def chance(self, share: float) -> bool:
        """Say yes in that share of the cases."""
        return self.random.random() < share

    def day(self, back: int) -> str:
        """Write the day that lies so many days before the anchor."""
        return (ANCHOR - dt.timedelta(days=back)).isoformat()

    def others(self, count: int) -> list[str]:
        """Draw that many people but the owner, some far more often than others."""
        most = len(self.people) - 1
        drawn = [
            self.people[1 + int(most * self.random.random() * self.random.random())]
            for _ in range(count if most else 0)
        ]
        return list(dict.fromkeys(drawn))


def make_vault(  # noqa: PLR0913 - all but two are keywords with a default
    folder: Path,
    notes: int,
    *,
    seed: int = 1,
    tasks_per_note: float = 4.7,
    people: int = 120,
    labels: Path | None = None,
) -> Counts:
    """Write a vault of exactly `notes` notes into `folder`, which is made if need be, and say what is in it.

    `labels`: where to write a JSON line for each proposal that has near-duplicates or was made to look like one
    (`path`, `line` from 1, `group`, `how`); two proposals are duplicates when their group is the same.

    Raises:
        FileExistsError: the folder holds something already, perhaps a vault that somebody lives in.
        ValueError: there are not that many names.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    if people > MOST_PEOPLE:
        raise ValueError(f"{people} people asked for; there are names for {MOST_PEOPLE}")
    tasks = round(notes * tasks_per_note)
    world = World(folder, random.Random(seed), days=min(3650, max(365, notes // 4)))
    _populate(world, people=max(1, people), projects=40 + tasks // 95)
    _put(folder / ".obsidian/app.json", b'{\n  "alwaysUpdateLinks": true\n}\n')
    _put(folder / ".vaultsync/config.yaml", f"owner: {world.people[0]}\ntimezone: UTC\n".encode())
    known = [name for name in world.people if world.chance(WITH_NOTE)][: notes // 4]
    for name in known:
        _save(world, f"People/{name}.md", _person(world, name, first_of_name=name == _first_known(known, name)))
    world.counts.people_notes = len(known)
    bearing = min(round(notes * WITH_TASKS), notes - len(known))
    for left in range(notes - len(known) - bearing):
        (_transcript if left % 5 < 2 else _reference)(world)
    _notes_with_tasks(world, bearing, tasks)

    sizes = Counter(label["group"] for label in world.labels)
    world.counts.duplicated = sum(size for size in sizes.values() if size > 1)
    if labels is not None:
        kept = [label for label in world.labels if sizes[label["group"]] > 1 or label["how"] == "other number"]
        labels.write_text(
            "".join(json.dumps(label, ensure_ascii=False) + "\n" for label in kept), "utf-8", newline="\n"
        )
    return world.counts


def _populate(world: World, *, people: int, projects: int) -> None:
    """Name the people and the projects, and put together the sentences from which all talk is made."""
    word = world.word
    world.people = _names(people, lambda: f"{word('first')} {word('last_head')}{word('last_tail')}")
    plain = projects < 150  # more than that need a number
    world.projects = _names(
        projects,
        lambda: f"{word('project_head')} {word('project_tail')}" + ("" if plain else f" {10 + world.below(90)}"),
    )
    world.sentences = [
        f"{word('who')} {word('did')} the {word('objects')} of {world.pick(world.projects)} {word('when')}."
        for _ in range(5000)
    ]
    world.counts.people = people


def _names(several: int, draw: Callable[[], str]) -> list[str]:
    """Draw that many different names; their pool must be larger."""
    names: dict[str, None] = {}
    while len(names) < several:
        names[draw()] = None
    return list(names)


def _first_known(known: list[str], name: str) -> str:
    """Say who of the known people is the first with this first name: only that one gets it as an alias."""
    return next(other for other in known if other.split(maxsplit=1)[0] == name.split(maxsplit=1)[0])


def _put(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)


def _save(world: World, path: str, page: Page) -> None:
    name, again = path, 1
    while name.casefold() in world.files:
        again += 1
        name = f"{path.removesuffix('.md')}, part {again}.md"
    world.files.add(name.casefold())
    crlf = world.chance(CRLF)
    content = ("\r\n" if crlf else "\n").join([*page.lines, ""]).encode()
    _put(world.folder / name, content)
    world.counts.notes += 1
    world.counts.crlf += crlf
    world.counts.bytes += len(content)
    world.counts.notes_with_tasks += page.tasks > 0
    world.counts.tasks += page.tasks
    world.labels.extend(
        {"path": name, "line": line, "group": what.group, "how": what.how} for line, what in page.labels
    )


def _front(world: World, kind: str, title: str, date: str, people: Sequence[str], *extra: str) -> list[str]:
    if world.chance(0.1):
        return [f"# {title}", ""]
    quoted = ", ".join(json.dumps(name, ensure_ascii=False) for name in people)
    return [
        "---",
        f"type: {kind}",
        f"title: {json.dumps(title, ensure_ascii=False)}",
        f'date: "{date}"',
        f"participants: [{quoted}]",
        "tags:",
        f'  - "type/{kind}"',
        *extra,
        "---",
        "",
        f"# {title}",
        "",
    ]


def _talk(world: World, page: Page, people: Sequence[str], size: int) -> None:
    """Append what was said, about `size` characters of it."""
    minute = 0
    while size > 0:
        said = " ".join(world.pick(world.sentences) for _ in range(1 + world.below(5)))
        line = f"**{world.pick(people)}** ({minute // 60:02}:{minute % 60:02}): {said}"
        page.add(line, "")
        size -= len(line) + 2
        minute += world.below(3)


def _person(world: World, name: str, *, first_of_name: bool) -> Page:
    alias = [f'aliases: ["{name.split(maxsplit=1)[0]}"]'] if first_of_name else []
    told = [f"Works on [[{world.pick(world.projects)}]] with [[{other}]]." for other in world.others(2)]
    return Page(["---", "type: person", *alias, "---", "", f"# {name}", "", *told, "", world.pick(world.sentences)])


def _transcript(world: World) -> None:
    back, people = world.below(world.days), [world.people[0], *world.others(1 + world.below(4))]
    date, title = world.day(back), f"{world.pick(world.projects)}, {world.word('topics')}"
    page = Page(_front(world, "transcript", title, date, people))
    _talk(world, page, people, 3000 + world.below(25000))
    _save(world, f"Transcripts/{date[:4]}/{date[5:7]}/{date} - {title}.md", page)


def _reference(world: World) -> None:
    project = world.pick(world.projects)
    title = f"{project}, {world.word('objects')}"
    page = Page(_front(world, "reference", title, world.day(world.below(world.days)), []))
    page.add("| part | who | state |", "| --- | --- | --- |")
    page.add(
        *(
            f"| {world.word('objects')} | [[{world.pick(world.people)}]] | [ ] open |"
            for _ in range(2 + world.below(5))
        ),
        "",
    )
    page.add(*(f"- {world.pick(world.sentences)}" for _ in range(3 + world.below(20))), "", f"See [[{project}]].", "")
    _stray(world, page)
    _save(world, f"Projects/{project}/{title}.md", page)


def _notes_with_tasks(world: World, notes: int, tasks: int) -> None:
    """Spread the tasks over the notes: each gets its share of what is left, more or less; the last the rest."""
    again: list[Proposal] = []
    meeting: Meeting | None = None
    for left in range(notes, 0, -1):
        quota = max(1, tasks if left == 1 else round(tasks / left * (0.35 + 1.3 * world.random.random())))
        if not again and world.chance(BY_HAND):
            tasks -= _daily(world, quota)
            continue
        if not again or meeting is None:
            meeting = _meeting(world)
        page, proposals = _minutes(world, meeting, quota, again)
        tasks -= page.tasks
        rerun = not again and bool(proposals) and world.chance(RERUN)
        again = [_said_again(world, one) for one in proposals if world.chance(0.92)] if rerun else []


def _meeting(world: World) -> Meeting:
    people = [world.people[0], *world.others(1 if world.chance(0.35) else 2 + world.below(4))]
    return Meeting(world.below(world.days), tuple(people), world.pick(world.projects), world.word("topics"))


def _minutes(world: World, meeting: Meeting, quota: int, again: Sequence[Proposal]) -> tuple[Page, list[Proposal]]:
    """Write the note of a meeting; `again` are the proposals of the pipeline's earlier run on it, reworded."""
    date, alone = world.day(meeting.back), len(meeting.people) == 2
    title = f"{'1-1 with ' + meeting.people[1] if alone else meeting.project}, {meeting.topic}"
    if again:
        title = f"{meeting.topic.capitalize()} ({meeting.people[-1]}, {meeting.project})"
    extra = ['person: "' + meeting.people[1] + '"'] if alone else []
    page = Page(_front(world, "meeting", title, date, meeting.people, *extra))
    page.add("## Summary", "", " ".join(world.pick(world.sentences) for _ in range(3)), "")
    page.add("## Key points", "", *(f"- {world.pick(world.sentences)}" for _ in range(8 + world.below(20))), "")
    proposals = list(again)
    proposals += [_proposal(world, meeting) for _ in range(quota) if not again and world.chance(PROPOSED)]
    _action_items(world, page, proposals)
    _stray(world, page)
    _follow_up(world, page, meeting.back, quota - len(proposals))
    if world.chance(0.8):
        page.add("## Transcript", "")
        _talk(world, page, meeting.people, 2000 + world.below(28500))
    page.add("", f"*Source: [[{date} - {title}, recording]]*")
    _save(world, f"Meetings/{date[:4]}/{date[5:7]}/{date} - {title}.md", page)
    return page, proposals


def _action_items(world: World, page: Page, proposals: Sequence[Proposal]) -> None:
    quoted, loose, garbled = world.chance(0.08), world.chance(0.6), world.chance(GARBLED)
    page.add("> [!todo] Action items" if quoted else "## Action items", *([] if quoted else [""]))
    for one in proposals:
        line = _proposal_line(world, one)
        page.labels.append((len(page.lines) + 1, one))
        page.add(
            ("> " if quoted else "") + (_garble(line) if garbled else line), *([""] if loose and not quoted else [])
        )
    page.add("")
    page.tasks += len(proposals)
    world.counts.proposed += len(proposals)
    world.counts.owner_proposed += sum(one.person == world.people[0] for one in proposals)


def _proposal(world: World, meeting: Meeting) -> Proposal:
    target = ""
    while not target or target in world.targets:  # no two by chance: what is alike is so on purpose
        target = f"{world.word('objects')} for {world.pick(world.projects)}"
        if world.chance(0.05):
            target += f" and {world.pick(world.projects)}"
    world.targets.add(target)
    world.groups += 1
    whom = world.random.random()
    person = (
        world.people[0] if whom < OWNERS else "TBD" if whom > 0.97 else world.pick(meeting.people[1:] or meeting.people)
    )
    due = world.day(meeting.back - 1 - world.below(14)) if world.chance(0.85) else ""
    number = 2 + world.below(8) if world.chance(NUMBERED) else 0
    verb, purpose, priority = world.below(len(VERBS)), world.below(len(PURPOSES)), world.pick(PRIORITIES)
    return Proposal(verb, purpose, target, person, due, priority, world.groups, number)


def _said_again(world: World, one: Proposal) -> Proposal:
    if one.number and world.chance(0.4):
        world.groups += 1
        return replace(one, number=one.number + 1, group=world.groups, how="other number")
    return replace(one, how=world.pick(HOWS), due=one.due if world.chance(0.9) else "")


def _proposal_line(world: World, one: Proposal) -> str:
    verb = VERBS[one.verb][one.how in {"synonym", "loosely"}]
    part = f", part {one.number}," if one.number else ""
    text = f"{verb} the {one.target}{part} {PURPOSES[one.purpose][one.how == 'loosely']}."
    if one.how == "lightly":
        text = text.removesuffix(".").replace(" the ", " a " if world.chance(0.5) else " ", 1)
    whom = "Myself" if one.person == world.people[0] and world.chance(0.7) else one.person
    mention = f"@[[{whom}]]" if whom == one.person != "TBD" and world.chance(0.04) else f"@{whom}"
    fields = [f"📅 {one.due}"] * bool(one.due) + [one.priority] * bool(one.priority)
    hidden = world.chance(0.03)  # fields before the mention: Tasks doesn't see them
    return " ".join(["- [?]", text, *([*fields, mention] if hidden else [mention, *fields]), "#task #proposed #auto"])


def _garble(line: str) -> str:
    return "".join(char.encode().decode("mac_roman") if char in SIGNIFIERS else char for char in line)


def _settled(world: World, back: int) -> tuple[str, str]:
    """Make up a task that somebody has decided on already: its symbol, and what stands after the box."""
    drawn, person = world.random.random(), world.pick(world.people[:40])
    text = f"{world.pick(VERBS)[0]} the {world.word('objects')} of {world.pick(world.projects)}"
    if world.chance(0.2):
        text = world.word("chores")
    mention = f" @{person}" if world.chance(0.6) else ""
    due, closed = world.day(back - 1 - world.below(20)), world.day(world.below(back + 1))
    if drawn < 0.04:
        world.counts.recurring += 1
        world.counts.open += 1
        return " ", f"{text}{mention} #task 🔁 {world.pick(RULES)} 📅 {due}"
    if drawn < 0.44:
        world.counts.open += 1
        return " ", f"{text}{mention} #task {world.pick(PRIORITIES)} 📅 {due}".replace("  ", " ")
    if drawn < 0.54:
        world.counts.in_progress += 1
        return "/", f"{text}{mention} 📅 {due} #task"
    if drawn < 0.86:
        world.counts.done += 1
        return world.pick("xxxxxX"), f"{text}{mention} #task ✅ {closed}"
    world.counts.rejected += 1
    return world.pick("---R"), f"{text}{mention} #task ❌ {closed}"


def _follow_up(world: World, page: Page, back: int, quota: int) -> None:
    """Append decided tasks, in one of the containers in which people keep them."""
    if quota <= 0:
        return
    page.add("## Follow-up", "")
    before, after = world.pick(CONTAINERS)
    page.add(*before)
    for at in range(quota):
        symbol, text = _settled(world, back)
        page.add(f"{after[at % len(after)]} [{symbol}] {text}")
    page.add("")
    page.tasks += quota


def _daily(world: World, quota: int) -> int:
    back = world.below(world.days)
    date = world.day(back)
    page = Page(_front(world, "daily", date, date, []))
    page.add(*(f"- {world.pick(world.sentences)}" for _ in range(1 + world.below(6))), "")
    _stray(world, page)
    _follow_up(world, page, back, quota)
    _save(world, f"Daily/{date[:4]}/{date[5:7]}/{date}.md", page)
    return quota


def _stray(world: World, page: Page) -> None:
    """Now and then, append lines that look like tasks where Obsidian sees none."""
    if not world.chance(STRAY):
        return
    symbol, text = world.pick(" ?x"), f"{world.word('chores')} @{world.pick(world.people)} #task"
    lines = world.pick(STRAYS)
    page.add("## How to write these", "", *(line.format(symbol=symbol, text=text) for line in lines), "")
    world.counts.look_alikes += sum("{symbol}" in line for line in lines)


def main() -> None:
    """Make a vault and print its counts as JSON."""
    parser = argparse.ArgumentParser(description="Make up a vault.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--notes", type=int, default=1828)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks-per-note", type=float, default=4.7)
    parser.add_argument("--people", type=int, default=120)
    parser.add_argument("--labels", type=Path)
    asked = vars(parser.parse_args())
    print(json.dumps(asdict(make_vault(asked.pop("folder"), asked.pop("notes"), **asked)), indent=1))


if __name__ == "__main__":
    main()
