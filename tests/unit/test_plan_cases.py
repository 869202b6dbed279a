from __future__ import annotations

from laws.vault_model import ANA, BO, PaperVault

NOTE = "Note.md"


def settled(text: str) -> PaperVault:
    vault = PaperVault({NOTE: text})
    vault.turn()
    vault.assert_settled()
    return vault


def without_ids(vault: PaperVault) -> list[str]:
    return [line.partition(" ^t-")[0] for line in vault.texts[NOTE].rstrip("\n").split("\n")]


def test_a_natively_ticked_recurring_task_is_never_removed_without_its_next_occurrence() -> None:
    vault = settled("- [ ] Water it @Ana 🔁 every day 📅 2026-11-22 🏁 delete\n")
    vault.edit(NOTE, "- [ ]", "- [x]")
    vault.turn()
    assert without_ids(vault) == ["- [x] Water it @Ana 🔁 every day 📅 2026-11-22 🏁 delete ✅ 2026-11-22"]


def test_two_neighbouring_occurrences_completed_at_once_each_get_a_next_one() -> None:
    vault = settled(
        "- [ ] Water it @Ana 🔁 every week 📅 2026-11-20\n- [ ] Water it @Ana 🔁 every week 📅 2026-11-13\n"
    )
    vault.texts[ANA] = vault.texts[ANA].replace("- [ ]", "- [x]")
    vault.turn()
    assert [line[:5] for line in without_ids(vault)] == ["- [ ]", "- [x]", "- [ ]", "- [x]"]
    vault.assert_settled()


def test_a_conflict_about_the_assignee_keeps_its_values_until_somebody_ends_it() -> None:
    vault = settled("- [ ] Call them @Ana\n")
    vault.edit(ANA, "Call them ", "Call them @Bo ")
    vault.edit(NOTE, "@Ana", "@Kim")
    (first,) = vault.turn().conflicts
    (second,) = vault.turn().conflicts
    assert first.disagreement.rows[ANA] == second.disagreement.rows[ANA] == "Bo"
    vault.edit(ANA, "@Bo", "@Zoe")
    assert vault.turn().conflicts == ()
    assert without_ids(vault) == ["- [ ] Call them @Zoe"]


def test_text_typed_behind_an_id_makes_no_second_task() -> None:
    vault = settled("- [ ] Call them @Ana 📅 2026-12-01\n")
    row = vault.row(ANA, "Call")
    vault.texts[NOTE] = vault.texts[NOTE].rstrip("\n") + " and soon\n"
    text = vault.texts[NOTE]
    plan = vault.turn()
    assert "move the id to the end" in plan.problems[0].what
    assert (vault.texts[NOTE], vault.row(ANA, "Call")) == (text, row)
    vault.texts[NOTE] = text.replace(" and soon", "").replace("Call them", "Call them soon")
    vault.turn()
    assert "Call them soon" in vault.row(ANA, "Call")


def test_an_edited_row_whose_source_is_gone_is_a_listed_conflict() -> None:
    vault = settled("- [ ] Call them @Ana\n- [ ] Stay @Ana\n")
    vault.edit(ANA, "Call them", "Call them twice")
    vault.texts[NOTE] = "- [ ] Stay" + vault.texts[NOTE].partition("- [ ] Stay")[2]
    vault.turn()
    vault.now += 60
    (conflict,) = vault.turn().conflicts
    assert (conflict.field, conflict.line) == ("source", None)
    assert "Call them twice" in vault.texts[ANA]


def test_a_task_without_mention_where_an_index_note_belongs_is_that_persons_at_once() -> None:
    vault = PaperVault({NOTE: "- [?] Call them @Bo\n", BO: "- [ ] My own\n", "People/Bo.md": ""})
    vault.turn()
    assert any("My own" in row for row in vault.rows(BO))
    vault.assert_settled()
