"""Find where a text names a person: `@Name`, `@[[Name]]`, `@[[Note|Name]]`, `[[@Name]]`.

Left to others: who is known (people), which mentions assign the task (text).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from vaultsync.model import Mention
from vaultsync.tasks.people import UNASSIGNED, canonical, clean_name, person_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.tasks.people import Roster

MASK = "\0"  # stands for what is no text (fields, tags) where offsets must not move

_MOST_WORDS = 4
_LONGEST_LINK = 1000  # a link's target is a path, which no file system lets grow beyond this
_OPAQUE = re.compile(r"(?<![\\`])(?P<code>`+)|(?P<link>!?\[\[)|(?P<url>[A-Za-z][A-Za-z0-9+.-]{1,20}://|\]\((?=\S))")
_IN_OPAQUE = ("`", "[[", "://", "](")  # one of these is in each
_URL = re.compile(r"[^\s\0]*")
_WORD = re.compile(r"\w+")
_INNER_MARKS = "-'’"


def find_mentions(text: str, start: int, end: int, roster: Roster) -> tuple[Mention, ...]:
    """Find the mentions between two offsets of a line, in order; none inside inline code, links or addresses.

    A known name is the longest one that fits, whatever its case and the encoding of its accents. An unknown name is one
    capitalised word, or up to four of them where the end, punctuation, a symbol or `MASK` follows; at the start of the
    text it is always one. A text with an "@" before a lower-case letter or a digit is nobody's name unless it is known.
    """
    if text.find("@", start, end) < 0:
        return ()
    first = next((at for at in range(start, end) if not is_blank(text[at])), end)
    found: list[Mention] = []
    for at, link_end in _candidates(text, start, end):
        if found and at < found[-1].end:
            continue
        mention = (
            _linked(text, at, link_end, roster) if link_end else _plain(text, at, end, roster, leading=at == first)
        )
        if mention is not None:
            found.append(mention)
    return tuple(found)


def people_meant(text: str, mention: Mention, roster: Roster) -> tuple[str, ...]:
    """Return the people that an ambiguous mention of the line could mean; none where it isn't ambiguous."""
    if mention.person != UNASSIGNED:
        return ()
    names = _names(text[mention.start : mention.end])
    return next((fits for name in names if (fits := roster.ambiguous.get(person_key(name)))), ())


def spell_mention(person: str, roster: Roster, like: str = "@", *, leading: bool = False) -> str:
    """Write a mention of a person in the form of another one: a plain one, or a link.

    A name that a plain mention would not read back as this person's is written as a link.
    """
    if like.startswith("[["):
        return f"[[@{person}]]"
    sample = f"@{person} and" if leading else f"to @{person}"
    read = find_mentions(sample, 0, len(sample), roster)
    if like.startswith("@[[") or [mention.person for mention in read] != [person]:
        return f"@[[{person}]]"
    return f"@{person}"


def opaque_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Find what Obsidian shows as one thing: inline code, wikilinks, addresses and targets of links; in order.

    A wikilink's span begins at its brackets (CommonMark, "Code spans"; Obsidian, "Internal links").
    """
    if not any(opening in text for opening in _IN_OPAQUE):
        return []
    closers: dict[int, list[int]] = {}
    for run in re.finditer("`+", text[start:end]):
        closers.setdefault(len(run.group()), []).append(start + run.start())
    for runs in closers.values():
        runs.reverse()  # the nearest one is the last, so that those passed by can be dropped
    spans: list[tuple[int, int]] = []
    at = start
    while (match := _OPAQUE.search(text, at, end)) is not None:
        at = _opaque_end(text, match, end, closers)
        if at > match.end() or match["url"]:
            spans.append((match.start(), at))
    return spans


def is_blank(char: str) -> bool:
    """Say whether a character separates words: white space, or what is masked."""
    return char == MASK or char.isspace() or char == "\ufeff"


def is_word(char: str) -> bool:
    """Say whether a character is part of a word: letters, digits, "_" and the accents upon them, in any script."""
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def _opaque_end(text: str, match: re.Match[str], end: int, closers: dict[int, list[int]]) -> int:
    """Return where the thing that begins here ends; the end of its opening where it never ends."""
    if match["url"]:
        found = _URL.match(text, match.end(), end)
        stop = match.end() if found is None else found.end()
        closing = text.find(")", match.end(), stop) if match["url"].startswith("]") else -1
        return stop if closing < 0 else closing + 1
    if match["link"]:
        closing = text.find("]]", match.end(), min(end, match.end() + _LONGEST_LINK))
        inner = text[match.end() : closing]
        return match.end() if closing < 0 or "[[" in inner or MASK in inner else closing + 2
    runs = closers.get(len(match["code"]), [])
    while runs and runs[-1] < match.end():
        runs.pop()
    return runs[-1] + len(match["code"]) if runs else match.end()


def _candidates(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where a mention may begin, with the end of its link, or 0 for a plain one."""
    at = start
    for opaque_start, opaque_end in [*opaque_spans(text, start, end), (end, end)]:
        at = text.find("@", at, opaque_start)
        while at >= 0:
            linked = at + 1 == opaque_start and text.startswith("[[", opaque_start)
            if at == start or _opens(text[at - 1]):
                yield at, opaque_end if linked else 0
            at = text.find("@", at + 1, opaque_start)
        if text.startswith("[[@", opaque_start) and opaque_start < end:
            yield opaque_start, opaque_end
        at = opaque_end


def _opens(before: str) -> bool:
    """Say whether a mention can follow this character; not within a word, an e-mail address, a handle."""
    return not (is_word(before) or before in "@+%\\")


def _linked(text: str, start: int, end: int, roster: Roster) -> Mention | None:
    names = _names(text[start:end])
    people = [canonical(name, roster) for name in names if person_key(name) in roster.known]
    known = [person for person in people if person != UNASSIGNED] or people
    if known:
        return Mention(start, end, known[0])
    if not names or not _capitalised(names[0]):
        return None
    return Mention(start, end, clean_name(names[0]))


def _names(spoken: str) -> list[str]:
    """Return the names that a mention's text may stand for, the likelier first."""
    inner = spoken.strip("@[]")
    if not spoken.endswith("]]"):
        return [inner]
    target, _, shown = inner.partition("|")
    parts = target.partition("#")[0].removesuffix(".md").split("/")
    named = parts[-2] if parts[-1].casefold() == "readme" and len(parts) > 1 else parts[-1]
    names = [named, shown] if spoken.startswith("[[") else [shown, named]
    return [name for each in names if (name := each.strip().removeprefix("@"))]


def _plain(text: str, at: int, end: int, roster: Roster, *, leading: bool) -> Mention | None:
    start = at + 1
    if start >= end or is_blank(text[start]):
        return None
    ends = _name_ends(text, start, min(end, start + 2 * roster.reach))
    known = [stop for stop in ends if stop <= end and person_key(text[start:stop]) in roster.known]
    stop = known[-1] if known else _unknown_end(text, start, end, leading=leading)
    return None if stop is None else Mention(at, stop, canonical(text[start:stop], roster))


def _name_ends(text: str, start: int, limit: int) -> Iterator[int]:
    """Yield where a name that begins at `start` may end: after a word, or after a sign that isn't within one."""
    at = start
    while at < limit and text[at] not in f"@{MASK}":
        if text[at].isspace():
            at += 1
            continue
        at = _word_end(text, at, len(text)) if is_word(text[at]) else at + 1
        if not text.startswith("@", at):
            yield at


def _unknown_end(text: str, start: int, end: int, *, leading: bool) -> int | None:
    """Return where the name of somebody unknown ends, None where this is no name."""
    if not _capitalised(text[start : start + 1]):
        return None
    first = stop = _word_end(text, start, end)
    if stop + 1 < end and text[stop] in "./@" and is_word(text[stop + 1]):
        return None  # a domain, a package, a handle
    if leading:
        return first
    for _ in range(_MOST_WORDS - 1):
        following = _skip_space(text, stop, end)
        if following == stop or not _capitalised(text[following : following + 1]):
            break
        stop = _word_end(text, following, end)
    following = _skip_space(text, stop, end)
    ended = following >= end or not is_word(text[following]) or text.startswith("and @", following)
    return stop if ended else first


def _word_end(text: str, at: int, end: int) -> int:
    """Return the end of the word at `at`; hyphens and apostrophes belong to it, a possessive `'s` doesn't."""
    while at < end:
        if word := _WORD.match(text, at, end):
            at = word.end()
            continue
        if is_word(text[at]):
            at += 1  # an accent
            continue
        joins = text[at] in _INNER_MARKS and at + 1 < end and is_word(text[at + 1])
        possessive = text[at] != "-" and text[at + 1 : at + 2] == "s" and not is_word(text[at + 2 : at + 3] or " ")
        if not joins or possessive:
            break
        at += 1
    return at


def _skip_space(text: str, at: int, end: int) -> int:
    while at < end and text[at].isspace():
        at += 1
    return at


def _capitalised(name: str) -> bool:
    """Say whether a name begins with a letter that is no lower-case one; many scripts have no case."""
    return name[:1].isalpha() and not name[:1].islower()
