"""`People.base`: it has the shape that Obsidian documents for Bases, and names only what is there.

Keys and functions are those of Obsidian's help ("Bases syntax", "Functions"); `sort` is what Obsidian itself writes.
"""

from __future__ import annotations

import re
from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vaultsync.cli.config_file import PEOPLE_BASE
from vaultsync.index.note import index_properties

FUNCTIONS = {"if", "date", "today", "asLink"}
FILE_PROPERTIES = {"file.name"}
TEXTS = re.compile(r"\"[^\"]*\"|'[^']*'")
NAMES = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*(?!\w|\()")
CALLS = re.compile(r"([A-Za-z_]\w*)\(")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Condition(Strict):
    """A filter object holds one of the three keys."""

    and_: list[str | Condition] | None = Field(None, alias="and")
    or_: list[str | Condition] | None = Field(None, alias="or")
    not_: list[str | Condition] | None = Field(None, alias="not")

    @model_validator(mode="after")
    def one_key(self) -> Condition:
        if len(self.model_fields_set) != 1:
            raise ValueError("one of `and`, `or`, `not`")
        return self


class Shown(Strict):
    display_name: str = Field(alias="displayName")


class Sorting(Strict):
    property: str
    direction: Literal["ASC", "DESC"]


class Table(Strict):
    type: Literal["table"]
    name: str
    filters: str | Condition | None = None
    order: list[str]
    sort: list[Sorting] = []


class Base(Strict):
    filters: str | Condition
    formulas: dict[str, str]
    properties: dict[str, Shown]
    views: list[Table]


BASE = Base.model_validate(yaml.safe_load(PEOPLE_BASE))
NOTE_PROPERTIES = {
    name
    for existing in ({}, {"person": "[[Somebody]]"})
    for name in index_properties("Ana", 1, 1, "2025-11-10", existing)
}
KNOWN = {f"note.{name}" for name in NOTE_PROPERTIES} | {f"formula.{name}" for name in BASE.formulas} | FILE_PROPERTIES


def statements(condition: str | Condition | None) -> list[str]:
    if condition is None or isinstance(condition, str):
        return [condition] if condition else []
    parts = [*(condition.and_ or ()), *(condition.or_ or ()), *(condition.not_ or ())]
    return [statement for part in parts for statement in statements(part)]


EXPRESSIONS = [*BASE.formulas.values(), *statements(BASE.filters)]
EXPRESSIONS += [statement for view in BASE.views for statement in statements(view.filters)]


def test_all_properties_that_are_shown_or_sorted_by_exist() -> None:
    named = {*BASE.properties, *(name for view in BASE.views for name in view.order)}
    named |= {sorting.property for view in BASE.views for sorting in view.sort}
    assert named <= KNOWN
    assert {
        "formula.person",
        "formula.overdue",
        "note.tasks_proposed",
        "note.tasks_open",
        "note.tasks_next_due",
    } <= named


def test_each_column_but_the_file_name_has_a_heading() -> None:
    assert {name for view in BASE.views for name in view.order} - FILE_PROPERTIES <= BASE.properties.keys()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_uses_documented_functions_and_properties_that_exist(expression: str) -> None:
    plain = TEXTS.sub("", expression)
    names = {name for name in NAMES.findall(plain) if name not in ("true", "false", "file")}
    assert {name if "." in name else f"note.{name}" for name in names} <= KNOWN
    assert set(CALLS.findall(plain)) <= FUNCTIONS
    assert plain.count("(") == plain.count(")")


def test_only_index_notes_are_listed_and_overdue_is_a_due_date_before_today() -> None:
    assert statements(BASE.filters) == ['vaultsync == "index"']
    assert "date(tasks_next_due) < today()" in BASE.formulas["overdue"]


def test_a_view_is_sorted() -> None:
    assert all(view.sort for view in BASE.views)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("filters: {and: [], or: []}\nformulas: {}\nproperties: {}\nviews: []", id="two keys in a filter"),
        pytest.param("filters: x\nformulas: {}\nproperties: {}\nviews: []\ndisplay: {}", id="a key of the first beta"),
        pytest.param(PEOPLE_BASE.replace("table", "grid"), id="a view that isn't one"),
    ],
)
def test_the_shape_refuses(broken: str) -> None:
    with pytest.raises(ValidationError):
        Base.model_validate(yaml.safe_load(broken))
