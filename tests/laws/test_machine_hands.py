"""The same vault under hands that do more: new tasks, text between rows, links gone, copied notes, joined names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule
from laws.test_machine import BOX, DATE, NAMES, NOTES, PICKS, SETTINGS, SYMBOLS, VaultMachine, is_ours, run

from vaultsync.cli.surveyed import surveyed
from vaultsync.command import write_command
from vaultsync.cycle import Wheel
from vaultsync.index.links import find_links, task_key
from vaultsync.index.region import read_region
from vaultsync.resolve import ROW, SOURCE, ResolveError, disputed, plan_resolution
from vaultsync.storage.state import State
from vaultsync.survey import survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaultsync.index.region import RegionContent
    from vaultsync.outcome import Outcome
    from vaultsync.tasks.note import Note

TOKEN = re.compile(r"w\d+x")
JOINED = "    Zoe: [Zed]\n"
OWNER = "owner: Bo\n"
HANDS_NOTES = {
    **NOTES,
    "One on one.md": "---\nperson: Ana\n---\n- [ ] Bring the plans @Bo 📅 2026-12-02\n- [/] Write to them @Bo\n",
    "Twice.md": "- [?] Write the summary of it @Ana #proposed\n- [?] Write the summary of it! @Ana 📅 2026-12-03\n",
    "Again.md": "- [?] Write a summary of it @Ana @Zed #proposed\n- [ ] Look at it @Zed\n- [?] Look at all @Zoe\n",
}
HANDS_SETTINGS = (
    OWNER,
    *(f"{OWNER}{setting}" for setting in SETTINGS[1:]),
    f"{OWNER}index:\n  one_on_one: false\n",
    f"{OWNER}index:\n  group_by: note\n",
    f"{OWNER}duplicates: off\n",
    JOINED + OWNER,
    f"{JOINED}{OWNER}index:\n  max_rows: 1\n",
)
INDENTS = ("", "    ", "\t", "        ", "> ")
BETWEEN = (
    "Note {}",
    "## {}",
    "```\n{}",
    "%% {}",
    "> {}",
    "- {}",
    "| {} |",
    "1. {}",
    "#### Proposed {}",
    "    {}",
    "\n{}\n",
)


class HandsMachine(VaultMachine):
    """What users do in a region beyond editing rows, and what befalls whole index notes."""

    notes: ClassVar[Mapping[str, str]] = HANDS_NOTES
    configs: ClassVar[Sequence[str]] = HANDS_SETTINGS

    def __init__(self) -> None:
        super().__init__()
        self.vault.configure(OWNER)

    def index_notes(self) -> list[str]:
        return [path for path, text in self.vault.texts().items() if is_ours(path) and "%% vaultsync:end" in text]

    def insert(self, path: str, pick: int, typed: str) -> None:
        """Let a user type into a region, on one of its lines."""
        lines = self.vault.read(path).split("\n")
        first = next(at for at, line in enumerate(lines) if line.startswith("%% vaultsync:begin")) + 1
        last = next(at for at, line in enumerate(lines) if line.startswith("%% vaultsync:end"))
        lines.insert(first + pick % (last - first + 1), typed)
        self.vault.write(path, "\n".join(lines))
        self.owe(typed)

    @rule(
        pick=PICKS,
        at=PICKS,
        indent=st.sampled_from(INDENTS),
        symbol=st.sampled_from(SYMBOLS),
        name=st.sampled_from(("", "", *NAMES, "@Zed")),
    )
    def type_a_task(self, pick: int, at: int, indent: str, symbol: str, name: str) -> None:
        notes = [path for path in self.index_notes() if not path.endswith("Overview.md")]
        if notes:
            task = f"{indent}- [{symbol}] {self.fresh()} 🎈 {name} 📅 {self.fresh_date()}"
            self.insert(notes[pick % len(notes)], at, task)

    @rule(pick=PICKS, at=PICKS, form=st.sampled_from(BETWEEN))
    def type_between_rows(self, pick: int, at: int, form: str) -> None:
        notes = self.index_notes()
        if notes:
            self.insert(notes[pick % len(notes)], at, form.format(f"Note {self.fresh()}"))

    @rule(pick=PICKS)
    def delete_a_link(self, pick: int) -> None:
        places = self.places(rows=True)
        if places:
            self.change(places[pick % len(places)], self.without_link)

    @rule(pick=PICKS, first=PICKS, length=st.integers(1, 40))
    def delete_a_part_of_a_link(self, pick: int, first: int, length: int) -> None:
        def cut(line: str) -> str:
            link = find_links(line)[-1]
            start = link.start + first % (link.end - link.start)
            return f"{line[:start]}{line[min(start + length, link.end) :]}".rstrip()

        places = self.places(rows=True)
        if places:
            self.change(places[pick % len(places)], cut)

    @rule(pick=PICKS, to=PICKS, alias=st.sampled_from(("", "|that")))
    def refer_to_another_task(self, pick: int, to: int, alias: str) -> None:
        places = self.places(rows=True)
        if not places:
            return
        path, number = places[to % len(places)]
        other = find_links(self.vault.read(path).split("\n")[number])[-1]

        def refer(line: str) -> str:
            at = find_links(line)[-1].start
            return f"{line[:at]}see [[{other.path.removesuffix('.md')}#^{other.block_id}{alias}]] {line[at:]}"

        self.change(places[pick % len(places)], refer)

    @staticmethod
    def without_link(line: str) -> str:
        link = find_links(line)[-1]
        return f"{line[: link.start].rstrip()} {line[link.end :].lstrip()}".rstrip()

    @rule(pick=PICKS, form=st.sampled_from(("{}", "- {}", "{}\n\n    {}", "1. {}")), at_once=st.booleans())
    def type_beneath(self, pick: int, form: str, at_once: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        places = self.places(rows=True)
        if not places:
            return
        path, number = places[pick % len(places)]
        lines = self.vault.read(path).split("\n")
        link, box, word = find_links(lines[number])[-1], BOX.match(lines[number]), self.fresh()
        indent = re.match(r"[ \t>]*", box["indent"] if box else "")
        typed = "    " + form.format(word, word)
        lines.insert(number + 1, "\n".join(f"{indent[0] if indent else ''}{each}" for each in typed.split("\n")))
        self.vault.write(path, "\n".join(lines))
        self.owe(word)
        if at_once:
            self.rest()
            self.is_beneath_its_row_or_below_the_region(word, task_key(link.path, link.block_id))

    def is_beneath_its_row_or_below_the_region(self, word: str, key: str) -> None:
        for path, content in self.regions().items():
            for row in content.rows:
                if any(word in line for line in row.beneath):
                    assert task_key(row.path, row.block_id) == key, f"{path}: {word} stands under another row"
            assert not any(word in line for row in content.loose for line in row.beneath), f"{path}: {word}"

    @rule(pick=PICKS, symbol=st.sampled_from("-!"))
    def type_beneath_a_row_that_leaves(self, pick: int, symbol: str) -> None:
        """Type beneath a row, and let every line of its task have a status that no row shows."""
        places = self.places(rows=True)
        if not places:
            return
        path, number = places[pick % len(places)]
        line, word = self.vault.read(path).split("\n")[number], self.fresh()
        box = BOX.match(line)
        indent = re.match(r"[ \t>]*", line)
        lines = self.vault.read(path).split("\n")
        lines.insert(number + 1, f"{indent[0] if indent else ''}    {word}")
        self.vault.write(path, "\n".join(lines))
        self.owe(word)
        assert box is not None
        for each in self.lines_of(find_links(line)[-1].block_id):
            self.change(each, lambda said: BOX.sub(rf"\g<indent>[{symbol}] \g<rest>", said))
        self.rest()
        base = self.vault.base()
        for path, content in self.regions().items():
            for row in content.rows:
                if any(word in typed for typed in row.beneath):
                    known = base.get(task_key(row.path, row.block_id))
                    assert known is None or known.conflicts, f"{path}: {word} stands under {row.text}"

    def lines_of(self, block_id: str) -> list[tuple[str, int]]:
        """Return the lines of a task, in sources and in rows."""
        return [
            (path, number)
            for path, text in self.vault.texts().items()
            for number, line in enumerate(text.split("\n"))
            if BOX.match(line) and f"^{block_id}" in line
        ]

    @rule(pick=PICKS, field=st.sampled_from(("date", "words", "status")))
    def dispute(self, pick: int, field: str) -> None:
        """Change each line of a task otherwise."""
        places = self.places(rows=True)
        if not places:
            return
        path, number = places[pick % len(places)]
        block_id = find_links(self.vault.read(path).split("\n")[number])[-1].block_id
        for at, place in enumerate(self.lines_of(block_id)):

            def other(line: str, at: int = at) -> str:
                box = BOX.match(line)
                if box is None:
                    return line
                if field == "status":
                    return f"{box['indent']}[{'-x'[at % 2]}] {box['rest']}"
                if field == "words":
                    return f"{box['indent']}[{box['symbol']}] {self.fresh()} {box['rest']}"
                rest = DATE.sub("", box["rest"])
                return self.with_field(box, rest, f" 📅 {self.fresh_date()}")

            self.change(place, other)

    @rule(pick=PICKS, symbol=st.sampled_from(SYMBOLS), between=st.sampled_from(("", "!", " the", " of 3")))
    def propose_again(self, pick: int, symbol: str, between: str) -> None:
        """Add a task of nearly the same text as one that there is, to another note."""
        places = self.places(rows=False)
        if places:
            path, number = places[pick % len(places)]
            box = BOX.match(self.vault.read(path).split("\n")[number].rstrip("\r"))
            assert box is not None
            first, space, rest = re.sub(r"\s*\^\S+\s*$", "", box["rest"]).partition(" ")
            targets = self.sources()
            target = targets[(pick + 1) % len(targets)]
            line = f"- [{symbol}] {first}{between}{space}{rest}"
            self.vault.write(target, f"{self.vault.read(target)}\n\n{line}\n")
            self.rested = False

    @rule(pick=PICKS)
    def copy_index_note(self, pick: int) -> None:
        notes = [path for path in self.index_notes() if not path.endswith("Overview.md")]
        if notes:
            self.count += 1
            self.vault.write(f"Tasks/Copy {self.count}.md", self.vault.read(notes[pick % len(notes)]))
            self.rested = False

    @rule(pick=PICKS, keep=st.sampled_from((SOURCE, ROW)))
    def resolve(self, pick: int, keep: str) -> None:
        """Resolve a conflict as the command does; nothing that the task said anywhere is owed any more."""
        state = State(self.vault.state_file)
        try:
            wheel = Wheel(self.vault.settings, state, self.vault.clock(), self.vault.waits)
            conflicts = wheel.turn(dry_run=True).plan.conflicts
            if not conflicts:
                return
            key = conflicts[pick % len(conflicts)].key
            found = surveyed(wheel)
            assert found == survey(wheel.scanner.notes, wheel.settings, wheel.clock.date("UTC"), state.base)
            try:
                commanded = plan_resolution(disputed(key, None, conflicts, found), keep, found, wheel)
            except ResolveError:
                return
            self.forgive(*(line for text in self.vault.texts().values() for line in text.split("\n") if key in line))
            if key in state.base:
                self.forgive(state.base[key].line, *state.base[key].rows.values())
            if write_command(commanded, wheel, alone=True):
                self.rested = False
        finally:
            state.close()

    def regions(self) -> dict[str, RegionContent]:
        found: dict[str, RegionContent] = {}
        for path, text in self.vault.texts().items():
            lines = text.split("\n")
            begin = [at for at, line in enumerate(lines, 1) if line.startswith("%% vaultsync:begin")]
            end = [at for at, line in enumerate(lines, 1) if line.startswith("%% vaultsync:end")]
            if begin and end:
                found[path] = read_region(text, begin[0], end[0])
        return found

    def hold_at_rest(self, outcome: Outcome, notes: Mapping[str, Note]) -> None:
        told = {(problem.path, problem.line) for problem in outcome.problems}
        for path, content in self.regions().items():
            if not is_ours(path) or notes[path].held is not None or (path, None) in told:
                continue  # left as it is, as a whole
            typed = [line for line in content.strangers if TOKEN.search(line)]
            assert typed == [], f"{path}: still in the region: {typed}"
            left = [row for row in content.loose if (path, row.number) not in told]
            assert left == [], f"{path}: neither captured nor told: {left}"


def test_a_vault_and_busy_hands() -> None:
    run(examples=12, steps=15, machine=HandsMachine)


@pytest.mark.long
def test_a_vault_and_busy_hands_for_long() -> None:
    run(examples=60, steps=30, machine=HandsMachine)


@pytest.mark.nightly
def test_a_vault_and_busy_hands_through_the_night() -> None:
    run(examples=2000, steps=40, machine=HandsMachine)
