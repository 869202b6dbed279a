"""Scanning a few notes gives what scanning all would give."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vaultsync.clock import Clock
from vaultsync.scan import Scanner
from vaultsync.settings import load_settings
from vaultsync.storage import vault

NAMES = ("A.md", "A 2.md", "A 2 2.md", "A 3.md", "caf\u00e9.md", "cafe\u0301 2.md")
LINES = tuple(f"Line {number} of the minutes of that meeting\n" for number in range(8))
TEXTS = st.sampled_from(["".join(LINES), "".join(LINES[:7]), "".join(reversed(LINES[:2])), "Something else\n"])
CHANGES = st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(st.none(), TEXTS)), max_size=10)
SAME = "".join(LINES)


def scanner(root: Path) -> Scanner:
    found = Scanner(load_settings(root), Clock(), {})
    found.scan_all()
    return found


def told_apart(found: Scanner) -> tuple[set[str], set[str]]:
    return set(found.notes), set(found.copies)


@example([("A 2 2.md", SAME), ("A 2.md", SAME), ("A.md", SAME), ("A.md", None)])
@example([("A 2.md", SAME), ("A.md", SAME), ("A.md", "Something else\n")])
@example([("cafe\u0301 2.md", SAME), ("caf\u00e9.md", SAME)])
@given(CHANGES)
def test_copies_are_told_from_notes_after_each_change_as_in_a_first_look(
    changes: list[tuple[str, str | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        following = scanner(root)
        for name, text in changes:
            if text is None:
                (root / name).unlink(missing_ok=True)
            else:
                (root / name).write_text(text)
            following.scan_some([name])
            found = told_apart(following)
            assert found == told_apart(scanner(root))
            following.scan_all()
            assert found == told_apart(following)


@pytest.mark.parametrize("age", [0.5, 10.0])
def test_a_time_too_fresh_to_trust_is_not_trusted(age: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    stamp = vault.Stamp(int((now - age) * 1e9), 0, 7, 1)
    monkeypatch.setattr(vault, "stamp_of", lambda *_: stamp)
    (tmp_path / "a.md").write_text("- [ ] A")
    found = Scanner(load_settings(tmp_path), Clock(now=lambda: now), {})
    found.scan_some(["a.md"])
    (tmp_path / "a.md").write_text("- [ ] B")
    found.scan_some(["a.md"])
    assert [task.text for task in found.notes["a.md"].tasks] == ["- [ ] B" if age < 1 else "- [ ] A"]
