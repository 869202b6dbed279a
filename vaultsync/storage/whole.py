"""Write a small file of ours whole or not at all. What stands in it, and notes of the vault, are left to others."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_whole(file: Path, content: bytes) -> None:
    """Put content where a file is or will be, in one step: a reader sees the old bytes or the new ones. Raises OSError.

    For one writer at a time. It outlasts the end of this process; after one of the machine the old bytes may be back.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
