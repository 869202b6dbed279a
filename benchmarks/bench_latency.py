"""Time edits to their counterparts on disk, through the daemon: `python -m benchmarks.bench_latency FOLDER`.

FOLDER holds a vault at rest and its state, as `bench_turn --keep` leaves them; both are copied. Rows are ticked and
sources reworded in turn, by people and notes drawn at random; the quiet period is taken off.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vaultsync.storage.folder import state_folder

QUIET = 0.5
BOUND = 300.0  # seconds that a counterpart may take; the first one waits for the daemon's start
ROW = re.compile(r"^- \[\?\] (?P<words>.*?) \[\[(?P<note>[^\]#|]+)#(?P<id>\^t-[a-z0-9]{8})\|", re.MULTILINE)


def arrived(file: Path, what: str) -> float:
    """Return the seconds from now until a file holds what a pattern says, less the quiet period."""
    began, pattern = time.perf_counter(), re.compile(what)
    while not pattern.search(file.read_text()):
        if time.perf_counter() - began > BOUND:
            raise TimeoutError(what)
        time.sleep(0.001)
    return time.perf_counter() - began - QUIET


def edits(root: Path, count: int, draw: random.Random) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"row": [], "source": []}
    index = sorted((root / "Tasks").glob("@*.md"))
    for number in range(count):
        note = draw.choice(index)
        rows = list(ROW.finditer(text := note.read_text()))
        if not rows:
            continue
        row = draw.choice(rows)
        source = root / f"{row['note']}.md"
        if number % 2:
            note.write_text(f"{text[: row.start()]}- [/]{text[row.start() + 5 :]}")
            found["row"].append(arrived(source, rf"\[/\] .*{re.escape(row['id'])}"))
        else:
            before = source.read_text()
            start = before.rindex("[?] ", 0, before.index(row["id"])) + 4
            source.write_text(f"{before[:start]}Soon{number} {before[start:]}")
            found["source"].append(arrived(note, f"Soon{number} "))
        time.sleep(2 * QUIET)
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--edits", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root, states = Path(scratch) / "vault", Path(scratch) / "states"
        shutil.copytree(given.folder / "vault", root)
        shutil.copytree(given.folder / "state", state_folder(states, root))
        timing = {"VAULTSYNC_TIMING__QUIET": str(QUIET), "VAULTSYNC_STATE_DIR": str(states)}
        command = [sys.executable, "-m", "vaultsync", "run", str(root)]
        with subprocess.Popen(command, env={**os.environ, **timing}, stderr=subprocess.DEVNULL) as daemon:
            try:
                began = time.perf_counter()
                ready = edits(root, 2, random.Random(0))
                done = sum(map(len, ready.values()))
                print(f"the daemon is at work after {time.perf_counter() - began:.0f} s, {done} edits")
                for kind, seconds in edits(root, given.edits, random.Random(given.seed)).items():
                    ranked = sorted(seconds)
                    print(
                        f"| {kind} | {len(ranked)} edits | median {statistics.median(ranked) * 1000:.0f} ms "
                        f"| 99th percentile {ranked[int(0.99 * (len(ranked) - 1))] * 1000:.0f} ms "
                        f"| most {ranked[-1] * 1000:.0f} ms |"
                    )
            finally:
                daemon.terminate()
        print(f"peak memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
