"""The laws of the language as programs compute them: against scipy, in every form, in the tails, and truncated."""

from __future__ import annotations

import ast
import math
from string import Formatter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from tests.vocabulary.references import CASES, PRECISION, REFERENCES, made, ordinary
from uqdsl import runtime
from uqdsl.codegen.text import RUNTIME
from uqdsl.runtime import Truncated
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.supports import COUNT, KINDS, OPEN_UNIT, POSITIVE, REAL, UNIT, kind_that_holds

from .compiled import compiled, written

pytestmark = [
    pytest.mark.filterwarnings("ignore:Out-of-support"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # scipy, far out
]

TRUNCATED = [name for name, law in DISTRIBUTIONS.items() if law.truncates]
CASE_IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("name", "reference"), [case[1:] for case in CASES], ids=CASE_IDS)
def test_the_density_is_that_of_scipy(name, reference):
    law = made(name, reference.given)
    found, wanted = np.asarray(law.log_prob(reference.points)), reference.log_density(reference.points)
    np.testing.assert_allclose(found, wanted, rtol=PRECISION.get(name, 1e-9), atol=1e-11)


def _continuous(name: str) -> list[str]:
    return [each.name for each in DISTRIBUTIONS[name].parameters if not each.support.integer]


def _gradient(name, reference, points, law=made, **bounds):
    """The gradient of the log density by every continuous parameter, and by x where that is continuous."""
    given = {each: jnp.asarray(value, float) for each, value in reference.given.items() if each in _continuous(name)}

    def density(given, x):
        found = law(name, {**reference.given, **given})
        return (Truncated(found, **bounds) if bounds else found).log_prob(x)

    slopes = jax.jit(jax.vmap(jax.grad(density, (0, 1)), (None, 0)))
    by_parameters, by_value = slopes(given, jnp.asarray(points, float))
    return by_parameters if DISTRIBUTIONS[name].discrete else {**by_parameters, "x": by_value}


@pytest.mark.parametrize(("name", "reference"), [case[1:] for case in CASES], ids=CASE_IDS)
def test_the_gradient_is_finite(name, reference):
    for parameter, slope in _gradient(name, reference, reference.points).items():
        assert np.isfinite(slope).all(), (parameter, slope)


@pytest.mark.parametrize(("name", "reference"), [case[1:] for case in CASES], ids=CASE_IDS)
def test_draws_follow_the_distribution_function(name, reference):
    count = 4000
    draws = np.sort(np.asarray(made(name, reference.given).sample(jax.random.key(7), (count,)), float))
    at = np.unique(draws)
    empirical = np.searchsorted(draws, at, side="right") / count
    distance = np.abs(empirical - reference.cdf(at)).max()
    if not DISTRIBUTIONS[name].discrete:
        before = np.searchsorted(draws, at, side="left") / count
        distance = max(distance, np.abs(before - reference.cdf(at)).max())
    assert distance < stats.kstwobign.ppf(1 - 1e-4) / np.sqrt(count)


def _total(density, quantiles):
    """The integral of a density over cells between quantiles, by Gauss and Legendre's rule in each."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    low, high = quantiles[:-1, None], quantiles[1:, None]
    x = 0.5 * (low + high) + 0.5 * (high - low) * nodes
    return float((np.exp(density(x)) * weights * 0.5 * (high - low)).sum())


def _quantiles(cdf, low, high, levels):
    """Numbers at which a distribution function has certain values, by bisection."""
    found = []
    for level in levels:
        a, b = low, high
        for _ in range(200):
            middle = 0.5 * (a + b)
            a, b = (a, middle) if cdf(middle) >= level else (middle, b)
        found.append(b)
    return np.array(found)


def _span(name, reference):
    support = DISTRIBUTIONS[name].support
    return (
        reference.given.get("lower", max(support.lower, -1e7)),
        reference.given.get("upper", min(support.upper, 1e9)),
    )


LEVELS = np.array([1e-6, 1e-5, 1e-4, 1e-3, 0.01, *np.linspace(0.05, 0.95, 19), 0.99, 0.999, 0.9999])


@pytest.mark.parametrize("name", [name for name in REFERENCES if not DISTRIBUTIONS[name].discrete])
def test_densities_integrate_to_one(name):
    reference = ordinary(name)
    ends = _quantiles(reference.cdf, *_span(name, reference), LEVELS)
    kinks = [reference.given.get(each, np.nan) for each in ("location", "mode")]
    ends = np.unique([*ends, *(kink for kink in kinks if ends[0] < kink < ends[-1])])
    total = _total(lambda x: np.asarray(made(name, reference.given).log_prob(x)), ends)
    assert total == pytest.approx(LEVELS[-1] - LEVELS[0], abs=1e-7)


@pytest.mark.parametrize("name", [name for name in REFERENCES if DISTRIBUTIONS[name].discrete])
def test_masses_sum_to_one(name):
    reference = ordinary(name)
    low = int(reference.given.get("lower", 0))
    high = int(reference.given.get("upper", reference.given.get("trials", 1 if name == "Bernoulli" else 3000)))
    total = np.exp(np.asarray(made(name, reference.given).log_prob(np.arange(low, high + 1)))).sum()
    assert total == pytest.approx(1, abs=5e-7 if name in PRECISION else 1e-10)


# forms ----------------------------------------------------------------------------------------------------------------

VALUES = {REAL: 0.6, POSITIVE: 1.7, UNIT: 0.35, OPEN_UNIT: 0.35, COUNT: 30}
FORMS = [(name, way) for name, law in DISTRIBUTIONS.items() if name in REFERENCES for way in law.ways if way.forms]
FORM_IDS = [f"{name}({', '.join(each.name for each in way.parameters)})" for name, way in FORMS]
PYTHON = {"sigmoid": special.expit, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "log1p": np.log1p}


def _stated(name, way):
    """Values for the parameters of a way, and what the standard parameters are then."""
    given = {each.name: REFERENCES[name][0].given.get(each.name, VALUES.get(each.support)) for each in way.parameters}
    standard = {each.name: given.get(each.name) for each in DISTRIBUTIONS[name].parameters}
    for form in way.forms:
        standard |= {each: eval(formula, PYTHON, given) for each, formula in form.formulas.items()}
    return given, standard


@pytest.mark.parametrize(("name", "way"), FORMS, ids=FORM_IDS)
def test_a_form_is_the_same_law(name, way):
    given, standard = _stated(name, way)
    points = REFERENCES[name][0].points
    wanted = np.asarray(made(name, standard).log_prob(points))
    law = DISTRIBUTIONS[name]
    if all(form.instead for form in way.forms):
        np.testing.assert_allclose(
            np.asarray(made(name, given).log_prob(points)), wanted, rtol=PRECISION.get(name, 1e-9), atol=1e-11
        )
    for each in law.parameters:
        assert math.isfinite(standard[each.name])


def _density_of_program(name, way, given, x):
    """The log density that a program computes for a datum x of the law."""
    kind = kind_that_holds(DISTRIBUTIONS[name].support)
    shown = ", ".join(f"{each.name} = {given[each.name]}" for each in way.parameters)
    found = compiled(f"data {{ y : {kind} = {x} }}\nprior a ~ Normal(0, 1)\nlikelihood y ~ {name}({shown})\nfactor a\n")
    density = found.log_density({"a": jnp.asarray(0.0)}, {"y": jnp.asarray(x)}, found.coords)
    return float(density) - stats.norm.logpdf(0.0)


EVERY_WAY = [(name, way) for name, law in DISTRIBUTIONS.items() if name in REFERENCES for way in law.ways]


@pytest.mark.parametrize(
    ("name", "way"),
    EVERY_WAY,
    ids=[f"{name}({', '.join(each.name for each in way.parameters)})" for name, way in EVERY_WAY],
)
def test_a_spec_means_the_law_that_it_names(name, way):
    given, standard = _stated(name, way)
    support, kind = DISTRIBUTIONS[name].support, KINDS[kind_that_holds(DISTRIBUTIONS[name].support)]
    x = 1 if support.integer else 0.7
    assert kind.lower <= x <= kind.upper
    wanted = float(made(name, standard).log_prob(x))
    assert _density_of_program(name, way, given, x) == pytest.approx(wanted, rel=PRECISION.get(name, 1e-9))


def test_rates_far_below_and_above_one():
    """On the log scale a rate may underflow where the density does not."""
    for log_rate in (-2000.0, -700.0, 0.0, 600.0):
        found = made("Poisson", {"log_rate": log_rate}).log_prob(jnp.array([0.0, 3.0]))
        rate = np.exp(log_rate)
        np.testing.assert_allclose(found, [-rate, 3 * log_rate - np.log(6) - rate], rtol=1e-12)
        slope = jax.grad(lambda log_rate: made("Poisson", {"log_rate": log_rate}).log_prob(3.0))(log_rate)
        assert slope == pytest.approx(3 - rate)
    many = jax.jit(
        lambda log_mean: made("NegativeBinomial", {"log_mean": log_mean, "concentration": 2.0}).log_prob(3.0)
    )
    assert np.isfinite(many(jnp.array([-2000.0, 2000.0]))).all()
    rare = made("ZeroInflatedPoisson", {"log_rate": -2000.0, "zero_logits": -900.0})
    np.testing.assert_allclose(rare.log_prob(jnp.array([0, 1])), [0.0, -2000.0], atol=1e-12)


# truncation -----------------------------------------------------------------------------------------------------------


def _cut(name):
    """A reference with ends that leave the middle of its law."""
    reference = ordinary(name)
    if DISTRIBUTIONS[name].discrete:
        return reference, (1, 5)
    return reference, tuple(float(end) for end in _quantiles(reference.cdf, *_span(name, reference), [0.3, 0.8]))


@pytest.mark.parametrize("ends", ["both", "low", "high"])
@pytest.mark.parametrize("name", TRUNCATED)
def test_truncated_laws(name, ends):
    """Their density is that of the law over the probability of the interval, and their draws follow it."""
    reference, (low, high) = _cut(name)
    low, high = low if ends != "high" else None, high if ends != "low" else None
    whole = DISTRIBUTIONS[name].discrete
    law = Truncated(made(name, reference.given), low=low, high=high)
    below = 0.0 if low is None else float(reference.cdf(low - 1 if whole else low))
    above = 1.0 if high is None else float(reference.cdf(high))
    start = 1 if low is None else low
    x = (
        np.array([start, start + 1, start + 2])
        if whole
        else _quantiles(
            reference.cdf, *_span(name, reference), [below + f * (above - below) for f in (1e-3, 0.5, 0.999)]
        )
    )
    wanted = reference.log_density(x) - np.log(above - below)
    np.testing.assert_allclose(law.log_prob(x), wanted, rtol=PRECISION.get(name, 1e-9), atol=1e-9)
    outside = [
        each for each in (None if low is None else low - 1, None if high is None else high + 1) if each is not None
    ]
    assert all(law.log_prob(each) == -np.inf for each in outside)
    count = 2000
    draws = np.sort(np.asarray(jax.jit(law.sample, static_argnums=1)(jax.random.key(3), (count,)), float))
    assert np.asarray(law.support(draws)).all()
    at = np.unique(draws)
    distance = np.abs(
        np.searchsorted(draws, at, side="right") / count - (reference.cdf(at) - below) / (above - below)
    ).max()
    assert distance < stats.kstwobign.ppf(1 - 1e-4) / np.sqrt(count)
    np.testing.assert_allclose(law.cdf(x), (reference.cdf(x) - below) / (above - below), rtol=1e-6, atol=1e-9)
    if ends == "both":
        for parameter, slope in _gradient(name, reference, x, low=low, high=high).items():
            assert np.isfinite(slope).all(), (parameter, slope)


@pytest.mark.parametrize(
    "name",
    TRUNCATED,
)
def test_slopes_of_the_probability_of_an_interval(name):
    """By every parameter, against finite differences of the distribution function."""
    reference, (low, high) = _cut(name)
    x = low + 1 if DISTRIBUTIONS[name].discrete else 0.5 * (low + high)
    found = _gradient(name, reference, [x], low=low, high=high)
    for parameter in _continuous(name):
        if parameter in ("lower", "upper", "minimum"):
            continue

        @jax.jit
        def density(value, parameter=parameter):
            return Truncated(made(name, {**reference.given, parameter: value}), low=low, high=high).log_prob(x)

        value = reference.given[parameter]
        step = 1e-4 * max(abs(value), 0.1)
        slope = (
            density(value - 2 * step)
            - 8 * density(value - step)
            + 8 * density(value + step)
            - density(value + 2 * step)
        ) / (12 * step)
        np.testing.assert_allclose(found[parameter], slope, rtol=1e-5, atol=1e-6, err_msg=parameter)


@pytest.mark.parametrize(
    "ends", [(8, None), (None, -8), (10, 11), (-11, -10), (40, None), (40, 41), (20.01, 20.02), (-1, 2), (-3, 40)]
)
def test_the_tails_of_the_normal(ends):
    """Against the logarithm of erfc, which is exact however far out."""
    low, high = ends
    lower, upper = (-np.inf if low is None else low), (np.inf if high is None else high)
    if lower > 0:
        lower, upper = -upper, -lower
    log_mass = special.log_ndtr(upper) + np.log1p(-np.exp(special.log_ndtr(lower) - special.log_ndtr(upper)))
    x = (low if low is not None else high - 0.02) + 0.004
    law = Truncated(made("Normal", {"mean": 0.0, "sd": 1.0}), low=low, high=high)
    assert float(law.log_prob(x)) == pytest.approx(stats.norm.logpdf(x) - log_mass, rel=1e-9, abs=1e-12)
    draws = np.asarray(law.sample(jax.random.key(0), (200,)))
    assert (draws >= (-np.inf if low is None else low)).all()
    assert (draws <= (np.inf if high is None else high)).all()
    assert np.unique(draws).size == 200


@pytest.mark.parametrize(
    ("name", "low", "above"),
    [
        ("StudentT", 1e8, stats.t(0.3, 1.0, 2.0).logsf),
        ("Gamma", 900.0, lambda x: np.log(special.gammaincc(0.1, 2 * x)) if x < 300 else None),
        ("Weibull", 1e7, lambda x: -((x / 2) ** 0.5)),
        ("Logistic", 2e3, lambda x: -np.logaddexp(0, (x - 1) / 2)),
        ("Gumbel", 2e3, lambda x: -(x - 1) / 2),
        ("HyperbolicSecant", 2e3, lambda x: np.log(2 / np.pi) - (x - 1) / 2),
        ("HalfNormal", 500.0, lambda x: np.log(2) + special.log_ndtr(-x / 2)),
        ("Poisson", 60, None),
    ],
)
def test_far_tails_of_other_laws(name, low, above):
    """Beyond any draw: the density is finite, it integrates to one near the end, and its gradient is finite."""
    reference = REFERENCES[name][1 if name == "Poisson" else 0]
    law = Truncated(made(name, reference.given), low=low)
    wanted = above(low) if above is not None else None
    if wanted is not None:
        mass = float(made(name, reference.given).log_prob(low)) - float(law.log_prob(low))
        assert mass == pytest.approx(float(wanted), rel=1e-9)
    at = [low + 1, low + 2]
    assert np.isfinite(law.log_prob(jnp.asarray(at))).all()
    for parameter, slope in _gradient(name, reference, at, low=low).items():
        assert np.isfinite(slope).all(), (parameter, slope)
    assert np.isfinite(np.asarray(law.sample(jax.random.key(0), (5,)), float)).all()


def test_a_normal_far_below_its_bound():
    """Where a sampler may start: the density and its gradient are those of an exponential."""

    def density(mean, sd):
        return Truncated(made("Normal", {"mean": mean, "sd": sd}), low=0.0).log_prob(1e-4)

    value, slopes = jax.value_and_grad(density, (0, 1))(-1e4, 1.0)
    assert float(value) == pytest.approx(np.log(1e4) - 1.0, abs=1e-6)
    assert np.isfinite(slopes).all()


def test_ends_of_several_dimensions():
    law = Truncated(made("Normal", {"mean": jnp.zeros((2, 1)), "sd": 1.0}), low=jnp.array([0.0, 1.0, 2.0]), high=5.0)
    assert law.batch_shape == (2, 3)
    draws = law.sample(jax.random.key(0), (4,))
    assert draws.shape == (4, 2, 3)
    assert np.asarray(law.support(draws)).all()
    leaves, tree = jax.tree.flatten(law)
    np.testing.assert_allclose(jax.tree.unflatten(tree, leaves).log_prob(2.5), law.log_prob(2.5))


def test_zero_truncated_counts():
    """The usual formulas of zero-truncated counts."""
    poisson = Truncated(made("Poisson", {"rate": 0.3}), low=1)
    assert float(poisson.log_prob(1)) == pytest.approx(np.log(0.3 / np.expm1(0.3)), rel=1e-12)
    both = Truncated(made("Poisson", {"rate": 0.3}), low=2, high=2)
    assert float(both.log_prob(2)) == pytest.approx(0.0, abs=1e-12)


# the words of programs ------------------------------------------------------------------------------------------------


def test_what_a_program_may_import():
    assert {*RUNTIME, "CallbackError"} == set(runtime.__all__)  # which is for those who run it
    for law in DISTRIBUTIONS.values():
        names = {field for _, field, *_ in Formatter().parse(law.numpyro) if field}
        tree = ast.parse(law.constructor({name: name for name in names}))
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert called <= set(RUNTIME), law.name


def test_expressions_as_parameters():
    text = written(
        "data { y[i] : count, x[i] : real }\nprior a ~ Normal(0, 1)\nprior s ~ HalfNormal(1)\nlikelihood y[i] ~ NegativeBinomial(log_mean = a - x, concentration = 1 / s)"
    )[1].text
    assert "dist.NegativeBinomialLogits(1 / s, a - x - jnp.log(1 / s))" in text
    text = written("prior a ~ HalfNormal(1)\nprior b ~ Gamma(mean = a + 1, sd = 2 * a)\nfactor a")[1].text
    assert "dist.Gamma(((a + 1) / (2 * a)) ** 2, (a + 1) / (2 * a) ** 2)" in text
