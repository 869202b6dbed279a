"""What is planned while a note grows quiet, and what becomes of it when the note's turn is due."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from laws.vault_model import NO_WAITS, FolderVault
from system.installed import write
from unit.daemon_life import ANA, begun, rows

from vaultsync.cycle import Wheel
from vaultsync.reconcile.focus import everything
from vaultsync.reconcile.plan import plan_cycle
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from unit.daemon_life import Life

AT_REST = 90.0


class Moments:
    """When plans were made once the vault had come to rest: ahead of a turn, in one, and those that read everything."""

    def __init__(self, life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
        self.life = life
        self.ahead: list[float] = []
        self.due: list[float] = []
        self.whole: list[float] = []
        monkeypatch.setattr("vaultsync.reconcile.plan.plan_cycle", self.noted(self.ahead, plan_cycle))
        monkeypatch.setattr("vaultsync.planner.plan_cycle", self.noted(self.due, plan_cycle))
        monkeypatch.setattr("vaultsync.reconcile.plan.everything", self.noted(self.whole, everything))

    def noted(self, moments: list[float], way: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any) -> Any:
            if self.life.passed > AT_REST:
                moments.append(round(self.life.passed, 1))
            return way(*arguments)

        return act


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with begun(tmp_path) as life:
        yield life


@pytest.fixture
def moments(life: Life, monkeypatch: pytest.MonkeyPatch) -> Moments:
    return Moments(life, monkeypatch)


def note(life: Life) -> str:
    return (life.root / "Note.md").read_text()


def save_line(life: Life, second: float, change: Callable[[str], str]) -> None:
    """Save the note with its text changed as it reads at that second: by then it has an id."""

    def act() -> None:
        write(life.root, {"Note.md": change(note(life))})
        life.put("Note.md")

    life.at(second, act)


def test_a_row_that_was_planned_ahead_is_not_forgotten_when_its_note_is_typed_into_further(life: Life) -> None:
    names = ("One", "Two")
    write(life.root, {f"{name}.md": f"- [ ] {name} @Ana Ruiz\n" for name in names})

    def tick(name: str) -> None:
        write(life.root, {ANA: rows(life).replace(f"[ ] {name}", f"[x] {name}")})
        life.put(ANA)

    life.at(100, lambda: tick("One"))
    save_line(life, 100.7, lambda text: f"{text}\nA word.\n")
    life.at(101.4, lambda: tick("Two"))
    life.live(110)
    assert [(life.root / f"{name}.md").read_text()[:9] for name in names] == ["- [x] One", "- [x] Two"]


def test_an_edit_is_planned_while_it_grows_quiet_and_only_written_when_its_turn_is_due(
    life: Life, moments: Moments
) -> None:
    save_line(life, 100, lambda text: text.replace("Mend", "Sew"))
    life.live(105)
    assert "Sew the sail" in rows(life)
    assert moments.ahead == [100.1]
    assert moments.due == [102.1]  # the turn that looks at what was written
    assert life.turns[-1] == life.again[-1]


def test_a_ticked_row_is_planned_ahead_too(life: Life, moments: Moments) -> None:
    def tick() -> None:
        write(life.root, {ANA: rows(life).replace("[ ]", "[x]")})
        life.put(ANA)

    life.at(100, tick)
    life.live(103)
    assert "- [x] Mend the sail" in note(life)
    assert moments.ahead == [100.1]


def test_a_plan_is_dropped_when_the_note_changes_once_more(life: Life, moments: Moments) -> None:
    save_line(life, 100, lambda text: text.replace("Mend", "Sew"))
    save_line(life, 101, lambda text: text.replace("Sew", "Patch"))
    life.live(110)
    assert moments.ahead == [100.1, 101.1]
    assert "Patch the sail" in rows(life)
    assert "Sew" not in note(life)
    assert round(life.turns[-1], 1) == 103.1


def test_a_plan_is_dropped_when_another_note_changes_unseen_by_it(life: Life, moments: Moments) -> None:
    """An event that comes so late that its note is still young when the first one's turn is due."""
    save_line(life, 100, lambda text: text.replace("Mend", "Sew"))
    life.save(101.5, "Other.md", "- [ ] Oil the winch @Ana Ruiz\n")
    life.live(120)
    assert "Sew the sail" in rows(life)
    assert "Oil the winch" in rows(life)
    assert moments.due[0] == 102.1


@pytest.mark.parametrize(
    "typed", [pytest.param(" @To", id="a stranger"), pytest.param(" [[Note#^t-00000000|x]]", id="a link")]
)
def test_what_may_matter_to_all_notes_is_not_planned_on_before_its_time(
    life: Life, moments: Moments, typed: str
) -> None:
    """Half a name, saved in the middle of typing, is a stranger; the whole name then is somebody known."""
    save_line(life, 100, lambda text: text.replace("Mend the sail", f"Mend the sail{typed}"))
    save_line(life, 101, lambda text: text.replace(typed, ""))
    save_line(life, 101.5, lambda text: text.replace("Mend", "Sew"))
    life.live(110)
    assert "Sew the sail" in rows(life)
    assert moments.ahead == [101.1, 101.6]  # and not at 100.1
    assert moments.whole == []


@pytest.mark.parametrize(
    ("row", "typed"),
    [
        pytest.param("- [ ] Mend the sail", "- [ ] Mend the sail @To", id="a stranger"),
        pytest.param("- [ ] Mend the sail [[", "- [ ] Mend the sail @To [[", id="a row that is somebody else's"),
        pytest.param("\n- [ ] Mend the sail", "\nMend the sail", id="no row any more"),
        pytest.param("\n- [ ] Mend", "\n- [ ] Oil it [[Note#^x]]\n- [ ] Mend", id="a link"),
        pytest.param("\n- [ ] Mend", "\n- [ ] Oil it @To\n- [ ] Mend", id="a stranger's task"),
        pytest.param("#^t-", "#^t-0", id="a row of another task"),
    ],
)
def test_of_an_index_note_neither(life: Life, moments: Moments, row: str, typed: str) -> None:
    def act() -> None:
        assert row in rows(life)
        write(life.root, {ANA: rows(life).replace(row, typed)})
        life.put(ANA)

    life.at(100, act)
    life.live(101)
    assert moments.ahead == []


def test_a_task_with_an_id_of_ours_in_the_middle_neither(life: Life, moments: Moments) -> None:
    life.save(100, "New.md", "- [ ] Oil ^t-00000000 the winch @Ana Ruiz\n")
    life.live(101)
    assert moments.ahead == []


def test_a_note_that_becomes_an_index_note_neither(life: Life, moments: Moments) -> None:
    save_line(life, 100, lambda text: f"---\nvaultsync: index\nperson: Ana Ruiz\n---\n{text}")
    life.live(101)
    assert moments.ahead == []


def test_a_new_task_is_planned_ahead_too(life: Life, moments: Moments) -> None:
    life.save(100, "New.md", "- [ ] Oil the winch @Ana Ruiz\n")
    life.live(101)
    assert moments.ahead == [100.1]


def at_rest(vault: FolderVault) -> Wheel:
    """Open a vault with one proposal as a daemon does, and bring it to rest."""
    vault.write("Note.md", "- [?] Mend the sail @Ana\n")
    wheel = Wheel(vault.settings, State(vault.state_file), vault.clock(), vault.waits, "run", stays=True)
    wheel.turn()
    wheel.turn()
    return wheel


def test_a_plan_is_dropped_when_it_was_made_for_another_moment(tmp_path: Path) -> None:
    """By then rows may move that might not before."""
    vault = FolderVault(tmp_path, waits=replace(NO_WAITS, settle=60))
    wheel = at_rest(vault)
    vault.write("Tasks/@Ana.md", vault.read("Tasks/@Ana.md").replace("[?]", "[ ]"))
    wheel.scanner.scan_all()
    wheel.planner.plan_ahead(wheel.clock.monotonic())
    assert wheel.planner._ahead
    vault.later += 100
    wheel.turn(())
    assert "## Open" in vault.read("Tasks/@Ana.md")
    wheel.state.close()


def test_a_note_that_goes_is_not_planned_on_before_its_time(tmp_path: Path) -> None:
    """It may be about to come back under another name."""
    vault = FolderVault(tmp_path)
    wheel = at_rest(vault)
    vault.remove("Note.md")
    wheel.scanner.scan_all()
    wheel.planner.plan_ahead(wheel.clock.monotonic())
    assert wheel.planner._ahead is None
    wheel.state.close()


def test_what_changes_who_is_who_is_not_planned_on_before_its_time(life: Life, moments: Moments) -> None:
    life.save(100, "Ana.md", "---\ntype: person\ntitle: Ana Ruiz\naliases: [A]\n---\n")
    life.live(101)
    assert moments.ahead == []


def test_nothing_is_planned_ahead_while_another_note_will_still_be_young(life: Life, moments: Moments) -> None:
    life.save(99, "Text.md", "Text.\n")
    save_line(life, 100, lambda text: text.replace("Mend", "Sew"))
    life.live(100.5)
    assert moments.ahead == [99.1]


def test_a_storm_is_not_planned_ahead(life: Life, moments: Moments) -> None:
    for number in range(12):
        life.save(100, f"{number}.md", f"- [ ] Read chapter {number} @Ana Ruiz\n")
    life.live(101)
    assert moments.ahead == []


def test_planning_ahead_takes_a_tenth_of_the_time_at_the_most(
    life: Life, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly = moments.noted(moments.ahead, plan_cycle)

    def slowly(*arguments: Any) -> Any:
        life.passed += 0.2
        return quickly(*arguments)

    monkeypatch.setattr("vaultsync.reconcile.plan.plan_cycle", slowly)
    for number in range(20):
        save_line(life, 100 + number / 2, lambda text: f"{text}Text.\n")
    life.live(109)
    assert len(moments.ahead) >= 3
    assert all(later - earlier >= 2.0 for earlier, later in pairwise(moments.ahead))
