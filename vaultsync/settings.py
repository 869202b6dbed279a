"""The settings of one vault, joined: its config, Obsidian's own settings, and the rules that the pure rooms get.

Reading each file is left to `config` and `obsidian`; what a rule does, to the rooms below.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from vaultsync import config, obsidian
from vaultsync.model import Limits
from vaultsync.reconcile.copies import original_of
from vaultsync.tasks.people import matches_any
from vaultsync.tasks.rules import IndexRules, Rules
from vaultsync.tasks.statuses import roles

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Everything that was configured for one vault on this machine."""

    root: Path
    config: config.Config
    obsidian: obsidian.VaultSettings
    rules: Rules

    def wants(self, path: str) -> bool:
        """Tell whether a note is to be read: included, not excluded, ignored or a template; of a copy, its original."""
        path = original_of(path) or path
        if self.rules.may_hold_region(path):
            return True
        return (
            matches_any(path, self.config.vault.include)
            and not matches_any(path, self.config.vault.exclude)
            and not any(path.startswith(f"{folder}/") for folder in self.obsidian.template_folders)
            and not obsidian.is_ignored(path, self.obsidian.ignored)
        )

    @cached_property
    def layout(self) -> str:
        """The layout mark: the layout's version and a fingerprint of all settings that rendering uses."""
        from vaultsync.index.region import LAYOUT_VERSION  # noqa: PLC0415 - with all that draws; few commands ask

        rules = self.rules
        used = (
            rules.tasks.format,
            rules.tasks.global_filter,
            rules.roles,
            rules.index.heading,
            rules.index.max_rows,
            rules.index.done_days,
            sorted(rules.index.hide_tags),
            rules.index.link_text,
            rules.index.markdown_links,
            rules.index.group_by,
            rules.index.one_on_one,
            rules.index.duplicates,
            self.config.vault.owner if rules.index.one_on_one else None,
            rules.assignees,
            rules.read_hidden_fields,
            sorted(rules.rollup_roles),
            rules.rollup_since,
        )
        return f"{LAYOUT_VERSION}-{hashlib.sha256(repr(used).encode()).hexdigest()[:8]}"


def load_settings(root: Path, config_path: Path | None = None) -> Settings:
    """Read all settings of the vault at `root`. Raises ConfigError; bad values in Obsidian's files are problems."""
    loaded = config.load(root, config_path)
    vault = loaded.vault
    found = obsidian.read_vault_settings(root, vault.config_folder)
    limits = vault.limits
    rules = Rules(
        tasks=found.tasks,
        roles=roles(found.tasks, registered=found.tasks_registered, overrides=vault.statuses),
        index=IndexRules(
            path=vault.index.path,
            heading=vault.index.heading,
            max_rows=vault.index.max_rows,
            done_days=vault.index.done_days,
            hide_tags=_tags(vault.index.hide_tags),
            link_text=vault.index.link_text,
            markdown_links=found.markdown_links,
            group_by=vault.index.group_by,
            one_on_one=vault.index.one_on_one,
            duplicates=vault.duplicates.threshold if vault.duplicates.mode == "group" else None,
        ),
        overview=vault.overview,
        capture=vault.capture,
        assignees=vault.assignees,
        read_hidden_fields=vault.read_hidden_fields,
        recur_native_toggles=vault.recur_native_toggles,
        remove_tags=_tags(vault.on_accept.remove_tags),
        rollup_roles=frozenset(vault.rollup.roles),
        rollup_since=vault.rollup.since.isoformat() if vault.rollup.since else None,
        limits=Limits(limits.note_bytes, limits.line_chars, limits.frontmatter_bytes, limits.nesting),
    )
    settings = Settings(root, loaded, found, rules)
    return replace(settings, rules=replace(rules, captures=settings.wants(rules.capture)))


def _tags(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"#{name.lower()}" for name in names)
