from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from vaultsync.model import DEFAULT_STATUSES, Status, TaskSettings
from vaultsync.obsidian import MAX_SETTINGS_BYTES, VaultSettings, is_ignored, read_vault_settings, task_settings

if TYPE_CHECKING:
    from pathlib import Path

TASKS = "plugins/obsidian-tasks-plugin/data.json"
TEMPLATER = "plugins/templater-obsidian/data.json"


def entry(symbol: object, name: object = "N", following: object = "x", kind: object = "TODO") -> dict[str, object]:
    return {"symbol": symbol, "name": name, "nextStatusSymbol": following, "type": kind, "availableAsCommand": True}


def vault(root: Path, files: dict[str, Any], folder: str = ".obsidian") -> Path:
    for name, content in files.items():
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return root


def test_an_absent_file_means_the_plugins_defaults() -> None:
    assert task_settings({}) == (TaskSettings(), ())


def test_every_key_that_matters_is_read() -> None:
    settings, problems = task_settings(
        {
            "taskFormat": "dataview",
            "globalFilter": "#task",
            "setCreatedDate": True,
            "setDoneDate": False,
            "setCancelledDate": False,
            "recurrenceOnNextLine": True,
            "removeScheduledDateOnRecurrence": True,
            "useFilenameAsScheduledDate": True,
            "filenameAsScheduledDateFormat": "DD MMM YYYY",
            "filenameAsDateFolders": ["Daily"],
            "statusSettings": {"coreStatuses": [entry(" ")], "customStatuses": [entry("?", "Proposed", " ")]},
            "presets": {"no": "matter"},
        }
    )
    assert problems == ()
    assert settings == TaskSettings(
        format="dataview",
        global_filter="#task",
        statuses=(Status(" ", "N", "TODO", "x"), Status("?", "Proposed", "TODO", " ")),
        set_created_date=True,
        set_done_date=False,
        set_cancelled_date=False,
        recurrence_on_next_line=True,
        remove_scheduled_on_recurrence=True,
        filename_as_scheduled=True,
        filename_date_format="DD MMM YYYY",
        filename_date_folders=("Daily",),
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("taskFormat", "todo.txt"),
        ("taskFormat", ["dataview"]),
        ("globalFilter", 5),
        ("globalFilter", "\ud800"),
        ("setDoneDate", "yes"),
        ("filenameAsDateFolders", "Daily"),
        ("filenameAsDateFolders", [1]),
        ("statusSettings", []),
        ("statusSettings", None),
    ],
)
def test_an_unusable_value_is_told_and_its_default_used(key: str, value: object) -> None:
    settings, problems = task_settings({key: value})
    assert settings == TaskSettings()
    assert [problem.startswith(f"{key}: ") for problem in problems] == [True]


def test_the_first_status_of_a_symbol_wins_and_core_comes_before_custom() -> None:
    custom = [entry("?", "First"), entry("x", "Late"), entry("?", "Second")]
    settings, _ = task_settings({"statusSettings": {"coreStatuses": [entry("x", "Core")], "customStatuses": custom}})
    assert [(status.symbol, status.name) for status in settings.statuses] == [("x", "Core"), ("?", "First")]


def test_what_a_status_lacks_is_filled_in_as_the_plugin_does() -> None:
    settings, problems = task_settings({"statusSettings": {"coreStatuses": [], "customStatuses": [{"name": "Bare"}]}})
    assert settings.statuses == (Status(" ", "Bare", "TODO", "x"),)
    assert problems == ()


def test_an_unknown_type_is_todo_and_told() -> None:
    lists = {"coreStatuses": [], "customStatuses": [entry("z", "Odd", " ", "WEIRD")]}
    settings, problems = task_settings({"statusSettings": lists})
    assert settings.statuses == (Status("z", "Odd", "TODO", " "),)
    assert "'WEIRD' is not one of TODO" in problems[0]


@pytest.mark.parametrize("symbol", ["", "ab", "\n", 5, None, "\ud800", "✔\ufe0f"])
def test_a_status_that_no_line_can_have_is_left_out(symbol: object) -> None:
    lists = {"coreStatuses": [entry(symbol)], "customStatuses": [entry("y")]}
    settings, problems = task_settings({"statusSettings": lists})
    assert [status.symbol for status in settings.statuses] == ["y"]
    assert "statusSettings.coreStatuses[0].symbol" in problems[0]


def test_a_missing_or_broken_list_of_statuses_is_the_default_one() -> None:
    settings, problems = task_settings({"statusSettings": {"customStatuses": [entry("y"), "z"]}})
    assert [status.symbol for status in settings.statuses] == [" ", "x", "y"]
    assert len(problems) == 2


def test_a_folder_without_obsidian_has_defaults_and_no_problems(tmp_path: Path) -> None:
    assert read_vault_settings(tmp_path) == VaultSettings()


def test_the_vaults_settings_are_read(tmp_path: Path) -> None:
    files = {
        "app.json": {"useMarkdownLinks": True, "userIgnoreFilters": ["Archive/", "/\\d{4}/", "/(?<y>x)/"]},
        "templates.json": {"folder": "Meta/Templates/"},
        TASKS: {"globalFilter": "#task", "statusSettings": {"coreStatuses": [], "customStatuses": []}},
        TEMPLATER: {"templates_folder": "Templater"},
    }
    assert read_vault_settings(vault(tmp_path, files)) == VaultSettings(
        tasks=TaskSettings(global_filter="#task", statuses=()),
        tasks_registered=True,
        markdown_links=True,
        ignored=("Archive/", "/\\d{4}/", "/(?<y>x)/"),
        template_folders=("Meta/Templates", "Templater"),
    )


def test_statuses_that_were_never_saved_are_not_registered(tmp_path: Path) -> None:
    settings = read_vault_settings(vault(tmp_path, {TASKS: {"globalFilter": ""}}))
    assert not settings.tasks_registered
    assert settings.tasks.statuses == DEFAULT_STATUSES


def test_another_dot_folder_with_an_app_json_is_the_config_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    vault(tmp_path, {"app.json": {"useMarkdownLinks": True}}, ".obsidian-phone")
    found = read_vault_settings(tmp_path)
    assert (found.config_folder, found.markdown_links) == (".obsidian-phone", True)


def test_the_usual_config_folder_comes_first_and_a_named_one_before_that(tmp_path: Path) -> None:
    vault(tmp_path, {"app.json": {"useMarkdownLinks": True}}, ".a")
    vault(tmp_path, {"app.json": {}})
    assert read_vault_settings(tmp_path).config_folder == ".obsidian"
    assert read_vault_settings(tmp_path, ".a").markdown_links


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ('{\n "a": 1,\n oops}', 3, "broken JSON"),
        ("", 1, "broken JSON"),
        ("[]", None, "not a JSON object"),
        ('{"a": ' + "9" * 5000 + "}", None, "unreadable"),
        ("[" * 100_000, None, "nested too deeply"),
        ('{"useMarkdownLinks": 1}', None, "useMarkdownLinks: 1 is not true or false"),
        ('{"userIgnoreFilters": "x"}', None, "userIgnoreFilters: 'x' is not a list of texts"),
        ('{"userIgnoreFilters": ["/(/"]}', None, "userIgnoreFilters: '/(/' is no regular expression"),
    ],
)
def test_a_broken_settings_file_is_a_problem_and_the_defaults_hold(
    tmp_path: Path, content: str, line: int | None, what: str
) -> None:
    found = read_vault_settings(vault(tmp_path, {"app.json": content}))
    assert [(problem.path, problem.line) for problem in found.problems] == [(".obsidian/app.json", line)]
    assert found.problems[0].what.startswith(what)
    assert (found.markdown_links, found.ignored) == (False, ())


def test_a_file_that_is_no_text_too_large_or_no_file_is_a_problem(tmp_path: Path) -> None:
    vault(tmp_path, {"app.json": "", "templates.json": " " * (MAX_SETTINGS_BYTES + 1)})
    (tmp_path / ".obsidian/app.json").write_bytes(b"\xff\xfe{}")
    (tmp_path / ".obsidian/plugins/obsidian-tasks-plugin/data.json").mkdir(parents=True)
    os.mkfifo(vault(tmp_path, {TEMPLATER + ".old": ""}) / ".obsidian" / TEMPLATER)
    found = read_vault_settings(tmp_path)
    assert [problem.what.split(";")[0] for problem in found.problems] == [
        "not UTF-8",
        f"unreadable: larger than {MAX_SETTINGS_BYTES} bytes",
        "unreadable: not a file",
        "unreadable: not a file",
    ]


@pytest.mark.parametrize("folder", ["../x", "a/../../x", "/etc", "C:\\x", "a\0b", f"/{'x' * 300}"])
def test_a_template_folder_outside_the_vault_is_a_problem(tmp_path: Path, folder: str) -> None:
    found = read_vault_settings(vault(tmp_path, {"templates.json": {"folder": folder}}))
    assert found.template_folders == ()
    assert "is not a folder of the vault" in found.problems[0].what


@pytest.mark.parametrize("folder", ["", "/", ".", "./"])
def test_the_vault_itself_is_no_template_folder(tmp_path: Path, folder: str) -> None:
    found = read_vault_settings(vault(tmp_path, {TEMPLATER: {"templates_folder": folder}}))
    assert (found.template_folders, found.problems) == ((), ())


def test_a_slash_before_a_folder_of_the_vault_is_obsidians_way(tmp_path: Path) -> None:
    (tmp_path / "Templates").mkdir()
    found = read_vault_settings(vault(tmp_path, {"templates.json": {"folder": "/Templates"}}))
    assert (found.template_folders, found.problems) == (("Templates",), ())


@pytest.mark.parametrize(
    ("path", "filters", "expected"),
    [
        ("Archive/a.md", ("Archive/",), True),
        ("Old/Archive/a.md", ("Archive/",), False),
        ("a.md", (), False),
        ("notes/2024.md", ("/\\d{4}/",), True),
        ("notes/x.md", ("/\\d{4}/", "/^x/"), False),
        ("a+b/x.md", ("a+b",), True),
        ("//", ("//",), True),
    ],
)
def test_excluded_files_are_prefixes_or_expressions(path: str, filters: tuple[str, ...], expected: object) -> None:
    assert is_ignored(path, filters) is expected
