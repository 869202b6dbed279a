from __future__ import annotations

import re
from pathlib import Path

import pytest

import vaultsync

SOURCES = sorted(Path(vaultsync.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_group_has_a_possessive_quantifier(source: Path) -> None:
    # Python before 3.11.5 forgets to go back where such a group fails half-way (CPython issue 106052).
    assert re.findall(r"\)(?:[*+?]|\{[0-9,]+\})\+", source.read_text(encoding="utf-8")) == []
