"""The auxiliary filter: particles are resampled by what they foretell of the observations, then move, then are weighted.

    ancestors ~ w_i p(y | m_i),   m_i = E[x' | x_i],        w'_i = p(y | x'_i) / p(y | m of its ancestor)

Reference:
    Pitt & Shephard 1999, Filtering via Simulation: Auxiliary Particle Filters, J. Am. Stat. Assoc. 94, 590-599.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.particles import Particles, Shared, estimate, log_likelihoods, members, renewed, weighed
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.population import over_particles
from uqdsl.vocabulary.assimilation.particles import AuxiliaryOptions


def make(options: AuxiliaryOptions, plan: Plan) -> Filter:
    """The filter."""
    shared = Shared(options, plan)

    def ahead(system: System, particles: Particles, event: Events) -> jax.Array:
        """Log likelihood of the forecast of each particle, `(N,)`."""

        def one(state: jax.Array, free: jax.Array) -> jax.Array:
            parameters = system.constrained(free)
            found = system.log_likelihood(system.forecast(state, parameters, event).mean, parameters, event)
            return jnp.where(jnp.isfinite(found), found, _IMPOSSIBLE)

        return over_particles(one, particles.before, particles.parameters)

    def analyse(
        system: System, particles: Particles, event: Events, key: jax.Array
    ) -> tuple[Particles, dict[str, jax.Array]]:
        of_choice, of_step = jax.random.split(key)

        def first(particles: Particles) -> tuple[Particles, jax.Array]:
            return particles, log_likelihoods(system, particles, event)

        def later(particles: Particles) -> tuple[Particles, jax.Array]:
            told = ahead(system, particles, event)
            begun, which = shared.resampled(
                particles._replace(states=particles.before), particles.log_weights + told, of_choice
            )
            moved = shared.step(system, begun, event, of_step)
            behind = jax.nn.logsumexp(particles.log_weights + told) - told[which]
            return moved, log_likelihoods(system, moved, event) + behind

        moved, gains = jax.lax.cond(event.number == 0, first, later, particles)
        return weighed(moved, gains, 1.0)

    return Filter(shared.begin, shared.step, analyse, estimate, members=members, renew=renewed)


_IMPOSSIBLE = -1e30
"""In the place of the log of nothing: where all forecasts are impossible, all count alike."""
