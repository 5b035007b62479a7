"""Laws that are joint over a dimension: their densities, draws, batches and forms."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.vocabulary.distributions import DISTRIBUTIONS

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
from numpyro.distributions import biject_to

from .joint import CASES, CENTRE, JOINT, MATRIX, REAL, ROOTS
from .references import made

EACH = pytest.mark.parametrize(("name", "reference"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
RTOL = {"DirichletMultinomial": 5e-8}
"""Relative, where it is not 1e-9: the `betaln` of JAX has eight digits."""


def test_every_joint_law_has_a_reference():
    assert set(JOINT) == {name for name, law in DISTRIBUTIONS.items() if law.event}
    for name, references in JOINT.items():
        names = {each.name for each in DISTRIBUTIONS[name].parameters}
        assert all(reference.given.keys() - {"size"} == names for reference in references), name


@EACH
def test_the_density_is_that_of_scipy(name, reference):
    law = made(name, reference.given)
    assert law.event_shape == reference.points.shape[1:]
    assert len(law.event_shape) == DISTRIBUTIONS[name].event
    assert law.is_discrete == DISTRIBUTIONS[name].discrete
    for x in reference.points:
        wanted = reference.log_density(x)
        np.testing.assert_allclose(
            law.log_prob(x), wanted, rtol=RTOL.get(name, 1e-9), atol=1e-8 if name in RTOL else 1e-10
        )


@EACH
def test_gradients_are_finite(name, reference):
    given = {
        each: jnp.asarray(value, float) for each, value in reference.given.items() if each not in ("size", "trials")
    }

    @jax.jit
    def slope(given):
        return jax.grad(lambda given: made(name, {**reference.given, **given}).log_prob(reference.points[0]))(given)

    for each, value in slope(given).items():
        assert np.isfinite(value).all(), each


@EACH
def test_draws_have_the_mean_and_the_variance(name, reference):
    """Within five standard errors, of which those of a variance come from the draws themselves."""
    count = 20_000
    law = made(name, reference.given)
    draws = np.asarray(law.sample(jax.random.key(4), (count,)), float)
    assert np.asarray(law.support(draws)).all()
    wanted = np.isfinite(reference.mean)
    if not wanted.any():
        return
    error = np.sqrt(reference.variance / count)
    assert (np.abs(draws.mean(axis=0) - reference.mean) <= 5 * error + 1e-12).all()
    squares = (draws - reference.mean) ** 2
    error = squares.std(axis=0) / np.sqrt(count)
    assert (np.abs(squares.mean(axis=0) - reference.variance) <= 5 * error + 1e-12).all()


def test_draws_of_counts_add_up():
    trials = np.array([[0], [7], [1000]])
    for name, parameter in (("Multinomial", "probabilities"), ("DirichletMultinomial", "concentration")):
        law = made(name, {"trials": trials, parameter: np.array([[0.2, 0.3, 0.5], [1.0, 0.0 + 1e-300, 1e-300]])})
        assert law.batch_shape == (3, 2)
        draws = np.asarray(law.sample(jax.random.key(0), (500,)))
        assert draws.shape == (500, 3, 2, 3)
        assert (draws >= 0).all()
        assert (draws.sum(axis=-1) == trials).all()
    certain = made("Multinomial", {"trials": 9, "probabilities": np.array([0.0, 1.0, 0.0])})
    assert certain.sample(jax.random.key(0)).tolist() == [0, 9, 0]


def test_draws_of_counts_are_correlated():
    """Against the covariance of a multinomial, -n p_i p_j."""
    p = np.array([0.2, 0.3, 0.5])
    draws = np.asarray(
        made("Multinomial", {"trials": 12, "probabilities": p}).sample(jax.random.key(8), (20_000,)), float
    )
    products = (draws[:, 0] - 12 * p[0]) * (draws[:, 2] - 12 * p[2])
    assert abs(products.mean() + 12 * p[0] * p[2]) < 5 * products.std() / np.sqrt(len(products))


@pytest.mark.parametrize("name", ["MultiNormal", "MultiStudentT"])
def test_forms_are_the_same_law(name):
    standard = made(name, JOINT[name][0].given)
    for way in DISTRIBUTIONS[name].ways[1:]:
        forms = {"precision": np.linalg.inv(MATRIX), "cholesky": ROOTS}
        given = {
            each.name: forms[each.name] if each.name in forms else JOINT[name][0].given[each.name]
            for each in way.parameters
        }
        np.testing.assert_allclose(made(name, given).log_prob(REAL), standard.log_prob(REAL), rtol=1e-8)


@pytest.mark.parametrize("name", ["MultiNormal", "MultiStudentT"])
def test_a_batch_of_places(name):
    location = "mean" if name == "MultiNormal" else "location"
    given = JOINT[name][0].given
    law = made(name, {**given, location: np.stack([CENTRE, 2 * CENTRE])})
    assert law.batch_shape == (2,)
    assert law.sample(jax.random.key(0), (5,)).shape == (5, 2, 3)
    second = made(name, {**given, location: 2 * CENTRE})
    np.testing.assert_allclose(law.log_prob(REAL[0])[1], second.log_prob(REAL[0]), rtol=1e-12)


@pytest.mark.parametrize("name", [name for name, law in DISTRIBUTIONS.items() if law.event and not law.discrete])
def test_unconstrained_positions_are_in_the_support(name):
    """Where a sampler moves: every position is a draw, and the way back leads to it."""
    law = made(name, JOINT[name][0].given)
    onto = biject_to(law.support)
    position = np.random.default_rng(2).normal(size=(20, *onto.inverse_shape(law.event_shape)))
    values = onto(position)
    assert np.asarray(law.support(values)).all()
    assert np.isfinite(law.log_prob(values)).all()
    np.testing.assert_allclose(onto.inv(values), position, rtol=1e-6, atol=1e-8)
