"""Layers of networks, for values whose last axes are those of the layer, whatever stands before these."""

from __future__ import annotations

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def side_by_side(*inputs: ArrayLike) -> jax.Array:
    """Inputs `(…, n₁)`, `(…, n₂)`, … of a network as one, `(…, n₁ + n₂ + …)`."""
    arrays = [jnp.asarray(each) for each in inputs]
    batch = jnp.broadcast_shapes(*(each.shape[:-1] for each in arrays))
    return jnp.concatenate([jnp.broadcast_to(each, (*batch, each.shape[-1])) for each in arrays], axis=-1)


def conv1d(
    x: jax.Array, kernel: jax.Array, bias: ArrayLike = 0.0, *, stride: int = 1, padding: str = "same"
) -> jax.Array:
    """The convolution of `(…, places, channels)` with `(window, channels, *out)`, to `(…, places, *out)`."""
    return _convolution(1, x, kernel, bias, stride, padding)


def conv2d(
    x: jax.Array, kernel: jax.Array, bias: ArrayLike = 0.0, *, stride: int = 1, padding: str = "same"
) -> jax.Array:
    """The convolution of `(…, rows, columns, channels)` with `(window, window, channels, *out)`."""
    return _convolution(2, x, kernel, bias, stride, padding)


def _convolution(rank: int, x: jax.Array, kernel: jax.Array, bias: ArrayLike, stride: int, padding: str) -> jax.Array:
    size, channels, out = kernel.shape[:rank], kernel.shape[rank], kernel.shape[rank + 1 :]
    flat = kernel.reshape(*size, channels, -1)
    layer = eqx.nn.Conv(
        rank, channels, flat.shape[-1], size, stride, padding.upper(), use_bias=False, dtype=x.dtype, key=_no_key()
    )
    layer = eqx.tree_at(lambda layer: layer.weight, layer, jnp.moveaxis(flat, (-1, -2), (0, 1)))
    found = _each(lambda one: jnp.moveaxis(layer(jnp.moveaxis(one, -1, 0)), 0, -1), x, rank + 1)
    return found.reshape(*found.shape[:-1], *out) + bias


def max_pool(x: jax.Array, *, windows: tuple[int, ...], strides: tuple[int, ...]) -> jax.Array:
    """The largest value of each window of the last axes."""
    layer = eqx.nn.Pool(-jnp.inf, jax.lax.max, len(windows), windows, strides)
    return _each(lambda one: layer(one[None])[0], x, len(windows))


def mean_pool(x: jax.Array, *, windows: tuple[int, ...], strides: tuple[int, ...]) -> jax.Array:
    """The mean of each window of the last axes."""
    layer = eqx.nn.Pool(0.0, jax.lax.add, len(windows), windows, strides)
    return _each(lambda one: layer(one[None])[0], x, len(windows)) / math.prod(windows)


def layer_norm(x: jax.Array, scale: jax.Array, bias: jax.Array, *, epsilon: float = 1e-5) -> jax.Array:
    """The last axes of x with mean 0 and variance 1 (but for `epsilon`), times `scale`, plus `bias`; Ba et al. 2016."""
    layer = eqx.nn.LayerNorm(scale.shape, epsilon, dtype=x.dtype)
    layer = eqx.tree_at(lambda layer: (layer.weight, layer.bias), layer, (scale, bias))
    return _each(layer, x, scale.ndim)


def gru(
    x: jax.Array,
    kernel: jax.Array,
    recurrent_kernel: jax.Array,
    bias: jax.Array,
    recurrent_bias: jax.Array,
    *,
    sequence: bool = False,
) -> jax.Array:
    """What a gated recurrent unit remembers of `(…, places, features)`: at the end, or at each place of a `sequence`.

    The gates are, in order, reset, update and new (Cho et al. 2014, with the reset after the product as in cuDNN).
    """
    cell = eqx.nn.GRUCell(kernel.shape[0], kernel.shape[-1], dtype=x.dtype, key=_no_key())
    weights = (*_stacked(kernel, recurrent_kernel), bias.ravel(), recurrent_bias)
    cell = eqx.tree_at(lambda cell: (cell.weight_ih, cell.weight_hh, cell.bias, cell.bias_n), cell, weights)

    def one(series: jax.Array) -> jax.Array:
        start = jnp.zeros(kernel.shape[-1], x.dtype)
        last, whole = jax.lax.scan(lambda past, here: (cell(here, past),) * 2, start, series)
        return whole if sequence else last

    return _each(one, x, 2)


def lstm(
    x: jax.Array, kernel: jax.Array, recurrent_kernel: jax.Array, bias: jax.Array, *, sequence: bool = False
) -> jax.Array:
    """What a long short-term memory gives out of `(…, places, features)`: at the end, or at each place of a `sequence`.

    The gates are, in order, input, forget, cell and output.
    """
    cell = eqx.nn.LSTMCell(kernel.shape[0], kernel.shape[-1], dtype=x.dtype, key=_no_key())
    weights = (*_stacked(kernel, recurrent_kernel), bias.ravel())
    cell = eqx.tree_at(lambda cell: (cell.weight_ih, cell.weight_hh, cell.bias), cell, weights)

    def one(series: jax.Array) -> jax.Array:
        def step(past: tuple[jax.Array, jax.Array], here: jax.Array) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
            now = cell(here, past)
            return now, now[0]

        zero = jnp.zeros(kernel.shape[-1], x.dtype)
        last, whole = jax.lax.scan(step, (zero, zero), series)
        return whole if sequence else last[0]

    return _each(one, x, 2)


def attention(
    x: jax.Array, query_kernel: jax.Array, key_kernel: jax.Array, value_kernel: jax.Array, output_kernel: jax.Array
) -> jax.Array:
    """Each place of `(…, places, features)` as what the heads gather from all places; Vaswani et al. 2017, sec. 3.2.2."""
    features, heads, key = query_kernel.shape
    layer = eqx.nn.MultiheadAttention(
        heads, features, output_size=output_kernel.shape[-1], qk_size=key, vo_size=key, dtype=x.dtype, key=_no_key()
    )
    kernels = [each.reshape(features, -1).T for each in (query_kernel, key_kernel, value_kernel)]
    layer = eqx.tree_at(
        lambda layer: [each.weight for each in (layer.query_proj, layer.key_proj, layer.value_proj, layer.output_proj)],
        layer,
        [*kernels, output_kernel.reshape(heads * key, -1).T],
    )
    return _each(lambda one: layer(one, one, one), x, 2)


def graph(
    x: jax.Array,
    start: jax.Array,
    stop: jax.Array,
    kernel: jax.Array,
    neighbour_kernel: jax.Array,
    bias: ArrayLike = 0.0,
    *,
    gather: str = "sum",
) -> jax.Array:
    """Each node of `(…, nodes, features)` as x kernel + what is gathered of x neighbour_kernel + bias; Morris et al. 2019.

    Along each edge goes a message, from the node `start` to the node `stop`. A node that no message reaches gathers 0.
    """
    sent = jnp.moveaxis(jnp.tensordot(x, neighbour_kernel, 1), x.ndim - 2, 0)
    found = (jnp.zeros_like(sent) if gather != "max" else jnp.full_like(sent, -jnp.inf)).at[stop]
    found = found.max(sent[start]) if gather == "max" else found.add(sent[start])
    count = jnp.zeros(len(sent), x.dtype).at[stop].add(1).reshape(-1, *[1] * (sent.ndim - 1))
    if gather == "max":
        found = jnp.where(count > 0, found, 0.0)
    if gather == "mean":
        found = found / jnp.maximum(count, 1)
    return jnp.tensordot(x, kernel, 1) + jnp.moveaxis(found, 0, x.ndim - 2) + bias


def _stacked(kernel: jax.Array, recurrent_kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Kernels `(in, gate, out)` as those of a cell, `(gate out, in)`."""
    return kernel.reshape(len(kernel), -1).T, recurrent_kernel.reshape(len(recurrent_kernel), -1).T


def _each(layer: Callable[[jax.Array], jax.Array], x: jax.Array, rank: int) -> jax.Array:
    """A layer of arrays with `rank` axes, for each of those that `x` is made of."""
    batch = x.shape[: x.ndim - rank]
    found = jax.vmap(layer)(x.reshape(-1, *x.shape[x.ndim - rank :]))
    return found.reshape(*batch, *found.shape[1:])


def _no_key() -> jax.Array:
    """What a layer is made with before its weights are put in."""
    return jax.random.key(0)
