from __future__ import annotations

import pytest

from vaultsync.model import FieldName, Status, TaskLine, TaskSettings
from vaultsync.tasks.edits import next_occurrence, set_block_id, set_field, set_status, set_symbol, toggle_text
from vaultsync.tasks.line import parse_line

EMOJI = TaskSettings()
DATAVIEW = TaskSettings(format="dataview")
TODAY = "2025-11-10"


def read(text: str, settings: TaskSettings = EMOJI) -> TaskLine:
    line = parse_line(text, settings, hidden=True)
    assert line is not None
    return line


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        pytest.param("- [ ] a", "due", "2025-11-08", "- [ ] a 📅 2025-11-08", id="a new field goes to the end"),
        pytest.param("- [ ]", "due", "2025-11-08", "- [ ] 📅 2025-11-08", id="also of a line without text"),
        pytest.param("- [ ] a #t  ", "priority", "high", "- [ ] a #t ⏫  ", id="before a hard break"),
        pytest.param("- [ ] a ^b", "due", "2025-11-08", "- [ ] a 📅 2025-11-08 ^b", id="before the block id"),
        pytest.param(
            "- [ ] a 📅 2025-11-08 ✅ 2025-11-09",
            "scheduled",
            "2025-11-01",
            "- [ ] a ⏳ 2025-11-01 📅 2025-11-08 ✅ 2025-11-09",
            id="in Tasks' order",
        ),
        pytest.param(
            "- [ ] a  📆 2025-11-08 #t", "due", "2025-12-01", "- [ ] a  📆 2025-12-01 #t", id="a value is replaced"
        ),
        pytest.param(
            "- [ ] a 📅 2025-11-08 @Ann", "due", "2025-12-01", "- [ ] a 📅 2025-12-01 @Ann", id="a hidden one too"
        ),
        pytest.param("- [ ] a üìÖ 2025-11-08", "due", "2025-12-01", "- [ ] a 📅 2025-12-01", id="mojibake is mended"),
        pytest.param("- [ ] a ⏫ #t", "priority", "low", "- [ ] a 🔽 #t", id="a priority is replaced"),
        pytest.param("- [ ] a ⏫ #t", "priority", "none", "- [ ] a #t", id="no priority is none"),
        pytest.param("- [ ] a  ⏫  ", "priority", None, "- [ ] a  ", id="a removal keeps the hard break"),
        pytest.param("- [ ] a  ⏫ #t", "priority", None, "- [ ] a  #t", id="a removal keeps the spaces before"),
        pytest.param("- [ ] 📅 2025-11-08 ⏫", "due", None, "- [ ] ⏫", id="a removal at the start"),
        pytest.param("- [ ] a 📅 2025-11-08 @Ann", "due", None, "- [ ] a @Ann", id="a removal of a hidden one"),
        pytest.param(
            "- [ ] a 📅 2025-01-01 b 📅 2025-02-02 #t", "due", None, "- [ ] a b #t", id="a removal takes all copies"
        ),
        pytest.param("- [ ] a 📅2025-11-08⏫", "due", None, "- [ ] a ⏫", id="a removal between fields without spaces"),
        pytest.param("- [ ] a", "due", "soon", "- [ ] a", id="no date, no change"),
        pytest.param("- [ ] a", "id", "x y", "- [ ] a", id="no id, no change"),
        pytest.param("- [ ] a ^b", "block_id", None, "- [ ] a", id="a block id goes"),
        pytest.param("- [ ] a", "recurrence", "every week", "- [ ] a 🔁 every week", id="a rule"),
        pytest.param("- [ ] a", "depends_on", "x,y", "- [ ] a ⛔ x,y", id="dependencies"),
    ],
)
def test_a_field_is_written_where_tasks_reads_it(before: str, name: FieldName, value: str | None, after: str) -> None:
    assert set_field(read(before), name, value, EMOJI) == after


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        pytest.param("- [ ] a", "due", "2025-11-08", "- [ ] a  [due:: 2025-11-08]", id="a new field"),
        pytest.param(
            "- [ ] a (due:: 2025-11-08)", "due", "2025-12-01", "- [ ] a (due:: 2025-12-01)", id="its brackets stay"
        ),
        pytest.param("- [ ] a [due:: 2025-11-08], [id:: x]", "due", None, "- [ ] a [id:: x]", id="its comma goes"),
        pytest.param("- [ ] a [id:: id]", "id", "dd", "- [ ] a [id:: dd]", id="a value like its key"),
    ],
)
def test_a_dataview_field_is_written_in_its_own_form(
    before: str, name: FieldName, value: str | None, after: str
) -> None:
    assert set_field(read(before, DATAVIEW), name, value, DATAVIEW) == after


def test_behind_twenty_tags_a_priority_is_written_where_it_is_still_read() -> None:
    line = read("- [ ] a 📅 2025-11-08 " + " ".join(f"#t{number}" for number in range(20)))
    assert line.due == "2025-11-08"
    again = read(set_field(line, "priority", "high", EMOJI))
    assert (again.due, again.priority, again.tags) == ("2025-11-08", "high", line.tags)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- [ ] a", "- [ ] a ^t-1"),
        ("- [ ] a  ", "- [ ] a ^t-1  "),
        ("- [ ] a ^other  ", "- [ ] a ^t-1  "),
        ("- [ ] a ^T-1 and more ⏫", "- [ ] a and more ⏫ ^t-1"),
        ("- [ ] a^t-1 b", "- [ ] a^t-1 b ^t-1"),
        ("- [ ] ", "- [ ] "),
    ],
)
def test_a_block_id_stands_last_but_for_a_hard_break(before: str, after: str) -> None:
    assert set_block_id(read(before), "t-1") == after


def test_what_is_no_block_id_is_not_written() -> None:
    assert set_block_id(read("- [ ] a"), "t_1") == "- [ ] a"


def test_a_symbol_is_one_character_of_the_line() -> None:
    assert set_symbol(read("> 1. [?]  a"), "x") == "> 1. [x]  a"
    assert set_symbol(read("- [?] a"), "") == "- [] a"


@pytest.mark.parametrize(
    ("before", "to", "after"),
    [
        pytest.param(
            "- [ ] a  #t ⏫ ^b  ", "x", ["- [x] a  #t ⏫ ✅ 2025-11-10 ^b  "], id="only the status and its date"
        ),
        pytest.param("- [x] a ✅ 2025-01-01 ⏫", " ", ["- [ ] a ⏫"], id="leaving done takes the date out"),
        pytest.param("- [x] a ✅ 2025-01-01", "-", ["- [-] a ❌ 2025-11-10"], id="from done to cancelled"),
        pytest.param(
            "- [x] a ✅ 2025-01-01 ❌ 2025-01-01", "x", ["- [x] a ✅ 2025-01-01 ❌ 2025-01-01"], id="no change"
        ),
        pytest.param("- [ ] a 🏁 delete", "x", [], id="delete on completion"),
        pytest.param("- [ ] a 🏁 Delete", "-", ["- [-] a 🏁 Delete ❌ 2025-11-10"], id="not on cancelling"),
        pytest.param(
            "- [ ] a 🔁 every week 🆔 q ⛔ r 📅 2025-11-08 ^b",
            "x",
            ["- [ ] a 🔁 every week 📅 2025-11-15", "- [x] a 🔁 every week 🆔 q ⛔ r 📅 2025-11-08 ✅ 2025-11-10 ^b"],
            id="a recurring task",
        ),
        pytest.param(
            "- [ ] a 🔁 every day for 1 time 📅 2025-11-08",
            "x",
            ["- [x] a 🔁 every day for 1 time 📅 2025-11-08 ✅ 2025-11-10"],
            id="a rule without a further day",
        ),
    ],
)
def test_a_change_of_status_brings_what_tasks_brings(before: str, to: str, after: list[str]) -> None:
    assert set_status(read(before), to, EMOJI, TODAY) == after


def test_a_symbol_of_two_characters_is_refused() -> None:
    assert set_status(read("- [ ] a"), "xx", EMOJI, TODAY) is None


def test_the_next_occurrence_comes_from_the_completed_line_as_well() -> None:
    done = read("- [x] a 🔁 every day 📅 2025-11-08 ✅ 2025-11-10 ^b")
    assert next_occurrence(done, EMOJI, TODAY) == "- [ ] a 🔁 every day 📅 2025-11-09"
    assert next_occurrence(read("- [x] a 📅 2025-11-08"), EMOJI, TODAY) is None


def test_settings_decide_on_the_created_date_and_the_order() -> None:
    settings = TaskSettings(set_created_date=True, recurrence_on_next_line=True, set_done_date=False)
    assert set_status(read("- [ ] a 🔁 every day ➕ 2025-01-01"), "x", settings, TODAY) == [
        "- [x] a 🔁 every day ➕ 2025-01-01",
        "- [ ] a 🔁 every day ➕ 2025-11-10",
    ]


def test_a_click_to_an_empty_symbol_takes_the_dates_too() -> None:
    settings = TaskSettings(statuses=(Status("-", "Cancelled", "CANCELLED", ""),))
    assert set_status(read("- [-] a ❌ 2025-01-01"), None, settings, TODAY) == ["- [] a"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- [ ] a", "- [x] a"),
        ("- [?]  a ✅ 2025-01-01", "- [ ]  a ✅ 2025-01-01"),
        ("> - a", "> - [ ] a"),
        ("  text", "  - [ ] text"),
        ("-\t[ ] a", "- [ ]\t[ ] a"),
        ("", "- [ ] "),
    ],
)
def test_a_click_on_what_is_no_task_changes_the_box_alone(before: str, after: str) -> None:
    assert toggle_text(before) == after
