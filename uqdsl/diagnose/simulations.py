"""Whether a method finds what a model draws: the ranks of simulated unknowns among draws of their posteriors.

Unknowns and data are drawn from the model, and the method draws from the posterior of these data. Over many such simulations
the rank of each drawn scalar among the draws of its posterior is uniform if the method is exact and knows the same model
(Talts, Betancourt, Simpson, Vehtari & Gelman 2018, Validating Bayesian Inference Algorithms with Simulation-Based Calibration,
arXiv:1804.06788). The log likelihood and the log density are ranked too: they tell of what scalars one by one do not show, such
as data that are not used (Modrák et al. 2025, Simulation-Based Calibration Checking for Bayesian Computation, Bayesian
Analysis 20, sec. 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from uqdsl.diagnose.calibration import departure, shown_p
from uqdsl.diagnose.pit import PitCheck, check_pit, pit_of_draws
from uqdsl.diagnose.statistics import LEAST_DRAWS, ess_bulk
from uqdsl.diagnose.verdict import Verdict
from uqdsl.results.groups import Group, Variable

SIMULATIONS = "simulations"
"""The group of a result that holds the ranks."""

LOG_LIKELIHOOD, LOG_DENSITY = "log likelihood", "log density"
"""What is ranked beside unknowns and quantities."""

STRICT = 0.01
"""A method that is exact is called out in so many runs by chance."""
LEAST_KEPT, MOST_WITHOUT = 10, 0.05
"""Independent draws that a posterior should have, and the share of simulations which may do without or fail."""
_NAMED = 4


class Ranked(NamedTuple):
    """The ranks of one scalar.

    - label: of the scalar.
    - pit: its ranks over the number of draws, between 0 and 1, `(simulation,)`.
    - check: these against the uniform distribution.
    """

    label: str
    pit: np.ndarray
    check: PitCheck


class Simulated(NamedTuple):
    """What simulations say of a run.

    - said: the verdict as a sentence.
    - passed: whether the ranks are as those of an exact method.
    - p_value: of an exact method whose ranks look no better, all scalars taken together (Bonferroni).
    - ranked: each scalar, the worst first.
    - failed: simulations of which there is no posterior: their data are not finite numbers, or the method stopped.
    - poor: those whose posterior has fewer than ten independent draws.
    """

    said: str
    passed: bool
    p_value: float
    ranked: tuple[Ranked, ...]
    failed: int
    poor: int

    @property
    def simulations(self) -> int:
        """How many were ranked."""
        return len(self.ranked[0].pit)


def group_of_ranks(labels: Sequence[str], pit: np.ndarray, *, failed: int, why: str, poor: int) -> Group:
    """Ranks as a group of a result.

    Arguments:
        labels: of the scalars.
        pit: `(simulation, scalar)`.
        failed, poor: as in `Simulated`.
        why: the first one failed; empty where none has.
    """
    coords = {"simulation": np.arange(len(pit)), "quantity": np.asarray(labels)}
    attrs: dict[str, str | int | float] = {"failed": failed, "why": why, "poor": poor}
    return Group({"pit": Variable(("simulation", "quantity"), pit)}, coords, attrs)


def rank(draws: np.ndarray, truth: np.ndarray, worth: float, most: int, seed: int) -> tuple[np.ndarray, int]:
    """Where drawn scalars fall among draws of their posterior, after these were thinned until they are independent.

    Arguments:
        draws: `(chain, draw, scalar)`; what is not finite counts as infinitely small.
        truth: `(scalar,)`.
        worth: how many independent draws they are worth, where the method knows; infinite if not.
        most: draws that are kept at most.
        seed: of ties.

    Returns:
        Randomised ranks between 0 and 1, `(scalar,)`, and how many draws were kept.
    """
    moving = np.isfinite(draws).all(axis=(0, 1)) & (np.ptp(draws, axis=(0, 1)) > 0)
    flat = draws.reshape(-1, draws.shape[2])
    if moving.any() and draws.shape[1] >= LEAST_DRAWS:
        worth = min(worth, float(np.nanmin(ess_bulk(draws[:, :, moving]))))
    count = int(np.clip(worth, 1, min(most, len(flat))))
    kept = flat[np.linspace(0, len(flat) - 1, count).round().astype(int)]
    whole = np.nan_to_num(np.concatenate([kept, truth[None]]), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    return pit_of_draws(whole[:-1], whole[-1], seed), count


def simulated(groups: Mapping[str, Group]) -> Simulated | None:
    """What the ranks of a result say; None where there are none."""
    group = groups.get(SIMULATIONS)
    if group is None:
        return None
    pit, labels = group.variables["pit"].values, [str(each) for each in group.coords["quantity"]]
    ranked = [Ranked(label, column, check_pit(column)) for label, column in zip(labels, pit.T, strict=True)]
    ranked.sort(key=lambda each: each.check.p_value)
    p_value = min(1.0, ranked[0].check.p_value * len(ranked))
    failed, poor = (int(group.attrs[name]) for name in ("failed", "poor"))
    said = _in_words(ranked, p_value)
    of = f" of {len(pit) + failed} simulations"
    if failed:
        said += f"; {failed}{of} have no posterior: {group.attrs['why']}"
    if poor:
        said += f"; in {poor}{of} there are fewer than {LEAST_KEPT} independent draws"
    passed = p_value >= STRICT and max(failed, poor) <= MOST_WITHOUT * (len(pit) + failed)
    return Simulated(said, passed, p_value, tuple(ranked), failed, poor)


def _in_words(ranked: Sequence[Ranked], p_value: float) -> str:
    tested = f"{len(ranked[0].pit)} simulations"
    if p_value >= STRICT:
        return f"calibrated as far as {tested} tell ({shown_p(p_value)}, of {len(ranked)} quantities together)"
    wrong = [each for each in ranked if each.check.p_value * len(ranked) < STRICT]
    found = [
        f"that of `{each.label}` is {departure(each.pit)} ({shown_p(each.check.p_value)})" for each in wrong[:_NAMED]
    ]
    more = f", and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return f"posteriors are not those that the model implies ({tested}): {', '.join(found)}{more}"


def judged(found: Verdict, groups: Mapping[str, Group]) -> Verdict:
    """A verdict with what simulations say, where there are any."""
    tried = simulated(groups)
    if tried is None or tried.passed:
        return found
    return found._replace(status="suspect", reasons=(*found.reasons, tried.said))
