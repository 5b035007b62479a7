"""The parts of a problem's page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from uqdsl.driver.include import link
from uqdsl.driver.source import Source
from uqdsl.messages import Severity
from uqdsl.messages.pages import page
from uqdsl.semantics import analyse
from uqdsl.semantics.constants import Value

AT_RUN_TIME = {"UQ601", "UQ602", "UQ603", "UQ604", "UQ605", "UQ611"}
"""Problems that a spec and its data cause, but that only a run can find."""

OF_PYTHON = {"UQ510", "UQ511", "UQ512", "UQ513"}
"""Problems of a function of Python, that show when its module runs."""


class Block(NamedTuple):
    """A block of a page: its language, the name of the file that it shows, and the text."""

    language: str
    file: str
    text: str


def blocks(code: str, section: str) -> list[Block]:
    """The blocks under a heading of a page."""
    _, _, rest = page(code).partition(f"\n## {section}\n")
    found = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", rest.split("\n## ")[0], re.MULTILINE | re.DOTALL)
    return [Block(*each) for each in found]


def settings_of(shown: list[Block]) -> dict[str, Value]:
    """What the commands of a section set."""
    given = re.findall(r"--set (\w+)=(\S+)", "".join(each.text for each in shown if each.language == "sh"))
    return {name: float(value) for name, value in given}


def problems_of_spec(shown: list[Block], code: str, folder: Path) -> list[str]:
    """The codes of the problems of the one spec in a section; notes are none, but for the one of that code.

    Blocks with a name are files that it includes.
    """
    (spec,) = (each.text for each in shown if each.language == "uq" and not each.file)
    for each in shown:
        if each.language == "uq" and each.file:
            (folder / each.file).write_text(each.text, encoding="utf-8")
    problems = analyse(link(Source("model.uq", spec, folder)).parsed, settings_of(shown)).problems
    return [each.code for each in problems if each.severity is not Severity.NOTE or each.code == code]
