"""Generated models are plain NumPyro: its handlers, predictions and samplers run them, and ArviZ finds every label."""

from __future__ import annotations

import arviz
import jax
import numpy as np
import pytest
from numpyro import handlers
from numpyro.infer import MCMC, NUTS, Predictive

from uqdsl import ir

from .compiled import compiled
from .specs import SPECS

SIZES = {"i": 4, "j": 2}
DRAWN = ["outcomes that are counts", "noncentered", "simplexes"]


@pytest.mark.parametrize("name", DRAWN)
def test_draws_of_the_prior_and_of_the_data(name):
    found = compiled(SPECS[name], SIZES)
    model = handlers.trace(handlers.seed(found.model, jax.random.key(2)))
    drawn = model.get_trace(found.data, found.coords, observed=False)
    assert not any(site.get("is_observed") for site in drawn.values() if site["type"] == "sample")
    for each in (*found.spec.unknowns, *found.spec.observations):
        assert drawn[each.name]["value"].shape == found.size(each.dims)
        assert np.isfinite(drawn[each.name]["value"]).all()


def test_predictive():
    found = compiled(SPECS["radon"], SIZES)
    draws = Predictive(found.model, num_samples=5)(jax.random.key(0), found.data, found.coords, observed=False)
    assert draws["log_radon"].shape == (5, *found.size(("home",)))
    assert draws["a"].shape == (5, *found.size(("county",)))
    posterior = {name: value for name, value in draws.items() if name not in ("log_radon", "a")}
    again = Predictive(found.model, posterior)(jax.random.key(1), found.data, found.coords, observed=False)
    np.testing.assert_allclose(again["a"], draws["a"])


EVERY_KIND = """
dim k = ["x", "y", "z"]
data { y[i, j] : real, g[i] : category }
prior mu ~ Normal(0, 1)
prior a[g] ~ Normal(mu, 1) noncentered
prior w[j, k] ~ Dirichlet(2, event = k)
prior b[j, g] ~ Normal(0, 1)
let total = mu + 1
let shifted[g] = a + total
let eta[i, j] = shifted[g] + b[g] + w[k = "x"]
likelihood y[i, j] ~ Normal(eta, 1)
"""


def test_numpyro_samples_and_arviz_labels():
    found = compiled(EVERY_KIND, SIZES)
    sampler = MCMC(
        NUTS(found.model, max_tree_depth=3),
        num_warmup=10,
        num_samples=5,
        num_chains=2,
        chain_method="vectorized",
        progress_bar=False,
    )
    sampler.run(jax.random.key(0), found.data, found.coords)
    tree = arviz.from_numpyro(sampler, coords=found.coords)
    for each in found.spec.statements:
        assert isinstance(each, ir.Unknown | ir.Quantity | ir.Observation)
        group = tree["observed_data"] if isinstance(each, ir.Observation) else tree["posterior"]
        dims = [dim for dim in group[each.name].dims if dim not in ("chain", "draw")]
        assert tuple(dims) == each.dims
        for dim in each.dims:
            assert list(group[each.name].coords[dim].values) == found.coords[dim]
