"""What a service of one vault is, whatever the system: its name, its command, and what a system's recipe consists of.

How a system spells it is left to `systemd`, `launchd` and `windows`; doing it, to `install`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultsync.errors import VaultsyncError

if TYPE_CHECKING:
    from pathlib import Path

MARK = "written by `vaultsync service install`"  # stands in each file of ours
MISTAKE = 2  # an exit code of `run` after which another try ends alike: usage or config
LOCKED = 5  # the same: another vaultsync is at work

Command = tuple[str, ...]

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9]+")
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class ServiceError(VaultsyncError):
    """The service can't be put to work or away; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The daemon of one vault. `state` is the name of its state folder, which is the vault's own on this machine."""

    vault: str
    state: str
    command: Command  # absolute, without a shell

    def __post_init__(self) -> None:
        """Refuse what one of the formats can't say. Raises ServiceError."""
        for word in self.command:
            if _UNSPEAKABLE.search(word):
                raise ServiceError(
                    f"{word!r} holds a control character or isn't UTF-8: no service can be told that name; rename it"
                )

    @property
    def name(self) -> str:
        """The service's name, in letters, digits and hyphens of ASCII; another vault has another."""
        title, _, mark = self.state.rpartition("-")
        return f"vaultsync-{_NOT_IN_NAME.sub('-', title).strip('-') or 'vault'}-{mark}"


@dataclass(frozen=True, slots=True)
class Query:
    """A command whose exit code 0, with `word` in its output, says yes."""

    command: Command
    word: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one system takes a service: a file, and commands to be run in their order."""

    name: str
    file: Path
    content: bytes
    present: Query  # whether what runs services is there to be asked
    start: tuple[Command, ...]  # once the file is there, new or changed
    stop: tuple[Command, ...]  # while the file is still there
    after: tuple[Command, ...]  # once it is gone
    enabled: Query
    running: Query
