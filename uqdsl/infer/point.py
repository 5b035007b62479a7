"""The most probable values, or those of the largest likelihood, with standard errors.

    θ̂ = argmax log p(θ | data)    or    argmax log p(data | θ)
    se² = diag J A⁻¹ Jᵀ,    J = ∂θ/∂u

of the unknowns θ as the author wrote them, not of the unconstrained scale u. A are the second derivatives of the same density
along u with their sign turned (observed information), or what they are expected to be for new data (expected information). To
first order it does not matter on which scale A is taken; the normal law of these errors is laid about the mode on the
unconstrained scale, where it keeps within the supports.

Pawitan 2001, In All Likelihood, sections 2.5, 8.3 and 9.7; Efron & Hinkley 1978, Biometrika 65, 457-483, on observed and
expected information.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.coordinates import own_log_density, values_at
from uqdsl.infer.fisher import information_roots, unknown_laws
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.search import search
from uqdsl.infer.spread import Density, Spread, bent, curvature_block, draw, spread_of
from uqdsl.vocabulary.methods.local import PointOptions

_MOST_NUMBERS = 100
"""Scalars up to which the values at the mode and their errors are among the diagnostics."""


def maximum_posterior(posterior: Posterior, options: PointOptions, key: jax.Array, watch: Watch) -> Draws:
    """The most probable values, and draws of the normal law of their standard errors.

    Raises:
        RunError: UQ613 where no search ends at a mode.
    """
    return _point(_own_density, _own_prior, posterior, options, key, watch)


def maximum_likelihood(posterior: Posterior, options: PointOptions, key: jax.Array, watch: Watch) -> Draws:
    """The values of the largest likelihood, and draws of the normal law of their standard errors.

    Raises:
        RunError: UQ613 where no search ends at a mode, as where the data do not tell all unknowns.
    """
    return _point(Posterior.log_likelihood, None, posterior, options, key, watch)


def _own_density(posterior: Posterior, position: jax.Array) -> jax.Array:
    return own_log_density(posterior.target, posterior.layout, position, posterior.data)


def _own_prior(posterior: Posterior, position: jax.Array) -> jax.Array:
    return _own_density(posterior, position) - posterior.log_likelihood(position)


def _point(
    density: Density, prior: Density | None, posterior: Posterior, options: PointOptions, key: jax.Array, watch: Watch
) -> Draws:
    start, noise = jax.random.split(key)
    found = search(density, posterior, start, options.starts)
    mode = found.top.position
    watch(1, 2, log_density=float(found.top.log_density))
    diagnostics: dict[str, Any] = {
        "errors": options.errors,
        "log_likelihood_at_mode": float(posterior.log_likelihood(mode)),
        "searches": found.searches,
        "searches_without_mode": found.failed,
        "searches_at_other_modes": found.apart,
    }
    diagnostics |= _named(posterior, "mode", _values(posterior, mode))
    if options.errors == "none":
        notes = ("the posterior holds one draw, the mode: it says nothing of how sure it is", *found.notes)
        return Draws(mode[None], diagnostics=diagnostics, reasons=found.reasons, notes=notes)
    spread, errors, strange = _spread(density, prior, posterior, mode, options.errors)
    diagnostics["errors"] = errors
    diagnostics["directions_not_curved"] = spread.bent
    diagnostics |= _named(posterior, "standard_error", _standard_errors(posterior, mode, spread))
    positions, _ = draw(spread, mode, noise, options.draws)
    watch(2, 2)
    what = "the mode" if prior is not None else "the values of the largest likelihood"
    note = f"the draws are of the normal law of the standard errors about {what}, not of the posterior"
    return Draws(
        positions,
        diagnostics=diagnostics,
        reasons=(*bent(spread), *found.reasons),
        notes=(note, *strange, *found.notes),
    )


def _spread(
    density: Density, prior: Density | None, posterior: Posterior, mode: jax.Array, errors: str
) -> tuple[Spread, str, tuple[str, ...]]:
    """The law of the errors, which information it is of, and why that is not the one that was asked for."""
    rows = np.arange(posterior.size)
    strange = unknown_laws(posterior) if errors == "expected" else ()
    if errors == "observed" or strange:
        notes = (f"the expected information of {', '.join(strange)} is not known, so that it is the observed one",)
        precision = curvature_block(density, posterior, mode, rows)
        return spread_of(precision, rows, posterior.size), "observed", notes if strange else ()
    roots = information_roots(posterior, mode)
    precision = roots.T @ roots
    if prior is not None:
        precision += curvature_block(prior, posterior, mode, rows)
    return spread_of(precision, rows, posterior.size), errors, ()


@jax.jit
def _values(posterior: Posterior, position: jax.Array) -> dict[str, jax.Array]:
    return values_at(posterior.target, posterior.layout, position, posterior.data)


def _standard_errors(posterior: Posterior, mode: jax.Array, spread: Spread) -> dict[str, jax.Array]:
    """Of every unknown as the author wrote it."""

    def along(noise: jax.Array) -> dict[str, jax.Array]:
        return jax.jvp(partial(_values, posterior), (mode,), (spread.apply(noise),))[1]

    slopes = jax.jit(jax.vmap(along))(jnp.eye(spread.rank))
    return {name: jnp.sqrt(jnp.sum(each**2, axis=0)) for name, each in slopes.items()}


def _named(posterior: Posterior, what: str, values: dict[str, jax.Array]) -> dict[str, float]:
    """Scalars of unknowns, `mode.b[north]`; none where there are too many to read."""
    if sum(each.size for each in values.values()) > _MOST_NUMBERS:
        return {}
    target = posterior.target
    found = {}
    for name, each in values.items():
        labels = [",".join(map(str, at)) for at in product(*(target.coords[dim] for dim in target.dims[name]))]
        for label, value in zip(labels, np.ravel(each), strict=True):
            found[f"{what}.{name}[{label}]" if label else f"{what}.{name}"] = float(value)
    return found
