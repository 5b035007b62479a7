"""Variational inference: of a family of laws, called guides, the one that is nearest to the posterior.

    elbo        max over q of E_q[log p(u, data) - log q(u)]: keeps inside the posterior
    forward_kl  min over q of E_p[log p(u) - log q(u)]: covers the posterior
    renyi       max over q of log E_q[(p(u, data) / q(u))^(1 - α)] / (1 - α): between the two

on the unconstrained scale. The expectations are of a few draws u = place(noise) at each step. The slope of the first leaves
out the score of q, whose mean is zero, so that it has no noise left where q is the posterior (Roeder, Wu & Duvenaud 2017). The
second weighs the draws of q by p/q; with few draws it and the third are biased towards the first.

The step is kept until the iterates stand still, which is seen from R-hat of their halves and from what is raised, and then
divided by four; the
iterates of the last window are averaged, where that is better than the last of them. It ends when that is no longer better
than what the longer steps gave, by the same draws (Dhaka et al. 2020; Agrawal, Sheldon & Domke 2020; Welandawe et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.lax import stop_gradient
from jax.scipy.special import logsumexp

from uqdsl.infer.pathfinder import Law, find_paths, modes_missed, places_of
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.local import NaturalOptions, NormalOptions, VariationalOptions

_CHUNK = 100
"""Steps between looks at the iterates."""
_WINDOW = 4
"""Chunks that are looked at: two halves of two."""
_DIVISOR = 4.0
_MOST_STAGES = 6
_R_HAT = 1.1
_STANDING = 0.02
"""Standard deviations of the guide by which the halves of a window may differ in any case."""
_GAINED = 0.01
"""By how much a stage has to raise the bound for another to follow."""
_FIXED_NOISE = 32
"""Draws by which it is seen whether the guide stands still."""
_JUDGES = 256
"""Draws by which one guide is told to be better than another."""
_MOST_SKIPPED = 0.1
_MOST_DENSE = 512
_FAR = 30.0
"""Standard deviations as far as which a Gaussian prior is one."""

type Parameters = Any


class Guide(NamedTuple):
    """A family of laws.

    - first: the parameters to begin with.
    - place: from parameters and standard normal numbers `(rank,)` to a draw `(size,)`.
    - log_density: of parameters at a position.
    - rank: how many standard normal numbers a draw takes.
    - natural: from parameters and a slope by them to the natural direction; None if not known.
    - normal: of parameters, the mean `(size,)`, a factor `(size, rank)` of the covariance and the log of its volume; None if
      the laws are not normal.
    """

    first: Parameters
    place: Callable[[Parameters, jax.Array], jax.Array]
    log_density: Callable[[Parameters, jax.Array], jax.Array]
    rank: int
    natural: Callable[[Parameters, Parameters], Parameters] | None = None
    normal: Callable[[Parameters], tuple[jax.Array, jax.Array, jax.Array]] | None = None


def fit(
    posterior: Posterior,
    options: VariationalOptions,
    key: jax.Array,
    watch: Watch,
    make: Callable[[Law, jax.Array], Guide],
) -> Draws:
    """Draws of the guide that is nearest to the posterior; `make` makes its family from the law that it begins with."""
    start_key, guide_key, step_key, draw_key, mass_key = jax.random.split(key, 5)
    paths = find_paths(posterior, start_key, options.starts, lambda *_, **numbers: watch(0, options.steps, **numbers))
    guide = make(paths.best, guide_key)
    curvature, notes = _closed_form(posterior, options, paths.best, start_key)
    trained = _train(posterior, options, guide, curvature, step_key, watch)
    positions, log_approximation, ratios = _evaluate(posterior, guide, trained.parameters, draw_key, options.draws)
    finite = np.isfinite(ratios)
    modes = modes_missed(posterior, paths, places_of(posterior, paths), positions, mass_key)
    reasons, notes = modes.reasons, (*notes, *modes.notes)
    if not trained.converged:
        reasons = (
            (
                f"the guide had not come to rest after {trained.steps} steps; take more `steps`, or another `learning_rate`"
            ),
            *reasons,
        )
    skipped = f"{trained.skipped} of {trained.steps} steps had no finite slope and were left out"
    if trained.skipped > _MOST_SKIPPED * trained.steps:
        reasons += (f"{skipped}; a Markov chain, such as `nuts`, stays where there is a density",)
    elif trained.skipped:
        notes += (skipped,)
    return Draws(
        positions,
        log_approximation=log_approximation,
        diagnostics={
            "elbo": float(np.mean(ratios[finite])) if finite.any() else -np.inf,
            "elbo_error": float(np.std(ratios[finite]) / np.sqrt(max(1, finite.sum()))),
            "steps": trained.steps,
            "steps_skipped": trained.skipped,
            "converged": trained.converged,
            "r_hat_of_iterates": trained.r_hat,
            "last_learning_rate": trained.rate,
            "samples_per_step": options.samples,
            **modes.diagnostics,
            "draws_without_density": int((~finite).sum()),
        },
        reasons=reasons,
        notes=notes,
        history={"elbo": np.array(trained.history)},
    )


class _Trained(NamedTuple):
    parameters: Parameters
    converged: bool
    r_hat: float
    rate: float
    steps: int
    skipped: int
    history: list[float]


class _Chunk(NamedTuple):
    """Some steps.

    - mean: of their parameters.
    - goals: what is raised, at each step, `(step,)`.
    - moments: means and standard deviations of the guide, `(step, 2, size)`.
    """

    mean: Parameters
    goals: np.ndarray
    moments: np.ndarray


def _train(
    posterior: Posterior,
    options: VariationalOptions,
    guide: Guide,
    curvature: jax.Array | None,
    key: jax.Array,
    watch: Watch,
) -> _Trained:
    natural = guide.natural if isinstance(options, NaturalOptions) and options.optimizer == "natural" else None
    adam = optax.scale_by_adam()
    loss = _loss(options, guide, curvature)
    key, judge_key, eye_key = jax.random.split(key, 3)
    eyes = jax.random.normal(eye_key, (_FIXED_NOISE, guide.rank))
    judges = jax.random.normal(judge_key, (_JUDGES, guide.rank))

    @jax.jit
    def goodness(posterior: Posterior, parameters: Parameters) -> jax.Array:
        return jnp.nan_to_num(-loss(parameters, posterior, judges)[0], nan=-jnp.inf)

    def step(state: tuple[Parameters, Any], given: tuple[Posterior, jax.Array, jax.Array]) -> tuple[Any, Any]:
        (parameters, memory), (posterior, rate, own) = state, given
        noise = jax.random.normal(own, (options.samples, guide.rank))
        (value, elbo), slope = jax.value_and_grad(loss, has_aux=True)(parameters, posterior, noise)
        finite = jnp.all(jnp.array([jnp.all(jnp.isfinite(each)) for each in jax.tree.leaves(slope)]))
        slope = jax.tree.map(lambda each: jnp.where(finite, each, 0.0), slope)
        if natural is None:
            direction, memory = adam.update(slope, memory)
        else:
            direction = natural(parameters, slope)
        parameters = jax.tree.map(
            lambda each, change: each - rate * jnp.where(finite, change, 0.0), parameters, direction
        )
        seen = jax.vmap(guide.place, (None, 0))(parameters, eyes)
        moments = jnp.stack([jnp.mean(seen, axis=0), jnp.std(seen, axis=0)])
        return (parameters, memory), (elbo, -value, moments, ~finite, parameters)

    @jax.jit
    def chunk(posterior: Posterior, state: tuple[Parameters, Any], rate: jax.Array, key: jax.Array) -> Any:
        keys = jax.random.split(key, _CHUNK)

        def one(carry: Any, own: jax.Array) -> tuple[Any, Any]:
            (state, total), own_key = carry, own
            state, (*seen, parameters) = step(state, (posterior, rate, own_key))
            return (state, jax.tree.map(jnp.add, total, parameters)), seen

        zero = jax.tree.map(jnp.zeros_like, state[0])
        (state, total), (elbo, goals, moments, skipped) = jax.lax.scan(one, (state, zero), keys)
        mean = jax.tree.map(lambda each: each / _CHUNK, total)
        return state, mean, jnp.mean(elbo), goals, moments, jnp.sum(skipped)

    state = (guide.first, adam.init(guide.first))
    rate, stage, steps, skipped = options.learning_rate, 0, 0, 0
    history: list[float] = []
    window: list[_Chunk] = []
    r_hat, converged, kept, bound = np.inf, False, guide.first, float(goodness(posterior, guide.first))
    while steps + _CHUNK <= options.steps:
        state, mean, elbo, goals, moments, missed = chunk(
            posterior, state, jnp.asarray(rate), jax.random.fold_in(key, steps)
        )
        steps, skipped = steps + _CHUNK, skipped + int(missed)
        history.append(float(elbo))
        window = [*window, _Chunk(mean, np.asarray(goals), np.asarray(moments))][-_WINDOW:]
        watch(steps, options.steps, elbo=float(elbo))
        if len(window) < _WINDOW:
            continue
        r_hat = _r_hat(window)
        if r_hat > _R_HAT or _rises(window):
            continue
        # Where the slope has no noise left, the last iterate is the better one.
        found, best = max(
            ((float(goodness(posterior, each)), each) for each in (_average(window), state[0])),
            key=lambda each: each[0],
        )
        settled = stage > 0 and found < bound + _GAINED
        if found > bound:
            bound, kept = found, best
        window, stage = [], stage + 1
        if settled or stage == _MOST_STAGES:
            converged = bool(np.isfinite(bound))
            break
        rate, state = rate / _DIVISOR, (kept, state[1])
    if not converged and window:
        kept = max((kept, _average(window)), key=lambda each: float(goodness(posterior, each)))
    return _Trained(kept, converged, float(r_hat), rate, steps, skipped, history)


def _average(window: list[_Chunk]) -> Parameters:
    """The mean of the iterates of a window."""
    return jax.tree.map(lambda *each: sum(each) / len(window), *(each.mean for each in window))


def _rises(window: list[_Chunk]) -> bool:
    """Whether what is raised is larger in the second half of a window, by more than its noise."""
    half = len(window) // 2
    first, second = (np.concatenate([each.goals for each in part]) for part in (window[:half], window[half:]))
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    if not len(first) or not len(second):
        return False
    noise = np.sqrt(np.var(first) / len(first) + np.var(second) / len(second))
    return bool(np.mean(second) - np.mean(first) > max(_GAINED, 2 * noise))


def _r_hat(window: list[_Chunk]) -> float:
    """The largest R-hat of what the two halves of a window say of the guide; 1 where they hardly differ."""
    half = len(window) // 2
    first, second = (np.concatenate([each.moments for each in part]) for part in (window[:half], window[half:]))
    scale = second[-1, 1]
    apart = (second.mean(axis=0) - first.mean(axis=0)) / scale
    within = (first.var(axis=0) + second.var(axis=0)) / 2 / scale**2
    with np.errstate(divide="ignore", invalid="ignore"):
        r_hat = np.sqrt(1 + apart**2 / 4 / within)
    return float(np.max(np.where(np.abs(apart) < _STANDING, 1.0, r_hat), initial=1.0))


def _loss(options: VariationalOptions, guide: Guide, curvature: jax.Array | None) -> Callable[..., Any]:
    """What is made small, and the evidence lower bound beside it: of parameters, a posterior and noise `(sample, rank)`."""
    place, log_density = jax.vmap(guide.place, (None, 0)), jax.vmap(guide.log_density, (None, 0))

    def elbo(parameters: Parameters, posterior: Posterior, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        drawn = place(parameters, noise)
        ratios = jax.vmap(posterior.log_density)(drawn) - log_density(stop_gradient(parameters), drawn)
        return -jnp.mean(ratios), jnp.mean(ratios)

    def closed(parameters: Parameters, posterior: Posterior, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        assert guide.normal is not None
        assert curvature is not None
        mean, factor, log_volume = guide.normal(parameters)
        prior = posterior.log_prior(mean) - jnp.sum(factor * (curvature @ factor)) / 2
        entropy = log_volume + mean.size / 2 * jnp.log(2 * jnp.pi * jnp.e)
        bound = jnp.mean(jax.vmap(posterior.log_likelihood)(place(parameters, noise))) + prior + entropy
        return -bound, bound

    def forward_kl(parameters: Parameters, posterior: Posterior, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        drawn = stop_gradient(place(parameters, noise))
        densities = log_density(parameters, drawn)
        ratios = jax.vmap(posterior.log_density)(drawn) - stop_gradient(densities)
        return -jnp.sum(jax.nn.softmax(ratios) * densities), jnp.mean(ratios)

    def renyi(parameters: Parameters, posterior: Posterior, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        drawn = place(parameters, noise)
        ratios = jax.vmap(posterior.log_density)(drawn) - log_density(parameters, drawn)
        power = 1 - options.alpha
        return -(logsumexp(power * ratios) - jnp.log(len(noise))) / power, jnp.mean(ratios)

    if options.loss == "elbo":
        return elbo if curvature is None else closed
    return forward_kl if options.loss == "forward_kl" else renyi


def _closed_form(
    posterior: Posterior, options: VariationalOptions, law: Law, key: jax.Array
) -> tuple[jax.Array | None, tuple[str, ...]]:
    """The precision of the prior, where the distance to it is wanted in closed form and has one; else why not."""
    if not isinstance(options, NormalOptions) or options.prior_kl == "sampled":
        return None, ()
    if options.loss != "elbo":
        return None, (f"`loss = {options.loss}` has no part of the prior, so that `prior_kl = closed` was left out",)
    if posterior.size > _MOST_DENSE:
        return None, (f"there are more than {_MOST_DENSE} unknowns, so that `prior_kl = closed` was done by draws",)
    precision = _prior_precision(posterior, law, key)
    if precision is None:
        return None, ("the prior is not Gaussian, so that `prior_kl = closed` was done by draws",)
    return precision, ()


def _prior_precision(posterior: Posterior, law: Law, key: jax.Array) -> jax.Array | None:
    """The precision of a prior that is Gaussian on the unconstrained scale: quadratic, as far as the guide may reach."""
    far = jnp.concatenate([reach * jax.random.normal(key, (8, posterior.size)) for reach in (1.0, _FAR)])

    @jax.jit
    def compared(posterior: Posterior, law: Law) -> tuple[jax.Array, jax.Array, jax.Array]:
        value, slope = jax.value_and_grad(posterior.log_prior)(law.mean)
        precision = -jax.hessian(posterior.log_prior)(law.mean)
        away = far * law.sd
        parts = jnp.stack([away @ slope, -jnp.sum(away * (away @ precision), axis=1) / 2])
        return precision, jax.vmap(posterior.log_prior)(law.mean + away) - value - parts.sum(0), jnp.abs(parts).sum(0)

    precision, error, size = compared(posterior, law)
    return precision if bool(jnp.all(jnp.abs(error) < 1e-8 * (1 + size))) else None


def _evaluate(
    posterior: Posterior, guide: Guide, parameters: Parameters, key: jax.Array, count: int
) -> tuple[jax.Array, jax.Array, np.ndarray]:
    """Draws `(count, size)` of a guide, their log density in it, and that of the posterior over it."""
    noise = jax.random.normal(key, (count, guide.rank))

    @jax.jit
    def drawn(posterior: Posterior, parameters: Parameters, noise: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def one(each: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            position = guide.place(parameters, each)
            density = guide.log_density(parameters, position)
            return position, density, posterior.log_density(position) - density

        return jax.lax.map(one, noise, batch_size=256)

    positions, density, ratios = drawn(posterior, parameters, noise)
    return positions, density, np.asarray(ratios)
