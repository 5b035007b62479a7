"""`calibrate by sbc`: a run's method on data that the model has drawn, again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uqdsl.diagnose.simulations import LEAST_KEPT, LOG_DENSITY, LOG_LIKELIHOOD, group_of_ranks, rank
from uqdsl.diagnose.summary import scalar_labels
from uqdsl.infer import Target
from uqdsl.ir import Calibration
from uqdsl.messages import RunError
from uqdsl.messages.catalogue.runtime import NotSimulated
from uqdsl.results import Group
from uqdsl.results.groups import make_group
from uqdsl.uncertainty.chained import Watch

if TYPE_CHECKING:
    from uqdsl.infer.posterior import Posterior

_SIMULATIONS = 0x73696D75
"""Folded into the seed, so that no other user of it draws the same numbers."""


class Drawn(NamedTuple):
    """What a method drew: unknowns and quantities, `(chain, draw, *shape)`, and how many independent draws that is worth."""

    values: Mapping[str, np.ndarray]
    worth: float | None


type Draw = Callable[[Posterior, Target, int], Drawn]
"""From a posterior, its target with these data, and a seed to draws."""


def check_by_simulation(target: Target, calibration: Calibration, draw: Draw, seed: int, watch: Watch) -> Group:
    """The ranks of simulated unknowns among draws of their posteriors.

    Arguments:
        target: the compiled spec with its data, of which those on the left of likelihoods are replaced.
        draw: runs the method.
        seed: of everything that is random.
        watch: is told how far it is.

    Raises:
        RunError: UQ614 where data cannot be simulated.
        KeyboardInterrupt: where the method was stopped.
    """
    import jax

    from uqdsl.infer.posterior import make_posterior
    from uqdsl.infer.run import values_of
    from uqdsl.infer.simulation import simulate

    options = calibration.options
    count, most = int(options["simulations"] or 0), int(options["draws"] or 0)
    posterior = make_posterior(target)
    try:
        found = simulate(posterior, jax.random.fold_in(jax.random.key(seed), _SIMULATIONS), count)
    except NotImplementedError:
        raise RunError([NotSimulated(at=calibration.span, reason="a law of the spec has no sampler")]) from None
    truths = {name: np.asarray(each) for name, each in values_of(posterior, found.positions).items()}
    names = [name for name in truths if not calibration.names or name in calibration.names]
    seeds = np.random.SeedSequence([seed, _SIMULATIONS]).generate_state(count, np.uint64) >> np.uint64(1)
    ranks: list[np.ndarray] = []
    failed = poor = 0
    why = ""
    for index in range(count):
        watch("simulations", index, count)
        data = {name: each[index] for name, each in found.data.items()}
        if not all(np.isfinite(each).all() for each in data.values()):
            failed, why = failed + 1, why or "the data are not finite numbers"
            continue
        changed = {name: jax.numpy.asarray(each) for name, each in data.items()}
        of = replace(posterior, data={**posterior.data, **changed})
        try:
            drawn = draw(of, target._replace(data=target.data | data), int(seeds[index]))
        except RunError as error:
            failed, why = failed + 1, why or error.problems[0].title
            continue
        draws, truth = _scalars(of, drawn.values, {name: each[index] for name, each in truths.items()}, names)
        place, kept = rank(draws, truth, np.inf if drawn.worth is None else drawn.worth, most, index)
        ranks.append(place)
        poor += kept < LEAST_KEPT
    watch("simulations", count, count)
    if not ranks:
        raise RunError([NotSimulated(at=calibration.span, reason=why)])
    labels = _labels(target, {name: truths[name] for name in names})
    return group_of_ranks(labels, np.array(ranks), failed=failed, why=why, poor=poor)


def _scalars(
    posterior: Posterior, values: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """What is ranked, of draws `(chain, draw, scalar)` and of the truth `(scalar,)`: values, log likelihood, log density."""
    from uqdsl.infer.simulation import log_parts_of

    shape = next(iter(values.values())).shape[:2]
    whole = {
        name: np.concatenate([np.asarray(values[name]).reshape(-1, *each.shape), each[None]])
        for name, each in truth.items()
    }
    unknowns = {name: whole[name] for name in posterior.target.unknowns}
    prior, likelihood = (np.asarray(each) for each in log_parts_of(posterior, unknowns))
    ranked = [*(whole[name] for name in names), likelihood, prior + likelihood]
    columns = np.concatenate([each.reshape(len(each), -1).astype(float) for each in ranked], axis=1)
    return columns[:-1].reshape(*shape, -1), columns[-1]


def _labels(target: Target, values: Mapping[str, np.ndarray]) -> list[str]:
    """What each scalar is called, in the order of the columns."""
    first: dict[str, Any] = {name: each[:1][None] for name, each in values.items()}
    group = make_group(first, target.dims, target.coords, sample_coords={"chain": [0], "draw": [0]})
    shown = [label for name in group.variables for label in scalar_labels(group, name)]
    return [*shown, LOG_LIKELIHOOD, LOG_DENSITY]
