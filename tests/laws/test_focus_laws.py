"""A plan on what has changed is the plan on the whole vault, whatever users, settings, clocks and crashes do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule, run_state_machine_as_test
from laws.test_machine import NOTES, CrashError, Unguarded, VaultMachine

from vaultsync.cycle import Wheel
from vaultsync.planner import Planner
from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.plan import plan_cycle
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from laws.vault_model import FolderVault

    from vaultsync.model import Problem
    from vaultsync.outcome import Outcome
    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot
    from vaultsync.snapshots import Terms


def seen(plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    """Return what comes of a plan: what it leaves as it is doesn't count."""
    known = snapshot.index_notes
    return {
        "edits": plan.edits,
        "writes": plan.note_writes,
        "overview": plan.overview,
        "counted": plan.counted,
        "base": {key: (task, task.former) for key, task in plan.base.items()},
        "forgotten": plan.forgotten,
        "records": {path: record for path, record in plan.records.items() if known.get(path) != record},
        "ids": plan.ids,
        "conflicts": plan.conflicts,
        "problems": Counter(plan.problems),
        "absorbed": plan.absorbed,
        "numbers": (plan.missing, plan.tasks, plan.people, plan.wait),
    }


FOCUSED: Counter[bool] = Counter()
FORESEEN: Counter[bool] = Counter()
PLAN = Planner.plan


def compared(planner: Planner, terms: Terms) -> tuple[Snapshot, tuple[Problem, ...], Plan]:
    """Plan on what has changed, or take what was planned ahead, and plan on everything; both must come to the same."""
    memory, ahead = planner.snapshots.memory, planner._ahead
    last = memory.last
    snapshot, problems, plan = PLAN(planner, terms)
    was_foreseen = ahead is not None and ahead[1] is plan
    now = ahead[0].now if ahead and was_foreseen else snapshot.now
    whole = plan_cycle(replace(snapshot, now=now, memory=Memory(), changed=None))
    focused, full = seen(plan, snapshot), seen(whole, snapshot)
    FOCUSED[last is not None and memory.last is not None and memory.last.reading is last.reading] += 1
    FORESEEN[was_foreseen] += 1
    for name, value in full.items():
        assert focused[name] == value, name
    return snapshot, problems, plan


class FollowedVault(Unguarded):
    """A vault whose wheel stays, as the daemon's does, until the state or the settings are others."""

    wheel: Wheel | None = None

    def turn(self, *, force: bool = False, dry_run: bool = False) -> Outcome:
        if self.wheel is None:
            self.wheel = Wheel(self.settings, State(self.state_file), self.clock(), self.waits, "run", stays=True)
        self.wheel.waits = self.wheel.waiting.waits = self.waits
        try:
            return self.wheel.turn(force=force, dry_run=dry_run)
        except CrashError:
            self.close()
            raise

    def close(self) -> None:
        if self.wheel is not None:
            self.wheel.state.close()
            self.wheel = None

    def configure(self, settings: str) -> None:
        self.close()
        super().configure(settings)

    def copy(self, folder: Path) -> FolderVault:
        self.close()
        return super().copy(folder)

    def lose_state(self) -> None:
        self.close()
        super().lose_state()


class FollowedMachine(VaultMachine):
    """The same users and crashes, and a wheel that keeps what it read."""

    vaults = FollowedVault


class TypingMachine(FollowedMachine):
    """The same users and crashes, and a wheel that keeps its hands off what was typed a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self.vault.waits = replace(self.vault.waits, quiet=5)


class ForeseeingVault(FollowedVault):
    """The same, and each turn is planned ahead."""

    def turn(self, *, force: bool = False, dry_run: bool = False) -> Outcome:
        self.plan_ahead()
        return super().turn(force=force, dry_run=dry_run)

    def plan_ahead(self) -> None:
        if self.wheel is not None:
            self.wheel.scanner.scan_all()
            self.wheel.planner.plan_ahead(self.wheel.clock.monotonic())


class ForeseeingMachine(VaultMachine):
    """The same users and crashes, and a wheel that plans while they type."""

    vaults = ForeseeingVault

    @rule()
    def plan_ahead(self) -> None:
        assert isinstance(self.vault, ForeseeingVault)
        self.vault.plan_ahead()


class ForeseeingTypist(ForeseeingMachine, TypingMachine):
    """The same, and plans made ahead are thrown away where somebody goes on typing."""


SENTENCES = ("Send the long report to the bank", "Send the long report to that bank", "Bake a cake", "Bake the cakes")
CROWDS = {
    f"Crowd {number}.md": f"---\nparticipants: [Kim Ray, {person}]\ndate: 2026-11-0{number + 1}\n---\n"
    + "".join(
        f"- [{symbol}] {sentence} @{name}{due}\n"
        for sentence in SENTENCES[number % 2 :]
        for symbol, name, due in (
            ("?", person, ""),
            (" ", "Kim Ray", " 📅 2026-11-3" + str(number % 2)),
            ("?", "Bo", ""),
        )
    )
    for number, person in enumerate(("Ana", "Bo", "Ana", "Zoe"))
}


class Crowd(VaultMachine):
    """People have far more tasks than their notes show, many of them alike, some of them owed."""

    notes: ClassVar[Mapping[str, str]] = {**NOTES, **CROWDS}
    configs: ClassVar[Sequence[str]] = tuple(
        f"owner: Kim Ray\nindex:\n  max_rows: {most}\n{more}"
        for most, more in ((1, ""), (2, ""), (3, "duplicates: off\n"), (2, "  group_by: note\n"))
    )

    def __init__(self) -> None:
        super().__init__()
        self.vault.configure(self.configs[1])


class CrowdedMachine(Crowd):
    """A crowd, and a wheel that keeps what it read."""

    vaults = FollowedVault


class TypingCrowd(TypingMachine, CrowdedMachine):
    """A crowd that is left in peace while it types."""


class ForeseeingCrowd(ForeseeingMachine, Crowd):
    """A crowd, and a wheel that plans while it types."""


class ForeseeingTypingCrowd(ForeseeingTypist, Crowd):
    """A crowd that goes on typing when it was planned what to do about it."""


def run(examples: int, steps: int, machine: type[VaultMachine] = FollowedMachine) -> None:
    FOCUSED.clear()
    FORESEEN.clear()
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert FOCUSED[True] > FOCUSED[False] / 4, FOCUSED  # a plan on everything alone would hold nothing


@pytest.fixture(autouse=True)
def _both_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Planner, "plan", compared)


def test_a_plan_on_what_has_changed_is_the_plan_on_everything() -> None:
    run(examples=5, steps=15)


@pytest.mark.long
def test_a_plan_on_what_has_changed_is_the_plan_on_everything_for_long() -> None:
    run(examples=100, steps=30)


def test_a_plan_around_notes_that_are_typed_into_is_the_plan_on_everything() -> None:
    run(5, 15, TypingMachine)


@pytest.mark.long
def test_a_plan_around_notes_that_are_typed_into_is_the_plan_on_everything_for_long() -> None:
    run(100, 30, TypingMachine)


def test_a_plan_made_ahead_is_the_plan_on_everything() -> None:
    run(5, 15, ForeseeingMachine)
    assert FORESEEN[True] > FORESEEN[False] / 8, FORESEEN


@pytest.mark.long
def test_a_plan_made_ahead_is_the_plan_on_everything_for_long() -> None:
    run(100, 30, ForeseeingMachine)
    assert FORESEEN[True] > FORESEEN[False] / 8, FORESEEN


def test_a_plan_made_ahead_and_thrown_away_is_forgotten() -> None:
    run(5, 20, ForeseeingTypist)


@pytest.mark.long
def test_a_plan_made_ahead_and_thrown_away_is_forgotten_for_long() -> None:
    run(150, 30, ForeseeingTypist)


def test_a_process_goes_on_where_the_one_before_ended() -> None:
    run(5, 15, VaultMachine)


@pytest.mark.long
def test_a_process_goes_on_where_the_one_before_ended_for_long() -> None:
    run(100, 30, VaultMachine)


@pytest.fixture
def no_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultsync.reconcile.shelf.SLACK", 0)
    monkeypatch.setattr("vaultsync.reconcile.arrange.SLACK", 0)


@pytest.mark.usefixtures("no_slack")
def test_a_plan_on_the_first_of_many_tasks_is_the_plan_on_all() -> None:
    run(5, 15, CrowdedMachine)


@pytest.mark.usefixtures("no_slack")
def test_a_process_goes_on_among_many_tasks_where_the_one_before_ended() -> None:
    run(5, 15, Crowd)


@pytest.mark.long
@pytest.mark.usefixtures("no_slack")
@pytest.mark.parametrize("machine", [TypingCrowd, ForeseeingCrowd, ForeseeingTypingCrowd])
def test_a_plan_among_many_tasks_in_the_middle_of_typing_is_the_plan_on_all(machine: type[VaultMachine]) -> None:
    run(60, 30, machine)


@pytest.mark.long
@pytest.mark.usefixtures("no_slack")
def test_a_plan_on_the_first_of_many_tasks_is_the_plan_on_all_for_long() -> None:
    run(60, 30, CrowdedMachine)


@pytest.mark.long
@pytest.mark.usefixtures("no_slack")
def test_a_process_goes_on_among_many_tasks_where_the_one_before_ended_for_long() -> None:
    run(60, 30, Crowd)
