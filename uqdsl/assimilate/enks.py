"""The ensemble Kalman smoother: what an analysis does to the ensemble of its time, it does to those of earlier times too.

An analysis of the transform filter is a matrix W of members, E = W E'. On the way back the ensemble of a time is multiplied by
those of the times after it, up to a `lag`: states are not kept longer than the filter keeps them.

References:
    Evensen & van Leeuwen 2000, An Ensemble Kalman Smoother for Nonlinear Dynamics, Mon. Weather Rev. 128, 1852-1867.
    Evensen 2003, The Ensemble Kalman Filter: Theoretical Formulation and Practical Implementation, Ocean Dyn. 53, 343-367.
    Bocquet & Sakov 2014, An Iterative Ensemble Kalman Smoother, Q. J. R. Meteorol. Soc. 140, 1521-1535, sec. 2.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Estimate, Filter, Plan, Smoother
from uqdsl.assimilate.ensemble import (
    Ensemble,
    Moved,
    ensemble_filter,
    estimate,
    inflated,
    relearned,
    rotation,
    seen_by,
    with_ensemble,
)
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.vocabulary.assimilation.ensembles import EnksOptions
from uqdsl.vocabulary.assimilation.schemes import Gated


class Woven(NamedTuple):
    """An ensemble, and the matrix `(N, N)` by which the analysis of its time made it of the forecast."""

    ensemble: Ensemble
    woven: jax.Array


class Looking(NamedTuple):
    """An ensemble as later times have it; the matrices of these, the next time first, or their product without a lag."""

    ensemble: Ensemble
    ahead: jax.Array


def make(options: EnksOptions, plan: Plan) -> Filter:
    """The filter, and the way back."""
    estimated = jnp.asarray(plan.estimated)
    same = jnp.eye(options.members)
    moving = ensemble_filter(options, plan, lambda _system, ensemble, _seen, _key: Moved(ensemble))

    def begin(system: System, key: jax.Array) -> Woven:
        return Woven(moving.begin(system, key), same)

    def predict(system: System, carried: Woven, event: Events, key: jax.Array) -> Woven:
        return Woven(moving.predict(system, carried.ensemble, event, key), same)

    def analyse(system: System, carried: Woven, event: Events, key: jax.Array) -> tuple[Woven, dict[str, jax.Array]]:
        for_rotation, for_inflation = jax.random.split(key)
        seen = seen_by(system, carried.ensemble, event, estimated, options.reject)
        woven = transform(same, seen.white)  # the update is linear in the members
        if options.rotate:
            woven = rotation(for_rotation, options.members) @ woven
        joint = carried.ensemble.joint(estimated)
        after = inflated(options.inflation, joint, woven @ joint, for_inflation)
        found, learned = relearned(options.inflation, carried.ensemble.with_joint(after, estimated), seen)
        return Woven(found, woven), learned | seen.numbers

    def first(_system: System, kept: Woven, _event: Events) -> Looking:
        ahead = same if options.lag is None else jnp.broadcast_to(same, (options.lag, *same.shape))
        return Looking(kept.ensemble, ahead)

    def back(_system: System, here: Woven, after: Woven, known: Looking, _event: Events) -> Looking:
        joint = here.ensemble.joint(estimated)
        if options.lag is None:
            ahead = known.ahead @ after.woven
            looked = ahead @ joint
        else:
            ahead = jnp.concatenate([after.woven[None], known.ahead[:-1]])
            looked, _ = jax.lax.scan(lambda rows, each: (each @ rows, None), joint, ahead)
        return Looking(here.ensemble.with_joint(looked, estimated), ahead)

    def told(system: System, carried: Looking, event: Events) -> Estimate:
        return estimate(system, carried.ensemble, event)

    def refuse(_system: System) -> tuple[str, str] | None:
        if not isinstance(options.fallback, Gated):
            return None
        reason = "what it falls back to does not tell how members were combined, so that nothing can be told back"
        return reason, "leave `fallback` out, or write `ens_rts`"

    smoother = Smoother(lambda _forecast, analysis: analysis, first, back, told)
    return with_ensemble(begin, predict, analyse, smoother, refuse)
