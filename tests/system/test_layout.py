"""Layouts through the command: settings that change them, a great many proposals of one person, joining, ejecting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from laws.vault_model import region_lines
from system.in_process import InProcess
from system.installed import Installed, write

from vaultsync.config import load
from vaultsync.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TODAY = ("--today", "2025-11-10")
CONFIG = ".vaultsync/config.yaml"
OWNER = "owner: Ines Halloran\ntimezone: UTC\n"
INES, TOBIAS = "Tasks/@Ines Halloran.md", "Tasks/@Tobias Wren.md"
TALK = "Meetings/2025-11-09 - Tobias.md"


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


@pytest.fixture
def talk(vault: Path) -> Path:
    tasks = (
        "- [ ] Lend the ladder @Myself\n"
        "- [?] Call the ferry office. @Tobias Wren #proposed\n"
        "- [?] Call the ferry office @Tobias Wren #proposed\n"
    )
    write(vault, {TALK: f"---\nparticipants: ['[[Ines Halloran]]', '@Tobias Wren']\n---\n{tasks}"})
    return vault


def read(vault: Path, path: str) -> str:
    return (vault / path).read_bytes().decode()


def edit(vault: Path, path: str, old: str, new: str) -> None:
    text = read(vault, path)
    assert text.count(old) == 1, (old, text)
    (vault / path).write_bytes(text.replace(old, new).encode())


def configure(vault: Path, settings: str) -> None:
    write(vault, {CONFIG: OWNER + settings})


def reconcile(command: InProcess, vault: Path, expect: int = 0) -> Any:
    report = command.json("reconcile", vault, *TODAY, expect=expect)
    again = command.json("reconcile", vault, *TODAY)
    assert not again["edits"]
    assert not any(note["written"] for note in again["index_notes"])
    return report


def outline(text: str) -> list[str]:
    """Return headings and rows of a region, rows without their links."""
    link = re.compile(r" (\[\[[^\]]*\]\]|\[[^\]]*\]\([^)]*\))(?=$| )")
    return [line if line.startswith("#") else link.sub("", line) for line in region_lines(text) if line]


def test_settings_change_the_layout_and_change_it_back(quick: InProcess, talk: Path) -> None:
    reconcile(quick, talk)
    plain = read(talk, TOBIAS)
    assert outline(plain) == [
        "## Proposed",
        "- [?] Call the ferry office 📅 2025-11-18",
        "    - [?] Call the ferry office.",
        "    - [?] Call the ferry office",
        "## Open",
        "- [ ] Oil the winch",
        "## I owe",
        "- [ ] Lend the ladder",
    ]
    configure(talk, "duplicates: off\nindex: {group_by: note, one_on_one: false, link_text: title, max_rows: 2}\n")
    reconcile(quick, talk)
    assert outline(read(talk, TOBIAS)) == [
        "## Proposed",
        "### [[Meetings/2025-11-07 - Harbour|2025-11-07 - Harbour]]",
        "- [?] Call the ferry office 📅 2025-11-18",
        "### [[Meetings/2025-11-09 - Tobias|2025-11-09 - Tobias]]",
        "- [?] Call the ferry office.",
        "and 1 more",
        "## Open",
        "### [[Daily/2025-11-08|2025-11-08]]",
        "- [ ] Oil the winch",
    ]
    configure(talk, "")
    reconcile(quick, talk)
    assert read(talk, TOBIAS) == plain


def test_edits_made_before_the_settings_changed_arrive(quick: InProcess, talk: Path) -> None:
    reconcile(quick, talk)
    edit(talk, TOBIAS, "- [ ] Lend the ladder", "- [/] Lend the long ladder")
    edit(talk, TOBIAS, "    - [?] Call the ferry office. ", "    - [-] Call the ferry office. ")
    configure(talk, "duplicates: off\nindex: {group_by: note, one_on_one: false}\n")
    report = reconcile(quick, talk)
    assert not report["conflicts"]
    assert "- [/] Lend the long ladder @Myself ^t-" in read(talk, TALK)
    assert "- [-] Call the ferry office. @Tobias Wren ❌ 2025-11-10 ^t-" in read(talk, TALK)


def test_one_person_with_1900_proposals_has_a_note_that_opens_at_once(quick: InProcess, vault: Path) -> None:
    verbs = ("Paint", "Mend", "Count", "Sell", "Move")
    things = ("buoy", "net", "winch", "crate", "rope", "lamp", "ladder", "oar")
    tasks = [f"- [?] {verbs[n % 5]} {things[n % 8]} {n} @Tobias Wren #proposed" for n in range(1900)]
    write(vault, {f"Meetings/m{at}.md": "\n".join(tasks[at : at + 50]) + "\n" for at in range(0, 1900, 50)})
    reconcile(quick, vault)
    text = read(vault, TOBIAS)
    assert sum("- [?]" in line for line in region_lines(text)) == 150
    assert "\nand 1751 more\n" in text
    assert "tasks_proposed: 1901" in text
    assert len(text.encode()) < 20_000
    edit(vault, "Meetings/m0.md", "Paint buoy 0 ", "Paint the buoy 0 ")
    report = reconcile(quick, vault)
    assert [note["path"] for note in report["index_notes"] if note["written"]] == [TOBIAS]


def test_an_alias_joins_two_people_through_the_command(quick: InProcess, talk: Path) -> None:
    edit(talk, TALK, "- [?] Call the ferry office. @Tobias Wren", "- [?] Call the ferry office. @Tobi")
    reconcile(quick, talk)
    edit(talk, "Tasks/@Tobi.md", "- [?] Call", "- [ ] Call")
    edit(talk, TOBIAS, "Oil the winch", "Oil the old winch")
    configure(talk, "people:\n  aliases:\n    Tobias Wren: [Tobi]\n")
    report = reconcile(quick, talk, expect=4)
    assert any("its rows go to Tasks/@Tobias Wren.md" in problem["what"] for problem in report["problems"])
    assert "- [ ] Call the ferry office. @Tobi" in read(talk, TALK)
    assert "Oil the old winch" in read(talk, "Daily/2025-11-08.md")
    emptied = [line for line in region_lines(read(talk, "Tasks/@Tobi.md")) if line]
    assert emptied == ["These tasks stand in [[Tasks/@Tobias Wren|Tobias Wren]]."]
    assert read(talk, "Tasks/Overview.md").count("Tobi") == 2


def test_eject_takes_headings_and_the_line_of_an_emptied_note_along(
    vaultsync: Installed, quick: InProcess, talk: Path
) -> None:
    before = {path: read(talk, path) for path in (TALK, "Daily/2025-11-08.md")}
    configure(talk, "index: {group_by: note}\n")
    reconcile(quick, talk)
    write(talk, {"Copy.md": read(talk, TOBIAS)})
    reconcile(quick, talk, expect=4)
    vaultsync("eject", talk, "--yes")
    assert {path: read(talk, path) for path in before} == before
    assert not (talk / TOBIAS).exists()
    assert not (talk / "Copy.md").exists()


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ("duplicates: on\n", "duplicates.mode"),
        ("duplicates: {threshold: 101}\n", "duplicates.threshold"),
        ("duplicates: [1]\n", "expected keys with values"),
        ("index: {group_by: person}\n", "index.group_by"),
        ("index: {one_on_one: maybe}\n", "index.one_on_one"),
    ],
)
def test_a_setting_that_is_none_is_named(vault: Path, settings: str, what: str) -> None:
    configure(vault, settings)
    with pytest.raises(ConfigError, match=re.escape(what)):
        load(vault, user_file=vault / "none.yaml")


@pytest.mark.parametrize("settings", ["duplicates: off\n", "duplicates: 'off'\n", "duplicates: {mode: off}\n"])
def test_near_duplicates_are_switched_off_as_one_would_write_it(vault: Path, settings: str) -> None:
    configure(vault, settings)
    assert load(vault, user_file=vault / "none.yaml").vault.duplicates.mode == "off"
