"""One task, its source and its row: every transition of the product contract, from either side, and every field."""

from __future__ import annotations

from dataclasses import replace

import pytest
from laws.vault_model import ANA, BO, KIM, RULES, PaperVault

NOTE = "a.md"
LINE = "- [?] Plan the trip @Ana 📅 2026-11-25 #task #proposed #auto"
OPEN = "- [ ] Plan the trip @Ana 📅 2026-11-25 #task"


def known(line: str, **settings: object) -> PaperVault:
    """Return a settled vault with one task."""
    vault = PaperVault({NOTE: f"{line}\n"}, rules=replace(RULES, **settings))  # type: ignore[arg-type]
    vault.turn()
    vault.assert_settled()
    return vault


def source(vault: PaperVault) -> str:
    """Return the note without the ids that were given."""
    text = vault.texts[NOTE].rstrip("\n")
    return "\n".join(line.partition(" ^t-")[0] for line in text.split("\n"))


def box(row: str, symbol: str) -> str:
    return f"- [{symbol}]{row[5:]}"


TRANSITIONS = [
    pytest.param("- [?] Do @Ana #task #proposed", " ", "- [ ] Do @Ana #task", id="accepting takes #proposed off"),
    pytest.param(
        "- [?] Do @Ana #Proposed", "/", "- [/] Do @Ana", id="starting a proposal takes the tag off in any case"
    ),
    pytest.param(
        "- [?] Do @Ana #proposed",
        "x",
        "- [x] Do @Ana ✅ 2026-11-22",
        id="doing a proposal takes the tag off and writes ✅",
    ),
    pytest.param(
        "- [?] Do @Ana #proposed", "-", "- [-] Do @Ana ❌ 2026-11-22", id="rejecting takes the tag off and writes ❌"
    ),
    pytest.param("- [?] Do @Ana #proposed", "R", "- [R] Do @Ana ❌ 2026-11-22", id="a symbol that was typed is copied"),
    pytest.param("- [ ] Do @Ana", "X", "- [X] Do @Ana ✅ 2026-11-22", id="a capital X is copied, and it is done"),
    pytest.param("- [ ] Do @Ana", "/", "- [/] Do @Ana", id="starting writes no date"),
    pytest.param("- [/] Do @Ana", " ", "- [ ] Do @Ana", id="stopping writes no date"),
    pytest.param("- [ ] Do @Ana", "x", "- [x] Do @Ana ✅ 2026-11-22", id="doing writes ✅"),
    pytest.param("- [ ] Do @Ana", "-", "- [-] Do @Ana ❌ 2026-11-22", id="rejecting writes ❌"),
    pytest.param("- [ ] Do @Ana #task", "?", "- [?] Do @Ana #task", id="proposing again adds no tag"),
    pytest.param("- [/] Do @Ana", "!", "- [!] Do @Ana", id="a symbol without a role is copied"),
]


@pytest.mark.parametrize(("before", "symbol", "after"), TRANSITIONS)
@pytest.mark.parametrize("side", ["row", "source"])
def test_a_transition_has_the_same_effect_whichever_side_began_it(
    side: str, before: str, symbol: str, after: str
) -> None:
    vault = known(before)
    if side == "row":
        row = vault.row(ANA, "Do")
        vault.edit(ANA, row, box(row, symbol))
    else:
        vault.edit(NOTE, before[:5], f"- [{symbol}]")
    vault.turn()
    assert source(vault) == after
    vault.assert_settled()


@pytest.mark.parametrize(
    ("finished", "symbol", "after"),
    [
        ("x", " ", "- [ ] Do @Ana"),
        ("x", "/", "- [/] Do @Ana"),
        ("x", "-", "- [-] Do @Ana ❌ 2026-11-22"),
    ],
)
@pytest.mark.parametrize("side", ["row", "source"])
def test_reopening_takes_the_date_away(side: str, finished: str, symbol: str, after: str) -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(NOTE, "- [ ]", f"- [{finished}]")
    vault.turn()
    if side == "row":
        row = vault.row(ANA, "Do")
        vault.edit(ANA, row, box(row, symbol))
    else:
        vault.edit(NOTE, f"- [{finished}]", f"- [{symbol}]")
    vault.turn()
    assert source(vault) == after
    vault.assert_settled()


def test_reopening_a_rejected_task_takes_its_date_away_and_brings_its_row_back() -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(NOTE, "- [ ]", "- [-]")
    vault.turn()
    assert vault.rows(ANA) == []
    vault.edit(NOTE, "- [-]", "- [ ]")
    vault.turn()
    assert source(vault) == "- [ ] Do @Ana"
    assert vault.rows(ANA) == ["- [ ] Do"]


@pytest.mark.parametrize(("symbol", "after"), [("x", "- [x] Do @Ana"), ("-", "- [-] Do @Ana")])
def test_no_dates_are_written_where_the_vault_wants_none(symbol: str, after: str) -> None:
    tasks = replace(RULES.tasks, set_done_date=False, set_cancelled_date=False)
    vault = known("- [ ] Do @Ana", tasks=tasks)
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, box(row, symbol))
    vault.turn()
    assert source(vault) == after


def test_the_done_date_that_tasks_wrote_into_the_row_is_kept() -> None:
    vault = known("- [ ] Do @Ana")
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{box(row, 'x')} ✅ 2026-11-20")
    vault.turn()
    assert source(vault) == "- [x] Do @Ana ✅ 2026-11-20"
    vault.assert_settled()


def test_the_done_date_that_tasks_wrote_into_the_source_is_kept() -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(NOTE, "- [ ] Do @Ana", "- [x] Do @Ana ✅ 2026-11-20")
    vault.turn()
    assert source(vault) == "- [x] Do @Ana ✅ 2026-11-20"


def test_what_is_found_at_first_sight_has_no_effects() -> None:
    line = "- [x] Do @Ana #proposed 🔁 every day 📅 2026-11-25"
    vault = known(line)
    assert source(vault) == line


@pytest.mark.parametrize("tag", ["#proposed", "#Proposed"])
def test_taking_the_tag_off_a_proposal_accepts_it(tag: str) -> None:
    vault = known(f"- [?] Do @Ana {tag} #task")
    vault.edit(NOTE, f" {tag}", "")
    vault.turn()
    assert source(vault) == "- [ ] Do @Ana #task"
    assert vault.section(ANA, "Do") == "Open"


SHOWS_ALL = replace(RULES.index, hide_tags=frozenset())


@pytest.mark.parametrize("tag", ["#proposed", "#Proposed"])
def test_taking_the_tag_off_a_row_that_shows_it_accepts_it_too(tag: str) -> None:
    vault = known(f"- [?] Do @Ana {tag} #task", index=SHOWS_ALL)
    vault.edit(ANA, f" {tag}", "")
    vault.turn()
    assert source(vault) == "- [ ] Do @Ana #task"
    assert vault.section(ANA, "Do") == "Open"
    vault.assert_settled()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("Do #proposed", "Do more", id="with a change of the text"),
        pytest.param("#proposed", "#later", id="with another tag in its place"),
        pytest.param("#proposed #task", "", id="with another tag"),
        pytest.param("#proposed", "@Ana @Bo", id="with another assignee"),
        pytest.param("#proposed", "🆔 abc", id="with an id"),
    ],
)
def test_taking_the_tag_off_a_row_accepts_nothing_where_something_else_changed(old: str, new: str) -> None:
    vault = known("- [?] Do @Ana #proposed #task", index=SHOWS_ALL)
    vault.edit(ANA, old, new)
    vault.turn()
    assert source(vault).startswith("- [?]")
    assert "#proposed" not in source(vault)
    vault.assert_settled()


def test_a_row_drawn_anew_without_the_tag_by_a_run_that_died_accepts_nothing() -> None:
    vault = known("- [?] Do @Ana #proposed", index=SHOWS_ALL)
    base = dict(vault.base)
    vault.rules = RULES
    vault.turn()
    vault.base = base
    vault.turn()
    assert source(vault) == "- [?] Do @Ana #proposed"
    vault.assert_settled()


def test_taking_the_tag_off_a_row_of_a_task_that_was_rejected_is_a_conflict() -> None:
    vault = known("- [?] Do @Ana #proposed", index=SHOWS_ALL)
    vault.edit(ANA, " #proposed", "")
    vault.edit(NOTE, "[?]", "[-]")
    vault.turn()
    assert source(vault).startswith("- [-] Do @Ana")
    assert vault.rows(ANA) == ["- [ ] Do"]
    assert vault.section(ANA, "Do") == "Conflicts"
    vault.assert_settled()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("Do @Ana #proposed", "Do more @Ana", id="with a change of the text"),
        pytest.param("#proposed", "#later", id="with another tag in its place"),
        pytest.param(" #proposed", " 📅 2026-11-25", id="with a change of a date"),
    ],
)
def test_taking_the_tag_off_accepts_nothing_where_something_else_changed(old: str, new: str) -> None:
    vault = known("- [?] Do @Ana #proposed")
    vault.edit(NOTE, old, new)
    vault.turn()
    assert source(vault).startswith("- [?]")


FIELDS = [
    pytest.param("Plan the trip", "Plan the long trip", "- [ ] Plan the long trip @Ana 📅 2026-11-25 #task", id="text"),
    pytest.param("📅 2026-11-25", "📅 2026-12-01", "- [ ] Plan the trip @Ana 📅 2026-12-01 #task", id="due date"),
    pytest.param(" 📅 2026-11-25", "", "- [ ] Plan the trip @Ana #task", id="due date taken away"),
    pytest.param(
        "📅 2026-11-25",
        "⏳ 2026-11-24 📅 2026-11-25",
        "- [ ] Plan the trip @Ana ⏳ 2026-11-24 📅 2026-11-25 #task",
        id="scheduled",
    ),
    pytest.param(
        "📅 2026-11-25",
        "🛫 2026-11-24 📅 2026-11-25",
        "- [ ] Plan the trip @Ana 🛫 2026-11-24 📅 2026-11-25 #task",
        id="start",
    ),
    pytest.param("📅", "⏫ 📅", "- [ ] Plan the trip @Ana ⏫ 📅 2026-11-25 #task", id="priority"),
    pytest.param("the trip", "the trip #fun", "- [ ] Plan the trip @Ana 📅 2026-11-25 #task #fun", id="tag"),
]


@pytest.mark.parametrize(("old", "new", "after"), FIELDS)
def test_a_field_edited_in_the_row_goes_to_the_source(old: str, new: str, after: str) -> None:
    vault = known(OPEN)
    vault.edit(ANA, vault.row(ANA, "trip"), vault.row(ANA, "trip").replace(old, new))
    vault.turn()
    assert sorted(source(vault).split()) == sorted(after.split())
    vault.assert_settled()
    assert vault.problems == ()


@pytest.mark.parametrize(("old", "new", "after"), FIELDS)
def test_a_field_edited_in_the_source_goes_to_the_row(old: str, new: str, after: str) -> None:
    vault = known(OPEN)
    vault.edit(NOTE, old, new)
    text = vault.texts[NOTE]
    vault.turn()
    assert vault.texts[NOTE] == text, after
    shown = set(vault.row(ANA, "trip").split())
    assert set(new.split()) <= shown
    vault.assert_settled()


def test_words_edited_within_what_the_row_shows_inert_bring_nothing_of_ours_to_the_source() -> None:
    vault = known("- [ ] Show ![[plan.png]] and %%old%% <b>now</b> @Ana")
    for old, new in (("plan", "plan2"), ("old", "older"), ("now", "today")):
        vault.edit(ANA, old, new)
    vault.turn()
    assert source(vault) == "- [ ] Show ![[plan2.png]] and %%older%% <b>today</b> @Ana"
    vault.assert_settled()


def test_different_fields_edited_on_both_sides_are_both_taken_over() -> None:
    vault = known(OPEN)
    vault.edit(ANA, "📅 2026-11-25", "📅 2026-12-01")
    vault.edit(NOTE, "the trip", "the long trip")
    vault.turn()
    assert source(vault) == "- [ ] Plan the long trip @Ana 📅 2026-12-01 #task"
    assert vault.rows(ANA) == ["- [ ] Plan the long trip 📅 2026-12-01"]


def test_the_same_edit_on_both_sides_is_adopted() -> None:
    vault = known(OPEN)
    vault.edit(ANA, "the trip", "the long trip")
    vault.edit(NOTE, "the trip", "the long trip")
    plan = vault.turn()
    assert plan.conflicts == ()
    assert source(vault) == OPEN.replace("the trip", "the long trip")


def test_tags_of_both_sides_are_joined() -> None:
    vault = known("- [ ] Do @Ana #one #two")
    vault.edit(ANA, "#one #two", "#one #three")
    vault.edit(NOTE, "#one #two", "#two #four")
    vault.turn()
    assert source(vault) == "- [ ] Do @Ana #four #three"
    assert vault.rows(ANA) == ["- [ ] Do #four #three"]


def test_tags_that_the_row_hides_stay() -> None:
    vault = known("- [?] Plan it #task @Ana #proposed #auto")
    vault.edit(ANA, "Plan it", "Plan that")
    vault.turn()
    assert source(vault) == "- [?] Plan that #task @Ana #proposed #auto"


@pytest.mark.parametrize(
    ("typed", "after"),
    [
        pytest.param("@Bo", "- [ ] Do @Bo", id="another name replaces"),
        pytest.param("@Ana @Bo", "- [ ] Do @Ana @Bo", id="the own name repeated adds"),
        pytest.param("@Kim Ray", "- [ ] Do @Kim Ray", id="a name of two words"),
    ],
)
def test_a_mention_typed_into_a_row_assigns(typed: str, after: str) -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(ANA, "- [ ] Do", f"- [ ] Do {typed}")
    vault.turn()
    assert source(vault) == after
    assert vault.rows(BO if "Bo" in typed else KIM) == ["- [ ] Do"]
    assert vault.rows(ANA) == (["- [ ] Do"] if "Ana" in typed else [])
    vault.assert_settled()


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        pytest.param("Do @Ana", "Do", "@Bo: Do", "Do @Bo", id="it replaces"),
        pytest.param("Do @Ana", "Do", "@Bo Do", "Do @Bo", id="without punctuation"),
        pytest.param("Do @Ana", "Do", "@Bo - Do it", "Do it @Bo", id="with a dash, and the text edited as well"),
        pytest.param("Do @Ana", "Do", "@[[Bo]]: Do", "Do @Bo", id="as a link"),
        pytest.param("Do @Ana", "Do", "@Ana and @Bo: Do", "Do @Ana @Bo", id="the own name repeated adds"),
        pytest.param("Do @Ana", "Do", "@Bo: Do @Kim Ray", "Do @Bo @Kim Ray", id="another one stands at the end"),
        pytest.param("Do @Ana", "Do", "@Zoe Do", "Do @Zoe", id="somebody unknown"),
        pytest.param("Do @Ana", "Do", "@Zoe Low: Do", "@Zoe Low: Do @Ana", id="a name that may be of two words"),
        pytest.param("Do", "Do", "@Bo: Do", "Do @Bo", id="nobody was assigned"),
        pytest.param("@Ana: do", "@Ana", "@Bo: @Ana", "@Bo: do", id="before one that leads, which it replaces"),
        pytest.param("@Ana: do", "@Ana", "@Bo", "@Bo: do", id="in place of one that leads"),
        pytest.param("@Kim Ray: do @Ana", "@Kim", "@Bo: @Kim", "@Kim Ray: do @Bo", id="before one that stays"),
        pytest.param("Ask @Bo why @Ana", "Ask @Bo", "@Bo", "@Bo why @Ana", id="one that the text spoke of"),
        pytest.param(r"\@Bo do @Ana", r"\@Bo", r"\@Bo will", r"\@Bo will do @Ana", id="none that is shown inert"),
    ],
)
def test_a_mention_put_before_the_text_of_a_row_assigns(before: str, old: str, new: str, after: str) -> None:
    vault = known(f"- [ ] {before} #task")
    vault.edit(ANA if "@Ana" in before else "Tasks/@Unassigned.md", f"] {old}", f"] {new}")
    vault.turn()
    assert source(vault) == f"- [ ] {after} #task"
    vault.assert_settled()


def test_a_mention_put_before_the_text_replaces_only_whom_the_row_stands_for_where_every_mention_assigns() -> None:
    vault = known("- [ ] Ask @Bo why @Ana #task", assignees="any")
    vault.edit(ANA, "Ask", "@Kim Ray: Ask")
    vault.turn()
    assert source(vault) == "- [ ] Ask @Bo why @Kim Ray #task"


def test_a_mention_put_before_the_text_while_the_task_was_handed_over_is_a_conflict() -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(ANA, "Do", "@Bo: Do")
    vault.edit(NOTE, "@Ana", "@Kim Ray")
    vault.turn()
    assert source(vault) == "- [ ] Do @Kim Ray"
    assert vault.rows(ANA) == ["- [ ] Do @Bo"]
    vault.assert_settled()


def test_a_mention_typed_into_an_unassigned_row_assigns() -> None:
    vault = known("- [ ] Do")
    vault.edit("Tasks/@Unassigned.md", "- [ ] Do", "- [ ] Do @Bo")
    vault.turn()
    assert source(vault) == "- [ ] Do @Bo"


def test_an_emptied_text_is_never_taken_over() -> None:
    vault = known(OPEN)
    vault.edit(ANA, "Plan the trip ", "")
    vault.turn()
    assert source(vault) == OPEN
    assert vault.rows(ANA) == ["- [ ] Plan the trip 📅 2026-11-25"]


def test_a_date_that_is_no_day_is_refused_and_the_row_stays_as_typed() -> None:
    vault = known(OPEN)
    vault.edit(ANA, "📅 2026-11-25", "📅 2026-11-35")
    vault.turn()
    assert source(vault) == OPEN
    assert vault.rows(ANA) == ["- [ ] Plan the trip 📅 2026-11-35"]
    assert vault.problems
    vault.assert_settled()


# -- conflicts


CONFLICTS = [
    pytest.param("the trip", "the long trip", "a trip", "prose", id="text"),
    pytest.param("📅 2026-11-25", "📅 2026-12-01", "📅 2026-12-02", "due", id="due date"),
    pytest.param("📅", "⏫ 📅", "🔽 📅", "priority", id="priority"),
    pytest.param("- [ ]", "- [-]", "- [x]", "status", id="status"),
]


@pytest.mark.parametrize(("old", "ours", "theirs", "name"), CONFLICTS)
def test_a_conflict_keeps_each_value_where_it_stands_and_shows_the_other(
    old: str, ours: str, theirs: str, name: str
) -> None:
    vault = known(OPEN)
    vault.edit(NOTE, old, ours)
    vault.edit(ANA, old, theirs)
    plan = vault.turn()
    assert [conflict.field for conflict in plan.conflicts] == [name]
    assert ours in source(vault)
    row = vault.row(ANA, "trip")
    assert theirs in row
    assert vault.section(ANA, "trip") == "Conflicts"
    beneath = vault.lines(ANA)[vault.lines(ANA).index(row) + 1]
    assert beneath.startswith(f"    ↳ {name} in the note: ")
    vault.assert_settled()
    assert [conflict.field for conflict in vault.turn().conflicts] == [name]


@pytest.mark.parametrize(("old", "ours", "theirs", "name"), CONFLICTS)
@pytest.mark.parametrize("side", ["row", "source"])
def test_the_side_that_changes_next_wins_a_conflict(side: str, old: str, ours: str, theirs: str, name: str) -> None:
    vault = known(OPEN)
    vault.edit(NOTE, old, ours)
    vault.edit(ANA, old, theirs)
    vault.turn()
    row = vault.row(ANA, "trip")
    if side == "row":
        vault.edit(ANA, row, row.replace(theirs, old))
    else:
        vault.edit(NOTE, ours, old)
    plan = vault.turn()
    assert plan.conflicts == (), name
    assert old in source(vault)
    assert "↳" not in vault.texts[ANA]
    assert old in vault.row(ANA, "trip")
    vault.assert_settled()


@pytest.mark.parametrize(
    ("ours", "theirs", "after"),
    [("/", "x", "x"), ("x", "/", "x"), ("/", "X", "X"), (" ", "x", "x"), ("?", "x", "x"), ("x", "X", "x")],
)
def test_of_two_steps_forward_the_further_one_wins(ours: str, theirs: str, after: str) -> None:
    vault = known("- [?] Do @Ana")
    vault.edit(NOTE, "- [?]", f"- [{ours}]")
    vault.edit(ANA, "- [?]", f"- [{theirs}]")
    plan = vault.turn()
    assert plan.conflicts == ()
    assert source(vault).startswith(f"- [{after}]")
    vault.assert_settled()


def test_a_conflict_of_status_completes_nothing() -> None:
    line = "- [ ] Do @Ana 🔁 every day 🏁 delete 📅 2026-11-25"
    vault = known(line, recur_native_toggles=True)
    vault.edit(NOTE, "- [ ]", "- [x]")
    vault.edit(ANA, "- [ ]", "- [-]")
    vault.turn()
    assert len(vault.texts[NOTE].splitlines()) == 1
    assert source(vault).startswith("- [x]")
    vault.assert_settled()


# -- without a base


def without_base(vault: PaperVault) -> PaperVault:
    vault.base.clear()
    vault.records.clear()
    vault.ids.clear()
    return vault


def test_without_a_base_equal_sides_are_adopted() -> None:
    vault = without_base(known(OPEN))
    vault.assert_settled()
    assert len(vault.base) == 1


def test_without_a_base_a_proposal_yields_to_a_decision_without_effects() -> None:
    vault = known("- [?] Do @Ana #proposed")
    vault.edit(ANA, "- [?]", "- [x]")
    plan = without_base(vault).turn()
    assert plan.conflicts == ()
    assert source(vault) == "- [x] Do @Ana #proposed"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("- [ ]", "- [x]", "status"),
        ("the trip", "a trip", "prose"),
        ("2026-11-25", "2026-11-26", "due"),
        (" 📅 2026-11-25", "", "due"),
        ("the trip", "the trip #fun", "tags"),
        ("the trip", "the trip @Bo", "assignee"),
    ],
)
@pytest.mark.parametrize("side", ["row", "source"])
def test_without_a_base_every_other_difference_is_a_conflict_until_one_side_changes(
    side: str, old: str, new: str, name: str
) -> None:
    vault = known(OPEN)
    row = vault.row(ANA, "trip")
    vault.edit(ANA, row, row.replace(old, new))
    typed = vault.row(ANA, "trip")
    plan = without_base(vault).turn()
    assert [conflict.field for conflict in plan.conflicts] == [name]
    assert source(vault) == OPEN
    assert sorted(vault.row(ANA, "trip").split()) == sorted(typed.split())
    vault.assert_settled()
    assert [conflict.field for conflict in vault.turn().conflicts] == [name]
    # The next edit of the row settles it, whichever it is.
    if side == "row":
        vault.edit(ANA, vault.row(ANA, "trip"), row)
    else:
        vault.edit(NOTE, "the trip @Ana", "the trip now @Kim Ray #new")
        vault.edit(NOTE, "- [ ]", "- [/]")
        vault.edit(NOTE, "2026-11-25", "2026-11-27")
    plan = vault.turn()
    assert plan.conflicts == ()
    vault.assert_settled()


# -- several rows of one task


def test_of_several_rows_the_one_that_changed_counts() -> None:
    vault = known("- [ ] Do @Ana @Bo")
    vault.edit(BO, "- [ ] Do", "- [/] Do it")
    vault.turn()
    assert source(vault) == "- [/] Do it @Ana @Bo"
    assert vault.rows(ANA) == ["- [/] Do it"]
    vault.assert_settled()


def test_several_rows_that_changed_differently_are_a_conflict_that_the_next_edit_settles() -> None:
    vault = known("- [ ] Do @Ana @Bo")
    vault.edit(ANA, "- [ ] Do", "- [ ] Do this")
    vault.edit(BO, "- [ ] Do", "- [ ] Do that")
    plan = vault.turn()
    assert [conflict.field for conflict in plan.conflicts] == ["prose"]
    assert "Do this" in vault.row(ANA, "Do")
    assert "Do that" in vault.row(BO, "Do")
    assert "Do that" in vault.texts[ANA]
    vault.assert_settled()
    vault.edit(BO, "- [ ] Do that", "- [ ] Do both")
    plan = vault.turn()
    assert plan.conflicts == ()
    assert source(vault) == "- [ ] Do both @Ana @Bo"
    vault.assert_settled()


def test_a_row_doubled_within_a_note_counts_once_and_stands_once() -> None:
    vault = known("- [ ] Do @Ana")
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{row}\n{row.replace('Do', 'Do it')}")
    vault.turn()
    assert source(vault) == "- [ ] Do it @Ana"
    assert vault.rows(ANA) == ["- [ ] Do it"]
    vault.assert_settled()


# -- what is typed into a row beside its fields


# -- completion


RECURRING = "- [ ] Water it @Ana #home 🔁 every week 📅 2026-11-25"
FOLLOWING = "- [ ] Water it @Ana #home 🔁 every week 📅 2026-12-02"
FINISHED = "- [x] Water it @Ana #home 🔁 every week 📅 2026-11-25 ✅ 2026-11-22"


def tick(vault: PaperVault, path: str, words: str) -> None:
    row = vault.row(path, words)
    vault.edit(path, row, box(row, "x"))


def test_completing_through_a_row_makes_the_next_occurrence_once_with_its_own_id_and_row() -> None:
    vault = known(RECURRING)
    tick(vault, ANA, "Water")
    vault.turn()
    assert source(vault) == f"{FOLLOWING}\n{FINISHED}"
    ids = [line.rpartition("^")[2] for line in vault.texts[NOTE].splitlines()]
    assert len(set(ids)) == 2
    assert vault.rows(ANA) == [
        "- [ ] Water it #home (every week) 📅 2026-12-02",
        "- [x] Water it #home (every week) 📅 2026-11-25 ✅ 2026-11-22",
    ]
    vault.assert_settled()


def test_the_next_occurrence_stands_below_where_tasks_puts_it_there() -> None:
    vault = known(RECURRING, tasks=replace(RULES.tasks, recurrence_on_next_line=True))
    tick(vault, ANA, "Water")
    vault.turn()
    assert source(vault) == f"{FINISHED}\n{FOLLOWING}"


def test_a_crash_before_the_base_was_saved_makes_no_second_occurrence() -> None:
    vault = known(RECURRING)
    tick(vault, ANA, "Water")
    base, records, row = dict(vault.base), dict(vault.records), vault.texts[ANA]
    vault.turn()
    ended = dict(vault.texts)
    vault.base, vault.records, vault.texts[ANA] = base, records, row
    vault.turn()
    assert vault.texts == ended


def test_what_tasks_did_is_never_done_twice() -> None:
    vault = known(RECURRING, recur_native_toggles=True)
    done = vault.texts[NOTE].replace("- [ ]", "- [x]").replace("2026-11-25", "2026-11-25 ✅ 2026-11-22").rstrip("\n")
    vault.texts[NOTE] = f"{FOLLOWING}\n{done}\n"
    vault.turn()
    assert source(vault) == f"{FOLLOWING}\n{FINISHED}"


@pytest.mark.parametrize(
    ("old", "new"),
    [("Water it #home", "Water them #home"), ("#home", "#garden"), ("Water it #home", "Water it #home @Bo")],
    ids=["words", "tags", "assignee"],
)
def test_what_tasks_did_is_not_done_twice_where_the_row_was_ticked_and_edited(old: str, new: str) -> None:
    vault = known(RECURRING)
    done = vault.texts[NOTE].replace("- [ ]", "- [x]").replace("2026-11-25", "2026-11-25 ✅ 2026-11-22").rstrip("\n")
    vault.texts[NOTE] = f"{FOLLOWING}\n{done}\n"
    tick(vault, ANA, "Water")
    vault.edit(ANA, old, new)
    vault.turn()
    following, finished = source(vault).split("\n")
    assert following == FOLLOWING
    assert finished.startswith("- [x]")
    assert finished != FINISHED
    vault.assert_settled()


@pytest.mark.parametrize(("wanted", "after"), [(False, FINISHED), (True, f"{FOLLOWING}\n{FINISHED}")])
def test_a_native_toggle_makes_the_next_occurrence_only_where_the_settings_say_so(*, wanted: bool, after: str) -> None:
    vault = known(RECURRING, recur_native_toggles=wanted)
    vault.edit(NOTE, "- [ ]", "- [x]")
    vault.turn()
    assert source(vault) == after


def test_a_task_with_a_conflict_is_not_deleted_on_completion() -> None:
    vault = known("- [ ] Do @Ana 🏁 delete")
    vault.edit(NOTE, "- [ ] Do", "- [ ] Do this")
    vault.edit(ANA, "- [ ] Do", "- [x] Do that")
    vault.turn()
    assert "Do this" in vault.texts[NOTE]
    assert "Do that" in vault.texts[ANA]


def test_a_native_toggle_with_its_date_was_completed_by_tasks() -> None:
    vault = known(RECURRING, recur_native_toggles=True)
    vault.edit(NOTE, "- [ ]", "- [x]")
    vault.edit(NOTE, "2026-11-25", "2026-11-25 ✅ 2026-11-22")
    vault.turn()
    assert source(vault) == FINISHED


def test_a_task_that_says_so_is_deleted_on_completion_and_its_sub_items_move_up() -> None:
    vault = known("- [ ] Do @Ana 🏁 delete\n    - [ ] Part one @Bo\n        - detail\n    - part two\n- after")
    tick(vault, ANA, "Do")
    plan = vault.turn()
    assert source(vault) == "- [ ] Part one @Bo\n    - detail\n- part two\n- after"
    assert vault.rows(ANA) == []
    assert [edit.why for edit in plan.edits] == ["on completion"]
    assert len(vault.base) == 1
    vault.assert_settled()
    assert vault.rows(BO) == ["- [ ] Part one"]


def test_a_crash_after_a_deletion_on_completion_leaves_no_orphan() -> None:
    vault = known("- [ ] Do @Ana 🏁 delete\n- [ ] Else @Ana")
    tick(vault, ANA, "Do")
    base, records, row = dict(vault.base), dict(vault.records), vault.texts[ANA]
    vault.turn()
    vault.base, vault.records, vault.texts[ANA] = base, records, row
    vault.turn()
    vault.now += 10
    vault.turn()
    assert vault.rows(ANA) == ["- [ ] Else"]


def test_a_conflict_of_tags_stands_until_one_side_changes_its_tags() -> None:
    vault = known("- [ ] Do @Ana #one #task")
    vault.edit(ANA, "#one", "#two")
    plan = without_base(vault).turn()
    assert [conflict.field for conflict in plan.conflicts] == ["tags"]
    vault.assert_settled()
    vault.edit(ANA, "#two", "#three")
    plan = vault.turn()
    assert plan.conflicts == ()
    assert source(vault) == "- [ ] Do @Ana #task #three"
    vault.assert_settled()


def test_an_index_note_that_was_renamed_keeps_its_conflicts() -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(NOTE, "Do", "Do this")
    vault.edit(ANA, "Do", "Do that")
    vault.turn()
    vault.texts["Elsewhere.md"] = vault.texts.pop(ANA)
    plan = vault.turn()
    assert [conflict.field for conflict in plan.conflicts] == ["prose"]
    assert "Do this" in source(vault)
    assert "Do that" in vault.row("Elsewhere.md", "Do")


def test_of_several_rows_an_emptied_one_says_nothing() -> None:
    vault = known("- [ ] Do @Ana @Bo")
    vault.edit(ANA, "- [ ] Do", "- [ ] ")
    vault.edit(BO, "- [ ] Do", "- [ ] Do that")
    plan = vault.turn()
    assert plan.conflicts == ()
    assert source(vault) == "- [ ] Do that @Ana @Bo"


def test_a_row_doubled_within_a_note_and_edited_twice_loses_no_word() -> None:
    vault = known("- [ ] Do @Ana")
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{row.replace('Do', 'Do this')}\n{row.replace('Do', 'Do that')}")
    plan = vault.turn()
    assert [conflict.field for conflict in plan.conflicts] == ["prose"]
    assert "Do this" in vault.texts[ANA]
    assert "Do that" in vault.texts[ANA]
    vault.assert_settled()
    vault.assert_settled()


@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("🔁 every week", "- [ ] Do @Ana 🔁 every week"),
        ("🏁 delete", "- [ ] Do @Ana 🏁 delete"),
        ("🆔 abc", "- [ ] Do @Ana 🆔 abc"),
        ("⛔ abc", "- [ ] Do @Ana ⛔ abc"),
    ],
)
def test_what_a_row_never_shows_goes_to_the_source_when_it_is_typed_there(typed: str, after: str) -> None:
    vault = known("- [ ] Do @Ana")
    row = vault.row(ANA, "Do")
    vault.edit(ANA, row, f"{row} {typed}")
    vault.turn()
    assert source(vault) == after
    vault.assert_settled()


WEEKLY = "- [ ] Water it (every day) @Ana 🔁 every week 📅 2026-11-25"


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        pytest.param("(every week)", "(every 2 weeks)", WEEKLY, id="over ours"),
        pytest.param("(every week)", "(every 2 weeks) @Bo", WEEKLY.replace("Ana", "Bo"), id="with a mention behind it"),
        pytest.param(
            "it (every day) (every week)",
            "(every 2 weeks)",
            "- [ ] Water @Ana 🔁 every week 📅 2026-11-25",
            id="and words edited",
        ),
    ],
)
def test_another_rule_written_over_ours_is_told_and_no_words_of_the_text(old: str, new: str, after: str) -> None:
    vault = known(WEEKLY)
    vault.edit(ANA, old, new)
    vault.turn()
    assert source(vault) == after
    assert any(
        "🔁 every 2 weeks was typed into the row, but the task has every week" in what for what in vault.problems
    )
    assert vault.rows(BO if "@Bo" in new else ANA) == [f"{after.partition(' @')[0]} (every week) 📅 2026-11-25"]
    vault.assert_settled()


def test_a_row_that_another_replica_drew_after_the_rule_changed_says_nothing() -> None:
    vault = known(WEEKLY)
    base = dict(vault.base)
    vault.edit(NOTE, "🔁 every week", "🔁 every week on tuesday, monday")
    vault.turn()
    vault.base = base
    vault.turn()
    assert source(vault) == WEEKLY.replace("🔁 every week", "🔁 every week on tuesday, monday")
    assert vault.rows(ANA) == ["- [ ] Water it (every day) (every week on Monday, Tuesday) 📅 2026-11-25"]
    assert not vault.problems
    vault.assert_settled()


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        pytest.param(" (every week)", "", "Water it (every day)", id="ours taken out"),
        pytest.param("(every week)", "(every now and then)", "Water it (every day) (every now and then)", id="no rule"),
        pytest.param("it", "it (every month)", "Water it (every month) (every day)", id="within the text"),
    ],
)
def test_words_in_brackets_that_are_not_in_place_of_ours_are_words_of_the_text(old: str, new: str, after: str) -> None:
    vault = known(WEEKLY)
    vault.edit(ANA, old, new)
    vault.turn()
    assert source(vault) == WEEKLY.replace("Water it (every day)", after)
    assert not vault.problems
    vault.assert_settled()


@pytest.mark.parametrize("side", ["row", "source"])
def test_a_row_that_holds_its_value_in_a_conflict_stays_where_it_is_though_somebody_else_is_assigned(side: str) -> None:
    vault = known("- [ ] Do @Ana")
    vault.edit(NOTE, "Do", "Do this")
    vault.edit(ANA, "Do", "Do that")
    vault.turn()
    if side == "row":
        vault.edit(ANA, "Do that", "Do that @Bo")
    else:
        vault.edit(NOTE, "@Ana", "@Bo")
    vault.turn()
    assert source(vault) == "- [ ] Do this @Bo"
    assert vault.section(ANA, "Do that") == "Conflicts"
    assert vault.section(BO, "Do this") == "Conflicts"
    vault.assert_settled()
    vault.edit(ANA, "- [ ] Do that", "- [ ] Do both")
    vault.turn()
    assert source(vault) == "- [ ] Do both @Bo"
    assert vault.rows(ANA) == []
    assert vault.rows(BO) == ["- [ ] Do both"]
