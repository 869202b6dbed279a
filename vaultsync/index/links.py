"""Links between rows and source blocks: writing ours, finding it in a row, and the key that a link stands for.

Whether the block exists is for the caller to know.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

OWN_ID = re.compile(r"t-[a-z0-9]{8}\Z")
_WIKI = r"\[\[(?P<wiki>[^\[\]|#^]+)#\^(?P<wiki_id>[A-Za-z0-9-]+)(?:\|[^\[\]|]*)?\]\]"
_MARKDOWN = r"\[[^\[\]]*\]\((?P<md>[^()\s#]+)#\^(?P<md_id>[A-Za-z0-9-]+)\)"
BLOCK_LINK = re.compile(rf"(?<![!\\])(?:{_WIKI}|{_MARKDOWN})")
_UNSAFE_IN_URL = re.compile(r"[\s%()<>\[\]#^|\\\"'`]")
_NOT_IN_WIKILINK = re.compile(r"[\[\]|#^\\]|%%")


@dataclass(frozen=True, slots=True)
class BlockLink:
    """A link to a block of a note, found in a line; `start` and `end` are offsets in it."""

    start: int
    end: int
    path: str  # of the note, with ".md"
    block_id: str


def task_key(path: str, block_id: str) -> str:
    """Return the identity of a task: its id if the id is ours, else note and id, since people's ids may repeat."""
    folded = block_id.lower()
    return folded if OWN_ID.match(folded) else f"{unicodedata.normalize('NFC', path)}#^{folded}"


def find_links(text: str) -> list[BlockLink]:
    """Find all links to blocks in a line, wikilinks and Markdown links, in order."""
    links = []
    for match in BLOCK_LINK.finditer(text):
        target = match["wiki"] or unquote(match["md"])
        path = target if target.endswith(".md") else f"{target}.md"
        links.append(BlockLink(match.start(), match.end(), path, match["wiki_id"] or match["md_id"]))
    return links


def render_link(path: str, block: str | None, alias: str, *, markdown: bool) -> str:
    """Write a vault-absolute link to a note or a block of it, as a wikilink where the path allows one."""
    anchor = f"#^{block}" if block else ""
    shown = re.sub(r"[\[\]|\\\r\n]", " ", alias).strip() or "↗"
    if markdown or _NOT_IN_WIKILINK.search(path):
        return f"[{shown}]({_UNSAFE_IN_URL.sub(lambda match: quote(match[0], safe=''), path)}{anchor})"
    return f"[[{path.removesuffix('.md')}{anchor}|{shown}]]"
