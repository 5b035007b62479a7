"""Elliptical slice sampling, for Gaussian priors: a new point on the ellipse through the last one and a draw of the prior.

    x' = m + (x - m) cos θ + (ν - m) sin θ,   ν ~ Normal(m, S)

Mean m and covariance S of the prior are read off its log density, which is quadratic. What of the posterior is not Normal(m, S)
takes the place of the likelihood, so that the draws are right for any posterior, and quick where the prior is Gaussian.

References:
    Murray, Adams & MacKay 2010, Elliptical slice sampling, AISTATS, figure 2.
    Nishihara, Murray & Adams 2014, Parallel MCMC with generalized elliptical slice sampling, J. Mach. Learn. Res. 15.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from uqdsl.infer.markov import Kernel
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods.chains import EllipticalSliceOptions

_MOST_SHRINKS = 200
"""By then the angle is far below the resolution of a float: the point stays."""


class _State(NamedTuple):
    """`position`, with the log of what is left of the density without the prior; evaluations, and whether it moved."""

    position: jax.Array
    log_rest: jax.Array
    evaluations: jax.Array
    moved: jax.Array
    key: jax.Array


class _Arc(NamedTuple):
    """What is left of the ellipse, and the last point tried on it."""

    lower: jax.Array
    upper: jax.Array
    state: _State


def kernel(posterior: Posterior, _: EllipticalSliceOptions) -> Kernel:
    """A step moves along one ellipse."""
    origin = jnp.zeros(posterior.size)
    precision = -jax.hessian(posterior.log_prior)(origin)
    # precision = C Cᵀ, so that m + C⁻ᵀ z is a draw of the prior.
    factor = jnp.linalg.cholesky(precision)
    slope = jax.grad(posterior.log_prior)(origin)
    mean = solve_triangular(factor.T, solve_triangular(factor, slope, lower=True), lower=False)

    def log_rest(position: jax.Array) -> jax.Array:
        z = factor.T @ (position - mean)
        return posterior.log_density(position) + z @ z / 2

    def begin(start: Start, key: jax.Array) -> _State:
        return _State(start.position, log_rest(start.position), jnp.asarray(0), jnp.asarray(True), key)

    def step(state: _State) -> _State:
        draw_key, level_key, angle_key, shrink_key, key = jax.random.split(state.key, 5)
        other = solve_triangular(factor.T, jax.random.normal(draw_key, mean.shape), lower=False)
        level = state.log_rest - jax.random.exponential(level_key)

        def shrink(arc: _Arc) -> _Arc:
            tried = arc.state.evaluations
            angle = jax.random.uniform(jax.random.fold_in(shrink_key, tried), minval=arc.lower, maxval=arc.upper)
            position = mean + (state.position - mean) * jnp.cos(angle) + other * jnp.sin(angle)
            rest = log_rest(position)
            lower, upper = jnp.where(angle < 0, angle, arc.lower), jnp.where(angle < 0, arc.upper, angle)
            return _Arc(lower, upper, _State(position, rest, tried + 1, rest > level, key))

        first = jax.random.uniform(angle_key, maxval=2 * jnp.pi)
        here = state._replace(evaluations=jnp.asarray(0), moved=jnp.asarray(False), key=key)
        arc = jax.lax.while_loop(
            lambda arc: ~arc.state.moved & (arc.state.evaluations < _MOST_SHRINKS),
            shrink,
            _Arc(first - 2 * jnp.pi, first, here),
        )
        found = arc.state
        position, rest = (jnp.where(found.moved, new, old) for new, old in zip(found[:2], state[:2], strict=True))
        return found._replace(position=position, log_rest=rest)

    def statistics(state: _State) -> dict[str, jax.Array]:
        z = factor.T @ (state.position - mean)
        return {"lp": state.log_rest - z @ z / 2, "n_steps": state.evaluations, "acceptance_rate": state.moved * 1.0}

    return Kernel(begin, step, lambda state: state.position, statistics)
