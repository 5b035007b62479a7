"""The budget of a prediction: which share of its variance each of independent sources brings.

A prediction is a function x = h(U_1, …, U_5) of one independent seed for each source. For a set S of sources, the closed
variance V(S) = var(E[x | U_S]) is what would be gone if these were known. All else follows from the V(S) of all sets:
V = V(all), first-order effects V({s}), total effects V - V(all but s), Shapley effects, and the ladder of the law of total
variance.

V(S) is estimated by pick-freeze. With two independent copies A and B of each seed, x_T is the prediction whose sources in T
have their seed from A and all others from B. With c(R) the mean of x_T x_T' over all T and T' that differ in exactly the
sources R,

    V(S) = E[c(not S) - c(all)]                                                                                    (1)

is unbiased for all S at once. For total effects this is the estimator of Jansen 1999, mean (x_T - x_T')^2 / 2; for small
S it is the difference of differences of Owen 2013, Better estimation of small Sobol' sensitivity indices, ACM TOMACS 23
("correlation 2"), whose error shrinks with the effect: (x_(S and T) - x_T) (x_(S and not T) - x_(not T)) / 2. It has no
plug-in mean, so that each draw of the seeds gives an independent value, and their scatter the standard errors.

Cost: 2^a predictions per draw for a sources that are not exact. `draws_within` says how many draws keep that within a
multiple of the cost of the prediction, and seeds that are even (`uqdsl.uncertainty.even`) make few of them go far.
`remembered` evaluates a costly part of h only for the sources that it depends on: a network depends on three, so that it is
evaluated 8 times, not 32.

Jansen 1999, Analysis of variance designs for model output, Comput. Phys. Commun. 117; Janon, Klein, Lagnoux, Nodet & Prieur
2014, Asymptotic normality and efficiency of two Sobol index estimators, ESAIM: P&S 18; Saltelli et al. 2010, Variance based
sensitivity analysis of model output, Comput. Phys. Commun. 181.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
from scipy.special import entr

from uqdsl.ir import SOURCES

type Seeds = Mapping[str, np.ndarray]
"""Of each source, which draw of its seed to take: indices `(draw,)`."""

type Prediction = Callable[[Seeds], np.ndarray]
"""From seeds to predictions `(draw, row)`, or to class probabilities `(draw, row, class)`."""


class Part(NamedTuple):
    """A part of the total, each an array of shape `(…, row)`.

    - value, error: in the unit of the total (variance: unit of x squared; information: nats), with its Monte Carlo standard
      error. An estimate of what is nearly zero may come out below zero.
    - share, share_error: the same as a fraction of the total.
    """

    value: np.ndarray
    error: np.ndarray
    share: np.ndarray
    share_error: np.ndarray


class Budget(NamedTuple):
    """The parts of a total that independent sources bring, for each row.

    - sources: their names; those that are exact have zeros.
    - total: of all sources together, `(row,)`.
    - first: what would be gone if the source alone were known, `(source, row)`.
    - all_orders: what would be left if all but the source were known: total effects, `(source, row)`.
    - shapley: the fair shares, which add up to the total; each is between the two above, `(source, row)`.
    - ladder: what each source adds when it is known after those before it, which add up to the total, `(source, row)`.
    - pairs: what two sources bring together beyond their first-order effects, `(pair, row)`, in the order of
      `itertools.combinations`.
    - closed: V(S) of all sets of sources, `(set, row)`: source i is in set number n if bit i of n is one.
    """

    sources: tuple[str, ...]
    total: Part
    first: Part
    all_orders: Part
    shapley: Part
    ladder: Part
    pairs: Part
    closed: Part


class Effects(NamedTuple):
    """First-order and total effects alone, fields as in `Budget`; the Shapley shares lie between them."""

    sources: tuple[str, ...]
    total: Part
    first: Part
    all_orders: Part


def variance_budget(
    prediction: Prediction, draws: int, exact: Collection[str] = (), sources: Sequence[str] = SOURCES
) -> Budget:
    """The budget of the variance of predictions, of each row.

    - prediction: takes indices from 0 to 2 draws - 1 for each source; equal indices mean equal seeds, and different ones
      independent seeds, of different sources too.
    - draws: predictions of each combination, two at least; relative errors are about 1 / sqrt(draws).
    - exact: sources that are known; they get seed zero always.
    - sources: in the order of the ladder.
    """
    active = [each for each in sources if each not in exact]
    return attribute(closed_variances(corners(prediction, draws, active, sources)), active, sources)


def corners(prediction: Prediction, draws: int, active: Sequence[str], sources: Sequence[str] = SOURCES) -> np.ndarray:
    """Predictions with all combinations of the two copies of the seeds, `(corner, draw, row)`.

    Active source i has its seed from the first copy (indices from 0) in corner n if bit i of n is one, else from the second.
    """
    return np.stack([prediction(_seeds(draws, chosen, active, sources)) for chosen in _subsets(active)])


def closed_variances(corner: np.ndarray) -> np.ndarray:
    """Eq. 1 for each draw of the seeds, from predictions `(corner, draw, row)`: V(S), `(draw, set, row)`.

    c(R) for all R is the autocorrelation of x_T over the group of sets under symmetric difference, which the Walsh-Hadamard
    transform makes a square. Sums over rows, or over classes, may be taken before the parts are.
    """
    correlation = _correlation(corner)
    return np.moveaxis(correlation - correlation[0], 0, 1)


def scattered_variances(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """V(S) of m + s u for each draw of the seeds, `(draw, set, row)`, where u alone is of the last source.

    u has the mean 0 and the variance 1, and is never drawn. Sets with the last source, which are the second half, have

        V(S and u) = V_m(S) + E (E[s | U_S])^2

    Arguments:
        mean, sd: m and s for all combinations of the seeds of the other sources, as of `corners`, `(corner, draw, row)`.
    """
    without = closed_variances(mean)
    return np.concatenate([without, without + np.moveaxis(_correlation(sd), 0, 1)], axis=1)


def _correlation(corner: np.ndarray) -> np.ndarray:
    """c(not S) of all sets S, `(set, draw, row)`."""
    # Set S keeps what all others lose: c(not S) is entry 2^a - 1 - S.
    return (_walsh(_walsh(corner) ** 2) / len(corner) ** 2)[::-1]


def attribute(closed: np.ndarray, active: Sequence[str], sources: Sequence[str] = SOURCES) -> Budget:
    """All parts, from V(S) of sets of active sources for each draw of the seeds, `(draw, set, row)`."""
    places = {each: 1 << place for place, each in enumerate(active)}
    bits = [places.get(each, 0) for each in sources]
    every = sum(bits)
    # Exact sources change nothing: their sets are those of the others.
    numbers = np.array([sum(bit for at, bit in enumerate(bits) if n >> at & 1) for n in range(1 << len(bits))])
    values = closed[:, numbers]
    full = len(numbers) - 1
    whole = np.eye(len(numbers))[full]

    def part(weights: Sequence[np.ndarray] | np.ndarray) -> Part:
        return _part(np.tensordot(values, np.atleast_2d(weights), (1, 1)).swapaxes(1, 2), closed[:, every])

    unit = np.eye(len(numbers))
    alone = [unit[1 << at] for at in range(len(bits))]
    ladder = [unit[(2 << at) - 1] - unit[(1 << at) - 1] for at in range(len(bits))]
    pairs = [
        unit[1 << one | 1 << other] - alone[one] - alone[other] for one, other in combinations(range(len(bits)), 2)
    ]
    total = part(whole)
    return Budget(
        tuple(sources),
        Part(*(each[0] for each in total)),
        part(alone),
        part([whole - unit[full ^ 1 << at] for at in range(len(bits))]),
        part(_shapley_weights(len(bits)) * (np.array(bits) > 0)[:, None]),
        part(ladder),
        part(pairs),
        part(unit),
    )


def effects(
    prediction: Prediction, draws: int, exact: Collection[str] = (), sources: Sequence[str] = SOURCES
) -> Effects:
    """First-order and total effects by 2 a + 2 predictions per draw, arguments as of `variance_budget`."""
    active = [each for each in sources if each not in exact]
    first_copy, second_copy = (
        prediction(_seeds(draws, chosen, active, sources)) for chosen in (frozenset(active), frozenset[str]())
    )
    total = (first_copy - second_copy) ** 2 / 2
    alone, all_orders = (np.zeros((draws, len(sources), total.shape[1])) for _ in range(2))
    for place, source in enumerate(sources):
        if source in active:
            without = first_copy - prediction(_seeds(draws, frozenset(active) - {source}, active, sources))
            within = prediction(_seeds(draws, frozenset({source}), active, sources)) - second_copy
            alone[:, place] = without * within / 2
            all_orders[:, place] = (without**2 + within**2) / 4
    whole = Part(*(each[0] for each in _part(total[:, None], total)))
    return Effects(tuple(sources), whole, _part(alone, total), _part(all_orders, total))


def information_budget(
    probabilities: Prediction, outer: int, inner: int, exact: Collection[str] = (), sources: Sequence[str] = SOURCES
) -> Budget:
    """The budget of what the sources tell about a class, in nats: entropy in place of variance.

        I(S) = H(E p) - E H(E[p | U_S])

    The total is the mutual information of the class and all sources (epistemic); what remains of the entropy H(E p) is that
    of the class itself. Arguments are as of `closed_entropies`.

    Depeweg, Hernández-Lobato, Doshi-Velez & Udluft 2018, Decomposition of Uncertainty in Bayesian Deep Learning, ICML;
    for its limits see `uqdsl.uncertainty.classes.entropy`.
    """
    active = [each for each in sources if each not in exact]
    left = closed_entropies(probabilities, outer, inner, active, sources)
    return attribute(left[:, :1] - left, active, sources)


def closed_entropies(
    probabilities: Prediction, outer: int, inner: int, active: Sequence[str], sources: Sequence[str] = SOURCES
) -> np.ndarray:
    """H(E[p | U_S]), what is left of the entropy of a class where S is known, for each draw of S: `(draw, set, row)`.

    E[p | U_S] is a mean over `inner` draws of all other sources, and the entropy of a mean is biased by 1 / inner; the
    jackknife over the inner draws leaves 1 / inner^2. Of the empty set it is the entropy of the mean over all draws.
    `uqdsl.uncertainty.classes.indicator_variances` are the same for the quadratic entropy 1 - sum p^2, without any bias.

    - probabilities: as `prediction` of `variance_budget`, to `(draw, row, class)`; indices up to outer + outer inner 2^a.
    - outer: draws of what is known.
    - inner: draws of the others for each, two at least.
    """
    known, others = np.repeat(np.arange(outer), inner), np.arange(outer * inner)
    conditional: list[np.ndarray] = []
    means: list[np.ndarray] = []
    for place, chosen in enumerate(_subsets(active)):
        # What is not known is drawn anew for each set, or the errors of all sets would be one.
        fresh = outer + place * outer * inner + others
        seeds = {
            each: known if each in chosen else fresh if each in active else np.zeros_like(known) for each in sources
        }
        found = probabilities(seeds)
        found = found.reshape(outer, inner, *found.shape[1:])
        conditional.append(_entropy_of_mean(found))
        means.append(found.mean(axis=1))
    overall = entr(np.mean(means, axis=(0, 1))).sum(axis=-1)
    left = np.stack(conditional, axis=1)
    left[:, 0] = overall
    return left


def remembered[T](part: Callable[[Seeds], T], depends_on: Sequence[str]) -> Callable[[Seeds], T]:
    """A part of a prediction that is evaluated once for the same seeds of the sources that it depends on."""
    known: dict[tuple[bytes, ...], T] = {}

    def recall(seeds: Seeds) -> T:
        key = tuple(seeds[each].tobytes() for each in depends_on)
        if key not in known:
            known[key] = part(seeds)
        return known[key]

    return recall


def draws_within(prediction_draws: int, evaluations: int, factor: float = 3.0) -> int:
    """Draws of the budget for which prediction and budget together cost at most `factor` times the prediction alone.

    - prediction_draws: draws of the prediction.
    - evaluations: of the costly part, for one draw of the budget: 2^a, fewer where `remembered`, 2 a + 2 for `effects`.
    """
    return int((factor - 1) * prediction_draws / evaluations)


def _subsets(sources: Sequence[str]) -> Iterator[frozenset[str]]:
    for number in range(1 << len(sources)):
        yield frozenset(each for place, each in enumerate(sources) if number >> place & 1)


def _seeds(draws: int, chosen: frozenset[str], active: Sequence[str], sources: Sequence[str]) -> Seeds:
    first = np.arange(draws)
    return {
        each: first if each in chosen else first + draws if each in active else np.zeros_like(first) for each in sources
    }


def _walsh(values: np.ndarray) -> np.ndarray:
    """Walsh-Hadamard transform over the first axis, whose length is a power of two."""
    half = 1
    while half < len(values):
        split = values.reshape(-1, 2, half, *values.shape[1:])
        values = np.stack([split[:, 0] + split[:, 1], split[:, 0] - split[:, 1]], axis=1).reshape(values.shape)
        half *= 2
    return values


def _shapley_weights(number: int) -> np.ndarray:
    """How the values of all sets make up the Shapley effect of each source, `(source, set)`.

        Sh_s = sum over S without s of |S|! (a - 1 - |S|)! / a! (V(S and s) - V(S))

    Owen 2014, Sobol' indices and Shapley value, SIAM/ASA J. Uncertainty Quantification 2; exact, as all sets are there.
    """
    weights = np.zeros((number, 1 << number))
    for source in range(number):
        for chosen in range(1 << number):
            if not chosen >> source & 1:
                size = chosen.bit_count()
                weight = factorial(size) * factorial(number - 1 - size) / factorial(number)
                weights[source, chosen | 1 << source] += weight
                weights[source, chosen] -= weight
    return weights


def _part(values: np.ndarray, total: np.ndarray) -> Part:
    """Means and errors of a part `(draw, part, row)`; the share is a ratio, whose error is to first order."""
    root = np.sqrt(len(values))
    value, whole = values.mean(axis=0), total.mean(axis=0)
    error = values.std(axis=0, ddof=1) / root
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, value / whole, 0.0)
        apart = (values - share * total[:, None]).std(axis=0, ddof=1) / root
        share_error = np.where(whole > 0, apart / whole, 0.0)
    return Part(value, error, share, share_error)


def _entropy_of_mean(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of the mean of `(outer, inner, row, class)` over the inner draws, by the jackknife, `(outer, row)`."""
    inner = probabilities.shape[1]
    mean = probabilities.mean(axis=1)
    left_out = np.maximum((inner * mean[:, None] - probabilities) / (inner - 1), 0.0)
    return inner * entr(mean).sum(axis=-1) - (inner - 1) * entr(left_out).sum(axis=-1).mean(axis=1)
