"""The problems on which every method is tried: specs with data, and their posteriors in closed form or by quadrature.

Positions, moments and draws are on the unconstrained scale of the posterior, in the order of its layout. `close`, `aniso`,
`banana`, `square`, `gmm20` and `gmm40` are those of the reference `transport.json`, `seed_b` is example B of van Leeuwen's
lecture, and the names of the errors are the reference's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal, multivariate_t, norm

import uqdsl
from uqdsl.infer.posterior import Posterior, make_posterior


class Exact(NamedTuple):
    """What is known of a posterior.

    - mean: `(d,)`.
    - covariance: `(d, d)`.
    - log_evidence: of the data, with all constants.
    - draw: independent draws `(number, d)` of it.
    - modes: how probably a position `(n, d)` belongs to each mode, `(n, modes)`.
    - mode_weights: `(modes,)`.
    """

    mean: np.ndarray
    covariance: np.ndarray
    log_evidence: float
    draw: Callable[[np.random.Generator, int], np.ndarray]
    modes: Callable[[np.ndarray], np.ndarray]
    mode_weights: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance))


class Problem(NamedTuple):
    """A spec, its data, and its exact posterior."""

    name: str
    spec: str
    data: dict[str, Any]
    exact: Exact

    def posterior(self) -> Posterior:
        return make_posterior(uqdsl.loads(self.spec, name=self.name).compile(**self.data)._target)


# ---------------------------------------------------------------------------------------------------------- the errors


class Errors(NamedTuple):
    """How far weighted draws are from a posterior, in its standard deviations.

    - mean: root mean square over the components.
    - covariance: relative, in the Frobenius norm.
    - spread: root of the ratio of the traces; 1 is right.
    - modes: the largest error of a mode's weight.
    - energy: root of the energy distance to 1500 exact draws.
    """

    mean: float
    covariance: float
    spread: float
    modes: float
    energy: float


def errors(problem: Problem, positions: Any, log_weights: Any = None) -> Errors:
    """The errors of draws `(…, d)` with log weights `(…)`; equal weights if there are none."""
    exact = problem.exact
    x = np.asarray(positions).reshape(-1, len(exact.mean))
    weights = np.full(len(x), 1 / len(x)) if log_weights is None else softmax(np.ravel(np.asarray(log_weights)))
    scaled = (x - exact.mean) / exact.sd
    mean = weights @ scaled
    centred = scaled - mean
    covariance = (weights[:, None] * centred).T @ centred
    right = exact.covariance / np.outer(exact.sd, exact.sd)
    return Errors(
        mean=float(np.sqrt(np.mean(mean**2))),
        covariance=float(np.linalg.norm(covariance - right) / np.linalg.norm(right)),
        spread=float(np.sqrt(np.trace(covariance) / np.trace(right))),
        modes=float(np.abs(weights @ exact.modes(x) - exact.mode_weights).max()),
        energy=energy_distance(scaled, (exact.draw(np.random.default_rng(5), 1500) - exact.mean) / exact.sd, weights),
    )


def energy_distance(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Root of `2 E|x - y| - E|x - x'| - E|y - y'|`, with weights of `x`; 0.1 or so for 100 independent draws in 2-d."""
    weights = np.full(len(x), 1 / len(x)) if weights is None else weights
    across = 2 * weights @ cdist(x, y).mean(1)
    return float(np.sqrt(max(0.0, across - weights @ cdist(x, x) @ weights - cdist(y, y).mean())))


# ------------------------------------------------------------------------------------- Gaussian mixtures, seen linearly


def _conditioned(
    weights: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    operator: np.ndarray,
    noise: np.ndarray,
    y: np.ndarray,
) -> Exact:
    """A mixture `(K,)`, `(K, d)`, `(K, d, d)` given `y = operator x + Normal(0, noise)`: a mixture again."""
    H = operator
    log_weights, centres, scatters = [], [], []
    for weight, mean, covariance in zip(weights, means, covariances, strict=True):
        S = H @ covariance @ H.T + noise
        gain = np.linalg.solve(S, H @ covariance).T
        centres.append(mean + gain @ (y - H @ mean))
        scatters.append(covariance - gain @ H @ covariance)
        log_weights.append(np.log(weight) + multivariate_normal(H @ mean, S).logpdf(y))
    share = softmax(log_weights)
    centre, scatter = np.array(centres), np.array(scatters)
    mean = share @ centre
    apart = centre - mean

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        component = rng.choice(len(share), number, p=share)
        standard = rng.standard_normal((number, len(mean)))
        return centre[component] + np.einsum("nij,nj->ni", np.linalg.cholesky(scatter)[component], standard)

    def modes(x: np.ndarray) -> np.ndarray:
        densities = [multivariate_normal(*each).logpdf(x) for each in zip(centre, scatter, strict=True)]
        with np.errstate(divide="ignore"):
            return softmax(np.stack(densities, -1).reshape(-1, len(share)) + np.log(share), -1)

    covariance = np.einsum("k,kij->ij", share, scatter) + np.einsum("k,ki,kj->ij", share, apart, apart)
    return Exact(mean, covariance, float(logsumexp(log_weights)), draw, modes, share)


_MIXTURE = """
dim component = {size}
dim mode      = 2
dim seen      = {seen}
data {{
  weight[mode]                         : unit
  centre[mode, component]              : real
  scatter[mode, component, component'] : real
  H[seen, component]                   : real
  y[seen]                              : real
  noise                                : positive
}}
prior x[component] ~ Mixture(weight, MultiNormal(centre, scatter, event = component), over = mode, event = component)
likelihood y[seen] ~ Normal(H @ x, noise)
"""


def _mixture(
    name: str, weight: Any, centre: Any, scatter: Any, y: Any, noise: float, seen: tuple[int, ...] = (0,)
) -> Problem:
    weight, centre, scatter, y = (np.asarray(each, float) for each in (weight, centre, scatter, y))
    H = np.eye(centre.shape[1])[list(seen)]
    data = {"weight": weight, "centre": centre, "scatter": scatter, "H": H, "y": y, "noise": noise}
    exact = _conditioned(weight, centre, scatter, H, noise**2 * np.eye(len(y)), y)
    return Problem(name, _MIXTURE.format(size=centre.shape[1], seen=len(y)), data, exact)


@cache
def seed_b() -> Problem:
    """The answer is the mode at (3.5, 3.0), far out in the tail of the prior: the data are 7 standard deviations off."""
    scatter = [0.01 * np.eye(2)] * 2
    return _mixture("seed_b", [0.5, 0.5], [[3.0, 3.0], [0.8, 0.8]], scatter, [4.0], 0.1)


@cache
def close() -> Problem:
    """Two modes of which both remain, with weights 0.66 and 0.34."""
    scatter = [0.09 * np.eye(2)] * 2
    return _mixture("close", [0.5, 0.5], [[2.5, 2.5], [1.0, 1.0]], scatter, [1.9], 0.5)


@cache
def aniso() -> Problem:
    """Two modes of different shapes, with weights 0.87 and 0.13."""
    scatter = [[[0.25, 0.2], [0.2, 0.25]], [[0.16, -0.1], [-0.1, 0.25]]]
    return _mixture("aniso", [0.6, 0.4], [[2.0, 1.0], [-1.0, 0.0]], scatter, [0.6], 0.4)


@cache
def gmm20() -> Problem:
    """Two modes in 20 dimensions, 5 of which are observed."""
    y = [0.34, 0.08, 0.22, 0.02, 0.18]
    return _two_in_many("gmm20", 20, tuple(range(0, 20, 4)), y)


@cache
def gmm40() -> Problem:
    """Two modes in 40 dimensions, 8 of which are observed."""
    y = [0.3214, -0.0508, 0.205, -0.109, 0.1662, 0.085, 0.108, -0.0508]
    return _two_in_many("gmm40", 40, tuple(range(0, 40, 5)), y)


def _two_in_many(name: str, size: int, seen: tuple[int, ...], y: list[float]) -> Problem:
    at = np.arange(size)
    scatter = 0.25 * np.exp(-np.abs(at[:, None] - at) / 4)
    centre = [np.where(at % 2 == 0, 1.0, 0.0), np.where(at % 2 == 0, -0.6, -0.5)]
    return _mixture(name, [0.5, 0.5], centre, [scatter] * 2, y, 0.6, seen)


# ------------------------------------------------------------------------------------------------------------ Gaussians


@cache
def conjugate() -> Problem:
    """A straight line with known noise: conjugate, exact."""
    rng = np.random.default_rng(1)
    x = np.linspace(-1, 1.5, 20)
    y = 0.5 + 1.5 * x + rng.normal(0, 0.5, len(x))
    spec = """
data { x[case] : real, y[case] : real }
prior a ~ Normal(0, 2)
prior b ~ Normal(1, 1)
likelihood y[case] ~ Normal(a + b * x, 0.5)
"""
    prior = np.diag([4.0, 1.0])
    H = np.stack([np.ones(len(x)), x], 1)
    exact = _conditioned(np.ones(1), np.array([[0.0, 1.0]]), prior[None], H, 0.25 * np.eye(len(x)), y)
    return Problem("conjugate", spec, {"x": x, "y": y}, exact)


@cache
def gaussian(size: int) -> Problem:
    """A Gaussian whose neighbours are correlated by 0.9, before and after the data; these halve its variances."""
    C = 0.9 ** np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    y = np.random.default_rng(2).multivariate_normal(np.zeros(size), 2 * C)
    spec = f"""
dim i = {size}
data {{ y[i] : real }}
let C[i, i']  = 0.9 ^ abs(i - i')
prior x[i]      ~ MultiNormal(0, C)
likelihood y[i] ~ MultiNormal(x, C)
"""
    exact = _conditioned(np.ones(1), np.zeros((1, size)), C[None], np.eye(size), C, y)
    return Problem(f"gaussian{size}", spec, {"y": y}, exact)


# ------------------------------------------------------------------------- Gaussian but for one unknown: by quadrature


def _by_quadrature(
    nodes: np.ndarray, log_density: np.ndarray, means: np.ndarray, covariances: np.ndarray, at: int, modes: int
) -> Exact:
    """One unknown on equally spaced nodes `(n,)`; given that, the others are Gaussian: `(n, d - 1)`, `(n, d - 1, d - 1)`.

    Arguments:
        at: which element of a position is on the nodes.
        modes: 2 where the sign of that element tells modes apart, else 1.
    """
    step = nodes[1] - nodes[0]
    weights = softmax(log_density)
    centre = np.insert(means, at, nodes, axis=1)
    mean = weights @ centre
    apart = centre - mean
    inner = np.insert(np.insert(np.einsum("n,nij->ij", weights, covariances), at, 0, axis=0), at, 0, axis=1)
    roots = np.linalg.cholesky(covariances)

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        node = rng.choice(len(nodes), number, p=weights)
        others = means[node] + np.einsum("nij,nj->ni", roots[node], rng.standard_normal((number, means.shape[1])))
        return np.insert(others, at, nodes[node] + step * rng.uniform(-0.5, 0.5, number), axis=1)

    def split(x: np.ndarray) -> np.ndarray:
        return np.stack([x[:, at] > 0, x[:, at] <= 0], -1)[:, :modes] if modes == 2 else np.ones((len(x), 1))

    right = split(nodes[:, None]) if at == 0 else np.ones((len(nodes), 1))
    covariance = inner + np.einsum("n,ni,nj->ij", weights, apart, apart)
    return Exact(mean, covariance, float(logsumexp(log_density) + np.log(step)), draw, split, weights @ right)


@cache
def banana() -> Problem:
    """A bent prior, of which the data leave both ends: two modes of equal weight."""
    spec = """
data { y : real = 1.5 }
prior x1 ~ Normal(0, 1)
prior x2 ~ Normal(x1 ^ 2 - 1, 0.3)
likelihood y ~ Normal(x2, 0.3)
"""
    x1 = np.linspace(-5, 5, 20_000)  # no node at 0
    log_density = norm(0, 1).logpdf(x1) + norm(x1**2 - 1, np.sqrt(0.18)).logpdf(1.5)
    means = (x1**2 - 1 + 1.5)[:, None] / 2
    return Problem(
        "banana", spec, {}, _by_quadrature(x1, log_density, means, np.full((len(x1), 1, 1), 0.045), at=0, modes=2)
    )


@cache
def square() -> Problem:
    """A Gaussian prior of which a square is observed: two modes, with weights 0.69 and 0.31."""
    spec = """
dim component = ["x1", "x2"]
data { y : real = 2 }
prior x1 ~ Normal(0.3, 1)
prior x2 ~ Normal(0.6 * (x1 - 0.3), 0.8)
likelihood y ~ Normal(x1 ^ 2, 0.4)
"""
    x1 = np.linspace(-5, 5, 20_000)
    log_density = norm(0.3, 1).logpdf(x1) + norm(x1**2, 0.4).logpdf(2.0)
    means = 0.6 * (x1 - 0.3)[:, None]
    return Problem(
        "square", spec, {}, _by_quadrature(x1, log_density, means, np.full((len(x1), 1, 1), 0.64), at=0, modes=2)
    )


@cache
def eight_schools() -> Problem:
    """Eight schools, noncentered; positions are the mean, the log of the scatter, and the gains in units of it."""
    effect = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    error = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
    spec = """
data { effect[school] : real, error[school] : positive }
prior mean         ~ Normal(0, 5)
prior scatter      ~ HalfCauchy(5)
prior gain[school] ~ Normal(mean, scatter) noncentered
likelihood effect[school] ~ Normal(gain, error)
"""
    log_tau = np.linspace(-14, 7, 8_000)
    tau = np.exp(log_tau)
    log_density = np.log(2 / np.pi / 5) - np.log1p((tau / 5) ** 2) + log_tau
    variance = error**2 + tau[:, None] ** 2
    precision = 1 / 25 + (1 / variance).sum(1)
    centre = (effect / variance).sum(1) / precision
    # The density of the effects, from that of effects and mean at mean 0, over that of the mean given effects at 0.
    log_density += norm(0, 5).logpdf(0) + norm(0, np.sqrt(variance)).logpdf(effect).sum(1)
    log_density -= norm(centre, 1 / np.sqrt(precision)).logpdf(0)
    slope = -tau[:, None] / variance  # of the gains against the mean
    means = np.concatenate([centre[:, None], -slope * (effect - centre[:, None])], 1)
    along = np.concatenate([np.ones((len(tau), 1)), slope], 1)
    covariances = along[:, :, None] * along[:, None, :] / precision[:, None, None]
    covariances[:, range(1, 9), range(1, 9)] += error**2 / variance
    exact = _by_quadrature(log_tau, log_density, means, covariances, at=1, modes=1)
    return Problem("eight_schools", spec, {"effect": effect, "error": error}, exact)


# -------------------------------------------------------------------------------------------------- logistic regression


_NODES = 14
"""Along each axis: with 18 moments change by 5e-8."""


@cache
def logistic() -> Problem:
    """A logistic regression; its moments are those of a product of Gauss and Hermite's rules at its mode.

    Draws are chosen from 400,000 weighted ones of a Student t there.
    """
    rng = np.random.default_rng(4)
    x = rng.normal(size=(120, 3))
    y = (rng.uniform(size=120) < 1 / (1 + np.exp(-(0.3 + x @ [1.2, -0.8, 0.4])))).astype(int)
    spec = """
dim input = 3
data { x[case, input] : real, y[case] : binary }
prior a        ~ Normal(0, 2)
prior b[input] ~ Normal(0, 1.5)
likelihood y[case] ~ Bernoulli(logits = a + x @ b)
"""
    design = np.concatenate([np.ones((len(x), 1)), x], 1)
    scale = np.array([2, 1.5, 1.5, 1.5])

    def log_density(w: np.ndarray) -> np.ndarray:
        linear = w @ design.T
        return norm(0, scale).logpdf(w).sum(-1) + (y * linear - np.logaddexp(0, linear)).sum(-1)

    found = minimize(lambda w: -log_density(w), np.zeros(4), method="BFGS")
    nodes, shares = hermegauss(_NODES)
    z = np.stack(np.meshgrid(*[nodes] * 4, indexing="ij"), -1).reshape(-1, 4)
    at = found.x + z @ np.linalg.cholesky(found.hess_inv).T
    log_parts = log_density(at) + np.log(np.prod(np.meshgrid(*[shares] * 4), 0)).ravel() + (z**2).sum(1) / 2
    parts = softmax(log_parts)
    mean = parts @ at
    proposal = multivariate_t(found.x, 1.2 * found.hess_inv, df=8, seed=np.random.default_rng(6))
    draws = proposal.rvs(400_000)
    weights = softmax(log_density(draws) - proposal.logpdf(draws))

    return Problem(
        "logistic",
        spec,
        {"x": x, "y": y},
        Exact(
            mean=mean,
            covariance=np.cov(at.T, aweights=parts, ddof=0),
            log_evidence=float(logsumexp(log_parts) + np.log(np.linalg.det(found.hess_inv)) / 2),
            draw=lambda rng, number: draws[rng.choice(len(draws), number, p=weights)],
            modes=lambda positions: np.ones((len(positions), 1)),
            mode_weights=np.ones(1),
        ),
    )


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "conjugate": conjugate,
    "eight_schools": eight_schools,
    "banana": banana,
    "seed_b": seed_b,
    "close": close,
    "aniso": aniso,
    "gaussian20": lambda: gaussian(20),
    "gaussian100": lambda: gaussian(100),
    "logistic": logistic,
}
"""The table of accuracy is of these."""
