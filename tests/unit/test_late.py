"""What is saved at the very moment of a write, or into the file that it displaced, ends up in the note."""

from __future__ import annotations

import errno
import os
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from laws.vault_model import FolderVault

from vaultsync.storage import late, vault
from vaultsync.storage.backups import Backups
from vaultsync.storage.displaced import Displaced
from vaultsync.storage.exchange import exchange as real_exchange
from vaultsync.storage.listing import list_notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

BEFORE = "- [?] Ask Ana\n- [ ] Tell Bo\n\nEnd\n"
OURS = BEFORE.replace("[?]", "[ ]")
TYPED = BEFORE.replace("End", "Typed\nEnd")
BOTH = OURS.replace("End", "Typed\nEnd")


class Writing:
    """A vault with one note, its backups, and a clock that stands until it is told."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "vault"
        self.root.mkdir()
        self.note.write_text(BEFORE)
        self.backups = Backups(folder / "state" / "backups")
        self.now = 100.0

    @property
    def note(self) -> Path:
        return self.root / "N.md"

    def write(self) -> None:
        vault.write(self.root, "N.md", OURS.encode(), vault.digest_of(BEFORE.encode()), self.backups)

    def look(self, later: float = 0.0) -> float | None:
        self.now += later
        return late.look_again(self.root, self.backups, self.now)

    def look_to_the_end(self) -> None:
        for _ in range(200):
            if self.look(0.2) is None:
                return
        raise AssertionError("it never ends")

    def kept(self) -> list[str]:
        folder = self.backups.folder
        return sorted(file.read_text() for file in folder.iterdir()) if folder.exists() else []

    def after_a_kill(self) -> None:
        """Let another run find what this one left."""
        self.backups = Backups(self.backups.folder)
        late.recover(self.root, self.backups)


@pytest.fixture(params=["exchange", "exchange, backups elsewhere", "no exchange"])
def writing(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writing:
    if request.param == "no exchange":
        monkeypatch.setattr(vault, "exchange", lambda *_: False)
    if request.param == "exchange, backups elsewhere":
        elsewhere(monkeypatch, tmp_path / "state")
    return Writing(tmp_path)


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let a folder be on another file system."""
    real = Path.replace

    def replace(self: Path, target: Path | str) -> Path:
        if Path(target).is_relative_to(folder) != self.is_relative_to(folder):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.fixture
def exchanging(tmp_path: Path) -> Writing:
    return Writing(tmp_path)


def hand(monkeypatch: pytest.MonkeyPatch, *actions: Callable[[], object]) -> None:
    """Let somebody act just before each exchange, that is after the last look at the note."""
    left = list(actions)

    def exchange(one: Path, other: Path) -> bool:
        if left:
            left.pop(0)()
        return real_exchange(one, other)

    monkeypatch.setattr(vault, "exchange", exchange)


def save(note: Path, text: str) -> None:
    beside = note.with_name(".editor")
    beside.write_text(text)
    beside.replace(note)


def test_a_write_that_nobody_disturbs_leaves_no_trace(writing: Writing) -> None:
    writing.write()
    assert writing.look() is not None
    writing.look_to_the_end()
    assert writing.note.read_text() == OURS
    assert writing.kept() == []
    assert [file.name for file in writing.root.iterdir()] == ["N.md"]


def test_what_an_editor_writes_into_the_displaced_file_comes_into_the_note(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH
    assert writing.kept() == []
    assert writing.backups.remarks == []


def test_a_second_late_save_is_brought_in_as_well(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
        editor.flush()
        for _ in range(4):
            writing.look(2.0)
        assert writing.note.read_text() == BOTH
        editor.seek(0)
        editor.write(TYPED + "More\n")
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH + "More\n"


def test_a_late_save_that_collides_with_our_change_wins(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(BEFORE.replace("[?]", "[-]"))
    writing.look_to_the_end()
    assert writing.note.read_text() == BEFORE.replace("[?]", "[-]")


def test_a_late_save_that_collides_with_what_a_third_one_wrote_is_kept_and_told(writing: Writing) -> None:
    theirs = BEFORE.replace("[?]", "[-]")
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(theirs)
    save(writing.note, OURS.replace("[ ] Ask", "[x] Ask"))
    writing.look_to_the_end()
    assert writing.note.read_text() == OURS.replace("[ ] Ask", "[x] Ask")
    assert writing.kept() == [theirs]
    assert [(told.path, "can't be merged" in told.what) for told in writing.backups.remarks] == [("N.md", True)]


def test_of_a_late_save_that_collides_what_does_not_collide_is_brought_in(writing: Writing) -> None:
    theirs = TYPED.replace("[?]", "[-]")
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(theirs)
    save(writing.note, OURS.replace("[ ] Ask", "[x] Ask"))
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH.replace("[ ] Ask", "[x] Ask")
    assert writing.kept() == [theirs]
    assert len(writing.backups.remarks) == 1


def test_what_somebody_takes_out_each_time_is_kept_and_told_at_last(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
    for _ in range(200):
        if writing.look(0.2) is None:
            break
        if "Typed" in writing.note.read_text():
            save(writing.note, OURS)
    assert writing.note.read_text() == OURS
    assert writing.kept() == [TYPED]
    assert len(writing.backups.remarks) == 1


def test_an_emptied_file_is_waited_for_and_never_merged(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.truncate(0)
        for _ in range(20):
            writing.look(0.2)
        assert writing.note.read_text() == OURS
        editor.write(TYPED)
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH


def test_a_file_that_stays_empty_is_given_up_at_last(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.truncate(0)
    writing.look_to_the_end()
    assert writing.note.read_text() == OURS
    assert writing.kept() == []


def test_a_save_that_goes_on_only_after_long_is_waited_for_while_the_file_is_open(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.truncate(0)
        for _ in range(50):
            assert writing.look(late.LATE) is not None
        editor.write(TYPED)
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH


def test_a_save_that_goes_on_is_not_taken_by_halves(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.truncate(0)
        editor.write("Typed\n" + BEFORE[:5])
        editor.flush()
        writing.look(late.LATE)
        writing.look(late.LATE)
        assert "Typed" not in writing.note.read_text()
        editor.write(BEFORE[5:])
        editor.flush()
        writing.look(late.STEADY)
    writing.look_to_the_end()
    assert writing.note.read_text() == "Typed\n" + OURS


def test_what_was_brought_in_comes_again_if_the_editor_writes_over_it(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
    for _ in range(4):
        writing.look(2.0)
    assert writing.note.read_text() == BOTH
    save(writing.note, OURS + "Another\n")
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH + "Another\n"


def test_a_late_save_into_a_note_that_was_deleted_is_kept_and_told(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
    writing.note.unlink()
    writing.look_to_the_end()
    assert not writing.note.exists()
    assert writing.kept() == [TYPED]
    assert len(writing.backups.remarks) == 1


def test_a_run_that_ends_looks_once_more(writing: Writing) -> None:
    slept: list[float] = []
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
    late.finish(writing.root, writing.backups, writing.now, slept.append)
    assert writing.note.read_text() == BOTH
    assert late.LATE <= sum(slept) <= late.LATE + 4 * late.STEADY


def test_a_run_that_ends_brings_in_again_what_the_editor_writes_over(writing: Writing) -> None:
    def sleep(_: float) -> None:
        if writing.note.read_text() == BOTH:
            save(writing.note, OURS + "Another\n")

    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
    late.finish(writing.root, writing.backups, writing.now, sleep)
    assert writing.note.read_text() == BOTH + "Another\n"


def test_a_run_that_ends_waits_for_nobody_where_nobody_writes(writing: Writing) -> None:
    writing.write()
    late.finish(writing.root, writing.backups, writing.now, lambda _: pytest.fail("it waited"))
    assert writing.kept() == []


def test_a_run_that_ends_waits_for_an_editor_that_has_the_displaced_file_open(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()

        def sleep(_: float) -> None:
            editor.seek(0)
            editor.write(TYPED)
            editor.flush()

        late.finish(writing.root, writing.backups, writing.now, sleep)
    assert writing.note.read_text() == BOTH


def test_a_run_that_ends_looks_twice_where_the_system_does_not_tell_who_has_a_file_open(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Displaced, "is_open", lambda _: None)
    slept: list[float] = []
    writing.write()
    late.finish(writing.root, writing.backups, writing.now, slept.append)
    assert slept == [pytest.approx(late.STEADY)]
    assert writing.kept() == []


def test_a_save_that_ends_while_the_displaced_file_is_looked_at_is_not_missed(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = writing.note.open("r+")
    writing.write()
    real = Displaced.content

    def content(self: Displaced) -> bytes | None:
        found = real(self)
        if not editor.closed:
            editor.write(TYPED)  # just after it was read
            editor.close()
        return found

    monkeypatch.setattr(Displaced, "content", content)
    writing.look()
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH


def test_an_editor_that_keeps_the_displaced_file_open_for_long_is_heard(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        for _ in range(50):
            assert writing.look(late.LATE) is not None
        editor.write(TYPED)
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH


def test_an_editor_that_keeps_the_displaced_file_open_after_a_save_is_heard_again(writing: Writing) -> None:
    with writing.note.open("r+") as editor:
        writing.write()
        editor.write(TYPED)
        editor.flush()
        for _ in range(50):
            assert writing.look(late.LATE) is not None
        assert writing.note.read_text() == BOTH
        editor.seek(0)
        editor.write(TYPED + "More\n")
    writing.look_to_the_end()
    assert writing.note.read_text() == BOTH + "More\n"
    assert writing.backups.pending == []


def test_a_save_that_is_not_complete_at_the_end_of_a_run_is_found_by_the_next(writing: Writing) -> None:
    editor = writing.note.open("r+")
    writing.write()
    editor.truncate(0)
    editor.write("Typed\n" + BEFORE)
    editor.flush()
    sizes = cycle((3, 4))
    late.finish(writing.root, writing.backups, writing.now, lambda _: cut(editor, next(sizes)))
    editor.close()
    assert writing.note.read_text() == OURS
    writing.after_a_kill()
    assert len(writing.backups.pending) == 1


def cut(editor: IO[str], size: int) -> None:
    editor.truncate(size)


def test_many_displaced_files_are_not_all_held_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere(monkeypatch, tmp_path / "state")
    writing = Writing(tmp_path)
    for number in range(100):
        (writing.root / f"{number}.md").write_text("old")
        vault.write(writing.root, f"{number}.md", b"new", vault.digest_of(b"old"), writing.backups)
    assert sum(displaced.is_held for displaced in writing.backups.pending) == 64
    writing.look_to_the_end()
    assert writing.kept() == []


# -- in the last moment before the exchange


def test_what_is_saved_in_the_last_moment_stands_where_it_was_saved(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand(monkeypatch, lambda: save(exchanging.note, TYPED))
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    assert exchanging.note.read_text() == TYPED
    exchanging.look_to_the_end()
    assert exchanging.note.read_text() == TYPED
    assert exchanging.kept() == []
    assert [file.name for file in exchanging.root.iterdir()] == ["N.md"]


def test_the_newest_of_several_saves_stands_and_the_others_are_merged(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = "First\n" + BEFORE
    hand(monkeypatch, lambda: save(exchanging.note, TYPED), lambda: save(exchanging.note, newer))
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    assert exchanging.note.read_text() == newer
    exchanging.look_to_the_end()
    assert exchanging.note.read_text() == "First\n" + TYPED
    assert exchanging.kept() == []


def test_an_editor_that_read_our_text_while_it_was_out_loses_nothing_of_its_own(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand(monkeypatch, lambda: save(exchanging.note, TYPED))
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    save(exchanging.note, OURS + "Another\n")
    exchanging.look_to_the_end()
    assert exchanging.note.read_text() == BOTH + "Another\n"


def test_what_was_saved_over_our_text_while_it_was_out_collides_with_nothing_of_ours(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = "First\n" + OURS
    hand(
        monkeypatch,
        lambda: save(exchanging.note, BEFORE + "Last\n"),
        lambda: save(exchanging.note, OURS.replace("End", "Typed\nEnd")),
        lambda: save(exchanging.note, newest),
    )
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    exchanging.look_to_the_end()
    assert exchanging.note.read_text() == "First\n" + BOTH + "Last\n"
    assert exchanging.backups.remarks == []


def test_a_note_deleted_in_the_last_moment_is_not_brought_back(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand(monkeypatch, exchanging.note.unlink)
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    assert list(exchanging.root.iterdir()) == []
    assert exchanging.kept() == []


def test_a_note_saved_and_deleted_in_the_last_moment_is_kept_and_told(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand(monkeypatch, lambda: save(exchanging.note, TYPED), exchanging.note.unlink)
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    exchanging.look_to_the_end()
    assert list(exchanging.root.iterdir()) == []
    assert exchanging.kept() == [TYPED]
    assert len(exchanging.backups.remarks) > 0


def test_a_link_put_there_in_the_last_moment_stays(exchanging: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    def link() -> None:
        exchanging.note.rename(exchanging.root / "Real.md")
        exchanging.note.symlink_to("Real.md")

    hand(monkeypatch, link)
    with pytest.raises(vault.TargetChangedError):
        exchanging.write()
    assert exchanging.note.is_symlink()
    assert (exchanging.root / "Real.md").read_text() == BEFORE


# -- killed


class KilledError(BaseException):
    """The end of a run by kill -9."""


def killed_after_the_exchange(writing: Writing, monkeypatch: pytest.MonkeyPatch, typed: str = BEFORE) -> None:
    def exchange(one: Path, other: Path) -> bool:
        save(writing.note, typed)
        real_exchange(one, other)
        raise KilledError

    with monkeypatch.context() as dying:
        dying.setattr(vault, "exchange", exchange)
        dying.setattr(vault, "_discard", lambda *_: None)
        with pytest.raises(KilledError):
            writing.write()


def test_what_was_saved_just_before_a_kill_comes_into_the_note(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after_the_exchange(exchanging, monkeypatch, TYPED)
    exchanging.after_a_kill()
    assert list_notes(exchanging.root, lambda _: True).stale_temps == []
    exchanging.look_to_the_end()
    assert exchanging.note.read_text() == BOTH
    assert [file.name for file in exchanging.root.iterdir()] == ["N.md"]
    assert exchanging.kept() == []


def test_a_kill_after_an_exchange_that_nobody_disturbed_leaves_nothing(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after_the_exchange(exchanging, monkeypatch)
    exchanging.after_a_kill()
    exchanging.look_to_the_end()
    assert exchanging.note.read_text() == OURS
    assert [file.name for file in exchanging.root.iterdir()] == ["N.md"]
    assert exchanging.kept() == []


def test_a_temporary_file_that_may_be_somebodys_is_kept_even_if_the_state_is_lost(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after_the_exchange(exchanging, monkeypatch, TYPED)
    for file in exchanging.backups.folder.iterdir():
        file.unlink()
    (temp,) = list_notes(exchanging.root, lambda _: True).stale_temps
    exchanging.backups.clear_temp(exchanging.root, temp)
    assert [file.name for file in exchanging.root.iterdir()] == ["N.md"]
    assert exchanging.kept() == [TYPED]
    assert [told.path for told in exchanging.backups.take_remarks()] == [temp]


def test_an_interrupted_write_removes_nothing_of_somebodys(
    exchanging: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(one: Path, other: Path) -> bool:
        save(exchanging.note, TYPED)
        real_exchange(one, other)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(vault, "exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            exchanging.write()
    exchanging.after_a_kill()
    exchanging.look_to_the_end()
    assert "Typed" in exchanging.note.read_text()


def test_a_turn_brings_in_what_was_saved_late_in_a_run_that_was_killed(tmp_path: Path) -> None:
    folder = FolderVault(tmp_path)
    folder.write("N.md", BEFORE)
    backups = Backups(folder.state_file.parent / "backups")
    with (folder.root / "N.md").open("r+") as editor:
        vault.write(folder.root, "N.md", OURS.encode(), vault.digest_of(BEFORE.encode()), backups)
        editor.write(TYPED)
    for _ in range(2):
        folder.turn()
        assert folder.read("N.md").count("Typed\nEnd\n") == 1
        assert "- [ ] Ask Ana" in folder.read("N.md")
    assert list(backups.folder.iterdir()) == []


def test_a_torn_record_is_forgotten(exchanging: Writing) -> None:
    exchanging.backups.make_folder()
    (exchanging.backups.folder / "late-x.base").write_bytes(b'{"path": ')
    exchanging.after_a_kill()
    assert exchanging.backups.pending == []
    assert exchanging.kept() == []
