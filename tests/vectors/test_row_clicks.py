"""Clicks on a row, as Obsidian Tasks answers them, and what vaultsync reads of the row then (row_clicks.jsonl)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vaultsync.index.region import read_region
from vaultsync.index.rows import RowValues, read_row
from vaultsync.obsidian import task_settings
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import Rules
from vaultsync.tasks.statuses import next_symbol, roles

_LINES = (Path(__file__).parent / "row_clicks.jsonl").read_text(encoding="utf-8").splitlines()
CASES: list[dict[str, Any]] = [json.loads(line) for line in _LINES]
ROSTER, _ = build_roster([PersonSource("Ann", (), "People/Ann.md")])


def read(row: str, case: dict[str, Any]) -> RowValues:
    settings, _ = task_settings(case["settings"])
    values = read_row(row.lstrip(" \t>"), None, ROSTER, Rules(settings, roles(settings, registered=True, overrides={})))
    assert values is not None
    return replace(values, text=" ".join(values.text.split()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"case {case['n']}")
def test_a_click_changes_the_status_and_the_done_date_only(case: dict[str, Any]) -> None:
    settings, _ = task_settings(case["settings"])
    before = read(case["row"], case)
    symbol = before.symbol
    for click in case["clicks"]:
        symbol = next_symbol(symbol, settings)
        after = read(click, case)
        assert replace(after, done=before.done) == replace(before, symbol=symbol)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"case {case['n']}")
def test_clicks_that_lead_back_change_no_field(case: dict[str, Any]) -> None:
    before = read(case["row"], case)
    for click in case["clicks"]:
        after = read(click, case)
        if after.symbol == before.symbol and after.done == before.done:
            assert after == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"case {case['n']}")
def test_a_clicked_row_is_still_the_row_of_its_task(case: dict[str, Any]) -> None:
    region = ["begin", case["row"], *case["clicks"], "end"]
    rows = read_region("\n".join(region), 1, len(region)).rows
    assert len(rows) == 1 + len(case["clicks"])
    assert {(row.path, row.block_id) for row in rows} == {(rows[0].path, rows[0].block_id)}
