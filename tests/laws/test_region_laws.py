"""Laws of the managed region: drawn and read it is the same rows and no strangers, and nothing around it moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.index.note import render_index_note, replace_rows
from vaultsync.index.region import SECTIONS, Section, read_region, render_region, replace_region
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import line_and_end, split_lines
from vaultsync.markdown.walker import find_task_lines

ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ROWS = st.integers(0, 99).map(lambda n: f"- [?] Call {n} [[Notes/A b#^t-000000{n:02}|↗]] 📅 2025-11-08")
KNOWN = [name for name in SECTIONS if name != "I owe"]  # the heading of that one is known by the record
SECTION_LISTS = st.lists(
    st.builds(Section, st.sampled_from(KNOWN), st.lists(ROWS, max_size=4).map(tuple), st.sampled_from([0, 0, 412])),
    max_size=4,
)
STRANGER = st.sampled_from(
    ["Bring cake", "```", "%%", "    indented", "> quote", "- [ ] no link", "# Mine", "and more"]
)
AROUND = st.lists(st.sampled_from(["", "text", "```", "%%", "- [ ] mine", "\u2028", "x\x0by", "# Heading"]), max_size=5)


def joined(lines: list[str], end: str, *, closed: bool) -> str:
    return end.join(lines) + (end if closed and lines else "")


@given(SECTION_LISTS, st.integers(1, 6), ENDS)
def test_a_region_reads_as_the_rows_that_it_was_drawn_with(sections: list[Section], level: int, end: str) -> None:
    region = render_region("1-ab", sections, level)
    content = read_region(end.join(region), 1, len(region))
    assert [row.text for row in content.rows] == [line for section in sections for line in section.lines]
    assert content.strangers == ()


@given(AROUND, AROUND, SECTION_LISTS, SECTION_LISTS, ENDS, st.booleans(), st.sampled_from(["", "\ufeff"]))
def test_drawing_leaves_every_byte_around_alone(  # noqa: PLR0913 - the parts of a note
    above: list[str],
    below: list[str],
    old: list[Section],
    new: list[Section],
    end: str,
    closed: bool,  # noqa: FBT001 - drawn by hypothesis
    mark: str,
) -> None:
    drawn = render_region("1-ab", old, 2)
    text = mark + joined([*above, *drawn, *below], end, closed=closed)
    region = render_region("2-cd", new, 2)
    after = replace_region(text, len(above) + 1, len(above) + len(drawn), region, ())
    assert after == mark + joined([*above, *region, *below], end, closed=closed)


@given(st.lists(ROWS | STRANGER, max_size=8), AROUND, ENDS)
def test_what_isnt_ours_moves_below_and_the_second_time_nothing_moves(
    inside: list[str], below: list[str], end: str
) -> None:
    text = joined(["%% vaultsync:begin 1 %%", *inside, "%% vaultsync:end %%", *below], end, closed=True)
    content = read_region(text, 1, len(inside) + 2)
    rows = tuple(row.text for row in content.rows)
    assert sorted([*rows, *content.foreign]) == sorted(inside)
    once = render_index_note(text, {}, [Section("Open", rows)], content.foreign, "1", None)
    found = find_regions(split_lines(once))
    assert found.begin is not None
    assert found.end is not None
    again = read_region(once, found.begin, found.end)
    assert [row.text for row in again.rows] == list(rows)
    assert again.strangers == ()
    lines = [line_and_end(line)[0] for line in split_lines(once)[found.end :]]
    assert [line for line in lines if line] == [line for line in [*content.foreign, *below] if line]
    assert render_index_note(once, {}, [Section("Open", rows)], (), "1", None) == once


@given(SECTION_LISTS, AROUND)
def test_a_region_never_hides_or_adds_a_task_around_it(sections: list[Section], below: list[str]) -> None:
    region = render_region("1", sections, 2)
    bare = joined(["", *below], "\n", closed=True)
    text = joined([*region, "", *below], "\n", closed=True)
    found = find_task_lines(text, skip=(1, len(region))).lines
    assert [number - len(region) for number in found] == list(find_task_lines(bare).lines)


@given(st.lists(ROWS, min_size=1, max_size=5), st.sampled_from(["", "  ", "\t", "> "]), ENDS)
def test_rows_brought_up_to_date_in_place_keep_their_indentation(rows: list[str], indent: str, end: str) -> None:
    text = joined([indent + row for row in rows], end, closed=False)
    after = replace_rows(text, dict.fromkeys(range(1, len(rows) + 1), "- [x] new"))
    assert after == joined([f"{indent}- [x] new"] * len(rows), end, closed=False)
