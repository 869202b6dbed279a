"""Decide who a vault's people are: one person whatever the case or the accents' encoding, with their aliases.

Left to others: where a text names them (mentions), which notes there are (storage), their index notes (index).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from vaultsync.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

UNASSIGNED = "Unassigned"
OWNER_ALIASES = ("Myself", "Me")
NOBODY = (UNASSIGNED, "TBD", "Unknown")
DEFAULT_PEOPLE_NOTES = ("**/People/*.md", "**/People/*/README.md")

_README = "readme.md"
_BIDI = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_GLOB = re.compile(r"(?<![^/])\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]")


@dataclass(frozen=True, slots=True)
class PersonSource:
    """One place in the vault that says that somebody is a person."""

    name: str
    aliases: tuple[str, ...] = ()
    path: str = ""
    origin: Literal["note", "index"] = "note"  # a people note, or an index note that exists


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is known, under which names. Names are looked up by `person_key`."""

    people: tuple[str, ...] = ()  # canonical names, in the order of their keys, without `UNASSIGNED`
    known: Mapping[str, str] = field(default_factory=dict)  # key of a name or alias -> canonical name, or `UNASSIGNED`
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # canonical name -> its aliases, as given
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # key of an alias -> the people it fits
    owner: str | None = None  # canonical
    reach: int = 0  # code points of the longest key, decomposed: no name in a text is longer


def clean_name(name: str) -> str:
    """Return a name as one line that is safe to write: NFC, single spaces, no control or bidi override characters."""
    kept = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in name.translate(_BIDI))
    return unicodedata.normalize("NFC", " ".join(kept.split()))


@lru_cache(maxsize=4096)
def person_key(name: str) -> str:
    """Return what two spellings of one name have in common: NFC, case folded, white space collapsed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", " ".join(name.split())).casefold())


def canonical(name: str, roster: Roster) -> str:
    """Return the person that a name or alias means.

    That is `UNASSIGNED` for an ambiguous alias and for nobody's names, and the name itself, cleaned, where it is
    unknown. Unknown names that differ only by case are one person too: compare them by `person_key`.
    """
    return roster.known.get(person_key(name)) or clean_name(name) or UNASSIGNED


def person_source(path: str, properties: Mapping[str, object], globs: Iterable[str]) -> PersonSource | None:
    """Say whether the note at `path`, with these frontmatter properties, is a person's; None if it isn't.

    It is where one of `globs` matches it, or its `type` is `person`. It is named by its file name (without a leading
    "@") or, for a README, by its folder; a README counts only where a glob names it as such, so that the README of the
    folder of all people is none of them. A `title` of the frontmatter is one more alias.
    """
    folder, _, file_name = path.rpartition("/")
    is_readme = file_name.casefold() == _README
    if is_readme:
        globs = [glob for glob in globs if glob.casefold().endswith(f"/{_README}")]
    if not matches_any(path, globs) and "person" not in [text.casefold() for text in _texts(properties.get("type"))]:
        return None
    title = folder.rpartition("/")[2] if is_readme else file_name.removesuffix(".md")
    name = clean_name(title.removeprefix("@"))
    if not name:
        return None
    titles = _texts(properties.get("title"))
    aliases = (*_list(properties.get("aliases")), *_list(properties.get("alias")), *titles)
    return PersonSource(name, tuple(dict.fromkeys(aliases)), path)


def build_roster(
    candidates: Iterable[PersonSource],
    owner: str | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
    ignore: Iterable[str] = (),
) -> tuple[Roster, tuple[Problem, ...]]:
    """Join what the vault and the config say about people; the order of `candidates` makes no difference.

    `owner`, the names in `aliases` and the person of an index note may be somebody's alias. A name beats an alias,
    which is a problem; an alias of two people is told only when it is used. Whoever is in `ignore` is nobody, by all
    names.
    """
    draft = _Draft()
    named = [each for each in candidates if clean_name(each.name)]
    found = sorted(named, key=lambda each: (each.origin != "note", person_key(each.name), each.path, each.name))
    notes = [each for each in found if each.origin == "note"]
    for each in notes:
        draft.add(each.name, (), each.path)
    for each in notes:
        draft.add(each.name, each.aliases, each.path)
    for name, others in sorted((aliases or {}).items()):
        draft.add(draft.resolve(name), others, "")
    if owner is not None and clean_name(owner):
        owner = draft.add(draft.resolve(owner), OWNER_ALIASES, "")
    nobody = {person_key(name) for name in (*NOBODY, *ignore)}
    for each in found[len(notes) :]:
        if person_key(each.name) not in nobody:
            draft.add(draft.resolve(each.name), each.aliases, each.path)
    return draft.roster(owner, nobody), tuple(draft.problems)


def matches_any(path: str, globs: Iterable[str]) -> bool:
    """Say whether one of the globs names `path` (relative to the vault, "/"): `**` spans folders, `*` and `?` don't."""
    composed = unicodedata.normalize("NFC", path)
    return any(_glob(glob).fullmatch(composed) is not None for glob in globs)


class _Draft:
    """A roster while it is gathered."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # key -> canonical name
        self.fits: dict[str, dict[str, str]] = {}  # key of an alias -> key of the person -> alias as given
        self.problems: list[Problem] = []

    def resolve(self, name: str) -> str:
        """Return the name of the person whose name or only alias this is, else the name itself."""
        key = person_key(name)
        people = [*self.fits.get(key, ())]
        if key not in self.names and len(people) == 1:
            return self.names[people[0]]
        return name

    def add(self, name: str, aliases: Iterable[str], path: str) -> str:
        cleaned = clean_name(name)
        key = person_key(cleaned)
        person = self.names.setdefault(key, cleaned)
        for alias in aliases:
            alias_key = person_key(clean_name(alias))
            if not alias_key:
                self.problems.append(Problem(path, None, f"an empty alias of {person} is left out"))
            elif alias_key in self.names and alias_key != key:
                self._leave_out(clean_name(alias), person, path)
            elif alias_key != key:
                self.fits.setdefault(alias_key, {}).setdefault(key, clean_name(alias))
        return person

    def _leave_out(self, alias: str, person: str, path: str) -> None:
        self.problems.append(Problem(path, None, f"alias {alias!r} of {person} is left out: it is a person's name"))

    def roster(self, owner: str | None, nobody: set[str]) -> Roster:
        people = {key: name for key, name in self.names.items() if key not in nobody}
        known = dict.fromkeys(nobody, UNASSIGNED) | people
        known |= dict.fromkeys(self.names.keys() - people.keys(), UNASSIGNED)
        ambiguous: dict[str, tuple[str, ...]] = {}
        aliases: dict[str, list[str]] = {}
        for alias_key, fits in sorted(self.fits.items()):
            if alias_key in people:  # two had it before the owner, the config or an index note made it a name
                for key in sorted(fits.keys() & people.keys()):
                    self._leave_out(fits[key], people[key], "")
            if alias_key in known:
                continue
            for key in sorted(fits.keys() & people.keys()):
                aliases.setdefault(people[key], []).append(fits[key])
            persons = sorted(people[key] for key in fits if key in people)
            known[alias_key] = persons[0] if len(persons) == 1 else UNASSIGNED
            if len(persons) > 1:
                ambiguous[alias_key] = tuple(persons)
        return Roster(
            people=tuple(people[key] for key in sorted(people)),
            known=known,
            aliases={person: tuple(others) for person, others in aliases.items()},
            ambiguous=ambiguous,
            owner=people.get(person_key(owner or "")),
            reach=max((len(unicodedata.normalize("NFD", key)) for key in known), default=0),
        )


def _texts(value: object) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _list(value: object) -> list[str]:
    """Read a property that is a list of texts, or one text with commas (Obsidian, "Aliases")."""
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return _texts(value)


@lru_cache(maxsize=512)
def _glob(glob: str) -> re.Pattern[str]:
    """Translate a glob to an expression over a whole path.

    What follows a star is looked for once: the first place where it fits leaves the most to the rest. Only the last
    one has to try them all, so that no glob, whoever wrote it, takes longer than the square of the path's length.
    """
    glob = unicodedata.normalize("NFC", glob)
    groups: list[list[str]] = [[""]]  # parted at each `**`, a group's pieces at each `*`
    at = 0
    for wild in _GLOB.finditer(glob):
        groups[-1][-1] += re.escape(glob[at : wild.start()])
        at = wild.end()
        if wild[0] == "*":
            groups[-1].append("[^/]*?")
        elif wild[0].startswith("**"):
            groups.append([{"**": ".*?", "**/": "(?:[^/]+/)*?"}[wild[0]]])
        else:
            groups[-1][-1] += _one_of(wild[0])
    groups[-1][-1] += re.escape(glob[at:])
    *inner, last = groups
    settled = [f"(?>{first}{_once(rest)})" for first, *rest in inner]
    return re.compile("".join([*settled, last[0], _once(last[1:-1]), *last[1:][-1:]]))


def _once(pieces: Iterable[str]) -> str:
    return "".join(f"(?>{piece})" for piece in pieces)


def _one_of(wild: str) -> str:
    if wild == "?":
        return "[^/]"
    negated, chars = wild[1] == "!", wild[1:-1].removeprefix("!").replace("\\", r"\\").replace("[", r"\[")
    return f"(?!/)[{'^' if negated else ''}{chars}]"
