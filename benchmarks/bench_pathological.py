"""Time what hostile input could make slow, at n, 2n and 4n characters, and print the exponent: 1 is linear.

python benchmarks/bench_pathological.py [--quick]
"""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

from vaultsync.cli.terminal import json_text, safe
from vaultsync.index.links import find_links
from vaultsync.index.restore import restore
from vaultsync.index.rows import read_row, render_row, row_link, shown_values, source_tokens
from vaultsync.markdown import frontmatter
from vaultsync.model import Limits, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.note import parse_note
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import Rules
from vaultsync.tasks.statuses import roles
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS = TaskSettings()
LIMITS = Limits(note_bytes=10**9, line_chars=10**9, frontmatter_bytes=10**9)
RULES = Rules(tasks=TASKS, roles=roles(TASKS, registered=False, overrides={}), limits=LIMITS)
ROSTER, _ = build_roster([PersonSource(name) for name in ("Ana", "Bo", "Kim Ray", "Ana Lee van Ham")])
END = "\n\n- [ ] end\n"

NOTES = {
    "brackets": lambda n: "[" * n + END,
    "images": lambda n: "![" * (n // 2) + END,
    "backticks": lambda n: "".join("`" * (1 + i % 50) + " " for i in range(n // 26)) + END,
    "emphasis": lambda n: "*a_ " * (n // 4) + END,
    "quotes in items": lambda n: "> - > - a\n" * (n // 10) + END,
    "nested items": lambda n: "".join(f"{'  ' * (i % 15)}- [ ] a\n" for i in range(n // 22)),
    "lazy quotes": lambda n: "> a\nb\n" * (n // 6) + END,
    "link definitions": lambda n: "[a]: x\n\n> [b]: y\n\n" * (n // 18) + END,
    "heading of blanks": lambda n: f"# {' ' * n}a{END}",
    "headings": lambda n: "# a\n- [ ] b\n" * (n // 12),
    "fences": lambda n: "```\n" * (n // 4) + END,
    "open comments": lambda n: "%% a\n" * (n // 5) + END,
    "maths": lambda n: "$$ a $$ b\n" * (n // 10) + END,
    "html": lambda n: "<div>\n" * (n // 6) + END,
    "half tags": lambda n: "<a " * (n // 3) + END,
    "table": lambda n: "| a | b |\n| --- | --- |\n" + "| - [ ] a | b |\n" * (n // 16) + END,
    "tabs": lambda n: "\t- [ ] a\n" * (n // 9),
    "markers": lambda n: "- " * 90 + "a\n" + ("- " * 40 + "[ ] a\n") * (n // 86),
    "numbers": lambda n: "1" * n + ". [ ] a" + END,
    "blank lines": lambda n: "- [ ] a\n" + "\n" * n + "  b\n- [ ] c\n",
    "paragraph": lambda n: "a b c\n" * (n // 6) + END,
    "setext": lambda n: "a\n===\n" * (n // 6) + END,
    "tasks": lambda n: "- [ ] Ask @Ana 📅 2026-01-01\n" * (n // 28),
    "open frontmatter": lambda n: "---\n" + "a: b\n" * (n // 5) + END,
}
LINES = {
    "mentions": lambda n: "@Ana " * (n // 5),
    "mentions of nobody": lambda n: "@Zoe Lee Ray Fox " * (n // 17),
    "mention of many words": lambda n: "@" + "Ana " * (n // 4),
    "tags": lambda n: "#a " * (n // 3),
    "long tag": lambda n: "#" + "a" * n,
    "links": lambda n: "[[a|b]] " * (n // 8),
    "own links": lambda n: "[[a#^t-9k2f3a7b|b]] " * (n // 20),
    "open links": lambda n: "[[a" * (n // 3),
    "markdown links": lambda n: "[a](b) " * (n // 7),
    "half links": lambda n: "[a](" * (n // 4),
    "brackets and parentheses": lambda n: "[" * (n // 2) + "](" * (n // 4),
    "backticks": lambda n: "`a ``b " * (n // 7),
    "backslashes": lambda n: "\\" * n,
    "backslashes and brackets": lambda n: "\\" * (n // 2) + "![" * (n // 4),
    "percents": lambda n: "%" * n,
    "colons": lambda n: ":" * n,
    "dates": lambda n: "📅 2026-01-01 " * (n // 13),
    "signifiers": lambda n: "📅" * n,
    "priorities": lambda n: "⏫ " * (n // 2),
    "rules": lambda n: "🔁 every day " * (n // 12),
    "words after a rule": lambda n: "🔁 every " + "a " * (n // 2),
    "bracketed fields": lambda n: "[due:: 2026-01-01] " * (n // 19),
    "half fields": lambda n: "[due:: " * (n // 7),
    "ids": lambda n: "^t-9k2f3a7b " * (n // 12),
    "invisible": lambda n: "\u202e" * n,
    "one word": lambda n: "a" * n,
    "blanks": lambda n: f"a{' ' * n}b",
    "addresses": lambda n: "https://a.b/c " * (n // 14),
    "address": lambda n: "https://" + "a" * n,
    "entities": lambda n: "[x](&a; " * (n // 8),
    "html": lambda n: "<a" * (n // 2),
    "carets": lambda n: "[^" * (n // 2),
    "combining": lambda n: "e" + "\u0301" * n,
}
YAML = {
    "lists": lambda n: "a: " + "[" * (n // 2) + "]" * (n // 2),
    "open lists": lambda n: "a: " + "[" * n,
    "anchors": lambda n: "".join(f"k{i}: &a{i} [x]\nl{i}: *a{i}\n" for i in range(n // 30)),
    "bomb": lambda n: "a: &a [x]\n" + "".join(f"b{i}: &b{i} [{'*a, ' * 9}]\n" for i in range(n // 50)),
    "long number": lambda n: "a: " + "9" * n,
    "long key": lambda n: "a" * n + ": b",
    "keys": lambda n: "".join(f"k{i}: v\n" for i in range(n // 8)),
    "long text": lambda n: f'a: "{"x" * n}"',
    "indentation": lambda n: "".join(f"{' ' * i}a:\n" for i in range(int(math.sqrt(2 * n)))),
}


def note(text: str) -> None:
    parse_note("A.md", text.encode(), "", RULES)


def row(text: str) -> None:
    line = parse_line(f"- [ ] {text} ^t-00000000", TASKS, hidden=True)
    if line is None:
        return
    words = read_text(line, ROSTER)
    values = shown_values(line, words, "A.md", RULES)
    drawn = render_row(values, line.recurrence, row_link("A.md", "t-00000000", None, RULES), RULES)
    read_row(drawn, line.recurrence, ROSTER, RULES)
    restore(values.prose, source_tokens(words), "A.md")
    find_links(drawn)


def shown(text: str) -> None:
    safe(text)
    json_text(text)


def front(text: str) -> None:
    frontmatter.properties(text, None)


def timed(work: Callable[[str], None], text: str) -> float:
    best = math.inf
    for _ in range(2):
        began = time.process_time()
        work(text)
        best = min(best, time.process_time() - began)
    return best


def main() -> None:
    sizes = [2_000, 4_000, 8_000] if "--quick" in sys.argv else [20_000, 40_000, 80_000]
    groups: list[tuple[str, Callable[[str], None], dict[str, Callable[[int], str]]]] = [
        ("note", note, NOTES),
        ("row", row, LINES),
        ("terminal", shown, LINES),
        ("frontmatter", front, YAML),
    ]
    print(f"{'what':45}{'n':>9}{'2n':>9}{'4n':>9}  exponent")
    for group, work, inputs in groups:
        for name, made in inputs.items():
            times = [timed(work, made(size)) for size in sizes]
            slope = math.log(times[2] / times[0], 4) if times[0] > 0.0005 else 0.0
            flag = "  <--" if slope > 1.35 and times[2] > 0.02 else ""
            print(f"{group + ': ' + name:45}{''.join(f'{1000 * each:7.1f}ms' for each in times)}  {slope:5.2f}{flag}")


if __name__ == "__main__":
    main()
