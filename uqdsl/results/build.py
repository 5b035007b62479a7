"""From what a run drew to the labelled groups of its result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import uqdsl
from uqdsl.results.groups import Group, Groups, make_group

if TYPE_CHECKING:
    from uqdsl.infer.predictive import PosteriorPredictive, PriorPredictive
    from uqdsl.infer.target import Target


class Drawn(NamedTuple):
    """What a run drew, every chain as long as the shortest.

    - posterior: unknowns and quantities by name, `(chain, draw, *shape)`.
    - stats: the method's statistics by their ArviZ names, `(chain, draw)`.
    - lengths: draws of each chain before the cut.
    - requested: draws that each chain was to make.
    """

    posterior: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]
    lengths: tuple[int, ...]
    requested: int

    @property
    def draws(self) -> int:
        """Draws of each chain, after the cut."""
        return min(self.lengths)

    @property
    def interrupted(self) -> bool:
        """Whether some chain made fewer draws than it was to make."""
        return self.draws < self.requested


def build_groups(
    target: Target,
    drawn: Drawn,
    *,
    prior: PriorPredictive | None = None,
    predictive: PosteriorPredictive | None = None,
    attrs: Mapping[str, str | int | float] | None = None,
) -> Groups:
    """The groups of a finished result, in ArviZ's names and the spec's dimensions and labels.

    - prior, predictive: what `uqdsl.infer.predictive` computed; a group that has nothing in it is left out.
    - attrs: attributes of the whole, such as the seed.
    """
    state = "interrupted" if drawn.interrupted else "complete"
    root = root_attributes(target, {**(attrs or {}), "status": state})
    groups: Groups = {"": Group(attrs=root), **sample_groups(target, drawn.posterior, drawn.stats)}

    def add(name: str, arrays: Mapping[str, np.ndarray], sample_coords: Mapping[str, range] | None = None) -> None:
        if arrays:
            groups[name] = make_group(_ordered(target, arrays), target.dims, target.coords, sample_coords=sample_coords)

    if prior is not None and prior.prior:
        draws = {"chain": range(1), "draw": range(prior.draws)}
        add("prior", {name: array[None] for name, array in prior.prior.items()}, draws)
        add("prior_predictive", {name: array[None] for name, array in prior.predictive.items()}, draws)
    observed = {name: target.data[name] for name in target.observed if name in target.data}
    if predictive is not None:
        draws = {"chain": range(len(drawn.lengths)), "draw": range(0, drawn.draws, predictive.thin)}
        add("posterior_predictive", predictive.predictive, draws)
        add("log_likelihood", predictive.log_likelihood, draws)
        add("log_prior", predictive.log_prior, draws)
        observed = predictive.observed
    add("observed_data", observed)
    add("constant_data", {name: np.asarray(array) for name, array in target.data.items() if name not in observed})
    return groups


def sample_groups(target: Target, posterior: Mapping[str, np.ndarray], stats: Mapping[str, np.ndarray]) -> Groups:
    """The groups `posterior` and `sample_stats` of arrays `(chain, draw, *shape)`."""
    chains, draws = next(iter(posterior.values())).shape[:2]
    sample_coords = {"chain": range(chains), "draw": range(draws)}
    return {
        "posterior": make_group(_ordered(target, posterior), target.dims, target.coords, sample_coords=sample_coords),
        "sample_stats": make_group(stats, {}, {}, sample_coords=sample_coords),
    }


def root_attributes(target: Target, attrs: Mapping[str, str | int | float]) -> dict[str, str | int | float]:
    """The attributes of the whole result: what made it, when, and of which spec."""
    return {
        "spec": target.name,
        "inference_library": "uqdsl",
        "inference_library_version": uqdsl.__version__,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **attrs,
    }


def _ordered(target: Target, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays in the order in which the spec names them; JAX hands dictionaries on in the order of the alphabet."""
    order = {
        name: i
        for i, name in enumerate(
            (*target.unknowns, *target.discrete, *target.quantities, *target.later, *target.states, *target.observed)
        )
    }
    return {name: arrays[name] for name in sorted(arrays, key=lambda name: order.get(name, len(order)))}
