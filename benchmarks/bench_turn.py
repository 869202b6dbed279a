"""Time one turn of a running daemon after one change, by kind of change and by phase, in a vault made by `make_vault`.

The wheel is opened as `vaultsync run` opens it and comes to rest first; the clock is moved on instead of waiting.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.make_vault import make_vault

if TYPE_CHECKING:
    from collections.abc import Callable

from vaultsync import cycle, planner
from vaultsync.cli.opening import waits
from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.daemon import let_memory_rest
from vaultsync.settings import load_settings
from vaultsync.snapshots import Snapshots
from vaultsync.storage.state import State

PHASES = {"plan": (planner, "plan_cycle"), "check": (cycle, "check"), "apply": (cycle, "apply")}
METHODS = {
    "ahead": (Wheel, "plan_ahead"),
    "snapshot": (Snapshots, "take"),
    "halt?": (Wheel, "_halt_if_suspicious"),
}


class Bench:
    """One settled vault and the seconds that each phase of its turns took."""

    def __init__(self, folder: Path) -> None:
        self.later = 0.0
        settings = load_settings(folder / "vault")
        clock = Clock(
            now=lambda: time.time() + self.later,
            monotonic=lambda: time.monotonic() + self.later,
            sleep=self.wait,
        )
        daemon = waits(settings.config.machine, daemon=True)
        self.root = folder / "vault"
        self.wheel = Wheel(settings, State(folder / "state" / "state.db"), clock, daemon, "run", stays=True)
        self.seconds: dict[str, float] = defaultdict(float)
        for name, (owner, function) in {**PHASES, **METHODS}.items():
            setattr(owner, function, self.timed(name, getattr(owner, function)))

    def wait(self, seconds: float) -> None:
        self.later += seconds

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - began

        return timing

    def settle(self) -> None:
        self.wheel.turn()
        let_memory_rest(self.wheel.snapshots.memory)
        for _ in range(4):
            self.wait(300)
            self.wheel.turn(())

    def turn(self, path: str | None) -> int:
        """Let a changed note grow quiet, plan meanwhile, and turn; return how many notes were written."""
        self.wait(5)
        self.seconds.clear()
        began = time.perf_counter()
        if path is not None:
            self.wheel.scanner.scan_some([path])
        self.seconds["scan"] += time.perf_counter() - began
        self.wheel.plan_ahead()
        self.wait(5)
        began = time.perf_counter()
        outcome = self.wheel.turn(())
        self.seconds["turn"] = time.perf_counter() - began
        return len(outcome.written)


def rewrite(bench: Bench, path: str, pattern: str, new: Callable[[re.Match[str]], str]) -> str:
    file = bench.root / path
    text = file.read_bytes().decode()
    after = re.sub(pattern, new, text, count=1, flags=re.MULTILINE)
    if after == text:
        raise ValueError(f"nothing to change in {path}")
    file.write_bytes(after.encode())
    return path


def kinds(bench: Bench) -> dict[str, Callable[[int], str | None]]:
    settings = bench.wheel.settings
    notes = bench.wheel.scanner.notes
    index = sorted(
        path for path, note in notes.items() if note.kind == "index" and note.person != settings.config.vault.owner
    )
    owner = next(
        path for path, note in notes.items() if note.kind == "index" and note.person == settings.config.vault.owner
    )
    sources = sorted(
        path
        for path, note in notes.items()
        if note.kind == "source" and any(task.line.symbol == "?" for task in note.tasks)
    )

    def row(path: str) -> str:
        return rewrite(bench, path, r"^- \[\?\] (?=.*\^t-)", lambda _: "- [ ] ")

    return {
        "nothing": lambda _: None,
        "row ticked": lambda at: row(index[at * 7 % len(index)]),
        "row of the owner ticked": lambda _: row(owner),
        "source reworded": lambda at: rewrite(
            bench, sources[at * 37 % len(sources)], r"^((?:> )?- \[\?\] \w+)", lambda found: f"{found[1]} soon"
        ),
        "task added": lambda at: rewrite(
            bench,
            sources[at * 41 % len(sources)],
            r"\Z",
            lambda _: f"\n\n- [?] Look at thing {at} @{notes[index[at]].person} #task #proposed\n",
        ),
        "settled afterwards": lambda _: bench.wait(300),
        "text only": lambda at: rewrite(bench, sources[at * 43 % len(sources)], r"\Z", lambda _: f"\n\nMore {at}\n"),
    }


def main() -> None:
    """Make the vaults, turn, print a table of medians."""
    parser = argparse.ArgumentParser(description="Time turns of the daemon.")
    parser.add_argument("sizes", nargs="*", type=int, default=[2000, 20000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder to keep settled vaults in")
    asked = parser.parse_args()
    print("| notes | change | scan | ahead | snapshot | plan | check, halt? | apply | turn, seconds | written |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in asked.sizes:
        with tempfile.TemporaryDirectory(prefix="vaultsync-bench-") as made:
            folder = Path(made) / "it"
            kept = asked.keep / str(size) if asked.keep else None
            if kept and kept.exists():
                shutil.copytree(kept, folder)
            else:
                make_vault(folder / "vault", size)
            bench = Bench(folder)
            bench.settle()
            if kept and not kept.exists():
                shutil.copytree(folder, kept)
            for kind, change in kinds(bench).items():
                times: dict[str, list[float]] = defaultdict(list)
                written = []
                for at in range(asked.repeat):
                    bench.turn(None)  # what the turn before wrote is looked at once more
                    written.append(bench.turn(change(at)))
                    for name in ("scan", "ahead", "snapshot", "plan", "check", "halt?", "apply", "turn"):
                        times[name].append(bench.seconds[name])
                of = {name: statistics.median(each) for name, each in times.items()}
                print(
                    f"| {size} | {kind} | {of['scan']:.4f} | {of['ahead']:.4f} | {of['snapshot']:.4f} "
                    f"| {of['plan']:.4f} | {of['check'] + of['halt?']:.4f} | {of['apply']:.4f} | {of['turn']:.4f} "
                    f"| {statistics.median(written):.0f} |",
                    flush=True,
                )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"| {size} | peak memory, MB | | | | | | | {peak} | |", flush=True)


if __name__ == "__main__":
    main()
