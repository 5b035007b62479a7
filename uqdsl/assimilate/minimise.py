"""The least of a cost `½ |w|² + l(w)` of a control w in units of the background: variational analyses.

Of Gaussian observations l is `½ |r(w)|²`, with residuals r in units of their errors; else minus their log density. By Gauss
and Newton, where every step solves `(1 + J'J) δ = -(w + l')` with the Jacobian J of r: of Gaussian observations J'J is l'' but
for the curvature of r, and of others what Fisher scoring takes for it. Or by L-BFGS, which asks for gradients only, one run of
the adjoint each.

References:
    Courtier, Thépaut & Hollingsworth 1994, A Strategy for Operational Implementation of 4D-Var, Using an Incremental Approach,
    Q. J. R. Meteorol. Soc. 120, 1367-1387.
    Liu & Nocedal 1989, On the Limited Memory BFGS Method for Large Scale Optimization, Math. Program. 45, 503-528.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from uqdsl.vocabulary.assimilation.static import VariationalOptions

type Residuals = Callable[[jax.Array], jax.Array]
type Cost = Callable[[jax.Array], jax.Array]


class Minimum(NamedTuple):
    """Where the cost is least: the control `(r,)`, and cost, iterations and whether they converged, by name."""

    control: jax.Array
    numbers: dict[str, jax.Array]


def minimise(
    residuals: Residuals, start: jax.Array, options: VariationalOptions, misfit: Cost | None = None
) -> Minimum:
    """The least cost from a control to begin with.

    Arguments:
        residuals: r, `(m,)`.
        misfit: l, where it is not half of their squares.
    """

    def cost(control: jax.Array) -> jax.Array:
        apart = 0.5 * jnp.sum(residuals(control) ** 2) if misfit is None else misfit(control)
        return 0.5 * jnp.sum(control**2) + apart

    if options.solver == "lbfgs":
        control, iterations, converged = _lbfgs(cost, start, options)
    else:
        control, iterations, converged = _gauss_newton(cost, residuals, start, options)
    numbers = {"cost": cost(control), "iterations": iterations, "converged": converged}
    return Minimum(control, {name: jnp.asarray(each, float) for name, each in numbers.items()})


def posterior_root(residuals: Residuals, control: jax.Array) -> jax.Array:
    """A root `(r, r)` of `(1 + J'J)^-1`, the covariance of the control where the residuals are linear, and errors Gaussian."""
    slope = jax.jacfwd(residuals)(control)
    values, basis = jnp.linalg.eigh(slope.T @ slope)
    return basis / jnp.sqrt(1 + jnp.maximum(values, 0.0))


def _gauss_newton(
    cost: Cost, residuals: Residuals, start: jax.Array, options: VariationalOptions
) -> tuple[jax.Array, Any, Any]:
    """Steps that are halved until the cost falls."""

    def go_on(state: tuple[jax.Array, ...]) -> jax.Array:
        _, number, moved = state
        return (number < options.iterations) & (moved > options.tolerance)

    def step(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        control, number, _ = state
        slope, steep = jax.jacfwd(lambda control: (residuals(control), cost(control)))(control)
        whole = jnp.linalg.solve(jnp.eye(len(control)) + slope.T @ slope, -steep)
        before = cost(control)

        def too_far(share: jax.Array) -> jax.Array:
            return (share > 1e-3) & ~(cost(control + share * whole) <= before + 1e-12 * jnp.abs(before))

        share = jax.lax.while_loop(too_far, lambda share: share / 2, jnp.ones(()))
        moved = jnp.sqrt(jnp.mean(whole**2))
        return control + share * whole, number + 1, moved

    control, number, moved = jax.lax.while_loop(go_on, step, (start, jnp.zeros((), int), jnp.full((), jnp.inf)))
    return control, number, moved <= options.tolerance


def _lbfgs(cost: Cost, start: jax.Array, options: VariationalOptions) -> tuple[jax.Array, Any, Any]:
    """Quasi-Newton steps with a line search, until the gradient is small."""

    method = optax.lbfgs()
    both = optax.value_and_grad_from_state(cost)

    def go_on(carried: tuple[Any, ...]) -> jax.Array:
        _, state, number = carried
        slope = optax.tree.get(state, "grad")
        return (number == 0) | ((number < options.iterations) & (_size(slope) > options.tolerance))

    def step(carried: tuple[Any, ...]) -> tuple[Any, ...]:
        control, state, number = carried
        found, slope = both(control, state=state)
        change, state = method.update(slope, state, control, value=found, grad=slope, value_fn=cost)
        return optax.apply_updates(control, change), state, number + 1

    control, state, number = jax.lax.while_loop(go_on, step, (start, method.init(start), jnp.zeros((), int)))
    return control, number, _size(optax.tree.get(state, "grad")) <= options.tolerance


def _size(vector: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.mean(vector**2))
