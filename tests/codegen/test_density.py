"""`log_density` is what NumPyro makes of `model`: minus its potential energy, with its gradient, at any position."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arviz_base.io_numpyro import infer_dims
from numpyro import handlers
from numpyro.distributions import biject_to, constraints
from numpyro.infer.util import potential_energy

from uqdsl import ir
from uqdsl.infer.positions import stand_in
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

from .compiled import compiled
from .specs import SPECS

SIZES: Mapping[str, int] = {"i": 4, "j": 2}


@pytest.mark.parametrize("name", SPECS)
def test_density_and_gradient(name):
    found = compiled(SPECS[name], SIZES)

    def ours(position):
        return found.log_density(position, found.data, found.coords)

    def theirs(position):
        return -potential_energy(found.model, (found.data, found.coords), {}, position)

    @jax.jit
    def both(positions):
        return [jax.vmap(jax.value_and_grad(each))(positions) for each in (ours, theirs)]

    (value, gradient), (wanted, wanted_gradient) = both(found.positions(20))
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(value, wanted, rtol=1e-10)
    assert gradient.keys() == wanted_gradient.keys()
    for each in gradient:
        scale = np.max(np.abs(wanted_gradient[each]))
        np.testing.assert_allclose(gradient[each], wanted_gradient[each], rtol=1e-8, atol=1e-8 * scale, err_msg=each)


@pytest.mark.parametrize("name", SPECS)
def test_sites_have_the_dimensions_of_the_spec(name):
    found = compiled(SPECS[name], SIZES)
    wanted = {
        each.name: each.dims
        for each in found.spec.statements
        if not isinstance(each, ir.Factor) and not (isinstance(each, ir.Quantity) and each.fixed)
    }
    for observed in (True, False):
        trace = handlers.trace(
            handlers.seed(handlers.substitute(found.model, substitute_fn=stand_in), jax.random.key(1))
        )
        given: set[str] = set()

        def values(trace=trace, observed=observed, given=given):
            sites = trace.get_trace(found.data, found.coords, observed=observed)
            given |= {name for name, site in sites.items() if site.get("is_observed")}
            return {name: site["value"] for name, site in sites.items() if site["type"] != "plate"}

        sites = jax.eval_shape(values)
        for each, dims in wanted.items():
            assert sites[each].shape == found.size(dims), each
        assert {each.name for each in found.spec.observations} & given == (
            {each.name for each in found.spec.observations} if observed else set()
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = infer_dims(found.model, (found.data, found.coords))
    # A plate has another name where a column, which has a site, is called as the dimension.
    plain = {name: tuple(dim.removesuffix(" labels") for dim in dims) for name, dims in named.items()}
    assert {name: plain.get(name, ()) for name in wanted} == wanted


def test_every_distribution_and_alternative_is_used():
    statements = [each for text in SPECS.values() for each in compiled(text, SIZES).spec.statements]
    laws = [each.law for each in statements if isinstance(each, ir.Unknown | ir.Observation)]
    assert {law.distribution for law in laws} == set(DISTRIBUTIONS) - {"Empirical"}, "all but that without a density"
    written = "".join(SPECS.values())
    for distribution in DISTRIBUTIONS.values():
        for parameter in (each for form in distribution.forms for each in form.parameters):
            assert f"{parameter.name} =" in written or parameter in distribution.parameters, parameter


def test_positions_outside_of_the_data_are_not_needed():
    """Data that are drawn need not be given."""
    found = compiled(SPECS["radon"], SIZES)
    without = {name: value for name, value in found.data.items() if name != "log_radon"}
    seeded = handlers.seed(found.model, jax.random.key(0))
    trace = handlers.trace(seeded).get_trace(without, found.coords, observed=False)
    assert jnp.isfinite(trace["log_radon"]["value"]).all()


def test_a_flat_density_on_what_sums_to_zero_is_that_of_an_intrinsic_autoregression():
    """With Gaussian data the posterior is Gaussian on the hyperplane: precision B'(Q + I)B in an orthonormal basis B."""
    found = compiled("""
        dim area = 4
        data { y[area] : real = [1, 2, -1, 0.5], one[border] : category(area), other[border] : category(area) }
        prior phi[area] ~ Flat(-inf, inf) sum_to_zero
        factor -0.5 * sum((phi[one] - phi[other])^2, over = border)
        likelihood y[area] ~ Normal(phi, 1)
    """)
    one, other = np.array([0, 1, 2, 0, 0]), np.array([1, 2, 3, 3, 2])
    data = found.data | {"one": one, "other": other}

    def density(position):
        return found.log_density({"phi": position}, data, found.coords)

    start = jnp.zeros(3)
    curvature = -jax.hessian(density)(start)
    borders = np.eye(4)[one] - np.eye(4)[other]
    basis = np.linalg.svd(np.ones((1, 4)))[2][1:].T
    precision = basis.T @ (borders.T @ borders + np.eye(4)) @ basis
    np.testing.assert_allclose(np.linalg.eigvalsh(curvature), np.linalg.eigvalsh(precision), rtol=1e-10)
    mode = biject_to(constraints.zero_sum(1))(jnp.linalg.solve(curvature, jax.grad(density)(start)))
    np.testing.assert_allclose(mode, basis @ np.linalg.solve(precision, basis.T @ found.data["y"]), rtol=1e-10)
