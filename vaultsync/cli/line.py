"""`vaultsync line parse|set|next`: the task line as a filter, JSON lines in, JSON lines out.

What is answered is `line_answers`'; without any option `start` calls that itself.
"""

from __future__ import annotations

import sys

import typer

from vaultsync.cli.line_answers import ANSWERS, answer_all

line_app = typer.Typer(
    help="The task line as a filter: JSON lines in, JSON lines out (for editors, scripts, tests).",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@line_app.command("parse")
def parse_command() -> None:
    """Read {"line", "path", "settings", "today", "hidden_fields"} and print what the line says, or null for no task."""
    answer_all(ANSWERS["parse"], sys.stdin.buffer, sys.stdout.buffer)


@line_app.command("set")
def set_command() -> None:
    """Read the same with "to" (absent: a click) and print {"lines": [...]}, null where Tasks would refuse."""
    answer_all(ANSWERS["set"], sys.stdin.buffer, sys.stdout.buffer)


@line_app.command("next")
def next_command() -> None:
    """Read {"rule", "start", "scheduled", "due", "today", "settings"} and print the next occurrence's dates."""
    answer_all(ANSWERS["next"], sys.stdin.buffer, sys.stdout.buffer)
