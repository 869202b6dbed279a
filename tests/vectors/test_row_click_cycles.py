"""Clicks on a row, carried through whole cycles: the source gets the status and what goes with it, and nothing else.

A click is the line that Obsidian Tasks wrote (row_clicks.jsonl), or our own toggle of the row as vaultsync drew it. The
cases stand in an index note in which rows may not move yet, as they do while somebody clicks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from laws.vault_model import PaperVault

from vaultsync.index.links import find_row_link
from vaultsync.index.rows import read_row, render_row
from vaultsync.model import Role, TaskLine, TaskSettings
from vaultsync.obsidian import task_settings
from vaultsync.tasks.edits import set_status
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import IndexRules, Rules
from vaultsync.tasks.statuses import next_symbol, reopened_symbol, roles, status_of

if TYPE_CHECKING:
    from vaultsync.reconcile.plan import Plan

_LINES = (Path(__file__).parent / "row_clicks.jsonl").read_text(encoding="utf-8").splitlines()
CASES: list[dict[str, Any]] = [json.loads(line) for line in _LINES]
KINDS: dict[str, dict[str, Any]] = {json.dumps(case["settings"], sort_keys=True): case["settings"] for case in CASES}
NAMES = (
    "the user's own statuses",
    "the plugin's defaults",
    "no done and cancelled dates",
    "own statuses in Dataview format",
    "Dataview format",
    "Dataview format without dates",
)
EACH_KIND = pytest.mark.parametrize(
    "settings",
    [pytest.param(settings, id=name) for settings, name in zip(KINDS.values(), NAMES, strict=True)],
)
EACH_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: f"case {case['n']}")
ROSTER, _ = build_roster([PersonSource("Ann")])
OWN = "Tasks/@Ann.md"
TODAY = "2025-11-10"
UNSETTLED = {"unsettled": frozenset({OWN})}
INDEX_NOTE = """\
---
vaultsync: index
person: Ann
---

%% vaultsync:begin 1-paper %%

## Open

{row}

%% vaultsync:end %%
"""


def rules_of(settings: dict[str, Any]) -> Rules:
    tasks, _ = task_settings(settings)
    index = IndexRules(done_days=100_000)  # so that what was done long ago has a row as well
    return Rules(tasks, roles(tasks, registered=True, overrides={}), index)


def in_format(rules: Rules, emoji: str, dataview: str) -> str:
    return dataview if rules.tasks.format == "dataview" else emoji


def task_of(text: str, rules: Rules) -> TaskLine:
    line = parse_line(text, rules.tasks, hidden=True)
    assert line is not None, text
    return line


def source_of(vault: PaperVault) -> tuple[str, str]:
    """Return the path and the line of the one note of the vault that isn't ours."""
    (path,) = [path for path in vault.texts if not path.startswith("Tasks/")]
    (line,) = [line for line in vault.lines(path) if "^t-" in line]
    return path, line


def row_in(vault: PaperVault) -> str:
    """Return the row with the indentation that somebody gave it."""
    (row,) = [line for line in vault.lines(OWN) if find_row_link(line)]
    return row


def replaced(vault: PaperVault, row: str) -> None:
    vault.edit(OWN, row_in(vault), row)


def set_up(case: dict[str, Any]) -> PaperVault:
    """Return a vault whose source says what the case's row says, and whose index note holds that row as it stands."""
    rules = rules_of(case["settings"])
    link = find_row_link(case["row"])
    assert link is not None
    values = read_row(case["row"].lstrip(" \t"), None, ROSTER, rules)
    assert values is not None
    is_proposed = rules.roles.role_of(values.symbol) is Role.PROPOSED
    hidden = "@Ann #task #proposed" if is_proposed else "@Ann #task"
    source = render_row(values, None, hidden, rules) + f" ^{link.block_id}"
    texts = {link.path: f"{source}\n", OWN: INDEX_NOTE.format(row=case["row"])}
    vault = PaperVault(texts, rules=rules, today=case["today"])
    vault.turn(**UNSETTLED)  # at first sight equal sides are adopted
    assert source_of(vault) == (link.path, source)
    return vault


def click_on(row: str, rules: Rules, today: str = TODAY) -> str:
    """Return a row as a click leaves it; the date in it is the day of the click."""
    lines = set_status(task_of(row, rules), None, rules.tasks, today)
    assert lines is not None
    (clicked,) = lines
    return clicked


def around_link(row: str) -> tuple[str, str]:
    link = find_row_link(row)
    assert link is not None
    return row[: link.start], row[link.end :]


def status_dates(line: TaskLine) -> tuple[str, str | None, str | None]:
    return line.symbol, line.done, line.cancelled


def without_status(line: TaskLine, rules: Rules) -> str:
    """Return a source line with its box, its ✅ and ❌, and what acceptance takes out left out."""
    plain = line.text
    for field in sorted(line.fields, key=lambda field: -field.start):
        if field.name in ("done", "cancelled"):
            plain = plain[: field.start].rstrip() + plain[field.end :]
    return " ".join(word for word in plain.replace(f"[{line.symbol}]", "[]").split() if word not in rules.remove_tags)


def expected_dates(
    before: TaskLine, click: str, settings: TaskSettings, rules: Rules, today: str
) -> tuple[str, str | None, str | None]:
    """Return what the source shall say of its status after a click."""
    symbol = task_of(click, rules).symbol
    was, role = rules.roles.role_of(before.symbol), rules.roles.role_of(symbol)
    done = before.done if was is role is Role.DONE else today if role is Role.DONE and settings.set_done_date else None
    kept = was is role is Role.REJECTED
    cancelled = before.cancelled if kept else today if role is Role.REJECTED and settings.set_cancelled_date else None
    return symbol, done, cancelled


def assert_nothing_planned(plan: Plan) -> None:
    assert plan.edits == ()
    assert not [note for note in plan.note_writes if note.changed]


@EACH_CASE
def test_only_the_status_and_what_goes_with_it_reaches_the_source_and_the_row_stays_as_clicked(
    case: dict[str, Any],
) -> None:
    vault = set_up(case)
    rules = vault.rules
    for click in case["clicks"]:
        before = task_of(source_of(vault)[1], rules)
        replaced(vault, click)
        plan = vault.turn(**UNSETTLED)
        after = task_of(source_of(vault)[1], rules)
        assert status_dates(after) == expected_dates(before, click, rules.tasks, rules, case["today"])
        assert without_status(after, rules) == without_status(before, rules)
        if "   " not in click.lstrip():  # several blanks between words are one in a row
            assert around_link(row_in(vault)) == around_link(click)
        assert not plan.conflicts
        assert vault.problems == ()
        vault.assert_settled_in(**UNSETTLED)
    vault.turn()
    vault.assert_settled()


@EACH_CASE
def test_clicks_that_lead_back_before_a_cycle_plan_nothing(case: dict[str, Any]) -> None:
    vault = set_up(case)
    drawn = vault.texts[OWN]
    source = source_of(vault)
    was = task_of(source[1], vault.rules)
    for click in case["clicks"]:
        if task_of(click, vault.rules).symbol == was.symbol and task_of(click, vault.rules).done == was.done:
            replaced(vault, click)
            vault.turn(**UNSETTLED)
            assert source_of(vault) == source
            assert vault.texts[OWN] == drawn


@EACH_KIND
def test_a_row_clicked_once_round_is_as_it_was(settings: dict[str, Any]) -> None:
    rules = rules_of(settings)
    fields = in_format(rules, "⏫ 📅 2025-11-20", "[due:: 2025-11-20] [priority:: high]")
    vault = PaperVault({"a.md": f"- [ ] Ring the bell @Ann #task {fields} ^t-be11be11\n"}, rules=rules, today=TODAY)
    vault.turn()
    drawn = dict(vault.texts)
    symbol = " "
    for _ in range(4):
        symbol = next_symbol(symbol, rules.tasks)
        clicked = click_on(row_in(vault), rules)
        assert task_of(clicked, rules).symbol == symbol
        replaced(vault, clicked)
        if symbol == " ":
            assert_nothing_planned(vault.turn())
            assert vault.texts == drawn
            return
    raise AssertionError(symbol)


@EACH_KIND
def test_clicks_through_all_statuses_reach_the_source_in_settled_cycles(settings: dict[str, Any]) -> None:
    rules = rules_of(settings)
    due = in_format(rules, "📅 2025-11-20", "[due:: 2025-11-20]")
    vault = PaperVault({"a.md": f"- [?] Ring the bell #brass @Ann {due} #task #proposed ^t-be11be11\n"}, rules=rules)
    vault.turn()
    for _ in range(5):
        before = task_of(source_of(vault)[1], rules)
        clicked = click_on(row_in(vault), rules, TODAY)
        replaced(vault, clicked)
        vault.turn()
        after = task_of(source_of(vault)[1], rules)
        # Today is another day for us than it was for who clicked: theirs counts.
        assert status_dates(after) == expected_dates(before, clicked, rules.tasks, rules, TODAY)
        assert without_status(after, rules) == without_status(before, rules)
        assert vault.problems == ()
        vault.assert_settled()
        role = rules.roles.role_of(after.symbol)
        if role is Role.REJECTED or (role is Role.DONE and after.done is None):
            assert vault.rows(OWN) == []  # what was done or rejected without a date leaves the note
            return


@EACH_KIND
def test_a_recurring_tasks_row_that_is_clicked_spawns_once_in_the_source(settings: dict[str, Any]) -> None:
    rules = rules_of(settings)
    fields = in_format(rules, "🔁 every week 📅 2025-11-10", "[repeat:: every week]  [due:: 2025-11-10]")
    vault = PaperVault(
        {"a.md": f"- [/] Wind the clock #brass @Ann #task {fields} ^t-c10cc10c\n"}, rules=rules, today=TODAY
    )
    vault.turn()
    assert "(every week)" in row_in(vault)
    replaced(vault, click_on(row_in(vault), rules))
    vault.turn()
    following, done = [task_of(line, rules) for line in vault.lines("a.md") if line]
    assert (following.symbol, following.due) == (reopened_symbol("x", rules.tasks), "2025-11-17")
    assert (done.symbol, done.due, done.block_id) == ("x", "2025-11-10", "t-c10cc10c")
    assert (done.done == TODAY) is rules.tasks.set_done_date
    assert following.recurrence == done.recurrence == "every week"
    assert following.block_id not in (None, done.block_id)
    vault.assert_settled()
    assert len(vault.rows(OWN)) == 2 if rules.tasks.set_done_date else 1


@EACH_KIND
def test_a_row_that_was_rejected_through_the_plugin_keeps_the_day_on_which_it_was(settings: dict[str, Any]) -> None:
    rules = rules_of(settings)
    due = in_format(rules, "📅 2025-11-20", "[due:: 2025-11-20]")
    vault = PaperVault({"a.md": f"- [?] Ring the bell #brass @Ann {due} #task #proposed ^t-be11be11\n"}, rules=rules)
    vault.turn()
    before = task_of(source_of(vault)[1], rules)
    symbol = rules.roles.symbol_for(Role.REJECTED)
    rejected = set_status(task_of(row_in(vault), rules), symbol, rules.tasks, TODAY)
    assert rejected is not None
    replaced(vault, rejected[0])
    vault.turn()
    after = task_of(source_of(vault)[1], rules)
    # Where the settings leave a symbol out, Tasks knows no rejection, and the day is ours.
    day = TODAY if status_of(symbol, rules.tasks).type == "CANCELLED" else vault.today
    assert status_dates(after) == (symbol, None, day if rules.tasks.set_cancelled_date else None)
    assert without_status(after, rules) == without_status(before, rules)
    assert vault.rows(OWN) == []
    vault.assert_settled()
