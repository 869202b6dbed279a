"""Vaults to test reconciling on: one on paper, which knows no disk, and one in a folder, driven through the wheel."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.index.links import OWN_ID, find_links, task_key
from vaultsync.index.region import read_region
from vaultsync.index.rows import FIELDS, read_row, shown_values
from vaultsync.model import TaskSettings
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.snapshot import Snapshot
from vaultsync.reconcile.verify import verify_edits
from vaultsync.settings import Settings, load_settings
from vaultsync.storage.damage import OnDamage
from vaultsync.storage.state import State
from vaultsync.storage.vault import digest_of
from vaultsync.tasks.note import Note, parse_note, parse_text
from vaultsync.tasks.people import PersonSource, Roster, build_roster
from vaultsync.tasks.rules import Rules
from vaultsync.tasks.statuses import roles
from vaultsync.tasks.text import read_text
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vaultsync.outcome import Outcome
    from vaultsync.reconcile.base import BaseTask, IndexRecord

TODAY = "2026-11-22"
SETTINGS = TaskSettings()
RULES = Rules(tasks=SETTINGS, roles=roles(SETTINGS, registered=False, overrides={}))
PEOPLE = ("Ana", "Bo", "Kim Ray")
ANA, BO, KIM = (f"Tasks/@{person}.md" for person in PEOPLE)
NO_WAITS = Waits(quiet=0, quiet_max=0, stamp_after=0, settle=0, absent_delay=5)


def roster_of(notes: Mapping[str, Note]) -> Roster:
    """Return who is known: the three people of the tests, and whoever has an index note."""
    sources = [PersonSource(person) for person in PEOPLE]
    sources += [
        PersonSource(note.person, path=path, origin="index")
        for path, note in sorted(notes.items())
        if note.kind == "index" and note.person
    ]
    return build_roster(sources)[0]


@dataclass
class PaperVault:
    """A vault held in memory, with its base: what a turn of the wheel does, without disk, crashes and clocks."""

    texts: dict[str, str]
    rules: Rules = RULES
    layout: str = "1-paper"
    base: dict[str, BaseTask] = field(default_factory=dict)
    records: dict[str, IndexRecord] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    today: str = TODAY
    now: float = 1_000_000.0
    problems: tuple[str, ...] = ()

    def notes(self) -> dict[str, Note]:
        encoded = {path: text.encode() for path, text in self.texts.items()}
        return {
            path: parse_note(path, content, digest_of(content), self.rules)
            for path, content in encoded.items()
            if path.endswith(".md")
        }

    def snapshot(self, **changes: Any) -> Snapshot:
        notes = self.notes()
        return replace(
            Snapshot(
                notes=notes,
                base=dict(self.base),
                index_notes=dict(self.records),
                taken_ids=set(self.ids),
                roster=roster_of(notes),
                rules=self.rules,
                layout=self.layout,
                today=self.today,
                now=self.now,
            ),
            **changes,
        )

    def turn(self, **changes: Any) -> Plan:
        """Plan, apply to the texts and take over the base; `changes` are fields of the snapshot."""
        refused: frozenset[tuple[str, int]] = frozenset()
        problems: list[str] = []
        while True:
            plan = plan_cycle(self.snapshot(**{"refused": refused, **changes}))
            after: dict[str, str] = {}
            fresh: set[tuple[str, int]] = set()
            for path in {edit.path for edit in plan.edits}:
                edits = [edit for edit in plan.edits if edit.path == path]
                text = self.texts.get(path, "")
                verified = verify_edits(parse_text(path, text, "", self.rules), text, edits, self.rules)
                fresh |= {(path, problem.line or 0) for problem in verified.refused}
                problems += [problem.what for problem in verified.refused]
                after[path] = verified.text
            if not fresh - refused:
                break
            refused |= fresh
        for write in plan.note_writes:
            after[write.path] = write.text
        self.texts.update(after)
        self.base.update(plan.base)
        for key in plan.forgotten:
            del self.base[key]
        self.records.update(plan.records)
        self.ids |= plan.ids
        self.problems = (*problems, *(problem.what for problem in plan.problems))
        return plan

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a piece of a note that stands in it once."""
        assert self.texts[path].count(old) == 1, (old, self.texts[path])
        self.texts[path] = self.texts[path].replace(old, new)

    def lines(self, path: str) -> list[str]:
        return self.texts[path].split("\n")

    def row(self, path: str, words: str) -> str:
        """Return the one row of an index note that holds these words."""
        found = [line for line in region_lines(self.texts[path]) if words in line and find_links(line)]
        assert len(found) == 1, (words, self.texts[path])
        return found[0]

    def rows(self, path: str) -> list[str]:
        """Return the rows of an index note without their links, an empty list if there is no such note."""
        lines = region_lines(self.texts.get(path, ""))
        return [without_link(line) for line in lines if find_links(line)]

    def section(self, path: str, words: str) -> str:
        """Return the section that the row with these words stands in."""
        name = ""
        for line in region_lines(self.texts[path]):
            name = line.lstrip("# ") if line.startswith("#") else name
            if words in line and find_links(line):
                return name
        raise AssertionError((words, self.texts[path]))

    def assert_settled(self) -> None:
        """Assert that a further turn changes nothing."""
        self.assert_settled_in()

    def assert_settled_in(self, **changes: Any) -> None:
        """Assert the same of a turn under a changed snapshot."""
        before = dict(self.texts)
        plan = self.turn(**changes)
        assert plan.edits == ()
        assert plan.note_writes == ()
        assert self.texts == before


def region_lines(text: str) -> list[str]:
    """Return the lines between the markers."""
    match = re.search(r"%% vaultsync:begin [^\n]*%%\r?\n(.*)%% vaultsync:end %%", text, re.DOTALL)
    return match[1].splitlines() if match else []


def without_link(row: str) -> str:
    link = find_links(row)[-1]
    return f"{row[: link.start].rstrip()} {row[link.end :].lstrip()}".rstrip()


@dataclass
class FolderVault:
    """A vault in a folder with its state beside it; each turn opens it anew, as one-shot does."""

    folder: Path
    waits: Waits = NO_WAITS
    later: float = 0.0  # seconds that the clock is ahead, so that nobody has to wait
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        if not self.config_file.exists():
            self.configure("")
        self.settings = load_settings(self.root)

    @property
    def root(self) -> Path:
        return self.folder / "vault"

    @property
    def state_file(self) -> Path:
        return self.folder / "state" / "state.db"

    @property
    def config_file(self) -> Path:
        return self.root / "vaultsync.yaml"

    def configure(self, settings: str) -> None:
        """Set the vault's settings: YAML, besides the people of the tests."""
        people = "".join(f"  {person}: []\n" for person in PEOPLE)
        self.config_file.write_text(f"people:\n  aliases:\n{_indented(people)}{settings}", encoding="utf-8")
        self.settings = load_settings(self.root)

    def copy(self, folder: Path) -> FolderVault:
        """Return a vault of the same bytes and state in another folder."""
        shutil.copytree(self.folder, folder)
        return FolderVault(folder, self.waits, self.later)

    def come_to_rest(self) -> None:
        """Turn until nothing waits any more."""
        self.turn()
        self.later += 10 + self.waits.settle
        self.turn()
        self.turn()

    def clock(self) -> Clock:
        return Clock(
            now=lambda: time.time() + self.later,
            monotonic=lambda: time.monotonic() + self.later,
            sleep=lambda seconds: setattr(self, "later", self.later + seconds),
            today=TODAY,
        )

    def turn(self, *, force: bool = False, dry_run: bool = False) -> Outcome:
        state = State(self.state_file, OnDamage.SET_ASIDE)
        try:
            return Wheel(self.settings, state, self.clock(), self.waits).turn(force=force, dry_run=dry_run)
        finally:
            state.close()

    def close(self) -> None:
        """Let go of what is open between two turns: nothing."""

    def base(self) -> dict[str, BaseTask]:
        state = State(self.state_file)
        state.close()
        return dict(state.base)

    def lose_state(self) -> None:
        shutil.rmtree(self.state_file.parent)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def texts(self) -> dict[str, str]:
        found = sorted(self.root.rglob("*.md"))
        return {path.relative_to(self.root).as_posix(): path.read_bytes().decode() for path in found}


def agreement(notes: Mapping[str, Note], rules: Rules, roster: Roster) -> set[tuple[str, str]]:
    """Return where a row doesn't show what its source says: key and field."""
    sources = {
        task_key(path, task.line.block_id): task
        for path, note in sorted(notes.items(), reverse=True)
        for task in reversed(note.tasks)
        if task.line.block_id and (OWN_ID.match(task.line.block_id.lower()) or not find_links(task.line.text))
    }
    differing: set[tuple[str, str]] = set()
    for note in notes.values():
        if note.kind != "index" or note.regions is None:
            continue
        for row in read_region(note.text or "", note.regions.begin or 0, note.regions.end or 0).rows:
            key = task_key(row.path, row.block_id)
            task = sources.get(key)
            if task is None:
                continue  # it waits for its source, or was edited when that went
            said = shown_values(task.line, read_text(task.line, roster), task.path, rules)
            shown = read_row(row.text, task.line.recurrence, roster, rules)
            assert shown is not None
            names = [("status", "symbol"), *((name, name) for name in FIELDS if name not in ("status", "assignee"))]
            differing |= {(key, name) for name, slot in names if getattr(said, slot) != getattr(shown, slot)}
            if shown.mentions:
                differing.add((key, "assignee"))
    return differing


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))
