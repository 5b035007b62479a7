"""The mixture fit: right densities, the right number of components, nothing lost to few members."""

from __future__ import annotations

from uqdsl.infer.mixture import Mixture, fit_mixture  # before JAX, for it sets what JAX reads when it is imported

import jax  # isort: skip
import jax.numpy as jnp  # isort: skip
import numpy as np  # isort: skip
import pytest  # isort: skip
from scipy.stats import multivariate_normal  # isort: skip

KEY = jax.random.key(0)


def two(number: int, rng: np.random.Generator, scale: float = 0.1) -> np.ndarray:
    """Draws of the prior of example B."""
    first = rng.random(number) < 0.5
    return np.where(first[:, None], 3.0, 0.8) + scale * rng.standard_normal((number, 2))


def test_the_density_is_that_of_a_mixture() -> None:
    roots = np.array([[[1.0, 0.0], [0.5, 0.7]], [[0.3, 0.0], [-0.2, 2.0]]])
    mixture = Mixture(jnp.array([0.3, 0.7]), jnp.array([[0.0, 1.0], [2.0, -1.0]]), jnp.asarray(roots))
    x = np.random.default_rng(0).normal(size=(5, 2))
    parts = [multivariate_normal(mixture.means[k], roots[k] @ roots[k].T).pdf(x) for k in range(2)]
    expected = np.log(0.3 * parts[0] + 0.7 * parts[1])
    np.testing.assert_allclose(jax.vmap(mixture.log_density)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(jax.vmap(mixture.padded(4).log_density)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(mixture.covariances[1], roots[1] @ roots[1].T)
    draws, labels = mixture.draw(KEY, 40_000)
    assert abs(float((labels == 0).mean()) - 0.3) < 4 * np.sqrt(0.21 / 40_000)
    np.testing.assert_allclose(draws.mean(0), [1.4, -0.4], atol=4 * 2.1 / 200)


def test_bic_finds_both_modes_of_example_b() -> None:
    rng = np.random.default_rng(1)
    for replicate in range(6):
        x = two(100, rng)
        fit = fit_mixture(x, jax.random.key(replicate))
        assert len(fit.counts) == 2
        assert fit.tied
        order = np.argsort(fit.mixture.means[:, 0])
        np.testing.assert_allclose(fit.mixture.means[order], [[0.8, 0.8], [3.0, 3.0]], atol=4 * 0.1 / np.sqrt(40))
        assert np.all(np.asarray(fit.labels == order[1]) == (x[:, 0] > 2))
        assert fit.diagnostics["components"] == 2


def test_one_gaussian_is_one_component_with_shrunk_correlations() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, 4)) * [1, 10, 0.1, 3] + 5
    fit = fit_mixture(x, KEY)
    assert len(fit.counts) == 1
    np.testing.assert_allclose(fit.mixture.means[0], x.mean(0))
    np.testing.assert_allclose(np.diag(fit.mixture.covariances[0]), x.var(0), rtol=1e-6)
    r = np.corrcoef(x.T)[~np.eye(4, dtype=bool)]
    shrinkage = min(1.0, ((1 - r**2) ** 2).sum() / 299 / (r**2).sum())
    np.testing.assert_allclose(fit.shrinkage[0], shrinkage, rtol=1e-5)
    ours = np.asarray(fit.mixture.covariances[0] / np.sqrt(np.outer(x.var(0), x.var(0))))[~np.eye(4, dtype=bool)]
    np.testing.assert_allclose(ours, (1 - shrinkage) * r, atol=1e-6)


def test_the_fit_moves_and_stretches_with_the_ensemble() -> None:
    x = two(100, np.random.default_rng(3))
    scale, shift = np.array([1e3, 1e-4]), np.array([-5.0, 7.0])
    fit, moved = fit_mixture(x, KEY), fit_mixture(x * scale + shift, KEY)
    np.testing.assert_allclose(moved.mixture.means, fit.mixture.means * scale + shift, rtol=1e-8)
    np.testing.assert_allclose(moved.mixture.covariances, fit.mixture.covariances * np.outer(scale, scale), rtol=1e-6)


def test_a_component_of_few_members_is_rejected() -> None:
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.standard_normal((97, 2)), 30 + 0.01 * rng.standard_normal((3, 2))])
    assert fit_mixture(x, KEY).counts.min() >= 5


@pytest.mark.parametrize("number", [3, 25])
def test_fewer_members_than_dimensions_still_have_a_density(number: int) -> None:
    x = np.random.default_rng(5).standard_normal((number, 30))
    x[:, 7] = 2.0  # an unknown that does not vary
    fit = fit_mixture(x, KEY)
    assert len(fit.counts) == 1
    assert np.isfinite(jax.vmap(fit.mixture.log_density)(x)).all()
