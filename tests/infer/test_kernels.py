"""Each Markov chain: right draws of posteriors that are known, the same draws when it is resumed, and bias that is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import arviz
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import uqdsl
from uqdsl.infer import Chunk, Outcome, Target, chains
from uqdsl.infer.chees import run as run_chees
from uqdsl.infer.markov import sample
from uqdsl.infer.posterior import make_posterior, unwatched
from uqdsl.vocabulary.methods import methods
from uqdsl.vocabulary.methods.chains import CheesOptions, MalaOptions, MclmcOptions

from .problems import PROBLEMS, Problem, conjugate

LONG = {"draws": 2000}
DENSE = {"metric": "dense"}


def drawn(target: Target, method: str, seed: int = 1, **options: Any) -> tuple[list[list[Chunk]], Outcome]:
    """The chunks of each chain."""
    chosen = methods()[method].options(**options)
    chunks: list[Chunk] = []
    outcome = sample(target, methods()[method], chosen, seed, sink=chunks.append)  # type: ignore[arg-type]
    return [[each for each in chunks if each.chain == chain] for chain in range(chosen.chains)], outcome  # type: ignore[attr-defined]


def joined(chunks: list[list[Chunk]], name: str) -> np.ndarray:
    """A statistic or an unknown, `(chain, draw, …)`."""
    return np.stack([np.concatenate([(each.draws | each.stats)[name] for each in one]) for one in chunks])


def positions(problem: Problem, chunks: list[list[Chunk]]) -> np.ndarray:
    """Draws on the unconstrained scale, `(chain, draw, size)`."""
    if problem.name == "eight_schools":
        mean, scatter, gain = (joined(chunks, name)[..., None] for name in ("mean", "scatter", "gain"))
        return np.concatenate([mean, np.log(scatter), (gain[..., 0] - mean) / scatter], -1)
    names = {"conjugate": ["a", "b"], "logistic": ["a", "b"]}.get(problem.name, ["x"])
    return np.concatenate([joined(chunks, name).reshape(*joined(chunks, name).shape[:2], -1) for name in names], -1)


def errors_of(draws: np.ndarray, value: float) -> float:
    """How far the mean of draws `(chain, draw)` is from a value, in Monte Carlo standard errors."""
    return float((draws.mean() - value) / (draws.std() / np.sqrt(float(arviz.ess(draws)))))


def check_moments(problem: Problem, draws: np.ndarray, least: int) -> None:
    """Mean and covariance agree with the exact ones within 4 Monte Carlo standard errors, and are known well enough.

    They are looked at where the posterior has covariance one: the mean, the diagonal and its neighbour.
    """
    exact = problem.exact
    root = np.linalg.cholesky(exact.covariance)
    z = np.linalg.solve(root, (draws - exact.mean).reshape(-1, len(root)).T).T.reshape(draws.shape)
    found = {}
    for i in range(len(root)):
        assert float(arviz.ess(draws[..., i])) > least, "too few independent draws to tell"
        found[f"mean {i}"] = errors_of(z[..., i], 0.0)
        found[f"variance {i}"] = errors_of(z[..., i] ** 2, 1.0)
        if i:
            found[f"covariance {i - 1}, {i}"] = errors_of(z[..., i - 1] * z[..., i], 0.0)
    assert max(abs(each) for each in found.values()) < 4, found


@pytest.mark.parametrize("problem", ["gaussian20", "eight_schools"])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("hmc", LONG),
        ("mala", {**DENSE, "warmup": 5000, "draws": 5000}),
        ("mclmc", {**LONG, **DENSE, "adjusted": True}),
        ("slice", DENSE),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_draws_have_the_moments_of_the_posterior(problem: str, method: str, options: dict[str, Any]) -> None:
    known = PROBLEMS[problem]()
    chunks, _ = drawn(known.posterior().target, method, **options)
    check_moments(known, positions(known, chunks), least=200)


@pytest.mark.parametrize("problem", ["conjugate", "gaussian20"])
def test_elliptical_slices_have_the_moments_of_a_posterior_with_a_gaussian_prior(problem: str) -> None:
    known = PROBLEMS[problem]()
    chunks, _ = drawn(known.posterior().target, "elliptical_slice", draws=3000)
    check_moments(known, positions(known, chunks), least=200)


@pytest.mark.parametrize(
    ("problem", "method", "options"),
    [
        ("logistic", "hmc", {"steps": 3, "jitter": 0.2}),
        ("logistic", "mala", {**DENSE, "warmup": 5000, "draws": 5000}),
        ("conjugate", "mala", {"antisymmetric": 1.0, "draws": 4000}),
        ("logistic", "metropolis", {"warmup": 5000, "draws": 20_000}),
        ("logistic", "slice", {"lines": "random"}),
        ("logistic", "mclmc", {"adjusted": True, "length": 2.0, "draws": 10_000}),
    ],
    ids=["hmc with steps", "mala", "mala that turns", "a random walk", "slice along random lines", "longer mclmc"],
)
def test_what_can_be_chosen_leaves_the_draws_right(problem: str, method: str, options: dict[str, Any]) -> None:
    known = PROBLEMS[problem]()
    chunks, _ = drawn(known.posterior().target, method, **options)
    check_moments(known, positions(known, chunks), least=200)


def test_one_dimension_is_enough_for_a_microcanonical_chain() -> None:
    target = (
        uqdsl.loads("data { y : real = 1 }\nprior mu ~ Normal(0, 1)\nlikelihood y ~ Normal(mu, 1)").compile()._target
    )
    chunks, _ = drawn(target, "mclmc", adjusted=True)
    mu = joined(chunks, "mu")
    assert abs(errors_of(mu, 0.5)) < 4
    assert abs(errors_of((mu - 0.5) ** 2, 0.5)) < 4
    # Up to a constant, lp is that of the one unknown there is.
    spread = joined(chunks, "lp") + (mu - 0.5) ** 2
    np.testing.assert_allclose(spread, spread[0, 0], atol=1e-9)


def test_chains_in_step_have_the_moments_of_the_posterior() -> None:
    known = PROBLEMS["gaussian20"]()
    posterior = known.posterior()
    options = CheesOptions(chains=24, warmup=300, draws=150)
    told: list[int] = []
    found = run_chees(posterior, options, jax.random.key(3), lambda done, _total, **_: told.append(done))
    check_moments(known, np.asarray(found.positions), least=1000)
    assert told[-1] == 450
    lengths = found.history["trajectory_length"]
    assert len(lengths) == 450
    assert len(set(lengths[300:])) == 1, "nothing is learned after the warm-up"
    with jax.no_tracing():  # other data, as in calibration, are given to what is compiled already
        again = run_chees(replace(posterior, data=dict(posterior.data)), options, jax.random.key(3), unwatched)
    np.testing.assert_array_equal(again.positions, found.positions)
    lp = jax.vmap(posterior.log_density)(jnp.asarray(found.positions[:, -1]))
    np.testing.assert_allclose(found.stats["lp"][:, -1], lp, rtol=1e-9)


# --------------------------------------------------------------------------------------------------------- same draws

KERNELS = {
    "hmc": {},
    "mala": {"antisymmetric": 0.5},
    "mclmc": {},
    "adjusted mclmc": {"adjusted": True},
    "slice": {},
    "metropolis": {},
    "elliptical_slice": {},
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_resumed_chain_goes_on_bit_for_bit(normal: Target, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method = methods()[kernel.removeprefix("adjusted ")]
    options: Any = method.options(chains=2, warmup=100, draws=40, **KERNELS[kernel])
    monkeypatch.setattr(chains, "_FIRST_ITERATIONS", 30)
    monkeypatch.setattr(chains, "_CHUNK_SECONDS", 1e-9)  # one iteration a chunk, but for the first
    whole: list[Chunk] = []
    sample(normal, method, options, 0, sink=whole.append)
    for at in (30, 120):
        state = {chain: next(e.state for e in whole if e.chain == chain and e.iteration >= at) for chain in (0, 1)}
        rest: list[Chunk] = []
        sample(normal, method, options, 0, sink=rest.append, resume=state)
        for name in ("a", "lp"):
            one, other = (
                np.concatenate([(each.draws | each.stats)[name] for each in chunks if each.chain == 1])
                for chunks in (whole, rest)
            )
            np.testing.assert_array_equal(one[-len(other) :], other)
            assert len(other) == (40 if at == 30 else 20)


def test_options_that_are_numbers_need_no_compilation(normal: Target) -> None:
    _, first = drawn(normal, "hmc", chains=1, warmup=50, draws=50, jitter=0.3)
    chunks, second = drawn(normal, "hmc", chains=1, warmup=50, draws=50, trajectory_length=30.0, target_accept=0.9)
    assert (first.compiled, second.compiled) == (True, False)
    assert joined(chunks, "n_steps").mean() > 10


# ------------------------------------------------------------------------------------------------------- what is said


def test_uncorrected_langevin_draws_have_the_bias_of_their_steps() -> None:
    known = conjugate()
    chunks, _ = drawn(known.posterior().target, "mala", corrected=False, step_share=0.5, draws=10_000, metric="dense")
    z = np.linalg.solve(
        np.linalg.cholesky(known.exact.covariance), (positions(known, chunks) - known.exact.mean)[..., None]
    )
    # Of a standard Gaussian, the variance after steps of h is 1 / (1 - h/2).
    for chain, one in enumerate(z[..., 0]):
        wrong = 1 / (1 - joined(chunks, "step_size")[chain, 0] / 2)
        square = one[None] ** 2
        for i in range(2):
            assert errors_of(square[..., i], 1.0) > 4
            assert abs(square[..., i].mean() / wrong - 1) < 0.12  # the metric is an estimate
    assert "biased" in MalaOptions(corrected=False).caveats[0]
    assert not MalaOptions().caveats


def test_unadjusted_microcanonical_draws_have_a_bias_that_goes_with_the_energy_error() -> None:
    known = PROBLEMS["gaussian20"]()
    lost = {}
    for wanted in (5e-4, 2e-2):
        chunks, _ = drawn(known.posterior().target, "mclmc", metric="dense", draws=5000, energy_variance=wanted)
        draws = positions(known, chunks)
        lost[wanted] = 1 - np.mean(draws.var((0, 1)) / np.diag(known.exact.covariance))
        assert np.mean(joined(chunks, "energy_error") ** 2 / joined(chunks, "n_steps")) == pytest.approx(
            20 * wanted, rel=0.6
        )
    assert 0.01 < lost[5e-4] < 0.05
    assert 0.06 < lost[2e-2] < 0.2
    assert "biased" in MclmcOptions().caveats[0]
    assert not MclmcOptions(adjusted=True).caveats


def test_the_bias_is_said_in_the_verdict() -> None:
    program = uqdsl.loads("data { y : real = 1 }\nprior mu ~ Normal(0, 1)\nlikelihood y ~ Normal(mu, 1)").compile()
    fit = program.infer("mala(corrected = false, chains = 2, draws = 200)", progress=False)
    assert any("biased" in each for each in fit._result.verdict.notes)


def test_a_prior_that_is_not_gaussian_leaves_elliptical_slices_right() -> None:
    # What of the posterior is not the Gaussian of the prior's curvature takes the place of the likelihood.
    spec = "prior x ~ StudentT(7, 0, 1)\ndata { y : real = 2 }\nlikelihood y ~ Normal(x, 1)"
    target = uqdsl.loads(spec).compile()._target
    chunks, _ = drawn(target, "elliptical_slice", draws=3000)
    grid = np.linspace(-10, 10, 4001)
    density = np.exp(jax.vmap(make_posterior(target).log_density)(jnp.asarray(grid)[:, None]))
    mean = float(grid @ density / density.sum())
    assert abs(errors_of(joined(chunks, "x"), mean)) < 4
