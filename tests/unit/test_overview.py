"""The overview in whole plans: everybody is listed, in order, and each link leads to an index note that is there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from laws.vault_model import RULES, PaperVault, region_lines

if TYPE_CHECKING:
    from vaultsync.tasks.rules import Rules


OVERVIEW = "Tasks/Overview.md"
MARKDOWN = replace(RULES, index=replace(RULES.index, markdown_links=True))
NAMES = ("Zoe", "ana", 'Ann|"X" [Lee]', "Émile (new) 100%", "Unassigned", "C:\\temp")
LINK = re.compile(r"\[(?P<alias>[^\[\]]*)\]\((?P<path>[^()]+)\)|\[\[(?P<stem>[^|]+)\|(?P<shown>[^\]]*)\]\]")
EITHER_LINK = pytest.mark.parametrize(
    "rules", [pytest.param(RULES, id="wikilinks"), pytest.param(MARKDOWN, id="Markdown links")]
)


def person_note(name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'---\nvaultsync: index\nperson: "{quoted}"\n---\n\n%% vaultsync:begin 1-paper %%\n\n%% vaultsync:end %%\n'


def table(vault: PaperVault) -> list[list[str]]:
    """Return the cells of the overview's table, as a Markdown table reads: a backslash hides a bar."""
    lines = [line for line in region_lines(vault.texts[OVERVIEW]) if line.startswith("|")][2:]
    hidden = "\0"
    return [
        [cell.strip().replace(hidden, "|") for cell in line.replace("\\|", hidden).strip("|").split("|")]
        for line in lines
    ]


def vault_of_all(rules: Rules) -> PaperVault:
    texts = {f"Tasks/@{number}.md": person_note(name) for number, name in enumerate(NAMES)}
    return PaperVault(texts, rules=rules)


@EITHER_LINK
def test_each_link_leads_to_the_persons_index_note(rules: Rules) -> None:
    vault = vault_of_all(rules)
    vault.turn()
    targets = [LINK.fullmatch(cell) for cell, *_ in table(vault)]
    paths = [unquote(target["path"] or f"{target['stem']}.md") for target in targets if target]
    assert sorted(paths) == sorted(path for path in vault.texts if path != OVERVIEW)
    vault.assert_settled()


@EITHER_LINK
def test_everybody_is_listed_by_name_with_zeros_too_and_unassigned_last(rules: Rules) -> None:
    vault = vault_of_all(rules)
    vault.texts["a.md"] = "- [?] Ring @Zoe 📅 2026-11-01\n- [ ] Call @Zoe 📅 2026-12-01\n- [/] Dig @Zoe\n- [ ] Ask\n"
    vault.turn()
    shown = [LINK.sub(lambda found: found["alias"] or found["shown"], row[0]) for row in table(vault)]
    assert shown == ["Ana", 'Ann "X" Lee', "C: temp", "Zoe", "Émile (new) 100%", "Unassigned"]
    counts = {name: row[1:] for name, row in zip(shown, table(vault), strict=True)}
    # A proposal's date is no promise: the next due date is that of an accepted task.
    assert counts.pop("Zoe") == ["1", "2", "2026-12-01"]
    assert counts.pop("Unassigned") == ["0", "1", ""]
    assert set(map(tuple, counts.values())) == {("0", "0", "")}
    vault.assert_settled()
