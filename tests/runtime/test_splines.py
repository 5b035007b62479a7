"""B-splines against those of SciPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import BSpline

from uqdsl.runtime.splines import bspline, bspline_between, periodic_bspline

jax.config.update("jax_enable_x64", True)

LOW, HIGH = -1.5, 4.0
INNER = (-0.7, 0.1, 2.9)
DEGREES = (0, 1, 2, 3, 5)
INSIDE = np.linspace(LOW, HIGH, 45)[1:-1]
BEYOND = np.array([LOW - 0.8, LOW - 0.01, LOW, HIGH, HIGH + 0.01, HIGH + 0.8])


def evenly(x: jax.Array, degree: int, count: int) -> jax.Array:
    return bspline(x[..., None], jnp.arange(count), LOW, HIGH, degree, count)  # type: ignore[arg-type]


def between(x: jax.Array, degree: int) -> jax.Array:
    return bspline_between(x[..., None], jnp.arange(degree + 1 + len(INNER)), LOW, HIGH, degree, *INNER)  # type: ignore[arg-type]


def round_about(x: jax.Array, degree: int, count: int) -> jax.Array:
    return periodic_bspline(x[..., None], jnp.arange(count), LOW, HIGH, degree, count)  # type: ignore[arg-type]


def of_scipy(knots: np.ndarray, degree: int, x: np.ndarray, derivative: int = 0) -> np.ndarray:
    count = len(knots) - degree - 1
    return np.stack([BSpline(knots, row, degree).derivative(derivative)(x) for row in np.eye(count)], -1)


def even_knots(degree: int, count: int) -> np.ndarray:
    return LOW + (HIGH - LOW) / (count - degree) * (np.arange(count + degree + 1) - degree)


def inner_knots(degree: int) -> np.ndarray:
    return np.array([LOW] * (degree + 1) + list(INNER) + [HIGH] * (degree + 1))


@pytest.mark.parametrize("degree", DEGREES)
def test_evenly_spaced_knots_are_those_of_scipy_inside_and_beyond(degree: int) -> None:
    count = degree + 4
    for x in (INSIDE, BEYOND):
        expected = of_scipy(even_knots(degree, count), degree, x)
        np.testing.assert_allclose(evenly(jnp.array(x), degree, count), expected, atol=1e-12)


@pytest.mark.parametrize("degree", DEGREES)
def test_given_knots_are_those_of_scipy_inside_and_beyond(degree: int) -> None:
    for x in (INSIDE, BEYOND):
        expected = of_scipy(inner_knots(degree), degree, x)
        np.testing.assert_allclose(between(jnp.array(x), degree), expected, atol=1e-11)


@pytest.mark.parametrize("degree", DEGREES)
def test_they_add_up_to_one(degree: int) -> None:
    x = jnp.array([*INSIDE, *BEYOND])
    for values in (evenly(x, degree, degree + 3), between(x, degree), round_about(x, degree, degree + 3)):
        np.testing.assert_allclose(values.sum(-1), 1.0, atol=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_derivatives_are_those_of_scipy(degree: int) -> None:
    places = jnp.array(INSIDE)
    slopes = jax.vmap(jax.jacfwd(lambda x: evenly(x, degree, 7)))(places)
    np.testing.assert_allclose(slopes, of_scipy(even_knots(degree, 7), degree, INSIDE, 1), atol=1e-11)
    slopes = jax.vmap(jax.jacrev(lambda x: between(x, degree)))(places)
    np.testing.assert_allclose(slopes, of_scipy(inner_knots(degree), degree, INSIDE, 1), atol=1e-11)


@pytest.mark.parametrize("degree", [1, 3])
def test_periodic_ones_go_round(degree: int) -> None:
    count, length = 6, HIGH - LOW
    x = jnp.array(INSIDE)
    values = round_about(x, degree, count)
    np.testing.assert_allclose(round_about(x + length, degree, count), values, atol=1e-12)
    np.testing.assert_allclose(round_about(x + length / count, degree, count), jnp.roll(values, 1, -1), atol=1e-12)
    # Each is the sum of the copies of a plain one that lie a whole circle apart.
    knots = LOW + length / count * np.arange(degree + 2)
    plain = BSpline.basis_element(knots, extrapolate=False)
    copies = sum(np.nan_to_num(plain(INSIDE + turn * length)) for turn in (-1, 0, 1))
    np.testing.assert_allclose(values[:, 0], copies, atol=1e-12)
