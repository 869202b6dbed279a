"""The disk: vault files, the state, the lock, the watcher."""
