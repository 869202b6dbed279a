"""The same commands without a process of their own: for tables of cases, which would wait long for interpreters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from typer.testing import CliRunner

from vaultsync.cli.conflicts import conflicts_command
from vaultsync.cli.doctor import doctor_command
from vaultsync.cli.init import init_command
from vaultsync.cli.log import log_command
from vaultsync.cli.people import people_command
from vaultsync.cli.reconcile import reconcile_command
from vaultsync.cli.resolve import resolve_command
from vaultsync.cli.service import service_app
from vaultsync.cli.set_status import set_command
from vaultsync.cli.status import status_command
from vaultsync.cli.tasks import tasks_command
from vaultsync.cli.undo import undo_command
from vaultsync.errors import VaultsyncError

if TYPE_CHECKING:
    from pathlib import Path

_app = typer.Typer(pretty_exceptions_enable=False)
for _name, _command in (
    ("conflicts", conflicts_command),
    ("doctor", doctor_command),
    ("init", init_command),
    ("reconcile", reconcile_command),
    ("people", people_command),
    ("resolve", resolve_command),
    ("set", set_command),
    ("status", status_command),
    ("tasks", tasks_command),
    ("log", log_command),
    ("undo", undo_command),
):
    _app.command(_name)(_command)
_app.add_typer(service_app, name="service")


@dataclass(frozen=True)
class InProcess:
    """Stands for `installed.Installed`; an error of ours ends a command with its exit code and its message here too."""

    environment: dict[str, str]

    def __call__(self, *arguments: str | Path, expect: int = 0) -> str:
        result = CliRunner().invoke(_app, [*map(str, arguments)], env=self.environment)
        error = result.exception
        if isinstance(error, VaultsyncError):
            assert error.exit_code == expect, error
            return str(error)
        assert result.exit_code == expect, (result.exit_code, result.output, error)
        return result.stdout or result.stderr

    def json(self, *arguments: str | Path, expect: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", expect=expect))
