"""Laws that are made of other unknowns: their draws and densities, and what they find in a sparse regression."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer import Predictive
from numpyro.infer.util import potential_energy
from scipy import stats

import uqdsl
from uqdsl.vocabulary.composed import COMPOSED

from .compiled import compiled, written

DRAWS = 20_000
MIDDLES = (np.arange(300) + 0.5) / 300
POINTS = np.sinh(np.linspace(-8.0, 8.0, 101)) / 10


def scale_mixture(scales: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The distribution function of a normal whose scale is one of these, all equally likely."""
    return lambda x: stats.norm.cdf(np.asarray(x)[:, None] / scales.ravel()).mean(axis=1)


def half_cauchy(scale: float) -> np.ndarray:
    return stats.halfcauchy(0, scale).ppf(MIDDLES)


def horseshoe(scale: float) -> np.ndarray:
    return np.outer(half_cauchy(scale), half_cauchy(1.0))


def explained(alpha: float, beta: float, share: float, scale: float) -> np.ndarray:
    """Of two coefficients, so that the share of each is a Beta(share, share)."""
    r2 = stats.beta(alpha, beta).ppf(MIDDLES)
    return scale * np.sqrt(np.outer(r2 / (1 - r2), stats.beta(share, share).ppf(MIDDLES)))


LAWS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "horseshoe": ("Horseshoe(0.3)", scale_mixture(horseshoe(0.3))),
    "without its slab": ("RegularizedHorseshoe(0.3, slab_scale = 1e9)", scale_mixture(horseshoe(0.3))),
    "all in the slab": ("RegularizedHorseshoe(1e9, 0.7, 5)", stats.t(5, 0, 0.7).cdf),
    "explained variance": ("R2D2(2, 3, 0.6, scale = 1.5)", scale_mixture(explained(2, 3, 0.6, 1.5))),
    "by its mean": ("R2D2(mean = 0.4, concentration = 5)", scale_mixture(explained(2, 3, 0.5, 1.0))),
}


@pytest.mark.parametrize("name", LAWS)
def test_draws_have_the_distribution_of_the_law(name):
    """Kolmogorov and Smirnov's distance, below its 0.999 quantile for so many draws; the seed is fixed."""
    law, cdf = LAWS[name]
    found = compiled(f"dim k = 2  prior b[k] ~ {law}  factor 0 * sum(b, over = k)")
    drawn = Predictive(found.model, num_samples=DRAWS)(jax.random.key(3), found.data, found.coords, observed=False)
    for draws in np.asarray(drawn["b"]).T:
        below = np.searchsorted(np.sort(draws), POINTS) / DRAWS
        assert np.abs(below - cdf(POINTS)).max() < stats.kstwobign.ppf(0.999) / np.sqrt(DRAWS)


def by_hand(x, y):
    """The regression below, as one writes it in NumPyro."""
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
    tau = numpyro.sample("b_global", dist.HalfCauchy(jnp.array([0.1, 0.1]) * sigma).to_event(1))
    slab = numpyro.sample("b_slab", dist.InverseGamma(2.0 * jnp.ones(2), 2.0 * 1.5**2).to_event(1))
    local = numpyro.sample("b_local", dist.HalfCauchy(jnp.ones((2, 3))).to_event(2))
    z = numpyro.sample("b_decentered", dist.Normal(jnp.zeros((2, 3))).to_event(2))
    shrunk = jnp.sqrt(slab[:, None] * local**2 / (slab[:, None] + tau[:, None] ** 2 * local**2))
    numpyro.sample("y", dist.Normal(x @ (z * tau[:, None] * shrunk).T, sigma).to_event(2), obs=y)


def test_the_density_is_that_of_numpyro_by_hand():
    found = compiled(
        """
        dim g = 2  dim k = 3
        data { y[i, g] : real, x[i, k] : real }
        prior sigma ~ HalfNormal(1)
        prior b[g, k] ~ RegularizedHorseshoe(0.1 * sigma, slab_scale = 1.5, event = k)
        likelihood y[i, g] ~ Normal(sum(x * b, over = k), sigma)
        """,
        {"i": 5},
    )
    positions = found.positions(20)
    for index in range(20):
        position = {name: jnp.asarray(each[index]) for name, each in positions.items()}
        wanted = -potential_energy(by_hand, (found.data["x"], found.data["y"]), {}, position)
        np.testing.assert_allclose(found.log_density(position, found.data, found.coords), wanted, rtol=1e-12)


@pytest.mark.parametrize("law", COMPOSED)
def test_parts_are_named_for_what_is_declared(law):
    given = "(1, 1)" if law == "R2D2" else "()"
    for hidden in ("", "nuisance"):
        spec, _ = written(f"dim k = 2  prior b[k] ~ {law}{given} {hidden}  factor sum(b, over = k)")
        unknowns = {each.name: each for each in spec.unknowns}
        assert set(unknowns) == {f"b_{part.suffix}" for part in COMPOSED[law].parts}
        for part in COMPOSED[law].parts:
            each = unknowns[f"b_{part.suffix}"]
            assert each.dims == (() if part.shared else ("k",))
            assert each.nuisance == (bool(hidden) or not part.shared)


def test_a_sparse_regression_finds_what_matters():
    rng = np.random.default_rng(5)
    truth = np.zeros(20)
    truth[[2, 7, 11]] = [3.0, -2.0, 1.5]
    x = rng.normal(size=(60, 20))
    y = x @ truth + rng.normal(size=60)
    model = uqdsl.loads(
        """
        dim k = 20
        data { y[i] : real, x[i, k] : real }
        prior sigma ~ HalfNormal(2)
        prior b[k] ~ RegularizedHorseshoe(0.02 * sigma)
        likelihood y[i] ~ Normal(x @ b, sigma)
        infer by nuts(chains = 2, warmup = 300, draws = 300, target_accept = 0.95)
        """
    )
    fit = model.compile(x=x, y=y).infer(seed=1, progress=False)
    draws = np.asarray(fit.posterior["posterior"]["b"]).reshape(-1, 20)
    low, high = np.quantile(draws, [0.005, 0.995], axis=0)
    assert ((low <= truth) & (truth <= high)).all()
    assert ((low > 0) | (high < 0)).tolist() == (truth != 0).tolist()
    # Least squares spreads the nothings with sd 1 / sqrt(40); the horseshoe shrinks them to less than half of that.
    assert np.abs(draws.mean(axis=0))[truth == 0].mean() < 0.5 * np.sqrt(2 / np.pi / 40)
