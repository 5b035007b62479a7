"""Series: `Sequential`, `After`, `recurrence` and `neighbour`, against plain loops."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import biject_to
from scipy import stats

from uqdsl.runtime import After, Sequential, between, neighbour, recurrence

RNG = np.random.default_rng(1)


def test_a_walk_is_a_product_of_normals():
    x, drift = RNG.normal(size=6), RNG.normal(size=5)
    law = Sequential(lambda past, d: dist.Normal(0.5 * past + d, 0.7), [dist.Normal(1.0, 2.0)], [drift], length=6)
    wanted = stats.norm.logpdf(x[0], 1, 2) + sum(
        stats.norm.logpdf(x[t], 0.5 * x[t - 1] + drift[t - 1], 0.7) for t in range(1, 6)
    )
    assert float(law.log_prob(x)) == pytest.approx(wanted, rel=1e-12)
    assert law.batch_shape == ()
    assert law.event_shape == (6,)
    kept = Sequential(
        lambda past, d: dist.Normal(0.5 * past + d, 0.7), [dist.Normal(1.0, 2.0)], [drift], length=6, pointwise=True
    )
    assert kept.batch_shape == (6,)
    assert float(jnp.sum(kept.log_prob(x))) == pytest.approx(wanted, rel=1e-12)


def test_two_places_back_oldest_first():
    x = RNG.normal(size=(5, 2))

    def step(past):
        return dist.Normal(0.3 * past[0] - 0.6 * past[1], jnp.array([1.0, 2.0]))

    law = Sequential(step, [dist.Normal(0.0, 1.0), dist.Normal(1.0, 1.0)], length=5, shape=(2,))
    wanted = stats.norm.logpdf(x[0]).sum() + stats.norm.logpdf(x[1], 1).sum()
    for t in range(2, 5):
        wanted += stats.norm.logpdf(x[t], 0.3 * x[t - 2] - 0.6 * x[t - 1], [1, 2]).sum()
    assert float(law.log_prob(x)) == pytest.approx(wanted, rel=1e-12)
    turned = Sequential(step, [dist.Normal(0.0, 1.0), dist.Normal(1.0, 1.0)], length=5, shape=(2,), axis=1)
    assert turned.event_shape == (2, 5)
    assert float(turned.log_prob(x.T)) == pytest.approx(wanted, rel=1e-12)
    assert turned.sample(jax.random.key(0), (3, 4)).shape == (3, 4, 2, 5)


def test_draws_of_a_walk():
    """An autoregression: its variance is known at every place, and so is the covariance of neighbours."""
    law = Sequential(lambda past: dist.Normal(0.8 * past, 1.0), [dist.Normal(3.0, 0.5)], length=4)
    count = 20_000
    draws = np.asarray(law.sample(jax.random.key(1), (count,)))
    mean, variance = 3.0, 0.25
    for t in range(4):
        assert abs(draws[:, t].mean() - mean) < 5 * np.sqrt(variance / count)
        assert abs(draws[:, t].var() - variance) < 5 * variance * np.sqrt(2 / count)
        if t:
            step = draws[:, t] - 0.8 * draws[:, t - 1]
            assert abs(step.var() - 1) < 5 * np.sqrt(2 / count)
            assert abs(np.corrcoef(step, draws[:, t - 1])[0, 1]) < 5 / np.sqrt(count)
        mean, variance = 0.8 * mean, 0.64 * variance + 1.0


def test_counts_in_a_series():
    law = Sequential(lambda past: dist.Poisson(1.0 + 0.5 * past), [dist.Poisson(2.0)], length=5)
    draws = np.asarray(law.sample(jax.random.key(1), (200,)))
    assert np.issubdtype(draws.dtype, np.integer)
    wanted = stats.poisson.logpmf(draws[0, 0], 2) + stats.poisson.logpmf(draws[0, 1:], 1 + 0.5 * draws[0, :-1]).sum()
    assert float(law.log_prob(draws[0])) == pytest.approx(wanted, rel=1e-10)
    assert np.asarray(law.support(draws)).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_places_that_are_given_are_not_free(axis):
    start = np.array([[1.0, 2.0]])
    shape = (2,)
    law = Sequential(lambda past: dist.LogNormal(jnp.log(past), 0.5), start, length=4, shape=shape, axis=axis)
    onto = biject_to(law.support)
    assert onto.inverse_shape(law.event_shape) == ((3, 2) if axis == 0 else (2, 3))
    assert onto.forward_shape(onto.inverse_shape(law.event_shape)) == law.event_shape
    position = RNG.normal(size=onto.inverse_shape(law.event_shape))
    x = onto(position)
    np.testing.assert_allclose(x[0] if axis == 0 else x[:, 0], start[0])
    assert bool(law.support(x))
    np.testing.assert_allclose(onto.inv(x), position, rtol=1e-12)
    np.testing.assert_allclose(onto.log_abs_det_jacobian(position, x), position.sum(), rtol=1e-12)
    series = np.asarray(x if axis == 0 else x.T)
    wanted = stats.norm.logpdf(np.log(series[1:]), np.log(series[:-1]), 0.5) - np.log(series[1:])
    assert float(law.log_prob(x)) == pytest.approx(wanted.sum(), rel=1e-12)
    batch = onto(np.stack([position] * 3))
    assert batch.shape == (3, *law.event_shape)
    assert onto.log_abs_det_jacobian(np.stack([position] * 3), batch).shape == (3,)
    assert np.asarray(
        law.sample(jax.random.key(0), (7,))[(0, 0) if axis == 0 else (0, slice(None), 0)] == start[0]
    ).all()


def test_a_series_under_jit_and_vmap():
    x = RNG.normal(size=(3, 5))

    @jax.jit
    @jax.vmap
    def density(scale, x):
        return Sequential(
            lambda past, s: dist.Normal(past, s), [dist.Normal(0.0, scale)], [jnp.full(4, scale)], length=5
        ).log_prob(x)

    scales = np.array([0.5, 1.0, 2.0])
    wanted = [stats.norm.logpdf(np.diff(each, prepend=0.0), 0, s).sum() for s, each in zip(scales, x, strict=True)]
    np.testing.assert_allclose(density(scales, x), wanted, rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_after(axis):
    x = RNG.normal(size=(5, 2))
    law = (
        After(x[:2], dist.Normal(x[1:4], np.array([1.0, 2.0])))
        if axis == 0
        else After(x[:2].T, dist.Normal(x[1:4].T, np.array([[1.0], [2.0]])), axis=1)
    )
    value = x if axis == 0 else x.T
    assert law.batch_shape == value.shape
    found = np.asarray(law.log_prob(value))
    found = found if axis == 0 else found.T
    assert (found[:2] == 0).all()
    np.testing.assert_allclose(found[2:], stats.norm.logpdf(x[2:], x[1:4], [1, 2]), rtol=1e-12)
    draws = np.asarray(law.sample(jax.random.key(0), (4000,)))
    assert draws.shape == (4000, *value.shape)
    draws = draws if axis == 0 else np.swapaxes(draws, 1, 2)
    assert (draws[:, :2] == x[:2]).all()
    assert (np.abs(draws[:, 2:].mean(axis=0) - x[1:4]) < 5 * np.array([1, 2]) / np.sqrt(4000)).all()


def test_counts_after_given_ones():
    law = After(np.array([3, 4]), dist.Poisson(np.full(3, 2.0)))
    draw = law.sample(jax.random.key(0))
    assert np.issubdtype(draw.dtype, np.integer)
    assert draw[:2].tolist() == [3, 4]


def test_after_keeps_single_precision():
    first, x = np.float32([1.0]), np.float32([1.0, 2.0, 3.0])
    law = After(jnp.asarray(first), dist.Normal(jnp.asarray(x[:-1]), jnp.float32(1.0)))
    assert law.log_prob(jnp.asarray(x)).shape == (3,)


def test_fibonacci():
    found = recurrence(lambda past: past[0] + past[1], np.array([1.0, 1.0]), length=10, lags=2)
    assert found.tolist() == [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]


def test_a_recurrence_with_inputs_and_several_states():
    x = RNG.normal(size=5)
    a, b = recurrence(
        lambda past, x: (0.5 * past[0] + past[1], past[1] * x), (np.array([1.0]), np.array([[2.0, 3.0]])), [x], length=6
    )
    assert a.shape == (6, 2)
    assert b.shape == (6, 2)
    first, second = np.array([1.0, 1.0]), np.array([2.0, 3.0])
    for t in range(5):
        np.testing.assert_allclose(a[t], first, rtol=1e-12)
        first, second = 0.5 * first + second, second * x[t]
        np.testing.assert_allclose(b[t + 1], second, rtol=1e-12)


def test_the_gradient_of_a_recurrence():
    """x_t = k x_{t-1} is k^t."""
    slope = jax.grad(lambda k: recurrence(lambda past: k * past, jnp.array([1.0]), length=8)[-1])(1.3)
    assert float(slope) == pytest.approx(7 * 1.3**6, rel=1e-12)


def test_one_start_for_all_first_places():
    found = recurrence(lambda past: past.sum(), np.array([1.0]), length=5, lags=3)
    assert found.tolist() == [1, 1, 1, 3, 5]


@pytest.mark.parametrize("steps", [-5, -2, -1, 0, 1, 3, 9])
@pytest.mark.parametrize("axis", [-1, 0, 1, -2])
@pytest.mark.parametrize("beyond", [None, 7.5])
def test_neighbours(steps, axis, beyond):
    values = RNG.normal(size=(3, 4))
    found = np.asarray(neighbour(jnp.asarray(values), steps, axis, beyond))
    along = np.moveaxis(values, axis, 0)
    wanted = np.stack(
        [
            along[min(max(i + steps, 0), len(along) - 1)]
            if beyond is None or 0 <= i + steps < len(along)
            else np.full(along.shape[1], beyond)
            for i in range(len(along))
        ]
    )
    np.testing.assert_array_equal(np.moveaxis(found, axis, 0), wanted)


def test_neighbours_of_whole_numbers_may_be_beyond():
    assert neighbour(jnp.array([1, 2, 3]), 1, beyond=0.5).tolist() == [2.0, 3.0, 0.5]


def test_between_labels_values_are_interpolated():
    values, labels = RNG.normal(size=(3, 5)), [1.0, 2.0, 4.0, 4.5, 7.0]
    at = np.array([1.0, 1.3, 3.9, 4.5, 6.9, 7.0])
    wanted = np.stack([np.interp(at, labels, row) for row in values])
    np.testing.assert_allclose(between(values[:, None], jnp.asarray(at), labels), wanted, rtol=1e-13)
    np.testing.assert_allclose(between(values[:, None, ::-1], jnp.asarray(at), labels[::-1]), wanted, rtol=1e-13)
    # Place by place: each row at a place of its own.
    np.testing.assert_allclose(between(values, jnp.asarray(at[:3]), labels), np.diag(wanted), rtol=1e-13)
    assert between(np.array([3.0]), jnp.array([1.0]), [1]).tolist() == [3.0]


def test_a_periodic_axis_goes_on_to_its_beginning():
    values = np.array([0.0, 10.0, 30.0, 60.0])
    at = jnp.array([360.0, 300.0, 315.0, -45.0, 0.0, 45.0, 405.0])
    found = between(values, at, [0, 90, 180, 270], periodic=True)
    np.testing.assert_allclose(found, [0, 40, 30, 30, 0, 5, 5], rtol=1e-13)


def test_between_has_the_slope_of_its_piece():
    slope = jax.grad(lambda at: between(jnp.array([0.0, 2.0, 8.0]), at, [1, 2, 4]))
    assert (slope(1.5), slope(3.0)) == (2.0, 3.0)
