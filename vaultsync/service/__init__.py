"""The daemon as a service of the user's session: the text that each system wants, and what puts it to work."""
