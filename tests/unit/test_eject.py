"""Taking everything of ours out of a vault: nothing that anybody wrote goes with it."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.vault_model import ANA, BO, FolderVault

from vaultsync.cycle import Wheel
from vaultsync.eject import Ejected, Ejection, eject, plan_ejection
from vaultsync.index.eject import linked_notes, named_ids, without_ours
from vaultsync.storage import vault as files
from vaultsync.storage.backups import Backups
from vaultsync.storage.state import State, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "%% vaultsync:begin 1-x %%\n\n## Open\n\n- [ ] Dig [[A#^t-aaaaaaaa|↗]]\n\nand 2 more\n\n%% vaultsync:end %%\n"
OURS = "---\nvaultsync: index\nperson: Ana\ntasks_proposed: 0\ntasks_open: 1\ntasks_next_due: 2026-11-22\n---\n"


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    vault = FolderVault(tmp_path / "own")
    vault.write("A.md", "# A\r\n\r\n- [ ] Dig @Ana  \r\n- [?] Sow @Bo #proposed ^mine\r\n- [/] Reap @Ana 📅 2026-11-25")
    vault.write("B.md", "- [ ] Weigh @Bo\n    - [ ] Count @Bo\n")
    return vault


def plan(vault: FolderVault, **generated: bytes) -> Ejection:
    state = State(vault.state_file)
    try:
        return plan_ejection(Wheel(vault.settings, state, vault.clock(), vault.waits), generated)
    finally:
        state.close()


def run(vault: FolderVault, generated: dict[str, bytes] | None = None) -> tuple[Ejection, Ejected]:
    state = State(vault.state_file)
    try:
        wheel = Wheel(vault.settings, state, vault.clock(), vault.waits)
        planned = plan_ejection(wheel, generated or {})
        return (planned, Ejected()) if planned.stops else eject(planned, wheel, generated or {})
    finally:
        state.close()


def edit(vault: FolderVault, path: str, old: str, new: str) -> None:
    text = vault.read(path)
    assert text.count(old) == 1, (old, text)
    vault.write(path, text.replace(old, new))


def everything(vault: FolderVault) -> dict[str, bytes]:
    return {str(path.relative_to(vault.root)): path.read_bytes() for path in vault.root.rglob("*") if path.is_file()}


def id_of(vault: FolderVault, words: str) -> str:
    (line,) = (line for text in vault.texts().values() for line in text.splitlines() if words in line and " ^" in line)
    return line.rpartition("^")[2].strip()


# -- the law


LINE = st.sampled_from(
    [
        "- [ ] Dig @Ana",
        "- [?] Dig @Ana #proposed",
        "- [ ] Dig @Ana  ",
        "\t- [/] Sow \t @Bo 📅 2026-11-25",
        "> - [ ] Reap @Kim Ray 🔁 every week 📅 2026-11-25 📅 soon",
        "1. [ ] Weigh ^mine",
        "* [x] Done ✅ 2026-11-21",
        "  - [ ] [due:: 2026-11-22] Count @Ana and @Bo",
        "- [ ] Tell ^not_one",
        "Text ^t-zzzzzzzz",
        "```",
        "",
        "- [ ] \u00a0Wait\u2028 @Ana\u3000",
        "---",
        "%%",
    ]
)
NOTE = st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n", "\n", "\r"])), max_size=9)


@settings(max_examples=25)
@given(notes=st.lists(NOTE, min_size=1, max_size=3), bom=st.booleans(), ended=st.booleans())
def test_reconcile_and_eject_give_back_every_file_byte_for_byte(
    notes: list[list[tuple[str, str]]],
    bom: bool,  # noqa: FBT001 - hypothesis passes it by name
    ended: bool,  # noqa: FBT001 - hypothesis passes it by name
) -> None:
    with TemporaryDirectory() as folder:
        vault = FolderVault(Path(folder))
        for number, lines in enumerate(notes):
            text = "".join(line + end for line, end in lines)
            vault.write(f"Note {number}.md", ("\ufeff" if bom else "") + (text if ended else text.rstrip("\r\n")))
        before = everything(vault)
        vault.come_to_rest()
        ejection, ejected = run(vault)
        assert (ejection.stops, ejected.problems) == ([], [])
        assert everything(vault) == before
        run(vault)
        assert everything(vault) == before


# -- what goes and what stays


def test_the_first_law_on_one_vault_that_has_ids_and_rows(vault: FolderVault) -> None:
    before = everything(vault)
    vault.come_to_rest()
    assert vault.read("A.md").count("^t-") == 2
    _, ejected = run(vault)
    assert everything(vault) == before
    assert sorted(ejected.backups) == [ANA, BO, "Tasks/Overview.md"]
    assert "- [ ] Dig" in ejected.backups[ANA].read_text()


def test_an_edit_of_a_row_arrives_in_its_source_before_the_row_goes(vault: FolderVault) -> None:
    vault.come_to_rest()
    edit(vault, ANA, "- [ ] Dig", "- [/] Dig deeper")
    edit(vault, "B.md", "- [ ] Weigh", "- [x] Weigh")
    ejection, _ = run(vault)
    assert ejection.needs_cycle
    assert "- [/] Dig deeper @Ana  \r\n" in vault.read("A.md")
    assert "- [x] Weigh @Bo ✅ 2026-11-22\n" in vault.read("B.md")
    assert "^t-" not in "".join(vault.texts().values())


def test_a_look_tells_what_a_run_then_does_and_writes_nothing(vault: FolderVault) -> None:
    vault.come_to_rest()
    edit(vault, ANA, "- [ ] Dig", "- [/] Dig deeper")
    edit(vault, BO, "%% vaultsync:end", "Mine\n\n%% vaultsync:end")
    before = everything(vault)
    looked = plan(vault)
    assert everything(vault) == before
    planned, ejected = run(vault)
    assert [(each.path, each.text) for each in looked.left] == [(each.path, each.text) for each in planned.left]
    assert looked.edits == planned.edits == ejected.edits


def test_text_around_and_within_a_region_stays_and_so_does_its_note(vault: FolderVault) -> None:
    vault.come_to_rest()
    text = vault.read(ANA)
    vault.write(ANA, text.replace("%% vaultsync:end", "Typed here\n\n%% vaultsync:end") + "\nBelow, no end")
    ejection, ejected = run(vault)
    assert ejection.stops == []
    assert ANA in ejected.written
    left = vault.read(ANA)
    assert left.startswith("\n")
    assert left.endswith("\nBelow, no end")
    assert left.count("Typed here\n") == 1
    assert "vaultsync" not in left


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("C.md", "see [[A#^{id}]]", id="a wikilink"),
        pytest.param("C.md", "![[A#^{ID}|x]]", id="an embed in capitals"),
        pytest.param("C.md", "[x](A.md#%5E{id})", id="a percent-encoded Markdown link"),
        pytest.param("C.md", "obsidian://open?file=A%2523%255E{id}", id="an address within an address"),
        pytest.param("C.md", "---\nvaultsync: false\n---\n[[A#^{id}]]", id="a note that is turned off"),
        pytest.param("C.md", "```\n[[A#^{id}]]\n```\n", id="code"),
        pytest.param("C.md", "%% [[A#^{id}]] %%", id="a comment"),
        pytest.param("C.md", "- [ ] Copy [[A#^{id}|↗]]", id="a copy of a row"),
        pytest.param("D.md", "- [ ] Weigh it @Bo [[A#^{id}]]\n", id="another task"),
        pytest.param("C.sync-conflict-20261122-101010-ABCDEFG.md", "[[A#^{id}]]", id="a conflict copy"),
        pytest.param("Board.canvas", '{{"nodes":[{{"file":"A.md","subpath":"#^{id}"}}]}}', id="a canvas"),
        pytest.param(".obsidian/bookmarks.json", '{{"subpath":"#^{id}"}}', id="a bookmark"),
        pytest.param("Old.txt", "\x80 A#^{id} \x80", id="a text that is not UTF-8"),
    ],
)
def test_an_id_stays_that_anything_else_names(path: str, text: str, vault: FolderVault) -> None:
    vault.come_to_rest()
    name = id_of(vault, "Dig")
    (vault.root / path).parent.mkdir(exist_ok=True)
    (vault.root / path).write_bytes(text.format(id=name, ID=name.upper()).encode("latin-1", "ignore"))
    if "↗" in text:
        vault.write(path, text.format(id=name))
    ejection, _ = run(vault)
    assert ejection.stops == []
    assert f"- [ ] Dig @Ana ^{name}  \r\n" in vault.read("A.md")
    assert vault.read("A.md").endswith("- [/] Reap @Ana 📅 2026-11-25")
    assert [(kept.path, kept.line, kept.id, kept.linked_from) for kept in ejection.kept_ids] == [
        ("A.md", 3, name, path)
    ]


def test_a_link_from_a_line_of_the_users_in_a_region_keeps_an_id(vault: FolderVault) -> None:
    vault.come_to_rest()
    name = id_of(vault, "Dig")
    edit(vault, BO, "%% vaultsync:end", f"See [[A#^{name}]]\n\n%% vaultsync:end")
    run(vault)
    assert f"^{name}" in vault.read("A.md")
    assert f"See [[A#^{name}]]" in vault.read(BO)


def test_a_copy_of_a_note_does_not_keep_the_ids_and_is_told(vault: FolderVault) -> None:
    vault.come_to_rest()
    copy = "A.sync-conflict-20261122-101010-ABCDEFG.md"
    vault.write(copy, vault.read("A.md"))
    ejection, _ = run(vault)
    assert "^t-" not in vault.read("A.md")
    assert vault.read(copy).count("^t-") == 2
    assert [(each.path, each.what) for each in ejection.remarks] == [
        (copy, "2 block ids of ours stay: not on a task line, or in a note that vaultsync doesn't read")
    ]


def test_a_generated_file_goes_only_as_it_was_made(vault: FolderVault) -> None:
    generated = {"Tasks/People.base": b"filters\n"}
    vault.write("Tasks/People.base", "filters\n")
    changed = vault.copy(vault.folder.parent / f"{vault.folder.name}-changed")
    changed.write("Tasks/People.base", "filters\nmine\n")
    _, ejected = run(vault, generated)
    assert ejected.backups.keys() == {"Tasks/People.base"}
    ejection, _ = run(changed, generated)
    assert changed.read("Tasks/People.base") == "filters\nmine\n"
    assert [each.path for each in ejection.remarks] == ["Tasks/People.base"]


def test_links_to_a_note_that_goes_are_told(vault: FolderVault) -> None:
    vault.come_to_rest()
    vault.write("C.md", "[[@Ana]] [b](Tasks/%40Bo.md#x)\n")
    ejection, _ = run(vault)
    assert {each.path: each.what for each in ejection.remarks} == {
        ANA: "links to it lead nowhere afterwards: in C.md",
        BO: "links to it lead nowhere afterwards: in C.md",
    }


# -- nothing typed is lost


def stop(vault: FolderVault) -> list[tuple[str, str]]:
    """Run, hold it to having taken nothing out, and return why it stopped."""
    rows = {path: text for path, text in vault.texts().items() if "vaultsync:" in text}
    ejection, ejected = run(vault)
    assert ejected == Ejected()
    for path in rows:
        assert "vaultsync:" in vault.read(path)
    return [(each.path, each.what) for each in ejection.stops]


def test_a_conflict_stops_it(vault: FolderVault) -> None:
    vault.come_to_rest()
    edit(vault, ANA, "- [/] Reap", "- [/] Reap one")
    edit(vault, "A.md", "- [/] Reap", "- [/] Reap two")
    assert (ANA, "this row and its source disagree; change one of them") in stop(vault)
    assert "Reap one" in vault.read(ANA)


def test_an_edited_row_of_a_line_that_is_gone_stops_it(vault: FolderVault) -> None:
    vault.come_to_rest()
    edit(vault, BO, "- [ ] Weigh", "- [ ] Weigh twice")
    vault.write("B.md", "")
    found = stop(vault)
    assert (BO, "the line that this row shows isn't there, or can't be read") in found
    assert "Weigh twice" in vault.read(BO)


def test_a_source_that_can_not_be_read_stops_it_and_its_reason_is_told(vault: FolderVault) -> None:
    vault.come_to_rest()
    vault.write("B.md", vault.read("B.md") + "\n<<<<<<< a\n=======\n>>>>>>> b\n")
    found = stop(vault)
    assert ("B.md", "git conflict markers from line 4 on") in found


def test_a_damaged_index_note_stops_it(vault: FolderVault) -> None:
    vault.come_to_rest()
    edit(vault, ANA, "%% vaultsync:end %%", "%% vaultsync:en")
    assert [path for path, _ in stop(vault)] == [ANA]


def test_an_index_note_with_both_kinds_of_markers_lost_to_git_stops_it(vault: FolderVault) -> None:
    vault.come_to_rest()
    vault.write(ANA, "<<<<<<< a\n- [ ] Dig typed\n=======\n>>>>>>> b\n")
    assert [path for path, _ in stop_without_rows(vault)] == [ANA]


def stop_without_rows(vault: FolderVault) -> list[tuple[str, str]]:
    ejection, ejected = run(vault)
    assert ejected == Ejected()
    return [(each.path, each.what) for each in ejection.stops]


def test_a_file_that_can_not_be_read_stops_it_since_it_may_hold_links(vault: FolderVault) -> None:
    vault.come_to_rest()
    vault.write("Board.canvas", "{}")
    read = files.read

    def refusing(root: Path, path: str) -> bytes:
        if path == "Board.canvas":
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(root, path)

    with patch.object(files, "read", refusing):
        assert stop(vault) == [("Board.canvas", "can't be read (Permission denied), so what it links to isn't known")]


def test_a_note_that_changes_under_it_is_told_and_kept_and_a_next_run_ends_it(vault: FolderVault) -> None:
    before = everything(vault)
    vault.come_to_rest()
    write = files.write

    def slower(root: Path, path: str, content: bytes, expected: str | None, *rest: Any) -> None:
        with (root / path).open("ab") as file:
            file.write(b"\nTyped meanwhile")
        write(root, path, content, expected, *rest)

    with patch.object(files, "write", slower):
        _, ejected = run(vault)
    assert [(each.path, each.what) for each in ejected.problems] == [
        ("A.md", "it was changed meanwhile; run again"),
        ("B.md", "it was changed meanwhile; run again"),
    ]
    run(vault)
    after = everything(vault)
    assert {path: content.replace(b"\nTyped meanwhile", b"") for path, content in after.items()} == before
    assert sum(b"Typed meanwhile" in content for content in after.values()) == 2


# -- crashes, and afterwards


class KilledError(BaseException):
    """The end of a run by kill -9: nothing that the run would still do happens."""


@contextmanager
def killed_at(number: int, *, after: bool) -> Iterator[list[str]]:
    """Kill the run at one of the calls that change something, before or after it; yield the names of those made."""
    made: list[str] = []

    def wrapped(owner: Any, name: str) -> Any:
        call = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            made.append(name)
            if len(made) > number or (len(made) == number and not after):
                raise KilledError
            result = call(*args, **kwargs)
            if len(made) == number:
                raise KilledError
            return result

        return patch.object(owner, name, counted)

    with ExitStack() as stack:
        for owner, name in ((files, "write"), (Backups, "set_aside"), (State, "save"), (State, "record")):
            stack.enter_context(wrapped(owner, name))
        yield made


@pytest.mark.parametrize("after", [pytest.param(False, id="before a call"), pytest.param(True, id="after a call")])
@pytest.mark.parametrize("edited", [pytest.param(False, id="at rest"), pytest.param(True, id="with edits to carry")])
def test_wherever_it_dies_a_next_run_ends_as_a_run_without_a_crash(
    vault: FolderVault,
    tmp_path: Path,
    edited: bool,  # noqa: FBT001 - pytest passes it by name
    after: bool,  # noqa: FBT001 - the same
) -> None:
    vault.write(BO, "Mine, no end")
    vault.write("C.md", "[[B]]")
    vault.come_to_rest()
    vault.write("C.md", f"[[B#^{id_of(vault, 'Count')}]]")
    if edited:
        edit(vault, ANA, "- [ ] Dig", "- [/] Dig deeper")
        edit(vault, BO, "%% vaultsync:end", "Typed here\n\n%% vaultsync:end")
    calm = vault.copy(tmp_path / "calm")
    assert run(calm)[0].stops == []
    assert calm.base() == {}
    for number in count(1):
        hurt = vault.copy(tmp_path / f"hurt-{number}")
        with killed_at(number, after=after) as made:
            try:
                run(hurt)
            except KilledError:
                pass
            else:
                break
        ejection, ejected = run(hurt)
        assert (ejection.stops, ejected.problems) == ([], []), (number, made)
        assert everything(hurt) == everything(calm), (number, made)
        assert hurt.base() == {}
    assert {"write", "set_aside", "save", "record"} <= set(made)


def test_a_state_that_can_not_be_written_keeps_every_id(vault: FolderVault) -> None:
    vault.come_to_rest()
    before = vault.read("A.md")

    def full(*_: object) -> None:
        raise StateError("full")

    with patch.object(State, "record", full), pytest.raises(StateError):
        run(vault)
    assert vault.read("A.md") == before


def test_the_journal_holds_each_line_that_lost_its_id(vault: FolderVault) -> None:
    vault.come_to_rest()
    stamped = vault.read("B.md").splitlines()
    run(vault)
    connection = sqlite3.connect(vault.state_file)
    told = connection.execute("select path, before, after from journal where why = 'eject' order by path, line")
    assert [row[1:] for row in told if row[0] == "B.md"] == list(
        zip(stamped, vault.read("B.md").splitlines(), strict=True)
    )
    connection.close()


def test_reconciling_after_it_begins_anew_and_comes_to_rest(vault: FolderVault) -> None:
    vault.come_to_rest()
    rows = vault.read(ANA).count("- [")
    old = id_of(vault, "Dig")
    run(vault)
    vault.come_to_rest()
    assert vault.read(ANA).count("- [") == rows
    assert id_of(vault, "Dig") != old
    settled = everything(vault)
    assert vault.turn().changes == ()
    assert everything(vault) == settled


def test_a_vault_without_anything_of_ours_stays_untouched(vault: FolderVault) -> None:
    before = everything(vault)
    ejection, ejected = run(vault)
    assert (ejection.is_empty, ejected.written, ejected.backups) == (True, set(), {})
    assert everything(vault) == before


# -- texts


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(OURS + "\n" + REGION, None, id="a note of ours goes"),
        pytest.param("\ufeff" + OURS + REGION + "\n\n", None, id="also with a BOM and blank lines"),
        pytest.param(OURS + "\n## Open tasks\n\n" + REGION, None, id="also with the heading that we wrote"),
        pytest.param(OURS + "# My own\n\n" + REGION, "# My own\n\n", id="another heading stays"),
        pytest.param(OURS + "Above\n" + REGION + "Below", "Above\n\nBelow", id="text isn't joined"),
        pytest.param(
            OURS + "Above\r\n\r\n" + REGION.replace("\n", "\r\n") + "\r\nBelow\r\n",
            "Above\r\n\r\n\r\nBelow\r\n",
            id="line ends stay",
        ),
        pytest.param(
            OURS + REGION.replace("and 2 more", "    mine\n\nand 2 more\nyours"),
            "    mine\nyours\n",
            id="strangers stay",
        ),
        pytest.param(OURS + "x\n" + REGION.removesuffix("\n"), "x\n", id="a region without a last line end"),
        pytest.param(
            "---\ntags: [a]  # mine\n" + OURS.removeprefix("---\n") + REGION,
            "---\ntags: [a]  # mine\n---\n",
            id="the user's properties and comments stay",
        ),
        pytest.param(
            '---\nvaultsync: index # why\nperson: "A # b"   # who\ntasks_proposed: 1\n---\nx',
            "---\n# why\n# who\n---\nx",
            id="comments behind our properties stay",
        ),
        pytest.param(
            "---\nperson: Ana\nvaultsync: index\ntasks_proposed: 1\n---\n",
            "---\nperson: Ana\n---\n",
            id="a person that stands elsewhere may be the user's",
        ),
        pytest.param(
            "---\nvaultsync: index\nvaultsync_person: Bo\nperson: Ana\ntasks_open: 1\n---\n",
            "---\nperson: Ana\n---\n",
            id="a person of another value is the user's",
        ),
        pytest.param(
            "---\r\nvaultsync: index\r\n---\r\n\r\nText", "\r\nText", id="frontmatter that is left empty goes"
        ),
    ],
)
def test_what_is_left_of_an_index_note(text: str, left: str | None) -> None:
    assert without_ours(text, "index", "Open tasks") == left


def test_what_is_left_of_an_overview() -> None:
    table = "| Person | Proposed | Open | Next due |\n| --- | ---: | ---: | --- |\n| [[a\\|A]] | 1 | 2 |  |\n"
    region = f"%% vaultsync:begin 1-x %%\n\n{table}\n%% vaultsync:end %%\n"
    front = "---\nvaultsync: overview\n---\n"
    assert without_ours(f"{front}\n{region}", "overview", None) is None
    typed = region.replace("%% vaultsync:end", "Mine\n%% vaultsync:end")
    left = without_ours(f"{front}\n{typed}", "overview", None)
    assert left is not None
    assert left.strip() == "Mine"


def test_our_properties_that_can_not_be_taken_out_alone_are_an_error() -> None:
    with pytest.raises(ValueError, match="frontmatter"):
        without_ours("---\nvaultsync: index\na: [\n---\n" + REGION, "index", None)


@pytest.mark.parametrize(
    ("content", "named", "carried"),
    [
        pytest.param(b"- [ ] a ^t-aaaaaaaa", "", "t-aaaaaaaa", id="a line's own id"),
        pytest.param(b"^T-AAAAAAAA  \r\nb", "", "t-aaaaaaaa", id="a line's own id in capitals, alone, before CRLF"),
        pytest.param(b"a ^t-aaaaaaaa b", "t-aaaaaaaa", "", id="an id within a line"),
        pytest.param(b"[[A#^t-aaaaaaaa]]", "t-aaaaaaaa", "", id="a link"),
        pytest.param(b"A#^t-aaaaaaaa\n", "t-aaaaaaaa", "", id="a link at a line's end"),
        pytest.param(b"a%23%5et-aaaaaaaa\n", "t-aaaaaaaa", "", id="an encoded link"),
        pytest.param(b"left-aaaaaaaa t-aaaaaaaab t-aaaaaaaa-b", "", "", id="words that are no ids"),
    ],
)
def test_which_ids_a_text_names(content: bytes, named: str, carried: str) -> None:
    assert named_ids(content) == (frozenset(named.split()), frozenset(carried.split()))


def test_which_notes_a_text_links_to() -> None:
    text = '[[@ana|A]] ![](Tasks/%40Bo.md) {"file":"Tasks/Overview.md"} @Kim [[Other]]'
    every = [ANA, BO, "Tasks/@Kim.md", "Tasks/Overview.md"]
    assert linked_notes(text, every) == {ANA, BO, "Tasks/Overview.md"}
