"""Members of an ensemble, each trained from a start of its own by Adam.

Training goes on in units of the prior: z = (u - centre) / width, with the median and the width of draws of the prior. So one
learning rate does for unknowns of any size.

Kingma & Ba 2015, Adam: a method for stochastic optimization, ICLR.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from uqdsl.infer.chunks import in_chunks
from uqdsl.infer.posterior import Posterior, Watch

_LOOKED_AT = 256
_NORMAL_QUARTILES = 1.349
"""From the lower to the upper quartile of a standard normal law."""

type Objective = Callable[[Posterior, jax.Array, jax.Array, jax.Array], jax.Array]
"""What a member wants to be high: of the posterior, a position, a key of the member, and one of the step."""


def of_batch(posterior: Posterior, position: jax.Array, _member: jax.Array, step: jax.Array) -> jax.Array:
    """The objective of plain training: the log density, by the rows of a batch."""
    return posterior.draw_batch(step).log_density(position)


class Units(NamedTuple):
    """The scale of the prior: its median and width in each element of a position, `(size,)`."""

    centre: jax.Array
    width: jax.Array

    def place(self, standard: jax.Array) -> jax.Array:
        """Positions from standard ones."""
        return self.centre + self.width * standard

    def standardise(self, positions: jax.Array) -> jax.Array:
        """Standard positions."""
        return (positions - self.centre) / self.width


def prior_units(posterior: Posterior, key: jax.Array) -> Units:
    """The scale of the prior, as its draws have it; by quartiles, so that heavy tails do not matter."""
    low, centre, high = np.quantile(draw_prior(posterior, key, _LOOKED_AT), [0.25, 0.5, 0.75], axis=0)
    return Units(jnp.asarray(centre), jnp.asarray(np.where(high > low, (high - low) / _NORMAL_QUARTILES, 1.0)))


@partial(jax.jit, static_argnames="count")
def draw_prior(posterior: Posterior, key: jax.Array, count: int) -> jax.Array:
    """Draws of the prior, `(count, size)`."""
    return jax.vmap(posterior.draw_prior)(jax.random.split(key, count))


class Trained(NamedTuple):
    """Members where training left them.

    - positions: `(member, size)`; not finite where one diverged.
    - start: of each, `(member, size)`.
    - scores: the median of the members' objectives before each step, `(step,)`.
    """

    positions: jax.Array
    start: jax.Array
    scores: jax.Array


class _State(NamedTuple):
    standard: jax.Array
    moments: Any
    scores: jax.Array


def train(
    posterior: Posterior,
    objective: Objective,
    units: Units,
    key: jax.Array,
    *,
    members: int,
    steps: int,
    learning_rate: float,
    watch: Watch,
) -> Trained:
    """Train members from draws of the prior, by Adam with a learning rate that falls to zero along a cosine.

    Arguments:
        learning_rate: of the first step, in widths of the prior.
    """
    of_start, of_members, of_steps = jax.random.split(key, 3)
    start = draw_prior(posterior, of_start, members)
    keys = jax.random.split(of_members, members)
    optimiser = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))

    @jax.jit
    def advance(posterior: Posterior, state: _State, first: int, last: int) -> _State:
        def score(standard: jax.Array, member: jax.Array, step: jax.Array) -> jax.Array:
            return objective(posterior, units.place(standard), member, step)

        def step(index: jax.Array, state: _State) -> _State:
            seen = jax.random.split(jax.random.fold_in(of_steps, index), members)
            scores, slopes = jax.vmap(jax.value_and_grad(score))(state.standard, keys, seen)
            updates, moments = optimiser.update(-slopes, state.moments)
            standard = jnp.asarray(optax.apply_updates(state.standard, updates))
            return _State(standard, moments, state.scores.at[index].set(jnp.nanmedian(scores)))

        return jax.lax.fori_loop(first, last, step, state)

    standard = units.standardise(start)
    state = in_chunks(
        lambda state, first, last: advance(posterior, state, first, last),
        _State(standard, optimiser.init(standard), jnp.zeros(steps)),
        steps,
        watch,
    )
    return Trained(units.place(state.standard), start, state.scores)
