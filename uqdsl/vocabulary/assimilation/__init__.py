"""The methods of `assimilate`: what each is called, its options with their bounds, what it assumes, where its code lives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from uqdsl.vocabulary.assimilation import ensembles, gaussian, particles, static, transports, windows
from uqdsl.vocabulary.methods import Method

FAMILIES: Mapping[str, tuple[Method, ...]] = {
    "Kalman filters of one Gaussian law": gaussian.METHODS,
    "ensemble Kalman filters and smoothers": ensembles.METHODS,
    "covariances that do not move, and no analysis at all": static.METHODS,
    "observations of a window of time together": windows.METHODS,
    "weighted particles": particles.METHODS,
    "members that are moved to the posterior": transports.METHODS,
}
"""The methods by what they are akin to."""


@cache
def filters() -> Mapping[str, Method]:
    """Every method by its name."""
    return {method.name: method for family in FAMILIES.values() for method in family}


ESTIMATES = frozenset({"bootstrap", "guided", "auxiliary"})
"""Methods that estimate the likelihood of parameters: at random, and without bias."""
MARGINAL = frozenset({"kalman", "extended_kalman", "unscented_kalman"}) | ESTIMATES
"""Methods that can account for states in a posterior of parameters: these, and those whose likelihood is exact, or that of a
Gaussian law of the states."""
