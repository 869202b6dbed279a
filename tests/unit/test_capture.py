"""Tasks typed into a region, rows whose link was deleted, and fields that rows don't show."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from laws.vault_model import ANA, BO, RULES, SETTINGS, FolderVault, PaperVault, region_lines

from vaultsync.cycle import Wheel
from vaultsync.reconcile.putback import TYPED
from vaultsync.storage.state import State
from vaultsync.tasks.rules import IndexRules
from vaultsync.undo import plan_undo, run_to_undo, write_undo

if TYPE_CHECKING:
    from pathlib import Path

INBOX = "Tasks/Inbox.md"
NOBODY = "Tasks/@Unassigned.md"


def known(**texts: str) -> PaperVault:
    vault = PaperVault({f"{name}.md": f"{text}\n" for name, text in texts.items()})
    vault.turn()
    vault.assert_settled()
    return vault


def type_in(vault: PaperVault, path: str, *lines: str) -> None:
    """Type lines at the top of a region."""
    text = vault.texts[path]
    end = "\r\n" if "\r\n" in text else "\n"
    begin = text.index("%% vaultsync:begin")
    at = text.index(end, begin) + len(end)
    vault.texts[path] = text[:at] + "".join(line + end for line in lines) + text[at:]


def captured(vault: PaperVault) -> list[str]:
    return [line.partition(" ^t-")[0] for line in vault.texts.get(INBOX, "").splitlines()]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        pytest.param("- [ ] Call Bob", "- [ ] Call Bob @Ana", id="with the person's mention"),
        pytest.param("    * [?] Call Bob 📅 2026-12-01 ⏫", "* [?] Call Bob @Ana 📅 2026-12-01 ⏫", id="before fields"),
        pytest.param("- [ ] Call Bob @Bo", "- [ ] Call Bob @Bo", id="with a mention of its own"),
        pytest.param("- [ ] Call Bob #home", "- [ ] Call Bob @Ana #home", id="before tags"),
        pytest.param("- [x] Call Bob", "- [x] Call Bob @Ana", id="done"),
        pytest.param("- [ ] See [[Other|it]]", "- [ ] See [[Other|it]] @Ana", id="with a link to a note"),
        pytest.param(
            "- [ ] See [[a#^mine|it]]", "- [ ] See [[a#^mine|it]] @Ana", id="with a link to a block of somebody's"
        ),
        pytest.param(
            "- [ ] Plan 🔁 every week 📅 2026-12-01", "- [ ] Plan @Ana 🔁 every week 📅 2026-12-01", id="recurring"
        ),
        pytest.param("- [ ] Call ^own", "- [ ] Call @Ana ^own", id="with an id of its own"),
    ],
)
def test_a_task_typed_into_a_region_is_captured(typed: str, line: str) -> None:
    vault = known(a="- [ ] Wait @Ana\n\nMy block ^mine")
    type_in(vault, ANA, typed, "        and more")
    vault.turn()
    assert captured(vault) == [line]
    assert typed.strip() not in region_lines(vault.texts[ANA])
    assert "more" in "\n".join(vault.lines(ANA))
    assert vault.problems == ()
    vault.assert_settled()


def test_the_lines_beneath_a_captured_task_stay_beneath_its_row() -> None:
    vault = known(a="- [ ] Wait @Ana")
    type_in(vault, ANA, "  - [ ] Call Bob", "    his number", "  - [ ] And Kim")
    vault.turn()
    lines = region_lines(vault.texts[ANA])
    row = next(number for number, line in enumerate(lines) if "Call Bob [[Tasks/Inbox#^t-" in line)
    assert lines[row + 1] == "  his number"
    assert captured(vault) == ["- [ ] Call Bob @Ana", "- [ ] And Kim @Ana"]
    vault.assert_settled()


def test_a_task_typed_beneath_a_row_is_a_task_of_its_own() -> None:
    vault = known(a="- [ ] Wait @Ana")
    row = vault.row(ANA, "Wait")
    vault.edit(ANA, row, f"{row}\n    my words\n    - [ ] First step")
    vault.turn()
    assert captured(vault) == ["- [ ] First step @Ana"]
    assert f"{row}\n    my words\n" in vault.texts[ANA]
    vault.assert_settled()


def test_the_same_line_in_two_notes_is_two_tasks() -> None:
    vault = known(a="- [ ] Wait @Ana @Bo")
    for path in (ANA, BO):
        type_in(vault, path, "- [ ] Call")
    vault.turn()
    assert sorted(captured(vault)) == ["- [ ] Call @Ana", "- [ ] Call @Bo"]
    vault.assert_settled()


def test_what_is_typed_for_nobody_gets_no_mention() -> None:
    vault = known(a="- [ ] Wait")
    type_in(vault, NOBODY, "- [ ] Call")
    vault.turn()
    assert captured(vault) == ["- [ ] Call"]
    assert "- [ ] Call" in vault.rows(NOBODY)
    vault.assert_settled()


def test_the_global_filter_is_written() -> None:
    rules = replace(RULES, tasks=replace(SETTINGS, global_filter="#todo"))
    vault = PaperVault({"a.md": "- [ ] Wait #todo @Ana\n"}, rules=rules)
    vault.turn()
    type_in(vault, ANA, "- [ ] Call 📅 2026-12-01")
    vault.turn()
    assert captured(vault) == ["- [ ] Call @Ana #todo 📅 2026-12-01"]
    assert "- [ ] Call 📅 2026-12-01" in vault.rows(ANA)
    vault.assert_settled()


def test_dataview_fields_stay_as_typed() -> None:
    rules = replace(RULES, tasks=replace(SETTINGS, format="dataview"))
    vault = PaperVault({"a.md": "- [ ] Wait @Ana\n"}, rules=rules)
    vault.turn()
    type_in(vault, ANA, "- [ ] Call [due:: 2026-12-01]")
    vault.turn()
    assert captured(vault) == ["- [ ] Call @Ana [due:: 2026-12-01]"]
    vault.assert_settled()


def test_in_a_section_of_a_note_and_with_crlf() -> None:
    rules = replace(RULES, index=IndexRules(path="Tasks/@{person}.md", heading="Open tasks"))
    vault = PaperVault({"a.md": "- [ ] Wait @Ana\r\n", ANA: "# Ana\r\n\r\nMine\r\n"}, rules=rules)
    vault.turn()
    type_in(vault, ANA, "- [ ] Call", "    by phone")
    vault.turn()
    assert captured(vault) == ["- [ ] Call @Ana"]
    assert "Mine\r\n" in vault.texts[ANA]
    assert "\n" not in vault.texts[ANA].replace("\r\n", "")
    vault.assert_settled()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "{}\n", id="that is empty"),
        pytest.param("\ufeff", "\ufeff\n{}\n", id="of a byte order mark"),
        pytest.param("- [ ] One\n", "- [ ] One\n{}\n", id="that ends in a list"),
        pytest.param("- [ ] One", "- [ ] One\n{}\n", id="without a final line end"),
        pytest.param("Text\r\n", "Text\r\n\r\n{}\r\n", id="with CRLF that ends in text"),
        pytest.param("# New\n\n", "# New\n\n{}\n", id="that ends in a blank line"),
    ],
)
def test_the_capture_note_keeps_its_bytes_in_one(before: str, after: str) -> None:
    vault = known(a="- [ ] Wait @Ana")
    vault.texts[INBOX] = before
    vault.turn()
    type_in(vault, ANA, "- [ ] Call")
    vault.turn()
    assert re.sub(r" \^t-\w{8}", "", vault.texts[INBOX]) == after.format("- [ ] Call @Ana")
    vault.assert_settled()


def test_a_capture_note_that_is_being_edited_waits() -> None:
    vault = known(a="- [ ] Wait @Ana", b="x")
    vault.texts[INBOX] = "Mine\n"
    type_in(vault, ANA, "- [ ] Call")
    for waiting in ({"held": frozenset({INBOX})}, {"unstamped": frozenset({INBOX})}):
        vault.turn(**waiting)
        assert vault.texts[INBOX] == "Mine\n"
        assert "- [ ] Call" in region_lines(vault.texts[ANA])
        assert vault.problems == ()
    vault.turn()
    assert captured(vault) == ["Mine", "", "- [ ] Call @Ana"]


@pytest.mark.parametrize(
    ("typed", "stays"),
    [
        pytest.param("- [ ] @Bo", "it has no words", id="a mention alone"),
        pytest.param("- [ ] 📅 2026-12-01", "it has no words", id="a date alone"),
        pytest.param("- [ ] Do ^t-12345678 now", "with a block id", id="an id of ours in the middle"),
    ],
)
def test_what_can_not_be_captured_stays_as_typed_and_is_told(typed: str, stays: str) -> None:
    vault = known(a="- [ ] Wait @Ana")
    type_in(vault, ANA, typed)
    for _ in range(2):
        vault.turn()
        assert typed in region_lines(vault.texts[ANA])
        assert any(stays in problem for problem in vault.problems)
    vault.assert_settled()


def test_an_empty_box_goes_and_one_that_means_nothing_moves_below() -> None:
    vault = known(a="- [ ] Wait @Ana")
    type_in(vault, ANA, "- [ ] ", "    mine", "- [!] Odd", "    too")
    vault.turn()
    below = vault.texts[ANA].partition("%% vaultsync:end %%")[2]
    assert [line for line in below.split("\n") if line] == ["    mine", "- [!] Odd", "    too"]
    assert INBOX not in vault.texts
    vault.assert_settled()


def test_an_id_that_stands_in_the_capture_note_already_is_not_given_twice() -> None:
    vault = known(a="- [ ] Wait @Ana")
    vault.texts[INBOX] = "- [ ] One @Ana ^own\n"
    vault.turn()
    type_in(vault, ANA, "- [ ] Two ^own")
    vault.turn()
    assert captured(vault) == ["- [ ] One @Ana ^own", "- [ ] Two @Ana"]
    assert vault.rows(ANA) == ["- [ ] One", "- [ ] Two", "- [ ] Wait"]
    vault.assert_settled()


def test_a_task_that_would_be_taken_for_a_mirror_stays_as_typed() -> None:
    vault = known(a="- [ ] Wait @Ana ^mine\n\nBlock ^other")
    type_in(vault, ANA, "- [ ] See [[a#^mine|this]] and [[a#^other]] ^own")
    vault.turn()
    assert INBOX not in vault.texts
    assert any("taken for a copy of the row" in problem for problem in vault.problems)
    vault.assert_settled()


def test_a_row_that_leads_to_a_note_which_is_not_there_waits_for_it() -> None:
    vault = known(a="- [ ] Wait @Ana")
    type_in(vault, ANA, "- [ ] Read it [[Later#^mine|↗]]")
    vault.turn()
    assert INBOX not in vault.texts
    vault.texts["Later.md"] = "- [ ] Read it @Ana ^mine\n"
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Read it", "- [ ] Wait"]
    assert INBOX not in vault.texts
    vault.assert_settled()


@pytest.mark.parametrize("drawn", [False, True], ids=["before", "behind"])
def test_a_run_that_died_between_two_index_notes_captures_nothing_twice(*, drawn: bool) -> None:
    """It died behind the capture note: before the note of somebody whom the typed task names, or behind that one."""
    vault = known(a="- [ ] Wait @Ana")
    type_in(vault, ANA, "- [ ] Call", "- [ ] Tell @Bo", "- [ ] Tell @Bo")
    text, base, records, ids = vault.texts[ANA], dict(vault.base), dict(vault.records), set(vault.ids)
    vault.turn()
    ended = dict(vault.texts)
    vault.texts[ANA], vault.base, vault.records, vault.ids = text, base, records, ids
    if not drawn:
        del vault.texts[BO]
    vault.turn()
    assert vault.texts == ended
    vault.assert_settled()


# -- rows with further links


def linked(vault: PaperVault, words: str, alias: str = "") -> str:
    """Return a link to the task of some words, as somebody types one."""
    line = next(line for line in vault.lines("a.md") if words in line)
    return f"[[a#^{line.rpartition('^')[2]}{alias}]]"


@pytest.mark.parametrize("alias", ["", "|the boat"])
@pytest.mark.parametrize("other", ["Bo", "Ana"])
def test_a_link_typed_into_a_row_is_words_of_its_task(alias: str, other: str) -> None:
    vault = known(a=f"- [ ] Call Kim @Ana\n- [ ] Mend the boat @{other}")
    typed = linked(vault, "boat", alias)
    vault.edit(ANA, vault.row(ANA, "Kim"), f"{vault.row(ANA, 'Kim')} about {typed}")
    vault.turn()
    assert [line.rpartition(" ^")[0] for line in vault.lines("a.md")][:2] == [
        f"- [ ] Call Kim about {typed} @Ana",
        f"- [ ] Mend the boat @{other}",
    ]
    assert vault.problems == ()
    vault.assert_settled()


@pytest.mark.parametrize("alias", ["", "|the boat"])
@pytest.mark.parametrize("block_id", ["", " ^mine"])
def test_a_task_typed_with_a_link_to_another_is_captured(alias: str, block_id: str) -> None:
    vault = known(a=f"- [ ] Call Kim @Ana\n- [ ] Mend the boat @Bo{block_id}")
    typed = linked(vault, "boat", alias)
    type_in(vault, ANA, f"- [ ] Ask about {typed}")
    vault.turn()
    assert captured(vault) == [f"- [ ] Ask about {typed} @Ana"]
    assert vault.lines("a.md")[1].startswith("- [ ] Mend the boat @Bo")
    vault.assert_settled()


def test_an_edit_after_which_the_source_would_be_a_mirror_is_refused() -> None:
    vault = known(a="- [ ] Call Kim @Ana ^kim\n- [ ] Mend the boat @Ana ^boat")
    vault.edit(ANA, vault.row(ANA, "Kim"), f"{vault.row(ANA, 'Kim')} about [[a#^boat|the boat]]")
    row = vault.row(ANA, "Kim")
    vault.turn()
    assert vault.lines("a.md")[:2] == ["- [ ] Call Kim @Ana ^kim", "- [ ] Mend the boat @Ana ^boat"]
    assert vault.row(ANA, "Kim") == row
    assert any("taken for a copy of the row" in problem for problem in vault.problems)
    vault.assert_settled()


def test_two_rows_that_were_joined_wait_for_somebody_to_part_them() -> None:
    vault = known(a="- [ ] Call Kim @Ana\n- [ ] Mend the boat @Ana\n- [ ] Wait @Ana")
    source, one, two = vault.texts["a.md"], vault.row(ANA, "Kim"), vault.row(ANA, "boat")
    vault.edit(ANA, f"{one}\n{two}", f"{one}{two}")
    vault.turn()
    assert vault.texts["a.md"] == source
    assert f"{one}{two}" in region_lines(vault.texts[ANA])
    assert any("more than one task" in problem for problem in vault.problems)
    vault.assert_settled()
    vault.edit("a.md", "Mend the boat", "Mend our boat")
    vault.turn()
    vault.edit(ANA, f"{one}{two}", f"{one}\n{two}")
    vault.turn()
    assert sorted(vault.rows(ANA)) == ["- [ ] Call Kim", "- [ ] Mend our boat", "- [ ] Wait"]
    assert vault.problems == ()
    vault.assert_settled()


@pytest.mark.parametrize("link_text", ["↗", "title"])
def test_a_row_taken_to_another_note_with_its_link_is_that_tasks(link_text: str) -> None:
    rules = replace(RULES, index=IndexRules(link_text=link_text))
    vault = PaperVault({"a.md": "- [ ] Call Kim @Ana\n- [ ] Mend the boat @Bo\n"}, rules=rules)
    vault.turn()
    vault.edit(ANA, vault.row(ANA, "Kim"), f"{vault.row(ANA, 'Kim')}\n{vault.row(BO, 'boat').replace('[ ]', '[x]')}")
    vault.turn()
    assert vault.lines("a.md")[1].startswith("- [x] Mend the boat @Bo")
    assert INBOX not in vault.texts
    vault.assert_settled()


# -- rows whose link was deleted


@pytest.mark.parametrize(
    "left", ["[[{}#^{}|↗]", "[[{}#^{}|", "[[{}#^{}", "[{}#^{}|↗]]", "[[{}#^t-", "[[{}", "[[", "^{1}|↗]]", "]]", ""]
)
def test_a_row_of_whose_link_a_part_is_left_is_its_tasks(left: str) -> None:
    vault = known(a="- [ ] Call Kim today @Ana\n- [ ] Wait @Ana")
    source, row = vault.texts["a.md"], vault.row(ANA, "Kim")
    block_id = vault.lines("a.md")[0].rpartition("^")[2]
    vault.edit(ANA, row, f"{row.partition(' [[')[0]} {left.format('a', block_id)}".rstrip())
    vault.turn()
    assert (vault.texts["a.md"], vault.row(ANA, "Kim")) == (source, row)
    assert INBOX not in vault.texts
    vault.assert_settled()


def test_what_is_left_of_a_link_says_which_task_was_reworded() -> None:
    vault = known(a="- [ ] Call Kim today @Ana\n- [ ] Wait @Ana")
    row = vault.row(ANA, "Kim")
    vault.edit(ANA, row, row.replace("Call Kim today", "Write to her 2 lines").removesuffix("]"))
    vault.turn()
    assert vault.lines("a.md")[0].startswith("- [ ] Write to her 2 lines @Ana")
    assert INBOX not in vault.texts
    vault.assert_settled()


def test_two_rows_alike_whose_links_are_gone_wait_for_a_word() -> None:
    vault = known(a="- [ ] Call Anna up @Ana\n- [ ] Call Anne up @Ana")
    for name in ("Anna", "Anne"):
        vault.edit(ANA, vault.row(ANA, name) + "\n", "")
    type_in(vault, ANA, "- [/] Call Anno up")
    vault.turn()
    assert "- [/] Call Anno up" in region_lines(vault.texts[ANA])
    assert any("more than one row" in problem for problem in vault.problems)
    vault.assert_settled()
    vault.edit(ANA, "- [/] Call Anno up", "- [/] Call Anne up")
    vault.turn()
    assert [line.partition(" ^")[0] for line in vault.lines("a.md")][:2] == [
        "- [ ] Call Anna up @Ana",
        "- [/] Call Anne up @Ana",
    ]
    assert INBOX not in vault.texts
    vault.assert_settled()


def test_rows_as_they_were_without_their_links_get_them_back() -> None:
    vault = known(a="- [ ] Call @Ana 📅 2026-12-01\n- [ ] Call @Ana 📅 2026-12-02\n- [ ] Call @Ana")
    before = dict(vault.texts)
    lines = [line.partition(" [[")[0] + line.partition("]]")[2] for line in vault.lines(ANA)]
    vault.texts[ANA] = "\n".join(lines)
    assert vault.texts[ANA] != before[ANA]
    vault.turn()
    assert vault.texts == before


def test_another_number_is_another_task() -> None:
    vault = known(a="- [ ] Review change 12 @Ana")
    vault.edit(ANA, vault.row(ANA, "12"), "- [ ] Review change 13")
    vault.turn()
    assert captured(vault) == ["- [ ] Review change 13 @Ana"]
    assert sorted(vault.rows(ANA)) == ["- [ ] Review change 12", "- [ ] Review change 13"]
    vault.assert_settled()


def test_a_link_deleted_while_rows_may_not_move_is_found_afterwards() -> None:
    vault = known(a="- [ ] Wait for them @Ana")
    vault.edit(ANA, vault.row(ANA, "Wait"), "- [x] Wait for them")
    for _ in range(2):
        vault.turn(unsettled=frozenset({ANA}))
    vault.turn()
    assert vault.lines("a.md")[0].startswith("- [x] Wait for them @Ana ✅")
    assert INBOX not in vault.texts


# -- fields that rows don't show


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        pytest.param("➕ 2026-11-01", "- [ ] Wait @Ana ➕ 2026-11-01", id="created"),
        pytest.param("🔁 every week", "- [ ] Wait @Ana 🔁 every week", id="recurrence"),
        pytest.param("🆔 abc", "- [ ] Wait @Ana 🆔 abc", id="id"),
    ],
)
def test_a_field_typed_into_a_row_goes_to_a_source_without_it(typed: str, line: str) -> None:
    vault = known(a="- [ ] Wait @Ana")
    vault.edit(ANA, vault.row(ANA, "Wait"), f"{vault.row(ANA, 'Wait')} {typed}")
    vault.turn()
    assert vault.lines("a.md")[0].partition(" ^")[0] == line
    assert typed not in vault.texts[ANA]
    assert vault.problems == ()
    vault.assert_settled()


@pytest.mark.parametrize(
    ("has", "typed"),
    [
        pytest.param("🔁 every week", "🔁 every day", id="recurrence"),
        pytest.param("➕ 2026-11-01", "➕ 2026-11-02", id="created"),
        pytest.param("", "➕ 2026-11-35", id="no day of the calendar"),
    ],
)
def test_a_field_that_the_source_keeps_of_its_own_is_told(has: str, typed: str) -> None:
    vault = known(a=f"- [ ] Wait @Ana {has}".rstrip())
    before = vault.texts["a.md"]
    vault.edit(ANA, vault.row(ANA, "Wait"), f"{vault.row(ANA, 'Wait')} {typed}")
    plan = vault.turn()
    assert vault.texts["a.md"] == before
    (problem,) = plan.problems
    assert problem.once
    assert problem.what.startswith(f"{typed} was typed into the row, but ")
    assert typed not in vault.texts[ANA]
    vault.assert_settled()


def test_another_day_of_a_done_row_is_the_tasks() -> None:
    vault = known(a="- [ ] Wait @Ana")
    vault.edit(ANA, "- [ ]", "- [x]")
    vault.turn()
    assert "✅ 2026-11-22" in vault.texts["a.md"]
    vault.edit(ANA, "✅ 2026-11-22", "✅ 2026-11-20")
    vault.turn()
    assert vault.lines("a.md")[0].endswith("✅ 2026-11-20 " + vault.lines("a.md")[0].rpartition(" ")[2])
    assert "✅ 2026-11-20" in vault.texts[ANA]
    vault.assert_settled()


def test_a_row_that_is_rejected_with_its_day_gives_that_day() -> None:
    vault = known(a="- [ ] Wait @Ana")
    row = vault.row(ANA, "Wait")
    vault.edit(ANA, row, f"{row.replace('[ ]', '[-]', 1)} ❌ 2026-11-20")
    vault.turn()
    assert "- [-] Wait @Ana ❌ 2026-11-20 ^t-" in vault.texts["a.md"]
    vault.assert_settled()


# -- undo


def test_undo_leaves_what_somebody_typed_and_takes_back_the_rest(tmp_path: Path) -> None:
    with patch("os.fsync"):
        vault = FolderVault(tmp_path)
        vault.write("a.md", "- [ ] Wait @Ana\n- [ ] Mend @Ana\n")
        vault.come_to_rest()
        row = next(line for line in region_lines(vault.read(ANA)) if "Wait" in line)
        vault.write(ANA, vault.read(ANA).replace(row, f"{row.replace('[ ]', '[x]')}\n- [ ] Call"))
        vault.come_to_rest()
        assert vault.read("a.md").startswith("- [x] Wait")
        state = State(vault.state_file)
        wheel = Wheel(vault.settings, state, vault.clock(), vault.waits)
        wheel.scanner.scan_all()
        run = run_to_undo(None, wheel)
        assert run is not None
        undoing = plan_undo(run, wheel)
        assert undoing.is_whole
        assert [(left.edit.path, left.what) for left in undoing.left] == [(INBOX, TYPED)]
        write_undo(undoing, wheel, alone=True)
        state.close()
        vault.come_to_rest()
        assert vault.read("a.md").startswith("- [ ] Wait")
        assert vault.read(INBOX).startswith("- [ ] Call @Ana")
        assert any("- [ ] Call" in line for line in region_lines(vault.read(ANA)))


def test_a_run_that_only_captured_is_not_the_one_to_undo(tmp_path: Path) -> None:
    with patch("os.fsync"):
        vault = FolderVault(tmp_path)
        vault.write("a.md", "- [ ] Wait @Ana\n")
        vault.come_to_rest()
        vault.write(ANA, vault.read(ANA).replace("## Open\n", "## Open\n\n- [ ] Call\n"))
        vault.come_to_rest()
        state = State(vault.state_file)
        assert run_to_undo(None, Wheel(vault.settings, state, vault.clock(), vault.waits)) is None
        state.close()


@pytest.mark.parametrize("path", [INBOX, BO])
def test_what_is_no_note_in_a_new_notes_place_is_told_and_keeps_no_other_note_from_being_written(
    path: str, tmp_path: Path
) -> None:
    with patch("os.fsync"):
        vault = FolderVault(tmp_path)
        vault.write("a.md", "- [ ] Wait @Ana\n")
        vault.come_to_rest()
        (vault.root / path).symlink_to(tmp_path / "elsewhere.md")
        vault.write(ANA, vault.read(ANA).replace("## Open\n", "## Open\n\n- [ ] Call\n"))
        vault.write("b.md", "- [ ] Mend @Bo\n- [ ] Sew @Ana\n")
        vault.later += 10
        outcome = vault.turn()
        assert [problem.path for problem in outcome.problems] == [path]
        assert "no file" in outcome.problems[0].what
        assert {(edit.path, edit.why) for edit in outcome.edits} >= {("b.md", "id")}
        assert any("Sew" in line for line in region_lines(vault.read(ANA)))
        assert any("Call" in line for line in region_lines(vault.read(ANA)))
        assert not (tmp_path / "elsewhere.md").exists()
