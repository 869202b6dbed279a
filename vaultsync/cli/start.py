"""Start the command: a filter of task lines at once, since an editor may start one for each line; all else by `app`.

A filter takes no options that would have to be understood, and the library that understands them takes longer to load
than a line takes to read.
"""

from __future__ import annotations

import sys

from vaultsync.cli.streams import ReaderGoneError, checked_streams
from vaultsync.errors import VaultsyncError

_INTERRUPTED = 130  # what a shell reports of a command that was interrupted


def main() -> None:
    """Run the command line; an error of ours ends it with its message and its exit code."""
    try:
        with checked_streams():
            _run()
    except ReaderGoneError as error:
        sys.exit(error.exit_code)
    except VaultsyncError as error:
        from vaultsync.cli.terminal import console, safe_lines  # noqa: PLC0415 - needed for errors alone

        console(stderr=True).print(safe_lines(f"vaultsync: {error}"), style="red")
        sys.exit(error.exit_code)


def _run() -> None:
    match sys.argv[1:]:
        case ["line", ("parse" | "set" | "next") as name]:
            _filter(name)
        case _:
            from vaultsync.cli.app import app  # noqa: PLC0415 - see above

            app()


def _filter(name: str) -> None:
    from vaultsync.cli.line_answers import ANSWERS, answer_all  # noqa: PLC0415 - for these commands alone

    try:
        answer_all(ANSWERS[name], sys.stdin.buffer, sys.stdout.buffer)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
