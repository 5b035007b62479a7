"""Searches for the mode of one density from several random positions, and whether they agree."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from uqdsl.infer.mode import Top, climb, no_mode, steepness
from uqdsl.infer.modes import dips, joined, normalised, wrong_shares
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.spread import Density, curvature_along, curvature_block, polish, spread_of
from uqdsl.infer.start import dispersed

_DENSE = 512
"""Up to so many elements a mode is polished with all second derivatives."""
_APART = 0.1
"""Squared distance, in standard deviations of the law about one mode, from which another end of a search is another mode."""


class Found(NamedTuple):
    """What several searches found.

    - top: the highest mode.
    - searches: how many there were, scouts included.
    - failed: those that ended at no mode.
    - apart: those that ended at another one.
    - reasons, notes: what is to be said of these.
    """

    top: Top
    searches: int
    failed: int
    apart: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def search(density: Density, posterior: Posterior, key: jax.Array, starts: int) -> Found:
    """The highest mode that searches from several random positions find, and whether they agree on it.

    Scouts that begin at draws of the prior look for other modes. The mass of each is that of the normal law with its curvature.

    Raises:
        RunError: UQ613 where none ends at a mode.
    """
    tops = _climbs(density, posterior, dispersed(posterior, key, starts))
    converged = np.asarray(tops.converged)
    count = len(converged)
    if not converged.any():
        steep = steepness(posterior.layout, jax.tree.map(lambda each: each[0], tops))
        raise no_mode(
            posterior.target, {name: float(each) for name, each in steep.items()}, f"{count} of {count} searches"
        )
    heights = np.where(converged, np.asarray(tops.log_density), -np.inf)
    top = jax.tree.map(lambda each: each[int(np.argmax(heights))], tops)
    distances = curvature_along(density, posterior, top.position, tops.position - top.position)
    apart = np.flatnonzero(converged & ~(np.abs(np.asarray(distances)) < _APART))
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    if not converged.all():
        notes += (f"{int((~converged).sum())} of {count} searches for a mode did not end at one",)
    if len(apart) and posterior.target.weights:
        told = _told(len(apart), count, heights.max() - heights[apart].max())
        notes += (f"{told}; weights have many that mean the same, as hidden units can change places",)
    elif len(apart):
        # The top comes first.
        order = np.concatenate([[int(np.argmax(heights))], apart])
        modes = joined(~np.asarray(_dips(density, posterior, tops.position[order])))
        first = np.array([np.flatnonzero(modes == mode)[0] for mode in np.unique(modes)])
        shares = normalised(np.array([_log_mass(density, posterior, tops, int(order[each])) for each in first]))
        here = modes[first] == modes[0]
        apart = order[modes != modes[0]]
        right = np.array([shares[here].sum(), shares[~here].sum()])
        if len(apart):
            told = _told(len(apart), count, heights.max() - heights[apart].max())
            told = f"{told}, which have about {right[1]:.2g} of the posterior by the curvatures there"
            if wrong_shares(np.array([1.0, 0.0]), right, np.inf):
                reasons += (
                    f"{told}, and the draws know nothing of them; take a method for several modes, such as `smc`",
                )
            else:
                notes += (told,)
    if posterior.size <= _DENSE:
        top = polish(density, posterior, top)
    return Found(top, count, int((~converged).sum()), len(apart), reasons, notes)


def _told(apart: int, searches: int, lower: float) -> str:
    return f"{apart} of {searches} searches ended at other modes, the highest {lower:.3g} lower in log density"


@partial(jax.jit, static_argnums=0)
def _climbs(density: Density, posterior: Posterior, positions: jax.Array) -> Top:
    return jax.vmap(partial(climb, partial(density, posterior)))(positions)


@partial(jax.jit, static_argnums=0)
def _dips(density: Density, posterior: Posterior, positions: jax.Array) -> jax.Array:
    return dips(partial(density, posterior), positions)


def _log_mass(density: Density, posterior: Posterior, tops: Top, at: int) -> float:
    """Of the normal law about a mode, up to a constant; of very many unknowns by the height alone."""
    height = float(tops.log_density[at])
    if posterior.size > _DENSE:
        return height
    rows = np.arange(posterior.size)
    return (
        height
        - spread_of(curvature_block(density, posterior, tops.position[at], rows), rows, posterior.size).log_det / 2
    )
