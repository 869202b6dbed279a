"""`vaultsync run`: the daemon, in the foreground."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vaultsync.asked import Asked, Stopped
from vaultsync.cli.logs import open_log
from vaultsync.cli.opening import opened, waits
from vaultsync.cli.options import ConfigOption, StateDirOption, TodayOption, VaultArgument
from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.daemon import Daemon
from vaultsync.settings import load_settings
from vaultsync.storage.damage import OnDamage
from vaultsync.storage.watcher import Watcher
from vaultsync.words import Words

if TYPE_CHECKING:
    from pathlib import Path

_INTERRUPTED = 130  # what a shell reports of a command that was interrupted

LogFormat = Annotated[
    Literal["text", "json"] | None,
    typer.Option("--log-format", show_default=False, help="How the log is written; default the setting log.format."),
]


def run_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    today: TodayOption = None,
    log_format: LogFormat = None,
) -> None:
    """Keep the vault in step until stopped: watch it, and turn the wheel at every change."""
    asked = Asked()
    try:
        with asked.heard():
            _run(vault, config, state_dir, Clock(today=today), log_format, asked)
    except Stopped:
        return
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None


def _run(
    vault: Path | None,
    config: Path | None,
    state_dir: Path | None,
    clock: Clock,
    log_format: Literal["text", "json"] | None,
    asked: Asked,
) -> None:
    with opened(vault, config, state_dir, clock, command="run", daemon=True, on_damage=OnDamage.SET_ASIDE) as wheel:
        machine = wheel.settings.config.machine
        log = open_log(machine.log, log_format)
        root = wheel.settings.root
        watcher = Watcher(root, wheel.state.file.parent / "canary", machine.watch.polling)
        log.info("watching", vault=str(root))
        Daemon(wheel, watcher, asked, Words(log), partial(_reopened, config, log_format)).run()
        log.info("stopped", vault=str(root))


def _reopened(config: Path | None, log_format: Literal["text", "json"] | None, old: Wheel) -> Wheel | None:
    """Return a wheel with the settings as they are now, None if they are the same. The state stays where it is."""
    settings = load_settings(old.settings.root, config)
    if settings == old.settings:
        return None
    machine = settings.config.machine
    open_log(machine.log, log_format)
    return Wheel(settings, old.state, old.clock, waits(machine, daemon=True), old.command, old.stays)
