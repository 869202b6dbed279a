"""Text from anywhere stays text: whatever names, notes, settings hold, nothing leaves the vault, runs or breaks out."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.vault_model import RULES, FolderVault, PaperVault, region_lines
from system.installed import COMMAND, Installed, write

from vaultsync.cli.terminal import json_text, safe
from vaultsync.config import load
from vaultsync.errors import ConfigError
from vaultsync.index.links import find_row_link
from vaultsync.index.note import index_path
from vaultsync.index.region import SECTIONS
from vaultsync.markdown.region import find_regions
from vaultsync.markdown.textlines import split_lines
from vaultsync.markdown.walker import find_task_lines
from vaultsync.obsidian import read_vault_settings
from vaultsync.tasks.people import clean_name, matches_any

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = "^t-9k2f3a7b"
NAMES = (
    *(
        "../../x",
        "/etc/x",
        "..",
        ".",
        "...",
        "~",
        ".hidden",
        "CON",
        "con.md",
        "aux.",
        "LPT1",
        "COM¹",
        "NUL.tar.gz",
        "a:b",
    ),
    *(
        "a\\b",
        "C:\\x",
        "a/b",
        "x.",
        "x ",
        " ",
        "a\0b",
        "A" * 300,
        "日" * 300,
        "👩‍👩‍👧" * 40,
        "e\u0301" * 200,
        "\u202eevil",
        "\ufeff",
    ),
    *(
        "%% vaultsync:end %%",
        "[[x]]",
        "a|b",
        "a#b",
        "a^b",
        "<% x %>",
        "`= 1`",
        "{person}",
        "\x1b[31m",
        "a\u2028b",
        "Overview",
    ),
)
ATTACKS = (
    *(
        "<% tp.system.prompt() %>",
        "<%* await x %>",
        "`= this.file`",
        "`$= dv.pages()`",
        "``= x``",
        "<iframe src=x></iframe>",
    ),
    *("<img src=x onerror=y>", "<script>x</script>", "<!--", "![[Secret]]", "![x](https://t.co/p.png)", "%%", "%% x"),
    *(
        "%% vaultsync:end %%",
        "%% vaultsync:begin 1-x %%",
        "[x](obsidian://advanced-uri?eval=y)",
        "obsidian://open",
        "$$",
        "^abc",
    ),
    *(
        "[x](javascript:y)",
        "[[#^abc]]",
        "[^1]",
        "due:: 2026-01-01",
        "[due:: 2026-01-01]",
        "📅 2026-01-01",
        "🔁 every day 🏁 delete",
    ),
    *(
        "\u202etxt",
        "\x1b]0;x\x07",
        "a\u2028- [ ] b",
        "a\x0b- [ ] b",
        "a\x85- [ ] c",
        "- [ ] second",
        "[[A#^t-00000000|↗]]",
        "```",
        "~~~",
    ),
    *(
        "@[[../../x]]",
        "@[[\u202eeve]]",
        "#x`y",
        "\\",
        "\\\\<b>",
        "[[x",
        "]]",
        "](",
        "<<<<<<< a",
        "---",
        "| a | b |",
        "\ufeff@Ana",
    ),
)
ACTIVE = re.compile(
    r"<%|%>|\$\$|`\s*\$?=|(?<!\\)(?:\\\\)*(?:<[A-Za-z/!?%]|!\[|\[\^)|(?<!\\)(?:\\\\)*\]\(\s*(?:obsidian|javascript|file):"
    r"|obsidian://"
)
UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
SGR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])(?:\..*)?", re.IGNORECASE)
PLACES = ("Tasks/@{person}.md", "{person}.md", "People/{person}/README.md", "Tasks/{person}.md")
ANY_NAME = st.sampled_from(NAMES) | st.text(max_size=400) | st.lists(st.sampled_from(NAMES), max_size=4).map("".join)


# -- nothing leaves the vault


@given(ANY_NAME, st.sampled_from(PLACES))
def test_any_name_gives_a_path_inside_the_vault_that_every_system_takes(name: str, place: str) -> None:
    path = index_path(clean_name(name), replace(RULES.index, path=place))
    assert path.endswith(".md")
    assert len(path.split("/")) == len(place.split("/"))
    for part in path.split("/"):
        assert part not in {"", ".", ".."}
        assert not part.startswith(".")
        assert not part.endswith((".", " "))
        assert not re.search(r'[<>:"\\|?*\x00-\x1f\x7f]', part)
        assert not UNSENDABLE.search(part)
        assert not RESERVED.fullmatch(part.removesuffix(".md"))
        assert len(part.encode()) <= 255
        assert len(part.encode("utf-16-le")) // 2 <= 255


@given(st.lists(st.sampled_from(("a:b", "a?b", "a*b", "a<b", "A:B", "B" * 190, "B" * 200, *NAMES)), max_size=12))
def test_no_two_people_share_one_note(names: list[str]) -> None:
    tasks = "".join(f"- [?] Ask them to come @[[{name}]]\n" for name in names if not re.search(r"[\[\]|#\0]", name))
    vault = PaperVault({"A.md": tasks})
    paths = [write.path.casefold() for write in vault.turn().note_writes]
    assert len(set(paths)) == len(paths)
    assert all(len(path.encode()) <= 255 for path in paths)


def test_hundreds_of_names_that_make_one_file_name_get_short_ones_of_their_own() -> None:
    names = [f"{'Long ' * 40}{number}" for number in range(300)]
    vault = PaperVault({"A.md": "".join(f"- [?] Ask @[[{name}]]\n" for name in names)})
    paths = {write.path.casefold() for write in vault.turn().note_writes}
    assert len(paths) > 300
    assert max(len(path.encode()) for path in paths) <= 255


@pytest.mark.parametrize(
    "value", ["../x.md", "/etc/x.md", "C:\\x.md", "a/../../x.md", "..\\x.md", ".git/x.md", "x\0.md", "\\\\host\\x.md"]
)
@pytest.mark.parametrize("key", ["overview", "index.path", "config_folder", "include", "exclude", "people.notes"])
def test_no_setting_names_a_path_outside_of_the_vault(tmp_path: Path, key: str, value: str) -> None:
    if key == "index.path":
        value = value.replace("x", "{person}")
    section, _, name = key.partition(".")
    found: object = [value] if key in {"include", "exclude", "people.notes"} else value
    (tmp_path / "vaultsync.yaml").write_text(json.dumps({section: {name: found} if name else found}))
    if key in {"config_folder", "include", "exclude", "people.notes"} and value == ".git/x.md":
        return  # inside the vault, and only read
    with pytest.raises(ConfigError):
        load(tmp_path, user_file=tmp_path / "none")


@pytest.mark.parametrize("folder", ["../x", "/etc", "C:\\x", "a/../..", "..\\..", "\0"])
def test_no_template_folder_lies_outside_of_the_vault(tmp_path: Path, folder: str) -> None:
    write(tmp_path, {".obsidian/templates.json": json.dumps({"folder": folder})})
    found = read_vault_settings(tmp_path)
    assert found.template_folders == ()
    assert found.problems


@pytest.mark.parametrize("symbol", ["\u202e", "\x1b", "\x07", "\u2028", "\ufeff", "ab"])
def test_no_status_of_the_vaults_settings_is_written_as_more_than_a_character(tmp_path: Path, symbol: str) -> None:
    statuses = [
        {"symbol": symbol, "name": "a", "nextStatusSymbol": " ", "type": "TODO"},
        {"symbol": "y", "name": "b", "nextStatusSymbol": symbol, "type": "TODO"},
    ]
    settings = {"statusSettings": {"coreStatuses": [], "customStatuses": statuses}, "globalFilter": "#a\u2028%% x"}
    write(tmp_path, {".obsidian/plugins/obsidian-tasks-plugin/data.json": json.dumps(settings)})
    found = read_vault_settings(tmp_path)
    assert [(status.symbol, status.next) for status in found.tasks.statuses] == [("y", "x")]
    assert found.tasks.global_filter == ""


# -- nothing is run, and nothing breaks out of a row or a region


def hostile_source(text: str) -> str:
    fields = f"---\ndate: {json.dumps(text)}\ntitle: {json.dumps(text)}\naliases: [{json.dumps(text)}]\n---\n"
    line = re.sub(r"[\r\n\0\U0010fa5e]", " ", text)
    return f"{fields}\n- [?] Ask {line} twice @Ana #x{line.split(' ')[0]} {OWN}\n- [ ] {line} @Bo\n"


@given(st.lists(st.sampled_from(ATTACKS) | st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=4))
def test_what_a_note_says_is_only_text_in_rows_and_stays_in_the_note(pieces: list[str]) -> None:
    source = hostile_source(" ".join(pieces))
    vault = PaperVault({"A.md": source})
    vault.turn()
    vault.turn()
    kept = re.sub(r" \^t-[a-z0-9]{8}(?=[\n\u2028\u2029])", "", vault.texts["A.md"])
    assert kept == source.replace(f" {OWN}\n", "\n") or vault.texts["A.md"] == source
    for path, text in vault.texts.items():
        if path != "A.md":
            assert_harmless(path, text)
    vault.assert_settled()


def assert_harmless(path: str, text: str) -> None:
    """Assert that a generated note is frontmatter and one region, each line of it ours, nothing active in any."""
    lines = [line.rstrip("\n") for line in split_lines(text)]
    regions = find_regions(lines)
    assert regions.damage is None, (path, text)
    assert sum("vaultsync:begin" in line for line in lines if line.startswith("%%")) == 1
    assert not UNSENDABLE.search(text), (path, text)
    region = region_lines(text)
    assert not ACTIVE.search("\n".join(region)), (path, text)
    assert "%%" not in "".join(region)
    rows = [number for number, line in enumerate(lines, 1) if line.startswith("- [") and find_row_link(line)]
    assert list(find_task_lines(text).lines) == rows
    for line in region:
        known = line in ("", *(f"## {section}" for section in SECTIONS)) or line.startswith(("- [", "| "))
        assert known or re.fullmatch(r"and \d+ more", line), (path, line)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_file_name_is_only_text_in_rows(attack: str) -> None:
    name = re.sub(r"[/\0\n\r]", "_", attack)
    for link_text in ("↗", "title"):
        rules = replace(RULES, index=replace(RULES.index, link_text=link_text))
        vault = PaperVault({f"{name}/{name}.md": f"- [?] Ask @Ana {OWN}\n"}, rules)
        vault.turn()
        text = vault.texts["Tasks/@Ana.md"]
        assert find_regions(split_lines(text)).damage is None
        assert len(find_task_lines(text).lines) == 1
        row = vault.row("Tasks/@Ana.md", "Ask")
        link = find_row_link(row)
        assert link is not None
        assert link.path == f"{name}/{name}.md"
        assert not re.search(r"<%|%%|\$\$|`\s*\$?=|<[a-z/!]", row)


@pytest.mark.parametrize("name", [name for name in (*NAMES, *ATTACKS) if not re.search(r"[\[\]|#\0\n]", name)])
def test_a_persons_name_is_only_text_in_its_note_and_in_the_overview(name: str) -> None:
    vault = PaperVault({"A.md": f"- [?] Ask them to come @[[{name}]] {OWN}\n"})
    vault.turn()
    for path, text in vault.texts.items():
        if path != "A.md":
            assert_harmless(path, text)


# -- the terminal

HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe [bold]b[/bold] :smile: \x9b31m \u2066x\u200f \x08\x08"


@given(st.text())
def test_no_text_is_sent_to_a_terminal_as_a_command(text: str) -> None:
    assert not UNSENDABLE.search(safe(text))
    assert "\n" not in safe(text)
    assert not UNSENDABLE.search(json_text(text))
    assert json.loads(json_text(text)) == text


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, Installed]:
    root = tmp_path / "vault"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VAULTSYNC_", "XDG_"))}
    home = tmp_path / "home"
    home.mkdir()
    own = {"HOME": str(home), "VAULTSYNC_STATE_DIR": str(tmp_path / "state"), "TERM": "xterm-256color"}
    name = HOSTILE.replace("/", "_").strip()
    title = f"- [?] Ask {HOSTILE} @[[{name.replace('[', '(').replace(']', ')')}]] 📅 2025-11-08 {OWN}\n"
    write(
        root,
        {
            f"{name}/{name}.md": title,
            "Broken.md": f"---\n{HOSTILE}: [\n---\n- [ ] Tell {HOSTILE} @Ana ^t-00000000\n",
            "Mirror.md": f"- [ ] Copy [[{name}#{OWN}|{HOSTILE.replace('[', '').replace(']', '')}]]\n",
            ".obsidian/app.json": json.dumps({"userIgnoreFilters": [f"/({HOSTILE}/"]}),
            ".obsidian/plugins/obsidian-tasks-plugin/data.json": json.dumps({"globalFilter": 3, "taskFormat": HOSTILE}),
        },
    )
    (root / name / os.fsdecode(b"\xff\x1b[31m.md")).write_bytes(b"x")
    (root / name / f"bad {name}.md").write_bytes(b"\xff")
    return root, Installed({**kept, **own, "VAULTSYNC_TIMING__QUIET": "0"})


def commands(root: Path) -> list[list[str]]:
    vault = str(root)
    return [
        ["tasks", vault],
        ["tasks", vault, "--json"],
        ["init", vault],
        ["reconcile", vault, "--dry-run", "--diff"],
        ["reconcile", vault, "--json"],
        ["reconcile", vault],
        ["set", "t-9k2f3a7b", "accept", "--vault", vault],
        ["set", "t-9k2f3a7b", "reopen", "--vault", vault],
        ["set", HOSTILE, "done", "--vault", vault],
        ["set", "--where", "--note", HOSTILE, "done", "--vault", vault],
        ["reconcile", vault, "--config", f"{vault}/{HOSTILE}"],
        ["demo", f"{vault}/demo {HOSTILE.replace('/', '_')}"],
        ["log", vault],
        ["log", vault, "--json"],
        ["undo", vault],
        ["eject", vault, "--dry-run"],
    ]


def assert_piped_harmlessly(arguments: list[str], installed: Installed) -> None:
    done = subprocess.run([COMMAND, *arguments], env=installed.environment, capture_output=True, check=False)
    assert done.returncode != 1, (arguments, done.stderr)
    output = (done.stdout + done.stderr).decode()
    assert not UNSENDABLE.search(output), (arguments, output)
    assert "red" in output or arguments[0] not in {"tasks", "init", "reconcile"}, (arguments, output)


def test_the_first_commands_pipe_nothing_that_a_vault_says_as_a_command(hostile: tuple[Path, Installed]) -> None:
    for arguments in commands(hostile[0])[:4]:
        assert_piped_harmlessly(arguments, hostile[1])


@pytest.mark.long
def test_no_command_pipes_what_a_vault_says_as_a_command(hostile: tuple[Path, Installed]) -> None:
    for arguments in commands(hostile[0]):
        assert_piped_harmlessly(arguments, hostile[1])


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_no_command_lets_a_vault_command_a_terminal(hostile: tuple[Path, Installed]) -> None:
    import pty  # noqa: PLC0415 - not on Windows

    root, installed = hostile
    for arguments in commands(root):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [COMMAND, *arguments], env=installed.environment, stdout=theirs, stderr=theirs
        ) as process:
            os.close(theirs)
            output = b""
            while True:
                try:
                    chunk = os.read(ours, 65_536)
                except OSError:  # the other end is closed
                    break
                if not chunk:
                    break
                output += chunk
            os.close(ours)
            process.wait(timeout=60)
        text = output.decode(errors="replace")
        assert "\x1b]" not in text, arguments
        assert not UNSENDABLE.search(SGR.sub("", text)), (arguments, text)
        assert "\x1b[31mred" not in text, arguments


@pytest.mark.parametrize("kind", ["text", "json"])
def test_the_log_holds_no_commands_either(hostile: tuple[Path, Installed], tmp_path: Path, kind: str) -> None:
    root, installed = hostile
    environment = {**installed.environment, "VAULTSYNC_LOG__FORMAT": kind, "VAULTSYNC_WATCH__POLLING": "on"}
    running = Installed(environment).start("run", root, log=tmp_path / "log")
    try:
        from system.installed import wait_for  # noqa: PLC0415 - beside what it waits for

        wait_for(lambda: "not UTF-8" in (tmp_path / "log").read_text(), "the first cycle's problems")
    finally:
        running.terminate()
        running.wait(timeout=20)
    text = (tmp_path / "log").read_text()
    assert "red" in text
    assert not UNSENDABLE.search(text)


# -- time


@pytest.mark.parametrize(
    ("glob", "path"),
    [("**/a*" * 20 + "b", "a/" * 2000), ("*a" * 30 + "b", "a" * 4000), ("**/" * 30 + "b", "a/" * 2000)],
)
def test_no_glob_takes_forever(glob: str, path: str) -> None:
    assert not matches_any(path, [glob])


@pytest.mark.parametrize("filter_", ["/(a+)+$/", "/((a*))*b/", "/(a|a)*b/", "/(?:a{1,9}){9}/"])
def test_no_filter_that_could_take_forever_is_used(tmp_path: Path, filter_: str) -> None:
    write(tmp_path, {".obsidian/app.json": json.dumps({"userIgnoreFilters": [filter_, "/^Old.*[+*]/"]})})
    found = read_vault_settings(tmp_path)
    assert found.ignored == ("/^Old.*[+*]/",)
    assert "could take forever" in found.problems[0].what


PATHOLOGICAL = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "bench_pathological.py"))


def calls(work: Callable[[str], None], text: str) -> int:
    """Count the calls of functions that some work makes: no clock is as steady."""
    count = 0

    def see(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(see)
    try:
        work(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("work", "name", "made"),
    [
        pytest.param(PATHOLOGICAL[work], name, made, id=f"{work}, {name}")
        for work, inputs in (("note", "NOTES"), ("row", "LINES"), ("front", "YAML"))
        for name, made in PATHOLOGICAL[inputs].items()
    ],
)
def test_work_grows_no_faster_than_what_is_read(
    work: Callable[[str], None], name: str, made: Callable[[int], str]
) -> None:
    work(made(100))  # what is made once is made
    short, long = calls(work, made(3000)), calls(work, made(12000))  # of both, libyaml reads neither
    assert long < 6 * short + 2000, name


@pytest.mark.long
def test_no_hostile_input_takes_forever() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "bench_pathological.py"
    subprocess.run([sys.executable, script, "--quick"], check=True, timeout=120, capture_output=True)


def test_a_region_is_only_ours_in_a_folder_too(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path)
    vault.write("A.md", hostile_source(" ".join(ATTACKS)))
    vault.come_to_rest()
    for path, text in vault.texts().items():
        if path != "A.md":
            assert_harmless(path, text)
