"""Decides which lines of a note are list items with a box, as Obsidian's own cache would list them, by mistune's AST.

What the box and the text after it mean is left to the tasks room.

mistune's AST knows no positions. So each line that could be a task carries its own number into the parse, behind a
code point that no note uses; the AST says what is a task, the number says where (docs/adr/0002-mistune-sentinel.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from mistune.block_parser import BlockParser
from mistune.core import BlockState
from mistune.helpers import BLOCK_TAGS, PRE_TAGS

from vaultsync.markdown import frontmatter
from vaultsync.markdown.textlines import count_ends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SENTINEL = "\U0010fa5e"

# A blank or the line's end must follow the box.
_BOX = re.compile(r"\[[^\r\n]\](?=[ \t\r\n]|\Z)")
# Quote marks and list markers, a list marker directly before the box. Possessive, so that a long run costs one pass.
_BEFORE_BOX = re.compile(r"[ \t]*+(?:(?:>[ \t]*+)*(?:[-+*]|[0-9]{1,9}+[.)])[ \t]++)+")
# Obsidian reads a numbered item straight after the box as a list inside the item, which then is no task.
_TASK = re.compile(rf"\[.\]{SENTINEL}(?P<line>[0-9]++)(?![ \t]+[0-9]{{1,9}}[.)](?:[ \t]|$))", re.MULTILINE)
_TAG = re.compile(rf"{SENTINEL}([0-9]++)")
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_HIDES = re.compile(r"```|~~~|%%|\$\$|<")  # or may, were it at the start of a block
_LEADING_TABS = re.compile(r"^[ >*+\-0-9.)]*+\t[ \t>*+\-0-9.)]*+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TaskLines:
    """The lines (from 1, ascending) that are list items with a box; with a `problem` there are none."""

    lines: tuple[int, ...]
    problem: str | None
    problem_at: int | None = None  # the line where it is, if that is known


def find_task_lines(text: str, nesting: int = 100, *, skip: tuple[int, int] | None = None) -> TaskLines:
    """Find the task lines of a note, BOM, frontmatter and all.

    `nesting` bounds how deep lists and quotes may stand in each other. `skip` is a range of lines (from 1, both ends
    included) that is read as if blank: nothing in it is a task, and nothing in it hides what follows.

    `problem` is set, and nothing found, when the note is nested too deeply or holds the code point of `SENTINEL`.
    Whatever the text, nothing is raised.
    """
    if SENTINEL in text:
        what = f"the note holds U+{ord(SENTINEL):X}, which vaultsync needs for itself"
        return TaskLines((), what, count_ends(text[: text.index(SENTINEL)]) + 1)
    if not _BOX.search(text):
        return TaskLines((), None)
    source = _tagged(_parsable(text, skip))
    if not source:
        return TaskLines((), None)
    try:
        found = chain.from_iterable(_read(section, nesting) for section in _sections(source))
        return TaskLines(tuple(sorted(found)), None)
    except _TooDeepError as error:
        what = f"lists and quotes stand more than {nesting} deep in each other; `limits.nesting` raises the limit"
        return TaskLines((), what, error.line)
    except RecursionError:
        return TaskLines((), "lists and quotes stand deeper in each other than can be followed")


def _parsable(text: str, skip: tuple[int, int] | None) -> str:
    """Keep the number of lines, and nothing that Obsidian wouldn't take for Markdown."""
    source = text.removeprefix("\ufeff")
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    if matter := frontmatter.find(source):
        source = _blanked(source, matter.first, matter.last)
    if skip:
        source = _blanked(source, *skip)
    if "\t" in source:
        # CommonMark counts a tab's columns from the line's start, mistune from the container's.
        source = _LEADING_TABS.sub(lambda run: run[0].expandtabs(4), source)
    return source


def _blanked(source: str, first: int, last: int) -> str:
    lines = source.split("\n", last)
    blank = [""] * (min(last, len(lines)) - first + 1)
    return "\n".join([*lines[: first - 1], *blank, *lines[last:]])


def _tagged(source: str) -> str:
    """Write its number behind each candidate's box, and cut after the last candidate's line.

    No later line can change whether an earlier one is a task.
    """
    pieces: list[str] = []
    done = 0  # everything before it is in `pieces`
    line = 1  # the number of the line on which `done` stands
    at = 0
    while box := _BOX.search(source, at):
        start = source.rfind("\n", at, box.start()) + 1 or at
        if _BEFORE_BOX.fullmatch(source, start, box.start()):
            line += source.count("\n", done, start)
            pieces.append(f"{source[done : box.end()]}{SENTINEL}{line}")
            done = box.end()
        # Only the first box of a line can follow its marker.
        at = _next_line(source, box.end())
    if not pieces:
        return ""
    pieces.append(source[done : _next_line(source, done)].removesuffix("\n"))
    return "".join(pieces) + "\n"


def _next_line(source: str, position: int) -> int:
    return source.find("\n", position) + 1 or len(source)


def _sections(source: str) -> Iterator[str]:
    """Yield the sections that hold candidates.

    A heading ends every list, quote and paragraph, so that each section is parsed by itself: of a long note, little.
    Where a fence or the like may hide headings, the whole is one section.
    """
    if _HIDES.search(source):
        yield source
        return
    end = 0
    while (candidate := source.find(SENTINEL, end)) >= 0:
        start = max((heading.start() for heading in _HEADING.finditer(source, end, candidate)), default=end)
        heading = _HEADING.search(source, candidate)
        end = heading.start() if heading else len(source)
        yield source[start:end]


def _read(section: str, nesting: int) -> Iterator[int]:
    state = _State()
    state.process(section)
    _blocks(nesting).parse(state)
    unread: list[Sequence[dict[str, Any]]] = [state.tokens]
    while unread:
        for token in unread.pop():
            children = token.get("children")
            if not children:
                continue
            unread.append(children)
            # The first child has a text as a paragraph, and as a heading where a half-typed "-" below underlines it.
            if token["type"] == "list_item" and (task := _TASK.match(children[0].get("text", ""))):
                yield int(task["line"])


@cache  # a parser compiles its rules once and keeps nothing of what it parsed
def _blocks(nesting: int) -> _Blocks:
    return _Blocks(nesting)


class _TooDeepError(Exception):
    """Lists and quotes stand deeper in each other than asked for; mistune itself would drop what is below."""

    def __init__(self, source: str) -> None:
        """Keep the number of the first candidate that stands so deep."""
        super().__init__()
        found = _TAG.search(source)
        self.line = int(found[1]) if found else None


class _State(BlockState):
    """A paragraph keeps its first lines only: a box can stand nowhere else, and growing the text is quadratic."""

    def add_paragraph(self, text: str) -> None:
        if not self._in_paragraph():
            self.append_token({"type": "paragraph", "text": text})

    def append_paragraph(self) -> int | None:
        return self.find_line_end() if self._in_paragraph() else None

    def _in_paragraph(self) -> bool:
        return bool(self.tokens) and self.tokens[-1]["type"] == "paragraph"


# The first character of no block but a paragraph, for whole runs of lines at a time.
_PLAIN = re.compile(r"(?:[^ \t\v\f\n#=\-_*+>`~$%<0-9][^\n]*+\n)+")
_QUOTE = re.compile(r" {0,3}> ?([^\n]*\n?)")
# A lazy line continues the paragraph in the quote and can't begin anything there, however it looks.
_LAZY = "\\\n"
# Without `ref_link`, which is super-quadratic and begins no block that could hold a task. Blank lines come first, so
# that one of five blanks is no code.
_RULES = [
    "blank_line",
    "fenced_code",
    "indent_code",
    "atx_heading",
    "setex_heading",
    "thematic_break",
    "block_quote",
    "list",
    "raw_html",
]
# A quote has lazy lines only where a paragraph is open: not where it begins like this, nor after a line like that.
_NEEDS_MARKS = ["indent_code", "fenced_code", "block_html"]
_NO_PARAGRAPH = ["blank_line", "fenced_code", "block_html", "atx_heading", "thematic_break"]
_QUOTE_ENDS = ["blank_line", "thematic_break", "fenced_code", "atx_heading", "list", "block_html"]


class _Blocks(BlockParser):
    """mistune's block rules, less what is slow or wrong in them, plus the two blocks that only Obsidian knows."""

    SPECIFICATION: ClassVar[dict[str, str]] = {
        # mistune narrows " {0,3}" after a list marker, and then loses what is indented less than the item's text is;
        # spelt differently, the patterns are left alone.
        **{name: rule.replace(" {0,3}", "[ ]{0,3}") for name, rule in BlockParser.SPECIFICATION.items()},
        # Obsidian's comments and formulas hide whatever begins a block, as a fence does, and may interrupt whatever a
        # fence may; the rule's name is what mistune's list parser goes by. With text after its end on the same line
        # such a comment or formula is part of a paragraph.
        "fenced_code": (
            r"^(?P<fenced_1>[ ]{0,3})(?P<fenced_2>`{3,}+(?=[^`\n]*$)|~{3,}"
            r"|%%(?!(?:(?!%%)[^\n])*%%[ \t]*+[^ \t\n])|\$\$(?!(?:(?!\$\$)[^\n])*\$\$[ \t]*+[^ \t\n]))"
            r"[ \t]*(?P<fenced_3>.*?)$"
        ),
        # What ends a list item or a quote; mistune misses `<div>` there, for want of a blank after the name.
        "block_html": (
            rf"^[ ]{{0,3}}(?:(?i:</?(?:{'|'.join(BLOCK_TAGS)})|<(?:{'|'.join(PRE_TAGS)}))(?=[ \t]|/?>|$)"
            r"|<!--|<\?|<![A-Z]|<!\[CDATA\[)"
        ),
        # Line by line; blank lines are another rule's.
        "indent_code": r"^(?: {4}| *\t)",
    }

    def __init__(self, nesting: int) -> None:
        # mistune's own limit is never reached: `parse` refuses first.
        super().__init__(block_quote_rules=_RULES, list_rules=_RULES, max_nested_level=nesting + 2)
        self.nesting = nesting

    def parse(self, state: BlockState, rules: list[str] | None = None) -> None:
        if state.depth() > self.nesting:
            raise _TooDeepError(state.src)
        match = self.compile_sc(rules or _RULES).match
        while state.cursor < state.cursor_max:
            if plain := _PLAIN.match(state.src, state.cursor):
                end = plain.end()
            elif (block := match(state.src, state.cursor)) and (after := self.parse_method(block, state)):
                state.cursor = after
                continue
            else:
                end = state.find_line_end()
            state.add_paragraph(state.get_text(end))
            state.cursor = end

    def parse_indent_code(self, _m: re.Match[str], state: BlockState) -> int:
        if not state.append_paragraph():
            state.append_token({"type": "block_code"})
        return state.find_line_end()

    def parse_atx_heading(self, _m: re.Match[str], state: BlockState) -> int:
        # Its text is never looked at, and trimming it is quadratic in mistune.
        state.append_token({"type": "heading"})
        return state.find_line_end()

    def parse_fenced_code(self, m: re.Match[str], state: BlockState) -> int | None:
        fence = m["fenced_2"]
        if fence not in {"%%", "$$"}:
            return super().parse_fenced_code(m, state)
        state.append_token({"type": "block_code"})
        close = state.src.find(fence, m.end("fenced_2"))
        return state.cursor_max if close < 0 else state.find_line_end_at(close)

    def parse_block_quote(self, _m: re.Match[str], state: BlockState) -> int:
        # The token comes before its content, because it ends the paragraph above: mistune would else give a following
        # "2. item" to that paragraph.
        quote: dict[str, Any] = {"type": "block_quote", "children": []}
        state.append_token(quote)
        child = state.child_state(self._quoted(state))
        self.parse(child, self.block_quote_rules)
        quote["children"] = child.tokens
        return state.cursor

    def _quoted(self, state: BlockState) -> str:
        """Collect a quote's lines and stop where it ends.

        mistune parses there what comes next, and recurses once for each change from quote to list and back.
        """
        ends = self.compile_sc(_QUOTE_ENDS).match
        needs_marks = self.compile_sc(_NEEDS_MARKS).match
        no_paragraph = self.compile_sc(_NO_PARAGRAPH).match
        lines: list[str] = []
        while state.cursor < state.cursor_max:
            line = state.get_line(state.cursor)
            if quoted := _QUOTE.match(line):
                lines.append(quoted[1])
            elif needs_marks(lines[0]) or no_paragraph(lines[-1]) or ends(state.src, state.cursor):
                break
            else:
                lines.append(_LAZY)
            state.cursor += len(line)
        return "".join(lines)
