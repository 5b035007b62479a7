"""The functions: their JAX names exist, and their values lie in the support that is told of them."""

from __future__ import annotations

import importlib
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from uqdsl.codegen.expressions import _REAL_ONLY
from uqdsl.vocabulary.functions import CONSTANTS, FUNCTIONS, MATRIX, PLANNED, REDUCTIONS
from uqdsl.vocabulary.supports import POSITIVE, REAL, UNIT, Support

from .numbers_in import holds, numbers_in, supports

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)


def _named(name: str):
    """The function that text such as `jnp.exp` or `jax.nn.sigmoid` means in a generated program."""
    module, _, function = name.replace("jnp.", "jax.numpy.").rpartition(".")
    return getattr(importlib.import_module(module or "uqdsl.runtime"), function)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=25)
@given(st.data())
def test_values_lie_in_the_image(name, data):
    function = FUNCTIONS[name]
    given_supports = [data.draw(supports(function.domain)) for _ in range(function.arity)]
    numbers = [data.draw(numbers_in(each)) for each in given_supports]
    value = float(_named(function.jax)(*map(float, numbers)))
    if np.isfinite(value):
        found = function.image(*given_supports)
        assert holds(found, value), f"{name}{tuple(numbers)} = {value} is not in {found}"


@pytest.mark.parametrize("name", REDUCTIONS)
@settings(max_examples=25)
@given(st.data())
def test_reduced_values_lie_in_the_image(name, data):
    reduction = REDUCTIONS[name]
    support = data.draw(supports())
    values = data.draw(st.lists(numbers_in(support), min_size=1, max_size=5))
    found = np.asarray(_named(reduction.jax)(np.array(values, float), axis=0), float)
    assert found.shape == ((len(values),) if reduction.keeps else ())
    for value in found.ravel():
        assert holds(reduction.image(support), float(value)), (
            f"{name}{values} has {value}, not in {reduction.image(support)}"
        )


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if function.exact])
def test_an_exact_image_is_reached(name):
    function = FUNCTIONS[name]
    image = function.image(function.domain)
    low, high = max(function.domain.lower, -600.0), min(function.domain.upper, 600.0)
    values = _named(function.jax)(np.linspace(low + 1e-12, high, 1001))
    assert image.lower == -inf or float(values.min()) == pytest.approx(image.lower, abs=1e-5)
    assert image.upper == inf or float(values.max()) == pytest.approx(image.upper, abs=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whole_numbers_are_taken(name):
    """Data may be counts: an array of integers gives what the same numbers give."""
    function = FUNCTIONS[name]
    values = [value for value in (-2, -1, 0, 1, 2, 3) if Support(value, value).within(function.domain)]
    if not values or name in _REAL_ONLY:  # no whole number, or made real first
        return
    given = [np.array(values)] * function.arity
    found = _named(function.jax)(*given)
    np.testing.assert_allclose(found, _named(function.jax)(*(each.astype(float) for each in given)), rtol=1e-12)


_TO_NUMPY = {
    "cholesky": np.linalg.cholesky,
    "inverse": np.linalg.inv,
    "transpose": np.transpose,
    "diagonal": np.diag,
    "trace": np.trace,
    "determinant": np.linalg.det,
    "logdet": lambda a: np.log(abs(np.linalg.det(a))),
    "eigenvalues": np.linalg.eigvalsh,
    "solve": np.linalg.solve,
    "solve_lower": lambda a, b: np.linalg.solve(np.tril(a), b),
    "solve_cholesky": lambda a, b: np.linalg.solve(np.tril(a) @ np.tril(a).T, b),
    "exp_matrix": linalg.expm,
}


@pytest.mark.parametrize("name", MATRIX)
def test_functions_of_matrices(name):
    """What numpy says, of one matrix and of a batch of them."""
    function = MATRIX[name]
    rng = np.random.default_rng(5)
    roots = rng.normal(size=(2, 4, 4))
    matrices = roots @ np.swapaxes(roots, -1, -2) + np.eye(4)
    right = [rng.normal(size=(2, 4, 3))] * (function.arity - 1)
    found = np.asarray(_named(function.jax)(matrices, *right))
    shape = {"matrix": (4, 4), "vector": (4,), "number": (), "like": (4, 3)}[function.value]
    assert found.shape == (2, *shape)
    for place in range(2):
        wanted = _TO_NUMPY[name](matrices[place], *(each[place] for each in right))
        np.testing.assert_allclose(found[place], wanted, rtol=1e-9, atol=1e-9)
        alone = _named(function.jax)(matrices[place], *(each[place] for each in right))
        np.testing.assert_allclose(alone, wanted, rtol=1e-9, atol=1e-9)


def test_images_that_models_rely_on():
    assert FUNCTIONS["exp"].image(REAL) == POSITIVE
    assert FUNCTIONS["log"].image(POSITIVE) == REAL
    assert FUNCTIONS["sqrt"].image(POSITIVE) == POSITIVE
    assert FUNCTIONS["expm1"].image(POSITIVE) == POSITIVE
    assert FUNCTIONS["sigmoid"].image(REAL).within(UNIT)
    assert FUNCTIONS["floor"].image(Support(0.5, 3, False, True)) == Support(0, 2, integer=True)
    assert REDUCTIONS["sum"].image(POSITIVE) == POSITIVE
    assert REDUCTIONS["sum"].image(UNIT) == Support(0, inf)


def test_names_are_of_one_thing_only():
    groups = (FUNCTIONS, REDUCTIONS, MATRIX, CONSTANTS, PLANNED)
    assert len(set().union(*groups)) == sum(map(len, groups))
