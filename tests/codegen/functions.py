"""Functions of Python for the specs of these tests."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def weighted(values, weight):
    assert (values.shape, weight.shape) == ((2,), ())
    return jnp.tanh(values[0]) + weight * values[1] ** 2


def decay(rate):
    return jnp.exp(-rate * jnp.arange(1, 3))


def covariance(values):
    return jnp.outer(values, values) + jnp.eye(2)


def square(x):
    return x * x


def constant():
    return jnp.asarray(0.5)


def in_numpy(values):
    assert not isinstance(values, jax.Array)
    return np.array([values[1], np.sin(values[0])])


def root(x):
    assert isinstance(x, float)
    return np.sqrt(abs(x))
