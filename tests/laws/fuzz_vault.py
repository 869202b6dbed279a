"""One vault of made-up notes through three cycles, held to what must be true of any vault.

`python tests/laws/fuzz_vault.py FIRST [LAST]` runs the vaults of these seeds, and tells of each that breaks a law.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from laws import fuzz_notes
from laws.vault_model import NO_WAITS, FolderVault, agreement

from vaultsync.index.links import task_key
from vaultsync.index.region import read_region
from vaultsync.index.rows import read_row, row_settings
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import split_lines
from vaultsync.markdown.walker import find_task_lines
from vaultsync.settings import load_settings
from vaultsync.storage.vault import digest_of
from vaultsync.survey import vault_roster
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.note import Note, parse_note

if TYPE_CHECKING:
    from vaultsync.outcome import Outcome
    from vaultsync.reconcile.edit import PlannedEdit

NOTES = 12  # in one vault
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_INDENT = b" \t>"
_OURS = re.compile(r"---\n(?:[^\n]+\n)*?---\n\n?")  # frontmatter and nothing else


class _Vault(FolderVault):
    """A folder whose settings are drawn as well."""

    def draw_settings(self, rng: random.Random) -> None:
        people = ", ".join(f'"{person}": []' for person in fuzz_notes.PEOPLE)
        folder = rng.choice(("Tasks/@{person}.md", "People/{person}/README.md", "{person}.md"))
        text, most = rng.choice(("↗", "date", "title")), rng.choice((3, 150))
        config = [
            f"people: {{aliases: {{{people}}}}}",
            "safety: {min_known: 1000000}",
            f"read_hidden_fields: {rng.choice(('true', 'false'))}",
            f"assignees: {rng.choice(('edges', 'any'))}",
            f"recur_native_toggles: {rng.choice(('true', 'false'))}",
            f'index: {{path: "{folder}", link_text: {text}, max_rows: {most}}}',
        ]
        (self.root / "vaultsync.yaml").write_text("\n".join(config), encoding="utf-8")
        plugin = {
            "taskFormat": rng.choice(("tasksPluginEmoji", "tasksPluginEmoji", "dataview")),
            "globalFilter": rng.choice(("", "", "", "#task")),
            "recurrenceOnNextLine": rng.random() < 0.5,
        }
        self.write(".obsidian/plugins/obsidian-tasks-plugin/data.json", json.dumps(plugin))
        self.write(".obsidian/app.json", json.dumps({"useMarkdownLinks": rng.random() < 0.2}))
        self.settings = load_settings(self.root)

    def contents(self) -> dict[str, bytes]:
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in sorted(self.root.rglob("*.md"))}

    def parsed(self) -> dict[str, Note]:
        rules = self.settings.rules
        return {path: parse_note(path, content, digest_of(content), rules) for path, content in self.contents().items()}


def check_vault(seed: int, folder: Path) -> int:
    """Make the vault of a seed in an empty folder and hold it to the laws; return how many notes were checked."""
    rng = random.Random(seed)  # noqa: S311 - a seed is to give the same vault again
    vault = _Vault(folder, NO_WAITS)
    vault.draw_settings(rng)
    for number in range(NOTES):
        target = vault.root / f"{rng.choice(('', 'Area/', 'People/', 'Tasks/'))}Note {number}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(fuzz_notes.note(rng))
    strangers = any(note.regions for note in vault.parsed().values())
    _turn(vault)
    if strangers:
        _turn(vault)  # a task line that moved below a region gets its row in the cycle after
    first_sight = _settled(vault)
    assert first_sight.plan.conflicts == ()
    _rows_show_their_tasks(vault, first_sight)
    for _ in range(2):
        if rng.random() < 0.8:
            _edit_rows(vault, rng)
        if rng.random() < 0.5:
            _edit_source(vault, rng)
        outcome = _turn(vault)
        vault.later += 10
        _turn(vault)
        _turn(vault)
        again = _settled(vault)
        refused = frozenset(problem.path for problem in (*outcome.problems, *again.problems))
        _rows_show_their_tasks(vault, again, refused)
    return NOTES


def _turn(vault: _Vault) -> Outcome:
    before = vault.contents()
    notes = vault.parsed()
    outcome = vault.turn()
    after = vault.contents()
    drawn = {write.path for write in outcome.plan.note_writes}
    edits: dict[str, list[PlannedEdit]] = defaultdict(list)
    for edit in outcome.plan.edits:
        edits[edit.path].append(edit)
    assert before.keys() <= after.keys(), "a note is gone"
    for path, content in after.items():
        if path not in before:
            if path == vault.settings.rules.capture:
                _only_planned_lines_changed(path, b"", content, edits[path])
            else:
                assert path in drawn, f"{path}: made without a plan"
        elif notes[path].held is not None:
            assert content == before[path], f"{path}: held and written"
        elif path in drawn:
            _only_the_region_changed(path, before[path], content, edits[path])
        else:
            _only_planned_lines_changed(path, before[path], content, edits[path])
    return outcome


def _only_planned_lines_changed(path: str, before: bytes, after: bytes, edits: list[PlannedEdit]) -> None:
    lines = _LINE.findall(before)
    by_line = {edit.line: edit for edit in edits}
    appended = [edit.after[0].encode() for edit in edits if edit.line > len(lines)]
    removes = any(not edit.after for edit in edits)
    rest = after
    for number, line in enumerate(lines, 1):
        text = line.rstrip(b"\r\n")
        edit = by_line.get(number)
        if edit is None and not removes:
            assert rest.startswith(line), f"{path}:{number}: {line!r} became {rest[:80]!r}"
            rest = rest[len(line) :]
        elif edit is None:
            # Below a removed line some lines move up a level.
            moved = _LINE.match(rest)
            assert moved, f"{path}:{number}: {line!r} is gone"
            assert moved[0].lstrip(_INDENT) == line.lstrip(_INDENT), f"{path}:{number}: {line!r} became {moved[0]!r}"
            rest = rest[moved.end() :]
        else:
            assert text == edit.before.encode(), f"{path}:{number}: planned on {edit.before!r}, found {text!r}"
            end = line[len(text) :]
            for at, new in enumerate(edit.after):
                found = _LINE.match(rest)
                assert found, f"{path}:{number}: {new!r} is missing"
                written = found[0].rstrip(b"\r\n")
                same = written.lstrip(_INDENT) == new.encode().lstrip(_INDENT) if removes else written == new.encode()
                assert same, f"{path}:{number}: {found[0]!r} instead of {new!r}"
                last = at == len(edit.after) - 1
                assert not end or found[0].endswith(end), f"{path}:{number}: its line end changed"
                assert end or not last or found[0] == written, f"{path}:{number}: a line end was added"
                rest = rest[found.end() :]
            if (
                not edit.after
                and (blank := re.match(rb"[ \t>]*(?:\r\n|\r|\n)", rest))
                and not _blank_next(lines, number)
            ):
                rest = rest[blank.end() :]
    added = [line.rstrip(b"\r\n") for line in _LINE.findall(rest)]
    assert [line for line in added if line] == appended, f"{path}: {rest[:80]!r} was added at the end"


def _blank_next(lines: list[bytes], number: int) -> bool:
    return number < len(lines) and not lines[number].strip(_INDENT + b"\r\n")


def _only_the_region_changed(path: str, before: bytes, after: bytes, edits: list[PlannedEdit]) -> None:
    """Compare what stands outside of frontmatter and region; tasks there may have been edited, text may have come."""
    edited = {edit.before.encode() for edit in edits}
    theirs = [line for line in _outside(before) if line.strip() and line.rstrip(b"\r\n") not in edited]
    left = iter(line.rstrip(b"\r\n") for line in _outside(after))
    for line in theirs:
        assert line.rstrip(b"\r\n") in left, f"{path}: lost {line!r}"


def _outside(content: bytes) -> list[bytes]:
    text = content.decode()
    lines = split_lines(text)
    matter = re.match(r"\ufeff?---[ \t]*(?:\r\n|\r|\n)(?:.*?(?:\r\n|\r|\n))??---[ \t]*(?=[\r\n]|\Z)", text, re.DOTALL)
    first = len(split_lines(matter[0])) if matter else 0
    regions = find_regions(lines)
    inside = range(regions.begin or 0, (regions.end or -1) + 1)
    return [
        line.removeprefix("\ufeff").encode()
        for number, line in enumerate(lines, 1)
        if number > first and number not in inside
    ]


def _settled(vault: _Vault) -> Outcome:
    before = vault.contents()
    outcome = vault.turn()
    assert outcome.plan.edits == (), f"planned again: {outcome.plan.edits[:2]}"
    assert outcome.written == frozenset(), f"written again: {sorted(outcome.written)}"
    assert vault.contents() == before
    return outcome


def _rows_show_their_tasks(vault: _Vault, rested: Outcome, refused: frozenset[str] = frozenset()) -> None:
    """Hold each row to its source line, and to being one task, to us and to the Tasks plugin."""
    conflicts = {(conflict.key, conflict.field) for conflict in rested.plan.conflicts}
    conflicts |= {(key, "tags") for key, name in conflicts if name == "prose"}
    told = {(problem.path, problem.line) for problem in rested.problems}
    notes = vault.parsed()
    unread = any(note.held is not None for note in notes.values())
    rules = vault.settings.rules
    roster, _ = vault_roster(notes, vault.settings.config.vault)
    differing = agreement(notes, rules, roster) - conflicts
    assert not differing or refused, f"rows and sources differ: {sorted(differing)[:3]}"
    base = vault.base()
    for path, note in notes.items():
        if note.kind != "index" or note.regions is None or note.text is None:
            continue
        begin, end = note.regions.begin or 0, note.regions.end or 0
        content = read_region(note.text, begin, end)
        rows = content.rows
        for typed in content.loose:
            # A row without its link waits for the note of its task, which is told.
            assert unread or (path, typed.number) in told, f"{path}:{typed.number}: neither captured nor told"
        drawn: set[int] = set()  # lines of rows that nobody has typed into
        for row in rows:
            assert len(split_lines(row.text)) == 1
            read = read_row(row.text, None, roster, rules)
            assert read is not None, f"{path}:{row.number}: no task: {row.text!r}"
            key = task_key(row.path, row.block_id)
            if key not in base or base[key].rows.get(path) != row.text or key in {each for each, _ in conflicts}:
                continue
            drawn.add(row.number)
            plain = parse_line(row.text, row_settings(rules), hidden=False)
            assert plain is not None
            for name in ("symbol", "priority", "start", "scheduled", "due"):
                same = getattr(plain, name) == getattr(read, name)
                assert same, f"{path}:{row.number}: Tasks reads the {name} of {row.text!r} otherwise"
        above = "".join(split_lines(note.text)[: begin - 1])
        if _OURS.fullmatch(above):
            found = {line for line in find_task_lines(note.text).lines if begin < line < end}
            assert found <= {each.number for each in rows} | {each.number for each in content.loose}, (
                f"{path}: {sorted(found)} are tasks"
            )
            assert drawn <= found, f"{path}: {sorted(drawn - found)} aren't tasks"


def _edit_rows(vault: _Vault, rng: random.Random) -> None:
    for path, note in vault.parsed().items():
        if note.kind != "index" or note.regions is None or note.text is None:
            continue
        lines = split_lines(note.text)
        content = read_region(note.text, note.regions.begin or 0, note.regions.end or 0)
        for row in content.rows:
            if rng.random() < 0.3:
                old = lines[row.number - 1]
                line = old.rstrip("\r\n")
                new = re.sub(r"[\r\n\x00\U0010fa5e]", "", fuzz_notes.edited_row(line, rng))
                lines[row.number - 1] = new + old[len(line) :]
        if rng.random() < 0.1:
            lines.insert(rng.randrange(len(lines) + 1), f"{fuzz_notes.task_line(rng)}\n")
        text = "".join(lines)
        if "\x00" not in text:
            vault.write(path, text)


def _edit_source(vault: _Vault, rng: random.Random) -> None:
    sources = [path for path, note in vault.parsed().items() if note.kind == "source"]
    for path in rng.sample(sources, min(3, len(sources))):
        target = vault.root / path
        content = target.read_bytes()
        if rng.random() < 0.5:
            target.write_bytes(fuzz_notes.mutated(content, rng))
            continue
        lines = _LINE.findall(content)
        boxes = [at for at, line in enumerate(lines) if re.match(rb"[ \t>]*[-*+] \[.\]", line)]
        for at in boxes[:3]:
            line = lines[at]
            box = line.index(b"[") + 1
            lines[at] = line[:box] + rng.choice((b"x", b"?", b" ", b"-")) + line[box + 1 :]
        target.write_bytes(b"".join(lines))


def check_vaults(first: int, last: int) -> int:
    """Check the vaults of the seeds from `first` to `last`; the failure of one names its seed."""
    checked = 0
    with patch("os.fsync"):
        for seed in range(first, last + 1):
            with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
                try:
                    checked += check_vault(seed, Path(folder))
                except BaseException as error:
                    error.add_note(f"seed {seed}: run `python tests/laws/fuzz_vault.py {seed}` from the repository")
                    raise
    return checked


def main() -> None:
    """Check a range of seeds, going on behind a failure."""
    first, last = int(sys.argv[1]), int(sys.argv[-1])
    began, checked = time.monotonic(), 0
    for seed in range(first, last + 1):
        try:
            checked += check_vaults(seed, seed)
        except Exception:  # noqa: BLE001 - told, and the next one tried
            print(f"=== seed {seed}\n{traceback.format_exc(limit=-3)}", flush=True)  # noqa: T201 - a script
    seconds = time.monotonic() - began
    print(f"{checked} notes in {seconds:.0f} s, {checked / seconds:.0f} notes/s")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
