"""How well runs predict each row of their data from all others: leave-one-out, from the draws of the whole.

Draws of the posterior without row i are those of the whole, weighted by 1 / p(y_i | draw), with the largest weights smoothed
(Vehtari, Gelman & Gabry 2017, Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC, Statistics
and Computing 27, sec. 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from uqdsl.diagnose.scores import log_score
from uqdsl.infer.pareto import pareto_threshold, smooth
from uqdsl.results.groups import SAMPLE_DIMS, Group, Groups

_LEAST = 4.0
"""Differences below that are too small for their standard error to be relied on, and of no consequence: Sivula, Magnusson,
Matamoros & Vehtari 2020, Uncertainty in Bayesian Leave-One-Out Cross-Validation Based Model Comparison, arXiv:2008.10296."""


class Loo(NamedTuple):
    """What a run says of each row of its data when that row is left out; all rows in one array, by the name of their outcome.

    - rows: places of those that count, among all elements of all outcomes: `(row,)`. Missing outcomes and those that a
      `where` leaves out do not.
    - elpd_of: expected log predictive density of each row, in nats: `(row,)`.
    - p_of: how much larger the log predictive density of each row is when it is among the data: `(row,)`.
    - shapes: Pareto's k of each row's weights: `(row,)`.
    - threshold: up to which k so many draws can be trusted.
    """

    rows: np.ndarray
    elpd_of: np.ndarray
    p_of: np.ndarray
    shapes: np.ndarray
    threshold: float

    @property
    def elpd(self) -> float:
        """Of all rows together."""
        return float(self.elpd_of.sum())

    @property
    def error(self) -> float:
        """Its standard error, by the scatter of the rows."""
        return error_of_sum(self.elpd_of)

    @property
    def p(self) -> float:
        """The effective number of parameters."""
        return float(self.p_of.sum())

    @property
    def far(self) -> int:
        """Rows whose k is above the threshold: without them the posterior is too far from that of the whole to tell."""
        return int(np.sum(~(self.shapes <= self.threshold)))


class Behind(NamedTuple):
    """How much less a run predicts than the best.

    - elpd: difference to that of the best, 0 or below.
    - error: its standard error, by the differences of the rows.
    """

    elpd: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether it is more than chance, and of consequence."""
        return -self.elpd > _LEAST and -self.elpd > 2 * self.error


class Ranking(NamedTuple):
    """Runs by how well they predict what they leave out.

    - of: each run, the best first.
    - behind: each run but the best.
    """

    of: Mapping[str, Loo]
    behind: Mapping[str, Behind]

    @property
    def said(self) -> list[str]:
        """The finding in sentences."""
        best, found = next(iter(self.of.items()))
        lines = [
            f"leave-one-out: `{best}` predicts best, elpd {found.elpd:.1f} ± {found.error:.1f} by {len(found.rows)} rows"
        ]
        for name, each in self.behind.items():
            judged = "" if each.clear else ", which is no clear difference"
            lines.append(f"`{name}` is {-each.elpd:.1f} ± {each.error:.1f} behind{judged}")
        return lines + [
            f"the elpd of `{name}` is not to be relied on: {each.far} of {len(each.rows)} rows have a Pareto k above "
            f"{each.threshold:.2f}"
            for name, each in self.of.items()
            if each.far
        ]


def leave_one_out(groups: Groups) -> Loo | None:
    """Leave out each row of a result in turn; None where the result has no log likelihood of rows."""
    group = groups.get("log_likelihood", Group())
    columns = [_flat(each.values) for _, each in sorted(group.variables.items())]
    if not columns:
        return None
    whole = np.concatenate(columns, axis=1)
    # A mask makes a density of exactly one, whatever the unknowns.
    rows = np.flatnonzero(np.any(whole != 0, axis=0))
    if not len(rows):
        return None
    of_rows = [_without(whole[:, row]) for row in rows]
    elpd, p, shapes = np.array(of_rows).T
    return Loo(rows, elpd, p, shapes, pareto_threshold(len(whole)))


def rank(found: Mapping[str, Loo]) -> Ranking:
    """Rank runs that leave out the same rows of the same data."""
    order = dict(sorted(found.items(), key=lambda each: -each[1].elpd))
    best, *others = order
    differences = {name: order[name].elpd_of - order[best].elpd_of for name in others}
    behind = {name: Behind(float(each.sum()), error_of_sum(each)) for name, each in differences.items()}
    return Ranking(order, behind)


def other_outcomes(first: Groups, second: Groups) -> str:
    """In what the rows that two results leave out differ, in words; empty where they are the same."""
    one, other = (groups.get("log_likelihood", Group()) for groups in (first, second))
    own = sorted(set(one.variables) ^ set(other.variables))
    if own:
        return f"`{own[0]}` is an outcome of one of them only"
    for name, each in one.variables.items():
        if each.dims != other.variables[name].dims:
            return f"a row of `{name}` in one of them is not a row in the other"
        seen = [_seen(groups, name, each.dims) for groups in (first, second)]
        if not all(np.array_equal(a, b) for a, b in zip(*seen, strict=True)):
            return f"the outcomes `{name}` differ"
    return ""


def error_of_sum(of_rows: np.ndarray) -> float:
    """Standard error of a sum over independent rows `(row,)`; NaN of a single one."""
    return float(np.sqrt(len(of_rows)) * of_rows.std(ddof=1)) if len(of_rows) > 1 else np.nan


def _without(log_likelihood: np.ndarray) -> tuple[float, float, float]:
    """Log predictive density of a row that is left out, how much less it is than within, and k, by draws `(draw,)`."""
    finite = np.isfinite(log_likelihood)
    weights = smooth(-log_likelihood)
    known = np.where(finite, log_likelihood, -np.inf)
    elpd = float(np.asarray(logsumexp(weights.log_weights + known)))
    within = float(log_score(known[:, None])[0])
    # A draw to which the row is impossible would have all the weight.
    return elpd, within - elpd if np.isfinite(elpd) else 0.0, weights.shape if finite.all() else np.inf


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(values.shape[0] * values.shape[1], -1).astype(float)


def _seen(groups: Groups, name: str, dims: Sequence[str]) -> list[np.ndarray]:
    """What the rows of an outcome are: their values, their labels, and which of them count."""
    observed, group = groups["observed_data"], groups["log_likelihood"]
    values = observed.variables[name].values
    labels = [np.asarray(group.coords[dim]).astype(str) for dim in dims if dim not in SAMPLE_DIMS]
    counted = np.any(group.variables[name].values != 0, axis=(0, 1))
    return [np.nan_to_num(values.astype(float), nan=np.inf), counted, *labels]
