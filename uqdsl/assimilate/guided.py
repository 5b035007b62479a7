"""The guided filter: a step is drawn from its law given what is observed at its end, `p(x' | x, y)`.

With a Gaussian error of covariance Q about the forecast m, and the observation operator linearised there, `h(x') ~ h(m) +
H (x' - m)`, that law is Gaussian too. It is drawn without a root of its covariance, by a step and an observation that go
together,

    x' = z + Q H' S^-1 (y - h(m) - H (z - m) - e),    z ~ N(m, Q),   e ~ N(0, R),   S = H Q H' + R,

and the weight of a particle grows by

    p(x' | x) p(y | x') / p(x' | x, y) = N(y; h(m), S) p(y | x') / N(y; h(m) + H (x' - m), R),

of which the last ratio is 1 where the operator is linear and errors are Gaussian. It puts right what linearising makes wrong,
for any likelihood: R is the variance that the likelihood has at the forecast.

With `lookahead` particles are resampled by `N(y; h(m), S)` before they move: fully adapted.

References:
    Doucet, Godsill & Andrieu 2000, On Sequential Monte Carlo Sampling Methods for Bayesian Filtering, Stat. Comput. 10,
    197-208, sec. II.D.
    Pitt & Shephard 1999, Filtering via Simulation: Auxiliary Particle Filters, J. Am. Stat. Assoc. 94, 590-599.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.particles import Particles, Shared, estimate, members, renewed, resample_where_few, weighed
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.covariance import Covariance
from uqdsl.infer.population import over_particles
from uqdsl.vocabulary.assimilation.particles import GuidedOptions


class Linear(NamedTuple):
    """A step and what is observed at its end, linearised about the forecast; where nothing is observed, nothing is said.

    - forecast: m `(d,)`, with its error Q.
    - slope: H, `(p, d)`.
    - misfit: `y - h(m)`, `(p,)`.
    - noise: R.
    - gain: `Q H'`, `(d, p)`.
    - root: of S, lower triangular, `(p, p)`.
    """

    forecast: jax.Array
    error: Covariance
    slope: jax.Array
    misfit: jax.Array
    noise: Covariance
    gain: jax.Array
    root: jax.Array

    @property
    def log_density(self) -> jax.Array:
        """Log of `N(y; h(m), S)`."""
        return _log_normal(solve_triangular(self.root, self.misfit, lower=True), jnp.diag(self.root))


def linear(system: System, state: jax.Array, parameters: jax.Array, event: Events) -> Linear:
    """A step from a state, linearised."""
    moved = system.forecast(state, parameters, event)
    seen = system.observe(moved.mean, parameters, event)
    slope = jax.jacrev(lambda each: system.observe(each, parameters, event).mean)(moved.mean)
    told = seen.present & jnp.isfinite(seen.mean) & jnp.isfinite(seen.covariance.variance)
    slope = jnp.where(told[:, None], slope, 0.0)
    noise = seen.covariance.where(told, 1.0)
    error = moved.covariance
    gain = error.variance[:, None] * slope.T if error.whole is None else error.whole @ slope.T
    root = jnp.linalg.cholesky(slope @ gain + noise.matrix())
    return Linear(moved.mean, error, slope, jnp.where(told, seen.values - seen.mean, 0.0), noise, gain, root)


def proposed(
    system: System, state: jax.Array, parameters: jax.Array, event: Events, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """A draw of the state at an event given that before and what is observed, and how much its log weight grows."""
    here = linear(system, state, parameters, event)
    of_step, of_noise = jax.random.split(key)
    away = here.error.coloured(jax.random.normal(of_step, here.forecast.shape))
    drawn = here.slope @ away + here.noise.coloured(jax.random.normal(of_noise, here.misfit.shape))
    away = away + here.gain @ cho_solve((here.root, True), here.misfit - drawn)
    found = here.forecast + away
    left = here.noise.whitened(here.misfit - here.slope @ away)
    scales = (
        jnp.sqrt(here.noise.variance) if here.noise.whole is None else jnp.diag(jnp.linalg.cholesky(here.noise.whole))
    )
    return found, here.log_density + system.log_likelihood(found, parameters, event) - _log_normal(left, scales)


def _log_normal(white: jax.Array, scales: jax.Array) -> jax.Array:
    return -0.5 * white @ white - jnp.sum(jnp.log(scales)) - 0.5 * len(white) * jnp.log(2 * jnp.pi)


def make(options: GuidedOptions, plan: Plan) -> Filter:
    """The filter."""
    shared = Shared(options, plan)
    resample = resample_where_few(shared, options.threshold)

    def predict(system: System, particles: Particles, event: Events, key: jax.Array) -> Particles:
        of_choice, of_step = jax.random.split(key)
        return shared.step(system, resample(particles, of_choice), event, of_step)

    def analyse(
        system: System, particles: Particles, event: Events, key: jax.Array
    ) -> tuple[Particles, dict[str, jax.Array]]:
        of_choice, of_step = jax.random.split(key)
        first = event.number == 0

        def foretold(state: jax.Array, free: jax.Array) -> jax.Array:
            return linear(system, state, system.constrained(free), event).log_density

        def moved(state: jax.Array, before: jax.Array, free: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
            parameters = system.constrained(free)
            there, gain = proposed(system, before, parameters, event, key)
            # No step leads to the first event.
            at_first = system.log_likelihood(state, parameters, event)
            return jnp.where(first, state, there), jnp.where(first, at_first, gain)

        behind = jnp.zeros(options.members)
        if options.lookahead:
            ahead = jnp.where(first, 0.0, over_particles(foretold, particles.before, particles.parameters))
            chosen, which = shared.resampled(
                particles._replace(states=particles.before), particles.log_weights + ahead, of_choice
            )
            kept = particles.states[which]
            behind = jax.nn.logsumexp(particles.log_weights + ahead) - ahead[which]
            particles = chosen._replace(states=kept)
        keys = jax.random.split(of_step, options.members)
        states, gains = over_particles(moved, particles.states, particles.before, particles.parameters, keys)
        return weighed(particles._replace(states=states), gains + behind, options.threshold)

    return Filter(shared.begin, predict, analyse, estimate, members=members, renew=renewed)
