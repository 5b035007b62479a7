"""Trajectories of ordinary differential equations, by diffrax."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, NamedTuple

# Beyond the domain of an equation, what is not a number is an answer, from which a sampler turns back, and no fault.
os.environ.setdefault("EQX_ON_ERROR", "nan")

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

MOST_DIRECTIONS = 64
"""Parameters and initial values of whose derivatives the equations are solved; beyond, gradients are propagated back."""


class RK4(diffrax.AbstractERK):
    """The classical method of Runge and Kutta, order 4, for steps of one length: it has no estimate of its error."""

    tableau: ClassVar[diffrax.ButcherTableau | diffrax.MultiButcherTableau] = diffrax.ButcherTableau(
        a_lower=(np.array([0.5]), np.array([0.0, 0.5]), np.array([0.0, 0.0, 1.0])),
        b_sol=np.array([1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        b_error=np.zeros(4),
        c=np.array([0.5, 0.5, 1.0]),
    )
    interpolation_cls: ClassVar[Callable[..., Any]] = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

    def order(self, terms: Any) -> int:
        return 4


class _Method(NamedTuple):
    """A solver with its options, as they are named in `trajectory`.

    A step of its own has no `start`, begins at 0, and nobody watches it. Where derivatives stand behind the states, these are
    of a `width`.
    """

    start: float | None
    solver: str
    dt: float | None
    rtol: float
    atol: float
    max_steps: int
    width: int = 0


class GaveUp(NamedTuple):
    """A trajectory that did not get to its end: the last of the times asked for that it reached, and after how many steps.

    Where these are fewer than `most`, the equations of an implicit step could not be solved.
    """

    reached: float
    steps: int
    most: int


_watching: list[list[GaveUp]] = []


@contextmanager
def watched() -> Iterator[list[GaveUp]]:
    """Gathers the trajectories that give up, of programs that are traced within the block."""
    found: list[GaveUp] = []
    _watching.append(found)
    try:
        yield found
    finally:
        jax.effects_barrier()
        _watching.pop()


def _note(found: list[GaveUp], method: _Method, reached: Any, last: Any, steps: Any) -> None:
    if not reached:
        found.append(GaveUp(float(last), int(steps), method.max_steps))


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

    Derivatives with respect to few parameters are solved for together with x, dS/dt = (∂f/∂x) S + ∂f/∂p, and their errors
    are held to the same tolerances: steps that suit x alone are too long for them where it hardly moves (Hindmarsh et al.
    2005, SUNDIALS, section 2.5). Where the solver does not get to the last time, all values are NaN, so that a sampler turns
    back there.

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
    method = _Method(float(start), solver, dt, rtol, atol, max_steps)
    first, unravel, slope = _flattened(rates, initial)
    order = jnp.argsort(times)
    explicit = isinstance(_solver(solver), diffrax.AbstractERK | diffrax.Euler)
    found = _differentiable(slope, method, first, jnp.asarray(times, float)[order], ahead=explicit)[jnp.argsort(order)]
    return jax.vmap(unravel)(found)


def advance(
    rates: Callable[..., Any],
    states: Any,
    begin: jax.Array,
    length: jax.Array,
    *,
    most: int = 1,
    diffusions: Callable[..., Any] | None = None,
    noise: tuple[jax.Array | None, ...] = (),
    solver: str = "Dopri5",
    dt: float | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    max_steps: int = 16384,
) -> Any:
    """x(begin + length), where dx/dt = rates(t, x) and x(begin) = states: one step of what is assimilated.

    Steps of a fixed length are shortened so that a whole number of them fills the time. Where the solver does not get to its
    end, all values are NaN. With `diffusions` it is a step of the stochastic equation dx = rates dt + diffusions dW of Itô.

    Arguments:
        rates: `rates(t, *states)` gives the rate of change of each state.
        states: a tuple of arrays, one for each state.
        begin, length: scalars.
        most: of steps of a fixed length there are never more than these.
        diffusions: `diffusions(t, *states)`, like the rates.
        noise: for each state independent draws of variance 1, `(most, …)`; None for one that does not diffuse.
        solver, dt, rtol, atol, max_steps: as of `trajectory`.

    Returns:
        A tuple of arrays, like `states`.
    """
    first, unravel, slope = _flattened(rates, states)
    if dt is not None and solver in (*_FIXED, *_OF_NOISE):
        count = jnp.maximum(jnp.ceil(length / dt - 1e-6), 1.0)
        h = length / count
        if diffusions is not None:
            _, _, diffusion = _flattened(diffusions, states)
            driven = [
                jnp.zeros((most, jnp.size(state))) if each is None else jnp.reshape(each, (most, -1))
                for each, state in zip(noise, states, strict=True)
            ]

            def move(x: jax.Array, place: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
                number, drawn = place
                moved = _OF_NOISE[solver](slope, diffusion, begin + number * h, x, h, drawn)
                return jnp.where(number < count, moved, x), None

            places = (jnp.arange(float(most)), jnp.concatenate(driven, axis=1))
            return unravel(jax.lax.scan(move, first, places)[0])

        def step(x: jax.Array, number: jax.Array) -> tuple[jax.Array, None]:
            return jnp.where(number < count, _FIXED[solver](slope, begin + number * h, x, h), x), None

        return unravel(jax.lax.scan(step, first, jnp.arange(float(most)))[0])
    method = _Method(None, solver, dt, rtol, atol, max_steps)
    found = _differentiable(lambda t, x: slope(begin + t, x), method, first, jnp.reshape(length, 1), ahead=True)
    return unravel(found[0])


def _differentiable(
    slope: Callable[..., jax.Array], method: _Method, initial: jax.Array, times: jax.Array, *, ahead: bool
) -> jax.Array:
    """The states at ordered times; with derivatives that are solved for with them, where these go `ahead` and are few."""
    converted, constants = jax.closure_convert(slope, times[0], initial)
    # Of no parameters JAX would make an array of single precision.
    parameters, unravel = ravel_pytree(constants) if constants else (jnp.zeros(0, initial.dtype), lambda _: ())

    def slope_with(t: jax.Array, x: jax.Array, p: jax.Array) -> jax.Array:
        return converted(t, x, *unravel(p))

    few = ahead and len(parameters) + len(initial) <= MOST_DIRECTIONS
    return (_with_derivatives if few else _solved)(slope_with, method, parameters, initial, times)


def _flattened(
    rates: Callable[..., Any], states: Any
) -> tuple[jax.Array, Callable[..., Any], Callable[..., jax.Array]]:
    """States as one vector, the way back, and the rates as a function `slope(t, x)` of it."""
    first, unravel = ravel_pytree(jax.tree.map(lambda each: jnp.asarray(each, float), states))

    def slope(t: Any, x: jax.Array) -> jax.Array:
        now = unravel(x)
        found = rates(t, *now)
        return ravel_pytree(jax.tree.map(lambda new, old: jnp.broadcast_to(new, old.shape) + 0.0, found, now))[0]

    return first, unravel, slope


def _euler(slope: Callable[..., jax.Array], t: Any, x: jax.Array, h: Any) -> jax.Array:
    return x + h * slope(t, x)


def _rk4(slope: Callable[..., jax.Array], t: Any, x: jax.Array, h: Any) -> jax.Array:
    k1 = slope(t, x)
    k2 = slope(t + h / 2, x + h / 2 * k1)
    k3 = slope(t + h / 2, x + h / 2 * k2)
    k4 = slope(t + h, x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


_FIXED: dict[str, Callable[..., jax.Array]] = {"Euler": _euler, "RK4": _rk4}
"""Solvers of which a step is a few lines; diffrax, whose steps can do much more, takes several times as long for each."""


def _euler_maruyama(
    slope: Callable[..., jax.Array], diffusion: Callable[..., jax.Array], t: Any, x: jax.Array, h: Any, drawn: jax.Array
) -> jax.Array:
    return x + h * slope(t, x) + jnp.sqrt(h) * diffusion(t, x) * drawn


def _milstein(
    slope: Callable[..., jax.Array], diffusion: Callable[..., jax.Array], t: Any, x: jax.Array, h: Any, drawn: jax.Array
) -> jax.Array:
    """With (h/2) g g' (z² - 1), where each element of g depends on this element of x alone."""
    _, bend = jax.jvp(lambda x: diffusion(t, x), (x,), (diffusion(t, x),))
    return _euler_maruyama(slope, diffusion, t, x, h, drawn) + 0.5 * h * bend * (drawn**2 - 1)


_OF_NOISE: dict[str, Callable[..., jax.Array]] = {"EulerMaruyama": _euler_maruyama, "Milstein": _milstein}
"""Solvers of stochastic equations; Kloeden & Platen 1992, Numerical Solution of SDEs, eqs. 10.2.4 and 10.3.1."""


def _solver(name: str) -> Any:
    return RK4() if name == "RK4" else getattr(diffrax, name)()


def _solved(
    slope: Callable[..., jax.Array], method: _Method, parameters: jax.Array, initial: jax.Array, times: jax.Array
) -> jax.Array:
    """The states at ordered times; NaN where the solver did not get there."""
    begin = 0.0 if method.start is None else method.start
    width = method.width or len(initial)
    found = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, x, _: slope(t, x, parameters)),
        _solver(method.solver),
        t0=begin,
        t1=jnp.maximum(times[-1], begin + 1e-12),
        dt0=method.dt,
        y0=initial,
        saveat=diffrax.SaveAt(ts=times) if len(times) > 1 else diffrax.SaveAt(t1=True),
        stepsize_controller=diffrax.ConstantStepSize()
        if method.dt is not None
        else diffrax.PIDController(rtol=method.rtol, atol=method.atol, norm=partial(_largest, width=width)),
        max_steps=method.max_steps,
        throw=False,
    )
    reached = found.result == diffrax.RESULTS.successful
    if _watching and method.start is not None:
        at: Any = found.ts
        last = jnp.max(jnp.where(jnp.isfinite(at), at, method.start))
        jax.debug.callback(partial(_note, _watching[-1], method), reached, last, found.stats["num_steps"])
    return jnp.where(reached, jnp.asarray(found.ys), jnp.nan)


_with_derivatives = jax.custom_jvp(_solved, nondiff_argnums=(0, 1))


@_with_derivatives.defjvp
def _along(
    slope: Callable[..., jax.Array], method: _Method, primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]
) -> tuple[jax.Array, jax.Array]:
    """The states, and how they change along tangents of parameters, initial values and times.

    All derivatives are solved for, so that the change is linear in the tangents, and has a transpose; and solved for in the
    same way, so that they have derivatives of their own.
    """
    (parameters, initial, times), (change, begin, later) = primals, tangents
    count, size = len(parameters), len(initial)
    # In units of the parameters, so that derivatives have those of the states and share their tolerances.
    units = jnp.concatenate(
        [jnp.where(parameters == 0, 1.0, jnp.abs(parameters)), jnp.where(initial == 0, 1.0, jnp.abs(initial))]
    )
    units = jax.lax.stop_gradient(units)

    def both(t: jax.Array, joint: jax.Array, given: jax.Array) -> jax.Array:
        x, slopes = joint[:size], joint[size:].reshape(-1, size)
        directions = jnp.concatenate([jnp.diag(given[count : 2 * count]), jnp.zeros((size, count))])

        def along(direction: jax.Array, s: jax.Array) -> tuple[jax.Array, jax.Array]:
            return jax.jvp(partial(slope, t), (x, given[:count]), (s, direction))

        value, change = jax.vmap(along, out_axes=(None, 0))(directions, slopes)
        return jnp.concatenate([value, change.ravel()])

    first = jnp.concatenate([initial, jnp.zeros(count * size), jnp.diag(units[count:]).ravel()])
    width = method.width or size
    given = jnp.concatenate([parameters, units[:count]])
    joint = _with_derivatives(both, method._replace(width=width), given, first, times)
    found, slopes = joint[:, :size], joint[:, size:].reshape(len(times), -1, size) / units[:, None]
    moved = jnp.einsum("tds,d->ts", slopes, jnp.concatenate([change, begin]))
    rates = jax.vmap(lambda t, x: slope(t, x, parameters))(times, found)
    return found, moved + later[:, None] * rates


def _largest(error: jax.Array, width: int) -> jax.Array:
    """The root mean square of the scaled errors of states of a width, or of their derivatives in the worst direction."""
    square = jnp.max(jnp.mean(error.reshape(-1, width) ** 2, axis=-1))
    # The root has no slope at 0, which a gradient that is propagated back would meet.
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)
