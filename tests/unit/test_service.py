"""What the systems are told reads back as what was meant, whatever the vault is called."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vaultsync.service import launchd, systemd, windows
from vaultsync.service.unit import MARK, ServiceError, Unit
from vaultsync.storage.folder import state_folder

if TYPE_CHECKING:
    from pathlib import Path

NASTY = """/srv/a  b/%h %%i $HOME ${X} "q" 'p' \\ \\x41 \\" ; é 日本 #;\\"""
paths = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029\ufffe\uffff"), min_size=1
).map(lambda name: f"/{name}")


def unit(vault: str, python: str = "/opt/my python/bin/python") -> Unit:
    command = (python, "-P", "-m", "vaultsync", "run", vault, "--state-dir", f"{vault}/state")
    return Unit(vault, "Notes-0123456789ab", command)


def systemd_words(line: str) -> list[str]:
    """Read a command line as systemd.syntax(7) and systemd.service(5) say: quotes, C escapes, then specifiers."""
    words: list[str] = []
    at = 0
    while match := re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"\\]+))(?=\s|\Z)').match(line, at):
        quoted, bare = match.groups()
        words.append(bare if quoted is None else re.sub(r'\\([\\"])', r"\1", quoted))
        at = match.end()
    assert not line[at:].strip(), f"left over: {line[at:]}"
    for word in words:
        assert "%" not in word.replace("%%", ""), "a specifier"
    return [word.replace("%%", "%") for word in words]


def windows_words(line: str) -> list[str]:
    """Read a command line as CommandLineToArgvW does: backslashes count only before a quote."""
    words, word, inside, started, at = [], "", False, False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        after = line[at + slashes : at + slashes + 1]
        if slashes and after == '"':
            word, started = word + "\\" * (slashes // 2) + ('"' if slashes % 2 else ""), True
            at += slashes + slashes % 2
        elif slashes:
            word, started, at = word + "\\" * slashes, True, at + slashes
        elif after == '"':
            inside, started, at = not inside, True, at + 1
        elif after in " \t" and not inside:
            words += [word] if started else []
            word, started, at = "", False, at + 1
        else:
            word, started, at = word + after, True, at + 1
    return words + ([word] if started else [])


def of_section(text: str, key: str) -> str:
    (found,) = re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)
    return str(found)


@given(paths, paths)
@example(NASTY, NASTY)
@example("/ends\\", "/p")
def test_systemd_reads_the_command_back(vault: str, python: str) -> None:
    text = systemd.text(unit(vault, python), None)
    first, *others = systemd_words(of_section(text, "ExecStart"))
    assert first == f":{python}", "marked, so that $ stands for itself"
    assert tuple(others) == unit(vault, python).command[1:]
    assert systemd_words(of_section(text, "ExecStartPre")) == [":test", "-d", vault]
    assert not any(line.endswith("\\") for line in text.split("\n")), "no line joins the next"


@given(paths, paths)
@example(NASTY, NASTY)
def test_launchd_reads_the_command_back(vault: str, python: str) -> None:
    assert (
        tuple(plistlib.loads(launchd.text(unit(vault, python), "/log"))["ProgramArguments"])
        == unit(vault, python).command
    )


@given(paths, paths)
@example(NASTY, NASTY)
@example("/ends \\", "/p")
def test_the_task_scheduler_reads_the_command_back(vault: str, python: str) -> None:
    task = ET.fromstring(windows.text(unit(vault, python), "ines"))  # noqa: S314 - our own text
    (action,) = task.iter(f"{{{windows.NAMESPACE}}}Exec")
    command, arguments = (each.text or "" for each in action)
    assert (command, *windows_words(arguments)) == unit(vault, python).command


@pytest.mark.parametrize("vault", ["/a\nExecStart=/bin/rm", "/a\x00", "/a\x1b[2J", "/a\udcff", "/a\u2028b"])
def test_a_name_that_no_format_can_say_is_refused(vault: str) -> None:
    with pytest.raises(ServiceError, match="control character"):
        unit(vault)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Notes", "Notes"), ("My  notes (old)", "My-notes-old"), ("Überblick", "berblick"), ("日", "vault")],
)
def test_a_service_is_named_in_ascii_after_the_vault_and_its_place(tmp_path: Path, name: str, expected: str) -> None:
    names = set()
    for parent in ("a", "b"):
        (root := tmp_path / parent / name).mkdir(parents=True)
        folder = state_folder(tmp_path, root).name
        names.add(Unit(str(root), folder, ("python",)).name)
    assert len(names) == 2
    assert all(re.fullmatch(rf"vaultsync-{expected}-[0-9a-f]{{12}}", each) for each in names)


def test_a_mistake_or_a_lock_is_not_tried_again_but_a_missing_vault_is() -> None:
    text = systemd.text(unit("/v"), None)
    assert of_section(text, "Restart") == "on-failure"
    assert of_section(text, "RestartPreventExitStatus").split() == ["2", "5"]
    assert of_section(text, "StartLimitIntervalSec") == "0"


@pytest.mark.parametrize(("version", "grows"), [(252, False), (253, False), (254, True), (None, True)])
def test_delays_grow_where_systemd_knows_how(version: int | None, *, grows: bool) -> None:
    text = systemd.text(unit("/v"), version)
    assert ("RestartMaxDelaySec=" in text, "RestartSteps=" in text) == (grows, grows)


def test_each_file_bears_the_mark_by_which_it_is_known_as_ours() -> None:
    assert MARK in systemd.text(unit("/v"), None)
    assert MARK in launchd.text(unit("/v"), "/log").decode()
    assert MARK in windows.text(unit("/v"), "ines").decode("utf-16")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze isn't installed")
@pytest.mark.parametrize("vault", ["/srv/Notes", NASTY], ids=["a plain vault", "a vault with a nasty name"])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, vault: str) -> None:
    told = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    made = systemd.recipe(unit(vault, sys.executable), tmp_path, int(told.split()[1]))
    made.file.write_bytes(made.content)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", made.file],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("plutil") is None, reason="plutil isn't installed (it is part of macOS)")
def test_plutil_finds_nothing_wrong_with_the_agent(tmp_path: Path) -> None:
    file = tmp_path / "agent.plist"
    file.write_bytes(launchd.text(unit(NASTY), "/log"))
    subprocess.run(["plutil", "-lint", file], check=True)
