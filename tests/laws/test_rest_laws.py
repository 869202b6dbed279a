"""A run that finds the record of rest and one that doesn't end alike, whatever happened since it was written."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws.test_machine import NOTES
from typer.testing import CliRunner

from vaultsync import cycle, rest, scan
from vaultsync.cli import reconcile
from vaultsync.cli.set_status import set_command
from vaultsync.errors import VaultsyncError
from vaultsync.storage.folder import state_folder
from vaultsync.storage.listing import Listing
from vaultsync.storage.rest import read_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vaultsync.settings import Settings

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command("reconcile")(reconcile.reconcile_command)
APP.command("set")(set_command)
QUICK = {f"VAULTSYNC_TIMING__{name}": "0" for name in ("QUIET", "ABSENT_DELAY", "REPLICA_WAIT")}
CONFIG = 'owner: Ana\ntimezone: UTC\nexclude: ["Archive/**"]\npeople: {aliases: {Ana: [], Bo: [], Kim Ray: []}}\n'
MORE = {
    "Dated.md": (
        "---\ndate: 2026-11-20\n---\n- [ ] Sail @Bo 📅 2026-11-23\n- [x] Moor it @Bo ✅ 2026-11-17 ^t-aaaaaaaa\n"
    ),
    "Archive/Old.md": "- [ ] Not wanted @Bo\n",
    "Broken.md": "---\nalias: [\n---\n- [ ] Still a task @Ana\n",
}
Said = tuple[int, str]


@dataclass
class Vault:
    """A vault in a folder with its state beside it, and the day that it is told."""

    folder: Path
    today: str = "2026-11-22"
    rested: int = 0  # runs that found the record
    kept: Path | None = None  # a copy of the state, to be rolled back to

    @property
    def root(self) -> Path:
        return self.folder / "vault"

    @property
    def states(self) -> Path:
        return self.folder / "state"

    @property
    def state_file(self) -> Path:
        return state_folder(self.states, self.root) / "state.db"

    def command(self, *arguments: str) -> Said:
        """Run a command; return its exit code and what it printed, less what differs between two vaults and runs."""
        shared = ["--state-dir", str(self.states), "--today", self.today]
        result = CliRunner().invoke(APP, [*arguments, *shared], env=QUICK)
        error = result.exception
        if isinstance(error, VaultsyncError):
            return error.exit_code, str(error).replace(str(self.folder), "")
        assert error is None or isinstance(error, SystemExit), result.output
        return result.exit_code, result.stdout.replace(str(self.folder), "")

    def run(self, *options: str) -> tuple[int, Any]:
        code, text = self.command("reconcile", str(self.root), "--json", *options)
        said = json.loads(text) if text.startswith("{") else {"error": text}
        said.pop("seconds", None)
        return code, said

    def come_to_rest(self) -> None:
        for _ in range(3):
            self.run()

    def twin(self) -> Vault:
        """Return a vault of the same bytes, times and state, but for the record of rest."""
        twin = Vault(self.folder.with_name("twin"), self.today)
        shutil.rmtree(twin.folder, ignore_errors=True)
        shutil.copytree(self.folder, twin.folder)
        if self.state_file.exists():
            (twin.states / self.state_file.parent.name).rename(twin.state_file.parent)
            with closing(sqlite3.connect(twin.state_file)) as connection, connection:
                connection.execute("delete from rest")
        return twin

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def rewrite(self, path: str, old: str, new: str, *, times_kept: bool = False) -> None:
        target = self.root / path
        if not target.exists():
            return
        found = target.stat()
        target.write_bytes(target.read_bytes().replace(old.encode(), new.encode(), 1))
        if times_kept:
            os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))

    def postdate(self, path: str) -> None:
        if (self.root / path).exists():
            os.utime(self.root / path, (4e9, 4e9))

    def forget(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def move(self, path: str, to: str) -> None:
        if (self.root / path).exists():
            (self.root / path).rename(self.root / to)

    def swap(self, one: str, other: str) -> None:
        for path, to in ((one, "swap.tmp"), (other, one), ("swap.tmp", other)):
            self.move(path, to)

    def configure(self, more: str) -> None:
        self.write(".vaultsync/config.yaml", CONFIG + more)

    def roll_back(self) -> None:
        assert self.kept is not None
        shutil.rmtree(self.states, ignore_errors=True)
        shutil.copytree(self.kept, self.states)

    def accept(self) -> None:
        self.command("set", "Callout.md:5", "accept", "--vault", str(self.root))

    def empty(self) -> None:
        for path in self.root.rglob("*.md"):
            path.unlink()


# What may happen between two runs, and whether the second still finds the vault at rest.
CHANGES: dict[str, tuple[Callable[[Vault], object], bool]] = {
    "nothing": (lambda _: None, True),
    "a file that is no note": (lambda it: it.write("Drawing.canvas", "{}"), True),
    "a note in a dot folder": (lambda it: it.write(".trash/Old.md", "- [ ] Gone @Ana\n"), True),
    "a note reworded": (lambda it: it.rewrite("Plain.md", "Ask", "Do ask"), False),
    "as many bytes under the same time": (lambda it: it.rewrite("Plain.md", "Ask", "Beg", times_kept=True), False),
    "a row as long under the same time": (
        lambda it: it.rewrite("Tasks/@Ana.md", "- [?]", "- [ ]", times_kept=True),
        False,
    ),
    "a note touched": (lambda it: it.rewrite("Keep.md", "", ""), False),
    "a note of tomorrow": (lambda it: it.postdate("Keep.md"), False),
    "a note added": (lambda it: it.write("New.md", "- [ ] Row @Kim Ray\n- [?] Rest @Zoe Ann\n"), False),
    "a note removed": (lambda it: it.forget("Nested.md"), False),
    "a note renamed": (lambda it: it.move("Nested.md", "Other.md"), False),
    "two notes exchanged": (lambda it: it.swap("Nested.md", "Dated.md"), False),
    "a note emptied": (lambda it: it.write("Dated.md", ""), False),
    "an unwanted note edited": (lambda it: it.write("Archive/Old.md", "- [ ] Other @Bo\n"), False),
    "a row ticked": (lambda it: it.rewrite("Tasks/@Bo.md", "- [ ]", "- [x]"), False),
    "words beside the rows": (
        lambda it: it.rewrite("Tasks/@Ana.md", "%% vaultsync:end %%", "%% vaultsync:end %%\nMine"),
        False,
    ),
    "an index note removed": (lambda it: it.forget("Tasks/@Bo.md"), False),
    "the overview removed": (lambda it: it.forget("Tasks/Overview.md"), False),
    "a conflict copy": (
        lambda it: it.write("Plain.sync-conflict-20261121-101010-ABCDEFG.md", "- [ ] Ask @Ana\n"),
        False,
    ),
    "a note that only iCloud has": (lambda it: it.write(".Away.md.icloud", "x"), False),
    "a file of a write that died": (lambda it: it.write("Tasks/.vaultsync-x.tmp", "x"), False),
    "a setting": (lambda it: it.configure("index: {link_text: title}\n"), False),
    "which notes are wanted": (lambda it: it.configure("include: ['*.md', 'Tasks/*.md']\n"), False),
    "a comment in the config": (lambda it: it.configure("# mine\n"), True),
    "a mistake in the config": (lambda it: it.configure("indx: 1\n"), False),
    "Obsidian's links": (lambda it: it.write(".obsidian/app.json", '{"useMarkdownLinks": true}'), False),
    "Obsidian's settings broken": (lambda it: it.write(".obsidian/app.json", "{"), False),
    "the Tasks plugin's filter": (
        lambda it: it.write(".obsidian/plugins/obsidian-tasks-plugin/data.json", '{"globalFilter": "#task"}'),
        False,
    ),
    "a new day": (lambda it: setattr(it, "today", "2026-11-25"), False),
    "the state rolled back": (lambda it: it.roll_back(), False),
    "the state lost": (lambda it: shutil.rmtree(it.states), False),
    "a command": (lambda it: it.accept(), False),
    "the vault emptied": (lambda it: it.empty(), False),
}


@contextmanager
def made(*, trusted: bool) -> Iterator[Vault]:
    """Make a vault at rest; where stamps are `trusted`, also those of notes that were written just now."""
    counted = rest.still_at_rest

    def counting(*arguments: Any) -> Any:
        record = counted(*arguments)
        vault.rested += record is not None
        return record

    with (
        tempfile.TemporaryDirectory(prefix="vaultsync-rest-") as folder,
        patch("os.fsync"),
        patch.object(scan, "_FRESH", 0.0 if trusted else 1e6),
        patch.object(reconcile, "still_at_rest", counting),
    ):
        vault = Vault(Path(folder) / "it")
        for path, text in {**NOTES, **MORE, ".vaultsync/config.yaml": CONFIG, ".obsidian/app.json": "{}"}.items():
            vault.write(path, text)
        vault.run()
        vault.kept = vault.folder.with_name("kept")
        shutil.copytree(vault.states, vault.kept)
        vault.come_to_rest()
        yield vault


def held_alike(vault: Vault, *options: str) -> None:
    """Let the vault run, and one that is the same but for the record; hold them to the same end."""
    twin = vault.twin()
    said, unrecorded = vault.run(*options), twin.run(*options)
    vault_name, twin_name = said[1].pop("vault", None), unrecorded[1].pop("vault", None)
    assert (vault_name is None) == (twin_name is None)
    assert said == unrecorded
    assert vault.files() == twin.files()


@pytest.mark.parametrize("trusted", [True, False], ids=["stamps trusted", "digests compared"])
@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change_a_run_ends_as_without_the_record(name: str, trusted: bool) -> None:  # noqa: FBT001
    change, stays = CHANGES[name]
    with made(trusted=trusted) as vault:
        assert read_rest(vault.state_file) is not None
        vault.rested = 0
        change(vault)
        held_alike(vault, "--dry-run")
        held_alike(vault)
        assert vault.rested == (2 if stays else 0)
        for _ in range(3):
            held_alike(vault)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5), trusted=st.booleans())
def test_after_changes_runs_end_as_without_the_record(names: list[str], *, trusted: bool) -> None:
    with made(trusted=trusted) as vault:
        for name in names:
            CHANGES[name][0](vault)
            held_alike(vault, "--check")
            held_alike(vault)
            held_alike(vault)


def test_the_law_finds_a_record_that_knows_nothing_of_the_notes() -> None:
    def blind(_settings: Settings) -> Listing:
        return Listing()

    with (
        patch.object(rest, "list_all", blind),
        patch.object(cycle, "list_all", blind),
        patch.object(scan.Scanner, "is_as_listed", lambda *_: True),
        made(trusted=True) as vault,
    ):
        CHANGES["a note reworded"][0](vault)
        with pytest.raises(AssertionError):
            held_alike(vault)


def test_what_is_told_once_is_told_by_one_run_and_by_dry_runs() -> None:
    with made(trusted=True) as vault:
        rows = (vault.root / "Tasks/@Bo.md").read_text(encoding="utf-8").split("\n")
        row = next(line for line in rows if line.startswith("- [ ]"))
        vault.write("Mirror.md", f"{row}\n")
        told = ["Mirror.md" in {problem["path"] for problem in vault.run()[1]["problems"]} for _ in range(4)]
        assert told == [True, False, False, False]
        assert vault.rested >= 2
        assert "Mirror.md" in {problem["path"] for problem in vault.run("--dry-run")[1]["problems"]}
