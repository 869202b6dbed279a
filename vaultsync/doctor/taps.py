"""Tell what to add to the Tasks plugin's statuses, so that a tap on a proposal accepts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vaultsync.tasks.statuses import next_symbol, status_of

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.obsidian import VaultSettings

_TASKS_PLUGIN = "plugins/obsidian-tasks-plugin"
_STATUSES = (("?", "Proposed", "TODO"), ("R", "Rejected", "CANCELLED"))  # a tap on either gives an open task


def plugin_file(found: VaultSettings) -> str:
    """Return where the Tasks plugin keeps its settings, in the vault."""
    return f"{found.config_folder}/{_TASKS_PLUGIN}/data.json"


def has_plugin(root: Path, found: VaultSettings) -> bool:
    """Tell whether the Tasks plugin is installed."""
    return (root / found.config_folder / _TASKS_PLUGIN).is_dir()


def tap_advice(root: Path, found: VaultSettings) -> list[str]:
    """Return what is wrong with a tap on a proposal, and the lines that mend it; nothing where it accepts."""
    if not has_plugin(root, found):
        return []  # Obsidian's own tap empties the box, which accepts
    if status_of(next_symbol("?", found.tasks), found.tasks).type != "DONE":
        return []
    known = {status.symbol for status in found.tasks.statuses}
    advice = [
        "A tap on [?] would complete a proposal in this vault instead of accepting it.",
        "In Obsidian: Settings, Tasks, Task statuses, Custom statuses. Have there",
    ]
    for symbol, name, kind in _STATUSES:
        change = "change" if symbol in known else "add"
        advice.append(f'  {change}  symbol "{symbol}", name "{name}", next status symbol " " (a space), type {kind}')
    advice.append(f"which in {plugin_file(found)}, under statusSettings, customStatuses, is")
    for symbol, name, kind in _STATUSES:
        entry = {"symbol": symbol, "name": name, "nextStatusSymbol": " ", "availableAsCommand": True, "type": kind}
        advice.append(f"  {json.dumps(entry)}")
    return advice
