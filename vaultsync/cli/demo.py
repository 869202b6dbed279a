"""`vaultsync demo`: write the example vault, turn the wheel once, and show what happened and what to try."""

from __future__ import annotations

import datetime as dt
import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli import demo_vault
from vaultsync.cli.opening import opened, state_of
from vaultsync.cli.options import StateDirOption, TodayOption, state_words
from vaultsync.cli.terminal import command_name, console, safe
from vaultsync.clock import Clock
from vaultsync.errors import VaultError
from vaultsync.index.links import find_links
from vaultsync.settings import load_settings
from vaultsync.storage import vault as files
from vaultsync.storage.lock import vault_lock
from vaultsync.survey import survey

if TYPE_CHECKING:
    from vaultsync.cycle import Wheel
    from vaultsync.outcome import Outcome

_ZONE = "UTC"  # as the example's config says


def demo_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write the example vault; a new or empty folder.")
    ] = Path("vaultsync-demo"),
    state_dir: StateDirOption = None,
    today: TodayOption = None,
) -> None:
    """Write an example vault, run a cycle, and show what happened."""
    clock = Clock(today=today)
    state_of(load_settings(folder.resolve()), state_dir)  # refused, if at all, before anything is written
    root = _write_vault(folder, dt.date.fromisoformat(clock.date(_ZONE)))
    _forget_predecessor(root, state_dir)
    # Nobody else is writing in a folder made a moment ago.
    with opened(root, None, state_dir, clock, patient=False) as wheel:
        outcome = wheel.turn()
        _tell(folder, state_dir, outcome, wheel)


def _write_vault(folder: Path, today: dt.date) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise VaultError(f"{folder} isn't empty; name a new folder for the example")
        root = folder.resolve()
        for path, content in demo_vault.files(today).items():
            files.create(root, path, content)
    except OSError as error:
        raise VaultError(f"{folder}: the example can't be written there ({error.strerror})") from error
    return root


def _forget_predecessor(root: Path, state_dir: Path | None) -> None:
    """Set the state of a vault aside that stood at this place before: it says nothing of the new one."""
    folder = state_of(load_settings(root), state_dir)
    with vault_lock(folder, root):
        number = 1
        while (folder / f"state.db.old-{number}").exists():
            number += 1
        for companion in ("", "-wal", "-shm"):
            file = folder / f"state.db{companion}"
            if file.exists():
                file.replace(folder / f"state.db.old-{number}{companion}")


def _tell(folder: Path, state_dir: Path | None, outcome: Outcome, wheel: Wheel) -> None:
    found = survey(wheel.scanner.notes, wheel.settings, wheel.clock.date(_ZONE))
    note = next(note for note in outcome.plan.index_notes if note.person == demo_vault.OWNER)
    key, at = min(
        ((key, at) for key, places in found.rows.items() for at in places if at.note == note.path),
        key=lambda each: each[1].row.number,
    )
    source = next(source for source in found.tasks if source.key == key)
    ids = sum(edit.why == "id" for edit in outcome.edits)
    out = console()
    out.print(f"An example vault stands in {folder}: {outcome.plan.tasks} tasks in the notes of a small museum.")
    out.print(
        f"One cycle made {len(outcome.plan.index_notes)} index notes and an overview, and gave {ids} tasks a block id."
    )
    out.print("")
    out.print(safe(f"A line of {source.task.path}"), style="bold")
    out.print(safe(f"  {source.task.line.text}"))
    out.print("")
    out.print(safe(f"is the first row of {note.path}"), style="bold")
    shown = [_short(line) for line in note.text.splitlines() if not line.startswith("%%")]
    for before, line in pairwise(["", *shown, ""]):
        if line or before:
            out.print(safe(f"  {line}".rstrip()))
    where = shlex.quote(str(folder))
    state = "".join(f" {shlex.quote(word)}" for word in state_words(state_dir))
    out.print("What to try", style="bold")
    out.print(
        safe(f"  Open {folder / note.path}, and change [?] to [ ] on line {at.row.number}: that accepts it. Then")
    )
    command = command_name()
    out.print(f"    {command} reconcile {where}{state}")
    out.print(safe(f"  and look at line {source.task.number} of {folder / source.task.path}."))
    out.print("  From the shell:")
    out.print(f"    {command} tasks {where} --overdue")
    out.print(f"    {command} set {source.task.line.block_id} done --vault {where}{state}")
    out.print("  Or open the folder as a vault in Obsidian, and leave this running beside it:")
    out.print(f"    {command} run {where}{state}")


def _short(line: str) -> str:
    """Return a row with its links shown as Obsidian shows them."""
    for link in reversed(find_links(line)):
        line = f"{line[: link.start]}↗{line[link.end :]}"
    return line
