"""What shares of three sources make up samples of river sediment?

Written by uqdsl 0.1.0 from shares.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    level     [source, tracer]  positive
    error_sd  [source, tracer]  positive
    found     [sample, tracer]  positive
    station   [sample]          positions, from 0, in the labels of `station`
"""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from uqdsl.runtime import Truncated, place

numpyro.enable_x64()


def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    prior strength                    ~ Gamma(2, 0.1)
    prior overall[source]             ~ Dirichlet(1)
    prior share[source, station]      ~ Dirichlet(strength * overall, event = source)
    prior signature[source, tracer]   ~ Normal(level, error_sd) truncated(0, inf)
    prior noise[tracer]               ~ HalfStudentT(4, 0.5)
    let mixture[station, tracer]      = sum(share * signature, over = source)
    let ratio[station]                = share["topsoil"] / (share["bank"] + share[source = last])
    likelihood found[sample, tracer]  ~ LogNormal(log(mixture[station]), noise)
    factor -0.5 * sum((sum(share, over = source) - 1)^2, over = station)
    """
    level = data["level"]  # [source, tracer]
    error_sd = data["error_sd"]  # [source, tracer]
    station = data["station"]  # [sample]

    strength = numpyro.sample("strength", dist.Gamma(2.0, 0.1))
    overall = numpyro.sample(
        "overall",
        dist.Dirichlet(jnp.full((len(coords["source"]),), 1.0)),
        infer={"event_dims": ["source"]},
    )
    with numpyro.plate("station", len(coords["station"])):
        share = numpyro.sample(
            "share", dist.Dirichlet(strength * overall), infer={"event_dims": ["source"]}
        )
    with (
        numpyro.plate("source", len(coords["source"]), dim=-2),
        numpyro.plate("tracer", len(coords["tracer"]), dim=-1),
    ):
        signature = numpyro.sample("signature", Truncated(dist.Normal(level, error_sd), low=0.0))
    with numpyro.plate("tracer", len(coords["tracer"])):
        noise = numpyro.sample("noise", dist.FoldedDistribution(dist.StudentT(4.0, 0.0, 0.5)))
    with (
        numpyro.plate("station", len(coords["station"]), dim=-2),
        numpyro.plate("tracer", len(coords["tracer"]), dim=-1),
    ):
        mixture = numpyro.deterministic("mixture", share @ signature)
    with numpyro.plate("station", len(coords["station"])):
        numpyro.deterministic(
            "ratio",
            share[:, coords["source"].index("topsoil")]
            / (share[:, coords["source"].index("bank")] + share[:, -1]),
        )
    with (
        numpyro.plate("sample", len(coords["sample"]), dim=-2),
        numpyro.plate("tracer", len(coords["tracer"]), dim=-1),
    ):
        numpyro.sample(
            "found",
            dist.LogNormal(jnp.log(mixture[station]), noise),
            obs=data["found"] if observed else None,
        )
    numpyro.factor("factor_1", -0.5 * jnp.sum((jnp.sum(share, axis=-1) - 1) ** 2))


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    level = data["level"]  # [source, tracer]
    error_sd = data["error_sd"]  # [source, tracer]
    found = data["found"]  # [sample, tracer]
    station = data["station"]  # [sample]

    strength, log_p_strength = place(dist.Gamma(2.0, 0.1), position["strength"])
    overall, log_p_overall = place(
        dist.Dirichlet(jnp.full((len(coords["source"]),), 1.0)), position["overall"]
    )
    share, log_p_share = place(dist.Dirichlet(strength * overall), position["share"])
    signature, log_p_signature = place(
        Truncated(dist.Normal(level, error_sd), low=0.0), position["signature"]
    )
    noise, log_p_noise = place(
        dist.FoldedDistribution(dist.StudentT(4.0, 0.0, 0.5)), position["noise"]
    )
    mixture = share @ signature
    log_p_found = dist.LogNormal(jnp.log(mixture[station]), noise).log_prob(found).sum()
    log_p_factor_1 = -0.5 * jnp.sum((jnp.sum(share, axis=-1) - 1) ** 2)
    return (
        log_p_strength + log_p_overall + log_p_share + log_p_signature + log_p_noise,
        log_p_found + log_p_factor_1,
    )


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
