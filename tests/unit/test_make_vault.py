"""The made-up vault: the same bytes every time, in the shape that it promises."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vaultsync.markdown.walker import find_task_lines

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = 300
MAKE: Callable[..., Any] = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/make_vault.py"))["make_vault"]
SHAPED_LIKE_A_TASK = re.compile(r"[\s>]*(?:[-*+]|[0-9]+[.)]) +\[.\](?: |$)")


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_file():
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, list[dict[str, Any]]]:
    folder: Path = tmp_path_factory.mktemp("made") / "vault"
    labels = folder.parent / "labels.jsonl"
    counts = MAKE(folder, NOTES, people=40, labels=labels)
    return folder, counts, [json.loads(line) for line in labels.read_text("utf-8").split("\n") if line]


@pytest.fixture(scope="module")
def lines(vault: tuple[Path, Any, list[dict[str, Any]]]) -> dict[str, list[str]]:
    folder = vault[0]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode().replace("\r\n", "\n").split("\n")
        for path in folder.rglob("*.md")
    }


@pytest.fixture(scope="module")
def tasks(lines: dict[str, list[str]]) -> dict[tuple[str, int], str]:
    return {
        (path, number): content[number - 1]
        for path, content in lines.items()
        for number in find_task_lines("\n".join(content)).lines
    }


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    MAKE(tmp_path / "a", 60, people=12)
    MAKE(tmp_path / "b", 60, people=12)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_the_bytes_are_those_of_every_other_machine(tmp_path: Path) -> None:
    # Measurements of different days are only comparable on the same vault: a change of the generator changes this.
    MAKE(tmp_path / "vault", 60, people=12)
    assert digest(tmp_path / "vault") == "2b0e9369b3a80bdf"


def test_another_seed_gives_another_vault(tmp_path: Path) -> None:
    MAKE(tmp_path / "a", 30, people=12)
    MAKE(tmp_path / "b", 30, people=12, seed=2)
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


@pytest.mark.parametrize("notes", [0, 1, 2, 7], ids=lambda notes: f"{notes} notes")
@pytest.mark.parametrize("people", [1, 2], ids=["nobody but the owner", "the owner and one other"])
def test_a_tiny_vault_can_be_made_too(tmp_path: Path, notes: int, people: int) -> None:
    assert MAKE(tmp_path, notes, people=people).notes == notes
    assert len(list(tmp_path.rglob("*.md"))) == notes


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.md").write_text("mine", "utf-8")
    with pytest.raises(FileExistsError, match="not empty"):
        MAKE(tmp_path, 5)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.md"]


def test_more_people_than_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="10001 people"):
        MAKE(tmp_path, 5, people=10_001)


def test_counts_agree_with_what_stands_on_disk(
    vault: tuple[Path, Any, list[dict[str, Any]]], lines: dict[str, list[str]], tasks: dict[tuple[str, int], str]
) -> None:
    folder, counts, _ = vault
    contents = [path.read_bytes() for path in folder.rglob("*.md")]
    symbols = Counter(line[line.index("[") + 1] for line in tasks.values())
    assert counts.notes == len(lines) == NOTES
    assert counts.bytes == sum(map(len, contents))
    assert counts.crlf == sum(b"\r\n" in content for content in contents)
    assert counts.notes_with_tasks == len({path for path, _ in tasks})
    assert counts.tasks == len(tasks)
    assert counts.proposed == symbols["?"]
    assert counts.open == symbols[" "]
    assert counts.in_progress == symbols["/"]
    assert counts.done == symbols["x"] + symbols["X"]
    assert counts.rejected == symbols["-"] + symbols["R"]
    assert counts.recurring == sum("🔁" in line for line in tasks.values())


def test_every_line_of_a_task_s_shape_is_a_task_or_a_counted_look_alike(
    vault: tuple[Path, Any, list[dict[str, Any]]], lines: dict[str, list[str]], tasks: dict[tuple[str, int], str]
) -> None:
    shaped = {
        (path, number)
        for path, content in lines.items()
        for number, line in enumerate(content, 1)
        if SHAPED_LIKE_A_TASK.match(line)
    }
    assert tasks.keys() <= shaped
    assert len(shaped - tasks.keys()) == vault[1].look_alikes > 0


def test_the_shape_lies_within_its_bands(vault: tuple[Path, Any, list[dict[str, Any]]]) -> None:
    counts = vault[1]
    assert counts.notes_with_tasks == round(0.55 * NOTES)
    assert 4.6 <= counts.tasks / NOTES <= 4.9
    assert 0.42 <= counts.proposed / counts.tasks <= 0.58
    assert 0.38 <= counts.owner_proposed / counts.proposed <= 0.52
    assert 0.34 <= counts.duplicated / counts.proposed <= 0.54
    assert 8_000 <= counts.bytes / NOTES <= 13_000
    assert 0 < counts.crlf < 0.1 * NOTES
    assert 0 < counts.recurring < 0.05 * counts.tasks
    assert counts.people == 40
    assert 30 <= counts.people_notes <= 40


def test_labels_point_at_proposals_and_groups_have_one_origin(
    vault: tuple[Path, Any, list[dict[str, Any]]], tasks: dict[tuple[str, int], str]
) -> None:
    _, counts, labels = vault
    assert all("[?]" in tasks[label["path"], label["line"]] for label in labels)
    sizes = Counter(label["group"] for label in labels)
    assert sum(size for size in sizes.values() if size > 1) == counts.duplicated
    origins = Counter(label["group"] for label in labels if label["how"] in {"first", "other number"})
    assert set(origins) == set(sizes)
    assert set(origins.values()) == {1}


def test_a_vault_says_who_owns_it(vault: tuple[Path, Any, list[dict[str, Any]]]) -> None:
    owner, zone = (vault[0] / ".vaultsync/config.yaml").read_text("utf-8").splitlines()
    assert re.fullmatch(r"owner: \w+ \w+", owner)
    assert zone == "timezone: UTC"
    assert json.loads((vault[0] / ".obsidian/app.json").read_text("utf-8")) == {"alwaysUpdateLinks": True}
