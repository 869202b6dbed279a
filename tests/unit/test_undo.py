"""Where the lines of a run stand when it is undone, or when it died, and what is put back there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laws.vault_model import ANA, RULES, FolderVault

from vaultsync.cycle import Wheel
from vaultsync.reconcile.base import BaseTask
from vaultsync.reconcile.edit import PlannedEdit
from vaultsync.reconcile.made_edit import MadeEdit, made_edits
from vaultsync.reconcile.putback import (
    ALREADY,
    CHANGED,
    NO_PLACE,
    NOT_KEPT,
    NOT_LANDED,
    NOT_READ_BACK,
    ONLY_AN_ID,
    base_after,
    has_landed,
    put_back,
)
from vaultsync.reconcile.verify import apply_edits
from vaultsync.settle import settle
from vaultsync.storage.journal import RunEnd, RunStart
from vaultsync.storage.state import State, StateChanges, StateError
from vaultsync.tasks.note import parse_text
from vaultsync.undo import plan_undo, run_to_undo

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.reconcile.putback import PutBack

A = " ^t-aaaaaaaa"
B = " ^t-bbbbbbbb"


def made(text: str, *edits: tuple[int, tuple[str, ...]]) -> tuple[str, list[MadeEdit]]:
    """Return a note's text after edits of its lines, and the edits as the journal has them."""
    lines = text.replace("\r", "").split("\n")
    planned = [PlannedEdit("a.md", number, lines[number - 1], after, "row") for number, after in edits]
    return apply_edits(text, planned), made_edits(text, planned)


def undone(text: str, edits: list[MadeEdit]) -> PutBack:
    return put_back(parse_text("a.md", text, "", RULES), text, edits, "undo", RULES)


ROUND_TRIPS = [
    pytest.param(f"- [?] x{A}\n", [(1, (f"- [ ] x{A}",))], id="one line"),
    pytest.param("a\r\n- [ ] x\r\n", [(2, ("- [x] x",))], id="a line with a carriage return"),
    pytest.param(
        f"- [ ] x{A}\n- [ ] y\n",
        [(1, (f"- [ ] x{B}", f"- [x] x{A}")), (2, ("- [x] y",))],
        id="two lines, and one below",
    ),
    pytest.param("t\n\n- [ ] x\n\nu\n", [(3, ())], id="a removed line between blank ones"),
    pytest.param("- [ ] x\nu\n", [(1, ())], id="a removed first line"),
    pytest.param("t\n- [ ] x\n", [(2, ())], id="a removed last line"),
    pytest.param("- [ ] x\n", [(1, ())], id="the only line, removed"),
    pytest.param("\n\n- [ ] x\n\n", [(3, ())], id="a removed line with nothing but blank ones about it"),
    pytest.param("- [ ] x\n- [ ] y\n- [ ] z\n", [(1, ()), (2, ())], id="two removed lines in a row"),
    pytest.param("- [ ] x\n- [ ] y\n- [ ] z\n", [(2, ()), (3, ("- [x] z",))], id="a removed line above an edited one"),
    pytest.param("- [ ] x\n- [ ] y\n", [(1, ("- [x] x",)), (2, ())], id="a removed last line below an edited one"),
    pytest.param("- [ ] x\n  - [ ] y\n\n  text\n- [ ] z\n", [(1, ())], id="a removed line with its sub-items"),
    pytest.param("t\n- [ ] x\n  text\n", [(2, ())], id="a removed line with text of its own"),
    pytest.param("> - [ ] x\n>   - [ ] y\n> - [ ] z\n", [(1, ())], id="a removed line of a quote"),
    pytest.param("- [ ] x\n- [ ] x\n", [(2, ("- [x] x",))], id="the second of two lines that read alike"),
]


@pytest.mark.parametrize(("text", "edits"), ROUND_TRIPS)
def test_what_a_run_did_to_a_note_is_put_back_and_taken_back_again(
    text: str, edits: list[tuple[int, tuple[str, ...]]]
) -> None:
    after, journal = made(text, *edits)
    back = undone(after, journal)
    assert (back.text, back.left) == (text, [])
    again = undone(back.text, back.edits)
    assert (again.text, again.left) == (after, [])


@pytest.mark.parametrize(("text", "edits"), ROUND_TRIPS)
def test_a_note_tells_whether_the_edits_of_a_run_reached_it(
    text: str, edits: list[tuple[int, tuple[str, ...]]]
) -> None:
    after, journal = made(text, *edits)
    assert has_landed(after, journal) == [True] * len(edits)
    assert has_landed(text, journal) == [False] * len(edits)


BELOW_TEXT = [case for case in ROUND_TRIPS if str(case.values[0])[:2] in ("t\n", "a\r")]


@pytest.mark.parametrize(("text", "edits"), BELOW_TEXT)
def test_lines_are_found_where_a_text_above_has_moved_them(text: str, edits: list[tuple[int, tuple[str, ...]]]) -> None:
    after, journal = made(text, *edits)
    assert undone("More\n\n" + after, journal).text == "More\n\n" + text


def test_what_stood_at_the_begin_of_a_note_is_put_back_nowhere_else() -> None:
    _, journal = made("- [ ] x\nu\n", (1, ()))
    assert [left.what for left in undone("More\nu\n", journal).left] == [NO_PLACE]


@pytest.mark.parametrize(
    ("text", "edit", "now", "reason"),
    [
        pytest.param("- [ ] x\n", (1, ("- [x] x",)), "- [x] y\n", CHANGED, id="a line that reads otherwise"),
        pytest.param("- [ ] x\n", (1, ("- [x] x",)), "- [ ] x\n", ALREADY, id="a line that is as it was"),
        pytest.param("- [ ] x\n", (1, ("- [x] x",)), "t\n- [x] x\n- [x] x\n", CHANGED, id="two lines that may be it"),
        pytest.param("- [ ] x\n", (1, (f"- [ ] x{A}",)), f"- [ ] x{A}\n", ONLY_AN_ID, id="a line that got its id"),
        pytest.param(f"- [ ] x{B}\n", (1, (f"- [ ] x{A}",)), f"- [ ] x{A}\n", ONLY_AN_ID, id="a copy that got its own"),
        pytest.param(
            "- [ ] x\n",
            (1, (f"- [ ] x{B}", f"- [x] x{A}")),
            f"- [x] x{A}\n",
            CHANGED,
            id="a next occurrence that is gone",
        ),
        pytest.param("t\n- [ ] x\nu\n", (2, ()), "t\nv\nu\n", NO_PLACE, id="a place with something else in it"),
        pytest.param(
            f"t\n- [ ] x{A}\nu\n", (2, ()), f"- [ ] x{A}\nt\nu\n", ALREADY, id="a removed line that stands elsewhere"
        ),
        pytest.param("- [ ] x\n", (1, ("- [x] x",)), "```\n- [x] x\n", NOT_READ_BACK, id="a line that is code by now"),
    ],
)
def test_what_is_not_as_it_was_written_is_left_alone(
    text: str, edit: tuple[int, tuple[str, ...]], now: str, reason: str
) -> None:
    _, journal = made(text, edit)
    back = undone(now, journal)
    assert (back.text, back.edits) == (now, [])
    assert [left.what for left in back.left] == [reason]


def test_sub_items_that_were_edited_with_the_removal_are_left_to_the_user() -> None:
    after, journal = made("- [ ] x\n  - [ ] y\n", (1, ()), (2, ("  - [x] y",)))
    back = undone(after, journal)
    assert NOT_KEPT in [left.what for left in back.left]
    assert back.text == after


def test_a_line_that_reads_like_one_that_was_changed_since_is_put_back_once() -> None:
    _, journal = made("- [ ] x\n- [ ] x\n", (1, ("- [x] x",)), (2, ("- [x] x",)))
    back = undone("- [x] x\n- [x] y\n", journal)
    assert (back.text, len(back.edits)) == ("- [ ] x\n- [x] y\n", 1)
    assert [left.edit.line for left in back.left] == [2]


def test_a_block_id_that_a_line_got_since_stays() -> None:
    _, journal = made("- [ ] x\n", (1, ("- [x] x ✅ 2025-11-10",)))
    assert undone(f"- [x] x ✅ 2025-11-10{A}\n", journal).text == f"- [ ] x{A}\n"


def test_a_record_gets_the_line_that_is_put_back_and_keeps_its_rows() -> None:
    rows = {ANA: "- [x] x"}
    base = {
        "t-aaaaaaaa": BaseTask("t-aaaaaaaa", "a.md", f"- [x] x{A}", frozenset({"due"}), 3.0, rows),
        "t-bbbbbbbb": BaseTask("t-bbbbbbbb", "a.md", f"- [ ] x{B}"),
    }
    edit = MadeEdit("a.md", 1, (f"- [ ] x{B}", f"- [x] x{A}"), (f"- [ ] x{A}",), "undo")
    after = base_after(base, edit, RULES)
    assert after["t-aaaaaaaa"] == BaseTask("t-aaaaaaaa", "a.md", f"- [ ] x{A}", frozenset({"due"}), None, rows)
    assert after["t-bbbbbbbb"].missing_since == 0.0


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    folder = FolderVault(tmp_path / "v")
    folder.write("a.md", f"- [ ] x @Ana{A}\n")
    return folder


def test_a_run_that_died_is_settled_and_only_what_reached_a_note_takes_an_id(vault: FolderVault) -> None:
    state = State(vault.state_file)
    there = MadeEdit("a.md", 1, ("- [ ] x @Ana",), (f"- [ ] x @Ana{A}",), "id")
    nowhere = MadeEdit("b.md", 1, ("- [ ] x @Ana",), (f"- [ ] x @Ana{B}",), "id")
    state.record(RunStart("2025-11-10T08:00:00+00:00", "reconcile"), [there, nowhere])
    state.record(RunStart("2025-11-10T08:00:00+00:00", "reconcile"), [])
    settle(vault.root, state, RULES)
    (run,) = state.runs()
    assert run.ended
    assert [edit.landed for edit in state.edits_of(run.number)] == [True, False]
    assert state.ids == {"t-aaaaaaaa"}
    state.close()


def test_a_cycle_settles_the_run_that_died_before_it(vault: FolderVault) -> None:
    state = State(vault.state_file)
    state.record(RunStart("2025-11-10T08:00:00+00:00", "run"), [MadeEdit("a.md", 1, ("- [x] x",), ("- [x] z",), "row")])
    state.close()
    vault.turn(dry_run=True)
    state = State(vault.state_file)
    assert not state.runs()[-1].ended
    state.close()
    vault.turn()
    state = State(vault.state_file)
    assert state.runs()[-1].ended
    assert state.edits_of(1)[0].landed is False
    state.close()


def test_a_cycle_forgets_the_runs_that_are_older_than_is_kept(vault: FolderVault) -> None:
    state = State(vault.state_file)
    for at in ("2020-01-01T00:00:00+00:00", "2020-01-02T00:00:00+00:00"):
        state.record(RunStart(at, "run"), [MadeEdit("a.md", 1, ("- [x] x",), ("- [x] z",), "row")])
    state.close()
    vault.turn()
    state = State(vault.state_file)
    assert 1 not in [run.number for run in state.runs()]
    state.close()


def test_an_edit_that_never_reached_its_note_is_not_undone(vault: FolderVault) -> None:
    vault.turn()
    state = State(vault.state_file)
    edit = MadeEdit("a.md", 1, (f"- [?] x @Ana{A}",), (f"- [ ] x @Ana{A}",), "row")
    run = state.record(RunStart("2025-11-10T08:00:00+00:00", "run"), [edit])
    state.save(StateChanges(ended=RunEnd(run, (False,))))
    wheel = Wheel(vault.settings, state, vault.clock(), vault.waits)
    wheel.turn(dry_run=True)
    undoing = plan_undo(state.runs()[0], wheel)
    assert (undoing.edits, [left.what for left in undoing.left]) == ([], [NOT_LANDED])
    assert run_to_undo(None, wheel) is None
    state.close()


def test_a_full_state_is_an_error_before_any_note_changes(vault: FolderVault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.write("many.md", "".join(f"- [ ] Task {number} @Ana {'long ' * 40}\n" for number in range(140)))
    before = vault.texts()
    opened = State._open

    def full(state: State, file: Path | str) -> None:
        opened(state, file)
        (pages,) = state._connection.execute("pragma page_count").fetchone()
        state._connection.execute(f"pragma max_page_count = {pages}")

    monkeypatch.setattr(State, "_open", full)
    with pytest.raises(StateError, match="full"):
        vault.turn()
    assert vault.texts() == before
    monkeypatch.undo()
    vault.come_to_rest()
    assert vault.read("many.md").count(" ^t-") == 140


def test_a_read_only_state_is_an_error_before_any_note_changes_even_if_only_an_index_note_would(
    vault: FolderVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.come_to_rest()
    vault.remove(ANA)
    before = vault.texts()
    opened = State._open

    def read_only(state: State, file: Path | str) -> None:
        opened(state, file)
        state._connection.execute("pragma query_only = on")

    monkeypatch.setattr(State, "_open", read_only)
    with pytest.raises(StateError, match="readonly"):
        vault.turn()
    assert vault.texts() == before
