"""A race with an editor that saves without a pause, in a process of its own: none of its edits is lost.

Where an edit collides with what the editor itself wrote over ours meanwhile, its text is kept in the backups and told.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from laws.vault_model import NO_WAITS, TODAY, FolderVault

from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.storage import late, vault
from vaultsync.storage.backups import Backups
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BOUND = 120.0  # seconds that an editor may take
STYLES = ("atomic", "truncate", "update")
OURS = b"ours: "
NOTE = OURS + b"0\n\n# Notes\n\nThe last line\n"


@contextmanager
def editor(note: Path, style: str, edits: int) -> Iterator[Callable[[], bool]]:
    """Run the editor; yields what tells whether it is still at work."""
    script = Path(__file__).with_name("busy_editor.py")
    arguments = [sys.executable, str(script), str(note), style, str(edits)]
    until = time.monotonic() + BOUND
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"

            def works() -> bool:
                assert time.monotonic() < until, "the editor doesn't come to its end"
                return child.poll() is None

            yield works
            assert child.returncode == 0
        finally:
            if child.poll() is None:
                child.kill()


def lost(note: Path, edits: int, told: Iterable[str]) -> list[int]:
    """Return the edits that stand neither in the note nor in a backup that somebody was told of."""
    kept = [Path(found[1]) for what in told if (found := re.search(r"is kept in (.*\.md)", what))]
    lines = {line for file in (note, *kept) for line in file.read_bytes().split(b"\n")}
    return [number for number in range(edits) if b"token-%d" % number not in lines]


def race(root: Path, style: str, edits: int, backups: Backups) -> dict[str, int]:
    """Change the note's first line over and over while the editor works; return how often that did what."""
    note = root / "N.md"
    note.write_bytes(NOTE)
    counts = {"written": 0, "changed": 0}
    with editor(note, style, edits) as works:
        while works():
            content = vault.read(root, "N.md")
            if not content.startswith(OURS) or not content.endswith(b"\n"):
                continue  # in the middle of a save
            first, _, rest = content.partition(b"\n")
            ours = OURS + b"%d\n" % (int(first.removeprefix(OURS)) + 1) + rest
            try:
                vault.write(root, "N.md", ours, vault.digest_of(content), backups)
                counts["written"] += 1
            except vault.TargetChangedError:
                counts["changed"] += 1
            late.look_again(root, backups, time.monotonic())
    now = time.monotonic()
    while late.look_again(root, backups, now) is not None:
        now += 1.0
    return counts


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("edits", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_no_edit_of_a_busy_editor_is_lost(style: str, edits: int, tmp_path: Path) -> None:
    root = tmp_path / "vault"
    root.mkdir()
    backups = Backups(tmp_path / "state")
    race(root, style, edits, backups)
    assert lost(root / "N.md", edits, (problem.what for problem in backups.remarks)) == []
    assert sorted(file.name for file in root.iterdir()) == ["N.md"]


@pytest.mark.parametrize("stays", [False, True], ids=["one-shot", "daemon"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("edits", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_no_edit_of_a_busy_editor_is_lost_to_whole_turns(
    edits: int, style: str, tmp_path: Path, *, stays: bool
) -> None:
    waits = replace(NO_WAITS, late=late.LATE if stays else 0.0)
    folder = FolderVault(tmp_path)
    folder.write("N.md", "- [?] Ask now @Ana #proposed\n\n# Notes\n\nThe last line\n")
    state = State(folder.state_file)
    clock = Clock(today=TODAY)
    wheel = Wheel(folder.settings, state, clock, waits, stays=stays)
    note, row = folder.root / "N.md", folder.root / "Tasks/@Ana.md"
    try:
        turns = 0
        told: list[str] = []
        with editor(note, style, edits) as works:
            while works():
                told += [problem.what for problem in wheel.turn().problems]
                wheel.look_again()
                turns += 1
                if row.exists():
                    row.write_text(re.sub(r"Ask \w+", f"Ask {turns}", row.read_text()))
        told += [problem.what for problem in wheel.turn().problems]
        while (pause := wheel.look_again()) is not None:
            clock.sleep(pause)
        told += [problem.what for problem in wheel.backups.take_remarks()]
    finally:
        state.close()
    assert lost(note, edits, told) == []
    assert turns > 0
