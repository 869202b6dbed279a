from __future__ import annotations

import unicodedata
from itertools import permutations
from typing import Any

import pytest

from vaultsync.model import Mention
from vaultsync.tasks.mentions import find_mentions, people_meant, spell_mention
from vaultsync.tasks.people import (
    DEFAULT_PEOPLE_NOTES,
    UNASSIGNED,
    PersonSource,
    Roster,
    build_roster,
    canonical,
    clean_name,
    matches_any,
    person_key,
    person_source,
)

SOURCES = (
    PersonSource("Tomer Hagay", ("Tom", "TH")),
    PersonSource("Ana Lopez", ("Ana",)),
    PersonSource("Bo"),
    PersonSource("Zoë O'Neil"),
    PersonSource("Sam Ray", ("Sam",)),
    PersonSource("Sam Fox", ("Sam",)),
    PersonSource("Ana Lopez Diaz"),
    PersonSource("Dr. Eve (Ops)"),
)
ROSTER, _ = build_roster(SOURCES, owner="Jason Vallery", ignore=["Team"])


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def found(text: str, roster: Roster = ROSTER) -> list[tuple[str, str]]:
    mentions = find_mentions(text, 0, len(text), roster)
    return [(text[mention.start : mention.end], mention.person) for mention in mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("do @Tomer Hagay", [("@Tomer Hagay", "Tomer Hagay")]),
        ("do @tomer hagay now", [("@tomer hagay", "Tomer Hagay")]),
        ("do @Tom now", [("@Tom", "Tomer Hagay")]),
        ("do @Tomorrow", [("@Tomorrow", "Tomorrow")]),
        ("do @Ana Lopez Diaz", [("@Ana Lopez Diaz", "Ana Lopez Diaz")]),
        ("do @Ana Lopez soon", [("@Ana Lopez", "Ana Lopez")]),
        ("do @Ana", [("@Ana", "Ana Lopez")]),
        ("see @Ana's draft", [("@Ana", "Ana Lopez")]),
        ("see @Ana-Maria", [("@Ana-Maria", "Ana-Maria")]),
        ("ask @Dr. Eve (Ops) today", [("@Dr. Eve (Ops)", "Dr. Eve (Ops)")]),
        ("@Zoë O'Neil", [("@Zoë O'Neil", "Zoë O'Neil")]),
        ("ask @Myself", [("@Myself", "Jason Vallery")]),
        ("ask @TBD, @Unknown, @team", [("@TBD", UNASSIGNED), ("@Unknown", UNASSIGNED), ("@team", UNASSIGNED)]),
        ("ask @Sam", [("@Sam", UNASSIGNED)]),
        ("@Bo/@Ana", [("@Bo", "Bo"), ("@Ana", "Ana Lopez")]),
        ("(@Bo)", [("@Bo", "Bo")]),
        ("do @Bo.", [("@Bo", "Bo")]),
    ],
)
def test_a_known_person_is_found_by_the_longest_name_that_fits(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_decomposed_name_in_the_text_is_the_same_person() -> None:
    text = nfd("ask @Zoë O'Neil today")
    assert found(text) == [(nfd("@Zoë O'Neil"), "Zoë O'Neil")]


def test_a_decomposed_name_in_the_roster_is_the_same_person() -> None:
    roster, _ = build_roster([PersonSource(nfd("Zoë"))])
    assert found("ask @ZOË", roster) == [("@ZOË", "Zoë")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("do @[[Ana Lopez]] now", [("@[[Ana Lopez]]", "Ana Lopez")]),
        ("do @[[People/Ana Lopez]]", [("@[[People/Ana Lopez]]", "Ana Lopez")]),
        ("do @[[People/Ana Lopez/README]]", [("@[[People/Ana Lopez/README]]", "Ana Lopez")]),
        ("do @[[People/Ana Lopez/README|Nana]]", [("@[[People/Ana Lopez/README|Nana]]", "Ana Lopez")]),
        ("do @[[x/y.md#z|Tom]]", [("@[[x/y.md#z|Tom]]", "Tomer Hagay")]),
        ("do @[[Sam Ray|Sam]]", [("@[[Sam Ray|Sam]]", "Sam Ray")]),
        ("do @[[Sam]]", [("@[[Sam]]", UNASSIGNED)]),
        ("do [[@Bo]]", [("[[@Bo]]", "Bo")]),
        ("do [[@Bo|him]]", [("[[@Bo|him]]", "Bo")]),
        ("do @[[Rick Van Der Berg Junior]]", [("@[[Rick Van Der Berg Junior]]", "Rick Van Der Berg Junior")]),
        ("do @[[home]]", []),
        ("do @[[]]", []),
        ("do [[@]]", []),
        ("do ![[@Bo]]", []),
        ("do [[Bo]]", []),
        ("do [[notes of @Bo]]", []),
        ("do @[[Bo", []),
    ],
)
def test_links_name_people_too(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("do @Rick Sanders", ["@Rick Sanders"]),
        ("do @Rick Sanders 📅 2025-11-08", ["@Rick Sanders"]),
        ("do @Rick Sanders #task", ["@Rick Sanders"]),
        ("do @Rick Sanders, then call", ["@Rick Sanders"]),
        ("do @Rick Sanders @Kim Ode", ["@Rick Sanders", "@Kim Ode"]),
        ("do @Rick Sanders and @Kim", ["@Rick Sanders", "@Kim"]),
        ("do @Rick Van Der Berg", ["@Rick Van Der Berg"]),
        ("do @Rick Van Der Berg Junior", ["@Rick"]),
        ("do @Rick Sanders today", ["@Rick"]),
        ("do @Rick 2 times", ["@Rick"]),
        ("@Rick Sanders", ["@Rick"]),
        ("do @Rick's thing", ["@Rick"]),
        ("do @O'Brien-Smith", ["@O'Brien-Smith"]),
        ("do @תומר", ["@תומר"]),
        ("do @田中", ["@田中"]),
        ("do @देवी", ["@देवी"]),
        ("buy milk @home at @2pm", []),
        ("mail ana@Bo.com or bo+@Rick", []),
        ("use @Angular/core and @Vue.js and @Rick@host.org", []),
        ("see `@Bo` and ``a ` @Bo``", []),
        ("see https://x.com/@Bo or [x](a/@Bo)", []),
        (r"the sign \@Bo", []),
        ("x @ Bo, @", []),
        ("open ` @Rick", ["@Rick"]),
    ],
)
def test_an_unknown_name_is_as_long_as_its_place_allows(text: str, expected: list[str]) -> None:
    assert [mention for mention, _ in found(text)] == expected


def test_only_what_lies_between_the_offsets_is_read() -> None:
    text = "@Bo @Ana Lopez Diaz"
    assert find_mentions(text, 4, 14, ROSTER) == (Mention(4, 14, "Ana Lopez"),)


def test_an_ambiguous_mention_tells_whom_it_may_mean() -> None:
    text = "@Sam @Bo @TBD"
    mentions = find_mentions(text, 0, len(text), ROSTER)
    assert [people_meant(text, mention, ROSTER) for mention in mentions] == [("Sam Fox", "Sam Ray"), (), ()]


@pytest.mark.parametrize(
    ("person", "like", "expected"),
    [
        ("Bo", "@Ana", "@Bo"),
        ("Bo", "@[[People/Ana]]", "@[[Bo]]"),
        ("Bo", "[[@Ana]]", "[[@Bo]]"),
        ("kim", "@Ana", "@[[kim]]"),
        ("Rick Sanders", "@Ana", "@Rick Sanders"),
    ],
)
def test_a_mention_is_spelt_in_the_form_of_another(person: str, like: str, expected: str) -> None:
    assert spell_mention(person, ROSTER, like) == expected


def test_a_name_that_a_plain_mention_would_cut_becomes_a_link() -> None:
    assert spell_mention("Rick Sanders", ROSTER, leading=True) == "@[[Rick Sanders]]"


def test_the_roster_is_the_same_in_whatever_order_it_was_found() -> None:
    sources = [
        PersonSource("Ana", ("A", "Chief"), "People/Ana.md"),
        PersonSource("ANA", ("Nana",), "People/old/ANA.md"),
        PersonSource("Bo", ("Chief",), "People/Bo.md"),
        PersonSource("a", (), "Tasks/@a.md", "index"),
    ]
    assert len({repr(build_roster(order)) for order in permutations(sources)}) == 1
    roster, problems = build_roster(sources)
    assert (roster.people, problems) == (("Ana", "Bo"), ())
    assert roster.aliases == {"Ana": ("A", "Chief", "Nana"), "Bo": ("Chief",)}
    assert roster.ambiguous == {"chief": ("Ana", "Bo")}


def test_names_that_differ_by_case_accents_encoding_or_blanks_are_one_person() -> None:
    roster, problems = build_roster([PersonSource("Zoë  Ray"), PersonSource(nfd("ZOË RAY")), PersonSource("zoë ray")])
    assert (len(roster.people), problems) == (1, ())


def test_the_owner_may_be_named_by_an_alias() -> None:
    roster, _ = build_roster([PersonSource("Ana Lopez", ("Ana",))], owner="ana")
    assert (roster.owner, roster.people, canonical("me", roster)) == ("Ana Lopez", ("Ana Lopez",), "Ana Lopez")


def test_an_owner_whom_the_vault_does_not_know_is_a_person() -> None:
    assert build_roster([], owner="Ana")[0].people == ("Ana",)


def test_the_config_gives_aliases_to_people_known_and_new() -> None:
    roster, _ = build_roster([PersonSource("Ana Lopez", ("Ana",))], aliases={"Ana": ["AL"], "Kim": ["K"]})
    assert [canonical(name, roster) for name in ("al", "k", "KIM", "who ")] == ["Ana Lopez", "Kim", "Kim", "who"]


def test_whoever_is_ignored_is_nobody_by_all_names() -> None:
    roster, _ = build_roster([PersonSource("All Hands", ("Everybody",)), PersonSource("Bo")], ignore=["all hands"])
    assert roster.people == ("Bo",)
    assert [canonical(name, roster) for name in ("All Hands", "everybody")] == [UNASSIGNED, UNASSIGNED]


def test_an_alias_shared_with_somebody_ignored_is_the_others() -> None:
    roster, _ = build_roster([PersonSource("All", ("A",)), PersonSource("Ana", ("A",))], ignore=["All"])
    assert (canonical("a", roster), roster.ambiguous) == ("Ana", {})


def test_the_index_note_of_unassigned_tasks_is_no_person() -> None:
    roster, problems = build_roster([PersonSource("Unassigned", (), "Tasks/@Unassigned.md", "index")])
    assert (roster.people, problems) == ((), ())


def test_an_index_note_of_an_alias_is_that_persons() -> None:
    sources = [
        PersonSource("Ana Lopez", ("Ana",)),
        PersonSource("Ana", origin="index"),
        PersonSource("Kim", origin="index"),
    ]
    assert build_roster(sources)[0].people == ("Ana Lopez", "Kim")


def test_a_name_beats_an_alias_and_the_clash_is_told() -> None:
    roster, problems = build_roster([PersonSource("Ana", ("Bo", ""), "People/Ana.md"), PersonSource("Bo")])
    assert canonical("bo", roster) == "Bo"
    assert [(problem.path, problem.what.split(":")[0]) for problem in problems] == [
        ("People/Ana.md", "alias 'Bo' of Ana is left out"),
        ("People/Ana.md", "an empty alias of Ana is left out"),
    ]


@pytest.mark.parametrize(
    "clash",
    [
        {"owner": "annie"},
        {"aliases": {"Annie": ()}},
        {"candidates": [PersonSource("Annie", (), "Tasks/@Annie.md", "index")]},
    ],
    ids=["the owner", "a name in the config", "an index note"],
)
def test_a_name_that_two_people_had_as_an_alias_is_a_person_and_the_clash_is_told(clash: dict[str, Any]) -> None:
    sources = [PersonSource("Ana Ruiz", ("Annie",)), PersonSource("Johanna Berg", ("Annie",))]
    roster, problems = build_roster([*sources, *clash.pop("candidates", ())], **clash)
    assert (len(roster.people), roster.ambiguous) == (3, {})
    assert [problem.what for problem in problems] == [
        f"alias 'Annie' of {person} is left out: it is a person's name" for person in ("Ana Ruiz", "Johanna Berg")
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("  Ana\tLopez ", "Ana Lopez"), ("A\u202ena\n", "Ana"), ("A\0B", "A B"), (nfd("Zoë"), "Zoë"), ("\u200f", "")],
)
def test_a_name_is_one_safe_line(name: str, expected: str) -> None:
    assert clean_name(name) == expected


def test_keys_of_spellings_are_equal() -> None:
    assert len({person_key(name) for name in ("Zoë Ray", "ZOË  RAY", nfd("zoë ray"), " Zoë Ray")}) == 1


@pytest.mark.parametrize(
    ("path", "properties", "expected"),
    [
        ("People/Ana Lopez.md", {}, PersonSource("Ana Lopez", (), "People/Ana Lopez.md")),
        ("a/People/@Bo.md", {}, PersonSource("Bo", (), "a/People/@Bo.md")),
        ("People/Ana/README.md", {}, PersonSource("Ana", (), "People/Ana/README.md")),
        ("People/Ana/2025 1-1.md", {"type": "people"}, None),
        ("People/README.md", {}, None),
        ("README.md", {"type": "person"}, None),
        ("Contacts/Kim.md", {"type": "Person"}, PersonSource("Kim", (), "Contacts/Kim.md")),
        ("Contacts/Kim.md", {"type": ["x", "person"]}, PersonSource("Kim", (), "Contacts/Kim.md")),
        ("Contacts/Kim/readme.md", {"type": "person"}, PersonSource("Kim", (), "Contacts/Kim/readme.md")),
        ("Contacts/Kim.md", {"type": 5}, None),
        ("People/a.md", {"aliases": ["A", 5, None], "title": "Al"}, PersonSource("a", ("A", "Al"), "People/a.md")),
        ("People/a.md", {"aliases": "A, B", "alias": "A"}, PersonSource("a", ("A", "B"), "People/a.md")),
        ("People/@.md", {}, None),
    ],
)
def test_which_notes_are_people(path: str, properties: dict[str, object], expected: PersonSource | None) -> None:
    assert person_source(path, properties, DEFAULT_PEOPLE_NOTES) == expected


@pytest.mark.parametrize(
    ("path", "glob", "expected"),
    [
        ("a.md", "**/*.md", True),
        ("a/b/c.md", "**/*.md", True),
        ("a/b.txt", "**/*.md", False),
        ("a/b/c.md", "a/*.md", False),
        ("a/b/c.md", "a/**", True),
        ("a/b/c.md", "a/**/c.md", True),
        ("a/c.md", "a/**/c.md", True),
        ("ab.md", "a?.md", True),
        ("a/.md", "a?.md", False),
        ("a1.md", "a[0-9].md", True),
        ("ax.md", "a[!0-9].md", True),
        ("a(b).md", "a(b).md", True),
        (nfd("Zoë.md"), "Zoë.md", True),
    ],
)
def test_globs_name_notes(path: str, glob: str, expected: object) -> None:
    assert matches_any(path, [glob]) is expected
