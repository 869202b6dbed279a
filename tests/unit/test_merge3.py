from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.markdown.merge3 import Merged, merge3

NOTE = "# Plan\n\n- [ ] Ask Ana 📅 2026-11-25\n- [?] Tell Bo\n\nEnd\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        pytest.param(("Ask Ana", "Ask Ana"), ("End", "The end"), ("End", "The end"), id="only they changed"),
        pytest.param(("[?]", "[ ]"), ("Ask", "Beg"), ("[?] T", "[ ] T", "Ask", "Beg"), id="each changed another line"),
        pytest.param(("[?]", "[ ]"), ("Bo", "Bob"), ("[?] Tell Bo", "[ ] Tell Bob"), id="one line, two words"),
        pytest.param(("Bo\n", "Bo ^t-1\n"), ("Bo\n", "Bo now\n"), ("Bo\n", "Bo now ^t-1\n"), id="words at one place"),
        pytest.param(("[?]", "[ ]"), ("[?]", "[ ]"), ("[?]", "[ ]"), id="both changed alike"),
        pytest.param(("End\n", "End\nx\n"), ("End\n", "End\ny\n"), ("End\n", "End\ny\nx\n"), id="lines at one place"),
        pytest.param(
            ("End\n", "End\nx\ny\n"), ("End\n", "End\nx\nz\n"), ("End\n", "End\nx\nz\ny\n"), id="a line in common"
        ),
        pytest.param(("- [?] Tell Bo\n", ""), ("End", "So"), ("- [?] Tell Bo\n", "", "End", "So"), id="a line removed"),
        pytest.param(("\nEnd\n", "\nEnd"), ("End", "So"), ("End\n", "So"), id="the last line end removed"),
    ],
)
def test_both_changes_are_kept(ours: tuple[str, str], theirs: tuple[str, str], merged: tuple[str, ...]) -> None:
    expected = NOTE
    for old, new in zip(merged[::2], merged[1::2], strict=True):
        expected = expected.replace(old, new)
    assert merge3(NOTE, NOTE.replace(*ours), NOTE.replace(*theirs)) == Merged(expected, collided=False)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(("2026-11-25", "2026-11-26"), ("2026-11-25", "2026-12-25"), id="a date is one word"),
        pytest.param(("[ ]", "[x]"), ("[ ]", "[-]"), id="a box is one word"),
        pytest.param(("- [?] Tell Bo\n", ""), ("Tell Bo", "Tell Bob"), id="an edit beats a removal"),
    ],
)
def test_where_both_changed_the_same_word_theirs_stands(ours: tuple[str, str], theirs: tuple[str, str]) -> None:
    merged = merge3(NOTE, NOTE.replace(*ours), NOTE.replace(*theirs))
    assert merged.collided
    assert theirs[1] in merged.text


LINE = st.text(alphabet="ab [x] \r📅", max_size=8)
TEXT = st.lists(LINE, max_size=8).map("\n".join)


@given(TEXT, TEXT)
def test_a_change_of_one_side_is_taken_whole(base: str, changed: str) -> None:
    assert merge3(base, changed, base) == Merged(changed, collided=False)
    assert merge3(base, base, changed) == Merged(changed, collided=False)
    assert merge3(base, changed, changed) == Merged(changed, collided=False)


@given(TEXT, TEXT, TEXT)
def test_no_word_appears_that_nobody_wrote(base: str, ours: str, theirs: str) -> None:
    assert set(merge3(base, ours, theirs).text) <= set(base + ours + theirs)


@st.composite
def insertions(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text, and two that insert into it lines of their own, at any places."""
    lines = draw(st.lists(LINE, max_size=8))
    texts = {"base": lines, "mine": list(lines), "theirs": list(lines)}
    for name in ("mine", "theirs"):
        for number, at in enumerate(draw(st.lists(st.integers(0, len(lines)), max_size=4))):
            texts[name].insert(at, f"{name}-{number}")
    base, ours, theirs = ("".join(f"{line}\n" for line in side) for side in texts.values())
    return base, ours, theirs


@given(insertions())
def test_whatever_each_side_inserts_stands_once_in_the_outcome(texts: tuple[str, str, str]) -> None:
    base, ours, theirs = texts
    merged = merge3(base, ours, theirs)
    assert not merged.collided
    count = merged.text.split("\n").count
    for line in {*ours.split("\n"), *theirs.split("\n")} - set(base.split("\n")):
        assert count(line) == 1, line
    inserted = (len(ours) - len(base)) + (len(theirs) - len(base))
    assert len(merged.text) == len(base) + inserted


@given(insertions(), st.data())
def test_what_was_merged_once_stays_as_it_is(texts: tuple[str, str, str], data: st.DataObject) -> None:
    base, ours, theirs = texts
    ours = ours.replace("a", data.draw(st.sampled_from("acd")))
    merged = merge3(base, ours, theirs)
    if not merged.collided:
        assert merge3(base, merged.text, theirs).text == merged.text


@given(st.lists(LINE, min_size=5, max_size=9), st.data())
def test_who_is_who_makes_no_difference_where_they_keep_apart(lines: list[str], data: st.DataObject) -> None:
    # A line that neither touches stands between the two; it is unlike any other, so that they can't be mistaken.
    at = data.draw(st.integers(1, len(lines) - 2))
    lines[at] = "the one between"
    ours = [*data.draw(st.lists(LINE, max_size=5)), *lines[at:]]
    theirs = [*lines[: at + 1], *data.draw(st.lists(LINE, max_size=5))]
    texts = ["\n".join(each) for each in (lines, ours, theirs)]
    one, other = merge3(texts[0], texts[1], texts[2]), merge3(texts[0], texts[2], texts[1])
    assert one == other
    assert one == Merged("\n".join([*ours[: ours.index("the one between")], *theirs[at:]]), collided=False)
