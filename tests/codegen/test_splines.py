"""Splines of a spec against those of SciPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import handlers
from scipy.interpolate import BSpline

from .compiled import compiled

SPEC = """
    dim k = 6
    dim hour = 5 periodic
    function curve(x, c[k]) = sum(bspline(x, over = k, low = -3, high = 3) * c, over = k)
    data { x[i, j] : real, y[i, j] : real }
    let B[i, j, k] = bspline(x, over = k)
    let Q[i, j, k] = bspline(x, over = k, knots = [-0.1], degree = 4)
    let R[i, j, hour] = bspline(x, over = hour, low = -4, high = 4, degree = 2)
    prior c[k]    ~ Normal(0, 1)
    prior h[hour] ~ Normal(0, 1)
    prior place   ~ Normal(0, 1)
    let fitted[i, j] = B @ c
    let given[i, j]  = Q @ c
    let round[i, j]  = R @ h
    let there        = curve(place, c)
    let all_of[i, j] = curve(x / 2, c)
    likelihood y[i, j] ~ Normal(fitted + given + round + there + all_of, 1)
"""


def test_the_splines_of_a_spec_are_those_of_scipy():
    found = compiled(SPEC, {"i": 4, "j": 3})
    x, rng = found.data["x"], np.random.default_rng(5)
    c, h = rng.normal(size=6), rng.normal(size=5)
    given = {"c": jnp.array(c), "h": jnp.array(h), "place": jnp.array(0.37)}
    model = handlers.seed(handlers.substitute(found.model, data=given), jax.random.key(0))
    trace = handlers.trace(model).get_trace(found.data, found.coords)
    values = {name: np.asarray(trace[name]["value"]) for name in ("fitted", "given", "round", "there", "all_of")}

    def evenly(low: float, high: float) -> BSpline:
        return BSpline(low + (high - low) / 3 * (np.arange(10) - 3), c, 3)

    between = BSpline([x.min()] * 5 + [-0.1] + [x.max()] * 5, c, 4)
    circle = BSpline(-4 + 1.6 * np.arange(10), [*h, *h[:2]], 2)
    np.testing.assert_allclose(values["fitted"], evenly(x.min(), x.max())(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values["given"], between(x), rtol=1e-9, atol=1e-12)
    # From the first interval on that all functions cover: the last two lie over the ends of the circle.
    np.testing.assert_allclose(values["round"], circle(-0.8 + (x + 0.8) % 8), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values["there"], evenly(-3, 3)(0.37), rtol=1e-9)
    np.testing.assert_allclose(values["all_of"], evenly(-3, 3)(x / 2), rtol=1e-9, atol=1e-12)
