"""Members that flow to noise and back: the score beside that of the mixture, and the laws that they are carried to."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from uqdsl.infer.closures import Evidence, component, noised
from uqdsl.infer.ensemble_transform import transform
from uqdsl.infer.kalman import White, anomalies
from uqdsl.infer.mixture import Mixture
from uqdsl.infer.probability_flow import carried, denoiser


@pytest.mark.parametrize("log_snr", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("bandwidth", [0.3, 1.0])
def test_the_denoiser_is_the_closure_by_component(bandwidth: float, log_snr: float) -> None:
    number, keys = 6, jax.random.split(jax.random.key(1), 4)
    said = jax.random.normal(keys[0], (number, 3))
    told, basis = jnp.linalg.eigh(said @ said.T)
    data, w = jax.random.normal(keys[1], (3,)), jax.random.normal(keys[2], (4, number))
    centres = jnp.sqrt(1 - bandwidth**2) * jax.random.normal(keys[3], (number, number))
    roots = jnp.broadcast_to(bandwidth * jnp.eye(number), (number, number, number))
    mixture = Mixture(jnp.full(number, 1 / number), centres, roots)

    def innovation(state: jax.Array) -> jax.Array:
        return data - said.T @ state

    evidence = Evidence(lambda state: -0.5 * jnp.sum(innovation(state) ** 2), innovation, linear=True)
    known = component(noised(mixture, w, jnp.asarray(log_snr)), evidence, keys[0], 0).mean
    found = denoiser(centres @ basis, bandwidth**2)(w @ basis, jnp.asarray(log_snr), told, basis.T @ (said @ data))
    np.testing.assert_allclose(found @ basis.T, known, rtol=1e-9, atol=1e-9)


def standard(key: jax.Array, number: int) -> jax.Array:
    noise = jax.random.normal(key, (number, number))
    return noise - noise.mean(0)


def ensemble_and_data(number: int = 40) -> tuple[jax.Array, White, jax.Array]:
    ensemble = jax.random.normal(jax.random.key(3), (number, 4))
    return ensemble, White(3 * ensemble[:, :2], jnp.array([2.0, -1.0])), standard(jax.random.key(4), number)


def test_draws_that_are_told_nothing_stay() -> None:
    ensemble, white, noise = ensemble_and_data()
    nothing = White(0 * white.predicted, 0 * white.values)
    known = ensemble.mean(0) + (np.sqrt(0.75) * jnp.sqrt(39) * jnp.eye(40) + 0.5 * noise) @ anomalies(ensemble)
    np.testing.assert_allclose(carried(ensemble, nothing, noise, bandwidth=0.5, steps=10), known, atol=1e-12)


def test_one_gaussian_is_carried_by_the_symmetric_root() -> None:
    ensemble, white, noise = ensemble_and_data()
    kalman = transform(ensemble, white)
    known = kalman.mean(0) + noise @ anomalies(kalman)
    apart = [
        float(jnp.abs(carried(ensemble, white, noise, bandwidth=1.0, steps=steps) - known).max())
        for steps in (15, 30, 120)
    ]
    # Of members e^-6 are left where they turn round.
    assert apart[2] < np.exp(-6)
    assert apart[0] > 3 * apart[1] > 3 * apart[2]


def test_kernels_keep_modes_apart_and_their_weights_choose() -> None:
    rng = np.random.default_rng(0)
    ensemble = jnp.asarray(np.where(np.arange(60)[:, None] < 30, -3.0, 3.0) + 0.4 * rng.normal(size=(60, 1)))
    seen, error, bandwidth = 1.5, 2.0, 0.2
    white = White(ensemble / error, jnp.array([seen / error]))

    def moved(key: jax.Array) -> jax.Array:
        return carried(ensemble, white, standard(key, 60), bandwidth=bandwidth, steps=60)[:, 0]

    found = np.asarray(jax.jit(lambda keys: jax.lax.map(moved, keys))(jax.random.split(jax.random.key(0), 50)))
    x, mean, variance = np.asarray(ensemble[:, 0]), float(ensemble.mean()), float(ensemble.var(ddof=1)) * bandwidth**2
    centres = mean + np.sqrt(1 - bandwidth**2) * (x - mean)
    weights = np.exp(-0.5 * (seen - centres) ** 2 / (variance + error**2))
    kernels = centres + variance / (variance + error**2) * (seen - centres)
    spread = np.sqrt(variance * error**2 / (variance + error**2))
    weights /= weights.sum()
    # Of 50 times 60 draws that have a mean in common, near enough independent.
    assert (found > 0).mean() == pytest.approx(weights @ norm.sf(0, kernels, spread), abs=4 * np.sqrt(0.1 / 3000))
    assert found.mean() == pytest.approx(weights @ kernels, abs=4 * found.std() / np.sqrt(3000))
    between = norm.cdf(1, kernels, spread) - norm.cdf(-1, kernels, spread)
    assert (np.abs(found) < 1).mean() == pytest.approx(weights @ between, abs=0.005)
