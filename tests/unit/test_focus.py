"""What a plan on a part of the vault looks at, and when it looks at everything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from laws.vault_model import ANA, BO, PaperVault

from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.snapshot import Changed

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = {
    "A.md": "- [?] Ask @Ana\n- [ ] Tell @Bo\n- [-] Leave it @Tom\n",
    "B.md": "- [ ] Send @Bo\n- [-] Forget it @tom\n",
    "C.md": "- [?] Read @Ana\n",
}


@dataclass
class Followed:
    """A vault at rest, with the memory of its last plan."""

    vault: PaperVault = field(default_factory=lambda: PaperVault(dict(NOTES)))
    memory: Memory = field(default_factory=lambda: Memory(follows=True))

    def __post_init__(self) -> None:
        for _ in range(3):
            self.vault.turn()
        self.plan(None)

    def plan(self, *changed: str | None) -> Plan:
        """Plan on what has changed (None: that isn't known); nothing is applied."""
        notes = None if None in changed else Changed(notes=frozenset(path for path in changed if path))
        return plan_cycle(self.vault.snapshot(memory=self.memory, changed=notes))

    def plan_on_part(self, *changed: str, **state: Any) -> Plan:
        """Plan on what has changed, in a snapshot of some state, and see that it is the plan on everything."""
        reading = self.memory.last.reading if self.memory.last else None
        snapshot = self.vault.snapshot(memory=self.memory, changed=Changed(notes=frozenset(changed)), **state)
        plan = plan_cycle(snapshot)
        assert reading is not None
        assert self.memory.last is not None
        assert self.memory.last.reading is reading
        whole = plan_cycle(replace(snapshot, memory=Memory(), changed=None))
        assert (plan.edits, plan.note_writes, plan.base) == (whole.edits, whole.note_writes, whole.base)
        assert (plan.overview, plan.counted) == (whole.overview, whole.counted)
        assert (plan.tasks, plan.people, plan.missing) == (whole.tasks, whole.people, whole.missing)
        assert sorted(plan.problems, key=str) == sorted(whole.problems, key=str)
        return plan

    def looks_at_everything(self, *changed: str) -> bool:
        reading = self.memory.last.reading if self.memory.last else None
        self.plan(*changed)
        return self.memory.last is None or self.memory.last.reading is not reading


@pytest.fixture
def followed() -> Followed:
    return Followed()


def test_only_the_index_notes_of_those_whom_a_change_touches_are_drawn(followed: Followed) -> None:
    assert [write.path for write in followed.plan().index_notes] == []
    followed.vault.edit("C.md", "Read", "Read all")
    assert [write.path for write in followed.plan("C.md").index_notes] == [ANA]


def test_whoever_an_edit_of_a_row_assigns_is_drawn_as_well(followed: Followed) -> None:
    followed.vault.edit(ANA, "Read", "Read @Bo")
    assert [write.path for write in followed.plan(ANA).note_writes][:2] == [ANA, BO]


def test_a_plan_that_never_reached_the_files_is_made_again(followed: Followed) -> None:
    followed.vault.edit("C.md", "- [?] Read", "- [ ] Listen @Bo\n- [?] Read")
    first = followed.plan("C.md")
    assert {write.path for write in first.note_writes} >= {BO}
    assert followed.plan().note_writes == first.note_writes
    assert followed.plan().edits == first.edits


def test_a_change_of_a_note_leaves_the_others_unread(followed: Followed) -> None:
    followed.vault.edit("C.md", "Read", "Read all")
    assert not followed.looks_at_everything("C.md")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@Tom", "@Bo"),  # others spell the name after this one
        ("Tell", "Tell [[B#^t-12345678|that]]"),
        ("- [ ] Tell", "- [ ] Say @Zoe\n- [ ] Tell"),
    ],
    ids=["the first to name a stranger", "a line that could be a mirror once", "somebody who has no index note"],
)
def test_what_may_matter_to_any_note_has_all_looked_at(followed: Followed, old: str, new: str) -> None:
    followed.vault.edit("A.md", old, new)
    whole = followed.looks_at_everything("A.md")
    assert whole is ("[[" not in new)
    if not whole:  # it matters once that task is there
        followed.vault.edit("C.md", "- [?] Read", "- [ ] Listen ^t-12345678\n- [?] Read")
        assert followed.looks_at_everything("C.md")


def test_a_note_of_somebodys_that_is_being_typed_into_is_no_reason_to_look_at_everything(followed: Followed) -> None:
    followed.vault.edit("C.md", "- [?] Read", "- [?] Listen @Ana\n- [?] Read")
    assert ANA not in [write.path for write in followed.plan_on_part("C.md", held=frozenset({ANA})).note_writes]
    followed.vault.edit("C.md", "Listen", "Listen well")
    assert ANA not in [write.path for write in followed.plan_on_part("C.md", held=frozenset({ANA})).note_writes]
    assert ANA in [write.path for write in followed.plan_on_part(ANA).note_writes]


BOTH = (
    "- [?] Send the long report to the bank @Ana @Bo\n- [?] Send the long report to that bank @Ana @Bo\n"
    "- [?] Bake a cake @Ana @Bo 📅 2026-11-30\n- [?] Sew a sail @Ana @Kim Ray\n"
)


@pytest.fixture
def shared() -> Followed:
    """A vault in which people share proposals, two of which say nearly the same; in Ana's note something is typed."""
    shared = Followed(PaperVault({**NOTES, "Both.md": BOTH}))
    shared.vault.edit(ANA, "[?] Bake a cake", "[?] Bake the cak")
    return shared


TYPED = frozenset({ANA})


def test_while_one_index_note_is_typed_into_the_others_stay_as_they_are(shared: Followed) -> None:
    before = shared.vault.texts[BO]
    assert "\n    - [?] Send the long" in before
    shared.vault.edit("A.md", "Tell", "Ask")
    plan = shared.plan_on_part("A.md", ANA, held=TYPED)
    assert {write.path: write.text for write in plan.note_writes} == {BO: before.replace("Tell", "Ask")}


def looked_at(plan: Plan) -> list[str]:
    return [write.path for write in plan.index_notes if write.person]


def test_an_index_note_that_is_typed_into_is_no_reason_to_look_at_what_it_shows(shared: Followed) -> None:
    assert looked_at(shared.plan_on_part(ANA, held=TYPED)) == []
    shared.vault.edit("C.md", "Read", "Write")
    assert looked_at(shared.plan_on_part("C.md", held=TYPED)) == []
    shared.vault.edit("B.md", "Send", "Sent")
    assert looked_at(shared.plan_on_part("B.md", held=TYPED)) == [BO]


def test_what_the_last_plan_left_open_is_as_calm_as_the_rest(shared: Followed) -> None:
    shared.vault.edit("Both.md", "that bank", "that big bank")
    shared.plan("Both.md")
    shared.vault.edit("Both.md", "that big bank", "that bank")
    assert shared.plan_on_part("Both.md", ANA, held=TYPED).note_writes == ()


def test_a_note_that_was_typed_into_is_heard_once_it_is_left_alone(shared: Followed) -> None:
    assert shared.plan_on_part(ANA, held=TYPED).edits == ()
    shared.vault.edit(ANA, "[?] Bake the cak", "[?] Bake the cakes")
    plan = shared.plan_on_part(ANA)
    assert [edit.before.partition(" @")[0] for edit in plan.edits] == ["- [?] Bake a cake"]
    assert "Bake the cakes" in plan.edits[0].after[0]
    assert looked_at(plan) == [ANA, BO]  # of what hasn't changed nobody else is looked at


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(lambda text: f"{text}\n- [?] Paint the boat @Bo\n", id="a task outside of the region"),
        pytest.param(lambda _: "", id="nothing"),
        pytest.param(lambda text: text.replace("vaultsync: index", "vaultsync: overview"), id="another kind"),
        pytest.param(lambda text: text.replace("vaultsync: index", "vaultsync: off"), id="a note to be left alone"),
    ],
)
def test_what_else_is_typed_into_an_index_note_counts_at_once(shared: Followed, typed: Callable[[str], str]) -> None:
    shared.vault.texts[ANA] = typed(shared.vault.texts[ANA])
    shared.plan_on_part(ANA, held=TYPED)
    shared.vault.edit("A.md", "Tell", "Ask")
    shared.plan_on_part("A.md", held=TYPED)


def test_an_index_note_that_goes_while_it_is_left_alone_is_gone(shared: Followed) -> None:
    shared.plan_on_part(ANA, held=TYPED)
    del shared.vault.texts[ANA]
    shared.plan_on_part(ANA, held=TYPED)


@pytest.mark.parametrize("typed", ["- [?] Paint the boats @Bo\n", "Text.\n"])
def test_a_task_of_an_index_note_counts_while_the_note_is_typed_into(shared: Followed, typed: str) -> None:
    shared.vault.texts[ANA] += "\n- [?] Paint the boat @Bo\n"
    for _ in range(2):
        shared.vault.turn()
    shared.plan(None)
    text = shared.vault.texts[ANA]
    shared.vault.texts[ANA] = text[: text.index("- [?] Paint")] + typed
    shared.plan_on_part(ANA, held=TYPED)


@pytest.mark.parametrize("path", [pytest.param("Both.md", id="its source"), pytest.param(BO, id="another row")])
def test_a_task_that_changes_while_a_note_with_a_row_of_it_is_typed_into_waits(shared: Followed, path: str) -> None:
    shared.vault.edit(path, "Bake a cake", "Bake a cake today")
    plan = shared.plan_on_part(ANA, path, held=TYPED)
    assert (plan.edits, plan.note_writes) == ((), ())
    plan = shared.plan_on_part(ANA)
    assert {conflict.field for conflict in plan.conflicts} == {"prose"}


def test_a_row_with_a_value_of_its_own_stands_as_it_did_while_the_other_note_is_typed_into(shared: Followed) -> None:
    shared.vault.edit(BO, "[?] Bake a cake", "[?] Bake some cake")
    for _ in range(2):
        shared.vault.turn()
    shared.vault.edit(ANA, "Bake the cak", "Bake the cakes")
    shared.vault.edit("A.md", "Tell", "Ask")
    before = shared.vault.texts[BO]
    assert "## Conflicts" in before
    plan = plan_cycle(shared.vault.snapshot(held=TYPED))
    assert {write.path: write.text for write in plan.note_writes} == {BO: before.replace("Tell", "Ask")}


def test_a_row_that_leaves_another_note_meanwhile_is_forgotten_only_there(shared: Followed) -> None:
    shared.vault.edit("A.md", "- [ ] Tell @Bo", "- [ ] Tell @Bo\n- [?] Hurry @Bo 🔺")
    rules = replace(shared.vault.rules, index=replace(shared.vault.rules.index, max_rows=1))
    plan = plan_cycle(shared.vault.snapshot(held=TYPED, rules=rules))
    gone = next(task for task in plan.base.values() if "Bake" in task.line)
    assert set(gone.rows) == {ANA}


def test_a_doubled_id_has_all_looked_at(followed: Followed) -> None:
    line = followed.vault.lines("A.md")[1]
    followed.vault.texts["C.md"] += f"{line}\n"
    assert followed.looks_at_everything("C.md")


@pytest.mark.parametrize("what", [{"today": "2026-11-23"}, {"force": True}, {"may_create": False}], ids=str)
def test_another_day_and_other_ways_of_asking_have_all_looked_at(followed: Followed, what: dict[str, object]) -> None:
    reading = followed.memory.last.reading if followed.memory.last else None
    plan_cycle(replace(followed.vault.snapshot(memory=followed.memory, changed=Changed()), **what))  # type: ignore[arg-type]
    assert followed.memory.last is None or followed.memory.last.reading is not reading
