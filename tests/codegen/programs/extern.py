"""A simulator in JAX, a table in NumPy, and a figure of merit that no law needs

Written by uqdsl 0.1.0 from extern.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, with_computed(data, coords), coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    heat  [day, layer]  real
    hour  [day]         real
"""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from uqdsl.runtime import callback, place

numpyro.enable_x64()

# Only now, for the precision to hold for arrays of theirs too.
from almanac import solar_height  # noqa: E402
from soil.physics import profile as column  # noqa: E402
from soil.physics import worst  # noqa: E402

column = jnp.vectorize(column, signature="(),()->(layer)")
solar_height = callback(solar_height, "()->()")
worst = callback(worst, "(layer)->()")


def with_computed(data, coords):
    """The data, and what follows from them by functions that JAX cannot follow: the `data` of all below.

    let sun[day] = solar_height(hour)
    """
    hour = data["hour"]  # [day]
    sun = solar_height(hour)

    return {**data, "sun": sun}


def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    let sun[day] = solar_height(hour)
    prior conductivity ~ LogNormal(0, 1)
    prior gain         ~ HalfNormal(1)
    let simulated[day, layer] = column(conductivity, gain * sun)
    let risk[day] = worst(simulated)
    likelihood heat[day, layer] ~ Normal(simulated, 0.2)
    """
    sun = data["sun"]  # [day]

    conductivity = numpyro.sample("conductivity", dist.LogNormal(0.0, 1.0))
    gain = numpyro.sample("gain", dist.HalfNormal(1.0))
    with (
        numpyro.plate("day", len(coords["day"]), dim=-2),
        numpyro.plate("layer", len(coords["layer"]), dim=-1),
    ):
        simulated = numpyro.deterministic("simulated", column(conductivity, gain * sun))
    with numpyro.plate("day", len(coords["day"])):
        numpyro.deterministic("risk", worst(simulated))
    with (
        numpyro.plate("day", len(coords["day"]), dim=-2),
        numpyro.plate("layer", len(coords["layer"]), dim=-1),
    ):
        numpyro.sample("heat", dist.Normal(simulated, 0.2), obs=data["heat"] if observed else None)


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    heat = data["heat"]  # [day, layer]
    sun = data["sun"]  # [day]

    conductivity, log_p_conductivity = place(dist.LogNormal(0.0, 1.0), position["conductivity"])
    gain, log_p_gain = place(dist.HalfNormal(1.0), position["gain"])
    simulated = column(conductivity, gain * sun)
    log_p_heat = dist.Normal(simulated, 0.2).log_prob(heat).sum()
    return log_p_conductivity + log_p_gain, log_p_heat


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
