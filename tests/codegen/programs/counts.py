"""Deaths per year in mining disasters: did the rate change, and when does the trend begin?

Written by uqdsl 0.1.0 from counts.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    deaths  [year]  count
    hours   [year]  positive
"""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from uqdsl.runtime import place

numpyro.enable_x64()

start = 1851


def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    prior early  ~ Exponential(scale = 3)
    prior late   ~ Exponential(scale = 3)
    prior change ~ Uniform(start, start + 112)
    prior spread ~ Exponential(1)
    let when[year] = start + year - 1
    let rate[year] = hours * (if when < change then early else late * (1 + ((when - change) / 112) ^ 2) ^ -1)
    likelihood deaths[year] ~ NegativeBinomial(rate, 1 / spread ^ 2)
    """
    hours = data["hours"]  # [year]
    when = start + jnp.array(coords["year"], dtype=float) - 1

    early = numpyro.sample("early", dist.Exponential(1 / 3))
    late = numpyro.sample("late", dist.Exponential(1 / 3))
    change = numpyro.sample("change", dist.Uniform(start, start + 112))
    spread = numpyro.sample("spread", dist.Exponential(1.0))
    with numpyro.plate("year", len(coords["year"])):
        rate = numpyro.deterministic(
            "rate",
            hours
            * jnp.where(when < change, early, late * (1 + ((when - change) / 112) ** 2) ** -1),
        )
        numpyro.sample(
            "deaths",
            dist.NegativeBinomial2(rate, 1 / spread**2),
            obs=data["deaths"] if observed else None,
        )


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    deaths = data["deaths"]  # [year]
    hours = data["hours"]  # [year]
    when = start + jnp.array(coords["year"], dtype=float) - 1

    early, log_p_early = place(dist.Exponential(1 / 3), position["early"])
    late, log_p_late = place(dist.Exponential(1 / 3), position["late"])
    change, log_p_change = place(dist.Uniform(start, start + 112), position["change"])
    spread, log_p_spread = place(dist.Exponential(1.0), position["spread"])
    rate = hours * jnp.where(when < change, early, late * (1 + ((when - change) / 112) ** 2) ** -1)
    log_p_deaths = dist.NegativeBinomial2(rate, 1 / spread**2).log_prob(deaths).sum()
    return log_p_early + log_p_late + log_p_change + log_p_spread, log_p_deaths


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
