"""What is left of an index or overview note without its region and our properties, and which block ids a text names.

Whether a row may go, and what is written where, is decided above.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_to_bytes

from vaultsync.index.note import render_overview
from vaultsync.index.region import read_region
from vaultsync.markdown import frontmatter
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import line_and_end, split_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_OURS = {"vaultsync", "vaultsync_person", "tasks_proposed", "tasks_open", "tasks_next_due"}
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'"
_PROPERTY = re.compile(
    rf"(?P<key>\w+):[ \t]*(?P<value>{_QUOTED}|[^\s#\"'](?:[^#]|(?<!\s)#)*?)?(?P<comment>[ \t]+#.*)?[ \t]*"
)
_NAMED_ID = re.compile(rb"(?<![a-z0-9-])t-[a-z0-9]{8}(?![a-z0-9-])", re.IGNORECASE)
# A line that ends in its own id: that is where a link leads, not one.
_OWN_ID_BEFORE = re.compile(rb"(?:^|[\s>])\^\Z")
# To Tasks a line also ends at U+2028 and U+2029, and any white space may stand before that.
_OWN_ID_BEHIND = re.compile(
    rb"(?:[ \t\v\f]|\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe3\x80\x80|\xef\xbb\xbf)*(?:[\r\n]|\xe2\x80[\xa8\xa9]|\Z)"
)
_TARGET = re.compile(r"\[\[([^\[\]|#^\r\n]+)|\]\(<?([^)<>#\r\n]+)|\"file\"\s*:\s*\"([^\"\r\n]+)\"")
_DECODINGS = 2  # a link within the address of another is encoded twice


def without_ours(
    text: str, kind: Literal["index", "overview"], heading: str | None, remarks: Collection[str] = ()
) -> str | None:
    """Return a note's text without region and properties of ours, None if nothing else stands in it.

    Lines of the region that aren't ours stay where it was; `remarks` are the plain lines on record as ours. Every other
    byte stays; a blank line comes where text would join other text. A heading named `heading` that nothing stands under
    is ours, too. Raises ValueError if the frontmatter can't be changed safely.
    """
    if kind == "overview":
        # Drawn anew, what isn't ours stands below the region.
        text = render_overview(text, (), "1", markdown_links=False)
    text = _without_properties(text)
    found = find_regions(split_lines(text))
    if found.damage:
        raise ValueError(found.damage)
    if found.begin is not None and found.end is not None:
        strangers = () if kind == "overview" else read_region(text, found.begin, found.end).foreign
        strangers = tuple(line for line in strangers if line not in remarks)
        text = _cut(text, found.begin, found.end, strangers)
    rest = text.removeprefix("\ufeff").strip()
    return None if rest in {"", f"## {heading}"} else text


def named_ids(content: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of our kind that a file names, lower case, and those that lines in it carry as their own.

    A name is any mention but a line's own id at its end: links of every spelling, percent-encoded or not, and text.
    """
    named: set[str] = set()
    carried: set[str] = set()
    texts = [content]
    while b"%" in texts[-1] and len(texts) <= _DECODINGS:
        texts.append(unquote_to_bytes(texts[-1]))
    for text in texts:
        for match in _NAMED_ID.finditer(text):
            name = match[0].lower().decode("ascii")
            is_own = _OWN_ID_BEFORE.search(text, max(0, match.start() - 2), match.start())
            (carried if is_own and _OWN_ID_BEHIND.match(text, match.end()) else named).add(name)
    return frozenset(named), frozenset(carried)


def linked_notes(content: str, paths: Iterable[str]) -> set[str]:
    """Return those of the notes, given by their paths, that a text links to by path or by name."""
    by_name: dict[str, str] = {}
    for path in paths:
        stem = path.removesuffix(".md").casefold()
        by_name |= {stem: path, stem.rpartition("/")[2]: path}
    found: set[str] = set()
    for match in _TARGET.finditer(content):
        target = unquote_to_bytes(match[1] or match[2] or match[3]).decode("utf-8", "replace").strip().casefold()
        if known := by_name.get(target.removesuffix(".md")):
            found.add(known)
    return found


def _cut(text: str, begin: int, end: int, strangers: Sequence[str]) -> str:
    """Take the region on lines `begin` to `end` out; strangers stay in its place."""
    lines = split_lines(text)
    first, ending = line_and_end(lines[begin - 1])
    filled = [at for at, line in enumerate(strangers) if line.strip()]
    kept = [f"{line}{ending}" for line in strangers[filled[0] : filled[-1] + 1]] if filled else []
    if kept:
        kept[-1] = line_and_end(kept[-1])[0] + line_and_end(lines[end - 1])[1]
    head = "".join(lines[: begin - 1]) + ("\ufeff" if first.startswith("\ufeff") else "")
    for piece in (kept, lines[end:]):
        above = split_lines(head)[-1].strip().removeprefix("\ufeff") if head else ""
        if above and piece and piece[0].strip():
            head += ending
        head += "".join(piece)
    return head


def _without_properties(text: str) -> str:
    """Take the properties out that we wrote: whole lines, but for comments behind them; empty frontmatter goes too.

    A `person` is ours where it stands as we write it, between `vaultsync` and `tasks_proposed`; anywhere else it may be
    the user's, and stays.
    """
    front = frontmatter.find(text)
    if front is None:
        return text
    before, problem = frontmatter.properties(front.raw)
    if problem:
        raise ValueError(problem.what)
    lines = split_lines(front.raw)
    matches = [_PROPERTY.fullmatch(line_and_end(line)[0]) for line in lines]
    keys = [match["key"] if match else "" for match in matches]
    ours = {
        at
        for at, key in enumerate(keys)
        if (key in _OURS and (key != "vaultsync" or before[key] in ("index", "overview")))
        or (key == "person" and keys[at - 1 : at] == ["vaultsync"] and keys[at + 1 : at + 2] == ["tasks_proposed"])
    }
    if not ours:
        return text
    kept: list[str] = []
    for at, (line, match) in enumerate(zip(lines, matches, strict=True)):
        if at not in ours:
            kept.append(line)
        elif match and match["comment"]:
            kept.append(match["comment"].lstrip(" \t") + line_and_end(line)[1])
    raw = "".join(kept)
    gone = {keys[at] for at in ours}
    after, problem = frontmatter.properties(raw)
    if problem or repr(after) != repr({key: value for key, value in before.items() if key not in gone}):
        raise ValueError("frontmatter: our properties can't be taken out without changing more than that")
    every = split_lines(text)
    if not raw:
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        return bom + "".join(every[front.last :])
    return every[0] + raw + "".join(every[front.last - 1 :])
