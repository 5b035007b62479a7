"""The Kalman filter: exact where everything is linear and Gaussian.

Reference:
    Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve

from uqdsl.assimilate.cycle import Estimate, Filter, Plan
from uqdsl.assimilate.system import Events, Observed, System
from uqdsl.vocabulary.assimilation import KalmanOptions


class Belief(NamedTuple):
    """A Gaussian law of the state: mean `(d,)` and covariance `(d, d)`; and the parameters, which are known."""

    mean: jax.Array
    covariance: jax.Array
    parameters: jax.Array


def make(_options: KalmanOptions, _plan: Plan) -> Filter:
    """The filter; parameters are known."""

    def begin(system: System, _key: jax.Array) -> Belief:
        parameters = system.mean_parameters()
        return Belief(*system.initial_moments(parameters), parameters)

    return Filter(begin, predict, analyse, estimate, evidence)


def predict(system: System, belief: Belief, event: Events, _key: jax.Array) -> Belief:
    """x = F x + m, P = F P F' + Q."""

    def mean(state: jax.Array) -> jax.Array:
        return system.forecast(state, belief.parameters, event).mean

    slope = jax.jacfwd(mean)(belief.mean)
    moved = system.forecast(belief.mean, belief.parameters, event)
    return belief._replace(mean=moved.mean, covariance=slope @ belief.covariance @ slope.T + moved.covariance)


def _seen(system: System, belief: Belief, event: Events) -> tuple[Observed, jax.Array, jax.Array, jax.Array]:
    """What is observed, the slope of the operator, the innovation and its covariance; nothing where nothing is present."""
    seen = system.observe(belief.mean, belief.parameters, event)
    slope = jax.jacfwd(lambda state: system.observe(state, belief.parameters, event).mean)(belief.mean)
    there = seen.present
    slope = jnp.where(there[:, None], slope, 0.0)
    error = jnp.where(there[:, None] & there[None, :], seen.covariance, jnp.eye(len(there)))
    innovation = jnp.where(there, seen.values - seen.mean, 0.0)
    return seen, slope, innovation, slope @ belief.covariance @ slope.T + error


def analyse(system: System, belief: Belief, event: Events, _key: jax.Array) -> Belief:
    """x + K (y - H x) and the covariance in Joseph's form, which stays positive."""
    seen, slope, innovation, total = _seen(system, belief, event)
    gain = cho_solve(cho_factor(total, lower=True), slope @ belief.covariance).T
    left = jnp.eye(len(belief.mean)) - gain @ slope
    there = seen.present
    error = jnp.where(there[:, None] & there[None, :], seen.covariance, 0.0)
    covariance = left @ belief.covariance @ left.T + gain @ error @ gain.T
    return belief._replace(mean=belief.mean + gain @ innovation, covariance=covariance)


def evidence(system: System, belief: Belief, event: Events) -> jax.Array:
    """Log density of the innovation."""
    seen, _, innovation, total = _seen(system, belief, event)
    factor = cho_factor(total, lower=True)
    count = jnp.sum(seen.present)
    # What is not there has a variance of one in the place of its own, and adds nothing.
    log_determinant = 2 * jnp.sum(jnp.log(jnp.diag(factor[0])))
    return -0.5 * (innovation @ cho_solve(factor, innovation) + log_determinant + count * jnp.log(2 * jnp.pi))


def estimate(system: System, belief: Belief, event: Events) -> Estimate:
    """Mean and standard deviation of everything."""
    seen = system.observe(belief.mean, belief.parameters, event)
    slope = jax.jacfwd(lambda state: system.observe(state, belief.parameters, event).mean)(belief.mean)
    observed = jnp.sqrt(jnp.einsum("pi,ij,pj->p", slope, belief.covariance, slope))
    spread = jnp.sqrt(jnp.diag(belief.covariance))
    return Estimate(belief.mean, spread, belief.parameters, jnp.zeros_like(belief.parameters), seen.mean, observed)
