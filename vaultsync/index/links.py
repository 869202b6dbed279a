"""Links between rows and source blocks: writing ours, finding it in a row, and the key that a link stands for.

Whether the block exists is for the caller to know.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

OWN_ID = re.compile(r"t-[a-z0-9]{8}\Z")
# Control, bidirectional override and line separator characters; they would reorder or break a line.
INVISIBLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_WIKI = r"\[\[(?P<wiki>[^\[\]|#^]+)#\^(?P<wiki_id>[A-Za-z0-9-]+)(?:\|[^\[\]|]*)?\]\]"
_MARKDOWN = r"\[[^\[\]]*\]\((?P<md>[^()<>\s#]+)#\^(?P<md_id>[A-Za-z0-9-]+)\)"
_ANGLED = r"\[[^\[\]]*\]\(<(?P<angled>[^<>#]+)#\^(?P<angled_id>[A-Za-z0-9-]+)>\)"
BLOCK_LINK = re.compile(rf"(?<![!\\])(?:{_WIKI}|{_MARKDOWN}|{_ANGLED})")
_UNSAFE_IN_URL = re.compile(rf"[\s%()<>\[\]#^|\\\"'`$]|(?<=:):|{INVISIBLE.pattern}")
# What ends a wikilink or splits it, what would begin or end something else there, and spaces that Obsidian trims.
_NOT_IN_WIKILINK = re.compile(rf"[\[\]|#^\\`$]|%%|::|<|%>|(?:^|/)\s|\s(?:/|\.md\Z|\Z)|{INVISIBLE.pattern}")
_NOT_IN_ALIAS = re.compile(rf"[\[\]|\\`<>\r\n]|(?<!\S)#|{INVISIBLE.pattern}")


@dataclass(frozen=True, slots=True)
class BlockLink:
    """A link to a block of a note, found in a line; `start` and `end` are offsets in it."""

    start: int
    end: int
    path: str  # of the note, with ".md"
    block_id: str
    has_alias: bool  # ours always have one


def task_key(path: str, block_id: str) -> str:
    """Return the identity of a task: its id if the id is ours, else note and id, since people's ids may repeat."""
    folded = block_id.lower()
    return folded if OWN_ID.match(folded) else f"{unicodedata.normalize('NFC', path)}#^{folded}"


def find_links(text: str) -> list[BlockLink]:
    """Find all links to blocks in a line, wikilinks and Markdown links, in order."""
    links = []
    for match in BLOCK_LINK.finditer(text):
        target = match["wiki"] or unquote(match["md"] or match["angled"])
        path = target if target.endswith(".md") else f"{target}.md"
        links.append(
            BlockLink(
                match.start(),
                match.end(),
                path,
                match["wiki_id"] or match["md_id"] or match["angled_id"],
                has_alias=match["wiki"] is None or "|" in match[0],
            )
        )
    return links


def find_row_link(text: str, block_id: str | None = None) -> BlockLink | None:
    """Find the link that says which task a row shows: to the block of that id, where it is known, else the likeliest.

    That is the last one to an id of ours, rather one with an alias, as ours have; else the last one to any block. Links
    to our ids in a task's own text are rendered inert, so that further ones are what somebody typed.
    """
    links = find_links(text)
    aliased = [link for link in links if link.has_alias]
    if block_id is not None:
        meant = [link for link in links if link.block_id.lower() == block_id.lower()]
        return max(meant, key=lambda link: (link.has_alias, link.start), default=aliased[-1] if aliased else None)
    own = [link for link in links if OWN_ID.match(link.block_id.lower())]
    likely = [link for link in own if link.has_alias] or own or links
    return likely[-1] if likely else None


def render_link(path: str, block: str | None, alias: str, *, markdown: bool) -> str:
    """Write a vault-absolute link to a note or a block of it, as a wikilink where the path allows one."""
    return render_anchored(path, f"#^{block}" if block else "", alias, markdown=markdown)


def render_anchored(path: str, anchor: str, alias: str, *, markdown: bool = False) -> str:
    """Write a vault-absolute link to a place in a note; `anchor` is "" or begins with "#"."""
    shown = " ".join(re.sub(r"([%$:])\1+", r"\1", _NOT_IN_ALIAS.sub(" ", alias)).split()) or "↗"
    if markdown or _NOT_IN_WIKILINK.search(path):
        return f"[{shown}]({quoted(path)}{anchor})"
    stem = path.removesuffix(".md")
    return f"[[{path if stem.endswith('.md') else stem}{anchor}|{shown}]]"


def quoted(path: str) -> str:
    """Return a path as the target of a Markdown link: what would end it, or be more than text, percent-encoded."""
    return _UNSAFE_IN_URL.sub(lambda match: quote(match[0], safe=""), path)
