"""What the fuzzer found, each as small as it could be made."""

from __future__ import annotations

from dataclasses import replace

from laws.vault_model import ANA, BO, RULES, PaperVault

OWN = "^t-9k2f3a7b"


def test_a_copy_of_a_row_is_one_at_first_sight() -> None:
    vault = PaperVault(
        {"A.md": f"- [ ] Oil the winch @Ana {OWN}\n", "B.md": "- [ ] Oil the winch [[A#^t-9k2f3a7b|↗]]\n"}
    )
    vault.turn()
    assert vault.rows("Tasks/@Unassigned.md") == []
    vault.assert_settled()


def test_a_reassignment_that_leaves_no_text_is_refused() -> None:
    vault = PaperVault({"A.md": f"- [?] @Bo {OWN}\n"})
    vault.turn()
    vault.edit(BO, "- [?] [[", "- [?] @TBD [[")
    vault.turn()
    assert vault.texts["A.md"] == f"- [?] @Bo {OWN}\n"
    assert any("no text would be left" in problem for problem in vault.problems)
    assert "- [?] @TBD [[" in vault.texts[BO]


def test_a_name_that_only_appears_without_an_invisible_character_assigns_nobody() -> None:
    vault = PaperVault({"A.md": f"- [?] Ask @\ufeffAna {OWN}\n"})
    vault.turn()
    assert ANA not in vault.texts
    assert vault.rows("Tasks/@Unassigned.md") == [r"- [?] Ask \@Ana"]
    vault.assert_settled()


def test_somebody_named_like_the_overview_gets_another_note() -> None:
    rules = replace(RULES, index=replace(RULES.index, path="Tasks/{person}.md"))
    vault = PaperVault({"A.md": f"- [?] Ask @Overview {OWN}\n"}, rules)
    plan = vault.turn()
    assert len({write.path.casefold() for write in plan.note_writes}) == len(plan.note_writes)
    assert vault.texts["Tasks/Overview.md"].startswith("---\nvaultsync: overview\n")
    assert len(vault.rows("Tasks/Overview 1.md")) == 1
    vault.assert_settled()
