from __future__ import annotations

from dataclasses import replace

import pytest
from laws.vault_model import ANA, RULES, PaperVault

from vaultsync.reconcile.absorb import holds_lines, with_lines
from vaultsync.reconcile.base import KEPT_FORMER, BaseTask, former_rows
from vaultsync.reconcile.copies import Copy
from vaultsync.tasks.note import parse_text

NAME = "Tasks/@Ana 2.md"


def copies(text: str, name: str = NAME, original: str = ANA) -> dict[str, Copy]:
    note = parse_text(name, text, "digest", RULES)
    return {name: Copy(replace(note, raw=text.encode()), original)}


def copy_of_source(text: str) -> dict[str, Copy]:
    return copies(text, "a 2.md", "a.md")


def known() -> PaperVault:
    vault = PaperVault({"a.md": "- [ ] Do @Ana\n"})
    vault.turn()
    return vault


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param("a\n", "a\n\nx\n\ny\n", id="a blank line apart"),
        pytest.param("a\n\n", "a\n\nx\n\ny\n", id="behind a blank line"),
        pytest.param("a", "a\n\nx\n\ny\n", id="a note without a last line end"),
        pytest.param("a\r\n", "a\r\n\r\nx\r\n\r\ny\r\n", id="windows line ends"),
        pytest.param("", "x\n\ny\n", id="an empty note"),
    ],
)
def test_lines_are_put_behind_the_end_of_a_note(text: str, after: str) -> None:
    assert with_lines(text, ["x", "", "y"]) == after


def test_nothing_to_put_changes_nothing() -> None:
    assert with_lines("a", []) == "a"


def test_lines_are_held_as_often_as_they_stand() -> None:
    assert holds_lines("a\n\nb ^t-abcdefgh\n", ["a", "", "b"])
    assert not holds_lines("a\n", ["a", "a"])


@pytest.mark.parametrize(
    ("own", "copied", "added"),
    [
        pytest.param("x\n", "x\n", "", id="a line that both have"),
        pytest.param("x\n", "x\nx\n", "\nx\n", id="a line more often than in the original"),
        pytest.param("x\n", "y\n\nx\n\nz\n", "\ny\n\nz\n", id="new lines around a known one"),
        pytest.param("- [ ] t ^t-abcdefgh\n", "- [ ] t\n", "", id="a task without the id that it has in the original"),
        pytest.param("```\na\n```\n", "```\na\n```\n```\nb\n```\n", "\n```\nb\n```\n", id="a further fence"),
        pytest.param("x\n", "  x\n", "\n  x\n", id="another indentation"),
    ],
)
def test_the_text_that_only_a_copy_has_goes_below_the_original_once(own: str, copied: str, added: str) -> None:
    vault = known()
    drawn = vault.texts[ANA]
    vault.texts[ANA] = f"{drawn}\n{own}"
    vault.turn()
    before = vault.texts[ANA]
    given = copies(f"{drawn}\n{copied}")
    plan = vault.turn(copies=given)
    assert vault.texts[ANA] == before + added
    assert [each.path for each in plan.absorbed] == [NAME]
    vault.assert_settled_in(copies=given)


def test_former_rows_are_the_newest_and_few() -> None:
    base = BaseTask("t", "a.md", "", rows={ANA: "old"}, former=tuple(map(str, range(KEPT_FORMER))))
    assert former_rows(base, {ANA: "new"}, ["copied"]) == ("copied", "old", *map(str, range(KEPT_FORMER - 2)))
    assert former_rows(base, {ANA: "old"}, []) == base.former


def in_conflict() -> PaperVault:
    vault = known()
    vault.edit("a.md", "Do", "Do this")
    vault.edit(ANA, "Do", "Do that")
    vault.turn()
    return vault


def test_a_conflict_stands_though_another_text_came_in_the_place_of_the_one_that_a_copy_of_the_note_keeps() -> None:
    vault = in_conflict()
    given = copy_of_source(vault.texts["a.md"])
    vault.edit("a.md", "Do this", "Do it")
    plan = vault.turn(copies=given)
    assert [(each.field, each.disagreement.source) for each in plan.conflicts] == [("prose", "Do it")]
    assert "Do it" in vault.texts["a.md"]
    assert "Do that" in vault.row(ANA, "[ ]")
    vault.assert_settled_in(copies=given)
    vault.edit("a.md", "Do it", "Do it now")
    assert vault.turn(copies=given).conflicts == ()
    assert "Do it now" in vault.row(ANA, "[ ]")


def test_a_row_in_conflict_holds_its_value_though_the_note_of_another_replica_came_in_its_place() -> None:
    vault = in_conflict()
    mine = dict(vault.texts)
    other = known()
    other.edit("a.md", "Do", "Do it")
    other.turn()
    vault.texts.update(other.texts)
    plan = vault.turn(copies={**copies(mine[ANA]), **copy_of_source(mine["a.md"])})
    assert [(each.field, each.disagreement.source) for each in plan.conflicts] == [("prose", "Do it")]
    assert "Do that" in vault.row(ANA, "[ ]")
    other.turn(copies={**copies(mine[ANA]), **copy_of_source(mine["a.md"])})
    assert vault.row(ANA, "[ ]") == other.row(ANA, "[ ]")


def test_a_row_in_conflict_holds_its_value_though_an_older_one_came_in_its_place() -> None:
    vault = known()
    old = vault.texts[ANA]
    vault.edit("a.md", "Do", "Do this")
    vault.edit(ANA, "Do", "Do that")
    vault.turn()
    before = dict(vault.texts)
    vault.texts[ANA] = old
    vault.turn(copies=copies(before[ANA]))
    assert vault.texts == before


def test_the_row_of_a_copy_stands_in_the_same_conflict_whatever_the_replica_has_drawn_before() -> None:
    ahead, behind = known(), known()
    given = copies(ahead.texts[ANA].replace("Do", "Do that"))
    ahead.edit("a.md", "Do", "Do this")
    ahead.turn()
    behind.texts = dict(ahead.texts)
    for vault in (ahead, behind):
        plan = vault.turn(copies=given)
        assert [(each.field, each.disagreement.source) for each in plan.conflicts] == [("prose", "Do this")]
    assert "Do that" in ahead.row(ANA, "[ ]")
    assert ahead.texts == behind.texts


def test_an_edit_of_what_may_be_an_older_row_writes_over_nothing() -> None:
    vault = known()
    given = copies(vault.texts[ANA].replace("- [ ] Do", "- [/] Do that"))
    vault.edit("a.md", "- [ ] Do", "- [/] Do this")
    vault.turn()
    plan = vault.turn(copies=given)
    assert [each.field for each in plan.conflicts] == ["prose"]
    assert "- [/] Do this @Ana" in vault.texts["a.md"]
    assert "- [/] Do that" in vault.row(ANA, "[/]")


def test_a_conflict_that_another_replica_lists_is_one_here_and_no_edit_of_the_row() -> None:
    vault, other = known(), in_conflict()
    vault.edit("a.md", "Do", "Do this")
    vault.turn()
    vault.texts[ANA] = other.texts[ANA]
    plan = vault.turn()
    assert [(each.field, each.disagreement.source) for each in plan.conflicts] == [("prose", "Do this")]
    assert vault.texts == other.texts
    vault.assert_settled()
    vault.edit(ANA, "- [ ] Do that", "- [ ] Do both")
    assert vault.turn().conflicts == ()
    assert "Do both @Ana" in vault.texts["a.md"]


def test_a_row_beside_a_copy_says_nothing_that_a_copy_of_the_note_keeps_whichever_of_the_two_it_is() -> None:
    ahead, behind = known(), known()
    typed = copies(ahead.texts[ANA].replace("Do", "Do that"))
    ahead.edit("a.md", "Do", "Do it")
    ahead.turn()
    given = {**typed, **copy_of_source(ahead.texts["a.md"])}
    ahead.edit("a.md", "Do it", "Do this")
    behind.texts = dict(ahead.texts)
    for vault in (ahead, behind):
        vault.turn(copies=given)
        assert "Do this" in vault.texts["a.md"]
        assert "Do that" in vault.row(ANA, "[ ]")
    assert ahead.texts == behind.texts


def test_text_that_stands_in_the_original_as_a_row_alone_is_taken_over_since_the_row_may_change() -> None:
    vault = known()
    row = vault.row(ANA, "Do")
    plan = vault.turn(copies=copies(f"{vault.texts[ANA]}\n{row}\n"))
    assert [each.lines for each in plan.absorbed] == [(row,)]
    assert vault.texts[ANA].endswith(f"\n\n{row}\n")
