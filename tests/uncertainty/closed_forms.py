"""What each of the five sources causes, without sampling, for functions that are linear in their weights.

The prediction is x = φ(zᵗ)ᵀw + b + σu, with basis functions φ of the true new input, weights w, and a residual of bias b and
scale σ. The sources are independent seeds: `training_data` moves what the weights are centred on, `weights` scatters them about
that, `testing_data` moves b and σ, `new_input` moves zᵗ, and `function` is u. Write w = w̄ + t + s, the parts that training data
and weights cause, φ = φ̄ + d, and, because residuals hang on the weights, b = b̄ - κᵀ(t + s) + b' and σ = σ̄ - λᵀ(t + s) + σ'. Then

    x = φ̄ᵀw̄ + b̄  +  w̄ᵀd  +  (φ̄ - κ)ᵀ(t + s)  +  dᵀ(t + s)  +  b'  +  σ̄u  +  σ'u  -  λᵀ(t + s)u

whose terms are uncorrelated, and each has mean zero given any of its sources alone: the decomposition of its variance
(Hoeffding 1948; Sobol' 1993). A Shapley share divides the variance of each term evenly among its sources (Owen 2014,
SIAM/ASA Journal on Uncertainty Quantification 2, 245-251).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

SOURCES = ("new_input", "testing_data", "training_data", "weights", "function")


class Weights(NamedTuple):
    """Posterior of the weights: their mean, and their covariance in two parts, which add up to it."""

    mean: np.ndarray
    from_training_data: np.ndarray
    """Of the mean of the weights given the true training data."""
    from_weights: np.ndarray
    """Of the weights given the true training data."""


class Residual(NamedTuple):
    """Posterior of the bias and the scale of the residual."""

    bias: float
    bias_variance: float
    """That the weights do not explain."""
    bias_slope: np.ndarray
    """By how much the bias falls with each weight: κ."""
    scale: float
    scale_variance: float
    """That the weights do not explain."""
    scale_slope: np.ndarray
    """By how much the scale falls with each weight: λ."""


NO_RESIDUAL = Residual(0.0, 0.0, np.zeros(1), 0.0, 0.0, np.zeros(1))
"""A function that is exact."""

Components = dict[frozenset[str], float]
"""Variance by the sources that have to vary together to cause it."""


def components(weights: Weights, basis: np.ndarray, basis_covariance: np.ndarray, residual: Residual) -> Components:
    """The decomposition of the variance of a prediction, given mean and covariance of the basis functions over zᵗ."""
    mean, training, own = weights
    gradient, scale_slope = basis - residual.bias_slope, residual.scale_slope
    by_sources = {
        ("new_input",): mean @ basis_covariance @ mean,
        ("training_data",): gradient @ training @ gradient,
        ("weights",): gradient @ own @ gradient,
        ("new_input", "training_data"): np.trace(basis_covariance @ training),
        ("new_input", "weights"): np.trace(basis_covariance @ own),
        ("testing_data",): residual.bias_variance,
        ("function",): residual.scale**2,
        ("testing_data", "function"): residual.scale_variance,
        ("training_data", "function"): scale_slope @ training @ scale_slope,
        ("weights", "function"): scale_slope @ own @ scale_slope,
    }
    return {frozenset(sources): float(variance) for sources, variance in by_sources.items()}


def predictive_mean(weights: Weights, basis: np.ndarray, residual: Residual) -> float:
    return float(basis @ weights.mean + residual.bias)


def closed(parts: Components, sources: frozenset[str]) -> float:
    """Variance of the expectation given these sources."""
    return sum(variance for together, variance in parts.items() if together <= sources)


def first_order(parts: Components) -> dict[str, float]:
    """What a source causes alone."""
    return {source: closed(parts, frozenset([source])) for source in SOURCES}


def total(parts: Components) -> dict[str, float]:
    """What would be gone on average if the source were known."""
    everything = frozenset(SOURCES)
    return {source: closed(parts, everything) - closed(parts, everything - {source}) for source in SOURCES}


def shapley(parts: Components) -> dict[str, float]:
    """Shares that add up to the variance."""
    return {
        source: sum(variance / len(together) for together, variance in parts.items() if source in together)
        for source in SOURCES
    }


def basis_moments(
    basis: Callable[[np.ndarray], np.ndarray], mean: float, variance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of basis functions (a row for each input) of a normal input: exact for polynomials below degree 20."""
    points, weights = np.polynomial.hermite_e.hermegauss(20)
    values = basis(mean + math.sqrt(variance) * points)
    weights = weights / weights.sum()
    centre = weights @ values
    return centre, (values - centre).T @ (weights[:, None] * (values - centre))


# A linear basis, with training inputs that are exact: all is normal.


def linear_basis_weights(
    rows: np.ndarray, outputs: np.ndarray, *, scatter: float, noise: float, prior_sd: float
) -> Weights:
    """Weights given recorded outputs φᵀw + Normal(0, scatter) + Normal(0, noise); Bishop 2006, eqs 3.50 and 3.51.

    Given the true outputs the noise is gone, and the mean of the weights is linear in them, so that the law of total variance
    gives the part that the training data cause.
    """
    prior = np.eye(rows.shape[1]) / prior_sd**2
    recorded = scatter**2 + noise**2
    covariance = np.linalg.inv(prior + rows.T @ rows / recorded)
    given_truth = np.linalg.inv(prior + rows.T @ rows / scatter**2)
    return Weights(covariance @ rows.T @ outputs / recorded, covariance - given_truth, given_truth)


def linear_basis_residual(
    rows: np.ndarray, outputs: np.ndarray, weights: Weights, *, scale: float, noise: float, prior_sd: float
) -> Residual:
    """A bias under a normal prior, with a scale that is known, from testing data with exact inputs."""
    each = scale**2 + noise**2
    variance = 1 / (1 / prior_sd**2 + len(outputs) / each)
    gain = variance / each
    bias = gain * float(np.sum(outputs - rows @ weights.mean))
    return Residual(bias, variance, gain * rows.sum(axis=0), scale, 0.0, np.zeros_like(weights.mean))


# A straight line through the origin, with errors in its training inputs: an integral over the slope is left.


class Line(NamedTuple):
    """What is known beforehand of a straight line through the origin, of the errors of its data, and of its true inputs."""

    scatter: float
    """Of true outputs about the line."""
    input_noise: float
    training_noise: float
    testing_noise: float
    """Errors of recorded inputs, and of the recorded outputs of either part."""
    population_sd: float = 1.0
    """True inputs have mean 0."""
    prior_sd: float = 10.0
    bias_prior_sd: float = 10.0
    scale_limit: float = 3.0
    """Below which the prior of the residual's scale is uniform."""

    @property
    def given_record(self) -> tuple[float, float]:
        """The mean of a true input, as a multiple of the recorded one, and its variance."""
        reliability = self.population_sd**2 / (self.population_sd**2 + self.input_noise**2)
        return reliability, reliability * self.input_noise**2


LINE = Line(scatter=0.3, input_noise=0.5, training_noise=0.2, testing_noise=0.3)
"""That of `specs/linear_five_sources.uq`."""
TOY = json.loads((Path(__file__).parent / "reference" / "five_sources_toy.json").read_text())
"""What was found of it before."""


class Slope(NamedTuple):
    """Posterior of the slope on a grid."""

    grid: np.ndarray
    weight: np.ndarray

    def mean_of(self, values: np.ndarray) -> float:
        return float(self.weight @ values)

    @property
    def mean(self) -> float:
        return self.mean_of(self.grid)

    @property
    def variance(self) -> float:
        return self.mean_of((self.grid - self.mean) ** 2)


def slope_posterior(line: Line, z: np.ndarray, x: np.ndarray, nodes: int = 2001) -> Slope:
    """p(slope | z, x), where the true inputs and outputs are integrated out: x ~ Normal(β m, β² v + scatter² + noise²).

    The law of a true input given the recorded one is Normal(m, v); that of the recorded inputs does not hang on the slope.
    """
    multiple, variance = line.given_record
    m = multiple * z
    known = line.scatter**2 + line.training_noise**2
    centre = float(m @ x / (m @ m))
    width = 12 * math.sqrt((centre**2 * variance + known) / (m @ m))
    grid = np.linspace(centre - width, centre + width, nodes)
    spread = grid**2 * variance + known
    squares = np.sum((x[:, None] - grid * m[:, None]) ** 2, axis=0)
    log_density = -0.5 * (len(z) * np.log(spread) + squares / spread + (grid / line.prior_sd) ** 2)
    weight = np.exp(log_density - log_density.max())
    return Slope(grid, weight / weight.sum())


def true_inputs(line: Line, z: np.ndarray, x: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means (a row for each slope) and variances of the true training inputs given the slope."""
    multiple, variance = line.given_record
    known = line.scatter**2 + line.training_noise**2
    gain = slope * variance / (known + slope**2 * variance)
    m = multiple * z
    return m + gain[:, None] * (x - slope[:, None] * m), variance * known / (known + slope**2 * variance)


def line_weights(line: Line, z: np.ndarray, x: np.ndarray) -> Weights:
    """The slope's moments, by quadrature.

    Given the true data its variance is scatter² / (Q + λ), where Q is the sum of squares of the true inputs and λ what the prior
    adds. 1 / (Q + λ) is the integral over s of exp(-s (Q + λ)), whose mean is known, since Q is a noncentral χ².
    """
    slope = slope_posterior(line, z, x)
    means, variances = true_inputs(line, z, x, slope.grid)
    prior = (line.scatter / line.prior_sd) ** 2
    squares, count = np.sum(means**2, axis=1)[:, None], len(z)
    variances = variances[:, None]
    points, weights = np.polynomial.legendre.leggauss(200)
    top = 60 / (squares.min() + count * variances.min() + prior)
    s, ds = top * (points + 1) / 2, top * weights / 2
    stretch = 1 + 2 * s * variances
    inverse = np.exp(-s * prior - s * squares / stretch - count / 2 * np.log(stretch)) @ ds
    own = line.scatter**2 * slope.mean_of(inverse)
    return Weights(np.array([slope.mean]), np.array([[slope.variance - own]]), np.array([[own]]))


def scale_posterior(
    line: Line, slope: float, z: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """p(scale | slope, testing data) on a grid: scales, their weights, and the bias given each: its mean and variance."""
    multiple, variance = line.given_record
    residual = x - slope * multiple * z
    scales = (np.arange(1500) + 0.5) / 1500 * line.scale_limit
    each = scales**2 + line.testing_noise**2 + slope**2 * variance
    bias_variance = 1 / (len(z) / each + line.bias_prior_sd**-2)
    bias = bias_variance * residual.sum() / each
    log_density = 0.5 * (
        bias**2 / bias_variance + np.log(bias_variance) - len(z) * np.log(each) - residual @ residual / each
    )
    weight = np.exp(log_density - log_density.max())
    return scales, weight / weight.sum(), bias, bias_variance


def line_residual(line: Line, slope: Slope, z: np.ndarray, x: np.ndarray) -> Residual:
    """Bias and scale of the residual, estimated on testing data whose own errors are taken into account."""
    found = []
    for value in slope.grid:
        scales, weight, bias, bias_variance = scale_posterior(line, value, z, x)
        found.append([weight @ scales, weight @ scales**2, weight @ bias, weight @ (bias**2 + bias_variance)])
    scale, scale_square, bias, bias_square = np.array(found).T

    def divided(mean: np.ndarray, square: np.ndarray) -> tuple[float, float, np.ndarray]:
        """The mean, the variance that the slope does not explain, and by how much the mean falls with the slope."""
        centre = slope.mean_of(mean)
        fall = -slope.mean_of((mean - centre) * (slope.grid - slope.mean)) / slope.variance
        return centre, slope.mean_of(square) - centre**2 - fall**2 * slope.variance, np.array([fall])

    return Residual(*divided(bias, bias_square), *divided(scale, scale_square))


def line_components(line: Line, weights: Weights, residual: Residual, new: float) -> Components:
    """The budget of the prediction at a recorded new input."""
    multiple, variance = line.given_record
    return components(weights, np.array([multiple * new]), np.array([[variance]]), residual)
