"""A second analysis for the times at which the first would go wrong: innovations tell which of them is taken.

    q = mean (y - mean h)^2 / mean [(1 + 1/N) var h + R]

is about 1 where an ensemble expects what comes in. Where it is above a threshold, the ensemble lies elsewhere than it believes,
and an analysis that trusts its spread cannot bring it back; one that leans on the observations can.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from uqdsl.assimilate import diffusion, score_filter
from uqdsl.assimilate.ensemble import Analysis, Moved, Seen
from uqdsl.assimilate.system import System
from uqdsl.vocabulary.assimilation.schemes import DiffusionAnalysis, Gated, ScoreAnalysis


def gated(fallback: Any, usual: Analysis) -> Analysis:
    """An analysis that is replaced by another where innovations are too large."""
    if not isinstance(fallback, Gated):
        return usual
    other, threshold = _analysis(fallback.by), fallback.threshold

    def analysis(system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        q = surprise(seen)
        away = q > threshold
        expected = jax.eval_shape(lambda: usual(system, ensemble, seen, key).numbers)

        def fall_back(_: None) -> Moved:
            moved = other(system, ensemble, seen, key)
            none = {name: jnp.full(each.shape, jnp.nan) for name, each in expected.items()}
            return moved._replace(numbers=none)

        moved = jax.lax.cond(away, fall_back, lambda _: usual(system, ensemble, seen, key), None)
        return moved._replace(numbers={**moved.numbers, "gate": away.astype(float), "q": q})

    return analysis


def surprise(seen: Seen) -> jax.Array:
    """Squares of innovations over what the ensemble expects of them."""
    number = len(seen.members)
    apart = (seen.values - jnp.mean(seen.members, axis=0)) ** 2
    expected = (1 + 1 / number) * jnp.var(seen.members, axis=0, ddof=1) + seen.covariance.variance
    return jnp.sum(apart, where=seen.present) / jnp.sum(expected, where=seen.present)


def _analysis(options: ScoreAnalysis | DiffusionAnalysis) -> Analysis:
    match options:
        case ScoreAnalysis():
            return score_filter.analysis(options)
        case DiffusionAnalysis():
            return diffusion.analysis(options)
