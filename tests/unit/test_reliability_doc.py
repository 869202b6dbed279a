"""The list of hazards can't rot: every hazard stands in it, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
ROWS = {int(row[1]): row[2] for row in re.finditer(r"^\| (\d+) \|(.*)\|$", TEXT, re.MULTILINE)}
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)::(\w+)`", TEXT)))


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_hazard_has_its_row_and_each_row_its_tests() -> None:
    assert list(ROWS) == list(range(1, 58))
    assert [number for number, row in ROWS.items() if "::test_" not in row] == []


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    assert (ROOT / file).is_file(), file
    assert name in functions(file)


def test_nothing_that_looks_like_a_test_is_named_in_another_way() -> None:
    assert sorted(set(re.findall(r"[`\w/.]*::\w+`?", TEXT))) == sorted(f"`{file}::{name}`" for file, name in NAMED)
