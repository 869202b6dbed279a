"""Base records as they are read from the state."""

from __future__ import annotations

import pytest

from vaultsync.storage.records import _Beside


def test_rows_go_to_their_records() -> None:
    beside = _Beside([("b", "one"), ("b", "two"), ("x", "of no record"), ("z", "three")])
    assert [list(beside.of(key)) for key in ("a", "b", "z")] == [[], [("b", "one"), ("b", "two")], [("z", "three")]]


def test_records_out_of_order_are_damage_and_not_records_without_rows() -> None:
    beside = _Beside([("a", "one"), ("b", "two")])
    assert list(beside.of("b")) == [("b", "two")]
    with pytest.raises(ValueError, match="out of order"):
        beside.of("a")
