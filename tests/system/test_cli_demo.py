"""`vaultsync demo`: what it shows is there, and what it says to try works as it stands."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from system.installed import Installed


def test_the_commands_that_it_shows_work_as_shown(vaultsync: Installed, tmp_path: Path) -> None:
    folder = tmp_path / "an example"
    told = vaultsync("demo", folder)
    shown = [shlex.split(line) for line in told.splitlines() if re.match(r"    \S*vaultsync ", line)]
    commands = [words[1:] for words in shown]
    assert [words[0] for words in commands] == ["reconcile", "tasks", "set", "run"]
    (row,) = {line.strip() for line in told.splitlines() if "Write the notice for the ferry" in line and "↗" in line}
    assert row.startswith("- [?] ")
    note = folder / "Tasks/@Ines Halloran.md"
    text = note.read_text()
    note.write_text(text.replace("- [?] Write the notice", "- [ ] Write the notice", 1))
    vaultsync(*commands[0])
    (source,) = folder.glob("Meetings/* - Lamp room kick-off.md")
    assert "- [ ] Write the notice for the ferry about the test lighting." in source.read_text()
    assert "Borrow the long ladder" in vaultsync(*commands[1])
    assert "1 task done." in vaultsync(*commands[2])
    assert "- [x] Write the notice for the ferry about the test lighting." in source.read_text()


def test_a_folder_that_holds_something_is_left_alone(vaultsync: Installed, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/note.md").write_text("- [ ] Mine\n")
    assert "isn't empty" in vaultsync("demo", tmp_path / "mine", expect=2)
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["note.md"]


def test_a_state_folder_within_the_example_is_refused_before_anything_is_written(
    vaultsync: Installed, tmp_path: Path
) -> None:
    folder = tmp_path / "example"
    assert "--state-dir" in vaultsync("demo", folder, "--state-dir", folder / "state", expect=2)
    assert not folder.exists()


def test_an_example_made_again_on_another_day_starts_anew(vaultsync: Installed, tmp_path: Path) -> None:
    folder = tmp_path / "vaultsync-demo"
    vaultsync("demo", folder, "--today", "2026-11-22")
    folder.rename(tmp_path / "thrown away")
    vaultsync("demo", folder, "--today", "2027-01-05")
    assert "Everything is in step" in vaultsync("reconcile", folder, "--today", "2027-01-05")
