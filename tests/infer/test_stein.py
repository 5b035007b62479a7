"""How many independent draws particles are as good as, by Stein's identity; and modes that are none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.infer.modes import dips, joined
from uqdsl.infer.stein import quality, said

COVARIANCE = np.array([[2.0, 1.2, 0.0], [1.2, 1.0, 0.3], [0.0, 0.3, 0.5]])


def log_density(x: jax.Array) -> jax.Array:
    return -x @ jnp.linalg.solve(COVARIANCE, x) / 2


def draws(number: int, seed: int, covariance: np.ndarray = COVARIANCE) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal(np.ones(3), covariance, number)


def test_independent_draws_are_as_good_as_they_are_many() -> None:
    """The ratio is about χ² over its six degrees of freedom; a mean that is off is no part of it."""
    found = [float(quality(log_density, jnp.asarray(draws(300, seed))).ratio) for seed in range(60)]
    assert np.mean(found) == pytest.approx(1, abs=4 * np.sqrt(2 / 6 / 60))
    states = jnp.asarray(draws(300, 0))
    assert said(quality(log_density, states), states, "") == ()


@pytest.mark.parametrize("scale", [0.75, 1.3])
def test_spreads_that_are_off_are_told_with_by_how_much(scale: float) -> None:
    states = jnp.asarray(draws(20_000, 1, scale * COVARIANCE))
    found = quality(log_density, states)
    # T is the covariance of the particles times the precision of the posterior, here in every direction the same.
    assert [float(found.least), float(found.largest)] == pytest.approx([scale, scale], abs=0.06)
    (reason,) = said(found, states, "take `smc`")
    assert "independent draws" in reason


def test_correlations_that_are_missed_are_told_though_each_spread_is_right() -> None:
    alone = np.diag(1 / np.diag(np.linalg.inv(COVARIANCE)))
    states = jnp.asarray(draws(2000, 2, alone))
    scores = jax.vmap(jax.grad(log_density))(states)
    centred = states - states.mean(0)
    assert np.asarray(-(centred * scores).mean(0)) == pytest.approx(1, abs=0.2)
    assert said(quality(log_density, states), states, "")


def test_one_mode_however_its_particles_lie_is_one() -> None:
    points = jnp.asarray(draws(6, 3)) * 5
    assert joined(~np.asarray(dips(log_density, points))).max() == 0


def test_modes_between_which_the_density_dips_are_several() -> None:
    def two(x: jax.Array) -> jax.Array:
        return jnp.logaddexp(-((x - 3) ** 2).sum() / 2, -((x + 3) ** 2).sum() / 2)

    points = jnp.array([[3.0], [-2.5], [2.0], [-3.2], [3.5]])
    assert joined(~np.asarray(dips(two, points))).tolist() in ([0, 1, 0, 1, 0], [1, 0, 1, 0, 1])
