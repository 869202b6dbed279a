"""Two index notes of one person become one: an alias that came into the config, a copy that somebody made by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from laws.vault_model import ANA, FolderVault, PaperVault, region_lines

from vaultsync.storage import vault as storage
from vaultsync.tasks.people import PersonSource, build_roster

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot

NOTE = "a.md"
SECOND = "Second.md"
TOM, TOMER = "Tasks/@Tom.md", "Tasks/@Tomer Hagay.md"
MOVED = "These tasks stand in [[Tasks/@Tomer Hagay|Tomer Hagay]]."


@dataclass
class NamedVault(PaperVault):
    """A vault in which Tom may be another name of Tomer Hagay."""

    joined: bool = False

    def snapshot(self, **changes: Any) -> Snapshot:
        snapshot = super().snapshot(**changes)
        sources = [PersonSource("Tomer Hagay", ("Tom",) if self.joined else ())]
        sources += [PersonSource(name) for name in ("Ana", "Bo", "Kim Ray")]
        sources += [
            PersonSource(note.person, path=path, origin="index")
            for path, note in sorted(snapshot.notes.items())
            if note.kind == "index" and note.person
        ]
        return replace(snapshot, roster=build_roster(sources)[0])

    def settled(self, **changes: Any) -> Plan:
        plan = self.turn(**changes)
        self.assert_settled_in(**changes)
        return plan


def apart(*lines: str) -> NamedVault:
    vault = NamedVault({NOTE: "\n".join([*lines, ""])})
    vault.settled()
    return vault


def both() -> NamedVault:
    return apart("- [ ] Send it @Tom", "- [ ] Read it @Tomer Hagay", "- [?] Maybe @Tom")


def copied() -> PaperVault:
    """Return a vault in which somebody has just copied Ana's index note."""
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n- [ ] Else @Ana\n"})
    vault.turn()
    vault.assert_settled()
    vault.texts[SECOND] = vault.texts[ANA]
    return vault


def sources(vault: PaperVault) -> list[str]:
    return [line.partition(" ^t-")[0] for line in vault.texts[NOTE].splitlines()]


def assert_emptied(vault: PaperVault, path: str, notice: str) -> None:
    assert [line for line in region_lines(vault.texts[path]) if line] == [notice]
    assert "tasks_open: 0" in vault.texts[path]
    assert "tasks_proposed: 0" in vault.texts[path]


def test_an_alias_joins_the_notes_with_the_unsaved_edits_of_both() -> None:
    vault = both()
    vault.edit(TOM, "- [ ] Send it", "- [/] Send it today")
    vault.edit(TOMER, "Read it", "Read it soon")
    vault.joined = True
    vault.settled()
    assert sources(vault) == ["- [/] Send it today @Tom", "- [ ] Read it soon @Tomer Hagay", "- [?] Maybe @Tom"]
    assert vault.rows(TOMER) == ["- [?] Maybe", "- [ ] Read it soon", "- [/] Send it today"]
    assert_emptied(vault, TOM, MOVED)


def test_the_overview_lists_a_person_once() -> None:
    vault = both()
    vault.joined = True
    vault.settled()
    rows = [line for line in vault.texts["Tasks/Overview.md"].splitlines() if "Tom" in line]
    assert rows == ["| [[Tasks/@Tomer Hagay\\|Tomer Hagay]] | 1 | 2 |  |"]


def test_an_alias_that_is_taken_back_parts_the_notes_again() -> None:
    vault = both()
    before = dict(vault.texts)
    vault.joined = True
    vault.settled()
    vault.edit(TOMER, "Send it", "Send it now")
    vault.joined = False
    vault.settled()
    assert sources(vault)[0] == "- [ ] Send it now @Tom"
    assert {path: text.replace("it now", "it") for path, text in vault.texts.items()} == before


def test_a_note_that_was_emptied_is_still_read() -> None:
    vault = both()
    emptied = dict(vault.texts)
    vault.joined = True
    vault.settled()
    row = re.findall(r"- \[ \] Send it.*\n", emptied[TOM])[0]
    vault.edit(TOM, f"{MOVED}\n", f"{MOVED}\n{row.replace('[ ]', '[/]')}My words.\n")
    vault.settled()
    assert sources(vault)[0] == "- [/] Send it @Tom"
    assert_emptied(vault, TOM, MOVED)
    assert vault.texts[TOM].endswith("%% vaultsync:end %%\n\nMy words.\n")


def test_free_text_of_both_notes_stays_where_it_was_or_moves_below_the_region() -> None:
    vault = both()
    vault.edit(TOM, "## Open\n", "In the region.\n\n## Open\n")
    vault.texts[TOM] += "\nBelow.\n"
    vault.texts[TOMER] = vault.texts[TOMER].replace("\n%% vaultsync:begin", "\nAbove.\n\n%% vaultsync:begin")
    vault.joined = True
    vault.settled()
    assert vault.texts[TOM].endswith("%% vaultsync:end %%\n\nIn the region.\n\nBelow.\n")
    assert "\nAbove.\n" in vault.texts[TOMER]
    assert_emptied(vault, TOM, MOVED)


def test_lines_beneath_a_row_stay_in_the_note_under_a_link_to_the_task() -> None:
    vault = both()
    row = vault.row(TOM, "Send it")
    vault.edit(TOM, row, f"{row}\n    - by mail")
    vault.joined = True
    vault.settled()
    assert_emptied(vault, TOM, MOVED)
    below = vault.texts[TOM].partition("%% vaultsync:end %%\n")[2]
    assert re.fullmatch(r"\n- \[\[a#\^t-[a-z0-9]{8}\|a\]\]\n    - by mail\n", below)


def test_differing_edits_of_one_task_in_both_notes_are_a_conflict_and_both_values_stay() -> None:
    vault = copied()
    vault.edit(ANA, "- [ ] Do", "- [ ] Do this")
    vault.edit(SECOND, "- [ ] Do", "- [ ] Do that")
    plan = vault.turn()
    vault.assert_settled()
    assert [conflict.field for conflict in plan.conflicts] == ["prose"]
    assert vault.rows(SECOND) == ["- [ ] Do that"]
    assert vault.section(ANA, "- [ ] Do this") == "Conflicts"
    vault.edit(ANA, "- [ ] Do this", "- [ ] Do this then")
    vault.turn()
    vault.assert_settled()
    assert sources(vault) == ["- [ ] Do this then @Ana", "- [ ] Else @Ana"]
    assert_emptied(vault, SECOND, "These tasks stand in [[Tasks/@Ana|Ana]].")


def test_the_value_in_the_emptied_note_may_end_the_conflict_too() -> None:
    vault = copied()
    vault.edit(ANA, "- [ ] Do", "- [ ] Do this")
    vault.edit(SECOND, "- [ ] Do", "- [ ] Do that")
    vault.turn()
    vault.edit(SECOND, "- [ ] Do that", "- [ ] Do that then")
    vault.turn()
    vault.assert_settled()
    assert sources(vault) == ["- [ ] Do that then @Ana", "- [ ] Else @Ana"]
    assert vault.rows(ANA) == ["- [ ] Do that then", "- [ ] Else"]
    assert vault.rows(SECOND) == []


def test_a_copy_made_by_hand_is_emptied_and_its_edits_arrive() -> None:
    vault = copied()
    vault.edit(SECOND, "- [ ] Do", "- [/] Do")
    vault.edit(ANA, "Else", "Other")
    vault.turn()
    vault.assert_settled()
    assert sources(vault) == ["- [/] Do @Ana", "- [ ] Other @Ana"]
    assert vault.rows(ANA) == ["- [ ] Other", "- [/] Do"]
    assert_emptied(vault, SECOND, "These tasks stand in [[Tasks/@Ana|Ana]].")


def test_an_old_copy_takes_nothing_back() -> None:
    vault = copied()
    old = vault.texts.pop(SECOND)
    vault.edit(ANA, "- [ ] Do", "- [/] Do it")
    vault.edit(ANA, "- [ ] Else", "- [ ] Other")
    vault.turn()
    vault.texts[SECOND] = old
    vault.edit(SECOND, "- [ ] Else", "- [ ] Else 📅 2026-11-30")
    vault.turn()
    vault.assert_settled()
    assert sources(vault) == ["- [/] Do it @Ana", "- [ ] Other @Ana 📅 2026-11-30"]


def test_the_note_that_was_moved_stays_the_one_with_the_rows_beside_a_copy_at_its_old_place() -> None:
    vault = copied()
    vault.texts["Zeta.md"] = vault.texts.pop(ANA)
    vault.texts["Alpha.md"] = vault.texts.pop(SECOND)
    vault.records["Zeta.md"] = vault.records.pop(ANA)
    vault.turn()
    vault.assert_settled()
    assert vault.rows("Alpha.md") == []
    assert len(vault.rows("Zeta.md")) == 2
    vault.records.clear()
    vault.base.clear()
    vault.turn()
    vault.assert_settled()
    assert vault.rows("Alpha.md") == []


def test_headings_and_other_lines_of_ours_in_a_copy_are_not_taken_for_somebodys() -> None:
    vault = PaperVault({NOTE: "- [ ] Do @Ana\n", "b.md": "- [?] Else @Ana\n"})
    vault.rules = replace(vault.rules, index=replace(vault.rules.index, group_by="note"))
    vault.turn()
    vault.texts[SECOND] = vault.texts[ANA]
    vault.turn()
    vault.assert_settled()
    assert_emptied(vault, SECOND, "These tasks stand in [[Tasks/@Ana|Ana]].")
    assert vault.texts[SECOND].endswith("%% vaultsync:end %%\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"held": frozenset({TOM})},
        {"held": frozenset({TOMER})},
        {"unsettled": frozenset({TOM})},
        {"unsettled": frozenset({TOMER})},
    ],
    ids=["one is young", "the other is young", "one hasn't settled", "the other hasn't settled"],
)
def test_neither_note_is_emptied_while(changes: dict[str, Any]) -> None:
    vault = both()
    before = vault.texts[TOM]
    vault.joined = True
    vault.turn(**changes)
    vault.turn(**changes)
    assert vault.texts[TOM] == before
    vault.settled()
    assert_emptied(vault, TOM, MOVED)
    assert len(vault.rows(TOMER)) == 3


def test_edits_in_a_note_that_waits_to_be_emptied_count_once_and_it_is_not_written() -> None:
    vault = copied()
    waits = {"unsettled": frozenset({SECOND})}
    vault.turn(**waits)
    assert any("second index note" in problem for problem in vault.problems)
    vault.edit(SECOND, "- [ ] Do", "- [/] Do")
    text = vault.texts[SECOND]
    vault.turn(**waits)
    assert sources(vault)[0] == "- [/] Do @Ana"
    vault.edit(NOTE, "- [/]", "- [ ]")
    vault.turn(**waits)
    vault.assert_settled_in(**waits)
    assert sources(vault)[0] == "- [ ] Do @Ana"
    assert vault.texts[SECOND] == text
    vault.turn()
    vault.assert_settled()
    assert sources(vault)[0] == "- [ ] Do @Ana"
    assert vault.rows(SECOND) == []


def test_a_note_with_broken_frontmatter_is_not_emptied() -> None:
    vault = both()
    vault.joined = True
    vault.edit(TOM, "person: Tom", "person: [Tom")
    text = vault.texts[TOM]
    vault.turn()
    assert vault.texts[TOM] == text
    assert len(vault.rows(TOMER)) == 3


def test_a_row_that_stays_as_typed_stays_in_its_note_and_is_not_drawn_in_the_first() -> None:
    vault = copied()
    row = vault.row(SECOND, "Do")
    vault.edit(SECOND, row, f"{row} 📅 2026-11-35")
    for _ in range(3):
        vault.turn()
        assert vault.rows(SECOND) == ["- [ ] Do 📅 2026-11-35"]
        assert sorted(vault.rows(ANA)) == ["- [ ] Do", "- [ ] Else"]
    vault.assert_settled()
    vault.edit(SECOND, "-35", "-30")
    vault.turn()
    vault.assert_settled()
    assert sources(vault)[0] == "- [ ] Do @Ana 📅 2026-11-30"
    assert vault.rows(SECOND) == []


def test_the_emptied_note_takes_the_rows_again_when_the_first_is_deleted() -> None:
    vault = both()
    vault.joined = True
    vault.settled()
    del vault.texts[TOMER]
    vault.settled()
    assert len(vault.rows(TOM)) == 3
    assert "These tasks stand" not in vault.texts[TOM]


def test_the_emptied_note_is_made_again_only_by_whoever_wants_it() -> None:
    vault = both()
    vault.joined = True
    vault.settled()
    del vault.texts[TOM]
    vault.settled()
    assert TOM not in vault.texts


def test_three_notes_of_one_person_become_one() -> None:
    vault = copied()
    vault.texts["Third.md"] = vault.texts[SECOND]
    vault.edit("Third.md", "Else", "Other")
    vault.edit(SECOND, "- [ ] Do", "- [x] Do")
    vault.turn()
    vault.assert_settled()
    assert sources(vault) == ["- [x] Do @Ana ✅ 2026-11-22", "- [ ] Other @Ana"]
    assert vault.rows(SECOND) == vault.rows("Third.md") == []


# -- through the wheel


def folder(tmp_path: Path) -> FolderVault:
    vault = FolderVault(tmp_path)
    vault.write(NOTE, "- [ ] Send it @Tom\n- [ ] Read it @Tomer Hagay\n- [?] Maybe @Tom\n")
    vault.come_to_rest()
    return vault


def join(vault: FolderVault) -> None:
    vault.configure("    Tomer Hagay: [Tom]\n")


def rows_of(vault: FolderVault, path: str) -> list[str]:
    return [line for line in region_lines(vault.read(path)) if "[[a#" in line]


def test_in_a_folder_an_alias_joins_the_notes_and_is_taken_back(tmp_path: Path) -> None:
    vault = folder(tmp_path)
    before = vault.texts()
    vault.write(TOM, vault.read(TOM).replace("- [ ] Send", "- [/] Send"))
    vault.write(TOMER, vault.read(TOMER).replace("Read it", "Read it soon"))
    join(vault)
    vault.turn()
    assert not vault.turn().written
    assert "- [/] Send it @Tom" in vault.read(NOTE)
    assert "- [ ] Read it soon @Tomer Hagay" in vault.read(NOTE)
    assert [line for line in region_lines(vault.read(TOM)) if line] == [MOVED]
    assert len(rows_of(vault, TOMER)) == 3
    assert vault.read("Tasks/Overview.md").count("Tom") == 2
    vault.write(NOTE, vault.read(NOTE).replace("[/] Send", "[ ] Send").replace("it soon", "it"))
    vault.configure("")
    vault.turn()
    assert {path: _without_mark(text) for path, text in vault.texts().items()} == {
        path: _without_mark(text) for path, text in before.items()
    }


def test_in_a_folder_a_copy_made_by_hand_is_emptied(tmp_path: Path) -> None:
    vault = folder(tmp_path)
    vault.write("Copy.md", vault.read(TOMER).replace("- [ ] Read", "- [/] Read"))
    vault.turn()
    assert not vault.turn().written
    assert "- [/] Read it @Tomer Hagay" in vault.read(NOTE)
    assert rows_of(vault, "Copy.md") == []
    assert len(rows_of(vault, TOMER)) == 1


class _DiedError(BaseException):
    """The run dies here."""


@pytest.mark.parametrize("landed", [1, 2, 3])
def test_a_run_that_dies_between_the_writes_loses_no_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landed: int
) -> None:
    vault = folder(tmp_path / "dies")
    vault.write(TOM, vault.read(TOM).replace("- [ ] Send it", "- [/] Send it today"))
    vault.write(TOMER, vault.read(TOMER).replace("Read it", "Read it soon"))
    join(vault)
    calm = vault.copy(tmp_path / "calm")
    calm.turn()
    write = storage.write
    written: list[object] = []

    def dying(*args: Any, **more: Any) -> Any:
        if len(written) == landed:
            raise _DiedError
        written.append(args)
        return write(*args, **more)

    monkeypatch.setattr(storage, "write", dying)
    with pytest.raises(_DiedError):
        vault.turn()
    monkeypatch.undo()
    vault.turn()
    assert not vault.turn().written
    assert vault.texts() == calm.texts()
    assert "- [/] Send it today @Tom" in vault.read(NOTE)


def _without_mark(text: str) -> str:
    return re.sub("vaultsync:begin [^ ]+", "vaultsync:begin", text)


def disputed() -> NamedVault:
    """Return a task with three due dates: the source's, and one in each of two rows."""
    vault = apart("- [ ] Send it @Tom @Ana 📅 2026-12-01")
    vault.edit(NOTE, "2026-12-01", "2026-12-02")
    vault.edit(TOM, "📅 2026-12-01", "📅 2026-12-03")
    vault.edit(ANA, "📅 2026-12-01", "📅 2026-12-04")
    vault.settled()
    return vault


def test_beside_a_copy_of_another_note_a_renamed_one_keeps_its_value_in_a_conflict() -> None:
    vault = disputed()
    vault.texts[SECOND] = vault.texts[ANA]
    vault.texts["Renamed.md"] = vault.texts.pop(TOM)
    (conflict,) = vault.turn().conflicts
    assert conflict.disagreement.source == "2026-12-02"
    assert sorted(set(conflict.disagreement.rows.values())) == ["2026-12-03", "2026-12-04"]
    assert "📅 2026-12-02" in vault.texts[NOTE]
    assert "📅 2026-12-03" in vault.row("Renamed.md", "Send it")
    assert "📅 2026-12-04" in vault.row(ANA, "Send it")


def test_a_copy_of_another_note_in_place_of_a_deleted_one_decides_no_conflict() -> None:
    vault = disputed()
    vault.texts[SECOND] = vault.texts[ANA]
    del vault.texts[TOM]
    (conflict,) = vault.turn().conflicts
    assert conflict.disagreement.source == "2026-12-02"
    assert "📅 2026-12-02" in vault.texts[NOTE]
    assert "📅 2026-12-04" in vault.row(ANA, "Send it")
