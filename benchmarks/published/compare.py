"""Draws against the reference of a posterior.

A quantity passes when all of these hold:

- location: |z| < 4 with z = (mean - reference mean) / sqrt(mcse² + reference mcse²); a difference below 0.02 reference
  sds passes whatever its z, one above 0.2 fails whatever its z.
- spread: the ratio of the sds is within 10 % of 1, or within 4 Monte Carlo standard errors of that ratio where those are
  wider, but never beyond 20 %.
- sampling: bulk ESS of at least 400 and split R-hat of at most 1.02, all draws finite.

Where the reference's own sd is ill determined (its Monte Carlo error above 2.5 % of it), the median and the width from
5 to 95 % take the place of mean and sd.

The statistics are those of arviz-stats, not the project's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from arviz_stats.base import array_stats

Z_MAX = 4.0
ALWAYS_GOOD, ALWAYS_BAD = 0.02, 0.20
"""Differences in location, in reference sds."""
SPREAD, SPREAD_MAX = 0.10, 0.20
LEAST_ESS, MOST_R_HAT = 400.0, 1.02
HEAVY = 0.025
WIDTH = 3.2897072539
"""From the 5 % to the 95 % quantile of a standard normal."""

type Reference = Mapping[str, Mapping[str, float]]
type Draws = Mapping[str, np.ndarray]


@dataclass
class Compared:
    """A quantity, and why it fails."""

    name: str
    robust: bool = False
    ours: float = np.nan
    reference: float = np.nan
    z: float = np.nan
    shift: float = np.nan
    spread: float = np.nan
    ess: float = np.nan
    r_hat: float = np.nan
    fails: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.fails


def flatten(draws: Draws) -> dict[str, np.ndarray]:
    """Arrays `(chain, draw, ...)` as scalars `(chain, draw)` with indices from 1, `x[1]` and `A[2,3]`."""
    flat = {}
    for name, array in draws.items():
        for index in np.ndindex(array.shape[2:]):
            label = f"{name}[{','.join(str(i + 1) for i in index)}]" if index else name
            flat[label] = np.asarray(array[(..., *index)], dtype=float)
    return flat


def our_name(name: str, renamed: Mapping[str, str]) -> str:
    """What the spec calls a quantity of the reference."""
    base, bracket, rest = name.partition("[")
    target = renamed.get(name) or renamed.get(base, base)
    if name in renamed or not bracket:
        return target
    index = rest.removesuffix("]")
    return target.replace("*", index) if "*" in target else f"{target}[{index}]"


def compare(reference: Reference, draws: Draws, renamed: Mapping[str, str]) -> list[Compared]:
    """Every quantity of a reference.

    Arguments:
        reference: by name, moments and quantiles with their Monte Carlo standard errors.
        draws: by name, arrays `(chain, draw, ...)`.
        renamed: names of the reference that the draws have under another.
    """
    flat = flatten(draws)
    return [compare_one(name, flat.get(our_name(name, renamed)), known) for name, known in reference.items()]


def compare_one(name: str, draws: np.ndarray | None, known: Mapping[str, float]) -> Compared:
    """One quantity; draws `(chain, draw)`."""
    found = Compared(name)
    if draws is None:
        found.fails.append("missing")
        return found
    if not np.isfinite(draws).all():
        found.fails.append(f"{int((~np.isfinite(draws)).sum())} draws not finite")
        return found
    sd = float(draws.std(ddof=1))
    if draws.shape[1] < 8 or sd == 0.0:
        found.fails.append("constant" if sd == 0.0 else "too few draws")
        return found
    found.ess, found.r_hat = _statistic("ess", draws, method="bulk"), _statistic("rhat", draws)
    found.robust = "mcse_q50" in known and known["mcse_sd"] > HEAVY * known["sd"]
    scale, error, allowed = (_robust if found.robust else _moments)(found, draws, sd, known)
    found.z = (found.ours - found.reference) / error
    found.shift = (found.ours - found.reference) / scale
    found.fails += _failures(found, min(max(SPREAD, 4 * allowed), SPREAD_MAX))
    return found


def _moments(found: Compared, draws: np.ndarray, sd: float, known: Mapping[str, float]) -> tuple[float, float, float]:
    """Fills in mean and ratio of sds; returns the scale, the error of the difference and that of the ratio."""
    found.ours, found.reference = float(draws.mean()), known["mean"]
    found.spread = sd / known["sd"]
    error = np.hypot(_statistic("mcse", draws, method="mean"), known["mcse_mean"])
    ratio_error = np.hypot(_statistic("mcse", draws, method="sd") / sd, known["mcse_sd"] / known["sd"])
    return known["sd"], float(error), float(ratio_error)


def _robust(found: Compared, draws: np.ndarray, _: float, known: Mapping[str, float]) -> tuple[float, float, float]:
    """The same with median and width."""
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    width, known_width = high - low, known["q95"] - known["q05"]
    found.ours, found.reference = float(middle), known["q50"]
    found.spread = float(width / known_width)
    error = np.hypot(_statistic("mcse", draws, method="quantile", prob=0.5), known["mcse_q50"])
    ends = [_statistic("mcse", draws, method="quantile", prob=each) for each in (0.05, 0.95)]
    known_ends = np.hypot(known["mcse_q05"], known["mcse_q95"])
    ratio_error = np.hypot(np.hypot(*ends) / width, known_ends / known_width)
    return known_width / WIDTH, float(error), float(ratio_error)


def _failures(found: Compared, allowed: float) -> list[str]:
    fails = []
    if abs(found.shift) > ALWAYS_BAD:
        fails.append(f"{'median' if found.robust else 'mean'} off by {found.shift:+.2f} sd")
    elif abs(found.shift) > ALWAYS_GOOD and not abs(found.z) < Z_MAX:
        fails.append(f"z = {found.z:.1f}")
    if not abs(found.spread - 1) <= allowed:
        fails.append(f"{'width' if found.robust else 'sd'} ratio {found.spread:.3f} (allowed 1 ± {allowed:.2f})")
    if not found.ess >= LEAST_ESS:
        fails.append(f"ESS {found.ess:.0f} below {LEAST_ESS:.0f}")
    if not found.r_hat <= MOST_R_HAT:
        fails.append(f"R-hat {found.r_hat:.3f} above {MOST_R_HAT}")
    return fails


def _statistic(name: str, draws: np.ndarray, **options: object) -> float:
    return float(getattr(array_stats, name)(draws, **options))
