"""The iterative ensemble Kalman smoother: Gauss and Newton in the space of the members, without tangents or adjoints.

With the ensemble `x_b + A` at the base of a window, and `Y` what its N anomalies A make of the observations in units of their
errors, the weights w of the mean are the least of

    J(w) = ½ ζ |w|² + ½ |y - h(M(x_b + w A))|²,    w += (ζ + Y Y')^-1 (Y (y - h) - ζ w),    ζ = N - 1

The slopes Y are those of an ensemble that is as wide as is known by now, `T A` with `T = ((ζ + Y Y') / (N - 1))^-1/2`, divided
by T again (transform), or of one that is very narrow (bundle). At the end the ensemble is `x_b + w A + T A`. With `certainty`
ζ is that of the cost of an ensemble of finite size, `½ N log(e + |w|²)` in the place of the first term, at the present w; no
other inflation is needed.

References:
    Bocquet & Sakov 2014, An Iterative Ensemble Kalman Smoother, Q. J. R. Meteorol. Soc. 140, 1521-1535, algorithm 1.
    Sakov, Oliver & Bertino 2012, An Iterative EnKF for Strongly Nonlinear Systems, Mon. Weather Rev. 140, 1988-2004.
    Bocquet & Sakov 2012, Combining inflation-free and iterative ensemble Kalman filters for strongly nonlinear systems, Nonlin.
    Processes Geophys. 19, 383-399.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.enkf_n import hyperprior
from uqdsl.assimilate.ensemble import Moved
from uqdsl.assimilate.ensemble_window import Shown, ensemble_window
from uqdsl.vocabulary.assimilation.windows import IenksOptions


class _Weights(NamedTuple):
    """Weights of the mean `(N,)`; T and its inverse `(N, N)`; how many steps, and how long the last was."""

    mean: jax.Array
    transform: jax.Array
    inverse: jax.Array
    number: jax.Array
    moved: jax.Array


def make(options: IenksOptions, plan: Plan) -> Filter:
    """The smoother."""
    same, free = jnp.eye(options.members), options.members - 1

    def update(ensemble: jax.Array, shown: Shown, _key: jax.Array) -> Moved:
        centre = ensemble.mean(0)
        anomalies = ensemble - centre

        def go_on(known: _Weights) -> jax.Array:
            return (known.number < options.iterations) & (known.moved > options.tolerance)

        def step(known: _Weights) -> _Weights:
            wide, narrow = known.transform, known.inverse
            if options.variant == "bundle":
                wide, narrow = options.epsilon * same, same / options.epsilon
            white = shown(centre + (known.mean + wide) @ anomalies)
            expected = white.predicted.mean(0)
            slope = narrow @ (white.predicted - expected)
            values, basis = jnp.linalg.eigh(slope @ slope.T)
            values = jnp.maximum(values, 0.0)
            certain = jnp.asarray(float(free))
            if options.certainty is not None:
                of_mean, of_log = hyperprior(values, options.certainty)
                certain = free * of_log / (of_mean + known.mean @ known.mean)
            steep = slope @ (white.values - expected) - certain * known.mean
            change = basis @ ((basis.T @ steep) / (certain + values))
            root = jnp.sqrt((certain + values) / free)
            return _Weights(
                known.mean + change,
                (basis / root) @ basis.T,
                (basis * root) @ basis.T,
                known.number + 1,
                jnp.sqrt(free * jnp.mean(change**2)),
            )

        begin = _Weights(jnp.zeros(options.members), same, same, jnp.zeros((), int), jnp.full((), jnp.inf))
        found = jax.lax.while_loop(go_on, step, begin)
        numbers = {"iterations": found.number, "converged": found.moved <= options.tolerance}
        after = centre + (found.mean + found.transform) @ anomalies
        return Moved(after, {name: jnp.asarray(each, float) for name, each in numbers.items()})

    return ensemble_window(options, plan, update)
