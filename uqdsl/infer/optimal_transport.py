"""Entropic optimal transport: a map of every draw of the prior to the posterior, with the spread that it takes away put back.

The target is a cloud of draws of the posterior by tempered sequential Monte Carlo, not the prior's draws reweighted, which
could not leave their convex hull. Of the coupling `P` of both, in units of the prior's standard deviations, each draw takes
the barycentric projection

    xbar_i = sum_j P_ij y_j / P_i,    C_i = sum_j P_ij (y_j - xbar_i) (y_j - xbar_i)^T / P_i.

The projections have the cloud's mean, but lack the mean of `C_i` in their covariance; with `correction = second_order` each
gets a Gaussian of that covariance, so that mean and covariance are the cloud's.

References:
    Reich 2013, A nonparametric ensemble transform method for Bayesian inference, SIAM J. Sci. Comput. 35, A2013-A2024; Acevedo,
    de Wiljes & Reich 2017, Second-order accurate ensemble transform particle filters, SIAM J. Sci. Comput. 39, A1834-A1850;
    Seguy et al. 2018, Large-scale optimal transport and mapping estimation, ICLR (barycentric projection).
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.prior_mixture import Prior, prior_of, with_density
from uqdsl.infer.sinkhorn import Coupling, couple
from uqdsl.infer.smc import run as run_smc
from uqdsl.vocabulary.methods.particles import SmcOptions
from uqdsl.vocabulary.methods.transports import OptimalTransportOptions

_LARGEST_ERROR = 0.01
_SPREAD = (0.8, 1.25)

type Correction = Literal["second_order", "none"]


class Transported(NamedTuple):
    """Where points went `(N, d)`, and the coupling that took them there."""

    states: jax.Array
    coupling: Coupling


@partial(jax.jit, static_argnames="correction")
def analyse(
    states: jax.Array, cloud: jax.Array, eps: float, key: jax.Array, *, correction: Correction = "second_order"
) -> Transported:
    """Points of a prior `(N, d)` moved to a cloud of the posterior `(M, d)`.

    Arguments:
        eps: the smoothing, in units of the squared states.
    """
    coupling = couple(states, cloud, eps)
    plan = jnp.exp(coupling.log_plan)
    means = plan @ cloud
    if correction == "none":
        return Transported(means, coupling)

    def scatter(row: jax.Array, mean: jax.Array, key: jax.Array) -> jax.Array:
        # A sum of the deviations with independent signs and weights has their covariance; no root of a matrix is needed.
        noise = jax.random.normal(key, (len(cloud),))
        return jnp.sqrt(row) * noise @ (cloud - mean)

    return Transported(means + jax.vmap(scatter)(plan, means, jax.random.split(key, len(states))), coupling)


class Ends(NamedTuple):
    """What is coupled: the prior with its draws, states of the posterior `(M, d)`, and what the method that made these says."""

    prior: Prior
    cloud: jax.Array
    told: Draws


def both_ends(posterior: Posterior, particles: int, target_particles: int, key: jax.Array, watch: Watch) -> Ends:
    """Draws of the prior, and a cloud of the posterior by tempered sequential Monte Carlo."""
    of_prior, of_cloud = jax.random.split(key)
    prior = prior_of(posterior, of_prior, particles)
    told = run_smc(with_density(posterior, prior), SmcOptions(particles=target_particles), of_cloud, watch)
    return Ends(prior, (jnp.asarray(told.positions) - prior.shift) / prior.scale, told)


def report(ends: Ends, states: jax.Array, coupling: Coupling, **diagnostics: float | str) -> Draws:
    """The moved draws, with what is to be told of the coupling and of its target."""
    plan = np.exp(np.asarray(coupling.log_plan))
    cloud, moved = np.asarray(ends.cloud), np.asarray(states)
    spread = float(np.sqrt(moved.var(axis=0).sum() / cloud.var(axis=0).sum()))
    reasons = list(ends.told.reasons)
    if not float(coupling.error) <= _LARGEST_ERROR:
        reasons.append(
            f"the coupling has not converged: its marginals are off by {float(coupling.error):.1%} (should be at most "
            f"{_LARGEST_ERROR:.0%}); raise `smoothing`"
        )
    if not _SPREAD[0] <= spread <= _SPREAD[1]:
        reasons.append(
            f"the moved draws have {spread:.2f} of the spread of the posterior's (should be between {_SPREAD[0]} and "
            f"{_SPREAD[1]}); take `correction = second_order`, or `schrodinger_bridge`"
        )
    return Draws(
        positions=ends.prior.position(states),
        diagnostics={
            **ends.prior.diagnostics,
            **ends.told.diagnostics,
            "target_particles": len(cloud),
            "spread_ratio": spread,
            "partners": float(np.mean(1 / np.sum(plan**2, axis=1))),
            "sinkhorn_iterations": int(coupling.iterations),
            "marginal_error": float(coupling.error),
            **diagnostics,
        },
        reasons=tuple(reasons),
        notes=ends.told.notes,
        history=ends.told.history,
    )


def run(posterior: Posterior, options: OptimalTransportOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the prior, transported to a cloud of the posterior."""
    of_ends, of_scatter = jax.random.split(key)
    ends = both_ends(posterior, options.particles, options.target_particles, of_ends, watch)
    smoothing = options.smoothing * posterior.size
    moved = analyse(ends.prior.states, ends.cloud, smoothing, of_scatter, correction=options.correction)
    return report(ends, moved.states, moved.coupling, correction=options.correction, smoothing=options.smoothing)
