"""Draw how time and memory grow with the vault: `python -m benchmarks.draw_growth ROWS.json`, rows of `bench_all`.

The legend gives the exponent of each line: 1 is linear. Needs matplotlib (`pip install '.[bench]'`).
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "growth.png"
DRAWN = (
    "floor: `scandir` and `stat`",
    "reading and parsing, in one process",
    "dry run, cold",
    "first cycle, which writes",
    "nothing changed, one-shot",
    "one edit, one-shot",
    "one edit, in the daemon",
)


def exponent(points: list[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares through the points, both axes taken as logarithms."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(axis) / len(logs) for axis in zip(*logs, strict=True))
    return float(sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs))


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    figure, axes = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    for axis, slot, label in zip(axes, ("seconds", "megabytes"), ("seconds", "peak memory, MB"), strict=True):
        lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            if row["what"] in DRAWN:
                lines[row["what"]].append((row["notes"], row["take"][slot]))
        for what in filter(lines.__contains__, DRAWN):
            name = what.replace("`", "")
            slope = f" (n^{exponent(lines[what]):.2f})" if len(lines[what]) > 1 else ""
            axis.loglog(*zip(*lines[what], strict=True), marker="o", label=name + slope)
        axis.set(xlabel="notes", ylabel=label)
        axis.grid(visible=True, which="both", alpha=0.2)
        axis.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
