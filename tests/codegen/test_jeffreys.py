"""Jeffreys' priors: posteriors that are known, and that do not change with the parameter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from .compiled import compiled

COUNTS = [3, 0, 2, 5]
TIMES = [0.3, 1.2, 0.1, 2.2, 0.9]
N, Y = 12, 4

POSTERIORS = {
    "rate of counts": (
        f"data {{ y[i] : count = {COUNTS} }} prior theta ~ Jeffreys(0, inf) likelihood y[i] ~ Poisson(theta)",
        stats.gamma(sum(COUNTS) + 0.5, 0, 1 / len(COUNTS)),
        "positive",
    ),
    "logarithm of the rate of counts": (
        f"data {{ y[i] : count = {COUNTS} }} prior eta ~ Jeffreys() likelihood y[i] ~ Poisson(log_rate = eta)",
        stats.loggamma(sum(COUNTS) + 0.5, -np.log(len(COUNTS))),
        "real",
    ),
    "the same, through quantities": (
        (
            f"data {{ y[i] : count = {COUNTS} }} prior eta ~ Jeffreys() let r = exp(eta) let s = r "
            "likelihood y[i] ~ Poisson(s)"
        ),
        stats.loggamma(sum(COUNTS) + 0.5, -np.log(len(COUNTS))),
        "real",
    ),
    "probability": (
        f"data {{ y : count = {Y} }} prior p ~ Jeffreys(0, 1) likelihood y ~ Binomial({N}, p)",
        stats.beta(Y + 0.5, N - Y + 0.5),
        "unit",
    ),
    "rate of times": (
        f"data {{ y[i] : positive = {TIMES} }} prior rate ~ Jeffreys(0, inf) likelihood y[i] ~ Exponential(rate)",
        stats.gamma(len(TIMES), 0, 1 / sum(TIMES)),
        "positive",
    ),
    "mean time": (
        f"data {{ y[i] : positive = {TIMES} }} prior m ~ Jeffreys(0, inf) likelihood y[i] ~ Exponential(scale = m)",
        stats.invgamma(len(TIMES), 0, sum(TIMES)),
        "positive",
    ),
    "variance": (
        f"data {{ y[i] : real = {TIMES} }} prior v ~ Jeffreys(0, inf) likelihood y[i] ~ Normal(1, variance = v)",
        stats.invgamma(len(TIMES) / 2, 0, sum((each - 1) ** 2 for each in TIMES) / 2),
        "positive",
    ),
    # Counted with and without the zeros' days: the informations of both add up.
    "two likelihoods": (
        (
            f"data {{ y[i] : count = {COUNTS}, z : count = 7 }} prior theta ~ Jeffreys(0, inf) "
            "likelihood y[i] ~ Poisson(theta) likelihood z ~ Poisson(3 * theta)"
        ),
        stats.gamma(sum(COUNTS) + 7 + 0.5, 0, 1 / (len(COUNTS) + 3)),
        "positive",
    ),
}
CHANGES = {
    "real": (lambda x: x, np.zeros_like),
    "positive": (np.exp, lambda x: x),
    "unit": (lambda x: 1 / (1 + np.exp(-x)), lambda x: -np.logaddexp(0, x) - np.logaddexp(0, -x)),
}
"""From the unconstrained position to the unknown, and the logarithm of the derivative of that."""


@pytest.mark.parametrize("name", POSTERIORS)
def test_the_posterior_is_the_one_that_is_known(name):
    """Up to a constant, to twelve digits, over a wide range."""
    text, law, kind = POSTERIORS[name]
    found = compiled(text, {"i": text.count(",", 0, text.index("]", text.index("= ["))) + 1 if "[i]" in text else 1})
    (unknown,) = found.spec.unknowns
    constrain, volume = CHANGES[kind]
    positions = np.linspace(-3.0, 2.5, 23)
    ours = np.array([float(found.log_density({unknown.name: x}, found.data, found.coords)) for x in positions])
    wanted = law.logpdf(constrain(positions)) + volume(positions)
    np.testing.assert_allclose(ours - ours[0], wanted - wanted[0], rtol=1e-10, atol=1e-10)


def test_informations_are_weighed_and_chosen():
    """Of two normals with sd 1 and 2 and slopes: the root of the sum of w (x / sd)^2 over the rows that count."""
    found = compiled(
        """
        data { y[i] : real = [1, 2, 3], x[i] : real = [1, 2, 3], w[i] : positive = [1, 2, 5], ok[i] : binary = [1, 1, 0] }
        prior b ~ Jeffreys()
        likelihood y[i] ~ Normal(exp(b) * x, 2) where ok == 1 weight w
        """
    )

    def wanted(b: float) -> float:
        information = sum(w * (np.exp(b) * x / 2) ** 2 for x, w in ((1, 1), (2, 2)))
        fit = sum(w * stats.norm(np.exp(b) * x, 2).logpdf(y) for x, y, w in ((1, 1, 1), (2, 2, 2)))
        return fit + 0.5 * np.log(information)

    for b in (-1.0, 0.3, 1.7):
        assert float(found.log_density({"b": b}, found.data, found.coords)) == pytest.approx(wanted(b), rel=1e-12)
