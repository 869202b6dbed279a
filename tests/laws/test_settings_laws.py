"""A change of settings, or of the program, is a new rendering and never an edit; edits made meanwhile arrive."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from laws.vault_model import ANA, RULES, SETTINGS, PaperVault, region_lines

from vaultsync.index.links import find_links
from vaultsync.model import Role
from vaultsync.tasks.rules import Rules  # noqa: TC001 - hypothesis reads the annotation

NOTE = "2026-11-20 Note.md"
TEXT = (
    "# Note\n\n"
    "- [?] Ask them about `code` #home #proposed #auto @Ana 📅 2026-11-25 ⏫ ^t-aaaaaaaa\n"
    "- [ ] Tell #task @Bo the story ⏳ 2026-11-24 @Ana ^t-bbbbbbbb\n"
    "- [/] 📅 2026-12-01 Weigh it 🔁 every week 📅 2026-12-02 @Ana #Task ^t-cccccccc\n"
    "- [x] Done it @Ana ✅ 2026-11-20 ^t-dddddddd\n"
    "- [-] Never @Ana ❌ 2026-11-20 ^t-eeeeeeee\n"
    "- [ ] See [[Other#Part]] and ^mine @Ana [due:: 2026-11-30] ^own\n"
)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    index = replace(
        RULES.index,
        max_rows=draw(st.sampled_from([1, 2, 150])),
        done_days=draw(st.sampled_from([0, 7, 60])),
        hide_tags=draw(st.sampled_from([RULES.index.hide_tags, frozenset[str](), frozenset({"#home", "#task"})])),
        link_text=draw(st.sampled_from(["↗", "date", "title", "source"])),
        markdown_links=draw(st.booleans()),
    )
    everyone = frozenset(Role)
    return replace(
        RULES,
        index=index,
        tasks=replace(SETTINGS, format=draw(st.sampled_from(["emoji", "dataview"]))),
        read_hidden_fields=draw(st.booleans()),
        assignees=draw(st.sampled_from(["edges", "any"])),
        rollup_roles=draw(st.sampled_from([RULES.rollup_roles, everyone, frozenset({Role.PROPOSED})])),
        rollup_since=draw(st.sampled_from([None, "2026-01-01", "2026-11-21"])),
    )


def change(vault: PaperVault, to: Rules) -> None:
    vault.rules = to
    vault.layout = f"1-{hash(to):x}"


@given(first=rules(), second=rules(), third=rules())
@settings(max_examples=60, deadline=None)
def test_a_change_of_settings_alone_edits_no_source_and_makes_no_conflict(
    first: Rules, second: Rules, third: Rules
) -> None:
    vault = PaperVault({NOTE: TEXT}, rules=first, layout=f"1-{hash(first):x}")
    vault.turn()
    text = vault.texts[NOTE]
    for changed in (second, third, first):
        change(vault, changed)
        plan = vault.turn()
        assert [edit for edit in plan.edits if edit.why != "id"] == []
        assert plan.conflicts == ()
        assert vault.texts[NOTE] == text
        vault.assert_settled()


@given(first=rules(), second=rules(), symbol=st.sampled_from(" /x"), word=st.sampled_from(["word", "wörter zwei"]))
@settings(max_examples=60, deadline=None)
def test_an_edit_of_a_row_made_before_the_settings_changed_arrives_as_it_was_made(
    first: Rules, second: Rules, symbol: str, word: str
) -> None:
    vault = PaperVault({NOTE: TEXT}, rules=first, layout=f"1-{hash(first):x}")
    vault.turn()
    before = vault.texts[NOTE]
    rows = [line for line in region_lines(vault.texts.get(ANA, "")) if "aaaaaaaa" in line and find_links(line)]
    if not rows:
        return
    vault.edit(ANA, rows[0], rows[0].replace("- [?] Ask", f"- [{symbol}] {word} Ask"))
    change(vault, second)
    plan = vault.turn()
    assert plan.conflicts == ()
    pairs = zip(before.split("\n"), vault.lines(NOTE), strict=True)
    (changed,) = [after for line, after in pairs if line != after]
    assert changed.startswith(f"- [{symbol}] {word} Ask them about `code` #home #auto @Ana ")
    vault.assert_settled()
