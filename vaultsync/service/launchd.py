"""The property list of a launchd agent (launchd.plist(5), launchctl(1)).

launchd starts again whatever failed, without regard to the exit code: after a mistake in the config, too.
"""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING

from vaultsync.service.unit import MARK, Query, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.service.unit import Unit

_THROTTLE = 60  # seconds between two starts


def recipe(unit: Unit, home: Path, uid: int) -> Recipe:
    """Return how launchd takes a service of the user with this home and number."""
    file = home / "Library/LaunchAgents" / f"{unit.name}.plist"
    target = f"gui/{uid}/{unit.name}"
    return Recipe(
        name=unit.name,
        file=file,
        content=text(unit, f"{home}/Library/Logs/{unit.name}.log"),
        present=Query(("launchctl", "print", f"gui/{uid}")),
        start=(("launchctl", "bootstrap", f"gui/{uid}", str(file)),),
        stop=(("launchctl", "bootout", target),),
        after=(),
        enabled=Query(("launchctl", "print", target)),
        running=Query(("launchctl", "print", target), "state = running"),
    )


def text(unit: Unit, log: str) -> bytes:
    """Return the property list; what the daemon says goes to `log`."""
    content = {
        "Label": unit.name,
        "ProgramArguments": list(unit.command),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": _THROTTLE,
        "ExitTimeOut": 60,
        "ProcessType": "Background",
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    head, start, rest = plistlib.dumps(content, sort_keys=False).partition(b"<plist ")
    return head + f"<!-- {MARK} -->\n".encode() + start + rest
