"""`vaultsync service install|uninstall|status`: the daemon as a service of the user's session."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from platformdirs.unix import Unix
from pydantic import BaseModel

from vaultsync.cli.opening import VAULT_VARIABLE, find_vault, state_of
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, VaultArgument
from vaultsync.cli.terminal import console, print_json, safe_lines
from vaultsync.config import ENVIRONMENT_PREFIX, user_config_file
from vaultsync.errors import LockedError
from vaultsync.service import launchd, systemd, windows
from vaultsync.service.install import answers, install, look, require_command, uninstall, version_of
from vaultsync.service.unit import Recipe, ServiceError, Unit
from vaultsync.settings import load_settings
from vaultsync.storage.heartbeat import lives, read_daemon

if TYPE_CHECKING:
    from vaultsync.service.unit import Command

_CARRIED = frozenset({VAULT_VARIABLE, "VAULTSYNC_STATE_DIR"})  # what they say stands in the service's command

service_app = typer.Typer(
    help="The daemon as a service: a systemd user unit, a launchd agent, or a Windows logon task.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Platform(StrEnum):
    """The systems whose services are known."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the file and the commands; do nothing.")]
PlatformOption = Annotated[
    Platform | None,
    typer.Option("--platform", show_default=False, help="With --dry-run: another system's service."),
]


class ServiceReport(BaseModel):
    """How the service of a vault stands; `enabled` and `running` are null where there is nobody to ask."""

    vault: str
    name: str
    file: str
    installed: bool
    current: bool
    enabled: bool | None
    running: bool | None


@service_app.command("install")
def install_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    dry_run: DryRunOption = False,
    platform: PlatformOption = None,
) -> None:
    """Write the service of a vault, and start it now and at each login."""
    unit, folder = _unit(vault, config, state_dir)
    recipe = _recipe(unit, platform, dry_run=dry_run)
    out = console(stderr=True)
    if dry_run:
        out.print(f"would write {recipe.file}, and then run")
        _show_commands(recipe.start, platform)
        _print_content(recipe)
        return
    require_command((*unit.command[: unit.command.index("run")], "--help"))
    daemon = read_daemon(folder)
    if daemon and lives(daemon) and not answers(recipe.running):
        raise LockedError(f"{unit.vault}: a daemon is at work, process {daemon.pid}; stop it, then install the service")
    started = install(recipe)
    if started:
        out.print(f"{recipe.name} is at work, now and after each login.")
    else:
        out.print(f"{recipe.file} is written, but nobody who runs services answers here. Where one does, type")
        _show_commands(recipe.start, platform)
    _show_variables()


@service_app.command("uninstall")
def uninstall_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    dry_run: DryRunOption = False,
    platform: PlatformOption = None,
) -> None:
    """Stop the service of a vault and remove its file."""
    unit, _ = _unit(vault, config, state_dir)
    recipe = _recipe(unit, platform, dry_run=dry_run)
    out = console(stderr=True)
    if dry_run:
        out.print(f"would run these, and remove {recipe.file} after the first of them")
        _show_commands((*recipe.stop, *recipe.after), platform)
    elif uninstall(recipe):
        out.print(f"{recipe.name} is stopped and removed.")
    else:
        out.print(f"{recipe.file} is removed, but nobody who runs services answers here. If it still runs, type")
        _show_commands((*recipe.stop, *recipe.after), platform)


@service_app.command("status")
def status_command(
    vault: VaultArgument = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whether the service of a vault is installed, enabled and running."""
    unit, _ = _unit(vault, config, state_dir)
    recipe = _recipe(unit, None, dry_run=False)
    standing = look(recipe)
    if as_json:
        print_json(
            ServiceReport(
                vault="." if vault is None else str(vault),
                name=recipe.name,
                file=str(recipe.file),
                installed=standing.installed,
                current=standing.current,
                enabled=standing.enabled,
                running=standing.running,
            )
        )
        return
    out = console()
    installed = "yes" if standing.current else "yes, but it isn't what would be written now: install it again"
    out.print(f"service    {recipe.name}")
    out.print(f"file       {recipe.file}", style="dim")
    out.print(f"installed  {installed if standing.installed else 'no'}")
    out.print(f"enabled    {_said(standing.enabled)}")
    out.print(f"running    {_said(standing.running)}")


def _said(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: "nobody who runs services answers here"}[answer]


def _unit(vault: Path | None, config: Path | None, state_dir: Path | None) -> tuple[Unit, Path]:
    """Return the service of a vault whose settings can be used, and the folder of its state."""
    root = find_vault(vault)
    folder = state_of(load_settings(root, config), state_dir).absolute()
    # -P, so that no folder of the session's is searched for modules; the environment's own are.
    command = (sys.executable, "-P", "-m", "vaultsync", "run", str(root), "--state-dir", str(folder.parent))
    chosen = () if config is None else ("--config", str(config.absolute()))
    return Unit(str(root), folder.name, (*command, *chosen)), folder


def _recipe(unit: Unit, platform: Platform | None, *, dry_run: bool) -> Recipe:
    """Return the recipe of a platform, this machine's if None. Raises ServiceError for another's without `dry_run`."""
    here = {"darwin": Platform.MACOS, "win32": Platform.WINDOWS, "linux": Platform.LINUX}.get(sys.platform)
    wanted = platform or here
    if wanted is None:
        raise ServiceError(f"no services of {sys.platform} are known; --platform with --dry-run shows those of others")
    if wanted is not here and not dry_run:
        raise ServiceError(f"this machine isn't one of {wanted}; add --dry-run to see the service that it would get")
    home = Path.home()
    match wanted:
        case Platform.LINUX:
            folder = Unix("systemd", appauthor=False).user_config_path / "user"
            return systemd.recipe(unit, folder, version_of(("systemctl", "--version")))
        case Platform.MACOS:
            return launchd.recipe(unit, home, os.getuid() if hasattr(os, "getuid") else 501)
        case Platform.WINDOWS:
            local = Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local")
            return windows.recipe(unit, local / "vaultsync", getpass.getuser())


def _show_commands(commands: tuple[Command, ...], platform: Platform | None) -> None:
    for command in commands:
        of_windows = platform is Platform.WINDOWS or (platform is None and sys.platform == "win32")
        console(stderr=True).print(f"  {subprocess.list2cmdline(command) if of_windows else shlex.join(command)}")


def _print_content(recipe: Recipe) -> None:
    """Print the file, and nothing else, on standard output."""
    is_utf16 = recipe.content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = recipe.content.decode("utf-16" if is_utf16 else "utf-8")
    if sys.stdout.isatty():
        text = safe_lines(text)
    sys.stdout.write(text)


def _show_variables() -> None:
    """Name the settings that this shell has and the service won't have."""
    names = sorted(name for name in os.environ.keys() - _CARRIED if name.startswith(ENVIRONMENT_PREFIX))
    if names:
        console(stderr=True).print(
            f"{', '.join(names)}: set here, but not for the service; write it into {user_config_file()}", style="yellow"
        )
