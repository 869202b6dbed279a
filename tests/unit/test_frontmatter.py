from __future__ import annotations

from datetime import date

import pytest

from vaultsync.markdown.frontmatter import Frontmatter, Scalar, find, properties, set_properties

PLACES = [
    ("the usual", "---\na: 1\n---\ntext", Frontmatter(1, 3, "a: 1\n")),
    ("empty", "---\n---", Frontmatter(1, 2, "")),
    ("CRLF", "---\r\na: 1\r\nb: 2\r\n---\r\ntext", Frontmatter(1, 4, "a: 1\r\nb: 2\r\n")),
    ("CR", "---\ra: 1\r---\rtext", Frontmatter(1, 3, "a: 1\r")),
    ("a BOM before it", "\ufeff---\na: 1\n---\n", Frontmatter(1, 3, "a: 1\n")),
    ("blanks behind its fences", "--- \na: 1\n---\t\n", Frontmatter(1, 3, "a: 1\n")),
    ("U+2028 within is no line", "---\na: b\u2028---\n---\n", Frontmatter(1, 3, "a: b\u2028---\n")),
    ("the first closing line counts", "---\na: 1\n---\n---\n", Frontmatter(1, 3, "a: 1\n")),
    ("not closed", "---\na: 1\n", None),
    ("not on the first line", "\n---\na: 1\n---\n", None),
    ("four dashes", "----\na: 1\n----\n", None),
    ("an indented fence", " ---\na: 1\n---\n", None),
    ("closed only by an indented fence", "---\na: 1\n ---\n", None),
    ("a rule", "---", None),
    ("no text", "", None),
]


@pytest.mark.parametrize(("text", "place"), [pytest.param(*case, id=name) for name, *case in PLACES])
def test_frontmatter_found(text: str, place: Frontmatter | None) -> None:
    assert find(text) == place


READ: list[tuple[str, str, dict[str, object]]] = [
    ("scalars and lists", "a: 1\nb: x y\nc: [d, e]\n", {"a": 1, "b": "x y", "c": ["d", "e"]}),
    ("a date", "due: 2026-01-13\n", {"due": date(2026, 1, 13)}),
    ("nothing", "", {}),
    ("comments only", "# nothing\n", {}),
    ("an empty value", "a:\n", {"a": None}),
    ("the last of a key twice", "a: 1\na: 2\n", {"a": 2}),
    ("a key that YAML takes for a number", "2024: a\n", {"2024": "a"}),
    ("an alias", "a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    ("block text", "a: |\n  b\n  c\n", {"a": "b\nc\n"}),
]


@pytest.mark.parametrize(("raw", "values"), [pytest.param(*case, id=name) for name, *case in READ])
def test_properties_of(raw: str, values: dict[str, object]) -> None:
    assert properties(raw) == (values, None)


def bomb() -> str:
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(levels)


UNREADABLE = [
    ("a list at the root", "- a\n", "not a list of properties"),
    ("a scalar at the root", "a\n", "not a list of properties"),
    ("broken YAML", "a: [1\n", "isn't closed"),
    ("a template's braces", "{{date}}\n", "where a key would stand"),
    ("a wikilink as a key", "[[x]]: 1\n", "where a key would stand"),
    ("no day of the calendar", "due: 2026-13-45\n", "found '2026-13-45'; expected a day of the calendar"),
    ("nesting", "[" * 2000, "nested too deeply"),
    ("a bomb of aliases", bomb(), "aliases multiply"),
    ("an alias within itself", "a: &a [*a]\n", "nested too deeply"),
    ("an integer of 5,000 digits", f"a: {'9' * 5000}\n", "digits"),
    ("a long hexadecimal integer", f"a: 0x{'f' * 5000}\n", "digits"),
    ("a long sexagesimal integer", f"a: 1{':59' * 5000}\n", "digits"),
    ("more than the limit", "a: " + "x" * 65_536, "longer than 65536 bytes"),
    ("a tag that builds objects", "a: !!python/object:os.system x\n", "an unknown tag"),
    ("a tag over the wrong value", "a: !!timestamp x\n", "found 'x'; expected a day"),
    ("a boolean's tag over text", "a: !!bool x\n", "found 'x'; expected true or false"),
    ("a control character", "a: \x01\n", "the character U+0001, "),
    ("half a surrogate pair", "a: \ud800\n", "the character U+D800, "),
    ("a second document", "a: 1\n--- \nb: 2\n", "a second document"),
]


@pytest.mark.parametrize(("raw", "problem"), [pytest.param(*case, id=name) for name, *case in UNREADABLE])
def test_a_problem_instead_of_properties_for(raw: str, problem: str) -> None:
    values, told = properties(raw)
    assert values == {}
    assert told is not None
    assert told.what.startswith("frontmatter: ")
    assert problem in told.what
    assert "\n" not in told.what


def test_the_limit_is_given_in_bytes() -> None:
    assert properties("a: é", limit_bytes=5) == ({"a": "é"}, None)
    assert properties("a: é", limit_bytes=4) == ({}, ("frontmatter: longer than 4 bytes", None))


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        pytest.param("a: 1\nb: c: d\n", 2, id="where it is found"),
        pytest.param("a: 1\nb: [1, 2\nc: 3\n", 3, id="behind a bracket, where something else stands"),
        pytest.param("a: 1\nb: [1, 2\n\n", 2, id="a bracket that is never closed, where it stands"),
        pytest.param("a: 1\nb: [\n\n", 2, id="a bracket with nothing behind it"),
        pytest.param('a: 1\r\nb: "1\r\nc: 2\r\n', 2, id="a quotation mark that is never closed, where it stands"),
        pytest.param("a: 1\nb: 2026-02-30\n", 2, id="a value that is not what it looks like"),
        pytest.param("a: '\u2028'\nb: 2026-02-30\n", 2, id="not where YAML alone sees a line's end"),
        pytest.param("a: 1\n\nb: \x01\n", 3, id="a character"),
        pytest.param("- a\n", None, id="no line where all of it is to blame"),
    ],
)
def test_a_problem_says_its_line(raw: str, line: int | None) -> None:
    _, told = properties(raw)
    assert told is not None
    assert told.line == line


CHANGES: list[tuple[str, str, dict[str, Scalar | None], str]] = [
    ("a value in place", "---\na: 1\nb: 2\n---\n", {"a": 3}, "---\na: 3\nb: 2\n---\n"),
    ("a value, its comment kept", "---\na:  1  # one\n---\n", {"a": 2}, "---\na:  2  # one\n---\n"),
    ("a quoted value", "---\na: 'x'\n'b': \"y\"\n---\n", {"b": "z"}, "---\na: 'x'\n'b': z\n---\n"),
    ("an empty value", "---\na:\nb: 1\n---\n", {"a": "x"}, "---\na: x\nb: 1\n---\n"),
    ("an empty value with a blank", "---\na: \n---\n", {"a": "x"}, "---\na: x \n---\n"),
    ("an empty value with a comment", "---\na: # c\n---\n", {"a": "x"}, "---\na: x # c\n---\n"),
    ("a list on one line", "---\na: [x, y]\n---\n", {"a": "z"}, "---\na: z\n---\n"),
    ("new keys in the order given", "---\na: 1\n---\nt", {"c": 1, "b": True}, "---\na: 1\nc: 1\nb: true\n---\nt"),
    ("a key into empty frontmatter", "---\n---\n", {"a": 1}, "---\na: 1\n---\n"),
    ("a key behind comments", "---\n# c\n---\n", {"a": 1}, "---\n# c\na: 1\n---\n"),
    ("a key behind block text", "---\na: |\n  x\n\n---\n", {"b": 1}, "---\na: |\n  x\n\nb: 1\n---\n"),
    ("a removed key", "---\na: 1 # c\nb: 2\n---\n", {"a": None}, "---\nb: 2\n---\n"),
    ("the only key removed", "---\na: 1\n---\n", {"a": None}, "---\n---\n"),
    ("a key that stands twice, the last", "---\na: 1\na: 2\n---\n", {"a": 3}, "---\na: 1\na: 3\n---\n"),
    ("a key that stands twice, removed", "---\na: 1\nb: 0\na: 2\n---\n", {"a": None}, "---\nb: 0\n---\n"),
    ("several at once", "---\na: 1\nb: 2\n---\n", {"b": None, "a": 0, "c": "x"}, "---\na: 0\nc: x\n---\n"),
    ("CRLF", "---\r\na: 1\r\n---\r\nt", {"a": 2, "b": 3}, "---\r\na: 2\r\nb: 3\r\n---\r\nt"),
    ("frontmatter made", "# t\r\n", {"a": 1}, "---\r\na: 1\r\n---\r\n# t\r\n"),
    ("frontmatter made behind a BOM", "\ufeff# t", {"a": 1}, "\ufeff---\na: 1\n---\n# t"),
    ("frontmatter made above a rule", "---\ntext\n", {"a": 1}, "---\na: 1\n---\n---\ntext\n"),
    ("frontmatter made in nothing", "", {"a": 1}, "---\na: 1\n---\n"),
    ("a date", "---\nnext: 2025-11-08\n---\n", {"next": date(2025, 11, 9)}, "---\nnext: 2025-11-09\n---\n"),
    ("a date's text for a date", "---\nn: 2025-11-08\n---\n", {"n": "2025-11-08"}, '---\nn: "2025-11-08"\n---\n'),
    ("a truth for a number", "---\na: 1\n---\n", {"a": True}, "---\na: true\n---\n"),
]


@pytest.mark.parametrize(("text", "changes", "after"), [pytest.param(*case, id=name) for name, *case in CHANGES])
def test_set_properties(text: str, changes: dict[str, Scalar | None], after: str) -> None:
    assert set_properties(text, changes) == after
    assert set_properties(after, changes) == after


UNCHANGED: list[tuple[str, str, dict[str, Scalar | None]]] = [
    ("the value is there in another writing", "---\na: 'x'\nb: 0x10\nc: yes\n---\n", {"a": "x", "b": 16, "c": True}),
    ("a missing key is removed", "---\na: 1\n---\n", {"b": None}),
    ("nothing is removed from a note without frontmatter", "text", {"a": None}),
    ("nothing is asked for", "text", {}),
]


@pytest.mark.parametrize(("text", "changes"), [pytest.param(*case, id=name) for name, *case in UNCHANGED])
def test_a_note_stays_when(text: str, changes: dict[str, Scalar | None]) -> None:
    assert set_properties(text, changes) == text


QUOTED = [
    ("Yes", '"Yes"'),
    ("null", '"null"'),
    ("n", '"n"'),
    ("2025-01-01", '"2025-01-01"'),
    ("1e3", '"1e3"'),
    ("0o17", '"0o17"'),
    ("a: b", '"a: b"'),
    ("#x", '"#x"'),
    ("a #b", '"a #b"'),
    ("[x", '"[x"'),
    ("[[Note]]", '"[[Note]]"'),
    ("@Ada", '"@Ada"'),
    ("&a", '"&a"'),
    ("- a", '"- a"'),
    ('say "x"', '"say \\"x\\""'),
    ("it's", '"it\'s"'),
    ("back\\slash", '"back\\\\slash"'),
    ("a\nb\t\u2028", '"a\\u000ab\\u0009\\u2028"'),
    ("", '""'),
    (" a ", '" a "'),
    ("📅", '"📅"'),
    ("Ada Quill", "Ada Quill"),
    ("Zoë (Ops)", "Zoë (Ops)"),
    ("Tasks/Ada.md", "Tasks/Ada.md"),
]


@pytest.mark.parametrize(("value", "written"), QUOTED)
def test_a_text_is_quoted_where_a_reader_could_doubt(value: str, written: str) -> None:
    assert set_properties("", {"a": value}) == f"---\na: {written}\n---\n"


REFUSED: list[tuple[str, str, dict[str, Scalar | None]]] = [
    ("broken YAML", "---\na: [1\n---\n", {"b": 1}),
    ("a list at the root", "---\n- a\n---\n", {"b": 1}),
    ("braces at the root", "---\n{a: 1}\n---\n", {"a": 2}),
    ("an indented root", "---\n  a: 1\n---\n", {"a": 2}),
    ("a new key beside an indented root", "---\n  a: 1\n---\n", {"b": 2}),
    ("block text replaced", "---\na: |\n  x\n---\n", {"a": "y"}),
    ("a list over several lines replaced", "---\na:\n  - x\n---\n", {"a": "y"}),
    ("a flow list over several lines replaced", "---\na: [x,\n  y]\n---\n", {"a": "y"}),
    ("a text over several lines removed", "---\na: x\n  y\n---\n", {"a": None}),
    ("an anchor replaced", "---\na: &x 1\nb: *x\n---\n", {"a": 2}),
    ("an alias replaced", "---\na: &x 1\nb: *x\n---\n", {"b": 2}),
    ("a tagged value replaced", "---\na: !!str 1\n---\n", {"a": 2}),
    ("an explicit key", "---\n? a\n: 1\n---\n", {"a": 2}),
    ("a document's end", "---\na: 1\n...\n---\n", {"b": 2}),
]


@pytest.mark.parametrize(("text", "changes"), [pytest.param(*case, id=name) for name, *case in REFUSED])
def test_an_unsafe_change_is_refused_for(text: str, changes: dict[str, Scalar | None]) -> None:
    with pytest.raises(ValueError, match=r"^frontmatter: "):
        set_properties(text, changes)


def test_a_multi_line_value_is_no_obstacle_to_other_keys() -> None:
    text = "---\na:\n  - x # c\nb: 1\nc: |\n  t\n---\n"
    assert set_properties(text, {"b": 2}) == text.replace("b: 1", "b: 2")
