"""`python -m vaultsync` is the `vaultsync` command, for those who have an interpreter and no path to its scripts."""

from __future__ import annotations

from vaultsync.cli.start import main

if __name__ == "__main__":
    main()
