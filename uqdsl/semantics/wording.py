"""Small pieces of the sentences of problems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def plural(count: int, what: str) -> str:
    return f"{'one' if count == 1 else 'no' if count == 0 else count} {what}{'' if count == 1 else 's'}"


def are(count: int) -> str:
    return f"{'one is' if count == 1 else 'none is' if count == 0 else f'{count} are'}"


def over(dims: Iterable[str]) -> str:
    """The dimensions of a value in a sentence that says what it is over."""
    return " and ".join(f"`{dim}`" for dim in dims) or "no dimension"


def in_brackets(dims: Sequence[str]) -> str:
    """Dimensions as they stand after `over =`."""
    return dims[0] if len(dims) == 1 else f"[{', '.join(dims)}]"
