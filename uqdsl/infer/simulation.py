"""Unknowns and data drawn from a model, and what is needed to compare posteriors of such data with the unknowns."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to
from numpyro.handlers import seed, trace

from uqdsl.infer.coordinates import flat_position
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.target import Target

type Arrays = dict[str, np.ndarray]


class Simulation(NamedTuple):
    """Draws from the model.

    - positions: of the unknowns, `(simulation, size)`.
    - data: of each observed site and of what shows states, the data that these gave, `(simulation, *shape)`.
    """

    positions: np.ndarray
    data: Arrays


def simulate(posterior: Posterior, key: jax.Array, count: int) -> Simulation:
    """Draw unknowns from their prior, and data given them.

    Arguments:
        key: simulation i depends on it and i alone.
        count: how many.

    Raises:
        NotImplementedError: where a law has no sampler.
    """
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(count))
    positions, data = _simulate(posterior, keys)
    given = posterior.data
    return Simulation(
        np.asarray(positions), {name: np.asarray(each).astype(given[name].dtype) for name, each in data.items()}
    )


def draw_once(target: Target, key: jax.Array) -> dict[str, jax.Array]:
    """Unknowns, quantities and data, drawn once; as they are named, unconstrained parts of the program left out.

    Raises:
        NotImplementedError: where a law has no sampler.
    """
    sites = trace(seed(target.model, key)).get_trace(target.data, target.coords, observed=False)
    return {name: each["value"] for name, each in sites.items() if each["type"] in ("sample", "deterministic")}


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def _simulate(posterior: Posterior, key: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
    target, layout = posterior.target, posterior.layout
    sites = trace(seed(target.model, key)).get_trace(posterior.data, target.coords, observed=False)
    arrays = [biject_to(sites[name]["fn"].support).inv(sites[name]["value"]) for name in layout.names]
    position = jnp.concatenate([jnp.ravel(jnp.asarray(each, float)) for each in arrays])
    return position, {name: sites[name]["value"] for name in (*target.observed, *target.shown)}


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def log_parts_of(posterior: Posterior, values: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """The log densities of prior and likelihood at values of the unknowns by name, `(draw, *shape)`."""
    target = posterior.target
    # Discrete unknowns are summed out; the program wants some value all the same.
    shapes = {name: tuple(len(target.coords[dim]) for dim in target.dims[name]) for name in target.discrete}
    whole = values | {name: jnp.full(shape, target.discrete[name][1]) for name, shape in shapes.items()}
    return posterior.log_parts(flat_position(target, posterior.layout, whole, posterior.data))
