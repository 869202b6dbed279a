from __future__ import annotations

import pytest
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


@pytest.mark.parametrize("source", ["@Bo", "@Ana @Bo @Kim", "@Kim"])
def test_a_row_in_conflict_about_the_assignee_names_all_whom_it_means_whatever_the_source_says(source: str) -> None:
    vault = settled("- [ ] Call them @Ana @Bo\n")
    vault.edit(ANA, "Call them ", "Call them @Zoe ")
    vault.edit(NOTE, "@Ana @Bo", source)
    (first,) = vault.turn().conflicts
    assert first.disagreement.rows[ANA] == "Bo, Zoe"
    assert vault.rows(ANA) == ["- [ ] Call them @Bo @Zoe"]
    (second,) = vault.turn().conflicts
    assert second.disagreement.rows[ANA] == "Bo, Zoe"
    vault.assert_settled()
    vault.edit(ANA, "@Zoe", "@Zed")
    assert vault.turn().conflicts == ()
    assert {word for word in without_ids(vault)[0].split() if word.startswith("@")} == {"@Bo", "@Zed"}


@pytest.mark.parametrize("typed", ["%%x%%", "<b>x</b>", "![[p]]", "[[a#^t-abcdefgh]]", "see [[#Above]]"])
def test_words_that_reached_the_source_before_their_row_was_drawn_are_no_conflict(typed: str) -> None:
    vault = settled("- [ ] Call them @Ana\n")
    vault.edit(ANA, "Call them", f"Call them {typed} now")
    vault.edit(NOTE, "Call them", f"Call them {typed} now")
    assert vault.turn().conflicts == ()
    assert without_ids(vault) == [f"- [ ] Call them {typed} now @Ana"]
    vault.assert_settled()


def test_a_row_that_names_nobody_holds_no_assignee_of_its_own() -> None:
    vault = settled("- [ ] Call them @Ana @Bo\n")
    vault.edit(ANA, "Call them ", "Call them @Zoe ")
    vault.edit(NOTE, "@Ana @Bo", "@Bo")
    (conflict,) = vault.turn().conflicts
    assert conflict.disagreement.rows[BO] == "Bo"


@pytest.mark.parametrize(
    ("typed", "prose"),
    [
        (" and soon", "Call them and soon"),
        (". Soon!", "Call them. Soon!"),
        (" #soon", "Call them"),
        (" @Ana", "Call them"),
        (" 📅 2026-12-02", "Call them"),
        (" ^", "Call them ^"),
        ("  ", "Call them"),
    ],
)
def test_text_typed_behind_an_id_is_that_tasks_and_the_id_moves_behind_it(typed: str, prose: str) -> None:
    vault = settled("- [ ] Call them\n")
    (key,) = vault.base
    vault.texts[NOTE] = vault.texts[NOTE].replace("\n", f"{typed}\n")
    vault.turn()
    assert vault.texts[NOTE].replace("  ", "").endswith(f" ^{key}\n")
    assert prose in vault.texts[NOTE]
    assert set(vault.base) == {key}
    vault.assert_settled()


def test_an_edited_row_reaches_the_task_behind_whose_id_somebody_typed() -> None:
    vault = settled("- [ ] @Ana Call them 📅 2026-12-01\n")
    (key,) = vault.base
    vault.edit(NOTE, f"^{key}", f"^{key.upper().replace('T-', 't-')} and soon")
    vault.edit(ANA, "- [ ]", "- [/]")
    vault.edit(ANA, "📅 2026-12-01", "📅 2026-12-05")
    vault.turn()
    assert without_ids(vault) == ["- [/] @Ana Call them 📅 2026-12-05 and soon"]
    assert vault.rows(ANA) == ["- [/] @Ana Call them and soon 📅 2026-12-05"]
    assert len(vault.base) == 1
    vault.assert_settled()


def test_an_id_in_the_middle_waits_while_the_note_may_not_be_stamped_and_its_row_stays() -> None:
    vault = settled("- [ ] @Ana Call them\n")
    vault.texts[NOTE] = vault.texts[NOTE].replace("\n", " and soon\n")
    vault.edit(ANA, "- [ ]", "- [/]")
    for _ in range(2):
        plan = vault.turn(unstamped=frozenset({NOTE}))
        vault.now += 100
        assert (plan.edits, vault.rows(ANA)) == ((), ["- [/] @Ana Call them"])
    vault.turn()
    assert without_ids(vault) == ["- [/] @Ana Call them and soon"]


def test_an_id_in_the_middle_whose_task_stands_elsewhere_is_left_alone() -> None:
    vault = settled("- [ ] Call them @Ana\n")
    (key,) = vault.base
    line = f"- [ ] As in ^{key} but louder"
    for text in (f"{line}\n{vault.texts[NOTE]}", f"{vault.texts[NOTE]}{line}\n"):
        vault.texts[NOTE] = text
        vault.turn()
        assert sum(each.endswith(f"Call them @Ana ^{key}") for each in vault.lines(NOTE)) == 1
        assert sum(f"{line} ^t-" in each for each in vault.lines(NOTE)) == 1
        vault.assert_settled()


def test_of_two_lines_with_the_id_in_the_middle_the_one_in_the_base_is_the_task() -> None:
    vault = settled("- [ ] Call them @Ana\n")
    (key,) = vault.base
    vault.texts[NOTE] = vault.texts[NOTE].replace("\n", " soon\n")
    vault.texts["A.md"] = vault.texts[NOTE].replace("soon", "later")
    vault.edit(ANA, "- [ ]", "- [/]")
    vault.turn()
    assert vault.texts[NOTE] == f"- [/] Call them @Ana soon ^{key}\n"
    assert vault.texts["A.md"].startswith(f"- [ ] Call them @Ana ^{key} later ^t-")
    vault.assert_settled()


def test_an_id_that_was_changed_in_the_middle_is_no_guess() -> None:
    vault = settled("- [ ] Call them @Ana\n- [ ] Stay @Ana\n")
    key = next(key for key, task in vault.base.items() if "Call" in task.line)
    vault.edit(NOTE, f"^{key}", f"^{key}tomorrow")
    vault.turn()
    vault.now += 10
    vault.turn()
    assert key not in vault.base
    assert f"^{key}tomorrow" in vault.texts[NOTE]
    vault.assert_settled()


# -- people's own ids


OWN = "- [ ] Call them about the boat @Ana ^boat\n"


@pytest.mark.parametrize("edit", [False, True], ids=["as it was", "while its row was edited"])
def test_a_task_with_an_id_of_its_own_is_followed_when_its_note_is_renamed(*, edit: bool) -> None:
    vault = settled(OWN)
    vault.texts["New.md"] = vault.texts.pop(NOTE)
    if edit:
        vault.edit(ANA, "- [ ]", "- [/]")
    vault.turn()
    assert vault.texts["New.md"] == (OWN.replace("[ ]", "[/]") if edit else OWN)
    assert "[[New#^boat|" in vault.row(ANA, "Call")
    assert {key: task.path for key, task in vault.base.items()} == {"New.md#^boat": "New.md"}
    vault.assert_settled()


def test_a_task_with_an_id_of_its_own_is_followed_when_its_line_is_pasted_a_cycle_after_it_was_cut() -> None:
    vault = settled(OWN + "- [ ] Stay @Ana\n")
    vault.edit(NOTE, OWN, "")
    vault.edit(ANA, "- [ ] Call", "- [/] Call")
    vault.turn()
    vault.texts["Other.md"] = "# Other\n\n" + OWN.replace("^boat", "^BOAT")
    vault.now += 1
    vault.turn(held=frozenset({"Other.md"}))
    vault.now += 60
    vault.turn(held=frozenset({"Other.md"}))
    assert len(vault.rows(ANA)) == 2
    vault.turn()
    assert "- [/] Call them about the boat @Ana ^BOAT" in vault.lines("Other.md")
    assert "[[Other#^BOAT|" in vault.row(ANA, "Call")
    assert sorted(key.partition("#")[0] for key in vault.base if "#" in key) == ["Other.md"]
    vault.assert_settled()


def test_in_an_unsettled_index_note_the_row_of_a_followed_task_changes_where_it_stands() -> None:
    vault = settled(OWN)
    vault.texts["New.md"] = vault.texts.pop(NOTE)
    vault.turn(unsettled=frozenset({ANA}))
    vault.turn(unsettled=frozenset({ANA}))
    assert "[[New#^boat|" in vault.row(ANA, "Call")
    vault.assert_settled()


def test_a_run_that_died_before_the_base_was_saved_has_followed_all_the_same() -> None:
    vault = settled(OWN)
    base, records = dict(vault.base), dict(vault.records)
    vault.texts["New.md"] = vault.texts.pop(NOTE)
    vault.turn()
    ended = dict(vault.texts)
    vault.base, vault.records = base, records
    vault.turn()
    assert vault.texts == ended
    assert set(vault.base) == {"New.md#^boat"}


@pytest.mark.parametrize(
    "found",
    [
        {"B.md": OWN, "C.md": OWN},
        {"B.md": "- [ ] Water the plants @Ana ^boat\n"},
    ],
    ids=["two lines have the id", "the line with the id is another task"],
)
def test_where_it_is_unclear_which_line_has_an_id_now_none_is_followed(found: dict[str, str]) -> None:
    vault = settled(OWN)
    vault.edit(ANA, "- [ ]", "- [/]")
    del vault.texts[NOTE]
    vault.texts |= found
    vault.turn()
    vault.now += 10
    (conflict,) = vault.turn().conflicts
    assert (conflict.field, conflict.path) == ("source", NOTE)
    assert {path: vault.texts[path] for path in found} == found


def test_of_two_missing_tasks_with_one_id_none_is_followed() -> None:
    vault = PaperVault({"A.md": OWN, "B.md": OWN, "Stay.md": ""})
    vault.turn()
    del vault.texts["A.md"], vault.texts["B.md"]
    vault.texts["C.md"] = OWN
    vault.turn()
    assert sorted(vault.base) == ["A.md#^boat", "B.md#^boat", "C.md#^boat"]


# -- notes in which nothing stands any more


@pytest.mark.parametrize("nothing", ["", " \n\t\r\n", "\ufeff"])
def test_a_note_that_is_suddenly_empty_is_left_alone_and_its_rows_stay(nothing: str) -> None:
    vault = settled("- [ ] Call them @Ana\n- [ ] Tell them @Ana\n")
    vault.edit(ANA, "- [ ] Call", "- [/] Call")
    text, vault.texts[NOTE] = vault.texts[NOTE], nothing
    for _ in range(3):
        plan = vault.turn()
        assert (plan.edits, vault.texts[NOTE], len(vault.base)) == ((), nothing, 2)
        assert vault.rows(ANA) == ["- [ ] Tell them", "- [/] Call them"]
        assert vault.problems == (
            "is empty, though 2 tasks were known in it; write something into it or delete it to let them go",
        )
        vault.now += 100
    vault.texts[NOTE] = text
    vault.turn()
    assert without_ids(vault) == ["- [/] Call them @Ana", "- [ ] Tell them @Ana"]


@pytest.mark.parametrize("how", ["written", "deleted"])
def test_an_empty_note_lets_its_tasks_go_once_it_is_written_or_deleted(how: str) -> None:
    vault = settled("- [ ] Call them @Ana\n")
    vault.texts[NOTE] = ""
    vault.turn()
    vault.now += 100
    vault.turn()
    if how == "written":
        vault.texts[NOTE] = "# Begun anew\n"
    else:
        del vault.texts[NOTE]
    vault.turn()
    assert len(vault.rows(ANA)) == 1
    vault.now += 10
    vault.turn()
    assert vault.rows(ANA) == []
    assert vault.base == {}


def test_a_note_whose_tasks_all_were_moved_away_may_be_empty() -> None:
    vault = settled("- [ ] Call them @Ana\n")
    vault.texts["Other.md"], vault.texts[NOTE] = vault.texts[NOTE], ""
    vault.turn()
    assert vault.problems == ()
    assert "[[Other#^t-" in vault.row(ANA, "Call")


@pytest.mark.parametrize("path", [ANA, "Tasks/Overview.md"])
def test_an_index_note_or_overview_that_is_suddenly_empty_is_left_alone(path: str) -> None:
    vault = settled("- [ ] Call them @Ana\n")
    text, vault.texts[path] = vault.texts[path], "\n"
    vault.edit(NOTE, "Call", "Ring")
    for _ in range(2):
        vault.turn()
        assert vault.texts[path] == "\n"
        assert any("delete it to have it made again" in problem for problem in vault.problems)
        assert sorted(vault.texts) == [NOTE, ANA, "Tasks/Overview.md"]
    vault.texts[path] = text
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Ring them"]
    vault.texts[path] = ""
    vault.turn()
    del vault.texts[path]
    vault.turn()
    assert vault.texts[path].endswith("%% vaultsync:end %%\n")
    vault.assert_settled()


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
