"""Laws of the frontmatter's editor: what is set reads back, and nothing else changes."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from vaultsync.markdown.frontmatter import Scalar, find, properties, set_properties
from vaultsync.markdown.textlines import split_lines

TRICKY = st.sampled_from(
    [
        "Yes",
        "no",
        "null",
        "~",
        "on",
        "y",
        "2025-01-01",
        "1e3",
        "0x1f",
        "1_000",
        ".inf",
        "=",
        "<<",
        "a: b",
        "a #b",
        "#x",
        "[x",
        "{x",
        "- a",
        "? a",
        "'",
        '"',
        "\\",
        "@a",
        "%x",
        "!t",
        "&a",
        "*a",
        "",
        "> a",
        "---",
        "...",
    ]
)
TEXTS = st.one_of(st.text(alphabet=st.characters(exclude_categories=["Cs"])), TRICKY)
SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    TEXTS, st.booleans(), st.integers(-(2**127), 2**127), st.dates(), TEXTS.map(lambda text: f" {text}")
)
KEYS = st.one_of(st.sampled_from(["person", "tasks open", "vaultsync"]), TEXTS)
LINES = st.sampled_from(
    [
        "a: 1",
        "b: 'x' # c",
        "person: Ada",
        "vaultsync: index",
        "# note",
        "",
        "tags:\n  - x",
        "c: |\n  t\n\n  u",
        "d: [x]",
        "e:",
    ]
)
BLOCKS = st.lists(LINES, unique=True).map(lambda lines: "".join(f"{line}\n" for line in lines))
NOTES = st.tuples(st.sampled_from(["", "\ufeff"]), BLOCKS, st.sampled_from(["", "text", "# h\n- [ ] a\n"])).map(
    lambda parts: f"{parts[0]}---\n{parts[1]}---\n{parts[2]}"
)
BARE = st.tuples(st.sampled_from(["", "\ufeff"]), st.sampled_from(["", "text", "# h\n- [ ] a\n", "---\n"])).map("".join)


def shown(text: str) -> dict[str, object]:
    matter = find(text)
    assert matter is not None
    values = yaml.safe_load(matter.raw)
    return values if isinstance(values, dict) else {}


@given(st.one_of(NOTES, BARE), st.dictionaries(KEYS, SCALARS, max_size=3, min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_what_is_set_reads_back_and_the_rest_is_as_before(text: str, changes: dict[str, Scalar], end: str) -> None:
    text = text.replace("\n", end)
    before = shown(text) if find(text) else {}
    after = set_properties(text, changes)
    assert repr(shown(after)) == repr({**before, **changes})
    assert set_properties(after, changes) == after
    matter, previous = find(after), find(text)
    assert matter is not None
    body = "".join(split_lines(text)[previous.last - 1 :]) if previous else text.removeprefix("\ufeff")
    assert after.endswith(body)
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    touched = re.compile("|".join(re.escape(key) for key in changes))
    kept = [line for line in (previous.raw if previous else "").split("\n") if not touched.match(line)]
    assert [line for line in matter.raw.split("\n") if line in kept][: len(kept)] == kept


@given(NOTES, st.sampled_from(["a", "b", "person", "vaultsync", "d", "e", "none"]))
def test_a_removed_key_takes_only_its_line(text: str, key: str) -> None:
    after = set_properties(text, {key: None})
    kept = [line for line in text.split("\n") if not line.startswith(f"{key}:")]
    assert after == "\n".join(kept)


@given(NOTES, st.dictionaries(KEYS, SCALARS, max_size=3))
def test_set_and_removed_again_is_the_note_as_it_was(text: str, changes: dict[str, Scalar]) -> None:
    assume(not set(changes) & set(shown(text)))
    assert set_properties(set_properties(text, changes), dict.fromkeys(changes)) == text


YAML_NOISE = st.text(alphabet=st.sampled_from("ab:-?[]{}&*!|>'\"%@`#,~=<.0123456789 \n\r\t\\\u0085\u2028\ufeff\x00"))


@given(st.one_of(YAML_NOISE, st.text()))
def test_every_frontmatter_is_read_or_a_problem(raw: str) -> None:
    values, problem = properties(raw)
    assert not (values and problem)
    assert all(isinstance(key, str) for key in values)


@given(st.one_of(YAML_NOISE, st.text()), st.dictionaries(KEYS, st.one_of(st.none(), SCALARS), max_size=2))
def test_every_note_is_changed_as_asked_or_refused(raw: str, changes: dict[str, Scalar | None]) -> None:
    text = f"---\n{raw}\n---\nbody"
    try:
        after = set_properties(text, changes)
    except ValueError:
        return
    matter = find(after)
    assert matter is not None or after == text
    values, problem = properties(matter.raw if matter else "")
    wanted = {key: value for key, value in changes.items() if value is not None}
    assert problem is None or after == text
    assert not changes or wanted.items() <= values.items() or after == text
    assert not set(values) & (set(changes) - set(wanted))


TAME_PIECES = st.sampled_from(
    [
        *"ab1:,-[]\"'#. \n()/@+_\r&?%=~$é–’",
        *("a: ", "\nb:", "- ", "? ", "[x, y]", '"q"', "'s'", "\n  ", " # c", '"[[Ana]]"', "Q&A", "---", "..."),
        *("2025-01-01", "2025-13-45", "12:30", "1_000", "0x1f", "1e3", ".inf", "true", "no", "null"),
        *("!", "&a ", "*a", "{", "}", "\\", "\t", "|", ">", "\u2028", "\ufeff"),
    ]
)


def safely_loaded(raw: str) -> tuple[Any, str | None]:
    try:
        return yaml.safe_load(raw), None
    except (yaml.YAMLError, ValueError) as error:
        return None, " ".join(str(error).split())


@settings(max_examples=1000)
@example("a: !")
@example("a: [" * 100 + "]" * 100)
@given(st.one_of(st.lists(TAME_PIECES, max_size=12), st.lists(TAME_PIECES, max_size=300)).map("".join))
def test_what_libyaml_reads_is_what_pyyaml_reads(raw: str) -> None:
    found, problem = properties(raw)
    value, why = safely_loaded(raw)
    if why is not None:
        assert problem is not None
    elif problem is None:
        assert repr(found) == repr({str(key): item for key, item in (value or {}).items()})
    else:
        assert "digits" in problem.what or not isinstance(value, dict)


@pytest.mark.parametrize("opener", ["[", "- ", "? ", "{", "a:\n "])
def test_frontmatter_may_be_nested_as_deeply_as_anybody_likes(opener: str) -> None:
    assert properties(opener * 20_000)[1]


def test_what_is_too_deep_for_one_parser_is_too_deep_for_both() -> None:
    assert properties("[" * 900 + "]" * 900)[1] == ("frontmatter: nested too deeply", None)


def test_the_day_of_a_date_is_kept() -> None:
    assert shown(set_properties("", {"next": date(2025, 1, 1)})) == {"next": date(2025, 1, 1)}
