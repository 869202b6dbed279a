"""vaultsync rolls an Obsidian vault's proposed tasks up into one plain note per person and keeps both ends the same."""
