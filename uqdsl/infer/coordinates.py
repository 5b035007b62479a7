"""From the values of unknowns to unconstrained positions, and what that does to their density."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import biject_to
from numpyro.handlers import substitute, trace

from uqdsl.infer.positions import Layout, Trace, trace_at
from uqdsl.infer.predictive import without_reparam
from uqdsl.infer.target import Target

type Device = dict[str, jax.Array]


def flat_position(target: Target, layout: Layout, values: Device, data: dict[str, Any]) -> jax.Array:
    """Where unknowns of these values lie on the unconstrained scale, as a flat position."""
    return jnp.concatenate([jnp.ravel(each) for each in unconstrained(target, layout, values, data)])


def unconstrained(target: Target, layout: Layout, values: Device, data: dict[str, Any]) -> list[jax.Array]:
    """The arrays of a position, in the order of its layout, that has these values of the unknowns."""
    sites = _own_sites(target, values, data)
    arrays = []
    for name in layout.names:
        if name in sites:
            arrays.append(biject_to(sites[name]["fn"].support).inv(values[name]))
        else:
            own = name.removesuffix("_decentered")
            law = _located(sites[own]["fn"])
            arrays.append((values[own] - law.loc) / law.scale)
    return arrays


def values_at(target: Target, layout: Layout, position: jax.Array, data: dict[str, Any]) -> Device:
    """The values of the unknowns at a flat position."""
    sites = trace_at(target, layout.split(position), data)
    return {name: sites[name]["value"] for name in target.unknowns}


def own_log_density(target: Target, layout: Layout, position: jax.Array, data: dict[str, Any]) -> jax.Array:
    """The log density of the values of the unknowns, as the author wrote them, at a flat position.

    That of the position is larger by the logarithm of how much it stretches, log |dθ/du|: a maximum of it would be another
    one on another scale.
    """
    arrays = layout.split(position)
    sites = _own_sites(target, values_at(target, layout, position, data), data)
    stretched = jnp.zeros(())
    for name, array in arrays.items():
        if name in sites:
            transform = biject_to(sites[name]["fn"].support)
            stretched += jnp.sum(transform.log_abs_det_jacobian(array, sites[name]["value"]))
        else:
            law = _located(sites[name.removesuffix("_decentered")]["fn"])
            stretched += jnp.sum(jnp.broadcast_to(jnp.log(law.scale), array.shape))
    return target.log_density(arrays, data, target.coords) - stretched


def _own_sites(target: Target, values: Device, data: dict[str, Any]) -> Trace:
    """The sites of the model as the spec states them, none noncentered."""
    return trace(substitute(without_reparam(target.model), data=values)).get_trace(data, target.coords)


def _located(law: Any) -> Any:
    """A law with its location and scale, below what wraps it."""
    while not hasattr(law, "loc"):
        law = law.base_dist
    return law
