"""Draw the pictures of the docs: index notes of the example vault, much as Obsidian's reading view shows them.

    python benchmarks/make_pictures.py [FOLDER]     # docs/pictures by default; needs Chromium

The look is our own: Obsidian and its themes draw boxes and colours in their own way.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

TODAY = "2026-11-22"
OWNER, TOBIAS = "Tasks/@Ines Halloran.md", "Tasks/@Tobias Wren.md"
SCALE = 1.4
COMMAND = Path(sys.executable).with_name("vaultsync")
# One look in two lights; each picture names its own, so that no machine's preference decides.
STYLE = """
:root { --page: #fdfdfc; --text: #2b2b2e; --faint: #8a8a92; --line: #dcdce0; --link: #5b54c9; --tint: #ecebfa; }
.dark { --page: #1e1f22; --text: #dcdde0; --faint: #85868e; --line: #3b3c42; --link: #a7a1ff; --tint: #2c2b45; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 Inter, "Noto Color Emoji", sans-serif; }
main { max-width: 760px; margin: 0 auto; padding: 22px 20px; }
h1 { font-size: 25px; line-height: 1.2; margin: 0 0 12px; }
h2 { font-size: 19px; margin: 22px 0 8px; }
h3 { font-size: 16px; margin: 14px 0 6px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 14px; margin: 0; font-size: 13px; color: var(--faint); }
dd { margin: 0; }
ul { margin: 0; padding-left: 26px; }
li { margin: 5px 0; list-style-position: outside; }
li.task { list-style: none; position: relative; }
li.task > input { appearance: none; position: absolute; left: -25px; top: 4px; width: 16px;
  height: 16px; margin: 0; border: 1.5px solid var(--faint); border-radius: 4px; font: 700 11px/13px Inter;
  text-align: center; color: var(--page); }
li.task > input:not([data-task=" "])::before { content: attr(data-task); }
li.task > input[data-task="?"] { border-color: var(--link); border-style: dashed; color: var(--link); }
li.task > input[data-task="/"] { border-color: var(--link); color: var(--link); }
li.task > input[data-task="x"] { background: var(--faint); }
li.task > input[data-task="x"]::before { content: "\\2713"; }
li.task:has(> input[data-task="x"]) { color: var(--faint); }
a { color: var(--link); text-decoration: none; }
.tag { color: var(--link); background: var(--tint); border-radius: 9px; padding: 1px 8px; font-size: 14px; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--line); padding: 5px 10px; }
"""
_BOX = re.compile(r"\[(.)\] ")
_TAG = re.compile(r"(?<!\S)#[^\s#]+")
_PROPERTIES = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"%%.*?%%", re.DOTALL)


def page(path: str, text: str, light: str = "light") -> str:
    """Return a note as a page of HTML: properties, its name, and its text without comments."""
    found = _PROPERTIES.match(text)
    properties = [line.partition(": ") for line in found[1].splitlines()] if found else []
    listed = "".join(f"<dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd>\n" for key, _, value in properties)
    body = _renderer().render(_COMMENT.sub("", text[found.end() :] if found else text))
    title = html.escape(path.rpartition("/")[2].removesuffix(".md"))
    return (
        f'<!doctype html>\n<html lang="en" class="{light}">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n<main>\n<h1>{title}</h1>\n<dl>\n{listed}</dl>\n{body}</main>\n</html>\n"
    )


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"breaks": True, "html": False}).enable(["table", "strikethrough"])
    markdown.core.ruler.push("boxes", _boxes)
    markdown.inline.ruler.before("link", "wikilink", _wikilink)
    markdown.add_render_rule("text", _text)
    return markdown


def _boxes(state: StateCore) -> None:
    """Give each list item that begins with a box its checkbox."""
    tokens = state.tokens
    for item, inline in zip(tokens, tokens[2:], strict=False):
        children = inline.children or []
        if item.type != "list_item_open" or inline.type != "inline" or not children:
            continue
        if found := _BOX.match(children[0].content):
            item.attrSet("class", "task")
            children[0].content = children[0].content[found.end() :]
            box = type(inline)("html_inline", "", 0)
            checked = "" if found[1] == " " else " checked"
            box.content = f'<input type="checkbox" data-task="{html.escape(found[1])}"{checked}>'
            children.insert(0, box)


def _wikilink(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as markdown-it calls its rules
    found = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]]*))?\]\]").match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("link_open", "a", 1).attrSet("href", found[1])
        state.push("text", "", 0).content = found[2] or found[1]
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _text(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType) -> str:
    return _TAG.sub(lambda tag: f'<span class="tag">{tag[0]}</span>', html.escape(tokens[at].content, quote=False))


def example(folder: Path) -> dict[str, str]:
    """Make the example vault in a new folder, somebody's edits in it; return its index notes by path."""
    environment = {**os.environ, "VAULTSYNC_STATE_DIR": str(folder / "state"), "VAULTSYNC_TIMING__QUIET": "0"}
    vault = folder / "vault"

    def run(*arguments: str | Path, ends: Sequence[int] = (0,)) -> None:
        done = subprocess.run(
            [COMMAND, *arguments, "--today", TODAY], env=environment, capture_output=True, check=False
        )
        assert done.returncode in ends, done.stderr.decode()

    def edit(path: str, old: str, new: str) -> None:
        text = (vault / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, (old, text)
        (vault / path).write_text(text.replace(old, new), encoding="utf-8")

    run("demo", vault)
    # Somebody accepts two tasks on the phone, and both sides move a date.
    edit(OWNER, "- [?] Find out who", "- [ ] Find out who")
    edit(OWNER, "- [?] Tell the council", "- [/] Tell the council")
    edit(TOBIAS, "- [?] Oil the hinges", "- [ ] Oil the hinges")
    meeting = "Meetings/2026-11-19 - 1-1 with Tobias.md"
    edit(meeting, "📅 2026-11-27", "📅 2026-11-30")
    edit(TOBIAS, "📅 2026-11-27", "📅 2026-11-28")
    run("reconcile", vault, ends=(0, 4))
    return {path: (vault / path).read_text(encoding="utf-8") for path in (OWNER, TOBIAS, "Tasks/Overview.md")}


def chromium() -> str | None:
    """Return where Chromium is, None if it isn't installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def shoot(browser: str, text: str, picture: Path, width: int, height: int) -> None:
    """Take a picture of a page in headless Chromium; `width` and `height` are CSS pixels, SCALE times as many drawn."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(text, encoding="utf-8")
        own = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
        quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
        quiet += [
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--force-device-scale-factor={SCALE}",
        ]
        frame = [f"--user-data-dir={folder}/profile", f"--window-size={width},{height}", f"--screenshot={picture}"]
        subprocess.run(
            [browser, "--headless", *own, *quiet, *frame, file.as_uri()], check=True, capture_output=True, timeout=60
        )


PICTURES = (
    ("phone.png", OWNER, "dark", 390, 820),
    ("desktop.png", TOBIAS, "light", 800, 720),
)


def main() -> None:
    browser = chromium()
    if browser is None:
        sys.exit("Chromium isn't installed")
    to = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    with tempfile.TemporaryDirectory() as folder:
        notes = example(Path(folder))
    for name, path, light, width, height in PICTURES:
        shoot(browser, page(path, notes[path], light), to / name, width, height)
        print(f"{to / name}  {(to / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
