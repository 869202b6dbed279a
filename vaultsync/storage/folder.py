"""Where the state of a vault lies: outside of it, in a folder of its own. What stands in it is left to others."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def state_folder(base: Path, root: Path) -> Path:
    """Return the folder of a vault's state: its name for people, and a hash of its place for uniqueness."""
    place = os.path.realpath(root)
    mark = hashlib.blake2b(os.fsencode(place), digest_size=6).hexdigest()
    name = "".join(c if c.isalnum() else "-" for c in root.resolve().name)[:40] or "vault"
    return base / f"{name}-{mark}"
