"""Which notes are 1:1 with somebody, and what stands in `I owe` and comes back from there."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from laws.vault_model import ANA, BO, KIM, RULES, PaperVault

from vaultsync.index.region import SECTIONS
from vaultsync.reconcile.one_on_one import partner
from vaultsync.tasks.note import parse_text
from vaultsync.tasks.people import PersonSource, build_roster

if TYPE_CHECKING:
    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot

ROSTER = build_roster(
    [
        PersonSource("Ana Lopez", ("Annie",), "People/Ana Lopez.md"),
        PersonSource("Bo Ek", ("Bobo",), "People/Bo Ek/README.md"),
        PersonSource("Kim Ray", (), "People/Kim Ray.md"),
    ],
    owner="Ana Lopez",
)[0]


def partner_of(frontmatter: str) -> str | None:
    text = f"---\n{frontmatter}\n---\n- [ ] Do @Ana Lopez\n"
    return partner(parse_text("a.md", text, hashlib.sha256(text.encode()).hexdigest(), RULES), ROSTER)


@pytest.mark.parametrize(
    "frontmatter",
    [
        "person: Bo Ek",
        "person: bo ek",
        'person: "@Bo Ek"',
        "person: Bobo",
        'person: "[[Bo Ek]]"',
        "person: [[Bo Ek]]",
        'person: "[[People/Bo Ek/README|Bobo]]"',
        "person: [Bo Ek]",
        "participants: [Ana Lopez, Bo Ek]",
        "participants: [Bo Ek, Me]",
        'participants: ["[[People/Ana Lopez]]", "[[People/Bo Ek/README]]"]',
        "participants: [[[Ana Lopez]], [[Bo Ek]]]",
        'participants: ["[[People/Ana Lopez|Annie]]", "@Bobo"]',
        "participants:\n  - Annie\n  - Bobo",
        "participants: [Ana Lopez, Annie, Bo Ek]",
        "participants: Ana Lopez, Bo Ek",
        "participants: Bo Ek and Ana Lopez",
        "participants: Annie & Bobo",
        "participants: Ana Lopez; Bo Ek",
        'participants: "[[Ana Lopez]], [[Bo Ek]]"',
        'participants: "[[Ana Lopez]] [[Bo Ek]]"',
        'participants: "[[People/Ana Lopez]] and Bo Ek"',
        'participants: ["[Annie](People/Ana%20Lopez.md)", "[Bobo](People/Bo%20Ek/README.md)"]',
        "person: Bo Ek\nparticipants: [Ana Lopez, Bo Ek, Kim Ray]",
    ],
)
def test_a_note_is_one_on_one_with_bo(frontmatter: str) -> None:
    assert partner_of(frontmatter) == "Bo Ek"


@pytest.mark.parametrize(
    "frontmatter",
    [
        "type: meeting",
        "person: Ana Lopez",
        "person: [Bo Ek, Kim Ray]",
        "person: TBD",
        "person: 3",
        "participants: [Ana Lopez, Bo Ek, Kim Ray]",
        "participants: [Bo Ek, Kim Ray]",
        "participants: [Ana Lopez]",
        "participants: [Ana Lopez, TBD]",
        "participants: [Ana Lopez, Bo Ek, TBD]",
        "participants: []",
        "participants:",
        "participants: Ana Lopez, Bo Ek, Kim Ray",
        "vaultsync: index\nperson: Bo Ek",
        "vaultsync: overview\nperson: Bo Ek",
    ],
)
def test_a_note_is_one_on_one_with_nobody(frontmatter: str) -> None:
    assert partner_of(frontmatter) is None


def test_without_an_owner_no_note_is_one_on_one() -> None:
    text = "---\nperson: Bo Ek\n---\n- [ ] Do @Ana Lopez\n"
    assert partner(parse_text("a.md", text, "", RULES), replace(ROSTER, owner=None)) is None


def test_somebody_whom_nobody_knows_yet_is_owed_too() -> None:
    assert partner_of("participants: [Ana Lopez, Zoe Abel]") == "Zoe Abel"


# -- in the vault


class OwnedVault(PaperVault):
    """A vault whose owner is Ana."""

    def snapshot(self, **changes: object) -> Snapshot:
        snapshot = super().snapshot(**changes)
        return replace(snapshot, roster=replace(snapshot.roster, owner="Ana"))

    def settled(self) -> Plan:
        plan = self.turn()
        self.assert_settled()
        return plan


NOTE = "1-1 Bo.md"


def one_on_one(*tasks: str, frontmatter: str = "person: Bo") -> OwnedVault:
    vault = OwnedVault({NOTE: "\n".join([f"---\n{frontmatter}\n---", *tasks, ""])})
    vault.settled()
    return vault


def sources(vault: PaperVault, path: str = NOTE) -> list[str]:
    return [line.partition(" ^t-")[0] for line in vault.texts[path].splitlines() if "- [" in line]


def test_what_the_owner_is_to_do_from_a_one_on_one_note_is_owed_to_the_other() -> None:
    vault = one_on_one("- [ ] Send it @Ana", "- [/] Read it @Ana", "- [?] Maybe @Ana", "- [ ] Answer @Bo")
    assert vault.section(BO, "Send it") == "I owe"
    assert vault.section(BO, "Read it") == "I owe"
    assert vault.section(BO, "Answer") == "Open"
    assert vault.rows(BO) == ["- [ ] Answer", "- [ ] Send it", "- [/] Read it"]
    assert vault.section(ANA, "Send it") == "Open"


def test_owed_tasks_are_nobodys_count_but_the_owners() -> None:
    vault = one_on_one("- [ ] Send it @Ana 📅 2026-11-24", "- [ ] Answer @Bo")
    assert "tasks_open: 1\n---" in vault.texts[BO]
    assert "tasks_next_due" not in vault.texts[BO]
    assert "tasks_next_due: 2026-11-24" in vault.texts[ANA]


def test_somebody_who_is_only_owed_something_has_an_index_note() -> None:
    vault = one_on_one("- [ ] Send it @Ana")
    assert vault.rows(BO) == ["- [ ] Send it"]
    assert "tasks_open: 0" in vault.texts[BO]


def test_a_task_that_the_other_is_assigned_as_well_stands_in_their_own_section_once() -> None:
    vault = one_on_one("- [ ] Send it @Ana and @Bo")
    assert vault.rows(BO) == ["- [ ] Send it"]
    assert vault.section(BO, "Send it") == "Open"


def test_notes_of_three_owe_nobody() -> None:
    vault = one_on_one("- [ ] Send it @Ana", frontmatter="participants: [Ana, Bo, Kim Ray]")
    assert BO not in vault.texts


def test_a_row_there_reaches_the_owners_task() -> None:
    vault = one_on_one("- [ ] Send it @Ana", "- [ ] Read it @Ana 📅 2026-11-24")
    vault.edit(BO, "- [ ] Send it", "- [/] Send it today #now")
    vault.edit(BO, "2026-11-24", "2026-11-25")
    vault.settled()
    assert sources(vault) == ["- [/] Send it today @Ana #now", "- [ ] Read it @Ana 📅 2026-11-25"]
    assert vault.section(ANA, "Send it today") == "In progress"


def test_a_name_typed_there_replaces_the_owner() -> None:
    vault = one_on_one("- [ ] Send it @Ana and @Zoe")
    vault.edit(BO, "Send it", "Send it @Kim Ray")
    vault.settled()
    assert sources(vault) == ["- [ ] Send it @Kim Ray and @Zoe"]
    assert vault.rows(KIM) == ["- [ ] Send it"]
    assert vault.rows(BO) == []
    assert vault.rows(ANA) == []


def test_the_owners_name_and_another_typed_there_add_one() -> None:
    vault = one_on_one("- [ ] Send it @Ana")
    vault.edit(BO, "Send it", "Send it @Ana @Kim Ray")
    vault.settled()
    assert sources(vault) == ["- [ ] Send it @Ana @Kim Ray"]
    assert vault.section(BO, "Send it") == "I owe"


def test_the_other_person_may_take_the_task_over() -> None:
    vault = one_on_one("- [ ] Send it @Ana")
    vault.edit(BO, "Send it", "Send it @Bo")
    vault.settled()
    assert sources(vault) == ["- [ ] Send it @Bo"]
    assert vault.section(BO, "Send it") == "Open"


def test_the_same_tick_in_both_notes_is_one() -> None:
    vault = one_on_one("- [ ] Send it @Ana 🔁 every week 📅 2026-11-24")
    vault.edit(BO, "- [ ]", "- [x]")
    vault.edit(ANA, "- [ ]", "- [x]")
    assert not vault.settled().conflicts
    assert len([line for line in sources(vault) if "[x]" in line]) == 1
    assert len([line for line in sources(vault) if "[ ]" in line]) == 1
    assert vault.section(ANA, "- [x] Send it") == "Done"
    assert len(vault.rows(BO)) == 1


def test_differing_edits_in_both_notes_are_a_conflict_that_either_note_ends() -> None:
    vault = one_on_one("- [ ] Send it @Ana")
    vault.edit(BO, "Send it", "Send it today")
    vault.edit(ANA, "Send it", "Send it soon")
    assert len(vault.settled().conflicts) == 1
    assert vault.section(BO, "- [ ] Send it today") == vault.section(ANA, "- [ ] Send it soon") == "Conflicts"
    vault.edit(BO, "- [ ] Send it today", "- [ ] Send it now")
    vault.settled()
    assert sources(vault) == ["- [ ] Send it now @Ana"]
    assert vault.section(BO, "Send it now") == "I owe"


def test_a_section_that_is_switched_off_goes_and_an_edit_in_it_is_kept() -> None:
    vault = one_on_one("- [ ] Send it @Ana", "- [ ] Read it @Ana")
    vault.edit(BO, "Send it", "Send it today @Kim Ray")
    vault.edit(BO, "- [ ] Read", "- [/] Read")
    vault.rules = replace(vault.rules, index=replace(vault.rules.index, one_on_one=False))
    vault.settled()
    assert sources(vault) == ["- [ ] Send it today @Kim Ray", "- [/] Read it @Ana"]
    assert vault.rows(BO) == []
    assert "I owe" not in vault.texts[BO]


def test_a_note_that_is_one_on_one_no_longer_takes_its_rows_away_and_an_edit_in_one_is_kept() -> None:
    vault = one_on_one("- [ ] Send it @Ana")
    vault.edit(BO, "- [ ]", "- [/]")
    vault.edit(NOTE, "person: Bo", "person: Kim Ray")
    vault.settled()
    assert sources(vault) == ["- [/] Send it @Ana"]
    assert vault.rows(BO) == []
    assert vault.section(KIM, "Send it") == "I owe"


def test_rows_of_a_note_that_is_held_stay_in_their_section() -> None:
    vault = one_on_one("- [ ] Send it @Ana", "- [ ] Answer @Bo")
    before = vault.texts[BO]
    vault.texts["Else.md"] = "- [ ] More @Bo\n"
    vault.turn(held=frozenset({NOTE}))
    assert vault.section(BO, "Send it") == "I owe"
    vault.texts[NOTE] += "\0"
    vault.turn()
    assert vault.section(BO, "Send it") == "I owe"
    del vault.texts["Else.md"]
    vault.edit(NOTE, "\0", "")
    vault.turn()
    vault.now += 10
    vault.turn()
    assert vault.texts[BO] == before


def test_a_note_that_is_to_become_the_others_index_note_is_not_one_on_one() -> None:
    vault = OwnedVault({BO: "---\nperson: Bo\n---\n- [ ] Send it @Ana\n- [ ] Answer @Bo\n"})
    vault.settled()
    assert vault.rows(BO) == ["- [ ] Answer"]
    assert vault.rows(ANA) == ["- [ ] Send it"]


def test_the_section_stands_behind_the_persons_own_open_tasks_and_before_done() -> None:
    assert SECTIONS == ("Conflicts", "Proposed", "Open", "In progress", "I owe", "Done")
    vault = one_on_one("- [ ] Send it @Ana", "- [/] Do @Bo", "- [ ] Answer @Bo", "- [?] Maybe @Bo")
    headings = [line for line in vault.texts[BO].splitlines() if line.startswith("## ")]
    assert headings == ["## Proposed", "## Open", "## In progress", "## I owe"]


def test_what_somebody_wrote_in_the_section_moves_below_the_region_but_not_its_heading() -> None:
    vault = one_on_one("- [ ] Send it @Ana")
    vault.edit(BO, "## I owe\n", "## I owe\nCall first!\n")
    vault.settled()
    assert vault.texts[BO].count("## I owe") == 1
    assert vault.texts[BO].endswith("%% vaultsync:end %%\n\nCall first!\n")
