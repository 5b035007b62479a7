"""Radon in Minnesota homes, by floor and by county (Gelman & Hill 2007, chapter 12)

Written by uqdsl 0.1.0 from radon.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    log_radon    [home]    real
    floor        [home]    0 or 1
    county       [home]    positions, from 0, in the labels of `county`
    log_uranium  [county]  real
"""

import numpyro
import numpyro.distributions as dist
from numpyro.handlers import reparam
from numpyro.infer.reparam import LocScaleReparam

from uqdsl.runtime import place

numpyro.enable_x64()


@reparam(config={"a": LocScaleReparam(centered=0)})
def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    prior gamma     ~ Normal(0, 1)
    prior mu_a      ~ Normal(0, 10)
    prior sigma_a   ~ HalfNormal(1)
    prior a[county] ~ Normal(mu_a + gamma * log_uranium, sigma_a) noncentered
    prior b         ~ Normal(0, 10)
    prior sigma     ~ HalfNormal(1)
    likelihood log_radon[home] ~ Normal(a[county] + b * floor, sigma)
    """
    floor = data["floor"]  # [home]
    county = data["county"]  # [home]
    log_uranium = data["log_uranium"]  # [county]

    gamma = numpyro.sample("gamma", dist.Normal(0.0, 1.0))
    mu_a = numpyro.sample("mu_a", dist.Normal(0.0, 10.0))
    sigma_a = numpyro.sample("sigma_a", dist.HalfNormal(1.0))
    with numpyro.plate("county", len(coords["county"])):
        a = numpyro.sample("a", dist.Normal(mu_a + gamma * log_uranium, sigma_a))
    b = numpyro.sample("b", dist.Normal(0.0, 10.0))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
    with numpyro.plate("home", len(coords["home"])):
        numpyro.sample(
            "log_radon",
            dist.Normal(a[county] + b * floor, sigma),
            obs=data["log_radon"] if observed else None,
        )


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    log_radon = data["log_radon"]  # [home]
    floor = data["floor"]  # [home]
    county = data["county"]  # [home]
    log_uranium = data["log_uranium"]  # [county]

    gamma, log_p_gamma = place(dist.Normal(0.0, 1.0), position["gamma"])
    mu_a, log_p_mu_a = place(dist.Normal(0.0, 10.0), position["mu_a"])
    sigma_a, log_p_sigma_a = place(dist.HalfNormal(1.0), position["sigma_a"])
    a_decentered, log_p_a = place(dist.Normal(0.0, 1.0), position["a_decentered"])
    a = mu_a + gamma * log_uranium + sigma_a * a_decentered
    b, log_p_b = place(dist.Normal(0.0, 10.0), position["b"])
    sigma, log_p_sigma = place(dist.HalfNormal(1.0), position["sigma"])
    log_p_log_radon = dist.Normal(a[county] + b * floor, sigma).log_prob(log_radon).sum()
    return (
        log_p_gamma + log_p_mu_a + log_p_sigma_a + log_p_a + log_p_b + log_p_sigma,
        log_p_log_radon,
    )


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
