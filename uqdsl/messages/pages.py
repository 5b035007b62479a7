"""The page of each problem: why it is one, what fails, and what is mended."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from uqdsl.messages.catalogue.help import UnknownCode
from uqdsl.messages.failure import UsageError
from uqdsl.messages.suggest import did_you_mean, shortened


def page(code: str) -> str:
    """The page of a problem, as Markdown.

    Args:
        code: as it stands in a message, `UQ214`; `uq214` and `214` will do.

    Raises:
        UsageError: UQ790 for a code that no problem has.
    """
    wanted = code.strip().upper()
    wanted = f"UQ{wanted}" if wanted.isdigit() else wanted
    if wanted not in codes():
        raise UsageError([UnknownCode(given=shortened(code.strip()), hint=did_you_mean(wanted, codes()))])
    return (_folder() / f"{wanted}.md").read_text(encoding="utf-8")


@cache
def codes() -> tuple[str, ...]:
    """The codes of all problems that have a page, in order."""
    return tuple(sorted(path.stem for path in _folder().glob("UQ*.md")))


def _folder() -> Path:
    """`docs/problems`, from the installed package or, in an editable install, from the top of the project."""
    package = Path(__file__).parents[1]
    shipped = package / "docs" / "problems"
    return shipped if shipped.is_dir() else package.parent / "docs" / "problems"
