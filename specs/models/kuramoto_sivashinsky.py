"""The equation of Kuramoto and Sivashinsky on a circle, of the spec `kuramoto_sivashinsky.uq`.

    ∂u/∂t = -u ∂u/∂x - ∂²u/∂x² - ∂⁴u/∂x⁴

on 32 π, at 128 places. Long waves grow, short ones are damped, and what is nonlinear carries one into the other. Its fourth
derivative is stiff: in Fourier space the linear part is solved exactly, and the rest by a scheme of fourth order (Cox &
Matthews 2002), whose coefficients are means over a circle in the complex plane (Kassam & Trefethen 2005).

References:
    Kuramoto & Tsuzuki 1976, Persistent propagation of concentration waves in dissipative media far from thermal
    equilibrium, Prog. Theor. Phys. 55, 356-369.
    Cox & Matthews 2002, Exponential time differencing for stiff systems, J. Comput. Phys. 176, 430-455, eq. 26 to 29.
    Kassam & Trefethen 2005, Fourth-order time-stepping for stiff PDEs, SIAM J. Sci. Comput. 26, 1214-1233, sec. 3.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

PLACES, LENGTH = 128, 32 * np.pi
STEP, STEPS = 0.5, 2
"""Of the scheme, and how many there are in a unit of time."""
_POINTS = 32
"""On the circles over which the coefficients are means."""

_WAVES = 2 * np.pi / LENGTH * np.arange(PLACES // 2 + 1)
_SLOPE = 1j * np.where(np.arange(PLACES // 2 + 1) < PLACES // 2, _WAVES, 0.0)
"""Of the first derivative, which the shortest wave has none of."""


class Coefficients(NamedTuple):
    """Of the scheme, one for each wave: `whole` and `half` move it by its linear part, the others weigh what is nonlinear."""

    whole: np.ndarray
    half: np.ndarray
    stage: np.ndarray
    first: np.ndarray
    middle: np.ndarray
    last: np.ndarray


def coefficients(step: float) -> Coefficients:
    """Of a step of this length."""
    growth = _WAVES**2 - _WAVES**4
    circle = np.exp(2j * np.pi * (np.arange(_POINTS) + 0.5) / _POINTS)
    z = step * growth[:, None] + circle

    def mean(values: np.ndarray) -> np.ndarray:
        return step * values.mean(axis=1).real

    return Coefficients(
        np.exp(step * growth),
        np.exp(step * growth / 2),
        mean((np.exp(z / 2) - 1) / z),
        mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3),
        mean((2 + z + np.exp(z) * (z - 2)) / z**3),
        mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3),
    )


def _nonlinear(waves: jax.Array) -> jax.Array:
    """-u ∂u/∂x, in waves."""
    return -0.5 * _SLOPE * jnp.fft.rfft(jnp.fft.irfft(waves, PLACES) ** 2)


@partial(jax.jit, static_argnames=("steps", "step"))
def integrated(u: jax.Array, steps: int, step: float) -> jax.Array:
    """u `(128,)` some steps later."""
    of = coefficients(step)

    def moved(_: int, waves: jax.Array) -> jax.Array:
        first = _nonlinear(waves)
        one = of.half * waves + of.stage * first
        second = _nonlinear(one)
        two = of.half * waves + of.stage * second
        third = _nonlinear(two)
        three = of.half * one + of.stage * (2 * third - first)
        fourth = _nonlinear(three)
        return of.whole * waves + of.first * first + 2 * of.middle * (second + third) + of.last * fourth

    return jnp.fft.irfft(jax.lax.fori_loop(0, steps, moved, jnp.fft.rfft(u)), PLACES)


def advance(u: jax.Array) -> jax.Array:
    """u `(128,)` a unit of time later."""
    return integrated(u, STEPS, STEP)
