"""The bootstrap filter: particles move as the states do, and the likelihood weighs them.

    w_i <- w_i p(y | x_i),    log p(y | all before) = log sum_i w_i p(y | x_i)

Any likelihood will do. The variance of log weights grows with what the observations tell: for many of them no number of
particles is enough. Particles are resampled before they move on, so that what is told of an analysis has no noise of that.

Reference:
    Gordon, Salmond & Smith 1993, Novel Approach to Nonlinear/Non-Gaussian Bayesian State Estimation, IEE Proc. F 140, 107-113.
"""

from __future__ import annotations

import jax

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.particles import (
    Particles,
    Shared,
    estimate,
    log_likelihoods,
    members,
    renewed,
    resample_where_few,
    weighed,
)
from uqdsl.assimilate.system import Events, System
from uqdsl.vocabulary.assimilation.particles import BootstrapOptions


def make(options: BootstrapOptions, plan: Plan) -> Filter:
    """The filter."""
    shared = Shared(options, plan)
    resample = resample_where_few(shared, options.threshold)

    def predict(system: System, particles: Particles, event: Events, key: jax.Array) -> Particles:
        of_choice, of_step = jax.random.split(key)
        return shared.step(system, resample(particles, of_choice), event, of_step)

    def analyse(
        system: System, particles: Particles, event: Events, _key: jax.Array
    ) -> tuple[Particles, dict[str, jax.Array]]:
        return weighed(particles, log_likelihoods(system, particles, event), options.threshold)

    return Filter(shared.begin, predict, analyse, estimate, members=members, renew=renewed)
