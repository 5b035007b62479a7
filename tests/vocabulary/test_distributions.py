"""The distributions: each row of the table against the NumPyro distribution that it names."""

from __future__ import annotations

from math import isfinite

import numpy as np
import pytest

from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED
from uqdsl.vocabulary.supports import COUNT, OPEN_UNIT, POSITIVE, REAL, UNIT

from .numbers_in import holds

jax = pytest.importorskip("jax")
dist = pytest.importorskip("numpyro.distributions")
jax.config.update("jax_enable_x64", True)

VALUES = {REAL: 0.7, POSITIVE: 1.3, UNIT: 0.4, OPEN_UNIT: 0.4, COUNT: 7}
BOUNDS = {"lower": -1.0, "upper": 2.0}


def _parameters(distribution):
    return {
        each.name: np.full(3, 1.3) if each.event else BOUNDS.get(each.name, VALUES.get(each.support, 0.7))
        for each in distribution.parameters
    }


def _made(text: str, parameters):
    shown = {name: f"p[{name!r}]" for name in parameters}
    return eval(text.format(**shown), {"dist": dist, "p": parameters})


@pytest.fixture(params=sorted(DISTRIBUTIONS), name="distribution")
def _distribution(request):
    return DISTRIBUTIONS[request.param]


def test_draws_lie_in_the_support(distribution):
    law = _made(distribution.numpyro, _parameters(distribution))
    draws = np.asarray(law.sample(jax.random.key(0), (500,)))
    assert draws.ndim == 1 + distribution.event
    assert all(holds(distribution.support, float(value)) for value in draws.ravel())
    assert np.isfinite(np.asarray(law.log_prob(draws))).all()


def test_whether_it_is_discrete(distribution):
    law = _made(distribution.numpyro, _parameters(distribution))
    assert distribution.discrete == law.is_discrete
    assert len(law.event_shape) == distribution.event


def test_alternatives_are_the_same_law(distribution):
    parameters = _parameters(distribution)
    outcome = 1.0
    for alternative in distribution.alternatives:
        value = 0.6
        if alternative.numpyro:
            other = _made(alternative.numpyro, {**parameters, alternative.name: value})
            same = 1 / (1 + np.exp(-value))
        else:
            same = {"sqrt": value**0.5, "reciprocal": 1 / value, "inverse sqrt": value**-0.5}[alternative.formula]
            other = _made(distribution.numpyro, {**parameters, alternative.of: same})
        standard = _made(distribution.numpyro, {**parameters, alternative.of: same})
        np.testing.assert_allclose(other.log_prob(outcome), standard.log_prob(outcome), rtol=1e-9)


@pytest.mark.parametrize(
    ("alternative", "moment"), [("variance", lambda value: value), ("precision", lambda value: 1 / value)]
)
def test_alternatives_of_the_normal_mean_what_they_say(alternative, moment):
    found = DISTRIBUTIONS["Normal"].alternative(alternative)
    assert found is not None
    sd = {"sqrt": 2.5**0.5, "inverse sqrt": 2.5**-0.5}[found.formula]
    assert dist.Normal(0, sd).variance == pytest.approx(moment(2.5))


def test_location_and_scale(distribution):
    if distribution.location_scale is None:
        return
    location, scale = distribution.location_scale
    parameters = _parameters(distribution)
    shifted = _made(distribution.numpyro, {**parameters, location: 3.0, scale: 2.0})
    standard = _made(distribution.numpyro, {**parameters, location: 0.0, scale: 1.0})
    x = np.linspace(-2.0, 2.0, 5)
    np.testing.assert_allclose(shifted.log_prob(3 + 2 * x), standard.log_prob(x) - np.log(2), rtol=1e-9)


def test_what_truncates_does_so_in_numpyro(distribution):
    if distribution.truncates:
        law = _made(distribution.numpyro, _parameters(distribution))
        draws = dist.TruncatedDistribution(law, low=0.5, high=1.5).sample(jax.random.key(2), (100,))
        assert (draws >= 0.5).all()
        assert (draws <= 1.5).all()


def test_defaults_and_names(distribution):
    names = [each.name for each in (*distribution.parameters, *distribution.alternatives)]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name not in ("event", "over") for name in names)
    assert all(isfinite(each.default) for each in distribution.parameters if each.default is not None)
    assert distribution.signature().startswith(f"{distribution.name}(")
    assert {each.of for each in distribution.alternatives} <= {each.name for each in distribution.parameters}


def test_published_densities():
    """At one point each, against values of the closed forms."""
    at = {
        "StudentT(4, 1, 2)": (dist.StudentT(4.0, 1.0, 2.0), 2.0, np.log(0.375 / 2 * (1 + 0.25 / 4) ** -2.5)),
        "Gamma(2, 3)": (dist.Gamma(2.0, 3.0), 0.5, np.log(9 * 0.5 * np.exp(-1.5))),
        "InverseGamma(2, 3)": (dist.InverseGamma(2.0, 3.0), 0.5, np.log(9 * 0.5**-3 * np.exp(-6.0))),
        "Geometric(0.3)": (dist.Geometric(0.3), 2, np.log(0.7**2 * 0.3)),
    }
    for law, x, expected in at.values():
        assert float(law.log_prob(x)) == pytest.approx(expected, rel=1e-9)


def test_the_weibull_has_its_shape_first():
    shape, scale, x = 1.7, 2.3, 1.1
    law = _made(DISTRIBUTIONS["Weibull"].numpyro, {"shape": shape, "scale": scale})
    density = shape / scale * (x / scale) ** (shape - 1) * np.exp(-((x / scale) ** shape))
    assert float(law.log_prob(x)) == pytest.approx(np.log(density))


def test_the_negative_binomial_has_the_mean_that_is_given():
    law = _made(DISTRIBUTIONS["NegativeBinomial"].numpyro, {"mean": 3.0, "concentration": 2.0})
    assert float(law.mean) == pytest.approx(3.0)
    assert float(law.variance) == pytest.approx(3.0 + 9.0 / 2.0)


def test_what_is_planned_is_not_there_yet():
    assert not PLANNED & set(DISTRIBUTIONS)
