"""Open a vault for a command: find it, read its settings, lock it, open its state."""

from __future__ import annotations

import contextlib
import gc
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from vaultsync.cli.options import STATE_DIR_VARIABLE
from vaultsync.config import stray_variables, user_config_file
from vaultsync.errors import ConfigError, VaultError
from vaultsync.settings import Settings, load_settings
from vaultsync.storage.damage import OnDamage
from vaultsync.storage.folder import state_folder
from vaultsync.storage.lock import vault_lock
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.clock import Clock
    from vaultsync.config import MachineConfig
    from vaultsync.cycle import Wheel

VAULT_VARIABLE = "VAULTSYNC_VAULT"


def find_vault(given: Path | None) -> Path:
    """Return the vault's root: the argument, else VAULTSYNC_VAULT, else the nearest parent folder with `.obsidian`.

    Raises VaultError when there is none, or when the system won't say; ConfigError when a misspelt variable may be why.
    """
    try:
        return _found(given)
    except OSError as error:  # no permission, a name too long, a current folder that is gone
        where = error.filename or "the current folder"
        raise VaultError(f"{where}: can't be looked at: {error.strerror}") from error


def _found(given: Path | None) -> Path:
    named = given or (Path(os.environ[VAULT_VARIABLE]) if os.environ.get(VAULT_VARIABLE) else None)
    if named is not None:
        if not named.is_dir():
            raise VaultError(f"{named}: there is no such folder; give the vault's folder")
        return named.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".obsidian").is_dir():
            return folder
    if strays := stray_variables():  # one of them may have been meant to name the vault
        raise ConfigError("\n".join(strays))
    raise VaultError(
        f"no vault given, and neither {here} nor a folder above it holds `.obsidian`; give the vault's folder"
    )


def state_of(settings: Settings, state_dir: Path | None) -> Path:
    """Return the folder that holds this vault's state. Raises ConfigError for one within the vault."""
    base, origin = _base_of_states(settings, state_dir)
    folder = state_folder(base, settings.root)
    place = Path(os.path.realpath(folder))
    # By identity: a file system may spell one folder in several ways.
    if any(_is_same(above, settings.root) for above in (place, *place.parents)):
        why = f"the state of the vault {settings.root} would lie within it, where backups would be read as notes"
        raise ConfigError(f"{place}: {why}; it comes from {origin}: name a folder outside of the vault")
    return folder


def _base_of_states(settings: Settings, state_dir: Path | None) -> tuple[Path, str]:
    """Return where states are kept, and who says so."""
    if state_dir is not None:
        is_variable = os.environ.get(STATE_DIR_VARIABLE) == str(state_dir)
        return state_dir, STATE_DIR_VARIABLE if is_variable else "--state-dir"
    if settings.config.machine.state_dir is not None:
        return settings.config.machine.state_dir, f"`state_dir` in {user_config_file()}"
    return platformdirs.user_state_path("vaultsync", appauthor=False), f"no --state-dir and no {STATE_DIR_VARIABLE}"


def _is_same(folder: Path, root: Path) -> bool:
    try:
        return folder == root or folder.samefile(root)
    except OSError:
        return False


def waits(machine: MachineConfig, *, daemon: bool) -> Waits:
    """Return the waiting periods of the daemon; one-shot stamps at once and lets rows move at once."""
    from vaultsync.storage.late import LATE  # noqa: PLC0415 - with the merge of texts; a vault at rest needs none

    timing = machine.timing
    every = Waits(
        timing.quiet, timing.quiet_max, timing.stamp_after, timing.settle, timing.absent_delay, timing.replica_wait
    )
    return replace(every, late=LATE) if daemon else replace(every, stamp_after=0.0, settle=0.0)


@contextlib.contextmanager
def entered(
    vault: Path | None, config: Path | None, state_dir: Path | None, *, lock: bool = True
) -> Iterator[tuple[Settings, Path]]:
    """Find a vault, and hold its lock for the length of a command; give its settings and the file of its state.

    Raises VaultError, ConfigError, LockedError or StateError.
    """
    settings = load_settings(find_vault(vault), config)
    folder = state_of(settings, state_dir)
    with vault_lock(folder, settings.root) if lock else contextlib.nullcontext():
        yield settings, folder / "state.db"


@contextlib.contextmanager
def wheel_of(
    settings: Settings,
    state_file: Path,
    clock: Clock,
    *,
    command: str = "reconcile",
    daemon: bool = False,
    patient: bool = True,
    afresh: bool = False,
    on_damage: OnDamage = OnDamage.REFUSE,
) -> Iterator[Wheel]:
    """Open the state of a vault that was entered, for the length of a command. Raises StateError.

    `afresh`: everything is read, whatever the process before has kept.
    """
    from vaultsync.cycle import Wheel  # noqa: PLC0415 - everything that plans and writes; a vault at rest needs none
    from vaultsync.storage.state import State  # noqa: PLC0415 - the same

    # What is read lives as long as the command; to search it for cycles takes a fifth of a plan. The daemon does when
    # nobody waits for it.
    gc.disable()
    state = State(state_file, on_damage)
    try:
        periods = waits(settings.config.machine, daemon=daemon)
        periods = periods if patient else replace(periods, quiet=0.0)
        wheel = Wheel(settings, state, clock, periods, command, daemon, afresh)
        yield wheel
        wheel.finish()
    finally:
        gc.enable()
        state.close()


@contextlib.contextmanager
def opened(
    vault: Path | None,
    config: Path | None,
    state_dir: Path | None,
    clock: Clock,
    *,
    command: str = "reconcile",
    daemon: bool = False,
    lock: bool = True,
    patient: bool = True,
    on_damage: OnDamage = OnDamage.REFUSE,
) -> Iterator[Wheel]:
    """Open a vault for the length of a command, by whose name the journal calls what it does.

    Not `patient`: notes count as they stand, also those that somebody is writing just now. A damaged state is refused
    by all but cycles: edited without one, a line and its row would be in conflict.
    Raises VaultError, ConfigError, LockedError or StateError.
    """
    with (
        entered(vault, config, state_dir, lock=lock) as (settings, state_file),
        wheel_of(
            settings, state_file, clock, command=command, daemon=daemon, patient=patient, on_damage=on_damage
        ) as wheel,
    ):
        yield wheel
