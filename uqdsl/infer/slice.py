"""Slice sampling along lines: stepping out and shrinking in, without a gradient.

One iteration is as many updates as there are dimensions: along each coordinate in turn, or along random lines (hit and run),
both where the posterior has unit scale; with a dense metric these coordinates are the uncorrelated ones.

References:
    Neal 2003, Slice sampling, Ann. Statist. 31, 705-767, figures 3 and 5.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.adaptation import Adapted, adapter, stretch
from uqdsl.infer.markov import Kernel
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods.chains import SliceOptions

_MOST_SHRINKS = 200
"""By then the interval is far below the resolution of a float: the point stays."""


class _Point(NamedTuple):
    """A position, its log density, and how many were computed to come here."""

    position: jax.Array
    log_density: jax.Array
    evaluations: jax.Array


class _State(NamedTuple):
    point: _Point
    iteration: jax.Array
    adapted: Adapted
    key: jax.Array


class _End(NamedTuple):
    """An end of the interval, by how many steps it may still go out, whether it lies in the slice, and evaluations."""

    at: jax.Array
    left: jax.Array
    inside: jax.Array
    evaluations: jax.Array


class _Interval(NamedTuple):
    """What is left of the interval, the last point tried in it, whether it is in the slice, and evaluations."""

    lower: jax.Array
    upper: jax.Array
    tried: jax.Array
    log_density: jax.Array
    found: jax.Array
    evaluations: jax.Array


def kernel(posterior: Posterior, options: SliceOptions) -> Kernel:
    """A step updates every dimension, or along as many random lines."""
    size, width = posterior.size, options.width
    adapt = adapter(options.warmup, options.metric)

    def begin(start: Start, key: jax.Array) -> _State:
        adapt_key, key = jax.random.split(key)
        point = _Point(start.position, -start.potential_energy, jnp.asarray(0))
        return _State(point, jnp.asarray(0), adapt.begin(start.position, adapt_key, 1.0), key)

    def direction(number: jax.Array, key: jax.Array) -> jax.Array:
        if options.lines == "coordinates":
            return jnp.zeros(size).at[number].set(1.0)
        z = jax.random.normal(key, (size,))
        return z / jnp.sqrt(z @ z)

    def along(point: _Point, line: jax.Array, key: jax.Array) -> _Point:
        level_key, place_key, share_key, key = jax.random.split(key, 4)
        level = point.log_density - jax.random.exponential(level_key)

        def density(t: jax.Array) -> jax.Array:
            return posterior.log_density(point.position + t * line)

        def step_out(at: jax.Array, by: jax.Array, most: jax.Array) -> _End:
            def out(end: _End) -> _End:
                inside = density(end.at) > level
                return _End(end.at + jnp.where(inside, by, 0.0), end.left - 1, inside, end.evaluations + 1)

            start = _End(at, most, jnp.asarray(True), jnp.asarray(0))
            return jax.lax.while_loop(lambda end: end.inside & (end.left > 0), out, start)

        def shrink(interval: _Interval) -> _Interval:
            lower, upper, *_, evaluations = interval
            t = jax.random.uniform(jax.random.fold_in(key, evaluations), minval=lower, maxval=upper)
            value = density(t)
            found = value > level
            lower, upper = jnp.where(found | (t >= 0), lower, t), jnp.where(found | (t < 0), upper, t)
            return _Interval(lower, upper, t, value, found, evaluations + 1)

        below = width * jax.random.uniform(place_key)
        share = jnp.floor(options.max_steps * jax.random.uniform(share_key)).astype(int)
        left = step_out(-below, -jnp.asarray(width), share)
        right = step_out(width - below, jnp.asarray(width), options.max_steps - 1 - share)
        nothing = jnp.zeros(())
        first = _Interval(left.at, right.at, nothing, nothing, jnp.asarray(False), jnp.asarray(0))
        last = jax.lax.while_loop(lambda each: ~each.found & (each.evaluations < _MOST_SHRINKS), shrink, first)
        t = jnp.where(last.found, last.tried, 0.0)
        value = jnp.where(last.found, last.log_density, point.log_density)
        evaluations = point.evaluations + left.evaluations + right.evaluations + last.evaluations
        return _Point(point.position + t * line, value, evaluations)

    def step(state: _State) -> _State:
        update_key, key = jax.random.split(state.key)
        root = state.adapted.mass_matrix_sqrt_inv

        def update(number: jax.Array, point: _Point) -> _Point:
            line_key, own_key = jax.random.split(jax.random.fold_in(update_key, number))
            return along(point, stretch(root, direction(number, line_key)), own_key)

        point = jax.lax.fori_loop(0, size, update, state.point._replace(evaluations=jnp.asarray(0)))
        adapted = adapt.learn(state.adapted, state.iteration, jnp.ones(()), point.position)
        return _State(point, state.iteration + 1, adapted, key)

    return Kernel(begin, step, lambda state: state.point.position, _statistics)


def _statistics(state: _State) -> dict[str, jax.Array]:
    return {"lp": state.point.log_density, "n_steps": state.point.evaluations}
