"""Networks that are linear in their weights.

    g(z, w) = f(z, w*) + ∂f/∂w (z, w*) (w - w*)

With it a posterior whose law of the weights is normal about w* is that of a generalised linear model, of which Laplace's
approximation knows the curvature: f itself, at weights some way off, may be far from what that curvature was of.

Immer, Korzepa & Bauer 2021, Improving predictions of Bayesian neural nets via local linearization, AISTATS, eq. 7 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def linear_in_weights(network: Callable[..., Any], inputs: int, mode: Sequence[ArrayLike | None]) -> Callable[..., Any]:
    """A network with the tangent at some weights in its place; its derivatives by inputs are those of the tangent.

    Arguments:
        network: `f(*inputs, *weights, *others)`; what it gives may have several parts.
        inputs: how many there are.
        mode: the weights w*, each like that of the call; None for one that is not linear, but stays what it is.
    """

    def tangent(*given: Any) -> Any:
        values, weights, others = given[:inputs], given[inputs : inputs + len(mode)], given[inputs + len(mode) :]
        weights = [jnp.asarray(each) for each in weights]
        about = [each if at is None else jnp.asarray(at, each.dtype) for each, at in zip(weights, mode, strict=True)]
        changes = [each - at for each, at in zip(weights, about, strict=True)]
        there, change = jax.jvp(lambda *here: network(*values, *here, *others), about, changes)
        return jax.tree.map(jnp.add, there, change)

    return tangent
