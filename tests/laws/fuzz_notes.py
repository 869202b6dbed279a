"""Notes that nobody would write, made of a seed: Markdown by a grammar, broken copies of it, mere bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

PEOPLE = ("Ana", "Bo", "Kim Ray")
WORDS = (
    *(
        "Ask",
        "the",
        "office",
        "count",
        "them",
        "日本",
        "é",
        "e\u0301",
        "x.",
        "(now)",
        "1.",
        "2)",
        "-",
        "+",
        "#",
        ">",
        "[x]",
    ),
    *(
        "<% tp.file.title %>",
        "<%",
        "%>",
        "`= this.x`",
        "`$= dv.x`",
        "`",
        "``",
        "$$",
        "$x$",
        "%%",
        "%% a %%",
        "<b>",
        "</b>",
    ),
    *(
        "<iframe src=x>",
        "<!--",
        "-->",
        "![[E]]",
        "![i](h)",
        "[[N|n]]",
        "[[#H]]",
        "[[#^abc]]",
        "[a](./b.md)",
        "[^1]",
        "[[",
    ),
    *("]]", "[", "]", "](", "\\", "|", "**", "_", "~~", "==", "&lt;", "a@b.org", "https://x.y/#z", "obsidian://x?y"),
    *("::", "due:: 2025-11-08", "↳", "✅ Done", "vaultsync:begin", "%% vaultsync:end %%", "%% vaultsync:begin 1-x %%"),
    *("\u202e", "\u2066", "\x07", "\x1b[31m", "\u200f", "\ufeff", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x00"),
    *(
        "[[x#^t-9k2f3a7b|↗]]",
        "[[Note 1#^t-9k2f3a7b|↗]]",
        "[a](x.md#^t-9k2f3a7b)",
        "😀",
        "👩‍👩‍👧",
        "\U0010fa5e",
        "word" * 40,
    ),
)
LIKELY = ("Ask", "the", "office", "count", "them", "harbour", "winch", "Call", "paint", "buoy", "by", "noon", "again")
MENTIONS = (
    *("@Ana", "@Bo", "@Kim Ray", "@kim ray", "@Zoe", "@TBD", "@[[Ana]]", "@[[People/Bo|Bo]]", "[[@Kim Ray]]", "@home"),
    *(
        "@../../x",
        "@CON",
        "@[[../../etc/x]]",
        "@[[a:b]]",
        "@Zoe Über Lang Name",
        "@[[\u202eeve]]",
        "@[[%% x %%]]",
        "@[[A|B]]",
    ),
)
TAGS = ("#task", "#proposed", "#auto", "#home", "#a/b", "#1", "#t📅", "#x`y", "#ÄÖ")
SIGNIFIERS = ("📅", "⏳", "🛫", "➕", "✅", "❌", "üìÖ", "ðŸ“…", "📅\ufe0f")
DATES = ("2025-11-08", "2026-11-22", "2026-02-30", "2026-13-01", "0000-00-00", "9999-12-31", "2026-1-1")
PRIORITIES = ("🔺", "⏫", "🔼", "🔽", "⏬", "‚è´", "[priority:: high]", "(priority:: low)")
RULES = ("every day", "every week on Monday", "every month on the 31st", "every day when done", "every", "never")
SYMBOLS = tuple("?" * 8 + " " * 8 + "//xX-R!*🦊>")
MARKERS = ("-", "-", "-", "*", "+", "1.", "2)", "10.", "123456789.", "1234567890.")
ENDS = ("\n", "\r\n", "\r")
ODD = ("\u2028", "\x85", "\x0b", "\x0c", "\ufeff", "\u2029", "\x1c", "\x00", "\u00a0", "\t")


def note(rng: random.Random) -> bytes:
    """Return the bytes of one note."""
    kind = rng.random()
    if kind < 0.05:
        return rng.randbytes(rng.randrange(200))
    text = _document(rng)
    if kind < 0.75:
        return text.encode("utf-8")
    return mutated(text.encode("utf-8"), rng)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few pieces cut, doubled, moved, flipped or thrown in."""
    for _ in range(rng.randrange(1, 5)):
        at, length = rng.randrange(len(content) + 1), rng.randrange(40)
        piece = content[at : at + length]
        how = rng.randrange(6)
        if how == 0:
            content = content[:at] + content[at + length :]
        elif how == 1:
            content = content[:at] + piece + content[at:]
        elif how == 2:
            rest = content[:at] + content[at + length :]
            to = rng.randrange(len(rest) + 1)
            content = rest[:to] + piece + rest[to:]
        elif how == 3 and piece:
            content = content[:at] + bytes([piece[0] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
        elif how == 4:
            content = content[:at] + rng.choice(ODD + ENDS).encode() + content[at:]
        else:
            content = content[:at]
    return content


def edited_row(line: str, rng: random.Random) -> str:
    """Return a row of an index note after somebody's hands."""
    how = rng.randrange(9)
    if how <= 2 and "[" in line:
        at = line.index("[") + 1
        return line[:at] + rng.choice(SYMBOLS) + line[at + 1 :]
    if how == 3:
        return f"{line} {_piece(rng)}"
    if how == 4:
        return f"{line} {rng.choice(SIGNIFIERS[:3])} {rng.choice(DATES)}"
    if how == 5:
        return f"{line} {rng.choice(PRIORITIES)}"
    words = line.split(" ")
    at = rng.randrange(len(words) + 1)
    if how == 6:
        return " ".join([*words[:at], _piece(rng), *words[at:]])
    if how == 7:
        return " ".join([*words[:at], *words[at + 1 :]])
    return f"{line} {rng.choice(MENTIONS)}"


def task_line(rng: random.Random, *, marker: str | None = None) -> str:
    """Return a task line without indentation."""
    words = [_piece(rng) for _ in range(rng.choice((0, 1, 2, 3, 4, 4, 5, 9)))]
    if rng.random() < 0.1:
        words.insert(0, rng.choice(MENTIONS))
    if rng.random() < 0.7:
        words.append(rng.choice(MENTIONS[:5] if rng.random() < 0.8 else MENTIONS))
    words += [_field(rng) for _ in range(rng.choice((0, 0, 1, 2, 3)))]
    words += rng.sample(TAGS, rng.choice((0, 0, 1, 2)))
    if rng.random() < 0.1:
        rng.shuffle(words)
    if rng.random() < 0.15:
        words.append(rng.choice((f"^t-{rng.randrange(36**2):08}", "^theirs", "^t-9k2f3a7b", "^T-9K2F3A7B", "^a b")))
    box = f"{marker or rng.choice(MARKERS)}{rng.choice((' ', ' ', ' ', '  ', chr(9)))}[{rng.choice(SYMBOLS)}]"
    gap, rest = rng.choice((" ", " ", " ", " ", "  ", "\t", "")), rng.choice(("", "", "", " ", "\t"))
    return f"{box}{gap}{' '.join(words)}{rest}"


def _piece(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(LIKELY)
    if rng.random() < 0.95:
        return rng.choice(WORDS[:-1] if rng.random() < 0.995 else WORDS).replace("\x00", "").replace("\U0010fa5e", "")
    return "".join(
        chr(rng.choice((rng.randrange(32, 127), rng.randrange(160, 0x2FFF)))) for _ in range(rng.randrange(6))
    )


def _field(rng: random.Random) -> str:
    how = rng.randrange(8)
    if how < 4:
        return f"{rng.choice(SIGNIFIERS)} {rng.choice(DATES)}"
    if how == 4:
        return rng.choice(PRIORITIES)
    if how == 5:
        return f"🔁 {rng.choice(RULES)}"
    if how == 6:
        return f"[{rng.choice(('due', 'scheduled', 'start', 'done', 'repeat'))}:: {rng.choice(DATES + RULES)}]"
    return rng.choice(("🏁 delete", "🏁 keep", "🆔 ab1", "⛔ ab1,cd2", "🆔", "⛔"))


def _list(rng: random.Random) -> list[str]:
    lines: list[str] = []
    depth = 0
    unit = rng.choice(("  ", "    ", "\t", "   ", " "))
    marker = rng.choice(MARKERS)
    for _ in range(rng.randrange(1, 7)):
        item = task_line(rng, marker=marker) if rng.random() < 0.7 else f"{marker} {_prose(rng)}"
        lines.append(unit * depth + item)
        if rng.random() < 0.15:
            lines.append(unit * (depth + 1) + rng.choice((_prose(rng), "", "```", "- [ ]", "-", "===", "---")))
        depth = max(0, depth + rng.choice((-1, 0, 0, 1, 1)))
    return lines


def _prose(rng: random.Random) -> str:
    return " ".join(_piece(rng) for _ in range(rng.randrange(1, 8)))


def _paragraph(rng: random.Random) -> list[str]:
    return [_prose(rng) for _ in range(rng.randrange(1, 4))]


def _quote(rng: random.Random) -> list[str]:
    mark = rng.choice(("> ", ">", "> > ", ">\t"))
    head = [f"> [!{rng.choice(('todo', 'note', 'x'))}]{rng.choice(('', '-', '+'))} {_prose(rng)}"]
    inner = _blocks(rng, 2)
    return [*(head if rng.random() < 0.5 else []), *(f"{mark}{line}" for line in inner)]


def _fence(rng: random.Random) -> list[str]:
    mark = rng.choice(("```", "~~~", "````", "%%", "$$", "<!--", "<div>", "<pre>", "<?", "<script>"))
    close = {"<!--": "-->", "<div>": "</div>", "<pre>": "</pre>", "<?": "?>", "<script>": "</script>"}.get(mark, mark)
    inner = [line for _ in range(rng.randrange(3)) for line in _list(rng)]
    return [f"{mark}{rng.choice(('', ' md', 'tasks', ' x'))}", *inner, *([close] if rng.random() < 0.8 else [])]


def _table(rng: random.Random) -> list[str]:
    return ["| a | b |", "| --- | --- |", *(f"| {task_line(rng)} | {_prose(rng)} |" for _ in range(rng.randrange(3)))]


def _heading(rng: random.Random) -> list[str]:
    return [f"{'#' * rng.randrange(1, 8)} {_prose(rng)}"]


def _rule(rng: random.Random) -> list[str]:
    return [rng.choice(("---", "***", "===", "", "", "[a]: x", "[^1]: y", "\t", "<<<<<<< a", "=======", ">>>>>>> b"))]


def _deep(rng: random.Random) -> list[str]:
    depth = rng.choice((8, 20, 99, 101, 130))
    if rng.random() < 0.5:
        return [f"{'> ' * depth}{task_line(rng)}"]
    return [f"{'  ' * level}- a" for level in range(depth)] + ["  " * depth + task_line(rng)]


def _blocks(rng: random.Random, most: int) -> list[str]:
    kinds: tuple[Callable[[random.Random], list[str]], ...] = (
        *(_list,) * 5,
        *(_paragraph, _quote, _fence, _table, _heading, _rule),
    )
    lines: list[str] = []
    for _ in range(rng.randrange(1, most + 1)):
        lines += _deep(rng) if rng.random() < 0.004 else rng.choice(kinds)(rng)
        if rng.random() < 0.6:
            lines.append("")
    return lines


def _frontmatter(rng: random.Random) -> list[str]:
    values = (
        *("date: 2025-11-07", "date: 2026-13-45", "title: x: y", "tags: [a, b]", "aliases: [Al, '%% x %%', '../x']"),
        *(
            "person: Ana",
            "person: [Ana, Bo]",
            "participants: [Myself, Bo]",
            "type: person",
            "vaultsync: false",
            "a: &a [*a]",
        ),
        *(
            "vaultsync: index",
            "vaultsync: overview",
            "{{date}}",
            "x: [[[[",
            "[[x]]:",
            "n: " + "9" * 5000,
            "a: b: c",
            "\tb: c",
        ),
        *(
            "- [ ] task in here",
            "# comment",
            "k: |\n  - [ ] text\n  more",
            "x: !!python/object:os.system x",
            'q: "\\u202e"',
        ),
    )
    lines = [line for value in rng.sample(values, rng.randrange(5)) for line in value.split("\n")]
    return ["---", *lines, *(["---"] if rng.random() < 0.9 else [])]


def _region(rng: random.Random) -> list[str]:
    begin, end = "%% vaultsync:begin 1-paper %%", "%% vaultsync:end %%"
    rows = [f"- [?] {_prose(rng)} [[Note {rng.randrange(9)}#^t-{rng.randrange(36**2):08}|↗]]" for _ in range(2)]
    lines = [begin, "", "## Proposed", "", *rows, _prose(rng), "", end]
    if rng.random() < 0.3:
        del lines[rng.randrange(len(lines))]
    return lines


def _document(rng: random.Random) -> str:
    lines = _frontmatter(rng) if rng.random() < 0.25 else []
    lines += _blocks(rng, 6)
    if rng.random() < 0.03:
        at = rng.randrange(len(lines) + 1)
        lines[at:at] = _region(rng)
    if rng.random() < 0.01:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(("\x00", "- [ ] \U0010fa5e7")))
    lines = [line.replace("\n", " ") for line in lines]
    for _ in range(rng.choice((0, 0, 0, 0, 1, 3))):
        at = rng.randrange(len(lines))
        into = rng.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:into] + rng.choice(ODD).replace("\x00", "") + lines[at][into:]
    end = rng.choice(ENDS) if rng.random() < 0.9 else None
    text = "".join(line + (end or rng.choice(ENDS)) for line in lines)
    if rng.random() < 0.3:
        text = text.rstrip("\r\n")
    return rng.choice(("", "", "", "", "", "", "\ufeff")) + text
