"""Hybrid EnVar: the covariance of the forecast is in part that of the members, in part one that stays as it is.

    J(w) = ½ |w|² + ½ |R^{-1/2} (y - h(m + B^{1/2} w))|²,    B^{1/2} = [(1 - β)^{1/2} S, β^{1/2} A / (N - 1)^{1/2}]

with the mean m of the N members, their anomalies A, and a root S of the static covariance. The control has an element for each
member and for each column of S. The anomalies are those of a transform filter, about the new mean.

References:
    Hamill & Snyder 2000, A Hybrid Ensemble Kalman Filter-3D Variational Analysis Scheme, Mon. Weather Rev. 128, 2905-2919.
    Lorenc 2003, The Potential of the Ensemble Kalman Filter for NWP, Q. J. R. Meteorol. Soc. 129, 3183-3203.
    Wang, Barker, Snyder & Hamill 2008, A Hybrid ETKF-3DVAR Data Assimilation Scheme for the WRF Model, Mon. Weather Rev. 136,
    5116-5131.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.background import background, too_large
from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Ensemble, Moved, Seen, ensemble_filter, with_ensemble
from uqdsl.assimilate.minimise import minimise
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.infer.kalman import anomalies
from uqdsl.vocabulary.assimilation.static import HybridOptions


class _Both(NamedTuple):
    """An ensemble, and a root `(d, r)` of the covariance that stays as it is."""

    ensemble: Ensemble
    root: jax.Array


def make(options: HybridOptions, plan: Plan) -> Filter:
    """The filter."""

    def beside(root: jax.Array) -> Filter:
        """That of a static covariance."""

        def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
            mean, size = ensemble.mean(0), ensemble.shape[1]
            static = jnp.zeros((size, root.shape[1])).at[: system.size].set(root)
            whole = jnp.concatenate(
                [jnp.sqrt(1 - options.weight) * static, jnp.sqrt(options.weight) * anomalies(ensemble).T], axis=1
            )

            def residuals(control: jax.Array) -> jax.Array:
                expected = system.observe(*seen.point(mean + whole @ control), seen.event).mean
                return seen.covariance.whitened(jnp.where(seen.present, seen.values - expected, 0.0))

            found = minimise(residuals, jnp.zeros(whole.shape[1]), options)
            moved = transform(ensemble, seen.white)
            return Moved(mean + whole @ found.control + moved - moved.mean(0), found.numbers)

        # Which parameters are estimated has to be known where programs are traced.
        with jax.ensure_compile_time_eval():
            return ensemble_filter(options, plan, analysis)

    plain = beside(jnp.zeros((0, 0)))

    def begin(system: System, key: jax.Array) -> _Both:
        root = background(system, options.covariance, options.scale, jax.random.fold_in(key, 1)).root
        return _Both(plain.begin(system, key), root)

    def predict(system: System, both: _Both, event: Events, key: jax.Array) -> _Both:
        return both._replace(ensemble=plain.predict(system, both.ensemble, event, key))

    def analyse(system: System, both: _Both, event: Events, key: jax.Array) -> tuple[_Both, dict[str, jax.Array]]:
        found, numbers = beside(both.root).analyse(system, both.ensemble, event, key)
        return both._replace(ensemble=found), numbers

    return with_ensemble(begin, predict, analyse, refuse=lambda system: too_large(system, options.covariance))
