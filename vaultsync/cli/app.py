"""The `vaultsync` command: its subcommands, and how errors become messages and exit codes."""

from __future__ import annotations

import sys

import typer

from vaultsync.cli.conflicts import conflicts_command
from vaultsync.cli.demo import demo_command
from vaultsync.cli.doctor import doctor_command
from vaultsync.cli.eject import eject_command
from vaultsync.cli.init import init_command
from vaultsync.cli.line import line_app
from vaultsync.cli.log import log_command
from vaultsync.cli.people import people_command
from vaultsync.cli.reconcile import reconcile_command
from vaultsync.cli.resolve import resolve_command
from vaultsync.cli.run import run_command
from vaultsync.cli.service import service_app
from vaultsync.cli.set_status import set_command
from vaultsync.cli.status import status_command
from vaultsync.cli.tasks import tasks_command
from vaultsync.cli.terminal import console, safe_lines
from vaultsync.cli.undo import undo_command
from vaultsync.errors import VaultsyncError

app = typer.Typer(
    help="Roll an Obsidian vault's proposed tasks up into one plain note per person, and keep both ends the same.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("init")(init_command)
app.command("reconcile")(reconcile_command)
app.command("run")(run_command)
app.command("tasks")(tasks_command)
app.command("set")(set_command)
app.command("conflicts")(conflicts_command)
app.command("resolve")(resolve_command)
app.command("status")(status_command)
app.command("people")(people_command)
app.command("log")(log_command)
app.command("undo")(undo_command)
app.command("doctor")(doctor_command)
app.command("demo")(demo_command)
app.command("eject")(eject_command)
app.add_typer(service_app, name="service")
app.add_typer(line_app, name="line")


def main() -> None:
    """Run the command line; an error of ours ends it with its message and its exit code."""
    try:
        app()
    except VaultsyncError as error:
        console(stderr=True).print(safe_lines(f"vaultsync: {error}"), style="red")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
