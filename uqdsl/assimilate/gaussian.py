"""The Kalman filter of any system, and the smoother of Rauch, Tung & Striebel behind it: what is Gaussian stays Gaussian.

Where a function of what is known is not linear it is taken to be `mean + slope (z - E[z])`, with a `rest` of covariance that no
line explains; how these three are found tells the extended filter from the unscented one. Parameters that are not known stand
beside the states, on their unconstrained scale: those that are estimated are moved by the observations, those that are
sampled keep the uncertainty of their prior (Schmidt 1966), which so counts in every gain.

References:
    Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45.
    Rauch, Tung & Striebel 1965, Maximum Likelihood Estimates of Linear Dynamic Systems, AIAA J. 3, 1445-1450.
    Schmidt 1966, Application of State-Space Methods to Navigation Problems, Adv. Control Syst. 3, 293-340.
    Särkkä 2013, Bayesian Filtering and Smoothing, Cambridge University Press, chapters 5 and 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve

from uqdsl.assimilate.cycle import Estimate, Filter, Members, Passed, Plan, Smoother
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.covariance import Covariance


class Belief(NamedTuple):
    """A Gaussian law of states and uncertain parameters: mean `(n,)`, covariance `(n, n)`; and all parameters at first."""

    mean: jax.Array
    covariance: jax.Array
    parameters: jax.Array


class Line(NamedTuple):
    """A function of something Gaussian as a line: its mean `(m,)`, the slope `(m, n)`, and the covariance left `(m, m)`."""

    mean: jax.Array
    slope: jax.Array
    rest: jax.Array

    def covariance(self, belief: Belief) -> jax.Array:
        """Of the values of the function."""
        return self.slope @ belief.covariance @ self.slope.T + self.rest


type Function = Callable[[jax.Array], jax.Array]
type Linearise = Callable[[Function, Belief], Line]


def gaussian_filter(
    linearise: Linearise,
    plan: Plan,
    inflation: float = 1.0,
    refuse: Callable[[System], tuple[str, str] | None] | None = None,
    reject: float | None = None,
) -> Filter:
    """A filter that takes every function for a line.

    Arguments:
        linearise: how that is found.
        inflation: by which the covariance of the states grows in a unit of time, beside what the system does to it.
        reject: what is observed is left out if it is farther from its mean than so many of its standard deviations.
    """
    known = _Known(plan, linearise, inflation, reject)
    back = Smoother(Passed, lambda _system, kept, _event: kept.analysis, known.smooth, known.estimate)
    return Filter(
        known.begin, known.predict, known.analyse, known.estimate, known.evidence, back, refuse, drawn=known.draw
    )


@dataclass(frozen=True)
class Joint:
    """States and uncertain parameters as one vector `(n,)`.

    Attributes:
        plan: what becomes of parameters.
    """

    plan: Plan

    @property
    def uncertain(self) -> np.ndarray:
        """Where parameters are not known, `(q,)`."""
        return self.plan.estimated | self.plan.sampled

    def begin(self, system: System, key: jax.Array) -> Belief:
        """Mean and covariance at the first time."""
        known = system.mean_parameters()
        free, prior = jnp.zeros(0), jnp.zeros((0, 0))
        if self.uncertain.any():
            moments = system.prior_moments(key)
            free = moments.mean[self.uncertain]
            prior = moments.covariance.matrix()[np.ix_(self.uncertain, self.uncertain)]
        blank = jnp.concatenate([jnp.zeros(system.size), free])

        def first(free: jax.Array) -> jax.Array:
            return system.initial_moments(self.split(system, blank.at[system.size :].set(free), known)[1]).mean

        begin = system.initial_moments(self.split(system, blank, known)[1])
        slope = jax.jacfwd(first)(free)
        across = slope @ prior
        covariance = jnp.block([[across @ slope.T + begin.covariance.matrix(), across], [across.T, prior]])
        return Belief(jnp.concatenate([begin.mean, free]), covariance, known)

    def wider(self, root: jax.Array, factor: float) -> jax.Array:
        """A root `(n, …)` of a covariance of which that of the states is multiplied."""
        parameters = jnp.arange(len(root)) >= len(root) - int(self.uncertain.sum())
        return root * jnp.where(parameters, 1.0, jnp.sqrt(factor))[:, None]

    def split(self, system: System, joint: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        """State and parameters, these on the scale of their supports."""
        if not self.uncertain.any():
            return joint, known
        free = system.unconstrained(known).at[self.uncertain].set(joint[system.size :])
        return joint[: system.size], jnp.where(jnp.asarray(self.uncertain), system.constrained(free), known)

    def step(self, system: System, known: jax.Array, event: Events) -> Function:
        """Where such a vector is expected to be at an event, given that at the event before."""

        def moved(joint: jax.Array) -> jax.Array:
            mean = system.forecast(*self.split(system, joint, known), event).mean
            return jnp.concatenate([mean, joint[system.size :]])

        return moved

    def shown(self, system: System, known: jax.Array, event: Events) -> Function:
        """What is expected to be observed of such a vector at an event."""
        return lambda joint: system.observe(*self.split(system, joint, known), event).mean

    def told(self, system: System, mean: jax.Array, root: jax.Array, known: jax.Array, event: Events) -> Estimate:
        """Mean and standard deviation of everything, by tangents, of a law with a root `(n, r)` of its covariance."""

        def values(joint: jax.Array) -> tuple[jax.Array, ...]:
            state, parameters = self.split(system, joint, known)
            return system.placed(state), parameters, system.observe(state, parameters, event).mean

        means, slope = jax.linearize(values, mean)
        spread = (jnp.sqrt(jnp.sum(each**2, axis=1)) for each in jax.vmap(slope, 1, 1)(root))
        state, parameters, observed = zip(means, spread, strict=True)
        return Estimate(*state, *parameters, *observed)

    def drawn(
        self, system: System, mean: jax.Array, root: jax.Array, known: jax.Array, key: jax.Array, count: int
    ) -> Members:
        """Draws of a law with a root `(n, r)` of its covariance."""
        joint = mean + jax.random.normal(key, (count, root.shape[1])) @ root.T
        states, parameters = jax.vmap(lambda each: self.split(system, each, known))(joint)
        return Members(states, parameters, jnp.full(count, 1 / count))


class _Seen(NamedTuple):
    """What is observed as a line, its errors, where something is taken in and where left out, the innovation `(p,)` and its
    covariance.
    """

    line: Line
    errors: Covariance
    there: jax.Array
    rejected: jax.Array
    innovation: jax.Array
    total: jax.Array


@dataclass(frozen=True)
class _Known(Joint):
    """The filter as functions that share how everything is linearised."""

    linearise: Linearise
    inflation: float
    reject: float | None

    def predict(self, system: System, belief: Belief, event: Events, _key: jax.Array) -> Belief:
        """z = f(z), P = F P F' + Q."""
        line = self.linearise(self.step(system, belief.parameters, event), belief)
        acting = system.forecast(*self.split(system, belief.mean, belief.parameters), event).covariance.matrix()
        size = system.size
        grown = jnp.ones(len(belief.mean)).at[:size].set(self.inflation ** (event.length / 2))
        covariance = grown[:, None] * line.covariance(belief) * grown
        return belief._replace(mean=line.mean, covariance=covariance.at[:size, :size].add(acting))

    def _seen(self, system: System, belief: Belief, event: Events) -> _Seen:
        seen = system.observe(*self.split(system, belief.mean, belief.parameters), event)
        line = self.linearise(self.shown(system, belief.parameters, event), belief)
        apart, there = seen.values - line.mean, seen.present
        rejected = jnp.zeros_like(there)
        if self.reject is not None:
            expected = jnp.diag(line.covariance(belief)) + seen.covariance.variance
            rejected = there & (apart**2 > self.reject**2 * expected)
            there = there & ~rejected
        both = there[:, None] & there[None, :]
        line = Line(line.mean, jnp.where(there[:, None], line.slope, 0.0), jnp.where(both, line.rest, 0.0))
        total = line.covariance(belief) + seen.covariance.where(there, 1.0).matrix()
        return _Seen(line, seen.covariance, there, rejected, jnp.where(there, apart, 0.0), total)

    def analyse(
        self, system: System, belief: Belief, event: Events, _key: jax.Array
    ) -> tuple[Belief, dict[str, jax.Array]]:
        """z + K (y - h(z)), and the covariance in Joseph's form, which stays positive and allows any gain."""
        line, errors, there, rejected, innovation, total = self._seen(system, belief, event)
        gain = cho_solve(cho_factor(total, lower=True), line.slope @ belief.covariance).T
        estimated = np.concatenate([np.ones(system.size, bool), self.plan.estimated[self.uncertain]])
        gain = jnp.where(jnp.asarray(estimated)[:, None], gain, 0.0)
        left = jnp.eye(len(belief.mean)) - gain @ line.slope
        error = line.rest + errors.where(there, 0.0).matrix()
        covariance = left @ belief.covariance @ left.T + gain @ error @ gain.T
        numbers = {} if self.reject is None else {"rejected": rejected.astype(float)}
        return belief._replace(mean=belief.mean + gain @ innovation, covariance=covariance), numbers

    def smooth(
        self,
        system: System,
        here: Passed,
        after: Passed,
        smoothed: Belief,
        event: Events,
    ) -> Belief:
        """z + G (zs' - z'f), P + G (Ps' - P'f) G' with G = P F' P'f^-1 and a stroke for the event after.

        Of directions that the forecast knows exactly nothing is learned.
        """
        known: Belief = here.analysis
        foretold: Belief = after.forecast
        slope = self.linearise(self.step(system, known.parameters, event), known).slope
        gain = known.covariance @ slope.T @ jnp.linalg.pinv(foretold.covariance, hermitian=True)
        covariance = known.covariance + gain @ (smoothed.covariance - foretold.covariance) @ gain.T
        moved = known.mean + gain @ (smoothed.mean - foretold.mean)
        return known._replace(mean=moved, covariance=0.5 * (covariance + covariance.T))

    def evidence(self, system: System, belief: Belief, event: Events) -> jax.Array:
        """Log density of the innovation."""
        _, _, there, _, innovation, total = self._seen(system, belief, event)
        factor = cho_factor(total, lower=True)
        # What is not there has a variance of one in the place of its own, and adds nothing.
        log_determinant = 2 * jnp.sum(jnp.log(jnp.diag(factor[0])))
        distance = innovation @ cho_solve(factor, innovation)
        return -0.5 * (distance + log_determinant + jnp.sum(there) * jnp.log(2 * jnp.pi))

    def draw(self, system: System, belief: Belief, key: jax.Array, count: int) -> Members:
        """Draws of what is known."""
        root = Covariance(jnp.diag(belief.covariance), belief.covariance).coloured(jnp.eye(len(belief.mean)))
        return self.drawn(system, belief.mean, root.T, belief.parameters, key, count)

    def estimate(self, system: System, belief: Belief, event: Events) -> Estimate:
        """Mean and standard deviation of everything."""
        size = system.size
        line = self.linearise(self.shown(system, belief.parameters, event), belief)
        spread = jnp.sqrt(jnp.diag(belief.covariance))

        def parameters(free: jax.Array) -> jax.Array:
            return self.split(system, belief.mean.at[size:].set(free), belief.parameters)[1]

        free = belief.mean[size:]
        slope = jax.jacfwd(parameters)(free)
        doubt = jnp.sqrt(jnp.einsum("qi,ij,qj->q", slope, belief.covariance[size:, size:], slope))
        observed = jnp.sqrt(jnp.diag(line.covariance(belief)))
        mean, sd = jax.jvp(system.placed, (belief.mean[:size],), (spread[:size],))
        return Estimate(mean, sd, parameters(free), doubt, line.mean, observed)
