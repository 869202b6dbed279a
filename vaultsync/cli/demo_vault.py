"""Holds the example vault of `vaultsync demo`: a small museum puts its lighthouse back to work.

Writing it, and showing what a cycle makes of it, is left to the command.
"""

from __future__ import annotations

import datetime as dt
import json
import re

OWNER = "Ines Halloran"

# A day is written as its distance from today: {-6} is six days ago.
_DAY = re.compile(r"\{([+-][0-9]+)\}")

_NOTES = {
    "Start here.md": """\
# Start here

The harbour museum opens its lighthouse again, and a machine writes down what is said in the meetings. Each of its
notes ends in proposals. Nobody has looked at them yet: they wait in a list for each person, in the folder *Tasks*.

Tap a box there, or change a date, and run `vaultsync reconcile`. Then look at the note that it came from.
""",
    "Meetings/{-6} - Lamp room kick-off.md": """\
---
type: meeting
title: "Lamp room kick-off"
date: {-6}
participants: ["Ines Halloran", "Tobias Wren", "Priya Castellan", "Olek Brandt"]
tags: [type/meeting]
---

# Lamp room kick-off

## Summary

The lens is sound and the clockwork isn't. Tobias wants to turn it by hand until the part comes; Priya would rather not
be the hand. We open on {+18}, whatever turns.

## Action items

- [?] Ask the foundry what the worm gear costs, in bronze and in steel. @Tobias Wren 📅 {-1} ⏫ #task #proposed #auto

- [?] Photograph every pane of the lens before anybody cleans it. @Priya Castellan 📅 {+2} #task #proposed #auto

- [?] Find out who still holds a key to the gallery door. @Myself 📅 {+1} #task #proposed #auto

- [?] Write the notice for the ferry about the test lighting. @Myself 📅 {+4} ⏫ #task #proposed #auto

- [?] Count the steps again, since the leaflet says 143 and the guide says 141. @Olek Brandt #task #proposed #auto

## Decisions

- No cleaning before the photographs are safe.
""",
    "Meetings/{-6} - Lens, gear and ferry notice.md": """\
---
type: meeting
title: "Lens, gear and ferry notice"
date: {-6}
participants: ["Ines Halloran", "Tobias Wren", "Priya Castellan", "Olek Brandt"]
---

# Lens, gear and ferry notice

*The same recording as [[{-6} - Lamp room kick-off]]: the machine listened twice.*

## Action items

- [?] Ask the foundry what the worm gear costs in bronze and steel @Tobias Wren 📅 {-1} #task #proposed #auto
- [?] Write a notice for the ferry about the test lighting. @Myself 📅 {+4} #task #proposed #auto
- [?] Order two spare mantles for the emergency lamp. @Tobias Wren 📅 {+9} 🔽 #task #proposed #auto
""",
    "Meetings/{-3} - 1-1 with Tobias.md": """\
---
type: people
title: "1-1 with Tobias"
date: {-3}
person: "Tobias Wren"
participants: ["Ines Halloran", "Tobias Wren"]
---

# 1-1 with Tobias

He would like a Saturday off before the opening, and a dry pair of boots.

## Action items

- [?] Swap the Saturday shift on {+12} with Olek. @Myself 📅 {+3} #task #proposed #auto
- [?] Oil the hinges of the shutters on the sea side. @Toby 📅 {+5} #task #proposed #auto
- [ ] Order boots, size 44. @Myself 📅 {+1} ⏫ #task
- [/] Draw the missing gear from the worn one. @Toby #task
- [R] Paint the rail red. @Toby ❌ {-2} #task
""",
    "Meetings/{-1} - Opening weekend.md": """\
---
type: meeting
title: "Opening weekend"
date: {-1}
participants: ["Ines Halloran", "Mona Fairweather", "Priya Castellan"]
---

# Opening weekend

Mona brings the brass band if it can play indoors. It can't, so we need a tent.

> [!todo] Action items
> - [?] Reserve the large tent for the weekend of {+18}. @Mona Fairweather 📅 {+2} ⏫ #task #proposed #auto
> - [?] Ask the bakery for three hundred lighthouse biscuits. @Mona Fairweather 📅 {+7} #task #proposed #auto

Priya reads from her list:

> - [?] Borrow the ship's bell from the pilots' office. @Priya Castellan 📅 {+10} #task #proposed #auto

- Invitations
    - [ ] Print the cards. @Priya Castellan 📅 {+3} #task
        - [?] Check how the mayor spells her name this year. @Priya Castellan #task #proposed #auto
    - [x] Settle the guest list. @Myself #task ✅ {-1}

## Who pays

- [?] Send the sponsors a drawing of the plaque. 📅 {+6} @[[Mona Fairweather]] #task #proposed #auto
- [?] Decide what to do with the money from the wishing well. @TBD #task #proposed #auto
""",
    "Meetings/{-9} - Budget call.md": """\
---
type: meeting
title: "Budget call"
date: {-9}
participants: ["Ines Halloran", "Olek Brandt"]
---

# Budget call

Olek types on an old machine, so this note has the line ends of one.

## Action items

- [?] Split the insurance bill into building and lens. @Olek Brandt 📅 {-4} ⏫ #task #proposed #auto
- [?] Tell the council that the grant covers no biscuits. @Myself 📅 {+8} #task #proposed #auto
- [x] Find the receipt for the rope. @Olek Brandt #task ✅ {-3}
""",
    "Meetings/{-12} - Tide tables.md": """\
---
type: meeting
title: "Tide tables"
date: {-12}
participants: ["Ines Halloran", "Priya Castellan"]
---

# Tide tables

An export turned the signs in this note into letters. `vaultsync doctor` finds them, and `--fix` turns them back.

## Action items

- [?] Copy the tide tables of the next quarter to the board. @Priya Castellan \uf8ffüìÖ {+14} ‚è´ #task #proposed #auto
- [?] Mark the two spring tides on which the causeway is closed. @Myself \uf8ffüìÖ {+13} #task #proposed #auto
""",
    "Projects/Lamp restoration.md": """\
---
type: project
title: "Lamp restoration"
date: {-30}
---

# Lamp restoration

| part | state | who |
| --- | --- | --- |
| lens | sound, dusty | [[Priya Castellan]] |
| clockwork | a gear is missing | [[Tobias Wren]] |
| emergency lamp | works if asked kindly | [[Tobias Wren]] |

- [ ] Wind the clockwork and write down how long it runs. @Tobias Wren #task 🔁 every week 📅 {+2}
- [ ] Borrow the long ladder from the fire brigade. @Myself #task ⏫ 📅 {-2}
- [x] Measure the turning table. @Tobias Wren #task ✅ {-5}
- [-] Buy a motor. #task ❌ {-8}
""",
    "Projects/How we write tasks.md": """\
---
type: reference
title: "How we write tasks"
---

# How we write tasks

A name, a day, and no more than one verb:

```markdown
- [?] Polish the brass. @Somebody 📅 {+1} #task #proposed #auto
- [ ] Polish the brass. @Somebody 📅 {+1} #task
```

%%
- [ ] say something here about priorities
%%

Lines in a code block or a comment are no tasks, and stay as they are.
""",
    "Daily/{-1}.md": """\
# {-1}

- [x] Let the glazier in. ✅ {-1}
- [x] Water the fern in the ticket office. ✅ {-1}
- [ ] Look for the second oil can. 📅 {+0}

Fog until eleven. A school class counted the steps: 142.
""",
    "Daily/{+0}.md": """\
# {+0}

- [ ] Answer the lady who was born in the keeper's house. @Myself 📅 {+1}
- [ ] Lend Toby the torch, and get it back.
""",
    "People/Tobias Wren.md": """\
---
type: person
aliases: [Toby]
---

# Tobias Wren

Keeps the clockwork, and time. Don't ring before nine: he is up the tower and has both hands full.
""",
    "People/Priya Castellan.md": """\
---
type: person
aliases: ["Priya"]
---

# Priya Castellan

Collections. Has a list for it, whatever it is.
""",
    "People/Mona Fairweather.md": """\
---
type: person
---

# Mona Fairweather

Events, and the brass band. Knows everybody who owns a tent.
""",
}

_CRLF = "Meetings/{-9} - Budget call.md"

_APP = {"alwaysUpdateLinks": True, "newLinkFormat": "shortest"}


def _status(symbol: str, name: str, following: str, kind: str) -> dict[str, str | bool]:
    return {"symbol": symbol, "name": name, "nextStatusSymbol": following, "availableAsCommand": True, "type": kind}


# A tap on [?] accepts: without the entry, Obsidian Tasks would take it for an unknown status and complete the task.
_TASKS_PLUGIN = {
    "statusSettings": {
        "coreStatuses": [_status(" ", "Todo", "x", "TODO"), _status("x", "Done", " ", "DONE")],
        "customStatuses": [
            _status("/", "In Progress", "x", "IN_PROGRESS"),
            _status("-", "Cancelled", " ", "CANCELLED"),
            _status("?", "Proposed", " ", "TODO"),
            _status("R", "Rejected", " ", "CANCELLED"),
        ],
    },
}


def files(today: dt.date) -> dict[str, bytes]:
    """Give the files of the example vault by their paths, relative to the vault and with "/".

    All dates, also those in names, lie around `today`. The same day gives the same bytes.
    """

    def dated(text: str) -> str:
        return _DAY.sub(lambda found: (today + dt.timedelta(days=int(found[1]))).isoformat(), text)

    notes = {
        dated(path): dated(text.replace("\n", "\r\n") if path == _CRLF else text).encode()
        for path, text in _NOTES.items()
    }
    return notes | {
        ".obsidian/app.json": _json(_APP),
        ".obsidian/plugins/obsidian-tasks-plugin/data.json": _json(_TASKS_PLUGIN),
        ".vaultsync/config.yaml": f"owner: {OWNER}\ntimezone: UTC\n".encode(),
    }


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()
