"""Reaction times of subjects to items, with crossed effects and heavy tails

Written by uqdsl 0.1.0 from crossed_effects.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    milliseconds  [trial]  positive
    subject       [trial]  positions, from 0, in the labels of `subject`
    item          [trial]  positions, from 0, in the labels of `item`
    condition     [trial]  positions, from 0, in the labels of `condition`
"""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.handlers import reparam
from numpyro.infer.reparam import LocScaleReparam

from uqdsl.runtime import place

numpyro.enable_x64()


@reparam(
    config={"u": LocScaleReparam(centered=0), "w": LocScaleReparam(centered=0, shape_params=["df"])}
)
def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    let y[trial] = log(milliseconds)
    prior mean_time           ~ Normal(6, 1)
    prior effect[condition]   ~ Normal(0, 0.5)
    prior sd_subject          ~ HalfNormal(0.5)
    prior sd_item             ~ HalfNormal(0.5)
    prior u[subject, condition] ~ Normal(effect, sd_subject) noncentered
    prior w[item]             ~ StudentT(4, 0, sd_item) noncentered
    prior degrees             ~ Gamma(2, 0.1)
    prior sigma               ~ HalfNormal(1)
    let location[trial] = mean_time + u[subject, condition] + w[item]
    likelihood y[trial] ~ StudentT(degrees, location, sigma)
    """
    milliseconds = data["milliseconds"]  # [trial]
    subject = data["subject"]  # [trial]
    item = data["item"]  # [trial]
    condition = data["condition"]  # [trial]
    y = jnp.log(milliseconds)

    mean_time = numpyro.sample("mean_time", dist.Normal(6.0, 1.0))
    with numpyro.plate("condition", len(coords["condition"])):
        effect = numpyro.sample("effect", dist.Normal(0.0, 0.5))
    sd_subject = numpyro.sample("sd_subject", dist.HalfNormal(0.5))
    sd_item = numpyro.sample("sd_item", dist.HalfNormal(0.5))
    with (
        numpyro.plate("subject", len(coords["subject"]), dim=-2),
        numpyro.plate("condition", len(coords["condition"]), dim=-1),
    ):
        u = numpyro.sample("u", dist.Normal(effect, sd_subject))
    with numpyro.plate("item", len(coords["item"])):
        w = numpyro.sample("w", dist.StudentT(4.0, 0.0, sd_item))
    degrees = numpyro.sample("degrees", dist.Gamma(2.0, 0.1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
    with numpyro.plate("trial", len(coords["trial"])):
        location = numpyro.deterministic("location", mean_time + u[subject, condition] + w[item])
        numpyro.sample("y", dist.StudentT(degrees, location, sigma), obs=y if observed else None)


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    milliseconds = data["milliseconds"]  # [trial]
    subject = data["subject"]  # [trial]
    item = data["item"]  # [trial]
    condition = data["condition"]  # [trial]
    y = jnp.log(milliseconds)

    mean_time, log_p_mean_time = place(dist.Normal(6.0, 1.0), position["mean_time"])
    effect, log_p_effect = place(dist.Normal(0.0, 0.5), position["effect"])
    sd_subject, log_p_sd_subject = place(dist.HalfNormal(0.5), position["sd_subject"])
    sd_item, log_p_sd_item = place(dist.HalfNormal(0.5), position["sd_item"])
    u_decentered, log_p_u = place(dist.Normal(0.0, 1.0), position["u_decentered"])
    u = effect + sd_subject * u_decentered
    w_decentered, log_p_w = place(dist.StudentT(4.0, 0.0, 1.0), position["w_decentered"])
    w = sd_item * w_decentered
    degrees, log_p_degrees = place(dist.Gamma(2.0, 0.1), position["degrees"])
    sigma, log_p_sigma = place(dist.HalfNormal(1.0), position["sigma"])
    location = mean_time + u[subject, condition] + w[item]
    log_p_y = dist.StudentT(degrees, location, sigma).log_prob(y).sum()
    return (
        log_p_mean_time
        + log_p_effect
        + log_p_sd_subject
        + log_p_sd_item
        + log_p_u
        + log_p_w
        + log_p_degrees
        + log_p_sigma,
        log_p_y,
    )


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
