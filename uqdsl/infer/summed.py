"""Discrete unknowns that were summed out and states that a filter accounted for, drawn given the draws of all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.handlers import seed, substitute, trace

from uqdsl.infer.posterior import unwatched
from uqdsl.infer.predictive import over_draws, without_reparam
from uqdsl.infer.target import Target
from uqdsl.runtime.sums import drawing

type Arrays = dict[str, np.ndarray]

_SEED = ".seed"
"""Beside the values of names, of which none is so called."""


def draw_discrete(target: Target, posterior: Mapping[str, np.ndarray], key: jax.Array) -> Arrays:
    """The discrete unknowns of a target, and the quantities that depend on them, at draws of the others.

    Each is an exact draw of p(discrete | others, data): a category as the position of its label, from 0.

    Arguments:
        posterior: unknowns and quantities by name, `(chain, draw, *shape)`.

    Returns:
        By name, `(chain, draw, *shape)`.
    """
    if target.summed is None:
        return {}
    summed, model = target.summed, without_reparam(target.model)
    given = {name: posterior[name] for name in target.recorded}
    shapes = {name: tuple(len(target.coords[dim]) for dim in target.dims[name]) for name in target.discrete}

    def one(key: jax.Array, values: dict[str, jax.Array], data: Arrays) -> dict[str, dict[str, jax.Array]]:
        taps = {name: jnp.zeros((*shapes[name], target.discrete[name][0])) for name in target.discrete}

        def density(taps: dict[str, jax.Array]) -> jax.Array:
            with drawing(key, taps):
                return summed(values, data, target.coords)

        chosen = jax.grad(density)(taps)
        found = {name: jnp.argmax(each, axis=-1) + target.discrete[name][1] for name, each in chosen.items()}
        sites = trace(seed(substitute(model, data={**values, **found}), key)).get_trace(data, target.coords)
        return {"found": {**found, **{name: jnp.asarray(sites[name]["value"]) for name in target.later}}}

    return _over_all(one, given, target.data, key)


def draw_states(
    target: Target,
    posterior: Mapping[str, np.ndarray],
    key: jax.Array,
    seeds: np.ndarray | None = None,
    watch: Callable[[int, int], object] = unwatched,
) -> Arrays:
    """States that a filter has accounted for, at draws of the unknowns: each a draw of p(states | unknowns, data).

    Arguments and result are as of `draw_discrete`.

    Arguments:
        seeds: of the estimates that belong to the draws, `(chain, draw)`, where particles gave these.
    """
    draw = target.draw_states
    if draw is None:
        return {}
    own = {} if seeds is None else {_SEED: seeds}

    def one(key: jax.Array, values: dict[str, jax.Array], data: Arrays) -> dict[str, dict[str, jax.Array]]:
        return {"found": draw(jax.random.key(values[_SEED]) if own else key, values, data)}

    return _over_all(one, {name: posterior[name] for name in target.recorded} | own, target.data, key, watch)


def _over_all(
    one: Any,
    given: Arrays,
    data: Mapping[str, np.ndarray],
    key: jax.Array,
    watch: Callable[[int, int], object] = unwatched,
) -> Arrays:
    """What is found at every draw of every chain, `(chain, draw, *shape)`."""
    chains, draws = next(iter(given.values())).shape[:2]
    flat = {name: array.reshape(chains * draws, *array.shape[2:]) for name, array in given.items()}
    places = np.stack(np.meshgrid(np.arange(chains), np.arange(draws), indexing="ij"), -1).reshape(-1, 2)
    found = over_draws(one, key, flat, places, data, watch)["found"]
    return {name: array.reshape(chains, draws, *array.shape[1:]) for name, array in found.items()}
