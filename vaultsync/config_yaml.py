"""Read a YAML file as one mapping of plain values, refusing what could mean two things.

Left to others: which keys and values are accepted (config).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from vaultsync.errors import ConfigError
from vaultsync.markdown.yaml_words import TellingLoader, UnusableValueError, trouble_of

if TYPE_CHECKING:
    from pathlib import Path

MAX_CONFIG_BYTES = 1_000_000


class _Loader(TellingLoader):
    """A safe loader that refuses a key given twice, and aliases, by which a small file can hold a huge value."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_mark()
            raise yaml.constructor.ConstructorError(None, None, "aliases are not accepted", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode | yaml.SequenceNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        if not isinstance(node, yaml.MappingNode):  # a list tagged as a set
            raise yaml.constructor.ConstructorError(None, None, "a list that is tagged as keys", node.start_mark)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is given twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def load_mapping(file: Path) -> dict[Any, Any]:
    """Read the mapping that a YAML file holds; an empty file is an empty one.

    Raises `ConfigError`, which names the file and, where YAML gives it, the line, for whatever can't be read.
    """
    text = _read_text(file)
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        what, line = trouble_of(error, text)
        broken = "" if isinstance(error, UnusableValueError) else "broken YAML: "
        raise ConfigError(f"{file}{f', line {line}' if line else ''}: {broken}{what}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: nested too deeply") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file}: expected keys with values, as in 'owner: Ana Lopez'")
    strange = [key for key in content if not isinstance(key, str)]
    if strange:
        raise ConfigError(f"{file}: {strange[0]!r} is no key: keys are texts")
    return content


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{file}: larger than {MAX_CONFIG_BYTES} bytes")
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8") from error
