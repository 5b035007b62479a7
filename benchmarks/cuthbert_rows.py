"""Filters of cuthbert, for an interpreter that has it: observations as arrays come in, scores and seconds go out as JSON.

`python benchmarks/cuthbert_rows.py FILE.npz`, where `level` are the observations of a local level, `ring` those of Lorenz-96
with its truth `ring_truth`, and `wings` those of Lorenz-63 with `wings_truth`; see `benchmarks/state_space.py`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def rk4(rate: Callable[[jax.Array], jax.Array], step: float, state: jax.Array) -> jax.Array:
    """One step of the classical method of Runge and Kutta."""
    first = rate(state)
    second = rate(state + step / 2 * first)
    third = rate(state + step / 2 * second)
    last = rate(state + step * third)
    return state + step / 6 * (first + 2 * second + 2 * third + last)


def ring(x: jax.Array) -> jax.Array:
    """Lorenz-96."""
    return (jnp.roll(x, -1) - jnp.roll(x, 2)) * jnp.roll(x, 1) - x + 8


def wings(x: jax.Array) -> jax.Array:
    """Lorenz-63."""
    return jnp.stack([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])


def main() -> None:
    """Measure each filter."""
    jax.config.update("jax_enable_x64", True)
    from cuthbert.ensemble_kalman import ensemble_kalman_filter  # type: ignore[reportMissingImports]
    from cuthbert.filtering import filter as follow  # type: ignore[reportMissingImports]
    from cuthbert.gaussian import kalman  # type: ignore[reportMissingImports]
    from cuthbert.smc import particle_filter  # type: ignore[reportMissingImports]
    from cuthbertlib.resampling import adaptive, systematic  # type: ignore[reportMissingImports]

    data = np.load(sys.argv[1])
    one = jnp.ones((1, 1))

    def run(made: Any, values: np.ndarray) -> tuple[Any, float]:
        """What is found and seconds an event, of the best of three calls of the compiled filter."""
        inputs = jnp.asarray(values[1:])

        @jax.jit
        def once(key: jax.Array) -> Any:
            begin, along = jax.random.split(key)
            return follow(made, inputs, made.init_prepare(key=begin), key=along)

        seconds = []
        found = jax.block_until_ready(once(jax.random.key(0)))
        for _ in range(3):
            began = time.perf_counter()
            found = jax.block_until_ready(once(jax.random.key(0)))
            seconds.append((time.perf_counter() - began) / len(values))
        return found, min(seconds)

    level = kalman.build_filter(
        jnp.zeros(1),
        10 * one,
        lambda _: (one, jnp.zeros(1), 0.5 * one),
        lambda y: (one, jnp.zeros(1), one, y),
    )
    members = ensemble_kalman_filter.build_filter(
        lambda key: 3 + 3 * jax.random.normal(key, (40,)),
        lambda _: lambda x, _key: rk4(ring, 0.05, x),
        lambda y: (lambda x: x, jnp.ones(40), y),
        n_particles=40,
        inflation=0.06,
        ensemble_subspace=True,
    )
    particles = particle_filter.build_filter(
        lambda key: jnp.asarray([1.0, 1.0, 25.0]) + jnp.asarray([8.0, 8.0, 8.0]) * jax.random.normal(key, (3,)),
        lambda key, x, _: rk4(wings, 0.05, x) + 0.5 * jax.random.normal(key, (3,)),
        lambda _before, x, y: -0.25 * jnp.sum((y - x) ** 2),
        1000,
        partial(adaptive.ess_decorator, threshold=0.5)(systematic.resampling),
    )
    found = {}
    told, seconds = run(level, data["level"])
    found["kalman"] = {"score": float(told.log_normalizing_constant[-1]), "seconds": seconds}
    told, seconds = run(members, data["ring"])
    found["enkf"] = {"score": error(told.ensemble.mean(axis=1), data["ring_truth"]), "seconds": seconds}
    told, seconds = run(particles, data["wings"])
    weights = jax.nn.softmax(told.log_weights, axis=1)
    found["bootstrap"] = {
        "score": error(jnp.einsum("tn,tnd->td", weights, told.particles), data["wings_truth"]),
        "seconds": seconds,
    }
    json.dump(found, sys.stdout)


def error(mean: jax.Array, truth: np.ndarray) -> float:
    """The mean over time of the root mean square error, after a hundred events."""
    return float(np.sqrt(np.mean((np.asarray(mean) - truth) ** 2, axis=1))[100:].mean())


if __name__ == "__main__":
    main()
