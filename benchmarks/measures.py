"""One measure in a process of its own: `python -m benchmarks.measures NAME FOLDER` prints its seconds.

Loading modules isn't counted, so that floors and peers are compared with the work alone; the caller reads the peak
memory from the system. What is measured beside what is `bench_all`'s to say.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE = 500  # notes that the peers read, which would take hours for all


def listed(folder: str) -> Iterator[os.DirEntry[str]]:
    """Yield the notes of a folder as `scandir` gives them, dot folders left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from listed(entry.path)
            elif entry.name.endswith(".md"):
                yield entry


def stat_all(root: Path) -> float:
    began = time.perf_counter()
    for entry in listed(os.fspath(root)):
        entry.stat(follow_symlinks=False)
    return time.perf_counter() - began


def read_and_decode(root: Path) -> float:
    began = time.perf_counter()
    for entry in listed(os.fspath(root)):
        with open(entry.path, "rb") as file:  # noqa: PTH123 - a floor makes no objects of paths
            file.read().decode("utf-8", "replace")
    return time.perf_counter() - began


def read_and_parse(root: Path) -> float:
    from vaultsync.clock import Clock  # noqa: PLC0415 - not part of the floors
    from vaultsync.scan import Scanner  # noqa: PLC0415 - the same
    from vaultsync.settings import load_settings  # noqa: PLC0415 - the same

    scanner = Scanner(load_settings(root), Clock(), {})
    began = time.perf_counter()
    scanner.scan_all()
    return time.perf_counter() - began


def read_and_parse_alone(root: Path) -> float:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # who has one core starts no other process
    return read_and_parse(root)


def over_all(root: Path, parse: Callable[[str], object]) -> float:
    """Return the seconds that parsing all notes would take, by the bytes of a sample of them spread over the vault."""
    paths = sorted(entry.path for entry in listed(os.fspath(root)))
    texts = [Path(path).read_bytes().decode("utf-8", "replace") for path in paths[:: max(1, len(paths) // SAMPLE)]]
    began = time.perf_counter()
    for text in texts:
        parse(text)
    seconds = time.perf_counter() - began
    return seconds * sum(Path(path).stat().st_size for path in paths) / sum(len(text.encode()) for text in texts)


def mistune_ast(root: Path) -> float:
    import mistune  # noqa: PLC0415 - a peer

    return over_all(root, mistune.create_markdown(renderer="ast"))


def markdown_it(root: Path) -> float:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a peer

    return over_all(root, MarkdownIt().parse)


def daemon_edit(folder: Path) -> str:
    """Return the median seconds of a turn of the daemon after a row was ticked, and of the plan made ahead of it."""
    import statistics  # noqa: PLC0415 - not part of the floors

    from benchmarks.bench_turn import Bench, kinds  # noqa: PLC0415 - the same

    os.environ.pop("VAULTSYNC_TIMING__QUIET", None)  # it is in the quiet period that the turn is planned
    bench = Bench(folder)
    bench.settle()
    tick, seconds, ahead = kinds(bench)["row ticked"], [], []
    for at in range(5):
        bench.turn(None)
        bench.turn(tick(at))
        seconds.append(bench.seconds["turn"])
        ahead.append(bench.seconds["ahead"])
    return f"{statistics.median(seconds)} {statistics.median(ahead)}"


MEASURES = {
    "stat": stat_all,
    "read": read_and_decode,
    "parse": read_and_parse,
    "parse alone": read_and_parse_alone,
    "mistune": mistune_ast,
    "markdown-it": markdown_it,
    "daemon": daemon_edit,
}

if __name__ == "__main__":
    print(MEASURES[sys.argv[1]](Path(sys.argv[2])))
