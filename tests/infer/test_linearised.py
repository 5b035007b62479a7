"""Networks that are linear in their weights about a mode: the tangent itself, and what a fit then says and predicts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.stats import norm

from uqdsl.infer.linearised import linear_in_weights
from uqdsl.results import read_netcdf, write_netcdf
from uqdsl.results.method import mode_of

import uqdsl  # isort: skip

SPEC = """
data {
  z[case] : real, y[case] : real
  training = "train.csv"
  testing  = "test.csv"
  new      = "new.csv"
}
network f(z) -> real { LAYERS }
prior f.weights ~ Normal(0, 1)
likelihood y[case] ~ Normal(f(z), 0.3)
infer by laplace(draws = 4000, starts = 2, predictive = linearised)
predict y[case] with(draws = 4000, budget = none)
"""
CURVED, STRAIGHT = "dense(3, tanh) as hidden  dense(1) as out", "dense(1) as out"
SD, DRAWS = 0.3, 4000
NEW = np.array([-3.0, -0.5, 0.7, 3.0])


def rows(count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.uniform(-2, 2, count)
    return {"z": z, "y": np.sin(1.5 * z) + rng.normal(0, SD, count)}


TRAINING, TESTING = rows(30, 1), rows(200, 2)


@cache
def fitted(layers: str, by: str | None = None) -> uqdsl.Fit:
    program = uqdsl.loads(SPEC.replace("LAYERS", layers)).compile(training=TRAINING, testing=TESTING, new={"z": NEW})
    return program.infer(by, seed=1, progress=False)


SAMPLED = "laplace(draws = 4000, starts = 2)"


class Closed(NamedTuple):
    """The network at its mode, and the law of its tangent."""

    mode: dict[str, np.ndarray]
    covariance: np.ndarray

    def law(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean f(z, w*) and variance J Σ Jᵀ of the tangent."""
        flat, unravel = ravel_pytree(self.mode)
        slopes = jax.jacobian(lambda at: network(unravel(at), z))(flat)
        return network(self.mode, z), np.einsum("ij,jk,ik->i", slopes, self.covariance, slopes)


def network(weights: dict[str, jax.Array], z: np.ndarray) -> jax.Array:
    hidden = jnp.tanh(z[:, None] * weights["f.hidden.kernel"] + weights["f.hidden.bias"])
    return hidden @ weights["f.out.kernel"] + weights["f.out.bias"]


@cache
def closed() -> Closed:
    """By the curvature of the log density, written once more."""
    mode = {name: jnp.asarray(each) for name, each in mode_of(fitted(CURVED)._result.groups).items()}
    flat, unravel = ravel_pytree(mode)

    def negative(at: jax.Array) -> jax.Array:
        off = TRAINING["y"] - network(unravel(at), TRAINING["z"])
        return jnp.sum(off**2) / (2 * SD**2) + jnp.sum(at**2) / 2

    assert np.max(np.abs(jax.grad(negative)(flat))) < 1e-6
    return Closed(mode, np.linalg.inv(jax.hessian(negative)(flat)))


def tanh_network(z, kernel, bias, out):
    hidden = jnp.tanh(z @ kernel + bias)
    return {"a": hidden @ out, "b": (hidden**2).sum(-1)}


def test_the_tangent_is_that_of_finite_differences():
    rng = np.random.default_rng(1)
    z, kernel, bias, out = (jnp.asarray(rng.normal(size=size)) for size in [(5, 2), (2, 3), (3,), (3,)])
    changes = [jnp.asarray(rng.normal(size=each.shape)) for each in (kernel, bias)]
    tangent = linear_in_weights(tanh_network, 1, [kernel, bias, None])
    moved = [at + change for at, change in zip((kernel, bias), changes, strict=True)]
    found, there = tangent(z, *moved, out), tanh_network(z, kernel, bias, out)
    step = 1e-6
    ahead, behind = (tanh_network(z, kernel + at * changes[0], bias + at * changes[1], out) for at in (step, -step))
    for name in ("a", "b"):
        slope = (ahead[name] - behind[name]) / (2 * step)
        assert np.allclose(found[name], there[name] + slope, atol=1e-8)
        assert np.array_equal(tangent(z, kernel, bias, out)[name], there[name])


def drawn_weights() -> dict[str, np.ndarray]:
    variables = fitted(CURVED)._result.groups["posterior"].variables
    return {name: variables[name].values[0] for name in closed().mode}


def test_predictions_are_those_of_the_linear_model():
    """y ~ Normal(f(z, w*), J Σ Jᵀ + σ²), of which that of the network itself is far away where weights are free."""
    mean, variance = closed().law(NEW)
    variance = variance + SD**2
    found = fitted(CURVED).predict(progress=False)
    assert np.all(np.abs(found["y_mean"].values - mean) < 4 * np.sqrt(variance / DRAWS))
    assert found["y_sd"].values ** 2 == pytest.approx(variance, rel=4 * np.sqrt(2 / DRAWS))
    sampled = np.asarray(jax.vmap(lambda at: network(at, NEW))(drawn_weights())).var(axis=0) + SD**2
    assert np.max(np.abs(sampled / variance - 1)) > 0.3


def test_what_is_recorded_and_replicated_is_of_the_tangent():
    groups = fitted(CURVED)._result.groups
    tangents = jax.vmap(
        lambda at: jax.jvp(
            lambda weights: network(weights, TRAINING["z"]),
            (closed().mode,),
            (jax.tree.map(jnp.subtract, at, closed().mode),),
        )
    )(drawn_weights())
    linear = np.sum(tangents, axis=0)
    assert np.allclose(groups["posterior"].variables["f(z)"].values[0], linear, atol=1e-9)
    likelihood = norm.logpdf(TRAINING["y"], linear, SD)
    thinned = groups["log_likelihood"].variables["y"].values[0]
    assert np.allclose(thinned, likelihood[:: len(likelihood) // len(thinned)], atol=1e-8)
    replicated = groups["posterior_predictive"].variables["y"].values[0]
    mean, variance = closed().law(TRAINING["z"])
    assert np.all(np.abs(replicated.mean(axis=0) - mean) < 4.5 * np.sqrt((variance + SD**2) / len(replicated)))


def test_testing_rows_are_scored_by_the_tangent():
    mean, variance = closed().law(TESTING["z"])
    z = (TESTING["y"] - mean) / np.sqrt(variance + SD**2)
    error = np.abs(fitted(CURVED).calibration["y_pit"].values - norm.cdf(z))
    assert error.mean() < 1.2 * np.sqrt(2 / np.pi) * np.mean(np.sqrt(norm.cdf(z) * norm.sf(z) / 500))


def test_of_a_network_that_is_linear_nothing_changes():
    linear, plain = fitted(STRAIGHT), fitted(STRAIGHT, SAMPLED)
    for group in ("posterior", "posterior_predictive", "log_likelihood"):
        for name, each in plain._result.groups[group].variables.items():
            assert np.allclose(linear._result.groups[group].variables[name].values, each.values, atol=1e-9)
    assert np.allclose(linear.predict(progress=False)["y"], plain.predict(progress=False)["y"], atol=1e-9)
    assert linear.diagnostics["pareto_k"] == pytest.approx(plain.diagnostics["pareto_k"], abs=1e-3)
    assert linear.status == plain.status == "ok"
    assert mode_of(plain._result.groups) == {}


def test_the_mode_is_kept_in_the_file(tmp_path: Path):
    fit = fitted(CURVED)
    write_netcdf(tmp_path / "result.nc", fit._result.groups)
    kept = mode_of(read_netcdf(tmp_path / "result.nc"))
    assert kept.keys() == closed().mode.keys()
    assert all(np.array_equal(kept[name], each) for name, each in closed().mode.items())


def test_importance_leads_to_the_posterior_of_the_linear_model():
    """Gauss and Newton's curvature Jᵀ J / σ² + 1 about a mean that one Newton step gives."""
    fit = fitted(CURVED, "laplace(draws = 20000, starts = 2, predictive = linearised, correction = importance)")
    flat, unravel = ravel_pytree({name: jnp.asarray(each) for name, each in mode_of(fit._result.groups).items()})
    slopes = jax.jacobian(lambda at: network(unravel(at), TRAINING["z"]))(flat)
    precision = slopes.T @ slopes / SD**2 + np.eye(len(flat))
    off = TRAINING["y"] - network(unravel(flat), TRAINING["z"])
    mean = flat + np.linalg.solve(precision, slopes.T @ off / SD**2 - flat)
    sd = np.sqrt(np.diag(np.linalg.inv(precision)))
    posterior = fit._result.groups["posterior"].variables
    found = np.concatenate([posterior[name].values[0].reshape(20000, -1) for name in sorted(closed().mode)], axis=1)
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4.5 * sd / np.sqrt(fit.diagnostics["ess"]))
    assert found.var(axis=0) == pytest.approx(sd**2, rel=4.5 * np.sqrt(2 / fit.diagnostics["ess"]))
