"""Laws with restrictions: `Ordered`, `ZeroSumNormal`, `Censored`, `Hurdle`, `OrderedProbit`."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import biject_to
from scipy import special, stats

from uqdsl.runtime import Censored, Hurdle, Ordered, OrderedProbit, Truncated, ZeroSumNormal

pytestmark = pytest.mark.filterwarnings("ignore:Out-of-support")
RNG = np.random.default_rng(3)

ORDERED = {
    "normal": dist.Normal(0.0, 1.0).expand((4,)),
    "half normal": dist.HalfNormal(2.0).expand((4,)),
    "beta": dist.Beta(2.0, 3.0).expand((4,)),
    "below a bound": Truncated(dist.Normal(jnp.zeros(4), 1.0), high=2.0),
    "in an interval": Truncated(dist.Normal(jnp.zeros(4), 1.0), low=-1.0, high=2.0),
    "several rows": dist.Normal(jnp.zeros((3, 1)), 1.0).expand((3, 4)),
    "laws that differ": dist.Exponential(jnp.array([1.0, 2.0, 3.0, 0.5])),
}


@pytest.mark.parametrize("name", ORDERED)
def test_positions_become_increasing_values(name):
    base = ORDERED[name]
    law = Ordered(base, 4, alike=name != "laws that differ")
    assert law.event_shape == (4,)
    assert law.batch_shape == base.batch_shape[:-1]
    onto = biject_to(law.support)
    position = 0.7 * RNG.normal(size=law.shape())
    x = onto(position)
    assert np.asarray(law.support(x)).all()
    assert (np.diff(x) > 0).all()
    np.testing.assert_allclose(onto.inv(x), position, rtol=1e-8)
    volume = np.asarray(onto.log_abs_det_jacobian(position, x))
    assert volume.shape == law.batch_shape
    jacobian = jax.vmap(jax.jacfwd(onto))(position.reshape(-1, 4))
    np.testing.assert_allclose(volume.ravel(), np.linalg.slogdet(jacobian)[1], rtol=1e-9)
    np.testing.assert_allclose(law.log_prob(x), np.asarray(base.log_prob(x)).sum(axis=-1), rtol=1e-12)
    assert not np.asarray(law.support(x[..., ::-1])).any()
    assert np.asarray(law.support(law.support.feasible_like(jnp.zeros(law.shape())))).all()


def test_ordered_draws_are_order_statistics():
    """The k-th of n uniforms is Beta(k, n + 1 - k)."""
    law = Ordered(dist.Uniform(0.0, 1.0).expand((4,)), 4)
    draws = np.asarray(law.sample(jax.random.key(0), (4000,)))
    assert (np.diff(draws) >= 0).all()
    for k in range(4):
        assert stats.kstest(draws[:, k], stats.beta(k + 1, 4 - k).cdf).pvalue > 1e-4
    with pytest.raises(NotImplementedError):
        Ordered(dist.Exponential(jnp.arange(1.0, 5.0)), 4, alike=False).sample(jax.random.key(0))


def _on_the_hyperplane(size):
    """An orthonormal basis of what sums to zero."""
    return np.linalg.svd(np.ones((1, size)))[2][1:].T


def test_zero_sum_is_a_normal_on_the_hyperplane():
    free = RNG.normal(size=4)
    x = _on_the_hyperplane(5) @ free
    wanted = stats.norm.logpdf(free, 0, 1.7).sum()
    law = ZeroSumNormal(1.7, (5,))
    assert float(law.log_prob(x)) == pytest.approx(wanted, rel=1e-12)
    table = _on_the_hyperplane(5) @ RNG.normal(size=(4, 2)) @ _on_the_hyperplane(3).T
    both = ZeroSumNormal(0.6, (5, 3))
    free = _on_the_hyperplane(5).T @ table @ _on_the_hyperplane(3)
    assert float(both.log_prob(table)) == pytest.approx(stats.norm.logpdf(free, 0, 0.6).sum(), rel=1e-12)


@pytest.mark.parametrize("sizes", [(2,), (5,), (4, 3)])
@pytest.mark.parametrize("batch", [(), (2,)])
def test_zero_sum_positions_and_draws(sizes, batch):
    scale = np.full(batch, 1.5) * (np.arange(2) + 1 if batch else 1)
    law = ZeroSumNormal(scale, sizes)
    assert law.shape() == (*batch, *sizes)
    onto = biject_to(law.support)
    position = RNG.normal(size=onto.inverse_shape(law.shape()))
    x = np.asarray(onto(position))
    axes = tuple(range(-len(sizes), 0))
    for axis in axes:
        np.testing.assert_allclose(x.sum(axis=axis), 0, atol=1e-12)
    assert np.asarray(law.support(x)).all()
    np.testing.assert_allclose(onto.inv(x), position, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose((x**2).sum(axis=axes), (position**2).sum(axis=axes), rtol=1e-10)  # lengths are kept
    np.testing.assert_allclose(onto.log_abs_det_jacobian(position, x), np.zeros(batch), atol=1e-12)
    draws = np.asarray(law.sample(jax.random.key(5), (20_000,)))
    assert draws.shape == (20_000, *batch, *sizes)
    np.testing.assert_allclose(draws.sum(axis=-1), 0, atol=1e-10)
    wanted = scale[(..., *(None,) * len(sizes))] ** 2 * np.prod([1 - 1 / size for size in sizes])
    assert (np.abs((draws**2).mean(axis=0) - wanted) < 5 * wanted * np.sqrt(2 / 20_000)).all()


CENSORED = {
    "normal": (dist.Normal(1.0, 2.0), stats.norm(1, 2), [-30.0, -1.0, 0.0, 0.7, 2.9, 3.0, 50.0]),
    "Student": (dist.StudentT(3.0, 1.0, 2.0), stats.t(3, 1, 2), [-30.0, -1.0, 0.0, 0.7, 2.9, 3.0, 50.0]),
    "Weibull": (dist.Weibull(2.0, 1.5), stats.weibull_min(1.5, 0, 2), [1e-9, 0.1, 1.0, 2.9, 3.0, 9.0]),
    "exponential": (dist.Exponential(0.5), stats.expon(0, 2), [1e-9, 0.1, 1.0, 2.9, 3.0, 9.0]),
    "log-normal": (dist.LogNormal(0.3, 0.7), stats.lognorm(0.7, 0, np.exp(0.3)), [0.1, 1.0, 2.9, 3.0, 9.0]),
}


@pytest.mark.parametrize("ends", [(0.0, 3.0), (None, 3.0), (0.0, None), (-np.inf, np.inf)])
@pytest.mark.parametrize("name", CENSORED)
def test_censored_values(name, ends):
    law, reference, points = CENSORED[name]
    low, high = ends
    x = np.array(points)
    bottom, top = -np.inf if low is None else low, np.inf if high is None else high
    wanted = np.where(
        x <= bottom, reference.logcdf(bottom), np.where(x >= top, reference.logsf(top), reference.logpdf(x))
    )
    censored = Censored(law, low, high)
    np.testing.assert_allclose(censored.log_prob(x), wanted, rtol=1e-9)


def test_censored_counts():
    """P(Y >= 7) at the limit, 7 among it; P(Y <= 1) at the other."""
    x = np.array([0, 1, 2, 6, 7, 12])
    law = stats.poisson(3.0)
    wanted = [law.logcdf(1), law.logcdf(1), law.logpmf(2), law.logpmf(6), law.logsf(6), law.logsf(6)]
    np.testing.assert_allclose(Censored(dist.Poisson(3.0), 1, 7).log_prob(x), wanted, rtol=1e-9)
    assert float(jnp.exp(Censored(dist.Poisson(3.0), high=7).log_prob(jnp.arange(8))).sum()) == pytest.approx(1)


def test_censored_far_out():
    """Where the probability underflows its logarithm does not, and the gradient is that of the tail."""
    found = Censored(dist.Normal(0.0, 1.0), high=40.0).log_prob(41.0)
    assert float(found) == pytest.approx(special.log_ndtr(-40.0), rel=1e-10)
    slope = jax.grad(lambda m: Censored(dist.Normal(m, 1.0), high=40.0).log_prob(40.0))(0.0)
    assert float(slope) == pytest.approx(np.exp(stats.norm.logpdf(40) - special.log_ndtr(-40.0)), rel=1e-8)


def test_gradients_of_censored_data_are_finite():
    y = jnp.array([0.0, 0.5, 1.0, 3.0])

    def total(p):
        return Censored(dist.Weibull(p[0], p[1]), low=0.2, high=jnp.array([jnp.inf, 2.0, 1.0, 3.0])).log_prob(y).sum()

    p = jnp.array([2.0, 1.5])
    found = jax.grad(total)(p)
    wanted = [(total(p.at[i].add(1e-6)) - total(p.at[i].add(-1e-6))) / 2e-6 for i in range(2)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_censored_draws():
    law = Censored(dist.Normal(jnp.zeros(2), 1.0), low=-1.0, high=jnp.array([[0.5], [1.5], [jnp.inf]]))
    assert law.batch_shape == (3, 2)
    draws = np.asarray(law.sample(jax.random.key(0), (4000,)))
    assert draws.shape == (4000, 3, 2)
    assert draws.min() == -1.0
    for place, end in enumerate((0.5, 1.5)):
        assert draws[:, place].max() == end
        share = stats.norm.sf(end)
        assert (np.abs((draws[:, place] == end).mean(axis=0) - share) < 5 * np.sqrt(share * (1 - share) / 4000)).all()


def test_a_hurdle_before_counts():
    law = Hurdle(0.3, dist.Poisson(2.0))
    x = np.arange(40)
    wanted = np.where(x == 0, np.log(0.3), np.log(0.7) + stats.poisson(2).logpmf(x) - np.log(-np.expm1(-2.0)))
    np.testing.assert_allclose(law.log_prob(x), wanted, rtol=1e-10)
    assert float(jnp.exp(law.log_prob(x)).sum()) == pytest.approx(1, rel=1e-10)
    draws = np.asarray(law.sample(jax.random.key(0), (10_000,)))
    assert np.issubdtype(draws.dtype, np.integer)
    for k in range(5):
        share = float(np.exp(wanted[k]))
        assert abs((draws == k).mean() - share) < 5 * np.sqrt(share * (1 - share) / 10_000)


def test_a_hurdle_before_positive_numbers():
    law = Hurdle(jnp.array([0.3, 0.9]), dist.LogNormal(0.3, 0.7))
    x = np.array([[0.0], [0.5], [4.0]])
    rest = stats.lognorm(0.7, 0, np.exp(0.3)).logpdf(np.where(x == 0, 1, x))
    zero = np.array([0.3, 0.9])
    np.testing.assert_allclose(law.log_prob(x), np.where(x == 0, np.log(zero), np.log1p(-zero) + rest), rtol=1e-12)
    draws = np.asarray(law.sample(jax.random.key(0), (4000,)))
    assert draws.shape == (4000, 2)
    assert (np.abs((draws == 0).mean(axis=0) - zero) < 5 * np.sqrt(zero * (1 - zero) / 4000)).all()
    assert stats.kstest(draws[draws > 0], stats.lognorm(0.7, 0, np.exp(0.3)).cdf).pvalue > 1e-4


def test_gradients_of_a_hurdle():
    """Finite at zeros and beside them, also where the law has hardly any zeros, or little else."""
    y = jnp.array([0, 1, 3])

    def total(log_rate, logit):
        return Hurdle(jax.nn.sigmoid(logit), dist.Poisson(jnp.exp(log_rate))).log_prob(y).sum()

    for log_rate in (-20.0, 0.7, 6.0):
        assert np.isfinite(jax.grad(total, (0, 1))(log_rate, 0.3)).all()
    found = jax.grad(total)(0.7, 0.3)
    assert float(found) == pytest.approx(float(total(0.7 + 1e-6, 0.3) - total(0.7 - 1e-6, 0.3)) / 2e-6, rel=1e-6)


def _probit(location, cutpoints):
    ends = np.array([-np.inf, *cutpoints, np.inf]) - location
    lower, upper = ends[:-1], ends[1:]
    flip = lower > 0
    lower, upper = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    high = special.log_ndtr(upper)
    with np.errstate(invalid="ignore"):
        return high + np.log1p(-np.exp(special.log_ndtr(lower) - high))


@pytest.mark.parametrize("location", [-60.0, -12.0, -1.0, 0.0, 0.4, 9.0, 45.0])
def test_ranks_by_the_normal_in_both_tails(location):
    cutpoints = np.array([-1.5, 0.2, 0.9, 2.0])
    law = OrderedProbit(location, cutpoints)
    wanted = _probit(location, cutpoints)
    np.testing.assert_allclose(law.log_prob(np.arange(5)), wanted, rtol=1e-8, atol=1e-12)
    for y in range(5):
        slope = jax.grad(lambda m, c, y=y: OrderedProbit(m, c).log_prob(y), (0, 1))(location, jnp.asarray(cutpoints))
        assert np.isfinite(slope[0])
        assert np.isfinite(slope[1]).all()


def test_ranks_beyond_have_no_probability():
    law = OrderedProbit(0.0, jnp.array([0.0, 1.0]))
    assert law.log_prob(jnp.array([-1, 3])).tolist() == [-np.inf, -np.inf]


def test_ranks_of_two_and_draws():
    """One cutpoint is a probit regression; draws come with their probabilities."""
    law = OrderedProbit(jnp.array([0.3, -2.0]), jnp.array([0.5]))
    assert law.batch_shape == (2,)
    np.testing.assert_allclose(
        law.log_prob(jnp.array([0, 1])), [stats.norm.logcdf(0.2), stats.norm.logsf(2.5)], rtol=1e-10
    )
    draws = np.asarray(law.sample(jax.random.key(0), (10_000,)))
    share = stats.norm.sf([0.2, 2.5])
    assert (np.abs(draws.mean(axis=0) - share) < 5 * np.sqrt(share * (1 - share) / 10_000)).all()


def test_ranks_under_jit_and_vmap():
    locations = jnp.array([-1.0, 0.5, 2.0])
    y = jnp.array([0, 1, 2])
    found = jax.jit(jax.vmap(lambda m, y: OrderedProbit(m, jnp.array([0.0, 1.0])).log_prob(y)))(locations, y)
    np.testing.assert_allclose(found, OrderedProbit(locations, jnp.array([0.0, 1.0])).log_prob(y), rtol=1e-12)
