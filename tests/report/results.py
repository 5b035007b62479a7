"""Small results to be drawn, made without a sampler."""

from __future__ import annotations

import numpy as np

from uqdsl.diagnose import Forecast
from uqdsl.ir import SOURCES
from uqdsl.results import Group, Groups, Variable

COUNTIES = np.array(["ANOKA", "a < b & c", "costs $5 or $6", "naïve 郡"])


def posterior(chains: int = 4, draws: int = 200, elements: int = len(COUNTIES)) -> Group:
    """A scalar, a vector, whole numbers, and something constant."""
    rng = np.random.default_rng(1)
    dims = ("chain", "draw")
    return Group(
        {
            "mu": Variable(dims, rng.normal(3, 2, (chains, draws))),
            "a": Variable((*dims, "county"), np.arange(elements) + rng.normal(size=(chains, draws, elements))),
            "count": Variable(dims, rng.poisson(4, (chains, draws))),
            "fixed": Variable(dims, np.full((chains, draws), 2.0)),
        },
        {
            "chain": np.arange(chains),
            "draw": np.arange(draws),
            "county": COUNTIES if elements == len(COUNTIES) else np.arange(elements),
        },
    )


def prediction(rows: int = 5, draws: int = 400) -> Group:
    """Of X, whose shares are one of them below zero."""
    rng = np.random.default_rng(2)
    centre = rng.permutation(rows) * 1.0
    values = centre + (1 + centre / rows) * rng.normal(size=(draws, rows))
    share = rng.dirichlet(np.ones(len(SOURCES)), rows).T
    share[2, 0], share[4, 0] = -0.01, share[4, 0] + share[2, 0] + 0.01
    variables = {
        "X": Variable(("draw", "case"), values),
        "X_mean": Variable(("case",), values.mean(axis=0)),
        "X_sd": Variable(("case",), values.std(axis=0, ddof=1)),
        "X_share": Variable(("source", "case"), share),
        "X_average_share": Variable(("source",), share.mean(axis=1)),
        "X_average_share_error": Variable(("source",), np.full(len(SOURCES), 0.013)),
    }
    coords = {"case": np.arange(rows) + 1, "draw": np.arange(draws), "source": np.array(SOURCES)}
    return Group(variables, coords)


def forecast(rows: int = 5) -> Forecast:
    return Forecast("X", ("case",), prediction(rows), "share", "variance")


def result() -> Groups:
    return {"posterior": posterior(), "prediction": prediction()}
