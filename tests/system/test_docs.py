"""The documents can't rot: what the command offers is in them, and what they show is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from vaultsync.cli.app import app

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
NAMES = sorted(COMMANDS)


def section(name: str) -> str:
    (found,) = re.findall(rf"^## `vaultsync {name}\b.*?(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_and_each_of_its_options_is_documented(name: str) -> None:
    text = section(name)
    for option in COMMANDS[name].params:
        if option.param_type_name == "option" and not option.hidden and option.name != "help":
            assert f"`{option.opts[0]}" in text, option.opts


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_in_the_readme(name: str) -> None:
    assert f"`vaultsync {name}" in README


def test_no_command_is_documented_that_is_not_there() -> None:
    assert sorted(re.findall(r"^## `vaultsync (\w+)", DOCS, re.MULTILINE)) == NAMES


@pytest.mark.parametrize(
    "document", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda path: path.name
)
def test_a_link_between_documents_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        if "/" in target or target.endswith(".md"):
            assert (document.parent / target).exists(), target
