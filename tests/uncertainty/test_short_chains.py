"""Short chains for given draws, against posteriors in closed form."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from specs.generators.linear_five_sources import tables
from uqdsl.uncertainty.short_chains import (
    Mixing,
    adapt,
    chain_program,
    each_of,
    kernel_at_draws,
    run_chains,
    with_step_size,
)
from uqdsl.uncertainty.stages import Arrays, Stage

from .closed_forms import Line, scale_posterior
from .staged import bound

CHAINS = 1000
KNOWN_SCALE = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {
  testing_data { X ~ Normal(truth(X), 0.3) }
  function { residual ~ Normal(bias, 0.4), prior bias ~ Normal(0, 1) }
}
predict X[case]
"""
DECONVOLVED = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
population Z ~ Normal(0, 1)
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {
  new_input { Z ~ Normal(truth(Z), 0.5) }
  testing_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.3) }
  training_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }
  function { residual ~ Normal(bias, spread), prior bias ~ Normal(0, 10), prior spread ~ Uniform(0, 3) }
}
predict X[case]
"""
TABLES = tables()
TRAINING, TESTING = TABLES["linear_train"], TABLES["linear_test"]


def keys(count: int, seed: int = 1) -> np.ndarray:
    key = jax.random.key(seed, impl="threefry2x32")
    return np.asarray(jax.random.key_data(jax.random.split(key, count)))


def residual_stage(text: str) -> Stage:
    return bound(text, training=TRAINING, testing=TESTING).stages["residual"]


def test_a_conjugate_residual_law():
    """The bias given the slope is normal; slopes differ from chain to chain."""
    stage = residual_stage(KNOWN_SCALE)
    slope = np.random.default_rng(0).normal(1.5, 0.1, CHAINS)
    given = {"slope": slope}
    kernel = adapt(stage, {"slope": slope[:16]}, jax.random.key(0))
    found = run_chains(chain_program(stage, kernel), each_of(given), keys(CHAINS))
    precision = 1 + len(TESTING["X"]) / (0.4**2 + 0.3**2)
    mean = (TESTING["X"][:, None] - slope * TESTING["Z"][:, None]).sum(axis=0) / (0.4**2 + 0.3**2) / precision
    standard = (found.values["bias"][:, -1] - mean) * math.sqrt(precision)
    assert abs(standard.mean()) < 4 / math.sqrt(CHAINS)
    assert abs(standard.var() - 1) < 4 * math.sqrt(2 / CHAINS)
    assert found.mixing.mixed
    assert found.mixing.acceptance > 0.85


def test_the_same_key_is_the_same_cause_whatever_is_given():
    stage = residual_stage(KNOWN_SCALE)
    slope = np.random.default_rng(0).normal(1.5, 0.1, 200)
    kernel = adapt(stage, {"slope": slope[:16]}, jax.random.key(0))
    one, other = (
        run_chains(chain_program(stage, kernel), each_of({"slope": each}), keys(200)).values["bias"][:, -1]
        for each in (slope, slope + 1)
    )
    moved = other - one
    assert np.corrcoef(one, other)[0, 1] > 0.9
    assert moved.std() < 0.3 * one.std()


def test_a_residual_law_with_errors_in_its_data():
    """Scale and bias given the slope, where true testing inputs are integrated out by sampling, against quadrature."""
    stage = residual_stage(DECONVOLVED)
    given = {"slope": np.full(CHAINS, 1.5)}
    kernel = adapt(stage, {"slope": given["slope"][:16]}, jax.random.key(0))
    found = run_chains(chain_program(stage, kernel), each_of(given), keys(CHAINS))
    line = Line(scatter=0.3, input_noise=0.5, training_noise=0.2, testing_noise=0.3)
    scales, weight, bias, bias_variance = scale_posterior(line, 1.5, TESTING["Z"], TESTING["X"])
    mean = float(weight @ scales)
    sd = math.sqrt(weight @ scales**2 - mean**2)
    spread = found.values["spread"][:, -1]
    assert abs(spread.mean() - mean) < 4 * sd / math.sqrt(CHAINS)
    assert abs(spread.std() - sd) < 0.1 * sd
    centre = float(weight @ bias)
    wide = math.sqrt(weight @ (bias**2 + bias_variance) - centre**2)
    assert abs(found.values["bias"][:, -1].mean() - centre) < 4 * wide / math.sqrt(CHAINS)


def refit() -> tuple[Stage, Arrays, Arrays]:
    """The slope given true training data, and draws of it from its law in closed form, which is normal."""
    stage = bound(DECONVOLVED, training=TRAINING, testing=TESTING).stages["refit"]
    rng = np.random.default_rng(0)
    z = rng.normal(size=(CHAINS, len(TRAINING["Z"])))
    given = {"Z.truth": z, "X.truth": 1.5 * z + 0.3 * rng.normal(size=z.shape)}
    mean, sd = slope_law(given)
    return stage, given, {"slope": mean + sd * rng.normal(size=CHAINS)}


def slope_law(given: Arrays) -> tuple[np.ndarray, np.ndarray]:
    precision = 1 / 10**2 + (given["Z.truth"] ** 2).sum(axis=1) / 0.3**2
    return (given["Z.truth"] * given["X.truth"]).sum(axis=1) / 0.3**2 / precision, precision**-0.5


def test_chains_that_begin_at_draws_are_draws_that_have_forgotten_them():
    stage, given, start = refit()
    program = chain_program(stage, kernel_at_draws(stage, given, start))
    found = run_chains(program, each_of(given), keys(CHAINS), start=start)
    mean, sd = slope_law(given)
    begun, ended = ((each["slope"].reshape(CHAINS) - mean) / sd for each in (start, found.values))
    assert abs(ended.mean()) < 4 / math.sqrt(CHAINS)
    assert abs(ended.var() - 1) < 4 * math.sqrt(2 / CHAINS)
    assert abs(np.corrcoef(begun, ended)[0, 1]) < 4 / math.sqrt(CHAINS)
    assert found.mixing.effective > 30


def test_the_metric_of_draws_is_that_of_their_law():
    """Its inverse is the mean square of gradients, here the mean precision, which 1000 draws know to one part in twenty."""
    stage, given, start = refit()
    kernel = kernel_at_draws(stage, given, start)
    assert (1 / np.asarray(kernel.root) ** 2).item() == pytest.approx(np.mean(slope_law(given)[1] ** -2), rel=0.2)


def test_steps_become_shorter_until_few_are_refused():
    stage, given, start = refit()
    kernel = kernel_at_draws(stage, given, start)
    wide = chain_program(stage, kernel._replace(root=100 * kernel.root))
    found = with_step_size(wide, each_of(given), keys(CHAINS), start)
    assert found.kernel.step_size < wide.kernel.step_size / 30
    assert run_chains(found, each_of(given), keys(64), start=start).mixing.acceptance > 0.8


def test_chains_that_do_not_move_are_told():
    """A step a thousand times too short."""
    stage = residual_stage(KNOWN_SCALE)
    slope = np.full(50, 1.5)
    kernel = adapt(stage, {"slope": slope[:16]}, jax.random.key(0))
    slow = kernel._replace(root=kernel.root / 100)
    found = run_chains(chain_program(stage, slow), each_of({"slope": slope}), keys(50))
    assert found.mixing.effective < 5
    assert not found.mixing.mixed


@pytest.mark.parametrize(
    ("effective", "divergences", "mixed"), [(20.0, 0.0, True), (4.0, 0.0, False), (20.0, 0.1, False)]
)
def test_what_counts_as_mixed(effective, divergences, mixed):
    assert Mixing(0.9, divergences, effective, 64).mixed is mixed


NARROW = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
prior slope ~ Normal(0, 10)
prior width ~ HalfNormal(1)
likelihood X[case] ~ Normal(slope * Z, width)
uncertainty { function { residual ~ Normal(bias, width), prior bias ~ Normal(0, 1) } }
predict X[case]
"""


def test_what_is_given_may_make_some_posteriors_much_narrower():
    """The step size that suits the pilots is a hundred times too long for some."""
    stage = residual_stage(NARROW)
    rng = np.random.default_rng(0)
    given = {"slope": rng.normal(1.5, 0.1, CHAINS), "width": np.exp(rng.uniform(np.log(0.003), 0, CHAINS))}
    pilots = {"slope": given["slope"][:16], "width": np.ones(16)}
    found = run_chains(chain_program(stage, adapt(stage, pilots, jax.random.key(0))), each_of(given), keys(CHAINS))
    precision = 1 + len(TESTING["X"]) / given["width"] ** 2
    rest = TESTING["X"][:, None] - given["slope"] * TESTING["Z"][:, None]
    standard = (found.values["bias"][:, -1] - rest.sum(axis=0) / given["width"] ** 2 / precision) * np.sqrt(precision)
    assert abs(standard.mean()) < 4 / math.sqrt(CHAINS)
    assert abs(standard.var() - 1) < 4 * math.sqrt(2 / CHAINS)
    assert found.mixing.mixed
