"""Searches for the mode of one density from several random positions, and whether they agree."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from uqdsl.infer.mode import Top, climb, no_mode, steepness
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.spread import Density, curvature_along, polish
from uqdsl.infer.start import start_position

_DENSE = 512
"""Up to so many elements a mode is polished with all second derivatives."""
_APART = 0.1
"""Squared distance, in standard deviations of the law about one mode, from which another end of a search is another mode."""
_NEGLIGIBLE = 20.0
"""By how much the log density of another mode may fall short, and its mass yet matter."""


class Found(NamedTuple):
    """What several searches found.

    - top: the highest mode.
    - failed: searches that ended at no mode.
    - apart: those that ended at another one.
    - reasons, notes: what is to be said of these.
    """

    top: Top
    failed: int
    apart: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def search(density: Density, posterior: Posterior, key: jax.Array, starts: int) -> Found:
    """The highest mode that searches from several random positions find, and whether they agree on it.

    Raises:
        RunError: UQ613 where none ends at a mode.
    """
    tops = _climbs(density, posterior, jax.random.split(key, starts))
    converged = np.asarray(tops.converged)
    if not converged.any():
        steep = steepness(posterior.layout, jax.tree.map(lambda each: each[0], tops))
        raise no_mode(
            posterior.target, {name: float(each) for name, each in steep.items()}, f"{starts} of {starts} searches"
        )
    heights = np.where(converged, np.asarray(tops.log_density), -np.inf)
    top = jax.tree.map(lambda each: each[int(np.argmax(heights))], tops)
    distances = curvature_along(density, posterior, top.position, tops.position - top.position)
    apart = converged & ~(np.abs(np.asarray(distances)) < _APART)
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    if not converged.all():
        notes += (f"{int((~converged).sum())} of {starts} searches for a mode did not end at one",)
    if apart.any():
        lower = heights.max() - heights[apart].max()
        told = f"{int(apart.sum())} of {starts} searches ended at other modes, the highest {lower:.3g} lower in log density"
        if posterior.target.weights:
            notes += (f"{told}; weights have many that mean the same, as hidden units can change places",)
        elif lower > _NEGLIGIBLE:
            notes += (told,)
        else:
            reasons += (f"{told}, of which the draws know nothing; take a method for several modes, such as `smc`",)
    if posterior.size <= _DENSE:
        top = polish(density, posterior, top)
    return Found(top, int((~converged).sum()), int(apart.sum()), reasons, notes)


@partial(jax.jit, static_argnums=0)
def _climbs(density: Density, posterior: Posterior, keys: jax.Array) -> Top:
    return jax.vmap(lambda key: climb(partial(density, posterior), start_position(posterior, key)))(keys)
