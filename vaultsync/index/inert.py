"""Make a task's text safe to stand in another note.

What would be active or broken elsewhere (templates, queries, HTML, embeds, comments, formulas, local links, footnotes,
block structure; tags, mentions and fields that are none in the source) is rendered inert; the source keeps what it has.
To render twice is to render once. Which words a row shows is `rows`' business, what an edit there means for the source
`restore`'s.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.index.links import INVISIBLE, OWN_ID, quoted, render_anchored
from vaultsync.tasks.signifiers import MOJIBAKE, NOT_IN_TAG, SIGNIFIERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WIKILINK = r"\[\[[^\[\]\r\n]*\]\]"
# A link or a code span is one token even where it holds blanks, since rendering looks at it whole.
_TOKEN = re.compile(rf"(?:`[^`\r\n]*`|{_WIKILINK}|\[[^\[\]\r\n]*\]\([^()\r\n]*\)|\S)+")
_LOCAL_WIKILINK = re.compile(r"\[\[(?P<anchor>#[^\[\]|]*)(?:\|(?P<alias>[^\[\]|]*))?\]\]")
_OWN_WIKILINK = re.compile(r"\[(?P<rest>\[[^\[\]|]*#\^(?P<id>[A-Za-z0-9-]+)(?:\|[^\[\]|]*)?\]\])")
_OWN_MARKDOWN_LINK = re.compile(r"\](?P<rest>\([^()\r\n]*#\^(?P<id>[A-Za-z0-9-]+)>?\))")
_RELATIVE_LINK = re.compile(r"\]\((?P<target>(?:\.{1,2}/|#)[^()\s]*)\)")
LED_WITHIN = re.compile(rf"{_LOCAL_WIKILINK.pattern}|{_RELATIVE_LINK.pattern}")  # what leads elsewhere once rendered
_WHOLE_WIKILINK = re.compile(rf"({_WIKILINK})")
_QUERY = re.compile(r"(`\s*)(?=\$?=)")
_SPELLING = "|".join(map(re.escape, sorted((*SIGNIFIERS, *MOJIBAKE), key=len, reverse=True)))
AS_TEXT = "\ufe0e"  # the variation selector that says: no signifier, an emoji like any other
_SIGNIFIER = re.compile(f"((?>{_SPELLING}))\ufe0f?(?!{AS_TEXT})")
_QUIET_SIGNIFIER = re.compile(f"(?>{_SPELLING})(?={AS_TEXT})")
_NO_BLANK = re.compile("[^ ]")
_DATED = frozenset({"start", "created", "scheduled", "due", "done", "cancelled"})
_BLOCK_START = re.compile(r"\A(?:(?P<digits>[0-9]{1,9})(?P<mark>[.)])|(?P<bare>[-+*]|#{1,6}|>.*))\Z", re.DOTALL)
_HARMLESS = re.compile(r"[A-Za-z0-9.,;'\"?/()_-]+")  # most words, which needn't be looked at further
_TAG_START = re.compile(rf"#(?=[^{re.escape(NOT_IN_TAG)}])")


def _unescaped(pattern: str) -> re.Pattern[str]:
    """Match before what Markdown would take for active: not after a backslash that isn't escaped itself."""
    return re.compile(rf"(?<!\\)((?:\\\\)*)(?={pattern})")


_ESCAPED = (
    _unescaped(r"<(?![\s0-9=<>\\-]|\Z)"),  # HTML, autolinks, targets in angles
    _unescaped(r"!\["),  # embeds
    _unescaped(r"\[\^"),  # footnotes
)
# A click on any other address could run something: obsidian://, file://, javascript:.
_SCHEME = re.compile(
    r"\](?=\(\s*(?!(?:https?|mailto):)(?:[A-Za-z][A-Za-z0-9+.-]{1,30}\\?:|[^()\s&]{0,99}&[#A-Za-z0-9]{1,30};))",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(obsidian:)(?=//)", re.IGNORECASE)


class Token(NamedTuple):
    """A piece of a text that is rendered as one; `quiet` if a mention in it must not assign where it is shown."""

    text: str
    quiet: bool = False


def tokens(text: str) -> list[Token]:
    """Split a text at white space; a link stays whole."""
    return [Token(text[start:end]) for start, end in token_spans(text, 0, len(text))]


def token_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the tokens between two offsets of a text."""
    return (match.span() for match in _TOKEN.finditer(text, start, end))


def render_tokens(source: Sequence[Token], path: str) -> list[str]:
    """Return a text's tokens (from the note `path`) as they may stand in another one, one for one; one may be empty."""
    plain = [INVISIBLE.sub("", token.text) for token in source]
    # What is left out may have stood between an "@" and a name, or between a name and what would make it another.
    parted = any(text != token.text for text, token in zip(plain, source, strict=True))
    rendered: list[str] = []
    before = ""
    for text, after, token in zip(plain, _following(plain), source, strict=True):
        shown = _render(text, path, before, after)
        if token.quiet or parted:
            shown = re.sub(r"(?<![\w\\])@", r"\\@", shown.replace("[[@", "[\\[@"))
        rendered.append(shown)
        before = text or before
    for position, text in enumerate(rendered):
        if text:
            rendered[position] = _BLOCK_START.sub(
                lambda m: f"{m['digits']}\\{m['mark']}" if m["digits"] else f"\\{m['bare']}", text
            )
            break
    return rendered


def mask_quiet(text: str) -> str:
    """Replace the signifiers that rendering made inert by as many characters that signify nothing."""
    return _QUIET_SIGNIFIER.sub(lambda match: "\x1a" * len(match[0]), text)


def _following(texts: Sequence[str]) -> list[str]:
    """Return for each text the next one that isn't empty."""
    following: list[str] = []
    after = ""
    for text in reversed(texts):
        following.append(after)
        after = text or after
    return following[::-1]


def _render(text: str, path: str, before: str, after: str) -> str:
    """Render one token; `before` and `after` are its neighbours, which could become part of what it begins or ends."""
    if _HARMLESS.fullmatch(text):
        return text
    text = re.sub("%(?=%)", r"%\\", text).replace("<%", "<\\%").replace("%>", "%\\>")
    text = re.sub(r"\$(?=\$)", r"$\\", text)
    text = re.sub(":(?=:)", r":\\", text)
    for pattern in _ESCAPED:
        text = pattern.sub(r"\1\\", text)
    text = _COMMAND.sub(r"\1\\", _SCHEME.sub(r"]\\", text))
    text = _QUERY.sub(r"\1\\", text)
    if before.endswith("`") and text.startswith(("=", "$=")):
        text = f"\\{text}"
    if text.startswith("^") or _TAG_START.match(text):
        text = f"\\{text}"
    text = _LOCAL_WIKILINK.sub(lambda m: _from_elsewhere(m, path), text)
    text = _RELATIVE_LINK.sub(lambda m: f"]({_from_root(m['target'], path)})", text)
    text = _OWN_WIKILINK.sub(lambda m: _without_own(m, "["), text)
    text = _OWN_MARKDOWN_LINK.sub(lambda m: _without_own(m, "]"), text)
    pieces = _WHOLE_WIKILINK.split(text)
    for position in range(0, len(pieces), 2):  # every other piece is a link, in which nothing is a signifier
        following = "".join(pieces[position + 1 :]) or f" {after}"
        pieces[position] = _quiet_signifiers(re.sub(r"\[(?=\[)", r"[\\", pieces[position]), following)
    return "".join(pieces)


def _quiet_signifiers(text: str, after: str) -> str:
    """Mark as mere emoji what would be read as a field; one that takes a date is one only where a digit follows."""

    def quiet(match: re.Match[str]) -> str:
        name, _ = SIGNIFIERS[MOJIBAKE.get(match[1], match[1])]
        following = _NO_BLANK.search(text, match.end()) or _NO_BLANK.search(after)
        dated = following is not None and following[0].isdigit()
        return match[0] if name in _DATED and not dated else f"{match[1]}{AS_TEXT}"

    return _SIGNIFIER.sub(quiet, text)


def _without_own(match: re.Match[str], bracket: str) -> str:
    """Break a link to one of our ids, so that it is never taken for the row's own; what it hid stays no tag."""
    if not OWN_ID.match(match["id"].lower()):
        return match[0]
    return f"{bracket}\\" + re.sub(r"(?<=\s)#", r"\\#", match["rest"])


def _from_elsewhere(match: re.Match[str], path: str) -> str:
    alias = match["alias"] or match["anchor"].lstrip("#^")
    # A wikilink that begins with "@" would be a mention.
    return render_anchored(path, match["anchor"], alias, markdown=path.startswith("@"))


def _from_root(target: str, path: str) -> str:
    name, mark, anchor = target.partition("#")
    place = posixpath.normpath(posixpath.join(quoted(posixpath.dirname(path)), name)) if name else quoted(path)
    return f"{place}{mark}{anchor}"
