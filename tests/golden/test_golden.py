"""Whole plans over notes in Markdown: what goes in, and the index notes and the overview that people then see.

A case in one of the `.md` files beside this one begins with `## Case: title`; under it stands a fence of four backticks
for each note, named `in PATH`, `base PATH` (the note as an earlier cycle saw it) or `out PATH`, and one `settings`
with YAML where the case needs any. In a note `→` stands for a tab, and `settings` may ask for CRLF.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from vaultsync.model import Role
from vaultsync.obsidian import task_settings
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.snapshot import Snapshot
from vaultsync.reconcile.verify import apply_edits
from vaultsync.tasks.note import Note, parse_text
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import IndexRules, Rules
from vaultsync.tasks.statuses import roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vaultsync.reconcile.base import BaseTask, IndexRecord

HERE = Path(__file__).parent
TODAY = "2025-11-10"
FENCE = re.compile(
    r"^````(?P<kind>in|base|out|settings)(?: (?P<path>[^\n]+))?\n(?P<text>.*?)^````$", re.MULTILINE | re.DOTALL
)
PEOPLE = ("Ana Lee", "Bob", "Tomer Hagay")


@dataclass(frozen=True)
class Case:
    """One case of a file: notes by path, as they are, as an earlier cycle saw them, and as they shall be."""

    title: str
    base: Mapping[str, str]
    notes: Mapping[str, str]
    out: Mapping[str, str]
    settings: Mapping[str, Any]


@dataclass
class World:
    """A vault in memory, with what vaultsync remembers of it."""

    notes: dict[str, str]
    settings: Mapping[str, Any]
    base: dict[str, BaseTask] = field(default_factory=dict)
    records: dict[str, IndexRecord] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()

    def rules(self) -> Rules:
        index = {key: value for key, value in self.settings.get("index", {}).items() if key != "hide_tags"}
        tasks, _ = task_settings(self.settings.get("tasks", {}))
        rules = Rules(tasks, roles(tasks, registered="tasks" in self.settings, overrides={}), IndexRules(**index))
        if "hide_tags" in self.settings.get("index", {}):
            hidden = frozenset(self.settings["index"]["hide_tags"])
            rules = replace(rules, index=replace(rules.index, hide_tags=hidden))
        shown = frozenset(Role(name) for name in self.settings.get("roles", rules.rollup_roles))
        return replace(rules, rollup_roles=shown, read_hidden_fields=self.settings.get("read_hidden_fields", True))

    def parsed(self) -> dict[str, Note]:
        rules = self.rules()
        return {
            path: parse_text(path, text, hashlib.sha256(text.encode()).hexdigest(), rules)
            for path, text in self.notes.items()
        }

    def plan(self) -> Plan:
        people = [PersonSource(name, (), f"People/{name}.md") for name in PEOPLE]
        roster, _ = build_roster(people, owner=self.settings.get("owner"))
        return plan_cycle(
            Snapshot(
                notes=self.parsed(),
                base=self.base,
                index_notes=self.records,
                taken_ids=self.ids,
                roster=roster,
                rules=self.rules(),
                layout="1-test",
                today=TODAY,
                now=0.0,
            )
        )

    def turn(self) -> Plan:
        """Plan one cycle and take it over, as if every write landed."""
        plan = self.plan()
        for path in sorted({edit.path for edit in plan.edits}):
            edits = [edit for edit in plan.edits if edit.path == path]
            self.notes[path] = apply_edits(self.notes.get(path, ""), edits)
        for write in plan.note_writes:
            self.notes[write.path] = write.text
        self.base = {key: task for key, task in {**self.base, **plan.base}.items() if key not in plan.forgotten}
        self.records |= plan.records
        self.ids |= plan.ids
        return plan


def cases() -> Iterator[Case]:
    for file in sorted(HERE.glob("*.md")):
        for chapter in re.split(r"^## Case: (?=.*\n)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title = chapter.partition("\n")[0]
            found: dict[str, dict[str, str]] = {"in": {}, "base": {}, "out": {}}
            settings: dict[str, Any] = {}
            for fence in FENCE.finditer(chapter):
                if fence["kind"] == "settings":
                    settings = yaml.safe_load(fence["text"])
                else:
                    found[fence["kind"]][fence["path"]] = fence["text"].replace("→", "\t")
            yield Case(f"{file.stem}: {title}", found["base"], found["in"], found["out"], settings)


def run(case: Case) -> World:
    end = "\r\n" if case.settings.get("crlf") else "\n"
    world = World({path: text.replace("\n", end) for path, text in case.base.items()}, case.settings)
    if case.base:
        world.turn()
    world.notes |= {path: text.replace("\n", end) for path, text in case.notes.items()}
    world.turn()
    return world


CASES = list(cases())
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)


@EACH
def test_people_see(case: Case) -> None:
    end = "\r\n" if case.settings.get("crlf") else "\n"
    world = run(case)
    assert case.out
    shown = {path: world.notes.get(path) for path in case.out}
    assert shown == {path: text.replace("\n", end) for path, text in case.out.items()}


@EACH
def test_a_second_pass_changes_nothing(case: Case) -> None:
    world = run(case)
    plan = world.plan()
    assert not plan.edits
    assert not plan.note_writes
    assert not plan.base
    assert not plan.forgotten


@EACH
def test_drawing_the_index_note_anew_from_nothing_known_gives_the_same_rows(case: Case) -> None:
    world = run(case)
    if world.plan().conflicts:
        return
    again = World(dict(world.notes), case.settings)
    plan = again.turn()
    assert not plan.conflicts
    assert not plan.edits
    assert again.notes == world.notes
