"""Chains that follow the gradients of a few rows: what their kinds have in common.

Each chain climbs to a mode, and goes on in coordinates x in which the posterior around that is about standard normal. There
a gradient from a random batch has errors of variance V, which make the chain spread too widely: by how much on a normal law
is known in closed form, and is said. With control variates the gradient is

    g(x) = g_all(0) + g_batch(x) - g_batch(0),

whose errors vanish at the mode. Of a cyclical schedule the second half of each cycle is kept; of a polynomial one each
draw counts by its step.

Baker, Fearnhead, Fox & Nemeth 2019, Control Variates for Stochastic Gradient MCMC, Stat. Comput. 29, 599-615, section 3.1;
Zhang, Li, Zhang, Chen & Wilson 2020, Cyclical Stochastic Gradient MCMC, ICLR, equation 1; Welling & Teh 2011.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.chunks import in_chunks
from uqdsl.infer.curvature import LARGEST, local_laws
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.training import Units, of_batch, prior_units, train
from uqdsl.vocabulary.methods.stochastic import StochasticOptions

_BATCHES, _PLACES = 128, 8
"""What the errors of gradients are learned from: so many batches at each of so many places."""
_WIDEST = 1.2
"""Largest ratio of variances that is not complained about."""
_FALL = 10.0
_NEWTON = 3
_NEAR = 1.0
"""Root mean square distance of a start from its mode, in widths of the posterior, that is not complained about."""


class Frame(NamedTuple):
    """Coordinates of a chain around its mode: position = mode + axes @ x, with the gradient of all rows there."""

    mode: jax.Array
    axes: jax.Array
    slope: jax.Array

    def place(self, x: jax.Array) -> jax.Array:
        """The position."""
        return self.mode + self.axes @ x


class Walker(NamedTuple):
    """Where a chain is, and its momentum, both `(size,)`."""

    x: jax.Array
    momentum: jax.Array


type Step = Callable[[Walker, jax.Array, jax.Array, jax.Array, jax.Array], Walker]
"""From where a chain is, a noisy gradient there, the size of the step, the variance of the gradient's errors `(size,)`, and a
key to where it goes."""


def walk(
    posterior: Posterior,
    options: StochasticOptions,
    step_size: float,
    step: Step,
    widened: Callable[[float, float], float],
    key: jax.Array,
    watch: Watch,
) -> Draws:
    """Run the chains.

    Arguments:
        widened: from the size of a step and the variance of the gradient's errors to how much wider, in variance, the chain
            gets on a normal law.
    """
    of_units, of_modes, of_start, of_noise, of_steps = jax.random.split(key, 5)
    units = prior_units(posterior, of_units)
    modes = train(
        posterior,
        of_batch,
        units,
        of_modes,
        members=options.chains,
        steps=options.training,
        learning_rate=0.02,
        watch=watch,
    ).positions
    frames = _frames(posterior, units, modes)
    variance = _errors(posterior, frames, of_noise, options.control_variates)
    starts = Walker(jax.random.normal(of_start, modes.shape), jnp.zeros(modes.shape))
    first, last, sizes = _plan(options, step_size)
    total = int(last[-1])

    @jax.jit
    def advance(posterior: Posterior, state: _State, begin: int, end: int) -> _State:
        def one(index: jax.Array, state: _State) -> _State:
            def single(number: jax.Array, walkers: Walker) -> Walker:
                keys = jax.random.split(jax.random.fold_in(of_steps, number), options.chains)

                def move(walker: Walker, frame: Frame, errors: jax.Array, key: jax.Array) -> Walker:
                    of_rows, of_move = jax.random.split(key)
                    slope = _slope(posterior, frame, walker.x, of_rows, options.control_variates)
                    return step(walker, slope, sizes[number], errors, of_move)

                return jax.vmap(move)(walkers, frames, variance, keys)

            walkers = jax.lax.fori_loop(first[index], last[index], single, state.walkers)
            return _State(walkers, state.draws.at[:, index].set(walkers.x))

        return jax.lax.fori_loop(begin, end, one, state)

    state = in_chunks(
        lambda state, begin, end: advance(posterior, state, begin, end),
        _State(starts, jnp.zeros((options.chains, options.draws, posterior.size))),
        options.draws,
        watch,
    )
    kept = np.asarray(sizes)[np.asarray(last) - 1]
    errors = float(jnp.mean(variance))
    ratio = widened(float(np.mean(kept)), errors)
    finite = bool(jnp.isfinite(state.draws).all())
    reasons = () if finite else ("a chain diverged: use a smaller `step_size`",)
    if not ratio < _WIDEST:
        reasons += (
            (
                f"the draws spread too widely: by about {100 * (ratio - 1):.0f} % in variance, where the posterior is normal; "
                "use a smaller `step_size`, larger batches, or `control_variates`"
            ),
        )
    apart = float(jnp.sqrt(jnp.max(jnp.mean(frames.slope**2, axis=1))))
    if posterior.size <= LARGEST and not apart < _NEAR:
        reasons += (f"training ended {apart:.1f} standard deviations from a mode: give it more steps of `training`",)
    rows = "a batch of rows" if posterior.batched else "all rows, as no likelihood asks for a `batch`"
    notes = (
        (
            "no draw is accepted or rejected, so that these are not exact: where the posterior is normal, their variances "
            f"are too large by {100 * (ratio - 1):.2g} %; gradients are of {rows}"
        ),
    )
    return Draws(
        jax.vmap(jax.vmap(Frame.place, (None, 0)))(frames, state.draws),
        jnp.broadcast_to(jnp.log(kept), state.draws.shape[:2]) if options.schedule == "polynomial" else None,
        diagnostics={"gradient_error_variance": errors, "variance_ratio": ratio, "steps": total},
        reasons=reasons,
        notes=notes,
    )


class _State(NamedTuple):
    walkers: Walker
    draws: jax.Array


def _plan(options: StochasticOptions, step_size: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The first step before each kept draw, the one after the last, and the size of every step."""
    wanted = np.arange(1, options.draws + 1) * options.thin
    if options.schedule == "cyclical":
        # Half of each cycle looks around, and half of it is kept.
        half = int(np.ceil(wanted[-1] / options.cycles))
        cycle = (wanted - 1) // half
        last = wanted + (cycle + 1) * half
        done = (np.arange(last[-1]) % (2 * half)) / (2 * half)
        sizes = step_size * (np.cos(np.pi * done) + 1) / 2
    else:
        last = wanted
        done = np.arange(last[-1]) / last[-1]
        sizes = step_size * (1 + _FALL * done) ** (-1 / 3) if options.schedule == "polynomial" else step_size + 0 * done
    first = np.concatenate([[0], last[:-1]])
    return jnp.asarray(first), jnp.asarray(last), jnp.asarray(sizes)


@jax.jit
def _frames(posterior: Posterior, units: Units, modes: jax.Array) -> Frame:
    """Coordinates in which the posterior around each mode is about standard normal; of many unknowns, in those of the prior.

    Training by a few rows ends near a mode: Newton's steps, of all rows, lead there.
    """

    def around(modes: jax.Array) -> Frame:
        slopes = jax.lax.map(jax.grad(posterior.log_density), modes)
        if posterior.size > LARGEST:
            axes = jnp.broadcast_to(jnp.diag(units.width), (len(modes), posterior.size, posterior.size))
        else:
            local = local_laws(posterior, units, modes)
            axes = units.width[:, None] * local.axes / jnp.sqrt(local.precisions)[:, None, :]
        return Frame(modes, axes, jnp.einsum("cji,cj->ci", axes, slopes))

    def climb(_: int, frames: Frame) -> Frame:
        onward = jax.vmap(Frame.place)(frames, frames.slope)
        higher = jax.lax.map(posterior.log_density, onward) > jax.lax.map(posterior.log_density, frames.mode)
        return around(jnp.where(higher[:, None], onward, frames.mode))

    return around(modes) if posterior.size > LARGEST else jax.lax.fori_loop(0, _NEWTON, climb, around(modes))


def _slope(posterior: Posterior, frame: Frame, x: jax.Array, key: jax.Array, control_variates: bool) -> jax.Array:
    """The gradient at x as a batch has it."""
    batch = posterior.draw_batch(key)

    def slope(x: jax.Array) -> jax.Array:
        return jax.grad(lambda x: batch.log_density(frame.place(x)))(x)

    return slope(x) - slope(0 * x) + frame.slope if control_variates else slope(x)


def _errors(posterior: Posterior, frames: Frame, key: jax.Array, control_variates: bool) -> jax.Array:
    """The variance of the errors of a gradient, in the mean over places around each mode: `(chain, size)`."""

    @jax.jit
    def found(posterior: Posterior, frames: Frame) -> jax.Array:
        def of_chain(given: tuple[Frame, jax.Array]) -> jax.Array:
            frame, key = given

            def at(key: jax.Array) -> jax.Array:
                of_place, of_batches = jax.random.split(key)
                x = jax.random.normal(of_place, frame.mode.shape)
                keys = jax.random.split(of_batches, _BATCHES)
                return jnp.var(
                    jax.lax.map(lambda each: _slope(posterior, frame, x, each, control_variates), keys), axis=0, ddof=1
                )

            return jnp.mean(jax.lax.map(at, jax.random.split(key, _PLACES)), axis=0)

        return jax.lax.map(of_chain, (frames, jax.random.split(key, len(frames.mode))))

    return found(posterior, frames)
