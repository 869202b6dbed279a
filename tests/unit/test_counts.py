"""What index notes and the overview count while a note can't be read: as before, since absence is not deletion."""

from __future__ import annotations

import pytest
from laws.vault_model import ANA, PaperVault

NOTE, OTHER, OVERVIEW = "Note.md", "Other.md", "Tasks/Overview.md"
CONFLICT = "\n<<<<<<< HEAD\n- [ ] One @Ana\n=======\n- [ ] Two @Ana\n>>>>>>> theirs\n"


@pytest.fixture
def vault() -> PaperVault:
    vault = PaperVault(
        {NOTE: "- [?] Ask @Ana #proposed\n- [ ] Tell @Ana 📅 2026-11-25\n", OTHER: "- [ ] Weigh @Ana\n- [ ] Dig @Bo\n"}
    )
    vault.turn()
    vault.assert_settled()
    return vault


def test_a_frozen_source_counts_on_as_it_was(vault: PaperVault) -> None:
    vault.texts[NOTE] += CONFLICT
    vault.assert_settled()
    assert "tasks_open: 2" in vault.texts[ANA]
    assert "tasks_next_due: 2026-11-25" in vault.texts[ANA]


def test_a_source_that_is_away_for_a_moment_counts_on(vault: PaperVault) -> None:
    text = vault.texts.pop(NOTE)
    before = dict(vault.texts)
    vault.turn()
    assert vault.texts == before
    vault.texts[NOTE] = text
    vault.assert_settled()


def test_a_source_that_is_gone_for_good_counts_no_more(vault: PaperVault) -> None:
    del vault.texts[NOTE]
    vault.turn()
    vault.now += 60
    vault.turn()
    assert "tasks_open: 1" in vault.texts[ANA]


def test_a_person_whose_index_note_is_frozen_stays_on_the_overview(vault: PaperVault) -> None:
    overview = vault.texts[OVERVIEW]
    vault.texts[ANA] += CONFLICT
    vault.assert_settled()
    assert vault.texts[OVERVIEW] == overview
