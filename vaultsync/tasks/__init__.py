"""The task line: its fields, statuses, dates, recurrence and people, as Obsidian Tasks means them."""
