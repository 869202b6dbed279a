"""`vaultsync reconcile`, installed, on a vault: what goes in, what comes out, what travels both ways."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from system.in_process import InProcess
from system.installed import Installed, write

HARBOUR = "Meetings/2025-11-07 - Harbour.md"
OWN = "Tasks/@Ines Halloran.md"
TOBIAS = "Tasks/@Tobias Wren.md"
TODAY = ("--today", "2025-11-10")


def bytes_of(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.md"))}


def edit(root: Path, path: str, old: str, new: str) -> None:
    content = (root / path).read_bytes()
    assert content.count(old.encode()) == 1, (old, content.decode())
    (root / path).write_bytes(content.replace(old.encode(), new.encode()))


def row(root: Path, note: str, words: str) -> str:
    (found,) = [line for line in (root / note).read_text().split("\n") if words in line]
    return found


def test_a_first_cycle_makes_an_index_note_for_each_person(vaultsync: Installed, vault: Path) -> None:
    report = vaultsync.json("reconcile", vault, *TODAY)
    assert report["notes"] == 2
    assert report["tasks"] == 4
    assert [(note["person"], note["proposed"], note["open"]) for note in report["index_notes"]] == [
        ("Ines Halloran", 1, 0),
        ("Tobias Wren", 1, 1),
    ]
    assert row(vault, OWN, "buoy").endswith("|↗]] ⏫ 📅 2025-11-20")
    assert b"winch @Tobias Wren #task ^t-" in (vault / "Daily/2025-11-08.md").read_bytes()
    assert (vault / "Daily/2025-11-08.md").read_bytes().count(b"\r\n") == 4
    assert (vault / "Tasks/Overview.md").is_file()


def test_a_second_cycle_writes_nothing(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    before = bytes_of(vault)
    report = vaultsync.json("reconcile", vault, *TODAY)
    assert report["edits"] == []
    assert not any(note["written"] for note in report["index_notes"])
    assert bytes_of(vault) == before
    vaultsync("reconcile", vault, "--check", *TODAY)


@pytest.mark.parametrize(
    ("box", "line"),
    [
        ("[ ]", "- [ ] Paint the north buoy @Myself 📅 2025-11-20 ⏫ #task #auto ^"),
        ("[/]", "- [/] Paint the north buoy @Myself 📅 2025-11-20 ⏫ #task #auto ^"),
        ("[x]", "- [x] Paint the north buoy @Myself 📅 2025-11-20 ⏫ #task #auto ✅ 2025-11-10 ^"),
        ("[-]", "- [-] Paint the north buoy @Myself 📅 2025-11-20 ⏫ #task #auto ❌ 2025-11-10 ^"),
    ],
    ids=["accept", "start", "complete", "reject"],
)
def test_a_box_set_in_a_row_reaches_the_source(vaultsync: Installed, vault: Path, box: str, line: str) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, OWN, "- [?] Paint", f"- {box} Paint")
    report = vaultsync.json("reconcile", vault, *TODAY)
    assert [change["why"] for change in report["edits"]] == ["row"]
    assert line in (vault / HARBOUR).read_text()
    assert vaultsync.json("reconcile", vault, *TODAY)["edits"] == []


def test_a_completed_row_can_be_reopened(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, OWN, "- [?] Paint", "- [x] Paint")
    vaultsync("reconcile", vault, *TODAY)
    assert "## Done" in (vault / OWN).read_text()
    edit(vault, OWN, "- [x] Paint", "- [ ] Paint")
    vaultsync("reconcile", vault, *TODAY)
    assert "✅" not in (vault / HARBOUR).read_text()
    assert "## Open" in (vault / OWN).read_text()


def test_everything_in_a_row_can_be_edited_in_one_save(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, OWN, "Paint the north buoy", "Paint the red north buoy #sea")
    edit(vault, OWN, "⏫ 📅 2025-11-20", "🔼 🛫 2025-11-11 ⏳ 2025-11-12 📅 2025-11-21")
    vaultsync("reconcile", vault, *TODAY)
    line = next(text for text in (vault / HARBOUR).read_text().split("\n") if "buoy" in text)
    assert line.startswith("- [?] Paint the red north buoy @Myself")
    for piece in ("🔼", "🛫 2025-11-11", "⏳ 2025-11-12", "📅 2025-11-21", "#sea", "#task #proposed #auto"):
        assert piece in line
    assert "⏫" not in line
    assert vaultsync.json("reconcile", vault, *TODAY)["edits"] == []


def test_a_name_typed_into_a_row_hands_the_task_over(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, OWN, "Paint the north buoy ", "Paint the north buoy @Tobias Wren ")
    vaultsync("reconcile", vault, *TODAY)
    assert "Paint the north buoy @Tobias Wren 📅" in (vault / HARBOUR).read_text()
    assert "buoy" in (vault / TOBIAS).read_text()
    assert "buoy" not in (vault / OWN).read_text()


def test_an_edited_source_reaches_its_row(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(
        vault,
        HARBOUR,
        "- [?] Paint the north buoy @Myself 📅 2025-11-20",
        "- [ ] Paint the south buoy @Myself 📅 2025-12-01",
    )
    vaultsync("reconcile", vault, *TODAY)
    assert row(vault, OWN, "buoy").startswith("- [ ] Paint the south buoy [[")
    assert "📅 2025-12-01" in row(vault, OWN, "buoy")
    assert "#proposed" not in (vault / HARBOUR).read_text().split("\n")[6]


def test_different_fields_edited_on_both_sides_are_merged(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, HARBOUR, "📅 2025-11-20 ⏫", "📅 2025-11-25 ⏫")
    edit(vault, OWN, "- [?] Paint the north buoy", "- [ ] Paint the whole north buoy")
    vaultsync("reconcile", vault, *TODAY)
    assert "- [ ] Paint the whole north buoy @Myself 📅 2025-11-25" in (vault / HARBOUR).read_text()
    assert "📅 2025-11-25" in row(vault, OWN, "buoy")


def test_the_same_field_edited_on_both_sides_is_a_conflict_that_the_next_edit_ends(
    vaultsync: Installed, vault: Path
) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, HARBOUR, "📅 2025-11-20", "📅 2025-11-25")
    edit(vault, OWN, "📅 2025-11-20", "📅 2025-11-30")
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    (conflict,) = report["conflicts"]
    assert (conflict["field"], conflict["source"], conflict["row"]) == ("due", "2025-11-25", "2025-11-30")
    assert (conflict["path"], conflict["line"]) == (HARBOUR, 7)
    assert "📅 2025-11-25" in (vault / HARBOUR).read_text()
    text = (vault / OWN).read_text()
    assert text.index("## Conflicts") < text.index("buoy")
    assert "📅 2025-11-30" in row(vault, OWN, "buoy")
    assert "2025-11-25" in text
    before = bytes_of(vault)
    vaultsync("reconcile", vault, *TODAY, expect=4)
    assert bytes_of(vault) == before
    edit(vault, OWN, "📅 2025-11-30", "📅 2025-11-29")
    vaultsync("reconcile", vault, *TODAY)
    assert "📅 2025-11-29" in (vault / HARBOUR).read_text()
    assert "## Conflicts" not in (vault / OWN).read_text()


def test_a_deleted_index_note_is_made_again(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    before = bytes_of(vault)
    (vault / OWN).unlink()
    vaultsync("reconcile", vault, *TODAY)
    assert bytes_of(vault) == before


def test_a_renamed_source_note_keeps_its_rows(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    (vault / "Archive").mkdir()
    (vault / HARBOUR).rename(vault / "Archive/Harbour talk.md")
    vaultsync("reconcile", vault, *TODAY)
    assert "[[Archive/Harbour talk#^t-" in row(vault, OWN, "buoy")
    assert "- [ ] Paint the north buoy" in (vault / "Archive/Harbour talk.md").read_text()


def test_a_moved_index_note_stays_the_persons(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    (vault / "Mine").mkdir()
    (vault / OWN).rename(vault / "Mine/My list.md")
    report = vaultsync.json("reconcile", vault, *TODAY)
    assert "Mine/My list.md" in [note["path"] for note in report["index_notes"]]
    assert not (vault / OWN).exists()


def test_text_typed_into_an_index_note_is_kept(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    edit(vault, OWN, "%% vaultsync:begin", "My own words.\n\n%% vaultsync:begin")
    edit(vault, OWN, "## Proposed\n", "## Proposed\nremember the milk\n")
    vaultsync("reconcile", vault, *TODAY)
    text = (vault / OWN).read_text()
    assert text.index("My own words.") < text.index("%% vaultsync:begin")
    assert text.index("%% vaultsync:end %%") < text.index("remember the milk")
    assert vaultsync.json("reconcile", vault, *TODAY)["edits"] == []


def test_a_dry_run_and_a_check_write_nothing_but_tell(vaultsync: Installed, vault: Path) -> None:
    before = bytes_of(vault)
    told = vaultsync("reconcile", vault, "--dry-run", "--diff", *TODAY)
    assert "+- [?] Paint the north buoy @Myself" in told
    assert "would be written" in told
    vaultsync("reconcile", vault, "--check", *TODAY, expect=1)
    assert bytes_of(vault) == before


def test_an_emptied_vault_halts_the_cycle(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    for folder in ("Meetings", "Daily", "Tasks"):
        shutil.rmtree(vault / folder)
    assert "looks empty" in vaultsync("reconcile", vault, *TODAY, expect=3)
    assert "looks empty" in vaultsync.json("reconcile", vault, *TODAY, expect=3)["halted"]
    vaultsync("reconcile", vault, "--force", *TODAY)


def test_a_mass_deletion_halts_the_cycle(vaultsync: Installed, vault: Path) -> None:
    lines = "".join(f"- [?] Count the gulls of week {week} @Ana Ruiz #proposed\n" for week in range(30))
    write(vault, {"Gulls.md": lines})
    vaultsync("reconcile", vault, *TODAY)
    rows = (vault / "Tasks/@Ana Ruiz.md").read_bytes()
    (vault / "Gulls.md").unlink()
    for command in (
        ("reconcile", vault),
        ("set", f"{HARBOUR}:7", "accept", "--vault", vault),
        ("resolve", f"{HARBOUR}:7", "--keep", "row", "--vault", vault),
        ("undo", "1", "--vault", vault),
        ("conflicts", vault),
    ):
        told = InProcess(vaultsync.environment)(*command, *TODAY, expect=3)
        assert "have vanished" in told
        assert told.endswith("if this is right, `vaultsync reconcile --force` goes on")
    assert "have vanished" in vaultsync("eject", vault, "--yes", *TODAY, expect=3)
    assert (vault / "Tasks/@Ana Ruiz.md").read_bytes() == rows
    vaultsync("reconcile", vault, "--force", *TODAY)
    assert "gulls" not in (vault / "Tasks/@Ana Ruiz.md").read_text()


def test_a_note_that_is_not_utf_8_is_told_and_left_alone(vaultsync: Installed, vault: Path) -> None:
    (vault / "Odd.md").write_bytes(b"- [?] caf\xe9 @Ana Ruiz\n")
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    assert report["problems"] == [{"path": "Odd.md", "line": 1, "what": "not UTF-8"}]
    assert (vault / "Odd.md").read_bytes() == b"- [?] caf\xe9 @Ana Ruiz\n"
    assert len(report["index_notes"]) == 2


def test_broken_settings_of_obsidian_are_a_problem_and_no_crash(vaultsync: Installed, vault: Path) -> None:
    write(vault, {".obsidian/plugins/obsidian-tasks-plugin/data.json": '{"taskFormat": '})
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    assert "data.json" in report["problems"][0]["path"]
    assert len(report["index_notes"]) == 2


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("ownr: Ana", ("config.yaml", "ownr", "owner")),
        ("index:\n  max_rows: many", ("config.yaml", "index.max_rows", "many")),
        ("index:\n  path: ../{person}.md", ("config.yaml", "index.path", "../{person}.md", "inside the vault")),
        ("owner: [", ("config.yaml",)),
    ],
    ids=["unknown key", "wrong type", "outside of the vault", "no YAML"],
)
def test_a_bad_config_ends_with_a_clear_error(
    vaultsync: Installed, vault: Path, config: str, words: tuple[str, ...]
) -> None:
    write(vault, {".vaultsync/config.yaml": config})
    told = vaultsync("reconcile", vault, expect=2)
    for word in words:
        assert word in told


def test_a_folder_that_is_no_vault_is_an_error(vaultsync: Installed, tmp_path: Path) -> None:
    assert "no such folder" in vaultsync("reconcile", tmp_path / "nowhere", expect=2)


def test_lost_state_is_rebuilt_without_harm(vaultsync: Installed, vault: Path, tmp_path: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    before = bytes_of(vault)
    shutil.rmtree(tmp_path / "state")
    vaultsync("reconcile", vault, *TODAY)
    assert bytes_of(vault) == before
    shutil.rmtree(tmp_path / "state")
    edit(vault, OWN, "- [?] Paint", "- [ ] Paint")
    vaultsync("reconcile", vault, *TODAY)
    assert "- [ ] Paint the north buoy" in (vault / HARBOUR).read_text()


def test_corrupt_state_is_set_aside(vaultsync: Installed, vault: Path, tmp_path: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    before = bytes_of(vault)
    (database,) = (tmp_path / "state").rglob("state.db")
    database.write_bytes(b"this is no database" * 100)
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    assert "set aside" in report["problems"][0]["what"]
    assert bytes_of(vault) == before
    vaultsync("reconcile", vault, *TODAY)


READERS = {
    "conflicts": ("conflicts",),
    "log": ("log",),
    "status": ("status",),
    "undo": ("undo", "--vault"),
    "undo, dry": ("undo", "--dry-run", "--vault"),
    "set": ("set", f"{HARBOUR}:7", "accept", "--vault"),
    "set, dry": ("set", f"{HARBOUR}:7", "accept", "--dry-run", "--vault"),
    "resolve": ("resolve", f"{HARBOUR}:7", "--keep", "row", "--vault"),
    "doctor --fix": ("doctor", "--fix"),
    "eject": ("eject", "--yes"),
}


@pytest.mark.parametrize("command", READERS.values(), ids=READERS)
def test_a_damaged_state_is_left_alone_and_told_by_all_but_a_cycle(
    vaultsync: Installed, vault: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    vaultsync("reconcile", vault, *TODAY)
    before = bytes_of(vault)
    (database,) = (tmp_path / "state").rglob("state.db")
    database.write_bytes(b"garbage")
    told = vaultsync(*command, vault, expect=2)
    assert str(database) in told.replace("\n", "")
    assert "the next `vaultsync reconcile`" in " ".join(told.split())
    assert [each.name for each in database.parent.glob("state.db*")] == ["state.db"]
    assert (database.read_bytes(), bytes_of(vault)) == (b"garbage", before)


def test_a_damaged_state_is_told_by_a_dry_run_and_by_the_cycle_and_stays_to_be_found(
    vaultsync: Installed, vault: Path, tmp_path: Path
) -> None:
    vaultsync("reconcile", vault, *TODAY)
    (database,) = (tmp_path / "state").rglob("state.db")
    database.write_bytes(b"garbage")
    for _ in range(2):
        report = vaultsync.json("reconcile", vault, "--dry-run", *TODAY, expect=4)
        assert "a cycle sets it aside" in report["problems"][0]["what"]
        assert database.read_bytes() == b"garbage"
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    aside = str(database) + ".corrupt-1"
    assert [(each["path"], "set aside" in each["what"]) for each in report["problems"]] == [(aside, True)]
    vaultsync("reconcile", vault, *TODAY)
    assert vaultsync.json("status", vault)["state"]["set_aside"] == ["state.db.corrupt-1"]
    assert "state.db.corrupt-1" in vaultsync("status", vault)
    assert aside in vaultsync("doctor", vault, *TODAY, expect=4).replace("\n", "")


WITHIN = {
    "a folder of it": ("--state-dir", "{vault}/state"),
    "a hidden folder": ("--state-dir", "{vault}/.state"),
    "itself": ("--state-dir", "{vault}"),
    "a way through its parent": ("--state-dir", "{vault}/../other/../vault/state"),
    "a link into it": ("--state-dir", "{link}"),
    "a link to it": ("--state-dir", "{other}/state"),
}


@pytest.mark.parametrize("arguments", WITHIN.values(), ids=WITHIN)
def test_a_state_folder_within_the_vault_is_refused(
    vaultsync: Installed, vault: Path, tmp_path: Path, arguments: tuple[str, str]
) -> None:
    (vault / "state").mkdir()
    (tmp_path / "link").symlink_to(vault / "state")
    (tmp_path / "other").symlink_to(vault)
    option, folder = arguments
    named = folder.format(vault=vault, link=tmp_path / "link", other=tmp_path / "other")
    told = " ".join(vaultsync("reconcile", vault, option, named, *TODAY, expect=2).split())
    assert f"the state of the vault {vault} would lie within it" in told
    assert "it comes from --state-dir: name a folder outside" in told
    assert list(vault.rglob("state.db")) == []


def test_whoever_names_a_state_folder_within_the_vault_is_told(vaultsync: Installed, vault: Path) -> None:
    within = str(vault / "state")
    by_variable = Installed({**vaultsync.environment, "VAULTSYNC_STATE_DIR": within})
    assert "it comes from VAULTSYNC_STATE_DIR" in " ".join(by_variable("status", vault, expect=2).split())
    config = Path(vaultsync.environment["HOME"]) / ".config"
    write(config, {"vaultsync/config.yaml": f"state_dir: {within}\n"})
    by_config = {name: each for name, each in vaultsync.environment.items() if name != "VAULTSYNC_STATE_DIR"}
    told = Installed({**by_config, "XDG_CONFIG_HOME": str(config)})("log", vault, expect=2)
    assert "it comes from `state_dir` in" in " ".join(told.split())


def test_a_state_folder_beside_the_vault_and_around_it_is_taken(
    vaultsync: Installed, vault: Path, tmp_path: Path
) -> None:
    beside = vault.with_name("vault-state")
    vaultsync("reconcile", vault, "--state-dir", beside, *TODAY)
    vaultsync("reconcile", vault, "--state-dir", tmp_path, *TODAY)
    assert len(list(tmp_path.glob("vault-*/state.db"))) == 1
    assert len(list(beside.glob("*/state.db"))) == 1


def test_a_copied_row_is_told_once_and_not_rolled_up(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    write(vault, {"Daily/Today.md": row(vault, OWN, "buoy") + "\n"})
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    assert [problem["path"] for problem in report["problems"]] == ["Daily/Today.md"]
    assert report["edits"] == []
    vaultsync("reconcile", vault, *TODAY)


def test_a_task_that_refers_to_another_one_counts(vaultsync: Installed, vault: Path) -> None:
    vaultsync("reconcile", vault, *TODAY)
    link = row(vault, OWN, "buoy").partition("[[")[2].partition("|")[0]
    write(vault, {"Daily/Today.md": f"- [?] Ask about [[{link}]] @Tobias Wren #proposed\n"})
    vaultsync("reconcile", vault, *TODAY)
    assert "Ask about" in (vault / TOBIAS).read_text()


def test_an_unknown_name_in_two_spellings_is_one_person(vaultsync: Installed, vault: Path) -> None:
    write(
        vault,
        {"A.md": "- [?] Mend the sail @Ana Ruiz\n", "B.md": "- [?] Mend the rope @Ana ruiz\n- [?] Mend it @ANA RUIZ\n"},
    )
    report = vaultsync.json("reconcile", vault, *TODAY)
    assert [
        note["person"]
        for note in report["index_notes"]
        if "na" in note["person"].lower() and "ru" in note["person"].lower()
    ] == ["Ana Ruiz"]
    assert vaultsync.json("reconcile", vault, *TODAY)["edits"] == []


def test_a_name_that_fits_two_people_is_unassigned_and_told(vaultsync: Installed, vault: Path) -> None:
    people = {f"People/{name}.md": "---\naliases: [Kit]\n---\n" for name in ("Kit Amber", "Kit Brown")}
    write(vault, {**people, "A.md": "- [?] Mend the sail @Kit\n"})
    report = vaultsync.json("reconcile", vault, *TODAY, expect=4)
    assert "Kit Amber or Kit Brown" in report["problems"][0]["what"]
    assert "sail" in (vault / "Tasks/@Unassigned.md").read_text()
