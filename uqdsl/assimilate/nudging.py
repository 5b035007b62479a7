"""Nudging: what the states show is drawn towards what is observed, at a rate.

Over the time s since the last observations, members move by the least change, in units of none but their own, with

    d h(x)/ds = rate (y + e - h(x)),    e ~ Normal(0, R) the same for all of s,

after the model has moved them: Newtonian relaxation, split from the equations as by Lie and Trotter. The perturbations e give
members the spread of the error, where all is linear; they have mean 0 over the members. At an infinite rate the states show
what is observed, and no more of themselves: a system that forgets where it began synchronises with the one that is seen.

References:
    Hoke & Anthes 1976, The Initialization of Numerical Models by a Dynamic-Initialization Technique, Mon. Weather Rev. 104,
    1551-1556.
    Pecora & Carroll 1990, Synchronization in Chaotic Systems, Phys. Rev. Lett. 64, 821-824.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import cg

from uqdsl.assimilate import free_run
from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Ensemble, with_ensemble
from uqdsl.assimilate.system import Events, System
from uqdsl.assimilate.three_dvar import misfit
from uqdsl.vocabulary.assimilation.static import NudgingOptions

_TOLERANCE = 1e-10
_ITERATIONS = 100


class Nudged(NamedTuple):
    """An ensemble, and how long ago the last observations came in, or the first time was."""

    ensemble: Ensemble
    since: jax.Array


def make(options: NudgingOptions, plan: Plan) -> Filter:
    """Members that are nudged."""
    free = free_run.make(options, plan)

    def begin(system: System, key: jax.Array) -> Nudged:
        return Nudged(free.begin(system, key), jnp.zeros(()))

    def predict(system: System, nudged: Nudged, event: Events, key: jax.Array) -> Nudged:
        return Nudged(free.predict(system, nudged.ensemble, event, key), nudged.since + event.length)

    def analyse(system: System, nudged: Nudged, event: Events, key: jax.Array) -> tuple[Nudged, dict[str, jax.Array]]:
        ensemble, since = nudged
        share = jnp.ones(()) if math.isinf(options.rate) else 1 - jnp.exp(-options.rate * since)
        present = system.observe(ensemble.states[0], system.constrained(ensemble.parameters[0]), event).present
        noise = jnp.where(present, jax.random.normal(key, (options.members, len(present))), 0.0)

        def moved(state: jax.Array, free: jax.Array, noise: jax.Array) -> jax.Array:
            known = system.constrained(free)
            return state + share * towards(system, state, known, noise, event)

        states = jax.vmap(moved)(ensemble.states, ensemble.parameters, noise - noise.mean(0))
        return Nudged(ensemble._replace(states=states), jnp.zeros(())), {"gain": jnp.where(present, share, 0.0)}

    return with_ensemble(begin, predict, analyse)


def towards(system: System, state: jax.Array, known: jax.Array, noise: jax.Array, event: Events) -> jax.Array:
    """The least change of a state `(d,)` after which it shows what is observed, as nearly as it can in units of the errors.

    Arguments:
        noise: of what is observed, in the same units.
    """
    apart, slope = jax.linearize(lambda each: misfit(system, each, known, event), state)
    back = jax.linear_transpose(slope, state)

    def normal(change: jax.Array) -> jax.Array:
        return back(slope(change))[0]

    # From 0, the iterations never leave what H' spans, where the least of all solutions lies.
    found, _ = cg(normal, -back(apart + noise)[0], tol=_TOLERANCE, maxiter=_ITERATIONS)
    return found
