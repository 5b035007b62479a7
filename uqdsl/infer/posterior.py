"""What a method sees of a target: densities, prior draws and observations at flat unconstrained positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.covariance import covariance_of, independent
from uqdsl.infer.positions import Layout, position_layout, prior_position, trace_at
from uqdsl.infer.target import Target


@partial(jax.tree_util.register_dataclass, data_fields=["data"], meta_fields=["fixed"])
@dataclass(frozen=True, eq=False)
class Posterior:
    """A posterior over positions `(size,)`: every unknown on an unconstrained scale, one behind the other.

    It is a pytree whose leaves are the data: give it to a compiled function as an argument, and the data are not compiled
    into the program. All its functions are of one position and can be differentiated and vectorised.

    Attributes:
        fixed: what is not data.
        data: every field.
    """

    fixed: _Fixed
    data: dict[str, jax.Array]

    @property
    def target(self) -> Target:
        """The compiled spec; its data may be others."""
        return self.fixed.target

    @property
    def layout(self) -> Layout:
        """How the unknowns lie in a position."""
        return self.fixed.layout

    @property
    def size(self) -> int:
        """Elements of a position."""
        return self.layout.size

    def log_parts(self, position: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Log densities of prior and likelihood, the log Jacobian of the unconstrained scale with the prior."""
        target = self.target
        prior, likelihood = target.log_parts(self.layout.split(position), self.data, target.coords)
        return jnp.asarray(prior, float), jnp.asarray(likelihood, float)

    def log_prior(self, position: jax.Array) -> jax.Array:
        """Log density of the prior, normalised where its laws are."""
        return self.log_parts(position)[0]

    def log_likelihood(self, position: jax.Array) -> jax.Array:
        """Log likelihood, with its constants."""
        return self.log_parts(position)[1]

    def log_density(self, position: jax.Array) -> jax.Array:
        """Log of prior times likelihood: without the evidence."""
        return self.fixed.log_density(position, self.data)

    def estimate_parts(self, position: jax.Array, seed: jax.Array) -> tuple[jax.Array, jax.Array]:
        """As `log_parts`; of a likelihood that is not known, an estimate by a seed, whose exponential is unbiased."""
        target = self.target
        if target.estimate is None:
            return self.log_parts(position)
        prior, likelihood = target.estimate(self.layout.split(position), jax.random.key(seed), self.data, target.coords)
        return jnp.asarray(prior, float), jnp.asarray(likelihood, float)

    def estimate_log_density(self, position: jax.Array, seed: jax.Array) -> jax.Array:
        """The sum of these; without an estimate the log density, as compiled for all who ask for it."""
        if self.target.estimate is None:
            return self.log_density(position)
        prior, likelihood = self.estimate_parts(position, seed)
        return prior + likelihood

    def draw_prior(self, key: jax.Array) -> jax.Array:
        """A draw of the prior; of methods that assume that the prior can be sampled."""
        return prior_position(self.target, self.layout, key, self.data)

    @property
    def batched(self) -> bool:
        """Whether the spec asks for a batch of rows to be looked at at a time, and there are more rows than that."""
        return self.target.batch is not None and self.target.batch < self.rows

    @property
    def rows(self) -> int:
        """Rows that know nothing of each other given the unknowns; of targets that have such."""
        assert self.target.rows is not None
        return len(self.target.coords[self.target.rows])

    def draw_batch(self, key: jax.Array) -> Posterior:
        """The posterior as a random batch of rows shows it, as many as the spec asks for; itself where it asks for none."""
        if not self.batched:
            return self
        return self.of_rows(jax.random.randint(key, (self.target.batch or 0,), 0, self.rows))

    def linearised(self, mode: dict[str, jax.Array]) -> Posterior:
        """The posterior of networks that are linear in their weights about a mode; itself without a mode."""
        return replace(self, fixed=_Fixed(self.target.linearised(mode))) if mode else self

    def of_rows(self, rows: jax.Array) -> Posterior:
        """The posterior of some rows, by their positions, each as often as it is named.

        Where the spec asks for batches, the log likelihood is then multiplied by how many rows there are for each of these: its
        mean over random rows is that of all.
        """
        row, dims = self.target.rows, self.target.dims
        data = {
            name: jnp.take(each, rows, axis=dims[name].index(row)) if row in dims.get(name, ()) else each
            for name, each in self.data.items()
        }
        return replace(self, data=data)

    def observe(self, position: jax.Array) -> Observed:
        """What the likelihoods say of the data at a position; of methods that assume that these are Gaussian.

        Returns:
            Mean `(p,)`, covariance `(p, p)` and values `(p,)` of all data; what is missing is not heeded, and is refused to
            methods that need this.
        """
        return _observe(self.target, self.layout.split(position), self.data)


class _Fixed:
    """A target with its layout, alike only to itself: what tells compiled functions of one posterior from another's."""

    def __init__(self, target: Target) -> None:
        self.target = target

    @cached_property
    def layout(self) -> Layout:
        return position_layout(self.target)

    @cached_property
    def log_density(self) -> Callable[[jax.Array, dict[str, jax.Array]], jax.Array]:
        """The log density at a flat position, given data; compiled, so that it is traced once, however often it is called."""
        target, layout = self.target, self.layout
        return jax.jit(lambda position, data: target.log_density(layout.split(position), data, target.coords))


def make_posterior(target: Target) -> Posterior:
    """The posterior of a target."""
    return Posterior(_Fixed(target), {name: jnp.asarray(each) for name, each in target.data.items()})


SEED = "filter_seed"
"""The statistic that names the random numbers of the estimate at a draw."""
_SEEDS = 2**31 - 1


def draw_seeds(key: jax.Array, shape: tuple[int, ...] = ()) -> jax.Array:
    """Names of random numbers that estimates of the likelihood are made of."""
    return jax.random.randint(key, shape, 0, _SEEDS)


class Observed(NamedTuple):
    """Gaussian data at a position: `values ~ Normal(mean, covariance)`."""

    mean: jax.Array
    covariance: jax.Array
    values: jax.Array


def _observe(target: Target, position: dict[str, jax.Array], data: dict[str, jax.Array]) -> Observed:
    sites = trace_at(target, position, data)
    means, covariances, values = [], [], []
    for name in target.observed:
        law, value = sites[name]["fn"], sites[name]["value"]
        means.append(jnp.ravel(jnp.broadcast_to(law.mean, jnp.shape(value))))
        values.append(jnp.ravel(jnp.asarray(value, float)))
        covariances.append(covariance_of(law, jnp.shape(value)))
    return Observed(jnp.concatenate(means), independent(covariances).matrix(), jnp.concatenate(values))


class Draws(NamedTuple):
    """What a method gives.

    - positions: `(draw, size)`, or `(chain, draw, size)` where there are several chains or repetitions.
    - log_weights: like `positions` without its last axis, up to a constant; None where all count alike.
    - log_approximation: log density of what they were drawn from, up to a constant, where that is known and the
      method stops there: then Pareto's k tells how far that is from the posterior, and the draws can be corrected.
    - stats: of each draw, under a name each, like `log_weights`.
    - diagnostics: numbers of the whole, by name, such as `log_evidence`.
    - reasons: why the draws should not be trusted, one sentence each, with what to do; empty if nothing speaks against them.
    - notes: what else is to be known, one sentence each.
    - history: a number after each of the method's steps, by name, such as `temperature`.
    - worth: how many independent draws of the posterior they are worth, where the method knows that better than can be told
      from how often each is there; NaN where they are none of the posterior.
    - mode: the weights of networks, by name, about which these are linear in all that follows; empty where they are not.
    """

    positions: jax.Array | np.ndarray
    log_weights: jax.Array | np.ndarray | None = None
    log_approximation: jax.Array | np.ndarray | None = None
    stats: dict[str, Any] = {}  # noqa: RUF012 - never changed
    diagnostics: dict[str, float | int | bool | str] = {}  # noqa: RUF012 - never changed
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    history: dict[str, np.ndarray] = {}  # noqa: RUF012 - never changed
    worth: float | None = None
    mode: dict[str, jax.Array] = {}  # noqa: RUF012 - never changed


class Watch(Protocol):
    """Is told how far a method is: so many of so many steps, with numbers worth showing."""

    def __call__(self, done: int, total: int, /, **numbers: float) -> None: ...


def unwatched(done: int, total: int, /, **numbers: float) -> None:
    """For a method that nobody watches."""


type Run = Callable[[Posterior, Any, jax.Array, Watch], Draws]
"""A method: from a posterior, its options and a key to draws."""
