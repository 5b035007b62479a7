"""The distributions: one table that declares each with its parameters, supports, event dimensions and NumPyro name.

Parameters have the names of the literature. An alternative (`variance` for `sd`) is rewritten to the standard parameter
when names are resolved, so that every later room sees one form.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from uqdsl.vocabulary.supports import (
    BINARY,
    COUNT,
    NONNEGATIVE,
    OPEN_UNIT,
    POSITIVE,
    REAL,
    UNIT,
    Support,
)


class Parameter(NamedTuple):
    """A parameter of a distribution; `event` is how many of the event's dimensions it ranges over."""

    name: str
    support: Support
    default: float | None = None
    event: int = 0


class Alternative(NamedTuple):
    """Another way to state the parameter `of`.

    `formula` turns it into that one: `sqrt`, `reciprocal`, `inverse sqrt`; or `numpyro` is a constructor that takes it
    as it is.
    """

    name: str
    of: str
    support: Support
    formula: str = ""
    numpyro: str = ""


@dataclass(frozen=True)
class Distribution:
    """A family of laws.

    `event` is the number of dimensions that one draw is joint over; `bounds` names the parameters that are the ends of
    the support, where they are; `location_scale` names the two parameters that shift and scale it, and `truncates` says that
    `truncated(a, b)` is possible, which takes a quantile function that JAX has.
    `numpyro` is the constructor, with the parameters by name. A law that is not `normalised` is a density up to a factor that
    may depend on its parameters: it has no sampler, and may have infinite ends.
    """

    name: str
    parameters: tuple[Parameter, ...]
    support: Support
    numpyro: str
    summary: str
    alternatives: tuple[Alternative, ...] = ()
    event: int = 0
    bounds: tuple[str, str] | None = None
    normalised: bool = True
    location_scale: tuple[str, str] | None = None
    truncates: bool = False

    @property
    def discrete(self) -> bool:
        """Whether the values are whole numbers."""
        return self.support.integer

    @property
    def required(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.default is None)

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def alternative(self, name: str) -> Alternative | None:
        return next((alternative for alternative in self.alternatives if alternative.name == name), None)

    def signature(self) -> str:
        """How the law is written: `Normal(mean, sd)`."""
        shown = (p.name if p.default is None else f"{p.name} = {p.default:g}" for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"


_SD = (
    Alternative("variance", "sd", POSITIVE, "sqrt"),
    Alternative("precision", "sd", POSITIVE, "inverse sqrt"),
)
_RATE = (Alternative("scale", "rate", POSITIVE, "reciprocal"),)


def _logits(numpyro: str) -> tuple[Alternative, ...]:
    return (Alternative("logits", "probability", REAL, numpyro=numpyro),)


def _location_scale(name: str, numpyro: str, summary: str) -> Distribution:
    return Distribution(
        name,
        (Parameter("location", REAL), Parameter("scale", POSITIVE)),
        REAL,
        numpyro,
        summary,
        location_scale=("location", "scale"),
        truncates=name != "Gumbel",
    )


_TABLE = (
    # the real line ------------------------------------------------------------------------------------------------
    Distribution(
        "Normal",
        (Parameter("mean", REAL), Parameter("sd", POSITIVE)),
        REAL,
        "dist.Normal({mean}, {sd})",
        "exp(-(x - mean)^2 / (2 sd^2)) / (sd sqrt(2 pi))",
        alternatives=_SD,
        location_scale=("mean", "sd"),
        truncates=True,
    ),
    Distribution(
        "StudentT",
        (Parameter("df", POSITIVE), Parameter("location", REAL, 0.0), Parameter("scale", POSITIVE, 1.0)),
        REAL,
        "dist.StudentT({df}, {location}, {scale})",
        "proportional to (1 + ((x - location) / scale)^2 / df)^(-(df + 1) / 2) / scale",
        location_scale=("location", "scale"),
    ),
    _location_scale("Cauchy", "dist.Cauchy({location}, {scale})", "1 / (pi scale (1 + ((x - location) / scale)^2))"),
    _location_scale("Laplace", "dist.Laplace({location}, {scale})", "exp(-|x - location| / scale) / (2 scale)"),
    _location_scale(
        "Logistic", "dist.Logistic({location}, {scale})", "with z = (x - location) / scale: exp(-z) / (scale (1 + exp(-z))^2)"
    ),
    _location_scale(
        "Gumbel", "dist.Gumbel({location}, {scale})", "with z = (x - location) / scale: exp(-(z + exp(-z))) / scale"
    ),
    # positive numbers ---------------------------------------------------------------------------------------------
    Distribution(
        "HalfNormal", (Parameter("scale", POSITIVE, 1.0),), NONNEGATIVE, "dist.HalfNormal({scale})",
        "a Normal(0, scale) restricted to x >= 0",
    ),
    Distribution(
        "HalfCauchy", (Parameter("scale", POSITIVE, 1.0),), NONNEGATIVE, "dist.HalfCauchy({scale})",
        "a Cauchy(0, scale) restricted to x >= 0",
    ),
    Distribution(
        "HalfStudentT",
        (Parameter("df", POSITIVE), Parameter("scale", POSITIVE, 1.0)),
        NONNEGATIVE,
        "dist.FoldedDistribution(dist.StudentT({df}, 0.0, {scale}))",
        "a StudentT(df, 0, scale) restricted to x >= 0",
    ),
    Distribution(
        "Exponential", (Parameter("rate", POSITIVE),), NONNEGATIVE, "dist.Exponential({rate})",
        "rate exp(-rate x)", alternatives=_RATE,
    ),
    Distribution(
        "Gamma",
        (Parameter("shape", POSITIVE), Parameter("rate", POSITIVE)),
        POSITIVE,
        "dist.Gamma({shape}, {rate})",
        "proportional to x^(shape - 1) exp(-rate x)",
        alternatives=_RATE,
    ),
    Distribution(
        "InverseGamma",
        (Parameter("shape", POSITIVE), Parameter("scale", POSITIVE)),
        POSITIVE,
        "dist.InverseGamma({shape}, {scale})",
        "proportional to x^(-shape - 1) exp(-scale / x)",
    ),
    Distribution(
        "LogNormal",
        (Parameter("location", REAL), Parameter("scale", POSITIVE)),
        POSITIVE,
        "dist.LogNormal({location}, {scale})",
        "log x is Normal(location, scale)",
    ),
    Distribution(
        "Weibull",
        (Parameter("shape", POSITIVE), Parameter("scale", POSITIVE)),
        NONNEGATIVE,
        "dist.Weibull({scale}, {shape})",
        "proportional to x^(shape - 1) exp(-(x / scale)^shape)",
    ),
    Distribution(
        "ChiSquared", (Parameter("df", POSITIVE),), POSITIVE, "dist.Chi2({df})",
        "proportional to x^(df / 2 - 1) exp(-x / 2)",
    ),
    Distribution(
        "Pareto",
        (Parameter("minimum", POSITIVE), Parameter("shape", POSITIVE)),
        POSITIVE,
        "dist.Pareto({minimum}, {shape})",
        "proportional to x^(-shape - 1) for x >= minimum",
    ),
    # intervals ----------------------------------------------------------------------------------------------------
    Distribution(
        "Uniform",
        (Parameter("lower", REAL), Parameter("upper", REAL)),
        REAL,
        "dist.Uniform({lower}, {upper})",
        "1 / (upper - lower) for lower <= x <= upper",
        bounds=("lower", "upper"),
    ),
    Distribution(
        "Flat",
        (Parameter("lower", REAL, -inf), Parameter("upper", REAL, inf)),
        REAL,
        "dist.ImproperUniform({support}, (), ())",
        "1 for lower <= x <= upper, not normalised; the ends may be unknowns, or infinite",
        bounds=("lower", "upper"),
        normalised=False,
    ),
    Distribution(
        "Beta",
        (Parameter("alpha", POSITIVE), Parameter("beta", POSITIVE)),
        UNIT,
        "dist.Beta({alpha}, {beta})",
        "proportional to x^(alpha - 1) (1 - x)^(beta - 1)",
    ),
    # whole numbers ------------------------------------------------------------------------------------------------
    Distribution(
        "Bernoulli", (Parameter("probability", UNIT),), BINARY, "dist.Bernoulli({probability})",
        "probability for x = 1, else 1 - probability", alternatives=_logits("dist.Bernoulli(logits={logits})"),
    ),
    Distribution(
        "Binomial",
        (Parameter("trials", COUNT), Parameter("probability", UNIT)),
        COUNT,
        "dist.Binomial({trials}, {probability})",
        "proportional to probability^x (1 - probability)^(trials - x)",
        alternatives=_logits("dist.Binomial({trials}, logits={logits})"),
    ),
    Distribution(
        "Poisson", (Parameter("rate", NONNEGATIVE),), COUNT, "dist.Poisson({rate})",
        "rate^x exp(-rate) / x!",
    ),
    Distribution(
        "NegativeBinomial",
        (Parameter("mean", POSITIVE), Parameter("concentration", POSITIVE)),
        COUNT,
        "dist.NegativeBinomial2({mean}, {concentration})",
        "a Poisson whose rate is Gamma with that mean; variance mean + mean^2 / concentration",
    ),
    Distribution(
        "Geometric", (Parameter("probability", OPEN_UNIT),), COUNT, "dist.Geometric({probability})",
        "probability (1 - probability)^x, the failures before the first success",
        alternatives=_logits("dist.Geometric(logits={logits})"),
    ),
    # joint over a dimension ---------------------------------------------------------------------------------------
    Distribution(
        "Dirichlet",
        (Parameter("concentration", POSITIVE, event=1),),
        UNIT,
        "dist.Dirichlet({concentration})",
        "proportional to the product over the event of x^(concentration - 1), on the simplex sum(x) = 1",
        event=1,
    ),
)  # fmt: skip

DISTRIBUTIONS: dict[str, Distribution] = {each.name: each for each in _TABLE}
"""Every distribution by its name."""

PLANNED = frozenset(
    {
        "Jeffreys", "Mixture", "Categorical", "OrderedLogistic", "Multinomial", "MultiNormal", "MultiStudentT",
        "GaussianProcess", "LKJ", "Wishart", "Horseshoe", "ZeroInflated", "Hurdle", "VonMises", "Empirical", "Flow",
    }
)  # fmt: skip
"""Distributions of the language that this version cannot run."""

__all__ = ["DISTRIBUTIONS", "PLANNED", "Alternative", "Distribution", "Parameter"]
