"""The Kalman filter: the extended one where nothing is extended, because everything is linear and Gaussian.

References:
    Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.extended_kalman import tangent
from uqdsl.assimilate.gaussian import Function, Joint, gaussian_filter
from uqdsl.assimilate.system import System
from uqdsl.messages import listing
from uqdsl.vocabulary.assimilation.gaussian import KalmanOptions

_PLACES = 4
"""Events, and states at each of them, at which a system is tried."""
_SAME = 1e-4
"""Relative difference of derivatives that counts as none."""
INSTEAD = "write `extended_kalman`, `unscented_kalman` or an ensemble filter such as `etkf`"


def make(options: KalmanOptions, plan: Plan) -> Filter:
    """The filter."""
    joint = Joint(plan)

    def refuse(system: System) -> tuple[str, str] | None:
        reason = not_gaussian(system) or curved(system, joint)
        return (reason, INSTEAD) if reason else None

    return gaussian_filter(tangent, plan, refuse=refuse, reject=options.reject)


def not_gaussian(system: System) -> str:
    """Which law is not Gaussian, in words."""
    strange = next(iter(system.strange_laws()), None)
    return f"the law of `{strange}` is not Gaussian" if strange is not None else ""


def curved(system: System, joint: Joint) -> str:
    """Where a system is not linear, in words: derivatives are compared at random states, at several events."""
    begin = jax.jit(joint.begin)(system, jax.random.key(0))
    spread = 1.0 + jnp.abs(begin.mean) + 3 * jnp.sqrt(jnp.diag(begin.covariance))
    states = begin.mean + spread * jax.random.normal(jax.random.key(1), (_PLACES, len(begin.mean)))
    numbers = np.arange(len(system.events.time))
    seen = numbers[np.asarray(jax.vmap(system.any_observed)(system.events))]
    rows, columns = _names(system, joint)

    def compared(function: Function) -> jax.Array:
        slopes = jax.vmap(jax.jacfwd(function))(states)
        apart = jnp.abs(slopes - slopes[0]).max(0)
        return apart > _SAME * (1.0 + jnp.abs(slopes).max(0))

    @jax.jit
    def tried(system: System, number: jax.Array) -> tuple[jax.Array, ...]:
        event = jax.tree.map(lambda each: each[number], system.events)

        def acting(state: jax.Array) -> jax.Array:
            return system.forecast(*joint.split(system, state, begin.parameters), event).covariance.variance

        def errors(state: jax.Array) -> jax.Array:
            return system.observe(*joint.split(system, state, begin.parameters), event).covariance.variance

        def depends(function: Function) -> jax.Array:
            return jnp.abs(jax.vmap(jax.jacfwd(function))(states)).max(0) > _SAME

        step, shown = joint.step(system, begin.parameters, event), joint.shown(system, begin.parameters, event)
        return compared(step), depends(acting), compared(shown), depends(errors)

    for number in {*numbers[1:][:: max(1, len(numbers) // _PLACES)], *seen[:: max(1, len(seen) // _PLACES)]}:
        found = [np.argwhere(np.asarray(each)) for each in tried(system, number)]
        told = (
            ("`{row}` a step later is not linear in {columns}", columns),
            ("the error of `{row}` depends on {columns}", columns),
            ("what is observed in `{row}` is not linear in {columns}", rows),
            ("the error of what is observed in `{row}` depends on {columns}", rows),
        )
        for places, (words, names) in zip(found, told, strict=True):
            if len(places):
                row = names[places[0][0]]
                named = dict.fromkeys(columns[place] for at, place in places if names[at] == row)
                return words.format(row=row, columns=listing(named, last="and"))
    return ""


def _names(system: System, joint: Joint) -> tuple[list[str], list[str]]:
    """The names of what is observed and of what is not known, element by element."""
    states, parameters = system.fixed.states.element_names(), system.fixed.parameters.element_names()
    unsure = [name for name, uncertain in zip(parameters, joint.uncertain, strict=True) if uncertain]
    return system.observed_names(), [*states, *unsure]
