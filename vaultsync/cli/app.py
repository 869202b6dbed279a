"""The `vaultsync` command and its subcommands; how an error ends one is left to `start`.

A subcommand's module is loaded when it is called or asked for help: most of what one needs, the others don't.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Entry(NamedTuple):
    """Where a subcommand is found, and what the list of commands says of it."""

    place: str
    summary: str


COMMANDS = {
    "init": _Entry("init:init_command", "Look at a vault and write its config."),
    "reconcile": _Entry("reconcile:reconcile_command", "Bring index notes and sources in step, once."),
    "run": _Entry("run:run_command", "Keep the vault in step until stopped."),
    "tasks": _Entry("tasks:tasks_command", "List tasks, all or filtered."),
    "set": _Entry("set_status:set_command", "Accept, reject, start, finish or reopen tasks."),
    "conflicts": _Entry("conflicts:conflicts_command", "List what sources and rows disagree on."),
    "resolve": _Entry("resolve:resolve_command", "End a conflict in favour of one side."),
    "status": _Entry("status:status_command", "Tell how the daemon and the vault are doing."),
    "people": _Entry("people:people_command", "List people, and names that look alike."),
    "log": _Entry("log:log_command", "Show what was done to the notes."),
    "undo": _Entry("undo:undo_command", "Put back the lines that a run changed."),
    "doctor": _Entry("doctor:doctor_command", "Find what is wrong with a vault, and mend it."),
    "demo": _Entry("demo:demo_command", "Write an example vault and run a cycle."),
    "eject": _Entry("eject:eject_command", "Take everything of vaultsync out of a vault."),
    "service": _Entry("service:service_app", "Run the daemon as a service of this system."),
    "line": _Entry("line:line_app", "Read and change single task lines, JSON in and out."),
}


class _Loaded(Mapping[str, Any]):
    """The subcommands as click knows them, by name; each is loaded when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = COMMANDS[name].place.partition(":")
        found = getattr(import_module(f"vaultsync.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.name = name
            return group
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(name)(found)
        return get_command(single)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Commands(TyperGroup):
    """The group of all subcommands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded()  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click calls it so
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        typer.echo(f"vaultsync {version('vaultsync')}")
        raise typer.Exit


@app.callback()
def _vaultsync(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Roll an Obsidian vault's proposed tasks up into one plain note per person, and keep both ends the same."""
