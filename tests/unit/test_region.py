"""The region in whole notes: where it is put, and what moves out of it."""

from __future__ import annotations

import pytest

from vaultsync.index.region import (
    HOW_TO_END,
    LooseRow,
    RegionContent,
    append_region,
    heading_level,
    read_region,
    reindented,
    replace_region,
)

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


@pytest.mark.parametrize("line", ["- [[n#^t-9k2f3a7b|x]] no box", "[[n#^t-9k2f3a7b|x]]", "# Proposals", "  and 3 more"])
def test_a_line_without_box_is_a_stranger(line: str) -> None:
    assert read_region(f"begin\n{line}\nend", 1, 3).strangers == (line,)


ROW = "- [ ] a [[n#^t-9k2f3a7b|x]]"


def taken_apart(*inside: str) -> RegionContent:
    return read_region("\n".join(["begin", *inside, "end"]), 1, len(inside) + 2)


@pytest.mark.parametrize(
    ("inside", "beneath", "strangers"),
    [
        pytest.param([ROW, "  text", "    - bullet"], ("  text", "    - bullet"), (), id="text and a bullet"),
        pytest.param(
            [ROW, "", "  one", "", "  two", ""], ("", "  one", "", "  two"), (), id="with blank lines between"
        ),
        pytest.param(
            [ROW, "text", "  more"], (), ("text", "  more"), id="not text that begins the line, and what follows"
        ),
        pytest.param([f"\t{ROW}", "\tsame", "\t\tmore"], (), ("\tsame", "\t\tmore"), id="not text beside the row"),
        pytest.param([f"> {ROW}", ">   in", "> out"], (">   in",), ("> out",), id="lines of the row's quote"),
        pytest.param([ROW, "> quote"], (), ("> quote",), id="no quote beside it"),
        pytest.param([ROW, "  and 3 more", "  ## Open"], ("  and 3 more", "  ## Open"), (), id="words like ours"),
        pytest.param([ROW, "", "## Open", "", "  text"], (), ("  text",), id="nothing behind a heading of ours"),
    ],
)
def test_indented_lines_belong_to_the_row_above(
    inside: list[str], beneath: tuple[str, ...], strangers: tuple[str, ...]
) -> None:
    content = taken_apart(*inside)
    assert [row.beneath for row in content.rows] == [beneath]
    assert content.strangers == strangers


def test_a_line_belongs_to_the_nearest_row_that_is_less_indented() -> None:
    content = taken_apart(ROW, f"    {ROW}", "      of the inner", "  of the outer", "      still of the outer")
    assert [row.beneath for row in content.rows] == [
        ("  of the outer", "      still of the outer"),
        ("      of the inner",),
    ]


@pytest.mark.parametrize("line", ["- [ ] no link", "- [ ] [[Note]]", "- [ ] see [[n#^own]]", "3. [x]", "- [!] x"])
def test_a_box_without_a_link_of_ours_is_loose(line: str) -> None:
    content = taken_apart("## Open", ROW, f"  {line}", "    mine")
    assert content.loose == (LooseRow(4, "  ", line, ("    mine",)),)
    assert content.strangers == ()
    assert content.foreign == (f"  {line}", "    mine")


@pytest.mark.parametrize(
    ("before", "after", "lines", "expected"),
    [
        pytest.param("    ", "", ["      a", "", "     b"], ["  a", "", " b"], id="a level up"),
        pytest.param("", "    ", ["  a", "\tb"], ["      a", "    \tb"], id="a level down"),
        pytest.param("\t", "", ["        a"], ["    a"], id="tabs against blanks"),
        pytest.param("> ", "", [">   a"], ["  a"], id="out of a quote"),
    ],
)
def test_lines_follow_their_row(before: str, after: str, lines: list[str], expected: list[str]) -> None:
    assert reindented(lines, before, after) == expected


def test_the_line_above_the_conflicts_is_ours_whichever_replica_drew_it() -> None:
    text = f"%% vaultsync:begin 1 %%\n## Conflicts\n\n{HOW_TO_END}\nMine\n%% vaultsync:end %%\n"
    assert read_region(text, 1, 6).foreign == ("Mine",)
