"""Read one note: bytes in, a frozen `Note` with its tasks out.

Which lines are list items with a box is the markdown room's answer, what a line says is `line.parse_line`'s; who the
people are isn't known here, and no file is touched.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vaultsync.markdown import frontmatter
from vaultsync.markdown.region import Regions, find_regions
from vaultsync.markdown.textlines import line_and_end, split_lines
from vaultsync.markdown.walker import find_task_lines
from vaultsync.model import Problem
from vaultsync.tasks.line import head_of, line_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaultsync.markdown.frontmatter import Frontmatter
    from vaultsync.model import TaskLine
    from vaultsync.tasks.line import LineReader
    from vaultsync.tasks.rules import Rules

WANTED_PROPERTIES = (
    "vaultsync",
    "vaultsync_person",
    "type",
    "title",
    "date",
    "aliases",
    "alias",
    "person",
    "participants",
)
_WANTED_WITHOUT_TASKS = re.compile(r"^(?:vaultsync|alias(?:es)?|type[ \t]*:[ \t]*[\"']?person\b)", re.MULTILINE)
_NAMED_DATE = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")

NoteKind = Literal["source", "index", "overview", "off"]


@dataclass(frozen=True, slots=True)
class Task:
    """A task where it stands. Its line is kept as UTF-8 and read when it is asked for: there are very many tasks."""

    path: str
    number: int  # line of the note, from 1
    symbol: str
    block_id: str | None  # without "^", as typed
    raw: bytes  # the line without its end
    read_line: LineReader = field(compare=False, repr=False)

    @staticmethod
    def of(path: str, number: int, line: TaskLine, rules: Rules) -> Task:
        """Make a task of a line that was read by these rules."""
        return Task(path, number, line.symbol, line.block_id, line.text.encode(), line_reader_of(rules))

    @property
    def line(self) -> TaskLine:
        """The line as read."""
        return self.read_line(self.raw)

    @property
    def text(self) -> str:
        """The line as it stands, without its end."""
        return self.raw.decode()

    @property
    def order(self) -> tuple[str, int]:
        """Position in the vault; the order in which notes are read plays no part."""
        return (self.path, self.number)


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of one note. `held` gives the reason why it is neither planned on nor written, else None."""

    path: str
    digest: str
    kind: NoteKind
    tasks: tuple[Task, ...] = ()  # those outside the managed region
    properties: Mapping[str, object] | None = None  # the wanted ones
    regions: Regions | None = None
    raw: bytes | None = None  # the text, where a region stands or may be put, or tasks are captured, else None
    held: str | None = None
    blank: bool = False  # nothing stands in it, or blanks only
    problems: tuple[Problem, ...] = ()
    date: str | None = field(init=False, compare=False)
    """The note's own date, `YYYY-MM-DD`: the property `date`, else the first date in its name."""

    def __post_init__(self) -> None:
        date = _iso_date((self.properties or {}).get("date"))
        if date is None and (named := _NAMED_DATE.search(self.path.rpartition("/")[2])):
            date = _iso_date(named[0])
        object.__setattr__(self, "date", date)

    @property
    def text(self) -> str | None:
        """The text, where it is kept: as UTF-8, since an emoji makes four bytes of each character of a string."""
        return None if self.raw is None else self.raw.decode()

    @property
    def person(self) -> str | None:
        """Whose index note this is, as its frontmatter says."""
        properties = self.properties or {}
        name = properties.get("vaultsync_person") or properties.get("person")
        return name.strip() if isinstance(name, str) and name.strip() else None


def held_note(path: str, digest: str, reason: str, line: int | None = None) -> Note:
    """Make the note that stands for a file which must be left alone; the reason is told as a problem."""
    return Note(path, digest, "source", held=reason, problems=(Problem(path, line, reason),))


def parse_note(path: str, content: bytes, digest: str, rules: Rules) -> Note:
    """Read a note.

    Never raises for bad content: a note that can't be read safely comes back held, with the reason. Tasks are those
    that Obsidian's own cache would list and the Tasks plugin would read, outside the managed region.
    """
    if len(content) > rules.limits.note_bytes:
        limit = f"larger than {rules.limits.note_bytes} bytes; `limits.note_bytes` raises the limit"
        return held_note(path, digest, f"the note is {len(content)} bytes, {limit}")
    if b"\0" in content:
        return held_note(
            path, digest, "holds NUL characters; is it a note?", content[: content.index(b"\0")].count(b"\n") + 1
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return held_note(path, digest, "not UTF-8", content[: error.start].count(b"\n") + 1)
    return parse_text(path, text, digest, rules)


def parse_text(path: str, text: str, digest: str, rules: Rules) -> Note:
    """Read a note's text; `parse_note` says how."""
    problems: list[Problem] = []
    front = frontmatter.find(text)
    regions = None
    if "vaultsync" in text or "<<<<<<<" in text:
        regions = find_regions(split_lines(text))
        if regions.damage:
            return held_note(path, digest, regions.damage, regions.damaged_at)
        if regions.begin is None:
            regions = None
    skip = (regions.begin, regions.end) if regions and regions.begin and regions.end else None
    found = find_task_lines(text, nesting=rules.limits.nesting, skip=skip)
    if found.problem:
        return held_note(path, digest, found.problem, found.problem_at)
    lines = split_lines(text) if found.lines else []
    for number in found.lines:
        length = len(line_and_end(lines[number - 1])[0])
        if length > rules.limits.line_chars:
            limit = f"more than {rules.limits.line_chars}; `limits.line_chars` raises the limit"
            return held_note(path, digest, f"the line has {length} characters, {limit}", number)

    if not (found.lines or regions or rules.may_hold_region(path) or (front and _is_wanted(front))):
        front = None  # nobody needs to know what it says
    size = len(front.raw.encode()) if front else 0
    if front and size > rules.limits.frontmatter_bytes:
        # Not read, it could say that the note is to be left alone.
        limit = f"more than {rules.limits.frontmatter_bytes}; `limits.frontmatter_bytes` raises the limit"
        return held_note(path, digest, f"the frontmatter is {size} bytes, {limit}", front.first)
    properties = _wanted_properties(path, front, problems) if front else {}
    kind = _kind(properties)
    if kind == "off":
        return Note(path, digest, kind)
    keeps_text = regions or kind != "source" or rules.may_hold_region(path) or path == rules.capture
    return Note(
        path,
        digest,
        kind,
        tasks=tuple(_read_tasks(path, lines, found.lines, rules)),
        properties=properties,
        regions=regions,
        raw=text.encode() if keeps_text else None,
        blank=not (bare := text.removeprefix("\ufeff")) or bare.isspace(),
        problems=tuple(problems),
    )


def _is_wanted(front: Frontmatter) -> bool:
    """Tell, without parsing, whether the frontmatter of a note without tasks may say something that counts."""
    return _WANTED_WITHOUT_TASKS.search(front.raw) is not None


def _wanted_properties(path: str, front: Frontmatter, problems: list[Problem]) -> dict[str, object]:
    everything, trouble = frontmatter.properties(front.raw, None)
    if trouble:
        problems.append(Problem(path, front.first + (trouble.line or 0), trouble.what))
    return {key: everything[key] for key in WANTED_PROPERTIES if key in everything}


def _read_tasks(path: str, lines: Sequence[str], numbers: Sequence[int], rules: Rules) -> Iterator[Task]:
    read_line = line_reader_of(rules)
    for number in numbers:
        text = line_and_end(lines[number - 1])[0]
        head = head_of(text, rules.tasks)
        if head is not None:
            block_id = head.block_id.value if head.block_id else None
            yield Task(path, number, head.match[3], block_id, text.encode(), read_line)


def line_reader_of(rules: Rules) -> LineReader:
    """Return what reads the lines of tasks by these rules."""
    return line_reader(rules.tasks, hidden=rules.read_hidden_fields)


def _kind(properties: Mapping[str, object]) -> NoteKind:
    said = properties.get("vaultsync")
    if said is False:
        return "off"
    return "index" if said == "index" else "overview" if said == "overview" else "source"


def _iso_date(value: object) -> str | None:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if not isinstance(value, str):
        return None
    try:
        return dt.date.fromisoformat(value.strip()[:10]).isoformat()
    except ValueError:
        return None
