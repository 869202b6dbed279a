"""What `status` reads: the last turns of a vault and the daemon that is at work on it, as files beside its state.

A courtesy: nothing is decided by these records, and what can't be written or read is done without. Any version of them
can be read by any version of us; what a reader doesn't know it leaves out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import platform
import sys
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError

from vaultsync.storage.whole import replace_whole

TURNS_FILE = "turns.json"
DAEMON_FILE = "daemon.json"
KEPT = 100  # problems and conflicts of a turn that are kept one by one; the others are counted
_FRESH = 60.0  # seconds for which a turn that says nothing new needn't be written

_Kind = TypeVar("_Kind", bound=BaseModel)


def _spelt(value: Any) -> Any:
    """Spell out what UTF-8 can't hold, such as the bytes of an odd file name."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_spelt)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ProblemRecord(_Record):
    """What a turn couldn't read or do."""

    path: Text
    line: int | None = None
    what: Text


class ConflictRecord(_Record):
    """A field that a task's line and its rows disagree on; `line` is null where the task is nowhere."""

    path: Text
    line: int | None = None
    id: Text
    field: Text


class TurnRecord(_Record):
    """One turn; `failed` says why it ended before it was done, and then the counts are those of the turn before."""

    at: AwareDatetime
    command: Text
    seconds: float
    edits: int = 0  # lines of source notes
    written: int = 0  # notes
    notes: int = 0
    tasks: int = 0
    people: int = 0
    conflicts: int = 0
    problems: int = 0
    skipped: int = 0  # notes too young to plan on
    first_conflicts: tuple[ConflictRecord, ...] = ()  # at most KEPT
    first_problems: tuple[ProblemRecord, ...] = ()  # the same
    failed: Text | None = None

    def says_as_much_as(self, other: TurnRecord) -> bool:
        """Tell whether two turns differ in their moment and length at most."""
        return self.model_copy(update={"at": other.at, "seconds": other.seconds}) == other


class TurnsRecord(_Record):
    """The last turn, and the last one that wrote a note."""

    last: TurnRecord | None = None
    wrote: TurnRecord | None = None


class DaemonRecord(_Record):
    """A daemon at work; `born` tells it from a later process of the same number, where the system lets us know."""

    pid: int
    host: Text
    born: Text | None = None
    since: AwareDatetime
    watching: Text  # "notifications" or "polling"
    because: Text | None = None  # why it polls


class Heartbeat:
    """Keeps the record of one vault's turns, without writing more often than somebody could want to know."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / TURNS_FILE
        self._kept = read_turns(folder)

    def beat(self, turn: TurnRecord) -> None:
        """Record a turn; one that says what the last one said is written again only when that has grown old."""
        last = self._kept.last
        if (
            not turn.written
            and last
            and last.says_as_much_as(turn)
            and 0 <= (turn.at - last.at).total_seconds() < _FRESH
        ):
            return
        self._kept = TurnsRecord(last=turn, wrote=turn if turn.written else self._kept.wrote)
        _write(self._file, self._kept)

    def miss(self, at: dt.datetime, command: str, seconds: float, why: str) -> None:
        """Record a turn that ended before it was done; what is known of the vault stays as it was."""
        last = self._kept.last or TurnRecord(at=at, command=command, seconds=seconds)
        found = {"at": at, "command": command, "seconds": round(seconds, 3), "edits": 0, "written": 0, "failed": why}
        self.beat(TurnRecord.model_validate(last.model_dump() | found))


def read_turns(folder: Path) -> TurnsRecord:
    """Return the turns that are recorded in a state folder; none where there is no record that can be read."""
    return _read(folder / TURNS_FILE, TurnsRecord) or TurnsRecord()


def daemon_begins(folder: Path, since: float, polling_because: str | None) -> None:
    """Record that this process is the daemon of a vault since a moment of Unix time, and why it polls if it does."""
    record = DaemonRecord(
        pid=os.getpid(),
        host=platform.node(),
        born=_born(os.getpid()),
        since=dt.datetime.fromtimestamp(int(since), dt.UTC),
        watching="notifications" if polling_because is None else "polling",
        because=polling_because,
    )
    _write(folder / DAEMON_FILE, record)


def daemon_ends(folder: Path) -> None:
    """Forget the daemon."""
    with contextlib.suppress(OSError):
        (folder / DAEMON_FILE).unlink()


def read_daemon(folder: Path) -> DaemonRecord | None:
    """Return the daemon that is recorded in a state folder, whether it still lives or not."""
    return _read(folder / DAEMON_FILE, DaemonRecord)


def lives(daemon: DaemonRecord) -> bool | None:
    """Tell whether a daemon still runs; None where that can't be known from here: another machine, or Windows."""
    if daemon.host != platform.node() or sys.platform == "win32":
        return None
    return is_running(daemon.pid) and (daemon.born is None or daemon.born == _born(daemon.pid))


def is_running(pid: int) -> bool:
    """Tell whether a process of this machine runs; one that ended and waits for its parent doesn't. Not on Windows."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    fields = _stat(pid)
    return fields is None or fields[0] not in "ZX"


def _born(pid: int) -> str | None:
    """Return what no other process of this number has: the boot, and the moment of its start in that boot (Linux)."""
    fields = _stat(pid)
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return None if fields is None else f"{boot}:{fields[19]}"
    return None


def _stat(pid: int) -> list[str] | None:
    """Return the fields of proc(5) from the state (the third) on; the name before it may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _write(file: Path, record: BaseModel) -> None:
    with contextlib.suppress(OSError):
        replace_whole(file, record.model_dump_json(indent=1).encode("utf-8"))


def _read(file: Path, kind: type[_Kind]) -> _Kind | None:
    try:
        return kind.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
