"""Diffusion: exact where its closure is, and what the other closures are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import uqdsl
from tests.infer import problems
from uqdsl.infer.closures import Evidence
from uqdsl.infer.diffusion import analyse, run
from uqdsl.infer.mixture import Mixture
from uqdsl.infer.posterior import Draws, make_posterior, unwatched
from uqdsl.infer.prior_mixture import exact_mixture, standardised
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods.transports import DiffusionOptions


def diffused(problem: problems.Problem, seed: int = 0, **options: object) -> Draws:
    return run(problem.posterior(), DiffusionOptions(**options), jax.random.key(seed), unwatched)  # type: ignore[arg-type]


def by_closure(closure: str, particles: int = 1000) -> problems.Errors:
    """What a closure gives of the problem `aniso`, by the function of arrays alone."""
    problem = problems.aniso()
    data = problem.data
    weights, means = (jnp.asarray(data[name]) for name in ("weight", "centre"))
    shift, scale, mixture = standardised(Mixture(weights, means, jnp.linalg.cholesky(data["scatter"])))

    def innovation(state: jax.Array) -> jax.Array:
        return (data["y"] - data["H"] @ (shift + scale * state)) / data["noise"]

    def log_likelihood(state: jax.Array) -> jax.Array:
        return -0.5 * jnp.sum(innovation(state) ** 2)

    ensemble = mixture.draw(jax.random.key(5), 200)[0]
    evidence = Evidence(log_likelihood, innovation, linear=True, ensemble=ensemble)
    found = jax.jit(lambda key: analyse(mixture, evidence, key, particles, closure=closure))(jax.random.key(1))
    return problems.errors(problem, shift + scale * found)


def test_example_b_is_exact_where_the_prior_is_known() -> None:
    """Draws of (3.5, 3.0) +- (0.0707, 0.1): the prior is found to be a mixture, and none is fitted."""
    found = diffused(problems.seed_b())
    error = problems.errors(problems.seed_b(), found.positions)
    assert found.diagnostics["prior"] == "exact"
    assert found.reasons == ()
    # Standard errors of 1000 draws: 0.03 of the mean, 0.02 of the spread, of which the integrator takes 0.03 more.
    assert error.mean < 0.12
    assert abs(error.spread - 1) < 0.08
    assert error.modes < 1e-6


def test_example_b_from_draws_of_the_prior_is_as_good_as_the_fit() -> None:
    """The row of the closed form on the fitted mixture, N = 100: energy distance 0.276 +- 0.024 over 12 replicates."""
    each = [
        diffused(problems.seed_b(), seed, particles=100, mixture="fitted", prior_draws=100, closure="component")
        for seed in range(4)
    ]
    energy = np.mean([problems.errors(problems.seed_b(), found.positions).energy for found in each])
    assert abs(energy - 0.276) < 4 * 0.024 * np.sqrt(1 + 12 / 4)
    assert all("extrapolation" in found.reasons[0] for found in each)


@pytest.mark.parametrize("closure", ["component", "newton", "importance"])
def test_closures_by_component_are_right(closure: str) -> None:
    error = by_closure(closure)
    assert error.modes < 0.04
    assert error.energy < 0.12


@pytest.mark.parametrize(("closure", "least"), [("joint_gaussian", 0.07), ("damped", 0.07), ("naive", 0.07)])
def test_other_closures_are_biased(closure: str, least: float) -> None:
    """The reference has an error of the modes' weights of 0.108 +- 0.006 for the local joint Gaussian, at any N."""
    assert by_closure(closure).modes > least


def test_the_force_as_printed_diverges() -> None:
    assert by_closure("literal", 100).mean > 100


def test_draws_of_the_prior_alone_stay_in_their_hull() -> None:
    """The row `diff_exact_particle`: a mean error of 2.67 +- 0.14, a spread of 0.31 +- 0.13."""
    found = diffused(problems.seed_b(), particles=100, prior_draws=100, closure="particles")
    error = problems.errors(problems.seed_b(), found.positions)
    assert abs(error.mean - 2.67) < 4 * 0.14 * np.sqrt(13)
    assert error.spread < 0.9
    assert "cannot leave them" in found.reasons[-1]


@pytest.mark.parametrize(("said", "told"), [("a + 1", False), ("exp(a)", True)])
def test_where_data_are_not_linear_the_closure_by_component_is_told_to_be_an_approximation(
    said: str, told: bool
) -> None:
    text = f"data {{ y : real = 1 }}\nprior a ~ Normal(0, 1)\nlikelihood y ~ Normal({said}, 1)\n"
    posterior = make_posterior(uqdsl.loads(text).compile()._target)
    found = run(posterior, DiffusionOptions(particles=20, steps=4), jax.random.key(0), unwatched)
    assert any("no linear function of the unknowns" in each for each in found.notes) == told


def test_a_likelihood_that_is_not_gaussian_takes_newton() -> None:
    problem = problems.logistic()
    found = diffused(problem)
    assert found.diagnostics["closure"] == "newton"
    error = problems.errors(problem, found.positions)
    assert error.mean < 0.3
    with pytest.raises(RunError) as raised:
        diffused(problem, closure="component")
    assert raised.value.problems[0].code == "UQ503"


def test_steps_go_on_until_narrow_data_are_resolved() -> None:
    spec = """
data { y : real = 0.3 }
prior x ~ Normal(0, 1)
likelihood y ~ Normal(x, 0.0001)
"""
    posterior = make_posterior(uqdsl.loads(spec).compile()._target)  # pyright: ignore[reportPrivateUsage]
    found = run(posterior, DiffusionOptions(), jax.random.key(0), unwatched)
    assert int(found.diagnostics["steps"]) > 30
    assert abs(float(jnp.std(found.positions)) / 1e-4 - 1) < 0.1
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("spec", "components"),
    [
        ("prior m ~ Normal(1, 2)\nprior x ~ Normal(3 * m, 0.5)", 1),
        ("prior x ~ Mixture([0.3, 0.7], Normal(0, 1), Normal(5, 2))\nprior m ~ Normal(0, 1)", 2),
        ("prior s ~ HalfNormal(1)\nprior x ~ Normal(0, 1)", None),
        ("prior m ~ Normal(0, 1)\nprior x ~ Normal(m ^ 2, 1)", None),
        ("prior m ~ Normal(0, 1)\nprior x ~ Mixture([0.3, 0.7], Normal(m, 1), Normal(5, 2))", None),
    ],
)
def test_priors_that_are_mixtures_are_found_out(spec: str, components: int | None) -> None:
    text = f"data {{ y : real = 1.0 }}\n{spec}\nlikelihood y ~ Normal(x, 1)"
    posterior = make_posterior(uqdsl.loads(text).compile()._target)  # pyright: ignore[reportPrivateUsage]
    found = exact_mixture(posterior, jax.random.key(0))
    assert (found and len(found.weights)) == components
    if found is not None:
        for seed in range(3):
            at = posterior.draw_prior(jax.random.key(seed))
            assert found.log_density(at) == pytest.approx(float(posterior.log_prior(at)), rel=1e-9)
