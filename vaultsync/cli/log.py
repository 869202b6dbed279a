"""`vaultsync log`: what was done to the notes, run by run, from the journal. It reads, and needs no lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pendulum
import typer
from pydantic import BaseModel

from vaultsync.cli.opening import find_vault, state_of
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, VaultArgument
from vaultsync.cli.terminal import console, counted, print_json, safe
from vaultsync.settings import load_settings
from vaultsync.storage.journal import read_edits, read_runs, reading
from vaultsync.undo import UnknownRunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from vaultsync.reconcile.made_edit import MadeEdit
    from vaultsync.storage.journal import Run


class EntryReport(BaseModel):
    """Lines of a note, replaced: null for none, several parted by line ends; `landed` is null where nobody knows."""

    path: str
    line: int
    before: str | None
    after: str | None
    why: str
    landed: bool | None


class RunReport(BaseModel):
    """One run; `undoes` and `undone_by` are the numbers of other runs."""

    run: int
    at: str
    command: str
    undoes: int | None
    undone_by: int | None
    ended: bool
    edits: list[EntryReport]


class LogReport(BaseModel):
    """The journal, the newest run first."""

    vault: str
    runs: list[RunReport]


def log_command(
    vault: VaultArgument = None,
    run: Annotated[
        int | None, typer.Option("--run", metavar="N", show_default=False, help="Only the run of this number.")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="PATH", show_default=False, help="Only the edits of this note."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most this many runs.")] = 20,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was done to the notes, the newest run first."""
    settings = load_settings(find_vault(vault), config)
    file = state_of(settings, state_dir) / "state.db"
    name = "." if vault is None else str(vault)
    found: list[tuple[Run, list[MadeEdit]]] = []
    if file.exists():
        paths = None if note is None else _paths(note, settings.root)
        with reading(file) as connection:
            runs = read_runs(connection)
            chosen = runs if run is None else [each for each in runs if each.number == run]
            if run is not None and not chosen:
                raise UnknownRunError(f"there is no run {run} in the journal; `vaultsync log` lists them")
            for each in chosen:
                edits = [edit for edit in read_edits(connection, each.number) if paths is None or edit.path in paths]
                found += [(each, edits)] if edits else []
                if len(found) == limit:
                    break
    if as_json:
        print_json(LogReport(vault=name, runs=[_run_report(each, edits) for each, edits in found]))
        return
    if not found:
        what = "nothing was done to this vault yet" if not file.exists() else "the journal holds nothing of that"
        console().print(f"{what[0].upper()}{what[1:]}.")
    for number, (each, edits) in enumerate(found):
        if number:
            console().print()
        _show(each, edits)


def entry_report(edit: MadeEdit) -> EntryReport:
    """Report one edit of the journal."""
    before, after = ("\n".join(lines) if lines else None for lines in (edit.before, edit.after))
    return EntryReport(path=edit.path, line=edit.line, before=before, after=after, why=edit.why, landed=edit.landed)


def show_lines(out: Console, edit: MadeEdit) -> None:
    """Show the lines before and after as a small diff."""
    for line in edit.before:
        out.print(safe(f"- {line.strip()}"), style="red")
    for line in edit.after:
        out.print(safe(f"+ {line.strip()}"), style="green")


def _run_report(run: Run, edits: list[MadeEdit]) -> RunReport:
    return RunReport(
        run=run.number,
        at=run.at,
        command=run.command,
        undoes=run.undoes,
        undone_by=run.undone_by,
        ended=run.ended,
        edits=[entry_report(edit) for edit in edits],
    )


def _paths(note: str, root: Path) -> set[str]:
    """Return the paths in the vault that a note's name may mean: from the vault's root, or from where we are."""
    names = {note, note if note.endswith(".md") else f"{note}.md"}
    here = Path.cwd()
    within = {(here / name).resolve() for name in names}
    return names | {path.relative_to(root).as_posix() for path in within if path.is_relative_to(root)}


def _show(run: Run, edits: list[MadeEdit]) -> None:
    out = console()
    landed = [edit for edit in edits if edit.landed is not False]
    notes = len({edit.path for edit in landed})
    lines = f"{counted(len(landed), 'edit')} in {counted(notes, 'note')}"
    out.print(
        safe(f"run {run.number}  {_moment(run.at)}  {run.command}  {', '.join([lines, *_remarks(run)])}"), style="bold"
    )
    for edit in landed:
        out.print(safe(f"{edit.path}:{edit.line}  {edit.why}"), style="dim")
        show_lines(out, edit)
    if missed := len(edits) - len(landed):
        out.print(f"{missed} {'edit' if missed == 1 else 'edits'} never reached the note.", style="dim")


def _remarks(run: Run) -> Iterator[str]:
    if run.undoes is not None:
        yield f"undoes run {run.undoes}"
    if run.undone_by is not None:
        yield f"undone by run {run.undone_by}"
    if not run.ended:
        yield "not ended"


def _moment(at: str) -> str:
    """Return an ISO time as it was on the clocks of here."""
    moment = pendulum.parse(at)
    local = moment.in_timezone(pendulum.tz.local_timezone()) if isinstance(moment, pendulum.DateTime) else None
    return local.format("YYYY-MM-DD HH:mm:ss") if local is not None else at
