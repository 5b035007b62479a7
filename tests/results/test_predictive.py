"""Prior and posterior predictive draws and the terms of the log density, against closed forms."""

from __future__ import annotations

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from jax import numpy as jnp
from numpyro import handlers
from scipy import stats

from uqdsl.infer import predictive
from uqdsl.infer.predictive import draw_prior, predict_posterior

from .targets import make_target

KEY = jax.random.key(3)


def test_log_likelihood_is_pointwise_and_exact(target, posterior):
    found = predict_posterior(target, posterior, KEY)
    mean = posterior["a"][..., target.data["county"]] + 0.5 * target.data["floor"]
    np.testing.assert_allclose(
        found.log_likelihood["y"], stats.norm.logpdf(target.data["y"], mean, 0.7), rtol=1e-12, atol=1e-12
    )


def test_log_prior_of_a_noncentered_unknown_is_that_of_its_declared_law(target, posterior):
    found = predict_posterior(target, posterior, KEY).log_prior
    mu, tau = posterior["mu"], posterior["tau"]
    np.testing.assert_allclose(found["a"], stats.norm.logpdf(posterior["a"], mu[..., None], tau[..., None]), rtol=1e-12)
    np.testing.assert_allclose(found["mu"], stats.norm.logpdf(mu, 0, 2), rtol=1e-12)
    np.testing.assert_allclose(found["tau"], stats.halfnorm.logpdf(tau), rtol=1e-12)
    assert list(found) == sorted(["mu", "tau", "a"])


def test_predictions_follow_the_law_of_the_data(target, posterior):
    wide = {name: np.repeat(array[:, :1], 500, axis=1) for name, array in posterior.items()}
    found = predict_posterior(target, wide, KEY).predictive["y"]
    mean = wide["a"][..., target.data["county"]] + 0.5 * target.data["floor"]
    scores = (found - mean) / 0.7
    # 10,000 independent standard normals: tolerances of four standard errors.
    assert abs(scores.mean()) < 4 / np.sqrt(scores.size)
    assert abs(scores.var() - 1) < 4 * np.sqrt(2 / scores.size)


def test_thinning_keeps_the_same_draws_of_the_same_keys(target, posterior, monkeypatch):
    whole = predict_posterior(target, posterior, KEY)
    thinned = predict_posterior(target, posterior, KEY, max_bytes=4 * 30 * 8 * 5 * 3 // 2)
    assert whole.thin == 1
    assert thinned.thin == 2
    monkeypatch.setattr(predictive, "_BLOCK_DRAWS", 7)
    blocks = predict_posterior(target, posterior, KEY)
    for kind in ("predictive", "log_likelihood", "log_prior"):
        for name, array in getattr(whole, kind).items():
            np.testing.assert_allclose(getattr(thinned, kind)[name], array[:, ::2], rtol=1e-12)
            np.testing.assert_allclose(getattr(blocks, kind)[name], array, rtol=1e-12)


def test_blocks_are_as_large_as_what_is_made_of_a_draw_on_the_way_lets_them(monkeypatch):
    def one(key, values, data):
        def step(at, _):
            at = jnp.sin(at) + data["shift"]
            return at, at * jnp.arange(1000.0)

        begin = values["x"] + jax.random.normal(key)
        _, steps = jax.jit(lambda begin: jax.lax.scan(step, begin, length=50))(begin)
        return {"found": {"sum": steps.sum()}}

    values, data = {"x": np.linspace(0, 1, 40)}, {"shift": np.asarray(0.2)}
    program = jax.make_jaxpr(one)(KEY, {"x": values["x"][0]}, data)
    assert predictive._bytes_made(program.jaxpr) == 8 * (50 * 1000 + 1)
    places = np.stack([np.zeros(40, int), np.arange(40)], -1)
    told = []

    def over_all():
        told.clear()
        return predictive.over_draws(one, KEY, values, places, data, lambda *at: told.append(at))["found"]["sum"]

    whole = over_all()
    assert told == [(40, 40)]
    monkeypatch.setattr(predictive, "_BLOCK_BYTES", 11 * 8 * 50 * 1000)
    np.testing.assert_allclose(over_all(), whole, rtol=1e-12)
    assert told == [(10, 40), (20, 40), (30, 40), (40, 40)]
    monkeypatch.setattr(predictive, "_BLOCK_BYTES", 1)
    np.testing.assert_allclose(over_all(), whole, rtol=1e-12)
    assert len(told) == 40


def test_every_draw_has_its_own_noise(target, posterior):
    same = {name: np.repeat(np.repeat(array[:1, :1], 4, 0), 30, 1) for name, array in posterior.items()}
    found = predict_posterior(target, same, KEY).predictive["y"]
    assert len(np.unique(found)) == found.size


def test_prior_draws_follow_the_prior(target):
    found = draw_prior(target, KEY, draws=4000)
    assert found.missing == ""
    assert found.draws == 4000
    assert found.prior["a"].shape == (4000, 3)
    assert found.predictive["y"].shape == (4000, 5)
    np.testing.assert_array_equal(found.prior["double"], 2 * found.prior["a"])
    # var(a) = 2² + E[tau²] = 5; the tolerances are four standard errors.
    assert abs(found.prior["mu"].mean()) < 4 * 2 / np.sqrt(4000)
    assert stats.kstest(found.prior["tau"], stats.halfnorm.cdf).pvalue > 1e-4
    spread = found.prior["a"][:, 0] ** 2
    assert abs(spread.mean() - 5) < 4 * spread.std() / np.sqrt(4000)


def test_a_factor_leaves_no_prior_sampler(posterior):
    def model(data, coords, observed=True):
        mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
        numpyro.factor("soft", -(mu**2))
        numpyro.sample("y", dist.Normal(mu, 1.0).expand([5]), obs=data["y"] if observed else None)

    target = make_target(model, unknowns=("mu",), quantities=())
    found = draw_prior(target, KEY)
    assert found.prior == found.predictive == {}
    assert "`factor`" in found.missing
    assert predict_posterior(target, posterior, KEY).predictive["y"].shape == (4, 30, 5)


def test_a_prior_that_is_not_normalised_is_named(posterior):
    def model(data, coords, observed=True):
        with numpyro.plate("county", 3):
            a = numpyro.sample("a", dist.ImproperUniform(dist.constraints.positive, (), ()))
        numpyro.sample("y", dist.Normal(jnp.asarray(a)[data["county"]], 1.0), obs=data["y"] if observed else None)

    target = make_target(model, unknowns=("a",), quantities=())
    found = draw_prior(target, KEY)
    assert found.missing == "the prior of `a` is not normalised"
    log_prior = predict_posterior(target, {"a": abs(posterior["a"])}, KEY).log_prior["a"]
    np.testing.assert_array_equal(log_prior, np.zeros((4, 30, 3)))


def test_event_dims_are_summed_out_and_weights_count():
    rng = np.random.default_rng(0)

    def model(data, coords, observed=True):
        p = numpyro.sample("p", dist.Dirichlet(np.full(3, 2.0)), infer={"event_dims": ["county"]})
        with numpyro.plate("home", 5), handlers.scale(scale=data["weight"]):
            numpyro.sample("n", dist.CategoricalProbs(p), obs=data["n"] if observed else None)

    data = {"n": np.array([0, 1, 2, 1, 0]), "weight": np.array([1.0, 2.0, 0.5, 1.0, 3.0])}
    dims = {"p": ("county",), "n": ("home",)}
    target = make_target(model, data=data, dims=dims, unknowns=("p",), quantities=(), observed=("n",))
    p = rng.dirichlet([1, 1, 1], size=(2, 6))
    found = predict_posterior(target, {"p": p}, KEY)
    expected = stats.dirichlet.logpdf(p.reshape(-1, 3).T, [2, 2, 2]).reshape(2, 6)
    np.testing.assert_allclose(found.log_prior["p"], expected, rtol=1e-12)
    np.testing.assert_allclose(found.log_likelihood["n"], np.log(p[..., data["n"]]) * data["weight"], rtol=1e-12)
    assert found.predictive["n"].dtype == np.int64


def test_observed_values_computed_by_the_spec_are_those_of_the_model(posterior):
    def model(data, coords, observed=True):
        mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
        numpyro.sample("log_y", dist.Normal(mu, 1.0).expand([5]), obs=jnp.exp(data["y"]) if observed else None)

    target = make_target(model, unknowns=("mu",), quantities=(), observed=("log_y",), dims={"log_y": ("home",)})
    found = predict_posterior(target, posterior, KEY)
    np.testing.assert_allclose(found.observed["log_y"], np.exp(target.data["y"]), rtol=1e-12)


@pytest.mark.parametrize("chains", [1, 3])
def test_shapes_for_any_number_of_chains(target, posterior, chains):
    found = predict_posterior(target, {name: array[:chains, :5] for name, array in posterior.items()}, KEY)
    assert found.predictive["y"].shape == found.log_likelihood["y"].shape == (chains, 5, 5)
