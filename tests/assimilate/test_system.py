"""States that move in time: what a spec says of them, bound to its data."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from .systems import bound, checked

WALK = """
time t from 0 to 4 step 1
data { y[t] : real missing }
prior q ~ HalfNormal(2)
state x over t {
  initial x ~ Normal(1, 3)
  evolve  x ~ Normal(0.5 * x[t - 1] + t, q)
}
likelihood y[t] ~ Normal(2 * x, 0.7)
assimilate x, q by etkf(members = 10)
"""


def event(system, number):
    return jax.tree.map(lambda each: each[number], system.events)


def test_the_factors_of_a_map():
    system = bound(WALK, y=[1.0, np.nan, 3.0, 4.0, 5.0])
    q = np.array([2.0])
    begin = system.initial_moments(q)
    assert (begin.mean, begin.covariance.matrix()) == (1.0, 9.0)
    step = system.forecast(np.array([6.0]), q, event(system, 3))
    assert (step.mean, step.covariance.matrix()) == (3.0 + 3.0, 4.0)
    seen = system.observe(np.array([6.0]), q, event(system, 3))
    assert (seen.mean, seen.covariance.matrix(), seen.values, seen.present) == (12.0, pytest.approx(0.49), 4.0, True)
    density = -0.5 * (8 / 0.7) ** 2 - np.log(0.7 * np.sqrt(2 * np.pi))
    assert system.log_likelihood(np.array([6.0]), q, event(system, 3)) == pytest.approx(density)
    assert not system.observe(np.array([6.0]), q, event(system, 1)).present
    assert system.log_likelihood(np.array([6.0]), q, event(system, 1)) == 0


def test_draws_have_the_laws_of_the_spec():
    system = bound(WALK, y=[1.0, np.nan, 3.0, 4.0, 5.0])
    keys = jax.random.split(jax.random.key(1), 4000)
    parameters, states = jax.vmap(system.draw_initial)(keys)
    assert abs(states.mean() - 1) < 4 * 3 / np.sqrt(4000)
    assert abs(parameters.mean() - 2 * np.sqrt(2 / np.pi)) < 4 * 2 / np.sqrt(4000)
    moved = jax.vmap(lambda key: system.step(np.array([6.0]), np.array([2.0]), event(system, 3), key))(keys)
    assert abs(moved.mean() - 6) < 4 * 2 / np.sqrt(4000)
    assert abs(moved.std() / 2 - 1) < 4 / np.sqrt(8000)
    assert np.allclose(system.constrained(system.unconstrained(np.array([0.3]))), 0.3)


OSCILLATOR = """
time t from 0 to 2 step 0.5
data { when[ping] : time(t) = [0.7, 1.5, 0.7], seen[ping] : real = [1.0, 2.0, 3.0] }
state x, v over t {
  initial x = 1, v ~ Normal(0, 0.1)
  evolve  der(x) = v, der(v) = -x  by rk4(dt = 0.01)
  error   v += Normal(0, 0.2)
}
likelihood seen[ping] ~ Normal(x[t = when], 0.3)
assimilate x, v by etkf(members = 10)
"""


def test_steps_are_cut_at_the_times_of_observations():
    system = bound(OSCILLATOR)
    events = system.events
    assert np.allclose(events.time, [0, 0.5, 0.7, 1.0, 1.5, 2.0])
    assert np.allclose(events.length, [0, 0.5, 0.2, 0.3, 0.5, 0.5])
    assert events.acts.tolist() == [True, True, False, True, True, True]
    assert events.rows["ping"].tolist() == [[-1, -1], [-1, -1], [0, 2], [-1, -1], [1, -1], [-1, -1]]
    state = np.array([1.0, 0.0])
    there = system.forecast(state, np.zeros(0), event(system, 2))
    assert np.allclose(there.mean, [np.cos(0.2), -np.sin(0.2)], atol=1e-9)
    assert np.allclose(there.covariance.matrix(), 0)  # between the times of the axis no error acts
    there = system.forecast(state, np.zeros(0), event(system, 4))
    assert np.allclose(there.mean, [np.cos(0.5), -np.sin(0.5)], atol=1e-9)
    assert np.allclose(there.covariance.matrix(), np.diag([0, 0.04]))
    seen = system.observe(state, np.zeros(0), event(system, 2))
    assert np.allclose(seen.mean, 1.0)
    assert (seen.values.tolist(), seen.present.tolist()) == ([1.0, 3.0], [True, True])
    seen = system.observe(state, np.zeros(0), event(system, 4))
    assert (seen.values[0], seen.present.tolist()) == (2.0, [True, False])


def test_inputs_hold_until_they_change():
    system = bound(
        """
        time t from 0 to 3 step 1
        data { push[t] : real = [1, 2, 3, 4], y[t] : real = [0, 0, 0, 0] }
        state x over t {
          initial x = 0
          evolve  der(x) = push  by rk4(dt = 0.1)
          error   exact
        }
        likelihood y[t] ~ Normal(x, 1)
        assimilate x by etkf(members = 10)
        """
    )
    for number, push in ((1, 1.0), (2, 2.0), (3, 3.0)):
        assert np.allclose(system.forecast(np.zeros(1), np.zeros(0), event(system, number)).mean, push)


def test_what_was_written_stands_in_the_programs():
    from uqdsl.codegen import generate

    spec = checked(OSCILLATOR)
    texts = {each.name: generate(each.spec, spec.sources, version="1").text for each in spec.spec.stages}
    assert list(texts) == ["initial", "step", "observation"]
    assert "x_forecast, v_forecast = advance(" in texts["step"]
    assert "error   v += Normal(0, 0.2)" in texts["step"]
    assert 'numpyro.sample("seen", dist.Normal(x, 0.3)' in texts["observation"]
