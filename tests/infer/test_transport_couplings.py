"""Optimal transport and the Schrödinger bridge: from draws of the prior to a cloud, with the spread that it has."""

import jax
import jax.numpy as jnp
import pytest

from tests.infer import problems
from uqdsl.infer import optimal_transport, schrodinger_bridge
from uqdsl.infer.posterior import unwatched
from uqdsl.infer.sinkhorn import couple
from uqdsl.vocabulary.methods.transports import OptimalTransportOptions, SchrodingerBridgeOptions


def test_the_marginals_of_a_coupling_are_uniform() -> None:
    x, y = jax.random.normal(jax.random.key(0), (60, 2)), 2 + jax.random.normal(jax.random.key(1), (90, 2))
    coupling = couple(x, y, 0.05)
    columns = jnp.exp(coupling.log_plan).sum(0) * 90 / 60
    assert jnp.allclose(columns, 1, atol=1e-3)


@pytest.mark.parametrize(("correction", "spread"), [("second_order", 1.0), ("none", 0.55)])
def test_example_b_by_transport(correction: optimal_transport.Correction, spread: float) -> None:
    """Row `ot_gmmcloud`: the barycentric projection keeps 0.546 +- 0.010 of the spread; the correction puts it back."""
    options = OptimalTransportOptions(particles=200, correction=correction)
    found = optimal_transport.run(problems.seed_b().posterior(), options, jax.random.key(0), unwatched)
    error = problems.errors(problems.seed_b(), found.positions)
    assert error.mean < 0.25
    assert error.spread == pytest.approx(spread, abs=0.1)
    assert bool(found.reasons) == (correction == "none")


@pytest.mark.parametrize("steps", [0, 30])
def test_example_b_by_a_bridge(steps: int) -> None:
    """Row `sb_gmmcloud`: a spread of 0.973 +- 0.020, with a path or without."""
    options = SchrodingerBridgeOptions(particles=200, steps=steps)
    found = schrodinger_bridge.run(problems.seed_b().posterior(), options, jax.random.key(0), unwatched)
    error = problems.errors(problems.seed_b(), found.positions)
    assert error.mean < 0.25
    assert error.spread == pytest.approx(1.0, abs=0.12)
