"""Laplace's approximation: a normal law about the mode, with the curvature that the log density has there.

    u ~ Normal(û, A⁻¹),    û = argmax log p(u, data),    A = -∇² log p(û, data)
    log p(data) ≈ log p(û, data) + n/2 log 2π - 1/2 log det A

on the unconstrained scale u of n elements, so that intervals keep within the supports of the unknowns. It is exact where that
density is normal, and near it where there are many data.

With `predictive = linearised` networks are linear in their weights about û in all that follows: in what is recorded and
predicted at each draw, and in the posterior that the draws are judged by and may be corrected to.

MacKay 1992, A Practical Bayesian Framework for Backpropagation Networks, Neural Comput. 4, 448-472; Daxberger et al. 2021,
Laplace Redux, NeurIPS 34; Immer, Korzepa & Bauer 2021, Improving predictions of Bayesian neural nets via local linearization,
AISTATS.
"""

from __future__ import annotations

import math

import jax
import numpy as np

from uqdsl.infer.fisher import unknown_laws
from uqdsl.infer.kronecker import last_layers, layer_spreads, rows_of
from uqdsl.infer.positions import record
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.search import search
from uqdsl.infer.spread import (
    Spread,
    bent,
    curvature_block,
    curvature_diagonal,
    diagonal_spread,
    draw,
    joined,
    spread_of,
)
from uqdsl.vocabulary.methods.local import LaplaceOptions

_LINEAR = "networks are linear in their weights, about the mode, in all that is recorded, judged and predicted"


def run(posterior: Posterior, options: LaplaceOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the normal law about the highest mode that was found.

    Raises:
        RunError: UQ613 where no search ends at a mode.
    """
    start, noise = jax.random.split(key)
    found = search(Posterior.log_density, posterior, start, options.starts)
    watch(1, 3, log_density=float(found.top.log_density))
    spread, form, notes = _curvature(posterior, found.top.position, options.hessian)
    watch(2, 3)
    positions, log_approximation = draw(spread, found.top.position, noise, options.draws)
    watch(3, 3)
    whole = spread.rank == posterior.size
    diagnostics = {
        "hessian": form,
        "log_density_at_mode": float(found.top.log_density),
        "searches": found.searches,
        "searches_without_mode": found.failed,
        "searches_at_other_modes": found.apart,
        "directions_not_curved": spread.bent,
    }
    if whole:
        evidence = float(found.top.log_density) + spread.rank / 2 * math.log(2 * math.pi) - spread.log_det / 2
        diagnostics["log_evidence"] = evidence
    linear = options.predictive == "linearised"
    return Draws(
        positions,
        log_approximation=log_approximation if whole else None,
        diagnostics=diagnostics,
        reasons=(*bent(spread), *found.reasons),
        notes=(*notes, *found.notes, *([_LINEAR] if linear else [])),
        mode=_weights(posterior, found.top.position) if linear else {},
    )


def _weights(posterior: Posterior, position: jax.Array) -> dict[str, jax.Array]:
    """The weights of all networks at a position."""
    found = record(posterior.target, posterior.layout, position, posterior.data)
    return {name: found[name] for name in posterior.target.weights}


def _curvature(posterior: Posterior, mode: jax.Array, form: str) -> tuple[Spread, str, tuple[str, ...]]:
    """The law about a mode, the form that its curvature has after all, and why it is not the one that was asked for."""
    density = Posterior.log_density
    everything = np.arange(posterior.size)
    rest = np.setdiff1d(everything, rows_of(posterior, [n for n in posterior.layout.names if _is_weight(posterior, n)]))
    if form == "diagonal":
        return diagonal_spread(curvature_diagonal(density, posterior, mode)), form, ()
    if form in ("kronecker", "last_layer") and len(rest) == posterior.size:
        note = f"the spec has no network, so that `hessian = {form}` is the full one"
    elif form == "kronecker" and (strange := unknown_laws(posterior)):
        note = f"the expected curvature of {', '.join(strange)} is not known, so that the Hessian is the full one"
    elif form == "kronecker":
        spreads = layer_spreads(posterior, mode)
        if len(rest):
            spreads.append(spread_of(curvature_block(density, posterior, mode, rest), rest, posterior.size))
        return joined(spreads), form, ()
    elif form == "last_layer":
        rows = np.union1d(rows_of(posterior, last_layers(posterior)), rest)
        note = "the weights of all layers but the last are those of the mode in every draw"
        return spread_of(curvature_block(density, posterior, mode, rows), rows, posterior.size), form, (note,)
    else:
        note = ""
    precision = curvature_block(density, posterior, mode, everything)
    return spread_of(precision, everything, posterior.size), "full", (note,) if note else ()


def _is_weight(posterior: Posterior, name: str) -> bool:
    return name.removesuffix("_decentered") in posterior.target.weights
