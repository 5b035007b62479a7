"""The Schrödinger bridge: the stochastic map from prior to posterior that is nearest to Brownian motion.

Of all processes that start as draws of the prior and end as a cloud of the posterior, the bridge is the one of least
relative entropy to Brownian motion of variance `eps`. Its ends are coupled as by entropic optimal transport, and given the
potential `g` of that coupling its drift is known:

    D(x, t) = sum_j softmax_j(g_j / eps - |x - y_j|^2 / (2 eps (1 - t))) y_j
    dx = (D(x, t) - x) / (1 - t) dt + sqrt(eps) dW

Its end alone is a draw of each particle's row of the coupling, which is exact and needs no steps; that is what is done unless a
path is asked for. A path's last step draws one of the cloud, as the mean `D` would lose the spread of what is left.

References:
    De Bortoli, Thornton, Heng & Doucet 2021, Diffusion Schrödinger bridge with applications to score-based generative modeling,
    NeurIPS 34; Pooladian & Niles-Weed 2024, Plug-in estimation of Schrödinger bridges, arXiv:2408.11686 (the drift from a
    potential).
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from uqdsl.infer.optimal_transport import Transported, both_ends, report
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.sinkhorn import couple
from uqdsl.vocabulary.methods.transports import SchrodingerBridgeOptions


@partial(jax.jit, static_argnames="steps")
def analyse(states: jax.Array, cloud: jax.Array, eps: float, key: jax.Array, *, steps: int = 0) -> Transported:
    """Points of a prior `(N, d)` brought to a cloud of the posterior `(M, d)`.

    Arguments:
        eps: variance of the Brownian motion, in units of the squared states.
        steps: of the path; 0 draws its end alone.
    """
    coupling = couple(states, cloud, eps)
    of_steps, of_end = jax.random.split(key)
    if steps == 0:
        return Transported(cloud[jax.random.categorical(of_end, coupling.log_plan)], coupling)

    def towards(x: jax.Array, left: jax.Array) -> jax.Array:
        apart = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(cloud**2, axis=1) - 2 * x @ cloud.T
        return coupling.potential / eps - apart / (2 * eps * left)

    def step(x: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        time, key = at
        left, share = 1 - time, 1 / (steps * (1 - time))
        drift = jax.nn.softmax(towards(x, left), axis=1) @ cloud - x
        noise = jax.random.normal(key, x.shape)
        return x + share * drift + jnp.sqrt(eps / steps * (1 - share)) * noise, None

    times = jnp.arange(steps - 1) / steps
    last, _ = jax.lax.scan(step, states, (times, jax.random.split(of_steps, steps - 1)))
    return Transported(cloud[jax.random.categorical(of_end, towards(last, jnp.asarray(1 / steps)))], coupling)


def run(posterior: Posterior, options: SchrodingerBridgeOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the prior, each brought to the posterior by a bridge."""
    of_ends, of_bridge = jax.random.split(key)
    ends = both_ends(posterior, options.particles, options.target_particles, of_ends, watch)
    smoothing = options.smoothing * posterior.size
    moved = analyse(ends.prior.states, ends.cloud, smoothing, of_bridge, steps=options.steps)
    return report(ends, moved.states, moved.coupling, smoothing=options.smoothing, steps=options.steps)
