"""Every law of single numbers with parameters, and what scipy, or the closed form, says of it there.

A law that stands in the table of the language and not here fails `test_every_law_has_a_reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from scipy import special, stats

from uqdsl import runtime
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

type Array = np.ndarray
type Density = Callable[[Array], Array]


class Reference(NamedTuple):
    """A law with parameters, by their standard names.

    - log_density: by x.
    - cdf: by x.
    - points: inside the support, from the far left to the far right.
    """

    given: Mapping[str, float]
    log_density: Density
    cdf: Density
    points: Array


WORLD: dict[str, Any] = {"dist": dist, "jnp": jnp, **{name: getattr(runtime, name) for name in runtime.__all__}}
"""What a constructor may name."""


def made(name: str, parameters: Mapping[str, Any]) -> Any:
    """The law of the program, from its parameters: the standard ones, or those of some forms."""
    shown = {each: f"given[{each!r}]" for each in parameters}
    return eval(DISTRIBUTIONS[name].constructor(shown), {**WORLD, "given": parameters})


REAL = np.array([-1e6, -300.0, -40.0, -8.0, -1.0, -1e-3, 0.0, 0.3, 2.0, 9.0, 50.0, 700.0, 1e6])
POSITIVE = np.array([1e-9, 1e-4, 0.1, 0.7, 1.0, 3.0, 20.0, 100.0])
FAR = np.array([*POSITIVE, 1e5])
UNIT = np.array([1e-14, 1e-5, 0.1, 0.3, 0.5, 0.9, 1 - 1e-6, 1 - 1e-12])
COUNTS = np.array([0, 1, 2, 5, 30, 500, 20_000])
TRIALS = np.array([0, 1, 2, 5, 29, 30])


def _of(law: Any, points: Array, **given: float) -> Reference:
    """A reference from a law of scipy."""
    return Reference(given, getattr(law, "logpmf", None) or law.logpdf, law.cdf, points)


def _skew_normal(location: float, scale: float, slant: float) -> Reference:
    def log_density(x: Array) -> Array:
        z = (x - location) / scale
        return np.log(2 / scale) + stats.norm.logpdf(z) + special.log_ndtr(slant * z)

    cdf = stats.skewnorm(slant, location, scale).cdf
    return Reference({"location": location, "scale": scale, "slant": slant}, log_density, cdf, REAL)


def _ex_gaussian(location: float, scale: float, rate: float) -> Reference:
    def log_density(x: Array) -> Array:
        z = (x - location) / scale
        w = (rate * scale - z) / np.sqrt(2)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            left = np.log(rate / 2) - 0.5 * z**2 + np.log(special.erfcx(w))
            right = np.log(rate) + rate * scale * (0.5 * rate * scale - z) + special.log_ndtr(-w * np.sqrt(2))
        return np.where(w > 0, left, right)

    cdf = stats.exponnorm(1 / (scale * rate), location, scale).cdf
    return Reference({"location": location, "scale": scale, "rate": rate}, log_density, cdf, REAL)


def _inverse_gaussian(mean: float, shape: float) -> Reference:
    def log_density(x: Array) -> Array:
        return 0.5 * np.log(shape / (2 * np.pi * x**3)) - shape * (x - mean) ** 2 / (2 * mean**2 * x)

    return Reference({"mean": mean, "shape": shape}, log_density, stats.invgauss(mean / shape, 0, shape).cdf, FAR)


def _gompertz(shape: float, rate: float) -> Reference:
    def log_density(x: Array) -> Array:
        return np.log(shape * rate) + rate * x - shape * np.expm1(rate * x)

    points = POSITIVE[:-1]
    return Reference({"shape": shape, "rate": rate}, log_density, stats.gompertz(shape, 0, 1 / rate).cdf, points)


def _kumaraswamy(alpha: float, beta: float) -> Reference:
    def log_density(x: Array) -> Array:
        log_x = np.log(x)
        return np.log(alpha * beta) + (alpha - 1) * log_x + (beta - 1) * np.log(-np.expm1(alpha * log_x))

    return Reference({"alpha": alpha, "beta": beta}, log_density, lambda x: 1 - (1 - x**alpha) ** beta, UNIT)


def _logit_normal(location: float, scale: float) -> Reference:
    law = stats.norm(location, scale)
    return Reference(
        {"location": location, "scale": scale},
        lambda x: law.logpdf(special.logit(x)) - np.log(x) - np.log1p(-x),
        lambda x: law.cdf(special.logit(x)),
        UNIT,
    )


def _von_mises(location: float, concentration: float) -> Reference:
    law = stats.vonmises(concentration, location)
    points = np.linspace(-3.1, 3.1, 9)
    given = {"location": location, "concentration": concentration}
    return Reference(given, law.logpdf, lambda x: law.cdf(x) - law.cdf(-np.pi), points)


def _negative_binomial(mean: float, concentration: float) -> Any:
    return stats.nbinom(concentration, concentration / (concentration + mean))


def _inflated(law: Any, zero: float, **given: float) -> Reference:
    def log_density(x: Array) -> Array:
        inner = np.log1p(-zero) + law.logpmf(x)
        return np.where(x == 0, np.logaddexp(np.log(zero), inner), inner)

    return Reference({**given, "zero": zero}, log_density, lambda x: zero * (x >= 0) + (1 - zero) * law.cdf(x), COUNTS)


REFERENCES: dict[str, tuple[Reference, ...]] = {
    "Normal": tuple(_of(stats.norm(m, s), REAL, mean=m, sd=s) for m, s in ((0.0, 1.0), (1.0, 2.0), (-3.0, 1e-3))),
    "StudentT": tuple(
        _of(stats.t(df, 1.0, 2.0), REAL, df=df, location=1.0, scale=2.0) for df in (0.3, 1.0, 4.0, 100.0)
    ),
    "Cauchy": (_of(stats.cauchy(1.0, 2.0), REAL, location=1.0, scale=2.0),),
    "Laplace": (
        Reference(
            {"location": 1.0, "scale": 2.0},
            lambda x: -np.log(4.0) - np.abs(x - 1.0) / 2.0,
            stats.laplace(1.0, 2.0).cdf,
            REAL,
        ),
    ),
    "AsymmetricLaplace": tuple(
        _of(stats.laplace_asymmetric(k, 1.0, 2.0), REAL, location=1.0, scale=2.0, asymmetry=k) for k in (0.2, 1.7)
    ),
    "Logistic": (_of(stats.logistic(1.0, 2.0), REAL, location=1.0, scale=2.0),),
    "HyperbolicSecant": (_of(stats.hypsecant(1.0, 2.0), REAL[1:-1], location=1.0, scale=2.0),),
    "Gumbel": (_of(stats.gumbel_r(1.0, 2.0), REAL[1:], location=1.0, scale=2.0),),
    "SkewNormal": (_skew_normal(1.0, 2.0, 3.0), _skew_normal(0.0, 1.0, -0.5), _skew_normal(0.0, 1.0, 40.0)),
    "ExGaussian": (_ex_gaussian(1.0, 2.0, 0.3), _ex_gaussian(0.0, 1.0, 5.0), _ex_gaussian(0.0, 0.05, 0.5)),
    "HalfNormal": (_of(stats.halfnorm(0, 2.0), FAR, scale=2.0),),
    "HalfCauchy": (_of(stats.halfcauchy(0, 2.0), FAR, scale=2.0),),
    "HalfStudentT": (
        Reference(
            {"df": 3.0, "scale": 2.0},
            lambda x: np.log(2) + stats.t(3.0, 0, 2.0).logpdf(x),
            lambda x: 2 * stats.t(3.0, 0, 2.0).cdf(x) - 1,
            FAR,
        ),
    ),
    "FoldedNormal": (
        Reference(
            {"location": 3.0, "scale": 2.0},
            lambda x: np.logaddexp(stats.norm(3.0, 2.0).logpdf(x), stats.norm(-3.0, 2.0).logpdf(x)),
            stats.foldnorm(1.5, 0, 2.0).cdf,
            POSITIVE,
        ),
    ),
    "Exponential": (_of(stats.expon(0, 0.5), FAR, rate=2.0),),
    "Gamma": tuple(_of(stats.gamma(a, 0, 0.5), FAR, shape=a, rate=2.0) for a in (0.1, 1.0, 3.0, 1e3)),
    "InverseGamma": tuple(_of(stats.invgamma(a, 0, 2.0), FAR, shape=a, scale=2.0) for a in (0.1, 3.0, 1e3)),
    "LogNormal": (_of(stats.lognorm(0.7, 0, np.exp(0.3)), FAR, location=0.3, scale=0.7),),
    "Weibull": tuple(_of(stats.weibull_min(c, 0, 2.0), FAR, shape=c, scale=2.0) for c in (0.5, 1.0, 1.7)),
    "ChiSquared": tuple(_of(stats.chi2(df), FAR, df=df) for df in (0.5, 3.0)),
    "InverseChiSquared": (_of(stats.invgamma(1.5, 0, 0.5), FAR, df=3.0),),
    "ScaledInverseChiSquared": (_of(stats.invgamma(1.5, 0, 6.0), FAR, df=3.0, scale=2.0),),
    "Pareto": (_of(stats.pareto(3.0, 0, 0.5), np.array([0.6, 1.0, 2.0, 30.0, 1e9]), minimum=0.5, shape=3.0),),
    "Rayleigh": (_of(stats.rayleigh(0, 2.0), FAR, scale=2.0),),
    "Levy": (
        Reference(
            {"scale": 2.0}, lambda x: -0.5 * np.log(np.pi) - 1.5 * np.log(x) - 1 / x, stats.levy(0, 2.0).cdf, FAR
        ),
    ),
    "LogLogistic": (_of(stats.fisk(3.0, 0, 2.0), FAR, scale=2.0, shape=3.0),),
    "Gompertz": (_gompertz(0.5, 0.2), _gompertz(2.0, 0.05)),
    "InverseGaussian": (_inverse_gaussian(2.0, 3.0), _inverse_gaussian(0.5, 40.0)),
    "LogUniform": (_of(stats.loguniform(1e-9, 200.0), POSITIVE, lower=1e-9, upper=200.0),),
    "Uniform": (_of(stats.uniform(-1.0, 3.0), np.array([-1.0, -0.3, 0.0, 1.0, 2.0]), lower=-1.0, upper=2.0),),
    "Triangular": (
        _of(
            stats.triang(0.5, -1.0, 3.0),
            np.array([-1 + 1e-9, 0.0, 0.5, 1.0, 2 - 1e-9]),
            lower=-1.0,
            mode=0.5,
            upper=2.0,
        ),
        _of(stats.triang(0.0, -1.0, 3.0), np.array([-1.0, 0.0, 1.9]), lower=-1.0, mode=-1.0, upper=2.0),
        _of(stats.triang(1.0, -1.0, 3.0), np.array([-0.9, 0.0, 1.9]), lower=-1.0, mode=2.0, upper=2.0),
    ),
    "Beta": tuple(_of(stats.beta(a, b), UNIT, alpha=a, beta=b) for a, b in ((2.0, 3.0), (0.1, 0.2), (300.0, 2.0))),
    "Kumaraswamy": (_kumaraswamy(2.0, 3.0), _kumaraswamy(0.1, 0.2), _kumaraswamy(3.0, 1.0)),
    "LogitNormal": (_logit_normal(0.3, 2.0),),
    "VonMises": tuple(_von_mises(0.7, k) for k in (0.01, 2.0, 1e3)),
    "Bernoulli": (_of(stats.bernoulli(0.3), np.array([0, 1]), probability=0.3),),
    "Binomial": tuple(_of(stats.binom(30, p), TRIALS, trials=30, probability=p) for p in (1e-9, 0.3, 1 - 1e-9)),
    "BetaBinomial": (_of(stats.betabinom(30, 2.0, 3.0), TRIALS, trials=30, alpha=2.0, beta=3.0),),
    "Poisson": tuple(_of(stats.poisson(r), COUNTS, rate=r) for r in (1e-9, 3.0, 4e3)),
    "NegativeBinomial": tuple(
        _of(_negative_binomial(30.0, c), COUNTS, mean=30.0, concentration=c) for c in (0.1, 3.0, 1e4)
    ),
    "Geometric": tuple(_of(stats.geom(p, -1), COUNTS, probability=p) for p in (1e-9, 0.3, 0.999)),
    "DiscreteUniform": (_of(stats.randint(-2, 8), np.array([-2, 0, 7]), lower=-2, upper=7),),
    "ZeroInflatedPoisson": (
        _inflated(stats.poisson(3.0), 0.2, rate=3.0),
        _inflated(stats.poisson(30.0), 1e-9, rate=30.0),
    ),
    "ZeroInflatedNegativeBinomial": (_inflated(_negative_binomial(3.0, 2.0), 0.2, mean=3.0, concentration=2.0),),
}

PRECISION = {"NegativeBinomial": 5e-8, "ZeroInflatedNegativeBinomial": 5e-8, "BetaBinomial": 5e-8}
"""Relative, where it is not 1e-9: the `betaln` of JAX, on which NumPyro builds these, has eight digits."""

_ORDINARY = {
    "StudentT": 2, "Gamma": 2, "InverseGamma": 1, "ChiSquared": 1, "Binomial": 1, "Poisson": 1, "NegativeBinomial": 1,
    "Geometric": 1,
}  # fmt: skip


def ordinary(name: str) -> Reference:
    """The reference of a law whose density has no pole and no far tail, so that it can be integrated or summed up."""
    return REFERENCES[name][_ORDINARY.get(name, 0)]


CASES = [
    (f"{name} {index}", name, reference)
    for name, references in REFERENCES.items()
    for index, reference in enumerate(references)
]
"""Each reference with an identifier and the name of its law."""
