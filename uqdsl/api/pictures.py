"""Pictures, asked for by what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from uqdsl.messages import UsageError, listing
from uqdsl.messages.catalogue.usage import NoSuchPicture
from uqdsl.report import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picked(pictures: Sequence[Picture], kind: str, of: str) -> Figure:
    """The picture of a kind, drawn; where there are several of it, that of one name.

    Raises:
        UsageError: UQ730 where there is no such picture, or more than one.
    """
    found = [each for each in pictures if each.kind == kind and of in ("", each.of)]
    if len(found) != 1:
        asked, names = f"{kind}_{of}" if of else kind, [each.name for each in pictures]
        raise UsageError([NoSuchPicture(name=asked, names=listing(names, last="and"))])
    return found[0].draw()
