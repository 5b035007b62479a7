"""Entropic optimal transport between two clouds of points, by Sinkhorn's iteration in the log domain.

The coupling `P_ij = exp((f_i + g_j - |x_i - y_j|^2 / 2) / eps) / (N M)` has uniform marginals at the fixed point of

    f_i = -eps log mean_j exp((g_j - C_ij) / eps),   g_j = -eps log mean_i exp((f_i - C_ij) / eps),

which is approached while `eps` falls to its value from one that smooths everything.

References:
    Cuturi 2013, Sinkhorn Distances: Lightspeed Computation of Optimal Transport, NeurIPS 26; Peyré & Cuturi 2019, Computational
    Optimal Transport, Found. Trends Mach. Learn. 11, 355-607 (section 4.4: the log domain, scaling of eps).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

_FALL = 0.8
_FIRST = 30.0
_SETTLED = 1e-4
_MOST = 3000


class Coupling(NamedTuple):
    """Which of the points `(N, d)` goes to which of the points `(M, d)`.

    - log_plan: log of the conditional `P_ij / P_i`, `(N, M)`.
    - potential: `g`, `(M,)`.
    - eps: the smoothing.
    - iterations: how many there were.
    - error: largest relative error of a marginal.
    """

    log_plan: jax.Array
    potential: jax.Array
    eps: jax.Array
    iterations: jax.Array
    error: jax.Array


def couple(x: jax.Array, y: jax.Array, eps: jax.Array | float, log_weights: jax.Array | None = None) -> Coupling:
    """The entropic coupling of two clouds of points that count alike, or of which those of `y` have weights that sum to 1."""
    cost = 0.5 * (jnp.sum(x**2, axis=1)[:, None] + jnp.sum(y**2, axis=1) - 2 * x @ y.T)
    rows = jnp.log(len(x) * 1.0)
    shares = jnp.full(len(y), -jnp.log(len(y) * 1.0)) if log_weights is None else log_weights

    def halves(g: jax.Array, eps: jax.Array) -> tuple[jax.Array, jax.Array]:
        f = -eps * logsumexp((g - cost) / eps + shares, axis=1)
        return f, -eps * (logsumexp((f[:, None] - cost) / eps, axis=0) - rows)

    def go_on(state: tuple[jax.Array, jax.Array, jax.Array, jax.Array]) -> jax.Array:
        count, _, _, change = state
        return (count < _MOST) & (change > _SETTLED)

    def iterate(
        state: tuple[jax.Array, jax.Array, jax.Array, jax.Array],
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        count, g, smoothing, _ = state
        _, new = halves(g, smoothing)
        # How far the marginal of `y` was off: exp of what the potential still moves.
        change = jnp.where(smoothing > eps, jnp.inf, jnp.max(jnp.abs(jnp.expm1((new - g) / smoothing))))
        return count + 1, new, jnp.maximum(_FALL * smoothing, eps), change

    start = (
        jnp.asarray(0),
        jnp.zeros(len(y)),
        jnp.maximum(_FIRST * jnp.asarray(eps), jnp.asarray(eps)),
        jnp.asarray(jnp.inf),
    )
    count, g, _, error = jax.lax.while_loop(go_on, iterate, start)
    log_plan = jax.nn.log_softmax((g - cost) / eps + shares, axis=1)
    return Coupling(log_plan, g, jnp.asarray(eps), count, error)
