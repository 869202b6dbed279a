"""Which queries list a task and its row, by the filters as the Tasks plugin has them and rows as they are drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vaultsync.index.queries import Listed, find_queries, read_query
from vaultsync.model import TaskSettings
from vaultsync.reconcile.doubles import dataview_line, find_doubled, index_places, line_to_add
from vaultsync.reconcile.snapshot import SourceTask
from vaultsync.tasks.line import facts_of, parse_line
from vaultsync.tasks.note import Task
from vaultsync.tasks.people import PersonSource, build_roster
from vaultsync.tasks.rules import IndexRules, Rules
from vaultsync.tasks.statuses import roles, status_of
from vaultsync.tasks.text import read_text, text_reader

SETTINGS = TaskSettings()
RULES = Rules(SETTINGS, roles(SETTINGS, registered=False, overrides={}))
ROSTER = build_roster([PersonSource("Ann Lee")])[0]
TASK = "- [?] Paint the buoy @Ann Lee #task #proposed #dock 🔁 every week ➕ 2025-11-01 📅 2025-11-20 ^t-aaaaaaaa"


def source(text: str = TASK, path: str = "Meetings/2025-11-07 - Harbour.md", rules: Rules = RULES) -> SourceTask:
    line = parse_line(text, rules.tasks, hidden=True)
    assert line is not None
    assignees = read_text(line, ROSTER).assignees
    task = Task.of(path, 7, line, rules)
    return SourceTask(task, text_reader(ROSTER, "edges"), assignees or ("Unassigned",), facts_of(line))


def doubles(query: str, rules: Rules = RULES, text: str = TASK, global_query: str = "", fence: str = "tasks") -> bool:
    blocks = find_queries(f"# Home\n\n```{fence}\n{query}\n```\n")
    tasks = [source(text, rules=rules)]
    return bool(find_doubled(blocks, tasks, index_places(tasks, {}, rules), rules, global_query))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "not done",
        "due before 2026-01-01\nsort by due\ngroup by filename",
        "tags include #dock",
        "tag includes DOCK",
        "path includes e",
        "path does not include Archive",
        "heading does not include Open tasks",
        "description includes paint",
        "has tags",
        "has due date",
        "no id",
        "status.type is TODO",
        "status.type is not DONE",
        "(not done) AND (tags include #dock)",
        "(tags include #task) OR (not done)",
        "NOT (path includes Archive)",
        "NOT (done)",
        "# path does not include Tasks/",
        "path regex matches /./",
        "filter by function task.file.path.includes('x')",
        "preset mine",
        "path includes {{query.file.folder}}",
        "(tags include #task) XOR (path includes Tasks)",
        "not done\nlimit 5\nshow urgency",
    ],
)
def test_a_query_that_lists_a_task_and_its_row(query: str) -> None:
    assert doubles(query)


@pytest.mark.parametrize(
    "query",
    [
        "done",
        "tags include #task",
        "tags include task",
        "TAGS INCLUDE #proposed",
        "path does not include Tasks/",
        "path does not include tasks/@",
        "not done\npath does not include Tasks/@",
        "path includes Meetings",
        "path includes Tasks/",
        "folder does not include Tasks",
        "root includes Meetings/",
        "filename does not include @",
        "filename includes @",
        "heading does not include Proposed",
        "heading includes Proposed\npath includes Meetings",
        "description does not include #^t-",
        "description does not include #^",
        "is recurring",
        "is not recurring",
        "has created date",
        "created after 2025-01-01",
        "has depends on",
        "status.type is DONE",
        "path regex does not match /^Tasks\\/@/",
        r"filename regex matches /^\d{4}-/",
        "(path includes Meetings) OR (path includes Archive)",
        "(not done) AND (NOT (path includes Tasks/))",
        "NOT (path includes Tasks/)",
        "[path does not include Tasks/] AND {not done}",
        '"tags include #task" AND (not done)',
        "path \\\ndoes not \\\ninclude Tasks/",
        "filter by function true\ntags include #task",
    ],
)
def test_a_query_that_keeps_rows_apart(query: str) -> None:
    assert not doubles(query)


def test_a_global_filter_keeps_rows_apart() -> None:
    settings = replace(SETTINGS, global_filter="#task")
    assert not doubles("not done", replace(RULES, tasks=settings))


def test_a_global_filter_that_stands_within_the_words_does_not() -> None:
    settings = replace(SETTINGS, global_filter="buoy")
    assert doubles("not done", replace(RULES, tasks=settings))


def test_a_tag_that_rows_show_does_not_keep_them_apart() -> None:
    assert doubles("tags include #task", replace(RULES, index=IndexRules(hide_tags=frozenset({"#proposed"}))))


def test_the_global_query_counts_unless_it_is_switched_off() -> None:
    assert not doubles("not done", global_query="path does not include Tasks/")
    assert doubles("not done\nignore global query", global_query="path does not include Tasks/")


def test_a_task_whose_role_is_not_rolled_up_has_no_row() -> None:
    assert not doubles("", text="- [x] Paint the buoy @Ann Lee #task")


def test_filters_that_cannot_be_judged_are_named() -> None:
    query = read_query(["not done", "due today", "filter by function x", "path regex matches /(a+)+/", "preset y"])
    assert query.unread == ("filter by function x", "path regex matches /(a+)+/", "preset y")


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        pytest.param("```tasks\nnot done\n```\n", [(1, "tasks", ("not done",))], id="a block"),
        pytest.param("a\r\n~~~tasks\r\ndone\r\n~~~\r\n", [(2, "tasks", ("done",))], id="with tildes and CRLF"),
        pytest.param("> > ```tasks\n> > done\n> > ```\n", [(1, "tasks", ("done",))], id="in a callout"),
        pytest.param("- x\n  ```tasks\n  done\n  ```\n", [(2, "tasks", ("  done",))], id="in a list"),
        pytest.param("```tasks\ndone\n", [(1, "tasks", ("done",))], id="that nothing ends"),
        pytest.param("````md\n```tasks\ndone\n```\n````\n", [], id="in other code"),
        pytest.param("```tasks-old\ndone\n```\n", [], id="of another language"),
        pytest.param("```dataview\ntask from #x\n```\n", [(1, "dataview", ("task from #x",))], id="of Dataview"),
        pytest.param("```dataview\nTABLE tasks\n```\n", [], id="of Dataview, that lists no tasks"),
    ],
)
def test_queries_are_found(note: str, expected: list[tuple[int, str, tuple[str, ...]]]) -> None:
    assert [(block.number, block.language, block.lines) for block in find_queries(note)] == expected


@pytest.mark.parametrize(
    ("query", "doubled"),
    [
        pytest.param("TASK\nWHERE !completed", True, id="everything that is open"),
        pytest.param('TASK FROM "Meetings"', True, id="that is spelt on one line with its source, which isn't read"),
        pytest.param('TASK\nFROM "Meetings"\nWHERE !completed', False, id="a folder without index notes"),
        pytest.param('TASK\nFROM "Tasks" OR "Meetings"', True, id="their folder, too"),
        pytest.param('TASK\nFROM -"Tasks"\nWHERE !completed', False, id="all but their folder"),
        pytest.param('TASK\nFROM -"Archive"\nWHERE !completed', True, id="all but another folder"),
        pytest.param("TASK\nFROM #task", False, id="a tag that rows hide"),
        pytest.param('TASK\nWHERE contains(tags, "#task")', False, id="a hidden tag of the task"),
        pytest.param('TASK\nWHERE !contains(tags, "#task")', True, id="all but a hidden tag"),
        pytest.param("TASK\nFROM #tasks", True, id="another tag that begins alike"),
        pytest.param('TASK\nWHERE vaultsync != "index"', False, id="what is proposed"),
        pytest.param('TASK\nWHERE !contains(text, "#^")', False, id="what is proposed for sections"),
        pytest.param('TASK\nWHERE !contains(file.path, "Tasks/")', False, id="a path"),
    ],
)
def test_queries_of_dataview(query: str, doubled: bool) -> None:  # noqa: FBT001 - a case
    assert doubles(query, fence="dataview") is doubled


SECTIONS = IndexRules(path="People/{person}/README.md", heading="Open tasks")
OWN_ID = TASK.replace("t-aaaaaaaa", "mine")


@pytest.mark.parametrize(
    ("rules", "tasks", "existing", "line"),
    [
        pytest.param(RULES, [source()], {}, "path does not include Tasks/@", id="by default"),
        pytest.param(
            RULES,
            [source(), source(path="Tasks/@Ann Lee.md")],
            {},
            "description does not include #^t-",
            id="where tasks stand in an index note",
        ),
        pytest.param(
            RULES,
            [source()],
            {"Ann Lee": "Crew/Ann.md"},
            "description does not include #^t-",
            id="where an index note was moved",
        ),
        pytest.param(
            replace(RULES, index=SECTIONS),
            [source()],
            {},
            "description does not include #^t-",
            id="for sections of notes",
        ),
        pytest.param(
            replace(RULES, index=SECTIONS), [source(OWN_ID)], {}, "description does not include #^", id="with own ids"
        ),
        pytest.param(
            replace(RULES, index=IndexRules(path="{person}.md")),
            [source()],
            {},
            "description does not include #^t-",
            id="where index notes lie at the top",
        ),
    ],
)
def test_the_line_to_add_keeps_the_rows_out_and_the_tasks_in(
    rules: Rules, tasks: list[SourceTask], existing: dict[str, str], line: str
) -> None:
    places = index_places(tasks, existing, rules)
    assert line_to_add(tasks, places.values(), rules) == line
    [block] = find_queries(f"```tasks\nnot done\n{line}\n```\n")
    assert find_doubled([block], tasks, places, rules) == {}
    query = read_query(block.lines)
    for each in tasks:
        listed = Listed(each.task.path, None, each.task.line, status_of(each.task.line.symbol, rules.tasks))
        assert query.may_list(listed)


def test_the_line_for_dataview_leaves_tasks_in_index_notes_in() -> None:
    places = ["Tasks/@Ann Lee.md"]
    assert dataview_line([source()], places, RULES) == 'WHERE vaultsync != "index"'
    assert dataview_line([source(path=places[0])], places, RULES) == 'WHERE !contains(text, "#^")'
    assert dataview_line([source()], places, replace(RULES, index=SECTIONS)) == 'WHERE !contains(text, "#^")'


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500,
        "NOT " * 240 + "(done)",
        "(done) AND " * 80,
        '"' * 999,
        "[" * 40,
        "(" * 400 + "done" + ")" * 400,
        "()",
        "AND",
    ],
)
def test_no_filter_is_too_odd_to_be_read(text: str) -> None:
    listed = Listed("A.md", None, source().task.line, status_of("?", SETTINGS))
    assert read_query([text]).may_list(listed) in (True, False)
