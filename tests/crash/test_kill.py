"""The command, killed for real at any moment: each file is old or new, and one more run ends where a calm one ends."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from vaultsync.storage.vault import TEMP_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process by Linux's pidfd")

BOUND = 60.0  # seconds after which a run that should end by itself is killed, and the test fails
PEOPLE = ("Ana Ruiz", "Bo Winter", "Cy Marsh", "Di Stone", "Ed Vale", "Flo Hart")
ONE_SHOT = ("reconcile", "--today", "2026-11-22")
DAEMON = ("run", "--today", "2026-11-22")
KILLED = -9


@dataclass
class Place:
    """A vault with its state in one place, brought back to one moment before each kill."""

    folder: Path
    forker: subprocess.Popen[str]

    @property
    def vault(self) -> Path:
        return self.folder / "vault"

    def run(self, *arguments: str, seconds: float = BOUND) -> tuple[int, float]:
        """Run the command for so long at most; return its exit code and when it began (seconds since 1970)."""
        order = {
            "arguments": [*arguments[:1], str(self.vault), *arguments[1:]],
            "environment": {
                "HOME": str(self.folder / "home"),
                "VAULTSYNC_STATE_DIR": str(self.folder / "state"),
                "VAULTSYNC_TIMING__QUIET": "0",
                "VAULTSYNC_TIMING__ABSENT_DELAY": "0",
                "VAULTSYNC_TIMING__STAMP_AFTER": "0",
                "VAULTSYNC_TIMING__SETTLE": "0",
            },
            "log": str(self.folder / "log"),
            "seconds": seconds,
        }
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        self.forker.stdin.write(json.dumps(order) + "\n")
        self.forker.stdin.flush()
        answer: dict[str, Any] = json.loads(self.forker.stdout.readline())
        return answer["code"], answer["began"]

    def settle(self) -> None:
        code, _ = self.run(*ONE_SHOT)
        assert code == 0, (self.folder / "log").read_text()

    def notes(self) -> dict[str, bytes]:
        return {file.relative_to(self.vault).as_posix(): file.read_bytes() for file in self.vault.rglob("*.md")}

    def temps(self) -> list[str]:
        return [str(file) for file in self.vault.rglob("*") if file.name.startswith(TEMP_PREFIX)]

    def keep(self) -> None:
        for name in ("vault", "state"):
            shutil.copytree(self.folder / name, self.folder / "kept" / name)

    def bring_back(self) -> None:
        """Make vault and state what they were when they were kept; the vault's own folder stays the same one."""
        for name in ("vault", "state"):
            for entry in (self.folder / name).iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            shutil.copytree(self.folder / "kept" / name, self.folder / name, dirs_exist_ok=True)

    def journal(self) -> Counter[tuple[str, str, str]]:
        """Return the edits that landed, in a state that is whole and knows what became of every run."""
        (file,) = (self.folder / "state").rglob("state.db")
        connection = sqlite3.connect(file)
        try:
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
            assert connection.execute("select count(*) from runs where not ended").fetchone() == (0,)
            return Counter(connection.execute("select path, before, after from journal where landed").fetchall())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def forker() -> Iterator[subprocess.Popen[str]]:
    script = Path(__file__).with_name("preloaded.py")
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=BOUND)


@pytest.fixture(scope="module")
def place(forker: subprocess.Popen[str], tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a vault in which both sides hold edits that no run has seen yet."""
    made = Place(tmp_path_factory.mktemp("killed"), forker)
    (made.vault / ".vaultsync").mkdir(parents=True)
    (made.vault / ".vaultsync/config.yaml").write_text("owner: Ana Ruiz\ntimezone: UTC\n")
    for number in range(30):
        write(made.vault / f"Meetings/{number % 4}/Note {number}.md", note(number))
    made.settle()
    for number in range(30):
        edit_source(made.vault / f"Meetings/{number % 4}/Note {number}.md", number)
    for number, file in enumerate(sorted((made.vault / "Tasks").glob("@*.md"))):
        edit_rows(file, number)
    made.keep()
    return made


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def note(number: int) -> str:
    person, other = PEOPLE[number % 6], PEOPLE[(number + 1) % 6]
    text = (
        f"# Meeting {number}\n\nWords 🦊 before.\n\n"
        f"- [?] Ask about plan {number} @{person} 📅 2026-12-{1 + number % 28:02} #task #proposed #auto\n"
        f"- [ ] Carry crate {number} @{other} ⏫\n"
        f"\t- [/] Weigh crate {number} @{person}\n"
        f"- [ ] Water bed {number} @{other} 🔁 every week 📅 2026-11-22\n"
        f"- [ ] Burn letter {number} @{person} 🏁 delete\n\n"
        f"Words after {number}."
    )
    return text.replace("\n", "\r\n") if number % 5 == 0 else text


def edit_source(file: Path, number: int) -> None:
    text = file.read_bytes().decode()
    changes = (
        ("- [ ] Carry crate", "- [/] Carry heavy crate"),
        (" ⏫", " 🔼 ⏳ 2026-12-24"),
        ("Words after", "- [?] Come along @Gus Oak #proposed\n\nWords after"),
    )
    old, new = changes[number % 3]
    assert old in text
    file.write_bytes(text.replace(old, new).encode())


def edit_rows(file: Path, number: int) -> None:
    text = file.read_bytes().decode()
    for each in range(number % 2, 30, 2):
        for old, new in (
            (f"- [?] Ask about plan {each} ", f"- [ ] Ask all about plan {each} "),
            (f"- [ ] Water bed {each} ", f"- [x] Water bed {each} "),
            (f"- [ ] Burn letter {each} ", f"- [x] Burn letter {each} "),
            (f"- [/] Weigh crate {each} ", f"- [-] Weigh crate {each} "),
        ):
            text = text.replace(old, new)
    file.write_bytes(f"{text}\nMy own words {number}\n".encode())


def time_of_writes(place: Place) -> float:
    """Return when an undisturbed run is in the middle of its changes (seconds after its begin)."""
    place.bring_back()
    old = place.notes()
    _, began = place.run(*ONE_SHOT)
    changed = [path for path, content in place.notes().items() if content != old.get(path)]
    assert len(changed) > 30
    return median((place.vault / path).stat().st_mtime for path in changed) - began


def kill_often(place: Place, kills: int, command: tuple[str, ...], seed: int) -> Counter[str]:
    """Kill the command so often at moments drawn from a seed; return when the kills landed, as the notes show it.

    One moment of five is anywhere in a run. The others are around its writes, which are aimed at from what was hit
    before, since a machine is not always equally fast.
    """
    middle = time_of_writes(place)
    new, journal = place.notes(), place.journal()
    place.bring_back()
    old = place.notes()
    moments = random.Random(seed)  # noqa: S311 - the same moments in every run
    landed: Counter[str] = Counter()
    for number in count():
        if landed.total() == kills:
            break
        place.bring_back()
        at = middle * (moments.uniform(0.0, 2.0) if number % 5 == 0 else moments.uniform(0.75, 1.25))
        code, _ = place.run(*command, seconds=at)
        hurt, temps = place.notes(), place.temps()
        if code != KILLED:
            assert (hurt, code) == (new, 0), (number, at, (place.folder / "log").read_text())
            middle *= 0.85
            continue  # it was done before its moment came
        torn = [path for path, content in hurt.items() if content not in {old.get(path), new.get(path)}]
        assert torn == [], (number, at)
        assert old.keys() <= hurt.keys(), (number, at)
        moment = "after the writes" if hurt == new else "between the writes"
        moment = "before the writes" if hurt == old and not temps else moment
        landed[moment] += 1
        middle *= {"before the writes": 1.15, "between the writes": 1.0, "after the writes": 0.9}[moment]
        place.settle()
        calm = place.notes()
        assert calm == new, (number, at, [path for path in new if calm.get(path) != new[path]])
        assert place.temps() == [], (number, at)
        # Each edit landed once: no run that died is still open, nor was what it did done again.
        assert place.journal() == journal, (number, at, place.journal() - journal, journal - place.journal())
    return landed


COMMANDS = pytest.mark.parametrize(
    "command", [pytest.param(ONE_SHOT, id="one-shot"), pytest.param(DAEMON, id="the daemon")]
)


@COMMANDS
def test_after_a_kill_each_file_is_old_or_new_and_the_next_run_ends_where_a_calm_one_ends(
    place: Place, command: tuple[str, ...]
) -> None:
    landed = kill_often(place, 4, command, seed=4)
    assert landed.total() == 4


@COMMANDS
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(30, id="a few dozen", marks=pytest.mark.long),
        pytest.param(250, id="hundreds", marks=pytest.mark.nightly),
    ],
)
def test_after_many_kills_as_well(place: Place, command: tuple[str, ...], kills: int) -> None:
    landed = kill_often(place, kills, command, seed=kills)
    assert landed["between the writes"] > kills // 20, landed
