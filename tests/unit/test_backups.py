from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from vaultsync.storage import vault
from vaultsync.storage.backups import KEPT_SECONDS, Backups


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    return Backups(tmp_path / "state" / "backups")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    return tmp_path / "vault"


def digest(text: str) -> str:
    return vault.digest_of(text.encode())


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_copy_is_for_this_user_alone(backups: Backups) -> None:
    place = backups.keep("Folder/Note.md", b"text")
    assert place.read_bytes() == b"text"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(backups.folder.stat().st_mode) == 0o700


def test_no_copy_takes_the_place_of_another(backups: Backups) -> None:
    places = {
        backups.keep(path, content)
        for path in ("a/N.md", "b/N.md", "a:N.md", "../../N.md", "x" * 300 + ".md", "字" * 80 + ".md")
        for content in (b"one", b"two")
    }
    assert len(places) == 12
    assert {place.parent for place in places} == {backups.folder}
    assert sorted(place.read_bytes() for place in places) == [b"one"] * 6 + [b"two"] * 6


def test_equal_bytes_of_a_note_are_kept_once(backups: Backups) -> None:
    assert backups.keep("N.md", b"text") == backups.keep("N.md", b"text")
    assert len(names(backups.folder)) == 1


def test_a_copy_that_is_torn_is_made_again(backups: Backups) -> None:
    backups.keep("N.md", b"text").write_bytes(b"te")
    assert backups.keep("N.md", b"text").read_bytes() == b"text"


def test_copies_go_after_thirty_days(backups: Backups) -> None:
    place = backups.keep("N.md", b"text")
    kept_at = place.stat().st_ctime
    os.utime(place, (0, 0))
    backups.forget_old(kept_at + KEPT_SECONDS - 1)
    assert names(backups.folder) == [place.name]
    backups.forget_old(kept_at + KEPT_SECONDS + 1)
    assert names(backups.folder) == []


def test_nothing_is_old_where_nothing_was_ever_kept(backups: Backups) -> None:
    backups.forget_old(0.0)
    assert not backups.folder.exists()


@pytest.fixture(params=["the same file system", "another file system"])
def apart(request: pytest.FixtureRequest, backups: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the same file system":
        return
    real = Path.replace

    def replace(self: Path, target: Path | str) -> Path:
        if Path(target).parent == backups.folder and self.parent != backups.folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.usefixtures("apart")
def test_a_file_that_is_set_aside_leaves_the_vault_and_is_kept(root: Path, backups: Backups) -> None:
    (root / "N.md").write_text("text")
    place = backups.set_aside(root, "N.md", digest("text"))
    assert names(root) == []
    assert names(backups.folder) == [place.name]
    assert place.read_text() == "text"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@pytest.mark.usefixtures("apart")
def test_a_file_that_is_not_as_expected_stays_in_the_vault(root: Path, backups: Backups) -> None:
    (root / "N.md").write_text("somebody else's")
    with pytest.raises(vault.TargetChangedError):
        backups.set_aside(root, "N.md", digest("text"))
    assert (root / "N.md").read_text() == "somebody else's"


def test_a_file_that_is_gone_is_not_as_expected(root: Path, backups: Backups) -> None:
    with pytest.raises(vault.TargetChangedError):
        backups.set_aside(root, "N.md", digest("text"))


@pytest.mark.usefixtures("apart")
def test_a_file_that_is_changed_in_the_last_moment_comes_back(
    root: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "N.md").write_text("text")
    real = Backups._take

    def faster(self: Backups, target: Path) -> Path:
        target.write_text("typed")
        return real(self, target)

    monkeypatch.setattr(Backups, "_take", faster)
    with pytest.raises(vault.TargetChangedError):
        backups.set_aside(root, "N.md", digest("text"))
    assert names(root) == ["N.md"]
    assert (root / "N.md").read_text() == "typed"


@pytest.mark.usefixtures("apart")
def test_a_file_changed_in_the_last_moment_whose_name_is_taken_again_is_kept(
    root: Path, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "N.md").write_text("text")
    real = Backups._take

    def faster(self: Backups, target: Path) -> Path:
        target.write_text("typed")
        taken = real(self, target)
        target.write_text("newer")
        return taken

    monkeypatch.setattr(Backups, "_take", faster)
    with pytest.raises(vault.TargetChangedError):
        backups.set_aside(root, "N.md", digest("text"))
    assert (root / "N.md").read_text() == "newer"
    assert names(root) == ["N.md"]
    assert [file.read_text() for file in backups.folder.iterdir()] == ["typed"]


def test_nothing_outside_of_the_vault_is_set_aside(root: Path, backups: Backups, tmp_path: Path) -> None:
    (tmp_path / "N.md").write_text("text")
    with pytest.raises(vault.WriteRefusedError, match="outside"):
        backups.set_aside(root, "../N.md", digest("text"))
    (root / "link.md").symlink_to(tmp_path / "N.md")
    with pytest.raises(vault.WriteRefusedError, match="regular"):
        backups.set_aside(root, "link.md", digest("text"))
    assert (tmp_path / "N.md").read_text() == "text"
