"""The proof problems: their specs say what their exact posteriors are of."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.infer.problems import PROBLEMS, Problem, aniso, banana, close, errors, gmm20, gmm40, seed_b, square


def stein(problem: Problem) -> np.ndarray:
    """How many standard errors the means of `score` and `1 + (x - mean) score` are from 0 over exact draws, a vector."""
    posterior = problem.posterior()
    x = problem.exact.draw(np.random.default_rng(0), 5_000)
    score = np.asarray(jax.jit(jax.vmap(jax.grad(posterior.log_density)))(jnp.asarray(x)))
    terms = np.concatenate([score, 1 + (x - problem.exact.mean) * score], 1)
    return terms.mean(0) / (terms.std(0) / np.sqrt(len(x)))


@pytest.mark.parametrize("name", [*PROBLEMS, "square", "gmm20"])
def test_exact_draws_are_of_the_density_of_the_spec(name: str) -> None:
    problem = {**PROBLEMS, "square": square, "gmm20": gmm20}[name]()
    assert np.abs(stein(problem)).max() < 4.5
    found = errors(problem, problem.exact.draw(np.random.default_rng(1), 4000))
    assert found.mean < 0.05
    assert found.modes < 0.04
    assert found.energy < 0.15


@pytest.mark.parametrize(
    ("problem", "mean", "sd", "share", "log_evidence"),
    [
        (seed_b, (3.5, 3.0), (0.0707106781, 0.1), 1.0, -24.6560742111),
        (close, (1.9657978239, 1.9894850405), (0.5824842559, 0.7714576562), 0.6596566937, -1.1860569074),
        (aniso, (0.9698415375, 0.2099581794), (0.5493047855, 0.4870105641), 0.8689040405, -3.2336864148),
        (banana, (0.0, 1.4353233223), (1.5396904379, 0.3013689184), 0.5, -2.573793163),
        (square, (0.5335109585, 0.1401065751), (1.2638460798, 1.1022842142), 0.6934910606, -2.1698887905),
        (gmm20, (0.192996272, -0.2090333992), (0.542638696, 0.4377555048), 0.4346801133, -5.3494849208),
        (gmm40, (0.3180387846, -0.1947329423), (0.5875817366, 0.425656983), 0.5611914369, -7.5386533469),
    ],
)
def test_moments_are_those_of_the_reference(
    problem: Callable[[], Problem],
    mean: tuple[float, float],
    sd: tuple[float, float],
    share: float,
    log_evidence: float,
) -> None:
    """`transport.json`: closed forms to all digits, quadratures to 1e-6."""
    exact = problem().exact
    np.testing.assert_allclose(exact.mean[:2], mean, atol=1e-6)
    np.testing.assert_allclose(exact.sd[:2], sd, atol=1e-6)
    np.testing.assert_allclose(exact.mode_weights[0], share, atol=1e-6)
    np.testing.assert_allclose(exact.log_evidence, log_evidence, atol=1e-6)
