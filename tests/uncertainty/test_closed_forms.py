"""The closed forms against brute force, in their limits, and against numbers that were found without them."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from specs.generators.linear_five_sources import tables

from .closed_forms import (
    LINE,
    NO_RESIDUAL,
    SOURCES,
    TOY,
    Components,
    Line,
    Residual,
    basis_moments,
    closed,
    components,
    first_order,
    line_components,
    line_residual,
    line_weights,
    linear_basis_residual,
    linear_basis_weights,
    predictive_mean,
    scale_posterior,
    shapley,
    slope_posterior,
    total,
    true_inputs,
)

TABLES = tables()
TRAINING = TABLES["linear_train"]["Z"], TABLES["linear_train"]["X"]
TESTING = TABLES["linear_test"]["Z"], TABLES["linear_test"]["X"]
DRAWS = 50_000

Seeds = dict[str, np.ndarray]
"""What each source varies by: a row for each draw."""
SUBSETS = [frozenset(each) for size in range(1, 6) for each in combinations(SOURCES, size)]


def budget(line: Line = LINE, new: float = 1.0) -> Components:
    slope = slope_posterior(line, *TRAINING)
    return line_components(line, line_weights(line, *TRAINING), line_residual(line, slope, *TESTING), new)


def agree(predict: Callable[[Seeds], np.ndarray], seeds: Callable[[], Seeds], parts: Components) -> dict[str, float]:
    """By how many Monte Carlo standard errors the variance and each of the 31 closed indices are off.

    Two predictions that share the seeds of some sources and no others have the closed index for their covariance.
    """
    mine, other = seeds(), seeds()
    mean = predict(seeds()).mean()  # of draws of its own, so that products below are independent
    x = predict(mine) - mean
    off = {}
    for shared in SUBSETS:
        mixed = {source: (mine if source in shared else other)[source] for source in SOURCES}
        products = x * (predict(mixed) - mean)
        error = products.std() / math.sqrt(len(products))
        off["+".join(sorted(shared))] = float((products.mean() - closed(parts, shared)) / error)
    return off


def test_shares_add_up_to_the_variance():
    parts = budget()
    assert sum(shapley(parts).values()) == pytest.approx(closed(parts, frozenset(SOURCES)), rel=1e-12)
    for source in SOURCES:
        assert first_order(parts)[source] <= shapley(parts)[source] <= total(parts)[source]


def test_shapley_shares_are_averages_over_orders():
    """Their definition: what a source adds to those before it, over all orders (here by sizes of the sets before it)."""
    parts = budget()
    for source in SOURCES:
        others = [each for each in SOURCES if each != source]
        share = sum(
            (closed(parts, frozenset(before) | {source}) - closed(parts, frozenset(before))) / (5 * math.comb(4, size))
            for size in range(5)
            for before in combinations(others, size)
        )
        assert shapley(parts)[source] == pytest.approx(share, rel=1e-9)


def test_the_posterior_of_the_slope_is_that_of_the_reference():
    weights, known = line_weights(LINE, *TRAINING), TOY["joint_EIV"]
    variance = (weights.from_training_data + weights.from_weights).item()
    assert weights.mean.item() == pytest.approx(known["mean"], abs=5.1e-5)  # to the digits that it has
    assert variance == pytest.approx(known["V_beta_quadrature"], abs=5.1e-8)
    # Found there by sampling, with a total that is off by 0.7 per cent.
    assert weights.from_training_data.item() == pytest.approx(known["V_TR"], rel=0.02)
    assert weights.from_weights.item() == pytest.approx(known["V_W"], rel=0.005)


def test_without_errors_of_inputs_the_slope_is_that_of_least_squares_and_too_flat():
    known = TOY["ignore_input_noise"]
    slope = slope_posterior(LINE._replace(input_noise=0.0), *TRAINING)
    assert slope.mean == pytest.approx(known["mean"], abs=5.1e-5)
    assert math.sqrt(slope.variance) == pytest.approx(known["sd"], abs=5.1e-7)
    z, x = TRAINING
    assert slope.mean == pytest.approx(z @ x / (z @ z), rel=1e-4)  # a wide prior is left


def test_the_residual_law_is_that_of_the_reference():
    """Sampled there; a twentieth of a posterior sd is the error of the mean of 400 draws, or of an sd of 200."""
    slope, known = slope_posterior(LINE, *TRAINING), TOY["residual_law"]["deconvolved"]
    residual = line_residual(LINE, slope, *TESTING)
    assert abs(residual.scale - known["sigma_f_mean"]) < 0.05 * known["sigma_f_sd"]
    for found, slopes, sd in (
        (residual.scale_variance, residual.scale_slope, known["sigma_f_sd"]),
        (residual.bias_variance, residual.bias_slope, known["bias_sd"]),
    ):
        assert math.sqrt(found + slopes.item() ** 2 * slope.variance) == pytest.approx(sd, rel=0.05)
    assert abs(residual.bias - known["bias_mean"]) < 0.05 * known["bias_sd"]
    # Errors that are not taken into account are counted as the function's.
    z, x = TESTING
    naive = line_residual(LINE._replace(input_noise=0.0, testing_noise=0.0), slope, LINE.given_record[0] * z, x)
    known = TOY["residual_law"]["naive"]
    assert abs(naive.scale - known["sigma_f_mean"]) < 0.05 * known["sigma_f_sd"]


def test_the_budget_is_that_of_the_reference():
    """The residual law is as it was sampled there, and independent of the slope; pick-freeze standard error 0.002, four of them."""
    weights, sampled, known = line_weights(LINE, *TRAINING), TOY["residual_law"]["deconvolved"], TOY["predictive"]
    bias, scale = (sampled["bias_mean"], sampled["bias_sd"] ** 2), (sampled["sigma_f_mean"], sampled["sigma_f_sd"] ** 2)
    residual = Residual(*bias, np.zeros(1), *scale, np.zeros(1))
    parts = line_components(LINE, weights, residual, known["z_new"])
    letters = dict(zip(SOURCES, ("Z", "TE", "TR", "W", "F"), strict=True))
    for name, found in (("first_order", first_order), ("total", total), ("shapley", shapley)):
        for source, value in found(parts).items():
            assert value == pytest.approx(known[name][letters[source]], abs=0.008), (name, source)
    assert sum(parts.values()) == pytest.approx(known["var"], abs=0.008)
    mean = predictive_mean(weights, np.array([LINE.given_record[0]]), residual)
    assert mean == pytest.approx(known["mean"], abs=4 * math.sqrt(known["var"] / DRAWS))
    for source, value in first_order(parts).items():
        exact = known["closed_form_first_order"][letters[source]]
        assert value == pytest.approx(exact, rel=0.01)


def line_by_brute_force(line: Line, new: float) -> tuple[Callable[[Seeds], np.ndarray], Callable[[], Seeds]]:
    """The prediction step by step: true training data, then weights, then the residual law, then the new input."""
    rng = np.random.default_rng(7)
    z, x = TRAINING
    slope = slope_posterior(line, z, x)
    quantiles = (np.arange(1000) + 0.5) / 1000
    betas = np.linspace(slope.mean - 8 * slope.variance**0.5, slope.mean + 8 * slope.variance**0.5, 101)
    laws = [scale_posterior(line, beta, *TESTING) for beta in betas]
    scales = np.array([np.interp(quantiles, np.cumsum(weight) - weight / 2, grid) for grid, weight, *_ in laws])
    prior = (line.scatter / line.prior_sd) ** 2
    multiple, variance = line.given_record

    def true_data(count: int) -> np.ndarray:
        """What the slope given true data hangs on: Σ z x and Σ z²."""
        beta = np.interp(rng.random(count), np.cumsum(slope.weight) - slope.weight / 2, slope.grid)
        mean, own = true_inputs(line, z, x, beta)
        inputs = mean + np.sqrt(own)[:, None] * rng.standard_normal(mean.shape)
        gain = line.scatter**2 / (line.scatter**2 + line.training_noise**2)
        outputs = beta[:, None] * inputs + gain * (x - beta[:, None] * inputs)
        outputs += math.sqrt(gain) * line.training_noise * rng.standard_normal(mean.shape)
        return np.column_stack([np.sum(inputs * outputs, axis=1), np.sum(inputs**2, axis=1)])

    def seeds() -> Seeds:
        return {
            "training_data": true_data(DRAWS),
            "weights": rng.standard_normal(DRAWS),
            "testing_data": np.column_stack([rng.random(DRAWS), rng.standard_normal(DRAWS)]),
            "new_input": rng.standard_normal(DRAWS),
            "function": rng.standard_normal(DRAWS),
        }

    def predict(seeds: Seeds) -> np.ndarray:
        products, squares = seeds["training_data"].T
        beta = products / (squares + prior) + line.scatter / np.sqrt(squares + prior) * seeds["weights"]
        level, bias_seed = seeds["testing_data"].T
        row = np.clip(np.searchsorted(betas, beta) - 1, 0, len(betas) - 2)
        between = (beta - betas[row]) / (betas[1] - betas[0])
        column = (level * 1000).astype(int)
        scale = scales[row, column] * (1 - between) + scales[row + 1, column] * between
        test_z, test_x = TESTING
        each = scale**2 + line.testing_noise**2 + beta**2 * variance
        bias_variance = 1 / (len(test_z) / each + line.bias_prior_sd**-2)
        bias = bias_variance * (test_x.sum() - beta * multiple * test_z.sum()) / each
        bias += np.sqrt(bias_variance) * bias_seed
        new_input = multiple * new + math.sqrt(variance) * seeds["new_input"]
        return beta * new_input + bias + scale * seeds["function"]

    return predict, seeds


def test_the_straight_line_against_brute_force():
    off = agree(*line_by_brute_force(LINE, 2.0), budget(new=2.0))
    assert {each: far for each, far in off.items() if abs(far) > 4} == {}


def curve(z: np.ndarray) -> np.ndarray:
    """A linear basis: a parabola."""
    return np.column_stack([np.ones_like(z), z, z**2])


def test_a_linear_basis_against_brute_force():
    rng = np.random.default_rng(11)
    truth, scatter, noise, scale, testing_noise = np.array([0.5, 1.0, -0.7]), 0.3, 0.4, 0.35, 0.2
    z, test_z = rng.normal(size=25), rng.normal(size=15) + 0.5
    x = curve(z) @ truth + rng.normal(0, math.hypot(scatter, noise), 25)
    test_x = curve(test_z) @ truth + 0.3 + rng.normal(0, math.hypot(scale, testing_noise), 15)
    weights = linear_basis_weights(curve(z), x, scatter=scatter, noise=noise, prior_sd=2.0)
    residual = linear_basis_residual(curve(test_z), test_x, weights, scale=scale, noise=testing_noise, prior_sd=1.0)
    new, new_sd = 0.8, 0.3
    parts = components(weights, *basis_moments(curve, new, new_sd**2), residual)

    prior = np.eye(3) / 4
    joint = np.linalg.inv(prior + curve(z).T @ curve(z) / (scatter**2 + noise**2))
    given_truth = np.linalg.inv(prior + curve(z).T @ curve(z) / scatter**2)
    gain = scatter**2 / (scatter**2 + noise**2)

    def true_outputs() -> np.ndarray:
        w = rng.multivariate_normal(joint @ curve(z).T @ x / (scatter**2 + noise**2), joint, DRAWS)
        fitted = w @ curve(z).T
        return fitted + gain * (x - fitted) + math.sqrt(gain) * noise * rng.standard_normal(fitted.shape)

    to_mean = curve(z) @ given_truth / scatter**2

    def seeds() -> Seeds:
        return {
            "training_data": true_outputs() @ to_mean,
            "weights": rng.standard_normal((DRAWS, 3)),
            **{each: rng.standard_normal(DRAWS) for each in ("testing_data", "new_input", "function")},
        }

    def predict(seeds: Seeds) -> np.ndarray:
        w = seeds["training_data"] + seeds["weights"] @ np.linalg.cholesky(given_truth).T
        variance = 1 / (1 + len(test_z) / (scale**2 + testing_noise**2))
        bias = variance * (test_x - w @ curve(test_z).T).sum(axis=1) / (scale**2 + testing_noise**2)
        bias += math.sqrt(variance) * seeds["testing_data"]
        return np.sum(curve(new + new_sd * seeds["new_input"]) * w, axis=1) + bias + scale * seeds["function"]

    assert {each: far for each, far in agree(predict, seeds, parts).items() if abs(far) > 4} == {}
    mean = predictive_mean(weights, basis_moments(curve, new, new_sd**2)[0], residual)
    assert abs(predict(seeds()).mean() - mean) < 4 * math.sqrt(sum(parts.values()) / DRAWS)


def test_moments_of_a_basis_of_powers():
    """Of a normal variable with mean m and variance v: z² has mean m² + v and variance 4 m² v + 2 v²; its covariance with z is 2 m v."""
    mean, covariance = basis_moments(curve, 0.7, 0.4)
    assert mean == pytest.approx([1, 0.7, 0.49 + 0.4])
    assert covariance == pytest.approx(
        np.array([[0, 0, 0], [0, 0.4, 0.56], [0, 0.56, 4 * 0.49 * 0.4 + 0.32]]), abs=1e-12
    )


def test_exact_training_data_cause_nothing():
    weights = line_weights(LINE._replace(input_noise=0.0, training_noise=0.0), *TRAINING)
    assert abs(weights.from_training_data.item()) < 1e-6 * weights.from_weights.item()
    # And the slope is that of Bayesian regression.
    z, x = TRAINING
    precision = z @ z / LINE.scatter**2 + LINE.prior_sd**-2
    assert weights.mean.item() == pytest.approx(z @ x / LINE.scatter**2 / precision, rel=1e-9)
    assert weights.from_weights.item() == pytest.approx(1 / precision, rel=1e-6)


def test_an_exact_new_input_causes_nothing():
    exact = LINE._replace(input_noise=0.0)
    weights, slope = line_weights(LINE, *TRAINING), slope_posterior(LINE, *TRAINING)
    parts = line_components(exact, weights, line_residual(LINE, slope, *TESTING), 1.0)
    assert total(parts)["new_input"] == 0.0
    assert first_order(parts)["function"] == first_order(budget())["function"]


def test_endless_testing_data_cause_nothing():
    slope = slope_posterior(LINE, *TRAINING)
    z, x = TESTING
    few = line_components(LINE, line_weights(LINE, *TRAINING), line_residual(LINE, slope, z, x), 1.0)
    many = line_residual(LINE, slope, np.tile(z, 100), np.tile(x, 100))
    left = line_components(LINE, line_weights(LINE, *TRAINING), many, 1.0)
    assert total(left)["testing_data"] < 0.03 * total(few)["testing_data"]


def test_endless_training_data_and_a_small_scatter_leave_no_weights():
    z, x = TRAINING
    line = LINE._replace(scatter=0.03)
    few, more, many = (line_weights(line, np.tile(z, times), np.tile(x, times)) for times in (1, 10, 100))
    assert many.from_weights.item() == pytest.approx(more.from_weights.item() / 10, rel=0.05)
    assert few.from_weights.item() == pytest.approx(line_weights(LINE, z, x).from_weights.item() / 100, rel=0.1)


def test_a_function_that_is_exact_leaves_new_input_training_data_and_weights():
    parts = line_components(LINE, line_weights(LINE, *TRAINING), NO_RESIDUAL, 1.0)
    assert total(parts)["function"] == total(parts)["testing_data"] == 0.0
    assert sum(parts.values()) == pytest.approx(sum(first_order(budget()).values()) - 0.299, abs=0.005)
