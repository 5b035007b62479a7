"""What all ensemble filters have: members that move, inflation, and parameters that are moved beside the states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.assimilate.cycle import Estimate, Filter, Members, Plan, Smoother
from uqdsl.assimilate.localization import Near
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.covariance import Covariance
from uqdsl.infer.kalman import White, whiten
from uqdsl.infer.population import over_particles
from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions
from uqdsl.vocabulary.assimilation.schemes import AdaptiveInflation, Additive, Multiplicative, Rtpp, Rtps


class Ensemble(NamedTuple):
    """Members: states `(N, d)` and parameters `(N, q)` on their unconstrained scale.

    `inflation` is the factor of the variance that innovations so far call for, where it is adaptive.
    """

    states: jax.Array
    parameters: jax.Array
    inflation: jax.Array | None = None

    def joint(self, estimated: jax.Array) -> jax.Array:
        """States and the parameters that are estimated, `(N, n)`."""
        return jnp.concatenate([self.states, self.parameters[:, estimated]], axis=1)

    def with_joint(self, joint: jax.Array, estimated: jax.Array) -> Ensemble:
        """The ensemble with these in their places."""
        size = self.states.shape[1]
        parameters = self.parameters.at[:, estimated].set(joint[:, size:])
        return self._replace(states=joint[:, :size], parameters=parameters)


class Seen(NamedTuple):
    """What an analysis is given beside the ensemble `(N, n)`, whose rows are states and the parameters that are estimated.

    - event: when.
    - members: what each member would show, without error, `(N, p)`; 0 where nothing was observed.
    - values: what was observed, `(p,)`; 0 where nothing was.
    - covariance: of its error: where nothing was observed, of unit variance and no correlation.
    - present: where something was observed, and is taken in, `(p,)`.
    - rejected: where something was observed that is left out, `(p,)`; None where everything is taken in.
    - split: such an ensemble as states `(N, d)` and all parameters `(N, q)` on the scale of their supports.
    - point: one row `(n,)` as a state `(d,)` and all parameters `(q,)`, those that are not estimated at their mean.
    """

    event: Events
    members: jax.Array
    values: jax.Array
    covariance: Covariance
    present: jax.Array
    split: Callable[[jax.Array], tuple[jax.Array, jax.Array]]
    point: Callable[[jax.Array], tuple[jax.Array, jax.Array]]
    rejected: jax.Array | None = None

    def log_likelihoods(self, system: System, ensemble: jax.Array) -> jax.Array:
        """Log density of what was observed, given each of such an ensemble, by element `(N, p)`; 0 where nothing was."""
        found = jax.vmap(lambda state, known: system.log_likelihoods(state, known, self.event))(*self.split(ensemble))
        return jnp.where(self.present, found, 0.0)

    @property
    def numbers(self) -> dict[str, jax.Array]:
        """What is worth telling of what was seen, by name."""
        return {} if self.rejected is None else {"rejected": self.rejected.astype(float)}

    @property
    def white(self) -> White:
        """In units of the errors."""
        return whiten(self.members, self.covariance, self.values)

    def near(self, near: Near) -> White:
        """What is near, in units of the errors, whose precision falls off with the distance."""
        at, root = near.indices, jnp.sqrt(near.weights)
        whole = self.covariance.whole
        inner = Covariance(self.covariance.variance[at], None if whole is None else whole[at][:, at])
        return whiten(self.members.T[at].T * root, inner.where(root > 0, 1.0), self.values[at] * root)


class Moved(NamedTuple):
    """The ensemble `(N, n)` after an analysis, and numbers worth telling, by name."""

    ensemble: jax.Array
    numbers: dict[str, jax.Array] = {}  # noqa: RUF012 - never changed


type Analysis = Callable[[System, jax.Array, Seen, jax.Array], Moved]
"""From an ensemble `(N, n)`, what was seen, and a key to the ensemble after the analysis."""


def ensemble_filter(options: EnsembleOptions, plan: Plan, analysis: Analysis) -> Filter:
    """A filter whose analysis moves an ensemble."""
    from uqdsl.assimilate.fallback import gated  # which knows analyses, and they this

    estimated = jnp.asarray(plan.estimated)

    def begin(system: System, key: jax.Array) -> Ensemble:
        parameters, states = jax.vmap(system.draw_initial)(jax.random.split(key, options.members))
        known = jnp.where(estimated | jnp.asarray(plan.sampled), parameters, system.mean_parameters())
        asked = options.inflation
        first = jnp.asarray(asked.start) if isinstance(asked, AdaptiveInflation) else None
        return Ensemble(states, jax.vmap(system.unconstrained)(known), first)

    def predict(system: System, ensemble: Ensemble, event: Events, key: jax.Array) -> Ensemble:
        keys = jax.random.split(key, options.members)

        def step(state: jax.Array, parameters: jax.Array, key: jax.Array) -> jax.Array:
            return system.step(state, system.constrained(parameters), event, key)

        states = over_particles(step, ensemble.states, ensemble.parameters, keys)
        if ensemble.inflation is not None:
            factor = jnp.where(system.any_observed(event), jnp.sqrt(ensemble.inflation), 1.0)
            states = spread_by(factor, states)
        return ensemble._replace(states=states)

    def analyse(
        system: System, ensemble: Ensemble, event: Events, key: jax.Array
    ) -> tuple[Ensemble, dict[str, jax.Array]]:
        joint = ensemble.joint(estimated)
        key_of_analysis, key_of_inflation, key_of_rotation = jax.random.split(key, 3)

        def usual(system: System, joint: jax.Array, seen: Seen, key: jax.Array) -> Moved:
            moved = analysis(system, joint, seen, key)
            after = inflated(options.inflation, joint, moved.ensemble, key_of_inflation)
            if options.rotate:
                after = rotated(key_of_rotation, after)
            return moved._replace(ensemble=after)

        seen = seen_by(system, ensemble, event, estimated, options.reject)
        moved = gated(options.fallback, usual)(system, joint, seen, key_of_analysis)
        found, learned = relearned(options.inflation, ensemble.with_joint(moved.ensemble, estimated), seen)
        return found, moved.numbers | learned | seen.numbers

    return Filter(begin, predict, analyse, estimate, members=members, renew=renewed)


def with_ensemble(
    begin: Callable[[System, jax.Array], Any],
    predict: Callable[[System, Any, Events, jax.Array], Any],
    analyse: Callable[[System, Any, Events, jax.Array], tuple[Any, dict[str, jax.Array]]],
    smoother: Smoother | None = None,
    refuse: Callable[[System], tuple[str, str] | None] | None = None,
) -> Filter:
    """A filter that carries a named tuple of an `ensemble` and something beside it, and tells what that ensemble does."""

    def told(system: System, carried: Any, event: Events) -> Estimate:
        return estimate(system, carried.ensemble, event)

    def as_members(system: System, carried: Any) -> Members:
        return members(system, carried.ensemble)

    def renew(carried: Any, whole: jax.Array, key: jax.Array) -> Any:
        return carried._replace(ensemble=renewed(carried.ensemble, whole, key))

    return Filter(begin, predict, analyse, told, smoother=smoother, refuse=refuse, members=as_members, renew=renew)


def renewed(ensemble: Ensemble, whole: jax.Array, key: jax.Array) -> Ensemble:
    """An ensemble with draws of the Gaussian law of the others in the place of members that are not `whole`, `(N,)`."""
    count = len(whole)
    shares = whole / jnp.sum(whole)
    deviates = jax.random.normal(key, (count, count)) * whole / jnp.sqrt(jnp.maximum(jnp.sum(whole) - 1, 1))
    # A draw is a sum of members that are whole: their mean, and deviates times what each departs from that.
    drawn = deviates + (1 - jnp.sum(deviates, axis=1, keepdims=True)) * shares
    mixed = jnp.where(whole[:, None], jnp.eye(count), drawn)

    def filled(rows: jax.Array) -> jax.Array:
        return mixed @ jnp.where(whole[:, None], rows, 0.0)

    return ensemble._replace(states=filled(ensemble.states), parameters=filled(ensemble.parameters))


def members(system: System, ensemble: Ensemble) -> Members:
    """The members, of equal weight."""
    count = len(ensemble.states)
    parameters = jax.vmap(system.constrained)(ensemble.parameters)
    return Members(ensemble.states, parameters, jnp.full(count, 1 / count))


def seen_by(
    system: System, ensemble: Ensemble, event: Events, estimated: jax.Array, reject: float | None = None
) -> Seen:
    """What an analysis at an event is given.

    Arguments:
        reject: what is observed is left out if it is farther from the mean than so many times √(H P Hᵀ + R).
    """

    def shown(state: jax.Array, parameters: jax.Array) -> Any:
        return system.observe(state, system.constrained(parameters), event)

    def split(rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        free = ensemble.parameters.at[:, estimated].set(rows[:, system.size :])
        return rows[:, : system.size], jax.vmap(system.constrained)(free)

    def point(row: jax.Array) -> tuple[jax.Array, jax.Array]:
        free = jnp.mean(ensemble.parameters, axis=0).at[estimated].set(row[system.size :])
        return row[: system.size], system.constrained(free)

    found = jax.vmap(shown)(ensemble.states, ensemble.parameters)
    there, rejected = found.present[0], None
    covariance = jax.tree.map(lambda each: jnp.mean(each, axis=0), found.covariance)
    if reject is not None:
        expected = jnp.var(found.mean, axis=0, ddof=1) + covariance.variance
        rejected = there & ((found.values[0] - jnp.mean(found.mean, axis=0)) ** 2 > reject**2 * expected)
        there = there & ~rejected
    covariance = covariance.where(there, 1.0)
    members, values = jnp.where(there, found.mean, 0.0), jnp.where(there, found.values[0], 0.0)
    return Seen(event, members, values, covariance, there, split, point, rejected)


def relearned(inflation: Any, ensemble: Ensemble, seen: Seen) -> tuple[Ensemble, dict[str, jax.Array]]:
    """An ensemble whose adaptive inflation has learned from what was seen; and the factor that it was, by name."""
    if not isinstance(inflation, AdaptiveInflation) or ensemble.inflation is None:
        return ensemble, {}
    factor = {"inflation": jnp.sqrt(ensemble.inflation)}
    return ensemble._replace(inflation=learned_inflation(ensemble.inflation, inflation.sd, seen)), factor


def inflated(inflation: Any, forecast: jax.Array, analysis: jax.Array, key: jax.Array) -> jax.Array:
    """The ensemble `(N, n)` after an analysis with spread restored."""
    mean = jnp.mean(analysis, axis=0)
    anomalies = analysis - mean
    match inflation:
        case Multiplicative(factor=factor):
            return spread_by(factor, analysis)
        case Additive(sd=sd):
            noise = sd * jax.random.normal(key, analysis.shape)
            return analysis + noise - jnp.mean(noise, axis=0)
        case Rtpp(alpha=alpha):
            before = forecast - jnp.mean(forecast, axis=0)
            return mean + (1 - alpha) * anomalies + alpha * before
        case Rtps(alpha=alpha):
            before, after = jnp.std(forecast, axis=0, ddof=1), jnp.std(analysis, axis=0, ddof=1)
            return mean + anomalies * (1 + alpha * jnp.where(after > 0, (before - after) / after, 0.0))
    return analysis


def learned_inflation(factor: jax.Array, sd: float, seen: Seen) -> jax.Array:
    """The factor of the variance, given what an ensemble that is inflated by it shows of the data.

    In units of the errors, innovations have the variance a s + 1, with s the variance of the p predictions before it was
    inflated by a. What they make of a scatters by sqrt(2 / p) (a s + 1) / s; it is weighed against what was known before.

    Miyoshi 2011, The Gaussian Approach to Adaptive Covariance Inflation and Its Implementation with the LETKF, Mon. Weather
    Rev. 139, 1519-1535, eq. 9 to 13.
    """
    count = jnp.sum(seen.present)
    error = seen.covariance.variance
    apart = jnp.sum(jnp.where(seen.present, (seen.values - seen.members.mean(0)) ** 2 / error, 0.0)) / count
    spread = jnp.sum(jnp.where(seen.present, jnp.var(seen.members, axis=0, ddof=1) / error, 0.0)) / count / factor
    told, scatter = (apart - 1) / spread, 2 / count * ((factor * spread + 1) / spread) ** 2
    weight = jnp.where(spread > 0, sd**2 / (sd**2 + scatter), 0.0)
    return jnp.clip(factor + weight * jnp.where(spread > 0, told - factor, 0.0), *_INFLATIONS)


_INFLATIONS = (0.5, 100.0)
"""The least and the largest factor of the variance that is learned."""


def spread_by(factor: jax.Array | float, ensemble: jax.Array) -> jax.Array:
    """An ensemble `(N, n)` with anomalies times a factor."""
    mean = jnp.mean(ensemble, axis=0)
    return mean + factor * (ensemble - mean)


def rotated(key: jax.Array, ensemble: jax.Array) -> jax.Array:
    """An ensemble `(N, n)` with anomalies turned at random."""
    return rotation(key, len(ensemble)) @ ensemble


def rotation(key: jax.Array, count: int) -> jax.Array:
    """A random orthogonal matrix `(count, count)` that leaves the mean of what it turns.

    Sakov & Oke 2008, Implications of the Form of the Ensemble Transformation in the Ensemble Square Root Filters, Mon. Weather
    Rev. 136, 1042-1053.
    """
    first = np.eye(count)
    first[:, 0] = 1.0
    basis = jnp.asarray(np.linalg.qr(first)[0])
    turned = jnp.linalg.qr(jax.random.normal(key, (count - 1, count - 1)))[0]
    inner = jnp.eye(count).at[1:, 1:].set(turned)
    return basis @ inner @ basis.T


def estimate(system: System, ensemble: Ensemble, event: Events) -> Estimate:
    """Mean and standard deviation of the members."""
    parameters = jax.vmap(system.constrained)(ensemble.parameters)
    shown = jax.vmap(lambda state, known: system.observe(state, known, event).mean)(ensemble.states, parameters)
    every = (system.placed(ensemble.states), parameters, shown)
    both = [(jnp.mean(each, axis=0), jnp.std(each, axis=0, ddof=1)) for each in every]
    return Estimate(*both[0], *both[1], *both[2])
