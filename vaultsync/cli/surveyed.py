"""What a vault holds, for the commands that list and address its tasks."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

from vaultsync.cli.terminal import progress
from vaultsync.scan import Scanner
from vaultsync.survey import Survey, survey, survey_planned

if TYPE_CHECKING:
    from vaultsync.clock import Clock
    from vaultsync.cycle import Wheel
    from vaultsync.settings import Settings


def surveyed_unopened(settings: Settings, clock: Clock) -> tuple[Scanner, Survey]:
    """Scan and survey a vault without its state, with a progress bar; also return what scanned it."""
    gc.disable()  # what is read lives as long as the command
    try:
        scanner = Scanner(settings, clock, {})
        with progress() as show:
            scanner.scan_all(partial(show, "reading"))
        return scanner, survey(scanner.notes, settings, clock.date(settings.config.vault.timezone))
    finally:
        gc.enable()


def surveyed(wheel: Wheel) -> Survey:
    """Survey the notes that the wheel has scanned, as its last plan read them if none has changed since."""
    notes, last, base = wheel.scanner.notes, wheel.snapshots.read(), wheel.state.base
    if last is None:
        return survey(notes, wheel.settings, wheel.clock.date(wheel.settings.config.vault.timezone), base)
    return survey_planned(last, notes, base)
