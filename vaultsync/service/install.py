"""Put a service to work, take it away, look at it; how is said by its recipe, which the systems' modules make.

Another's file is never replaced or removed, and where nobody runs services nothing is tried.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.service.unit import MARK, ServiceError
from vaultsync.storage.whole import replace_whole

if TYPE_CHECKING:
    from vaultsync.service.unit import Command, Query, Recipe

_PATIENCE = 120.0  # seconds; longer than a daemon has for its end


@dataclass(frozen=True, slots=True)
class Standing:
    """How a service stands; `enabled` and `running` are None where there is nobody to ask."""

    installed: bool
    current: bool  # its file is the one that would be written now
    enabled: bool | None
    running: bool | None


def look(recipe: Recipe) -> Standing:
    """Tell how a service stands."""
    found = _read(recipe)
    asked = answers(recipe.present)
    return Standing(
        installed=found is not None,
        current=found == recipe.content,
        enabled=answers(recipe.enabled) if asked else None,
        running=answers(recipe.running) if asked else None,
    )


def install(recipe: Recipe) -> bool:
    """Write the file and start the service; one that is at work already is started anew.

    Returns False if there is nobody who runs services: the file is written, and `recipe.start` is left to be typed.
    Raises ServiceError.
    """
    _require_own(recipe)
    asked = answers(recipe.present)
    if asked and answers(recipe.enabled):
        for command in recipe.stop:
            _run(command)
    try:
        replace_whole(recipe.file, recipe.content)
    except OSError as error:
        raise ServiceError(f"{recipe.file}: can't be written: {error.strerror}") from error
    for command in recipe.start if asked else ():
        _require(command)
    return asked


def uninstall(recipe: Recipe) -> bool:
    """Stop the service and remove its file.

    Returns False if there is nobody who runs services: the file is removed, `recipe.stop` and `recipe.after` are left
    to be typed. Raises ServiceError, also if it isn't installed.
    """
    if _read(recipe) is None:
        raise ServiceError(f"{recipe.file}: there is no such file; the service isn't installed")
    _require_own(recipe)
    asked = answers(recipe.present)
    for command in recipe.stop if asked else ():
        _require(command)
    try:
        recipe.file.unlink()
    except OSError as error:
        raise ServiceError(f"{recipe.file}: can't be removed: {error.strerror}") from error
    for command in recipe.after if asked else ():
        _require(command)
    return asked


def answers(query: Query) -> bool:
    """Tell whether a query says yes; a command that isn't there says no."""
    done = _run(query.command)
    return done is not None and done.returncode == 0 and query.word in done.stdout


def version_of(command: Command) -> int | None:
    """Return the second word that a command prints, if it is a number: `systemd 252 (252.38)` is 252."""
    done = _run(command)
    words = done.stdout.split() if done else []
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else None


def require_command(command: Command) -> None:
    """Raise ServiceError unless a command works from elsewhere, without what this shell says of Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = _run(command, environment)
    if done is None or done.returncode:
        why = _last_line(done)
        raise ServiceError(
            f"a service couldn't run `{' '.join(command)}`{why}: install vaultsync so that this interpreter finds it"
        )


def _require_own(recipe: Recipe) -> None:
    found = _read(recipe)
    if found is not None and MARK not in _text(found):
        raise ServiceError(f"{recipe.file}: this file isn't vaultsync's, and is left alone; move it away first")


def _read(recipe: Recipe) -> bytes | None:
    try:
        return recipe.file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServiceError(f"{recipe.file}: can't be read: {error.strerror}") from error


def _text(content: bytes) -> str:
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if is_utf16 else "utf-8", "replace")


def _require(command: Command) -> None:
    done = _run(command)
    if done is None or done.returncode:
        raise ServiceError(f"`{' '.join(command)}` failed{_last_line(done)}")


def _last_line(done: subprocess.CompletedProcess[str] | None) -> str:
    lines = done.stderr.strip().splitlines() if done else []
    return f": {lines[-1].strip()}" if lines else ""


def _run(command: Command, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str] | None:
    """Run a command of the system; None if it isn't there or doesn't come to an end."""
    try:
        return subprocess.run(  # noqa: S603 - our own words, and never through a shell
            command,
            env=environment,
            cwd=os.path.expanduser("~"),  # noqa: PTH111 - no Path is wanted
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
