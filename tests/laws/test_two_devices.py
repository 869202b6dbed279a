"""A vault on two devices, each with a daemon and a state of its own, and a file synchroniser between them.

The synchroniser does what Syncthing does: a file that changed on one side is carried over, one that changed on both
stays on both as one of the two versions, and the other becomes a conflict copy.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from laws.test_machine import BOX, NAMES, NOTES, PICKS, WORD
from laws.vault_model import FolderVault

from vaultsync.index.links import find_links

DEVICES = st.sampled_from((0, 1))
ROUNDS = 8  # of both daemons and the synchroniser, after which nothing may move any more
WAIT = 120.0  # seconds between two rounds, longer than any waiting period


class TwoDevices(RuleBasedStateMachine):
    """Users type on either device; `typed` are their words, which nobody takes back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="vaultsync-devices-"))
        self.patched = patch("os.fsync")
        self.patched.start()
        self.devices = [FolderVault(self.folder / name) for name in ("one", "two")]
        self.synced: dict[str, str] = {}  # what both had when they last met
        self.typed: set[str] = set()
        self.count = 0

    def teardown(self) -> None:
        self.come_to_rest()
        self.patched.stop()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        for path, text in NOTES.items():
            self.devices[0].write(path, text)
        self.come_to_rest()

    # -- what users do

    def fresh(self) -> str:
        self.count += 1
        self.typed.add(f"w{self.count}x")
        return f"w{self.count}x"

    @rule(device=DEVICES, pick=PICKS, rows=st.booleans())
    def type_into_a_line(self, device: int, pick: int, rows: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        self.change_a_line(device, pick, f"] {self.fresh()} ", rows=rows)

    @rule(device=DEVICES, pick=PICKS, rows=st.booleans(), symbol=st.sampled_from("? /"))
    def set_status(self, device: int, pick: int, rows: bool, symbol: str) -> None:  # noqa: FBT001 - the same
        self.change_a_line(device, pick, "] ", rows=rows, symbol=symbol)

    @rule(device=DEVICES, pick=PICKS, name=st.sampled_from(NAMES))
    def add_task(self, device: int, pick: int, name: str) -> None:
        vault = self.devices[device]
        sources = [path for path in vault.texts() if path in NOTES]
        path = sources[pick % len(sources)]
        vault.write(path, f"{vault.read(path)}\n\n- [?] {self.fresh()} {name}\n")

    @rule(device=DEVICES, pick=PICKS)
    def write_free_text(self, device: int, pick: int) -> None:
        vault = self.devices[device]
        notes = [path for path in vault.texts() if path.startswith("Tasks/@") and "conflict" not in path]
        if notes:
            path = notes[pick % len(notes)]
            vault.write(path, f"{vault.read(path)}\nNote {self.fresh()}\n")

    def change_a_line(self, device: int, pick: int, box_end: str, *, rows: bool, symbol: str | None = None) -> None:
        vault = self.devices[device]
        places = [
            (path, number)
            for path, text in vault.texts().items()
            if path.startswith("Tasks/") is rows and "conflict" not in path
            for number, line in enumerate(text.split("\n"))
            if BOX.match(line) and bool(find_links(line)) is rows
        ]
        if not places:
            return
        path, number = places[pick % len(places)]
        lines = vault.read(path).split("\n")
        box = BOX.match(lines[number])
        assert box is not None
        lines[number] = f"{box['indent']}[{symbol or box['symbol']}{box_end}{box['rest']}"
        vault.write(path, "\n".join(lines))

    # -- what runs

    @rule(device=DEVICES)
    def turn(self, device: int) -> None:
        self.devices[device].later += 1
        self.devices[device].turn()

    @rule(newer=DEVICES)
    def synchronise(self, newer: int) -> None:
        """Carry files over; of two versions the one of the `newer` device keeps the name."""
        texts = [vault.texts() for vault in self.devices]
        for path in sorted(texts[0].keys() | texts[1].keys()):
            here, there = (each.get(path) for each in texts)
            known = self.synced.get(path)
            if here == there:
                winner = here
            elif here == known and known is not None:
                winner = there
            elif there == known and known is not None:
                winner = here
            elif here is None or there is None:
                winner = there if here is None else here
            else:
                winner, loser = (here, there) if newer == 0 else (there, here)
                self.count += 1
                copy = f"{path.removesuffix('.md')}.sync-conflict-20261122-{100_000 + self.count}-ABCDEFG.md"
                self.put(copy, loser)
            self.put(path, winner)

    def put(self, path: str, text: str | None) -> None:
        for vault in self.devices:
            if text is not None and vault.texts().get(path) != text:
                vault.write(path, text)
            elif text is None and path in vault.texts():
                vault.remove(path)
        if text is None:
            self.synced.pop(path, None)
        else:
            self.synced[path] = text

    # -- what must be true

    @rule()
    def come_to_rest(self) -> None:
        """Both daemons and the synchroniser go on until nothing moves: then both devices hold the same bytes."""
        for _ in range(ROUNDS):
            before = [vault.texts() for vault in self.devices]
            for vault in self.devices:
                vault.later += WAIT
                vault.turn()
                self.synchronise(0)
            if [vault.texts() for vault in self.devices] == before:
                break
        else:
            raise AssertionError("the devices don't come to rest")
        one, two = (vault.texts() for vault in self.devices)
        assert one == two
        assert [sorted(vault.turn().written) for vault in self.devices] == [[], []]
        kept = "\n".join([*one.values(), *self.backups()])
        assert self.typed - set(WORD.findall(kept)) == set()

    def backups(self) -> list[str]:
        found = (vault.state_file.parent / "backups" for vault in self.devices)
        return [file.read_bytes().decode() for folder in found for file in folder.rglob("*") if file.is_file()]


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        TwoDevices,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_two_devices_end_alike() -> None:
    run(examples=5, steps=10)


@pytest.mark.long
def test_two_devices_end_alike_for_long() -> None:
    run(examples=30, steps=20)


@pytest.mark.nightly
def test_two_devices_end_alike_through_the_night() -> None:
    run(examples=1000, steps=30)
