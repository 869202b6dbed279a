"""The gesture that accepts a proposal: somebody takes `#proposed` off it and changes nothing else there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vaultsync.index.rows import shows_tag
from vaultsync.model import Role

if TYPE_CHECKING:
    from vaultsync.index.rows import RowValues
    from vaultsync.tasks.rules import Rules


def meant_symbol(was: RowValues, now: RowValues, gone: frozenset[str], rules: Rules) -> str:
    """Return the status that a source line or a row means where the tags `gone` are all that it lost."""
    is_proposal = rules.roles.role_of(now.symbol) is Role.PROPOSED
    if not is_proposal or not gone or any(tag.lower() not in rules.remove_tags for tag in gone):
        return now.symbol
    is_alike = replace(now, text=was.text, tags=was.tags) == was
    return rules.roles.symbol_for(Role.TODO) if is_alike and now.tags <= was.tags else now.symbol


def meant_by_row(was: RowValues | None, now: RowValues, rules: Rules) -> RowValues:
    """Return a row with the status that it means.

    A tag that rows don't show any more nobody took off: a run that died has drawn the row without it.
    """
    if was is None or not all(shows_tag(tag, rules) for tag in was.tags - now.tags):
        return now
    return replace(now, symbol=meant_symbol(was, now, was.tags - now.tags, rules))
