"""Links of rows: written for any path, found however they are spelled."""

from __future__ import annotations

import pytest

from vaultsync.index.links import find_links, find_row_link, render_link, task_key


@pytest.mark.parametrize(
    ("path", "markdown", "expected"),
    [
        pytest.param("Area/My Note.md", False, "[[Area/My Note#^t-9k2f3a7b|↗]]", id="a wikilink from the vault's root"),
        pytest.param(
            "Area/My Note.md", True, "[↗](Area/My%20Note.md#^t-9k2f3a7b)", id="a Markdown link where asked for"
        ),
        pytest.param(
            "C# [x].md", False, "[↗](C%23%20%5Bx%5D.md#^t-9k2f3a7b)", id="a Markdown link where no wikilink fits"
        ),
        pytest.param("日 本.md", False, "[[日 本#^t-9k2f3a7b|↗]]", id="any script"),
        pytest.param("<% a %>.md", False, "[↗](%3C%25%20a%20%25%3E.md#^t-9k2f3a7b)", id="no template in a path"),
    ],
)
def test_a_link_is_written_so_that_it_is_found_again(path: str, markdown: bool, expected: str) -> None:  # noqa: FBT001 - a case
    link = render_link(path, "t-9k2f3a7b", "↗", markdown=markdown)
    assert link == expected
    (found,) = find_links(f"- [ ] Call {link} 📅 2025-11-08")
    assert (found.path, found.block_id) == (path, "t-9k2f3a7b")


@pytest.mark.parametrize(
    ("alias", "shown"),
    [("", "↗"), ("[a|b]", "a b"), ("a\nb", "a b"), ("%%x%%", "%x%"), ("a #b", "a b"), ("C#", "C#"), ("`= x`", "= x")],
)
def test_the_text_of_a_link_is_only_text(alias: str, shown: str) -> None:
    assert render_link("a.md", "t-9k2f3a7b", alias, markdown=False) == f"[[a#^t-9k2f3a7b|{shown}]]"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("![[a#^t-9k2f3a7b]]", id="an embed"),
        pytest.param(r"\[[a#^t-9k2f3a7b]]", id="an escaped link"),
        pytest.param("[[a#Heading]]", id="a link to a heading"),
        pytest.param("[[a#^t-9k2f3a7b", id="a link without end"),
    ],
)
def test_nothing_else_is_taken_for_a_link(text: str) -> None:
    assert find_links(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[[a#^t-9k2f3a7b|↗]] see [[b#^mine]]", "t-9k2f3a7b", id="one to a block of theirs is typed behind"
        ),
        pytest.param("see [[b#^mine]] [[a#^t-9k2f3a7b|↗]]", "t-9k2f3a7b", id="one to a block of theirs stands before"),
        pytest.param("see [[b#^other]] [[a#^mine|↗]]", "mine", id="the task has an id of theirs"),
        pytest.param("[x](<Area/My Note.md#^t-9k2f3a7b>)", "t-9k2f3a7b", id="the target stands in angles"),
    ],
)
def test_the_link_of_a_row_is_told_from_others(text: str, expected: str) -> None:
    link = find_row_link(text)
    assert link is not None
    assert link.block_id == expected


def test_an_id_of_ours_is_one_task_wherever_it_stands_and_another_id_is_its_notes() -> None:
    assert task_key("a.md", "T-9K2F3A7B") == task_key("b.md", "t-9k2f3a7b")
    assert task_key("a.md", "mine") != task_key("b.md", "mine")
    assert task_key("Cafe\u0301.md", "mine") == task_key("Caf\u00e9.md", "Mine")
