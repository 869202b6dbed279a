"""What a text of one note looks like in another, piece by piece, and what an edit there means for the source."""

from __future__ import annotations

import pytest

from vaultsync.index.inert import render_tokens, tokens
from vaultsync.index.restore import restore


def shown(text: str, path: str = "Area/N.md") -> str:
    return " ".join(filter(None, render_tokens(tokens(text), path)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<% tp.x %>", r"<\% tp.x %\>"),
        ("%%%a", r"%\%\%a"),
        ("`= this.x` `$= y`", r"`\= this.x` `\$= y`"),
        ("<b> a < b <3", r"\<b> a < b <3"),
        (r"\<b> \\<b>", r"\<b> \\\<b>"),
        ("![[E]]", r"\![[E]]"),
        ("n[^1]", r"n\[^1]"),
        ("$$x$$ 5$", r"$\$x$\$ 5$"),
        ("[[#H|h]]", "[[Area/N#H|h]]"),
        ("[[#A b]]", "[[Area/N#A b|A b]]"),
        ("[a](./b.md) [a](../b.md) [a](#c)", "[a](Area/b.md) [a](b.md) [a](Area/N.md#c)"),
        ("[[x#^t-9k2f3a7b|y]]", r"[\[x#^t-9k2f3a7b|y]]"),
        ("[y](x.md#^t-9k2f3a7b)", r"[y]\(x.md#^t-9k2f3a7b)"),
        ("[[x#^theirs]]", "[[x#^theirs]]"),
        ("see ^abc", r"see \^abc"),
        ("see [[open", r"see [\[open"),
        ("1. x", r"1\. x"),
        ("- x - y", r"\- x - y"),
        ("well- x", "well- x"),
        ("✅ Done by 📅 2025-11-08", "✅ Done by 📅\ufe0e 2025-11-08"),
        ("[[📅 2025-11-08]]", "[[📅 2025-11-08]]"),
        ("[due:: 2025-11-08]", r"[due:\: 2025-11-08]"),
        ("a\u202eb \u2066 c", "ab c"),
        ("[x](obsidian://advanced-uri?eval=y)", r"[x]\(obsidian:\//advanced-uri?eval=y)"),
        ("[x](<JavaScript:y>) [x](file:///y)", r"[x](\<JavaScript:y>) [x]\(file:///y)"),
        (r"[x](js\:y) [x](js&colon;y)", r"[x]\(js\:y) [x]\(js&colon;y)"),
        ("Obsidian://open?vault=x", r"Obsidian:\//open?vault=x"),
        ("[x](https://y.z) [x](a:b.md) [x](mailto:a@b.c)", r"[x](https://y.z) [x](a:b.md) [x](mailto:a@b.c)"),
        ("to @\ufeffAna", r"to \@Ana"),
        ("to @Kim R\ufeffay", r"to \@Kim Ray"),
        ("plain *text*, `code` and https://x.y/z#a", "plain *text*, `code` and https://x.y/z#a"),
    ],
)
def test_what_would_act_elsewhere_is_shown_as_text(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param("See <b> now", r"See \<b> later", "See <b> later", id="a word changed"),
        pytest.param("See [[#A b]] now", "[[Area/N#A b|A b]] now", "[[#A b]] now", id="a word removed"),
        pytest.param(
            "See [[#A b]] now", "See [[Area/N#A c|A b]] now", "See [[Area/N#A c|A b]] now", id="a link changed"
        ),
        pytest.param(r"\<b> <b>", r"\<b> x \<b>", r"\<b> x <b>", id="alike only where it is shown"),
        pytest.param("a <b>", "<i> typed", "<i> typed", id="all of it typed"),
        pytest.param("![[E]] %%a%%", r"\![[E2]] %\%ab%\%", "![[E2]] %%ab%%", id="words changed within what is inert"),
        pytest.param("<b>x</b>", r"\<b>x y\</b>", "<b>x y</b>", id="a word added within what is inert"),
        pytest.param("![[E]] now", r"now \![[E]]", "now ![[E]]", id="a word moved"),
        pytest.param(r"\<b> <b>", r"\<i> \<i>", r"\<i> <i>", id="a backslash of the user's own"),
        pytest.param("<b>", r"C:\foo", r"C:\foo", id="a backslash typed in place of ours"),
        pytest.param("🔁\ufe0fa", "🔁\ufe0eb", "🔁\ufe0fb", id="a word behind an emoji"),
        pytest.param("<b>[[#A]]</b>", r"\<i>[[Area/N#A|A]]\</i>", "<i>[[#A]]</i>", id="around a link"),
        pytest.param("![[#A]]s", r"\![[Area/N#A|A]]x", "![[#A]]x", id="behind an embedded link"),
        pytest.param("<b>a\u202eb", r"\<b>abc", "<b>a\u202ebc", id="what nobody sees"),
    ],
)
def test_untouched_words_come_back_as_the_source_has_them(before: str, now: str, expected: str) -> None:
    assert " ".join(restore(now.split(), tokens(before), "Area/N.md")) == expected


def test_words_come_back_by_their_look_where_the_source_has_changed_since() -> None:
    source = tokens("See <b> and [[#A b]]")
    now = ["Read", r"\<b>", "and", "[[Area/N#A", "b|A", "b]]"]
    assert " ".join(restore(now, source, "Area/N.md")) == "Read <b> and [[#A b]]"
