from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vaultsync.markdown.walker import TaskLines, find_task_lines

NOTES = Path(__file__).parents[2] / ".." / "shared" / "vectors" / "notes.jsonl"
ABSENT = "the notes with Obsidian's own cache are someone else's text and don't come with the project"


def notes() -> list[dict[str, Any]]:
    if not NOTES.exists():
        return []
    return [json.loads(line) for line in NOTES.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.skipif(not NOTES.exists(), reason=ABSENT)
@pytest.mark.parametrize("note", [pytest.param(note, id=note["name"]) for note in notes()])
def test_the_task_lines_are_those_of_obsidians_cache(note: dict[str, Any]) -> None:
    cached = tuple(item["line"] + 1 for item in note["listItems"] if item["task"] is not None)
    assert find_task_lines(note["content"]) == TaskLines(cached, None)
