"""Coaching in eight schools (Rubin 1981): how much does it help, and does it help all schools alike?

Written by uqdsl 0.1.0 from eight_schools.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    y      [school]  real
    sigma  [school]  positive
"""

import numpyro
import numpyro.distributions as dist
from numpyro.handlers import reparam
from numpyro.infer.reparam import LocScaleReparam

from uqdsl.runtime import place

numpyro.enable_x64()


@reparam(config={"theta": LocScaleReparam(centered=0)})
def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    prior mu            ~ Normal(0, 5)
    prior tau           ~ HalfCauchy(5)
    prior theta[school] ~ Normal(mu, tau) noncentered
    likelihood y[school] ~ Normal(theta, sigma)
    """
    sigma = data["sigma"]  # [school]

    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", len(coords["school"])):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(theta, sigma), obs=data["y"] if observed else None)


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    y = data["y"]  # [school]
    sigma = data["sigma"]  # [school]

    mu, log_p_mu = place(dist.Normal(0.0, 5.0), position["mu"])
    tau, log_p_tau = place(dist.HalfCauchy(5.0), position["tau"])
    theta_decentered, log_p_theta = place(dist.Normal(0.0, 1.0), position["theta_decentered"])
    theta = mu + tau * theta_decentered
    log_p_y = dist.Normal(theta, sigma).log_prob(y).sum()
    return log_p_mu + log_p_tau + log_p_theta, log_p_y


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
