"""What a chain learns while it warms up: the scale of each direction, in Stan's windows, and its step size.

A kernel that moves by `stretch(root, z)` sees a posterior of about unit scale in `z`, whose gradient is `pull(root, gradient)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from numpyro.infer.hmc_util import HMCAdaptState, IntegratorState, warmup_adapter

type Adapted = HMCAdaptState
type Metric = Literal["diagonal", "dense"]


class Adapter(NamedTuple):
    """NumPyro's scheme of adaptation.

    - begin: what is known before the first iteration, from a position, a key and a step size.
    - learn: from what was known, the iteration, its acceptance statistic and the position after it;
      nothing is learned after the warm-up.
    """

    begin: Callable[[jax.Array, jax.Array, Any], Adapted]
    learn: Callable[[Adapted, jax.Array, jax.Array, jax.Array], Adapted]


def adapter(warmup: int, metric: Metric, target_accept: float | None = None) -> Adapter:
    """How to adapt a metric and, where there is an acceptance to aim at, the step size."""
    first, update = warmup_adapter(
        warmup,
        adapt_step_size=target_accept is not None,
        dense_mass=metric == "dense",
        target_accept_prob=0.8 if target_accept is None else target_accept,
    )

    def at(position: jax.Array) -> IntegratorState:
        return IntegratorState(position, None, None, None)

    def begin(position: jax.Array, key: jax.Array, step_size: Any) -> Adapted:
        known = jnp.asarray(step_size, float)
        return first(at(position), key, step_size=known)  # pyright: ignore[reportArgumentType] - may be traced

    def learn(known: Adapted, iteration: jax.Array, acceptance: jax.Array, position: jax.Array) -> Adapted:
        return jax.lax.cond(
            iteration < warmup, lambda: update(iteration, acceptance, at(position), known), lambda: known
        )

    return Adapter(begin, learn)


def stretch(root: jax.Array, z: jax.Array) -> jax.Array:
    """A displacement of unit scale in the units of the posterior, for a root `R` of the covariance, `Rᵀ R`: `Rᵀ z`."""
    return root * z if root.ndim == 1 else root.T @ z


def pull(root: jax.Array, gradient: jax.Array) -> jax.Array:
    """The gradient by `z` of a function whose gradient by the position is given: `R g`."""
    return root * gradient if root.ndim == 1 else root @ gradient
