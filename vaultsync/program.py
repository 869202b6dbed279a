"""Say what tells this program from another that may read, plan or draw otherwise."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@cache
def modules() -> tuple[object, ...]:
    """Return the version of Python, and what `stat` says of our modules, which in a checkout change without one.

    They are looked at once, early: what runs then is what was loaded. Raises OSError.
    """
    package = Path(__file__).parent
    found = sorted((os.fspath(module.relative_to(package)), module.stat()) for module in package.rglob("*.py"))
    return sys.version, *((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)


@cache
def libraries() -> tuple[tuple[str, str], ...]:
    """Return the versions of the packages that we require and that are installed; asking takes some milliseconds."""
    required = {_NAME.match(line) for line in metadata.requires("vaultsync") or ()}
    names = sorted({match[0] for match in required if match})
    found = []
    for name in names:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:  # of an extra, or of another system
            continue
    return tuple(found)
