"""Read what the vault itself says: Obsidian's own settings and those of the Tasks and template plugins.

Left to others: vaultsync's own settings (config), which notes they leave (storage), what a status means (tasks).
"""

from __future__ import annotations

import errno
import json
import re
import stat
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeGuard, cast, get_args

from vaultsync.index.links import INVISIBLE
from vaultsync.model import DEFAULT_STATUSES, Problem, Status, StatusType, TaskSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DEFAULT_CONFIG_FOLDER = ".obsidian"
MAX_SETTINGS_BYTES = 5_000_000  # a Tasks data.json with hundreds of statuses stays under 100 kB

_FORMATS: Mapping[str, Literal["emoji", "dataview"]] = {"tasksPluginEmoji": "emoji", "dataview": "dataview"}
_STATUS_LISTS = {"coreStatuses": DEFAULT_STATUSES[:2], "customStatuses": DEFAULT_STATUSES[2:]}
_DRIVE = re.compile(r"[A-Za-z]:")
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\)(?P<close>[*+{]?)|(?P<varies>[*+{|])|\(", re.DOTALL)


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """What the vault's own settings say that vaultsync needs to know."""

    config_folder: str = DEFAULT_CONFIG_FOLDER  # its path in the vault, whether it exists or not
    tasks: TaskSettings = field(default_factory=TaskSettings)
    tasks_registered: bool = False  # True: the Tasks plugin has saved statuses of its own
    markdown_links: bool = False
    ignored: tuple[str, ...] = ()  # Obsidian's excluded files: path prefixes, or `/regex/`; for `is_ignored`
    template_folders: tuple[str, ...] = ()  # paths in the vault, without a slash at either end
    problems: tuple[Problem, ...] = ()


class _Keys:
    """The keys of one settings object; an unusable value is noted in `problems`, and its default taken."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        self.problems: list[str] = []

    def note(self, key: str, accepted: str) -> None:
        self.problems.append(f"{key}: {_shown(self.values.get(key))} is not {accepted}; the default is used")

    def boolean(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key, default)
        if isinstance(value, bool):
            return value
        self.note(key, "true or false")
        return default

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if _is_text(value):
            return value
        self.note(key, "a text")
        return ""

    def line(self, key: str) -> str:
        value = self.text(key)
        if INVISIBLE.search(value):
            self.note(key, "a text of one line")
            return ""
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if isinstance(value, list) and all(_is_text(item) for item in value):
            return tuple(value)
        self.note(key, "a list of texts")
        return ()


def task_settings(values: Mapping[str, object]) -> tuple[TaskSettings, tuple[str, ...]]:
    """Read the Tasks plugin's data.json, given as the object it holds; a key that is absent keeps the plugin's default.

    Returns the settings and a sentence for each unusable value, in place of which the default stands. Keys that change
    nothing about a task line are not looked at. (Obsidian Tasks, "Settings" and "Status Settings": the keys given
    replace the defaults whole, the core statuses come before the custom ones, the first entry of a symbol wins.)
    """
    keys = _Keys(values)
    task_format = values.get("taskFormat", "tasksPluginEmoji")
    if not isinstance(task_format, str) or task_format not in _FORMATS:
        keys.note("taskFormat", "tasksPluginEmoji or dataview")
        task_format = "tasksPluginEmoji"
    settings = TaskSettings(
        format=_FORMATS[task_format],
        global_filter=keys.line("globalFilter"),
        statuses=_statuses(keys),
        set_created_date=keys.boolean("setCreatedDate", default=False),
        set_done_date=keys.boolean("setDoneDate", default=True),
        set_cancelled_date=keys.boolean("setCancelledDate", default=True),
        recurrence_on_next_line=keys.boolean("recurrenceOnNextLine", default=False),
        remove_scheduled_on_recurrence=keys.boolean("removeScheduledDateOnRecurrence", default=False),
        filename_as_scheduled=keys.boolean("useFilenameAsScheduledDate", default=False),
        filename_date_format=keys.text("filenameAsScheduledDateFormat"),
        filename_date_folders=keys.texts("filenameAsDateFolders"),
    )
    return settings, tuple(keys.problems)


def read_vault_settings(root: Path, config_folder: str | None = None) -> VaultSettings:
    """Read the settings of the vault at `root`; what can't be read or used becomes a problem, and its default stands.

    Without `config_folder` it is `.obsidian` or, where there is none, the first dot folder by name that holds an
    app.json (Obsidian, "Override config folder"). A file that is absent is no problem.
    """
    folder = config_folder or _find_config_folder(root)
    problems: list[Problem] = []
    files: list[tuple[str, _Keys]] = []

    def opened(name: str) -> _Keys:
        path = f"{folder}/{name}"
        found = _load_object(root, path)
        if isinstance(found, Problem):
            problems.append(found)
            found = {}
        files.append((path, _Keys(found)))
        return files[-1][1]

    app, templates = opened("app.json"), opened("templates.json")
    plugin = opened("plugins/obsidian-tasks-plugin/data.json")
    templater = opened("plugins/templater-obsidian/data.json")
    tasks, unusable = task_settings(plugin.values)
    plugin.problems.extend(unusable)
    folders = (*_folder(root, templates, "folder"), *_folder(root, templater, "templates_folder"))
    markdown_links = app.boolean("useMarkdownLinks", default=False)
    ignored = tuple(_usable_filters(app))
    problems += [Problem(path, None, what) for path, keys in files for what in keys.problems]
    return VaultSettings(
        config_folder=folder,
        tasks=tasks,
        tasks_registered="statusSettings" in plugin.values,
        markdown_links=markdown_links,
        ignored=ignored,
        template_folders=tuple(dict.fromkeys(folders)),
        problems=tuple(problems),
    )


def is_ignored(path: str, filters: Iterable[str]) -> bool:
    """Say whether Obsidian's excluded files hold `path` (relative to the vault, with "/").

    A filter is a prefix of the path, or an expression between slashes that is found anywhere in it (Obsidian,
    "Excluded files").
    """
    return any(
        _pattern(each).search(path) is not None if _is_regex(each) else path.startswith(each) for each in filters
    )


def _statuses(keys: _Keys) -> tuple[Status, ...]:
    given = keys.values.get("statusSettings")
    if "statusSettings" not in keys.values:
        return DEFAULT_STATUSES
    if not isinstance(given, dict):
        keys.note("statusSettings", "an object")
        return DEFAULT_STATUSES
    first_of_symbol: dict[str, Status] = {}
    for name, default in _STATUS_LISTS.items():
        for status in _status_list(given, name, default, keys.problems):
            first_of_symbol.setdefault(status.symbol, status)
    return tuple(first_of_symbol.values())


def _status_list(
    given: Mapping[str, object], name: str, default: tuple[Status, ...], problems: list[str]
) -> Iterable[Status]:
    entries = given.get(name)
    if not isinstance(entries, list):
        problems.append(f"statusSettings.{name}: {_shown(entries)} is not a list of statuses; the default is used")
        return default
    return [
        status
        for number, entry in enumerate(entries)
        if (status := _status(entry, f"statusSettings.{name}[{number}]", problems)) is not None
    ]


def _status(entry: object, where: str, problems: list[str]) -> Status | None:
    """Read one entry of a status list; None, with a problem, where it can't be any status of a task line."""
    if not isinstance(entry, dict):
        problems.append(f"{where}: {_shown(entry)} is not a status; it is left out")
        return None
    symbol, name = entry.get("symbol", " "), entry.get("name", "")
    following, kind = entry.get("nextStatusSymbol", "x"), entry.get("type", "TODO")
    if not _is_text(symbol) or len(symbol) != 1 or INVISIBLE.match(symbol):
        problems.append(f"{where}.symbol: {_shown(symbol)} is not one character; the status is left out")
        return None
    if not _is_text(name):
        problems.append(f"{where}.name: {_shown(name)} is not a text; the status has no name")
        name = ""
    if not _is_text(following) or len(following) > 1 or INVISIBLE.match(following):
        problems.append(f"{where}.nextStatusSymbol: {_shown(following)} is not one character; x is used")
        following = "x"
    if kind not in get_args(StatusType):
        problems.append(f"{where}.type: {_shown(kind)} is not one of {', '.join(get_args(StatusType))}; TODO is used")
        kind = "TODO"
    return Status(symbol, name, cast("StatusType", kind), following)


def _find_config_folder(root: Path) -> str:
    if _is_folder(root / DEFAULT_CONFIG_FOLDER):
        return DEFAULT_CONFIG_FOLDER
    try:
        others = sorted(path.parent.name for path in root.glob(".*/app.json"))
    except OSError:  # an unreadable root is the scan's to report
        others = []
    return others[0] if others else DEFAULT_CONFIG_FOLDER


def _load_object(root: Path, path: str) -> dict[str, object] | Problem:
    """Read a JSON file of the vault; an absent one is an empty object, an unusable one a problem."""
    line = None
    try:
        content = json.loads(_read_text(root / path))
    except json.JSONDecodeError as error:
        line, what = error.lineno, f"broken JSON: {error.msg}, column {error.colno}"
    except UnicodeDecodeError:
        what = "not UTF-8"
    except RecursionError:
        what = "nested too deeply"
    except ValueError as error:  # a number of thousands of digits
        what = f"unreadable: {error}"
    except OSError as error:
        what = f"unreadable: {error.strerror}"
    else:
        if isinstance(content, dict):
            return content
        what = "not a JSON object"
    return Problem(path, line, f"{what}; the defaults are used")


def _read_text(source: Path) -> str:
    try:
        found = source.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "{}"
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for its writer
        raise OSError(errno.EINVAL, "not a file")
    if found.st_size > MAX_SETTINGS_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_SETTINGS_BYTES} bytes")
    return source.read_bytes().decode("utf-8-sig")


def _folder(root: Path, keys: _Keys, key: str) -> tuple[str, ...]:
    """Read a template folder; none where it is the vault itself, which would leave no notes at all.

    Obsidian ignores slashes at either end, so that `/Templates` is a folder of the vault if it has one of that name.
    """
    value = keys.text(key)
    parts = [part for part in value.replace("\\", "/").split("/") if part not in ("", ".")]
    folder = "/".join(parts)
    outside = ".." in parts or _DRIVE.match(value) or "\0" in value
    if outside or (value.startswith(("/", "\\")) and parts and not _is_folder(root / folder)):
        keys.problems.append(f"{key}: {_shown(value)} is not a folder of the vault; it is not used")
        return ()
    return (folder,) if parts else ()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no permission, a name too long for the file system
        return False


def _usable_filters(keys: _Keys) -> Iterable[str]:
    for each in keys.texts("userIgnoreFilters"):
        try:
            _pattern(each)
        except (re.error, RecursionError, OverflowError) as error:
            keys.problems.append(
                f"userIgnoreFilters: {_shown(each)} is no regular expression ({error}); it is not used"
            )
        else:
            if _is_regex(each) and _may_explode(each[1:-1]):
                what = "repeats what itself repeats or chooses, which could take forever; it is not used"
                keys.problems.append(f"userIgnoreFilters: {_shown(each)} {what}")
            elif each:
                yield each


def _may_explode(pattern: str) -> bool:
    """Say whether a group that holds a repetition or a choice is itself repeated: such a search can be exponential."""
    open_groups = [False]  # whether each open group holds one, the innermost last
    for piece in _PIECE.finditer(pattern):
        if piece[0] == "(":
            open_groups.append(False)
        elif piece["close"] is not None and len(open_groups) > 1:
            varies = open_groups.pop()
            repeated = piece["close"] in tuple("*+{")
            if varies and repeated:
                return True
            open_groups[-1] |= varies or repeated
        elif piece["varies"]:
            open_groups[-1] = True
    return False


def _is_regex(text: str) -> bool:
    return len(text) > len("//") and text.startswith("/") and text.endswith("/")


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    """Compile a filter; JavaScript's and Python's expressions differ in how a group is named."""
    if not _is_regex(text):
        return re.compile(re.escape(text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class that holds "[", which means the same in both
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", text[1:-1]))


def _is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is a text that can be written; JSON can spell half of a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _shown(value: object) -> str:
    shown = ascii(value) if isinstance(value, str) and not _is_text(value) else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - the width of a legible message
