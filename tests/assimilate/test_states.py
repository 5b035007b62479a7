"""What a spec may say of states, beside closed forms."""

from __future__ import annotations

import jax
import numpy as np
from scipy.interpolate import RegularGridInterpolator

from .systems import bound


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
