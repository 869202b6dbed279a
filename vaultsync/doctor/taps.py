"""Tell what to add to the Tasks plugin's statuses, so that a tap on a proposal accepts it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vaultsync.model import Role, Status
from vaultsync.tasks.statuses import next_symbol, status_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from vaultsync.model import TaskSettings
    from vaultsync.obsidian import VaultSettings
    from vaultsync.settings import Settings

_TASKS_PLUGIN = "plugins/obsidian-tasks-plugin"
_OPEN = " "
_REJECTED = "R"
_NEW: Final = {
    Role.PROPOSED: Status("?", "Proposed", "TODO", _OPEN),
    Role.REJECTED: Status(_REJECTED, "Rejected", "CANCELLED", _OPEN),
}


def plugin_file(found: VaultSettings) -> str:
    """Return where the Tasks plugin keeps its settings, in the vault."""
    return f"{found.config_folder}/{_TASKS_PLUGIN}/data.json"


def has_plugin(root: Path, found: VaultSettings) -> bool:
    """Tell whether the Tasks plugin is installed, as far as the system lets us look."""
    try:
        return (root / found.config_folder / _TASKS_PLUGIN).is_dir()
    except OSError:
        return False


def tap_advice(settings: Settings) -> list[str]:
    """Return what is wrong with a tap on a proposal, and the lines that mend it; nothing where it accepts."""
    found, given = settings.obsidian, settings.rules.roles
    if not has_plugin(settings.root, found):
        return []  # Obsidian's own tap empties the box, which accepts
    completing = [symbol for symbol, role in given.symbols if role is Role.PROPOSED and _completes(symbol, found.tasks)]
    if not completing:
        return []
    known = {status.symbol for status in found.tasks.statuses}
    wanted = [_wanted(symbol, Role.PROPOSED, found.tasks, known) for symbol in completing]
    if given.role_of(_REJECTED) is Role.REJECTED and _completes(_REJECTED, found.tasks):
        wanted.append(_wanted(_REJECTED, Role.REJECTED, found.tasks, known))
    boxes = " or ".join(f"[{symbol}]" for symbol in completing)
    advice = [
        f"A tap on {boxes} would complete a proposal in this vault instead of accepting it.",
        "In Obsidian: Settings, Tasks, Task statuses, Custom statuses. Have there",
    ]
    for status in wanted:
        change = "change" if status.symbol in known else "add"
        named = f'symbol "{status.symbol}", name "{status.name}"'
        advice.append(f'  {change}  {named}, next status symbol " " (a space), type {status.type}')
    advice.append(f"which in {plugin_file(found)}, under statusSettings, customStatuses, is")
    for status in wanted:
        entry = {"symbol": status.symbol, "name": status.name, "nextStatusSymbol": status.next}
        told = json.dumps({**entry, "availableAsCommand": True, "type": status.type}, ensure_ascii=False)
        advice.append(f"  {told}")
    return advice


def _completes(symbol: str, tasks: TaskSettings) -> bool:
    return status_of(next_symbol(symbol, tasks), tasks).type == "DONE"


def _wanted(symbol: str, role: Role, tasks: TaskSettings, known: Collection[str]) -> Status:
    """Return a status of which a tap makes an open task: the one that is registered, but for what follows it."""
    if symbol in known:
        return replace(status_of(symbol, tasks), next=_OPEN)
    return replace(_NEW[role], symbol=symbol)
