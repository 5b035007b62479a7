"""Data: files and in-memory tables, read, checked against the spec and aligned by their labels."""

from uqdsl.data.bind import Dataset, bind

__all__ = ["Dataset", "bind"]
