"""The one family of errors that end a command, each with its exit code.

Input that can't be read is not an error but a `Problem` (model.py): it is reported, and the rest of the vault goes on.
"""


class VaultsyncError(Exception):
    """A command can't go on. The message names what was found and what to do; `exit_code` is the process's."""

    exit_code = 2


class ConfigError(VaultsyncError):
    """The configuration can't be used; the message names file, key, value and what is accepted."""


class VaultError(VaultsyncError):
    """There is no vault where one was expected."""


class HaltError(VaultsyncError):
    """The vault as a whole looks wrong (emptied, unmounted, mass deletion); nothing was written."""

    exit_code = 3


class LockedError(VaultsyncError):
    """Another vaultsync holds this vault; the message says which process."""

    exit_code = 5


class StateError(VaultsyncError):
    """The state can't be kept or read; without it nothing is written."""


class DamagedStateError(StateError):
    """The state is no longer what was written; only a cycle that may write puts another in its place."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}; {mend}")
        self.what, self.mend = what, mend


class WatchError(VaultsyncError):
    """The vault can't be watched any more, and trying again hasn't helped."""

    exit_code = 3
