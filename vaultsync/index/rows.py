"""A row: what it shows of a task, written and read back.

Both a source line and a row are brought into one shape, `RowValues`, so that they can be compared field by field. Which
value holds after a difference is decided in the reconcile room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.index import inert
from vaultsync.index.links import INVISIBLE, find_row_link, render_link
from vaultsync.index.region import VALUE_MARK
from vaultsync.model import INVALID, Priority, TaskLine, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.mentions import MASK, find_mentions
from vaultsync.tasks.people import person_key
from vaultsync.tasks.rule_text import read_rule
from vaultsync.tasks.signifiers import find_emoji, spell
from vaultsync.tasks.text import TaskText, leading_run, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vaultsync.model import Mention
    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class RowValues:
    """The fields of a task as a row shows them: its text made inert, without hidden tags and trailing mentions."""

    symbol: str
    prose: tuple[str, ...]  # words, without tags
    text: str  # the same with the visible tags where they stand
    tags: frozenset[str]
    mentions: tuple[str, ...]  # persons of the trailing mentions that somebody typed into the row
    priority: Priority
    start: str | None
    scheduled: str | None
    due: str | None
    done: str | None


FIELDS = ("status", "prose", "tags", "assignee", "priority", "start", "scheduled", "due")
IN_THE_NOTE = "the note"  # where the value stands that a source line holds in a conflict
DATE_FIELDS = ("start", "scheduled", "due")

# What ASCII has of punctuation could be active, or end the tag elsewhere.
_PLAIN_TAG = re.compile(rf"#(?:(?!{INVISIBLE.pattern})[^\s!-,.:-@\[-^`{{-~])+")
_AFTER_MENTION = re.compile(r"[,:;\-–—]|\s+[-–—](?=\s)")  # put before a text
_RULE_WORDS = re.compile(r"\(([^()]*)\)(?=\s*(?:@|#|\[\[@|\Z))")  # before the link only tags and mentions may follow
_NAME_LIKE = re.compile(r"and|[^\w]+|[^\w]*(?![a-z0-9])\w.*")


def shown_values(line: TaskLine, text: TaskText, path: str, rules: Rules) -> RowValues:
    """Return what a row shows of a source line that stands in the note `path`."""
    pieces = _pieces(text)
    rendered = iter(inert.render_tokens([piece.token for piece in pieces if piece.token], path))
    tags = [line.text[piece.start : piece.end] for piece in pieces]
    shown = [(next(rendered), False) if piece.token else (tag, True) for piece, tag in zip(pieces, tags, strict=True)]
    shown = [(token, is_tag) for token, is_tag in shown if not is_tag or shows_tag(token, rules)]
    return RowValues(
        symbol=line.symbol,
        prose=tuple(word for token, is_tag in shown if not is_tag for word in token.split()),
        text=" ".join(token for token, _ in shown if token),
        tags=frozenset(token for token, is_tag in shown if is_tag),
        mentions=(),
        priority=line.priority,
        start=_valid(line.start),
        scheduled=_valid(line.scheduled),
        due=_valid(line.due),
        done=_valid(line.done),
    )


def source_tokens(text: TaskText) -> list[inert.Token]:
    """Return the tokens of a source's prose, which `restore` matches with a row's."""
    return [piece.token for piece in _pieces(text) if piece.token]


def render_row(values: RowValues, rule: str | None, link: str, rules: Rules) -> str:
    """Write a row without indentation: box, text, recurrence in words, link, then the fields in Tasks' order."""
    pieces = [f"- [{values.symbol}]", values.text, f"({rule})" if rule else "", link]
    fields = [spell("priority", values.priority, rules.tasks)] if values.priority != "none" else []
    for name, value in (
        ("start", values.start),
        ("scheduled", values.scheduled),
        ("due", values.due),
        ("done", values.done),
    ):
        if value and value != INVALID:
            fields.append(spell(name, value, rules.tasks))  # type: ignore[arg-type]
    # Two blanks before each field, as Tasks writes the Dataview format: a click and the one back change no byte.
    gap = "  " if rules.tasks.format == "dataview" else " "
    return gap.join([" ".join(piece for piece in pieces if piece), *fields])


def with_own(values: RowValues, own: RowValues, fields: Iterable[str]) -> RowValues:
    """Return what a source line shows with a row's own values in some fields, as a row in conflict holds them."""
    for name in fields:
        if name == "status":
            values = replace(values, symbol=own.symbol)
        elif name == "prose":
            values = replace(values, prose=own.prose, text=own.text, tags=own.tags) if own.prose else values
        elif name == "assignee":
            mentions = " ".join(f"@{name}" for name in own.mentions)
            values = replace(values, text=f"{values.text} {mentions}".strip(), mentions=own.mentions)
        elif name == "tags":
            words = [word for word in own.text.split() if word in own.tags]
            values = replace(values, text=" ".join([*values.prose, *words]), tags=own.tags)
        else:
            values = replace(values, **{name: getattr(own, name)})
    return values


def value_line(field: str, where: str, value: str, path: str) -> str:
    """Return the plain line beneath a row in conflict that says what another side, at `where`, holds in a field.

    `path` is the source note.
    """
    text = f"[{value}]" if field == "status" else value  # a blank is a status, too
    shown = " ".join(inert.render_tokens(inert.tokens(text), path)).strip() or "none"
    return f"    {VALUE_MARK} {field} in {where}: {shown}"


def read_row(  # noqa: PLR0913 - the row, and what it is read against
    row: str,
    rule: str | None,
    roster: Roster,
    rules: Rules,
    block_id: str | None = None,
    written: RowValues | None = None,
) -> RowValues | None:
    """Read a row (without indentation) back; None if it is no task line any more.

    `block_id` is the task's, where it is known: of several links the one to it is ours. `rule` is the recurrence that
    the row was written with: its words, the last ones before the link, are ours. Fields are read wherever they stand,
    since people type behind the last one. Only against the row as it was `written` can be told what of it is the text:
    not a mention that was put before it, which assigns like one behind it, nor another rule in place of ours.
    """
    plain = _without_ours(row, _rule_in(row, rule, written, block_id) if written else rule, block_id)
    line = parse_line(inert.mask_quiet(plain), row_settings(rules), hidden=True)
    if line is None:
        return None
    text = read_text(line, roster, "edges")
    in_front, first = _put_in_front(text, plain, written, roster) if written else ((), 0)
    words = _words_from(text, first)
    return RowValues(
        symbol=line.symbol,
        prose=tuple(plain[start:end] for start, end in words),
        text=" ".join(plain[start:end] for start, end in sorted([*words, *text.tag_spans])),
        tags=frozenset(plain[start:end] for start, end in text.tag_spans),
        mentions=tuple(mention.person for mention in (*in_front, *text.trailing)),
        priority=line.priority,
        start=line.start,
        scheduled=line.scheduled,
        due=line.due,
        done=_valid(line.done),
    )


@lru_cache(maxsize=8)
def row_settings(rules: Rules) -> TaskSettings:
    """Return the Tasks settings that rows are read with: they don't carry the vault's global filter."""
    return replace(rules.tasks, global_filter="")


def row_link(path: str, block_id: str, date: str | None, rules: Rules) -> str:
    """Write the link of a row, with the alias that the settings ask for."""
    title = path.rpartition("/")[2].removesuffix(".md")
    alias = {"date": date or title, "title": title}.get(rules.index.link_text, rules.index.link_text)
    return render_link(path, block_id, alias, markdown=rules.index.markdown_links)


def linked_row(values: RowValues, line: TaskLine, path: str, date: str | None, rules: Rules) -> str:
    """Write the row of a task of the note `path`, of that date, with what it shows."""
    return render_row(values, line.recurrence, row_link(path, line.block_id or "", date, rules), rules)


def changed_rule(row: str, rule: str | None, written: RowValues, block_id: str) -> str | None:
    """Return the rule that somebody wrote over the words that say how the task recurs; None where these stand."""
    found = _rule_in(row, rule, written, block_id)
    return found if found != rule else None


def _rule_in(row: str, rule: str | None, written: RowValues, block_id: str | None) -> str | None:
    """Return which rule stands where a row says how the task recurs; none that was in the text as `written`."""
    if not rule:
        return None
    before, _ = _beside_link(row, block_id)
    text = " ".join(written.prose)
    others = (match[1] for match in reversed([*_RULE_WORDS.finditer(before)]) if read_rule(match[1]))
    return next((each for each in (rule, *others) if before.count(f"({each})") > text.count(f"({each})")), None)


def _beside_link(row: str, block_id: str | None) -> tuple[str, str]:
    link = find_row_link(row, block_id)
    return (row[: link.start].rstrip(" "), row[link.end :].lstrip(" ")) if link else (row, "")


def _without_ours(row: str, rule: str | None, block_id: str | None) -> str:
    """Return a row without its link, and without the words that say how the task recurs."""
    before, after = _beside_link(row, block_id)
    if rule and (at := before.rfind(f"({rule})")) >= 0:
        before = f"{before[:at].rstrip(' ')} {before[at + len(rule) + 2 :].lstrip(' ')}".rstrip(" ")
    return f"{before} {after}".rstrip(" ")


def _put_in_front(text: TaskText, plain: str, written: RowValues, roster: Roster) -> tuple[tuple[Mention, ...], int]:
    """Return the mentions that somebody put before the text of a row, `plain`, and where this goes on.

    None where the text as written speaks of one of them, or began with another that is gone: then words were edited.
    Nor where one is unknown and only a blank parts it from other words than were written, which may be of its name.
    """
    run = leading_run(text)
    if not run:
        return (), 0
    first = run[-1].end
    if mark := _AFTER_MENTION.match(plain, first):
        first = mark.end()
    before, rest = " ".join(written.prose), " ".join(plain[start:end] for start, end in _words_from(text, first))
    spoken_of = find_mentions(before, 0, len(before), roster)
    people = {mention.person for mention in run}
    if people & {mention.person for mention in spoken_of}:
        return (), 0
    if spoken_of and spoken_of[0].start == 0 and not rest.startswith(before[: spoken_of[0].end]):
        return (), 0
    are_known = all(person_key(person) in roster.known for person in people)
    return (run, first) if mark or are_known or rest == before else ((), 0)


def _words_from(text: TaskText, first: int) -> list[tuple[int, int]]:
    return [(max(start, first), end) for start, end in text.words if end > first]


class _Piece(NamedTuple):
    """A token of the prose, or a tag, by its offsets in the line."""

    start: int
    end: int
    token: inert.Token | None  # None: a tag


def _pieces(text: TaskText) -> list[_Piece]:
    """Take what of the body is neither a field nor a trailing mention apart, in order.

    Words that only blanks part are looked at together, since a link may hold blanks.
    """
    runs: list[tuple[int, int]] = []
    for start, end in text.words:
        if runs and not text.masked[runs[-1][1] : start].strip():
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    quiet = _near_end(text)
    pieces = [_Piece(start, end, None) for start, end in text.tag_spans]
    for run in runs:
        for start, end in inert.token_spans(text.masked, *run):
            is_quiet = any(at in quiet for at in range(start, end))
            pieces.append(_Piece(start, end, inert.Token(text.masked[start:end], is_quiet)))
    return sorted(pieces, key=lambda piece: piece.start)


def _near_end(text: TaskText) -> set[int]:
    """Return where in the prose mentions stand that would seem to assign, once hidden words behind them are left out.

    A heuristic: whatever could be a part of a name, or join two, may make it one; then an "@" is escaped in vain.
    """
    trailing = {mention.start for mention in text.trailing}
    prose = [mention for mention in text.mentions if mention.start not in trailing]
    end = text.words[-1][1] if text.words else 0
    found: set[int] = set()
    for mention in reversed(prose):
        if not all(_NAME_LIKE.fullmatch(word) for word in text.masked[mention.end : end].replace(MASK, " ").split()):
            break
        found.add(mention.start)
        end = mention.start
    return found


def shows_tag(tag: str, rules: Rules) -> bool:
    """Tell whether a row shows a tag; not one that marks the task for plugins, nor one that isn't a mere word."""
    hidden = tag.lower() in rules.index.hide_tags or (rules.tasks.global_filter and rules.tasks.global_filter in tag)
    return not hidden and _PLAIN_TAG.fullmatch(tag) is not None and not find_emoji(tag, 0, len(tag), mangled=True)


def _valid(date: str | None) -> str | None:
    return None if date == INVALID else date
