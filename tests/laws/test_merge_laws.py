"""The laws of reconciling that hold for every value, and for every order in which a vault is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from laws.vault_model import RULES, PaperVault

from vaultsync.reconcile.merge import Winner, join_sets, merge_field, merge_status, merge_status_without_base
from vaultsync.reconcile.plan import plan_cycle

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUES = st.integers(0, 3)
SYMBOLS = st.sampled_from("? /xX-R!")
SETS = st.frozensets(st.sampled_from("abcd"))
ROLES = RULES.roles


@given(VALUES, VALUES, VALUES, VALUES)
def test_swapping_sides_mirrors_the_merge_of_a_field(source_base: int, source: int, row_base: int, row: int) -> None:
    there = merge_field(source_base, source, row_base, row)
    assert merge_field(row_base, row, source_base, source) is there.mirrored


@given(VALUES, VALUES, VALUES, VALUES)
def test_a_side_wins_only_by_a_change_of_its_own(source_base: int, source: int, row_base: int, row: int) -> None:
    winner = merge_field(source_base, source, row_base, row)
    if winner is Winner.SOURCE:
        assert source != source_base
        assert row == row_base
    if winner is Winner.CONFLICT:
        assert source != source_base
        assert row != row_base


@given(SYMBOLS, SYMBOLS, SYMBOLS, SYMBOLS)
def test_swapping_sides_mirrors_the_merge_of_a_status(source_base: str, source: str, row_base: str, row: str) -> None:
    there = merge_status(source_base, source, row_base, row, ROLES)
    assert merge_status(row_base, row, source_base, source, ROLES) is there.mirrored


@given(SYMBOLS, SYMBOLS)
def test_swapping_sides_mirrors_the_merge_of_a_status_without_base(source: str, row: str) -> None:
    there = merge_status_without_base(source, row, ROLES)
    assert merge_status_without_base(row, source, ROLES) is there.mirrored


@given(SETS, SETS, SETS, SETS)
def test_sets_are_joined_alike_from_either_side(
    source_base: frozenset[str], source: frozenset[str], row_base: frozenset[str], row: frozenset[str]
) -> None:
    joined = join_sets(source_base, source, row_base, row)
    assert joined == join_sets(row_base, row, source_base, source)
    assert (source - source_base) | (row - row_base) <= joined <= source | row


@given(SETS, SETS)
def test_a_set_that_only_one_side_changed_is_as_that_side_has_it(base: frozenset[str], row: frozenset[str]) -> None:
    assert join_sets(base, base, base, row) == row


WORDS = st.sampled_from(("Ask", "them 🦊", "café", "`code 📅`", "[[#Local]]", "e.g.", "#home", "<b>", "%%"))
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
LINES = st.builds(
    "{}- [{}] {}{}{}{}".format,
    st.sampled_from(("", "> ", "    ")),
    st.sampled_from("? /x-"),
    TEXTS,
    st.sampled_from(("", " @Ana", " @Bo @Ana", " @[[Kim Ray]]", " @TBD")),
    st.sampled_from(("", " ⏫", " 📅 2026-11-25", " 🔁 every week 📅 2026-11-25")),
    st.sampled_from(("", " #task #proposed")),
)
NOTES = st.builds(
    "{0}{1}".format,
    st.sampled_from(("", "# T\u2028x\n\n", "\ufeff", "---\ndate: 2026-11-01\n---\n")),
    st.tuples(st.lists(LINES, min_size=1, max_size=5), st.sampled_from(("\n", "\r\n", "\n\n"))).map(
        lambda made: made[1].join(made[0])
    ),
)
VAULTS = st.dictionaries(st.sampled_from(("a.md", "b.md", "Folder/2026-11-02.md", "Å.md")), NOTES, min_size=1)


def shuffled(mapping: Mapping[str, object], order: list[int]) -> dict[str, object]:
    keys = sorted(mapping)
    ranks = {key: order[number % len(order)] for number, key in enumerate(keys)}
    return {key: mapping[key] for key in sorted(keys, key=lambda key: (ranks[key], key))}


@settings(deadline=None, max_examples=60)
@given(VAULTS, st.permutations(range(7)), st.sampled_from("? /x-"))
def test_the_order_in_which_notes_are_read_makes_no_difference(
    texts: dict[str, str], order: list[int], symbol: str
) -> None:
    vault = PaperVault(dict(texts))
    vault.turn()
    for path in list(vault.texts):
        if path.startswith("Tasks/@"):
            vault.texts[path] = vault.texts[path].replace("- [ ]", f"- [{symbol}]")
    one = vault.snapshot()
    other = vault.snapshot(
        notes=shuffled(one.notes, order),
        base=shuffled(one.base, order),
        index_notes=shuffled(one.index_notes, order),
    )
    assert plan_cycle(one) == plan_cycle(other)


@settings(deadline=None, max_examples=60)
@given(VAULTS)
def test_a_settled_vault_plans_nothing_and_other_bytes_never_change(texts: dict[str, str]) -> None:
    vault = PaperVault(dict(texts))
    plan = vault.turn()
    for path, before in texts.items():
        edited = {edit.line for edit in plan.edits if edit.path == path}
        was, now = (text.replace("\r\n", "\r\n\0").replace("\n", "\n\0") for text in (before, vault.texts[path]))
        pairs = list(zip(was.split("\0"), now.split("\0"), strict=True))
        changed = {pair for pair in pairs if pair[0] != pair[1]}
        assert len(changed) <= len(edited)
        for old, new in changed:
            assert new.startswith(old.rstrip("\r\n"))
    vault.assert_settled()


@settings(deadline=None, max_examples=60)
@given(VAULTS)
def test_without_its_state_a_settled_vault_is_adopted_as_it_stands(texts: dict[str, str]) -> None:
    vault = PaperVault(dict(texts))
    vault.turn()
    vault.base.clear()
    vault.records.clear()
    vault.ids.clear()
    assert vault.turn().conflicts == ()
    vault.assert_settled()
