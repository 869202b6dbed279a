"""Make a task's text safe to stand in another note, and map what a user did to it there back to the source's words.

What would be active or broken elsewhere (templates, queries, HTML, embeds, comments, local links, footnotes, block structure, field
signifiers that aren't fields) is rendered inert; the source keeps what was written.
"""

from __future__ import annotations

import posixpath
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from vaultsync.index.links import OWN_ID
from vaultsync.tasks.signifiers import SIGNIFIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

# A link or a code span is one token even where it holds blanks, since rendering looks at it whole.
_TOKEN = re.compile(r"(?:`[^`\r\n]*`|\[\[[^\[\]\r\n]*\]\]|\[[^\[\]\r\n]*\]\([^()\r\n]*\)|\S)+")
_LOCAL_WIKILINK = re.compile(r"\[\[(?P<anchor>#[^\[\]|]*)(?:\|(?P<alias>[^\[\]|]*))?\]\]")
_OWN_WIKILINK = re.compile(r"\[\[(?P<rest>[^\[\]|]*#\^(?P<id>[A-Za-z0-9-]+)(?:\|[^\[\]|]*)?\]\])")
_OWN_MARKDOWN_LINK = re.compile(r"\]\((?P<rest>[^()\s]*#\^(?P<id>[A-Za-z0-9-]+)\))")
_RELATIVE_LINK = re.compile(r"\]\((?P<target>(?:\.{1,2}/|#)[^()\s]*)\)")
_QUERY = re.compile(r"`(?P<body>\s*\$?=[^`]*)`")
_DATAVIEW_FIELD = re.compile(r"(?<=[\[(])(?P<key>[^\[\]():]+)::")
_SIGNIFIER = re.compile(
    "(" + "|".join(map(re.escape, sorted(SIGNIFIERS, key=len, reverse=True))) + ")\ufe0f?(?!\ufe0e)"
)
# Control, bidirectional override and line separator characters; they would reorder or break the row.
_INVISIBLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_BLOCK_START = re.compile(r"(?P<digits>[0-9]{1,9})(?P<mark>[.)])\Z|(?P<bare>[-+*>]|#{1,6}|>.*)\Z", re.DOTALL)


def tokens(text: str) -> list[str]:
    """Split a text at white space; a link stays whole."""
    return _TOKEN.findall(text)


def render_token(token: str, path: str) -> str:
    """Return one token of a source text as it may stand in a note other than `path`."""
    text = _INVISIBLE.sub("", token)
    text = text.replace("%%", "%\\%").replace("<%", "<\\%").replace("%>", "%\\>")
    text = re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text)
    text = re.sub(r"(?<!\\)!(?=\[)", r"\\!", text)
    text = re.sub(r"(?<!\\)\[\^", r"\\[^", text)
    text = _QUERY.sub(r"\\`\g<body>\\`", text)
    text = _DATAVIEW_FIELD.sub(r"\g<key>\\::", text)
    text = _SIGNIFIER.sub("\\1\ufe0e", text)
    stem = path.removesuffix(".md")
    text = _LOCAL_WIKILINK.sub(lambda m: f"[[{stem}{m['anchor']}|{m['alias'] or m['anchor'].lstrip('#^')}]]", text)
    text = _OWN_WIKILINK.sub(lambda m: f"[\\[{m['rest']}" if OWN_ID.match(m["id"].lower()) else m[0], text)
    text = _RELATIVE_LINK.sub(lambda m: f"]({_from_root(m['target'], path)})", text)
    return _OWN_MARKDOWN_LINK.sub(lambda m: f"]\\({m['rest']}" if OWN_ID.match(m["id"].lower()) else m[0], text)


def render_tokens(source: Sequence[str], path: str) -> list[str]:
    """Return a source text's tokens as they may stand in another note, one for one; a token may become empty."""
    rendered = [render_token(token, path) for token in source]
    for position, token in enumerate(rendered):
        if not token:
            continue
        rendered[position] = _BLOCK_START.sub(
            lambda m: f"{m['digits']}\\{m['mark']}" if m["digits"] else f"\\{m['bare']}", token
        )
        break
    return rendered


def restore(written: Sequence[str], now: Sequence[str], source: Sequence[str], path: str) -> list[str]:
    """Return the source's tokens after the edit that led from `written` to `now` in a row.

    `written` is what the row showed of `source`. Tokens that the user left alone come back as the source has them; the
    others are taken as typed.
    """
    shown = [(token, original) for token, original in zip(render_tokens(source, path), source, strict=True) if token]
    if [token for token, _ in shown] != list(written):
        by_look = dict(shown)
        return [by_look.get(token, token) for token in now]
    result: list[str] = []
    matcher = SequenceMatcher(None, list(written), list(now), autojunk=False)
    for tag, start, end, now_start, now_end in matcher.get_opcodes():
        result += [original for _, original in shown[start:end]] if tag == "equal" else now[now_start:now_end]
    return result


def _from_root(target: str, path: str) -> str:
    name, mark, anchor = target.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) if name else path.replace(" ", "%20")
    return f"{place}{mark}{anchor}"
