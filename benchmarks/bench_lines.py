"""How many task lines a second are read, and how that compares with one plain regular expression in the same run.

    python benchmarks/bench_lines.py [--rounds 5]

The floor is a loop that matches the box and looks for dates, priorities and tags, and builds nothing. The last table is
the longest time that a text of 10,000 characters takes, and what twice the text costs: about 2 is linear.
"""

from __future__ import annotations

import argparse
import re
import time
from typing import TYPE_CHECKING

from vaultsync.model import TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.signifiers import MOJIBAKE, SIGNIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable

ORDINARY = [
    "- [?] Compile examples of missing ticket structure. @Ida Berg 📅 2025-11-08 ⏫ #task #proposed #auto",
    "- [x] Write the summary for the board @Ann ⏫ 📅 2025-11-08 ✅ 2025-11-09 ^t-9k2f3a7b",
    "    - [ ] a plain task of a few words that has no fields at all",
    "- [ ] Send the minutes 📅 2025-11-08 @Bob Lindt #task",
    "- [/] Water the plants 🔁 every week on Friday ⏳ 2025-11-07 📅 2025-11-09",
    "> 1. [-] Book a room [[2025-11-07 - Planning|↗]] ➕ 2025-11-01 ❌ 2025-11-03",
]
FLOOR = re.compile(r"[\s>]*(?:[-*+]|[0-9]+[.)]) +\[(.)\] *(.*)")
PIECES = re.compile(r"([📅⏳🛫➕✅❌]) ?([0-9]{4}-[0-9]{2}-[0-9]{2})|[🔺⏫🔼🔽⏬]|(?:^|\s)#\S+")
NASTY = [*SIGNIFIERS, *MOJIBAKE, *"-> ^#`%(<!\t", "📅 2025-11-08", "[due:: ", "🔁 every day", "⛔ a , ", "[["]


def floor(text: str) -> object:
    match = FLOOR.match(text)
    return match and PIECES.findall(match[2])


def rate(read: Callable[[str], object], lines: list[str], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        for line in lines:
            read(line)
        best = min(best, time.perf_counter() - begun)
    return len(lines) / best


def seconds(text: str, settings: TaskSettings) -> float:
    begun = time.perf_counter()
    parse_line(text, settings, hidden=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how fast task lines are read.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    lines = ORDINARY * 5000
    emoji = TaskSettings()
    base = rate(floor, lines, rounds)
    print(f"{'':28}{'lines/s':>10}{'floor takes':>14}")
    print(f"{'one regular expression':28}{base:10,.0f}{1:14.0%}")
    for name, read in (
        ("what Tasks reads", lambda text: parse_line(text, emoji)),
        ("with hidden fields", lambda text: parse_line(text, emoji, hidden=True)),
    ):
        speed = rate(read, lines, rounds)
        print(f"{name:28}{speed:10,.0f}{speed / base:14.0%}")

    worst = []
    for settings in (emoji, TaskSettings(format="dataview")):
        for piece in NASTY:
            once, twice = (
                min(seconds("- [ ] " + (piece * size)[:size] + "z", settings) for _ in range(3))
                for size in (5000, 10_000)
            )
            worst.append((twice, twice / once, settings.format, piece))
    print("\n10,000 characters of      ms   against half of it")
    for longest, growth, form, piece in sorted(worst, reverse=True)[:5]:
        print(f"{piece!a:18}{form:>9}{longest * 1000:6.1f}{growth:8.1f}")


if __name__ == "__main__":
    main()
