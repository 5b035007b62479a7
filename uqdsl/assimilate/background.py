"""What is known of states before any observation: the law of the first time, the climate of the model, or no more than a size.

A background covariance is `root root'`. Up to a thousand elements of the state it is exact; above, the root has as many columns
as there are snapshots, so that everything stays linear in the size of the state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Plan
from uqdsl.assimilate.gaussian import Joint
from uqdsl.assimilate.system import Events, System

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


def background(system: System, covariance: str, scale: float, key: jax.Array) -> Background:
    """The mean of the climate or of the first time, with a covariance by its name, times `scale`."""
    if covariance == "climatology":
        found = climatology(system, key)
    elif covariance == "identity":
        found = Background(at_first(system, key).mean, jnp.eye(system.size))
    else:
        found = at_first(system, key)
    return found._replace(root=jnp.sqrt(scale) * found.root)


def refused(system: System, plan: Plan, covariance: str) -> tuple[str, str] | None:
    """Why a background covariance cannot be had."""
    if plan.estimated.any() or plan.sampled.any():
        return NO_PARAMETERS
    return too_large(system, covariance)


def too_large(system: System, covariance: str) -> tuple[str, str] | None:
    """Why a static covariance of so many elements cannot be had."""
    if covariance == "identity" and system.size > DENSE:
        return f"an identity of {system.size} rows is no matrix to compute with", "write `covariance = climatology`"
    return None


def no_law(system: System, plan: Plan, covariance: str) -> tuple[str, str] | None:
    """Why a law of states and parameters, whose covariance may be `propagated`, cannot be had."""
    if covariance != "propagated":
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
