"""Trajectories of ordinary differential equations, by diffrax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np


class RK4(diffrax.AbstractERK):
    """The classical method of Runge and Kutta, order 4, for steps of one length: it has no estimate of its error."""

    tableau: ClassVar[diffrax.ButcherTableau] = diffrax.ButcherTableau(
        a_lower=(np.array([0.5]), np.array([0.0, 0.5]), np.array([0.0, 0.0, 1.0])),
        b_sol=np.array([1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        b_error=np.zeros(4),
        c=np.array([0.5, 0.5, 1.0]),
    )
    interpolation_cls: ClassVar[Callable[..., Any]] = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

    def order(self, terms: Any) -> int:
        return 4


def trajectory(
    rates: Callable[..., Any],
    initial: Any,
    times: jax.Array,
    *,
    start: float,
    solver: str = "Dopri5",
    dt: float | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    max_steps: int = 16384,
) -> Any:
    """x(times), where dx/dt = rates(t, x) and x(start) = initial.

    Where the solver does not get to the last time, all values are NaN, so that a sampler turns back there.

    Arguments:
        rates: `rates(t, *states)` gives the rate of change of each state.
        initial: a tuple of arrays, one for each state.
        times: `(n,)`, in any order, none before `start`.
        start: the time of `initial`.
        solver: the name of a solver of diffrax, or `RK4`.
        dt: length of the steps, which are then all the same; else they follow the tolerances.
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step.
        max_steps: after which the solver gives up.

    Returns:
        A tuple of arrays `(n, …)`, one for each state.
    """
    initial = jax.tree.map(lambda each: jnp.asarray(each, float), initial)
    order = jnp.argsort(times)
    ordered = jnp.asarray(times, float)[order]
    method = RK4() if solver == "RK4" else getattr(diffrax, solver)()

    def slope(t: jax.Array, x: Any, _: Any) -> Any:
        return jax.tree.map(lambda new, old: jnp.broadcast_to(new, old.shape).astype(old.dtype), rates(t, *x), x)

    found = diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        method,
        t0=start,
        t1=jnp.maximum(ordered[-1], start + 1e-12),
        dt0=dt,
        y0=initial,
        saveat=diffrax.SaveAt(ts=ordered),
        stepsize_controller=diffrax.ConstantStepSize()
        if dt is not None
        else diffrax.PIDController(rtol=rtol, atol=atol),
        max_steps=max_steps,
        throw=False,
    )
    reached = found.result == diffrax.RESULTS.successful
    back = jnp.argsort(order)
    return jax.tree.map(lambda each: jnp.where(reached, each[back], jnp.nan), found.ys)
