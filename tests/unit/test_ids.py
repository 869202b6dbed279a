"""Block ids: the recipe's vectors as docs/adr/0003-block-ids.md has them, and what an id must be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vaultsync.index.links import OWN_ID
from vaultsync.tasks.ids import derive_id, derive_next_id

ADR = (Path(__file__).parents[2] / "docs" / "adr" / "0003-block-ids.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip(" `") for cell in line.strip("|").split("|")] for line in ADR.splitlines() if line.startswith("| `")
]


@pytest.mark.parametrize(("path", "prose", "taken", "expected"), [row for row in ROWS if len(row) == 4])
def test_a_task_gets_the_id_of_the_recipe(path: str, prose: str, taken: str, expected: str) -> None:
    assert derive_id(path, "" if prose == "(none)" else prose, {taken}) == expected


@pytest.mark.parametrize(("old", "date", "expected"), [row for row in ROWS if len(row) == 3])
def test_a_next_occurrence_gets_the_id_of_the_recipe(old: str, date: str, expected: str) -> None:
    assert derive_next_id(old, date, set()) == expected
    assert derive_next_id(old.upper(), date, set()) == expected


def test_the_record_has_vectors_of_both_kinds() -> None:
    assert sorted({len(row) for row in ROWS}) == [3, 4]


def test_accents_composed_and_decomposed_give_one_id() -> None:
    assert derive_id("Cafe\u0301.md", "Gru\u0308ße", set()) == derive_id("Caf\u00e9.md", "Gr\u00fc\u00dfe", set())


def test_equal_tasks_of_a_note_get_different_ids_in_their_order() -> None:
    taken: set[str] = set()
    for _ in range(5):
        name = derive_id("a.md", "Call", taken)
        assert name not in taken
        assert OWN_ID.match(name)
        assert re.fullmatch(r"t-[a-z0-9]{8}", name)
        taken.add(name)


def test_path_and_prose_are_kept_apart() -> None:
    assert derive_id("a.md", "b c", set()) != derive_id("a.md b", "c", set())
