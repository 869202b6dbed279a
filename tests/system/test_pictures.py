"""The pictures of the docs: what a Markdown renderer makes of the index notes, and that a browser draws it."""

from __future__ import annotations

import runpy
import struct
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from laws.vault_model import region_lines

from vaultsync.index.links import find_row_link

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ROOT = Path(__file__).parents[2]
MAKE: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks/make_pictures.py"))
OWNER, TOBIAS, OVERVIEW = MAKE["OWNER"], MAKE["TOBIAS"], "Tasks/Overview.md"
EACH_NOTE = pytest.mark.parametrize("path", [OWNER, TOBIAS, OVERVIEW])


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made: dict[str, str] = MAKE["example"](tmp_path_factory.mktemp("pictures"))
    return made


def body(path: str, notes: dict[str, str]) -> str:
    page: str = MAKE["page"](path, notes[path])
    return page[page.index("<main>") :]


class Boxes(HTMLParser):
    """Each list item's boxes, and how deep in lists it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.found: list[tuple[int, str]] = []
        self.items = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "ul"
        self.items += tag == "li"
        if tag == "input":
            self.found.append((self.depth, dict(attrs)["data-task"] or ""))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "ul"


@EACH_NOTE
def test_a_renderer_makes_this_of_the_example(path: str, notes: dict[str, str], snapshot: SnapshotAssertion) -> None:
    assert body(path, notes) == snapshot


@EACH_NOTE
def test_each_row_is_a_list_item_with_one_box(path: str, notes: dict[str, str]) -> None:
    rows = [line for line in region_lines(notes[path]) if find_row_link(line)]
    boxes = Boxes()
    boxes.feed(body(path, notes))
    assert [symbol for _, symbol in boxes.found] == [row.lstrip()[3] for row in rows]
    assert boxes.items == len(rows)
    assert [depth for depth, _ in boxes.found] == [2 if row.startswith(" ") else 1 for row in rows]


@EACH_NOTE
def test_nothing_of_the_machinery_shows(path: str, notes: dict[str, str]) -> None:
    shown = body(path, notes)
    assert "%%" not in shown
    assert "[[" not in shown
    assert "^t-" not in "".join(piece.partition(">")[2] for piece in shown.split("<"))


def test_the_example_shows_a_duplicate_a_conflict_and_what_the_owner_owes(notes: dict[str, str]) -> None:
    assert "    - [?] Write a notice for the ferry" in notes[OWNER]
    assert "## Conflicts" in notes[TOBIAS]
    assert "    ↳ due in " in notes[TOBIAS]
    assert "## I owe" in notes[TOBIAS]


def test_the_pictures_of_the_docs_are_small_and_shown() -> None:
    shown = (ROOT / "README.md").read_text() + (ROOT / "docs/index-notes.md").read_text()
    for name, *_ in MAKE["PICTURES"]:
        picture = ROOT / "docs/pictures" / name
        assert picture.stat().st_size < 150_000
        assert f"pictures/{name}" in shown


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "path", "light", "width", "height"), [pytest.param(*each, id=each[0]) for each in MAKE["PICTURES"]]
)
def test_a_browser_draws_the_page(  # noqa: PLR0913 - what a picture is made of
    name: str, path: str, light: str, width: int, height: int, notes: dict[str, str], tmp_path: Path
) -> None:
    browser = MAKE["chromium"]()
    if browser is None:
        pytest.skip("Chromium isn't installed")
    MAKE["shoot"](browser, MAKE["page"](path, notes[path], light), tmp_path / name, width, height)
    MAKE["shoot"](browser, MAKE["page"](path, "", light), tmp_path / "empty.png", width, height)
    drawn = (tmp_path / name).read_bytes()
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", drawn[16:24]) == pytest.approx((width * MAKE["SCALE"], height * MAKE["SCALE"]), abs=1)
    assert len(drawn) > 2 * (tmp_path / "empty.png").stat().st_size
