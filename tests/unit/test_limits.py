"""The limits on a note: each tells where, what was found, which setting raises it; nothing of such a note is lost."""

from __future__ import annotations

import resource
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from laws.vault_model import FolderVault, region_lines
from system.installed import COMMAND

from vaultsync.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTE = "Area/Note.md"
ANA = "Tasks/@Ana.md"


@dataclass(frozen=True)
class Excess:
    """A way to make a note too large: what is put before or behind its task, and how it is told."""

    setting: str
    over: Callable[[str], str]
    line: int | None
    found: str
    raised: int


EXCESSES = [
    Excess("note_bytes", lambda text: text + "x" * 2_000, None, "the note is 2048 bytes, larger than 1000", 10_000),
    Excess("line_chars", lambda text: text.replace("buoy", "buoy " * 100), 1, "the line has 543 characters", 1000),
    Excess(
        "frontmatter_bytes", lambda text: f"---\na: {'x' * 600}\n---\n{text}", 1, "the frontmatter is 604 bytes", 700
    ),
    Excess("nesting", lambda text: f"{text}\n{'> ' * 30}- [ ] deep @Ana\n", 3, "stand more than 20 deep", 40),
]
SMALL = {"note_bytes": 1000, "line_chars": 500, "frontmatter_bytes": 500, "nesting": 20}


def limited(tmp_path: Path, **raised: int) -> FolderVault:
    vault = FolderVault(tmp_path)
    limits = ", ".join(f"{name}: {value}" for name, value in {**SMALL, **raised}.items())
    (vault.root / "vaultsync.yaml").write_text(f"people: {{aliases: {{Ana: []}}}}\nlimits: {{{limits}}}\n")
    vault.settings = load_settings(vault.root)
    return vault


def rows(vault: FolderVault) -> list[str]:
    return [line for line in region_lines(vault.read(ANA)) if "#^t-" in line]


@pytest.mark.parametrize("excess", EXCESSES, ids=lambda excess: excess.setting)
def test_a_note_that_grows_over_a_limit_is_set_aside_and_keeps_its_rows(tmp_path: Path, excess: Excess) -> None:
    vault = limited(tmp_path)
    vault.write(NOTE, "- [?] Paint the buoy @Ana #proposed\n")
    vault.write("Other.md", "- [ ] Oil the winch @Ana\n")
    vault.turn()
    before = rows(vault)
    assert len(before) == 2
    grown = excess.over(vault.read(NOTE))
    vault.write(NOTE, grown)
    vault.write("Third.md", "- [ ] Coil the rope @Ana\n")
    vault.write(ANA, vault.read(ANA).replace("- [?] Paint", "- [ ] Paint"))
    for _ in range(3):
        outcome = vault.turn()
        vault.later += 100
        (problem,) = outcome.problems
        assert (problem.path, problem.line) == (NOTE, excess.line)
        assert excess.found in problem.what
        assert problem.what.endswith(f"`limits.{excess.setting}` raises the limit")
        assert vault.read(NOTE) == grown
    assert {before[0].replace("[?]", "[ ]"), before[1]} < set(rows(vault))
    assert any("Coil the rope" in row for row in rows(vault))
    raised = limited(tmp_path, **{excess.setting: excess.raised})
    raised.turn()
    raised.later += 100
    assert raised.turn().problems == ()
    assert "- [ ] Paint" in raised.read(NOTE)
    assert raised.read(NOTE).split("@Ana")[0] == grown.replace("- [?] Paint", "- [ ] Paint").split("@Ana")[0]


@pytest.mark.parametrize("excess", EXCESSES, ids=lambda excess: excess.setting)
def test_the_command_tells_of_a_note_over_a_limit(tmp_path: Path, excess: Excess) -> None:
    vault = limited(tmp_path)
    vault.write(NOTE, excess.over("- [?] Paint the buoy @Ana ^t-00000000\n"))
    command = [str(COMMAND), "reconcile", str(vault.root), "--state-dir", str(tmp_path / "state")]
    done = subprocess.run(command, env={"VAULTSYNC_TIMING__QUIET": "0"}, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    place = NOTE if excess.line is None else f"{NOTE}:{excess.line}"
    assert f"problem  {place}  " in done.stdout
    assert f"`limits.{excess.setting}` raises the limit" in done.stdout


def test_a_note_of_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path)
    vault.write("Other.md", "- [ ] Oil the winch @Ana\n")
    with (vault.root / "Huge.md").open("wb") as file:
        file.truncate(100_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = vault.turn()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert [problem.path for problem in outcome.problems] == ["Huge.md"]
    assert "100000000 bytes" in outcome.problems[0].what
    assert len(rows(vault)) == 1


@pytest.mark.parametrize(
    "text",
    ["x" * 9_900_000, "- [ ] " + "x " * 4_900_000, "a @Ana `" * 1_000_000, "- [ ] " + "[[a" * 3_000_000],
    ids=["plain", "a task", "mentions", "brackets"],
)
def test_a_line_of_ten_megabytes_hangs_nothing(tmp_path: Path, text: str) -> None:
    vault = FolderVault(tmp_path)
    vault.write("Long.md", f"{text}\n\n- [ ] Oil the winch @Ana\n")
    began = time.process_time()
    outcome = vault.turn()
    assert time.process_time() - began < 60  # a catastrophe, not a measurement
    over = text.startswith("- ")
    assert [problem.line for problem in outcome.problems] == ([1] if over else [])
