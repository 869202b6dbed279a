from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.clock import Clock
from vaultsync.cycle import Wheel
from vaultsync.reconcile.plan import plan_cycle
from vaultsync.settings import load_settings
from vaultsync.storage.state import State
from vaultsync.waits import Waits

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from vaultsync.reconcile.plan import Plan
    from vaultsync.reconcile.snapshot import Snapshot


def test_a_note_that_becomes_quiet_while_a_plan_is_made_is_still_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    note = vault / "Note.md"
    note.write_text("- [?] Mend the sail @Ana Ruiz #proposed\n")
    moment = [0.0]
    # Half a second behind the file's clock: no reason to take the note for an old one.
    clock = Clock(now=lambda: note.stat().st_mtime - 0.5, monotonic=lambda: moment[0], today="2025-11-10")
    planned = plan_cycle

    def slowly(snapshot: Snapshot) -> Plan:
        moment[0] += 5.0
        return planned(snapshot)

    monkeypatch.setattr("vaultsync.planner.plan_cycle", slowly)
    state = State(tmp_path / "state.db")
    waits = Waits(quiet=1.0, quiet_max=60.0, stamp_after=0.0, settle=0.0, absent_delay=0.0)
    outcome = Wheel(load_settings(vault), state, clock, waits).turn()
    assert outcome.skipped == ("Note.md",)
    # It is quiet by now, and nothing else would ever wake the daemon for it.
    assert outcome.wait == 0.0
    state.close()
