"""`vaultsync init`: it finds what is there, writes a config that loads, and says what would happen."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import yaml
from system.in_process import InProcess
from system.installed import Installed, write

from vaultsync.cli.config_file import config_text
from vaultsync.config import VaultConfig, load

CONFIG = ".vaultsync/config.yaml"
PLUGIN = ".obsidian/plugins/obsidian-tasks-plugin/data.json"
MEETING = "---\nparticipants: [{people}]\n---\n\n- [?] Ring the bell @Myself #proposed\n"


@pytest.fixture
def quick(vaultsync: Installed) -> InProcess:
    return InProcess(vaultsync.environment)


@pytest.fixture
def fresh(vault: Path) -> Path:
    (vault / CONFIG).unlink()
    return vault


def meetings(vault: Path, *people: str) -> None:
    write(vault, {f"m{number}.md": MEETING.format(people=names) for number, names in enumerate(people)})


def test_the_owner_is_whoever_was_at_the_meetings_with_tasks_for_myself(quick: InProcess, fresh: Path) -> None:
    meetings(fresh, '"[[Ines Halloran]]", Bo', "Ines Halloran, Cy", "Ines Halloran, Bo, Cy")
    told = quick("init", fresh)
    assert "owner Ines Halloran (at 3 of 3 meetings with tasks for Myself)" in told
    assert load(fresh).vault.owner == "Ines Halloran"
    assert load(fresh).vault.timezone is not None


def test_a_tie_leaves_the_owner_open(quick: InProcess, fresh: Path) -> None:
    meetings(fresh, "Ines Halloran, Bo", "Ines Halloran, Bo")
    assert "owner unknown" in quick("init", fresh)
    assert load(fresh).vault.owner is None


def test_a_given_owner_is_taken_whatever_the_name_holds(quick: InProcess, fresh: Path) -> None:
    quick("init", fresh, "--owner", 'Ines: "Ä" #1')
    assert load(fresh).vault.owner == 'Ines: "Ä" #1'


def test_a_config_that_is_there_is_never_overwritten(quick: InProcess, vault: Path) -> None:
    before = (vault / CONFIG).read_bytes()
    assert "is there already" in quick("init", vault, expect=2)
    assert (vault / CONFIG).read_bytes() == before


def test_a_state_folder_within_the_vault_is_refused_before_the_config_is_written(quick: InProcess, fresh: Path) -> None:
    assert "--state-dir" in quick("init", fresh, "--state-dir", fresh / "state", expect=2)
    assert list(fresh.rglob("config.yaml")) == []


def test_a_config_that_cannot_be_written_is_told(quick: InProcess, tmp_path: Path) -> None:
    write(tmp_path, {"vault/.vaultsync": "a file where the folder would be"})
    assert "config.yaml: can't be written: File exists" in quick("init", tmp_path / "vault", expect=2)


def test_a_config_that_cannot_be_looked_at_is_told(
    quick: InProcess, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaultsync.cli.init.VAULT_FILES", (f"{'long' * 100}.yaml",))
    assert "can't be looked at: File name too long" in quick("init", fresh, expect=2)


def test_a_table_of_people_that_cannot_be_made_leaves_the_rest_as_it_is(quick: InProcess, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    write(vault, {"Tasks": "a file where the folder would be", "n.md": "- [ ] Oil the winch @Tobias Wren\n"})
    told = quick("init", vault, expect=4)
    assert "People.base: can't be written" in told
    assert "A first cycle would" in told
    assert (vault / CONFIG).exists()


def test_the_first_cycle_is_told_and_not_done(vaultsync: Installed, fresh: Path) -> None:
    before = {file: file.read_bytes() for file in fresh.rglob("*.md")}
    told = vaultsync("init", fresh, "--owner", "Ines Halloran")
    assert "2 notes, 4 tasks, 2 people." in told
    assert "a block id behind 3 tasks" in told
    assert "Tasks/@Tobias Wren.md  1 proposed, 1 open" in told
    assert {file: file.read_bytes() for file in fresh.rglob("*.md")} == before
    assert yaml.safe_load((fresh / "Tasks/People.base").read_text())["views"]


@pytest.mark.parametrize(
    ("files", "does"),
    [
        pytest.param({}, "  write nothing: everything is in step.\n", id="an empty vault"),
        pytest.param({"a.md": "Quiet day.\n"}, "  write nothing: everything is in step.\n", id="no tasks"),
        pytest.param(
            {"a.md": "- [ ] Oil it @Tobias Wren\n"},
            "  write a block id behind 1 task, so that rows can link to them,\n  write 1 index note and the overview:\n"
            "    Tasks/@Tobias Wren.md  0 proposed, 1 open\n",
            id="one task",
        ),
    ],
)
def test_what_is_told_of_the_first_cycle_is_what_it_does(
    quick: InProcess, tmp_path: Path, files: dict[str, str], does: str
) -> None:
    vault = tmp_path / "vault"
    write(vault, {".obsidian/app.json": "{}", **files})
    assert f"A first cycle would\n{does}\n" in quick("init", vault)
    quick("reconcile", vault)
    for note in (vault / CONFIG, vault / "Tasks/People.base"):
        note.unlink()
    assert "A first cycle would\n  write nothing: everything is in step.\n\n" in quick("init", vault)
    quick("reconcile", vault, "--check")


def test_the_commands_that_it_shows_use_the_same_states(quick: InProcess, fresh: Path, tmp_path: Path) -> None:
    told = quick("init", fresh, "--state-dir", tmp_path / "other states")
    assert f"reconcile {fresh} --state-dir '{tmp_path}/other states' --dry-run --diff\n" in told
    assert told.endswith(f"reconcile {fresh} --state-dir '{tmp_path}/other states'\n")


@pytest.mark.parametrize(
    ("statuses", "advised"),
    [
        pytest.param(None, False, id="without the plugin a tap empties the box"),
        pytest.param("{}", True, id="the plugin's own defaults complete"),
        pytest.param(
            '{"statusSettings": {"coreStatuses": [{"symbol": "x", "name": "Done", "nextStatusSymbol": " ", '
            '"type": "DONE"}], "customStatuses": '
            '[{"symbol": "?", "name": "Proposed", "nextStatusSymbol": "x", "type": "TODO"}]}}',
            True,
            id="a registered status may complete as well",
        ),
        pytest.param(
            '{"statusSettings": {"coreStatuses": [{"symbol": " ", "name": "Todo", "nextStatusSymbol": "x", '
            '"type": "TODO"}], "customStatuses": '
            '[{"symbol": "?", "name": "Proposed", "nextStatusSymbol": " ", "type": "TODO"}]}}',
            False,
            id="a registered status that accepts is fine",
        ),
    ],
)
def test_what_a_tap_would_do_comes_first(quick: InProcess, fresh: Path, statuses: str | None, *, advised: bool) -> None:
    if statuses is not None:
        write(fresh, {PLUGIN: statuses})
    told = quick("init", fresh)
    assert told.startswith("A tap on [?] would complete") is advised
    assert ('{"symbol": "?", "name": "Proposed", "nextStatusSymbol": " "' in told) is advised


def test_a_folder_of_plugins_that_may_not_be_searched_gives_no_advice(
    quick: InProcess, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(fresh, {PLUGIN: "{}"})
    look = Path.is_dir

    def is_dir(path: Path) -> bool:
        if path.name == "obsidian-tasks-plugin":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return look(path)

    monkeypatch.setattr(Path, "is_dir", is_dir)
    assert quick("init", fresh).startswith("Wrote")


def test_every_commented_setting_is_the_default() -> None:
    lines = config_text(None, None).splitlines()
    settings = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    written = yaml.safe_load("\n".join(settings))
    assert VaultConfig(**written) == VaultConfig()
    assert written.keys() == VaultConfig.model_fields.keys()
