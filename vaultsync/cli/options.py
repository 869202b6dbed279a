"""The options that several commands share, so that they read alike everywhere; what they open is left to `opening`."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

STATE_DIR_VARIABLE = "VAULTSYNC_STATE_DIR"


def iso_day(text: str | None) -> str | None:
    """Return a day as typed, `YYYY-MM-DD`. Raises typer.BadParameter for anything else."""
    if text is None:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise typer.BadParameter(f"{text!r} is no day of the calendar; write it as 2026-11-22")
    return text


def state_words(state_dir: Path | None) -> list[str]:
    """Return the option that a shown command needs to use the same states; none where the environment says it."""
    if state_dir is None or os.environ.get(STATE_DIR_VARIABLE) == str(state_dir):
        return []
    return ["--state-dir", str(state_dir)]


VaultArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="VAULT",
        show_default=False,
        help="The vault's folder; without it VAULTSYNC_VAULT, else the nearest folder above with .obsidian.",
    ),
]
VaultOption = Annotated[
    Path | None,
    typer.Option(
        "--vault",
        metavar="FOLDER",
        show_default=False,
        help="The vault's folder; without it VAULTSYNC_VAULT, else the nearest folder above with .obsidian.",
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", show_default=False, help="The config file; default VAULT/.vaultsync/config.yaml."
    ),
]
StateDirOption = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        metavar="FOLDER",
        envvar=STATE_DIR_VARIABLE,
        show_default=False,
        help="Where states are kept, one for each vault; default the user's state folder.",
    ),
]
TodayOption = Annotated[
    str | None,
    typer.Option("--today", metavar="YYYY-MM-DD", hidden=True, callback=iso_day, help="The day to take for today."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
