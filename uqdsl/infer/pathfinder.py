"""Pathfinder: normal laws along the way uphill, of which the one nearest to the posterior is kept.

A climb by the method of Broyden, Fletcher, Goldfarb and Shanno with limited memory learns of the curvature as it goes. At each
of its steps l that gives a normal law, whose distance to the posterior is told by its evidence lower bound,

    u ~ Normal(u_l + Σ_l ∇ log p(u_l), Σ_l),    ELBO_l = E[log p(u, data) - log q_l(u)]

where Σ_l is a diagonal plus a matrix of low rank. The best law need not be the last: where the density has no mode, as in a
funnel, it lies on the way. Several paths from random positions give a mixture, whose draws are weighted.

Zhang, Carpenter, Gelman & Vehtari 2022, Pathfinder: Parallel quasi-Newton variational inference, J. Mach. Learn. Res. 23(306),
1-49, algorithms 1 to 4. Here the weights are those of the whole mixture, where the paper's are of each draw's own path (Owen &
Zhou 2000).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp

from uqdsl.infer.modes import Modes, dips, listed, log_evidence, normalised, widening, wrong_shares
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.start import dispersed
from uqdsl.vocabulary.methods.local import PathfinderOptions

_MEMORY = 6
"""Steps of which the curvature is remembered."""
_TRIALS = 10
"""Draws that the evidence lower bound of each step is estimated from."""
_MOST_STEPS = 200
_CHUNK = 20
_SETTLED = 1e-6
"""A climb has ended when a step raises the log density by less, for each of three in a row."""
_PATIENCE = 3
_SHORTEST, _ENOUGH = 1e-8, 1e-4
"""Of a search along a line: the least part of the way, and the part of the promised rise that it has to bring."""
_NEGLIGIBLE = 7.0
"""By how much the evidence lower bound of another place may be less, and that place yet matter."""
_TOLD = 2000
"""Draws whose modes are looked at."""


class Law(NamedTuple):
    """A normal law whose covariance is D (I + Q (L Lᵀ - I) Qᵀ) D, with D diagonal and few columns in Q.

    - mean, scale: `(size,)`; D is of the scale.
    - basis: Q, `(size, rank)`, orthonormal.
    - inner: L, `(rank, rank)`, lower triangular.
    """

    mean: jax.Array
    scale: jax.Array
    basis: jax.Array
    inner: jax.Array

    def place(self, noise: jax.Array) -> jax.Array:
        """The draw that standard normal numbers `(size,)` give."""
        inside = self.basis.T @ noise
        return self.mean + self.scale * (noise + self.basis @ (self.inner @ inside - inside))

    def noise(self, position: jax.Array) -> jax.Array:
        """The standard normal numbers that give a draw."""
        scaled = (position - self.mean) / self.scale
        inside = self.basis.T @ scaled
        return scaled + self.basis @ (solve_triangular(self.inner, inside, lower=True) - inside)

    def log_density(self, position: jax.Array) -> jax.Array:
        """Log density at a position."""
        return self.log_density_at(self.noise(position))

    def log_density_at(self, noise: jax.Array) -> jax.Array:
        """Log density of the draw that standard normal numbers give."""
        return -(noise @ noise + noise.size * jnp.log(2 * jnp.pi)) / 2 - self.log_volume

    @property
    def log_volume(self) -> jax.Array:
        """By how much a draw is stretched against the numbers that give it."""
        return jnp.sum(jnp.log(self.scale)) + jnp.sum(jnp.log(jnp.diag(self.inner)))

    @property
    def sd(self) -> jax.Array:
        """Standard deviations, `(size,)`."""
        more = self.basis @ self.inner
        return self.scale * jnp.sqrt(1 - jnp.sum(self.basis**2, axis=1) + jnp.sum(more**2, axis=1))


class _Climb(NamedTuple):
    """Where a path is.

    - position, value, slope: there.
    - uphill: where to go from there, `(size,)`.
    - diagonal: of the inverse curvature as it was learned, `(size,)`.
    - steps, bends: the last changes of position, and of slope with its sign turned, `(memory, size)`; the latest comes last.
    - best, elbo: the best law so far.
    - step: how many there were.
    - still: how many in a row have changed little.
    """

    position: jax.Array
    value: jax.Array
    slope: jax.Array
    uphill: jax.Array
    diagonal: jax.Array
    steps: jax.Array
    bends: jax.Array
    best: Law
    elbo: jax.Array
    step: jax.Array
    still: jax.Array


def run(posterior: Posterior, options: PathfinderOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the mixture of the best law of each of several paths."""
    climb_key, draw_key, mass_key = jax.random.split(key, 3)
    paths = find_paths(posterior, climb_key, options.paths, watch)
    places = places_of(posterior, paths)
    # Scouts are heard of where no path came to.
    kept = paths.found & (np.arange(len(paths.found)) < options.paths)
    kept[places.first] |= ~np.isin(np.arange(len(places.first)), places.of[kept])
    positions, log_approximation = _mixed(paths.laws, kept, draw_key, options.draws)
    densities = jax.jit(lambda posterior, each: jax.lax.map(posterior.log_density, each, batch_size=256))
    ratios = np.asarray(densities(posterior, positions) - log_approximation)
    finite = np.isfinite(ratios)
    modes = modes_missed(posterior, paths, places, positions, mass_key)
    diagnostics: dict[str, float | int | bool | str] = {
        "paths": len(paths.found),
        "paths_without_law": int((~paths.found).sum()),
        **modes.diagnostics,
        "elbo": float(np.mean(ratios[finite])) if finite.any() else -np.inf,
        "steps": int(paths.steps.sum()),
        "trials_per_step": _TRIALS,
        "draws_without_density": int((~finite).sum()),
    }
    # Weights of a mixture tell how much each mode counts; only what paths did not reach stays unknown.
    weighted = options.correction != "none"
    notes = modes.notes
    if weighted and len(places.first) > 1:
        right = modes.diagnostics["evidence_of_modes"]
        notes = (f"paths ended in {len(places.first)} modes, which have about {right} of the posterior",)
    return Draws(
        positions,
        log_approximation=log_approximation,
        diagnostics=diagnostics,
        reasons=() if weighted else modes.reasons,
        notes=notes,
    )


class Paths(NamedTuple):
    """What several paths found, `(path, …)`: the best law of each, its evidence lower bound, whether it is one, how many steps
    there were, and where they ended."""

    laws: Law
    elbo: np.ndarray
    found: np.ndarray
    steps: np.ndarray
    ends: jax.Array

    @property
    def best(self) -> Law:
        """The law with the greatest bound."""
        best = int(np.argmax(self.elbo))
        return jax.tree.map(lambda each: each[best], self.laws)


def find_paths(posterior: Posterior, key: jax.Array, count: int, watch: Watch) -> Paths:
    """The best law of each of `count` paths, and of scouts behind these.

    Raises:
        FloatingPointError: where none has a law whose draws have a finite density.
    """
    start_key, key = jax.random.split(key)
    starts = dispersed(posterior, start_key, count)
    keys = jax.random.split(key, len(starts))
    states = _begin_all(posterior, starts)
    for until in range(_CHUNK, _MOST_STEPS + _CHUNK, _CHUNK):
        states = _advance_all(posterior, keys, states)
        done = np.asarray(states.still >= _PATIENCE)
        watch(until, _MOST_STEPS, elbo=float(np.max(states.elbo)))
        if done.all():
            break
    elbo = np.asarray(states.elbo)
    found = np.isfinite(elbo)
    if not found.any():
        raise FloatingPointError("no path came to a law of finite density")
    return Paths(states.best, np.where(found, elbo, -np.inf), found, np.asarray(states.step), states.position)


class Places(NamedTuple):
    """Where paths ended that matter.

    - of: the number of the place of each path, -1 of one that does not matter, `(path,)`.
    - first: the path with the greatest bound of each place, the best place first.
    """

    of: np.ndarray
    first: np.ndarray


def places_of(posterior: Posterior, paths: Paths) -> Places:
    """The modes in which paths ended: between two of them the density dips."""
    matter = paths.found & (paths.elbo > paths.elbo.max() - _NEGLIGIBLE)
    order = np.flatnonzero(matter)[np.argsort(-paths.elbo[matter], kind="stable")]
    of = np.where(matter, 0, -1)
    if posterior.target.weights:
        return Places(of, order[:1])
    apart, first = np.asarray(_dips(posterior, paths.ends[order])), list[int]()
    for at in range(len(order)):
        known = [place for place, best in enumerate(first) if not apart[at, best]]
        of[order[at]] = known[0] if known else len(first)
        first += [] if known else [at]
    return Places(of, order[first])


@jax.jit
def _dips(posterior: Posterior, positions: jax.Array) -> jax.Array:
    return dips(posterior.log_density, positions)


def modes_missed(posterior: Posterior, paths: Paths, places: Places, positions: jax.Array, key: jax.Array) -> Modes:
    """Compare the shares of draws `(count, size)` in the modes in which paths ended with the modes' evidence.

    That is estimated by importance draws of the best law of each place, made somewhat wider.
    """
    elsewhere = int((places.of > 0).sum())
    told: dict[str, float | int | bool | str] = {"paths_elsewhere": elsewhere, "modes": len(places.first)}
    if len(places.first) == 1:
        return Modes(told)
    laws = jax.tree.map(lambda each: each[places.first], paths.laws)
    log_masses, shares = _masses(posterior, laws, positions[:_TOLD], key)
    right, shares = normalised(log_masses), np.asarray(shares)
    told |= {"shares_of_modes": listed(shares), "evidence_of_modes": listed(right)}
    said = (
        f"the draws lie in {len(right)} modes with the shares {listed(shares)}, of which the posterior has "
        f"about {listed(right)}"
    )
    if wrong_shares(shares, right, len(positions)):
        return Modes(told, (f"{said}; take a method for several modes, such as `smc`",))
    return Modes(told, notes=(said,))


@jax.jit
def _masses(posterior: Posterior, laws: Law, positions: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The log evidence of the mode of each law, `(k,)`, and the share of draws that belong to it."""
    count, size = laws.mean.shape
    wider = laws._replace(scale=laws.scale * widening(size))

    def log_joint(wider: Law, position: jax.Array) -> jax.Array:
        return jax.vmap(Law.log_density, (0, None))(wider, position) - jnp.log(count)

    noise = jax.random.normal(key, (count, _TOLD // 4, size))
    states = jax.vmap(lambda law, own: jax.vmap(law.place)(own))(wider, noise).reshape(-1, size)
    masses = log_evidence(posterior.log_density, lambda each: log_joint(wider, each), states)
    of_draws = jax.lax.map(lambda each: jax.nn.softmax(masses + log_joint(laws, each)), positions, batch_size=256)
    return masses, jnp.mean(of_draws, axis=0)


def _mixed(laws: Law, found: np.ndarray, key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Draws `(count, size)` of the laws in equal shares, and their log density in the mixture."""
    kept = jax.tree.map(lambda each: each[np.flatnonzero(found)], laws)
    number = int(found.sum())

    @jax.jit
    def mixed(kept: Law) -> tuple[jax.Array, jax.Array]:
        own = jax.tree.map(lambda each: each[jnp.arange(count) % number], kept)
        noise = jax.random.normal(key, (count, kept.mean.shape[1]))
        positions = jax.vmap(Law.place)(own, noise)
        densities = jax.lax.map(
            lambda each: jax.vmap(Law.log_density, (0, None))(kept, each), positions, batch_size=256
        )
        return positions, logsumexp(densities, axis=1) - jnp.log(number)

    return mixed(kept)


def _begin(posterior: Posterior, position: jax.Array) -> _Climb:
    value, slope = jax.value_and_grad(posterior.log_density)(position)
    size, rank = position.size, min(2 * _MEMORY, position.size)
    none = jnp.zeros((_MEMORY, size))
    nowhere = Law(position, jnp.ones(size), jnp.eye(size, rank), jnp.eye(rank))
    zero = jnp.asarray(0)
    uphill = slope / jnp.maximum(jnp.linalg.norm(slope), 1.0)
    return _Climb(
        position, value, slope, uphill, jnp.ones(size), none, none, nowhere, jnp.asarray(-jnp.inf), zero, zero
    )


def _advance(posterior: Posterior, key: jax.Array, state: _Climb) -> _Climb:
    """Up to a chunk of steps."""

    def going(pair: tuple[jax.Array, _Climb]) -> jax.Array:
        done, state = pair
        return (done < _CHUNK) & (state.still < _PATIENCE)

    def another(pair: tuple[jax.Array, _Climb]) -> tuple[jax.Array, _Climb]:
        done, state = pair
        return done + 1, _step(posterior, jax.random.fold_in(key, state.step), state)

    return jax.lax.while_loop(going, another, (jnp.asarray(0), state))[1]


_begin_all = jax.jit(jax.vmap(_begin, (None, 0)))
_advance_all = jax.jit(jax.vmap(_advance, (None, 0, 0)))


def _step(posterior: Posterior, key: jax.Array, state: _Climb) -> _Climb:
    """One step uphill, and the law that it gives."""
    position = state.position + _length(posterior, state) * state.uphill
    value, slope = jax.value_and_grad(posterior.log_density)(position)
    better = jnp.isfinite(value) & jnp.all(jnp.isfinite(slope)) & (value > state.value)
    little = ~better | (value - state.value < _SETTLED)
    moved, bent = position - state.position, state.slope - slope
    curved = better & (moved @ bent > 1e-12 * (bent @ bent))
    diagonal = jnp.where(curved, _diagonal(state.diagonal, moved, bent), state.diagonal)
    steps = jnp.where(curved, jnp.concatenate([state.steps[1:], moved[None]]), state.steps)
    bends = jnp.where(curved, jnp.concatenate([state.bends[1:], bent[None]]), state.bends)
    law = _law(position, slope, diagonal, steps, bends)
    noise = jax.random.normal(key, (_TRIALS, position.size))
    densities = jax.vmap(posterior.log_density)(jax.vmap(law.place)(noise))
    elbo = jnp.mean(densities - jax.vmap(law.log_density_at)(noise))
    nearer = better & (elbo > state.elbo)
    best = jax.tree.map(lambda new, old: jnp.where(nearer, new, old), law, state.best)
    # Where the law is of no use, it goes on along the slope alone.
    newton = law.mean - position
    rises = jnp.all(jnp.isfinite(newton)) & (newton @ slope > 0)
    uphill = jnp.where(rises, newton, diagonal * slope)
    here = jax.tree.map(
        lambda new, old: jnp.where(better, new, old),
        (position, value, slope),
        (state.position, state.value, state.slope),
    )
    # From where a whole step of Newton's did not help, one along the slope may.
    uphill = jnp.where(better, uphill, state.diagonal * state.slope)
    still = jnp.where(little, state.still + 1, 0)
    elbo = jnp.where(nearer, elbo, state.elbo)
    position, value, slope = here
    return _Climb(position, value, slope, uphill, diagonal, steps, bends, best, elbo, state.step + 1, still)


def _length(posterior: Posterior, state: _Climb) -> jax.Array:
    """How far to go uphill: all the way, or halved until the density rises enough (Armijo's rule)."""
    promised = state.slope @ state.uphill

    def tried(length: jax.Array) -> tuple[jax.Array, jax.Array]:
        risen = posterior.log_density(state.position + length * state.uphill) - state.value
        return length, (risen >= _ENOUGH * length * promised) | (length < _SHORTEST)

    # What ends the loop is carried, not computed anew: side by side, what is computed twice may be rounded in two ways.
    return jax.lax.while_loop(lambda each: ~each[1], lambda each: tried(each[0] / 2), tried(jnp.asarray(1.0)))[0]


def _diagonal(diagonal: jax.Array, moved: jax.Array, bent: jax.Array) -> jax.Array:
    """The diagonal of the inverse curvature after a step (Gilbert & Lemaréchal 1989; algorithm 3 of the paper)."""
    a, b, c = bent @ (diagonal * bent), bent @ moved, moved @ (moved / diagonal)
    found = 1 / (a / (b * diagonal) + bent**2 / b - a * moved**2 / (b * c * diagonal**2))
    return jnp.where(jnp.isfinite(found) & (found > 0), found, diagonal)


def _law(position: jax.Array, slope: jax.Array, diagonal: jax.Array, steps: jax.Array, bends: jax.Array) -> Law:
    """The normal law at a step: diag(α) + β γ βᵀ as covariance, its mean a step of Newton's away (algorithms 3 and 4)."""
    products = steps @ bends.T
    empty = jnp.diag(products) == 0
    upper = jnp.triu(products) + jnp.diag(jnp.where(empty, 1.0, 0.0))
    beta = jnp.concatenate([diagonal * bends, steps]).T
    inverse = solve_triangular(upper, jnp.eye(_MEMORY))
    middle = jnp.diag(jnp.diag(upper)) + bends @ (diagonal[:, None] * bends.T)
    gamma = jnp.block([[jnp.zeros((_MEMORY, _MEMORY)), -inverse], [-inverse.T, inverse.T @ middle @ inverse]])
    scale = jnp.sqrt(diagonal)
    basis, factor = jnp.linalg.qr(beta / scale[:, None])
    inner = jnp.linalg.cholesky(jnp.eye(factor.shape[0]) + factor @ gamma @ factor.T)
    mean = position + diagonal * slope + beta @ (gamma @ (beta.T @ slope))
    return Law(mean, scale, basis, inner)
