"""Laws of the walker, on lines thrown together at random and on documents written with care."""

from __future__ import annotations

import re
from typing import Any

import mistune
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mistune.core import BlockState

from vaultsync.markdown import walker
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import LineEdit, apply_line_edits, line_and_end, split_lines
from vaultsync.markdown.walker import SENTINEL, find_task_lines

INDENTS = st.sampled_from(["", "", "", " ", "  ", "   ", "    ", "      ", "\t", "> ", ">", "> > ", ">\t", "- ", "1. "])
STARTS = st.sampled_from(
    [
        "- [ ] a",
        "* [x] b",
        "1. [ ] c",
        "2. [?] d",
        "10) [ ] e",
        "- a",
        "-",
        "+ q",
        "text",
        "# h",
        "===",
        "---",
        "***",
        "```",
        "~~~",
        "`````",
        "``` md",
        "%%",
        "%% x",
        "%% x %%",
        "$$",
        "$$ x $$",
        "<!--",
        "-->",
        "<!-- x -->",
        "<div>",
        "</div>",
        "<b>",
        "<pre>",
        "</pre>",
        "<?",
        "[a]: x",
        "[ ] a",
        "- [ ]",
        "- [ ]x",
        "- [ ] 1. n",
        "-\t[ ] t",
        "",
    ]
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\n\n", "\r\n", "\r"])
SOUP = st.lists(st.tuples(INDENTS, STARTS, ENDS).map("".join), max_size=12).map("".join)
NOISE = st.text(alphabet=st.sampled_from("-*+1.)>[] x#`~%$<!=\\\t\r\n\v\u2028\ufeff📅" + SENTINEL), max_size=60)


@given(st.one_of(SOUP, NOISE, st.text()))
def test_every_text_is_read_or_a_problem(text: str) -> None:
    found = find_task_lines(text, nesting=8)
    assert list(found.lines) == sorted(set(found.lines))
    assert all(1 <= line <= len(split_lines(text)) for line in found.lines)
    assert not (found.lines and found.problem)
    for line in found.lines:
        assert re.match(r"[\s>]*([-*+]|\d+[.)])\s.*\[.\](\s|$)", split_lines(text)[line - 1])


@given(SOUP, SOUP)
def test_what_follows_the_last_candidate_changes_nothing(text: str, more: str) -> None:
    # The candidate at the end keeps the walker from cutting before it. A blank line in front keeps "---" from being
    # frontmatter that `more` could close.
    text = "\n" + text + "\n"
    lines = len(split_lines(text))
    whole = find_task_lines(f"{text}{more}\n\n- [ ] end")
    assert find_task_lines(text).lines == tuple(line for line in whole.lines if line <= lines)


def tree(source: str) -> list[dict[str, Any]]:
    state = BlockState()
    state.process(source)
    mistune.BlockParser().parse(state)
    return state.tokens


def without_sentinels(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    clean = []
    for token in tokens:
        kept = {key: value for key, value in token.items() if key not in {"children", "text", "raw"}}
        for key in ("text", "raw"):
            if key in token:
                kept[key] = re.sub(rf"{SENTINEL}\d+", "", token[key])
        if "children" in token:
            kept["children"] = without_sentinels(token["children"])
        clean.append(kept)
    return clean


@given(SOUP)
def test_the_sentinel_changes_nothing_in_mistunes_tree(text: str) -> None:
    source = walker._parsable(text, None)
    tagged = walker._tagged(source)
    cut = "".join(split_lines(source)[: len(split_lines(tagged))]).removesuffix("\n") + "\n"
    if tagged:
        assert without_sentinels(tree(tagged)) == tree(cut)


@given(SOUP, st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_line_end_and_a_bom_make_no_difference(text: str, end: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert find_task_lines("\ufeff" + plain.replace("\n", end)) == find_task_lines(plain)


@given(SOUP, SOUP, SOUP)
def test_a_region_hides_nothing_and_holds_nothing(above: str, within: str, below: str) -> None:
    lines = split_lines(f"{above}\n%% vaultsync:begin 1 %%\n{within}\n%% vaultsync:end %%\n{below}")
    region = find_regions(lines)
    assert region.damage is None
    assert region.begin is not None
    assert region.end is not None
    blank = ["\n" if region.begin <= number <= region.end else line for number, line in enumerate(lines, 1)]
    skipping = find_task_lines("".join(lines), skip=(region.begin, region.end))
    assert skipping == find_task_lines("".join(blank))


# Documents as a person would write them: blocks apart from each other by blank lines, each indented for its container.
# What is left out are the known bugs of mistune: HTML blocks, lazy lines and tabs in items, "2." after a quote.
Block = list[str]
LEAVES: st.SearchStrategy[Block] = st.sampled_from(
    [
        ["text"],
        ["text", "more text"],
        ["text", "- [ ] interrupts"],
        ["text", "2. [ ] doesn't"],
        ["# heading"],
        ["heading", "==="],
        ["```", "- [ ] code", "```"],
        ["~~~ md", "", "- [ ] code", "~~~"],
        ["    - [ ] code"],
        ["***"],
        ["<!--", "- [ ] hidden", "-->"],
        ["[ ] no marker"],
    ]
)
MARKERS = st.sampled_from(["- ", "* ", "+ ", "1. ", "7) ", "-   ", "12. "])
BOXES = st.sampled_from(["[ ] a", "[x] b", "[📅] c", "[ ]", "d", "[ ]e", "see [ ] f", "# g", "[ ] 2 h"])


def item(marker: str, first: str, blocks: list[Block]) -> Block:
    inner = [line for block in blocks for line in ["", *block]]
    return [marker + first, *(" " * len(marker) + line if line else "" for line in inner)]


def quote(blocks: list[Block]) -> Block:
    lines = [line for block in blocks for line in [*block, ""]][:-1]
    return [f"> {line}".rstrip() for line in lines]


def tight(markers: list[str], boxes: list[str]) -> Block:
    return [marker + box for marker, box in zip(markers, boxes, strict=False)]


def nest(blocks: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    some = st.lists(blocks, max_size=3)
    return st.one_of(st.builds(item, MARKERS, BOXES, some), st.builds(quote, some.filter(bool)))


BLOCKS = st.recursive(
    st.one_of(
        LEAVES, st.builds(item, MARKERS, BOXES, st.just([])), st.builds(tight, st.lists(MARKERS), st.lists(BOXES))
    ),
    nest,
    max_leaves=8,
)
DOCUMENTS = st.lists(BLOCKS, max_size=4).map(lambda blocks: "\n\n".join("\n".join(block) for block in blocks) + "\n")


# Few pieces, so that they often meet in a way that counts: a heading in a fence, what looks like one in an item.
CALM_LINES = st.tuples(
    st.sampled_from(["", "", "  ", "   ", "      ", "> "]),
    st.sampled_from(["- [ ] a", "2. [ ] b", "1. a", "- a", "text", "# h", "#t", ""]),
    st.just("\n"),
).map("".join)
CALM = st.lists(CALM_LINES, max_size=8).map("".join)


def assert_sections_are_the_whole(text: str) -> None:
    source = walker._tagged(walker._parsable(text, None))
    by_section = [line for section in walker._sections(source) for line in walker._read(section, 100)]
    assert sorted(by_section) == sorted(walker._read(source, 100))


@example("1. a\n#t\n      - [ ] b\n")
@given(st.one_of(CALM, DOCUMENTS))
def test_section_by_section_the_same_is_found_as_in_the_whole(text: str) -> None:
    assert_sections_are_the_whole(text)


@pytest.mark.parametrize(
    ("begin", "end"), [("```", "```"), ("~~~", "~~~"), ("%%", "%%"), ("$$", "$$"), ("<!--", "-->"), ("- ```", "  ```")]
)
@given(above=CALM, within=CALM, below=CALM)
def test_what_hides_headings_hides_them_in_sections_too(
    begin: str, end: str, above: str, within: str, below: str
) -> None:
    assert_sections_are_the_whole(f"{above}{begin}\n{within}# h\n{within}{end}\n{below}- [ ] end\n")


def by_stock_mistune(text: str) -> list[int]:
    """Read the whole document with mistune as it is, inline pass and all, each candidate marked by a word."""
    lines = [
        re.sub(r"^([ >]*(?:(?:[-*+]|\d+[.)])[ >]+)+\[.\])(?=\s|$)", rf"\1 @{number}@", line)
        for number, line in enumerate(text.split("\n"), 1)
    ]
    tokens = mistune.create_markdown(renderer="ast")("\n".join(lines))
    assert isinstance(tokens, list)
    found = []
    unread = [tokens]
    while unread:
        for token in unread.pop():
            children = token.get("children", [])
            unread.append(children)
            if token["type"] == "list_item" and children and children[0]["type"] in {"block_text", "paragraph"}:
                words = "".join(child.get("raw", "") for child in children[0]["children"])
                found += [int(mark[1]) for mark in [re.match(r"\[.\] @(\d+)@", words)] if mark]
    return sorted(found)


@given(DOCUMENTS)
def test_stock_mistune_finds_the_same_tasks(text: str) -> None:
    assert list(find_task_lines(text).lines) == by_stock_mistune(text)


MARKDOWN_IT = MarkdownIt("commonmark", {"maxNesting": 1000})


def by_markdown_it(text: str) -> list[int]:
    """Read with a parser of another family, which knows the line of each item."""
    tokens = MARKDOWN_IT.parse(text)
    found = []
    for opening, block, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        begins = opening.type == "list_item_open" and block.type in {"paragraph_open", "heading_open"}
        if begins and opening.map and block.map and re.match(r"\[.\](\s|$)", inline.content):
            found += [opening.map[0] + 1] if opening.map[0] == block.map[0] else []
    return found


@given(DOCUMENTS)
def test_markdown_it_finds_the_same_tasks(text: str) -> None:
    assert list(find_task_lines(text).lines) == by_markdown_it(text)


NEW_LINES = st.lists(st.text(alphabet="ab\u2028\v "), max_size=3).map(tuple)
EDITED = st.lists(
    st.tuples(st.text(alphabet="ab\u2028\v\f "), st.sampled_from(["\n", "\r\n"])).map("".join), min_size=1
)


@given(EDITED, st.sampled_from(["", "last"]), NEW_LINES, st.data())
def test_a_line_edit_touches_no_byte_before_or_behind_its_line(
    lines: list[str], last: str, new: tuple[str, ...], data: st.DataObject
) -> None:
    text = "".join(lines) + last
    lines = split_lines(text)
    at = data.draw(st.integers(0, len(lines) - 1))
    before, end = line_and_end(lines[at])
    head, tail = "".join(lines[:at]), "".join(lines[at + 1 :])
    after = apply_line_edits(text, [LineEdit(at + 1, before, new)])
    assert after.startswith(head)
    assert after.endswith(tail)
    middle = after[len(head) : len(after) - len(tail)]
    assert tuple(line_and_end(line)[0] for line in split_lines(middle + ("" if end else "\n" * bool(new)))) == new
    assert middle.endswith(end if new else "")


@given(EDITED, st.lists(NEW_LINES, min_size=3, max_size=3), st.data())
def test_several_edits_are_the_same_as_one_by_one_from_below(
    lines: list[str], news: list[tuple[str, ...]], data: st.DataObject
) -> None:
    text = one_by_one = "".join(lines)
    numbers = data.draw(st.lists(st.integers(1, len(lines)), unique=True, max_size=3))
    edits = [
        LineEdit(number, line_and_end(lines[number - 1])[0], new) for number, new in zip(numbers, news, strict=False)
    ]
    for edit in sorted(edits, key=lambda edit: -edit.line):
        one_by_one = apply_line_edits(one_by_one, [edit])
    assert apply_line_edits(text, edits) == one_by_one


@given(SOUP)
def test_lines_joined_again_are_the_text(text: str) -> None:
    assert "".join(split_lines(text)) == text
