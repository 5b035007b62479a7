"""Randomise, then optimise: posteriors of Gaussian data and Gaussian priors, drawn by solving perturbed problems.

With whitened misfits F(u) = [L⁻¹(h(u) - y); S⁻¹(u - m)], so that log p(u | data) = -½‖F(u)‖² + const, with Jacobian J of F, and
the factor Q of J = QR at the mode, a member solves

    Qᵀ (F(u) - ε) = 0,  ε ~ N(0, I);    q(u) ∝ |det QᵀJ(u)| exp(-½‖QᵀF(u)‖²)

so that its weight, posterior over q, is known. For a linear h all weights are equal: the members are draws of the posterior.

Bardsley, Solonen, Haario & Laine 2014, Randomize-Then-Optimize, SIAM J. Sci. Comput. 36, A1895-A1910, equations 2.9 to 2.14.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optimistix

from uqdsl.infer.posterior import Posterior
from uqdsl.infer.training import draw_prior

_TOLERANCE = 1e-9
_SOLVED = 1e-6
"""What the norm of the left side may be at a solution."""
_ALIKE = 1e-6
"""What misfits and log density may differ by, relative to the size of the latter."""


class Randomised(NamedTuple):
    """Solutions of perturbed problems: positions `(member, size)`, their log weights, and whether each was found."""

    positions: jax.Array
    log_weights: jax.Array
    solved: jax.Array


class _Misfits(NamedTuple):
    """What whitens the misfits of data and prior."""

    data: jax.Array
    prior: jax.Array
    mean: jax.Array

    def at(self, posterior: Posterior, position: jax.Array) -> jax.Array:
        seen = posterior.observe(position)
        of_data = jax.scipy.linalg.solve_triangular(self.data, seen.mean - seen.values, lower=True)
        return jnp.concatenate([of_data, self.prior @ (position - self.mean)])


def randomise(posterior: Posterior, key: jax.Array, members: int) -> Randomised | None:
    """Solve as many perturbed problems; None where prior or data are not Gaussian with a known scatter."""
    of_prior, of_errors = jax.random.split(key)
    trial = draw_prior(posterior, of_prior, 4)
    misfits = _whitened(posterior, trial)
    return None if misfits is None else _solve(posterior, misfits, trial[0], of_errors, members)


def _whitened(posterior: Posterior, trial: jax.Array) -> _Misfits | None:
    try:
        misfits, squares, apart = _whiten(posterior, trial)
    except NotImplementedError:  # a law without a variance
        return None
    alike = float(jnp.ptp(apart)) <= _ALIKE * (1 + float(jnp.max(jnp.abs(squares))))
    return misfits if alike else None


@jax.jit
def _whiten(posterior: Posterior, trial: jax.Array) -> tuple[_Misfits, jax.Array, jax.Array]:
    """The misfits, their squares at some positions, and by how much log density and misfits differ there."""
    first = trial[0]
    precision = -jax.hessian(posterior.log_prior)(first)
    mean = first + jnp.linalg.solve(precision, jax.grad(posterior.log_prior)(first))
    data = jnp.linalg.cholesky(posterior.observe(first).covariance)
    misfits = _Misfits(data, jnp.linalg.cholesky(precision).T, mean)
    squares = jax.lax.map(lambda each: jnp.sum(misfits.at(posterior, each) ** 2), trial)
    return misfits, squares, jax.lax.map(posterior.log_density, trial) + squares / 2


@jax.jit(static_argnames="members")
def _solve(posterior: Posterior, misfits: _Misfits, start: jax.Array, key: jax.Array, members: int) -> Randomised:
    solver = optimistix.LevenbergMarquardt(rtol=_TOLERANCE, atol=_TOLERANCE)

    def misfit(position: jax.Array, _: None) -> jax.Array:
        return misfits.at(posterior, position)

    mode = optimistix.least_squares(misfit, solver, start, max_steps=1000, throw=False).value
    basis, _ = jnp.linalg.qr(jax.jacobian(misfit)(mode, None))

    def member(key: jax.Array) -> Randomised:
        errors = basis.T @ jax.random.normal(key, (len(basis),))

        def left(position: jax.Array, _: None) -> jax.Array:
            return basis.T @ misfit(position, None) - errors

        found = optimistix.least_squares(left, solver, mode, max_steps=1000, throw=False).value
        whole = misfit(found, None)
        _, volume = jnp.linalg.slogdet(basis.T @ jax.jacobian(misfit)(found, None))
        weight = -volume - jnp.sum(whole**2) / 2 + jnp.sum((basis.T @ whole) ** 2) / 2
        return Randomised(found, weight, jnp.linalg.norm(left(found, None)) <= _SOLVED)

    return jax.vmap(member)(jax.random.split(key, members))
