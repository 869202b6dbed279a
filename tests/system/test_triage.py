"""A triage session in one index note beside the real daemon: fifty edits in five saves, and fifty clicks.

Everything arrives in the sources, no row moves while somebody is at the note, and in the end there is nothing to do.
"""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from system.installed import PATIENCE, Installed, wait_for, write

from vaultsync.index.links import find_row_link
from vaultsync.obsidian import task_settings
from vaultsync.tasks.edits import set_status
from vaultsync.tasks.line import parse_line

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

TODAY = "2026-11-22"
YESTERDAY = "2026-11-21"
OWN = "Tasks/@Ines Halloran.md"
TOBIAS = "Tasks/@Tobias Wren.md"
INBOX = "Tasks/Inbox.md"
PLUGIN = ".obsidian/plugins/obsidian-tasks-plugin/data.json"
SETTLE = 3.0  # seconds; the session's pauses are shorter, unless the machine is very busy
OUR_ID = re.compile(r" \^t-[a-z0-9]{8}\Z")


class Edit(NamedTuple):
    """In the row with these words `old` becomes `new`; then the source line, less its id, is `after`."""

    words: str
    fields: str
    old: str
    new: str
    after: str

    @property
    def before(self) -> str:
        return f"- [?] {self.words} @Myself #proposed {self.fields}".rstrip()


D1, D2 = "📅 2026-12-01", "📅 2026-12-02"
SAVES: tuple[tuple[Edit, ...], ...] = (
    (
        Edit("Paint the north buoy", D1, "[?]", "[ ]", f"- [ ] Paint the north buoy @Myself {D1}"),
        Edit("Call the ferry office", D1, "[?]", "[ ]", f"- [ ] Call the ferry office @Myself {D1}"),
        Edit("Oil the winch", D1, "[?]", "[/]", f"- [/] Oil the winch @Myself {D1}"),
        Edit("Sweep the pier", D1, "[?]", "[x]", f"- [x] Sweep the pier @Myself {D1} ✅ {TODAY}"),
        Edit("Buy a motor", D1, "[?]", "[-]", f"- [-] Buy a motor @Myself {D1} ❌ {TODAY}"),
        Edit("Order lamp oil", "", "]]", f"]] {D1}", f"- [?] Order lamp oil @Myself #proposed {D1}"),
        Edit("Count every step", "", "]]", f"]] {D1}", f"- [?] Count every step @Myself #proposed {D1}"),
        Edit("Lend Olek a ladder", D1, " a ", " the long ", f"- [?] Lend Olek the long ladder @Myself #proposed {D1}"),
        Edit("Wash curtains", D1, "Wash", "Iron the", f"- [?] Iron the curtains @Myself #proposed {D1}"),
    ),
    (
        Edit("Answer the mayor", D1, D1, D2, f"- [?] Answer the mayor @Myself #proposed {D2}"),
        Edit("Mend a flagpole", D1, D1, D2, f"- [?] Mend a flagpole @Myself #proposed {D2}"),
        Edit("Print tide tables", D1, D1, "", "- [?] Print tide tables @Myself #proposed"),
        Edit("Insure the lens", f"⏫ {D1}", f"⏫ {D1}", "⏫", "- [?] Insure the lens @Myself #proposed ⏫"),
        Edit("Bake biscuits", D1, "]]", "]] 🔺", f"- [?] Bake biscuits @Myself #proposed 🔺 {D1}"),
        Edit("Hire a brass band", f"🔽 {D1}", "🔽", "⏫", f"- [?] Hire a brass band @Myself #proposed ⏫ {D1}"),
        Edit("Clean both stoves", f"⏫ {D1}", "⏫ ", "", f"- [?] Clean both stoves @Myself #proposed {D1}"),
        Edit("Photograph panes", D1, " [[", " #lens [[", f"- [?] Photograph panes @Myself #proposed #lens {D1}"),
        Edit(
            "Varnish benches", D1, " [[", " #deck #wood [[", f"- [?] Varnish benches @Myself #proposed #deck #wood {D1}"
        ),
        Edit("Polish bell #brass", D1, " #brass", "", f"- [?] Polish bell @Myself #proposed {D1}"),
    ),
    (
        Edit("Plant sea thrift", D1, " [[", " @Tobias Wren [[", f"- [?] Plant sea thrift @Tobias Wren #proposed {D1}"),
        Edit("Wind the clock", D1, " [[", " @Tobias Wren [[", f"- [?] Wind the clock @Tobias Wren #proposed {D1}"),
        Edit("Trim wicks", D1, " [[", " @Tobias Wren [[", f"- [?] Trim wicks @Tobias Wren #proposed {D1}"),
        Edit(
            "Rewrite the leaflet",
            D1,
            "the leaflet",
            "all leaflets, shorter",
            f"- [?] Rewrite all leaflets, shorter @Myself #proposed {D1}",
        ),
        Edit("File receipts", D1, "[?]", "[ ]", f"- [ ] File receipts @Myself {D1}"),
        Edit("Borrow a tent", D1, "[?]", "[ ]", f"- [ ] Borrow a tent @Myself {D1}"),
        Edit("Measure gallery", D1, "[?]", "[/]", f"- [/] Measure gallery @Myself {D1}"),
        Edit("Test the foghorn", D1, "[?]", "[x]", f"- [x] Test the foghorn @Myself {D1} ✅ {TODAY}"),
    ),
    (
        Edit(
            "Map the cellar",
            D1,
            D1,
            f"⏳ 2026-11-28 {D1}",
            f"- [?] Map the cellar @Myself #proposed ⏳ 2026-11-28 {D1}",
        ),
        Edit("Feed gulls", D1, D1, f"🛫 2026-11-25 {D1}", f"- [?] Feed gulls @Myself #proposed 🛫 2026-11-25 {D1}"),
        Edit("Sort keys", f"⏳ 2026-11-28 {D1}", "⏳ 2026-11-28 ", "", f"- [?] Sort keys @Myself #proposed {D1}"),
        Edit(
            "Dry sails",
            f"🛫 2026-11-25 {D1}",
            "11-25",
            "11-26",
            f"- [?] Dry sails @Myself #proposed 🛫 2026-11-26 {D1}",
        ),
        Edit("Label ropes", D1, "Label", "Label and coil", f"- [?] Label and coil ropes @Myself #proposed {D1}"),
        Edit("Salt the stairs", D1, D1, D2, f"- [?] Salt the stairs @Myself #proposed {D2}"),
        Edit("Find a glazier", "", "]]", f"]] {D2}", f"- [?] Find a glazier @Myself #proposed {D2}"),
        Edit("Repair gutter", D1, "[?]", "[-]", f"- [-] Repair gutter @Myself {D1} ❌ {TODAY}"),
        Edit("Burn old papers", D1, "[?]", "[x]", f"- [x] Burn old papers @Myself {D1} ✅ {TODAY}"),
    ),
    (
        Edit("Phone the bakery", D1, "[?]", "[ ]", f"- [ ] Phone the bakery @Myself {D1}"),
        Edit("Hang lanterns", D1, "[?]", "[/]", f"- [/] Hang lanterns @Myself {D1}"),
        Edit("Tune piano", D1, D1, "", "- [?] Tune piano @Myself #proposed"),
        Edit("Brush uniforms", D1, "Brush", "Brush both", f"- [?] Brush both uniforms @Myself #proposed {D1}"),
        Edit("Thank sponsors", D1, "]]", "]] 🔼", f"- [?] Thank sponsors @Myself #proposed 🔼 {D1}"),
        Edit("Weed a path", D1, " [[", " #garden [[", f"- [?] Weed a path @Myself #proposed #garden {D1}"),
    ),
)
# What waits for the note to settle, by the save that it comes with: typed around the first row, or row by row.
LOOSE = {1: "- [ ] Ask Mona for a tent 📅 2026-12-09", 3: "    - [?] Look for the spare fuse"}
FREE = {0: "Bring cake on Friday.", 4: "*The end of the list.*"}
BENEATH = {2: ("Knot nets", "    - six of them"), 4: ("Scrub decks", "    not before Monday")}
DELETED = {1: "Refill inkwells", 3: "Air out the loft"}
UNTOUCHED = ("Knot nets", "Scrub decks", "Refill inkwells", "Air out the loft")
ALL = [edit for save in SAVES for edit in save]


@pytest.fixture
def session(tmp_path: Path, vaultsync: Installed) -> Path:
    """Make a vault whose tasks have rows already, with nothing left to do."""
    root = tmp_path / "session"
    lines = [edit.before for edit in ALL] + [f"- [?] {words} @Myself #proposed {D1}" for words in UNTOUCHED]
    notes = {f"Meetings/{number}.md": "\n".join(lines[number::5]) + "\n" for number in range(5)}
    write(root, {".obsidian/app.json": "{}", "vaultsync.yaml": "owner: Ines Halloran\ntimezone: UTC\n", **notes})
    write(root, {"People/Tobias Wren.md": "Keeps the clockwork.\n"})
    vaultsync("reconcile", root, "--today", TODAY)
    assert len(rows(root, OWN)) == len(lines)
    return root


@pytest.fixture
def beside(vaultsync: Installed, tmp_path: Path) -> Iterator[Callable[[Path, float], subprocess.Popen[bytes]]]:
    """Start the daemon on a vault, with this `settle`; its clock says TODAY."""
    started: list[subprocess.Popen[bytes]] = []

    def start(vault: Path, settle: float) -> subprocess.Popen[bytes]:
        timing = {"quiet": "0.2", "stamp_after": "0", "settle": str(settle), "debounce": "0.02"}
        variables = {f"VAULTSYNC_TIMING__{name.upper()}": value for name, value in timing.items()}
        command = Installed({**vaultsync.environment, **variables})
        started.append(command.start("run", vault, "--today", TODAY, log=tmp_path / "session.log"))
        return started[-1]

    yield start
    for daemon in started:
        daemon.kill()
        daemon.wait(timeout=PATIENCE)


def in_step(vault: Path) -> bool:
    """Tell whether the overview, which is written last, counts the rows as they stand."""
    for path, person in ((OWN, "Ines Halloran"), (TOBIAS, "Tobias Wren")):
        boxes = [row[3] for row in rows(vault, path)]
        counts = f"{person}]] | {boxes.count('?')} | {boxes.count(' ') + boxes.count('/')} |"
        if boxes and not any(counts in line for line in lines_of(vault, "Tasks/Overview.md")):
            return False
    return True


def end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=PATIENCE) == 0


def lines_of(vault: Path, path: str) -> list[str]:
    file = vault / path
    return file.read_text().split("\n") if file.is_file() else []


def rows(vault: Path, path: str) -> list[str]:
    return [line for line in lines_of(vault, path) if find_row_link(line)]


def source_lines(vault: Path) -> set[str]:
    notes = [file.relative_to(vault).as_posix() for file in (vault / "Meetings").glob("*.md")]
    return {OUR_ID.sub("", line) for path in notes for line in lines_of(vault, path)}


def at_row(lines: Sequence[str], words: str) -> int:
    (number,) = [number for number, line in enumerate(lines) if f"] {words} [[" in line]
    return number


def save(vault: Path, number: int) -> list[str]:
    """Make the edits of one save in the index note, and write it as Obsidian does; return its lines."""
    lines = lines_of(vault, OWN)
    for edit in SAVES[number]:
        at = at_row(lines, edit.words)
        assert edit.old in lines[at]
        lines[at] = lines[at].replace(edit.old, edit.new).rstrip()
    if number in DELETED:
        del lines[at_row(lines, DELETED[number])]
    if number in BENEATH:
        words, typed = BENEATH[number]
        lines.insert(at_row(lines, words) + 1, typed)
    first = next(at for at, line in enumerate(lines) if find_row_link(line))
    if number in LOOSE:
        lines.insert(first + 1, LOOSE[number])
    if number in FREE:
        lines.insert(first, FREE[number])
    (vault / OWN).write_text("\n".join(lines))
    return lines


def outline(lines: Sequence[str]) -> list[str]:
    """Return what may not move: each row by its task, each other line as it stands; properties aside."""
    begin = next((at for at, line in enumerate(lines) if "vaultsync:begin" in line), 0)
    found = ((line, find_row_link(line)) for line in lines[begin:])
    return [link.block_id if link else line for line, link in found]


def drawn(edit: Edit, row: str) -> bool:
    """Tell whether a row reads as after its edit, with the date that a box ticked by hand gets."""
    return edit.new != "[x]" or row.endswith(f" ✅ {TODAY}")


def arrived(vault: Path, edits: Sequence[Edit]) -> bool:
    """Tell whether the edits that needn't wait for the note to settle are in the sources, and the rows drawn."""
    there = source_lines(vault)
    if not {edit.after for edit in edits if "@Tobias" not in edit.new} <= there:
        return False
    own = rows(vault, OWN)
    return all(drawn(edit, row) for edit in edits for row in own if f"[x] {edit.words} [[" in row)


def assert_all_is_done(vault: Path, vaultsync: Installed) -> None:
    """Assert that every edit of the session is where it belongs, and that a further cycle plans nothing."""
    assert source_lines(vault) >= {edit.after for edit in ALL}
    assert source_lines(vault) == {"", *(edit.after for edit in ALL)} | {
        f"- [?] {words} @Myself #proposed {D1}" for words in UNTOUCHED
    }
    lines = lines_of(vault, OWN)
    begin, end = (next(at for at, line in enumerate(lines) if mark in line) for mark in (":begin", ":end"))
    assert not [line for line in lines if "Conflicts" in line or "↳" in line]
    for text in FREE.values():
        assert lines.index(text) > end
    for words, typed in BENEATH.values():
        assert lines[at_row(lines, words) + 1] == typed
    assert all(begin < at_row(lines, words) < end for words in DELETED.values())
    handed = [edit.words for edit in ALL if "@Tobias" in edit.new]
    assert sorted(words for words in handed for row in rows(vault, TOBIAS) if f"] {words} [[" in row) == sorted(handed)
    assert not [row for row in rows(vault, OWN) for words in handed if f"] {words} [[" in row]
    sections = {line: at for at, line in enumerate(lines) if line.startswith("## ")}
    assert list(sections) == ["## Proposed", "## Open", "## In progress", "## Done"]
    for edit in ALL:
        heading = {"[ ]": "## Open", "[/]": "## In progress", "[x]": "## Done"}.get(edit.new)
        if heading:
            at = at_row(lines, edit.words)
            assert max((place, name) for name, place in sections.items() if place < at)[1] == heading
    assert_captured(vault)
    vaultsync("reconcile", vault, "--today", TODAY, "--check")


def assert_captured(vault: Path) -> None:
    assert sorted(OUR_ID.sub("", line) for line in lines_of(vault, INBOX) if line) == [
        "- [ ] Ask Mona for a tent @Ines Halloran 📅 2026-12-09",
        "- [?] Look for the spare fuse @Ines Halloran",
    ]
    for words in ("Ask Mona for a tent", "Look for the spare fuse"):
        assert at_row(lines_of(vault, OWN), words)


def test_the_session_has_fifty_edits() -> None:
    assert len(ALL) + len(LOOSE) + len(FREE) + len(BENEATH) + len(DELETED) == 50
    assert len(SAVES) == 5


def test_fifty_edits_in_five_saves_arrive_while_no_row_moves(
    session: Path, beside: Callable[[Path, float], subprocess.Popen[bytes]], vaultsync: Installed
) -> None:
    daemon = beside(session, SETTLE)
    wait_for(lambda: "watching" in (session.parent / "session.log").read_text(), "the daemon")
    for number, edits in enumerate(SAVES):
        before = time.time()
        typed = outline(save(session, number))

        def holds_still_until_arrived(
            edits: Sequence[Edit] = edits, typed: list[str] = typed, before: float = before
        ) -> bool:
            seen = outline(lines_of(session, OWN))
            # A look that came late proves nothing: by then the note may have settled.
            assert seen == typed or not seen or time.time() - before > SETTLE
            assert not (session / INBOX).exists() or time.time() - before > SETTLE
            return arrived(session, edits)

        wait_for(holds_still_until_arrived, f"the edits of save {number}")
    wait_for(lambda: len(lines_of(session, INBOX)) > len(LOOSE), "the captured tasks")
    wait_for(lambda: len(rows(session, TOBIAS)) == 3, "the rows that were handed over")
    wait_for(lambda: outline(lines_of(session, OWN)) != typed, "the rows' move")
    wait_for(lambda: in_step(session), "the overview")
    end(daemon)
    assert_all_is_done(session, vaultsync)


def test_the_same_session_saved_while_the_daemon_was_off_arrives_alike(
    session: Path, beside: Callable[[Path, float], subprocess.Popen[bytes]], vaultsync: Installed
) -> None:
    for number in range(len(SAVES)):
        save(session, number)
    daemon = beside(session, 0.5)
    wait_for(lambda: arrived(session, ALL), "the edits")
    wait_for(lambda: len(lines_of(session, INBOX)) > len(LOOSE), "the captured tasks")
    wait_for(lambda: len(rows(session, TOBIAS)) == 3, "the rows that were handed over")
    wait_for(lambda: "## Done" in lines_of(session, OWN), "the rows' move")
    wait_for(lambda: in_step(session), "the overview")
    end(daemon)
    assert_all_is_done(session, vaultsync)


# A tap goes round: proposed, to do, in progress, done, and to do again.
STATUSES = {
    "coreStatuses": [
        {"symbol": " ", "name": "Todo", "nextStatusSymbol": "/", "type": "TODO"},
        {"symbol": "x", "name": "Done", "nextStatusSymbol": " ", "type": "DONE"},
    ],
    "customStatuses": [
        {"symbol": "?", "name": "Proposed", "nextStatusSymbol": " ", "type": "TODO"},
        {"symbol": "/", "name": "In Progress", "nextStatusSymbol": "x", "type": "IN_PROGRESS"},
    ],
}
TASKS, _ = task_settings({"statusSettings": STATUSES})
ROUND = "? /x"
WORDS = (
    [edit.words for edit in ALL if "#" not in edit.words]
    + list(UNTOUCHED)
    + ["Beat the carpets", "Ring bells", "Grease hinges", "Starch collars", "Air beds"]
)
CLICKED = [(words, ROUND[number % 3], 1 + number // 3 % 3, number % 2) for number, words in enumerate(WORDS)]


def clicked(row: str, times: int, day: str) -> str:
    """Return a row as the Tasks plugin leaves it after some clicks on that day."""
    for _ in range(times):
        line = parse_line(row, TASKS, hidden=True)
        assert line is not None
        lines = set_status(line, None, TASKS, day)
        assert lines is not None
        (row,) = lines
    return row


@pytest.mark.parametrize("on", [True, False], ids=["while the daemon runs", "while it was off"])
def test_fifty_clicked_rows_arrive_with_the_dates_of_the_clicks(
    tmp_path: Path, beside: Callable[[Path, float], subprocess.Popen[bytes]], vaultsync: Installed, *, on: bool
) -> None:
    vault = tmp_path / "clicks"
    sources = {words: f"- [{symbol}] {words} @Myself ⏫ {D1}" for words, symbol, _, _ in CLICKED}
    again = "- [/] Wind the clock up @Myself 🔁 every week 📅 2026-11-20"
    write(vault, {".obsidian/app.json": "{}", "vaultsync.yaml": "owner: Ines Halloran\ntimezone: UTC\n"})
    write(vault, {PLUGIN: json.dumps({"statusSettings": STATUSES})})
    write(vault, {"Meetings/0.md": "\n".join([*sources.values(), again, ""])})
    vaultsync("reconcile", vault, "--today", TODAY)
    daemon = beside(vault, 1.0) if on else None
    if daemon is not None:
        wait_for(lambda: "watching" in (tmp_path / "session.log").read_text(), "the daemon")
    lines = lines_of(vault, OWN)
    wanted: set[str] = set()
    for words, symbol, times, late in [*CLICKED, ("Wind the clock up (every week)", "/", 1, 1)]:
        at = at_row(lines, words)
        day = YESTERDAY if late else TODAY
        lines[at] = clicked(lines[at], times, day)
        after = (ROUND + " /")[ROUND.index(symbol) + times]
        done = f" ✅ {day}" if after == "x" else ""
        if words in sources:
            wanted.add(f"- [{after}] {words} @Myself ⏫ {D1}{done}")
    wanted.add(f"- [x] Wind the clock up @Myself 🔁 every week 📅 2026-11-20 ✅ {YESTERDAY}")
    wanted.add("- [ ] Wind the clock up @Myself 🔁 every week 📅 2026-11-27")
    (vault / OWN).write_text("\n".join(lines))
    daemon = daemon or beside(vault, 0.5)
    wait_for(lambda: source_lines(vault) == {*wanted, ""}, "the clicks")
    wait_for(lambda: "## Done" in lines_of(vault, OWN), "the rows' move")
    wait_for(lambda: len(rows(vault, OWN)) == len(CLICKED) + 2, "the row of the next occurrence")
    wait_for(lambda: in_step(vault), "the overview")
    assert len(CLICKED) == 50
    end(daemon)
    vaultsync("reconcile", vault, "--today", TODAY, "--check")
