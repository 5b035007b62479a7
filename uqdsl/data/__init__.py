"""Data: files and in-memory tables, read, checked against the spec and aligned by their labels."""

from uqdsl.data.bind import bind
from uqdsl.data.dataset import Dataset

__all__ = ["Dataset", "bind"]
