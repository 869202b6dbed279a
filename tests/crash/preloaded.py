"""A process with vaultsync imported that forks the command as often as it is told to, and kills it when it is told to.

What is run and when it dies is the tests' to say: a JSON object a line on stdin, what became of it a line on stdout.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from typing import Any

from vaultsync.cli.start import main


def child(order: dict[str, Any]) -> None:
    """Be the installed command, as its entry point starts it, and end."""
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["vaultsync", *order["arguments"]]
    code = 0
    try:
        main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except Exception as error:  # noqa: BLE001 - whatever ends the command is told, and the fork ends here
        print(repr(error), file=sys.stderr)  # noqa: T201 - the log is all that a forked process leaves
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, wait for the end or the moment of the kill; `code` is negative for a killed process, `began` since 1970."""
    began = time.time()
    pid = os.fork()
    if pid == 0:
        child(order)
    ended = os.pidfd_open(pid)
    try:
        if not select.select([ended], [], [], order["seconds"])[0]:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(ended)
    return {"code": os.waitstatus_to_exitcode(status), "began": began, "seconds": time.time() - began}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(carry_out(json.loads(line))) + "\n")
        sys.stdout.flush()
