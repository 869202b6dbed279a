from __future__ import annotations

from dataclasses import replace

import pytest
from laws.vault_model import ANA, RULES, PaperVault

from vaultsync.reconcile.absorb import holds_lines, with_lines
from vaultsync.reconcile.base import KEPT_FORMER, BaseTask, former_rows
from vaultsync.reconcile.copies import Copy
from vaultsync.tasks.note import parse_text

NAME = "Tasks/@Ana 2.md"


def copies(text: str) -> dict[str, Copy]:
    note = parse_text(NAME, text, "digest", RULES)
    return {NAME: Copy(replace(note, text=text), ANA)}


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
