"""Unknowns and data drawn from a model, and the scalars by which posteriors of such data are compared with the unknowns."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to
from numpyro.handlers import seed, trace

from uqdsl.infer.positions import record
from uqdsl.infer.posterior import Posterior

LOG_LIKELIHOOD, LOG_DENSITY = "log likelihood", "log density"
"""What is compared beside unknowns and quantities."""

type Arrays = dict[str, np.ndarray]


class Simulation(NamedTuple):
    """Draws from the model.

    - positions: of the unknowns, `(simulation, size)`.
    - data: of each observed site, the data that these gave, `(simulation, *shape)`.
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


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def _simulate(posterior: Posterior, key: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
    target, layout = posterior.target, posterior.layout
    sites = trace(seed(target.model, key)).get_trace(posterior.data, target.coords, observed=False)
    arrays = [biject_to(sites[name]["fn"].support).inv(sites[name]["value"]) for name in layout.names]
    position = jnp.concatenate([jnp.ravel(jnp.asarray(each, float)) for each in arrays])
    return position, {name: sites[name]["value"] for name in target.observed}


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def compared(posterior: Posterior, position: jax.Array) -> dict[str, jax.Array]:
    """Unknowns, quantities, log likelihood and log density at positions `(draw, size)`, by name, `(draw, *shape)`.

    Discrete unknowns that are summed out, and what depends on them, are not among them.
    """
    prior, likelihood = posterior.log_parts(position)
    values = record(posterior.target, posterior.layout, position, posterior.data)
    return {**values, LOG_LIKELIHOOD: likelihood, LOG_DENSITY: prior + likelihood}
