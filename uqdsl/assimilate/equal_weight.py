"""The implicit equal-weights particle filter: the last step of each member is drawn such that all weights are equal.

The draws are those of `infer/equal_weight.py`, with the error of the step, of covariance Q, for a kernel about where each
member is led to. With one stage the scatter of members is too small and does not become right with more of them; with two it
is, where `beta` is chosen so that the scalings of both stages have mean 1.

References:
    Zhu, van Leeuwen & Amezcua 2016, Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. 142, 1904-1919.
    Skauvold et al. 2019, A Revised Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. 145, 1490-1502.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Estimate, Filter, Members, Plan
from uqdsl.assimilate.ensemble import Ensemble, Moved, ensemble_filter, estimate, members, seen_by
from uqdsl.assimilate.system import Events, Moments, System
from uqdsl.infer.covariance import Covariance
from uqdsl.infer.equal_weight import two_stage
from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions
from uqdsl.vocabulary.assimilation.transports import EqualWeightFilterOptions


class Stepped(NamedTuple):
    """An ensemble, and its states `(N, d)` before the last step."""

    states: jax.Array
    parameters: jax.Array
    before: jax.Array


def make(options: EqualWeightFilterOptions, plan: Plan) -> Filter:
    """The filter."""
    plain = ensemble_filter(EnsembleOptions(members=options.members), plan, lambda _s, each, _seen, _key: Moved(each))

    def begin(system: System, key: jax.Array) -> Stepped:
        first = plain.begin(system, key)
        return Stepped(first.states, first.parameters, first.states)

    def predict(system: System, stepped: Stepped, event: Events, key: jax.Array) -> Stepped:
        moved = plain.predict(system, Ensemble(stepped.states, stepped.parameters), event, key)
        return Stepped(moved.states, moved.parameters, stepped.states)

    def analyse(
        system: System, stepped: Stepped, event: Events, key: jax.Array
    ) -> tuple[Stepped, dict[str, jax.Array]]:
        def led(before: jax.Array, free: jax.Array) -> Moments:
            parameters = system.constrained(free)
            begun = partial(system.initial_moments, parameters)
            moved = partial(system.forecast, before, parameters, event)
            if any(jax.eval_shape(each).covariance.whole is not None for each in (begun, moved)):
                begun, moved = (partial(_in_full, each) for each in (begun, moved))
            return jax.lax.cond(event.number == 0, begun, moved)

        moments = jax.vmap(led)(stepped.before, stepped.parameters)
        error = jax.tree.map(lambda each: jnp.mean(each, axis=0), moments.covariance)
        centres = Ensemble(moments.mean, stepped.parameters)
        seen = seen_by(system, centres, event, jnp.asarray(plan.estimated))
        at, known = jnp.mean(centres.states, axis=0), system.constrained(jnp.mean(stepped.parameters, axis=0))
        slope = jax.jacrev(lambda state: system.observe(state, known, event).mean)(at)
        slope = jnp.where(seen.present[:, None], slope, 0.0)
        kernel = error.coloured(jnp.eye(system.size))
        said = seen.covariance.whitened(kernel @ slope.T)
        found = two_stage(centres.states, seen.white, kernel, said, key, stages=options.stages, beta=options.beta)
        numbers = {"alpha": jnp.mean(found.alpha), "beta": found.beta, "unequal": found.unequal}
        return stepped._replace(states=found.ensemble), numbers

    def known(system: System, stepped: Stepped, event: Events) -> Estimate:
        return estimate(system, Ensemble(stepped.states, stepped.parameters), event)

    def as_members(system: System, stepped: Stepped) -> Members:
        return members(system, Ensemble(stepped.states, stepped.parameters))

    def renew(stepped: Stepped, whole: jax.Array, key: jax.Array) -> Stepped:
        # The last step is drawn anew from where a member was before, which has to be a place that leads somewhere.
        other = jax.random.categorical(key, jnp.where(whole, 0.0, -jnp.inf), shape=whole.shape)
        chosen = jnp.where(whole, jnp.arange(len(whole)), other)
        return Stepped(stepped.states[chosen], stepped.parameters[chosen], stepped.before[chosen])

    return Filter(begin, predict, analyse, known, members=as_members, renew=renew)


def _in_full(moments: Callable[[], Moments]) -> Moments:
    """Moments whose covariance is a matrix, whether elements are correlated or not."""
    found = moments()
    return found._replace(covariance=Covariance(found.covariance.variance, found.covariance.matrix()))
