"""`vaultsync status`: how a vault is doing, from what daemons and commands left in its state folder.

It reads files and takes no lock, so that whoever is at work isn't disturbed. What a turn records is decided in `cycle`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import os
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel

from vaultsync.cli.opening import find_vault, state_of
from vaultsync.cli.options import ConfigOption, JsonOption, StateDirOption, VaultArgument
from vaultsync.cli.terminal import console, print_json, safe
from vaultsync.settings import load_settings
from vaultsync.storage.damage import set_aside_before
from vaultsync.storage.heartbeat import ConflictRecord, ProblemRecord, TurnRecord, lives, read_daemon, read_turns
from vaultsync.storage.journal import edits_since, reading
from vaultsync.storage.lock import read_holder

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

_REMAIN = 4  # exit code: conflicts or problems remain
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SHOWN = 10  # problems and conflicts for people; JSON has more


class DaemonReport(BaseModel):
    """The daemon that was at work last: `running` is null where that can't be known, as of another machine."""

    running: bool | None
    pid: int
    host: str
    since: dt.datetime
    uptime: float | None  # seconds; null if it doesn't run
    watching: str
    because: str | None


class CycleReport(BaseModel):
    """One cycle; `failed` says why it was halted or broke off."""

    at: dt.datetime
    command: str
    seconds: float
    edits: int
    written: int
    failed: str | None


class RateReport(BaseModel):
    """What the journal holds of a time: runs that edited notes, and their edits."""

    runs: int
    edits: int


class StateReport(BaseModel):
    """The folder of the vault's state; `set_aside` are damaged ones that lie there."""

    folder: str
    bytes: int
    version: int | None
    set_aside: list[str]


class StatusReport(BaseModel):
    """How a vault is doing; what is counted and listed was found by the last cycle."""

    vault: str
    opened: bool
    version: str
    daemon: DaemonReport | None
    at_work: int | None  # the process of a command that holds the vault just now
    last_cycle: CycleReport | None
    last_write: CycleReport | None
    last_hour: RateReport
    last_day: RateReport
    notes: int
    tasks: int
    people: int
    skipped: int
    conflicts: int
    first_conflicts: list[ConflictRecord]
    problems: int
    first_problems: list[ProblemRecord]
    state: StateReport
    config: list[str]


def status_command(
    vault: VaultArgument = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Tell how a vault is doing: the daemon, the last cycle, conflicts and problems. It disturbs nobody."""
    settings = load_settings(find_vault(vault), config)
    folder = state_of(settings, state_dir)
    now = dt.datetime.now(dt.UTC)
    report = _report("." if vault is None else str(vault), folder, settings.config.files, now)
    if as_json:
        print_json(report)
    else:
        _show(report, now)
    failed = report.last_cycle is not None and report.last_cycle.failed is not None
    if failed or report.conflicts or report.problems:
        raise typer.Exit(_REMAIN)


def _report(vault: str, folder: Path, config: tuple[Path, ...], now: dt.datetime) -> StatusReport:
    turns = read_turns(folder)
    last = turns.last or TurnRecord(at=now, command="", seconds=0)
    daemon = _daemon(folder, now)
    holder = read_holder(folder)
    version, runs = _journal(folder / "state.db", now - dt.timedelta(seconds=_DAY))
    return StatusReport(
        vault=vault,
        opened=version is not None,
        version=importlib.metadata.version("vaultsync"),
        daemon=daemon,
        at_work=None if daemon and daemon.pid == holder else holder,
        last_cycle=_cycle(turns.last),
        last_write=_cycle(turns.wrote),
        last_hour=_rate([edits for at, edits in runs if at >= now - dt.timedelta(seconds=_HOUR)]),
        last_day=_rate([edits for _, edits in runs]),
        notes=last.notes,
        tasks=last.tasks,
        people=last.people,
        skipped=last.skipped,
        conflicts=last.conflicts,
        first_conflicts=list(last.first_conflicts),
        problems=last.problems,
        first_problems=list(last.first_problems),
        state=StateReport(
            folder=_spelt(folder),
            bytes=_size(folder),
            version=version,
            set_aside=[each.name for each in set_aside_before(folder / "state.db")],
        ),
        config=[_spelt(file) for file in config],
    )


def _daemon(folder: Path, now: dt.datetime) -> DaemonReport | None:
    found = read_daemon(folder)
    if found is None:
        return None
    running = lives(found)
    return DaemonReport(
        running=running,
        pid=found.pid,
        host=found.host,
        since=found.since,
        uptime=max(0.0, round((now - found.since).total_seconds(), 1)) if running else None,
        watching=found.watching,
        because=found.because,
    )


def _cycle(turn: TurnRecord | None) -> CycleReport | None:
    if turn is None:
        return None
    return CycleReport.model_validate(turn.model_dump(include=set(CycleReport.model_fields)))


def _rate(edits: list[int]) -> RateReport:
    made = [each for each in edits if each]
    return RateReport(runs=len(made), edits=sum(made))


def _journal(file: Path, since: dt.datetime) -> tuple[int | None, list[tuple[dt.datetime, int]]]:
    """Return the state's version and its runs since a moment; no version if the vault was never opened."""
    if not file.exists():
        return None, []
    with reading(file) as connection:
        (version,) = connection.execute("pragma user_version").fetchone()
        return int(version), edits_since(connection, since)


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder; files that go meanwhile don't count."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - one Path for each backup is slow
    return size


def _spelt(path: Path) -> str:
    return os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")


# -- for people


def _show(report: StatusReport, now: dt.datetime) -> None:
    out = console()
    _show_daemon(out, report.daemon, now)
    if report.at_work:
        out.print(f"at work    process {report.at_work}, a command", style="green")
    if not report.opened:
        out.print("Never opened: no cycle was run on this vault from here.")
    elif report.last_cycle is None:
        out.print("No cycle is recorded.")
    else:
        _show_cycles(out, report, report.last_cycle, now)
    size = f"{report.state.bytes / 1e6:.1f} MB" if report.opened else "not there yet"
    out.print(safe(f"state      {report.state.folder}  {size}"), style="dim")
    for name in report.state.set_aside:
        out.print(safe(f"damaged    {name}, a state that was set aside; it alone has the journal until then"))
    for file in report.config or ["none; defaults"]:
        out.print(safe(f"config     {file}"), style="dim")


def _show_daemon(out: Console, daemon: DaemonReport | None, now: dt.datetime) -> None:
    if daemon is None:
        out.print("daemon     none at work")
        return
    who = f"process {daemon.pid} on {daemon.host}"
    if daemon.running:
        why = f" because {daemon.because}" if daemon.because else ""
        out.print(safe(f"daemon     {who}, up {_length(daemon.uptime or 0)}; {daemon.watching}{why}"), style="green")
    elif daemon.running is None:
        out.print(safe(f"daemon     {who}, begun {_ago(daemon.since, now)}; can't be looked at from here"))
    else:
        out.print(
            safe(f"daemon     none at work; {who} was killed or crashed, begun {_ago(daemon.since, now)}"),
            style="yellow",
        )


def _show_cycles(out: Console, report: StatusReport, last: CycleReport, now: dt.datetime) -> None:
    did = f"{last.edits} edits, {last.written} notes written" if last.written else "nothing to write"
    outcome = "failed" if last.failed else did
    out.print(safe(f"last       {last.command} {_ago(last.at, now)}: {outcome} in {last.seconds:.1f} s"))
    if last.failed:
        out.print(safe(f"failed     {last.failed}"), style="red")
    wrote = report.last_write
    if wrote and wrote.at != last.at:
        out.print(safe(f"wrote      {_ago(wrote.at, now)}: {wrote.edits} edits, {wrote.written} notes written"))
    hour, day = report.last_hour, report.last_day
    rates = (f"{each.edits} in the last {what} ({each.runs} runs)" for each, what in ((hour, "hour"), (day, "day")))
    out.print(f"edits      {', '.join(rates)}")
    out.print(f"vault      {report.notes} notes, {report.tasks} tasks, {report.people} people")
    if report.skipped:
        out.print(f"waiting    {report.skipped} notes that are being written", style="yellow")
    _show_list(out, "conflict", report.conflicts, [f"{_place(each)}  {each.field}" for each in report.first_conflicts])
    _show_list(out, "problem", report.problems, [f"{_place(each)}  {each.what}" for each in report.first_problems])
    if report.conflicts:
        out.print("`vaultsync conflicts` shows the values.", style="dim")


def _show_list(out: Console, what: str, count: int, found: list[str]) -> None:
    """Show the first of what was found, and how many more there are."""
    if not count:
        out.print(f"{what}s".ljust(11) + "none")
    for each in found[:_SHOWN]:
        out.print(safe(what.ljust(11) + each), style="yellow")
    if count > _SHOWN:
        out.print(" " * 11 + f"and {count - _SHOWN} more {what}s", style="yellow")


def _place(each: ConflictRecord | ProblemRecord) -> str:
    return each.path if each.line is None else f"{each.path}:{each.line}"


def _ago(moment: dt.datetime, now: dt.datetime) -> str:
    return f"{_length((now - moment).total_seconds())} ago"


def _length(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"
