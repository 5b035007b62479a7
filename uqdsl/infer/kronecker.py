"""The curvature of networks, factored layer by layer.

For a layer with weights W `(in, out)`, its bias as one more row, Gauss and Newton's matrix is near a Kronecker product A ⊗ B of
`(in, in)` and `(out, out)`: the nearest one, found by turns from the slopes J of the rows of data,

    A ← Σ J B Jᵀ / |B|²,    B ← Σ Jᵀ A J / |A|²

With the precision of the prior, which may differ from input to input, it is still one of independent numbers in a basis of its
own. Layers are taken as independent of each other, and of the unknowns that are no weights.

Martens & Grosse 2015, arXiv:1503.05671; Ritter, Botev & Barber 2018, ICLR; Koroko et al. 2022, arXiv:2201.10285, section 3.1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.fisher import information_roots
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.spread import Spread, curvature_diagonal

_TURNS = 20


def layers(posterior: Posterior) -> dict[str, list[str]]:
    """The weights of every layer of every network, by the name of the layer, in the order of the layers."""
    found: dict[str, list[str]] = {}
    sites = {name.removesuffix("_decentered"): name for name in posterior.layout.names}
    for own in posterior.target.weights:
        found.setdefault(own.rpartition(".")[0], []).append(sites[own])
    return found


def last_layers(posterior: Posterior) -> list[str]:
    """The weights of the last layer of every network."""
    last = {layer.partition(".")[0]: names for layer, names in layers(posterior).items()}
    return [name for names in last.values() for name in names]


def rows_of(posterior: Posterior, names: list[str]) -> np.ndarray:
    """The elements of a position that arrays of it take up, `(k,)`."""
    places = posterior.layout.split(np.arange(posterior.size))  # type: ignore[arg-type]
    return np.concatenate([np.ravel(places[name]) for name in names] or [np.zeros(0, int)])


def layer_spreads(posterior: Posterior, position: jax.Array) -> list[Spread]:
    """A normal law for each layer."""
    slopes = information_roots(posterior, position)
    prior = jnp.maximum(curvature_diagonal(Posterior.log_prior, posterior, position), 0.0)
    spreads = []
    for names in layers(posterior).values():
        for rows in _matrices(posterior, names):
            flat = rows.ravel()
            apart = slopes[:, flat].reshape(-1, *rows.shape)
            spreads.append(_spread(apart, jnp.mean(prior[flat].reshape(rows.shape), axis=1), flat, posterior.size))
    return spreads


def _matrices(posterior: Posterior, names: list[str]) -> list[np.ndarray]:
    """The elements of the weights of a layer as matrices `(in, out)`, its bias a row of its kernel."""
    own = {name.removesuffix("_decentered").rpartition(".")[2]: rows_of(posterior, [name]) for name in names}
    shapes = dict(zip(posterior.layout.names, posterior.layout.shapes, strict=True))
    outs = {each: shape[-1] if len(shape := shapes[name]) > 1 else 1 for each, name in zip(own, names, strict=True)}
    if "bias" in own:
        bias = own.pop("bias")
        kernel = own.pop("kernel", np.zeros(0, int))
        if len(kernel) % len(bias):
            return [
                kernel.reshape(-1, outs["kernel"]),
                bias[None],
                *(own[each].reshape(-1, outs[each]) for each in own),
            ]
        own, outs = {"both": np.concatenate([kernel, bias]), **own}, {"both": len(bias), **outs}
    return [rows.reshape(-1, outs[each]) for each, rows in own.items()]


def _spread(slopes: jax.Array, prior: jax.Array, rows: np.ndarray, size: int) -> Spread:
    """The law of the weights of a layer, from slopes `(roots, in, out)` and the prior's precision of each input, `(in,)`."""
    prior = jnp.maximum(prior, 1e-12)

    @jax.jit
    def turn(pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        _, right = pair
        left = jnp.einsum("rio,op,rjp->ij", slopes, right, slopes) / jnp.sum(right**2)
        return left, jnp.einsum("rio,ij,rjp->op", slopes, left, slopes) / jnp.sum(left**2)

    pair = (jnp.eye(slopes.shape[1]), jnp.eye(slopes.shape[2]))
    for _ in range(_TURNS):
        pair = turn(pair)
    left, right = pair
    root = jnp.sqrt(prior)
    of_inputs, inputs = jnp.linalg.eigh(left / root / root[:, None])
    of_outputs, outputs = jnp.linalg.eigh(right)
    values = 1 + jnp.maximum(jnp.outer(of_inputs, of_outputs), 0.0)

    def apply(noise: jax.Array) -> jax.Array:
        weights = inputs @ (noise.reshape(values.shape) / jnp.sqrt(values)) @ outputs.T / root[:, None]
        return jnp.zeros(size).at[rows].set(weights.ravel())

    log_det = jnp.sum(jnp.log(values)) + outputs.shape[0] * jnp.sum(jnp.log(prior))
    return Spread(apply, len(rows), float(log_det), 0)
