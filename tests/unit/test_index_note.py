"""The index note and the overview as files: names, properties, the table."""

from __future__ import annotations

import datetime as dt

import pytest

from vaultsync.index.note import OverviewRow, index_path, index_properties, render_overview, safe_name
from vaultsync.tasks.rules import IndexRules


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "/etc/x",
        "CON",
        "a:b",
        "dot.",
        "a\0b",
        "x" * 300,
        "a\u202eb",
        "..",
        "",
        "[[x]]#^|",
        "日" * 100,
        "a\nb",
    ],
)
def test_a_name_becomes_one_safe_part_of_a_path(name: str) -> None:
    safe = safe_name(name)
    assert safe.strip(". ") == safe
    assert safe.upper() not in {"CON", "NUL", ""}
    assert not set(safe) & set('/\\:*?"<>|#^[]\0\n\u202e')
    assert len(safe.encode()) <= 180
    assert index_path(name, IndexRules()) == f"Tasks/@{safe}.md"


def test_accents_composed_and_decomposed_give_one_path() -> None:
    assert safe_name("Ame\u0301lie") == safe_name("Am\u00e9lie")


@pytest.mark.parametrize(
    ("existing", "key"),
    [
        ({}, "person"),
        ({"person": "Bob"}, "person"),
        ({"person": ""}, "person"),
        ({"person": "[[Bob]]"}, "vaultsync_person"),
        ({"person": ["Bob"]}, "vaultsync_person"),
        ({"person": "Bob", "vaultsync_person": "Bob"}, "vaultsync_person"),
    ],
)
def test_a_person_of_theirs_is_left_alone(existing: dict[str, object], key: str) -> None:
    properties = index_properties("Bob", 2, 1, "2025-11-12", existing)
    assert properties == {
        "vaultsync": "index",
        key: "Bob",
        "tasks_proposed": 2,
        "tasks_open": 1,
        "tasks_next_due": dt.date(2025, 11, 12),
    }


def test_the_overview_lists_people_and_keeps_what_was_written_into_its_region() -> None:
    rows = [OverviewRow("Ana Lee", "Tasks/@Ana Lee.md", 2, 1, "2025-11-12"), OverviewRow("B|b", "a|b.md", 0, 0, None)]
    text = render_overview(None, rows, "1", markdown_links=False)
    assert "| [[Tasks/@Ana Lee\\|Ana Lee]] | 2 | 1 | 2025-11-12 |\n| [B b](a%7Cb.md) | 0 | 0 |  |\n" in text
    assert render_overview(text, rows, "1", markdown_links=False) == text
    typed = text.replace("| --- |", "| :--- |").replace(
        "\n\n%% vaultsync:end", "\nMine\n| my | own |\n%% vaultsync:end"
    )
    again = render_overview(typed, rows, "1", markdown_links=False)
    assert again == text + "\nMine\n| my | own |\n"
