"""Laws of the user's hands in a region: whatever is typed there is kept, once, and the next plan is empty."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laws.vault_model import ANA, BO, FolderVault, PaperVault, region_lines

from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import split_lines
from vaultsync.storage import vault as files
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

INBOX = "Tasks/Inbox.md"
NOTES = {
    "a.md": "- [ ] Wait for them @Ana 📅 2026-11-30\n- [?] Read the report @Ana #home\n- [ ] Both do it @Ana @Bo\n",
    "b.md": "- [/] Write a summary @Ana\n- [?] Read the paper @Ana\n- [ ] Pay 12 @Bo\n- [ ] Plan @Ana 🔁 every week\n",
}
TOKEN = re.compile(r"w\d+x")
WORDS = st.sampled_from(
    ["Call", "Read the report", "Wait for them", "@Bo", "@Ana", "📅 2026-12-01", "⏫", "#home", "[[b]]"]
)
BOXES = st.sampled_from(["- [ ] ", "- [?] ", "* [/] ", "1. [x] ", "- [!] ", "", "- ", "> - [ ] "])
INDENTS = st.sampled_from(["", "", "  ", "    ", "\t", "        "])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["type", "type", "type", "delete", "move", "indent", "unlink", "double", "word", "blank", "outdent"]
        ),
        st.integers(0, 40),
        st.integers(0, 40),
        INDENTS,
        BOXES,
        st.lists(WORDS, max_size=3),
    ),
    min_size=1,
    max_size=8,
)
P = ParamSpec("P")
R = TypeVar("R")
LINK = re.compile(r" \[\[[^\]]*\|↗\]\]")
Step = tuple[str, int, int, str, str, list[str]]


class Typist:
    """Somebody who edits a region; `owed` are the words that were typed and not taken back."""

    def __init__(self) -> None:
        self.owed: set[str] = set()
        self.count = 0

    def edit(self, text: str, steps: list[Step]) -> str:
        for step in steps:
            text = self._step(text, step)
        return text

    def _step(self, text: str, step: Step) -> str:
        kind, pick, other, indent, box, words = step
        lines = text.split("\n")
        first = next(n for n, line in enumerate(lines) if line.startswith("%% vaultsync:begin")) + 1
        last = next(n for n, line in enumerate(lines) if line.startswith("%% vaultsync:end"))
        at = first + pick % (last - first)
        ours = lines[at].startswith("#") or not lines[at].strip()
        if kind == "type":
            lines.insert(at, f"{indent}{box}{self.word()} {' '.join(words)}".rstrip())
        elif kind == "blank":
            lines.insert(at, indent)
        elif kind == "delete" and not ours:
            self.owed -= set(TOKEN.findall(lines.pop(at)))
        elif kind == "move" and not ours:
            lines.insert(first + other % (last - first - 1), lines.pop(at))
        elif kind == "double" and not ours:
            lines.insert(at, lines[at])
        elif kind == "indent" and not ours:
            lines[at] = indent + lines[at]
        elif kind == "outdent":
            lines[at] = lines[at].lstrip()
        elif kind == "unlink":
            lines[at] = LINK.sub("", lines[at])
        elif kind == "word" and (found := re.match(r"[ \t>]*(?:[-*]|\d\.) \[.\] ", lines[at])):
            lines[at] = f"{found[0]}{self.word()} {lines[at][found.end() :]}"
        return "\n".join(lines)

    def word(self) -> str:
        self.count += 1
        self.owed.add(f"w{self.count}x")
        return f"w{self.count}x"

    def missing(self, texts: dict[str, str]) -> set[str]:
        everything = "\n".join(texts.values())
        return {word for word in self.owed if word not in everything}


def is_well_formed(text: str) -> bool:
    found = find_regions(split_lines(text))
    return found.begin is not None and found.end is not None and not found.damage


def known() -> PaperVault:
    vault = PaperVault(dict(NOTES))
    vault.turn()
    vault.assert_settled()
    return vault


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from([ANA, BO]), STEPS), min_size=1, max_size=3))
def test_nothing_typed_into_a_region_is_lost_and_the_next_plan_is_empty(saves: list[tuple[str, list[Step]]]) -> None:
    vault, typist = known(), Typist()
    for path, steps in saves:
        vault.texts[path] = typist.edit(vault.texts[path], steps)
        vault.turn()
        assert typist.missing(vault.texts) == set()
        assert all(is_well_formed(vault.texts[note]) for note in (ANA, BO))
        vault.assert_settled()


@settings(deadline=None, max_examples=60)
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_what_is_typed_in_bursts_is_captured_once_it_has_settled(bursts: list[list[Step]]) -> None:
    vault, typist = known(), Typist()
    for steps in bursts:
        vault.texts[ANA] = typist.edit(vault.texts[ANA], steps)
        before = [line for line in region_lines(vault.texts[ANA]) if not LINK.search(line)]
        vault.turn(unsettled=frozenset({ANA}))
        assert INBOX not in vault.texts
        assert [line for line in region_lines(vault.texts[ANA]) if not LINK.search(line)] == before
        assert typist.missing(vault.texts) == set()
    vault.turn()
    assert typist.missing(vault.texts) == set()
    vault.assert_settled()


class CrashError(BaseException):
    """The end of a run, at once."""


@pytest.mark.long
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@example([("type", 33, 13, "        ", "- [ ] ", ["Call", "@Ana", "Call"])])
@given(STEPS)
def test_a_run_that_dies_at_any_write_and_a_second_one_end_where_one_run_ends(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, patch("os.fsync"):
        begun = FolderVault(Path(folder) / "begun")
        for path, text in NOTES.items():
            begun.write(path, text)
        begun.come_to_rest()
        begun.write(ANA, Typist().edit(begun.read(ANA), steps))
        whole = begun.copy(Path(folder) / "whole")
        whole.come_to_rest()
        for number in range(1, 9):
            dying = begun.copy(Path(folder) / "dying")
            die_at(dying, number)
            dying.come_to_rest()
            assert dying.texts() == whole.texts(), number
            shutil.rmtree(dying.folder)


def die_at(vault: FolderVault, number: int) -> None:
    left = number
    write, save = files.write, State.save

    def counted(call: Callable[P, R]) -> Callable[P, R]:
        def dying(*args: P.args, **kwargs: P.kwargs) -> R:
            nonlocal left
            left -= 1
            if left == 0:
                raise CrashError
            return call(*args, **kwargs)

        return dying

    with patch.object(files, "write", counted(write)), patch.object(State, "save", counted(save)):
        try:
            vault.turn()
        except CrashError:
            return


@pytest.mark.parametrize("typed", [("- [ ] Call", "- [ ] Call Bob"), ("@B", "@Bo")], ids=["a task", "a name"])
def test_a_half_typed_burst_counts_once(typed: tuple[str, str], tmp_path: Path) -> None:
    with patch("os.fsync"):
        vault = FolderVault(tmp_path)
        for path, text in NOTES.items():
            vault.write(path, text)
        vault.come_to_rest()
        vault.waits = replace(vault.waits, settle=60)
        (row,) = [line for line in region_lines(vault.read(ANA)) if "Wait" in line]
        before = {path: vault.read(path) for path in NOTES}
        for piece in typed:
            text = vault.read(ANA)
            now = f"{row} {piece}" if piece.startswith("@") else f"{row}\n{piece}"
            vault.write(ANA, re.sub(rf"{re.escape(row)}(?: @B|\n- \[ \] Call)?", now, text))
            vault.turn()
            assert {path: vault.read(path) for path in NOTES} == before
            assert INBOX not in vault.texts()
        vault.come_to_rest()
        assert vault.turn().written == frozenset()
        if typed[1].startswith("@"):
            assert "Wait for them @Bo 📅" in vault.read("a.md")
            assert INBOX not in vault.texts()
        else:
            assert re.fullmatch(r"- \[ \] Call Bob @Ana \^t-\w{8}\n", vault.read(INBOX))
