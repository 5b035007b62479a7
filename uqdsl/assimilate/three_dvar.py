"""Methods whose forecast errors are the same at all times: 3D-Var, optimal interpolation, and the climate itself.

References:
    Lorenc 1986, Analysis Methods for Numerical Weather Prediction, Q. J. R. Meteorol. Soc. 112, 1177-1194.
    Asch, Bocquet & Nodet 2016, Data Assimilation: Methods, Algorithms, and Applications, SIAM, sec. 2.4 and 3.6.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.background import Background, at_first, background, refused
from uqdsl.assimilate.cycle import Estimate, Filter, Members, Plan
from uqdsl.assimilate.gaussian import Joint
from uqdsl.assimilate.minimise import Residuals, minimise, posterior_root
from uqdsl.assimilate.system import Events, System
from uqdsl.vocabulary.assimilation.schemes import Climatology
from uqdsl.vocabulary.assimilation.static import ClimatologyOptions, OptimalInterpolationOptions, ThreeDVarOptions


class Held(NamedTuple):
    """What is known of the state, `now`; what is known of it before the observations of any time; and the parameters."""

    now: Background
    always: Background
    parameters: jax.Array


def make(options: ThreeDVarOptions | OptimalInterpolationOptions | ClimatologyOptions, plan: Plan) -> Filter:
    """A method of this kind, by the options that it has."""
    moves = isinstance(options, ThreeDVarOptions)
    covariance = options.covariance if moves else Climatology()
    scale = options.scale if moves else 1.0
    joint = Joint(plan)

    def begin(system: System, key: jax.Array) -> Held:
        always = background(system, covariance, scale, key)
        return Held(at_first(system, key) if moves else always, always, system.mean_parameters())

    def predict(system: System, held: Held, event: Events, _key: jax.Array) -> Held:
        if not moves:
            return held._replace(now=held.always)
        mean = system.forecast(held.now.mean, held.parameters, event).mean
        return held._replace(now=Background(mean, held.always.root))

    def analyse(system: System, held: Held, event: Events, _key: jax.Array) -> tuple[Held, dict[str, jax.Array]]:
        if isinstance(options, ClimatologyOptions):
            return held, {}
        mean, root = held.now

        def residuals(control: jax.Array) -> jax.Array:
            return misfit(system, mean + root @ control, held.parameters, event)

        found = minimise(residuals, jnp.zeros(root.shape[1]), options)
        return held._replace(now=updated(held.now, found.control, residuals)), found.numbers

    def estimate(system: System, held: Held, event: Events) -> Estimate:
        return joint.told(system, held.now.mean, held.now.root, held.parameters, event)

    def drawn(system: System, held: Held, key: jax.Array, count: int) -> Members:
        return joint.drawn(system, held.now.mean, held.now.root, held.parameters, key, count)

    return Filter(
        begin, predict, analyse, estimate, refuse=lambda system: refused(system, plan, covariance), drawn=drawn
    )


def misfit(system: System, state: jax.Array, parameters: jax.Array, event: Events) -> jax.Array:
    """What was observed less what a state shows, in units of the errors; 0 where nothing was."""
    seen = system.observe(state, parameters, event)
    apart = jnp.where(seen.present, seen.values - seen.mean, 0.0)
    return seen.covariance.where(seen.present, 1.0).whitened(apart)


def updated(before: Background, control: jax.Array, residuals: Residuals) -> Background:
    """The law of the state once a control was found."""
    return Background(before.mean + before.root @ control, before.root @ posterior_root(residuals, control))
