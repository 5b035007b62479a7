"""Layers of networks, for values whose last axes are those of the layer, whatever stands before these."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def side_by_side(*inputs: ArrayLike) -> jax.Array:
    """Inputs `(…, n₁)`, `(…, n₂)`, … of a network as one, `(…, n₁ + n₂ + …)`."""
    arrays = [jnp.asarray(each) for each in inputs]
    batch = jnp.broadcast_shapes(*(each.shape[:-1] for each in arrays))
    return jnp.concatenate([jnp.broadcast_to(each, (*batch, each.shape[-1])) for each in arrays], axis=-1)
