"""Particles that are taken in turns."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.infer.population import evenly, over_particles


@pytest.mark.parametrize("elements", [1, 9, 30, 10_000])
def test_particles_in_turns_give_what_they_give_at_once(elements: int, monkeypatch: pytest.MonkeyPatch):
    rows, keys = jax.random.normal(jax.random.key(0), (7, 3)), jax.random.split(jax.random.key(1), 7)

    def function(row: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jnp.cumsum(row) + jax.random.normal(key), row[0] * row[1]

    whole = jax.vmap(function)(rows, keys)
    monkeypatch.setattr("uqdsl.infer.population._ELEMENTS", elements)
    turns = over_particles(function, rows, keys)
    assert all(np.allclose(one, other, rtol=1e-14) for one, other in zip(whole, turns, strict=True))


@pytest.mark.parametrize(
    ("count", "most", "size"), [(20, 6, 5), (100, 100, 100), (1_000_000, 256, 250), (1009, 100, 100)]
)
def test_turns_are_as_long_as_leave_none_over(count: int, most: int, size: int):
    assert evenly(count, most) == size
