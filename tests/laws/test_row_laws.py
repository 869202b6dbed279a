"""Laws of a row: it reads as the very task that it shows, whatever the source line holds; nothing in it is active."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.index import inert
from vaultsync.index.links import INVISIBLE, find_links, find_row_link, task_key
from vaultsync.index.restore import restore
from vaultsync.index.rows import RowValues, read_row, render_row, row_link, shown_values, source_tokens
from vaultsync.markdown.walker import find_task_lines
from vaultsync.model import Status, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import IndexRules, Rules
from vaultsync.tasks.signifiers import MOJIBAKE, SIGNIFIERS
from vaultsync.tasks.statuses import roles
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from vaultsync.model import TaskLine
    from vaultsync.tasks.text import TaskText

OWN = "t-9k2f3a7b"
ROSTER, _ = build_roster(
    [
        PersonSource("Ana Lee", ("ana", "Ana van Ham"), "People/Ana Lee.md", "note"),
        PersonSource("Bob", (), "People/Bob.md", "note"),
    ]
)
WORDS = [
    *(
        "Call",
        "the",
        "office",
        "日本",
        "é",
        "x.",
        "(now)",
        "and",
        "Rest",
        "van",
        "Ham",
        "Lee",
        "1.",
        "-",
        "#",
        ">",
        "[x]",
    ),
    *(
        "@Ana",
        "@ana",
        "@Ana Lee",
        "@Bob:",
        "@Bob",
        "@Carla",
        "@home",
        "@[[Ana Lee]]",
        "[[@Bob]]",
        "a@b.org",
        "@TBD",
        ",",
    ),
    *("#task", "#proposed", "#a/b", "#a\u202eb", "#x[y", "#t📅", "\u202e#q", "(#r)", "##", "#a`b", "#a=b", "#1"),
    *(
        "<%",
        "%>",
        "<% tp.file.title %>",
        "%%",
        "%%%",
        "%%a%%",
        "$$",
        "$$$",
        "$x$",
        "<div>",
        "<!--",
        "\\<b>",
        "\\\\<b>",
        "<",
    ),
    *("`= this.x`", "`$= dv.x`", "` =x`", "``= y``", "`", "=", "`a b`", "``", "$=", "`std::x`"),
    *("![[E]]", "\\![[E]]", "\\\\![[E]]", "!", "![i](h)", "[^1]", "^[n]", "^abc", f"^{OWN}", "^", "\u202e^abc"),
    *(
        "[[#H]]",
        "[[#H i|a b]]",
        "[[#^abc]]",
        f"[[x#^{OWN}]]",
        f"[[a #b#^{OWN}|↗]]",
        f"![[x#^{OWN}]]",
        "[[N|n]]",
        "[[x#^z]]",
    ),
    *("[[", "]]", "[[a", "b]]", "[", "]", "](", f"[a](x#^{OWN})", f"[a](<2 x#^{OWN}>)", "[a](./b.md)", "[a](<../b c>)"),
    *(
        "[a b](#c)",
        "[s #t](u)",
        "https://x.y/#z",
        "[due::",
        "2025-11-08]",
        "[",
        "due::",
        "due:: 2025-11-08]",
        "(due::",
        "::",
    ),
    *(
        "[priority:: high]",
        "(due:: 2025-01-02)",
        "📅",
        "2025-11-08",
        "📅 2025-13-01",
        "📅 2025-11-09",
        "⏫",
        "🔼\ufe0f",
        "✅",
    ),
    *(
        "⏫\ufe0e",
        "🔁 every day",
        "🔁",
        "every day",
        "(every day)",
        "🏁 delete",
        "🏁",
        "🆔 ab",
        "🆔",
        "⛔",
        "[[📅 2025-11-08]]",
    ),
    *(
        "\u202e",
        "\u2066x",
        "\x07",
        "\ufeff",
        "\u2028",
        "a\x85b",
        "\u200f",
        "\x0b",
        "\\",
        "\\\\",
        "|",
        "~~",
        "**",
        "_",
        "&lt;",
    ),
    *("↳", "TODO", *MOJIBAKE, *SIGNIFIERS),
]
PATHS = [
    "a.md",
    "Area/My Note.md",
    "x#y.md",
    "a|b.md",
    "%%.md",
    "[b].md",
    "q'\"`.md",
    "日 本/é.md",
    "$a$.md",
    "a:: b.md",
    " s .md",
    "50%20.md",
    "(p).md",
    "a\\b.md",
    "x.md.md",
    "<% a %>.md",
    "\u202eb.md",
    "📅 2025-11-08.md",
    "@Bob.md",
]
STATUSES = (Status(" ", "Todo", "TODO", "x"), Status("?", "Proposed", "TODO", " "))


def rules_of(tasks: TaskSettings, index: IndexRules, *, hidden: bool) -> Rules:
    return Rules(tasks, roles(tasks, registered=False, overrides={}), index, read_hidden_fields=hidden)


TASKS = st.builds(
    TaskSettings, format=st.sampled_from(["emoji", "dataview"]), global_filter=st.sampled_from(["", "#task"])
)
INDEX = st.builds(IndexRules, link_text=st.sampled_from(["↗", "date", "title"]), markdown_links=st.booleans())
RULES = st.builds(rules_of, TASKS, INDEX, hidden=st.booleans())
ANY_TEXT = st.text(st.characters(exclude_characters="\r\n\U0010fa5e", exclude_categories=["Cs"]), max_size=12)
TEXTS = st.lists(
    st.tuples(st.sampled_from(WORDS) | ANY_TEXT, st.sampled_from([" ", " ", " ", " ", "  ", ""])), max_size=9
).map(lambda pieces: "".join(word + gap for word, gap in pieces))


def source(text: str, rules: Rules) -> tuple[TaskLine, TaskText] | None:
    marked = f"- [?] {text} #task ^{OWN}" if rules.tasks.global_filter else f"- [?] {text} ^{OWN}"
    line = parse_line(marked, rules.tasks, hidden=rules.read_hidden_fields)
    return (line, read_text(line, ROSTER)) if line else None


def as_row(line: TaskLine, text: TaskText, path: str, rules: Rules) -> tuple[RowValues, str]:
    values = shown_values(line, text, path, rules)
    return values, render_row(values, line.recurrence, row_link(path, OWN, "2025-11-07", rules), rules)


@given(TEXTS, st.sampled_from(PATHS), RULES)
def test_a_row_reads_as_exactly_the_task_that_it_shows(text: str, path: str, rules: Rules) -> None:
    found = source(text, rules)
    if found is None:
        return
    values, row = as_row(*found, path, rules)
    read = read_row(row, found[0].recurrence, ROSTER, rules)
    assert read is not None
    assert replace(read, text=" ".join(read.text.split())) == replace(values, text=" ".join(values.text.split()))


@given(TEXTS, st.sampled_from(PATHS), RULES)
def test_a_row_is_one_line_with_one_link_and_nothing_active(text: str, path: str, rules: Rules) -> None:
    found = source(text, rules)
    if found is None:
        return
    _, row = as_row(*found, path, rules)
    link = find_row_link(row)
    assert link is not None
    assert task_key(link.path, link.block_id) == OWN
    assert link.path == path
    assert [other for other in find_links(row) if task_key(other.path, other.block_id) == OWN] == [link]
    assert not INVISIBLE.search(row)
    assert find_task_lines(f"{row}\n").lines == (1,)
    assert not re.search(
        r"<%|%>|%%|::|\$\$|`\s*\$?=|(?<!\\)(?:\\\\)*(?:<[A-Za-z/!?]|!\[|\[\^)",
        row.replace("due:: ", "").replace("priority:: ", ""),
    )
    in_prose = any(rules.tasks.global_filter in token.text for token in source_tokens(found[1]))
    assert not rules.tasks.global_filter or in_prose or parse_line(row, rules.tasks) is None


@given(TEXTS, st.sampled_from(PATHS))
def test_rendering_twice_is_rendering_once(text: str, path: str) -> None:
    once = " ".join(filter(None, inert.render_tokens(inert.tokens(text), path)))
    assert " ".join(inert.render_tokens(inert.tokens(once), path)) == once


@given(TEXTS, st.sampled_from(PATHS), RULES)
def test_an_untouched_row_restores_the_source_word_for_word(text: str, path: str, rules: Rules) -> None:
    found = source(text, rules)
    if found is None:
        return
    values, _ = as_row(*found, path, rules)
    shown = source_tokens(found[1])
    restored = " ".join(restore(values.prose, shown, path))
    visible = [token.text for token in shown if INVISIBLE.sub("", token.text)]
    assert restored == " ".join(visible)


@given(TEXTS, st.sampled_from(PATHS), RULES)
def test_a_word_typed_at_the_end_of_the_text_is_all_that_reaches_the_source(text: str, path: str, rules: Rules) -> None:
    found = source(f"Call {text}", rules)
    if found is None:
        return
    values, _ = as_row(*found, path, rules)
    shown = source_tokens(found[1])
    restored = restore([*values.prose, "typed"], shown, path)
    visible = [token.text for token in shown if INVISIBLE.sub("", token.text)]
    assert " ".join(restored) == " ".join([*visible, "typed"])


@given(TEXTS, st.sampled_from(PATHS), RULES, st.integers(0, 50), st.sampled_from(["q", "Quux", "the"]))
def test_letters_changed_within_a_word_are_all_that_reaches_the_source(
    text: str, path: str, rules: Rules, which: int, letters: str
) -> None:
    found = source(text, rules)
    tokens = source_tokens(found[1]) if found else []
    runs = [(at, match) for at, token in enumerate(tokens) for match in re.finditer("[A-Za-z]+", token.text)]
    if not runs:
        return
    at, old = runs[which % len(runs)]
    edited = inert.Token(f"{old.string[: old.start()]}{letters}{old.string[old.end() :]}", tokens[at].quiet)
    changed = [*tokens[:at], edited, *tokens[at + 1 :]]
    before, after = inert.render_tokens(tokens, path), inert.render_tokens(changed, path)
    shown = [f"{before[at][: m.start()]}{letters}{before[at][m.end() :]}" for m in re.finditer(old[0], before[at])]
    if inert.LED_WITHIN.search(edited.text) or after[at] not in shown or before[at + 1 :] != after[at + 1 :]:
        return  # the change has made something active, or no more so
    typed = " ".join(after).split()
    # What nobody sees may go with the letter that it stood at.
    restored = INVISIBLE.sub("", " ".join(restore(typed, tokens, path)))
    assert restored.split() == INVISIBLE.sub("", " ".join(token.text for token in changed)).split()


@pytest.mark.parametrize("piece", ["[[", "`", "[", "](", "\\", "%", "$", "@A: ", "[[#^a", "`=", "📅 ", "::", "<", "a "])
def test_a_text_of_ten_thousand_characters_reads_back(piece: str) -> None:
    rules = rules_of(TaskSettings(), IndexRules(), hidden=True)
    found = source("Call " + piece * (10_000 // len(piece)) + " b", rules)
    assert found is not None
    values, row = as_row(*found, "a.md", rules)
    read = read_row(row, None, ROSTER, rules)
    assert read is not None
    assert read.prose == values.prose
    assert restore([*values.prose, "x"], source_tokens(found[1]), "a.md")[-1] == "x"
