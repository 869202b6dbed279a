"""What a status symbol means: to Tasks, by its registry, and to vaultsync, by its role.

Left to others: what changing a status does to a line (edits.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from vaultsync.model import Role, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultsync.model import StatusType, TaskSettings


@lru_cache(maxsize=64)
def _registry(statuses: tuple[Status, ...]) -> dict[str, Status]:
    return {status.symbol: status for status in reversed(statuses)}


def status_of(symbol: str, settings: TaskSettings) -> Status:
    """Look a symbol up as Tasks does; one that isn't registered is Unknown, of type TODO, with `x` next."""
    return _registry(settings.statuses).get(symbol) or Status(symbol, "Unknown", "TODO", "x")


def next_symbol(symbol: str, settings: TaskSettings) -> str:
    """Give the symbol that a click on this one writes; "" is possible, and makes the line no task."""
    return status_of(symbol, settings).next


def reopened_symbol(done: str, settings: TaskSettings) -> str:
    """Give the symbol of the next occurrence of a task that became `done` (Obsidian Tasks, Recurring tasks).

    From the done symbol's next one, follow the chain to the first TODO; if there is none, the first IN_PROGRESS; else a
    space.
    """
    chain = [status_of(next_symbol(done, settings), settings)]
    for _ in range(len(_registry(settings.statuses)) - 1):
        chain.append(status_of(chain[-1].next, settings))
    for wanted in ("TODO", "IN_PROGRESS"):
        for status in chain:
            if status.type == wanted:
                return status.symbol
    return " "


ROLE_OF_TYPE: Final[dict[StatusType, Role]] = {
    "TODO": Role.TODO,
    "IN_PROGRESS": Role.IN_PROGRESS,
    "ON_HOLD": Role.IN_PROGRESS,
    "DONE": Role.DONE,
    "CANCELLED": Role.REJECTED,
}
_UNREGISTERED: Final[dict[str, Role]] = {
    "?": Role.PROPOSED,
    " ": Role.TODO,
    "/": Role.IN_PROGRESS,
    "x": Role.DONE,
    "X": Role.DONE,
    "-": Role.REJECTED,
    "R": Role.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one vault's symbols; the first symbol of a role is the one that vaultsync writes."""

    symbols: tuple[tuple[str, Role], ...]

    def role_of(self, symbol: str) -> Role | None:
        """Give the symbol's role; None for NON_TASK and unknown ones, which are never rolled up."""
        return _by_symbol(self.symbols).get(symbol)

    def symbol_for(self, role: Role) -> str:
        """Give the symbol to write for a role."""
        return _by_role(self.symbols).get(role) or _WRITTEN[role]


_WRITTEN: Final[dict[Role, str]] = {role: symbol for symbol, role in reversed(_UNREGISTERED.items())}


@lru_cache(maxsize=64)
def _by_symbol(symbols: tuple[tuple[str, Role], ...]) -> dict[str, Role]:
    return dict(reversed(symbols))


@lru_cache(maxsize=64)
def _by_role(symbols: tuple[tuple[str, Role], ...]) -> dict[Role, str]:
    return {role: symbol for symbol, role in reversed(symbols)}


def roles(settings: TaskSettings, registered: bool, overrides: Mapping[str, Role]) -> Roles:  # noqa: FBT001 - a fact about the vault, named by every caller
    """Settle the roles of a vault's symbols.

    `registered` says whether the vault has Tasks settings; without them the built-in symbols hold. `overrides` (from
    the config) beat both; a symbol that only they know comes after the others of its role.
    """
    told: dict[str, Role | None] = {}
    for status in settings.statuses if registered else ():
        told.setdefault(status.symbol, _role(status))
    # What the settings don't register keeps its usual role, after theirs; but one `Proposed` of theirs is enough
    # (docs/adr/0005).
    usual = {symbol: role for symbol, role in _UNREGISTERED.items() if symbol not in told}
    if Role.PROPOSED in told.values():
        usual.pop("?", None)
    settled = {**told, **usual, **overrides}
    return Roles(tuple((symbol, role) for symbol, role in settled.items() if role is not None))


def _role(status: Status) -> Role | None:
    if status.name.strip().lower() == Role.PROPOSED:
        return Role.PROPOSED
    return ROLE_OF_TYPE.get(status.type)
