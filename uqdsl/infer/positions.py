"""Positions: the unknowns on an unconstrained scale, as one flat vector."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import biject_to
from numpyro.handlers import seed, substitute, trace

from uqdsl.infer.target import Target

type Trace = dict[str, dict[str, Any]]


class Layout(NamedTuple):
    """How the arrays of a position lie in a flat vector: by site, in the order of the model."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """Elements of a position."""
        return sum(math.prod(shape) for shape in self.shapes)

    def split(self, position: jax.Array) -> dict[str, jax.Array]:
        """The arrays of a flat position `(size,)`, by site."""
        arrays, start = {}, 0
        for name, shape in zip(self.names, self.shapes, strict=True):
            end = start + math.prod(shape)
            arrays[name] = position[start:end].reshape(shape)
            start = end
        return arrays

    def join(self, arrays: Mapping[str, jax.Array]) -> jax.Array:
        """The flat position `(size,)` of arrays by site; others are left out."""
        parts = [jnp.ravel(jnp.asarray(arrays[name], float)) for name in self.names]
        return jnp.concatenate(parts) if parts else jnp.zeros(0)

    def split_rows(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """The same of many positions `(…, size)`: arrays `(…, *shape)`."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        parts = np.split(positions, ends[:-1], axis=-1) if self.names else []
        return {
            name: part.reshape(*positions.shape[:-1], *shape)
            for name, shape, part in zip(self.names, self.shapes, parts, strict=True)
        }

    def element_names(self) -> list[str]:
        """The name of the site to which each element of a position belongs."""
        return [name for name, shape in zip(self.names, self.shapes, strict=True) for _ in range(math.prod(shape))]

    def mask(self, names: Collection[str]) -> np.ndarray:
        """Which elements of a position belong to some sites, `(size,)`."""
        each = [np.full(math.prod(shape), name in names) for name, shape in zip(self.names, self.shapes, strict=True)]
        return np.concatenate(each) if each else np.zeros(0, bool)


def position_layout(target: Target) -> Layout:
    """The layout of a target's positions, from an abstract trace of its model: nothing is computed."""
    shapes: dict[str, tuple[int, ...]] = {}

    def visit(data: dict[str, jax.Array]) -> None:
        model = seed(substitute(target.model, substitute_fn=stand_in), 0)
        for name, site in trace(model).get_trace(data, target.coords).items():
            if site["type"] == "sample" and not site["is_observed"] and name not in target.discrete:
                shapes[name] = tuple(biject_to(site["fn"].support).inverse_shape(site["fn"].shape()))

    jax.eval_shape(visit, target.data)
    return Layout(tuple(shapes), tuple(shapes.values()))


def stand_in(site: dict[str, Any]) -> jax.Array | None:
    """For `substitute_fn` of NumPyro: a feasible value for an unknown whose law has no sampler."""
    law = site.get("fn")
    if law is not None and site["value"] is None and not has_sampler(law):
        return jnp.broadcast_to(law.support.feasible_like(jnp.zeros(law.shape())), law.shape())
    return None


def has_sampler(law: Any) -> bool:
    """Whether a law can be drawn from."""
    inner = innermost(law)
    return not isinstance(inner, dist.ImproperUniform) and getattr(inner, "drawable", True)


def innermost(law: Any) -> Any:
    """The law below masks, expansions and the like."""
    while hasattr(law, "base_dist") and not isinstance(law, dist.TransformedDistribution):
        law = law.base_dist
    return law


def prior_position(target: Target, layout: Layout, key: jax.Array, data: dict[str, jax.Array]) -> jax.Array:
    """A draw of the prior as a flat position; unknowns without a sampler are uniform on the unconstrained scale."""
    sites = trace(seed(substitute(target.model, substitute_fn=stand_in), key)).get_trace(data, target.coords)
    arrays = []
    for number, (name, shape) in enumerate(zip(layout.names, layout.shapes, strict=True)):
        law, value = sites[name]["fn"], sites[name]["value"]
        if not has_sampler(law):
            array = jax.random.uniform(jax.random.fold_in(key, number), shape, minval=-2.0, maxval=2.0)
        else:
            array = biject_to(law.support).inv(value)
        arrays.append(jnp.ravel(jnp.asarray(array, float)))
    return jnp.concatenate(arrays) if arrays else jnp.zeros(0)


def trace_at(target: Target, position: dict[str, jax.Array], data: dict[str, jax.Array]) -> Trace:
    """The trace of the model with every unknown at an unconstrained position."""

    def placed(site: dict[str, Any]) -> jax.Array | None:
        if site["type"] == "sample" and site["name"] in position:
            return biject_to(site["fn"].support)(position[site["name"]])
        if site["type"] == "sample" and site["name"] in target.discrete:
            # What depends on it is not asked for.
            return jnp.full(site["fn"].shape(), target.discrete[site["name"]][1])
        return None

    return trace(substitute(target.model, substitute_fn=placed)).get_trace(data, target.coords)


def record(target: Target, layout: Layout, position: jax.Array, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """The constrained unknowns and the recorded quantities at a flat position, by name."""
    sites = trace_at(target, layout.split(position), data)
    values = {name: jnp.asarray(sites[name]["value"]) for name in target.recorded}
    return {name: value.astype(int) if value.dtype == bool else value for name, value in values.items()}


def record_rows(
    target: Target, layout: Layout, positions: jax.Array, rows: jax.Array, data: dict[str, jax.Array], *, block: int
) -> dict[str, jax.Array]:
    """`record` of the first `rows` of `positions`, a whole number of blocks; what lies beyond them is unspecified.

    The blocks are vectorised, and only as many are computed as `rows` needs: a chunk of a slow model holds few draws.

    Arguments:
        positions: `(count * block, size)`.
        rows: a scalar.

    Returns:
        By name, `(count * block, *shape)`.
    """
    blocks = positions.reshape(-1, block, layout.size)
    one_block = jax.vmap(partial(record, target, layout), in_axes=(0, None))
    like = jax.eval_shape(one_block, blocks[0], data)
    empty = {name: jnp.zeros((len(blocks), *each.shape), each.dtype) for name, each in like.items()}

    def fill(index: jax.Array, filled: dict[str, jax.Array]) -> dict[str, jax.Array]:
        values = one_block(blocks[index], data)
        return {name: jax.lax.dynamic_update_index_in_dim(filled[name], values[name], index, 0) for name in filled}

    filled = jax.lax.fori_loop(0, (rows + block - 1) // block, fill, empty)
    return {name: value.reshape(-1, *value.shape[2:]) for name, value in filled.items()}
