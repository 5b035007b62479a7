"""The literature, as BibTeX: a file for each family of methods, and `uses.bib` for what else a spec may use.

The text of a reference of a method begins with the key of its entry: `hoffman2014: Hoffman & Gelman 2014, …`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_ENTRY = re.compile(r"^@\w+\{(?P<key>[\w:.-]+),\n.*?^\}$", re.MULTILINE | re.DOTALL)
_KEYED = re.compile(r"(?P<key>[\w.-]+): (?P<text>.+)", re.DOTALL)


@cache
def entries() -> Mapping[str, str]:
    """The text of every entry by its key, file by file; each ends with a brace at the beginning of a line."""
    found: dict[str, str] = {}
    for file in sorted(each.name for each in files(__name__).iterdir() if each.name.endswith(".bib")):
        text = (files(__name__) / file).read_text(encoding="utf-8")
        for entry in _ENTRY.finditer(text):
            found.setdefault(entry["key"], entry[0])
    return found


def split_reference(reference: str) -> tuple[str, str]:
    """The key of a reference, which is empty where it has none, and the rest of its text."""
    keyed = _KEYED.fullmatch(reference)
    return (keyed["key"], keyed["text"]) if keyed else ("", reference)


def bibtex(key: str, text: str) -> str:
    """The entry of a key; one that holds the `text` of the reference where there is none, as for methods of other packages."""
    return entries().get(key) or f"@misc{{{key},\n  note = {{{text}}}\n}}"
