"""Trajectories against closed forms, and their gradients against those of the closed forms and finite differences."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.runtime import trajectory
from uqdsl.runtime.ode import advance, watched

TIMES = np.array([0.0, 0.3, 1.0, 2.5, 6.0])
SOLVERS = ["Dopri5", "Tsit5", "Dopri8", "Kvaerno5"]


def _decay(k, first, times=TIMES, **options):
    return trajectory(lambda t, x: (-k * x,), (first,), jnp.asarray(times), start=0.0, **options)[0]


def _oscillator(w, x, v, times=TIMES, **options):
    return trajectory(lambda t, x, v: (v, -(w**2) * x), (x, v), jnp.asarray(times), start=0.0, **options)


@pytest.mark.parametrize("solver", SOLVERS)
def test_exponential_decay(solver):
    found = _decay(0.7, 3.0, solver=solver, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found, 3 * np.exp(-0.7 * TIMES), rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_harmonic_oscillator(solver):
    x, v = _oscillator(2.0, 1.0, -0.5, solver=solver, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(x, np.cos(2 * TIMES) - 0.25 * np.sin(2 * TIMES), atol=1e-6)
    np.testing.assert_allclose(v, -2 * np.sin(2 * TIMES) - 0.5 * np.cos(2 * TIMES), atol=1e-6)


def test_steps_of_one_length_have_order_four():
    exact = 3 * np.exp(-0.7 * 2.0)
    errors = [abs(float(_decay(0.7, 3.0, [2.0], solver="RK4", dt=dt)[0]) - exact) for dt in (0.2, 0.1, 0.05)]
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(rates, 4.0, atol=0.2)


def test_an_equation_that_depends_on_time():
    found = trajectory(lambda t, x: (2 * t * x,), (1.0,), jnp.array([1.0, 1.5]), start=0.5, rtol=1e-9, atol=1e-11)[0]
    np.testing.assert_allclose(found, np.exp(np.array([1.0, 1.5]) ** 2 - 0.25), rtol=1e-7)


def test_times_in_any_order_and_twice():
    times = np.array([2.5, 0.0, 1.0, 1.0, 0.3])
    np.testing.assert_allclose(_decay(0.7, 3.0, times), 3 * np.exp(-0.7 * times), rtol=1e-5)


def test_only_the_start():
    np.testing.assert_allclose(_decay(0.7, 3.0, [0.0]), [3.0], rtol=1e-9)
    np.testing.assert_allclose(jax.grad(lambda x: _decay(0.7, x, [0.0])[0])(3.0), 1.0, rtol=1e-6)


def test_states_that_are_arrays():
    rates = jnp.array([0.5, 1.0, 2.0])
    found = trajectory(
        lambda t, x, y: (-rates * x, x.sum()), (jnp.ones(3), 0.0), jnp.asarray(TIMES), start=0.0, rtol=1e-9, atol=1e-11
    )
    assert [each.shape for each in found] == [(5, 3), (5,)]
    np.testing.assert_allclose(found[0], np.exp(-TIMES[:, None] * rates), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found[1], ((1 - np.exp(-TIMES[:, None] * rates)) / rates).sum(axis=1), atol=1e-7)


@pytest.mark.parametrize(("solver", "tolerance"), [("Dopri5", 1e-6), ("Kvaerno5", 1e-5)])
def test_gradients_are_those_of_the_closed_form(solver, tolerance):
    """d/dk x(t) = -t x(t), d/dx0 x(t) = x(t) / x0, at every time at once."""
    slopes = jax.jit(jax.jacrev(lambda k, x: _decay(k, x, solver=solver, rtol=1e-9, atol=1e-11), (0, 1)))(0.7, 3.0)
    x = 3 * np.exp(-0.7 * TIMES)
    np.testing.assert_allclose(slopes[0], -TIMES * x, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(slopes[1], x / 3, rtol=tolerance, atol=tolerance)


def test_gradients_of_an_oscillator_against_finite_differences():
    def loss(p):
        x, v = _oscillator(p[0], p[1], p[2], rtol=1e-10, atol=1e-12)
        return jnp.sum(x * jnp.array([1.0, 2.0, -1.0, 0.5, 1.5]) + v**2)

    p, h = jnp.array([2.0, 1.0, -0.5]), 1e-5
    found = jax.grad(loss)(p)
    wanted = [(loss(p.at[i].add(h)) - loss(p.at[i].add(-h))) / (2 * h) for i in range(3)]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_the_default_tolerances_hold_for_gradients():
    slope = jax.grad(lambda k: _decay(k, 3.0)[-1])(0.7)
    assert float(slope) == pytest.approx(-6 * 3 * np.exp(-4.2), rel=1e-3)


def test_gradients_at_zero():
    """A parameter and a start that are 0 have derivatives, too."""
    found = jax.grad(lambda k, x: _decay(k, x, [1.0], rtol=1e-9, atol=1e-11)[0], (0, 1))(0.0, 0.0)
    np.testing.assert_allclose(found, [0.0, 1.0], atol=1e-7)


def test_many_parameters():
    """More than are followed forwards: the gradients are propagated back."""
    rates = jnp.linspace(0.1, 1.0, 70)

    def total(rates):
        found = trajectory(
            lambda t, x: (-rates * x,), (jnp.ones(70),), jnp.array([1.0]), start=0.0, rtol=1e-9, atol=1e-11
        )
        return jnp.sum(found[0])

    np.testing.assert_allclose(jax.grad(total)(rates), -np.exp(-np.asarray(rates)), rtol=1e-5)


def test_where_the_solver_cannot_get_there_is_nan():
    """x' = x² from 1 is infinite at t = 1."""
    times = jnp.array([0.5, 2.0])

    def blown(x, steps=1000):
        return trajectory(lambda t, x: (x**2,), (x,), times, start=0.0, max_steps=steps)[0]

    assert np.isnan(blown(1.0)).all()
    assert np.isfinite(blown(0.1)).all()
    assert np.isnan(_decay(0.7, 3.0, max_steps=2, rtol=1e-12, atol=1e-12)).all()
    value, slope = jax.value_and_grad(lambda x: jnp.sum(blown(x)))(1.0)
    assert np.isnan(value)
    assert np.shape(slope) == ()


def test_steps_of_one_length_that_blow_up_are_nan():
    found = trajectory(lambda t, x: (x**2,), (1.0,), jnp.array([5.0]), start=0.0, solver="RK4", dt=0.1)[0]
    assert not np.isfinite(found).any()


def test_under_vmap_and_jit():
    ks = jnp.array([0.1, 0.5, 2.0])
    found = jax.jit(jax.vmap(jax.value_and_grad(lambda k: _decay(k, 3.0, [1.0], rtol=1e-9, atol=1e-11)[0])))(ks)
    np.testing.assert_allclose(found[0], 3 * np.exp(-np.asarray(ks)), rtol=1e-7)
    np.testing.assert_allclose(found[1], -3 * np.exp(-np.asarray(ks)), rtol=1e-6)


def test_tangents_are_the_gradients_and_have_derivatives_of_their_own():
    """x = a e^(-kt) with all its first and second derivatives, as Laplace's method and Kalman filters need them."""
    at = jnp.array([0.7, 3.0, 1.5])

    def solved(at: jax.Array) -> jax.Array:
        k, a, t = at
        return _decay(k, a, [0.2, t], rtol=1e-9, atol=1e-11)[1]

    def exact(at: jax.Array) -> jax.Array:
        k, a, t = at
        return a * jnp.exp(-k * t)

    np.testing.assert_allclose(jax.jacfwd(solved)(at), jax.grad(exact)(at), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(solved)(at), jax.grad(exact)(at), rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.hessian(solved))(at), jax.hessian(exact)(at), rtol=1e-5)


@pytest.mark.parametrize("solver", ["Dopri5", "Kvaerno5"])
def test_a_step_has_tangents(solver):
    """dx/dt = -k t x from `begin` on: x e^(-k (end² - begin²) / 2), with derivatives by all four of them."""

    def stepped(at: jax.Array) -> jax.Array:
        k, x, begin, length = at
        return advance(lambda t, x: (-k * t * x,), (x,), begin, length, solver=solver, rtol=1e-8, atol=1e-10)[0]

    def exact(at: jax.Array) -> jax.Array:
        k, x, begin, length = at
        return x * jnp.exp(-k * ((begin + length) ** 2 - begin**2) / 2)

    at = jnp.array([0.7, 3.0, 0.4, 0.9])
    np.testing.assert_allclose(stepped(at), exact(at), rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(stepped)(at), jax.grad(exact)(at), rtol=1e-5)
    np.testing.assert_allclose(jax.grad(stepped)(at), jax.grad(exact)(at), rtol=1e-5)


def test_who_watches_is_told_where_a_trajectory_ends():
    """dx/dt = x^2, x(0) = 1 is 1 / (1 - t): followed to 0.5, never beyond 1."""
    with watched() as gave_up:
        found = trajectory(lambda t, x: (x**2,), (1.0,), jnp.array([0.5, 2.0]), start=0.0, max_steps=300)[0]
    assert np.isnan(found).all()
    ((reached, steps, most),) = gave_up
    assert (reached, most) == (0.5, 300)
    assert steps >= most
    with watched() as gave_up:
        _decay(0.7, 3.0)
    assert gave_up == []


def test_beyond_the_domain_of_an_equation_nothing_is_raised():
    """dx/dt = sqrt(1 - x) reaches 1 and has no value beyond; implicit steps then solve equations that are not finite."""

    def last(k: jax.Array) -> jax.Array:
        rates = lambda t, x: (k * jnp.sqrt(1.0 - x) + 0.1,)  # noqa: E731
        return trajectory(rates, (0.0,), jnp.array([5.0]), start=0.0, solver="Kvaerno5", max_steps=200)[0][0]

    value, slope = jax.jit(jax.value_and_grad(last))(3.0)
    assert np.isnan(value)
    assert not np.isfinite(slope)
