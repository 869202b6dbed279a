from __future__ import annotations

import pytest

from vaultsync.model import TaskLine, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import PersonSource, Roster, build_roster
from vaultsync.tasks.text import Assigning, TaskText, read_text, set_assignees, set_prose, set_tags

SOURCES = (
    PersonSource("Ana Lopez", ("Ana",)),
    PersonSource("Bo"),
    PersonSource("Sam Ray", ("Sam",)),
    PersonSource("Sam Fox", ("Sam",)),
)
ROSTER, _ = build_roster(SOURCES, owner="Jason Vallery")
EMOJI = TaskSettings()
DATAVIEW = TaskSettings(format="dataview")


def read(
    body: str, settings: TaskSettings = EMOJI, mode: Assigning = "edges", roster: Roster = ROSTER
) -> tuple[TaskLine, TaskText]:
    line = parse_line(f"- [ ] {body}", settings, hidden=True)
    assert line is not None
    return line, read_text(line, roster, mode)


@pytest.mark.parametrize(
    ("body", "prose", "tags", "assignees"),
    [
        ("Compile it. @Ana 📅 2025-11-08 ⏫ #task #auto", "Compile it.", ("#task", "#auto"), ("Ana Lopez",)),
        ("Compile it. 📅 2025-11-08 @Rick Van Morty", "Compile it.", (), ("Rick Van Morty",)),
        ("Do @Ana 📅 2025-11-08 ⏫ #task @Bo", "Do", ("#task",), ("Ana Lopez", "Bo")),
        ("Do @Ana, @Bo & @Kim and @Eve.", "Do", (), ("Ana Lopez", "Bo", "Kim", "Eve")),
        ("Do it with @Ana. Then rest", "Do it with @Ana. Then rest", (), ()),
        ("Should we ask @Ana?", "Should we ask", (), ("Ana Lopez",)),
        ("@Ana: send  the draft", "@Ana: send the draft", (), ("Ana Lopez",)),
        ("@Ana send it @Bo", "@Ana send it", (), ("Ana Lopez", "Bo")),
        ("@Ana's draft is late", "@Ana's draft is late", (), ()),
        ("Ask @Ana about it @Bo", "Ask @Ana about it", (), ("Bo",)),
        ("@Ana @Bo 📅 2025-11-08", "", (), ("Ana Lopez", "Bo")),
        ("Fix #bug in `a #b` and [[n #c]] @Bo", "Fix in `a #b` and [[n #c]]", ("#bug",), ("Bo",)),
        ("#x do x#y (#z)", "do x#y (#z)", ("#x",), ()),
        ("Do @TBD @Ana", "Do", (), ("Ana Lopez",)),
        ("Do @TBD", "Do", (), ("Unassigned",)),
        ("Do @Myself @Me", "Do", (), ("Jason Vallery",)),
        ("Do it", "Do it", (), ()),
        ("📅 2025-11-08 #t", "", ("#t",), ()),
        ("", "", (), ()),
    ],
)
def test_a_text_is_prose_tags_and_mentions(
    body: str, prose: str, tags: tuple[str, ...], assignees: tuple[str, ...]
) -> None:
    _, text = read(body)
    assert (text.prose, text.tags, text.assignees) == (prose, tags, assignees)


def test_dataview_fields_are_no_text() -> None:
    _, text = read("Do @Ana [due:: 2025-11-08] #t @Bo (priority:: high)", DATAVIEW)
    assert (text.prose, text.tags, text.assignees) == ("Do", ("#t",), ("Ana Lopez", "Bo"))


def test_a_tag_at_the_start_of_the_body_needs_no_blank_before() -> None:
    line = parse_line("- [ ]#t do", EMOJI)
    assert line is not None
    assert read_text(line, ROSTER).tags == ("#t",)


def test_with_any_a_mention_in_the_middle_assigns_as_well() -> None:
    _, text = read("Ask @Ana about it @Bo", mode="any")
    assert (text.assignees, text.prose) == (("Ana Lopez", "Bo"), "Ask @Ana about it")


def test_an_ambiguous_alias_is_unassigned_and_told_where_it_assigns() -> None:
    _, text = read("Do @Sam")
    assert text.assignees == ("Unassigned",)
    assert text.problems == ("@Sam may be Sam Fox or Sam Ray; the task is Unassigned until it says which",)
    assert read("Ask @Sam about it")[1].problems == ()


def test_spans_point_at_what_they_name() -> None:
    line, text = read("Fix  #bug now @Ana 📅 2025-11-08")
    assert [line.text[start:end] for start, end in text.words] == ["Fix", "now"]
    assert [line.text[start:end] for start, end in text.tag_spans] == ["#bug"]
    assert [line.text[mention.start : mention.end] for mention in text.trailing] == ["@Ana"]


@pytest.mark.parametrize(
    ("body", "prose", "expected"),
    [
        ("Fix #bug in  login @Ana 📅 2025-11-08", "Fix in logout", "Fix #bug in  logout @Ana 📅 2025-11-08"),
        ("Fix #bug in  login @Ana", "Fix the thing in  login", "Fix the thing #bug in  login @Ana"),
        ("Fix it 📅 2025-11-08 #t ^abc", "Fix it now", "Fix it now 📅 2025-11-08 #t ^abc"),
        ("Fix it📅 2025-11-08", "Fix it now", "Fix it now 📅 2025-11-08"),
        ("Please fix it now @Bo", "fix", "fix @Bo"),
        ("Fix it #t now", "Fix it", "Fix it #t"),
        ("Fix it", "First fix it", "First fix it"),
        ("a b c d", "d", "d"),
        ("@Ana do it", "@Ana leave it", "@Ana leave it"),
        ("#t 📅 2025-11-08", "Now", "Now #t 📅 2025-11-08"),
        ("@Bo 📅 2025-11-08", "Now", "Now @Bo 📅 2025-11-08"),
        ("", "Now", "Now"),
        ("x 📅 2025-11-08 y @Bo", "x z", "x 📅 2025-11-08 z @Bo"),
        ("do (@Bo", "redo", "redo @Bo"),
    ],
)
def test_only_the_words_that_differ_are_replaced(body: str, prose: str, expected: str) -> None:
    line, text = read(body)
    assert set_prose(line, text, prose) == f"- [ ] {expected}"


def test_prose_can_not_become_empty() -> None:
    line, text = read("Do it")
    with pytest.raises(ValueError, match="empty"):
        set_prose(line, text, " \t")


@pytest.mark.parametrize(
    ("body", "add", "remove", "expected"),
    [
        ("Do @Bo 📅 2025-11-08 #task #proposed #auto", [], ["#proposed"], "Do @Bo 📅 2025-11-08 #task #auto"),
        ("Do 📅 2025-11-08 #task ⏫", ["#a", "#b"], [], "Do 📅 2025-11-08 #task #a #b ⏫"),
        ("Do it @Bo 📅 2025-11-08", ["#a"], [], "Do it @Bo #a 📅 2025-11-08"),
        ("Do it📅 2025-11-08", ["#a"], [], "Do it #a 📅 2025-11-08"),
        ("Do #a #b", ["#c"], ["#a", "#b"], "Do #c"),
        ("#a do #a", [], ["#a"], "do"),
        ("Do #a", ["#a"], [], "Do #a"),
        ("Do #a", ["#a"], ["#a"], "Do #a"),
        ("📅 2025-11-08", ["#a"], [], "#a 📅 2025-11-08"),
        ("", ["#a"], [], "#a"),
        ("Do #a ^abc", [], ["#a"], "Do ^abc"),
    ],
)
def test_tags_go_with_one_blank_and_come_before_the_fields(
    body: str, add: list[str], remove: list[str], expected: str
) -> None:
    line, text = read(body)
    assert set_tags(line, text, add, remove) == f"- [ ] {expected}"


@pytest.mark.parametrize(
    ("body", "people", "expected"),
    [
        ("Do @Ana 📅 2025-11-08", ["Bo"], "Do @Bo 📅 2025-11-08"),
        ("Do @[[People/Ana|Ana]] now @Ana #t", ["Bo"], "Do @[[People/Ana|Ana]] now @Bo #t"),
        ("Do @[[People/Ana Lopez|Ana]] #t", ["Bo"], "Do @[[Bo]] #t"),
        ("Do [[@Ana Lopez]] #t", ["Bo"], "Do [[@Bo]] #t"),
        ("Do @Ana #t", ["Ana Lopez", "Bo"], "Do @Ana @Bo #t"),
        ("Do #t 📅 2025-11-08", ["Bo"], "Do @Bo #t 📅 2025-11-08"),
        ("Do 📅 2025-11-08 @Ana.", ["Ana Lopez", "Bo"], "Do 📅 2025-11-08 @Ana @Bo."),
        ("Do @Ana, @Bo 📅 2025-11-08", ["Ana Lopez"], "Do @Ana 📅 2025-11-08"),
        ("Do @Ana, @Bo 📅 2025-11-08", ["Bo"], "Do @Bo 📅 2025-11-08"),
        ("Do @Ana, @Bo and @Kim.", ["Bo"], "Do @Bo."),
        ("Do @Ana and @Bo.", [], "Do"),
        ("Do @Ana", ["Unassigned"], "Do"),
        ("Do @TBD", ["Unassigned"], "Do @TBD"),
        ("Do @TBD", ["Bo"], "Do @Bo"),
        ("@Ana: do it", ["Bo"], "@Bo: do it"),
        ("@Ana: do it", [], "do it"),
        ("@Ana do it", ["Rick Sanders"], "@[[Rick Sanders]] do it"),
        ("do it", ["kim"], "do it @[[kim]]"),
        ("📅 2025-11-08", ["Bo"], "@Bo 📅 2025-11-08"),
    ],
)
def test_who_goes_is_replaced_by_who_comes(body: str, people: list[str], expected: str) -> None:
    line, text = read(body)
    assert set_assignees(line, text, people, ROSTER) == f"- [ ] {expected}"


def test_with_any_a_mention_in_the_middle_is_replaced_too() -> None:
    line, text = read("Ask @Ana about it", mode="any")
    assert set_assignees(line, text, ["Bo"], ROSTER) == "- [ ] Ask @Bo about it"


def test_what_stands_outside_the_body_is_kept() -> None:
    line = parse_line("\t> 1) [?]  Do it 📅 2025-11-08  ^abc  ", EMOJI)
    assert line is not None
    text = read_text(line, ROSTER)
    assert set_prose(line, text, "Do that") == "\t> 1) [?]  Do that 📅 2025-11-08  ^abc  "
    assert set_assignees(line, text, ["Bo"], ROSTER) == "\t> 1) [?]  Do it @Bo 📅 2025-11-08  ^abc  "
