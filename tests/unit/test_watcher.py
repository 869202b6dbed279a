"""The watcher: what an event is a hint of, when the vault is polled, and whether a dead watcher is found out."""

from __future__ import annotations

import logging
import threading
import time
from queue import Empty
from typing import TYPE_CHECKING

import pytest
from system.installed import PATIENCE, wait_for
from watchdog.events import DirDeletedEvent, DirMovedEvent, FileModifiedEvent, FileMovedEvent
from watchdog.observers.inotify_c import InotifyFD

from vaultsync.storage import watch_limits, watcher
from vaultsync.storage.watch_limits import file_system, is_remote, why_polling
from vaultsync.storage.watcher import Sign, Watcher, hint_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "vault"
    root.mkdir()
    return root


@pytest.fixture
def watching(root: Path, tmp_path: Path) -> Iterator[Watcher]:
    watching = Watcher(root, tmp_path / "state/canary", "off")
    watching.start()
    yield watching
    watching.stop()


def hints(watching: Watcher, *awaited: object) -> list[object]:
    """Return the hints that come until all of the awaited ones have come."""
    seen: list[object] = []
    until = time.monotonic() + PATIENCE
    while not set(awaited) <= set(seen):
        seen.append(watching.hints.get(timeout=max(0.0, until - time.monotonic())))
    return seen


@pytest.mark.parametrize(
    ("path", "is_folder", "hint"),
    [
        pytest.param("a/Note.md", False, "a/Note.md", id="a note"),
        pytest.param("a/b\nc.md", False, "a/b\nc.md", id="a note with a line end in its name"),
        pytest.param("a", True, Sign.DOUBT, id="a folder"),
        pytest.param(".", True, Sign.DOUBT, id="the vault itself"),
        pytest.param("a/film.mp4", False, None, id="no note"),
        pytest.param("a/.vaultsync-x1.tmp", False, None, id="a file that a write of ours makes"),
        pytest.param(".git/objects/ab", True, None, id="a folder in a dot folder"),
        pytest.param("a/.trash/Note.md", False, None, id="a note in a dot folder"),
        pytest.param(".obsidian/workspace.json", False, None, id="what Obsidian saves at every click"),
        pytest.param("a/.Note.md.icloud", False, "a/Note.md", id="a note that iCloud took away"),
        pytest.param(".Note.md.icloud", False, "Note.md", id="the same at the top"),
        *(
            pytest.param(path, False, Sign.SETTINGS, id=path)
            for path in (
                "vaultsync.yaml",
                ".vaultsync/config.yaml",
                ".obsidian/app.json",
                ".obsidian-phone/templates.json",
                ".obsidian/plugins/obsidian-tasks-plugin/data.json",
                ".obsidian/plugins/templater-obsidian/data.json",
            )
        ),
    ],
)
def test_an_event_is_a_hint_of(path: str, hint: object, *, is_folder: bool) -> None:
    assert hint_of(path, is_folder=is_folder) == hint


def test_our_own_reads_are_no_events(watching: Watcher, root: Path) -> None:
    for number in range(20):
        (root / f"{number}.md").write_text("text")
    (root / "last.md").write_text("text")
    hints(watching, "last.md")
    for number in range(20):
        (root / f"{number}.md").read_text()
    (root / "end.md").write_text("text")
    assert set(hints(watching, "end.md")) <= {"end.md", "last.md"}


def test_saves_of_every_kind_are_hints(watching: Watcher, root: Path, tmp_path: Path) -> None:
    (root / "in place.md").write_text("one")
    hints(watching, "in place.md")
    with (root / "in place.md").open("a") as file:
        file.write("two")
    hints(watching, "in place.md")
    (root / "draft.tmp").write_text("three")
    (root / "draft.tmp").rename(root / "saved.md")
    hints(watching, "saved.md")
    (tmp_path / "outside.md").write_text("four")
    (tmp_path / "outside.md").rename(root / "moved in.md")
    hints(watching, "moved in.md")
    (root / "saved.md").rename(root / "renamed.md")
    hints(watching, "saved.md", "renamed.md")
    (root / "renamed.md").rename(tmp_path / "moved out.md")
    hints(watching, "renamed.md")
    (root / "in place.md").unlink()
    hints(watching, "in place.md")


def test_every_note_in_folders_made_and_filled_at_once_is_a_hint(watching: Watcher, root: Path) -> None:
    made = {f"a{number}/b/c/Note.md" for number in range(50)}
    for path in made:
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text("text")
    assert set(hints(watching, *made)) >= made


def test_a_folder_that_leaves_or_comes_is_a_reason_to_look_at_everything(
    watching: Watcher, root: Path, tmp_path: Path
) -> None:
    (root / "a").mkdir()
    hints(watching, Sign.DOUBT)
    (root / "a").rename(tmp_path / "a")
    hints(watching, Sign.DOUBT)
    (tmp_path / "a/Note.md").write_text("text")
    (tmp_path / "a").rename(root / "b")
    hints(watching, Sign.DOUBT, "b/Note.md")


def test_lost_events_are_a_reason_to_look_at_everything(watching: Watcher) -> None:
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed")
    assert watching.hints.get(timeout=PATIENCE) is Sign.DOUBT
    assert watching.fault() is None


def test_a_watcher_that_stopped_hears_no_more_of_lost_events(watching: Watcher) -> None:
    watching.stop()
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed")
    with pytest.raises(Empty):
        watching.hints.get_nowait()


def test_the_watchers_part_in_an_event_is_to_put_it_on_a_queue(root: Path, tmp_path: Path) -> None:
    """An exception there would end the observer's thread without a word."""
    watching = Watcher(root, tmp_path / "canary", "off")
    hinter = watcher._Hinter(root, watching.hints)
    for odd in ("/", "", "\udce9.md", f"{root}/a\nb.md", "../../x.md", "\udce9.md".encode("utf-8", "surrogateescape")):
        hinter.on_any_event(FileModifiedEvent(odd))
        hinter.on_any_event(FileMovedEvent(odd, odd))
        hinter.on_any_event(DirMovedEvent(odd, ""))
        hinter.on_any_event(DirDeletedEvent(odd))
    assert "a\nb.md" in hints(watching, "a\nb.md")


# -- life


def test_a_watcher_that_lives_is_found_to_live(watching: Watcher) -> None:
    assert watching.fault() is None
    wait_for(lambda: watching._canary._heard == 1, "the canary")
    assert watching.fault() is None
    wait_for(lambda: watching._canary._heard == 2, "the canary")
    assert list(watching._canary._folder.iterdir()) == []


def test_a_reader_that_no_longer_reads_is_found_out_by_the_canary(root: Path, tmp_path: Path) -> None:
    """The observer says that it is alive all the while, as after `-W error` has ended the reader's thread."""
    ended = threading.Event()

    class Deaf(InotifyFD):
        def run(self) -> None:
            ended.set()

    watching = Watcher(root, tmp_path / "canary", "off")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("watchdog.observers.inotify.InotifyFD", Deaf)
        watching.start()
    assert ended.wait(PATIENCE)
    assert watching.fault() is None  # it is asked
    assert "no event has come" in str(watching.fault())
    watching.stop()


def test_the_watch_of_a_root_that_was_removed_is_found_to_be_dead(watching: Watcher, root: Path) -> None:
    root.rmdir()
    root.mkdir()
    wait_for(lambda: watching.fault() == "a thread of the watcher has ended", "the watcher's end")
    watching.stop()
    watching.start()
    (root / "Note.md").write_text("text")
    hints(watching, "Note.md")


def test_watches_that_could_not_be_set_again_are_a_fault(watching: Watcher) -> None:
    logging.getLogger("watchdog.observers.inotify").error("Unable to rebuild recursive inotify watches")
    assert "lost its watches" in str(watching.fault())


def test_a_canary_that_cannot_sing_says_nothing(watching: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(watching.root), "touch", refuse)
    assert [watching.fault(), watching.fault(), watching.fault()] == [None, None, None]


# -- polling


def proc(folder: Path, root: Path, *, watches: int = 1000, kind: str = "ext4") -> Path:
    limits = folder / "proc/sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_watches").write_text(f"{watches}\n")
    (folder / "proc/self").mkdir()
    (folder / "proc/self/mountinfo").write_text(
        f"1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {str(root).replace(' ', chr(92) + '040')} rw - {kind} b rw\n"
    )
    return folder / "proc"


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.grpcfuse", "drvfs", "vboxsf", "prl_fs", "virtiofs"],
)
def test_file_systems_that_do_not_tell_are_polled(root: Path, tmp_path: Path, kind: str) -> None:
    assert kind in str(why_polling(root, "auto", proc(tmp_path, root, kind=kind)))


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "xfs", "zfs", "overlay", "tmpfs", "fuseblk", "vfat"])
def test_file_systems_that_tell_are_watched(root: Path, tmp_path: Path, kind: str) -> None:
    assert not is_remote(kind)
    assert why_polling(root, "auto", proc(tmp_path, root, kind=kind)) is None


def test_a_folder_within_a_mounted_one_lies_on_that_one(tmp_path: Path) -> None:
    root = tmp_path / "my vault"
    (root / "deep/down").mkdir(parents=True)
    found = proc(tmp_path, root, kind="cifs")
    assert file_system(root / "deep/down", found) == "cifs"
    assert file_system(tmp_path, found) == "ext4"
    assert file_system(tmp_path, tmp_path / "nowhere") == ""


def test_more_folders_than_the_system_watches_are_polled(root: Path, tmp_path: Path) -> None:
    for name in "abc":
        (root / name).mkdir()
    assert why_polling(root, "auto", proc(tmp_path / "enough", root, watches=5)) is None
    why = str(why_polling(root, "auto", proc(tmp_path / "few", root, watches=3)))
    assert "4 folders" in why
    assert "sudo sysctl fs.inotify.max_user_watches=524288" in why


def test_the_setting_stands_above_what_is_found(root: Path, tmp_path: Path) -> None:
    found = proc(tmp_path, root, kind="nfs4")
    assert why_polling(root, "off", found) is None
    assert why_polling(root, "on", found) == "`watch.polling` is on"


def test_folders_that_the_system_left_unwatched_make_it_poll(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is shared with other programs, and `start` succeeds without a word."""
    for name in "abc":
        (root / name).mkdir()
    monkeypatch.setattr(watch_limits, "watches_held", lambda: 2)
    watching = Watcher(root, tmp_path / "canary", "auto")
    watching.start()
    assert "only 2 of its 4 folders" in str(watching.polling_because)
    (root / "Note.md").write_text("text")
    assert watching.fault() is None
    watching.stop()


def test_the_watches_of_this_process_are_counted(root: Path, tmp_path: Path) -> None:
    for name in "abc":
        (root / name).mkdir()
    before = watch_limits.watches_held() or 0
    watching = Watcher(root, tmp_path / "canary", "off")
    watching.start()
    assert watch_limits.watches_held() == before + 5  # the root, three folders, the canary's
    watching.stop()


def test_a_system_that_refuses_to_watch_is_polled(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(watcher, "Observer", refuse)
    watching = Watcher(root, tmp_path / "canary", "auto")
    watching.start()
    assert "inotify instance limit reached" in str(watching.polling_because)
    assert watching.fault() is None
