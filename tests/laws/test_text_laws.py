"""The laws of a task's text: an edit changes what it says and nothing else, and any text can be read."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from vaultsync.model import TaskLine, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.mentions import find_mentions
from vaultsync.tasks.people import UNASSIGNED, PersonSource, build_roster, person_key
from vaultsync.tasks.text import TaskText, read_text, set_assignees, set_prose, set_tags

PEOPLE = ("Ana Lopez", "Bo", "Zoë O'Neil", "Tomer Hagay")
ROSTER, _ = build_roster([*map(PersonSource, PEOPLE), PersonSource("Kim Ode", ("Ana", "K"))])

FIELDS = {
    "emoji": ("📅 2025-11-08", "⏫", "🔁 every day", "⏳ 2025-11-07", "🆔 abc"),
    "dataview": ("[due:: 2025-11-08]", "[priority:: high]", "(repeat:: every day)", "[scheduled:: 2025-11-07]"),
}
SETTINGS = {"emoji": TaskSettings(), "dataview": TaskSettings(format="dataview")}

words = st.sampled_from(["do", "it", "Draft", "plan,", "now.", "the", "a", "naïve", "(x)", "12", "`code`", "[[Note]]"])
proses = st.lists(words, min_size=1, max_size=6)
tags = st.sampled_from(["#task", "#auto", "#a/b", "#ü"])
mentions = st.sampled_from(
    ["@Ana Lopez", "@bo", "@[[Zoë O'Neil]]", "@[[x/README|K]]", "[[@Tomer Hagay]]", "@Rick Sanders", "@TBD"]
)
formats = st.sampled_from(["emoji", "dataview"])
blanks = st.sampled_from([" ", " ", "  "])
block_ids = st.sampled_from(["", " ^abc", " ^t-0a1b2c3d  "])


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, TaskSettings]:
    """Draw a task line: prose with tags and mentions in it, then mentions, tags and fields in any order."""
    kind = draw(formats)
    before = draw(st.lists(st.one_of(words, words, tags), max_size=5))
    first = draw(words)
    after = draw(st.lists(st.one_of(mentions, tags, st.sampled_from(FIELDS[kind])), max_size=6, unique=True))
    pieces = [*draw(st.lists(mentions, max_size=1)), *before, first, *after]
    text = pieces[0]
    for piece in pieces[1:]:
        text += draw(blanks) + piece
    return f"> - [?] {text}{draw(block_ids)}", SETTINGS[kind]


def read(text: str, settings: TaskSettings) -> tuple[TaskLine, TaskText]:
    line = parse_line(text, settings, hidden=True)
    assert line is not None
    return line, read_text(line, ROSTER)


def fields(text: str, settings: TaskSettings, *, hidden: bool) -> list[tuple[str, str]]:
    line = parse_line(text, settings, hidden=hidden)
    assert line is not None
    return [(field.name, text[field.start : field.end]) for field in line.fields]


def same_fields(old: str, new: str, settings: TaskSettings) -> bool:
    return all(fields(old, settings, hidden=each) == fields(new, settings, hidden=each) for each in (True, False))


def spoken(line: TaskLine, text: TaskText) -> list[str]:
    return [line.text[mention.start : mention.end] for mention in text.trailing]


@given(lines(), proses)
def test_new_prose_reads_back_and_nothing_else_changes(given_line: tuple[str, TaskSettings], prose: list[str]) -> None:
    old, settings = given_line
    line, text = read(old, settings)
    new = set_prose(line, text, " ".join(prose))
    again, changed = read(new, settings)
    assert changed.prose == " ".join(prose)
    assert (changed.tags, spoken(again, changed)) == (text.tags, spoken(line, text))
    assert same_fields(old, new, settings)


@given(lines())
def test_an_edit_that_changes_nothing_leaves_every_byte(given_line: tuple[str, TaskSettings]) -> None:
    line, text = read(*given_line)
    assert set_prose(line, text, text.prose) == line.text
    assert set_tags(line, text, text.tags, []) == line.text
    assert set_assignees(line, text, text.assignees, ROSTER) == line.text or UNASSIGNED in {
        mention.person for mention in text.assigning
    }


@given(lines(), proses)
def test_prose_that_is_set_and_set_back_is_the_prose_that_was(
    given_line: tuple[str, TaskSettings], prose: list[str]
) -> None:
    old, settings = given_line
    line, text = read(old, settings)
    back = set_prose(*read(set_prose(line, text, " ".join(prose)), settings), text.prose)
    assert read(back, settings)[1].prose == text.prose


@given(lines(), st.lists(tags, max_size=3), st.sets(tags))
def test_tags_come_and_go_and_nothing_else_changes(
    given_line: tuple[str, TaskSettings], add: list[str], remove: set[str]
) -> None:
    old, settings = given_line
    line, text = read(old, settings)
    new = set_tags(line, text, add, remove)
    again, changed = read(new, settings)
    kept = [tag for tag in text.tags if tag not in remove]
    assert sorted(changed.tags) == sorted([*kept, *(set(add) - set(kept))])
    assert (changed.prose, spoken(again, changed)) == (text.prose, spoken(line, text))
    assert same_fields(old, new, settings)


@given(lines(), st.lists(st.sampled_from([*PEOPLE, "Kim Ode", "Rick Sanders", "jo"]), unique=True, max_size=3))
def test_assignees_read_back_and_nothing_else_changes(given_line: tuple[str, TaskSettings], people: list[str]) -> None:
    old, settings = given_line
    line, text = read(old, settings)
    new = set_assignees(line, text, people, ROSTER)
    _, changed = read(new, settings)
    known = [person for person in people if person != "jo"]  # nobody knows jo, and the name has no capital
    expected = {*known} or {UNASSIGNED}
    assert {*changed.assignees} <= expected if "jo" in people else ({*changed.assignees} or {UNASSIGNED}) == expected
    assert changed.tags == text.tags
    assert fields(old, settings, hidden=True) == fields(new, settings, hidden=True)
    assert {*fields(old, settings, hidden=False)} <= {
        *fields(new, settings, hidden=False)
    }  # a mention may have hidden one
    if text.leading is None and "jo" not in people:
        assert changed.prose == text.prose


@given(
    st.text(st.sampled_from("@[]|#`/:.,-' AaBbëß🔁ק०\u0301\0") | st.characters(exclude_categories=["Cs"]), max_size=60)
)
@example("@[[@[[@Bo]]]]")
@example("`@Bo`@Bo`")
def test_any_text_has_mentions_in_order_that_are_mentions(text: str) -> None:
    found = find_mentions(text, 0, len(text), ROSTER)
    at = 0
    for mention in found:
        assert at <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end].startswith(("@", "[[@"))
        assert mention.person
        at = mention.end


@given(st.text(st.sampled_from("@[]|#`/:.,- AaBo📅⏫^x2") | st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_task_line_can_be_read_and_prose_set(body: str) -> None:
    line = parse_line(f"- [ ] {body}", TaskSettings(), hidden=True)
    assert line is not None
    text = read_text(line, ROSTER)
    assert text.prose == " ".join(line.text[start:end] for start, end in text.words)
    changed = set_prose(line, text, "plain words")
    assert changed.startswith("- [ ] ")
    assert all(tag in changed for tag in text.tags)


@given(st.lists(words, max_size=4), st.sampled_from(PEOPLE), st.lists(words, max_size=4))
def test_a_person_is_found_however_case_and_accents_are_written(
    before: list[str], person: str, after: list[str]
) -> None:
    for spelling in (person, person.upper(), unicodedata.normalize("NFD", person)):
        text = " ".join([*before, f"@{spelling}", *after])
        assert [person_key(mention.person) for mention in find_mentions(text, 0, len(text), ROSTER)] == [
            person_key(person)
        ]
