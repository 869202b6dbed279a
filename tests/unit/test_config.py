from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from vaultsync.config import Config, MachineConfig, VaultConfig, load, user_config_file
from vaultsync.config_errors import keys_of
from vaultsync.errors import ConfigError
from vaultsync.model import Role

ROOT = Path(__file__).parents[2]


def loaded(tmp_path: Path, vault: str | None = None, machine: str | None = None) -> Config:
    if vault is not None:
        (tmp_path / "vaultsync.yaml").write_text(vault, "utf-8")
    user_file = tmp_path / "user" / "config.yaml"
    if machine is not None:
        user_file.parent.mkdir()
        user_file.write_text(machine, "utf-8")
    return load(tmp_path, user_file=user_file)


def refusal(tmp_path: Path, vault: str | None = None, machine: str | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, vault, machine)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VAULTSYNC_TIMING__QUIET", "VAULTSYNC_STATE_DIR", "VAULTSYNC_VAULT"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.vault == VaultConfig()
    assert config.machine == MachineConfig()
    assert config.files == ()


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "# nothing yet\n").vault == VaultConfig()


def test_both_files_are_read_and_named(tmp_path: Path) -> None:
    config = loaded(tmp_path, "owner: Ana Lopez\nindex:\n  max_rows: 9\n", "timing:\n  quiet: 0\n")
    assert (config.vault.owner, config.vault.index.max_rows, config.vault.index.done_days) == ("Ana Lopez", 9, 7)
    assert (config.machine.timing.quiet, config.machine.timing.settle) == (0, 60)
    assert config.files == (tmp_path / "vaultsync.yaml", tmp_path / "user" / "config.yaml")


def test_the_dot_folder_file_is_found(tmp_path: Path) -> None:
    (tmp_path / ".vaultsync").mkdir()
    (tmp_path / ".vaultsync/config.yaml").write_text("owner: Bo\n", "utf-8")
    assert loaded(tmp_path).vault.owner == "Bo"


def test_two_files_in_one_vault_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".vaultsync").mkdir()
    (tmp_path / ".vaultsync/config.yaml").write_text("owner: Bo\n", "utf-8")
    message = refusal(tmp_path, "owner: Ana\n")
    assert ".vaultsync" in message
    assert "vaultsync.yaml" in message


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"other\.yaml: can't be read: No such file"):
        load(tmp_path, tmp_path / "other.yaml", tmp_path / "none.yaml")


def test_a_file_that_was_asked_for_stands_in_for_the_vaults(tmp_path: Path) -> None:
    (tmp_path / "vaultsync.yaml").write_text("owner: Bo\n", "utf-8")
    (tmp_path / "other.yaml").write_text("owner: Ana\n", "utf-8")
    assert load(tmp_path, tmp_path / "other.yaml", tmp_path / "none.yaml").vault.owner == "Ana"


def test_a_variable_wins_over_the_users_file_key_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULTSYNC_TIMING__QUIET", "0.5")
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", str(tmp_path / "state"))
    config = loaded(tmp_path, machine="timing: {quiet: 7, settle: 8}\n").machine
    assert (config.timing.quiet, config.timing.settle, config.state_dir) == (0.5, 8, tmp_path / "state")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("VAULTSYNC_TIMING__QUIET", "soon", "VAULTSYNC_TIMING__QUIET: found 'soon'; expected a valid number"),
        ("VAULTSYNC_TIMING__QUITE", "1", "VAULTSYNC_TIMING__QUITE: unknown key; did you mean timing.quiet?"),
        (
            "VAULTSYNC_TIMNG__QUIET",
            "1",
            "VAULTSYNC_TIMNG__QUIET: nothing reads this variable; did you mean VAULTSYNC_TIMING__QUIET?",
        ),
        (
            "VAULTSYNC_TIMING_QUIET",
            "0",
            "VAULTSYNC_TIMING_QUIET: nothing reads this variable; did you mean VAULTSYNC_TIMING__QUIET?",
        ),
        (
            "VAULTSYNC_STATEDIR",
            "/x",
            "VAULTSYNC_STATEDIR: nothing reads this variable; did you mean VAULTSYNC_STATE_DIR?",
        ),
        (
            "VAULTSYNC_STATE_DIR__X",
            "/x",
            "VAULTSYNC_STATE_DIR__X: nothing reads this variable; did you mean VAULTSYNC_STATE_DIR?",
        ),
        ("VAULTSYNC_VALUT", "/x", "VAULTSYNC_VALUT: nothing reads this variable; did you mean VAULTSYNC_VAULT?"),
        ("vaultsync_vault", "/x", "vaultsync_vault: nothing reads this variable; did you mean VAULTSYNC_VAULT?"),
        ("VAULTSYNC_FOO", "1", "VAULTSYNC_FOO: nothing reads this variable; accepted are VAULTSYNC_JOURNAL, "),
        ("VAULTSYNC_OWNER", "Ana", "VAULTSYNC_OWNER: owner belongs in the vault's"),
    ],
)
def test_a_variable_that_can_not_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    assert expected in refusal(tmp_path)


def test_the_command_lines_variable_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULTSYNC_VAULT", str(tmp_path))
    assert loaded(tmp_path).machine == MachineConfig()


def test_a_section_may_come_as_one_variable_and_in_lower_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULTSYNC_TIMING", '{"quiet": 3}')
    monkeypatch.setenv("vaultsync_log__level", "debug")
    machine = loaded(tmp_path).machine
    assert (machine.timing.quiet, machine.log.level) == (3, "debug")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ownr: Ana", "ownr: unknown key; did you mean owner?"),
        ("max_rows: 3", "max_rows: unknown key; did you mean index.max_rows?"),
        ("index: {settle: 3}", "index.settle: unknown key; did you mean timing.settle? (it concerns one machine"),
        ("index: {zzz: 3}", "index.zzz: unknown key; accepted are index.path, index.heading"),
        ("timing: {quiet: 1}", "timing: not a setting of this file; it concerns one machine"),
        ("index: {max_rows: many}", "index.max_rows: found 'many'; expected a whole number"),
        ("index: {max_rows: true}", "index.max_rows: found True; expected a whole number"),
        ("index: {max_rows: 0}", "index.max_rows: found 0; expected greater than or equal to 1"),
        ("include: notes", "include: found 'notes'; expected a list"),
        ("include: [1]", "include[0]: found 1; expected a text"),
        ("include: ['../**']", "include[0]: found '../**'; expected a path inside the vault"),
        ("people: 5", "people: found 5; expected keys with values"),
        ("people: {ignore: ['']}", "people.ignore[0]: found ''; expected a text of one line"),
        ("read_hidden_fields: 1", "read_hidden_fields: found 1; expected true or false"),
        ("assignees: all", "assignees: found 'all'; expected 'edges' or 'any'"),
        ("rollup: {roles: [open]}", "rollup.roles[0]: found 'open'; expected 'proposed', 'todo'"),
        ("rollup: {since: someday}", "rollup.since: found 'someday'"),
        ("timezone: Mars/Olympus", "timezone: found 'Mars/Olympus'; expected a time zone's name"),
        ("timezone: ../../etc/passwd", "timezone: found '../../etc/passwd'; expected a time zone's name"),
        ("statuses: {ab: todo}", "statuses.ab: found 'ab'; expected one character in quotes"),
        ("statuses: {'!': doing}", "statuses.!: found 'doing'; expected 'proposed'"),
        ("on_accept: {remove_tags: ['a b']}", "on_accept.remove_tags[0]: found 'a b'; expected a tag"),
        (
            "index: {path: Tasks/all.md}",
            "index.path: found 'Tasks/all.md'; expected a note inside the vault with {person}",
        ),
        ("index: {path: '{person}/{date}.md'}", "index.path: found '{person}/{date}.md'; expected"),
        ("index: {path: '../{person}.md'}", "index.path: found '../{person}.md'; expected a path inside the vault"),
        ("index: {path: '/t/{person}.md'}", "index.path: found '/t/{person}.md'; expected a path inside the vault"),
        ("index: {path: 'C:/{person}.md'}", "index.path: found 'C:/{person}.md'; expected a path inside the vault"),
        ("index: {path: '.t/{person}.md'}", "index.path: found '.t/{person}.md'; expected a note inside the vault"),
        ("index: {path: '{person}.txt'}", "index.path: found '{person}.txt'; expected a note inside the vault"),
        ("index: {path: ''}", "index.path: found ''; expected"),
        ("index: {heading: '## Open'}", "index.heading: found '## Open'; expected the text of a heading"),
        ("index: {link_text: 'a|b'}", "index.link_text: found 'a|b'; expected date, title"),
        ("overview: /etc/x.md", "overview: found '/etc/x.md'; expected a path inside the vault"),
        ("overview: a//b.md", "overview: found 'a//b.md'; expected a note inside the vault"),
        ("safety: {max_vanished: 50}", "safety.max_vanished: found 50; expected less than or equal to 1"),
    ],
)
def test_a_mistake_names_file_key_value_and_what_is_accepted(tmp_path: Path, text: str, expected: str) -> None:
    assert f"{tmp_path / 'vaultsync.yaml'}: {expected}" in refusal(tmp_path, text)


def test_a_vault_key_in_the_users_file_is_sent_to_the_vault(tmp_path: Path) -> None:
    message = refusal(tmp_path, machine="owner: Ana\n")
    assert "owner: not a setting of this file; it belongs in the vault's .vaultsync/config.yaml" in message


def test_all_mistakes_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "ownr: Ana\nassignees: all\n", "log: {level: loud}\n").splitlines()
    assert [line.split(": ")[1] for line in lines] == ["assignees", "ownr", "log.level"]


def test_a_huge_value_is_shown_cut(tmp_path: Path) -> None:
    message = refusal(tmp_path, f"assignees: {'x' * 5000}\n")
    assert len(message) < 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owner: Ana\ninclude: [a\n", ", line 2: broken YAML: a bracket or brace isn't closed"),
        ("owner: Ana\nowner: Bo\n", ", line 2: broken YAML: the key 'owner' is given twice"),
        ("index:\n  max_rows: 1\n  max_rows: 2\n", ", line 3: broken YAML: the key 'max_rows' is given twice"),
        ("owner: &a Ana\nexclude: [*a]\n", ", line 2: broken YAML: aliases are not accepted"),
        ("owner: !!python/object:os.system x\n", ", line 1: broken YAML: an unknown tag"),
        ("rollup:\n  since: 2025-13-45\n", ", line 2: found '2025-13-45'; expected a day of the calendar, as in 2"),
        ("owner: !!bool Ana\n", ", line 1: found 'Ana'; expected true or false"),
        ("owner: !!timestamp Ana\n", ", line 1: found 'Ana'; expected a day of the calendar"),
        ("owner: !!set [Ana]\n", ", line 1: broken YAML: a list that is tagged as keys"),
        (f"index: {{max_rows: {'9' * 5000}}}\n", f", line 1: found '{'9' * 60}...'; expected a whole number"),
        ("include:\n- \0\n", ", line 2: broken YAML: the character U+0000"),
        ("[" * 3000, ": nested too deeply"),
        ("- a\n", ": expected keys with values"),
        ("1: a\n", ": 1 is no key"),
    ],
)
def test_broken_yaml_names_the_file_and_if_possible_the_line(tmp_path: Path, text: str, expected: str) -> None:
    assert f"{tmp_path / 'vaultsync.yaml'}{expected}" in refusal(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vaultsync.yaml").write_bytes(b"owner: \xff\n")
    assert "vaultsync.yaml: not UTF-8" in refusal(tmp_path)


def test_an_oversized_file_is_refused(tmp_path: Path) -> None:
    assert "larger than 1000000 bytes" in refusal(tmp_path, "#" * 1_000_001)


def test_what_yaml_reads_as_a_number_or_a_truth_value_is_still_the_word(tmp_path: Path) -> None:
    config = loaded(tmp_path, "statuses: {1: todo, '?': proposed}\n", "watch: {polling: on}\n")
    assert config.vault.statuses == {"1": Role.TODO, "?": Role.PROPOSED}
    assert config.machine.watch.polling == "on"


def test_tags_are_the_same_with_and_without_their_sign(tmp_path: Path) -> None:
    assert loaded(tmp_path, "on_accept: {remove_tags: ['#a', b]}\n").vault.on_accept.remove_tags == ("a", "b")


def test_settings_are_frozen(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    with pytest.raises(ValidationError):
        config.vault.owner = "Bo"


def test_the_users_file_is_in_the_users_config_folder() -> None:
    assert user_config_file().parts[-2:] == ("vaultsync", "config.yaml")


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found[f"{prefix}{key}"] = value
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
    return found


def test_the_example_names_every_key_of_the_vault_with_its_default() -> None:
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    assert set(flat(yaml.safe_load(text))) == set(keys_of(VaultConfig))
    example = load(ROOT, ROOT / "config.example.yaml", ROOT / "none.yaml").vault
    assert example == VaultConfig(owner=example.owner)


def test_every_key_of_the_example_is_explained_above_it() -> None:
    lines = (ROOT / "config.example.yaml").read_text("utf-8").splitlines()
    leaves = [number for number, line in enumerate(lines) if re.match(r" *[a-z_]+: \S", line)]
    assert [lines[number] for number in leaves if not lines[number - 1].lstrip().startswith("#")] == []


def test_the_docs_name_every_key() -> None:
    text = (ROOT / "docs/configuration.md").read_text("utf-8")
    sections = {key.rpartition(".")[0] for key in keys_of(VaultConfig)}
    assert [key for key in keys_of(VaultConfig) if key not in sections and f"`{key}`" not in text] == []
    block = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    assert MachineConfig(**block) == MachineConfig()
    assert set(flat(block)) == set(keys_of(MachineConfig))
