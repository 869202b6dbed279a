"""Two replicas of a vault, a user and a vaultsync on each, and a synchroniser between that makes conflict copies."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laws.vault_model import ANA, BO, FolderVault

ROUNDS = 3
KINDS = ("source", "row", "text", "tick")
SIDES = ("A", "B")
WINNERS = ("A", "B", "AB", "BA")  # of source notes, and of index notes where that is another one

edits = st.tuples(st.sampled_from(SIDES), st.sampled_from(KINDS), st.integers(0, 1), st.sampled_from((ANA, BO)))
rounds = st.lists(
    st.tuples(st.lists(edits, min_size=1, max_size=5), st.sets(st.sampled_from(SIDES)), st.sampled_from(WINNERS)),
    min_size=1,
    max_size=ROUNDS,
)


@dataclass
class Pair:
    """Two replicas, and what the synchroniser last had on both."""

    replicas: dict[str, FolderVault]
    agreed: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    writes: int = 0
    copies: int = 0

    def sync(self, winners: str) -> bool:
        """Carry changes over, as Syncthing does; tell whether there were any."""
        texts = {name: vault.texts() for name, vault in self.replicas.items()}
        moved = False
        for path in sorted({*texts["A"], *texts["B"], *self.agreed}):
            now = {name: texts[name].get(path) for name in SIDES}
            changed = [name for name in SIDES if now[name] != self.agreed.get(path)]
            if now["A"] == now["B"]:
                continue
            moved = True
            winner = winners[-1 if path.startswith("Tasks/") else 0]
            # A deletion yields to a change, and needs no copy.
            by = next((name for name in changed if now[name] is None), None) if len(changed) == 2 else None
            source = changed[0] if len(changed) == 1 else (SIDES[by == "A"] if by else winner)
            if len(changed) == 2 and by is None:
                self.copies += 1
                copy = path.replace(".md", f".sync-conflict-20261122-{self.copies:06}-ABCDEFG.md")
                self.put(copy, now[SIDES[winner == "A"]])
            self.put(path, now[source])
        self.agreed = self.replicas["A"].texts()
        return moved

    def put(self, path: str, text: str | None) -> None:
        for vault in self.replicas.values():
            if text is not None:
                vault.write(path, text)
            elif (vault.root / path).exists():
                vault.remove(path)

    def turn(self, name: str) -> None:
        vault = self.replicas[name]
        for _ in range(3):
            self.writes += len(vault.turn().written)
            vault.later += 10

    def settle(self, winners: str) -> None:
        """Turn and synchronise until nothing moves any more."""
        for _ in range(6):
            for name in SIDES:
                self.turn(name)
            if not self.sync(winners):
                return
        raise AssertionError("the replicas never come to rest")

    def edit(self, side: str, kind: str, task: str, note: str) -> None:
        """Type one word, or tick a row; a word that finds no place isn't typed."""
        vault, word = self.replicas[side], f"word{len(self.typed)}"
        if kind == "text":
            vault.write(note, f"{vault.read(note)}\n{word}\n")
            self.typed.append(word)
            return
        path = f"{task}.md" if kind == "source" else note
        lines = vault.read(path).split("\n")
        at = next((number for number, line in enumerate(lines) if line.startswith("- [ ]") and task in line), None)
        if at is None:
            return
        if kind == "tick":
            lines[at] = lines[at].replace("- [ ]", "- [/]", 1)
        else:
            lines[at] = lines[at].replace(task, f"{task} {word}", 1)
            self.typed.append(word)
        vault.write(path, "\n".join(lines))


def play(script: list[tuple[list[tuple[str, str, int, str]], set[str], str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(os, "fsync", lambda _: None):
        pair = Pair({name: FolderVault(Path(folder) / name) for name in SIDES})
        for number in range(2 * ROUNDS):
            pair.put(f"Task{number}.md", f"- [ ] Task{number} @{'Ana' if number % 2 else 'Bo'}\n")
        pair.put("Both.md", "- [ ] Both @Ana @Bo\n")
        pair.turn("A")
        pair.sync("A")
        pair.settle("A")
        for turn, (typing, early, winners) in enumerate(script):
            pair.writes = 0
            for side, kind, which, note in typing:
                pair.edit(side, kind, f"Task{2 * turn + which}", note)
            for name in sorted(early):
                pair.turn(name)
            pair.sync(winners)
            pair.settle(winners)
            assert pair.writes <= 40
        texts = {name: vault.texts() for name, vault in pair.replicas.items()}
        assert texts["A"] == texts["B"]
        everything = "\n".join(texts["A"].values())
        assert [word for word in pair.typed if word not in everything.split()] == []
        assert not [path for path in texts["A"] if "sync-conflict" in path and path.startswith("Tasks/")]
        for path in (ANA, BO):
            text = [line for line in texts["A"][path].split("\n") if line.startswith("word")]
            assert len(text) == len(set(text)), path


QUICK = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


BOTH_SOURCES = [("A", "source", 0, ANA), ("B", "source", 0, ANA)]
CONFLICT_AND_SOURCE = [("A", "source", 1, ANA), ("A", "row", 1, ANA), ("B", "source", 1, ANA)]
BOTH_ROWS = [("A", "row", 1, ANA), ("B", "row", 1, ANA)]
TICKS_AND_WORDS = [("B", "row", 0, BO), ("B", "tick", 0, BO), ("A", "tick", 0, BO), ("A", "source", 0, BO)]


@QUICK
@given(rounds)
@example([(BOTH_SOURCES, {"A", "B"}, "A")])
@example([(BOTH_SOURCES, {"A", "B"}, "B")])
@example([(CONFLICT_AND_SOURCE, {"A"}, "B")])
@example([(CONFLICT_AND_SOURCE, {"A", "B"}, "B")])
@example([(BOTH_ROWS, {"B"}, "B")])
@example([(BOTH_ROWS, {"A", "B"}, "AB")])
@example([(BOTH_ROWS, {"A", "B"}, "BA")])
@example([([*BOTH_ROWS, ("A", "source", 1, ANA)], {"B"}, "AB")])
@example([([*BOTH_ROWS, ("A", "source", 1, ANA)], {"A"}, "A")])
@example([(TICKS_AND_WORDS, {"A"}, "A")])
def test_two_replicas_with_conflict_copies_between_them_end_alike_and_lose_no_word(
    script: list[tuple[list[tuple[str, str, int, str]], set[str], str]],
) -> None:
    play(script)


@pytest.mark.long
@settings(QUICK, max_examples=200)
@given(rounds)
def test_many_scripts_of_two_replicas_end_alike_and_lose_no_word(
    script: list[tuple[list[tuple[str, str, int, str]], set[str], str]],
) -> None:
    play(script)
