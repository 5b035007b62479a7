"""Standardised fields: the posterior is that of a spec of standardised data, and predictions have the units of the author."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.driver.front import check
from uqdsl.driver.source import Source

ROWS = np.random.default_rng(5)
Z = ROWS.normal([50.0, -0.3], [20.0, 0.01], (40, 2))
T = ROWS.normal(7.0, 2.0, 40)
X = 300 + 4 * Z[:, 0] + 900 * Z[:, 1] + ROWS.standard_t(5, 40) * 25

HEAD = "dim k = 2\ndata { Z[case, k] : real STD, X[case] : real STD }\nprior b[k] ~ Normal(0, 1)\nprior s ~ HalfNormal(1)\n"
LOCATION = "sum(b * Z, over = k)"
LAWS = {
    "Normal": f"X[case] ~ Normal({LOCATION}, s)",
    "variance": f"X[case] ~ Normal({LOCATION}, variance = s)",
    "StudentT": f"X[case] ~ StudentT(4, {LOCATION}, s)",
    "SkewNormal": f"X[case] ~ SkewNormal({LOCATION}, s, 2)",
    "quantile": f"X[case] ~ AsymmetricLaplace({LOCATION}, s, quantile = 0.9)",
    "truncated": f"X[case] ~ Normal({LOCATION}, s) truncated(-4, 5)",
    "Mixture": f"X[case] ~ Mixture([0.9, 0.1], Normal({LOCATION}, s), Cauchy(0, 1))",
    "its past": "X[case] ~ Normal(b[1] * X[case - 1] + b[2] * Z[case, 1], s)",
    "other data": f"X[case] ~ Normal({LOCATION} + mean(X, over = case), s)",
    "a let": f"L[case] ~ Normal({LOCATION}, s)\nlet L[case] = 2 * X",
}


def log_density(text: str, **data):
    """The program's log density, and a position that it can be taken at."""
    return uqdsl.loads(text).compile(**data).log_density


def standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


@pytest.mark.parametrize("law", LAWS)
def test_the_posterior_is_that_of_standardised_data(law):
    """They differ by the same number everywhere: the density of X has its units."""
    text = HEAD + f"likelihood {LAWS[law]}\n"
    own = log_density(text.replace(" STD", " standardized"), Z=Z, X=X)
    other = log_density(text.replace(" STD", ""), Z=standard(Z), X=standard(X))
    positions = [{"b": ROWS.normal(size=2), "s": ROWS.normal()} for _ in range(5)]
    gaps = [float(own(each) - other(each)) for each in positions]
    count = 40 - (law == "its past")
    expected = 0.0 if law == "a let" else -count * np.log(X.std())
    np.testing.assert_allclose(gaps, expected, rtol=1e-9, atol=1e-9)


def test_values_that_are_missing_have_the_units_of_the_rest():
    """The law of an imputed covariate is stated of what the spec calls by its name, and draws what would have been recorded."""
    text = "data { T[case] : real STD missing, X[case] : real }\nprior b ~ Normal(0, 1)\n"
    text += "population T[case] ~ Normal(b, 1)\nlikelihood X[case] ~ Normal(b * T, 1)\n"
    gaps = np.where(np.arange(40) % 8 == 0, np.nan, T)
    centre, width = np.nanmean(gaps), np.nanstd(gaps)
    own = log_density(text.replace(" STD", " standardized"), T=gaps, X=X)
    other = log_density(text.replace(" STD", ""), T=(gaps - centre) / width, X=X)
    missing = ROWS.normal(size=5)
    difference = [
        float(own({"b": b, "T": centre + width * missing}) - other({"b": b, "T": missing})) for b in (-1.0, 0.3)
    ]
    np.testing.assert_allclose(difference, -40 * np.log(width), rtol=1e-9)


def test_predictions_have_the_units_of_the_author():
    """A conjugate line without slope: X = centre + width (m + N(0, 0.5²)), with m normal, in closed form."""
    text = "data { X[case] : real standardized }\nprior m ~ Normal(0, 2)\nlikelihood X[case] ~ Normal(m, 0.5)\n"
    fit = uqdsl.loads(text).compile(X=X).infer("nuts(chains = 2, warmup = 300, draws = 1000)", seed=2, progress=False)
    groups = fit.posterior
    assert groups["observed_data"]["X"].values.tolist() == X.tolist()
    drawn = groups["posterior_predictive"]["X"].values.reshape(2000, 40)
    precision = 1 / 2**2 + 40 / 0.5**2
    sd = X.std() * np.sqrt(1 / precision + 0.5**2)
    # The mean of m is 0, since standardised data have the mean 0; of 40 × 2,000 draws those of a row are nearly independent.
    assert abs(drawn.mean() - X.mean()) < 4 * X.std() * np.sqrt(1 / precision / 1000)
    assert abs(drawn.std(axis=0).mean() / sd - 1) < 4 / np.sqrt(2 * 2000)


def test_constants_can_be_named():
    """A slope in the author's units."""
    text = (
        HEAD.replace(" STD", " standardized") + f"likelihood {LAWS['Normal']}\nlet slope[k] = b * X.width / Z.width\n"
    )
    model = uqdsl.loads(text).compile(Z=Z, X=X)
    fit = model.infer("nuts(chains = 1, warmup = 200, draws = 50)", seed=1, progress=False)
    posterior = fit.posterior["posterior"]
    expected = posterior["b"].values * X.std() / Z.std(axis=0)
    np.testing.assert_allclose(posterior["slope"].values, expected, rtol=1e-12)


def test_nothing_else_changes():
    """A spec without standardised fields has the program that it had; one with them is that of the same statements."""
    text = HEAD + f"likelihood {LAWS['Normal']}\n"
    spec = check(Source("model.uq", text.replace(" STD", ""), Path())).spec
    assert spec.constants == ()
    own = check(Source("model.uq", text.replace(" STD", " standardized"), Path())).spec
    assert [each.name for each in own.constants] == ["Z.centre", "Z.width", "X.centre", "X.width"]
    assert [each.dims for each in own.constants] == [("k",), ("k",), (), ()]
    assert jax.tree.structure([each.name for each in spec.statements]) == jax.tree.structure(
        [each.name for each in own.statements]
    )
