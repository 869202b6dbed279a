from __future__ import annotations

from dataclasses import replace

from laws.vault_model import ANA, PaperVault

NOTE = "a.md"


def gone(*, edit: bool = False) -> PaperVault:
    """Return a vault in which a task of two has just been taken away, its row edited or not."""
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Ana\n"})
    vault.turn()
    vault.texts[NOTE] = vault.texts[NOTE].split("\n", 1)[1]
    if edit:
        vault.edit(ANA, "- [ ] Do", "- [ ] Do it")
    plan = vault.turn()
    assert plan.missing == 1
    assert plan.wait == 5.0
    return vault


def test_the_row_of_a_missing_task_stays_until_the_delay_is_over_and_then_goes() -> None:
    vault = gone()
    assert sorted(vault.rows(ANA)) == ["- [ ] Do", "- [ ] Else"]
    vault.now += 4
    vault.turn()
    assert sorted(vault.rows(ANA)) == ["- [ ] Do", "- [ ] Else"]
    vault.now += 1
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Else"]
    assert len(vault.base) == 1
    vault.assert_settled()


def test_a_record_that_damage_made_counts_for_nobody() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Ana\n"})
    vault.turn()
    key, task = next(iter(vault.base.items()))
    vault.base["t-00000000"] = replace(task, key="t-00000000")
    assert key != "t-00000000"
    vault.assert_settled()


def test_an_edited_row_of_a_task_that_went_stays_among_the_conflicts_until_it_is_deleted() -> None:
    vault = gone(edit=True)
    vault.now += 10
    vault.turn()
    assert vault.section(ANA, "Do it") == "Conflicts"
    assert "no longer has this task" in vault.texts[ANA]
    vault.assert_settled()
    vault.edit(ANA, vault.row(ANA, "Do it") + "\n", "")
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Else"]
    assert "no longer" not in vault.texts[ANA]
    assert len(vault.base) == 1


def test_a_row_in_conflict_stays_when_its_task_goes() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Ana\n"})
    vault.turn()
    vault.edit(ANA, "- [ ] Do", "- [ ] Do that")
    vault.edit(NOTE, "- [ ] Do", "- [ ] Do this")
    vault.turn()
    assert vault.section(ANA, "Do that") == "Conflicts"
    vault.texts[NOTE] = vault.texts[NOTE].split("\n", 1)[1]
    for _ in range(2):
        vault.turn()
        vault.now += 10
    assert vault.section(ANA, "Do that") == "Conflicts"
    assert "no longer has this task" in vault.texts[ANA]
    vault.assert_settled()


def test_so_does_one_whose_index_note_was_renamed_while_it_went() -> None:
    vault = gone()
    vault.texts["Tasks/Mine.md"] = vault.texts.pop(ANA)
    vault.turn()
    vault.edit("Tasks/Mine.md", "- [ ] Do", "- [ ] Do it")
    vault.now += 10
    vault.turn()
    assert vault.section("Tasks/Mine.md", "Do it") == "Conflicts"
    vault.assert_settled()


def test_an_untouched_row_of_a_renamed_index_note_goes_with_its_task() -> None:
    vault = gone()
    vault.texts["Tasks/Mine.md"] = vault.texts.pop(ANA)
    vault.turn()
    vault.now += 10
    vault.turn()
    assert vault.rows("Tasks/Mine.md") == ["- [ ] Else"]
    vault.assert_settled()


def test_a_task_that_comes_back_in_time_is_merged_with_its_row() -> None:
    vault = gone(edit=True)
    line = next(task.line for task in vault.base.values() if " Do " in task.line)
    vault.texts["b.md"] = f"{line}\n"
    vault.turn()
    assert vault.texts["b.md"].startswith("- [ ] Do it @Ana")
    assert all(task.missing_since is None for task in vault.base.values())


def test_a_clock_that_was_set_back_makes_nobody_wait_forever() -> None:
    vault = gone()
    vault.now -= 1000
    vault.turn()
    vault.now += 5
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Else"]


def test_a_row_that_the_base_doesnt_know_waits_for_its_source() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Ana\n"})
    vault.turn()
    vault.base.clear()
    text = vault.texts[NOTE]
    vault.texts[NOTE] = text.split("\n", 1)[1]
    for _ in range(2):
        vault.now += 100
        vault.turn()
        assert sorted(vault.rows(ANA)) == ["- [ ] Do", "- [ ] Else"]
    vault.texts[NOTE] = text
    vault.turn()
    vault.assert_settled()
