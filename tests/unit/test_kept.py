"""What one process keeps for the next: what is read again, and when nothing of it counts.

That a plan on it is the plan on everything is held by `laws/test_focus_laws.py`, and through the command by
`laws/test_rest_laws.py`.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from system.installed import write

from vaultsync import program, scan
from vaultsync.cli.surveyed import surveyed
from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.pickled import to_bytes
from vaultsync.read_ahead import read_note
from vaultsync.reconcile.grouping import Grouping
from vaultsync.reconcile.memory import Memory
from vaultsync.settings import load_settings
from vaultsync.storage import vault as files
from vaultsync.storage.state import State, StateChanges
from vaultsync.survey import survey
from vaultsync.tasks.people import Roster
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vaultsync.outcome import Outcome
    from vaultsync.storage.kept import KeptRecord

NO_WAITS = Waits(0, 0, 0, 0, 0)
NOTES = {f"Note {number}.md": f"- [ ] Mend sail {number} @Ana Ruiz ^t-aaaaaaa{number}\n" for number in range(10)}


@dataclass
class Runs:
    """A vault on which one process runs after the other, and which notes the last one read."""

    folder: Path
    read: list[str] = field(default_factory=list)
    today: str = "2025-11-10"

    @property
    def root(self) -> Path:
        return self.folder / "vault"

    @property
    def known(self) -> Path:
        return self.folder / "state" / "known.pickle"

    def run(self, *, afresh: bool = False, dry_run: bool = False) -> Outcome:
        self.read.clear()
        with closing(State(self.folder / "state" / "state.db")) as state:
            clock = Clock(today=self.today)
            wheel = Wheel(load_settings(self.root), state, clock, NO_WAITS, afresh=afresh)
            return wheel.turn(dry_run=dry_run)

    def kept(self) -> KeptRecord | None:
        with closing(State(self.folder / "state" / "state.db")) as state:
            return state.kept()


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A vault in step, of which the last run has kept what it knew."""
    found = Runs(tmp_path)

    def reading(path: str, *arguments: object) -> object:
        found.read.append(path)
        return read_note(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(scan, "read_note", reading)
    monkeypatch.setattr(scan, "_FRESH", 0.0)  # what was just written may be trusted
    write(found.root, NOTES)
    for _ in range(3):
        found.run()
    return found


def everything(runs: Runs) -> set[str]:
    return {path.relative_to(runs.root).as_posix() for path in runs.root.rglob("*.md")}


def test_a_run_reads_what_has_changed_since_the_one_before(runs: Runs) -> None:
    assert runs.run().written == frozenset()
    assert runs.read == []
    write(
        runs.root, {"Note 3.md": "- [x] Mend sail 3 @Ana Ruiz ✅ 2025-11-10 ^t-aaaaaaa3\n", "New.md": "- [ ] Row @Bo\n"}
    )
    (runs.root / "Note 4.md").unlink()
    outcome = runs.run()
    assert {"Note 3.md", "New.md"} <= set(runs.read) < everything(runs)
    assert {"Tasks/@Ana Ruiz.md", "Tasks/@Bo.md"} <= outcome.written
    rows = (runs.root / "Tasks/@Ana Ruiz.md").read_text()
    assert "Mend sail 5" in rows
    assert "Mend sail 4" not in rows.partition("## Done")[0]


def test_a_first_turn_looks_at_everything_whatever_it_is_told_of(runs: Runs) -> None:
    (runs.root / "Note 4.md").unlink()
    with closing(State(runs.folder / "state" / "state.db")) as state:
        wheel = Wheel(load_settings(runs.root), state, Clock(today=runs.today), NO_WAITS)
        assert wheel.turn(["Note 3.md"]).notes == len(everything(runs))


def test_a_plan_on_everything_is_written_down_though_little_has_changed(runs: Runs) -> None:
    write(runs.root, {f"More {number}.md": "Words.\n" for number in range(200)})
    runs.run()
    before = runs.known.read_bytes()
    write(runs.root, {"New.md": "- [ ] Row @Bo\n"})  # somebody new
    runs.run()
    assert runs.known.read_bytes() != before


def test_a_dry_run_goes_on_from_it_and_leaves_it(runs: Runs) -> None:
    before = (runs.kept(), runs.known.read_bytes())
    runs.run(dry_run=True)
    assert runs.read == []
    assert (runs.kept(), runs.known.read_bytes()) == before


def test_all_index_notes_are_told_of_whichever_were_looked_at(runs: Runs) -> None:
    write(runs.root, {"New.md": "- [ ] Row @Bo\n"})
    runs.run()
    write(runs.root, {"New.md": "- [ ] Row far @Bo\n"})
    outcome = runs.run()
    assert [note.path for note in outcome.plan.index_notes] == ["Tasks/@Bo.md"]
    assert [(note.path, note.open) for note in outcome.plan.counted] == [
        ("Tasks/@Ana Ruiz.md", 10),
        ("Tasks/@Bo.md", 1),
    ]


def test_a_further_index_note_of_somebody_who_was_not_looked_at_is_told_of(runs: Runs) -> None:
    index_note = (runs.root / "Tasks/@Ana Ruiz.md").read_text()
    write(runs.root, {"New.md": "- [ ] Row @Bo\n", "Tasks/Second.md": index_note})
    for _ in range(3):
        runs.run()
    write(runs.root, {"New.md": "- [ ] Row far @Bo\n"})
    outcome = runs.run()
    assert [note.path for note in outcome.plan.index_notes] == ["Tasks/@Bo.md"]
    counted = [(note.path, note.person, note.open) for note in outcome.plan.counted]
    assert counted == [
        ("Tasks/@Ana Ruiz.md", "Ana Ruiz", 10),
        ("Tasks/@Bo.md", "Bo", 1),
        ("Tasks/Second.md", "Ana Ruiz", 0),
    ]


def test_groups_that_were_put_away_are_forgotten_once_the_people_are_others() -> None:
    grouping = Grouping(90.0, frozenset({"ana"}))
    memory = Memory.of(Roster(), {"Bo": to_bytes(grouping)})
    memory.begin(Roster(), ())
    assert memory.grouping("Bo", lambda: Grouping(90.0, frozenset()))._known == {"ana"}
    memory.put_away()
    memory.begin(Roster(people=("Kim Ray",)), ())
    assert memory.grouping("Bo", lambda: Grouping(90.0, frozenset({"kim", "ray"})))._known == {"kim", "ray"}


def test_a_note_that_was_changed_just_before_it_was_read_is_read_again(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_FRESH", 60.0)
    runs.run(afresh=True)
    runs.run()
    assert set(runs.read) == everything(runs)


def damaged(runs: Runs) -> None:
    content = bytearray(runs.known.read_bytes())
    content[len(content) // 2] ^= 1
    runs.known.write_bytes(content)


def written_to(runs: Runs) -> None:
    with closing(State(runs.folder / "state" / "state.db")) as state:
        state.remember_notes({"Note 1.md": "00"})


CHANGES: dict[str, Callable[[Runs], object]] = {
    "another day": lambda runs: setattr(runs, "today", "2025-11-11"),
    "another setting": lambda runs: write(runs.root, {".vaultsync/config.yaml": "index: {max_rows: 9}\n"}),
    "another setting of Obsidian": lambda runs: write(runs.root, {".obsidian/app.json": '{"useMarkdownLinks": true}'}),
    "a write to the state": written_to,
    "damage": damaged,
    "no file": lambda runs: runs.known.unlink(),
    "an empty file": lambda runs: runs.known.write_bytes(b""),
    "others may write it": lambda runs: runs.known.chmod(0o620),
}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_of_it_counts_after(name: str, runs: Runs) -> None:
    CHANGES[name](runs)
    runs.run()
    assert set(runs.read) == everything(runs)


def test_nothing_of_it_counts_that_somebody_else_may_have_written(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs.known.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(os, "geteuid", lambda: runs.known.stat().st_uid + 1)
    runs.run()
    assert set(runs.read) == everything(runs)


@pytest.mark.parametrize("name", ["modules", "libraries"])
def test_nothing_of_it_counts_for_another_program(name: str, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, name, lambda: "another")
    runs.run()
    assert set(runs.read) == everything(runs)


def test_everything_can_be_asked_to_be_read(runs: Runs) -> None:
    runs.run(afresh=True)
    assert set(runs.read) == everything(runs)


def test_the_libraries_that_read_notes_are_known_by_their_versions() -> None:
    found = dict(program.libraries())
    assert {"mistune", "pydantic", "pendulum", "rapidfuzz", "python-dateutil", "pyyaml"} <= found.keys()
    assert all(version[0].isdigit() for version in found.values())


def test_where_it_cannot_be_written_a_run_does_its_work_all_the_same(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vaultsync.storage.kept.pickle.Pickler", refuse)
    write(runs.root, {"New.md": "- [ ] Row @Bo\n"})
    assert "Tasks/@Bo.md" in runs.run().written
    assert runs.kept() is None
    left = {path.name for path in runs.known.parent.iterdir()}
    assert left <= {"backups", "known.pickle", "state.db", "state.db-shm", "state.db-wal", "turns.json"}


def test_what_the_state_says_of_records_that_changed_since_is_looked_at(runs: Runs) -> None:
    record = runs.kept()
    assert record is not None
    with closing(State(runs.folder / "state" / "state.db")) as state:
        key = "t-aaaaaaa3"
        task = replace(state.base[key], line=state.base[key].line.replace("sail", "rail"))
        state.save(StateChanges(base={key: task}))
        state.leave(None, record.model_copy(update={"tasks": frozenset({key})}))
    outcome = runs.run()
    assert runs.read == []
    assert outcome.plan.base.keys() == {key}


def test_where_stamps_do_not_tell_nothing_is_kept(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "STAMPS_TELL", False)
    runs.run()
    assert runs.kept() is None


def test_a_small_change_is_told_beside_what_was_written_down(runs: Runs) -> None:
    write(runs.root, {f"More {number}.md": "Words.\n" for number in range(200)})
    runs.run()
    before = runs.known.read_bytes()
    write(runs.root, {"Note 3.md": "- [x] Mend sail 3 @Ana Ruiz ✅ 2025-11-10 ^t-aaaaaaa3\n"})
    runs.run()
    record = runs.kept()
    assert record is not None
    assert record.tasks == {"t-aaaaaaa3"}
    assert runs.known.read_bytes() == before
    # The next one takes it from there.
    runs.run()
    assert set(runs.read) <= {"Note 3.md", "Tasks/@Ana Ruiz.md", "Tasks/Overview.md"}
    write(runs.root, {f"More {number}.md": "Other words.\n" for number in range(50)})
    runs.run()
    runs.run()
    assert runs.known.read_bytes() != before
    assert runs.read == []


def test_a_survey_of_what_was_planned_on_is_the_survey_of_all(runs: Runs) -> None:
    write(runs.root, {"Note 3.md": "- [?] Ask @Ana Ruiz\n- [ ] Mend it @Ana Ruiz ^t-aaaaaaa3\n"})
    with closing(State(runs.folder / "state" / "state.db")) as state:
        wheel = Wheel(load_settings(runs.root), state, Clock(today=runs.today), NO_WAITS)
        wheel.turn(dry_run=True)
        runs.read.clear()
        assert wheel.snapshots.read() is not None
        found = surveyed(wheel)
        assert found == survey(wheel.scanner.notes, wheel.settings, runs.today, state.base)
        assert len(found.tasks) == len(NOTES) + 1


def test_a_survey_sees_what_has_changed_since_the_plan(runs: Runs) -> None:
    with closing(State(runs.folder / "state" / "state.db")) as state:
        wheel = Wheel(load_settings(runs.root), state, Clock(today=runs.today), NO_WAITS)
        wheel.turn(dry_run=True)
        assert wheel.snapshots.read() is not None
        write(runs.root, {"Note 3.md": "- [?] Ask @Ana Ruiz\n"})
        wheel.look()
        assert [source.task.text for source in surveyed(wheel).tasks if source.task.path == "Note 3.md"] == [
            "- [?] Ask @Ana Ruiz"
        ]
