"""Diffusion: noise is turned into draws of the posterior, with the score of a Gaussian mixture prior in closed form.

A state is noised as `x^t = a x^0 + s z`, `a^2 + s^2 = 1`. Backwards, from noise alone to a log ratio of signal to noise
`log(a / s)` at which nothing is left of it, a step of length h in that ratio is

    x' = (s' / s) exp(-h) x + a' (1 - exp(-2 h)) D~ + s' sqrt(1 - exp(-2 h)) z,   D~ = 3/2 D_y - 1/2 (D_y before)

exact for a constant `D_y(x, t) = E[x^0 | x^t, y]`, and of second order as it stands. How `D_y` is found is the `closure`:
see `uqdsl.infer.closures`. Everything is in units of the prior's means and standard deviations.

Reference:
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon & Poole 2021, Score-based generative modeling through stochastic differential
    equations, Int. Conf. Learn. Represent. (reversal); Lu, Zhou, Bao, Chen, Li & Zhu 2022, DPM-Solver++, arXiv:2211.01095 (the
    second-order step); van Leeuwen, Leveraging Data-Assimilation ideas and tools in Machine Learning (conditioning through
    p(x^0 | x^t)).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.closures import CLOSURES, Evidence, conditioned, noised
from uqdsl.infer.mixture import Mixture
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.prior_mixture import Kind, Prior, evidence_of, kind_of_data, prior_of
from uqdsl.messages import RunError
from uqdsl.messages.catalogue.methods import WrongOption
from uqdsl.vocabulary.methods.transports import DiffusionOptions

START = -4.0
END = 6.5
"""Log ratios of signal to noise between which the steps lie."""
_FARTHEST = 14.0
_FINE = 0.1
_CHUNK = 6
_COMPARED = 1000


class Path(NamedTuple):
    """Where particles are: states `(N, d)`, `D_y` there and before, and the log ratio of signal to noise."""

    x: jax.Array
    denoised: jax.Array
    before: jax.Array
    log_snr: jax.Array


class Step(NamedTuple):
    """What is told of a step: the force of the data over the pull of the prior, the draws' worth, the share not finite."""

    balance: jax.Array
    effective_draws: jax.Array
    lost: jax.Array


def analyse(
    mixture: Mixture,
    evidence: Evidence,
    key: jax.Array,
    particles: int,
    *,
    closure: str = "component",
    draws: int = 64,
    steps: int = 30,
) -> jax.Array:
    """Draws of `mixture x likelihood`, `(particles, d)`: the whole diffusion as one function that JAX can trace.

    Arguments:
        mixture: the prior of states whose draws have about mean 0 and variance 1.
        evidence: what the data say of a state.
        closure: one of `uqdsl.infer.closures.CLOSURES`.
        draws: of each component, where the closure needs some.
    """
    of_start, of_steps = jax.random.split(key)
    path = start(mixture, evidence, of_start, particles, closure=closure, draws=draws)
    length = (END - START) / steps
    keys = jax.random.split(of_steps, steps)
    path, _ = jax.lax.scan(
        lambda path, key: advance(mixture, evidence, path, key, length, closure=closure, draws=draws), path, keys
    )
    return path.denoised


def start(mixture: Mixture, evidence: Evidence, key: jax.Array, particles: int, *, closure: str, draws: int) -> Path:
    """Particles of pure noise."""
    of_noise, of_closure = jax.random.split(key)
    x = jax.random.normal(of_noise, (particles, mixture.means.shape[1]))
    log_snr = jnp.asarray(START)
    first = CLOSURES[closure](noised(mixture, x, log_snr), evidence, of_closure, draws).mean
    return Path(x, first, first, log_snr)


def advance(
    mixture: Mixture,
    evidence: Evidence,
    path: Path,
    key: jax.Array,
    length: jax.Array | float,
    *,
    closure: str,
    draws: int,
) -> tuple[Path, Step]:
    """A step towards less noise."""
    of_noise, of_closure = jax.random.split(key)
    log_snr = path.log_snr + length
    a, s = jnp.sqrt(jax.nn.sigmoid(2 * log_snr)), jnp.sqrt(jax.nn.sigmoid(-2 * log_snr))
    before = jnp.sqrt(jax.nn.sigmoid(-2 * path.log_snr))
    fresh = -jnp.expm1(-2 * length)
    target = 1.5 * path.denoised - 0.5 * path.before
    noise = jax.random.normal(of_noise, path.x.shape)
    x = s / before * jnp.exp(-length) * path.x + a * fresh * target + s * jnp.sqrt(fresh) * noise
    given = noised(mixture, x, log_snr)
    found = CLOSURES[closure](given, evidence, of_closure, draws)
    forced = jnp.sqrt(jnp.mean((found.mean - given.denoised) ** 2))
    pulled = jnp.sqrt(jnp.mean((given.denoised - x) ** 2))
    lost = jnp.mean(~jnp.all(jnp.isfinite(found.mean), axis=-1))
    return Path(x, found.mean, path.denoised, log_snr), Step(forced / pulled, found.effective_draws, lost)


@partial(jax.jit, static_argnames=("kind", "closure", "particles", "draws"))
def _begin(
    posterior: Posterior, prior: Prior, key: jax.Array, *, kind: Kind, closure: str, particles: int, draws: int
) -> Path:
    evidence = evidence_of(posterior, prior, kind)
    return start(prior.mixture, evidence, key, particles, closure=closure, draws=draws)


@partial(jax.jit, static_argnames=("kind", "closure", "draws"))
def _advance(
    posterior: Posterior,
    prior: Prior,
    path: Path,
    keys: jax.Array,
    length: float,
    *,
    kind: Kind,
    closure: str,
    draws: int,
) -> tuple[Path, Step]:
    evidence = evidence_of(posterior, prior, kind)
    step = partial(advance, prior.mixture, evidence, length=length, closure=closure, draws=draws)
    return jax.lax.scan(step, path, keys)


def run(posterior: Posterior, options: DiffusionOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the posterior from noise."""
    of_prior, of_start, of_steps, of_check = jax.random.split(key, 4)
    prior = prior_of(posterior, of_prior, options.prior_draws, fitted=options.mixture == "fitted")
    known, prior = prior, prior.plain
    kind = kind_of_data(posterior, prior)
    closure = _closure(options.closure, kind)
    path = _begin(
        posterior, prior, of_start, kind=kind, closure=closure, particles=options.particles, draws=options.closure_draws
    )
    length = (END - START) / options.steps
    told: list[Step] = []
    done, total = 0, options.steps
    while done < total:
        keys = jax.vmap(partial(jax.random.fold_in, of_steps))(jnp.arange(done, min(done + _CHUNK, total)))
        path, steps = _advance(
            posterior, prior, path, keys, length, kind=kind, closure=closure, draws=options.closure_draws
        )
        told.append(steps)
        done += len(keys)
        watch(done, total, log_snr=float(path.log_snr))
        if done == total and closure in _RESOLVING and path.log_snr < _FARTHEST and _unresolved(path) > _FINE:
            # The posterior is narrower than the noise that is left.
            total += _CHUNK
    history = {name: np.concatenate([getattr(each, name) for each in told]) for name in Step._fields}
    return _report(posterior, known, prior, kind, closure, path, history, of_check, options)


_RESOLVING = frozenset({"component", "newton", "importance", "joint_gaussian", "damped", "naive"})
"""Closures of which the law that they end in is smooth."""

_CONSISTENT = frozenset({"component", "newton", "importance"})
"""Closures that end in the posterior of the mixture."""

_BIASED = {
    "damped": (
        "`damped` follows the gradient of the likelihood at noised states, as the ensemble score filter does, and ends in no "
        "posterior; take `closure = component`, or `newton` where data are not Gaussian"
    ),
    "naive": (
        "`naive` follows the gradient of the likelihood at noised states and ends in no posterior; take `closure = component`, "
        "or `newton` where data are not Gaussian"
    ),
    "literal": (
        "`literal` is the force by a joint Gaussian as the lecture prints it, which diverges; take `closure = component`"
    ),
}


def _closure(wanted: str, kind: Kind) -> str:
    if wanted == "auto":
        return "component" if kind.gaussian else "newton"
    if wanted in ("component", "joint_gaussian") and not kind.gaussian:
        expected = "`newton` or `importance` where data are not Gaussian with a known scatter"
        raise RunError([WrongOption(method="diffusion", option="closure", expected=expected, found=f"`{wanted}`")])
    return wanted


@jax.jit
def _unresolved(path: Path) -> jax.Array:
    """How much of the noise that is left the denoiser removes in the worst direction: 0 where the posterior is much wider."""
    removed = (path.denoised - path.x) * jnp.exp(path.log_snr)
    return jnp.linalg.eigvalsh(removed.T @ removed / len(removed))[-1]


def _report(
    posterior: Posterior,
    known: Prior,
    prior: Prior,
    kind: Kind,
    closure: str,
    path: Path,
    history: dict[str, np.ndarray],
    key: jax.Array,
    options: DiffusionOptions,
) -> Draws:
    """The draws with what is to be told of them."""
    finite = np.asarray(jnp.all(jnp.isfinite(path.denoised), axis=-1))
    seen = _look(posterior, prior, path, key, kind=kind)
    lost, worth = float(history["lost"].max()), history["effective_draws"]
    exceeds = known.fit is not None and kind.gaussian and float(seen.innovation) > 3
    diagnostics = {
        **known.diagnostics,
        "closure": closure,
        "linear_data": kind.linear,
        "steps": len(worth),
        "closure_draws": options.closure_draws,
        "prior_weights": _shares(prior.mixture.weights),
        "posterior_weights": _shares(seen.weights),
        "prior_ess": float(seen.prior_ess),
        "forcing_balance": float(history["balance"][: len(worth) // 2].max()),
        "nearest_prior_draw": float(seen.nearest),
        "not_finite": int((~finite).sum()),
    }
    reasons: list[str] = []
    notes: list[str] = []
    if kind.gaussian:
        diagnostics["innovation"] = float(seen.innovation)
    if np.isfinite(worth).any():
        diagnostics["closure_ess"] = float(np.nanmin(worth))
    if lost > 0:
        reasons.append(
            f"{lost:.0%} of the particles were not finite at some step; take more `steps`, or another `closure`"
        )
    if closure in _BIASED:
        reasons.append(_BIASED[closure])
    if exceeds:
        reasons.append(
            f"the data lie {float(seen.innovation):.1f} standard deviations from what the nearest component of the fitted "
            "prior foretells (should be at most 3): the answer is an extrapolation of its tail; state the prior as Gaussian or "
            "as a mixture, or raise `prior_draws`"
        )
    if closure in _RESOLVING and not (left := float(_unresolved(path))) <= _FINE:
        reasons.append(
            f"the steps end before the posterior is resolved ({left:.0%} of the noise that is left is still removed, should be "
            f"at most {_FINE:.0%}): the spread is too small; reparameterise the unknowns that the data know best"
        )
    if closure == "importance" and not np.nanmin(worth) >= 5:
        reasons.append(
            f"the closure rests on {np.nanmin(worth):.1f} effective draws at some step (at least 5 are needed); raise "
            "`closure_draws`, or take `closure = component` or `newton`"
        )
    if closure == "particles" and not float(seen.prior_ess) >= 10:
        reasons.append(
            f"only {float(seen.prior_ess):.1f} draws of the prior have likelihood (should be at least 10), and `particles` "
            "cannot leave them; raise `prior_draws`, or take another `closure`"
        )
    if closure == "component" and not kind.linear:
        notes.append(
            "what is observed is no linear function of the unknowns, for which `component` is an approximation; "
            "`closure = importance` needs no such function, and tells how much that matters"
        )
    if closure == "joint_gaussian" and len(prior.mixture.weights) > 1:
        notes.append(
            "`joint_gaussian` takes state and data for one Gaussian: where modes overlap, their weights are off by about 0.1 "
            "with any number of particles"
        )
    # What the draws are of, but for what the closure and the steps leave out: the fitted mixture, given the data.
    corrects = known.fit is not None and known.density and closure in _CONSISTENT
    log_approximation = _log_approximation(posterior, prior, path.denoised) if corrects else None
    return Draws(
        positions=prior.position(path.denoised),
        log_approximation=log_approximation,
        diagnostics=diagnostics,
        reasons=tuple(reasons),
        notes=tuple(notes),
        history={"forcing_balance": history["balance"]},
    )


@jax.jit
def _log_approximation(posterior: Posterior, prior: Prior, states: jax.Array) -> jax.Array:
    def one(state: jax.Array) -> jax.Array:
        return prior.mixture.log_density(state) + posterior.log_likelihood(prior.position(state))

    return jax.vmap(one)(states)


def _shares(weights: jax.Array) -> str:
    return ", ".join(f"{each:.3g}" for each in np.asarray(weights))


class _Seen(NamedTuple):
    """What is told of the whole: weights of the modes, ESS of the prior's draws, and how near draws come to these."""

    weights: jax.Array
    prior_ess: jax.Array
    nearest: jax.Array
    innovation: jax.Array


@partial(jax.jit, static_argnames="kind")
def _look(posterior: Posterior, prior: Prior, path: Path, key: jax.Array, *, kind: Kind) -> _Seen:
    evidence = evidence_of(posterior, prior, kind)
    ensemble, few = prior.states[:_COMPARED], path.denoised[:_COMPARED]
    log_likelihood = jax.vmap(evidence.log_likelihood)(prior.states)
    shares = jax.nn.softmax(jnp.where(jnp.isnan(log_likelihood), -jnp.inf, log_likelihood))
    apart = _distances(ensemble, ensemble) + jnp.diag(jnp.full(len(ensemble), jnp.inf))
    spacing = jnp.median(jnp.min(apart, axis=1))
    nearest = jnp.median(jnp.min(_distances(few, ensemble), axis=1)) / spacing
    innovation = jnp.asarray(jnp.nan)
    if evidence.innovation is not None:
        states = prior.mixture.means[:, None] + jnp.einsum(
            "kme,kde->kmd",
            jax.random.normal(key, (len(prior.mixture.means), 256, ensemble.shape[1])),
            prior.mixture.roots,
        )
        update = jax.vmap(partial(conditioned, innovation=evidence.innovation))(states)
        size = len(jax.eval_shape(evidence.innovation, ensemble[0]))
        innovation = jnp.min(_normal_score(update.misfit, size))
    weights = jnp.mean(jax.vmap(prior.mixture.responsibilities)(path.denoised), axis=0)
    return _Seen(weights, 1 / jnp.sum(shares**2), nearest, innovation)


def _distances(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.maximum(jnp.sum(x**2, 1)[:, None] + jnp.sum(y**2, 1) - 2 * x @ y.T, 0.0))


def _normal_score(misfit: jax.Array, size: int) -> jax.Array:
    """By how many standard deviations a chi-squared number is too large (Wilson & Hilferty 1931); of one datum, its root."""
    if size == 1:
        return jnp.sqrt(misfit)
    spread = 2 / (9 * size)
    return ((misfit / size) ** (1 / 3) - (1 - spread)) / spread**0.5
