"""Draws of a prior carried to the posterior along the probability flow of a diffusion, in the space that members span.

A state is `mean + sum_i w_i (x_i - mean) / sqrt(N - 1)`, and the prior of w a mixture of Gaussian kernels of covariance h^2 I
about `c_k`, those w that are the members themselves, drawn towards 0 by sqrt(1 - h^2). With noise in it, `w^t = a w + s z`,
the flow in `l = log(a / s)` that has the laws of the noised prior all along is without noise of its own,

    d (w^t / s) / dl = exp(l) D,    D = E[w | w^t]                                          (Song & others 2021, eq. 13)

It carries draws to noise, and with `D_y = E[w | w^t, y]` in place of D from there to draws of the posterior, which lie no
farther off than the data ask. What members say of the data is taken to be linear in w, so that the closure by component is
exact: with `q = a^2 h^2 + s^2`, `S = s^2 h^2 / q`, anomalies Y of what is said and d of the data, in units of their errors,

    m_k = (s^2 c_k + a h^2 w^t) / q,    D_y = sum_k r_k [m_k + S Y (I + S Y' Y)^-1 (d - Y' m_k)],

r_k as in `uqdsl.infer.closures`. The draws are one of each kernel, `c_k + h z_k`. With one Gaussian, h = 1, they come to have
the mean of the ensemble transform Kalman filter and, but for chance, its covariance; the smaller h is, the more the kernels
are particles, whose weights choose among them.

References:
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon & Poole 2021, Score-based generative modeling through stochastic differential
    equations, Int. Conf. Learn. Represent., sec. 4.3.
    Rojahn, Schenk, van Leeuwen & Potthast 2023, Particle Filtering and Gaussian Mixtures: On a Localized Mixture Coefficients
    Particle Filter (LMCPF) for Global NWP, J. Meteorol. Soc. Japan 101, 233-253 (kernels in the space of members).
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from uqdsl.infer.diffusion import END
from uqdsl.infer.kalman import White, anomalies

START = -6.0
"""Log ratio of signal to noise at which members turn round: so little of them is left that prior and posterior are one."""


def carried(ensemble: jax.Array, white: White, noise: jax.Array, *, bandwidth: float, steps: int) -> jax.Array:
    """The ensemble `(N, d)` after the flow there and back.

    Arguments:
        noise: independent standard normal numbers `(N, N)`, whose columns have the mean 0.
        bandwidth: h, above 0 and at most 1.
        steps: in each direction, of second order.
    """
    number = len(ensemble)
    said = anomalies(white.predicted)
    told, basis = jnp.linalg.eigh(said @ said.T)
    told = jnp.maximum(told, 0.0)
    pull = basis.T @ (said @ (white.values - white.predicted.mean(0)))
    # The rows are the members, in the basis in which what is told of w is diagonal.
    centred = basis - basis.mean(0)
    own = jnp.sqrt(number - 1) * centred
    denoised = denoiser(jnp.sqrt(1 - bandwidth**2) * own, bandwidth**2)
    start = jnp.sqrt(1 - bandwidth**2) * own + bandwidth * noise @ centred
    length = (END - START) / steps

    def prior(w: jax.Array, at: jax.Array) -> jax.Array:
        return denoised(w, at, 0.0 * told, 0.0 * pull)

    def posterior(w: jax.Array, at: jax.Array) -> jax.Array:
        return denoised(w, at, told, pull)

    noised = _flow(prior, _signal(END) * start, END, -length, steps)
    moved, back = (each(_flow(each, noised, START, length, steps), jnp.asarray(END)) for each in (posterior, prior))
    # Without data draws come back to where they were, but for the steps, whose errors so are taken off.
    return ensemble.mean(0) + (start + moved - back) @ basis.T @ anomalies(ensemble)


def denoiser(centres: jax.Array, square: float) -> Callable[[jax.Array, jax.Array, jax.Array, jax.Array], jax.Array]:
    """`D_y` at noised w `(N, N)` and a log ratio of signal to noise, of data that tell so much and pull so; 0 for none."""

    def denoised(w: jax.Array, at: jax.Array, told: jax.Array, pull: jax.Array) -> jax.Array:
        a, s = _signal(at), _signal(-at)
        total = a**2 * square + s**2
        of_centre, of_noised, variance = s**2 / total, a * square / total, s**2 * square / total
        left = 1 / (1 + variance * told)
        # What the log weights and log evidences of all kernels have in common is left out.
        slope = a / total - of_centre * of_noised * left * told
        fall = a**2 / total + of_centre**2 * left * told
        logits = (slope * w) @ centres.T - 0.5 * centres**2 @ fall + of_centre * centres @ (left * pull)
        means = of_centre * jax.nn.softmax(logits, axis=1) @ centres + of_noised * w
        return left * (means + variance * pull)

    return denoised


def _signal(at: jax.Array | float) -> jax.Array:
    """`a` at a log ratio of signal to noise; `s` at minus that."""
    return jnp.sqrt(jax.nn.sigmoid(2.0 * jnp.asarray(at)))


def _flow(
    denoised: Callable[[jax.Array, jax.Array], jax.Array], w: jax.Array, start: float, length: float, steps: int
) -> jax.Array:
    """Noised w some steps on: exact for a D that is constant over a step, of second order as it stands."""

    def step(carried: tuple[jax.Array, jax.Array], at: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        w, before = carried
        here, after = denoised(w, at), at + length
        grown = jnp.exp(after) - jnp.exp(at)
        w = _signal(-after) * (w / _signal(-at) + grown * (1.5 * here - 0.5 * before))
        return (w, here), None

    at = start + length * jnp.arange(steps)
    (w, _), _ = jax.lax.scan(step, (w, denoised(w, at[0])), at)
    return w
