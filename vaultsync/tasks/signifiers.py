"""The marks that begin a field of a task line, in either format, and how a field is spelled when it is written.

Left to others: which of the fields in a line count (line.py), and where a new one goes (spans.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from vaultsync.model import FieldName, TaskSettings

SPACE: Final = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What JavaScript's `\\s` and `trim()` call white space, as the inside of a character class."""

SPACES: Final = (
    "\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""The same characters, for `str.strip`."""

NOT_IN_TAG: Final = r""" !@#$%^&*(),.?":{}|<>"""
"""What ends a tag (Obsidian Tasks, Tags); of the white space, only the plain space does."""

VARIATION: Final = "\ufe0f"  # one is accepted after an emoji, and not written

FieldKey = Literal[
    "priority",
    "start",
    "created",
    "scheduled",
    "due",
    "done",
    "cancelled",
    "recurrence",
    "on_completion",
    "id",
    "depends_on",
]
"""The fields that have a signifier: all but the block id."""

SIGNIFIERS: Final[dict[str, tuple[FieldKey, str]]] = {
    "🔺": ("priority", "highest"),
    "⏫": ("priority", "high"),
    "🔼": ("priority", "medium"),
    "🔽": ("priority", "low"),
    "⏬": ("priority", "lowest"),
    "🛫": ("start", ""),
    "➕": ("created", ""),
    "⏳": ("scheduled", ""),
    "⌛": ("scheduled", ""),
    "📅": ("due", ""),
    "📆": ("due", ""),
    "🗓": ("due", ""),
    "✅": ("done", ""),
    "❌": ("cancelled", ""),
    "🔁": ("recurrence", ""),
    "🏁": ("on_completion", ""),
    "🆔": ("id", ""),
    "⛔": ("depends_on", ""),
}
"""Signifier -> the field, and the value where the signifier itself says it. The first of a field is the one written."""

DATAVIEW: Final[dict[str, FieldKey]] = {
    "priority": "priority",
    "start": "start",
    "created": "created",
    "scheduled": "scheduled",
    "due": "due",
    "completion": "done",
    "cancelled": "cancelled",
    "repeat": "recurrence",
    "onCompletion": "on_completion",
    "id": "id",
    "dependsOn": "depends_on",
}

_READ_ORDER: Final[tuple[FieldKey | Literal["tag"], ...]] = (
    "priority",
    "done",
    "cancelled",
    "due",
    "scheduled",
    "start",
    "created",
    "recurrence",
    "on_completion",
    "tag",
    "id",
    "depends_on",
)
READ_ORDER: Final[dict[str, int]] = {name: at for at, name in enumerate(_READ_ORDER)}
"""The order in which one pass of the reading loop tries the patterns."""

WRITE_ORDER: Final[tuple[FieldKey, ...]] = (
    "id",
    "depends_on",
    "priority",
    "recurrence",
    "on_completion",
    "created",
    "start",
    "scheduled",
    "due",
    "cancelled",
    "done",
)
"""The order in which Tasks writes fields after the description."""

_ONE_ID = "[A-Za-z0-9_-]++"
_VALUES: Final[dict[FieldKey, str]] = {
    "priority": "highest|high|medium|lowest|low",
    **dict.fromkeys(("start", "created", "scheduled", "due", "done", "cancelled"), "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "recurrence": "[A-Za-z0-9, !]++",
    "on_completion": "[A-Za-z]++",
    "id": _ONE_ID,
    "depends_on": rf"{_ONE_ID}(?: *+, *+{_ONE_ID})*",
}


class Found(NamedTuple):
    """One field-shaped piece of text; whether anything reads it is not said here."""

    name: FieldKey
    start: int
    end: int
    value: str
    reach: int  # `end`, or after the comma that Dataview's form may carry


def _mojibake() -> dict[str, str]:
    """Spell every emoji signifier as its UTF-8 looks when it was read as Mac Roman or cp1252."""
    spelled: dict[str, str] = {}
    for emoji in SIGNIFIERS:
        raw = emoji.encode()
        mac = raw.decode("mac_roman")
        control = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw)
        # Five bytes mean nothing in cp1252: programs drop them or pass them on as C1 controls. The apple that Mac Roman
        # has for 0xF0 is a private character, and often dropped.
        for spelling in (mac, mac.replace("\uf8ff", ""), control, raw.decode("cp1252", "ignore")):
            spelled.setdefault(spelling, emoji)
    return spelled


MOJIBAKE: Final[dict[str, str]] = _mojibake()
"""Mangled spelling -> the emoji it was (`üìÖ` -> 📅)."""

_MANGLED_VARIATION = f"{VARIATION}|Ô∏è|ï¸\x8f?"
_MANGLED_START = re.compile(f"[{''.join(sorted({spelling[0] for spelling in MOJIBAKE}))}]")
_SPELLINGS: Final[dict[str, str]] = {**{emoji: emoji for emoji in SIGNIFIERS}, **MOJIBAKE}
_ANY_EMOJI = re.compile(f"[{''.join(SIGNIFIERS)}]")
_ANY_SPELLING = re.compile("|".join(map(re.escape, sorted(_SPELLINGS, key=len, reverse=True))))
_ANY_KEY = re.compile(rf"[\[(] *+({'|'.join(sorted(DATAVIEW, key=len, reverse=True))}):: *+")


def _after_emoji(variation: str) -> dict[str, re.Pattern[str]]:
    """Compile, for each emoji, what may stand behind it; group 1 is the value."""
    return {
        emoji: re.compile(rf"(?:{variation})?()" if value else rf"(?:{variation})? *+({_VALUES[name]})")
        for emoji, (name, value) in SIGNIFIERS.items()
    }


_AFTER_EMOJI = _after_emoji(VARIATION)
_AFTER_SPELLING = _after_emoji(_MANGLED_VARIATION)
_AFTER_KEY = {key: re.compile(rf"({_VALUES[name]}) *+([\])])(?: *,)?") for key, name in DATAVIEW.items()}


def find_emoji(text: str, start: int, end: int, *, mangled: bool = False) -> list[Found]:
    """Find all fields in emoji format between two offsets; `mangled` adds those with a mojibake signifier."""
    mangled = mangled and _MANGLED_START.search(text, start, end) is not None
    signifiers, after = (_ANY_SPELLING, _AFTER_SPELLING) if mangled else (_ANY_EMOJI, _AFTER_EMOJI)
    found = []
    for mark in signifiers.finditer(text, start, end):
        emoji = _SPELLINGS[mark[0]]
        tail = after[emoji].match(text, mark.end(), end)
        if tail is None:
            continue
        name, said = SIGNIFIERS[emoji]
        value = said or tail[1].rstrip(" ")
        reach = tail.end() if said else tail.start(1) + len(value)
        found.append(Found(name, mark.start(), reach, value, reach))
    return found


def find_dataview(text: str, start: int, end: int) -> list[Found]:
    """Find all fields in Dataview format, `[key:: value]` or `(key:: value)`, between two offsets."""
    found = []
    for mark in _ANY_KEY.finditer(text, start, end):
        key = mark[1]
        tail = _AFTER_KEY[key].match(text, mark.end(), end)
        if tail is None or (text[mark.start()] == "[") != (tail[2] == "]"):
            continue
        found.append(Found(DATAVIEW[key], mark.start(), tail.end(2), tail[1].rstrip(" "), tail.end()))
    return found


_WRITTEN_EMOJI: Final[dict[tuple[str, str], str]] = {meaning: emoji for emoji, meaning in reversed(SIGNIFIERS.items())}
_WRITTEN_KEY: Final[dict[str, str]] = {name: key for key, name in DATAVIEW.items()}


def spell(name: FieldName, value: str, settings: TaskSettings) -> str:
    """Write one field in the vault's format, as Tasks writes it; a block id as `^id`."""
    if name == "block_id":
        return f"^{value}"
    if settings.format == "dataview":
        return f"[{_WRITTEN_KEY[name]}:: {value}]"
    if name == "priority":
        return _WRITTEN_EMOJI[name, value]
    return f"{_WRITTEN_EMOJI[name, '']} {value}"
