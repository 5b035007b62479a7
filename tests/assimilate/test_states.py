"""What a spec may say of states, beside closed forms."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.interpolate import RegularGridInterpolator

from uqdsl.runtime import advance

from .systems import assimilated, bound, trajectory


def event(system, number):
    return jax.tree.map(lambda each: each[number], system.events)


# ------------------------------------------------------------------------------------------------------ where observed

PINGS = """
dim row = [0, 10, 30, 60] clamped
dim column = 5 periodic
time t from 0 to 3 step 1
data {
  when[ping] : time(t) = [1, 1, 2.5]
  depth[ping] : real = [5, 60, 41.5]
  angle[ping] : real = [5.75, 2, -3.25]
  y[ping] : real = [1, 2, 3]
  whole[t] : real = [1, 2, 3, 4]
}
state u[row, column] over t {
  initial u ~ Normal(0, 1)
  evolve  der(u) = -u
  error   exact
}
likelihood y[ping] ~ Normal(u[t = when, row = depth, column = angle], 0.3)
likelihood whole[t] ~ Normal(mean(exp(u), over = [row, column]), 0.1)
assimilate u by etkf
"""


def test_states_are_observed_between_the_points_of_a_grid():
    system = bound(PINGS)
    state = np.random.default_rng(0).normal(size=20)
    grid = state.reshape(4, 5)
    closed = np.concatenate([grid, grid[:, :1]], axis=1)
    between = RegularGridInterpolator(([0, 10, 30, 60], [1, 2, 3, 4, 5, 6]), closed)
    seen = system.observe(state, np.zeros(0), event(system, 1))
    assert np.allclose(seen.mean, [*between([[5, 5.75], [60, 2]]), np.exp(grid).mean()], atol=1e-13)
    seen = system.observe(state, np.zeros(0), event(system, 3))
    assert np.allclose(seen.mean[0], between([[41.5, 1.75]]), atol=1e-13)
    assert seen.present.tolist() == [True, False, False]


# --------------------------------------------------------------------------------------------------------------- errors

RED = """
time t from 0 to 30 step 1
data { y[t] : real missing }
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x = 0.7 * x[t - 1]
  error   x += AR(0.8, Normal(0, 0.5))
}
likelihood y[t] ~ Normal(x, 0.6)
assimilate x by kalman
"""


def test_an_error_correlated_in_time_is_carried_along():
    rng = np.random.default_rng(1)
    y = np.where(rng.random(31) < 0.4, np.nan, rng.normal(size=31))
    # x = A x0 + B e for all times at once, e an autoregression of variance 0.25 that begins a step before it acts.
    lag = np.abs(np.subtract.outer(np.arange(31), np.arange(31)))
    errors = 0.25 * 0.8**lag
    powers = np.tril(0.7 ** np.subtract.outer(np.arange(31), np.arange(31)).clip(0))
    acting = powers.copy()
    acting[:, 0] = 0
    prior = np.outer(powers[:, 0], powers[:, 0]) + acting @ errors @ acting.T
    there = np.isfinite(y)
    total = prior[np.ix_(there, there)] + 0.36 * np.eye(there.sum())
    gain = prior[:, there] @ np.linalg.inv(total)
    found = assimilated(RED, y=y)
    group = found.groups["assimilation"]
    assert np.allclose(group.variables["x_smoothed_mean"].values, gain @ y[there], atol=1e-9)
    variance = np.diag(prior - gain @ prior[there])
    assert np.allclose(group.variables["x_smoothed_sd"].values ** 2, variance, atol=1e-9)
    density = stats.multivariate_normal(np.zeros(there.sum()), total).logpdf(y[there])
    assert found.found.numbers["log_evidence"] == pytest.approx(density, abs=1e-8)


def test_an_ensemble_has_that_error_too():
    y = np.where(np.arange(31) % 2, np.nan, 1.0)
    exact = assimilated(RED, y=y).groups["assimilation"].variables
    found = assimilated(RED.replace("kalman", "etkf(members = 100)"), y=y).groups["assimilation"].variables
    apart = (found["x_mean"].values - exact["x_mean"].values) / exact["x_sd"].values
    assert np.sqrt(np.mean(apart**2)) < 3 / np.sqrt(100)
    assert np.max(np.abs(found["x_sd"].values / exact["x_sd"].values - 1)) < 5 / np.sqrt(200)


GROWTH = """
time t from 0 to 20 step 1
data { y[t] : real missing }
state size : positive over t {
  initial size ~ LogNormal(0.2, 0.4)
  evolve  size = 1.1 * size[t - 1]^0.9
  error   size *= LogNormal(-0.05, 0.3)
}
likelihood y[t] ~ Normal(log(size), 0.5)
assimilate size by kalman
"""


def test_on_the_scale_of_a_logarithm_what_is_multiplied_is_added():
    rng = np.random.default_rng(2)
    y = np.where(rng.random(21) < 0.3, np.nan, rng.normal(size=21))
    mean, variance, total = 0.2, 0.16, 0.0
    means, spreads = [], []
    for k, value in enumerate(y):
        if k:
            mean, variance = np.log(1.1) + 0.9 * mean - 0.05, 0.81 * variance + 0.09
        if np.isfinite(value):
            whole = variance + 0.25
            total -= 0.5 * ((value - mean) ** 2 / whole + np.log(2 * np.pi * whole))
            mean, variance = mean + variance / whole * (value - mean), variance * 0.25 / whole
        means.append(mean)
        spreads.append(np.sqrt(variance))
    found = assimilated(GROWTH, y=y)
    variables = found.groups["assimilation"].variables
    assert found.found.numbers["log_evidence"] == pytest.approx(total, abs=1e-8)
    assert np.allclose(variables["size_mean"].values, np.exp(means), rtol=1e-9)
    assert np.allclose(variables["size_sd"].values, np.exp(means) * spreads, rtol=1e-9)
    assert np.all(variables["size_smoothed_mean"].values > 0)


SQUARES = """
dim grid = 6
time t from 0 to 2 step 1
let K[grid, grid'] = 0.3 * exp(-(grid - grid')^2 / 8) + (if grid == grid' then 0.01 else 0)
data { y[t, grid] : real missing }
state x[grid], z[grid], w[grid] over t {
  initial x ~ Normal(0, 1), z ~ Normal(0, 1), w = 1
  evolve  x = 0.5 * x[t - 1], z = z[t - 1], w = w[t - 1]
  error   x += MultiNormal(0, covariance = K)
          z += GaussianProcess(squared_exponential(2, 0.5), at = grid)
          w *= LogNormal(0, 0.2)
}
likelihood y[t, grid] ~ Normal(x + z * w, 1)
assimilate x, z, w by etkf
"""


def test_errors_correlated_in_space_and_multiplied():
    system = bound(SQUARES, y=np.zeros((3, 6)))
    state = np.linspace(0.5, 2, 18)
    distance = np.subtract.outer(np.arange(6.0), np.arange(6.0))
    of_x = 0.3 * np.exp(-(distance**2) / 8) + 0.01 * np.eye(6)
    of_z = 0.25 * np.exp(-(distance**2) / 8)
    factor, variance = np.exp(0.02), (np.exp(0.04) - 1) * np.exp(0.04)
    moments = system.forecast(state, np.zeros(0), event(system, 1))
    wanted = np.zeros((18, 18))
    wanted[:6, :6], wanted[6:12, 6:12] = of_x, of_z
    wanted[12:, 12:] = np.diag(state[12:] ** 2 * variance)
    assert np.allclose(moments.mean, [*(0.5 * state[:6]), *state[6:12], *(factor * state[12:])])
    assert np.allclose(moments.covariance.matrix(), wanted, atol=2e-6)  # a process has a little more on its diagonal
    draws = jax.vmap(lambda key: system.step(state, np.zeros(0), event(system, 1), key))(
        jax.random.split(jax.random.key(3), 20000)
    )
    assert np.max(np.abs(np.mean(draws, axis=0) - moments.mean) / np.sqrt(np.diag(wanted))) < 4.5 / np.sqrt(20000)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    assert np.max(np.abs(np.cov(draws.T) - wanted) / scale) < 6 * np.sqrt(2 / 20000)


# ------------------------------------------------------------------------------------------------------------- diffusion


@pytest.mark.parametrize(("solver", "order"), [("EulerMaruyama", 0.5), ("Milstein", 1.0)])
def test_the_strong_order_of_a_solver_on_geometric_brownian_motion(solver, order):
    paths, finest = 2000, 512
    noise = np.random.default_rng(4).normal(size=(paths, finest))
    exact = np.exp((0.3 - 0.5 * 0.8**2) + 0.8 * noise.sum(axis=1) / np.sqrt(finest))
    apart = []
    for steps in (16, 64):
        # The same paths: sums of their finest increments, of variance 1 again.
        coarse = noise.reshape(paths, steps, -1).sum(axis=2) / np.sqrt(finest / steps)

        def end(drawn, steps=steps):
            (found,) = advance(
                lambda t, x: (0.3 * x,),
                (np.array(1.0),),
                0.0,
                1.0,
                solver=solver,
                dt=1 / steps,
                most=steps,
                diffusions=lambda t, x: (0.8 * x,),
                noise=(drawn,),
            )
            return found

        apart.append(np.mean(np.abs(jax.vmap(end)(coarse) - exact)))
    assert np.log(apart[0] / apart[1]) / np.log(4) == pytest.approx(order, abs=0.1)


ORNSTEIN = """
time t from 0 to 4 step 1
data { when[ping] : time(t) = [0.5, 2], y[ping] : real = [1, 2] }
state x, v over t {
  initial x ~ Normal(0, 1), v = 0
  evolve  der(x) = -0.5 * x, diffusion(x) = 0.4, der(v) = x  by euler_maruyama(dt = 0.005)
  error   exact
}
likelihood y[ping] ~ Normal(x[t = when], 0.3)
assimilate x, v by kalman
"""


def test_a_diffusion_has_the_moments_of_ornstein_and_uhlenbeck():
    system = bound(ORNSTEIN)
    assert np.allclose(system.events.time, [0, 0.5, 1, 2, 3, 4])
    for number, length in ((1, 0.5), (3, 1.0)):
        moments = system.forecast(np.array([2.0, 0.0]), np.zeros(0), event(system, number))
        decay = np.exp(-0.5 * length)
        assert np.allclose(moments.mean, [2 * decay, 4 * (1 - decay)], rtol=2e-3)
        covariance = moments.covariance.matrix()
        assert covariance[0, 0] == pytest.approx(0.16 * (1 - decay**2), rel=5e-3)
        assert covariance[0, 1] == pytest.approx(0.16 * (1 - decay) ** 2 / 0.5, rel=2e-2)
    keys = jax.random.split(jax.random.key(5), 4000)
    drawn = jax.vmap(lambda key: system.step(np.array([2.0, 0.0]), np.zeros(0), event(system, 3), key))(keys)
    assert np.allclose(np.mean(drawn, axis=0), moments.mean, atol=4 * np.sqrt(0.1 / 4000))
    assert np.cov(drawn.T)[0, 0] == pytest.approx(covariance[0, 0], rel=5 * np.sqrt(2 / 4000))


# ---------------------------------------------------------------------------------------------------------------- kinds

MIXING = """
dim cell = 8 clamped
time t from 0 to 20 step 1
data { y[t, cell] : real missing }
state h[cell] : positive, share[cell] : unit, rain[cell] : nonnegative over t {
  initial h ~ LogNormal(0, 0.5), share ~ Beta(1, 1), rain = 0
  evolve  der(h) = 0.1 * (h[cell - 1] - 2 * h + h[cell + 1])  by rk4(dt = 0.25)
          der(share) = 0.1 * share * (1 - share)
          der(rain) = 0.1 * h - rain
  error   h *= LogNormal(0, 0.1)
}
likelihood y[t, cell] ~ Normal(h + rain, 0.05)
assimilate h, share, rain by etkf(members = 30, inflation = multiplicative(1.05))
"""


def test_members_keep_to_the_kinds_of_states():
    system = bound(MIXING, y=np.zeros((21, 8)))
    values = np.linspace(0.1, 0.9, 24)
    assert np.allclose(system.placed(system.free(values)), values)
    assert np.allclose(system.placed(np.full((2, 24), 3.0))[:, 8:16], 1 / (1 + np.exp(-3.0)))
    states, seen = trajectory(system, seed=2)
    assert np.all(states[:, :8] > 0)
    found = assimilated(MIXING, y=seen).groups["assimilation"].variables
    assert np.all(found["h_mean"].values > 0)
    assert np.all((found["share_mean"].values > 0) & (found["share_mean"].values < 1))
    # One observation of each alone leaves a cell uncertain by 0.05.
    assert np.sqrt(np.mean((found["h_mean"].values[5:] - states[5:, :8]) ** 2)) < 0.06
