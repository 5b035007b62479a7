"""The particle flow filter: particles push each other apart while the posterior pulls them together.

    dx_i / ds = D (1/N) sum_j [K(x_j, x_i) grad log p(x_j | y) + div_{x_j} K(x_j, x_i)]

A matrix-valued kernel compares particles component by component, `K^(a) = exp(-(x_j^a - x_i^a)^2 / (2 alpha sigma_a^2))`, and
keeps the spread of each where a scalar one loses it as dimensions grow. Its fixed points say nothing of correlations
though: for Gaussians they are `(Lambda Sigma)_aa = 1`, d conditions for a covariance. So the flow runs in the basis that
diagonalises the prior's covariance `B = L L^T` and the curvature `G` of the likelihood at once,

    L^T G L = U diag(lambda) U^T,   u = U^T L^-1 x,   D = sigma^2 = diag(1 / (1 + lambda)),

in which a nearly Gaussian posterior has no correlations left.

References:
    Hu & van Leeuwen 2021, A particle flow filter for high-dimensional system applications, Q. J. R. Meteorol. Soc. 147,
    2352-2374; Pulido & van Leeuwen 2019, Sequential Monte Carlo with kernel embedded mappings: the mapping particle filter, J.
    Comput. Phys. 396, 400-415.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.modes import missed_modes
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.prior_mixture import Prior, log_density_of_state, prior_of, with_density
from uqdsl.infer.stein import quality_of_states, said
from uqdsl.vocabulary.methods.transports import ParticleFlowOptions

_FIRST, _LARGEST = 0.1, 0.5
"""Lengths of steps in pseudo-time."""
_FARTHEST = 0.5
"""Largest step of a component, in standard deviations of the prior."""
_GREW, _SHRINK, _STRETCH = 1.02, 0.7, 1.03
_CHUNK = 25
_SPREAD = (0.6, 1.6)
_AT_REST = 0.05

type Kernel = Literal["matrix", "scalar"]


class Basis(NamedTuple):
    """Coordinates `u = inverse @ x`, `x = matrix @ u`, in which the prior is white, and the `variances` that the data leave."""

    matrix: jax.Array
    inverse: jax.Array
    variances: jax.Array


class Flow(NamedTuple):
    """Particles `(N, d)` in the basis, the next step in pseudo-time, and the size of the last increment."""

    u: jax.Array
    step: jax.Array
    moved: jax.Array


def stein_direction(u: jax.Array, scores: jax.Array, variances: jax.Array, kernel: Kernel) -> jax.Array:
    """Where particles `(N, d)` go, `sum_j [K(u_j, u_i) score_j + div_j K(u_j, u_i)] / sum_j K(u_j, u_i)`.

    Dividing by the sum of kernels, and not by N, changes how fast but not whither: particles come to rest at the same
    places, and those that are far from all others do not creep.

    Arguments:
        scores: gradients of the log density, `(N, d)`.
        variances: of the Gaussian kernel, `(d,)` or a scalar.
        kernel: `matrix` for one kernel per component, `scalar` for one of all.
    """
    apart = u[:, None] - u[None]
    exponents = apart**2 / (2 * variances)
    if kernel == "scalar":
        exponents = jnp.sum(exponents, axis=-1, keepdims=True)
    kernels = jnp.exp(-exponents)
    return jnp.sum(kernels * (scores[:, None] - apart / variances), axis=0) / jnp.sum(kernels, axis=0)


def diagonal_basis(covariance: jax.Array, curvature: jax.Array) -> Basis:
    """The basis in which a prior's covariance is the identity and a likelihood's curvature is diagonal, both `(d, d)`."""
    root = jnp.linalg.cholesky(covariance)
    values, vectors = jnp.linalg.eigh(root.T @ curvature @ root)
    matrix = root @ vectors
    return Basis(matrix, jnp.linalg.inv(matrix), 1 / (1 + jnp.maximum(values, 0.0)))


def mean_curvature(log_likelihood: Callable[[jax.Array], jax.Array], states: jax.Array) -> jax.Array:
    """Mean over states `(N, d)` of minus the likelihood's Hessian, without its negative part."""

    def one(state: jax.Array) -> jax.Array:
        hessian = jnp.nan_to_num(jax.hessian(log_likelihood)(state), nan=0.0, posinf=0.0, neginf=0.0)
        values, vectors = jnp.linalg.eigh(-hessian)
        return (vectors * jnp.maximum(values, 0.0)) @ vectors.T

    return jnp.mean(jax.lax.map(one, states, batch_size=256), axis=0)


def analyse(
    states: jax.Array,
    log_density: Callable[[jax.Array], jax.Array],
    basis: Basis,
    *,
    kernel: Kernel = "matrix",
    bandwidth: float = 0.18,
    steps: int = 300,
) -> jax.Array:
    """Particles of the posterior from particles of the prior, `(N, d)`: the whole flow as a function that JAX can trace.

    Arguments:
        states: draws of the prior.
        log_density: of the posterior at a state.
        basis: from `diagonal_basis`.
        bandwidth: alpha.
    """
    step = partial(advance, log_density, basis, kernel=kernel, bandwidth=bandwidth)
    flow, _ = jax.lax.scan(lambda flow, _: step(flow), begin(states, basis), length=steps)
    return flow.u @ basis.matrix.T


def begin(states: jax.Array, basis: Basis) -> Flow:
    """Particles `(N, d)` before they move."""
    return Flow(states @ basis.inverse.T, jnp.asarray(_FIRST), jnp.asarray(jnp.inf))


def advance(
    log_density: Callable[[jax.Array], jax.Array], basis: Basis, flow: Flow, *, kernel: Kernel, bandwidth: float
) -> tuple[Flow, jax.Array]:
    """A step, shorter where particles begin to move more than before; and how fast they moved, in sd of the posterior."""
    scores = _scores(log_density, basis, flow.u)
    velocity = basis.variances * stein_direction(flow.u, scores, bandwidth * basis.variances, kernel)
    increment = jnp.clip(flow.step * velocity, -_FARTHEST, _FARTHEST)
    speeds = velocity / jnp.sqrt(basis.variances)
    moved = jnp.sqrt(jnp.mean((increment / jnp.sqrt(basis.variances)) ** 2))
    step = jnp.where(moved > _GREW * flow.moved, _SHRINK * flow.step, jnp.minimum(_STRETCH * flow.step, _LARGEST))
    return Flow(flow.u + increment, step, moved), jnp.sqrt(jnp.mean(speeds**2))


def _scores(log_density: Callable[[jax.Array], jax.Array], basis: Basis, u: jax.Array) -> jax.Array:
    scores = jax.vmap(jax.grad(lambda each: log_density(basis.matrix @ each)))(u)
    return jnp.where(jnp.isfinite(scores), scores, 0.0)


def spreads(log_density: Callable[[jax.Array], jax.Array], basis: Basis, u: jax.Array) -> jax.Array:
    """What Stein's identity, `-E[(u - E u)^a score^a] = 1`, is for particles, `(d,)`: less where they are too close."""
    return -jnp.mean((u - jnp.mean(u, axis=0)) * _scores(log_density, basis, u), axis=0)


@jax.jit
def _prepare(posterior: Posterior, prior: Prior) -> tuple[Basis, Flow]:
    mixture = prior.mixture
    covariance = jnp.einsum("k,kij->ij", mixture.weights, mixture.covariances)
    covariance += jnp.einsum("k,ki,kj->ij", mixture.weights, mixture.means, mixture.means)
    curvature = mean_curvature(lambda state: posterior.log_likelihood(prior.position(state)), prior.states)
    basis = diagonal_basis(covariance, curvature)
    return basis, begin(prior.states, basis)


@partial(jax.jit, static_argnames=("kernel", "length"))
def _advance(
    posterior: Posterior, prior: Prior, basis: Basis, flow: Flow, bandwidth: float, *, kernel: Kernel, length: int
) -> tuple[Flow, jax.Array, jax.Array]:
    log_density = log_density_of_state(posterior, prior)
    step = partial(advance, log_density, basis, kernel=kernel, bandwidth=bandwidth)
    flow, speeds = jax.lax.scan(lambda flow, _: step(flow), flow, length=length)
    return flow, speeds, spreads(log_density, basis, flow.u)


def run(posterior: Posterior, options: ParticleFlowOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the prior that have flowed to the posterior."""
    of_prior, of_modes = jax.random.split(key)
    prior = prior_of(posterior, of_prior, options.particles)
    posterior, known, prior = with_density(posterior, prior), prior.diagnostics, prior.plain
    basis, flow = _prepare(posterior, prior)
    told: list[np.ndarray] = []
    spread = jnp.ones(1)
    for done in range(0, options.steps, _CHUNK):
        length = min(_CHUNK, options.steps - done)
        flow, speeds, spread = _advance(
            posterior, prior, basis, flow, options.bandwidth, kernel=options.kernel, length=length
        )
        told.append(np.asarray(speeds))
        watch(done + length, options.steps, speed=float(speeds[-1]))
    speeds, low, high = np.concatenate(told), float(jnp.min(spread)), float(jnp.max(spread))
    states = flow.u @ basis.matrix.T
    modes = missed_modes(posterior, prior, states, of_modes)
    reasons = list(modes.reasons)
    if not (_SPREAD[0] <= low and high <= _SPREAD[1]):
        reasons.append(
            f"the spread of some component is off: Stein's identity gives {low:.2f} to {high:.2f} where 1 is right (should be "
            f"between {_SPREAD[0]} and {_SPREAD[1]}); "
            + ("take `kernel = matrix`" if options.kernel == "scalar" else "take more `particles` or `steps`, or `smc`")
        )
    else:
        reasons += said(quality_of_states(posterior, prior, states), states, "take more `particles`, or `smc`")
    if not speeds[-1] <= _AT_REST:
        reasons.append(
            f"the particles still move ({speeds[-1]:.2g} standard deviations per unit of pseudo-time, should be at most "
            f"{_AT_REST}); take more `steps`"
        )
    return Draws(
        positions=prior.position(states),
        diagnostics={
            **known,
            "kernel": options.kernel,
            "bandwidth": options.bandwidth,
            "steps": options.steps,
            "speed": float(speeds[-1]),
            "least_spread": low,
            "largest_spread": high,
            **modes.diagnostics,
        },
        reasons=tuple(reasons),
        notes=modes.notes,
        history={"speed": speeds},
    )
