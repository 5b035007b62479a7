"""The posterior of a system's parameters alone: its states are accounted for by a filter.

    p(θ | y) ∝ p(θ) ∏ p(yₜ | y₁ … yₜ₋₁, θ),

of which a filter gives every factor: exactly, where it is the Kalman filter of a linear Gaussian system; of a Gaussian law that
stands for the true one, where it is the extended or the unscented filter. The gradient is that of the whole recursion.

Weighted particles give an estimate of the product that is random and unbiased: a Metropolis chain that keeps the estimate of
where it stands is exact all the same (Andrieu, Doucet & Holenstein 2010). A key settles every random number of such a filter,
and so one path among its particles, which is the draw of the states that belongs to the estimate.

References:
    Särkkä & Svensson 2023, Bayesian Filtering and Smoothing, 2nd ed., Cambridge, chapter 16.
    Frühwirth-Schnatter 1994, Data Augmentation and Dynamic Linear Models, J. Time Ser. Anal. 15, 183-202.
    Carter & Kohn 1994, On Gibbs Sampling for State Space Models, Biometrika 81, 541-553.
    Andrieu, Doucet & Holenstein 2010, Particle Markov Chain Monte Carlo Methods, J. R. Stat. Soc. B 72, 269-342.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro.handlers import block, trace

from uqdsl.assimilate.cycle import Filter, Passed, Smoother, pass_event
from uqdsl.assimilate.simulate import simulate
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.covariance import Covariance
from uqdsl.infer.positions import trace_at
from uqdsl.infer.target import Target

_SITE = "states"


def log_evidence(system: System, method: Filter, key: jax.Array) -> jax.Array:
    """Log density of all observations of a system whose parameters are known, or an estimate of it.

    JAX can differentiate it by the parameters where the method has no random numbers.
    """
    slopes_ahead = method.evidence is not None and system.known is not None and system.parameters <= _FEW
    return (_with_slopes_ahead if slopes_ahead else _evidence)(method, system, key)


_FEW = 8
"""Parameters up to which slopes are carried along with the events: going back through them costs five times the way there."""


def _evidence(method: Filter, system: System, key: jax.Array) -> jax.Array:
    def one(carried: Any, event: Events) -> tuple[Any, jax.Array]:
        here = pass_event(system, method, carried, event, key)
        return here.passed.analysis, here.evidence

    _, found = jax.lax.scan(one, _begin(system, method, key), system.events)
    return jnp.sum(found)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _with_slopes_ahead(method: Filter, system: System, key: jax.Array) -> jax.Array:
    """The same, whose gradient by the parameters is found on the way forward."""
    return _evidence(method, system, key)


def _ahead(method: Filter, system: System, key: jax.Array) -> tuple[jax.Array, tuple[jax.Array, System]]:
    def both(parameters: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = _evidence(method, system.at(parameters), key)
        return found, found

    slopes, found = jax.jacfwd(both, has_aux=True)(system.known)
    return found, (slopes, system)


def _back(_method: Filter, kept: tuple[jax.Array, System], weight: jax.Array) -> tuple[System, None]:
    slopes, system = kept
    return replace(jax.tree.map(_none, system), known=weight * slopes), None


def _none(leaf: jax.Array) -> jax.Array | np.ndarray:
    """No slope: data and times do not depend on unknowns."""
    leaf = jnp.asarray(leaf)
    return jnp.zeros_like(leaf) if jnp.issubdtype(leaf.dtype, jnp.inexact) else np.zeros(leaf.shape, jax.dtypes.float0)


_with_slopes_ahead.defvjp(_ahead, _back)


def draw_states(system: System, method: Filter, key: jax.Array) -> jax.Array:
    """A draw of the states at all events, given all observations and known parameters: `(event, d)`.

    Arguments:
        key: for particles that of their estimate, of which this then is the path.
    """
    if method.smoother is None:
        return _draw_path(system, method, key)
    return _draw_backward(system, method, method.smoother, key)


def _begin(system: System, method: Filter, key: jax.Array) -> Any:
    return method.begin(system, jax.random.fold_in(key, 0))


def _draw_path(system: System, method: Filter, key: jax.Array) -> jax.Array:
    """One of the last particles, chosen by its weight, and where it came from."""

    def forward(particles: Any, event: Events) -> tuple[Any, tuple[jax.Array, jax.Array]]:
        moved = pass_event(system, method, particles, event, key).passed.analysis
        return moved._replace(origin=jnp.arange(len(moved.origin))), (moved.states, moved.origin)

    last, (states, origins) = jax.lax.scan(forward, _begin(system, method, key), system.events)
    chosen = jax.random.categorical(jax.random.fold_in(key, len(states) + 1), last.log_weights)
    _, path = jax.lax.scan(lambda at, here: (here[1][at], here[0][at]), chosen, (states, origins), reverse=True)
    return path


def _draw_backward(system: System, method: Filter, smoother: Smoother, key: jax.Array) -> jax.Array:
    """Forward the filter, and backward a draw at each event given that at the event after it.

    That is what a smoother says of a state when the next is known exactly (Frühwirth-Schnatter 1994; Carter & Kohn 1994). What
    is carried is a Gaussian law.
    """
    of_filter, of_draws = jax.random.split(key)

    def forward(carried: Any, event: Events) -> tuple[Any, Passed]:
        passed = pass_event(system, method, carried, event, of_filter).passed
        return passed.analysis, passed

    last, passed = jax.lax.scan(forward, _begin(system, method, of_filter), system.events)

    def drawn(law: Any, number: jax.Array) -> jax.Array:
        noise = jax.random.normal(jax.random.fold_in(of_draws, number), law.mean.shape)
        return law.mean + Covariance(jnp.diag(law.covariance), law.covariance).coloured(noise)

    def known(law: Any, state: jax.Array) -> Any:
        return law._replace(mean=state, covariance=jnp.zeros_like(law.covariance))

    def backward(later: tuple[jax.Array, Passed, Events], here: tuple[Passed, Events]) -> tuple[Any, jax.Array]:
        state, after, event = later
        law = smoother.back(system, here[0], after, known(here[0].analysis, state), event)
        found = drawn(law, here[1].number)
        return (found, *here), found

    end = jax.tree.map(lambda each: each[-1], (passed, system.events))
    state = drawn(last, end[1].number)
    rest = jax.tree.map(lambda each: each[:-1], (passed, system.events))
    _, found = jax.lax.scan(backward, (state, *end), rest, reverse=True)
    return jnp.concatenate([found, state[None]])


def with_states(target: Target, system: System, method: Filter, told: str, caveats: tuple[str, ...] = ()) -> Target:
    """The target of the parameters, with what the states make of them.

    Arguments:
        target: of all that does not depend on the states.
        told: what tells one such target from another: the programs of the system and the filter.
        caveats: of the filter.
    """
    layout, states = system.fixed.parameters, system.fixed.states
    fields = [name for name in system.data if name in target.data]
    one_estimate = jax.random.key(0)

    def known(values: Mapping[str, Any], data: Mapping[str, Any]) -> System:
        """The system with these data and parameters; when things happen is the same in all."""
        given = {name: jnp.asarray(data[name]) for name in fields}
        return replace(system, data={**system.data, **given}).at(layout.join(values))

    def model(data: Any, coords: Any, observed: bool = True) -> None:
        with trace() as sites:
            target.model(data, coords, observed)
        whole = known({name: sites[name]["value"] for name in layout.names}, data)
        if observed:
            with block():  # the programs of the system have sites of their own
                found = log_evidence(whole, method, one_estimate)
            numpyro.factor(_SITE, found)
        elif (key := numpyro.prng_key()) is not None:
            with block():
                seen = whole.by_row(simulate(whole, key).observed)
            for name, each in seen.items():
                numpyro.deterministic(name, each)

    def log_parts(position: Any, data: Any, coords: Any, key: jax.Array = one_estimate) -> tuple[jax.Array, jax.Array]:
        prior, likelihood = target.log_parts(position, data, coords)
        sites = trace_at(target, position, data)
        whole = known({name: sites[name]["value"] for name in layout.names}, data)
        return prior, likelihood + log_evidence(whole, method, key)

    def log_density(position: Any, data: Any, coords: Any) -> jax.Array:
        prior, likelihood = log_parts(position, data, coords)
        return prior + likelihood

    def estimate(position: Any, key: jax.Array, data: Any, coords: Any) -> tuple[jax.Array, jax.Array]:
        return log_parts(position, data, coords, key)

    at = np.flatnonzero(system.events.acts)  # the times of the axis, without those at which something else was observed

    def draw(key: jax.Array, values: dict[str, jax.Array], data: Any) -> dict[str, jax.Array]:
        whole = known(values, data)
        return jax.vmap(states.split)(whole.placed(draw_states(whole, method, key))[at])

    axis, initial = system.fixed.motion.axis, system.fixed.stages.initial
    when = hashlib.sha256(b"".join(np.asarray(each).tobytes() for each in jax.tree.leaves(system.events)))
    return target._replace(
        source=f"{target.source}\n{told}\n{when.hexdigest()}",
        model=model,
        log_density=log_density,
        log_parts=log_parts,
        estimate=estimate if method.evidence is None else None,
        dims=target.dims | {name: (axis, *initial.dims.get(name, ())) for name in states.names},
        coords=initial.coords | target.coords,
        states=states.names,
        shown=tuple(stream.name for stream in system.fixed.motion.streams),
        draw_states=draw,
        caveats=caveats,
    )
