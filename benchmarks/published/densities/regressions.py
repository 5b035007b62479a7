"""Linear regressions: y ~ Normal(X beta, sigma), the columns of X in the order of the coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jax import Array
from jax import numpy as jnp

from benchmarks.published.densities.laws import cauchy, normal

type Data = Mapping[str, Any]
type Unknowns = Mapping[str, Array]
type LogDensity = Callable[[Data, Unknowns], Array]
type Columns = Callable[[dict[str, np.ndarray]], tuple[np.ndarray, list[np.ndarray]]]
"""From data to the outcome and the columns of X but the first, which is all ones."""


def regression(columns: Columns, log_prior: Callable[[Unknowns], Array | float] = lambda _: 0.0) -> LogDensity:
    """A regression with a constant, whose coefficients are flat; so is sigma unless `log_prior` says otherwise."""

    def log_density(data: Data, unknowns: Unknowns) -> Array:
        y, rest = columns({name: np.asarray(value, dtype=float) for name, value in data.items()})
        X = np.stack([np.ones_like(y), *rest], axis=1)
        return normal(y, X @ unknowns["beta"], unknowns["sigma"]) + log_prior(unknowns)

    return log_density


def half_cauchy_scatter(unknowns: Unknowns) -> Array:
    """Of the children's scores."""
    return cauchy(unknowns["sigma"], 2.5)


def matrix_regression(data: Data, unknowns: Unknowns) -> Array:
    """`blr`: no constant, proper priors."""
    X, y = np.array(data["X"]), np.array(data["y"])
    log_prior = normal(unknowns["beta"], 0.0, 10.0) + normal(unknowns["sigma"], 0.0, 10.0)
    return log_prior + normal(y, X @ unknowns["beta"], unknowns["sigma"])


def kilpisjarvi(data: Data, unknowns: Unknowns) -> Array:
    """A line whose priors come with the data."""
    alpha, beta, sigma = (unknowns[name] for name in ("alpha", "beta", "sigma"))
    log_prior = normal(alpha, data["pmualpha"], data["psalpha"]) + normal(beta, data["pmubeta"], data["psbeta"])
    return log_prior + normal(jnp.array(data["y"]), alpha + beta * jnp.array(data["x"], dtype=float), sigma)


def party(d: dict[str, np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """`nes`: party identification, with dummies for the age groups 2, 3 and 4."""
    dummies = [np.where(d["age_discrete"] == group, 1.0, 0.0) for group in (2, 3, 4)]
    return d["partyid7"], [d["real_ideo"], d["race_adj"], *dummies, d["educ1"], d["gender"], d["income"]]


def centered_interaction(d: dict[str, np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """`kidscore_interaction_c`."""
    h, q = d["mom_hs"] - d["mom_hs"].mean(), d["mom_iq"] - d["mom_iq"].mean()
    return d["kid_score"], [h, q, h * q]


def standardized_interaction(d: dict[str, np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """`kidscore_interaction_z`: by two standard deviations, with divisor N - 1."""
    h, q = ((x - x.mean()) / (2 * x.std(ddof=1)) for x in (d["mom_hs"], d["mom_iq"]))
    return d["kid_score"], [h, q, h * q]


def log_mesquite(d: dict[str, np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """`logmesquite`: all logarithms but the group."""
    measured = [np.log(d[name]) for name in ("diam1", "diam2", "canopy_height", "total_height", "density")]
    return np.log(d["weight"]), [*measured, d["group"]]


def mesquite(d: dict[str, np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """`mesquite`: everything as it was measured."""
    names = ("diam1", "diam2", "canopy_height", "total_height", "density", "group")
    return d["weight"], [d[name] for name in names]


def log_volume(d: dict[str, np.ndarray]) -> np.ndarray:
    """Of the canopy of a bush."""
    return np.log(d["diam1"] * d["diam2"] * d["canopy_height"])
