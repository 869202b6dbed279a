"""Notes that may not be planned on, index notes that may not be drawn, rows where no row belongs (hazards)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laws.vault_model import ANA, BO, FolderVault, PaperVault

from vaultsync.markdown.walker import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTE = "a.md"
OVERVIEW = "Tasks/Overview.md"
GIT = "<<<<<<< HEAD\n- [ ] Ours @Ana\n=======\n- [ ] Theirs @Ana\n>>>>>>> other\n"
BAD = {
    "NULs": (b"\n\0\n", "NUL"),
    "no UTF-8": (b"\n\xff\xfe\n", "not UTF-8"),
    "git conflict markers": (b"\n" + GIT.encode(), "git conflict markers"),
    "the sentinel": (f"\n{SENTINEL}\n".encode(), "U+10FA5E"),
}


def known() -> PaperVault:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Bo\n"})
    vault.turn()
    vault.assert_settled()
    return vault


@pytest.mark.parametrize(("junk", "what"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", [NOTE, ANA, OVERVIEW])
def test_a_note_that_suddenly_cant_be_read_is_left_alone_its_rows_stay_and_its_line_is_told(
    tmp_path: Path, path: str, junk: bytes, what: str
) -> None:
    vault = FolderVault(tmp_path / "one")
    vault.write(NOTE, "- [ ] Do @Ana\n- [ ] Else @Bo\n")
    vault.turn()
    line = vault.read(path).count("\n") + 2
    file = vault.root / path
    file.write_bytes(file.read_bytes() + junk)
    other = ANA if path == NOTE else NOTE
    vault.write(other, vault.read(other).replace("- [ ] Do", "- [/] Do"))
    before = {each: (vault.root / each).read_bytes() for each in (NOTE, ANA, OVERVIEW)}
    for _ in range(3):
        outcome = vault.turn()
        vault.later += 100
        assert [(problem.path, problem.line) for problem in outcome.problems if what in problem.what] == [(path, line)]
        assert file.read_bytes() == before[path]
        assert len(vault.base()) == 2
        assert sorted(each.name for each in vault.root.rglob("*.md")) == ["@Ana.md", "@Bo.md", "Overview.md", "a.md"]
    if path == ANA:
        assert (vault.root / NOTE).read_bytes() == before[NOTE]
    if path == NOTE:
        assert "- [/] Do [[" in vault.read(ANA)
    file.write_bytes(file.read_bytes().removesuffix(junk))
    vault.turn()
    assert vault.read(NOTE).startswith("- [/] Do")
    assert "- [/] Do [[" in vault.read(ANA)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("%% vaultsync:end %%\n", ""),
        lambda text: text.replace("%% vaultsync:end %%", "%% vaultsync:end %%\n%% vaultsync:end %%"),
        lambda text: text + text.partition("---\n\n")[2],
        lambda text: text.replace("%% vaultsync:begin", "% vaultsync:begin"),
        lambda text: text.replace("%% vaultsync:end", GIT + "\n%% vaultsync:end"),
    ],
    ids=["an end marker that is gone", "a doubled end marker", "a doubled region", "a damaged marker", "git's markers"],
)
@pytest.mark.parametrize("path", [ANA, OVERVIEW])
def test_a_region_that_is_damaged_freezes_its_note_which_never_grows(path: str, damage: Callable[[str], str]) -> None:
    vault = known()
    vault.texts[path] = text = damage(vault.texts[path])
    vault.edit(NOTE, "Do", "Do it")
    for number in range(3):
        vault.texts["b.md"] = f"- [ ] Third {number} @Ana\n"
        vault.turn()
        assert vault.texts[path] == text
        assert sorted(vault.texts) == [ANA, BO, OVERVIEW, NOTE, "b.md"]
        (problem,) = vault.notes()[path].problems
        assert problem.line is not None


def test_a_fence_or_a_comment_typed_into_the_region_hides_no_row() -> None:
    for typed in ("```", "%%", "~~~ text", "<!--"):
        vault = known()
        row = vault.row(ANA, "Do")
        vault.edit(ANA, row, f"{typed}\n{row.replace('- [ ]', '- [/]')}")
        vault.turn()
        assert vault.texts[NOTE].startswith("- [/] Do")
        assert vault.rows(ANA) == ["- [/] Do"]
        assert vault.texts[ANA].count(typed) == 1 + (4 if typed == "%%" else 0)
        vault.turn()
        vault.assert_settled()


def test_rows_that_were_copied_to_a_daily_note_are_mirrors_also_without_a_state() -> None:
    vault = known()
    vault.texts["Daily.md"] = "# Today\n\n" + vault.row(ANA, "Do").replace("- [ ]", "- [x]") + "\n"
    before = dict(vault.texts)
    vault.turn()
    assert vault.texts == before
    vault.base.clear()
    vault.records.clear()
    vault.turn()
    vault.turn()
    assert vault.texts == before


@pytest.mark.parametrize("state", [True, False], ids=["known", "without a state"])
def test_an_index_note_with_broken_frontmatter_and_doubled_rows_rolls_nothing_up_twice(*, state: bool) -> None:
    vault = known()
    row = vault.row(ANA, "Do")
    vault.edit(ANA, "vaultsync: index\n", "vaultsync: [index\n")
    vault.edit(ANA, row, f"{row}\n{row.replace('Do', 'Do it')}")
    if not state:
        vault.base.clear()
        vault.records.clear()
    text, source = vault.texts[ANA], vault.texts[NOTE]
    for _ in range(3):
        vault.turn()
        vault.now += 100
        assert vault.texts[ANA] == text
        assert vault.texts[NOTE].count("- [ ]") == source.count("- [ ]")
        assert sorted(vault.texts) == [ANA, BO, OVERVIEW, NOTE]
    vault.edit(ANA, "vaultsync: [index\n", "vaultsync: index\n")
    vault.turn()
    assert "Do it" in vault.texts[ANA]


def test_a_block_id_typed_at_a_rows_end_stays_there() -> None:
    vault = known()
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{row} ^my-row")
    vault.turn()
    assert vault.row(ANA, "Do").endswith(" ^my-row")
    vault.edit(NOTE, "- [ ] Do", "- [/] Do it")
    vault.turn()
    assert vault.row(ANA, "Do it").startswith("- [/] Do it [[")
    assert vault.row(ANA, "Do it").endswith(" ^my-row")
    vault.assert_settled()
    vault.edit(ANA, "- [/] Do it", "- [ ] Do that")
    vault.turn()
    assert vault.texts[NOTE].startswith("- [ ] Do that @Ana ^t-")
    assert vault.row(ANA, "Do that").endswith(" ^my-row")
    vault.assert_settled()
