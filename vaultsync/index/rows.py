"""A row: what it shows of a task, written and read back.

Both a source line and a row are brought into one shape, `RowValues`, so that they can be compared field by field. Which value
holds after a difference is decided in the reconcile room.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from vaultsync.index import inert
from vaultsync.index.links import find_links, render_link
from vaultsync.model import INVALID, Priority, TaskLine, TaskSettings
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.signifiers import spell
from vaultsync.tasks.text import TaskText, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.tasks.people import Roster
    from vaultsync.tasks.rules import Rules


@dataclass(frozen=True, slots=True)
class RowValues:
    """The fields of a task as a row shows them: the source's text made inert, hidden tags and trailing mentions left out."""

    symbol: str
    prose: tuple[str, ...]  # tokens, without tags
    text: str  # the same with the visible tags where they stand
    tags: frozenset[str]
    mentions: tuple[str, ...]  # persons of the trailing mentions that somebody typed into the row
    priority: Priority
    start: str | None
    scheduled: str | None
    due: str | None
    done: str | None


FIELDS = ("status", "prose", "tags", "assignee", "priority", "start", "scheduled", "due")
DATE_FIELDS = ("start", "scheduled", "due")


def shown_values(line: TaskLine, text: TaskText, path: str, rules: Rules) -> RowValues:
    """Return what a row shows of a source line that stands in the note `path`."""
    hidden = rules.index.hide_tags
    pieces: list[tuple[str, bool]] = []  # token, whether it is a tag
    for start, end, is_tag in _visible_spans(text):
        if is_tag:
            tag = line.text[start:end]
            if tag.lower() not in hidden and not _carries_filter(tag, rules):
                pieces.append((tag, True))
        else:
            pieces += [(token, False) for token in inert.tokens(line.text[start:end])]
    rendered = iter(inert.render_tokens([token for token, is_tag in pieces if not is_tag], path))
    shown = [(token if is_tag else next(rendered), is_tag) for token, is_tag in pieces]
    return RowValues(
        symbol=line.symbol,
        prose=tuple(token for token, is_tag in shown if token and not is_tag),
        text=" ".join(token for token, _ in shown if token),
        tags=frozenset(token for token, is_tag in shown if is_tag),
        mentions=(),
        priority=line.priority,
        start=_valid(line.start),
        scheduled=_valid(line.scheduled),
        due=_valid(line.due),
        done=_valid(line.done),
    )


def source_tokens(text: TaskText) -> list[str]:
    """Return the tokens of a source's prose, which `inert.restore` matches with a row's."""
    return inert.tokens(text.prose)


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
        if value:
            fields.append(spell(name, value, rules.tasks))  # type: ignore[arg-type]
    return " ".join(piece for piece in [*pieces, *fields] if piece)


def read_row(row: str, rule: str | None, roster: Roster, rules: Rules) -> RowValues | None:
    """Read a row (without indentation) back; None if it is no task line any more.

    `rule` is the recurrence that the row was written with: those words are ours, wherever they stand. Fields are read
    wherever they stand, since people type behind the last one.
    """
    plain = _without_link(row)
    if rule:
        plain = plain.replace(f"({rule})", " ", 1)
    line = parse_line(plain, row_settings(rules), hidden=True)
    if line is None:
        return None
    text = read_text(line, roster, "edges")
    pieces = [line.text[start:end] for start, end, _ in _visible_spans(text)]
    return RowValues(
        symbol=line.symbol,
        prose=tuple(inert.tokens(text.prose)),
        text=" ".join(token for piece in pieces for token in inert.tokens(piece)),
        tags=frozenset(text.tags),
        mentions=tuple(mention.person for mention in text.trailing),
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


def _without_link(row: str) -> str:
    links = find_links(row)
    if not links:
        return row
    return f"{row[: links[-1].start].rstrip(' ')} {row[links[-1].end :].lstrip(' ')}".rstrip(" ")


def _visible_spans(text: TaskText) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, is tag) of what of the body is neither a field nor a trailing mention, in order."""
    spans = sorted([(*span, False) for span in text.words] + [(*span, True) for span in text.tag_spans])
    run: tuple[int, int] | None = None
    for start, end, is_tag in spans:
        # Words that only blanks part stay one piece, since a link may hold blanks.
        if run and not is_tag and not text.masked[run[1] : start].strip():
            run = (run[0], end)
            continue
        if run:
            yield (*run, False)
        run = None if is_tag else (start, end)
        if is_tag:
            yield start, end, True
    if run:
        yield (*run, False)


def _carries_filter(tag: str, rules: Rules) -> bool:
    return bool(rules.tasks.global_filter) and rules.tasks.global_filter in tag


def _valid(date: str | None) -> str | None:
    return None if date == INVALID else date
