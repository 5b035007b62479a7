"""A Gaussian mixture fitted to an ensemble: the density of a prior of which only samples are known.

Expectation-maximisation from k-means++ starts, with the correlations of every component shrunk at every step, and the number
of components chosen by BIC, with covariances of their own or one for all.

References:
    Dempster, Laird & Rubin 1977, Maximum Likelihood from Incomplete Data via the EM Algorithm, J. R. Stat. Soc. B 39, 1-38.
    Arthur & Vassilvitskii 2007, k-means++: The Advantages of Careful Seeding, SODA 2007, 1027-1035.
    Schäfer & Strimmer 2005, A Shrinkage Approach to Large-Scale Covariance Matrix Estimation, Stat. Appl. Genet.
    Mol. Biol. 4, 32.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp

MOST_COMPONENTS = 5
_STARTS = 6
_FIRST_ITERATIONS = 8
"""Of every start; the most promising one goes on."""
_ITERATIONS = 60
_SETTLED = 1e-6
"""EM stops when the mean log density of a member gains less than this in a step."""
_LEAST_VARIANCE = 1e-8
"""Of a component, in units of the variance of the whole ensemble: one that falls onto a point stays regular."""


class Mixture(NamedTuple):
    """A mixture of Gaussians.

    - weights: `(K,)`, which sum to 1; a component of weight 0 is as none.
    - means: `(K, d)`.
    - roots: lower triangular, `(K, d, d)`; a covariance is `root @ root.T`.
    """

    weights: jax.Array
    means: jax.Array
    roots: jax.Array

    @property
    def covariances(self) -> jax.Array:
        """`(K, d, d)`."""
        return self.roots @ jnp.swapaxes(self.roots, -1, -2)

    def log_joint(self, x: jax.Array) -> jax.Array:
        """Log of weight times density of each component at one point `(d,)`: `(K,)`."""
        # The inverses do not depend on the point, so that they are computed once for all points of a vectorised call.
        unit = jnp.eye(x.shape[-1])
        inverses = jax.vmap(lambda root: solve_triangular(root, unit, lower=True))(self.roots)
        white = jnp.einsum("kij,kj->ki", inverses, x - self.means)
        scale = jnp.log(jnp.abs(jnp.diagonal(self.roots, axis1=-2, axis2=-1))).sum(-1)
        return jnp.log(self.weights) - 0.5 * (white**2).sum(-1) - scale - 0.5 * x.shape[-1] * jnp.log(2 * jnp.pi)

    def log_density(self, x: jax.Array) -> jax.Array:
        """At one point `(d,)`."""
        return logsumexp(self.log_joint(x))

    def responsibilities(self, x: jax.Array) -> jax.Array:
        """How probably one point `(d,)` is of each component: `(K,)`."""
        return jax.nn.softmax(self.log_joint(x))

    def draw(self, key: jax.Array, number: int) -> tuple[jax.Array, jax.Array]:
        """Points `(number, d)`, and of which component each is."""
        pick, noise = jax.random.split(key)
        labels = jax.random.choice(pick, len(self.weights), (number,), p=self.weights)
        standard = jax.random.normal(noise, (number, self.means.shape[-1]))
        return self.means[labels] + jnp.einsum("nij,nj->ni", self.roots[labels], standard), labels

    def padded(self, components: int) -> Mixture:
        """The same with more components, of weight 0: mixtures of one shape share a compiled program."""
        extra = components - len(self.weights)
        return Mixture(
            jnp.pad(self.weights, (0, extra)),
            jnp.concatenate([self.means, jnp.broadcast_to(self.means[:1], (extra, *self.means.shape[1:]))]),
            jnp.concatenate([self.roots, jnp.broadcast_to(self.roots[:1], (extra, *self.roots.shape[1:]))]),
        )


class Fit(NamedTuple):
    """A mixture with how it came about.

    - mixture: in the units of the ensemble.
    - labels: of each member, the component that it most probably is of.
    - tied: whether all components share a covariance.
    - shrinkage: how far the correlations of each component were shrunk towards 0, `(K,)`.
    - counts: members in each component, as responsibilities, `(K,)`.
    - bic: of this fit; the smaller the better.
    """

    mixture: Mixture
    labels: np.ndarray
    tied: bool
    shrinkage: np.ndarray
    counts: np.ndarray
    bic: float

    @property
    def diagnostics(self) -> dict[str, float | int | bool | str]:
        """What a result says of the fit."""
        return {
            "components": len(self.counts),
            "tied": self.tied,
            "shrinkage": float(self.shrinkage.max()),
            "members_of_components": ", ".join(f"{count:.0f}" for count in self.counts),
        }


def fit_mixture(
    ensemble: jax.Array | np.ndarray, key: jax.Array, *, components: int | None = None, members: int = 20
) -> Fit:
    """The mixture of an ensemble `(N, d)` that BIC prefers.

    Tried are 1, 2, … to at most `min(5, N / members)` components, with covariances of their own and with one for all, until two
    numbers in a row have brought nothing. A fit in which a component has fewer than `min(5, N / 10)` members is rejected.

    Arguments:
        components: this many, and no search.
        members: at least so many for each component that is tried.
    """
    ensemble = jnp.asarray(ensemble, float)
    number, size = ensemble.shape
    centre, scale = ensemble.mean(0), ensemble.std(0)
    scale = jnp.where(scale > 0, scale, 1.0)
    standard = (ensemble - centre) / scale
    best: Fit | None = None
    for count in range(components or 1, 1 + (components or max(1, min(MOST_COMPONENTS, number // members)))):
        if best and not components and count > len(best.counts) + 2:
            break
        for tied in (True, False) if count > 1 else (False,):
            state = _fit(standard, jax.random.fold_in(key, count), jnp.asarray(tied), count)
            found = _described(state, tied, number, size)
            allowed = np.isfinite(found.bic) and (count == 1 or found.counts.min() >= min(5, number / 10))
            if best is None or (allowed and found.bic < best.bic):
                best = found
    assert best is not None
    weights, means, roots = best.mixture
    return best._replace(mixture=Mixture(weights, centre + scale * means, scale[:, None] * roots))


def _described(state: _State, tied: bool, number: int, size: int) -> Fit:
    """With its BIC: shrunk correlations count as the fewer parameters that they are worth."""
    shrinkage, count = np.asarray(state.shrinkage), len(state.counts)
    of_covariances = (size + (1 - shrinkage) * size * (size - 1) / 2)[: 1 if tied else count].sum()
    bic = float((count - 1 + count * size + of_covariances) * np.log(number) - 2 * state.log_likelihood)
    return Fit(state.mixture, np.asarray(state.labels), tied, shrinkage, np.asarray(state.counts), bic)


# -------------------------------------------------------------------------------------------- expectation-maximisation


class _State(NamedTuple):
    """After a step; all but `mixture` and `shrinkage` are of the mixture before it."""

    mixture: Mixture
    shrinkage: jax.Array
    counts: jax.Array
    labels: jax.Array
    log_likelihood: jax.Array


@partial(jax.jit, static_argnames="count")
def _fit(x: jax.Array, key: jax.Array, tied: jax.Array, count: int) -> _State:
    """So many components: the likeliest of several short climbs goes on, if there is one in which no component starves."""
    everything = jnp.ones((len(x), count)) / count
    if count == 1:
        return _step(x, _maximise(x, everything, tied)[0], tied)

    def worth(state: _State) -> jax.Array:
        starved = state.counts.min() < min(5, len(x) / 10)
        return jnp.nan_to_num(state.log_likelihood, nan=-1e200) - jnp.where(starved, 1e100, 0.0)

    def again(best: _State, start: tuple[jax.Array, jax.Array]) -> tuple[_State, None]:
        # The last climb is the long one, from the best of the others: in one loop, which compiles twice as fast as two.
        number, key = start
        short = number < _STARTS
        seeded = _maximise(x, _seeded(x, key, count), tied)[0]
        mixture = jax.tree.map(partial(jnp.where, short), seeded, best.mixture)
        found = _climb(x, mixture, tied, jnp.where(short, _FIRST_ITERATIONS, _ITERATIONS))
        return jax.tree.map(partial(jnp.where, worth(found) > worth(best)), found, best), None

    shapes = jax.eval_shape(lambda: _step(x, _maximise(x, everything, tied)[0], tied))
    nothing = jax.tree.map(lambda each: jnp.zeros(each.shape, each.dtype), shapes)._replace(log_likelihood=-jnp.inf)
    starts = (jnp.arange(_STARTS + 1), jax.random.split(key, _STARTS + 1))
    return jax.lax.scan(again, nothing, starts)[0]


def _seeded(x: jax.Array, key: jax.Array, count: int) -> jax.Array:
    """Each member wholly in the component of the nearest of the k-means++ centres: `(N, K)`."""

    def add(nearest: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        centre = x[jax.random.categorical(key, jnp.log(nearest))]
        distance = ((x - centre) ** 2).sum(-1)
        return jnp.minimum(nearest, distance), distance

    first, *others = jax.random.split(key, count)
    start = ((x - x[jax.random.choice(first, len(x))]) ** 2).sum(-1)
    _, distances = jax.lax.scan(add, start, jnp.stack(others))
    return jax.nn.one_hot(jnp.argmin(jnp.concatenate([start[None], distances]), 0), count)


def _climb(x: jax.Array, mixture: Mixture, tied: jax.Array, iterations: jax.Array) -> _State:
    def go_on(carry: tuple[jax.Array, jax.Array, _State]) -> jax.Array:
        iteration, gain, _ = carry
        return (iteration < iterations) & (gain > _SETTLED * len(x))

    def advance(carry: tuple[jax.Array, jax.Array, _State]) -> tuple[jax.Array, jax.Array, _State]:
        iteration, _, state = carry
        after = _step(x, state.mixture, tied)
        return iteration + 1, jnp.abs(after.log_likelihood - state.log_likelihood), after

    start = jax.tree.map(
        lambda each: jnp.zeros(each.shape, each.dtype), jax.eval_shape(lambda: _step(x, mixture, tied))
    )._replace(mixture=mixture)
    return jax.lax.while_loop(go_on, advance, (jnp.asarray(0), jnp.asarray(jnp.inf), start))[2]


def _step(x: jax.Array, mixture: Mixture, tied: jax.Array) -> _State:
    joint = jax.vmap(mixture.log_joint)(x)
    total = logsumexp(joint, axis=-1)
    share = jnp.exp(joint - total[:, None])
    fitted, shrinkage = _maximise(x, share, tied)
    return _State(fitted, shrinkage, share.sum(0), jnp.argmax(joint, -1), total.sum())


def _maximise(x: jax.Array, share: jax.Array, tied: jax.Array) -> tuple[Mixture, jax.Array]:
    """The mixture of members that are in the components by these shares `(N, K)`, and how far correlations were shrunk."""
    counts = jnp.maximum(share.sum(0), 1e-10)
    means = share.T @ x / counts[:, None]
    scatter = jax.vmap(lambda each, mean: (each[:, None] * (x - mean)).T @ (x - mean))(share.T, means)
    covariances = jnp.where(tied, scatter.sum(0) / len(x), scatter / counts[:, None, None])
    covariances, shrinkage = jax.vmap(_shrunk)(covariances, jnp.where(tied, len(x), counts))
    return Mixture(counts / counts.sum(), means, jnp.linalg.cholesky(covariances)), shrinkage


def shrunk_correlations(unit: jax.Array) -> jax.Array:
    """The correlations of an ensemble `(N, d)` of variances 1, shrunk towards 0 by the estimated best amount."""
    number = len(unit)
    return _shrunk(unit.T @ unit / (number - 1), jnp.asarray(float(number)))[0]


def _shrunk(covariance: jax.Array, number: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A covariance of so many members, its correlations shrunk towards 0 by the estimated best amount."""
    scale = jnp.sqrt(jnp.diag(covariance) + _LEAST_VARIANCE)
    other = 1 - jnp.eye(len(scale))
    correlation = covariance / jnp.outer(scale, scale) * other
    spread = ((1 - correlation**2) ** 2 * other).sum() / jnp.maximum(number - 1, 1)
    shrinkage = jnp.clip(spread / jnp.maximum((correlation**2).sum(), 1e-300), 0.0, 1.0)
    return jnp.outer(scale, scale) * (jnp.eye(len(scale)) + (1 - shrinkage) * correlation), shrinkage
