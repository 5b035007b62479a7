"""The `uqdsl` command."""
