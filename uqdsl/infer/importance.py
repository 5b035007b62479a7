"""Importance sampling: draws of a proposal, weighted by posterior over proposal, the weights smoothed.

The proposal is the prior, or a mixture of Student t laws that is fitted in rounds: the draws of each are weighted by a power of
posterior over proposal that leaves a quarter of them effective, resampled, and the next is fitted to them, until the
whole ratio leaves as many.

References:
    Vehtari, Simpson, Gelman, Yao & Gabry 2024, Pareto Smoothed Importance Sampling, J. Mach. Learn. Res. 25, 72.
    Cappé, Douc, Guillin, Marin & Robert 2008, Adaptive Importance Sampling in General Mixture Classes, Stat. Comput. 18,
    447-459.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import gammaln

from uqdsl.infer.mixture import MOST_COMPONENTS, Mixture, fit_mixture
from uqdsl.infer.pareto import smooth
from uqdsl.infer.population import densities, draw_priors, next_temperature, over_particles, systematic
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.particles import ImportanceOptions

_FITTED = 2000
"""The proposal is fitted to at most so many draws."""
_EFFECTIVE = 0.25
"""Share of the draws of each round that stay effective."""
_MEMBERS = 50
"""For each component of the proposal."""


def run(posterior: Posterior, options: ImportanceOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draw and weigh; the log evidence is the log of the mean ratio."""
    number = options.draws
    start, key = jax.random.split(key)
    positions = draw_priors(posterior, start, number)
    log_prior, log_likelihood = densities(posterior, positions)
    ratios = jnp.where(jnp.isfinite(log_prior), log_likelihood, -jnp.inf)
    powers, components, power = list[float](), 0, 0.0
    if options.proposal == "mixture":
        while power < 1 and len(powers) < options.rounds and np.isfinite(np.asarray(ratios)).any():
            resample, fit_key, draw_key, key = jax.random.split(key, 4)
            power, kept = _chosen(ratios, resample)
            powers.append(float(power))
            sample = positions[np.asarray(kept)]
            fit = fit_mixture(sample[:: -(-number // _FITTED)], fit_key, members=_MEMBERS)
            components = len(fit.counts)
            guide = fit.mixture.padded(MOST_COMPONENTS)
            positions, ratios = _propose(posterior, guide, draw_key, number, options.degrees)
            watch(len(powers), options.rounds, power=powers[-1])
    found = smooth(np.asarray(ratios))
    reasons = []
    if not found.trusted:
        shape = f"Pareto k {found.shape:.2f}, should be at most {found.threshold:.2g}"
        reasons.append(
            f"the proposal is too far from the posterior for its weights to be trusted ({shape}); take `smc`"
        )
    if options.proposal == "mixture" and power < 1:
        reasons.append(
            f"the proposal did not come to rest in {len(powers)} rounds; give it more `rounds` or `draws`, or take `smc`"
        )
    return Draws(
        positions,
        found.log_weights,
        diagnostics={
            "pareto_k": found.shape,
            "ess": found.ess,
            "log_evidence": found.log_mean,
            "not_finite": found.lost,
            "proposal": options.proposal,
            "rounds": len(powers),
            "components": components,
        },
        reasons=tuple(reasons),
        history={"power": np.array(powers)},
    )


@jax.jit
def _chosen(ratios: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The power of the ratios that leaves enough draws effective, and the draws that this power keeps."""
    usable = jnp.isfinite(ratios).sum()
    power = next_temperature(ratios, jnp.zeros(()), _EFFECTIVE * usable)
    return power, systematic(key, power * ratios, len(ratios))


@partial(jax.jit, static_argnames="number")
def _propose(
    posterior: Posterior, guide: Mixture, key: jax.Array, number: int, degrees: float
) -> tuple[jax.Array, jax.Array]:
    """Draws of a mixture of Student t laws, and the logs of posterior over proposal."""
    draw, chi = jax.random.split(key)
    normal, labels = guide.draw(draw, number)
    stretch = jnp.sqrt(0.5 * degrees / jax.random.gamma(chi, 0.5 * degrees, (number, 1)))
    positions = guide.means[labels] + stretch * (normal - guide.means[labels])
    log_prior, log_likelihood = densities(posterior, positions)
    return positions, log_prior + log_likelihood - over_particles(partial(student_density, guide, degrees), positions)


def student_density(guide: Mixture, degrees: jax.Array | float, x: jax.Array) -> jax.Array:
    """Log density at one point `(d,)` of a mixture of Student t laws with these centres and scales."""
    size = x.shape[-1]
    unit = jnp.eye(size)
    inverses = jax.vmap(lambda root: solve_triangular(root, unit, lower=True))(guide.roots)
    square = (jnp.einsum("kij,kj->ki", inverses, x - guide.means) ** 2).sum(-1)
    scale = jnp.log(jnp.abs(jnp.diagonal(guide.roots, axis1=-2, axis2=-1))).sum(-1)
    constant = gammaln(0.5 * (degrees + size)) - gammaln(0.5 * degrees) - 0.5 * size * jnp.log(degrees * jnp.pi)
    each = constant - scale - 0.5 * (degrees + size) * jnp.log1p(square / degrees)
    return jax.nn.logsumexp(jnp.log(guide.weights) + each)
