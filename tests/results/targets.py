"""Targets small enough to check by hand."""

from __future__ import annotations

import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import numpy as jnp
from numpyro.handlers import reparam
from numpyro.infer.reparam import LocScaleReparam

from uqdsl.infer.target import Target

numpyro.enable_x64()

COUNTIES = ["ANOKA", "BECKER", "ÎLE-DE-FRANCE"]


@reparam(config={"a": LocScaleReparam(centered=0)})
def partial_pooling(data, coords, observed=True):
    mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
    tau = numpyro.sample("tau", dist.HalfNormal(1.0))
    with numpyro.plate("county", len(coords["county"])):
        a = numpyro.sample("a", dist.Normal(mu, tau))
    numpyro.deterministic("double", 2 * a)
    with numpyro.plate("home", len(coords["home"])):
        y = data["y"] if observed else None
        numpyro.sample("y", dist.Normal(jnp.asarray(a)[data["county"]] + 0.5 * data["floor"], 0.7), obs=y)


def make_target(model=partial_pooling, **changes) -> Target:
    """A target of five homes in three counties; `changes` are fields of it."""
    target = Target(
        name="homes",
        source="",
        model=model,
        log_density=model,
        log_parts=model,
        data={
            "y": np.array([0.3, -1.2, 0.8, 2.0, 0.1]),
            "floor": np.array([0, 1, 1, 0, 1]),
            "county": np.array([0, 0, 1, 2, 2]),
        },
        coords={"county": COUNTIES, "home": [1, 2, 3, 4, 5]},
        dims={"a": ("county",), "double": ("county",), "y": ("home",), "floor": ("home",), "county": ("home",)},
        unknowns=("mu", "tau", "a"),
        quantities=("double",),
        observed=("y",),
        spans={},
    )
    return target._replace(**changes)


def make_posterior() -> dict[str, np.ndarray]:
    """Made-up draws, (4, 30, …), of the unknowns and quantities of a target."""
    rng = np.random.default_rng(1)
    a = rng.normal(size=(4, 30, 3))
    return {"mu": rng.normal(size=(4, 30)), "tau": rng.gamma(2.0, size=(4, 30)), "a": a, "double": 2 * a}
