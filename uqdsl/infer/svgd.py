"""Stein variational gradient descent: the flow of a scalar kernel, with steps of AdaGrad.

    x_i <- x_i + step (1/N) sum_j [k(x_j, x_i) grad log p(x_j | y) + grad_j k(x_j, x_i)]

with `k(x, x') = exp(-|x - x'|^2 / (2 h^2))` and `h^2 = median(|x - x'|^2) / (2 log(N + 1))`, in units of the prior's standard
deviations. As dimensions grow, the particles come too close together; `particle_flow` does not have that fault.

References:
    Liu & Wang 2016, Stein Variational Gradient Descent: A General Purpose Bayesian Inference Algorithm, NeurIPS 29; Ba,
    Erdogdu, Ghassemi, Sun, Suzuki, Wu & Zhang 2022, Understanding the Variance Collapse of SVGD in High Dimensions, ICLR.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.modes import missed_modes
from uqdsl.infer.particle_flow import stein_direction
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.prior_mixture import Prior, log_density_of_state, prior_of, with_density
from uqdsl.infer.stein import quality_of_states, said
from uqdsl.vocabulary.methods.transports import SvgdOptions

_MEMORY = 0.9
_TINY = 1e-6
_SORTED = 32
_CHUNK = 50
_SPREAD = (0.6, 1.6)


class Flow(NamedTuple):
    """Particles `(N, d)`, the mean squares of their directions so far, and how many steps there were."""

    states: jax.Array
    squares: jax.Array
    done: jax.Array


def analyse(
    states: jax.Array, log_density: Callable[[jax.Array], jax.Array], *, steps: int = 500, step: float = 0.05
) -> jax.Array:
    """Particles of the posterior from particles of the prior, `(N, d)`, as a function that JAX can trace."""
    flow, _ = jax.lax.scan(lambda flow, _: advance(log_density, flow, steps, step), begin(states), length=steps)
    return flow.states


def begin(states: jax.Array) -> Flow:
    """Particles before they move."""
    return Flow(states, jnp.zeros_like(states), jnp.asarray(0))


def advance(
    log_density: Callable[[jax.Array], jax.Array], flow: Flow, steps: jax.Array | int, step: jax.Array | float
) -> tuple[Flow, jax.Array]:
    """A step of AdaGrad with a memory; its length falls to zero towards the end."""
    apart = jnp.sum((flow.states[:, None] - flow.states) ** 2, axis=-1)
    # The median over some of the particles: a sort of all pairs would take longer than all the rest.
    some = apart[:: max(1, len(apart) // _SORTED)]
    variance = jnp.maximum(jnp.median(some) / (2 * jnp.log(len(flow.states) + 1.0)), _TINY)
    direction = stein_direction(flow.states, _scores(log_density, flow.states), variance, "scalar")
    squares = jnp.where(flow.done == 0, direction**2, _MEMORY * flow.squares + (1 - _MEMORY) * direction**2)
    length = step * (1 - flow.done / steps)
    states = flow.states + length * direction / (_TINY + jnp.sqrt(squares))
    return Flow(states, squares, flow.done + 1), jnp.sqrt(jnp.mean(direction**2))


def _scores(log_density: Callable[[jax.Array], jax.Array], states: jax.Array) -> jax.Array:
    scores = jax.vmap(jax.grad(log_density))(states)
    return jnp.where(jnp.isfinite(scores), scores, 0.0)


@partial(jax.jit, static_argnames="length")
def _advance(
    posterior: Posterior, prior: Prior, flow: Flow, steps: int, step: float, *, length: int
) -> tuple[Flow, jax.Array, jax.Array]:
    log_density = log_density_of_state(posterior, prior)
    flow, sizes = jax.lax.scan(lambda flow, _: advance(log_density, flow, steps, step), flow, length=length)
    centred = flow.states - jnp.mean(flow.states, axis=0)
    return flow, sizes, -jnp.mean(centred * _scores(log_density, flow.states), axis=0)


def run(posterior: Posterior, options: SvgdOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the prior that have descended to the posterior."""
    of_prior, of_modes = jax.random.split(key)
    prior = prior_of(posterior, of_prior, options.particles)
    posterior, known, prior = with_density(posterior, prior), prior.diagnostics, prior.plain
    flow = begin(prior.states)
    told: list[np.ndarray] = []
    spread = jnp.ones(1)
    for done in range(0, options.steps, _CHUNK):
        length = min(_CHUNK, options.steps - done)
        flow, sizes, spread = _advance(posterior, prior, flow, options.steps, options.step, length=length)
        told.append(np.asarray(sizes))
        watch(done + length, options.steps, direction=float(sizes[-1]))
    low, high = float(jnp.min(spread)), float(jnp.max(spread))
    modes = missed_modes(posterior, prior, flow.states, of_modes)
    reasons = list(modes.reasons)
    if not (_SPREAD[0] <= low and high <= _SPREAD[1]):
        reasons.append(
            f"the spread of some component is off: Stein's identity gives {low:.2f} to {high:.2f} where 1 is right (should be "
            f"between {_SPREAD[0]} and {_SPREAD[1]}); take more `steps`, `particle_flow`, or `smc`"
        )
    else:
        instead = "take more `particles`, `particle_flow`, or `smc`"
        reasons += said(quality_of_states(posterior, prior, flow.states), flow.states, instead)
    return Draws(
        positions=prior.position(flow.states),
        diagnostics={
            **known,
            "steps": options.steps,
            "step": options.step,
            "least_spread": low,
            "largest_spread": high,
            **modes.diagnostics,
        },
        reasons=tuple(reasons),
        notes=modes.notes,
        history={"direction": np.concatenate(told)},
    )
