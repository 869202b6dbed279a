"""Measure vaultsync against floors and peers and print one table: `python -m benchmarks.bench_all --notes 2000 20000`.

What is compared runs in turns within one run, so that both sides meet the same machine. Trust the ratios between the
rows, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.make_vault import make_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COMMAND = Path(sys.executable).with_name("vaultsync")
DAY = "2025-11-10"
NO_WAIT = {"VAULTSYNC_TIMING__QUIET": "0"}  # for notes that were written just now; a wait says nothing of the work
LARGE = 100_000  # notes from which a vault has two tasks a note, as the scale that is promised


@dataclass(frozen=True, slots=True)
class Take:
    """One measure: seconds, and the peak memory of its process in MB."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what was measured, and against what, by name."""

    notes: int
    what: str
    take: Take
    against: Mapping[str, float]  # name -> seconds

    def __str__(self) -> str:
        seconds = self.take.seconds
        ratios = ", ".join(f"{seconds / other:.3g} × {name}" for name, other in self.against.items())
        return f"| {self.notes} | {self.what} | {seconds:.3g} | {ratios} | {self.take.megabytes:.0f} |"


def run(*arguments: str | Path, given: bytes = b"") -> tuple[Take, bytes]:
    """Run a command; return its wall time and memory, and what it printed."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
        source.write(given)
        source.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen([*map(str, arguments)], stdin=source, stdout=sink, env={**os.environ, **NO_WAIT})
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        sink.seek(0)
        return Take(seconds, used.ru_maxrss / 1024), sink.read()


def command(*arguments: str | Path, given: bytes = b"") -> Take:
    return run(*arguments, given=given)[0]


def inside(name: str, folder: Path) -> Take:
    """Run a measure of `measures`, which tells its own seconds."""
    return all_inside(name, folder)[0]


def all_inside(name: str, folder: Path) -> list[Take]:
    """Run a measure that tells several numbers of seconds."""
    take, said = run(sys.executable, "-m", "benchmarks.measures", name, folder)
    return [Take(float(seconds), take.megabytes) for seconds in said.split()]


def in_turns(repeat: int, **measures: Callable[[], Take]) -> dict[str, Take]:
    """Take all measures in turns, and return the medians."""
    takes = [{name: measure() for name, measure in measures.items()} for _ in range(repeat)]
    return {name: median_of([each[name] for each in takes]) for name in measures}


def median_of(takes: Sequence[Take]) -> Take:
    """Return the median of the seconds, and that of the peaks."""
    return Take(statistics.median(take.seconds for take in takes), statistics.median(take.megabytes for take in takes))


class Vault:
    """A made-up vault, and a copy of it that cycles may write into."""

    def __init__(self, folder: Path, notes: int) -> None:
        self.folder, self.notes = folder, notes
        self.plain, self.root, self.state = folder / "plain", folder / "vault", folder / "states"
        make_vault(self.plain, notes, tasks_per_note=2 if notes >= LARGE else 4.7)
        os.sync()  # else the system is still writing while the first things are measured

    def reconcile(self, *options: str, root: Path | None = None, state: Path | None = None) -> Take:
        place = ("--state-dir", state or self.state, "--today", DAY, "--json")
        return command(COMMAND, "reconcile", root or self.root, *place, *options)

    def cold(self, repeat: int) -> list[Row]:
        """Nothing is known, the files are in the page cache."""
        empty = self.folder / "empty"

        def dry_run() -> Take:
            shutil.rmtree(empty, ignore_errors=True)
            return self.reconcile("--dry-run", root=self.plain, state=empty)

        measures: dict[str, Callable[[], Take]] = {
            "read": lambda: inside("read", self.plain),
            "mistune": lambda: inside("mistune", self.plain),
            "markdown_it": lambda: inside("markdown-it", self.plain),
            "parse": lambda: inside("parse", self.plain),
            "parse_alone": lambda: inside("parse alone", self.plain),
            "dry_run": dry_run,
        }
        if rg := shutil.which("rg"):
            found = (rg, "-c", "-j1", "--no-messages", r"^[\s>]*([-*+]|\d+[.)]) \[.\]", "-g", "*.md", self.plain)
            # All is measured against it, and a single take of so short a run may be twice the next one.
            measures["rg"] = lambda: median_of([command(*found) for _ in range(5)])
        takes = in_turns(repeat, **measures)
        against = {"rg": takes["rg"].seconds} if "rg" in takes else {"read and decode": takes["read"].seconds}
        peers = {
            "mistune": takes["mistune"].seconds,
            "markdown-it-py": takes["markdown_it"].seconds,
        }
        rows = [
            Row(self.notes, "floor: read and decode", takes["read"], {}),
            Row(self.notes, "peer: mistune, full AST", takes["mistune"], against),
            Row(self.notes, "peer: markdown-it-py", takes["markdown_it"], against),
            Row(self.notes, "reading and parsing, in one process", takes["parse_alone"], against | peers),
            Row(self.notes, f"reading and parsing, on {len(os.sched_getaffinity(0))} cores", takes["parse"], against),
            Row(self.notes, "dry run, cold", takes["dry_run"], against),
        ]
        return [*([Row(self.notes, "floor: `rg -c` of task lines, one thread", takes["rg"], {})] if rg else []), *rows]

    def first_cycle(self) -> Row:
        """Bring the copy in step; measured once, for it can't be done twice."""
        shutil.copytree(self.plain, self.root)
        return Row(self.notes, "first cycle, which writes", self.reconcile(), {})

    def warm(self, repeat: int) -> list[Row]:
        """Nothing has changed, and the run before has found that."""
        self.reconcile()
        takes = in_turns(
            repeat,
            start=lambda: command(COMMAND, "reconcile", "--help"),
            stat=lambda: inside("stat", self.root),
            rest=self.reconcile,
        )
        floor = 2 * takes["stat"].seconds + takes["start"].seconds
        return [
            Row(self.notes, "floor: `scandir` and `stat`", takes["stat"], {}),
            Row(
                self.notes,
                "nothing changed, one-shot",
                takes["rest"],
                {"`stat`": takes["stat"].seconds, "two `stat` and a start": floor},
            ),
        ]

    def one_edit(self, repeat: int) -> list[Row]:
        """One task is added to one note."""
        notes = sorted((self.root / "Meetings").rglob("*.md")) or sorted(self.root.rglob("*.md"))
        at = iter(range(len(notes)))

        def edited() -> Take:
            note = notes[next(at)]
            note.write_bytes(note.read_bytes() + b"\n\n- [?] Look at one more thing #task #proposed\n")
            return self.reconcile()

        take = in_turns(repeat, edited=edited)["edited"]
        daemon = self.folder / "daemon"
        (daemon / "state").mkdir(parents=True)
        (daemon / "vault").symlink_to(self.root)
        shutil.copy(next(self.state.glob("*/state.db")), daemon / "state")
        turn, ahead = all_inside("daemon", daemon)
        return [
            Row(self.notes, "one edit, one-shot", take, {}),
            Row(self.notes, "one edit, in the daemon", turn, {}),
            Row(self.notes, "one edit, in the daemon, planned ahead of it", ahead, {}),
        ]


def start(repeat: int) -> list[Row]:
    takes = in_turns(
        repeat,
        python=lambda: command(sys.executable, "-c", "pass"),
        modules=lambda: command(sys.executable, "-c", "import json, re, dataclasses"),
        typer=lambda: command(sys.executable, "-c", "import typer"),
        help=lambda: command(COMMAND, "--help"),
        parse=lambda: command(COMMAND, "line", "parse", given=b'{"line": "- [ ] Call @Ana"}\n'),
    )
    against = {"`python -c pass`": takes["python"].seconds}
    return [
        Row(0, "floor: `python -c pass`", takes["python"], {}),
        Row(0, "floor: `import json, re, dataclasses`", takes["modules"], against),
        Row(0, "floor: `import typer`", takes["typer"], against),
        Row(0, "`vaultsync --help`", takes["help"], against),
        Row(0, "`vaultsync line parse`, one line", takes["parse"], against),
    ]


def measured(sizes: Sequence[int], repeat: int, folder: Path) -> list[Row]:
    """Measure all, and print each row as soon as it is known."""
    rows: list[Row] = []

    def add(more: Sequence[Row]) -> None:
        rows.extend(more)
        print(*more, sep="\n", flush=True)

    print("| notes | what | seconds | against | peak MB |\n| ---: | --- | ---: | --- | ---: |")
    add(start(max(repeat, 9)))
    for size in sizes:
        vault = Vault(folder / str(size), size)
        add(vault.cold(repeat))
        add([vault.first_cycle()])
        add(vault.warm(repeat))
        add(vault.one_edit(repeat))
        shutil.rmtree(vault.folder)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Print one table of what vaultsync costs.")
    parser.add_argument("--notes", nargs="+", type=int, default=[2000, 20000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rows", type=Path, help="where to write the rows as JSON, for draw_growth")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vaultsync-bench-") as folder:
        rows = measured(asked.notes, asked.repeat, Path(folder))
    if asked.rows:
        asked.rows.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
