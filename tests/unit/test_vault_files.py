from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from vaultsync.storage import vault
from vaultsync.storage.backups import Backups
from vaultsync.storage.displaced import Displaced, left_over
from vaultsync.storage.listing import list_notes


@pytest.fixture
def backups(tmp_path_factory: pytest.TempPathFactory) -> Backups:
    return Backups(tmp_path_factory.mktemp("state") / "backups")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def digest(text: str) -> str:
    return vault.digest_of(text.encode())


def test_a_write_replaces_what_it_expects(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").read_text() == "new"
    assert names(tmp_path) == ["a.md"]


def test_a_write_refuses_what_it_does_not_expect(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("somebody else's")
    with pytest.raises(vault.TargetChangedError):
        vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").read_text() == "somebody else's"
    assert names(tmp_path) == ["a.md"]


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("what", ["folder", "link"])
def test_what_is_no_file_stands_in_the_way_of_a_new_note(
    tmp_path: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch, what: str, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(PermissionError()))
    if what == "folder":
        (tmp_path / "a.md").mkdir()
    else:
        (tmp_path / "a.md").symlink_to("nowhere.md")
    with pytest.raises(vault.WriteRefusedError, match="no file"):
        vault.write(tmp_path, "a.md", b"new", None, backups)
    assert names(tmp_path) == ["a.md"]


def test_a_link_that_took_a_notes_place_is_not_read_through(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("elsewhere")
    (tmp_path / "a.md").symlink_to("real.md")
    with pytest.raises(OSError, match="link"):
        vault.read(tmp_path, "a.md")


def test_a_deleted_note_is_not_brought_back(tmp_path: Path, backups: Backups) -> None:
    with pytest.raises(vault.TargetChangedError):
        vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("owner", "moment"),
    [(vault, "filled_temp"), (Backups, "announce"), (vault, "exchange"), (Displaced, "take"), (vault, "sync_folder")],
)
def test_a_note_that_goes_with_its_folder_has_changed(
    tmp_path: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch, owner: object, moment: str
) -> None:
    (tmp_path / "Drop").mkdir()
    (tmp_path / "Drop/A.md").write_bytes(b"one")
    usual = getattr(owner, moment)

    def after_the_folder_went(*args: Any, **kwargs: Any) -> Any:
        shutil.rmtree(tmp_path / "Drop")
        return usual(*args, **kwargs)

    monkeypatch.setattr(owner, moment, after_the_folder_went)
    with pytest.raises(vault.TargetChangedError):
        vault.write(tmp_path, "Drop/A.md", b"two", vault.digest_of(b"one"), backups)
    assert not (tmp_path / "Drop").exists()
    assert moment == "sync_folder" or not any(left_over(backups.folder, tmp_path))


def test_a_new_note_never_replaces_one(tmp_path: Path, backups: Backups) -> None:
    vault.write(tmp_path, "x/y/a.md", b"first", None, backups)
    with pytest.raises(vault.TargetChangedError):
        vault.write(tmp_path, "x/y/a.md", b"second", None, backups)
    assert (tmp_path / "x/y/a.md").read_text() == "first"
    assert names(tmp_path / "x/y") == ["a.md"]


def test_a_new_note_never_replaces_one_where_there_are_no_hard_links(
    tmp_path: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(Path, "hardlink_to", no_links)
    vault.write(tmp_path, "a.md", b"first", None, backups)
    with pytest.raises(vault.TargetChangedError):
        vault.write(tmp_path, "a.md", b"second", None, backups)
    assert (tmp_path / "a.md").read_text() == "first"


def test_the_mode_is_kept(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    (tmp_path / "a.md").chmod(0o640)
    vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o640


def test_a_symbolic_link_is_never_replaced_by_a_file(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "real.md").write_text("old")
    (tmp_path / "a.md").symlink_to("real.md")
    with pytest.raises(vault.WriteRefusedError, match="regular"):
        vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").is_symlink()
    assert names(tmp_path) == ["a.md", "real.md"]


def test_a_folder_that_leads_out_of_the_vault_is_refused(tmp_path: Path, backups: Backups) -> None:
    inside, outside = tmp_path / "vault", tmp_path / "elsewhere"
    inside.mkdir()
    outside.mkdir()
    (inside / "Tasks").symlink_to(outside)
    with pytest.raises(vault.WriteRefusedError, match="outside"):
        vault.write(inside, "Tasks/a.md", b"new", None, backups)
    assert names(outside) == []


def test_a_note_with_two_hard_links_is_refused(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    (tmp_path / "b.md").hardlink_to(tmp_path / "a.md")
    with pytest.raises(vault.WriteRefusedError, match="hard links"):
        vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "b.md").read_text() == "old"


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_failing_system_leaves_the_old_bytes_and_no_temporary_file(
    tmp_path: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (tmp_path / "a.md").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space"):
        vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").read_text() == "old"
    assert names(tmp_path) == ["a.md"]


def test_a_listing_enters_no_dot_folder_and_follows_no_link(tmp_path: Path) -> None:
    for path in (
        "a.md",
        "x/b.md",
        ".obsidian/c.md",
        "x/.trash/d.md",
        "x/e.txt",
        f"x/{vault.TEMP_PREFIX}1{vault.TEMP_SUFFIX}",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "f.md").symlink_to(tmp_path / "a.md")
    listing = list_notes(tmp_path, lambda _: True)
    assert sorted(listing.notes) == ["a.md", "x/b.md"]
    assert listing.stale_temps == [f"x/{vault.TEMP_PREFIX}1{vault.TEMP_SUFFIX}"]


def test_a_folder_that_goes_while_the_vault_is_listed_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "a.md").write_text("")
    real = os.scandir

    def scandir(folder: Path) -> object:
        if folder == tmp_path / "x":
            folder.rmdir()
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = list_notes(tmp_path, lambda _: True)
    assert (sorted(listing.notes), listing.unreadable) == (["a.md"], {})
    assert list_notes(tmp_path / "none", lambda _: True).unreadable.keys() == {"."}


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").mkdir()
    real = os.scandir

    def scandir(folder: Path) -> object:
        if str(folder).rstrip("/").endswith("x"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert list_notes(tmp_path, lambda _: True).unreadable == {"x": "Permission denied"}


def test_a_name_that_is_not_utf_8_is_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("- [?] One @Ana\n")
    (tmp_path / "b.md").write_text("")
    listing = list_notes(tmp_path, lambda _: True)
    assert sorted(listing.notes) == ["b.md"]
    assert listing.unreadable == {"caf\ufffd.md": "its name is not UTF-8"}


def test_a_read_only_note_is_refused_whoever_asks(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    (tmp_path / "a.md").chmod(0o444)
    with pytest.raises(vault.WriteRefusedError, match="read-only"):
        vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").read_text() == "old"
    assert names(tmp_path) == ["a.md"]


@pytest.fixture(params=["with an exchange", "without one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "without one":
        monkeypatch.setattr(vault, "exchange", lambda *_: False)
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_extended_attributes_are_kept(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    try:
        os.setxattr(tmp_path / "a.md", "user.tag", b"red")
    except (AttributeError, OSError):
        pytest.skip("there are no extended attributes here")
    vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert os.getxattr(tmp_path / "a.md", "user.tag") == b"red"


def test_a_file_system_that_refuses_an_attribute_is_written_to_all_the_same(
    tmp_path: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(95, "not supported")

    (tmp_path / "a.md").write_text("old")
    monkeypatch.setattr(os, "listxattr", lambda *_, **__: ["user.tag"], raising=False)
    monkeypatch.setattr(os, "getxattr", refuse, raising=False)
    vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the superuser gives files away")
def test_the_owner_is_kept(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    os.chown(tmp_path / "a.md", 1234, 2345)
    vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    found = (tmp_path / "a.md").stat()
    assert (found.st_uid, found.st_gid) == (1234, 2345)


@pytest.mark.usefixtures("way")
def test_the_time_of_the_last_change_is_that_of_the_write(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "a.md").write_text("old")
    os.utime(tmp_path / "a.md", (1_000_000, 1_000_000))
    vault.write(tmp_path, "a.md", b"new", digest("old"), backups)
    assert (tmp_path / "a.md").stat().st_mtime > 1_000_000
