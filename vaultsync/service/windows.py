"""The logon task of Windows' task scheduler, as XML (Task Scheduler schema 1.2; schtasks).

The task runs in the user's session, in a console window of its own.
"""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from vaultsync.service.unit import MARK, Query, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from vaultsync.service.unit import Unit

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def recipe(unit: Unit, folder: Path, user: str) -> Recipe:
    """Return how the task scheduler takes a service of a user; its description is kept in `folder`."""
    file = folder / f"{unit.name}.xml"
    task = ("/TN", unit.name)
    return Recipe(
        name=unit.name,
        file=file,
        content=text(unit, user),
        present=Query(("schtasks", "/Query")),
        start=(("schtasks", "/Create", *task, "/XML", str(file), "/F"), ("schtasks", "/Run", *task)),
        stop=(("schtasks", "/End", *task), ("schtasks", "/Delete", *task, "/F")),
        after=(),
        enabled=Query(("schtasks", "/Query", *task)),
        running=Query(("schtasks", "/Query", *task, "/FO", "CSV"), "Running"),
    )


def text(unit: Unit, user: str) -> bytes:
    """Return the task in UTF-16, as schtasks wants it."""
    task = ET.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    about = ET.SubElement(task, "RegistrationInfo")
    _add(about, "Description", f"vaultsync at work on {unit.vault}; {MARK}")
    trigger = ET.SubElement(ET.SubElement(task, "Triggers"), "LogonTrigger")
    _add(trigger, "Enabled", "true")
    _add(trigger, "UserId", user)
    principal = ET.SubElement(ET.SubElement(task, "Principals"), "Principal", {"id": "Author"})
    _add(principal, "UserId", user)
    _add(principal, "LogonType", "InteractiveToken")
    _add(principal, "RunLevel", "LeastPrivilege")
    settings = ET.SubElement(task, "Settings")
    _add(settings, "MultipleInstancesPolicy", "IgnoreNew")
    _add(settings, "DisallowStartIfOnBatteries", "false")
    _add(settings, "StopIfGoingOnBatteries", "false")
    _add(settings, "ExecutionTimeLimit", "PT0S")
    again = ET.SubElement(settings, "RestartOnFailure")
    _add(again, "Interval", "PT1M")
    _add(again, "Count", "255")
    action = ET.SubElement(ET.SubElement(task, "Actions", {"Context": "Author"}), "Exec")
    _add(action, "Command", unit.command[0])
    _add(action, "Arguments", subprocess.list2cmdline(unit.command[1:]))
    ET.indent(task)
    declared = f'<?xml version="1.0" encoding="UTF-16"?>\n{ET.tostring(task, encoding="unicode")}\n'
    return declared.encode("utf-16")


def _add(parent: ET.Element, tag: str, value: str) -> None:
    ET.SubElement(parent, tag).text = value
