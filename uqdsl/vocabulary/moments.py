"""Laws that have a mean and a variance which programs know, and those that have not."""

from __future__ import annotations

from collections.abc import Mapping

from uqdsl.vocabulary.distributions import DISTRIBUTIONS

_UNKNOWN = frozenset(
    {
        "Cauchy",
        "Empirical",
        "Flat",
        "FoldedNormal",
        "Gompertz",
        "HalfCauchy",
        "HalfStudentT",
        "Hurdle",
        "Jeffreys",
        "Levy",
        "LogLogistic",
        "LogitNormal",
        "Triangular",
        "VonMises",
    }
)
"""Laws without a variance, and those for whose variance programs have no formula."""
_HEAVY = {
    "InverseChiSquared": ("df", 4.0),
    "InverseGamma": ("shape", 2.0),
    "Pareto": ("shape", 2.0),
    "ScaledInverseChiSquared": ("df", 4.0),
    "StudentT": ("df", 2.0),
}
"""Laws that have a variance where a parameter is above a number."""


def lacks_variance(name: str, constants: Mapping[str, float]) -> str:
    """What a law has in the place of a variance, in words; empty where it has one.

    Arguments:
        name: of the law.
        constants: those of its parameters that are known beforehand.
    """
    law = DISTRIBUTIONS[name]
    if law.values:
        return f"`{name}`, whose draws are labels"
    if name in _UNKNOWN or (law.event and name != "MultiNormal"):
        return f"`{name}`, of which no variance is known"
    if name in _HEAVY:
        parameter, least = _HEAVY[name]
        if constants.get(parameter, least + 1) <= least:
            return f"`{name}` with {parameter} = {constants[parameter]:g}, which has no variance"
    return ""
