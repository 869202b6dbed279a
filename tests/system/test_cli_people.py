"""`vaultsync people`: who was found and from where, which names look alike, and lines that join them when pasted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from system.in_process import InProcess
from system.installed import Installed, write

from vaultsync.cli import people

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = people.PeopleReport(vault=".", people=[], alike=[], config="", nobody=[], problems=[])
TODAY = ("--today", "2025-11-10")


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


@pytest.fixture
def crowd(vault: Path) -> Path:
    """The vault with people of every kind."""
    write(
        vault,
        {
            "People/Tobias Wren.md": "---\naliases: [Toby]\n---\n",
            "Team/Mona Fairweather.md": "---\ntype: person\n---\n",
            "talk.md": (
                "- [ ] Ring the bell @Tobias W. 📅 2025-11-12\n"
                "- [ ] Tar the hull @Wren Tobias\n"
                "- [?] Coil the rope @Mona\n"
                "- [?] Bail the bilge @Mona Fairwaether\n"
                "- [ ] Wax the deck at @home @toby\n"
                "- [ ] Sew the jib @José Pérez\n- [ ] Mend the jib @Jose Perez\n- [ ] Fold the jib @Jose Perez\n"
            ),
        },
    )
    return vault


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {person["name"]: person for person in report["people"]}


def test_each_person_is_told_with_where_they_are_from_and_what_they_have_to_do(quick: InProcess, crowd: Path) -> None:
    found = by_name(quick.json("people", crowd, *TODAY))
    assert found["Tobias Wren"] == {
        "name": "Tobias Wren",
        "found": [{"what": "people note", "path": "People/Tobias Wren.md"}],
        "aliases": ["Toby"],
        "mentions": 3,
        "proposed": 1,
        "open": 2,
        "next_due": None,
    }
    assert found["Mona Fairweather"]["found"] == [{"what": "type: person", "path": "Team/Mona Fairweather.md"}]
    assert found["Ines Halloran"]["found"] == [{"what": "owner", "path": None}]
    assert found["José Pérez"]["found"] == [{"what": "mention", "path": None}]
    assert found["Tobias W"]["next_due"] == "2025-11-12"


def test_an_index_note_and_the_config_say_that_somebody_is_a_person(quick: InProcess, crowd: Path) -> None:
    with (crowd / ".vaultsync/config.yaml").open("a") as config:
        config.write("people:\n  aliases:\n    Olek Brandt: [Olli]\n")
    quick("reconcile", crowd, *TODAY)
    found = by_name(quick.json("people", crowd, *TODAY))
    assert found["Olek Brandt"]["found"] == [{"what": "config", "path": None}]
    assert {"what": "index note", "path": "Tasks/@Tobias Wren.md"} in found["Tobias Wren"]["found"]
    assert found["José Pérez"]["found"] == [{"what": "index note", "path": "Tasks/@José Pérez.md"}]


def test_the_lines_join_what_looks_alike_once_they_are_in_the_config(quick: InProcess, crowd: Path) -> None:
    report = quick.json("people", crowd, *TODAY)
    alike = {each["name"]: (each["people"], each["why"], each["joins"]) for each in report["alike"]}
    assert alike == {
        "Tobias W": (["Tobias Wren"], "initials", True),
        "Wren Tobias": (["Tobias Wren"], "words turned around", True),
        "Mona": (["Mona Fairweather"], "first name", True),
        "Mona Fairwaether": (["Mona Fairweather"], "a slip", True),
        "José Pérez": (["Jose Perez"], "accents or marks", True),
    }
    with (crowd / ".vaultsync/config.yaml").open("a") as config:
        config.write(report["config"])
    again = quick.json("people", crowd, *TODAY)
    assert (again["alike"], again["config"]) == ([], "")
    found = by_name(again)
    assert not alike.keys() & found.keys()
    assert (found["Tobias Wren"]["open"], found["Mona Fairweather"]["proposed"]) == (4, 2)
    assert found["Tobias Wren"]["next_due"] == "2025-11-12"


def test_lines_for_somebody_who_has_aliases_keep_those(quick: InProcess, crowd: Path) -> None:
    config = crowd / ".vaultsync/config.yaml"
    before = config.read_text()
    config.write_text(f"{before}people:\n  aliases:\n    Tobias Wren: [Birdie]\n")
    lines = quick.json("people", crowd, *TODAY)["config"]
    assert '"Tobias Wren": ["Birdie", "Tobias W", "Wren Tobias"]' in lines
    config.write_text(before + lines)
    assert quick.json("people", crowd, *TODAY)["alike"] == []


def test_names_that_yaml_would_read_otherwise_are_joined_too(quick: InProcess, vault: Path) -> None:
    write(vault, {'People/Ann: "No" Lee.md': "", "talk.md": '- [ ] Ring it @[[Ann: "No" Lee Lee]]\n'})
    report = quick.json("people", vault, *TODAY)
    assert [each["joins"] for each in report["alike"]] == [True]
    with (vault / ".vaultsync/config.yaml").open("a") as config:
        config.write(report["config"])
    assert quick.json("people", vault, *TODAY)["alike"] == []


def test_two_people_with_notes_are_told_and_not_joined(quick: InProcess, vault: Path) -> None:
    write(vault, {"People/Ana Ruiz.md": "", "People/Ana Ruíz.md": ""})
    report = quick.json("people", vault, *TODAY)
    assert [(each["name"], each["joins"]) for each in report["alike"]] == [("Ana Ruíz", False)]
    assert report["config"] == ""
    assert "Ana Ruíz  may be Ana Ruiz (accents or marks; each has a note" in quick("people", vault, *TODAY)


def test_words_in_lower_case_are_told_as_assigning_nothing(quick: InProcess, crowd: Path) -> None:
    assert quick.json("people", crowd, *TODAY)["nobody"] == [{"word": "home", "mentions": 1}]
    assert "assign nothing: @home (1)" in quick("people", crowd, *TODAY)


def test_what_only_looks_like_a_mention_is_no_name(quick: InProcess, vault: Path) -> None:
    line = "- [ ] Ask a@b.org, `@code`, [[x@y]], https://x.org/@path, @example.com, @scope/name or \\@escaped\n"
    write(vault, {"talk.md": line})
    assert quick.json("people", vault, *TODAY)["nobody"] == []


def test_an_alias_of_two_people_is_a_problem(quick: InProcess, vault: Path) -> None:
    write(vault, {f"People/{name}.md": "---\naliases: [Bo]\n---\n" for name in ("Bo Alder", "Bo Birch")})
    report = quick.json("people", vault, *TODAY, expect=4)
    assert [each["what"] for each in report["problems"]] == [
        "the alias 'bo' fits Bo Alder and Bo Birch; it assigns nobody"
    ]


def test_a_name_can_not_command_the_terminal(vaultsync: Installed, vault: Path) -> None:
    write(vault, {"talk.md": "- [ ] Ring it @[[Ann\x1b[2J\u202e Lee]]\n"})
    told = vaultsync("people", vault, *TODAY)
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "Ann" in told


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_table_of_a_terminal_is_not_commanded_either(
    quick: InProcess, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = _Screen()
    monkeypatch.setattr(people, "console", lambda **_: Console(file=screen, force_terminal=True, width=200))
    found = people.PersonReport(
        name="Ann\u2066 Lee", found=[], aliases=["\x1b[2J"], mentions=1, proposed=0, open=1, next_due=None
    )
    monkeypatch.setattr(people, "people_report", lambda *_: EMPTY.model_copy(update={"people": [found]}))
    quick("people", vault, *TODAY)
    assert "Ann Lee" in screen.getvalue()
    assert "\u2066" not in screen.getvalue()
    assert "\x1b[2J" not in screen.getvalue()


def test_nothing_of_the_vault_is_written(quick: InProcess, crowd: Path) -> None:
    before = {file: file.read_bytes() for file in crowd.rglob("*") if file.is_file()}
    quick("people", crowd, *TODAY)
    assert {file: file.read_bytes() for file in crowd.rglob("*") if file.is_file()} == before
