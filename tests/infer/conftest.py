"""Hand-written programs, as the code generator would write them, bound to small data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from uqdsl.infer import Target  # before NumPyro, for it sets what JAX reads when it is imported
from uqdsl.messages import Span

import numpy as np  # isort: skip
import numpyro  # isort: skip
import numpyro.distributions as dist  # isort: skip
from numpyro.handlers import reparam  # isort: skip
from numpyro.infer.reparam import LocScaleReparam  # isort: skip

from uqdsl.runtime import place  # isort: skip


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own, so that they neither use nor fill the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UQDSL_CACHE", str(folder))
        yield folder


# --------------------------------------------------------------------------------------- a posterior in closed form


def _normal_model(data: Any, coords: Any, observed: bool = True) -> None:
    group = data["group"]
    with numpyro.plate("site", len(coords["site"])):
        a: Any = numpyro.sample("a", dist.Normal(1.0, 3.0))
    numpyro.deterministic("first", a[0])
    with numpyro.plate("row", len(coords["row"])):
        numpyro.sample("y", dist.Normal(a[group], 2.0), obs=data["y"] if observed else None)


def _normal_parts(position: Any, data: Any, coords: Any) -> Any:
    group = data["group"]
    a, log_p_a = place(dist.Normal(1.0, 3.0), position["a"])
    log_p_y = dist.Normal(a[group], 2.0).log_prob(data["y"]).sum()
    return log_p_a, log_p_y


@pytest.fixture(scope="session")
def normal() -> Target:
    """Means of groups with a normal prior and known noise; each posterior is normal."""
    rows = np.random.default_rng(3)
    group = rows.integers(0, 3, size=20)
    return Target(
        name="normal",
        source="tests: normal",
        model=_normal_model,
        log_density=lambda *given: sum(_normal_parts(*given)),
        log_parts=_normal_parts,
        data={"group": group.astype(np.int64), "y": rows.normal(2.0 * group, 2.0)},
        coords={"site": ["north", "south", "east"], "row": list(range(20))},
        dims={"a": ("site",), "first": (), "y": ("row",)},
        unknowns=("a",),
        quantities=("first",),
        observed=("y",),
        spans={"a": Span(0, 5), "first": Span(10, 15), "y": Span(20, 25)},
    )


# ----------------------------------------------------------------------------------------------------- eight schools


@reparam(config={"theta": LocScaleReparam(centered=0)})
def _schools_model(data: Any, coords: Any, observed: bool = True) -> None:
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", len(coords["school"])):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(theta, data["sigma"]), obs=data["y"] if observed else None)


def _schools_parts(position: Any, data: Any, coords: Any) -> Any:
    mu, log_p_mu = place(dist.Normal(0.0, 5.0), position["mu"])
    tau, log_p_tau = place(dist.HalfCauchy(5.0), position["tau"])
    theta_decentered, log_p_theta = place(dist.Normal(0.0, 1.0), position["theta_decentered"])
    theta = mu + tau * theta_decentered
    log_p_y = dist.Normal(theta, data["sigma"]).log_prob(data["y"]).sum()
    return log_p_mu + log_p_tau + log_p_theta, log_p_y


@pytest.fixture(scope="session")
def schools() -> Target:
    """Eight schools, noncentered."""
    return Target(
        name="eight_schools",
        source="tests: eight schools",
        model=_schools_model,
        log_density=lambda *given: sum(_schools_parts(*given)),
        log_parts=_schools_parts,
        data={
            "y": np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]),
            "sigma": np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
        },
        coords={"school": list("ABCDEFGH")},
        dims={"mu": (), "tau": (), "theta": ("school",), "y": ("school",)},
        unknowns=("mu", "tau", "theta"),
        quantities=(),
        observed=("y",),
        spans={name: Span(i, i + 1) for i, name in enumerate(("mu", "tau", "theta", "y"))},
    )
