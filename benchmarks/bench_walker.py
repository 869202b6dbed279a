"""Compares the walker with stock mistune on made-up notes, in one run: `python benchmarks/bench_walker.py [notes]`.

Reports seconds, MB/s and the tasks found; trust the ratios between the rows, not the numbers.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from typing import TYPE_CHECKING

import mistune
from mistune.block_parser import BlockParser
from mistune.core import BlockState

from vaultsync.markdown.walker import find_task_lines

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5
WORDS = [
    "the",
    "plan",
    "for",
    "a",
    "review",
    "with",
    "our",
    "team",
    "and",
    "one",
    "more",
    "draft",
    "of",
    "notes",
    "that",
    "ships",
    "before",
    "spring,",
    "then",
    "we",
    "test",
    "it",
]


def sentence(rng: random.Random, length: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(length)).capitalize() + "."


def meeting_note(rng: random.Random) -> str:
    """Write a note of some 10 kB: talk, lists, a quote, a fence, in two of three notes action items in the middle."""
    parts = [f"---\ndate: 2025-11-{rng.randint(1, 28):02}\ntags: [meeting]\n---\n# {sentence(rng, 4)}\n"]
    for _ in range(rng.randint(4, 8)):
        parts.append(f"## {sentence(rng, 3)}\n\n{sentence(rng, 90)}\n\n{sentence(rng, 60)}\n")
        parts.append("\n".join(f"{'    ' * rng.randint(0, 1)}- {sentence(rng, 12)}" for _ in range(8)) + "\n")
    if rng.random() < 2 / 3:
        tasks = (f"- [?] {sentence(rng, 9)} @Ada Quill 📅 2025-12-{rng.randint(1, 28):02} #task" for _ in range(5))
        parts.append("## Action items\n\n" + "\n".join(tasks) + "\n")
    parts.append(f"> [!note] {sentence(rng, 4)}\n> {sentence(rng, 30)}\n\n```sh\nmake notes\n```\n")
    talk = (f"**Ben Okafor** (00:{rng.randint(10, 59)}): {sentence(rng, 25)}\n" for _ in range(rng.randint(20, 60)))
    parts.extend(talk)
    return "\n".join(parts)


def stock_blocks(text: str) -> int:
    state = BlockState()
    state.process(text)
    BlockParser().parse(state)
    return 0


def stock_ast(text: str) -> int:
    markdown = mistune.create_markdown(renderer="ast")
    markdown(text)
    return 0


def walker(text: str) -> int:
    return len(find_task_lines(text).lines)


def median_seconds(work: Callable[[str], int], notes: list[str]) -> tuple[float, int]:
    seconds = []
    found = 0
    for _ in range(RUNS):
        begun = time.perf_counter()
        found = sum(map(work, notes))
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    rng = random.Random(1)
    notes = [meeting_note(rng) for _ in range(count)]
    plain = [note for note in notes if "- [" not in note]
    size = sum(len(note.encode()) for note in notes) / 1e6
    print(f"{count} notes, {size:.2f} MB, {count - len(plain)} of them with tasks; median of {RUNS}")
    for name, work, some in (
        ("walker", walker, notes),
        ("walker, notes without tasks", walker, plain),
        ("stock mistune, blocks only", stock_blocks, notes),
        ("stock mistune, AST", stock_ast, notes),
    ):
        seconds, found = median_seconds(work, some)
        size = sum(len(note.encode()) for note in some) / 1e6
        print(f"{name:28} {seconds:8.4f} s {size / seconds:8.1f} MB/s {found or '-':>6} tasks")


if __name__ == "__main__":
    main()
