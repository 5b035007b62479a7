"""Who switches to a safer well? A logistic regression with weakly informative priors.

Written by uqdsl 0.1.0 from logistic_regression.uq. Run it with NumPyro as it stands:

    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)

`data` holds an array for each name, `coords` the list of labels of each dimension:

    switched  [household]        0 or 1
    X         [household, term]  real
"""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from uqdsl.runtime import place

numpyro.enable_x64()

width = 2.5


def model(data, coords, observed=True):
    """The model as NumPyro sites; `observed=False` draws the data too.

    let centre[term] = mean(X, over = household)
    let spread[term] = sd(X, over = household)
    let Z[household, term] = (X - centre) / spread
    prior intercept  ~ StudentT(4, 0, width)
    prior slope[term] ~ StudentT(4, 0, width)
    let probability[household] = sigmoid(intercept + sum(Z * slope, over = term))
    likelihood switched[household] ~ Bernoulli(logits = intercept + sum(Z * slope, over = term))
    let raw[term] = slope / spread
    let most = maximum(slope["distance"], slope["arsenic"])
    """
    X = data["X"]  # [household, term]
    centre = jnp.mean(X, axis=0)
    spread = jnp.std(X, axis=0)
    Z = (X - centre) / spread

    intercept = numpyro.sample("intercept", dist.StudentT(4.0, 0.0, width))
    with numpyro.plate("term", len(coords["term"])):
        slope = numpyro.sample("slope", dist.StudentT(4.0, 0.0, width))
    with numpyro.plate("household", len(coords["household"])):
        numpyro.deterministic("probability", jax.nn.sigmoid(intercept + Z @ slope))
        numpyro.sample(
            "switched",
            dist.Bernoulli(logits=intercept + Z @ slope),
            obs=data["switched"] if observed else None,
        )
    with numpyro.plate("term", len(coords["term"])):
        numpyro.deterministic("raw", slope / spread)
    numpyro.deterministic(
        "most",
        jnp.maximum(
            slope[coords["term"].index("distance")], slope[coords["term"].index("arsenic")]
        ),
    )


def log_parts(position, data, coords):
    """Log densities of prior and likelihood, up to constants, at an unconstrained `position`.

    `position` has an array for each unknown; the log Jacobian of `position` to unknowns is
    part of the prior.
    """
    switched = data["switched"]  # [household]
    X = data["X"]  # [household, term]
    centre = jnp.mean(X, axis=0)
    spread = jnp.std(X, axis=0)
    Z = (X - centre) / spread

    intercept, log_p_intercept = place(dist.StudentT(4.0, 0.0, width), position["intercept"])
    slope, log_p_slope = place(dist.StudentT(4.0, 0.0, width), position["slope"])
    log_p_switched = dist.Bernoulli(logits=intercept + Z @ slope).log_prob(switched).sum()
    return log_p_intercept + log_p_slope, log_p_switched


def log_density(position, data, coords):
    """Log density of the posterior, up to a constant: minus the potential energy of `model`."""
    log_prior, log_likelihood = log_parts(position, data, coords)
    return log_prior + log_likelihood
