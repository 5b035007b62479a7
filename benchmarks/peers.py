"""The peers: the specs of the library as somebody who knows NumPyro well would write them by hand."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.handlers import reparam
from numpyro.infer.reparam import LocScaleReparam

DATA = Path(__file__).parents[1] / "specs" / "data"


class Peer(NamedTuple):
    """A model and its arguments."""

    model: Callable[..., Any]
    arguments: tuple[Any, ...]
    target_accept: float


def _rows(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def eight_schools() -> Peer:
    """Rubin's eight schools, noncentered."""

    def model(y: Any, sigma: Any) -> None:
        mu = numpyro.sample("mean", dist.Normal(0.0, 5.0))
        tau = numpyro.sample("scatter", dist.HalfCauchy(5.0))
        with numpyro.plate("school", len(y)), reparam(config={"gain": LocScaleReparam(centered=0)}):
            theta = numpyro.sample("gain", dist.Normal(mu, tau))
            numpyro.sample("effect", dist.Normal(theta, sigma), obs=y)

    rows = _rows("eight_schools.csv")
    y, sigma = (jnp.array([float(row[name]) for row in rows]) for name in ("effect", "standard_error"))
    return Peer(model, (y, sigma), 0.95)


def radon() -> Peer:
    """Radon with county effects, noncentered."""

    def model(floor: Any, county: Any, log_uranium: Any, log_radon: Any) -> None:
        gamma = numpyro.sample("gamma", dist.Normal(0.0, 1.0))
        mu_a = numpyro.sample("mu_a", dist.Normal(0.0, 10.0))
        sigma_a = numpyro.sample("sigma_a", dist.HalfNormal(1.0))
        b = numpyro.sample("b", dist.Normal(0.0, 10.0))
        sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
        with numpyro.plate("counties", len(log_uranium)), reparam(config={"a": LocScaleReparam(centered=0)}):
            a = numpyro.sample("a", dist.Normal(mu_a + gamma * log_uranium, sigma_a))
        with numpyro.plate("homes", len(log_radon)):
            numpyro.sample("log_radon", dist.Normal(a[county] + b * floor, sigma), obs=log_radon)

    homes, counties = _rows("radon_homes.csv"), _rows("radon_counties.csv")
    labels = [row["county"] for row in counties]
    return Peer(
        model,
        (
            jnp.array([float(row["floor"]) for row in homes]),
            jnp.array([labels.index(row["county"]) for row in homes]),
            jnp.array([float(row["log_uranium"]) for row in counties]),
            jnp.array([float(row["log_radon"]) for row in homes]),
        ),
        0.8,
    )


PEERS = {"eight_schools": eight_schools, "radon": radon}
