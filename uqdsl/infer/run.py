"""A method that is no Markov chain, run on a target: what it gives is judged by its weights, corrected, and recorded."""

from __future__ import annotations

import time
import zlib
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from uqdsl.infer import compile_cache
from uqdsl.infer.explain import failure
from uqdsl.infer.pareto import Smoothed, resampled, smooth
from uqdsl.infer.positions import record
from uqdsl.infer.posterior import Draws, Posterior, Run, Watch, make_posterior
from uqdsl.infer.target import Target
from uqdsl.messages import RunError, UqdslError
from uqdsl.vocabulary.methods import Method, Options

_BLOCK_BYTES = 1 << 26
_RESAMPLING = 0x72657361
_SHIFTED, _WIDENED = 0.2, 1.25
"""By how many standard deviations weights may move a mean, and by what factor a standard deviation, without a complaint."""
_NOTED = 0.5
"""From which part of that on it is noted."""
_ERRORS = 3.0
"""So many standard errors beside."""


class Recorded(NamedTuple):
    """What a method gave, by the names of the spec.

    - posterior: unknowns and quantities, `(chain, draw, *shape)`; all draws count alike.
    - stats: of each of these draws, `(chain, draw)`.
    - weighted: the draws as they were where they did not count alike, with their `log_weight`; else empty.
    - worth: how many independent draws they are worth, NaN where they are none of the posterior; None of several chains, of
      which diagnostics tell.
    - draws: what the method says of the whole.
    - seconds: wall time.
    """

    posterior: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]
    weighted: dict[str, np.ndarray]
    worth: float | None
    draws: Draws
    seconds: float


def run(
    target: Target,
    method: Method,
    options: Options,
    seed: int,
    watch: Watch,
    posterior: Posterior | None = None,
) -> Recorded:
    """Run a method.

    Draws that do not count alike are resampled in proportion to their weights, systematically (Kitagawa 1996), so that whoever
    reads the posterior need not know of weights.

    Arguments:
        seed: of everything that is random.
        watch: is told how far it is.
        posterior: of the target, where there is one, for which functions may be compiled already.

    Raises:
        RunError: UQ606 where memory is short, UQ608 where the method itself fails, and what the method says.
    """
    compile_cache.use_jax_cache()
    began = time.perf_counter()
    posterior = posterior or make_posterior(target)
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(method.name.encode()))
    function: Run = method.load()
    try:
        draws = function(posterior, options, key, watch)
        posterior = posterior.linearised(draws.mode)
        draws = _weighed(posterior, draws, getattr(options, "correction", "none"))
        positions = np.asarray(draws.positions, float)
        positions = positions if positions.ndim == 3 else positions[None]
        shape = positions.shape[:2]
        stats = {name: np.asarray(each).reshape(shape) for name, each in draws.stats.items()}
        weighted: dict[str, np.ndarray] = {}
        if draws.log_weights is not None:
            log_weights = _normalised(np.asarray(draws.log_weights, float).reshape(shape))
            weighted = _record(posterior, positions) | {"log_weight": log_weights}
            rng = np.random.default_rng([seed, _RESAMPLING])
            chosen = rng.permutation(resampled(np.exp(log_weights.ravel()), rng))
            positions = positions.reshape(-1, posterior.size)[chosen].reshape(positions.shape)
            stats = {name: each.ravel()[chosen].reshape(shape) for name, each in stats.items()}
        recorded = _record(posterior, positions)
        if "lp" not in stats:
            stats = {"lp": _log_density(posterior, positions), **stats}
    except (UqdslError, KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        raise RunError([failure(error, target)]) from error
    count = _worth(positions[0]) if len(positions) == 1 else None
    count = count if draws.worth is None else draws.worth
    return Recorded(recorded, stats, weighted, count, draws, time.perf_counter() - began)


def _worth(positions: np.ndarray) -> float:
    """How many independent draws `(draw, size)` are worth, of which some are the same: (sum n)^2 / sum n^2 (Kish 1965)."""
    rows = np.ascontiguousarray(positions)
    _, counts = np.unique(rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))), return_counts=True)
    return float(len(positions) ** 2 / np.sum(counts**2))


def _weighed(posterior: Posterior, draws: Draws, correction: str) -> Draws:
    """The draws of an approximation with Pareto's k, and with weights where they are to be corrected."""
    if draws.log_approximation is None:
        return draws
    positions = np.asarray(draws.positions, float)
    density = _log_density(posterior, positions.reshape(1, -1, posterior.size)).ravel()
    found = smooth(density - np.asarray(draws.log_approximation, float).ravel())
    draws = draws._replace(diagnostics={"pareto_k": found.shape, **draws.diagnostics})
    if not found.trusted:
        draws = draws._replace(reasons=(*draws.reasons, _far(found, correction)))
    if correction == "none":
        if found.trusted:
            reasons, notes = _moved(posterior, positions.reshape(-1, posterior.size), found)
            draws = draws._replace(reasons=(*draws.reasons, *reasons), notes=(*draws.notes, *notes))
        # Of an approximation they are independent draws; of the posterior they are worth what weights would leave of them.
        return draws if draws.worth is not None else draws._replace(worth=found.ess)
    return draws._replace(log_weights=found.log_weights.reshape(positions.shape[:-1]))


def _moved(posterior: Posterior, positions: np.ndarray, found: Smoothed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Reasons against an approximation in whose reach the posterior is, and which all the same is not that; and notes."""
    weights = np.exp(found.log_weights)
    means, sds = positions.mean(0), positions.std(0)
    right = weights @ positions
    right_sds = np.sqrt(weights @ (positions - right) ** 2)
    error = _ERRORS / np.sqrt(max(1.0, found.ess))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Beyond chance, each as a share of what is allowed.
        shifts = (np.nan_to_num(np.abs(right - means) / right_sds) - error) / _SHIFTED
        widths = (np.nan_to_num(np.abs(np.log(right_sds / sds))) - error) / np.log(_WIDENED)
    worst = np.maximum(shifts, widths)
    if not worst.max(initial=0.0) > _NOTED:
        return (), ()
    at = int(np.argmax(worst))
    name = next(name for name in posterior.layout.names if posterior.layout.mask((name,))[at])
    if shifts[at] >= widths[at]:
        what = f"move a mean of `{name}` by {abs(right[at] - means[at]) / right_sds[at]:.2f} standard deviations"
    else:
        what = f"change a standard deviation of `{name}` by a factor of {right_sds[at] / sds[at]:.2f}"
    if worst[at] > 1:
        return (
            f"weights would {what}; take `correction = importance`, a richer approximation, or a method that is exact",
        ), ()
    return (), (f"weights would {what}, which `correction = importance` does",)


def _far(found: Smoothed, correction: str) -> str:
    """What to say of an approximation that is far from the posterior."""
    trouble = "not close to the posterior" if correction == "none" else "too far from the posterior to be corrected"
    shape = f"Pareto k {found.shape:.2f}, should be at most {found.threshold:.2g}"
    return f"the approximation is {trouble} ({shape}); take a richer one, or a method that is exact"


def _normalised(log_weights: np.ndarray) -> np.ndarray:
    """Log weights whose weights sum to one."""
    finite = np.where(np.isnan(log_weights), -np.inf, log_weights)
    top = finite.max()
    return finite - (top + np.log(np.exp(finite - top).sum()))


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def values_of(posterior: Posterior, position: jax.Array) -> dict[str, jax.Array]:
    """Unknowns and quantities at positions `(draw, size)`, by name, `(draw, *shape)`."""
    return record(posterior.target, posterior.layout, position, posterior.data)


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def _density(posterior: Posterior, position: jax.Array) -> dict[str, jax.Array]:
    return {"lp": posterior.log_density(position)}


def _record(posterior: Posterior, positions: np.ndarray) -> dict[str, np.ndarray]:
    """Unknowns and quantities at positions `(chain, draw, size)`."""
    return _in_blocks(posterior, values_of, positions)


def _log_density(posterior: Posterior, positions: np.ndarray) -> np.ndarray:
    """The log density at positions `(chain, draw, size)`."""
    return _in_blocks(posterior, _density, positions)["lp"]


def _in_blocks(posterior: Posterior, function: Any, positions: np.ndarray) -> dict[str, np.ndarray]:
    """What a vectorised function gives at positions, block after block of one size."""
    flat = positions.reshape(-1, posterior.size)
    like = jax.eval_shape(function, posterior, jax.ShapeDtypeStruct((1, posterior.size), flat.dtype))
    each = sum(value.size * value.dtype.itemsize for value in jax.tree.leaves(like)) + 8 * posterior.size
    size = max(1, min(len(flat), _BLOCK_BYTES // max(1, each)))
    parts = []
    for start in range(0, len(flat), size):
        rows = np.minimum(np.arange(start, start + size), len(flat) - 1)
        parts.append({name: np.asarray(value) for name, value in function(posterior, flat[rows]).items()})
    joined = {name: np.concatenate([part[name] for part in parts])[: len(flat)] for name in parts[0]}
    return {name: value.reshape(*positions.shape[:2], *value.shape[1:]) for name, value in joined.items()}
