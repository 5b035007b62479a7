"""Functions of NumPy in programs that JAX compiles."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.errors import JaxRuntimeError

from uqdsl.runtime import CallbackError, callback

RNG = np.random.default_rng(5)


def mixed(values: np.ndarray, weight: float) -> np.ndarray:
    assert type(values) is np.ndarray
    return np.array([values.sum() * weight, values[0], values[-1] ** 2])


def test_every_place_of_the_axes_in_front_is_a_call_of_its_own():
    """As `numpy.vectorize` has it."""
    values, weights = RNG.normal(size=(4, 1, 2)), RNG.normal(size=(3,))
    expected = np.vectorize(mixed, signature="(k),()->(out)")(values, weights)
    found = callback(mixed, "(k),()->(out)")
    for call in (found, jax.jit(found, static_argnames="out")):
        np.testing.assert_array_equal(call(values, weights, out=3), expected)
    np.testing.assert_array_equal(jax.vmap(lambda each: found(each, weights, out=3))(values), expected)


def test_integers_and_python_numbers_become_real():
    assert callback(lambda x: x / 2, "()->()")(3) == 1.5


def test_without_arguments():
    assert callback(lambda: np.array([1.0, 2.0]), "->(k)")(k=2).tolist() == [1.0, 2.0]


def test_what_depends_on_it_has_no_derivative_and_all_else_has():
    square = callback(lambda x: x**2, "()->()")
    assert jnp.isnan(jax.grad(lambda x: square(x) + x)(3.0))
    (gradient, beside) = jax.grad(lambda x: (3 * x, square(x)), has_aux=True)(3.0)
    assert (gradient, beside) == (3.0, 9.0)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: np.ones(2), ("<lambda>", "real numbers of shape ()", "float64 of shape (2,)")),
        (lambda x: 3, ("<lambda>", "real numbers of shape ()", "int64 of shape ()")),
        (lambda x: 1 / 0, ("<lambda>", "", "ZeroDivisionError: division by zero")),
    ],
)
def test_faults_come_through_a_compiled_program(function, told, caplog: pytest.LogCaptureFixture):
    with pytest.raises(JaxRuntimeError) as caught:
        jax.block_until_ready(jax.jit(callback(function, "()->()"))(1.0))
    assert CallbackError.told(str(caught.value)) == told
    assert caplog.records == [], "JAX tells nobody else"


def test_other_texts_tell_nothing():
    assert CallbackError.told("ValueError: found «it»") is None
