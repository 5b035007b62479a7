"""The densities by hand against the reference's draws, without uqdsl and without sampling chains.

Where all unknowns but one scale are Normal given that scale, the moments of the posterior are exact but for one
integral over the scale, which a grid does. Small posteriors of other kinds are done by importance sampling.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.scipy.special import logsumexp

from benchmarks.published.densities import DENSITIES
from benchmarks.published.library import FOLDER, NAMES, data_of, reference_of

jax.config.update("jax_enable_x64", True)

GAUSSIAN = {name: "sigma" for name, each in DENSITIES.items() if "regression" in each.log_density.__qualname__}
GAUSSIAN |= {"kilpisjarvi_mod_kilpisjarvi": "sigma", "arK_arK": "sigma", "eight_schools_eight_schools_centered": "tau"}
"""Normal given this one scale."""
SMALL = {
    "garch_garch11": lambda u: (
        (u["alpha0"] > 0) & (u["alpha1"] > 0) & (u["beta1"] > 0) & (u["alpha1"] + u["beta1"] < 1)
    ),
    "hmm_example_hmm_example": lambda u: (
        (u["theta1"] > 0).all() & (u["theta2"] > 0).all() & (u["mu"][0] > 0) & (u["mu"][0] < u["mu"][1])
    ),
    "low_dim_gauss_mix_low_dim_gauss_mix": lambda u: (
        (u["mu"][0] < u["mu"][1]) & (u["sigma"] > 0).all() & (u["theta"] > 0) & (u["theta"] < 1)
    ),
}
"""Those of a few unknowns, with their supports."""
LARGE = sorted(set(NAMES) - set(GAUSSIAN) - set(SMALL))


def moments(name: str, which: str) -> dict[str, np.ndarray]:
    """`mean`, `sd`, or another column of the reference, as arrays by the names of the unknowns."""
    found: dict[str, list[float]] = {}
    for key, each in reference_of(name).items():
        found.setdefault(key.partition("[")[0], []).append(each[which])
    scalars = {key for key in reference_of(name) if "[" not in key}
    return {key: np.array(values[0] if key in scalars else values) for key, values in found.items()}


def log_density_of(name: str) -> Callable[[dict[str, jax.Array]], jax.Array]:
    density = DENSITIES[name]
    return partial(density.log_density, data_of(density.data))


def test_every_posterior_has_its_density_its_spec_and_its_reference():
    assert list(NAMES) == sorted(DENSITIES) == sorted(path.stem for path in FOLDER.glob("*.uq"))
    assert len(NAMES) == len(GAUSSIAN) + len(SMALL) + len(LARGE) == 28


def exact_moments(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Mean and sd of every unknown: for each value of the scale a Normal law, weighted by the evidence of that value."""
    log_density, scale = log_density_of(name), GAUSSIAN[name]
    known, sd = moments(name, "mean"), moments(name, "sd")
    middle, width = known.pop(scale), sd[scale]
    flat, unravel = ravel_pytree(known)
    low = max(middle - 8 * width, 1e-4 * width)
    grid = jnp.geomspace(low, middle + 40 * width, 2000)

    def given(s: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def of(b: jax.Array) -> jax.Array:
            return log_density({**unravel(b), scale: s})

        covariance = jnp.linalg.inv(-jax.hessian(of)(flat))
        mean = flat + covariance @ jax.grad(of)(flat)
        return mean, jnp.diagonal(covariance), of(mean) + 0.5 * jnp.linalg.slogdet(covariance)[1]

    means, variances, evidence = jax.jit(jax.vmap(given))(grid)
    log_weight = evidence + jnp.log(jnp.gradient(grid))
    weight = jnp.exp(log_weight - logsumexp(log_weight))
    mean, at = weight @ means, weight @ grid
    spread = jnp.sqrt(weight @ (variances + (means - mean) ** 2))
    return {**unravel(mean), scale: at}, {**unravel(spread), scale: jnp.sqrt(weight @ (grid - at) ** 2)}


@pytest.mark.parametrize("name", sorted(GAUSSIAN))
def test_exact_moments_are_those_of_the_reference(name: str):
    """Four Monte Carlo standard errors of the reference's draws."""
    for which, found in zip(("mean", "sd"), exact_moments(name), strict=True):
        known, error = moments(name, which), moments(name, f"mcse_{which}")
        assert found.keys() == known.keys()
        for key, value in found.items():
            assert (np.abs(value - known[key]) < 4 * error[key]).all(), (which, key, (value - known[key]) / error[key])


@pytest.mark.parametrize("name", SMALL)
def test_importance_sampling_gives_the_means_of_the_reference(name: str):
    """Proposals are independent Student t about the reference; four standard errors of both."""
    count, df = 100_000, 5
    mean, sd = moments(name, "mean"), moments(name, "sd")
    centre, unravel = ravel_pytree(mean)
    width, _ = ravel_pytree(sd)
    noise = np.random.default_rng(0).standard_t(df, (count, centre.size))
    log_density, inside = log_density_of(name), SMALL[name]

    def weighed(z: jax.Array) -> tuple[jax.Array, jax.Array]:
        unknowns = unravel(centre + width * z)
        if name.startswith("hmm"):  # rows of probabilities: the second follows from the first
            for row in ("theta1", "theta2"):
                unknowns[row] = jnp.stack([unknowns[row][0], 1 - unknowns[row][0]])
            z = jnp.concatenate([z[:2], z[2:3], z[4:5]])
        proposal = jnp.sum(-0.5 * (df + 1) * jnp.log1p(z**2 / df))
        value = jnp.where(inside(unknowns), log_density(unknowns) - proposal, -jnp.inf)
        return ravel_pytree(unknowns)[0], jnp.where(jnp.isnan(value), -jnp.inf, value)

    values, log_weight = jax.jit(jax.vmap(weighed))(jnp.asarray(noise))
    weight = jnp.exp(log_weight - logsumexp(log_weight))
    found = weight @ values
    error = jnp.sqrt(weight**2 @ (values - found) ** 2)
    known_error, _ = ravel_pytree(moments(name, "mcse_mean"))
    assert 1 / float(weight @ weight) > 500, "effective draws"
    assert (jnp.abs(found - centre) < 4 * jnp.hypot(error, known_error)).all(), (found - centre) / error


@pytest.mark.parametrize("name", LARGE)
def test_the_density_falls_away_from_the_mean_of_the_reference(name: str):
    """Three sds along each unknown, where that leaves positive ones positive.

    Not so for the crash: the means of the amplitudes of its waves, together with those of their scales, are a poor curve.
    """
    log_density = log_density_of(name)
    centre, unravel = ravel_pytree(moments(name, "mean"))
    width, _ = ravel_pytree(moments(name, "sd"))
    value, slope = jax.jit(jax.value_and_grad(lambda flat: log_density(unravel(flat))))(centre)
    assert math.isfinite(value)
    assert jnp.isfinite(slope).all()
    if name == "mcycle_gp_accel_gp":
        return
    steps = jnp.concatenate(
        [jnp.diag(3 * width), jnp.diag(jnp.where(3 * width < jnp.abs(centre), -3 * width, 3 * width))]
    )
    there = jax.jit(jax.vmap(lambda flat: log_density(unravel(flat))))(centre + steps)
    assert not (there >= value).any(), there - value
