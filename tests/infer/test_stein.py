"""How many independent draws particles are as good as, by Stein's identity; and modes that are none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.infer.modes import dips, joined, log_evidence, wrong_shares
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


def test_the_evidence_of_modes_is_that_of_the_integral_over_each() -> None:
    """A Gaussian of mass 2 and one of mass 1 from draws of wider ones in equal parts."""
    far, wide = 8.0, 1.3
    at = jnp.array([-far, far])

    def normal(x: jax.Array, mean: jax.Array, sd: float) -> jax.Array:
        return -(((x - mean) / sd) ** 2).sum() / 2 - jnp.log(sd) - jnp.log(2 * jnp.pi) / 2

    def two(x: jax.Array) -> jax.Array:
        return jnp.logaddexp(jnp.log(2.0) + normal(x, at[0], 1.0), normal(x, at[1], 1.0))

    def joint(x: jax.Array) -> jax.Array:
        return jnp.stack([normal(x, each, wide) for each in at]) - jnp.log(2)

    states = (wide * np.random.default_rng(1).normal(size=(2, 4000)) + np.asarray(at)[:, None]).reshape(-1, 1)
    found = np.exp(np.asarray(log_evidence(two, joint, jnp.asarray(states))))
    # The ratio of densities varies by a third.
    assert found == pytest.approx([2, 1], rel=4 * 0.34 / np.sqrt(4000))


def test_shares_are_wrong_beyond_chance_alone() -> None:
    right = np.array([0.87, 0.13])
    assert wrong_shares(np.array([1.0, 0.0]), right, 4000)
    assert not wrong_shares(np.array([0.90, 0.10]), right, 4000)
    assert wrong_shares(np.array([0.93, 0.07]), right, 4000)
    assert not wrong_shares(np.array([0.93, 0.07]), right, 200)
