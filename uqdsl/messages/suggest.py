"""The "did you mean" of every message."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 60


def shortened(text: str) -> str:
    """A piece of a spec as a headline can bear it."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to a misspelt word, or None where none is near."""
    if len(word) > _LONGEST:
        return None
    by_lower = {candidate.lower(): candidate for candidate in sorted(candidates, reverse=True)}
    # One wrong letter of three leaves two thirds.
    cutoff = 0.7 if len(word) > 3 else 0.66 if len(word) == 3 else 0.9
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, candidates: Iterable[str], *, otherwise: str = "") -> str:
    """The hint for a misspelt word: the nearest candidate, or else what could stand there."""
    nearest = closest(word, candidates)
    return f"did you mean `{nearest}`?" if nearest else otherwise


def listing(words: Iterable[str], *, last: str = "or", most: int = 12) -> str:
    """Words in a sentence: `a`, `b` or `c`."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) > most:
        return ", ".join(quoted[:most]) + ", …"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}" if quoted else ""
