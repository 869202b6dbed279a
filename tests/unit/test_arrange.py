"""Which rows stand in which section, beneath which others and how many: by example, and by law over random vaults."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st
from laws.vault_model import ANA, BO, KIM, RULES, PaperVault, region_lines

from vaultsync.index.links import find_links
from vaultsync.reconcile.duplicates import group_duplicates
from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.plan import plan_cycle

if TYPE_CHECKING:
    import pytest

    from vaultsync.reconcile.snapshot import Snapshot
    from vaultsync.tasks.rules import IndexRules

NOTE = "a.md"
NEST = "    "


@dataclass
class LaidOutVault(PaperVault):
    """A vault of Ana's with a layout of its own."""

    def snapshot(self, **changes: Any) -> Snapshot:
        snapshot = super().snapshot(**changes)
        return replace(snapshot, roster=replace(snapshot.roster, owner="Ana"))

    def lay_out(self, **settings: Any) -> None:
        self.rules = replace(RULES, index=replace(RULES.index, **settings))
        self.layout = mark_of(settings)


def mark_of(settings: dict[str, Any]) -> str:
    return f"1-{crc32(repr(sorted(settings.items())).encode())}"


def vault_of(*lines: str, **settings: Any) -> LaidOutVault:
    vault = LaidOutVault({NOTE: "\n".join([*lines, ""])})
    vault.lay_out(**settings)
    vault.turn()
    vault.assert_settled()
    return vault


def shown(vault: PaperVault, path: str = BO) -> list[str]:
    """Return the rows of an index note with their indentation, without links."""
    rows = [line for line in region_lines(vault.texts.get(path, "")) if find_links(line) and "- [" in line]
    return [f"{line[: find_links(line)[-1].start].rstrip()}{line[find_links(line)[-1].end :]}" for line in rows]


SAME = (
    "- [?] Send the budget report to the board @Bo 📅 2026-12-01",
    "- [?] Send budget report to the board @Bo",
    "- [?] Send the budget report to boards @Bo",
)


# -- near-duplicates
TWENTY = (
    *("lighthouse", "umbrellas", "marmalade", "dictionary", "quicksand", "volcanoes", "hedgehogs", "xylophone"),
    *("kangaroos", "waterfall", "jellyfish", "ostriches", "parachute", "zeppelins", "grandchild", "cucumbers"),
    *("rainstorm", "tulips", "ironworks", "nightfall"),
)


def test_a_click_on_a_nested_row_touches_that_task_alone() -> None:
    vault = vault_of(*SAME)
    row = vault.row(BO, "- [?] Send budget")
    vault.edit(BO, row, row.replace("[?]", "[ ]"))
    vault.turn()
    vault.assert_settled()
    symbols = [line[3] for line in vault.texts[NOTE].splitlines()]
    assert symbols == ["?", " ", "?"]
    assert vault.section(BO, "- [ ] Send budget") == "Open"
    assert f"{NEST}- [?] Send the budget report to boards" in shown(vault)


def test_words_dates_and_people_typed_into_a_nested_row_are_that_tasks() -> None:
    vault = vault_of(*SAME)
    vault.edit(BO, "- [?] Send budget report to the board", "- [?] Send budget report to all @Kim Ray 📅 2026-12-02")
    vault.turn()
    vault.assert_settled()
    assert [line.partition(" ^")[0] for line in vault.texts[NOTE].splitlines()] == [
        SAME[0],
        "- [?] Send budget report to all @Kim Ray 📅 2026-12-02",
        SAME[2],
    ]


def test_when_the_leader_is_accepted_the_nested_ones_stay_proposed_and_stand_together_anew() -> None:
    vault = vault_of(*SAME)
    assert shown(vault)[0].startswith("- [?] Send the budget")
    vault.edit(BO, "- [?] Send the budget report to the", "- [ ] Send the budget report to the")
    vault.turn()
    vault.assert_settled()
    assert shown(vault) == [
        "- [?] Send the budget report to boards",
        f"{NEST}- [?] Send budget report to the board",
        "- [ ] Send the budget report to the board 📅 2026-12-01",
    ]


def test_rows_that_were_nested_by_hand_are_rows_of_their_own() -> None:
    vault = vault_of("- [?] Bake @Bo", "- [ ] Read @Bo")
    before = dict(vault.texts)
    vault.edit(BO, "- [ ] Read", f"{NEST}- [ ] Read")
    vault.turn()
    assert vault.texts == before


def test_lines_beneath_a_nested_row_go_with_it() -> None:
    vault = vault_of(*SAME)
    row = vault.row(BO, "- [?] Send budget")
    vault.edit(BO, row, f"{row}\n{NEST * 2}by mail")
    vault.turn()
    vault.assert_settled()
    assert f"{row}\n{NEST * 2}by mail\n" in vault.texts[BO]
    vault.edit(BO, row, row.replace("[?]", "[ ]"))
    vault.turn()
    vault.assert_settled()
    assert f"{row.replace('[?]', '[ ]').lstrip()}\n{NEST}by mail\n" in vault.texts[BO]


def test_open_tasks_are_never_nested() -> None:
    vault = vault_of(*(line.replace("[?]", "[ ]") for line in SAME))
    assert not any(line.startswith(NEST) for line in shown(vault))


def test_the_threshold_decides_who_stands_together() -> None:
    lines = ("- [?] Send the budget report to the board @Bo", "- [?] Send the budget report to the whole board @Bo")
    assert shown(vault_of(*lines, duplicates=88))[1].startswith(NEST)
    assert not shown(vault_of(*lines, duplicates=100))[1].startswith(NEST)
    assert not shown(vault_of(*lines, duplicates=None))[1].startswith(NEST)
    further = (lines[0], "- [?] Send the budget report to the supervisory board @Bo")
    assert not shown(vault_of(*further, duplicates=88))[1].startswith(NEST)
    assert shown(vault_of(*further, duplicates=0))[1].startswith(NEST)


def test_proposals_of_two_people_stand_together_in_each_note_by_themselves() -> None:
    vault = vault_of(SAME[0].replace("@Bo", "@Bo @Kim Ray"), SAME[1], SAME[2].replace("@Bo", "@Kim Ray"))
    assert [line.startswith(NEST) for line in shown(vault)] == [False, True]
    assert [line.startswith(NEST) for line in shown(vault, KIM)] == [False, True]


def test_a_second_plan_groups_only_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = vault_of(*SAME, "- [?] Bake @Ana", "- [?] Bake @Kim Ray", *(f"- [?] Knit {word} @Bo" for word in TWENTY))
    grouped: list[int] = []

    def counting(proposals: Any, *args: Any) -> Any:
        grouped.append(len(tuple(proposals)))
        return group_duplicates(tuple(proposals), *args)

    monkeypatch.setattr("vaultsync.reconcile.grouping.group_duplicates", counting)
    memory = Memory(follows=True)
    plan_cycle(vault.snapshot(memory=memory))
    assert sorted(grouped) == [1, 1, 23]
    grouped.clear()
    plan_cycle(vault.snapshot(memory=memory))
    assert grouped == []
    vault.edit(NOTE, SAME[1], SAME[1].replace("- [?] ", "- [?] Please "))
    plan_cycle(vault.snapshot(memory=memory))
    assert grouped == [3]


# -- how many rows


def test_one_person_with_a_great_many_proposals_has_a_note_of_max_rows() -> None:
    verbs = ("Send", "Bake", "Find", "Read", "Clean", "Draw")
    lines = [f"- [?] {verbs[number % 6]} {number} @Bo" for number in range(900)]
    vault = vault_of(*lines, *(line.replace("[?]", "[ ]") for line in lines))
    assert len(vault.rows(BO)) == 2 * RULES.index.max_rows
    assert vault.texts[BO].count("\nand 750 more\n") == 2
    assert vault.texts[NOTE].count("^t-") == 2 * RULES.index.max_rows


def test_a_note_that_is_being_edited_leaves_the_number_of_those_left_out_as_it_is() -> None:
    vault = vault_of("- [?] Send it @Bo", "- [?] Bake it @Bo", "- [?] Knit it @Bo", max_rows=1)
    assert "and 2 more" in vault.texts[BO]
    vault.assert_settled_in(unstamped=frozenset({NOTE}))


def test_conflicts_are_never_left_out() -> None:
    vault = vault_of(*(f"- [ ] {word} @Bo" for word in ("Bake", "Read", "Draw")), max_rows=3)
    for word in ("Bake", "Read", "Draw"):
        vault.edit(NOTE, word, f"{word} this")
        vault.edit(BO, word, f"{word} that")
    vault.lay_out(max_rows=1)
    vault.turn()
    vault.assert_settled()
    assert len(vault.rows(BO)) == 3


def test_a_row_that_is_no_longer_shown_gives_its_edit_to_the_task_first() -> None:
    vault = vault_of("- [ ] Bake @Bo ⏫", "- [ ] Read @Bo")
    vault.edit(BO, "Read", "Read it")
    vault.lay_out(max_rows=1)
    vault.turn()
    vault.assert_settled()
    assert "- [ ] Read it @Bo" in vault.texts[NOTE]
    assert vault.rows(BO) == ["- [ ] Bake ⏫"]
    assert "\nand 1 more\n" in vault.texts[BO]


# -- by note


def test_headings_of_notes_go_with_the_setting() -> None:
    vault = vault_of("- [?] Bake @Bo", "- [ ] Read @Bo")
    before = dict(vault.texts)
    vault.lay_out(group_by="note")
    vault.turn()
    vault.assert_settled()
    assert vault.texts[BO].count("### [[a|a]]") == 2
    vault.lay_out()
    vault.turn()
    vault.assert_settled()
    assert vault.texts[BO].replace(vault.layout, "") == before[BO].replace(mark_of({}), "")


def test_text_typed_beneath_the_heading_of_a_note_moves_below_the_region() -> None:
    vault = vault_of("- [?] Bake @Bo", group_by="note")
    vault.edit(BO, "### [[a|a]]\n", "### [[a|a]]\nHello.\n### My heading\n")
    vault.turn()
    vault.assert_settled()
    assert vault.texts[BO].count("### [[a|a]]") == 1
    assert vault.texts[BO].endswith("%% vaultsync:end %%\n\nHello.\n### My heading\n")


def test_a_note_that_is_renamed_takes_its_heading_along() -> None:
    vault = vault_of("- [?] Bake @Bo", group_by="note")
    vault.texts["b.md"] = vault.texts.pop(NOTE)
    vault.turn()
    vault.assert_settled()
    assert "### [[b|b]]" in vault.texts[BO]
    assert "[[a|a]]" not in vault.texts[BO]


# -- laws

WORDS = st.sampled_from(["send", "the", "budget", "report", "to", "board", "please", "bake", "3"])
LINES = st.builds(
    lambda symbol, words, people, due: f"- [{symbol}] {' '.join(words).capitalize()} {people}{due}",
    st.sampled_from("??? /x"),
    st.lists(WORDS, min_size=1, max_size=6),
    st.sampled_from(["@Bo", "@Ana", "@Kim Ray", "@Ana and @Bo", "@Bo and @Kim Ray", ""]),
    st.sampled_from(["", "", " 📅 2026-12-01", " 📅 2026-12-02 ⏫", " ✅ 2026-11-21"]),
)
FRONTMATTER = st.sampled_from(["", "", "---\nperson: Bo\n---\n", "---\nparticipants: [Ana, Kim Ray]\n---\n"])
NOTES = st.dictionaries(
    st.sampled_from(["a.md", "b.md", "2026-11-20 Talk.md", "Sub/C# x.md"]),
    st.builds(
        lambda front, lines: front + "".join(f"{line}\n" for line in lines), FRONTMATTER, st.lists(LINES, max_size=7)
    ),
    min_size=1,
)
LAYOUTS = st.fixed_dictionaries(
    {
        "max_rows": st.sampled_from([1, 2, 3, 150]),
        "group_by": st.sampled_from(["none", "note"]),
        "one_on_one": st.booleans(),
        "duplicates": st.sampled_from([None, 70, 88, 100]),
        "link_text": st.sampled_from(["↗", "date", "title", "see"]),
        "markdown_links": st.booleans(),
        "heading": st.sampled_from([None, "Tasks"]),
    }
)


def sections_of(text: str) -> dict[str, int]:
    """Return how many rows each section has."""
    rows: Counter[str] = Counter()
    name = ""
    for line in region_lines(text):
        heading = re.fullmatch(r"#+ (Conflicts|Proposed|Open|In progress|I owe|Done)", line)
        name = heading[1] if heading else name
        rows[name] += bool(re.match(r" *- \[", line))
    return rows


def assert_laid_out(vault: PaperVault, rules: IndexRules) -> None:
    for path, text in vault.texts.items():
        if not path.startswith("Tasks/@"):
            continue
        links = [find_links(line)[-1].block_id for line in region_lines(text) if re.match(r" *- \[", line)]
        assert len(links) == len(set(links))
        sections = sections_of(text)
        assert "" not in {name for name, rows in sections.items() if rows}
        assert all(rows <= rules.max_rows for name, rows in sections.items() if name != "Conflicts")
        assert rules.one_on_one or not sections.get("I owe")
        nested = [line for line in region_lines(text) if line.startswith(f"{NEST}- [")]
        assert rules.duplicates is not None or not nested
        headings = [line for line in region_lines(text) if re.match(r"#+ \[", line)]
        grouped = rules.group_by == "note" and any(rows for name, rows in sections.items() if name != "Conflicts")
        assert bool(headings) == grouped


@given(NOTES, LAYOUTS, LAYOUTS, st.data())
def test_whatever_the_layout_the_next_plan_is_empty_and_no_section_is_too_long(
    notes: dict[str, str], layout: dict[str, Any], other: dict[str, Any], data: st.DataObject
) -> None:
    vault = LaidOutVault(dict(notes))
    vault.lay_out(**layout)
    vault.turn()
    assert_laid_out(vault, vault.rules.index)
    vault.assert_settled()
    rows = [
        (path, line) for path in (ANA, BO, KIM) for line in region_lines(vault.texts.get(path, "")) if "- [" in line
    ]
    if rows:
        path, row = data.draw(st.sampled_from(rows))
        vault.edit(path, row, re.sub(r"\[.\]", data.draw(st.sampled_from(["[ ]", "[/]", "[x]", "[?]"])), row, count=1))
    vault.lay_out(**other)
    vault.turn()
    assert_laid_out(vault, vault.rules.index)
    vault.assert_settled()


@given(NOTES, LAYOUTS, st.randoms(use_true_random=False))
def test_the_order_of_notes_makes_no_difference(notes: dict[str, str], layout: dict[str, Any], random: Any) -> None:
    order = list(notes)
    random.shuffle(order)
    ended = []
    for paths in (list(notes), order):
        vault = LaidOutVault({path: notes[path] for path in paths})
        vault.lay_out(**layout)
        vault.turn()
        ended.append(vault.texts)
    assert ended[0] == ended[1]
