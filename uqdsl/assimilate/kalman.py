"""The Kalman filter and the smoother of Rauch, Tung & Striebel: exact where everything is linear and Gaussian.

References:
    Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45.
    Rauch, Tung & Striebel 1965, Maximum Likelihood Estimates of Linear Dynamic Systems, AIAA J. 3, 1445-1450.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve

from uqdsl.assimilate.cycle import Estimate, Filter, Passed, Plan
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
        first = system.initial_moments(parameters)
        return Belief(first.mean, first.covariance.matrix(), parameters)

    return Filter(begin, predict, analyse, estimate, evidence, smooth)


def predict(system: System, belief: Belief, event: Events, _key: jax.Array) -> Belief:
    """x = F x + m, P = F P F' + Q."""

    def mean(state: jax.Array) -> jax.Array:
        return system.forecast(state, belief.parameters, event).mean

    slope = jax.jacfwd(mean)(belief.mean)
    moved = system.forecast(belief.mean, belief.parameters, event)
    return belief._replace(mean=moved.mean, covariance=slope @ belief.covariance @ slope.T + moved.covariance.matrix())


def _seen(system: System, belief: Belief, event: Events) -> tuple[Observed, jax.Array, jax.Array, jax.Array]:
    """What is observed, the slope of the operator, the innovation and its covariance; nothing where nothing is present."""
    seen = system.observe(belief.mean, belief.parameters, event)
    slope = jax.jacfwd(lambda state: system.observe(state, belief.parameters, event).mean)(belief.mean)
    there = seen.present
    slope = jnp.where(there[:, None], slope, 0.0)
    error = seen.covariance.where(there, 1.0).matrix()
    innovation = jnp.where(there, seen.values - seen.mean, 0.0)
    return seen, slope, innovation, slope @ belief.covariance @ slope.T + error


def analyse(system: System, belief: Belief, event: Events, _key: jax.Array) -> tuple[Belief, dict[str, jax.Array]]:
    """x + K (y - H x) and the covariance in Joseph's form, which stays positive."""
    seen, slope, innovation, total = _seen(system, belief, event)
    gain = cho_solve(cho_factor(total, lower=True), slope @ belief.covariance).T
    left = jnp.eye(len(belief.mean)) - gain @ slope
    there = seen.present
    error = seen.covariance.where(there, 0.0).matrix()
    covariance = left @ belief.covariance @ left.T + gain @ error @ gain.T
    return belief._replace(mean=belief.mean + gain @ innovation, covariance=covariance), {}


def smooth(system: System, here: Passed, after: Passed, smoothed: Belief, event: Events) -> Belief:
    """x + G (xs' - x'f), P + G (Ps' - P'f) G' with G = P F' P'f^-1 and a stroke for the event after.

    Of directions that the forecast knows exactly nothing is learned.
    """
    known: Belief = here.analysis

    def mean(state: jax.Array) -> jax.Array:
        return system.forecast(state, known.parameters, event).mean

    slope = jax.jacfwd(mean)(known.mean)
    foretold: Belief = after.forecast
    gain = known.covariance @ slope.T @ jnp.linalg.pinv(foretold.covariance, hermitian=True)
    covariance = known.covariance + gain @ (smoothed.covariance - foretold.covariance) @ gain.T
    moved = known.mean + gain @ (smoothed.mean - foretold.mean)
    return known._replace(mean=moved, covariance=0.5 * (covariance + covariance.T))


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
