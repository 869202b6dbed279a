"""Which edit ends a conflict: of the rows where the source is kept, of the source line where a row is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.index.region import RegionRow
from vaultsync.index.rows import FIELDS
from vaultsync.model import TaskSettings
from vaultsync.reconcile.base import BaseTask
from vaultsync.reconcile.command import CommandRefusedError
from vaultsync.reconcile.resolve import differing, edit_of_source, edits_of_rows, lines_of_orphan, removals
from vaultsync.reconcile.sides import Disagreement
from vaultsync.reconcile.snapshot import RowAt, SourceTask
from vaultsync.reconcile.task import merge_task
from vaultsync.tasks.line import facts_of, parse_line
from vaultsync.tasks.note import Task
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import Rules
from vaultsync.tasks.statuses import roles
from vaultsync.tasks.text import text_reader

SETTINGS = TaskSettings()
RULES = Rules(SETTINGS, roles(SETTINGS, registered=False, overrides={}))
ROSTER, _ = build_roster([PersonSource("Ana"), PersonSource("Bo")])
TODAY = "2025-11-10"
LINK = "[[a#^t-00000001|↗]]"


def source_of(text: str) -> SourceTask:
    line = parse_line(text, RULES.tasks, hidden=True)
    assert line is not None
    return SourceTask(Task.of("a.md", 3, line, RULES), text_reader(ROSTER, RULES.assignees), ("Ana",), facts_of(line))


def row_of(text: str, note: str = "Tasks/@Ana.md", indent: str = "", *beneath: str) -> RowAt:
    return RowAt(note, "Ana", RegionRow(7, indent, text.encode(), "a.md", "t-00000001", beneath))


SOURCE = source_of("- [ ] Ring the bell @Ana ⏫ 📅 2025-11-12 ^t-00000001")
ROW = row_of(f"- [/] Ring the gong {LINK} 🔽 📅 2025-11-13")
DISPUTED = ("status", "prose", "priority", "due")


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        (["due"], f"- [/] Ring the gong {LINK} 🔽 📅 2025-11-12"),
        (["status"], f"- [ ] Ring the gong {LINK} 🔽 📅 2025-11-13"),
        (["prose"], f"- [/] Ring the bell {LINK} 🔽 📅 2025-11-13"),
        (["priority", "due"], f"- [/] Ring the gong {LINK} ⏫ 📅 2025-11-12"),
        (DISPUTED, f"- [ ] Ring the bell {LINK} ⏫ 📅 2025-11-12"),
    ],
)
def test_a_kept_source_gives_the_row_its_values_in_these_fields_alone(fields: list[str], after: str) -> None:
    (edit,) = edits_of_rows(SOURCE, [ROW], fields, DISPUTED, RULES, ROSTER)
    assert (edit.path, edit.line, edit.before, edit.after) == ("Tasks/@Ana.md", 7, ROW.row.text, (after,))


def test_a_row_keeps_its_indentation_and_the_id_that_somebody_gave_it() -> None:
    row = row_of(f"- [ ] Ring the bell {LINK} ⏫ 📅 2025-11-13 ^mine", "Tasks/@Ana.md", "    ")
    (edit,) = edits_of_rows(SOURCE, [row], ["due"], ["due"], RULES, ROSTER)
    assert edit.after == (f"    - [ ] Ring the bell {LINK} ⏫ 📅 2025-11-12 ^mine",)


def test_a_row_that_agrees_is_left_as_it_stands() -> None:
    row = row_of(f"-   [ ] Ring the bell   {LINK} ⏫ 📅 2025-11-12")
    assert edits_of_rows(SOURCE, [row], DISPUTED, DISPUTED, RULES, ROSTER) == []


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        (["due"], "- [ ] Ring the bell @Ana ⏫ 📅 2025-11-13 ^t-00000001"),
        (["prose", "priority"], "- [ ] Ring the gong @Ana 🔽 📅 2025-11-12 ^t-00000001"),
        (["status"], "- [/] Ring the bell @Ana ⏫ 📅 2025-11-12 ^t-00000001"),
    ],
)
def test_a_kept_row_gives_the_source_its_values_in_these_fields_alone(fields: list[str], after: str) -> None:
    edit = edit_of_source(SOURCE, ROW, fields, (), RULES, ROSTER, TODAY, set())
    assert (edit.path, edit.line, edit.before, edit.after) == ("a.md", 3, SOURCE.task.line.text, (after,))


def test_a_kept_row_that_hands_a_task_over_changes_who_is_mentioned() -> None:
    row = row_of(f"- [ ] Ring the bell @Bo {LINK} ⏫ 📅 2025-11-12")
    edit = edit_of_source(SOURCE, row, ["assignee"], (), RULES, ROSTER, TODAY, set())
    assert edit.after == ("- [ ] Ring the bell @Bo ⏫ 📅 2025-11-12 ^t-00000001",)


def test_a_kept_row_names_all_to_whom_the_task_goes() -> None:
    source = replace(source_of("- [ ] Call them @Ana @Kim ^t-00000001"), assignees=("Ana", "Kim"))
    row = row_of(f"- [ ] Call them @Bo @Zoe {LINK}")
    edit = edit_of_source(source, row, ["assignee"], (), RULES, ROSTER, TODAY, set())
    (after,) = edit.after
    assert {word for word in after.split() if word.startswith("@")} == {"@Bo", "@Zoe"}


def test_a_kept_row_with_a_date_that_is_no_day_is_refused() -> None:
    row = row_of(f"- [ ] Ring the bell {LINK} ⏫ 📅 2025-13-45")
    with pytest.raises(CommandRefusedError, match="no day of the calendar"):
        edit_of_source(SOURCE, row, ["due"], (), RULES, ROSTER, TODAY, set())


SYMBOLS = st.sampled_from([" ", "/", "x", "-", "?"])
DAYS = st.sampled_from(["", " 📅 2025-11-12", " 📅 2025-11-13", " 🛫 2025-11-01 📅 2025-11-12"])
WORDS = st.sampled_from(["Ring the bell", "Ring the gong", "Ring #loud the gong"])


SIDES = st.tuples(SYMBOLS, WORDS, DAYS)


@given(SIDES, SIDES, st.sampled_from(["source", "row"]))
def test_whichever_side_is_kept_the_next_merge_finds_both_alike(
    at_source: tuple[str, str, str], in_row: tuple[str, str, str], keep: str
) -> None:
    source = source_of("- [{}] {} @Ana{} ^t-00000001".format(*at_source))
    row = row_of("- [{}] {} {}{}".format(*in_row[:2], LINK, in_row[2]))
    base = BaseTask("t-00000001", "a.md", source.task.line.text, frozenset(FIELDS), None, {row.note: row.row.text})
    standing = merge_task(base, source, [row], RULES, ROSTER, TODAY)
    fields = [*standing.disagreements]
    if not fields:
        return
    assert standing.after == standing.before
    if keep == "source":
        (edit,) = edits_of_rows(source, [row], fields, fields, RULES, ROSTER)
        row = row_of(edit.after[0])
    else:
        edit = edit_of_source(source, row, fields, (), RULES, ROSTER, TODAY, set())
        source = source_of(edit.after[-1])
    after = merge_task(base, source, [row], RULES, ROSTER, TODAY)
    assert not after.disagreements
    assert after.refusal is None
    assert after.after == source.task.line.text


def test_of_the_rows_values_those_that_the_source_has_as_well_need_no_choice() -> None:
    assert differing(Disagreement("1", {"a.md": "1", "b.md": "2"})) == {"b.md": "2"}


# -- of a task whose line is gone

GONE = BaseTask(
    "t-00000001",
    "a.md",
    "  - [ ] Ring the bell @Ana 📅 2025-11-12 ^t-00000001",
    frozenset({"source"}),
    0.0,
    {"Tasks/@Ana.md": f"- [ ] Ring the bell {LINK} 📅 2025-11-12"},
)


def orphan(*rows: RowAt, task: BaseTask = GONE) -> tuple[str, ...]:
    return lines_of_orphan(task, rows, RULES, ROSTER, TODAY, set())


def test_the_line_of_a_task_that_is_gone_has_what_its_row_says() -> None:
    row = row_of(f"- [/] Ring the gong {LINK} 📅 2025-11-12")
    assert orphan(row) == ("- [/] Ring the gong @Ana 📅 2025-11-12 ^t-00000001",)


def test_a_ticked_row_of_a_recurring_task_that_is_gone_gives_the_next_one_as_well() -> None:
    line = "- [ ] Ring the bell @Ana 🔁 every week 📅 2025-11-12 ^t-00000001"
    task = BaseTask("t-00000001", "a.md", line, frozenset(), 0.0, GONE.rows)
    following, done = orphan(row_of(f"- [x] Ring the bell {LINK} 📅 2025-11-12"), task=task)
    assert following.startswith("- [ ] Ring the bell @Ana 🔁 every week 📅 2025-11-19 ^t-")
    assert done == "- [x] Ring the bell @Ana 🔁 every week 📅 2025-11-12 ✅ 2025-11-10 ^t-00000001"


def test_rows_that_say_different_things_are_refused() -> None:
    other = "Tasks/@Bo.md"
    text = f"- [ ] Ring the bell {LINK} 📅 2025-11-12"
    task = BaseTask(GONE.key, GONE.path, GONE.line, GONE.conflicts, 0.0, {**GONE.rows, other: text})
    rows = [row_of(text.replace("bell", "gong")), row_of(text.replace("bell", "horn"), other)]
    with pytest.raises(CommandRefusedError, match="different values"):
        orphan(*rows, task=task)


@pytest.mark.parametrize(
    ("beneath", "after"),
    [
        pytest.param((), (), id="nothing"),
        pytest.param(("    ↳ the note no longer has this task",), (), id="a line of ours"),
        pytest.param(("    - mine",), (f"- {LINK}",), id="a line of somebody's"),
    ],
)
def test_a_row_that_goes_leaves_its_link_over_what_somebody_wrote_beneath(
    beneath: tuple[str, ...], after: tuple[str, ...]
) -> None:
    (edit,) = removals([row_of(ROW.row.text, "Tasks/@Ana.md", "", *beneath)])
    assert (edit.before, edit.after) == (ROW.row.text, after)
