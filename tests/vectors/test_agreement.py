"""Agreement with Obsidian Tasks 8.3: what the plugin gave for a line, a click and a rule is what vaultsync gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from vaultsync.model import DEFAULT_STATUSES, INVALID, Status, TaskLine, TaskSettings
from vaultsync.tasks.dates import read_day
from vaultsync.tasks.edits import set_status, toggle_text
from vaultsync.tasks.line import inferred_scheduled, parse_line
from vaultsync.tasks.recurrence import Dates, next_dates
from vaultsync.tasks.rule_text import read_rule
from vaultsync.tasks.statuses import status_of

Case = dict[str, Any]

_FOLDER = Path(__file__).parent
_PRIORITIES = {"Normal": "none", "None": "none"}
_DATES = ("created", "start", "scheduled", "due", "done", "cancelled")
_SWITCHES = {
    "globalFilter": "global_filter",
    "setCreatedDate": "set_created_date",
    "setDoneDate": "set_done_date",
    "setCancelledDate": "set_cancelled_date",
    "recurrenceOnNextLine": "recurrence_on_next_line",
    "removeScheduledDateOnRecurrence": "remove_scheduled_on_recurrence",
    "useFilenameAsScheduledDate": "filename_as_scheduled",
    "filenameAsScheduledDateFormat": "filename_date_format",
}


def cases(name: str) -> list[Case]:
    return [
        cast("Case", json.loads(line)) for line in (_FOLDER / f"{name}.jsonl").read_text("utf-8").split("\n") if line
    ]


def named(case: Case) -> str:
    return f"{case['category']} {case['n']}"


def settings_of(case: Case) -> TaskSettings:
    given = case.get("settings", {})
    values = {ours: given[theirs] for theirs, ours in _SWITCHES.items() if theirs in given}
    if "statusSettings" in given:
        entries = [entry for group in ("coreStatuses", "customStatuses") for entry in given["statusSettings"][group]]
        statuses = tuple(Status(e["symbol"], e["name"], e["type"], e["nextStatusSymbol"]) for e in entries)
    else:
        statuses = DEFAULT_STATUSES
    return TaskSettings(
        format="dataview" if given.get("taskFormat") == "dataview" else "emoji",
        statuses=statuses,
        filename_date_folders=tuple(given.get("filenameAsDateFolders", ())),
        **values,
    )


def said(line: TaskLine | None) -> Case | None:
    """What a line says, in a form in which white space in the description makes no difference."""
    if line is None:
        return None
    names = ("indentation", "marker", "symbol", "tags", "priority", *_DATES, "recurrence", "on_completion", "id")
    values = {name: getattr(line, name) for name in (*names, "depends_on", "block_id")}
    return {**values, "description": line.description.split()}


def day(text: str | None) -> str | None:
    return INVALID if text == "Invalid date" else text


@pytest.mark.parametrize("case", cases("parse"), ids=named)
def test_a_line_is_read_as_tasks_reads_it(case: Case) -> None:
    settings = settings_of(case)
    line = parse_line(case["line"], settings)
    expected = case["expected"]
    if expected is None:
        assert line is None
        return
    assert line is not None
    dates = {name: day(expected[name]) for name in _DATES}
    inferred = inferred_scheduled(line, case.get("path", ""), settings)
    if expected["scheduledIsInferred"]:
        assert inferred == dates["scheduled"]
        dates["scheduled"] = None
    else:
        assert inferred is None
    status = status_of(line.symbol, settings)
    assert expected["status"] == {
        "symbol": status.symbol,
        "name": status.name,
        "type": status.type,
        "next": status.next,
    }
    assert line.description == expected["description"]
    priority = expected["priority"]
    assert {name: getattr(line, name) for name in _DATES} == dates
    assert (line.indentation, line.marker) == (expected["indentation"], expected["listMarker"])
    assert line.tags == tuple(expected["tags"])
    assert line.priority == _PRIORITIES.get(priority, priority.lower())
    assert line.recurrence == expected["recurrence"]
    assert (line.on_completion or "", line.id or "") == (expected["onCompletion"], expected["id"])
    assert line.depends_on == tuple(expected["dependsOn"])
    assert (line.block_id or "") == expected["blockLink"].strip().removeprefix("^")


@pytest.mark.parametrize("case", cases("parse"), ids=named)
def test_reading_hidden_fields_takes_nothing_away(case: Case) -> None:
    settings = settings_of(case)
    line, more = parse_line(case["line"], settings), parse_line(case["line"], settings, hidden=True)
    if line is None or more is None:
        assert line is more
        return
    assert tuple(field for field in more.fields if not field.hidden) == line.fields
    for name in (*_DATES, "id", "on_completion", "block_id"):
        assert getattr(line, name) in (None, getattr(more, name))


@pytest.mark.parametrize(
    "case",
    [case for case in cases("toggle") if "Invalid date" not in (case["expected"] or {"text": ""})["text"]],
    ids=named,
)
def test_a_change_of_status_gives_lines_that_read_as_the_plugins_do(case: Case) -> None:
    settings = settings_of(case)
    line, to = parse_line(case["line"], settings), case.get("toSymbol")
    if line is not None:
        lines = set_status(line, to, settings, case["today"])
    else:
        lines = [toggle_text(case["line"])] if to is None else None
    expected = case["expected"] and case["expected"]["lines"]
    if lines is None or expected is None:
        assert lines is expected
        return
    assert [said(parse_line(text, settings)) for text in lines] == [
        said(parse_line(text, settings)) for text in expected
    ]


@pytest.mark.parametrize("case", cases("recurrence"), ids=named)
def test_a_rule_gives_the_dates_that_the_plugin_gives(case: Case) -> None:
    expected = case["expected"]
    rule = read_rule(case["rule"])
    dates = Dates(*(case.get(name) and read_day(case[name]) for name in Dates._fields))
    following = next_dates(rule, dates, settings_of(case), case["today"]) if rule else None
    assert (following is not None) == expected["valid"]
    if rule is None or following is None:
        return
    assert rule.text == expected["text"]
    assert rule.when_done == expected["whenDone"]
    assert following._asdict() == {name: day(text) for name, text in expected["next"].items()}


@pytest.mark.parametrize("case", cases("row_clicks"), ids=lambda case: f"row {case['n']}")
def test_clicks_on_a_row_read_as_the_plugins_do(case: Case) -> None:
    settings = settings_of(case)
    text = case["row"]
    for expected in case["clicks"]:
        line = parse_line(text, settings)
        assert line is not None
        [text] = set_status(line, None, settings, case["today"]) or [""]
        assert said(parse_line(text, settings)) == said(parse_line(expected, settings))
