"""What doctor finds, part by part; the command as a whole is in the system tests."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from system.installed import write

from vaultsync.clock import Clock
from vaultsync.doctor.examine import examine
from vaultsync.doctor.system import measure_state, state_findings, watch_findings
from vaultsync.reconcile.findings import WHY, Finding, Kind
from vaultsync.scan import Scanner
from vaultsync.settings import load_settings
from vaultsync.storage.journal import RunStart
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = {".obsidian/app.json": "{}", "vaultsync.yaml": "owner: Ines Halloran\ntimezone: UTC\n"}
STATUSES = (
    '{"statusSettings": {"coreStatuses": [{"symbol": " ", "name": "Todo", "nextStatusSymbol": "x", "type": "TODO"},'
    ' {"symbol": "x", "name": "Done", "nextStatusSymbol": " ", "type": "DONE"}], "customStatuses": ['
    '{"symbol": "?", "name": "Proposed", "nextStatusSymbol": " ", "type": "TODO"},'
    ' {"symbol": "i", "name": "Info", "nextStatusSymbol": "i", "type": "NON_TASK"}]}}'
)
TASKS = ".obsidian/plugins/obsidian-tasks-plugin/data.json"


def findings(root: Path, files: dict[str, str]) -> tuple[Finding, ...]:
    write(root, {**CONFIG, **files})
    scanner = Scanner(load_settings(root), Clock(), {})
    scanner.scan_all()
    return examine(scanner, "2025-11-10", 0.0, root.parent / "no state").findings


def found(root: Path, files: dict[str, str], kind: Kind) -> list[tuple[str | None, int | None, bool]]:
    return [(each.path, each.line, each.fixable) for each in findings(root, files) if each.kind is kind]


def test_a_vault_in_order_has_no_findings(tmp_path: Path) -> None:
    files = {"A.md": "- [?] Paint it @Ann 📅 2025-11-20 #task ^t-aaaaaaaa\n- [x] Do it 🔁 every week 📅 2025-11-01\n"}
    assert findings(tmp_path / "vault", files) == ()


def test_every_kind_says_why_it_matters() -> None:
    assert WHY.keys() == set(Kind)


@pytest.mark.parametrize(
    ("line", "kind", "fixable"),
    [
        pytest.param("- [ ] Call 📅 2025-11-08 @Ann", Kind.HIDDEN, True, id="a field before text"),
        pytest.param("- [ ] Call📅 2025-11-08now", Kind.HIDDEN, True, id="a field without blanks around"),
        pytest.param("- [ ] Call üìÖ 2025-11-08", Kind.MOJIBAKE, True, id="a mangled sign"),
        pytest.param("- [ ] Call üìÖ 2025-11-08 @Ann", Kind.MOJIBAKE, True, id="a mangled sign before text"),
        pytest.param(
            "- [ ] Ask @Ann 📅 2025-11-08 Lee", Kind.HIDDEN, False, id="a field that parts a name from a word"
        ),
        pytest.param("- [ ] Call üìÖ 2025-11-08 📅 2025-11-09", Kind.MOJIBAKE, False, id="a sign that would win"),
        pytest.param("- [ ] 📅 2025-11-08 Call 📅 2025-11-09", Kind.COPY, False, id="a field that stands twice"),
        pytest.param("- [ ] Call ^t-aaaaaaaa @Ann", Kind.STRAY_ID, False, id="an id of ours that no row knows"),
        pytest.param("- [ ] Call 📅 2025-02-30", Kind.DATE, False, id="a 30th of February"),
        pytest.param(
            "- [ ] Call 🔁 every other day 📅 2025-11-08", Kind.RULE, False, id="a rule that Tasks can't read"
        ),
        pytest.param("- [ ] Call 🏁 archive", Kind.RULE, False, id="an unknown thing to do on completion"),
        pytest.param("- [~] Call", Kind.STATUS, False, id="a status that nobody knows"),
    ],
)
def test_a_line_is_told_of(line: str, kind: Kind, fixable: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    assert found(tmp_path, {"A.md": f"# A\n\n{line}\n"}, kind) == [("A.md", 3, fixable)]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Call 📅 2025-11-08 @Ann", id="text that is no task"),
        pytest.param("    - [ ] Call 📅 2025-02-30 @Ann", id="code"),
        pytest.param("- [ ] Call `📅 2025-02-30` @Ann", id="a field in inline code"),
        pytest.param("- [ ] Call 🔁 every week 📅 2025-11-08 #x", id="a task that Tasks reads"),
    ],
)
def test_nothing_is_told_of(line: str, tmp_path: Path) -> None:
    assert findings(tmp_path, {"A.md": f"# A\n\n{line}\n"}) == ()


def test_a_field_that_would_push_another_one_out_of_the_reach_of_tasks_stays(tmp_path: Path) -> None:
    tags = " ".join(f"#t{number}" for number in range(20))
    write(tmp_path, {**CONFIG, "A.md": f"- [ ] Call 🆔 abc now 📅 2025-11-08 {tags}\n"})
    scanner = Scanner(load_settings(tmp_path), Clock(), {})
    scanner.scan_all()
    examined = examine(scanner, "2025-11-10", 0.0, tmp_path / "no state")
    assert [(each.kind, each.fixable) for each in examined.findings] == [(Kind.HIDDEN, False)]
    assert examined.mending.edits == []


def test_with_hidden_fields_off_text_is_text(tmp_path: Path) -> None:
    config = {"vaultsync.yaml": f"{CONFIG['vaultsync.yaml']}read_hidden_fields: false\n"}
    assert findings(tmp_path, {"A.md": "- [ ] Call 📅 2025-11-08 @Ann\n", **config}) == ()


def test_a_task_for_a_name_of_two_people_is_told_of(tmp_path: Path) -> None:
    people = {"People/Ann Lee.md": "---\naliases: [Ann]\n---\n", "People/Ann Poe.md": "---\naliases: [Ann]\n---\n"}
    assert found(tmp_path, {**people, "A.md": "- [ ] Call @Ann\n"}, Kind.ASSIGNEE) == [("A.md", 1, False)]


# -- statuses


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        pytest.param("i", "2 tasks with [i], which Tasks takes for no task; here is the first", id="no task to Tasks"),
        pytest.param("~", "2 tasks with [~], which has no role; here is the first", id="unknown"),
        pytest.param("R", "2 tasks with [R], which Tasks doesn't know: it counts as open there", id="not registered"),
    ],
)
def test_a_status_is_told_of_once_with_its_count(symbol: str, said: str, tmp_path: Path) -> None:
    files = {"A.md": f"- [ ] One\n- [{symbol}] Two\n", "B.md": f"- [{symbol}] Three\n", TASKS: STATUSES}
    [only] = findings(tmp_path, files)
    assert (only.kind, only.path, only.line) == (Kind.STATUS, "A.md", 2)
    assert only.what.startswith(said)


def test_first_of_all_a_tap_that_would_complete_a_proposal_is_told_of(tmp_path: Path) -> None:
    tap, *more = findings(tmp_path, {"A.md": "- [?] Call 📅 2025-11-08 @Ann\n", TASKS: "{}"})
    assert tap.kind is Kind.TAP
    assert '"symbol": "?", "name": "Proposed", "nextStatusSymbol": " "' in tap.mend
    assert [each.kind for each in more] == [Kind.HIDDEN]


def custom(*statuses: tuple[str, str, str]) -> str:
    """The plugin's settings with custom statuses: symbol, name, next symbol."""
    core = [(" ", "Todo", "x", "TODO"), ("x", "Done", " ", "DONE")]
    entries = [
        {"symbol": symbol, "name": name, "nextStatusSymbol": following, "type": kind}
        for symbol, name, following, kind in (*core, *((*status, "TODO") for status in statuses))
    ]
    return json.dumps({"statusSettings": {"coreStatuses": entries[:2], "customStatuses": entries[2:]}})


@pytest.mark.parametrize(
    ("statuses", "config", "told"),
    [
        pytest.param([("p", "Proposed", " ")], "", [], id="another symbol means proposed, and is in order"),
        pytest.param([("p", "Proposed", "x"), ("?", "Question", " ")], "", ["p"], id="another one, that completes"),
        pytest.param([("?", "Question", "x")], "", [], id="no proposal"),
        pytest.param([("?", "Question", "x")], "?: proposed", ["?"], id="one by the config"),
        pytest.param([], "p: proposed", ["?", "p"], id="several"),
        pytest.param([("p", "Proposed", "x"), ("q", "Proposed", "p")], "", ["p"], id="one of several"),
    ],
)
def test_a_tap_is_told_of_for_each_symbol_that_means_proposed_and_completes(
    statuses: list[tuple[str, str, str]], config: str, told: list[str], tmp_path: Path
) -> None:
    own = f"{CONFIG['vaultsync.yaml']}statuses:\n  {config}\n" if config else CONFIG["vaultsync.yaml"]
    files = {"A.md": "- [p] Call\n- [?] Write\n", TASKS: custom(*statuses), "vaultsync.yaml": own}
    taps = [each for each in findings(tmp_path, files) if each.kind is Kind.TAP]
    assert [each.what.split(" would ")[0] for each in taps] == (
        ["A tap on " + " or ".join(f"[{symbol}]" for symbol in told)] if told else []
    )
    for each in taps:
        lines = [json.loads(line) for line in each.mend.split("\n") if line.strip().startswith("{")]
        names = {symbol: name for symbol, name, _ in statuses}
        assert [(line["symbol"], line["name"], line["nextStatusSymbol"]) for line in lines] == [
            *((symbol, names.get(symbol, "Proposed"), " ") for symbol in told),
            ("R", "Rejected", " "),
        ]


def test_a_symbol_that_only_the_config_calls_proposed_is_told_of_as_a_tap_alone(tmp_path: Path) -> None:
    own = f"{CONFIG['vaultsync.yaml']}statuses:\n  p: proposed\n"
    files = {"A.md": "- [p] Call\n", TASKS: custom(), "vaultsync.yaml": own}
    assert [each.kind for each in findings(tmp_path, files)] == [Kind.TAP]


def test_a_registered_tap_is_in_order(tmp_path: Path) -> None:
    assert findings(tmp_path, {"A.md": "- [?] Call\n", TASKS: STATUSES}) == ()


# -- notes


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"A.md": "- [ ] One ^t-aaaaaaaa\n", "B.md": "\n\ntext ^T-AAAAAAAA\n"},
            ("B.md", 3),
            id="of ours, in two notes",
        ),
        pytest.param(
            {"A.md": "- [ ] One ^t-aaaaaaaa\n- [ ] Two ^t-aaaaaaaa\n"}, ("A.md", 2), id="of ours, in one note"
        ),
        pytest.param({"A.md": "- [ ] One ^mine\n\ntext\n^mine\n"}, ("A.md", 4), id="of the user's, in one note"),
    ],
)
def test_a_doubled_id_is_told_of(files: dict[str, str], expected: tuple[str, int], tmp_path: Path) -> None:
    assert found(tmp_path, files, Kind.DOUBLE_ID) == [(*expected, False)]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"A.md": "- [ ] One ^mine\n", "B.md": "- [ ] Two ^mine\n"}, id="people's own in two notes"),
        pytest.param({"A.md": "- [ ] One ^mine\n\n```\ntext ^mine\n```\n"}, id="in code"),
        pytest.param({"A.md": "- [ ] One ^mine\n- [ ] See [[A#^mine]]\n"}, id="in a link"),
    ],
)
def test_ids_that_are_no_double(files: dict[str, str], tmp_path: Path) -> None:
    assert findings(tmp_path, files) == ()


INDEX = "---\nvaultsync: index\n{person}---\n%% vaultsync:begin 1-00000000 %%\n\n%% vaultsync:end %%\n"


@pytest.mark.parametrize(
    ("files", "kind", "place"),
    [
        pytest.param(
            {"Tasks/@Ann.md": INDEX.format(person="")},
            Kind.INDEX_NOTE,
            ("Tasks/@Ann.md", 1),
            id="an index note of nobody",
        ),
        pytest.param(
            {name: INDEX.format(person="person: Ann\n") for name in ("Tasks/@Ann.md", "Tasks/Second.md")},
            Kind.INDEX_NOTE,
            ("Tasks/Second.md", 1),
            id="a second index note",
        ),
        pytest.param({"A.md": "%% vaultsync:begin 1-0 %%\n"}, Kind.UNREADABLE, ("A.md", 1), id="a marker alone"),
        pytest.param(
            {"A.md": "x\n<<<<<<< a\nb\n=======\nc\n>>>>>>> d\n"},
            Kind.UNREADABLE,
            ("A.md", 2),
            id="git conflict markers",
        ),
        pytest.param({"A.md": "a\nb\0c\n"}, Kind.UNREADABLE, ("A.md", 2), id="a NUL"),
        pytest.param({"A.md": "---\na: [\n---\n- [ ] x\n"}, Kind.FRONTMATTER, ("A.md", 2), id="broken frontmatter"),
        pytest.param(
            {"A.md": "- [ ] one\n- [ ] two\n", "A.sync-conflict-20251101-101112-ABCDEFG.md": "- [ ] one\n"},
            Kind.CONFLICT_COPY,
            ("A.sync-conflict-20251101-101112-ABCDEFG.md", None),
            id="a conflict copy",
        ),
    ],
)
def test_a_note_is_told_of(files: dict[str, str], kind: Kind, place: tuple[str, int | None], tmp_path: Path) -> None:
    assert found(tmp_path, files, kind) == [(*place, False)]


def test_a_note_in_another_encoding_or_over_a_limit_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_bytes(b"one\ntw\xf6\n")
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("- [?] One @Ana\n")
    config = {"vaultsync.yaml": f"{CONFIG['vaultsync.yaml']}limits:\n  note_bytes: 50\n"}
    mends = {each.path: (each.line, each.mend) for each in findings(tmp_path, {"B.md": "x" * 51, **config})}
    assert mends["A.md"] == (2, "save the note as UTF-8")
    assert mends["caf\ufffd.md"] == (None, "rename the file")
    assert mends["B.md"] == (None, "raise the limit in .vaultsync/config.yaml, split the note, or add it to `exclude`")


# -- files


def test_notes_that_cannot_be_written_and_links_that_are_not_followed_are_told_of(tmp_path: Path) -> None:
    root, outside = tmp_path / "vault", tmp_path / "outside"
    line = "- [ ] Call 📅 2025-11-08 @Ann\n"
    write(root, {"Linked.md": line, "Locked.md": line, "Prose.md": "no task\n", "Locked prose.md": "none\n"})
    write(outside, {"Note.md": line, "Folder/Note.md": line})
    os.link(root / "Linked.md", outside / "Twin.md")
    os.link(root / "Prose.md", outside / "Twin prose.md")
    for name in ("Locked.md", "Locked prose.md"):
        (root / name).chmod(0o444)
    (root / "Note.md").symlink_to(outside / "Note.md")
    (root / "Folder").symlink_to(outside / "Folder")
    (root / "picture.png").symlink_to(outside / "Note.md")
    told = [(each.kind, each.path, each.fixable) for each in findings(root, {})]
    assert told == [
        (Kind.HIDDEN, "Linked.md", False),
        (Kind.HIDDEN, "Locked.md", False),
        (Kind.NOT_WRITABLE, "Linked.md", False),
        (Kind.NOT_WRITABLE, "Locked.md", False),
        (Kind.LINK, "Folder", False),
        (Kind.LINK, "Note.md", False),
    ]


# -- settings


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param("timezone: UTC\n", "`owner` isn't set, though 2 tasks", id="no owner"),
        pytest.param("owner: Ann\n", "`timezone` isn't set", id="no time zone"),
        pytest.param(
            "owner: Ann\ntimezone: UTC\nexclude: [Old/**]\n", "`exclude`: no note is named by 'Old/**'", id="exclude"
        ),
        pytest.param(
            "owner: Ann\ntimezone: UTC\npeople:\n  notes: [Crew/*.md]\n", "`people.notes`: no note", id="people notes"
        ),
        pytest.param('owner: Ann\ntimezone: UTC\nstatuses:\n  "!": todo\n', "`statuses`: no task", id="a status"),
    ],
)
def test_a_setting_is_told_of(config: str, said: str, tmp_path: Path) -> None:
    files = {"A.md": "- [ ] One @Me\n- [ ] Two @Myself\n", "vaultsync.yaml": config}
    [only] = findings(tmp_path, files)
    assert (only.kind, only.path) == (Kind.CONFIG, "vaultsync.yaml")
    assert only.what.startswith(said)


def test_a_glob_that_leaves_notes_out_has_an_effect(tmp_path: Path) -> None:
    config = f"{CONFIG['vaultsync.yaml']}exclude: [Old/**]\n"
    assert findings(tmp_path, {"Old/A.md": "- [ ] One 📅 2025-02-30\n", "vaultsync.yaml": config}) == ()


def test_a_setting_of_obsidian_that_cannot_be_used_is_told_of(tmp_path: Path) -> None:
    assert found(tmp_path, {".obsidian/app.json": "{"}, Kind.OBSIDIAN) == [(".obsidian/app.json", 1, False)]


# -- the machine


def machine(root: Path, *, watches: int = 1000, instances: int = 128, file_system: str = "ext4") -> Path:
    proc = root / "proc"
    write(
        proc,
        {
            "sys/fs/inotify/max_user_watches": f"{watches}\n",
            "sys/fs/inotify/max_user_instances": f"{instances}\n",
            "self/mountinfo": (
                f"1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {root}/my\\040vault rw,a shared:1 - {file_system} b rw\n"
            ),
            "77/fd/nothing": "",
        },
    )
    (proc / "77/fd/4").symlink_to("anon_inode:inotify")
    (proc / "77/fd/5").symlink_to("/dev/null")
    return proc


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        pytest.param({}, [], id="room enough"),
        pytest.param(
            {"watches": 100}, ["the vault has 100 folders, and the system allows 100 watches"], id="too few watches"
        ),
        pytest.param(
            {"watches": 200}, ["the vault's 100 folders take half of the 200 watches"], id="hardly enough watches"
        ),
        pytest.param({"instances": 1}, ["all 1 inotify instances of this user are taken"], id="no instance free"),
        pytest.param({"file_system": "nfs4"}, ["the vault lies on nfs4"], id="a network drive"),
        pytest.param({"file_system": "fuse.sshfs"}, ["the vault lies on fuse.sshfs"], id="a remote folder"),
        pytest.param({"file_system": "fuseblk"}, [], id="a local disk through FUSE"),
    ],
)
def test_what_keeps_the_vault_from_being_watched(limits: dict[str, int], said: list[str], tmp_path: Path) -> None:
    proc = machine(tmp_path, **limits)  # type: ignore[arg-type]  # the cases name one each
    told = [each.what for each in watch_findings(tmp_path / "my vault", 100, "auto", proc)]
    assert [what[: len(start)] for what, start in zip(told, said, strict=True)] == said


def test_who_polls_needs_no_watches(tmp_path: Path) -> None:
    assert list(watch_findings(tmp_path, 100, "on", machine(tmp_path, watches=1, file_system="nfs4"))) == []


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State(tmp_path / "state.db")
    yield opened
    opened.close()


def test_a_run_that_began_and_never_ended_is_told_of(state: State, tmp_path: Path) -> None:
    state.record(RunStart("2025-11-10T08:00:00+00:00", "reconcile"), [])
    [only] = state_findings(tmp_path)
    assert only.fixable
    assert only.what.startswith("run 1 of the journal (reconcile)")


def test_a_run_of_somebody_who_is_at_work_is_not(state: State, tmp_path: Path) -> None:
    state.record(RunStart("2025-11-10T08:00:00+00:00", "run"), [])
    (tmp_path / "holder").write_text(f"process {os.getpid()}\n")
    assert list(state_findings(tmp_path)) == []


def test_a_state_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"nothing of the kind" * 100)
    [only] = state_findings(tmp_path)
    assert only.kind is Kind.STATE
    assert "damaged" in only.what
    assert "reconcile" in only.mend


def test_a_damaged_state_that_was_set_aside_is_told_of(state: State, tmp_path: Path) -> None:
    state.file.with_name("state.db.corrupt-1").write_bytes(b"nothing of the kind")
    [only] = state_findings(tmp_path)
    assert only.what == f"{tmp_path / 'state.db.corrupt-1'}: a damaged state that was set aside"


def test_the_state_folder_is_measured(state: State, tmp_path: Path) -> None:
    write(tmp_path, {"backups/one.md": "12345", "backups/two.md": "678"})
    measured = measure_state(state.file.parent)
    assert measured is not None
    assert (measured.runs, measured.backups, measured.backups_size) == (0, 2, 8)
    assert measured.size > 8
    assert measure_state(tmp_path / "nowhere") is None
