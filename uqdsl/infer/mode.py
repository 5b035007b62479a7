"""Modes: the values of the unknowns at which their density is largest.

It is the density of the unknowns as the author wrote them, θ, not of the unconstrained position u that stands for them:

    θ̂ = argmax log p(θ | data) = argmax over u of log p(u | data) - log |dθ/du|

so that with flat priors a mode is the maximum of the likelihood, and with normal priors and errors the minimum of the usual
cost function. Found by the method of Broyden, Fletcher, Goldfarb and Shanno, with limited memory where there are many
unknowns, from all starting positions side by side. A search ends at the mode whose slope it is on; which of several that is,
the start decides.

Nocedal & Wright 2006, Numerical Optimization, 2nd edition, sections 6.1 and 7.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optimistix

from uqdsl.infer.coordinates import Device, flat_position, own_log_density, values_at
from uqdsl.infer.positions import Layout, position_layout
from uqdsl.infer.posterior import make_posterior
from uqdsl.infer.start import start_position
from uqdsl.infer.target import Target
from uqdsl.messages import RunError
from uqdsl.messages.catalogue.runtime import NoMode

type Arrays = Mapping[str, np.ndarray]

MOST_STEPS = 5000
GAIN = 1e-4
"""What a mode may lack of the largest log density, as foreseen from its slope: 0.014 standard deviations of a normal law."""
_DENSE = 512
"""Up to so many unknowns the search keeps a full matrix of curvatures."""
_STEEPEST = 1e3
"""Up to such a slope the first step of a search is no longer than 1; more would cost digits of the mode."""
_BLOCK_BYTES = 1 << 26


class Modes(NamedTuple):
    """Where each search ended.

    - values: unknowns by name, `(start, *shape)`.
    - log_density: of these values, up to a constant, `(start,)`.
    - gain: by how much another step would raise it, ½ gᵀ H⁻¹ g with slope g and curvatures H, `(start,)`.
    - slopes: of each array of a position, by how much the log density still rises for a relative change of it, `(start,)`.
    """

    values: dict[str, np.ndarray]
    log_density: np.ndarray
    gain: np.ndarray
    slopes: dict[str, np.ndarray]

    @property
    def converged(self) -> np.ndarray:
        """Whether each search ended at a mode, `(start,)`."""
        return np.isfinite(self.log_density) & (self.gain <= GAIN)

    @property
    def best(self) -> int:
        """The search that ended highest, of those that converged if any did."""
        order = np.where(np.isfinite(self.log_density), self.log_density, -np.inf)
        return int(np.lexsort((order, self.converged))[-1])


def find_modes(target: Target, starts: Arrays, given: Arrays | None = None) -> Modes:
    """Climb to a mode from each of some starting values, of one posterior or of one each.

    Arguments:
        target: a compiled spec with its data.
        starts: values of all unknowns by name, `(start, *shape)`, within their supports; see `random_starts`.
        given: fields that have values of their own in each search, `(start, *shape)`.
    """
    layout, given = position_layout(target), given or {}
    count = len(next(iter(starts.values())))

    def search(start: Device, given: Device) -> tuple[Device, jax.Array, jax.Array, Device]:
        data = {**target.data, **given}
        first = flat_position(target, layout, start, data)
        top = climb(lambda position: own_log_density(target, layout, position, data), first)
        values = values_at(target, layout, top.position, data)
        return values, top.log_density, top.gain, steepness(layout, top)

    run = jax.jit(jax.vmap(search))
    bytes_each = 8 * layout.size * min(layout.size, 64 if layout.size > _DENSE else _DENSE)
    bytes_each += sum(each[0].nbytes for each in given.values())
    size = max(1, min(count, _BLOCK_BYTES // max(1, bytes_each)))
    found = []
    for first in range(0, count, size):
        # Filled up with its last one: of one shape, so that the search is compiled once.
        at = np.minimum(np.arange(first, first + size), count - 1)
        block = run(*({name: each[at] for name, each in arrays.items()} for arrays in (starts, given)))
        found.append(jax.tree.map(lambda each, kept=count - first: np.asarray(each)[:kept], block))
    return Modes(*jax.tree.map(lambda *blocks: np.concatenate(blocks), *found))


class Top(NamedTuple):
    """Where a climb ended.

    - position: `(size,)`.
    - log_density, slope: there, `()` and `(size,)`.
    - gain: by how much another step would raise it.
    """

    position: jax.Array
    log_density: jax.Array
    slope: jax.Array
    gain: jax.Array

    @property
    def converged(self) -> jax.Array:
        """Whether it ended at a mode."""
        return jnp.isfinite(self.log_density) & (self.gain <= GAIN)


def climb(log_density: Callable[[jax.Array], jax.Array], first: jax.Array) -> Top:
    """From a flat position `(size,)` uphill, until a log density rises no more."""
    # So that the first step, which knows of no curvature, does not lead over to the slope of another mode.
    steep = jnp.clip(jnp.linalg.norm(jax.grad(log_density)(first)), 1.0, _STEEPEST)
    steep = jnp.where(jnp.isfinite(steep), steep, 1.0)
    tolerance = float(np.finfo(first.dtype).eps ** 0.6)
    solver = (optimistix.BFGS if first.size <= _DENSE else optimistix.LBFGS)(rtol=tolerance, atol=tolerance)
    found = optimistix.minimise(
        lambda position, _: -log_density(position) / steep, solver, first, max_steps=MOST_STEPS, throw=False
    )
    value, slope = jax.value_and_grad(log_density)(found.value)
    # Where the density has no bound, what was learned of its curvature may be of the wrong sign.
    gain = jnp.abs(slope @ found.state.f_info.hessian_inv.mv(slope)) / 2 / steep
    return Top(found.value, value, slope, gain)


def steepness(layout: Layout, top: Top) -> Device:
    """Of each array of a position, by how much the log density still rises for a relative change of it."""
    rises = layout.split(jnp.abs(top.position * top.slope))
    return {name: jnp.max(each, initial=0.0) for name, each in rises.items()}


def random_starts(target: Target, key: jax.Array, count: int) -> dict[str, np.ndarray]:
    """Starting values as chains have them, draws of the prior among them: by name, `(start, *shape)`."""
    posterior = make_posterior(target)

    def start(key: jax.Array) -> Device:
        return values_at(target, posterior.layout, start_position(posterior, key), posterior.data)

    found = jax.jit(jax.vmap(start))(jax.random.split(key, count))
    return {name: np.asarray(each) for name, each in found.items()}


def verify_modes(target: Target, modes: Modes) -> None:
    """See that every search has ended at a mode.

    Raises:
        RunError: UQ613, at the unknown along which the density still rises most.
    """
    failed = np.flatnonzero(~modes.converged)
    if not len(failed):
        return
    worst = failed[np.argmin(np.where(np.isfinite(modes.log_density[failed]), modes.log_density[failed], -np.inf))]
    count = len(modes.log_density)
    searches = "the search" if count == 1 else f"{len(failed)} of {count} searches"
    raise no_mode(target, {name: float(each[worst]) for name, each in modes.slopes.items()}, searches)


def no_mode(target: Target, steep: Mapping[str, float], searches: str) -> RunError:
    """UQ613, at the unknown along which the density still rises most."""
    name = max(steep, key=lambda each: np.inf if np.isnan(steep[each]) else steep[each]).removesuffix("_decentered")
    return RunError([NoMode(at=target.spans.get(name), name=name, searches=searches)])
