"""Microcanonical Langevin Monte Carlo: a unit velocity that is turned downhill and blurred, at constant energy.

In coordinates of unit scale, a position z moves by a velocity u, |u| = 1, which the gradient g of the log density turns:

    dz = u dt,   du = (1 - u uᵀ) (g / (d - 1)) dt + noise on the sphere that forgets u within a length L

by McLachlan's minimal-norm integrator, of second order, with two gradients a step. Without a correction
the step size is adapted to a given variance of the energy error per dimension, which bounds the bias; with one, a trajectory of
about L from a fresh velocity is accepted or not, and the draws are exact.

References:
    Robnik, De Luca, Silverstein & Seljak 2023, Microcanonical Hamiltonian Monte Carlo, J. Mach. Learn. Res. 24.
    Robnik & Seljak 2024, Fluctuation without dissipation: microcanonical Langevin Monte Carlo, arXiv:2303.18221.
    Robnik, Cohn-Gordon & Seljak 2025, Metropolis adjusted microcanonical Hamiltonian Monte Carlo, arXiv:2503.01707.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.adaptation import Adapted, adapter, pull, stretch
from uqdsl.infer.markov import Kernel
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods.chains import MclmcOptions

_OUTER = 0.1931833275037836
"""Share of the first and last turn in a step of the integrator; the middle one has the rest."""
_MEMORY = 30
"""Iterations over which the variance of the energy error is averaged."""
_TRUST = 1.5
"""How far from what was wanted an error may be, in the log of the step size, and still count."""
_MOST_STEPS = 1024


class _Phase(NamedTuple):
    """Position, unit velocity, log density, its gradient, and the energy error along the way with its sum of squares."""

    position: jax.Array
    velocity: jax.Array
    log_density: jax.Array
    gradient: jax.Array
    error: jax.Array
    square: jax.Array


class _Pace(NamedTuple):
    """The step size, and sums from which it is found: weighted squared errors over its sixth power, and the weights."""

    step_size: jax.Array
    errors: jax.Array
    weights: jax.Array


class _State(NamedTuple):
    phase: _Phase
    steps: jax.Array
    acceptance: jax.Array
    diverging: jax.Array
    iteration: jax.Array
    pace: _Pace
    adapted: Adapted
    key: jax.Array


def kernel(posterior: Posterior, options: MclmcOptions) -> Kernel:
    """A step is a trajectory of about one length L."""
    size = posterior.size
    # The velocity needs two dimensions: where there is but one, another one is standard normal.
    room = max(size, 2)
    adapt = adapter(options.warmup, options.metric, options.target_accept if options.adjusted else None)
    length = options.length * jnp.sqrt(room)

    def log_density(position: jax.Array) -> jax.Array:
        beside = position[size:]
        return posterior.log_density(position[:size]) - beside @ beside / 2

    slope = jax.value_and_grad(log_density)

    def begin(start: Start, key: jax.Array) -> _State:
        adapt_key, velocity_key, key = jax.random.split(key, 3)
        position = jnp.concatenate([start.position, jnp.zeros(room - size)])
        gradient = jnp.concatenate([-start.gradient, jnp.zeros(room - size)])
        zero, first = jnp.zeros(()), 0.25 * jnp.sqrt(room)
        phase = _Phase(position, _unit(velocity_key, room), -start.potential_energy, gradient, zero, zero)
        adapted = adapt.begin(position, adapt_key, first)
        pace = _Pace(first, zero, zero)
        return _State(phase, jnp.asarray(0), jnp.ones(()), jnp.asarray(False), jnp.asarray(0), pace, adapted, key)

    def turn(velocity: jax.Array, gradient: jax.Array, time: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The velocity after a time in a constant gradient, and by how much the kinetic energy grew."""
        norm = jnp.sqrt(gradient @ gradient)
        along = gradient / jnp.maximum(norm, jnp.finfo(norm.dtype).tiny)
        cosine = velocity @ along
        delta = time * norm / (room - 1)
        fade = jnp.exp(-delta)
        turned = along * (1 - fade) * (1 + fade + cosine * (1 - fade)) + 2 * fade * velocity
        gain = delta - jnp.log(2.0) + jnp.log(1 + cosine + (1 - cosine) * fade**2)
        return turned / jnp.sqrt(turned @ turned), (room - 1) * gain

    def blur(velocity: jax.Array, time: jax.Array, key: jax.Array) -> jax.Array:
        noise = jnp.sqrt(jnp.expm1(2 * time / length) / room)
        blurred = velocity + noise * jax.random.normal(key, velocity.shape)
        return blurred / jnp.sqrt(blurred @ blurred)

    def integrate(phase: _Phase, step_size: jax.Array, root: jax.Array, key: jax.Array) -> _Phase:
        first_key, last_key = jax.random.split(key)
        position, velocity, density, gradient, *_ = phase
        velocity = velocity if options.adjusted else blur(velocity, step_size / 2, first_key)
        velocity, gain = turn(velocity, pull(root, gradient), _OUTER * step_size)
        position = position + stretch(root, velocity * step_size / 2)
        velocity, more = turn(velocity, pull(root, slope(position)[1]), (1 - 2 * _OUTER) * step_size)
        position = position + stretch(root, velocity * step_size / 2)
        after, gradient = slope(position)
        velocity, last = turn(velocity, pull(root, gradient), _OUTER * step_size)
        error = gain + more + last + density - after
        velocity = velocity if options.adjusted else blur(velocity, step_size / 2, last_key)
        return _Phase(position, velocity, after, gradient, phase.error + error, phase.square + error**2)

    def step(state: _State) -> _State:
        key, velocity_key, jitter_key, way_key, accept_key = jax.random.split(state.key, 5)
        root = state.adapted.mass_matrix_sqrt_inv
        step_size = state.adapted.step_size if options.adjusted else state.pace.step_size
        velocity, ratio = state.phase.velocity, length / step_size
        if options.adjusted:
            velocity, ratio = _unit(velocity_key, room), ratio * 2 * jax.random.uniform(jitter_key)
        steps = jnp.clip(jnp.ceil(ratio), 1, _MOST_STEPS).astype(int)
        zero = jnp.zeros(())
        here = state.phase._replace(velocity=velocity, error=zero, square=zero)

        def onward(number: jax.Array, phase: _Phase) -> _Phase:
            return integrate(phase, step_size, root, jax.random.fold_in(way_key, number))

        there = jax.lax.fori_loop(0, steps, onward, here)
        sound = jnp.all(jnp.array([jnp.all(jnp.isfinite(each)) for each in there]))
        error = jnp.where(sound, there.error, jnp.inf)
        acceptance = jnp.exp(-jnp.maximum(error, 0.0))
        accepted = jax.random.uniform(accept_key) < acceptance if options.adjusted else sound
        back = here._replace(velocity=_unit(velocity_key, room))
        phase = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), there, back)
        adapted = adapt.learn(state.adapted, state.iteration, acceptance, phase.position)
        pace = _paced(state.pace, jnp.where(sound, there.square / steps, jnp.inf) / (room * options.energy_variance))
        pace = jax.tree.map(lambda new, old: jnp.where(state.iteration < options.warmup, new, old), pace, state.pace)
        lost = ~(error < 1000)
        return _State(phase, steps, acceptance, lost, state.iteration + 1, pace, adapted, key)

    def statistics(state: _State) -> dict[str, jax.Array]:
        beside = state.phase.position[size:]
        found = {
            "lp": state.phase.log_density + beside @ beside / 2,
            "step_size": state.adapted.step_size if options.adjusted else state.pace.step_size,
            "n_steps": state.steps,
            "energy_error": state.phase.error,
            "diverging": state.diverging,
        }
        return found | ({"acceptance_rate": state.acceptance} if options.adjusted else {})

    return Kernel(begin, step, lambda state: state.phase.position[:size], statistics)


def _unit(key: jax.Array, size: int) -> jax.Array:
    z = jax.random.normal(key, (size,))
    return z / jnp.sqrt(z @ z)


def _paced(pace: _Pace, ratio: jax.Array) -> _Pace:
    """The step size at which the squared energy error, which goes with its sixth power, is what is wanted.

    Arguments:
        ratio: of the squared error of a step to the wanted one.
    """
    sound = jnp.isfinite(ratio)
    ratio = jnp.where(sound, ratio, 1.0) + 1e-8
    weight = jnp.exp(-jnp.minimum((jnp.log(ratio) / (6 * _TRUST)) ** 2 / 2, 50.0))
    keep = 1 - 1 / _MEMORY
    errors = keep * pace.errors + weight * ratio / pace.step_size**6
    weights = keep * pace.weights + weight
    wanted = (errors / weights) ** (-1 / 6)
    # No more than a factor of two at once; and half of it where a step led out of the finite.
    wanted = jnp.clip(wanted, pace.step_size / 2, pace.step_size * 2)
    return _Pace(
        jnp.where(sound, wanted, pace.step_size / 2),
        jnp.where(sound, errors, pace.errors),
        jnp.where(sound, weights, pace.weights),
    )
