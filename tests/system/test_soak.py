"""The real daemon under all that befalls a vault at once, for some time, then at rest."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest
from system.installed import COMMAND, PATIENCE, Installed, wait_for, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PEOPLE: Final = ("Ana Ruiz", "Tobias Wren", "Ines Halloran", "Kim Ray")
WORDS: Final = ("sail", "mast", "buoy", "winch", "ferry", "pier", "rope", "anchor", "chart", "lamp")
QUIET: Final = 0.3
ROOM: Final = 30_000  # kB by which memory may grow after the first third; what is in the vault grows as well


@dataclass
class Crowd:
    """Everybody who writes into one vault: editors, a pipeline, git, a file manager, somebody who triages."""

    root: Path
    chance: random.Random
    made: int = 0
    done: list[str] = field(default_factory=list)

    def act(self) -> None:
        ways: list[Callable[[], None]] = [
            self.save_in_place,
            self.save_in_place,
            self.save_atomically,
            self.save_truncating,
            self.tick_a_row,
            self.tick_a_row,
            self.drop_notes,
            self.rename,
            self.move_a_folder,
            self.check_out,
            self.delete_an_index_note,
        ]
        way = self.chance.choice(ways)
        self.done.append(way.__name__)
        way()

    def note(self) -> Path | None:
        found = sorted(path for path in self.root.rglob("*.md") if "Tasks" not in path.parts)
        return self.chance.choice(found) if found else None

    def line(self) -> str:
        self.made += 1
        words = " ".join(self.chance.sample(WORDS, 3))
        box = self.chance.choice(("?", " ", "/"))
        return f"- [{box}] Mind the {words} {self.made} @{self.chance.choice(PEOPLE)} #task\n"

    def edited(self, text: str) -> str:
        if self.chance.random() < 0.5:
            return text + self.line()
        return re.sub(r"Mind the (\w+)", f"Mind the {self.chance.choice(WORDS)}", text, count=1)

    def save_in_place(self) -> None:
        if note := self.note():
            note.write_text(self.edited(note.read_text()))

    def save_atomically(self) -> None:
        if note := self.note():
            draft = note.with_name(f".{note.name}.draft")
            draft.write_text(self.edited(note.read_text()))
            draft.replace(note)

    def save_truncating(self) -> None:
        if note := self.note():
            text = self.edited(note.read_text())
            with note.open("w") as file:
                file.flush()
                time.sleep(0.05)  # an editor between truncating and writing
                file.write(text)

    def tick_a_row(self) -> None:
        found = sorted((self.root / "Tasks").glob("@*.md"))
        if not found:
            return
        note = self.chance.choice(found)
        rows = list(re.finditer(r"^- \[( |\?|/)\] .*\[\[", note.read_text(), re.MULTILINE))
        if rows:
            row, text = self.chance.choice(rows), note.read_text()
            box = {"?": " ", " ": "/", "/": "x"}[row[1]]
            note.write_text(f"{text[: row.start(1)]}{box}{text[row.end(1) :]}")

    def drop_notes(self) -> None:
        folder = f"Drop {self.made}"
        write(self.root, {f"{folder}/{number}.md": f"# {number}\n\n{self.line()}" for number in range(100)})
        if len(list(self.root.glob("Drop *"))) > 3:
            oldest = min(self.root.glob("Drop *"), key=lambda each: each.stat().st_mtime)
            while oldest.exists():  # a note may just be written in it: then it isn't empty, and people try again
                shutil.rmtree(oldest, ignore_errors=True)

    def rename(self) -> None:
        if note := self.note():
            self.made += 1
            note.rename(note.with_name(f"Renamed {self.made}.md"))

    def move_a_folder(self) -> None:
        folders = sorted(self.root.glob("Drop *"))
        if folders:
            self.made += 1
            away = self.root.parent / "away"
            self.chance.choice(folders).rename(away)
            away.rename(self.root / f"Drop {self.made}")

    def check_out(self) -> None:
        for note in sorted(self.root.glob("Base/*.md")):
            text = re.sub(r"Mind the (\w+)", f"Mind the {self.chance.choice(WORDS)}", note.read_text())
            note.unlink()
            note.write_text(text)

    def delete_an_index_note(self) -> None:
        found = sorted((self.root / "Tasks").glob("@*.md"))
        if found:
            self.chance.choice(found).unlink()


def memory(process: subprocess.Popen[bytes]) -> int:
    """Return the resident memory of a process in kB, after proc(5)."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:  # noqa: PTH123 - it is no path of ours
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])  # type: ignore[index]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="memory is read from /proc")  # noqa: PTH112 - the same
@pytest.mark.parametrize(
    ("seconds", "seed"),
    [pytest.param(20, 1, marks=pytest.mark.long), pytest.param(600, 2, marks=pytest.mark.nightly)],
)
def test_a_daemon_under_everything_at_once_comes_to_rest(
    vaultsync: Installed, vault: Path, tmp_path: Path, seconds: int, seed: int
) -> None:
    timing = {"QUIET": str(QUIET), "QUIET_MAX": "3", "STAMP_AFTER": "0.5", "SETTLE": "1", "ABSENT_DELAY": "2"}
    installed = Installed({**vaultsync.environment, **{f"VAULTSYNC_TIMING__{key}": timing[key] for key in timing}})
    crowd = Crowd(vault, random.Random(seed))  # noqa: S311 - it is to be the same each time
    write(vault, {f"Base/{number}.md": f"# Base\n\n{crowd.line()}" for number in range(200)})
    # The crowd takes away more than anybody would by intention.
    write(vault, {".vaultsync/config.yaml": "owner: Ines Halloran\ntimezone: UTC\nsafety:\n  max_vanished: 1.0\n"})
    log = tmp_path / "daemon.log"
    daemon = installed.start("run", vault, "--log-format", "json", log=log)

    def words() -> list[dict[str, Any]]:
        return [json.loads(line) for line in log.read_text().split("\n")[:-1]]

    def at_rest() -> bool:
        """Tell whether nothing was written for long enough that nothing waits any more."""
        newest = max(file.stat().st_mtime for file in vault.rglob("*.md"))
        return time.time() - newest > 5 and bool(words())

    try:
        wait_for((vault / "Tasks/Overview.md").exists, "the first cycle")
        until, used = time.monotonic() + seconds, []
        while time.monotonic() < until:
            crowd.act()
            used.append(memory(daemon))
            time.sleep(crowd.chance.choice((0.0, 0.02, 0.1, 0.5)))  # people pause
        wait_for(at_rest, "rest")
        last = memory(daemon)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=PATIENCE) == 0
    finally:
        daemon.kill()
        daemon.wait(timeout=PATIENCE)
    said = words()
    # Edits of rows whose notes were deleted, and of both sides at once, are conflicts that stay; nothing else does.
    check = [str(COMMAND), "reconcile", str(vault), "--check"]
    left = subprocess.run(check, env=installed.environment, capture_output=True, text=True, timeout=60, check=False)
    assert left.returncode in (0, 4), left
    assert left.stdout.startswith("Everything is in step; nothing to write."), left
    assert "problem" not in left.stdout, left
    assert max(*used[-(len(used) // 3) :], last) < max(used[: len(used) // 3]) + ROOM
    assert [path for path in vault.rglob(".vaultsync-*") if path.is_file()] == []
    # On a busy machine a save in two steps, with a quiet period this short, may be met in its middle.
    odd = [line for line in said if line["level"] in {"warning", "error"}]
    explained = ("is empty, though", "the vault kept changing")  # by so busy a crowd
    assert [line for line in odd if not any(words in line.get("what", "") for words in explained)] == []
    cycles = [line for line in said if line["event"] == "cycle"]
    # Several turns may follow one change (quiet, stamps, moves), each of a note and of the index notes that show it.
    assert len(cycles) <= 4 * len(crowd.done) + 10
    assert {"drop_notes", "check_out", "tick_a_row"} <= set(crowd.done)
