"""One cycle on a real folder, where any call fails, the run dies at any point, or somebody types all the while."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import tempfile
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from unittest.mock import patch

import pytest
from crash.stages import NESTED, NOTES, OTHER, PLAIN, WINDOWS, edited_vault, fresh_vault, leftovers, rested, words
from laws.vault_model import ANA, KIM, FolderVault

from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.verify import apply_edits
from vaultsync.storage import vault as files
from vaultsync.storage.exchange import exchange
from vaultsync.storage.state import State, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


P = ParamSpec("P")
R = TypeVar("R")


class KilledError(BaseException):
    """The end of a run by kill -9: nothing that the run would still do happens."""


class Fault:
    """Counts the calls that change something, and fails one of them; dead, it lets nothing more through."""

    def __init__(self, number: int, what: type[KilledError] | int, *, after: bool = False) -> None:
        self.left = number
        self.what = what  # how it fails: by a kill, or with an error number
        self.after = after  # the call is still made
        self.hit = ""  # the name of the call that failed
        self.dead = False

    def wrap(self, name: str, call: Callable[P, R]) -> Callable[P, R]:
        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            if self.dead:
                raise KilledError
            self.left -= 1
            if self.left:
                return call(*args, **kwargs)
            self.hit = name
            self.dead = self.what is KilledError
            if self.after:
                call(*args, **kwargs)
            if isinstance(self.what, int):
                # What SQLite tells of a full disk comes as the state's own error.
                raise StateError("full") if name.startswith("State") else OSError(self.what, os.strerror(self.what))
            raise KilledError

        return counted

    @contextmanager
    def injected(self) -> Iterator[None]:
        places: list[tuple[Any, str]] = [
            (State, "record"),
            (State, "save"),
            (tempfile, "mkstemp"),
            (os, "fsync"),
            (os, "link"),
            (files, "exchange"),
            (Path, "replace"),
            (Path, "unlink"),
        ]
        with ExitStack() as stack:
            for owner, name in places:
                call = self.wrap(f"{owner.__name__}.{name}", getattr(owner, name))
                # A plain function, so that it binds as a method where it is one.
                stack.enter_context(patch.object(owner, name, call))
            yield


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def fresh(tmp_path: Path) -> FolderVault:
    return fresh_vault(tmp_path / "fresh")


@pytest.fixture
def edited(tmp_path: Path) -> FolderVault:
    return edited_vault(tmp_path / "edited")


def journal(vault: FolderVault) -> list[PlannedEdit]:
    """Return the edits that the last run planned, as the journal has them."""
    connection = sqlite3.connect(vault.state_file)
    try:
        found = connection.execute(
            "select path, line, before, after, why from journal where run = (select max(run) from journal)"
        ).fetchall()
    finally:
        connection.close()
    return [
        PlannedEdit(path, line, before, () if after is None else tuple(after.split("\n")), why)
        for path, line, before, after, why in found
    ]


@contextmanager
def journal_first(vault: FolderVault) -> Iterator[list[str]]:
    """Hold every write of a source note to the journal, as it is when the write begins; yield what was written."""
    written: list[str] = []
    write = files.write

    def watched(root: Path, path: str, content: bytes, expected: str | None, *rest: Any) -> None:
        if not path.startswith("Tasks/"):
            told = [entry for entry in journal(vault) if entry.path == path]
            assert content.decode() == apply_edits(vault.read(path), told)
            written.append(path)
        write(root, path, content, expected, *rest)

    with patch.object(files, "write", watched):
        yield written


def test_a_cycle_writes_each_edit_into_the_journal_before_it_changes_the_file(edited: FolderVault) -> None:
    with journal_first(edited) as written:
        edited.turn()
    assert sorted(written) == [WINDOWS, NESTED, PLAIN]


@pytest.mark.parametrize(
    ("what", "after"),
    [
        pytest.param(errno.ENOSPC, False, id="the disk is full"),
        pytest.param(errno.EACCES, False, id="permission is denied", marks=pytest.mark.long),
        pytest.param(KilledError, False, id="killed before"),
        pytest.param(KilledError, True, id="killed after"),
    ],
)
@pytest.mark.long  # test_call_faults fails a choice of calls every day, a level below
@pytest.mark.parametrize("stage", ["fresh", "edited"])
def test_whichever_call_fails_the_next_runs_end_where_a_run_without_fault_ends(
    stage: str,
    what: type[KilledError] | int,
    after: bool,  # noqa: FBT001 - pytest passes it by name
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    vault: FolderVault = request.getfixturevalue(stage)
    calm = rested(vault, tmp_path / "calm")
    seen: set[str] = set()
    for number in count(1):
        hurt = vault.copy(tmp_path / f"hurt-{number}")
        fault = Fault(number, what, after=after)
        with fault.injected(), journal_first(hurt):
            try:
                problems = words(hurt.turn())
            except (KilledError, StateError) as error:
                problems = repr(error)
        if not fault.hit:
            break
        seen.add(fault.hit)
        # A file system without hard links has another way, a temporary file is removed by the next run, and a replaced
        # file that can't be moved into the backups is kept open.
        assert problems or fault.hit in {"os.link", "Path.unlink", "Path.replace"}, (number, fault.hit)
        with journal_first(hurt):
            hurt.come_to_rest()
        assert hurt.texts() == calm.texts(), (number, fault.hit)
        assert hurt.base() == calm.base(), (number, fault.hit)
        assert leftovers(hurt) == [], (number, fault.hit)
    assert {"State.record", "State.save", "tempfile.mkstemp", "os.fsync", "os.link", "Path.replace"} <= seen
    assert "vaultsync.storage.vault.exchange" in seen


@contextmanager
def closed_to_us(vault: FolderVault, path: str) -> Iterator[None]:
    """Let the system refuse every write of one note."""

    def refusing(temp: Path, target: Path) -> bool:
        if target == vault.root / path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return exchange(temp, target)

    with patch.object(files, "exchange", refusing):
        yield


def test_an_id_of_a_line_that_could_not_be_written_stays_free(edited: FolderVault) -> None:
    with closed_to_us(edited, NESTED):
        edited.turn()
    state = State(edited.state_file)
    state.close()
    everything = "".join(edited.texts().values())
    assert {name for name in state.ids if f"^{name}" not in everything} == set()


def test_a_state_that_cannot_be_written_keeps_every_note_as_it_was(edited: FolderVault) -> None:
    before = edited.texts()
    with Fault(1, errno.ENOSPC).injected(), pytest.raises(StateError):
        edited.turn()
    assert edited.texts() == before


@contextmanager
def typing(hand: Callable[[Path, str], None]) -> Iterator[None]:
    """Let somebody's hand be faster than each write: it gets the root and the path that is about to be written."""
    write = files.write

    def slower(root: Path, path: str, content: bytes, expected: str | None, *rest: Any) -> None:
        hand(root, path)
        write(root, path, content, expected, *rest)

    with patch.object(files, "write", slower):
        yield


def test_a_file_that_changes_between_plan_and_write_is_planned_on_again_and_nothing_is_lost(
    edited: FolderVault, tmp_path: Path
) -> None:
    calm = rested(edited, tmp_path / "calm")
    for number in count(1):
        hasty = edited.copy(tmp_path / f"hasty-{number}")
        left, hit = number, ""

        def hand(root: Path, path: str) -> None:
            nonlocal left, hit
            left -= 1
            if left == 0:
                hit = path
                with (root / path).open("ab") as file:
                    file.write(b"\n\nTyped meanwhile\n")

        with typing(hand):
            outcome = hasty.turn()
        if not hit:
            break
        assert words(outcome).count("kept changing") == 0
        assert hasty.read(hit).count("Typed meanwhile") == 1, hit
        hasty.come_to_rest()
        if hit in edited.texts():
            assert hasty.read(hit) == calm.read(hit) + "\n\nTyped meanwhile\n"
        rest = hasty.texts().keys() - {hit}
        assert {path: hasty.read(path) for path in rest} == {path: calm.read(path) for path in rest}, hit
    assert number > len(NOTES)


def test_an_edit_of_a_line_that_is_about_to_be_written_is_merged_with_the_row(edited: FolderVault) -> None:
    def hand(root: Path, path: str) -> None:
        file = root / path
        if path == PLAIN:
            file.write_bytes(file.read_bytes().replace(b"2026-11-25", b"2026-12-31"))

    with typing(hand):
        edited.turn()
    source = next(line for line in edited.read(PLAIN).splitlines() if "Ask them" in line)
    assert source.startswith("- [ ] Ask them now @Ana 📅 2026-12-31 #task ^t-")
    assert "📅 2026-12-31" in next(line for line in edited.read(ANA).splitlines() if "Ask them now" in line)


def test_a_row_that_is_edited_while_its_note_is_about_to_be_written_is_an_edit(edited: FolderVault) -> None:
    def hand(root: Path, path: str) -> None:
        file = root / path
        if path == ANA:
            file.write_bytes(file.read_bytes().replace(b"- [ ] Wait", b"- [/] Wait"))

    with typing(hand):
        edited.turn()
    assert edited.read(OTHER).startswith("> - [/] Wait @Ana")
    assert "- [/] Wait" in edited.read(ANA)


def test_a_vault_that_changes_at_every_write_is_left_for_a_next_run_and_nothing_is_lost(
    edited: FolderVault, tmp_path: Path
) -> None:
    calm = rested(edited, tmp_path / "calm")
    typed: list[str] = []

    def hand(root: Path, path: str) -> None:
        typed.append(f"\n\nTyped {len(typed)}, the last\n")
        with (root / path).open("a", encoding="utf-8", newline="") as file:
            file.write(typed[-1])

    with typing(hand):
        outcome = edited.turn()
    assert "kept changing" in words(outcome)
    assert outcome.written == frozenset()
    assert outcome.wait is not None
    edited.come_to_rest()
    everything = "".join(edited.texts().values())
    assert [line for line in typed if everything.count(line) != 1] == []
    for path, text in calm.texts().items():
        assert edited.read(path).startswith(text)


@pytest.mark.parametrize(
    ("closed", "row"),
    [
        pytest.param(PLAIN, "- [ ] Ask them now", id="a source note"),
        pytest.param(ANA, "- [x] Burn it", id="an index note"),
    ],
)
def test_a_note_that_may_not_be_written_is_told_the_others_go_on_and_its_row_stays(
    closed: str, row: str, edited: FolderVault, tmp_path: Path
) -> None:
    calm = rested(edited, tmp_path / "calm")
    before = edited.read(closed)
    with closed_to_us(edited, closed):
        for _ in range(3):
            outcome = edited.turn()
            assert f"{closed}: can't be written: Permission denied" in words(outcome)
            assert edited.read(closed) == before
            assert any(line.startswith(row) for line in edited.read(ANA).splitlines())
            assert leftovers(edited) == []
    others = {WINDOWS, NESTED, KIM}
    assert {path: edited.read(path) for path in others} == {path: calm.read(path) for path in others}
    edited.come_to_rest()
    assert edited.texts() == calm.texts()


def test_a_file_system_that_cannot_sync_folders_is_written_to_all_the_same(
    edited: FolderVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = rested(edited, tmp_path / "calm")

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", fsync)
    assert "can't be written" not in words(edited.turn())
    edited.come_to_rest()
    assert edited.texts() == calm.texts()
