"""Convergence diagnostics and Monte Carlo errors of many scalars at once.

The formulas are those of Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Rank-Normalization, Folding, and
Localization: An Improved R-hat for Assessing Convergence of MCMC, Bayesian Analysis 16(2), 667-718, as ArviZ and Stan
have them, and the tests hold them to ArviZ's numbers. ArviZ itself takes each scalar by its own through Python, and
importing its statistics costs three seconds (xarray, pandas, scipy.stats) that a run of a small spec does not otherwise
need; here all scalars of a model go through each step together.

Every function takes draws as `(chain, draw, scalar)`, finite and with at least four draws per chain, and returns one
number per scalar.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import next_fast_len
from scipy.special import ndtri

LEAST_DRAWS = 4
"""Fewer draws per chain than this say nothing on convergence."""


def r_hat(draws: np.ndarray) -> np.ndarray:
    """Rank-normalised split R-hat: the larger of the bulk's and of the tails' (folded) R-hat (eq. 14-15 and sec. 3).

    Defined for a single chain as well, whose halves are then compared.
    """
    halves = _split(draws)
    folded = np.abs(halves - np.median(halves, axis=(0, 1)))
    return np.maximum(_plain_r_hat(_rank_normalize(halves)), _plain_r_hat(_rank_normalize(folded)))


def ess_bulk(draws: np.ndarray) -> np.ndarray:
    """Effective sample size of the rank-normalised draws: how well the bulk is known (sec. 4)."""
    return _ess(_rank_normalize(_split(draws)))


def ess_tail(draws: np.ndarray) -> np.ndarray:
    """The smaller effective sample size of the 5 % and the 95 % quantile (sec. 4.3)."""
    low, high = np.quantile(draws, [0.05, 0.95], axis=(0, 1))
    # The chains are split after each draw is compared with the quantile of all draws.
    return np.minimum(_ess(_split(draws <= low)), _ess(_split(draws <= high)))


def ess_mean(draws: np.ndarray) -> np.ndarray:
    """Effective sample size for the mean."""
    return _ess(_split(draws))


def mcse_mean(draws: np.ndarray) -> np.ndarray:
    """Monte Carlo standard error of the mean: sd / sqrt(ESS of the mean)."""
    return np.std(draws, axis=(0, 1), ddof=1) / np.sqrt(ess_mean(draws))


def e_bfmi(energy: np.ndarray) -> np.ndarray:
    """Energy Bayesian fraction of missing information of each chain.

        E-BFMI = mean((E_n - E_(n-1))^2) / var(E)

    - energy: of each draw, `(chain, draw)`.

    Betancourt 2016, Diagnosing Suboptimal Cotangent Disintegrations in Hamiltonian Monte Carlo, arXiv:1604.00695.
    """
    return np.square(np.diff(energy, axis=1)).mean(axis=1) / np.var(energy, axis=1, ddof=1)


def _split(draws: np.ndarray) -> np.ndarray:
    """Each chain as two: its first and its last half."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _rank_normalize(draws: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks among all chains, after Blom: z = Phi^-1((r - 3/8) / (S + 1/4)) (eq. 14)."""
    chains, length, scalars = draws.shape
    flat = draws.reshape(chains * length, scalars).T
    scores = ndtri((average_ranks(flat) - 0.375) / (chains * length + 0.25))
    return scores.T.reshape(chains, length, scalars)


def average_ranks(rows: np.ndarray) -> np.ndarray:
    """Ranks within each row, from 1; equal values share the mean of their ranks."""
    order = np.argsort(rows, axis=1)
    ordered = np.take_along_axis(rows, order, axis=1)
    places = np.broadcast_to(np.arange(1, rows.shape[1] + 1), rows.shape)
    steps = ordered[:, 1:] != ordered[:, :-1]
    if steps.all():
        found = places.astype(float)
    else:
        edge = np.ones((len(rows), 1), bool)
        first = np.maximum.accumulate(np.where(np.hstack([edge, steps]), places, 0), axis=1)
        reverse = np.where(np.hstack([steps, edge]), places, rows.shape[1])[:, ::-1]
        last = np.minimum.accumulate(reverse, axis=1)[:, ::-1]
        found = (first + last) / 2
    ranks = np.empty(rows.shape)
    np.put_along_axis(ranks, order, found, axis=1)
    return ranks


def _plain_r_hat(chains: np.ndarray) -> np.ndarray:
    """R-hat of chains as they are (eq. 1-4); NaN where no chain varies."""
    length = chains.shape[1]
    between = length * np.var(chains.mean(axis=1), axis=0, ddof=1)
    within = np.var(chains, axis=1, ddof=1).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((between / within + length - 1) / length)


def _ess(chains: np.ndarray) -> np.ndarray:
    """Effective sample size by the autocorrelations of all chains (eq. 10-13), of values `(chain, draw, scalar)`.

    The sum of autocorrelations is cut by Geyer's initial positive sequence: it ends at the first pair of lags
    (2k, 2k + 1) whose sum is not positive, and the pairs before are made non-increasing. Of the pair it ends at, the
    even lag still counts if it is positive, which improves the estimate for antithetic chains.
    """
    number, length, scalars = chains.shape
    chains = np.ascontiguousarray(np.moveaxis(chains, 2, 0), dtype=float)
    total = number * length
    constant = np.ptp(chains, axis=(1, 2)) < np.finfo(float).resolution
    covariance = _autocovariance(chains)
    within = covariance[:, 0] * length / (length - 1)
    variance = covariance[:, 0].copy()
    if number > 1:
        variance += np.var(chains.mean(axis=2), axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1 - (within[:, None] - covariance) / variance[:, None]
    rho[:, 0] = 1
    last_pair = max(0, -(-(length - 2) // 2) - 1)
    even, odd = rho[:, 0 : 2 * last_pair + 1 : 2], rho[:, 1 : 2 * last_pair + 2 : 2]
    pairs = even + odd
    ended = ~(pairs > 0)
    end = np.where(ended.any(axis=1), ended.argmax(axis=1), last_pair)
    monotone = np.minimum.accumulate(pairs, axis=1)
    before = np.arange(pairs.shape[1]) < end[:, None]
    at_end = np.arange(scalars), end
    rest = np.where((even[at_end] > 0) | (pairs[at_end] >= 0), even[at_end], 0)
    tau = -1 + 2 * np.sum(monotone, axis=1, where=before) + rest
    ess = total / np.maximum(tau, 1 / np.log10(total))
    return np.where(constant, total, ess)


def _autocovariance(chains: np.ndarray) -> np.ndarray:
    """Autocovariance at every lag, the mean over chains, of values `(scalar, chain, draw)`: `(scalar, lag)`."""
    length = chains.shape[2]
    size = next_fast_len(2 * length, real=True)
    spectrum = np.fft.rfft(chains - chains.mean(axis=2, keepdims=True), size, axis=2)
    # The transform back is linear, so that it serves all chains at once.
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    return np.fft.irfft(power, size, axis=1)[:, :length] / length
