"""The unit file of a systemd user service (systemd.service(5), systemd.exec(5), systemd.syntax(7)).

Only such hardening as a user's service manager can do by itself: what needs a user namespace (ProtectSystem= and its
like) fails on machines that allow none, and would hide who owns the notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.service.unit import LOCKED, MARK, MISTAKE, Query, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.service.unit import Unit

GROWING_DELAYS = 254  # the first version with RestartSteps=


def recipe(unit: Unit, folder: Path, version: int | None) -> Recipe:
    """Return how a user's systemd takes a service; `folder` holds the user's units, a version of None is a new one."""
    name = f"{unit.name}.service"
    systemctl = ("systemctl", "--user")
    return Recipe(
        name=name,
        file=folder / name,
        content=text(unit, version).encode("utf-8"),
        present=Query((*systemctl, "show", "--property=Version")),
        start=((*systemctl, "daemon-reload"), (*systemctl, "enable", "--now", name)),
        stop=((*systemctl, "disable", "--now", name),),
        after=((*systemctl, "daemon-reload"),),
        enabled=Query((*systemctl, "is-enabled", name)),
        running=Query((*systemctl, "is-active", name)),
    )


def text(unit: Unit, version: int | None) -> str:
    """Return the unit file for a version of systemd."""
    grows = version is None or version >= GROWING_DELAYS
    # A vault on a drive that isn't there yet is no mistake: the first command fails, and is tried again.
    lines = (
        f"# {unit.name}.service, {MARK}",
        "[Unit]",
        f"Description=vaultsync at work on {_description(unit.vault)}",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStartPre=:test -d {quoted(unit.vault)}",
        f"ExecStart={quoted(':' + unit.command[0])} {' '.join(map(quoted, unit.command[1:]))}",
        "ExecReload=kill -HUP $MAINPID",
        "Restart=on-failure",
        f"RestartPreventExitStatus={MISTAKE} {LOCKED}",
        *(("RestartSec=5", "RestartSteps=6", "RestartMaxDelaySec=300") if grows else ("RestartSec=60",)),
        "TimeoutStopSec=60",
        "SyslogIdentifier=vaultsync",
        "NoNewPrivileges=yes",
        "LockPersonality=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictNamespaces=yes",
        "RestrictAddressFamilies=AF_UNIX",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "",
        "[Install]",
        "WantedBy=default.target",
    )
    return "\n".join(lines) + "\n"


def quoted(word: str) -> str:
    r"""Return a word of a command line as systemd reads it back: in quotes, `\` and `"` escaped, `%` doubled.

    `$` stands for itself only where the command is marked with `:`.
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _description(path: str) -> str:
    # No quotes here: a backslash at the line's end would join the next one to it.
    return path.replace("\\", "/").replace("%", "%%").strip()
