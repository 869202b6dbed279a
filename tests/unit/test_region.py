"""The region in whole notes: where it is put, and what moves out of it."""

from __future__ import annotations

import pytest

from vaultsync.index.region import append_region, heading_level, read_region, replace_region

REGION = ["%% vaultsync:begin 1 %%", "", "%% vaultsync:end %%"]
DRAWN = "%% vaultsync:begin 1 %%\n\n%% vaultsync:end %%\n"


@pytest.mark.parametrize(
    ("text", "heading", "expected"),
    [
        pytest.param("", None, f"\n{DRAWN}", id="a new note"),
        pytest.param("Mine", None, f"Mine\n\n{DRAWN}", id="behind a last line without end"),
        pytest.param("Mine\n\n", None, f"Mine\n\n{DRAWN}", id="behind a blank line"),
        pytest.param("Mine\r\n", None, "Mine\r\n\r\n" + DRAWN.replace("\n", "\r\n"), id="with the note's line ends"),
        pytest.param("A\n", "T", f"A\n\n## T\n\n{DRAWN}", id="with its heading where that is missing"),
        pytest.param("# T\nx\n", "T", f"# T\n\n{DRAWN}\nx\n", id="under its heading, above the text there"),
        pytest.param("# T\n\nx\n", "T", f"# T\n\n{DRAWN}\nx\n", id="under its heading, above a blank line"),
        pytest.param("# T", "T", f"# T\n\n{DRAWN}", id="under a heading that is the last line"),
        pytest.param("# T #\n", "T", f"# T #\n\n{DRAWN}", id="under a closed heading"),
        pytest.param("```\n# T\n```\n", "T", f"```\n# T\n```\n\n## T\n\n{DRAWN}", id="not under one in a fence"),
        pytest.param("---\n# T\n---\n", "T", f"---\n# T\n---\n\n## T\n\n{DRAWN}", id="not under one in frontmatter"),
        pytest.param("\ufeff# T\n", "T", f"\ufeff# T\n\n{DRAWN}", id="under one behind a byte order mark"),
    ],
)
def test_a_region_is_put(text: str, heading: str | None, expected: str) -> None:
    assert append_region(text, REGION, heading) == expected


@pytest.mark.parametrize(
    ("text", "heading", "level"),
    [("# T\n", "T", 2), ("### T\n", "T", 4), ("###### T\n", "T", 6), ("x", "T", 3), ("# T", None, 2)],
)
def test_sections_stand_one_level_below_the_heading(text: str, heading: str | None, level: int) -> None:
    assert heading_level(text, heading) == level


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        pytest.param("", "Bring cake", id="at the end of a note without a last line end"),
        pytest.param("\n", "Bring cake\n", id="at the end of a note"),
        pytest.param("\n\nMine", "Bring cake\n\nMine", id="above a blank line"),
        pytest.param("\nMine\n", "Bring cake\n\nMine\n", id="a blank line apart from what follows"),
    ],
)
def test_strangers_move_below(tail: str, expected: str) -> None:
    text = f"%% vaultsync:begin 0 %%\nBring cake\n%% vaultsync:end %%{tail}"
    after = replace_region(text, 1, 3, REGION, ["", "Bring cake", ""])
    assert after == "\n".join(REGION) + "\n\n" + expected


def test_a_byte_order_mark_in_front_of_the_region_stays() -> None:
    assert replace_region(f"\ufeff{DRAWN}", 1, 3, REGION, ()) == f"\ufeff{DRAWN}"


def test_blank_lines_between_strangers_are_theirs_and_those_around_rows_are_not() -> None:
    inside = ["", "## Proposed", "", "One", "", "Two", "", "- [ ] a [[n#^t-9k2f3a7b|x]]", "", "and 3 more", "", "Three"]
    content = read_region("\n".join(["begin", *inside, "end"]), 1, len(inside) + 2)
    assert content.strangers == ("One", "", "Two", "Three")
    assert [(row.number, row.path, row.block_id) for row in content.rows] == [(9, "n.md", "t-9k2f3a7b")]


@pytest.mark.parametrize(
    "line", ["- [ ] no link", "- [[n#^t-9k2f3a7b|x]] no box", "[[n#^t-9k2f3a7b|x]]", "# Proposals"]
)
def test_a_line_without_box_or_link_is_a_stranger(line: str) -> None:
    assert read_region(f"begin\n{line}\nend", 1, 3).strangers == (line,)
