"""The files that `vaultsync init` leaves in a vault: a config with what was found, and a table of people for Bases."""

from __future__ import annotations

import json

import yaml

from vaultsync.config import VaultConfig

_HEAD = """\
## vaultsync's settings for this vault. Every machine that shares the vault reads this file.

## Whose vault this is: Myself and Me mean this person.
"""
_ZONE = """
## The time zone that decides what "today" is.
"""
_DEFAULTS = """
## Everything below is the default. To change a setting, take "# " off its line and off the line of the group it is in.
"""

# Obsidian's help, "Bases syntax" and "Functions"; `sort` as Obsidian itself writes it. A person has `vaultsync_person`
# where the note's own `person` says something else.
PEOPLE_BASE = """\
filters:
  and:
    - 'vaultsync == "index"'
formulas:
  person: 'file.asLink(if(vaultsync_person, vaultsync_person, person))'
  overdue: 'if(tasks_next_due, date(tasks_next_due) < today(), false)'
properties:
  formula.person:
    displayName: Person
  note.tasks_proposed:
    displayName: Proposed
  note.tasks_open:
    displayName: Open
  note.tasks_next_due:
    displayName: Next due
  formula.overdue:
    displayName: Overdue
views:
  - type: table
    name: People
    order:
      - formula.person
      - note.tasks_proposed
      - note.tasks_open
      - note.tasks_next_due
      - formula.overdue
    sort:
      - property: file.name
        direction: ASC
  - type: table
    name: Overdue
    filters:
      and:
        - 'formula.overdue == true'
    order:
      - formula.person
      - note.tasks_next_due
      - note.tasks_open
    sort:
      - property: note.tasks_next_due
        direction: ASC
"""


def config_text(owner: str | None, timezone: str | None) -> str:
    """Return the text of a config file with these two set where they are known, and all defaults as comments.

    Lines that begin with "# " hold settings, those with "##" sentences.
    """
    defaults = VaultConfig().model_dump(mode="json", exclude={"owner", "timezone"})
    lines = yaml.safe_dump(defaults, sort_keys=False, allow_unicode=True, default_flow_style=None, width=10_000)
    commented = "".join(f"# {line}\n" for line in lines.splitlines())
    return f"{_HEAD}{_setting('owner', owner)}{_ZONE}{_setting('timezone', timezone)}{_DEFAULTS}{commented}"


def _setting(key: str, value: str | None) -> str:
    if value is None:
        return f"# {key}: null\n"
    return f"{key}: {json.dumps(value, ensure_ascii=False)}\n"


def people_base_path(overview: str) -> str:
    """Return where the table of people stands: beside the overview."""
    folder, slash, _ = overview.rpartition("/")
    return f"{folder}{slash}People.base"
