"""Whether a posterior can be trusted, and if not, why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uqdsl.diagnose.statistics import LEAST_DRAWS, e_bfmi
from uqdsl.diagnose.summary import Row, summarize
from uqdsl.results.groups import Groups
from uqdsl.results.method import Said, read_said
from uqdsl.results.tree import as_groups

if TYPE_CHECKING:
    import xarray

R_HAT = 1.01
"""Largest R-hat of chains that agree (Vehtari et al. 2021, sec. 4.1)."""

ESS_PER_CHAIN = 100
"""Least effective draws per chain, of bulk and tails, for R-hat and the errors to be reliable (ibid.)."""

MOST_COUNTED = 4
"""More chains than these need no more draws in all: many short ones are as good as few that are long."""

E_BFMI = 0.3
"""Least energy fraction (Betancourt 2016; the limit is that of Stan and ArviZ)."""

LEAST_WORTH = 100
"""Least number of independent draws that weighted draws should be worth, where there are twice as many."""

SATURATED = 0.01
"""Largest fraction of draws at the greatest tree depth. It costs speed, not correctness, so that one such draw in
hundreds does not make a run suspect."""

_NAMED = 3
_FEW = 5
_SHIFT = 0.5


class Verdict(NamedTuple):
    """What the diagnostics say.

    - status: "ok" or "suspect".
    - reasons: why it is suspect, one sentence each, with what to do.
    - diagnostics: the numbers behind it, by name; NaN where one is not defined.
    - notes: what else the method says, one sentence each.
    """

    status: str
    reasons: tuple[str, ...]
    diagnostics: dict[str, Any]
    notes: tuple[str, ...] = ()


def verdict(
    result: Groups | xarray.DataTree,
    rows: Sequence[Row] | None = None,
    *,
    max_tree_depth: int | None = None,
    target_accept: float | None = None,
    requested: int | None = None,
    centered: Sequence[str] | None = None,
) -> Verdict:
    """Judge a posterior by the field's thresholds, which are the constants of this module.

    - rows: its summary, if it is there already; what has no row in it is not judged.
    - max_tree_depth, target_accept: the options of the run, where it had them.
    - requested: draws per chain that were asked for; fewer mean that the run was interrupted.
    - centered: unknowns whose prior depends on other unknowns and is not `noncentered`; the advice names them. None
      where that is not known.
    """
    groups = as_groups(result)
    rows = summarize(groups) if rows is None else rows
    chains, draws = next(iter(groups["posterior"].variables.values())).values.shape[:2]
    stats = (
        {name: each.values for name, each in groups["sample_stats"].variables.items()}
        if "sample_stats" in groups
        else {}
    )
    reasons: list[str] = []
    diagnostics: dict[str, Any] = {"chains": chains, "draws": draws}
    said = read_said(groups) or Said(None, {})
    if said.ess is not None:
        return _of_draws(said, rows, diagnostics)

    if requested is not None and draws < requested:
        reasons.append(f"the run was interrupted after {draws} of {requested} draws per chain; go on with `--resume`")
    if draws < LEAST_DRAWS:
        reasons.append(f"{_count(draws, 'draw')} per chain cannot show whether the chains agree; take more draws")
    reasons += _not_finite(rows)
    reasons += _convergence(rows, chains, diagnostics)
    if "diverging" in stats:
        reasons += _divergences(groups, rows, stats["diverging"], diagnostics, target_accept, centered)
    if "tree_depth" in stats:
        reasons += _tree_depth(stats["tree_depth"], diagnostics, max_tree_depth)
    if "energy" in stats and draws >= LEAST_DRAWS:
        reasons += _energy(stats["energy"], diagnostics, centered)
    for name, shown in (
        ("acceptance_rate", "mean_acceptance"),
        ("step_size", "mean_step_size"),
        ("n_steps", "mean_steps"),
    ):
        if name in stats:
            diagnostics[shown] = float(np.mean(stats[name]))
    reasons += said.reasons
    return Verdict("suspect" if reasons else "ok", tuple(reasons), {**diagnostics, **said.diagnostics}, said.notes)


def _of_draws(said: Said, rows: Sequence[Row], diagnostics: dict[str, Any]) -> Verdict:
    """Of draws that are no chains: what the method says of them, and how many they are worth."""
    assert said.ess is not None
    reasons = _not_finite(rows)
    draws = diagnostics["draws"]
    if said.ess < min(LEAST_WORTH, 0.5 * draws):
        reasons.append(
            f"the {draws} draws are worth {said.ess:.1f} independent ones, as a few of them carry all the weight; "
            "take more, or a method that moves them"
        )
    reasons += said.reasons
    worth = {} if np.isnan(said.ess) else {"ess": said.ess}
    found = {**diagnostics, **worth, **said.diagnostics}
    return Verdict("suspect" if reasons else "ok", tuple(reasons), found, said.notes)


def _not_finite(rows: Sequence[Row]) -> list[str]:
    bad = [row.label for row in rows if not row.finite]
    if not bad:
        return []
    return [
        (
            f"{_named(bad)} {'has' if len(bad) == 1 else 'have'} draws that are not finite numbers; "
            "look for an overflow, a logarithm of 0 or a division by 0 in the spec"
        )
    ]


def _convergence(rows: Sequence[Row], chains: int, diagnostics: dict[str, Any]) -> list[str]:
    judged = [row for row in rows if row.finite and not row.constant]
    reasons = []
    diagnostics["max_r_hat"] = max((row.r_hat for row in judged), default=np.nan)
    apart = sorted((row for row in judged if row.r_hat > R_HAT), key=lambda row: -row.r_hat)
    if apart:
        found = _named([f"{row.label} (r-hat {row.r_hat:.3f})" for row in apart])
        who = "the chains do" if chains > 1 else "the two halves of the chain do"
        reasons.append(
            f"{who} not agree on {found}, where r-hat should be at most {R_HAT}; draw more, with a longer warm-up, "
            "and if they still disagree, look for several modes or for unknowns that the data cannot tell apart"
        )
    least = ESS_PER_CHAIN * min(chains, MOST_COUNTED)
    each = f", which is {ESS_PER_CHAIN} per chain" if chains <= MOST_COUNTED else ""
    for part, column in (("bulk", "ess_bulk"), ("tail", "ess_tail")):
        sizes = {row.label: float(getattr(row, column)) for row in judged}
        diagnostics[f"min_{column}"] = min(sizes.values(), default=np.nan)
        poor = sorted((label for label, size in sizes.items() if size < least), key=lambda label: sizes[label])
        if poor:
            found = _named([f"{label} ({sizes[label]:.0f})" for label in poor])
            what = "the mean and median" if part == "bulk" else "the 5 % and 95 % quantiles"
            reasons.append(
                f"too few independent draws for {what} of {found}: the {part} effective sample size should be at "
                f"least {least}{each}; draw more"
            )
    return reasons


def _divergences(
    groups: Groups,
    rows: Sequence[Row],
    diverging: np.ndarray,
    diagnostics: dict[str, Any],
    target_accept: float | None,
    centered: Sequence[str] | None,
) -> list[str]:
    number, total = int(np.sum(diverging)), diverging.size
    diagnostics["divergences"] = number
    diagnostics["divergence_fraction"] = number / total
    if not number:
        return []
    where = _gathered(groups, rows, np.asarray(diverging, bool))
    higher = "raise `target_accept`"
    if target_accept is not None:
        higher += f" from {target_accept:g} to {_higher(target_accept):g}"
    return [
        (
            f"{number} of {total} draws ({100 * number / total:.2g} %) diverged after the warm-up{where}, so that part of "
            f"the posterior may be missing; {_advice(_reparameterize(centered), higher)}"
        )
    ]


def _gathered(groups: Groups, rows: Sequence[Row], diverging: np.ndarray) -> str:
    """Where divergent draws lie, if one scalar tells: the one whose divergent draws are furthest to one side.

    The distance is that of mean ranks, which no transformation of the scalar changes: in a funnel the draws gather at
    small scales whatever their units.
    """
    if diverging.sum() < _FEW or diverging.all():
        return ""
    best, found = _SHIFT, ""
    labels: dict[str, list[str]] = {}
    for row in rows:
        labels.setdefault(row.variable, []).append(row.label)
    for name, variable in groups["posterior"].variables.items():
        if name not in labels:
            continue
        draws = variable.values.reshape(diverging.size, -1)
        for label, column in zip(labels[name], draws.T, strict=True):
            if not np.isfinite(column).all() or np.ptp(column) == 0:
                continue
            share = np.searchsorted(np.sort(column), column[diverging.ravel()]) / diverging.size
            # Between -1 (all at the low end) and 1 (all at the high end).
            shift = 2 * float(np.mean(share)) - 1
            if abs(shift) > best:
                best, found = abs(shift), f", mostly where `{label}` is {'small' if shift < 0 else 'large'}"
    return found


def _tree_depth(depth: np.ndarray, diagnostics: dict[str, Any], most: int | None) -> list[str]:
    diagnostics["max_tree_depth"] = int(np.max(depth))
    if most is None:
        return []
    number = int(np.sum(depth >= most))
    diagnostics["tree_depth_saturated"] = number
    if number <= SATURATED * depth.size:
        return []
    return [
        (
            f"{number} of {depth.size} draws ({100 * number / depth.size:.2g} %) reached the greatest tree depth, {most}, "
            f"which makes the chains slow to explore; bring the unknowns to similar scales, or raise `max_tree_depth`"
        )
    ]


def _energy(energy: np.ndarray, diagnostics: dict[str, Any], centered: Sequence[str] | None) -> list[str]:
    with np.errstate(invalid="ignore", divide="ignore"):
        fractions = e_bfmi(np.asarray(energy, float))
    finite = fractions[np.isfinite(fractions)]
    diagnostics["min_e_bfmi"] = float(finite.min()) if finite.size else np.nan
    low = [chain for chain, fraction in enumerate(fractions) if fraction < E_BFMI]
    if not low:
        return []
    return [
        (
            f"the energy of {_count(len(low), 'chain')} changes too little from draw to draw (E-BFMI {finite.min():.2g}, "
            f"should be at least {E_BFMI}), so that heavy tails may not be explored; "
            f"{_advice(_reparameterize(centered), 'give what has heavy tails a narrower prior')}"
        )
    ]


def _reparameterize(centered: Sequence[str] | None) -> str:
    """What to write `noncentered` behind; empty where there is nothing."""
    if centered is None:
        return "write `noncentered` after a prior whose scale is itself unknown"
    if not centered:
        return ""
    return f"write `noncentered` after the prior of {_named([f'`{name}`' for name in centered], limit=6)}"


def _advice(*ways: str) -> str:
    return ", or ".join(filter(None, ways))


def _higher(target_accept: float) -> float:
    """The next of the values that people try: 0.9, 0.95, 0.99, then nine tenths of the way to 1."""
    return next(
        (each for each in (0.9, 0.95, 0.99) if each > target_accept + 1e-9), round(0.9 + 0.1 * target_accept, 6)
    )


def _named(labels: Sequence[str], limit: int = _NAMED) -> str:
    if len(labels) <= limit:
        return " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
    return f"{', '.join(labels[:limit])} and {len(labels) - limit} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
