from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vaultsync.markdown.region import Regions, find_regions, has_conflict_markers
from vaultsync.markdown.textlines import split_lines
from vaultsync.markdown.walker import SENTINEL, TaskLines, find_task_lines

if TYPE_CHECKING:
    from collections.abc import Callable

FOUND = [
    ("a list item with a box is a task", "- [ ] a", [1]),
    ("every list marker makes a task", "- [ ] a\n* [x] b\n+ [?] c\n1. [/] d\n2) [-] e", [1, 2, 3, 4, 5]),
    ("any one code point is a status", "- [📅] a\n- [[] b\n- []] c\n- [é] d", [1, 2, 3, 4]),
    ("two code points are no status", "- [ab] a\n- [👍🏽] b", []),
    ("an empty box is no status", "- [] a", []),
    ("a box needs a blank behind it", "- [ ]a\n- [x](link)\n- [ ]\u00a0b", []),
    ("a box may end the line", "- [ ]\n- [x]", [1, 2]),
    ("a tab may follow the box", "- [ ]\ta", [1]),
    ("a tab between marker and box is still a list item", "-\t[ ] a", [1]),
    ("a box without a list marker is text", "[ ] a\n\n> [ ] b", []),
    ("a box below its marker is no task", "-\n  [ ] a", []),
    ("a box after other text is no task", "- see [ ] a", []),
    ("a marker needs a blank behind it", "-[ ] a\n1.[ ] b", []),
    ("ten digits are no list marker", "1234567890. [ ] a\n\n123456789. [ ] b", [3]),
    ("other digits than 0 to 9 are no list marker", "١. [ ] a", []),
    ("an escaped marker is text", "\\- [ ] a", []),
    ("a backslash in the box is a status", "- [\\] a", [1]),
    ("a number straight after the box is a list inside the item", "- [ ] 1. a\n- [ ] 3) b\n- [ ]  1.\n", []),
    ("an inner list is seen on a line of two digits too", "\n" * 9 + "- [ ] 1. a\n- [ ] b", [11]),
    ("a number without its stop is text", "- [ ] 2 a\n- [ ] 1.5 b\n- [ ] 1.b", [1, 2, 3]),
    ("nested items are found at every depth", "- [ ] a\n    - [ ] b\n        1. [ ] c\n\t- [ ] d", [1, 2, 3, 4]),
    ("items nested with tabs are found", "- a\n\t- [ ] b\n\t\t- [ ] c\n\n\ttext\n\n\t- [ ] d", [2, 3, 7]),
    ("several markers on one line make one task", "- - [ ] a\n1. - 2) [ ] b", [1, 2]),
    (
        "items in quotes and callouts are found",
        "> [!todo] x\n> - [ ] a\n>     - [ ] b\n> > - [ ] c\n>- [ ] d",
        [2, 3, 4, 5],
    ),
    ("a quote in an item may hold tasks", "- > - [ ] a\n  > - [ ] b", [1, 2]),
    ("a box in a quote in an item needs its own marker", "- > [ ] a", []),
    ("tabs after a quote mark count columns", ">\t- [ ] a\n\n> \t- [ ] b\n\n>\t\t- [ ] code", [1, 3]),
    ("a list may interrupt a paragraph", "text\n- [ ] a\n\ntext\n1. [ ] b", [2, 5]),
    ("a list that doesn't begin at 1 may not interrupt a paragraph", "text\n2. [ ] a", []),
    ("a list that doesn't begin at 1 may follow a heading", "# text\n2. [ ] a", [2]),
    ("a list that doesn't begin at 1 may follow a quote", "> q\n2. [ ] a", [2]),
    ("a list that doesn't begin at 1 may follow a paragraph and a quote", "text\n> q\n2. [ ] a\n3. [ ] b", [3, 4]),
    (
        "an item indented less than the text of the one above is another list's",
        "-   a\n  10) [ ] b\n   - [ ] c",
        [2, 3],
    ),
    ("an item indented by four is text below one indented by three", "-   a\n   - [ ] b\n    - [ ] c", [2]),
    ("a line of five blanks ends a paragraph", "text\n     \n2. [ ] a", [3]),
    ("a half-typed sub-bullet below leaves the task a task", "- [ ] a\n  -\n- [ ] b\n  ---\n- [ ] c\n  ===", [1, 3, 5]),
    ("a lazy line in a quote is a paragraph's, however it looks", "> - a\n    - [ ] b", []),
    ("a reference definition hides nothing", "[a]: https://x.example\n- [ ] a\n\n[b]:\n- [ ] b", [2, 5]),
    ("a link definition's look is no box", "- [x]: https://x.example", []),
    ("thousands of candidates keep their numbers", "text\n\n" + "- [ ] a\n" * 2000, list(range(3, 2003))),
    ("a final line without an end counts", "\n\n- [ ] a", [3]),
    ("text after the last candidate changes nothing", "- [ ] a\n\n```\n- b\n<!--\n", [1]),
    ("nothing is found in nothing", "", []),
]

HIDDEN = [
    ("a fence hides", "```\n- [ ] a\n```\n- [ ] b", [4]),
    ("a tilde fence with a language hides", "~~~ md\n- [ ] a\n```\n- [ ] b\n~~~\n- [ ] c", [6]),
    ("an open fence hides to the end", "- [ ] a\n```\n- [ ] b", [1]),
    ("a longer fence isn't closed by a shorter one", "````\n```\n- [ ] a\n````\n- [ ] b", [5]),
    ("a backtick in a fence's first line makes it text", "``` a`b\n- [ ] a", [2]),
    ("a fence in an item hides in that item only", "- [ ] a\n  ```\n  - [ ] b\n- [ ] c", [1, 4]),
    ("a fence in a quote ends with the quote", "> ```\n> - [ ] a\n\n- [ ] b", [4]),
    ("a fence just begun in a quote takes no lazy line", "> a\n> ```\nb\n> - [ ] c", [4]),
    ("a fence ends an item and what is in it is code", "-   [ ] a\n  ```\n- [ ] b\n  ```\n- [ ] c", [1, 5]),
    ("indented code hides", "text\n\n    - [ ] a\n\n\t- [ ] b\n\n- [ ] c", [7]),
    ("an item indented by five after its marker is code", "-      [ ] a\n-     [ ] b", []),
    ("an item indented by four after a paragraph is text", "text\n    - [ ] a", []),
    ("an HTML comment hides", "<!--\n- [ ] a\n\n- [ ] b\n-->\n- [ ] c", [6]),
    ("an HTML comment that ends on its line hides only that", "<!-- x -->\n- [ ] a", [2]),
    ("an open HTML comment hides to the end", "- [ ] a\n<!--\n- [ ] b\n\n- [ ] c", [1]),
    ("an HTML comment within a paragraph can't hide a list", "text <!--\n- [ ] a\n-->", [2]),
    ("an HTML block hides until a blank line", "<div>\n- [ ] a\n\n- [ ] b\n</div>\n- [ ] c", [4]),
    ("an HTML block ends an item", "- [ ] a\n<DIV>\n- [ ] b\n\n- [ ] c\n</ul>\n- [ ] d", [1, 5]),
    ("pre hides across blank lines", "<pre>\n\n- [ ] a\n</pre>\n- [ ] b", [5]),
    ("a percent comment hides", "%%\n- [ ] a\n%%\n- [ ] b", [4]),
    ("a percent comment hides across blank lines and lists", "- [ ] a\n%% note\n\n- [ ] b\n%%\n- [ ] c", [1, 6]),
    ("a percent comment ends on the line with its end", "%%\n- [ ] a %%\n- [ ] b", [3]),
    ("a percent comment on one line hides only that", "%% x %%\n- [ ] a\n%%%%\n- [ ] b", [2, 4]),
    ("a percent comment with text behind it hides nothing", "%% x %% text\n- [ ] a", [2]),
    ("an open percent comment hides to the end", "- [ ] a\n%%\n- [ ] b", [1]),
    ("a percent comment in a paragraph hides nothing below", "text %% x\n- [ ] a", [2]),
    ("a percent comment hides within its item", "- a\n  %%\n  - [ ] b\n  %%\n  - [ ] c", [5]),
    ("a percent comment ends a quote", "> a\n%%\n- [ ] b\n%%\n- [ ] c", [5]),
    ("a percent comment in a quote hides there", "> %%\n> - [ ] a\n> %%\n> - [ ] b", [4]),
    ("percent signs in a fence are code", "```mermaid\n%% x\n```\n- [ ] a", [4]),
    ("a fence in a percent comment is comment", "%%\n```\n%%\n- [ ] a", [4]),
    ("a formula hides", "$$\n- [ ] a\n$$\n- [ ] b\n$$ x $$\n- [ ] c", [4, 6]),
    ("an open formula hides to the end", "- [ ] a\n$$ x\n- [ ] b", [1]),
    ("a single dollar is text", "$ 5\n- [ ] a", [2]),
    ("frontmatter hides", "---\na: |\n  - [ ] b\n---\n- [ ] c", [5]),
    ("frontmatter is found behind a BOM", "\ufeff---\na:\n- [ ] b\n---\n- [ ] c", [5]),
    ("frontmatter isn't a heading's underline", "---\n2. [ ] a\n---\n2. [ ] b", [4]),
    ("an unclosed frontmatter is a rule", "---\n- [ ] a", [2]),
    ("frontmatter begins on the first line only", "\n---\n- [ ] a\n---", [3]),
]

LINE_ENDS = [
    ("CRLF", "\r\n"),
    ("CR", "\r"),
    ("LF", "\n"),
]


@pytest.mark.parametrize(("text", "lines"), [pytest.param(*case, id=name) for name, *case in FOUND + HIDDEN])
def test_task_lines_of(text: str, lines: list[int]) -> None:
    assert find_task_lines(text) == TaskLines(tuple(lines), None)


@pytest.mark.parametrize("end", [pytest.param(end, id=f"lines end in {name}") for name, end in LINE_ENDS])
def test_line_numbers_are_the_same_whatever_the_line_end(end: str) -> None:
    text = "---\na: 1\n---\n\n- [ ] b\n```\n- [ ] c\n```\ntext\n\n- [x]\n"
    assert find_task_lines(text.replace("\n", end)).lines == (5, 11)


def test_mixed_line_ends_are_counted_one_by_one() -> None:
    assert find_task_lines("a\r\n\r- [ ] b\n\r- [ ] c\r\n").lines == (3, 5)


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c", "\x00"])
def test_an_odd_separator_is_no_line_end(odd: str) -> None:
    assert find_task_lines(f"text{odd}- [ ] a\n\n- [ ] b{odd}- [ ] c\n- [ ] d").lines == (3, 4)


def test_a_bom_counts_as_nothing() -> None:
    assert find_task_lines("\ufeff- [ ] a").lines == (1,)


def test_an_indentation_of_zero_width_spaces_is_text() -> None:
    assert find_task_lines("\u200b- [ ] a").lines == ()


@pytest.mark.parametrize("text", [f"{SENTINEL}", f"- [ ] {SENTINEL}1", f"- [ ]{SENTINEL}7 a\n- [ ] b"])
def test_a_note_with_the_sentinel_is_a_problem(text: str) -> None:
    assert find_task_lines(text) == TaskLines((), "the note holds U+10FA5E, which vaultsync needs for itself", 1)


DEEP: list[tuple[str, Callable[[int], str]]] = [
    ("lists", lambda depth: "\n".join(f"{'  ' * level}- [ ] a" for level in range(depth))),
    ("quotes", lambda depth: f"{'> ' * (depth - 1)}- [ ] a"),
    ("quotes without blanks", lambda depth: f"{'>' * (depth - 1)} - [ ] a"),
    ("markers on a line", lambda depth: f"{'- ' * (depth - 1)}- [ ] a"),
]


@pytest.mark.parametrize("nested", [pytest.param(nested, id=f"{name} in each other") for name, nested in DEEP])
def test_nesting_is_read_up_to_the_cap_and_a_problem_beyond(nested: Callable[[int], str]) -> None:
    within = find_task_lines(nested(30), nesting=30)
    assert within.problem is None
    assert within.lines[-1] == len(split_lines(nested(30)))
    beyond = find_task_lines(nested(31), nesting=30)
    what = "lists and quotes stand more than 30 deep in each other; `limits.nesting` raises the limit"
    assert beyond == TaskLines((), what, len(split_lines(nested(31))))


def test_a_hundred_levels_are_read_by_default() -> None:
    assert find_task_lines(DEEP[0][1](100)).lines == tuple(range(1, 101))


def test_nesting_beyond_what_python_can_recurse_is_a_problem() -> None:
    deep = find_task_lines(f"{'> ' * 5000}- [ ] a", nesting=10_000)
    assert (deep.lines, deep.problem is not None) == ((), True)


PATHOLOGICAL = [
    ("a quote and a list by turns recurse no deeper", "> a\n- b\n" * 500, None),
    ("items and quotes within each other by turns", "- > b\n> - c\n" * 500, None),
    ("a hundred thousand brackets", "[" * 100_000 + "\n", None),
    ("a hundred thousand boxes in a line", "[ ] " * 100_000 + "\n", None),
    ("a hundred thousand quote marks", ">" * 100_000 + "- [ ] a\n", "deep"),
    ("many list markers", "+ " * 20_000 + "[ ] a\n", "deep"),
    ("references in quotes", "[a]: x\n\n> [b]: y\n" * 2000, None),
    ("a heading of blanks", "#" + " " * 32_000 + "x" + " " * 32_000 + "y\n", None),
    ("a long paragraph", "text\n" * 100_000, None),
    ("a long line of digits", "9" * 100_000 + "\n", None),
    ("many closed comments", "%% a\n" * 20_000, None),
]


@pytest.mark.parametrize(("text", "problem"), [pytest.param(*case, id=name) for name, *case in PATHOLOGICAL])
def test_a_pathological_note_is_read_or_a_problem(text: str, problem: str | None) -> None:
    found = find_task_lines(text + "\n- [ ] end\n")
    if problem:
        assert found.lines == ()
        assert problem in str(found.problem)
    else:
        assert found == TaskLines((text.count("\n") + 2,), None)


MARKED = "%% vaultsync:begin 1-ab12 %%"


def test_what_stands_in_the_skipped_lines_is_no_task_and_hides_nothing() -> None:
    text = f"- [ ] a\n\n{MARKED}\n```\n%%\n<!--\n- [ ] row\n%% vaultsync:end %%\n\n- [ ] b"
    assert find_task_lines(text).lines == (1,)
    assert find_task_lines(text, skip=(3, 8)).lines == (1, 10)


def test_the_skipped_lines_may_reach_past_the_end() -> None:
    assert find_task_lines("- [ ] a\n- [ ] b\n- [ ] c", skip=(2, 9)).lines == (1,)


REGIONS = [
    ("none", "text\n", Regions(None, None, None, None)),
    ("one", f"a\n{MARKED}\nrow\n%% vaultsync:end %%\n", Regions(2, 4, "1-ab12", None)),
    ("one with blanks behind its markers", f"{MARKED} \t\r\n%% vaultsync:end %%  \r\n", Regions(1, 2, "1-ab12", None)),
    ("one behind a BOM", f"\ufeff{MARKED}\n%% vaultsync:end %%", Regions(1, 2, "1-ab12", None)),
    ("a layout of two words", "%% vaultsync:begin 1 ab %%\n%% vaultsync:end %%", Regions(1, 2, "1 ab", None)),
    ("words about the markers in a line", f"see `{MARKED}`, vaultsync:end\n", Regions(None, None, None, None)),
    ("a fence within", f"{MARKED}\n```\n%% vaultsync:end %%", Regions(1, 3, "1-ab12", None)),
]


@pytest.mark.parametrize(("text", "regions"), [pytest.param(*case, id=name) for name, *case in REGIONS])
def test_regions_found(text: str, regions: Regions) -> None:
    assert find_regions(split_lines(text)) == regions


DAMAGED = [
    ("begin without end", f"{MARKED}\n", "no end marker"),
    ("end without begin", "%% vaultsync:end %%\n", "no begin marker"),
    ("two begins", f"{MARKED}\n{MARKED}\n%% vaultsync:end %%", "second begin marker on line 2"),
    ("two ends", f"{MARKED}\n%% vaultsync:end %%\n%% vaultsync:end %%", "second end marker on line 3"),
    ("end above begin", f"%% vaultsync:end %%\n{MARKED}", "above the begin marker"),
    ("a truncated marker", "a\n%% vaultsync:begin\n%% vaultsync:end %%", "line 2 looks like"),
    ("a marker without layout", "%% vaultsync:begin %%\n%% vaultsync:end %%", "line 1 looks like"),
    ("a marker with text behind it", f"{MARKED}\n%% vaultsync:end %% x", "line 2 looks like"),
    ("an indented marker", f"  {MARKED}\n%% vaultsync:end %%", "line 1 looks like"),
    ("a quoted marker", f"> {MARKED}\n%% vaultsync:end %%", "line 1 looks like"),
    ("a marker that lost its percent signs", f"{MARKED}\nvaultsync:end %%", "line 2 looks like"),
    ("a marker in capitals", f"{MARKED}\n%% Vaultsync:End %%", "line 2 looks like"),
    ("a git conflict", f"{MARKED}\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n%% vaultsync:end %%", "from line 2"),
]


@pytest.mark.parametrize(("text", "damage"), [pytest.param(*case, id=name) for name, *case in DAMAGED])
def test_a_damaged_region_is_told(text: str, damage: str) -> None:
    assert damage in str(find_regions(split_lines(text)).damage)


CONFLICTS = [
    ("the three markers", "a\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> other\n", 2),
    ("the four of diff3", "<<<<<<< HEAD\nx\n||||||| base\n=======\ny\n>>>>>>> other", 1),
    ("with CRLF", "<<<<<<< HEAD\r\n=======\r\n>>>>>>> b\r\n", 1),
    ("only the nearest opening counts", "<<<<<<< a\n<<<<<<< b\n=======\n>>>>>>> c", 2),
    ("an underlined heading is none", "Title\n=======\n", None),
    ("an opening alone is none", "<<<<<<< HEAD\ntext\n", None),
    ("the wrong order is none", ">>>>>>> b\n=======\n<<<<<<< a\n", None),
    ("eight signs are none", "<<<<<<<< a\n=======\n>>>>>>> b\n", None),
    ("within a line are none", "x <<<<<<< a\n=======\n>>>>>>> b\n", None),
]


@pytest.mark.parametrize(("text", "line"), [pytest.param(*case, id=name) for name, *case in CONFLICTS])
def test_git_conflict_markers(text: str, line: int | None) -> None:
    assert has_conflict_markers(split_lines(text)) == line
