"""`place` against NumPyro's own potential energy."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer.util import potential_energy

from uqdsl.runtime import place

LAWS = {
    "normal": (dist.Normal(1.0, 2.0), ()),
    "normal over a dimension": (dist.Normal(jnp.arange(3.0), 2.0), (3,)),
    "half normal": (dist.HalfNormal(0.5), ()),
    "log-normal": (dist.LogNormal(0.3, 0.7), ()),
    "beta": (dist.Beta(2.0, 3.0), ()),
    "uniform": (dist.Uniform(-1.0, 4.0), ()),
    "truncated": (dist.TruncatedNormal(0.0, 1.0, low=0.2, high=1.5), ()),
    "pareto": (dist.Pareto(1.5, 2.5), ()),
    "simplex": (dist.Dirichlet(jnp.asarray([1.0, 2.0, 3.0])), (2,)),
}


@pytest.mark.parametrize("name", LAWS)
def test_the_density_is_that_of_numpyro(name: str) -> None:
    law, shape = LAWS[name]
    position = np.random.default_rng(1).normal(size=shape)

    def model() -> None:
        numpyro.sample("x", law)

    value, density = place(law, jnp.asarray(position))
    np.testing.assert_allclose(density, -potential_energy(model, (), {}, {"x": jnp.asarray(position)}), rtol=1e-12)
    assert np.shape(value) == law.shape()
    assert np.all(law.support(value))


def test_a_scalar_law_serves_every_element() -> None:
    position = jnp.asarray([-0.4, 0.1, 2.0])
    together = place(dist.HalfNormal(2.0), position)[1]
    np.testing.assert_allclose(together, sum(place(dist.HalfNormal(2.0), each)[1] for each in position), rtol=1e-12)
