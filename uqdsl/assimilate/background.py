"""What is known of states before any observation: the law of the first time, the climate of the model, or no more than a size.

A background covariance is `root root'`. Up to a thousand elements of the state it is exact; above, the root has as many columns
as there are snapshots, so that everything stays linear in the size of the state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import block_diag

from uqdsl.assimilate.cycle import Plan
from uqdsl.assimilate.gaussian import Joint
from uqdsl.assimilate.localization import wrapped
from uqdsl.assimilate.system import Events, System
from uqdsl.runtime import kernels
from uqdsl.vocabulary.assimilation.schemes import (
    ByDistance,
    Climatology,
    Exponential,
    Identity,
    Kernel,
    Matern32,
    Matern52,
    Propagated,
    SquaredExponential,
)

DENSE = 1000
"""Elements of a state up to which covariances are matrices."""
_SNAPSHOTS = 200
"""Columns of a root of a larger one."""
_RUNS = 16
"""Free runs whose states are the climate."""
NO_PARAMETERS = (
    "a covariance that stays as it is tells nothing of parameters",
    "keep them by `with(fixed = …)`, or write `strong_4dvar`, `extended_kalman` or an ensemble filter",
)


class Background(NamedTuple):
    """A Gaussian law of states: mean `(d,)`, and a root of the covariance `(d, r)`."""

    mean: jax.Array
    root: jax.Array

    def moved(self, function: Callable[[jax.Array], jax.Array]) -> Background:
        """The law of a function of the state, by its tangent."""
        mean, slope = jax.linearize(function, self.mean)
        return Background(mean, jax.vmap(slope, 1, 1)(self.root))


def background(system: System, covariance: Any, scale: float, key: jax.Array) -> Background:
    """The mean of the climate or of the first time, with a covariance as it is asked for, times `scale`."""
    match covariance:
        case Climatology():
            found = climatology(system, key)
        case Identity():
            found = at_first(system, key)._replace(root=jnp.eye(system.size))
        case SquaredExponential() | Exponential() | Matern32() | Matern52():
            found = at_first(system, key)._replace(root=_root(by_distance(system, covariance)))
        case _:
            found = at_first(system, key)
    return found._replace(root=jnp.sqrt(scale) * found.root)


def by_distance(system: System, asked: Kernel) -> jax.Array:
    """The covariance `(d, d)` that a kernel gives; 0 between states, and between places apart in other dimensions."""
    dims = system.state_dims()

    def of_state(name: str, shape: tuple[int, ...]) -> jax.Array:
        squares, beside = jnp.zeros(()), jnp.ones((), bool)
        for dim, at in zip(dims[name], np.indices(shape).reshape(len(shape), -1), strict=True):
            if dim in asked.along:
                axis = system.axis(dim)
                squares += (wrapped(axis.labels[at][:, None] - axis.labels[at], axis) / asked.length) ** 2
            else:
                beside &= at[:, None] == at
        return jnp.where(beside, getattr(kernels, asked.kind)(squares, asked.amplitude), 0.0)

    states = system.fixed.states
    return block_diag(*(of_state(*each) for each in zip(states.names, states.shapes, strict=True)))


def refused(system: System, plan: Plan, covariance: Any) -> tuple[str, str] | None:
    """Why a background covariance cannot be had."""
    if plan.estimated.any() or plan.sampled.any():
        return NO_PARAMETERS
    return too_large(system, covariance)


def too_large(system: System, covariance: Any) -> tuple[str, str] | None:
    """Why a static covariance of so many elements cannot be had."""
    if isinstance(covariance, Identity | ByDistance) and system.size > DENSE:
        return f"a covariance of {system.size} rows is no matrix to compute with", "write `covariance = climatology`"
    return None


def no_law(system: System, plan: Plan, covariance: Any) -> tuple[str, str] | None:
    """Why a law of states and parameters, whose covariance may be `propagated`, cannot be had."""
    if not isinstance(covariance, Propagated):
        return refused(system, plan, covariance)
    if plan.sampled.any():
        return "what is sampled is not moved, and it moves all", "estimate these parameters, or keep them `fixed`"
    if plan.estimated.any() and system.size > DENSE:
        return f"beside {system.size} elements of a state parameters have no matrix", "keep them by `with(fixed = …)`"
    return None


def first_law(system: System, joint: Joint, key: jax.Array) -> tuple[Background, jax.Array]:
    """The law of states and parameters at the first time, and all parameters there."""
    if system.size > DENSE:
        return at_first(system, key), system.mean_parameters()
    belief = joint.begin(system, key)
    return Background(belief.mean, _root(belief.covariance)), belief.parameters


def at_first(system: System, key: jax.Array) -> Background:
    """The law of the states at the first time."""
    parameters = system.mean_parameters()
    if system.size <= DENSE:
        first = system.initial_moments(parameters)
        return Background(first.mean, _root(first.covariance.matrix()))
    draws = jax.vmap(lambda one: system.at(parameters).draw_initial(one)[1])(jax.random.split(key, _SNAPSHOTS))
    return _of_rows(draws)


def climatology(system: System, key: jax.Array) -> Background:
    """Mean and covariance of free runs of the model over all its events."""
    known = system.at(system.mean_parameters())
    parameters = system.mean_parameters()
    first = jax.vmap(lambda one: known.draw_initial(one)[1])(jax.random.split(key, _RUNS))
    total = len(system.events.time)

    def moved(states: jax.Array, event: Events) -> jax.Array:
        keys = jax.random.split(jax.random.fold_in(key, event.number), _RUNS)
        return jax.vmap(lambda state, one: system.step(state, parameters, event, one))(states, keys)

    def one(carried: tuple[jax.Array, ...], event: Events) -> tuple[tuple[jax.Array, ...], None]:
        states, *kept = carried
        states = jax.lax.cond(event.number > 0, lambda s: moved(s, event), lambda s: s, states)
        if system.size <= DENSE:
            apart = states - first[0]
            return (states, kept[0] + apart.sum(0), kept[1] + apart.T @ apart), None
        start = (event.number * _RUNS) % _SNAPSHOTS // _RUNS * _RUNS
        return (states, jax.lax.dynamic_update_slice(kept[0], states, (start, jnp.zeros_like(start)))), None

    if system.size <= DENSE:
        begin = (first, jnp.zeros(system.size), jnp.zeros((system.size, system.size)))
        (_, sums, squares), _ = jax.lax.scan(one, begin, system.events)
        count = total * _RUNS
        mean = sums / count
        return Background(first[0] + mean, _root((squares - count * jnp.outer(mean, mean)) / (count - 1)))
    rows = _SNAPSHOTS // _RUNS * _RUNS
    begin = (first, jnp.tile(first, (rows // _RUNS, 1)))
    (_, kept), _ = jax.lax.scan(one, begin, system.events)
    return _of_rows(kept)


def _root(covariance: jax.Array) -> jax.Array:
    """The symmetric root."""
    values, basis = jnp.linalg.eigh(covariance)
    return (basis * jnp.sqrt(jnp.maximum(values, 0.0))) @ basis.T


def _of_rows(rows: jax.Array) -> Background:
    mean = rows.mean(0)
    return Background(mean, (rows - mean).T / jnp.sqrt(len(rows) - 1))
