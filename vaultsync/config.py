"""Read and check vaultsync's own settings: those of the vault, alike on every replica, and those of this machine.

Left to others: what the vault itself says (obsidian), what a setting does (the rooms that it is named after).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - pydantic reads the annotation when the module runs
from pathlib import Path  # noqa: TC003 - the same
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    Strict,
    StrictBool,
    ValidationError,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from vaultsync.config_errors import keys_of, sentences, unread
from vaultsync.config_yaml import load_mapping
from vaultsync.errors import ConfigError
from vaultsync.model import Limits as LimitDefaults
from vaultsync.model import Role
from vaultsync.tasks.people import DEFAULT_PEOPLE_NOTES, clean_name

VAULT_FILES = (".vaultsync/config.yaml", "vaultsync.yaml")
ENVIRONMENT_PREFIX = "VAULTSYNC_"
_NO_SETTING = frozenset({"VAULTSYNC_VAULT"})  # variables of the command line

_Kind = TypeVar("_Kind", bound=BaseModel)

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_NOT_IN_TAG = re.compile(r"""[\s!@#$%^&*(),.?":{}|<>]""")
_DRIVE = re.compile(r"[A-Za-z]:")


def _one_line(value: str) -> str:
    if not value.strip() or _CONTROL.search(value):
        raise ValueError("expected a text of one line, not empty")
    return value


def _person(value: str) -> str:
    return clean_name(_one_line(value))


def _inside(value: str) -> str:
    parts = _one_line(value).replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or _DRIVE.match(value):
        raise ValueError('expected a path inside the vault: relative, with "/", without ".."')
    return value


def _note(value: str) -> str:
    parts = _inside(value).split("/")
    if not value.endswith(".md") or "\\" in value or any(part.startswith(".") or not part.strip() for part in parts):
        raise ValueError('expected a note inside the vault, as in "Tasks/Overview.md", outside dot folders')
    return value


def _index_note(value: str) -> str:
    if "{person}" not in value or {"{", "}"} & set(value.replace("{person}", "")):
        raise ValueError('expected a note inside the vault with {person} in it, as in "Tasks/@{person}.md"')
    return _note(value)


def _tag(value: str) -> str:
    tag = value.removeprefix("#")
    if not tag or _NOT_IN_TAG.search(tag):
        raise ValueError('expected a tag, as in "proposed" or "#proposed"')
    return tag


def _link_text(value: str) -> str:
    if set("[]|\\") & set(_one_line(value)):
        raise ValueError('expected date, title or a text without "[", "]", "|" and "\\"')
    return value


def _heading(value: str) -> str:
    if _one_line(value).startswith("#"):
        raise ValueError('expected the text of a heading, without "#"')
    return value.strip()


def _symbol(value: object) -> object:
    """Take the digit for the number that YAML makes of it."""
    value = str(value) if type(value) is int else value
    if not isinstance(value, str) or len(value) != 1 or value in "\n\r\u2028\u2029":
        raise ValueError('expected one character in quotes, as in "?"')
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        raise ValueError('expected a time zone\'s name, as in "Europe/Berlin" or "UTC"') from None
    return value


def _on_off(value: object) -> object:
    """Take the word for the truth value that YAML makes of it."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _mode_alone(value: object) -> object:
    """Take the mode alone for a section that says no more."""
    return {"mode": value} if isinstance(value, str | bool) else value


def _home(value: Path) -> Path:
    return value.expanduser()


Text = Annotated[str, AfterValidator(_one_line)]
Person = Annotated[str, AfterValidator(_person)]
Inside = Annotated[str, AfterValidator(_inside)]
Tag = Annotated[str, AfterValidator(_tag)]
Count = Annotated[int, Strict(), Field(ge=0)]
Size = Annotated[int, Strict(), Field(ge=1)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]


class _Section(BaseModel):
    """A group of settings; a key that it doesn't name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rollup(_Section):
    """Which tasks get a row."""

    roles: tuple[Role, ...] = (Role.PROPOSED, Role.TODO, Role.IN_PROGRESS)
    since: date | None = None


class People(_Section):
    """Who is a person, and under which names."""

    notes: tuple[Inside, ...] = DEFAULT_PEOPLE_NOTES
    aliases: dict[Person, tuple[Person, ...]] = {}
    ignore: tuple[Person, ...] = ()


class OnAccept(_Section):
    """What leaving `proposed` does to a task."""

    remove_tags: tuple[Tag, ...] = ("proposed",)


class Index(_Section):
    """How index notes are named and laid out."""

    path: Annotated[str, AfterValidator(_index_note)] = "Tasks/@{person}.md"
    heading: Annotated[str, AfterValidator(_heading)] | None = None
    max_rows: Size = 150
    done_days: Count = 7
    hide_tags: tuple[Tag, ...] = ("task", "proposed", "auto")
    link_text: Annotated[str, AfterValidator(_link_text)] = "↗"
    group_by: Literal["none", "note"] = "none"
    one_on_one: StrictBool = True


class Duplicates(_Section):
    """Whether near-duplicates among a person's proposals stand together, and how alike they are."""

    mode: Annotated[Literal["group", "off"], BeforeValidator(_on_off)] = "group"
    threshold: Annotated[float, Strict(), Field(ge=0, le=100)] = 88


class Safety(_Section):
    """When a cycle halts before it writes anything."""

    max_vanished: Share = 0.5
    min_known: Count = 20


class Limits(_Section):
    """How much of a note is read before it is set aside with a problem."""

    note_bytes: Size = LimitDefaults().note_bytes
    line_chars: Size = LimitDefaults().line_chars
    frontmatter_bytes: Size = LimitDefaults().frontmatter_bytes
    nesting: Size = LimitDefaults().nesting


class VaultConfig(_Section):
    """What changes rendering or merging; it comes from the vault's file only, so that replicas agree."""

    owner: Person | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None  # None: this machine's
    include: tuple[Inside, ...] = ("**/*.md",)
    exclude: tuple[Inside, ...] = ()
    config_folder: Inside | None = None  # None: found by obsidian.read_vault_settings
    rollup: Rollup = Rollup()
    read_hidden_fields: StrictBool = True
    recur_native_toggles: StrictBool = False
    assignees: Literal["edges", "any"] = "edges"
    people: People = People()
    statuses: dict[Annotated[str, BeforeValidator(_symbol)], Role] = {}
    on_accept: OnAccept = OnAccept()
    index: Index = Index()
    duplicates: Annotated[Duplicates, BeforeValidator(_mode_alone)] = Duplicates()
    overview: Annotated[str, AfterValidator(_note)] = "Tasks/Overview.md"
    capture: Annotated[str, AfterValidator(_note)] = "Tasks/Inbox.md"
    safety: Safety = Safety()
    limits: Limits = Limits()


class Timing(_Section):
    """How long the daemon waits; seconds, where nothing else is said."""

    model_config = ConfigDict(allow_inf_nan=False)

    quiet: NonNegativeFloat = 2.0
    quiet_max: NonNegativeFloat = 30.0
    settle: NonNegativeFloat = 60.0
    stamp_after: NonNegativeFloat = 10.0
    debounce: NonNegativeFloat = 0.1
    debounce_max: NonNegativeFloat = 2.0
    full_every: PositiveFloat = 5.0  # minutes
    absent_delay: NonNegativeFloat = 5.0
    replica_wait: NonNegativeFloat = 60.0


class Watch(_Section):
    """How changes are noticed."""

    model_config = ConfigDict(allow_inf_nan=False)

    polling: Annotated[Literal["auto", "on", "off"], BeforeValidator(_on_off)] = "auto"
    poll_every: PositiveFloat = 2.0  # seconds
    check_every: PositiveFloat = 30.0  # seconds


class Journal(_Section):
    """What is kept of what was done."""

    keep_days: Annotated[int, Field(ge=1, le=100_000)] = 365


class Log(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class MachineConfig(BaseSettings):
    """What concerns this machine; from the user's config folder and, before that, `VAULTSYNC_...` variables."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    state_dir: Annotated[Path, AfterValidator(_home)] | None = None  # None: the user's state folder
    timing: Timing = Timing()
    watch: Watch = Watch()
    journal: Journal = Journal()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings names the arguments
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let a variable win over the user's file, key by key."""
        return env_settings, init_settings


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one vault on one machine."""

    vault: VaultConfig
    machine: MachineConfig
    files: tuple[Path, ...]  # those that were read, the vault's first


def user_config_file() -> Path:
    """Return where this machine's settings are looked for, whether the file exists or not."""
    return platformdirs.user_config_path("vaultsync", appauthor=False) / "config.yaml"


def load(vault_root: Path, config_path: Path | None = None, user_file: Path | None = None) -> Config:
    """Read the settings of the vault at `vault_root`; without any file, defaults that work.

    The vault's are in `config_path`, else in one of `VAULT_FILES` in the vault; the machine's in `user_file` (default
    `user_config_file()`) and in the environment. Raises `ConfigError` with a line for each mistake: file or variable,
    key, the value found and what is accepted.
    """
    machine_file = user_config_file() if user_file is None else user_file
    try:
        vault_file = _vault_file(vault_root, config_path)
        machine_source = machine_file if machine_file.is_file() else None
    except OSError as error:
        raise ConfigError(f"{error.filename}: can't be looked at: {error.strerror}") from error
    mistakes: list[str] = []
    vault = _checked(VaultConfig, vault_file, MachineConfig, mistakes)
    mistakes += stray_variables()
    machine = _checked(MachineConfig, machine_source, VaultConfig, mistakes)
    if vault is None or machine is None or mistakes:
        raise ConfigError("\n".join(mistakes))
    return Config(vault, machine, tuple(file for file in (vault_file, machine_source) if file is not None))


def _vault_file(root: Path, config_path: Path | None) -> Path | None:
    if config_path is not None:
        return config_path
    found = [root / name for name in VAULT_FILES if (root / name).exists()]
    if len(found) > 1:
        raise ConfigError(f"there are two config files, {found[0]} and {found[1]}: keep one of them")
    return found[0] if found else None


def _checked(kind: type[_Kind], file: Path | None, other: type[BaseModel], mistakes: list[str]) -> _Kind | None:
    """Read a file as settings of one kind; what is wrong is added to `mistakes`."""
    try:
        values: dict[Any, Any] = {} if file is None else load_mapping(file)
        return kind(**values)
    except ConfigError as error:
        mistakes.append(str(error))
    except ValidationError as error:
        mistakes += sentences(error, file, kind, other)
    return None


def stray_variables() -> list[str]:
    """Name the variables that look like ours and that nothing reads, each with what was probably meant."""
    keys = [*keys_of(MachineConfig)]
    sections = {key.partition(".")[0] for key in keys if "." in key}
    settings = [f"{ENVIRONMENT_PREFIX}{key.replace('.', '__').upper()}" for key in keys]
    mistakes = []
    for name in sorted(os.environ.keys() - _NO_SETTING):
        section, nested, _ = name.upper().removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        # What is wrong within a section, the section says itself.
        is_read = name.upper() in settings or (nested and section in sections)
        if is_read or not name.upper().startswith(ENVIRONMENT_PREFIX):
            continue
        if section in VaultConfig.model_fields:
            mistakes.append(f"{name}: {section} belongs in the vault's {VAULT_FILES[0]}, so that replicas agree")
        else:
            mistakes.append(f"{name}: {unread(name.upper(), [*_NO_SETTING, *settings], len(ENVIRONMENT_PREFIX))}")
    return mistakes
