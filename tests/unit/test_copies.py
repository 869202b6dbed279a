from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from laws.vault_model import RULES

from vaultsync.reconcile.copies import is_twin, numbered_original, original_of, spellings
from vaultsync.tasks.note import Note, parse_text


@pytest.mark.parametrize(
    ("path", "original"),
    [
        pytest.param("A/x.sync-conflict-20261122-101112-ABCDEFG.md", "A/x.md", id="syncthing"),
        pytest.param(
            "x.sync-conflict-20261122-101112-ABCDEFG.sync-conflict-20261123-101112-HIJKLMN.md",
            "x.md",
            id="a copy of a copy",
        ),
        pytest.param("A b/x (Conflicted copy Ana's phone 202611221011).md", "A b/x.md", id="obsidian sync"),
        pytest.param("x (Conflicted copy Mac (2) 202611221011).md", "x.md", id="a device with parentheses"),
        pytest.param("x (Ana's conflicted copy 2026-11-22).md", "x.md", id="dropbox"),
        pytest.param("x (Ana’s conflicted copy 2026-11-22).md", "x.md", id="dropbox with a typographic apostrophe"),
        pytest.param("x (Ana's conflicted copy 2026-11-22 (1)).md", "x.md", id="dropbox with a number inside"),
        pytest.param("x (Ana's conflicted copy 2026-11-22) (1).md", "x.md", id="dropbox with a number behind"),
        pytest.param("x (draft) (Ana's conflicted copy 2026-11-22).md", "x (draft).md", id="a name with parentheses"),
        pytest.param("x (conflicted copy 2026-11-22 101112).md", "x.md", id="without a name"),
        pytest.param("x.md", None, id="a note"),
        pytest.param("x 2.md", None, id="a note with a number"),
        pytest.param("About sync-conflict-20261122-101112-ABCDEFG.md", None, id="a note about a copy"),
        pytest.param("The conflicted copy 2026-11-22.md", None, id="words without parentheses"),
        pytest.param("x (Ana's conflicted copy 2026-11-22)/y.md", None, id="a folder's name"),
        pytest.param("x (a conflicted copy).md", None, id="a copy without a date"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_conflict_copy_is_known_by_its_name(form: Literal["NFC", "NFD"], path: str, original: str | None) -> None:
    found = original_of(unicodedata.normalize(form, f"Über/{path}"))
    assert found == (unicodedata.normalize(form, f"Über/{original}") if original else None)


@pytest.mark.parametrize(
    ("path", "original"),
    [
        ("A/x 2.md", "A/x.md"),
        ("x 12.md", "x.md"),
        ("x 1.md", None),
        ("x 2026.md", None),
        ("x2.md", None),
        ("x 2.txt", None),
    ],
)
def test_a_number_behind_a_name_may_make_a_copy(path: str, original: str | None) -> None:
    assert numbered_original(path) == original


def test_a_path_is_looked_for_in_both_of_its_spellings() -> None:
    composed, decomposed = "\u00dc.md", "U\u0308.md"
    assert {composed, decomposed} <= set(spellings(composed))
    assert {composed, decomposed} <= set(spellings(decomposed))


def read(path: str, text: str) -> tuple[Note, str]:
    return parse_text(path, text, "", RULES), text


def index(person: str, *lines: str) -> str:
    region = "\n".join(lines)
    return f"---\nvaultsync: index\nperson: {person}\n---\n%% vaultsync:begin 1-x %%\n{region}\n%% vaultsync:end %%\n"


@pytest.mark.parametrize(
    ("text", "other", "answer"),
    [
        pytest.param(
            "- [ ] a ^t-abcdefgh\n", "- [x] a b c ^t-ABCDEFGH\nText\nText\n", True, id="an id of ours in both"
        ),
        pytest.param("- [ ] a ^t-abcdefgh\r\n", "- [x] b ^t-abcdefgh\r\n", True, id="an id before a windows line end"),
        pytest.param("See [[x#^t-abcdefgh]]\n", "- [ ] a ^t-abcdefgh\n", False, id="a mere link to the other's task"),
        pytest.param("- [ ] a ^mine\n", "- [x] b ^mine\n", False, id="somebody's own id in both"),
        pytest.param("one\ntwo\nthree\nfour\n", "one\ntwo\nthree\nfive\n", True, id="most lines"),
        pytest.param("one\ntwo\nthree\nfour\n", "one\ntwo\nfive\nsix\n", False, id="half of the lines"),
        pytest.param("one\n", "one\ntwo\nthree\n", False, id="all lines of one and few of the other"),
        pytest.param("# Goals\n## Done\nmine\n", "# Goals\n## Done\nyours\n", False, id="the headings of one template"),
        pytest.param("---\na: b\nc: d\n---\nmine\n", "---\na: b\nc: d\n---\nyours\n", False, id="one frontmatter"),
        pytest.param("", "", False, id="nothing in either"),
        pytest.param(
            index("Team", "- [ ] a [[n#^t-abcdefgh|↗]]"),
            index("Team 2", "- [ ] a [[n#^t-abcdefgh|↗]]"),
            False,
            id="the index notes of two people with one task",
        ),
        pytest.param(
            index("Team", "- [ ] a [[n#^t-abcdefgh|↗]]", "x", "y", "z"),
            index("Team", "- [x] b [[n#^t-abcdefgh|↗]]", "p", "q", "r", "s"),
            True,
            id="two index notes of one person with one task",
        ),
    ],
)
def test_a_numbered_name_is_a_copy_only_with_an_id_or_most_lines_of_the_other(
    text: str,
    other: str,
    answer: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    assert is_twin(*read("x 2.md", text), *read("x.md", other)) is answer
    assert is_twin(*read("x.md", other), *read("x 2.md", text)) is answer
