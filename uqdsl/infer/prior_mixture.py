"""What the methods that move prior draws know of a prior: draws, and a Gaussian mixture, exact where the prior is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.linalg import block_diag, solve_triangular
from numpyro.handlers import substitute

from uqdsl.infer.closures import Evidence
from uqdsl.infer.mixture import Fit, Mixture, fit_mixture
from uqdsl.infer.positions import innermost, prior_position, trace_at
from uqdsl.infer.posterior import Posterior
from uqdsl.runtime.empirical import Empirical

_MOST_COMPONENTS = 32
_PROBES = 4


class Prior(NamedTuple):
    """A prior over positions, known by draws and a mixture.

    - positions: its draws, `(N, d)`.
    - shift, scale: `(d,)`; a state is `(position - shift) / scale`, and the draws have mean 0 and variance 1 in each component.
    - mixture: of states.
    - fit: how it was fitted to the draws; None where the prior is that mixture.
    - density: whether the spec gives the prior's density, not only draws.
    """

    positions: jax.Array
    shift: jax.Array
    scale: jax.Array
    mixture: Mixture
    fit: Fit | None
    density: bool

    @property
    def plain(self) -> Prior:
        """What compiled functions need of it."""
        return self._replace(fit=None, density=True)

    @property
    def states(self) -> jax.Array:
        """The draws as states."""
        return (self.positions - self.shift) / self.scale

    @property
    def diagnostics(self) -> dict[str, float | int | bool | str]:
        """What a result says of the prior."""
        if self.fit is None:
            return {"prior": "exact", "components": len(self.mixture.weights)}
        return {"prior": f"mixture fitted to {len(self.positions)} draws", **self.fit.diagnostics}

    def position(self, state: jax.Array) -> jax.Array:
        """Where a state is."""
        return self.shift + self.scale * state


def prior_of(posterior: Posterior, key: jax.Array, draws: int, *, fitted: bool = False) -> Prior:
    """The prior of a posterior: exactly where it is Gaussian or a Gaussian mixture, else by a mixture fitted to draws of it.

    Of a prior that is known by draws alone, each member is taken at most once: a mixture that were fitted to copies would take
    itself for better known than it is.

    Arguments:
        draws: how many positions are drawn.
        fitted: a mixture is fitted all the same.
    """
    of_draws, of_fit = jax.random.split(key)
    ensembles = known_by_draws(posterior)
    draws = min([draws, *(len(members) for members in ensembles.values())])
    positions = draw_positions(posterior, of_draws, draws)
    exact = None if fitted or ensembles else exact_mixture(posterior, of_draws)
    if exact is not None:
        return Prior(positions, *standardised(exact), None, density=True)
    shift, scale = jnp.mean(positions, axis=0), _positive(jnp.std(positions, axis=0))
    fit = fit_mixture((positions - shift) / scale, of_fit)
    return Prior(positions, shift, scale, fit.mixture, fit, density=not ensembles)


def standardised(mixture: Mixture) -> tuple[jax.Array, jax.Array, Mixture]:
    """Mean and standard deviations of a mixture, `(d,)`, and the mixture in units of these."""
    shift = mixture.weights @ mixture.means
    apart = mixture.means - shift
    variances = jnp.diagonal(mixture.covariances, axis1=-2, axis2=-1) + apart**2
    scale = _positive(jnp.sqrt(mixture.weights @ variances))
    return shift, scale, Mixture(mixture.weights, apart / scale, mixture.roots / scale[:, None])


def _positive(sd: jax.Array) -> jax.Array:
    return jnp.where(sd > 0, sd, 1.0)


def draw_positions(posterior: Posterior, key: jax.Array, draws: int) -> jax.Array:
    """Draws of the prior, `(draws, d)`; members of an ensemble in random order, none twice before all were there once."""
    chosen = {}
    for number, (name, members) in enumerate(known_by_draws(posterior).items()):
        orders = [
            jax.random.permutation(jax.random.fold_in(key, number + len(members) * turn), len(members))
            for turn in range(-(-draws // len(members)))
        ]
        chosen[name] = members[jnp.concatenate(orders)[:draws]]

    @jax.jit
    def draw(posterior: Posterior, keys: jax.Array, chosen: dict[str, jax.Array]) -> jax.Array:
        def one(key: jax.Array, members: dict[str, jax.Array]) -> jax.Array:
            target = posterior.target._replace(model=substitute(posterior.target.model, data=members))
            return prior_position(target, posterior.layout, key, posterior.data)

        return jax.vmap(one)(keys, chosen)

    return draw(posterior, jax.random.split(key, draws), chosen)


def known_by_draws(posterior: Posterior) -> dict[str, jax.Array]:
    """The ensembles `(member, *shape)` of the unknowns whose law is one."""
    sites = trace_at(posterior.target, posterior.layout.split(jnp.zeros(posterior.size)), posterior.data)
    laws = {name: innermost(sites[name]["fn"]) for name in posterior.layout.names}
    return {name: law.members for name, law in laws.items() if isinstance(law, Empirical)}


def exact_mixture(posterior: Posterior, key: jax.Array) -> Mixture | None:
    """The prior over positions as a mixture of at most 32 Gaussians, where its laws say that it is one; else None.

    Laws that are all Gaussian make a joint Gaussian if each one's mean is affine in the others' values and its scatter hangs on
    none of them; then the log density is quadratic, which is looked at, at a few draws. Mixtures of Gaussians stand by
    themselves: their parameters have to be the same at all of these draws.
    """
    if posterior.size == 0:
        return None
    probes = draw_positions(posterior, key, _PROBES)
    found = [_factors(posterior, probe) for probe in probes]
    first = found[0]
    if first is None:
        return None
    if all(len(factor.weights) == 1 for factor in first):
        return _gaussian(posterior, probes)
    same = [jax.tree.map(lambda a, b: bool(np.allclose(a, b, rtol=1e-12)), first, each) for each in found[1:]]
    if not all(jax.tree.leaves(same)) or math.prod(len(factor.weights) for factor in first) > _MOST_COMPONENTS:
        return None
    choices = list(product(*(range(len(factor.weights)) for factor in first)))
    picked = [[(factor, label) for factor, label in zip(first, choice, strict=True)] for choice in choices]
    weights = jnp.asarray([math.prod(factor.weights[label] for factor, label in each) for each in picked])
    means = [jnp.concatenate([factor.means[label] for factor, label in each]) for each in picked]
    covariances = [block_diag(*(factor.covariances[label] for factor, label in each)) for each in picked]
    return _mixture(weights / jnp.sum(weights), jnp.stack(means), jnp.stack(covariances))


def _mixture(weights: jax.Array, means: jax.Array, covariances: jax.Array) -> Mixture:
    return Mixture(weights, means, jnp.linalg.cholesky(covariances))


class _Factor(NamedTuple):
    """A mixture of some of the unknowns, independent of all others: `(K,)`, `(K, n)`, `(K, n, n)`."""

    weights: jax.Array
    means: jax.Array
    covariances: jax.Array


def _gaussian(posterior: Posterior, probes: jax.Array) -> Mixture | None:
    """The Gaussian whose log density is that of the prior, if it is quadratic at all `probes`."""
    slopes = np.asarray(jax.jit(jax.vmap(jax.grad(Posterior.log_prior, argnums=1), (None, 0)))(posterior, probes))
    curvatures = np.asarray(
        jax.jit(jax.vmap(jax.hessian(Posterior.log_prior, argnums=1), (None, 0)))(posterior, probes)
    )
    precision, positions = -curvatures[0], np.asarray(probes)
    quadratic = np.allclose(curvatures, curvatures[0], rtol=1e-9, atol=1e-9 * np.abs(precision).max())
    lines = slopes - slopes[0] + (positions - positions[0]) @ precision
    if not quadratic or not np.allclose(lines, 0, atol=1e-8 * np.abs(slopes).max()):
        return None
    covariance = np.linalg.inv(precision)
    mean = positions[0] + covariance @ slopes[0]
    return _mixture(jnp.ones(1), jnp.asarray(mean)[None], jnp.asarray((covariance + covariance.T) / 2)[None])


def _factors(posterior: Posterior, position: jax.Array) -> list[_Factor] | None:
    """The laws of all unknowns at a position, as independent mixtures in the order of the layout; None where one is none."""
    sites = trace_at(posterior.target, posterior.layout.split(position), posterior.data)
    found = [_factors_of(sites[name]["fn"]) for name in posterior.layout.names]
    return None if any(each is None for each in found) else [factor for each in found if each for factor in each]


def _factors_of(law: Any) -> list[_Factor] | None:
    """A law as independent mixtures, one per element of its batch or, if it is Gaussian, one for all."""
    mixture = innermost(law)
    if isinstance(mixture, dist.MixtureSameFamily):
        moments = _moments(mixture.component_distribution)
    elif isinstance(mixture, dist.MixtureGeneral):
        each = [_moments(component) for component in mixture.component_distributions]
        gaussian = [one for one in each if one is not None]
        axis = len(mixture.batch_shape)
        moments = None
        if len(gaussian) == len(each):
            moments = tuple(jnp.stack(parts, axis=axis) for parts in zip(*gaussian, strict=True))
    else:
        moments = _moments(law)
        if moments is None:
            return None
        means, covariances = (part.reshape(-1, *part.shape[len(law.batch_shape) :]) for part in moments)
        return [_Factor(jnp.ones(1), jnp.ravel(means)[None], block_diag(*covariances)[None])]
    if moments is None or mixture.event_shape != law.event_shape:
        return None
    # What expands a law repeats its mixture, independently.
    repeats = math.prod(law.batch_shape) // max(1, math.prod(mixture.batch_shape))
    weights = jnp.broadcast_to(
        jnp.asarray(mixture.mixing_distribution.probs), (*mixture.batch_shape, mixture.mixture_size)
    )
    parts = [each.reshape(-1, *each.shape[len(mixture.batch_shape) :]) for each in (weights, *moments)]
    return [_Factor(*each) for _ in range(repeats) for each in zip(*parts, strict=True)]


def _moments(law: Any) -> tuple[jax.Array, jax.Array] | None:
    """Mean `(*batch, n)` and covariance `(*batch, n, n)` of the draws of a Gaussian law; None of another."""
    inner = innermost(law)
    if not isinstance(inner, dist.Normal | dist.MultivariateNormal):
        return None
    size = math.prod(law.event_shape)
    mean = jnp.broadcast_to(law.mean, (*law.batch_shape, *law.event_shape)).reshape(*law.batch_shape, size)
    if isinstance(inner, dist.Normal):
        variance = jnp.broadcast_to(law.variance, (*law.batch_shape, *law.event_shape)).reshape(mean.shape)
        return mean, variance[..., None] * jnp.eye(size)
    if len(law.event_shape) != 1:
        return None
    return mean, jnp.broadcast_to(jnp.asarray(inner.covariance_matrix), (*law.batch_shape, size, size))


class Kind(NamedTuple):
    """What data are: Gaussian with a scatter that is the same everywhere; and with a mean that is affine in the unknowns."""

    gaussian: bool
    linear: bool


def kind_of_data(posterior: Posterior, prior: Prior) -> Kind:
    """What the data of a posterior are, by their laws and by what likelihood and mean are at a few draws of the prior."""
    probes = prior.states[:_PROBES]
    sites = trace_at(posterior.target, posterior.layout.split(prior.positions[0]), posterior.data)
    laws = [innermost(sites[name]["fn"]) for name in posterior.target.observed]
    if not laws or not all(isinstance(law, dist.Normal | dist.MultivariateNormal) for law in laws):
        return Kind(gaussian=False, linear=False)

    @jax.jit
    def look(posterior: Posterior, prior: Prior) -> tuple[jax.Array, ...]:
        evidence = evidence_of(posterior, prior, Kind(gaussian=True, linear=False))
        assert evidence.innovation is not None
        innovations = jax.vmap(evidence.innovation)(probes)
        slope = jax.jacfwd(evidence.innovation)(probes[0])
        scatter = jax.vmap(lambda state: posterior.observe(prior.position(state)).covariance)(probes)
        return scatter, innovations, slope, jax.vmap(evidence.log_likelihood)(probes)

    scatter, innovations, slope, log_likelihood = map(np.asarray, look(posterior, prior))
    # A weight of a statement, a factor or censoring show in the likelihood.
    misfits = 0.5 * np.sum(innovations**2, axis=-1)
    constant = log_likelihood + misfits
    near = 1e-9 * (1 + np.abs(misfits).max())
    gaussian = np.allclose(scatter, scatter[0], rtol=1e-9) and np.allclose(constant, constant[0], rtol=0, atol=near)
    line = innovations[0] + np.asarray(probes - probes[0]) @ slope.T
    linear = np.allclose(innovations, line, rtol=0, atol=1e-8 * (1 + np.abs(innovations).max()))
    return Kind(bool(gaussian), bool(gaussian and linear))


def evidence_of(posterior: Posterior, prior: Prior, kind: Kind) -> Evidence:
    """What the data of a posterior say of states of its prior."""

    def log_likelihood(state: jax.Array) -> jax.Array:
        return posterior.log_likelihood(prior.position(state))

    if not kind.gaussian:
        return Evidence(log_likelihood, ensemble=prior.states)
    observed = posterior.observe(prior.shift)
    factor = jnp.linalg.cholesky(observed.covariance)

    def innovation(state: jax.Array) -> jax.Array:
        at = posterior.observe(prior.position(state))
        return solve_triangular(factor, at.values - at.mean, lower=True)

    return Evidence(log_likelihood, innovation, kind.linear, prior.states)


@partial(jax.tree_util.register_dataclass, data_fields=["data", "mixture", "shift", "scale"], meta_fields=["fixed"])
@dataclass(frozen=True, eq=False)
class MixturePosterior(Posterior):
    """A posterior with a mixture for its prior, of states `(position - shift) / scale`."""

    mixture: Mixture
    shift: jax.Array
    scale: jax.Array

    def log_parts(self, position: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Log densities of the mixture and of the likelihood."""
        log_prior = self.mixture.log_density((position - self.shift) / self.scale) - jnp.sum(jnp.log(self.scale))
        return log_prior, super().log_parts(position)[1]

    def log_density(self, position: jax.Array) -> jax.Array:
        """Log of the mixture times the likelihood."""
        log_prior, log_likelihood = self.log_parts(position)
        return log_prior + log_likelihood

    def draw_prior(self, key: jax.Array) -> jax.Array:
        """A draw of the mixture."""
        return self.shift + self.scale * self.mixture.draw(key, 1)[0][0]


def with_density(posterior: Posterior, prior: Prior) -> Posterior:
    """The posterior, with the fitted mixture for its prior where the spec gives only draws."""
    if prior.density:
        return posterior
    return MixturePosterior(posterior.fixed, posterior.data, prior.mixture, prior.shift, prior.scale)


def log_density_of_state(posterior: Posterior, prior: Prior) -> Callable[[jax.Array], jax.Array]:
    """Log density of a posterior as a function of states, up to a constant."""
    return lambda state: posterior.log_density(prior.position(state))
