"""What can befall a vault, hazard by hazard, through the real wheel on a folder: nothing is lost, it comes to rest."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from crash.stages import EDITS, OTHER, PLAIN, edit, edited_vault, fresh_vault, leftovers, rested, words
from laws.vault_model import ANA, BO, FolderVault

from vaultsync.cycle import Wheel
from vaultsync.errors import HaltError
from vaultsync.settings import load_settings
from vaultsync.storage import vault as files
from vaultsync.storage.state import State
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


INBOX = "Tasks/Inbox.md"
QUIET = Waits(quiet=2, quiet_max=30, stamp_after=0, settle=0, absent_delay=5)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def settled(tmp_path: Path) -> FolderVault:
    vault = fresh_vault(tmp_path / "settled")
    vault.come_to_rest()
    return vault


@contextmanager
def opened(vault: FolderVault) -> Iterator[Wheel]:
    """Open a wheel that stays open over several turns, as the daemon's does."""
    state = State(vault.state_file)
    try:
        yield Wheel(vault.settings, state, vault.clock(), vault.waits)
    finally:
        state.close()


def rows_of(vault: FolderVault, path: str) -> list[str]:
    return [line for line in vault.read(path).split("\n") if line.startswith("- [")]


def test_a_temporary_file_that_a_killed_run_left_is_removed_by_the_next_one(settled: FolderVault) -> None:
    before = settled.texts()
    stale = settled.root / "Folder" / f"{files.TEMP_PREFIX}abc{files.TEMP_SUFFIX}"
    stale.write_text("half a no")
    settled.turn()
    assert leftovers(settled) == []
    assert settled.texts() == before


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="blank"),
    ],
)
def test_a_note_read_in_mid_save_keeps_its_rows_until_it_is_whole_again(content: bytes, settled: FolderVault) -> None:
    before = settled.texts()
    (settled.root / PLAIN).write_bytes(content)
    settled.come_to_rest()
    assert rows_of(settled, ANA) == [line for line in before[ANA].split("\n") if line.startswith("- [")]
    settled.write(PLAIN, before[PLAIN])
    settled.come_to_rest()
    assert settled.texts() == before


def test_half_a_note_is_not_planned_on_while_it_is_young(settled: FolderVault) -> None:
    settled.waits = QUIET
    before, rows = settled.texts(), rows_of(settled, ANA)
    with opened(settled) as wheel:
        wheel.turn()
        settled.write(PLAIN, before[PLAIN][:20])
        outcome = wheel.turn()
        assert outcome.skipped == (PLAIN,)
        assert settled.read(PLAIN) == before[PLAIN][:20]
        assert rows_of(settled, ANA) == rows
        settled.write(PLAIN, before[PLAIN])
        settled.later += 60
        wheel.turn()
    assert settled.texts() == before


def test_a_note_that_is_deleted_while_it_is_about_to_be_written_stays_deleted_and_its_rows_go(tmp_path: Path) -> None:
    vault = edited_vault(tmp_path / "edited")
    write = files.write

    def slower(root: Path, path: str, *rest: object) -> object:
        if path == PLAIN and (root / path).exists():
            (root / path).unlink()
        return write(root, path, *rest)  # type: ignore[arg-type]

    with patch.object(files, "write", slower):
        vault.turn()
    vault.come_to_rest()
    assert PLAIN not in vault.texts()
    # What was edited in a row is kept among the conflicts, the row that nobody touched goes.
    assert [line.partition(" [[")[0] for line in rows_of(vault, ANA) if "Plain#" in line] == ["- [ ] Ask them now"]
    assert "## Conflicts" in vault.read(ANA)


def test_another_folder_where_the_vault_was_is_not_written_into(settled: FolderVault) -> None:
    with opened(settled) as wheel:
        wheel.turn()
        before = settled.texts()
        settled.root.rename(settled.folder / "elsewhere")
        settled.root.mkdir()
        with pytest.raises(HaltError, match="another folder"):
            wheel.turn()
        assert list(settled.root.iterdir()) == []
        settled.root.rmdir()
        with pytest.raises(HaltError, match="the vault is gone"):
            wheel.turn()
        (settled.folder / "elsewhere").rename(settled.root)
        wheel.turn()
    assert settled.texts() == before


@pytest.mark.parametrize("ahead", [pytest.param(86_400.0, id="future"), pytest.param(-10 * 365 * 86_400.0, id="past")])
def test_the_time_of_a_file_decides_nothing(ahead: float, tmp_path: Path) -> None:
    vault = edited_vault(tmp_path / "edited")
    calm = rested(vault, tmp_path / "calm")
    vault.waits = QUIET
    for number, path in enumerate(vault.texts()):
        moment = vault.clock().now() + ahead + number
        os.utime(vault.root / path, (moment, moment))
    vault.come_to_rest()
    assert vault.texts() == calm.texts()


def test_an_edit_of_the_same_size_under_the_same_time_is_found(settled: FolderVault) -> None:
    file = settled.root / OTHER
    with opened(settled) as wheel:
        wheel.turn()
        settled.later += 3600
        wheel.turn()
        stamp = file.stat()
        file.write_bytes(file.read_bytes().replace(b"Wait", b"Work"))
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert (file.stat().st_size, file.stat().st_mtime_ns) == (stamp.st_size, stamp.st_mtime_ns)
        wheel.turn()
    assert "- [ ] Work" in settled.read(ANA)


def test_state_from_a_backup_adopts_what_is_equal_and_lists_what_differs(settled: FolderVault) -> None:
    kept = settled.folder / "kept"
    shutil.copytree(settled.state_file.parent, kept)
    edit(settled, ANA, "- [ ] Wait", "- [/] Wait")
    edit(settled, PLAIN, "- [ ] Tell them", "- [ ] Tell them all")
    settled.come_to_rest()
    after = settled.texts()
    shutil.rmtree(settled.state_file.parent)
    shutil.copytree(kept, settled.state_file.parent)
    settled.come_to_rest()
    assert settled.texts() == after
    shutil.rmtree(settled.state_file.parent)
    shutil.copytree(kept, settled.state_file.parent)
    edit(settled, BO, "- [ ] Tell them all", "- [ ] Tell them nothing")
    outcome = settled.turn()
    assert [(conflict.field, conflict.disagreement.source) for conflict in outcome.plan.conflicts] == [
        ("prose", "Tell them all")
    ]
    assert "Tell them nothing" in settled.read(BO)
    assert "Tell them all" in settled.read(PLAIN)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda line: line.rpartition(" ^")[0], id="removed"),
        pytest.param(lambda line: line[:-3] + "zzz", id="edited"),
    ],
)
def test_without_its_id_a_line_is_another_task_and_the_edit_of_its_old_row_is_kept(
    change: Callable[[str], str], settled: FolderVault
) -> None:
    (line,) = [line for line in settled.read(PLAIN).split("\n") if "Tell them" in line]
    edit(settled, PLAIN, line, change(line))
    edit(settled, BO, "- [ ] Tell them", "- [/] Tell them twice")
    settled.come_to_rest()
    assert "- [ ] Tell them @Bo" in settled.read(PLAIN)
    rows = [row.partition(" [[")[0] for row in rows_of(settled, BO)]
    assert sorted(row for row in rows if "Tell them" in row) == ["- [ ] Tell them", "- [/] Tell them twice"]
    assert "## Conflicts" in settled.read(BO)


MERGED = "<<<<<<< HEAD\n- [ ] Tell them @Bo\n=======\n- [ ] Tell nobody @Bo\n>>>>>>> theirs\n"


@pytest.mark.parametrize("path", [pytest.param(PLAIN, id="a source note"), pytest.param(BO, id="an index note")])
def test_a_note_with_git_conflict_markers_is_frozen_told_and_its_rows_stay(path: str, settled: FolderVault) -> None:
    before, rows = settled.texts(), rows_of(settled, BO)
    settled.write(path, before[path] + MERGED)
    told = words(settled.turn())
    settled.come_to_rest()
    assert f"{path}: git conflict markers" in told
    assert settled.read(path) == before[path] + MERGED
    assert rows_of(settled, BO)[: len(rows)] == rows
    sources = [other for other in before if not other.startswith("Tasks/") and other != path]
    assert [other for other in sources if settled.read(other) != before[other]] == []
    settled.write(path, before[path])
    settled.come_to_rest()
    assert settled.texts() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(bytes(range(256)) * 40, "NUL", id="bytes of every value"),
        pytest.param("- [?] One @Ana\n".encode("utf-16"), "NUL", id="UTF-16"),
        pytest.param(b"- [?] One @Ana\n\0", "NUL", id="a NUL"),
        pytest.param(b"- [?] caf\xe9 @Ana\n", "not UTF-8", id="Latin-1"),
    ],
)
def test_a_note_that_is_no_text_is_told_and_left_alone(content: bytes, said: str, settled: FolderVault) -> None:
    before = settled.texts()
    (settled.root / "Odd.md").write_bytes(content)
    told = words(settled.turn())
    settled.come_to_rest()
    assert f"Odd.md: {said}" in told or f"Odd.md: holds {said}" in told
    assert (settled.root / "Odd.md").read_bytes() == content
    (settled.root / "Odd.md").unlink()
    assert settled.texts() == before


def test_a_note_that_was_text_and_is_no_more_keeps_its_rows(settled: FolderVault) -> None:
    rows = rows_of(settled, ANA)
    (settled.root / PLAIN).write_bytes(b"\xff\xfe\0")
    settled.come_to_rest()
    assert rows_of(settled, ANA) == rows
    assert (settled.root / PLAIN).read_bytes() == b"\xff\xfe\0"


ODD_ENDS = {
    "a byte order mark": "\ufeff- [?] One @Ana\n",
    "CRLF": "a\r\n- [?] One @Ana\r\nb\r\n",
    "mixed ends": "a\r\n- [?] One @Ana\nb\r- c\r\n",
    "no last end": "- [?] One @Ana",
    "separators that are no line end": "x\u2028y\u0085z\x0bw\x0c\n- [?] One @Ana\nx\u2029y\x1cz\n",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in ODD_ENDS.items()])
def test_odd_bytes_around_an_edited_line_stay(text: str, tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "odd")
    vault.write("Odd.md", text)
    vault.come_to_rest()
    edit(vault, ANA, "- [?] One", "- [ ] One")
    vault.come_to_rest()
    before, after = text.split("- [?] One @Ana")
    now = vault.read("Odd.md")
    assert now.startswith(f"{before}- [ ] One @Ana ^t-")
    assert now.endswith(after)
    assert len(now) == len(text) + len(" ^t-12345678")


FRONTMATTERS = {
    "a bomb of aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + "d: [*c, *c]\n" * 9,
    "nesting": "a: " + "[" * 2000,
    "no day of the calendar": "date: 2026-13-45",
    "an integer of 5,000 digits": "a: " + "9" * 5000,
    "no YAML": "a: b: [",
}


@pytest.mark.parametrize("front", [pytest.param(text, id=name) for name, text in FRONTMATTERS.items()])
def test_a_note_with_an_evil_frontmatter_still_has_its_tasks(front: str, settled: FolderVault) -> None:
    settled.write("Evil.md", f"---\n{front}\n---\n\n- [?] Tame it @Ana\n")
    settled.come_to_rest()
    assert "- [?] Tame it" in settled.read(ANA)
    assert settled.read("Evil.md").startswith(f"---\n{front}\n---\n\n- [?] Tame it @Ana ^t-")


def test_what_only_looks_like_a_task_is_never_touched(settled: FolderVault) -> None:
    text = (
        "---\nx: |\n  - [ ] a @Ana\n---\n\n```\n- [ ] b @Ana\n```\n\n    - [ ] c @Ana\n\n%%\n- [ ] d @Ana\n%%\n\n"
        "<!--\n- [ ] e @Ana\n-->\n"
    )
    before = settled.texts()
    settled.write("Looks.md", text)
    template = "- [ ] {{title}} @Ana\n"
    settled.write("Templates/New.md", template)
    (settled.root / ".obsidian").mkdir()
    settled.write(".obsidian/templates.json", '{"folder": "Templates"}')
    settled.settings = load_settings(settled.root)
    settled.come_to_rest()
    assert settled.texts() == {**before, "Looks.md": text, "Templates/New.md": template}


def test_a_run_that_is_told_to_stop_finishes_the_file_and_leaves_the_rest_for_the_next(tmp_path: Path) -> None:
    vault = edited_vault(tmp_path / "edited")
    calm = rested(vault, tmp_path / "calm")
    for number in range(len(EDITS)):
        hurt = vault.copy(tmp_path / f"stopped-{number}")
        heard: list[str] = []
        with opened(hurt) as wheel:
            wheel.turn(tell=lambda path, *_, heard=heard: heard.append(path), stop=lambda: len(heard) >= number)  # noqa: B023 - called at once
        assert len(heard) == number
        assert leftovers(hurt) == []
        assert all(text in {vault.texts().get(path), calm.texts()[path]} for path, text in hurt.texts().items())
        hurt.come_to_rest()
        assert hurt.texts() == calm.texts()
        assert hurt.base() == calm.base()


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("  hide_tags: []\n", id="a hidden tag is shown"),
        pytest.param("  link_text: title\n", id="links have another text"),
        pytest.param("  max_rows: 1\n", id="fewer rows are shown"),
    ],
)
def test_other_settings_are_another_rendering_and_no_edit(setting: str, settled: FolderVault) -> None:
    before = settled.texts()
    config = settled.root / "vaultsync.yaml"
    was = config.read_text()
    config.write_text(f"{was}index:\n{setting}")
    settled.settings = load_settings(settled.root)
    assert settled.turn().plan.edits == ()
    assert settled.turn().written == frozenset()
    after = settled.texts()
    assert after != before
    sources = {path for path in before if not path.startswith("Tasks/")}
    assert {path: after[path] for path in sources} == {path: before[path] for path in sources}
    config.write_text(was)
    settled.settings = load_settings(settled.root)
    settled.come_to_rest()
    assert settled.texts() == before


def test_a_row_whose_link_was_deleted_finds_its_task_again(settled: FolderVault) -> None:
    (row,) = [line for line in rows_of(settled, ANA) if "Wait" in line]
    edit(settled, ANA, row, "- [/] Wait!")
    settled.come_to_rest()
    assert settled.read(OTHER).startswith("> - [/] Wait! @Ana ^t-")
    assert [line for line in rows_of(settled, ANA) if "Wait" in line] == [row.replace("[ ] Wait", "[/] Wait!")]
    assert INBOX not in settled.texts()


def test_a_task_typed_into_the_region_is_captured_once(settled: FolderVault) -> None:
    settled.waits = replace(settled.waits, settle=60)
    for typed in ("- [ ] Call", "- [ ] Call Bob"):
        lines = settled.read(ANA).split("\n")
        at = next((n for n, line in enumerate(lines) if line.startswith("- [ ] Call")), None)
        lines[lines.index("## Open") + 1 if at is None else at] = typed
        settled.write(ANA, "\n".join(lines))
        settled.turn()
        assert INBOX not in settled.texts()
    settled.come_to_rest()
    (line,) = settled.read(INBOX).splitlines()
    assert line.startswith("- [ ] Call Bob @Ana ^t-")
    assert sum("Call" in row for row in rows_of(settled, ANA)) == 1


@pytest.mark.parametrize(
    ("inbox", "config"),
    [
        pytest.param("```\n", "", id="a fence that is open in the capture note"),
        pytest.param("---\nvaultsync: false\n---\n", "", id="a note that is left alone"),
        pytest.param("", "exclude: [Tasks/Inbox.md]\n", id="a note that isn't read"),
        pytest.param("", "capture: Tasks/@Inbox.md\n", id="an index note's place"),
    ],
)
def test_a_capture_that_would_not_read_back_stays_as_typed_and_is_told(
    inbox: str, config: str, settled: FolderVault
) -> None:
    settled.configure(config)
    if inbox:
        settled.write(INBOX, inbox)
    settled.come_to_rest()
    typed = "- [ ] Remember the milk"
    before = settled.texts()
    edit(settled, ANA, "## Open\n", f"## Open\n\n  {typed}\n    with milk\n")
    settled.come_to_rest()
    outcome = settled.turn()
    assert outcome.written == frozenset()
    assert [p.what for p in outcome.problems if p.path == ANA and "stays as typed" in p.what]
    assert f"{typed}\n  with milk\n" in settled.read(ANA).partition("%% vaultsync:end %%")[0]
    after = settled.texts()
    assert {**after, ANA: ""} == {**before, ANA: ""}


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        pytest.param("note_bytes: 1000", "- [?] One @Ana\n" + "x\n" * 1000, id="a note that is too long"),
        pytest.param("nesting: 10", f"{'> ' * 20}- [?] One @Ana\n", id="lists and quotes too deep in each other"),
        pytest.param("line_chars: 1000", f"- [?] One {'x' * 2000} @Ana\n", id="a line that is too long"),
    ],
)
def test_beyond_a_limit_a_note_is_told_with_its_setting_and_left_alone(
    limit: str, text: str, settled: FolderVault
) -> None:
    before = settled.texts()
    settled.configure(f"limits:\n  {limit}\n")
    settled.write("Huge.md", text)
    told = words(settled.turn())
    settled.come_to_rest()
    assert "Huge.md: " in told
    assert f"limits.{limit.partition(':')[0]}" in told
    assert settled.texts() == {**before, "Huge.md": text}
    settled.configure("")
    settled.come_to_rest()
    assert "[?] One" in settled.read(ANA)


SHOWING, HIDING = "index:\n  hide_tags: []\n", "index:\n  hide_tags: [task, proposed, auto, home]\n"


@pytest.mark.parametrize(
    ("before", "after"), [pytest.param(SHOWING, HIDING, id="hidden"), pytest.param(HIDING, SHOWING, id="shown")]
)
def test_other_tags_in_rows_are_no_edit_though_the_run_that_drew_them_died(
    before: str, after: str, settled: FolderVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settings(text: str) -> None:
        config = settled.config_file.read_text().partition("index:")[0]
        settled.config_file.write_text(config + text)
        settled.settings = load_settings(settled.root)

    path = next(path for path, text in settled.texts().items() if "#proposed" in text and not path.startswith("Tasks/"))
    settings(before)
    settled.come_to_rest()
    sources = {path: text for path, text in settled.texts().items() if not path.startswith("Tasks/")}
    settings(after)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(State, "save", die)
        with pytest.raises(KeyboardInterrupt):
            settled.turn()
    # Meanwhile somebody takes a tag off a source: that stays an edit.
    settled.write(path, sources[path].replace("#proposed", "#home", 1))
    settled.come_to_rest()
    now = {path: text for path, text in settled.texts().items() if not path.startswith("Tasks/")}
    edited = now.pop(path)
    assert edited.count("#proposed") == sources[path].count("#proposed") - 1
    assert edited.count("#home") == sources[path].count("#home") + 1
    assert now == {other: text for other, text in sources.items() if other != path}
    assert settled.turn().written == frozenset()
