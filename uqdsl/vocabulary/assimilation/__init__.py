"""The methods of `assimilate`: what each is called, its options with their bounds, what it assumes, where its code lives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from uqdsl.vocabulary.assimilation import ensembles, gaussian, particles, static, transports, windows
from uqdsl.vocabulary.methods import Method

METHODS = (
    *gaussian.METHODS,
    *ensembles.METHODS,
    *static.METHODS,
    *windows.METHODS,
    *particles.METHODS,
    *transports.METHODS,
)


@cache
def filters() -> Mapping[str, Method]:
    """Every method by its name."""
    return {method.name: method for method in METHODS}


ESTIMATES = frozenset({"bootstrap", "guided", "auxiliary"})
"""Methods that estimate the likelihood of parameters: at random, and without bias."""
MARGINAL = frozenset({"kalman", "extended_kalman", "unscented_kalman"}) | ESTIMATES
"""Methods that can account for states in a posterior of parameters: these, and those whose likelihood is exact, or that of a
Gaussian law of the states."""
