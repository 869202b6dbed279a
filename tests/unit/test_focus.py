"""What a plan on a part of the vault looks at, and when it looks at everything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from laws.vault_model import ANA, BO, PaperVault

from vaultsync.reconcile.memory import Memory
from vaultsync.reconcile.plan import Plan, plan_cycle
from vaultsync.reconcile.snapshot import Changed

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


def test_a_doubled_id_has_all_looked_at(followed: Followed) -> None:
    line = followed.vault.lines("A.md")[1]
    followed.vault.texts["C.md"] += f"{line}\n"
    assert followed.looks_at_everything("C.md")


@pytest.mark.parametrize("what", [{"today": "2026-11-23"}, {"force": True}, {"may_create": False}], ids=str)
def test_another_day_and_other_ways_of_asking_have_all_looked_at(followed: Followed, what: dict[str, object]) -> None:
    reading = followed.memory.last.reading if followed.memory.last else None
    plan_cycle(replace(followed.vault.snapshot(memory=followed.memory, changed=Changed()), **what))  # type: ignore[arg-type]
    assert followed.memory.last is None or followed.memory.last.reading is not reading
