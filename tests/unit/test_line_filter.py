from __future__ import annotations

import io
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from vaultsync.cli.line import line_app


def ask(verb: str, *records: object) -> list[Any]:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    result = CliRunner().invoke(line_app, [verb], input="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def test_parse_says_all_of_a_line() -> None:
    assert ask("parse", {"line": "> - [?] Send it 📅 2025-11-08 @Ann Lee ⏫ #task ^t-1", "path": "2025-11-07.md"}) == [
        {
            "indentation": "> ",
            "marker": "-",
            "status": {"symbol": "?", "name": "Unknown", "type": "TODO", "next": "x"},
            "description": "Send it @Ann Lee #task",
            "tags": ["#task"],
            "priority": "high",
            "created": None,
            "start": None,
            "scheduled": None,
            "inferred_scheduled": None,
            "due": "2025-11-08",
            "done": None,
            "cancelled": None,
            "recurrence": None,
            "on_completion": None,
            "id": None,
            "depends_on": [],
            "block_id": "t-1",
            "assignees": ["Ann Lee"],
        }
    ]


def test_without_hidden_fields_it_says_what_tasks_reads() -> None:
    [answer] = ask("parse", {"line": "- [ ] a 📅 2025-11-08 @Ann", "hidden_fields": False})
    assert (answer["due"], answer["description"]) == (None, "a 📅 2025-11-08 @Ann")


def test_parse_infers_a_scheduled_date_beside_the_others() -> None:
    settings = {"useFilenameAsScheduledDate": True}
    [answer] = ask("parse", {"line": "- [ ] a", "path": "Daily/2025-11-08.md", "settings": settings})
    assert (answer["scheduled"], answer["inferred_scheduled"]) == (None, "2025-11-08")


def test_set_gives_the_lines_in_their_order_in_the_note() -> None:
    assert ask(
        "set",
        {"line": "- [ ] a 🔁 every day 📅 2025-11-08", "to": "x", "today": "2025-11-10"},
        {"line": "- [ ] a", "today": "2025-11-10"},
        {"line": "- [ ] a\r", "today": "2025-11-10"},
        {"line": "- [ ] a 🏁 delete", "to": "x"},
        {"line": "- a"},
        {"line": "- a", "to": "x"},
    ) == [
        {"lines": ["- [ ] a 🔁 every day 📅 2025-11-09", "- [x] a 🔁 every day 📅 2025-11-08 ✅ 2025-11-10"]},
        {"lines": ["- [x] a ✅ 2025-11-10"]},
        {"lines": ["- [x] a ✅ 2025-11-10\r"]},
        {"lines": []},
        {"lines": ["- [ ] a"]},
        {"lines": None},
    ]


def test_next_gives_the_dates_or_says_that_the_rule_is_invalid() -> None:
    assert ask(
        "next",
        {"rule": "every 1 week", "due": "2025-11-08", "scheduled": "2025-11-05", "today": "2025-11-10"},
        {"rule": "every two weeks", "due": "2025-11-08"},
        {"rule": "every day", "due": "2025-02-30"},
    ) == [
        {"valid": True, "text": "every week", "start": None, "scheduled": "2025-11-12", "due": "2025-11-15"},
        *[{"valid": False, "text": None, "start": None, "scheduled": None, "due": None}] * 2,
    ]


@pytest.mark.parametrize(
    ("verb", "record", "error"),
    [
        ("parse", "{", "not JSON: "),
        ("parse", "", "not JSON: "),
        ("parse", "[" * 100_000, "not JSON: "),
        ("parse", [], "a record is a JSON object"),
        ("parse", {}, '"line" is a text'),
        ("parse", {"line": "- [ ] a", "hidden_fields": 1}, '"hidden_fields" is true or false'),
        ("parse", {"line": "- [ ] a", "settings": [1]}, '"settings" is an object'),
        ("set", {"line": "- [ ] a", "to": 1}, '"to" is a text'),
        ("set", {"line": "- [ ] a", "today": "2025-02-30"}, '"today" is a day'),
        ("next", {"rule": "every day", "due": "soon"}, '"due" is a day'),
        ("next", {"due": "2025-11-08"}, '"rule" is a text'),
    ],
)
def test_a_bad_record_is_told_so_and_the_rest_goes_on(verb: str, record: object, error: str) -> None:
    [bad, good] = ask(verb, record, {"line": "- [ ] a", "rule": "every day"})
    assert bad["error"].startswith(error)
    assert "error" not in good


def test_half_a_surrogate_pair_is_answered_as_an_escape() -> None:
    assert ask("parse", '{"line": "- [ ] \\ud83d"}')[0]["description"] == "\ud83d"


class _Drip(io.BytesIO):
    """A pipe that gives three bytes at a time."""

    def read1(self, _size: int | None = -1, /) -> bytes:
        return self.read(3)


def test_records_that_come_in_drips_are_answered_one_by_one() -> None:
    from vaultsync.cli.line_answers import answer_all  # noqa: PLC0415 - the loop below the command

    flushed: list[bytes] = []

    class Sink(io.BytesIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    answer_all(lambda record: record["n"], _Drip(b'{"n": 1}\n{"n": 22}\n{"n": 333}'), Sink())
    assert [each for at, each in enumerate(flushed) if each not in flushed[:at]] == [
        b"1\n",
        b"1\n22\n",
        b"1\n22\n333\n",
    ]
