"""`vaultsync run`: the daemon, in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.cli.logs import open_log
from vaultsync.cli.opening import opened
from vaultsync.cli.options import ConfigOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.daemon import Daemon
from vaultsync.errors import ConfigError
from vaultsync.settings import load_settings
from vaultsync.storage.watcher import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger


def run_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
) -> None:
    """Keep the vault in step until stopped: watch it, and turn the wheel at every change."""
    clock = Clock(today=today)
    with opened(vault, config, state_dir, clock, command="run", daemon=True) as wheel:
        machine = wheel.settings.config.machine
        log = open_log(machine.log)
        watcher = Watcher(wheel.settings.root, machine.watch.polling)
        log.info("watching", vault=str(wheel.settings.root))
        Daemon(wheel, watcher, machine.timing, log, lambda old: _reopened(old, config, log)).run()
        log.info("stopped", vault=str(wheel.settings.root))


def _reopened(wheel: Wheel, config: Path | None, log: FilteringBoundLogger) -> Wheel | None:
    """Return a wheel with the settings as they are now, None if they are the same or can't be used."""
    try:
        settings = load_settings(wheel.settings.root, config)
    except ConfigError as error:
        log.error("the config can't be used; the one before stays", why=str(error))
        return None
    if settings == wheel.settings:
        return None
    return Wheel(settings, wheel.state, wheel.clock, wheel.waits, wheel.command)
