"""What methods assume, looked for in specs."""

from __future__ import annotations

import pytest

from uqdsl.messages import Span, errors
from uqdsl.semantics.admissible import IN_TIME, VIOLATIONS, check_admissible
from uqdsl.vocabulary.methods import Assumption

from .reading import accepted, read

DATA = "data { y[i] : real = [1, 2, 3], x[i] : real = [0, 1, 2], n[i] : count = [1, 0, 2], p[i] : nonnegative = [1, 2, 3] }\n"
MU = "prior mu ~ Normal(0, 1)\n"
SEEN = "likelihood y[i] ~ Normal(mu, 1)\n"


OF_LAWS = VIOLATIONS.keys() - {Assumption.BATCHES, Assumption.HIDDEN_UNITS}
"""Those that are about laws; the others ask for batches of rows, or for a network."""


def violated(text: str) -> dict[Assumption, str]:
    """Of each assumption about laws that a spec violates the first reason."""
    spec = accepted(DATA + text)
    found = {assumption: VIOLATIONS[assumption](spec) for assumption in OF_LAWS}
    return {assumption: each[0].reason for assumption, each in found.items() if each}


def test_every_assumption_is_looked_for():
    assert {*VIOLATIONS, *IN_TIME} == set(Assumption)


@pytest.mark.parametrize(
    "text",
    [
        MU + SEEN,
        "prior mu ~ Normal(0, 1)\nprior a[i] ~ Normal(mu, 2)\nlet b[i] = (a + 2 * mu) / 3\nlikelihood y[i] ~ Normal(b, 1)",
        "dim k = 2\nprior b[k] ~ Normal(0, 1)\nlet f[i] = b[1] + b[2] * x\nlikelihood y[i] ~ Normal(exp(f), 1 + x)",
        (
            "time t from 0 to 2 step 1\ndata { z[t] : real = [1, 2, 3] }\nprior w[t] ~ Normal(0.5 * w[t - 1], 1) starting at "
            "Normal(0, 1)\nlikelihood z[t] ~ Normal(w, 1)"
        ),
        "prior tau ~ Normal(0, 1)\nprior a[i] ~ Normal(tau, exp(tau)) noncentered\nlikelihood y[i] ~ Normal(a, 1)",
    ],
)
def test_what_is_gaussian_violates_nothing(text: str):
    assert violated(text) == {}


@pytest.mark.parametrize(
    ("prior", "reason"),
    [
        ("prior mu ~ HalfNormal(1)", "that of `mu` is `HalfNormal`"),
        ("prior mu ~ Normal(0, 1) truncated(0, inf)", "that of `mu` is truncated"),
        ("prior nu ~ Normal(0, 1)\nprior mu ~ Normal(0, exp(nu))", "the scatter of `mu` depends on another unknown"),
        (
            "prior nu ~ Normal(0, 1)\nprior mu ~ Normal(nu^2, 1)",
            "the mean of `mu` is not a linear function of other unknowns",
        ),
        (
            "prior nu ~ Normal(0, 1)\nlet z = nu * nu\nprior mu ~ Normal(1 + z, 1)",
            "the mean of `mu` is not a linear function of other unknowns",
        ),
        ("dim k = 2\nprior b[k] ~ Normal(0, 1) ordered\nlet mu = sum(b, over = k)", "`b` is `ordered`"),
    ],
)
def test_a_prior_that_is_not_gaussian(prior: str, reason: str):
    assert violated(f"{prior}\n{SEEN}") == {Assumption.GAUSSIAN_PRIOR: reason}


@pytest.mark.parametrize(
    ("likelihood", "reason"),
    [
        ("likelihood n[i] ~ Poisson(exp(mu))", "that of `n` is `Poisson`"),
        ("likelihood y[i] ~ Normal(mu, exp(mu))", "the scatter of `y` depends on unknowns"),
        ("let s = exp(mu)\nlikelihood y[i] ~ Normal(mu, s)", "the scatter of `y` depends on unknowns"),
        ("likelihood p[i] ~ Normal(mu, 1) truncated(0, inf)", "that of `p` is truncated"),
        ("likelihood y[i] ~ Normal(mu, 1) censored(0, inf)", "that of `y` is censored"),
        ("likelihood y[i] ~ Normal(mu, 1) weight n", "the terms of `y` have a `weight`"),
        ("likelihood y[i] ~ Normal(mu, 1) where x > 0", "some values of `y` are left out"),
    ],
)
def test_a_likelihood_that_is_not_gaussian(likelihood: str, reason: str):
    assert violated(MU + likelihood) == {Assumption.GAUSSIAN_LIKELIHOOD: reason}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prior mu ~ Flat(0, 1)\n" + SEEN, "`Flat`, the law of `mu`, is not normalised"),
        ("prior mu ~ Jeffreys(-9, 9)\n" + SEEN, "`Jeffreys`, the law of `mu`, is not normalised"),
        (MU + "factor -mu^2", "a `factor` may be part of it"),
        (
            "dim k = 2\nprior c[k] ~ Normal(k, 1) ordered\nlet mu = sum(c, over = k)\n" + SEEN,
            "the values of `c` are `ordered` and have laws of their own",
        ),
        (
            MU + 'data "v.csv" { v[i] : real missing }\nprior s ~ HalfNormal(1)\npopulation v ~ Normal(0, s)\n'
            "likelihood y[i] ~ Normal(mu * v, 1)",
            "`v` is known in part",
        ),
        (
            "dim k = 2\nprior z ~ Categorical([0.5, 0.5], over = k)\ndim j = 2\nprior mu ~ Normal(if z == 1 then 0 else 3, 1)\n"
            + SEEN,
            "the law of `mu` depends on an unknown that is summed out",
        ),
    ],
)
def test_a_prior_that_cannot_be_sampled(text: str, reason: str):
    assert violated(text)[Assumption.PRIOR_SAMPLER] == reason


def test_a_discrete_unknown_is_let_be_where_it_is_summed_out():
    text = "dim k = 2\nprior z[i] ~ Categorical([0.5, 0.5], over = k)\nprior m[k] ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(m[z], 1)"
    found = violated(text)
    assert found == {
        Assumption.GAUSSIAN_PRIOR: "that of `z` is `Categorical`",
        Assumption.GAUSSIAN_LIKELIHOOD: "that of `y` is a mixture over an unknown that is summed out",
    }
    spec = accepted(DATA + text).model_copy(update={"sums": ()})
    (one,) = VIOLATIONS[Assumption.CONTINUOUS](spec)
    assert one.reason == "`z` is discrete"


def test_draws_have_no_density():
    spec = accepted(DATA + MU + SEEN)
    (mu,) = spec.unknowns
    drawn = mu.model_copy(update={"law": mu.law.model_copy(update={"distribution": "Empirical"})})
    statements = tuple(drawn if each is mu else each for each in spec.statements)
    (one,) = VIOLATIONS[Assumption.PRIOR_DENSITY](spec.model_copy(update={"statements": statements}))
    assert one.reason == "`mu` is known by draws alone"


def test_an_infer_statement_is_where_it_is_said():
    text = DATA + 'extern function f(v) -> real from "lab:f" nondifferentiable\n' + MU
    text += "likelihood y[i] ~ Normal(f(mu), 1)\n"
    spec = accepted(DATA + MU + SEEN)
    (stated,) = errors(read(f"{text}infer by nuts(chains = 2)").problems)
    (unstated,) = errors(read(text).problems)
    assert stated.at is not None
    assert (
        stated.title
        == unstated.title
        == "the method `nuts` assumes that the log density has a gradient, but the function `f` has none"
    )
    assert (f"{text}infer by nuts(chains = 2)")[slice(*stated.at)] == "infer by nuts(chains = 2)"
    assert stated.others[0].span == unstated.at != Span(0, 0)
    assert check_admissible(spec) == ()
