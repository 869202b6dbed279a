"""What a terminal shows with rich, which is slow to import: `terminal` loads it for those who need it."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from vaultsync.cli.terminal import safe_lines


class Terminal(Console):
    """A console that no text can command, whoever wrote it; what stands in a table has to be `safe` already."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does."""
        super().print(*(safe_lines(each) if isinstance(each, str) else each for each in objects), **options)
