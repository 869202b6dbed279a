"""A vault, its users and its crashes: whatever they do, no word is lost, and the vault comes to rest."""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, ParamSpec, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from laws.vault_model import FolderVault, agreement

from vaultsync.index.links import find_links
from vaultsync.storage import vault as files
from vaultsync.storage.state import State
from vaultsync.survey import vault_roster
from vaultsync.tasks.note import parse_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vaultsync.outcome import Outcome
    from vaultsync.tasks.note import Note

P = ParamSpec("P")
R = TypeVar("R")
PICKS = st.integers(0, 60)
BOX = re.compile(r"(?P<indent>[ \t>]*(?:[-*+]|\d+\.) )\[(?P<symbol>.)\] ?(?P<rest>.*)\Z", re.DOTALL)
WORD = re.compile(r"w\d+x|#t\d+x|20[3-9]\d-\d\d-\d\d")
DATE = re.compile(r" (?P<signifier>[📅⏳🛫]) (?P<date>\d{4}-\d\d-\d\d)")
PRIORITY = re.compile(r" [🔺⏫🔼🔽⏬]")
NAMES = ("@Ana", "@Bo", "@Kim Ray", "@Zoe")
SETTINGS = (
    "",
    "index:\n  hide_tags: []\n",
    "index:\n  hide_tags: [t1x, t2x, proposed]\n",
    "index:\n  link_text: title\n",
    "index:\n  max_rows: 1\n",
)
INBOX = "Tasks/Inbox.md"
SYMBOLS = ("?", " ", "/", "x", "-", "X", "R", "!")

NOTES = {
    "Plain.md": (
        "# Plain\n\n- [?] Ask 🦊 them @Ana 📅 2026-11-25 ⏫ #task #proposed #auto\n- [ ] Tell @Bo #task\n\nEnd\n"
    ),
    "Folder/Windows.md": "Text\r\n\r\n- [?] Count it @Kim Ray #proposed\r\n\r\n\tx\r\n- [/] Weigh it @Ana 🔼\r\n",
    "Callout.md": (
        "> [!todo] Things\n> - [ ] Carry it @Bo @Ana 📅 2026-12-01\n> - more\n\n"
        "1. [?] First `code 📅`\n\n```\n- [ ] no\n```"
    ),
    "Nested.md": (
        "- List\n    - [ ] Dig @Ana #home\n        - [?] Deeper @Kim Ray #proposed\n"
        "    - [x] Gone @Bo ✅ 2026-11-01\n* [ ] Nobody's\n"
    ),
    "Keep.md": "Never deleted\n",
}


def is_ours(path: str) -> bool:
    """Tell whether a note is an index note or the overview; the capture note beside them is a source."""
    return path.startswith("Tasks/") and path != INBOX


class CrashError(BaseException):
    """The end of a run, at once."""


@contextmanager
def crash_at(number: int, *, after: bool) -> Iterator[None]:
    """Let the write with this number, of a file or of the state, be the last thing that a run does or just not does."""
    left = number

    def dying(call: Callable[P, R]) -> Callable[P, R]:
        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            nonlocal left
            left -= 1
            if left == 0 and not after:
                raise CrashError
            result = call(*args, **kwargs)
            if left == 0:
                raise CrashError
            return result

        return counted

    with (
        patch.object(files, "write", dying(files.write)),
        patch.object(State, "record", dying(State.record)),
        patch.object(State, "save", dying(State.save)),
    ):
        yield


class Unguarded(FolderVault):
    """A vault of which users may delete most between two turns: that a cycle halts then is held elsewhere."""

    def configure(self, settings: str) -> None:
        super().configure(f"{settings}safety:\n  max_vanished: 1.0\n")


def fixed(text: str) -> list[str]:
    """Return the lines of a source note that no edit may touch, with their ends."""
    return [line for line in text.splitlines(keepends=True) if not BOX.match(line.rstrip("\r\n"))]


class VaultMachine(RuleBasedStateMachine):
    """Users type, the wheel turns, runs die; `owed` are the words that somebody typed and nobody took back."""

    notes: ClassVar[Mapping[str, str]] = NOTES
    configs: ClassVar[Sequence[str]] = SETTINGS
    vaults: ClassVar[type[FolderVault]] = Unguarded

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="vaultsync-machine-"))
        self.vault = self.vaults(self.folder)
        self.patched = patch("os.fsync")
        self.patched.start()
        for path, text in self.notes.items():
            self.vault.write(path, text)
        self.owed: set[str] = set()
        self.count = 0
        self.rested = False
        self.remembers = True  # the state is that of the last turn

    def teardown(self) -> None:
        self.rest()
        self.vault.close()
        self.patched.stop()
        shutil.rmtree(self.folder)

    # -- what users see

    def fresh(self) -> str:
        self.count += 1
        return f"w{self.count}x"

    def fresh_date(self) -> str:
        self.count += 1
        return f"20{30 + self.count // 300 % 60}-{1 + self.count // 25 % 12:02}-{1 + self.count % 25:02}"

    def sources(self) -> list[str]:
        return [path for path in self.vault.texts() if not is_ours(path)]

    def places(self, *, rows: bool) -> list[tuple[str, int]]:
        """Return the task lines, in index notes only those with a link."""
        found: list[tuple[str, int]] = []
        for path, text in self.vault.texts().items():
            if is_ours(path) is not rows:
                continue
            for number, line in enumerate(text.split("\n")):
                if BOX.match(line) and bool(find_links(line)) is rows:
                    found.append((path, number))
        return found

    def owe(self, typed: str) -> None:
        self.owed |= set(WORD.findall(typed))
        self.rested = False

    def forgive(self, *texts: str) -> None:
        self.owed -= {word for text in texts for word in WORD.findall(text)}
        self.rested = False

    def change(self, place: tuple[str, int], new: Callable[[str], str]) -> None:
        """Let a user change one line; what it said before is no longer owed."""
        path, number = place
        lines = self.vault.read(path).split("\n")
        old, end = (lines[number][:-1], "\r") if lines[number].endswith("\r") else (lines[number], "")
        after = new(old)
        self.settle_conflict_of(old)
        # What stays in the line isn't typed anew: it may have been replaced on the other side meanwhile.
        kept = self.owed & set(WORD.findall(old)) & set(WORD.findall(after))
        typed = set(WORD.findall(after)) - set(WORD.findall(old))
        self.forgive(old)
        lines[number] = after + end
        self.vault.write(path, "\n".join(lines))
        self.owe(" ".join(kept | typed))

    def settle_conflict_of(self, line: str) -> None:
        """Forgive the words of all sides of a task in conflict, since the next change of any side settles it."""
        found = re.search(r"\^(t-[a-z0-9]{8})", line)
        if found is None:
            return
        base = self.vault.base().get(found[1])
        if base is not None and base.conflicts:
            self.forgive(base.line, *base.rows.values())
            for text in self.vault.texts().values():
                self.forgive(*(other for other in text.split("\n") if found[1] in other))

    # -- what users do to a line

    @rule(pick=PICKS, rows=st.booleans(), symbol=st.sampled_from(SYMBOLS))
    def set_status(self, pick: int, rows: bool, symbol: str) -> None:  # noqa: FBT001 - hypothesis passes it by name
        self.edit(pick, rows, lambda box: f"{box['indent']}[{symbol}] {box['rest']}")

    @rule(pick=PICKS, rows=st.booleans())
    def type_in_front(self, pick: int, rows: bool) -> None:  # noqa: FBT001 - the same
        self.edit(pick, rows, lambda box: f"{box['indent']}[{box['symbol']}] {self.fresh()} {box['rest']}")

    @rule(pick=PICKS, rows=st.booleans())
    def replace_a_word(self, pick: int, rows: bool) -> None:  # noqa: FBT001 - the same
        def replaced(box: re.Match[str]) -> str:
            rest = re.sub(r"^\w+", lambda _: self.fresh(), box["rest"], count=1)
            return f"{box['indent']}[{box['symbol']}] {rest}"

        self.edit(pick, rows, replaced)

    @rule(pick=PICKS, rows=st.booleans(), signifier=st.sampled_from("📅⏳🛫"), gone=st.booleans())
    def set_date(self, pick: int, rows: bool, signifier: str, gone: bool) -> None:  # noqa: FBT001 - the same
        def dated(box: re.Match[str]) -> str:
            rest = DATE.sub(lambda m: "" if m["signifier"] == signifier else m[0], box["rest"])
            return self.with_field(box, rest, "" if gone else f" {signifier} {self.fresh_date()}")

        self.edit(pick, rows, dated)

    @rule(pick=PICKS, rows=st.booleans(), signifier=st.sampled_from("🔺⏫🔽"), gone=st.booleans())
    def set_priority(self, pick: int, rows: bool, signifier: str, gone: bool) -> None:  # noqa: FBT001 - the same
        self.edit(
            pick,
            rows,
            lambda box: self.with_field(box, PRIORITY.sub("", box["rest"]), "" if gone else f" {signifier}"),
        )

    @rule(pick=PICKS, rows=st.booleans())
    def add_a_tag(self, pick: int, rows: bool) -> None:  # noqa: FBT001 - the same
        def tagged(box: re.Match[str]) -> str:
            rest = box["rest"].replace(" ", f" #t{self.fresh()[1:]} ", 1)
            return f"{box['indent']}[{box['symbol']}] {rest}"

        self.edit(pick, rows, tagged)

    @rule(pick=PICKS, rows=st.booleans())
    def remove_tags(self, pick: int, rows: bool) -> None:  # noqa: FBT001 - the same
        self.edit(pick, rows, lambda box: re.sub(r" #(?:proposed|t\d+x)\b", "", box[0]))

    @rule(pick=PICKS, rows=st.booleans(), name=st.sampled_from(NAMES))
    def add_a_mention(self, pick: int, rows: bool, name: str) -> None:  # noqa: FBT001 - the same
        self.edit(pick, rows, lambda box: self.with_field(box, box["rest"], f" {name}"))

    def edit(self, pick: int, rows: bool, new: Callable[[re.Match[str]], str]) -> None:  # noqa: FBT001 - the same
        places = self.places(rows=rows)
        if not places:
            return

        def changed(line: str) -> str:
            box = BOX.match(line)
            return new(box) if box else line

        self.change(places[pick % len(places)], changed)

    @staticmethod
    def with_field(box: re.Match[str], rest: str, typed: str) -> str:
        text, mark, block_id = rest.partition(" ^t-")
        return f"{box['indent']}[{box['symbol']}] {text}{typed}{mark}{block_id}"

    # -- what users do to lines and notes

    @rule(pick=PICKS, rows=st.booleans())
    def remove_line(self, pick: int, rows: bool) -> None:  # noqa: FBT001 - the same
        places = self.places(rows=rows)
        if places:
            path, number = places[pick % len(places)]
            lines = self.vault.read(path).split("\n")
            self.settle_conflict_of(lines[number])
            self.forgive(lines.pop(number))
            self.vault.write(path, "\n".join(lines))

    @rule(pick=PICKS, rows=st.booleans())
    def double_line(self, pick: int, rows: bool) -> None:  # noqa: FBT001 - the same
        places = self.places(rows=rows)
        if places:
            path, number = places[pick % len(places)]
            lines = self.vault.read(path).split("\n")
            lines.insert(number, lines[number])
            self.vault.write(path, "\n".join(lines))
            self.rested = False

    @rule(pick=PICKS, other=PICKS)
    def move_line(self, pick: int, other: int) -> None:
        places = self.places(rows=False)
        if places:
            path, number = places[pick % len(places)]
            lines = self.vault.read(path).split("\n")
            line = lines.pop(number).strip(" \r\t>")
            self.vault.write(path, "\n".join(lines))
            targets = self.sources()
            target = targets[other % len(targets)]
            self.vault.write(target, self.vault.read(target) + f"\n\n{line}\n")
            self.rested = False

    @rule(pick=PICKS, name=st.sampled_from(("", *NAMES)), place=st.integers(0, 3))
    def add_task(self, pick: int, name: str, place: int) -> None:
        path = self.sources()[pick % len(self.sources())]
        line = f"- [{'? '[place % 2]}] {self.fresh()} 🎈 {name} 📅 {self.fresh_date()}"
        lines = self.vault.read(path).split("\n")
        lines.insert(0 if place == 0 else len(lines), f"{line}\n")
        self.vault.write(path, "\n".join(lines))
        self.owe(line)

    @rule(pick=PICKS)
    def rename_note(self, pick: int) -> None:
        notes = [path for path in self.sources() if path != "Keep.md"]
        if notes:
            path = notes[pick % len(notes)]
            text = self.vault.read(path)
            self.vault.remove(path)
            self.count += 1
            self.vault.write(f"Folder/Note {self.count}.md", text)
            self.rested = False

    @rule()
    def rename_folder(self) -> None:
        folders = [path for path in self.vault.root.iterdir() if path.is_dir() and path.name.startswith("Folder")]
        if folders:
            self.count += 1
            folders[0].rename(self.vault.root / f"Folder {self.count}")
            self.rested = False

    @rule(pick=PICKS)
    def delete_note(self, pick: int) -> None:
        """Delete a source note; what was typed into its rows, and stands nowhere else, is still owed."""
        notes = [path for path in self.sources() if path != "Keep.md"]
        if len(notes) > 1:
            path = notes[pick % len(notes)]
            for line in self.vault.read(path).split("\n"):
                self.settle_conflict_of(line)
                self.forgive(line)
            self.vault.remove(path)

    @rule(pick=PICKS)
    def rename_index_note(self, pick: int) -> None:
        notes = [path for path in self.vault.texts() if is_ours(path) and not path.endswith("Overview.md")]
        if notes:
            self.count += 1
            (self.vault.root / notes[pick % len(notes)]).rename(self.vault.root / f"Tasks/Mine {self.count}.md")
            self.rested = False

    @rule(pick=PICKS)
    def delete_index_note(self, pick: int) -> None:
        notes = [path for path in self.vault.texts() if is_ours(path)]
        if notes:
            path = notes[pick % len(notes)]
            self.forgive(self.vault.read(path))
            self.vault.remove(path)

    @rule(pick=PICKS, inside=st.booleans())
    def write_free_text(self, pick: int, inside: bool) -> None:  # noqa: FBT001 - the same
        notes = [path for path in self.vault.texts() if path.startswith("Tasks/@")]
        if notes:
            path = notes[pick % len(notes)]
            text, word = self.vault.read(path), self.fresh()
            end = "%% vaultsync:end %%"
            text = text.replace(end, f"Note {word}\n\n{end}") if inside else f"{text}\nNote {word}\n"
            self.vault.write(path, text)
            self.owe(word)

    @rule(pick=PICKS)
    def shuffle_rows(self, pick: int) -> None:
        notes = [path for path in self.vault.texts() if path.startswith("Tasks/@")]
        if notes:
            path = notes[pick % len(notes)]
            lines = self.vault.read(path).split("\n")
            at = [number for number, line in enumerate(lines) if BOX.match(line) and find_links(line)]
            moved = [lines[number] for number in at[1:] + at[:1]]
            for number, line in zip(at, moved, strict=True):
                lines[number] = line
            self.vault.write(path, "\n".join(lines))
            self.rested = False

    # -- what happens to the settings and the clock

    @rule(pick=PICKS)
    def change_settings(self, pick: int) -> None:
        self.vault.configure(self.configs[pick % len(self.configs)])
        self.rested = False

    @rule(settle=st.sampled_from((0, 60)))
    def change_settle(self, settle: int) -> None:
        self.vault.waits = replace(self.vault.waits, settle=settle)

    @rule(seconds=st.sampled_from((1, 30, 70)))
    def wait(self, seconds: int) -> None:
        self.vault.later += seconds

    # -- what happens to the state

    @precondition(lambda self: self.vault.state_file.exists())
    @rule()
    def lose_state(self) -> None:
        self.vault.lose_state()
        self.rested = self.remembers = False

    @precondition(lambda self: self.vault.state_file.exists())
    @rule()
    def keep_state(self) -> None:
        self.vault.close()
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        shutil.copytree(self.vault.state_file.parent, self.folder / "kept")

    @precondition(lambda self: (self.folder / "kept").exists())
    @rule()
    def roll_state_back(self) -> None:
        self.vault.close()
        shutil.rmtree(self.vault.state_file.parent, ignore_errors=True)
        shutil.copytree(self.folder / "kept", self.vault.state_file.parent)
        self.rested = self.remembers = False

    # -- turns

    @rule()
    def turn(self) -> None:
        self.turned()

    def turned(self) -> Outcome:
        before = self.vault.texts()
        outcome = self.vault.turn()
        after = self.vault.texts()
        for path, text in before.items():
            if not is_ours(path):
                assert fixed(after[path]) == fixed(text), path
        return outcome

    @rule(number=st.integers(1, 8), after=st.booleans())
    def crash(self, number: int, after: bool) -> None:  # noqa: FBT001 - the same
        with crash_at(number, after=after):
            try:
                self.vault.turn()
            except CrashError:
                self.rested = False

    # Without a base, what a dead run left can't be told from what somebody typed: a conflict may show one value less.
    @precondition(lambda self: self.remembers)
    @rule(number=st.integers(1, 6), after=st.booleans())
    def crash_and_compare(self, number: int, after: bool) -> None:  # noqa: FBT001 - the same
        """A run that died and one more end where a run that lived ends."""
        with tempfile.TemporaryDirectory(prefix="vaultsync-machine-") as other:
            alive = self.vault.copy(Path(other) / "copy")
            for each in (alive, self.vault):
                each.later = self.vault.later
            alive.come_to_rest()
            self.crash(number, after)
            self.vault.come_to_rest()
            assert self.vault.texts() == alive.texts()

    @rule()
    def rest(self) -> None:
        """Turn until all waiting is over; then nothing is left to do, the sides agree, and every word is there."""
        self.vault.later += self.vault.waits.settle
        self.turned()
        self.vault.later += 10 + self.vault.waits.settle
        outcome = self.turned()
        self.remembers = True
        texts = self.vault.texts()
        again = self.turned()
        assert again.plan.edits == ()
        assert again.written == frozenset(), sorted(again.written)
        conflicts = {(conflict.key, conflict.field) for conflict in again.plan.conflicts}
        # A row that holds its own text shows its own tags with it.
        conflicts |= {(key, "tags") for key, name in conflicts if name == "prose"}
        rules = self.vault.settings.rules
        notes = {path: parse_note(path, text.encode(), "", rules) for path, text in texts.items()}
        refused = {problem.path for problem in outcome.problems}
        differing = agreement(notes, rules, vault_roster(notes, self.vault.settings.config.vault)[0])
        assert differing <= conflicts or refused, differing - conflicts
        self.every_word_is_there()
        self.hold_at_rest(again, notes)
        self.rested = True

    def hold_at_rest(self, outcome: Outcome, notes: Mapping[str, Note]) -> None:
        """Hold what else must be true at rest, for machines whose users do more."""

    @initialize()
    def begin(self) -> None:
        self.rest()

    @invariant()
    def every_word_is_there(self) -> None:
        everything = "\n".join(self.vault.texts().values())
        lost = {word for word in self.owed if word not in everything}
        assert lost == set(), f"lost: {lost}"


def run(examples: int, steps: int, machine: type[VaultMachine] = VaultMachine) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_vault_its_users_and_its_crashes() -> None:
    run(examples=20, steps=15)


@pytest.mark.long
def test_a_vault_its_users_and_its_crashes_for_long() -> None:
    run(examples=100, steps=30)


@pytest.mark.nightly
def test_a_vault_its_users_and_its_crashes_through_the_night() -> None:
    run(examples=2000, steps=40)
