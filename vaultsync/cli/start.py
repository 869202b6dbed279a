"""Start the command: a filter of task lines at once, since an editor may start one for each line; all else by `app`.

A filter takes no options that would have to be understood, and the library that understands them takes longer to load
than a line takes to read.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    match sys.argv[1:]:
        case ["line", ("parse" | "set" | "next") as name]:
            _filter(name)
        case _:
            from vaultsync.cli import app  # noqa: PLC0415 - see above

            app.main()


def _filter(name: str) -> None:
    from vaultsync.cli.line_answers import ANSWERS, answer_all  # noqa: PLC0415 - for these commands alone

    try:
        answer_all(ANSWERS[name], sys.stdin.buffer, sys.stdout.buffer)
    except (BrokenPipeError, KeyboardInterrupt):
        # Nobody reads on: what is left in the buffer must not be written when the interpreter ends.
        sys.stderr.close()
        sys.exit(1)
