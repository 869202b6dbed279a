"""Whatever happens to the file that holds the state: it opens, or says that it can't be used, and the vault stays."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws.vault_model import FolderVault

from vaultsync.storage.damage import OnDamage
from vaultsync.storage.state import State, StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Harm = tuple[str, float, int]  # what, where (share of the file), which byte or how many

KINDS = ("flip", "zero", "truncate", "junk", "swap")
HARM = st.tuples(st.sampled_from(KINDS), st.floats(0, 1), st.integers(0, 2**16 - 1))


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> FolderVault:
    """Return a settled vault with a state of several pages, part of it in the write-ahead log."""
    vault = FolderVault(tmp_path_factory.mktemp("state-laws") / "one")
    for number in range(30):
        vault.write(f"{number}.md", f"- [ ] Do {number} @Ana 📅 2026-11-25\n- [?] Ask {number} @Bo @Kim Ray\n")
    vault.turn()
    state = State(vault.state_file)
    # While a second connection is open the log isn't folded into the file.
    vault.write("1.md", vault.read("1.md").replace("Do 1", "Do one"))
    vault.turn()
    shutil.copytree(vault.state_file.parent, vault.folder / "whole")
    state.close()
    assert any(file.name.endswith("-wal") and file.stat().st_size for file in (vault.folder / "whole").iterdir())
    return vault


def harmed(content: bytes, harm: Harm) -> bytes:
    kind, share, number = harm
    at = min(len(content) - 1, int(share * len(content)))
    if kind == "flip":
        return content[:at] + bytes([content[at] ^ (number % 255 + 1)]) + content[at + 1 :]
    if kind == "zero":
        return content[:at] + bytes(min(number, len(content) - at)) + content[at + number :]
    if kind == "truncate":
        return content[:at]
    length = min(number % 4096 + 1, len(content) - at)
    if kind == "junk":
        return content[:at] + random.Random(number).randbytes(length) + content[at + length :]  # noqa: S311 - seeded
    start = at // 4096 * 4096
    other = number * 4096 % max(4096, len(content))
    pages = content[start : start + 4096], content[other : other + 4096]
    swapped = bytearray(content)
    swapped[start : start + len(pages[1])], swapped[other : other + len(pages[0])] = pages[1], pages[0]
    return bytes(swapped)


def check(vault: FolderVault, harms: list[Harm], log: list[Harm]) -> None:
    shutil.rmtree(vault.state_file.parent)
    shutil.copytree(vault.folder / "whole", vault.state_file.parent)
    for file, each in ((vault.state_file, harms), (vault.state_file.with_name("state.db-wal"), log)):
        content = file.read_bytes()
        for harm in each:
            content = harmed(content, harm) if content else content
        file.write_bytes(content)
    texts = vault.texts()
    for _ in range(2):
        try:
            outcome = vault.turn()
        except StateError:
            pass
        else:
            assert outcome.plan.edits == ()
            vault.later += 10
        assert {path: text for path, text in vault.texts().items() if not path.startswith("Tasks/")} == {
            path: text for path, text in texts.items() if not path.startswith("Tasks/")
        }
        for path, text in vault.texts().items():
            assert sorted(text.splitlines()) == sorted(texts[path].splitlines())


def law(examples: int) -> Callable[[FolderVault], None]:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(harms=st.lists(HARM, max_size=3), log=st.lists(HARM, max_size=2))
    def holds(vault: FolderVault, harms: list[Harm], log: list[Harm]) -> None:
        check(vault, harms, log)

    return holds


def test_a_corrupted_state_opens_or_says_so_and_the_vault_stays(vault: FolderVault) -> None:
    law(25)(vault)


@pytest.mark.long
def test_many_corrupted_states_open_or_say_so_and_the_vault_stays(vault: FolderVault) -> None:
    law(2000)(vault)


def test_a_page_that_is_lost_is_found_at_opening_wherever_it_is(vault: FolderVault, tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.close()
    shutil.copyfile(vault.folder / "whole" / "state.db", tmp_path / "state.db")
    content = (tmp_path / "state.db").read_bytes()
    for at in range(4096, len(content), 4096):
        (tmp_path / "state.db").write_bytes(content[:at] + bytes(4096) + content[at + 4096 :])
        state = State(tmp_path / "state.db", OnDamage.SET_ASIDE)
        for run in state.runs():
            state.edits_of(run.number)
        state.first_time(["told"])
        state.remember_notes({})
        state.close()
