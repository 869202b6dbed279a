"""Which folder a command takes for its vault, and what it says where the system won't let it look."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from vaultsync.cli.opening import VAULT_VARIABLE, find_vault
from vaultsync.errors import ConfigError, VaultError


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every folder below one that may not be searched, as it isn't to the superuser."""

    def refuse(path: Path, **_: object) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)


@pytest.mark.usefixtures("refused")
def test_a_vault_that_may_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VaultError, match=r"^closed/vault: can't be looked at: Permission denied$"):
        find_vault(Path("closed/vault"))
    monkeypatch.setenv(VAULT_VARIABLE, "closed/other")
    with pytest.raises(VaultError, match=r"^closed/other: can't be looked at"):
        find_vault(None)


@pytest.mark.usefixtures("refused")
def test_folders_above_that_may_not_be_looked_at_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VAULT_VARIABLE, raising=False)
    with pytest.raises(VaultError, match=r"\.obsidian: can't be looked at"):
        find_vault(None)


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delenv(VAULT_VARIABLE, raising=False)
    for given in (None, Path("..")):
        with pytest.raises(VaultError, match="the current folder: can't be looked at"):
            find_vault(given)


def test_where_no_vault_is_found_a_variable_that_was_to_name_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VAULT_VARIABLE, raising=False)
    monkeypatch.setenv("VAULTSYNC_VALUT", str(tmp_path))
    with pytest.raises(ConfigError, match=r"^VAULTSYNC_VALUT: nothing reads this"):
        find_vault(None)
