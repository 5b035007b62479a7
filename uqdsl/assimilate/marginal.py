"""The posterior of a system's parameters alone: its states are accounted for by a filter.

    p(θ | y) ∝ p(θ) ∏ p(yₜ | y₁ … yₜ₋₁, θ),

of which a filter that has evidence gives every factor: exactly, where it is the Kalman filter of a linear Gaussian system. The
gradient is that of the whole recursion.

References:
    Särkkä & Svensson 2023, Bayesian Filtering and Smoothing, 2nd ed., Cambridge, chapter 16.
    Frühwirth-Schnatter 1994, Data Augmentation and Dynamic Linear Models, J. Time Ser. Anal. 15, 183-202.
    Carter & Kohn 1994, On Gibbs Sampling for State Space Models, Biometrika 81, 541-553.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro.handlers import block, trace

from uqdsl.assimilate.cycle import Filter, Passed
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.covariance import Covariance
from uqdsl.infer.positions import trace_at
from uqdsl.infer.target import Target

_SITE = "states"


def log_evidence(system: System, method: Filter, key: jax.Array) -> jax.Array:
    """Log density of all observations of a system whose parameters are known, as a function that JAX can differentiate."""
    assert method.evidence is not None, "only methods that have evidence are admitted"
    evidence = method.evidence

    def one(carried: Any, event: Events) -> tuple[Any, jax.Array]:
        key_of_step, key_of_analysis = jax.random.split(jax.random.fold_in(key, event.number + 1))

        def seen(carried: Any) -> tuple[Any, jax.Array]:
            return method.analyse(system, carried, event, key_of_analysis)[0], evidence(system, carried, event)

        def moved(carried: Any) -> Any:
            return method.predict(system, carried, event, key_of_step)

        carried = jax.lax.cond(event.number > 0, moved, lambda carried: carried, carried)
        return jax.lax.cond(system.any_observed(event), seen, lambda carried: (carried, jnp.zeros(())), carried)

    _, found = jax.lax.scan(one, method.begin(system, jax.random.fold_in(key, 0)), system.events)
    return jnp.sum(found)


def draw_states(system: System, method: Filter, key: jax.Array) -> jax.Array:
    """A draw of the states at all events, given all observations and known parameters: `(event, d)`.

    Forward the filter, and backward a draw at each event given that at the event after it: what a smoother says of a state when
    the next is known exactly (Frühwirth-Schnatter 1994; Carter & Kohn 1994). What is carried is a Gaussian law.
    """
    assert method.smoother is not None, "only methods that look back are admitted"
    smooth = method.smoother.back
    of_filter, of_draws = jax.random.split(key)

    def forward(carried: Any, event: Events) -> tuple[Any, Passed]:
        forecast = jax.lax.cond(
            event.number > 0, lambda c: method.predict(system, c, event, of_filter), lambda c: c, carried
        )
        analysis = jax.lax.cond(
            system.any_observed(event), lambda c: method.analyse(system, c, event, of_filter)[0], lambda c: c, forecast
        )
        return analysis, Passed(forecast, analysis)

    last, passed = jax.lax.scan(forward, method.begin(system, of_filter), system.events)

    def drawn(law: Any, number: jax.Array) -> jax.Array:
        noise = jax.random.normal(jax.random.fold_in(of_draws, number), law.mean.shape)
        return law.mean + Covariance(jnp.diag(law.covariance), law.covariance).coloured(noise)

    def known(law: Any, state: jax.Array) -> Any:
        return law._replace(mean=state, covariance=jnp.zeros_like(law.covariance))

    def backward(later: tuple[jax.Array, Passed, Events], here: tuple[Passed, Events]) -> tuple[Any, jax.Array]:
        state, after, event = later
        law = smooth(system, here[0], after, known(here[0].analysis, state), event)
        found = drawn(law, here[1].number)
        return (found, *here), found

    end = jax.tree.map(lambda each: each[-1], (passed, system.events))
    state = drawn(last, end[1].number)
    rest = jax.tree.map(lambda each: each[:-1], (passed, system.events))
    _, found = jax.lax.scan(backward, (state, *end), rest, reverse=True)
    return jnp.concatenate([found, state[None]])


def with_states(target: Target, system: System, method: Filter, told: str) -> Target:
    """The target of the parameters, with what the states make of them.

    Arguments:
        target: of all that does not depend on the states.
        told: what tells one such target from another: the programs of the system and the filter.
    """
    key = jax.random.key(0)
    layout = system.fixed.parameters

    def of_states(values: dict[str, Any]) -> jax.Array:
        return log_evidence(system.at(layout.join(values)), method, key)

    def model(data: Any, coords: Any, observed: bool = True) -> None:
        with trace() as sites:
            target.model(data, coords, observed)
        if observed:
            with block():  # the programs of the system have sites of their own
                found = of_states({name: sites[name]["value"] for name in layout.names})
            numpyro.factor(_SITE, found)

    def log_parts(position: Any, data: Any, coords: Any) -> tuple[jax.Array, jax.Array]:
        prior, likelihood = target.log_parts(position, data, coords)
        sites = trace_at(target, position, data)
        return prior, likelihood + of_states({name: sites[name]["value"] for name in layout.names})

    def log_density(position: Any, data: Any, coords: Any) -> jax.Array:
        prior, likelihood = log_parts(position, data, coords)
        return prior + likelihood

    at = np.flatnonzero(system.events.acts)  # the times of the axis, without those at which something else was observed
    states = system.fixed.states

    def draw(key: jax.Array, values: dict[str, jax.Array], _data: Any) -> dict[str, jax.Array]:
        rows = system.placed(draw_states(system.at(layout.join(values)), method, key))[at]
        return jax.vmap(states.split)(rows)

    axis, initial = system.fixed.motion.axis, system.fixed.stages.initial
    return target._replace(
        source=f"{target.source}\n{told}",
        model=model,
        log_density=log_density,
        log_parts=log_parts,
        dims=target.dims | {name: (axis, *initial.dims.get(name, ())) for name in states.names},
        coords=initial.coords | target.coords,
        states=states.names,
        draw_states=draw,
    )
