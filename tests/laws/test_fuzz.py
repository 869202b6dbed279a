"""Made-up vaults, cycle after cycle: no byte outside of what was planned changes, and each vault comes to rest.

The nightly form holds that for more than 50,000 notes: `pytest -m nightly`. A failure names its seed.
"""

from __future__ import annotations

import pytest
from laws.fuzz_vault import NOTES, check_vaults

AT_A_TIME = 100  # vaults
NIGHTLY = range(10_000, 14_200, AT_A_TIME)


def test_made_up_vaults_keep_every_byte_that_no_plan_names() -> None:
    assert check_vaults(1, 14) == 14 * NOTES


@pytest.mark.long
def test_many_made_up_vaults_keep_every_byte_that_no_plan_names() -> None:
    assert check_vaults(101, 350) == 250 * NOTES


@pytest.mark.nightly
@pytest.mark.parametrize("first", NIGHTLY)
def test_fifty_thousand_made_up_notes_keep_every_byte_that_no_plan_names(first: int) -> None:
    assert check_vaults(first, first + AT_A_TIME - 1) == AT_A_TIME * NOTES


def test_the_nightly_form_makes_up_fifty_thousand_notes() -> None:
    assert len(NIGHTLY) * AT_A_TIME * NOTES >= 50_000
