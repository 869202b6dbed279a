"""Plans over whole vaults: several notes, index notes that may not be drawn, copies, notes that may not be touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from laws.vault_model import ANA, BO, RULES, PaperVault, region_lines

NOTE = "a.md"


def known(**texts: str) -> PaperVault:
    """Return a settled vault; a note's name is given without its ending."""
    vault = PaperVault({f"{name}.md": f"{text}\n" for name, text in texts.items()})
    vault.turn()
    vault.assert_settled()
    return vault


def ids(vault: PaperVault, path: str) -> list[str]:
    return [line.rpartition("^")[2] for line in vault.texts[path].splitlines() if "^t-" in line]


def without_ids(vault: PaperVault, path: str) -> list[str]:
    return [line.partition(" ^t-")[0] for line in vault.texts[path].splitlines()]


# -- index notes


def test_an_index_note_that_was_deleted_is_made_again_and_the_sources_stay() -> None:
    vault = known(a="- [ ] Do @Ana")
    before = dict(vault.texts)
    del vault.texts[ANA]
    vault.turn()
    assert vault.texts == before


def test_a_row_that_was_deleted_comes_back() -> None:
    vault = known(a="- [ ] Do @Ana")
    before = dict(vault.texts)
    vault.edit(ANA, vault.row(ANA, "Do") + "\n", "")
    vault.turn()
    assert vault.texts == before


def test_free_text_in_the_region_moves_below_it_and_free_text_outside_stays() -> None:
    vault = known(a="- [ ] Do @Ana")
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{row}\nCall her first!")
    vault.texts[ANA] += "\nMy own words.\n"
    vault.turn()
    assert "Call her first!" not in region_lines(vault.texts[ANA])
    assert "Call her first!" in vault.lines(ANA)
    assert "My own words." in vault.lines(ANA)
    vault.assert_settled()


def test_the_lines_of_a_conflict_that_a_dead_run_drew_are_known_as_ours() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.edit(NOTE, "Do", "Do this")
    vault.edit(ANA, "Do", "Do that")
    base, records = dict(vault.base), dict(vault.records)
    vault.turn()
    ended = dict(vault.texts)
    vault.base, vault.records = base, records
    vault.turn()
    assert vault.texts == ended


def test_an_index_note_with_broken_frontmatter_is_not_written_and_its_rows_are_not_taken_for_edits() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.edit(ANA, "person: Ana", "person: [Ana")
    vault.edit(NOTE, "Do", "Do it")
    text = vault.texts[ANA]
    vault.turn()
    vault.turn()
    assert without_ids(vault, NOTE) == ["- [ ] Do it @Ana"]
    assert vault.texts[ANA] == text
    vault.edit(ANA, "- [ ]", "- [/]")
    vault.turn()
    assert without_ids(vault, NOTE) == ["- [/] Do it @Ana"]
    vault.edit(ANA, "person: [Ana", "person: Ana")
    vault.turn()
    assert vault.rows(ANA) == ["- [/] Do it"]


def test_a_region_without_frontmatter_and_state_is_left_alone() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.texts[ANA] = "My words\n" + vault.texts[ANA].partition("---\n\n")[2].replace("## Open", "Mine")
    text = vault.texts[ANA]
    vault.base.clear()
    vault.records.clear()
    vault.turn()
    assert vault.texts[ANA] == text
    assert any("region" in problem for problem in vault.problems)


@pytest.mark.parametrize("foreign", ["2-newer", "1-other"])
def test_a_foreign_layout_carries_edits_and_is_not_drawn(foreign: str) -> None:
    vault = known(a="- [ ] Do @Ana\n- [ ] Else @Ana")
    vault.edit(ANA, "1-paper", foreign)
    vault.edit(ANA, "- [ ] Do", "- [/] Do")
    vault.edit(NOTE, "Else", "Other")
    text = vault.texts[ANA]
    vault.turn()
    assert without_ids(vault, NOTE) == ["- [/] Do @Ana", "- [ ] Other @Ana"]
    assert vault.texts[ANA] == text
    assert any("layout" in problem for problem in vault.problems)
    vault.assert_settled()
    vault.turn(force=True)
    assert vault.rows(ANA) == ["- [ ] Other", "- [/] Do"]


def test_a_layout_of_ours_from_other_settings_is_drawn_anew() -> None:
    vault = known(a="- [ ] Do @Ana #auto")
    vault.layout = "1-changed"
    vault.rules = replace(RULES, index=replace(RULES.index, hide_tags=frozenset()))
    plan = vault.turn()
    assert plan.edits == ()
    assert vault.rows(ANA) == ["- [ ] Do #auto"]
    vault.assert_settled()


# -- notes that may not be touched now


def test_while_a_source_is_held_its_rows_stay_and_wait() -> None:
    vault = known(a="- [ ] Do @Ana", b="- [ ] Else @Ana")
    vault.edit(ANA, "- [ ] Do", "- [/] Do")
    vault.edit(NOTE, "Do", "Do it")
    text = vault.texts[NOTE]
    vault.edit(ANA, "- [ ] Else", "- [/] Else")
    vault.turn(held=frozenset({NOTE}))
    assert vault.texts[NOTE] == text
    assert without_ids(vault, "b.md") == ["- [/] Else @Ana"]
    assert vault.rows(ANA) == ["- [/] Do", "- [/] Else"]
    vault.turn()
    assert without_ids(vault, NOTE) == ["- [/] Do it @Ana"]


def test_while_an_index_note_is_held_its_tasks_wait() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.edit(NOTE, "- [ ]", "- [/]")
    before = dict(vault.texts)
    vault.turn(held=frozenset({ANA}))
    assert vault.texts == before


def test_a_note_that_is_missing_in_an_unreadable_folder_is_not_gone() -> None:
    vault = known(**{"sub/a": "- [ ] Do @Ana"})
    text = vault.texts.pop("sub/a.md")
    vault.now += 100
    vault.turn(unreadable=frozenset({"sub"}))
    vault.now += 100
    vault.turn(unreadable=frozenset({"sub"}))
    assert vault.rows(ANA) == ["- [ ] Do"]
    vault.texts["sub/a.md"] = text
    plan = vault.turn()
    assert plan.edits == ()
    assert vault.rows(ANA) == ["- [ ] Do"]


def test_in_an_unstamped_note_nothing_is_stamped_and_so_not_shown() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n"})
    vault.turn(unstamped=frozenset({NOTE}))
    assert vault.texts == {NOTE: "- [ ] Do @Ana\n"}
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Do"]


def test_a_copy_in_an_unstamped_note_waits_for_its_id() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.texts["b.md"] = text = vault.texts[NOTE]
    vault.turn(unstamped=frozenset({"b.md"}))
    assert vault.texts["b.md"] == text
    assert len(vault.rows(ANA)) == 1


# -- rows that may not move yet


def test_in_an_unsettled_note_values_change_in_place_and_rows_stay() -> None:
    vault = known(a="- [ ] Do @Ana\n- [ ] Else @Ana")
    vault.edit(ANA, "- [ ] Else", "- [x] Else")
    vault.edit(NOTE, "Do", "Do it")
    before = vault.lines(ANA)
    vault.turn(unsettled=frozenset({ANA}))
    assert without_ids(vault, NOTE) == ["- [ ] Do it @Ana", "- [x] Else @Ana ✅ 2026-11-22"]
    after = vault.lines(ANA)
    assert [line.split(" [[")[0].replace("Do it", "Do") for line in after] == [line.split(" [[")[0] for line in before]
    vault.assert_settled_in(unsettled=frozenset({ANA}))
    vault.turn()
    assert vault.section(ANA, "Else") == "Done"


@pytest.mark.parametrize("typed", ["@B", "@Bo"])
def test_in_an_unsettled_note_a_mention_waits(typed: str) -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.edit(ANA, "- [ ] Do", f"- [ ] Do {typed}")
    before = dict(vault.texts)
    vault.turn(unsettled=frozenset({ANA}))
    assert vault.texts == before


def test_in_an_unsettled_note_copies_of_a_row_wait() -> None:
    vault = known(a="- [ ] Do @Ana")
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{row.replace('Do', 'Do this')}\n{row.replace('Do', 'Do that')}")
    before = dict(vault.texts)
    for _ in range(2):
        vault.turn(unsettled=frozenset({ANA}))
        assert vault.texts == before
    vault.turn()
    assert "Do this" in vault.texts[ANA]
    assert "Do that" in vault.texts[ANA]


def test_a_task_of_an_unsettled_note_itself_that_grows_does_not_shift_the_rows_edits() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n"})
    vault.turn()
    vault.texts[ANA] = vault.texts[ANA].replace("---\n\n", "---\n\n- [ ] Own 🔁 every day 📅 2026-11-25\n\n", 1)
    vault.turn()
    row = vault.row(ANA, "Own")
    vault.edit(ANA, row, row.replace("- [ ]", "- [x]"))
    vault.edit(NOTE, "Do", "Do it")
    vault.turn(unsettled=frozenset({ANA}))
    assert "Do it" in vault.row(ANA, "Do")
    own = [line for line in vault.lines(ANA) if "🔁" in line]
    assert [line[:9] for line in own] == ["- [ ] Own", "- [x] Own"]


# -- copies, mirrors, refusals


@pytest.mark.parametrize("where", ["above", "below"])
def test_of_a_task_copied_within_a_note_the_first_keeps_the_id(where: str) -> None:
    vault = known(a="- [ ] Do @Ana")
    line = vault.texts[NOTE]
    copy = line.replace("Do", "Do too")
    vault.texts[NOTE] = copy + line if where == "above" else line + copy
    old = ids(vault, NOTE)[0]
    vault.turn()
    assert ids(vault, NOTE)[0] == old
    assert len(set(ids(vault, NOTE))) == 2
    assert len(vault.rows(ANA)) == 2
    vault.assert_settled()


@pytest.mark.parametrize("copy", ["0.md", "b.md"])
def test_of_a_task_copied_to_another_note_the_one_in_the_base_keeps_the_id(copy: str) -> None:
    vault = known(a="- [ ] Do @Ana")
    old = ids(vault, NOTE)
    vault.texts[copy] = vault.texts[NOTE].replace("@Ana", "@Bo")
    vault.turn()
    assert ids(vault, NOTE) == old
    assert ids(vault, copy) != old
    assert vault.rows(ANA) == vault.rows(BO) == ["- [ ] Do"]
    vault.assert_settled()


def test_a_copy_is_not_drawn_into_the_conflict_of_its_original() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.edit(NOTE, "Do", "Do this")
    vault.edit(ANA, "Do", "Do that")
    vault.texts["b.md"] = vault.texts[NOTE].replace("Do this", "Copy")
    vault.turn()
    assert vault.section(ANA, "Copy") == "Open"
    assert vault.section(ANA, "Do that") == "Conflicts"


def test_a_copy_of_a_row_elsewhere_is_a_mirror() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.texts["Daily.md"] = vault.row(ANA, "Do").replace("- [ ]", "- [x]") + "\n"
    before = dict(vault.texts)
    vault.turn()
    assert vault.texts == before


def test_an_edit_that_would_not_read_back_is_refused_and_the_row_stays_as_typed() -> None:
    vault = known(a="- [ ] Do @Ana\n- [ ] Else @Ana")
    vault.rules = replace(RULES, limits=replace(RULES.limits, line_chars=60))
    long = "Do " + "very " * 12 + "much"
    vault.edit(ANA, "- [ ] Do", f"- [ ] {long}")
    vault.edit(ANA, "- [ ] Else", "- [/] Else")
    vault.turn()
    assert without_ids(vault, NOTE) == ["- [ ] Do @Ana", "- [/] Else @Ana"]
    assert vault.rows(ANA) == [f"- [ ] {long}", "- [/] Else"]
    assert any("read back" in problem for problem in vault.problems)
    vault.assert_settled()


def test_a_stamp_that_is_refused_makes_no_row() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Ana\n"})
    vault.turn(refused=frozenset({(NOTE, 1)}))
    assert without_ids(vault, NOTE) == ["- [ ] Do @Ana", "- [ ] Else @Ana"]
    assert vault.rows(ANA) == ["- [ ] Else"]


def test_a_renamed_note_keeps_its_rows_and_their_links_follow() -> None:
    vault = known(a="- [ ] Do @Ana")
    vault.texts["c.md"] = vault.texts.pop(NOTE)
    vault.turn()
    assert "[[c#^t-" in vault.row(ANA, "Do")
    vault.assert_settled()


def test_a_line_moved_to_another_note_keeps_its_row_and_its_edits() -> None:
    vault = known(a="- [ ] Do @Ana", b="text")
    vault.texts["b.md"] += vault.texts[NOTE]
    vault.texts[NOTE] = ""
    vault.edit(ANA, "- [ ]", "- [/]")
    vault.turn()
    assert vault.texts["b.md"].startswith("text\n- [/] Do @Ana ^t-")
    assert vault.rows(ANA) == ["- [/] Do"]


def test_crlf_and_other_lines_keep_their_bytes() -> None:
    text = "# T\u2028x\r\n\r\n> [!todo] T\r\n> - [ ] Do @Ana \r\n> \ttext\r\nlast"
    vault = PaperVault({NOTE: text})
    vault.turn()
    vault.edit(ANA, "- [ ] Do", "- [/] Do")
    vault.turn()
    stamp = ids(vault, NOTE)[0].strip()
    assert vault.texts[NOTE] == text.replace("- [ ] Do @Ana ", f"- [/] Do @Ana ^{stamp} ").replace(
        f"^{stamp} \r\n", vault.texts[NOTE][vault.texts[NOTE].index(f"^{stamp}") :].split("\n")[0] + "\n"
    )
