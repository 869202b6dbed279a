"""The index note: rendering rows, reading them back, the managed region."""
