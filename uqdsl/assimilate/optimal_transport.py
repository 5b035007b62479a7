"""The ensemble transform particle filter: weighted members are carried to members that count alike by optimal transport.

With weights `w_i ~ p(y | x_i)` and T the entropic coupling of weighted and equal members, a new member is
`x_j = sum_i x_i D_ij`, `D = N T`. Its mean is the weighted one. Smoothing takes spread away, all of it
where there is much of it; the second-order correction adds the symmetric Delta for which the covariance is the weighted one
too,

    Delta Delta + B Delta + Delta B' = N (diag w - w w') - B B',    B = D - w 1',

and without it this is no filter. Members stay in the span of the forecast, so that noise of `rejuvenation` times its spread
keeps them apart. With localisation, weights, coupling and correction are of each place.

References:
    Reich 2013, A nonparametric ensemble transform method for Bayesian inference, SIAM J. Sci. Comput. 35, A2013-A2024.
    Acevedo, de Wiljes & Reich 2017, Second-order accurate ensemble transform particle filters, SIAM J. Sci. Comput. 39,
    A1834-A1850.
    Cheng & Reich 2015, Assimilating data into scientific models: an optimal coupling perspective, in Nonlinear Data
    Assimilation, Springer, sec. 3.4 (localisation).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import Localization
from uqdsl.assimilate.system import System
from uqdsl.infer.population import effective
from uqdsl.infer.sinkhorn import couple
from uqdsl.vocabulary.assimilation.transports import OptimalTransportFilterOptions

_ITERATIONS = 300
_STEP = 0.1


def transform(members: jax.Array, log_weights: jax.Array, smoothing: float) -> jax.Array:
    """The matrix `(N, N)` whose rows make new members of weighted ones `(N, d)`.

    Arguments:
        smoothing: of the coupling, in units of the mean squared distance of two members.
    """
    number = len(members)
    scale = jnp.sqrt(jnp.mean(jnp.var(members, axis=0)) * members.shape[1] * 2)
    unit = members / jnp.where(scale > 0, scale, 1.0)
    plan = jnp.exp(couple(unit, unit, 0.5 * smoothing, log_weights=log_weights).log_plan)
    weights = jnp.mean(plan, axis=0)
    b = plan.T - weights[:, None]
    lacking = number * (jnp.diag(weights) - jnp.outer(weights, weights)) - b @ b.T

    def towards(_: int, delta: jax.Array) -> jax.Array:
        delta = delta + _STEP * (lacking - b @ delta - delta @ b.T - delta @ delta)
        return 0.5 * (delta + delta.T)

    return plan + jax.lax.fori_loop(0, _ITERATIONS, towards, jnp.zeros_like(b))


def make(options: OptimalTransportFilterOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        local = Localization(system, seen.event, options.localization)
        number = len(ensemble)
        logs = seen.log_likelihoods(system, ensemble)
        noise = options.rejuvenation * jax.random.normal(key, (number, number)) / jnp.sqrt(number - 1)
        noise -= jnp.mean(noise, axis=1, keepdims=True)

        def weighed(members: jax.Array, log_weights: jax.Array) -> jax.Array:
            return (transform(members, jax.nn.log_softmax(log_weights), options.smoothing) + noise) @ members

        def at_place(place: jax.Array, members: jax.Array) -> tuple[jax.Array, jax.Array]:
            near = local.near_observed(local.place(place))
            log_weights = logs[:, near.indices] @ near.weights
            return weighed(members, log_weights), effective(log_weights)

        moved, ess = local.everywhere(ensemble, at_place, lambda parameters: weighed(parameters, jnp.sum(logs, axis=1)))
        return Moved(moved, {"ess": jnp.mean(ess)})

    return ensemble_filter(options, plan, analysis)
