"""The summary of a posterior: one row per scalar, labelled as in the spec."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uqdsl.diagnose import statistics
from uqdsl.results.groups import SAMPLE_DIMS, Group, Groups
from uqdsl.results.method import read_said
from uqdsl.results.tree import as_groups

if TYPE_CHECKING:
    import xarray

_BLOCK = 1 << 22
_ROUND_OFF = 64
"""Units in the last place by which draws of what is constant may differ, as it was computed from what is not."""


class Row(NamedTuple):
    """A scalar of the posterior; units are the variable's own.

    - label: `mu`, `a[ANOKA]`, `x[ANOKA, 1990]`.
    - variable: the name of the unknown or quantity that it belongs to.
    - mean, sd, q05, q50, q95: of the draws of all chains.
    - mcse_mean: Monte Carlo standard error of the mean.
    - ess_bulk, ess_tail: effective numbers of draws.
    - r_hat: rank-normalised split R-hat; NaN of draws that are no chains.
    - finite: whether all draws are finite numbers; if not, the numbers here are NaN.
    - constant: whether all draws are equal but for round-off; R-hat and the effective sizes are then NaN, and nothing is wrong.
    """

    label: str
    variable: str
    mean: float
    sd: float
    q05: float
    q50: float
    q95: float
    mcse_mean: float
    ess_bulk: float
    ess_tail: float
    r_hat: float
    finite: bool = True
    constant: bool = False


def summarize(result: Groups | xarray.DataTree) -> list[Row]:
    """A row for each scalar of the group `posterior`, variables in their order and elements in that of their labels."""
    groups = as_groups(result)
    group, said = groups["posterior"], read_said(groups)
    worth = None if said is None else said.ess
    rows: list[Row] = []
    for name, variable in group.variables.items():
        labels = scalar_labels(group, name)
        draws = variable.values.reshape(*variable.values.shape[:2], -1)
        # Blocks bound the memory that a variable of very many elements takes.
        step = max(1, _BLOCK // max(1, draws.shape[0] * draws.shape[1]))
        for start in range(0, len(labels), step):
            rows.extend(_rows(name, labels[start : start + step], draws[:, :, start : start + step], worth))
    return rows


def scalar_labels(group: Group, name: str) -> list[str]:
    """What each element of a variable is called: `a[ANOKA]`, in C order; its bare name if it is a scalar."""
    dims = [dim for dim in group.variables[name].dims if dim not in SAMPLE_DIMS]
    if not dims:
        return [name]
    return [f"{name}[{', '.join(each)}]" for each in product(*(map(shown_label, group.coords[dim]) for dim in dims))]


def shown_label(label: object) -> str:
    """A label of a dimension as it is shown."""
    if isinstance(label, float | np.floating):
        return f"{label:g}"
    return str(label)


def _rows(name: str, labels: list[str], draws: np.ndarray, worth: float | None) -> Iterator[Row]:
    finite = np.isfinite(draws).all(axis=(0, 1))
    # One scalar that went wrong must not cost the others their numbers.
    safe = np.where(finite, draws, 0).astype(float)
    precision = np.finfo(draws.dtype).eps if np.issubdtype(draws.dtype, np.floating) else 0.0
    constant = np.ptp(safe, axis=(0, 1)) <= _ROUND_OFF * precision * np.abs(safe).max(axis=(0, 1))
    table = np.where(finite, _columns(safe, constant, worth), np.nan).T.tolist()
    for label, numbers, is_finite, is_constant in zip(labels, table, finite, constant, strict=True):
        mean, sd, q05, q50, q95, mcse, bulk, tail, r_hat = numbers
        own = bool(is_finite), bool(is_finite and is_constant)
        yield Row(label, name, mean, sd, q05, q50, q95, mcse, bulk, tail, r_hat, *own)


def _columns(draws: np.ndarray, constant: np.ndarray, worth: float | None) -> list[np.ndarray]:
    """The numbers of a row, in its order, each for all scalars of `(chain, draw, scalar)`, of which some are constant.

    Arguments:
        worth: how many independent draws these are worth; None of chains, where it is to be found out.
    """
    chains, length, scalars = draws.shape
    unknown = np.full(scalars, np.nan)
    spread = np.std(draws, axis=(0, 1), ddof=1) if chains * length > 1 else unknown
    quantiles = np.quantile(draws, [0.05, 0.5, 0.95], axis=(0, 1))
    mean, low, high = (np.where(constant, quantiles[1], each) for each in (draws.mean(axis=(0, 1)), *quantiles[[0, 2]]))
    columns = [mean, np.where(constant, 0 * spread, spread), low, quantiles[1], high]
    if worth is not None:
        size = np.where(constant, np.nan, worth)
        return [*columns, np.where(constant, 0.0, spread / np.sqrt(worth)), size, size, unknown]
    if length < statistics.LEAST_DRAWS:
        return [*columns, unknown, unknown, unknown, unknown]
    error = np.where(constant, 0.0, statistics.mcse_mean(draws))
    diagnostics = (statistics.ess_bulk(draws), statistics.ess_tail(draws), statistics.r_hat(draws))
    return [*columns, error, *(np.where(constant, np.nan, each) for each in diagnostics)]
