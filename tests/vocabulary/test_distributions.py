"""The table of distributions: each row is complete, and names a constructor of the law that it declares."""

from __future__ import annotations

import re
from math import isfinite

import numpy as np
import pytest

from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED

from .numbers_in import holds

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

from .references import REFERENCES, WORLD, made

NUMBERS = {
    name: law
    for name, law in DISTRIBUTIONS.items()
    if law.event == 0 and law.normalised and not law.values and not law.laws and not law.samples
}
"""The laws of single numbers; joint ones, those of labels and those made of others have tests of their own."""


@pytest.fixture(params=DISTRIBUTIONS, name="distribution")
def _distribution(request):
    return DISTRIBUTIONS[request.param]


@pytest.fixture(params=NUMBERS, name="name")
def _name(request):
    return request.param


def test_every_law_has_a_reference():
    assert set(REFERENCES) == set(NUMBERS)
    for name, references in REFERENCES.items():
        names = {each.name for each in DISTRIBUTIONS[name].parameters}
        assert all(reference.given.keys() == names for reference in references), name


def test_the_support_is_that_of_the_law(name):
    table, given = DISTRIBUTIONS[name], REFERENCES[name][0].given
    law = made(name, given)
    assert table.discrete == law.is_discrete
    assert law.event_shape == ()
    ends = [getattr(law.support, end, None) for end in ("lower_bound", "upper_bound")]
    if law.support is WORLD["dist"].constraints.boolean:
        ends = [0, 1]
    lower = -np.inf if ends[0] is None else float(ends[0])
    upper = np.inf if ends[1] is None else float(ends[1])
    if table.bounds is not None:
        assert (lower, upper) == tuple(given[end] for end in table.bounds)
    else:
        assert lower == given.get("minimum", table.support.lower)
        assert upper == given.get("trials", table.support.upper)


def test_draws_lie_in_the_support(name):
    law = made(name, REFERENCES[name][0].given)
    draws = np.asarray(law.sample(jax.random.key(0), (500,)))
    assert all(holds(DISTRIBUTIONS[name].support, float(value)) for value in draws)
    assert np.isfinite(np.asarray(law.log_prob(draws))).all()


def test_points_outside_have_no_density(name):
    law, support = made(name, REFERENCES[name][0].given), DISTRIBUTIONS[name].support
    ends = REFERENCES[name][0].given
    lower = ends.get("minimum", ends.get("lower", support.lower))
    upper = ends.get("trials", ends.get("upper", support.upper))
    for outside in (lower - 1, upper + 1):
        if isfinite(outside):
            with pytest.warns(UserWarning, match="Out-of-support"):
                assert law.log_prob(outside) == -np.inf


def test_a_batch_of_parameters(name):
    """Parameters broadcast, and draws have the shape of all of them together."""
    reference = REFERENCES[name][0]
    parameters = {
        each: np.full((2, 1) if index % 2 else (3,), value)
        for index, (each, value) in enumerate(reference.given.items())
    }
    law = made(name, parameters)
    shape = np.broadcast_shapes(*(np.shape(each) for each in parameters.values()))
    assert law.batch_shape == shape
    assert law.sample(jax.random.key(1), (4,)).shape == (4, *shape)
    x = reference.points[len(reference.points) // 2]
    np.testing.assert_allclose(law.log_prob(x), np.full(shape, made(name, reference.given).log_prob(x)), rtol=1e-12)
    leaves, tree = jax.tree.flatten(law)
    assert jax.tree.unflatten(tree, leaves).batch_shape == shape


def test_location_and_scale(distribution):
    if distribution.location_scale is None:
        return
    location, scale = distribution.location_scale
    given = REFERENCES[distribution.name][0].given
    shifted = made(distribution.name, {**given, location: 3.0, scale: 2.0})
    standard = made(distribution.name, {**given, location: 0.0, scale: 1.0})
    x = np.linspace(-2.0, 2.0, 5)
    np.testing.assert_allclose(shifted.log_prob(3 + 2 * x), standard.log_prob(x) - np.log(2), rtol=1e-9)


def test_defaults_and_names(distribution):
    standard = [each.name for each in distribution.parameters]
    assert len(set(standard)) == len(standard)
    assert all(name.isidentifier() and name not in ("event", "over") for name in distribution.names)
    assert distribution.signature().startswith(f"{distribution.name}(")
    assert set(re.findall(r"{(\w+)}", distribution.numpyro)) <= {*standard, "support", "size", "law"}
    if distribution.normalised:
        assert all(isfinite(each.default) for each in distribution.parameters if each.default is not None)


def test_forms(distribution):
    """Formulas are for standard parameters, of what is known then; each way to state a law is different."""
    standard = {each.name for each in distribution.parameters}
    for form in distribution.forms:
        assert set(form.formulas) <= standard
        assert not form.instead or form.instead[0] in distribution.numpyro
    ways = [frozenset(each.name for each in way.parameters) for way in distribution.ways]
    assert ways[0] == standard
    assert len(set(ways)) == len(ways)
    assert set().union(*ways) == set(distribution.names)
    supports = {}
    for way in distribution.ways:
        for each in way.parameters:
            assert supports.setdefault(each.name, each.support) == each.support


def test_what_is_planned_is_not_there_yet():
    assert not PLANNED & set(DISTRIBUTIONS)
