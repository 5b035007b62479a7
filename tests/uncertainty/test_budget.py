"""Budgets against closed forms, within five Monte Carlo standard errors."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.special import entr, ndtr

from uqdsl.ir import SOURCES
from uqdsl.uncertainty import budget
from uqdsl.uncertainty.budget import Budget, Part, attribute, information_budget, scattered_variances, variance_budget

DRAWS = 3000
SIZE = 1 << 17


def values(source: str, law: str = "normal") -> np.ndarray:
    """An independent seed for each index."""
    rng = np.random.default_rng([SOURCES.index(source) if source in SOURCES else ord(source), 7])
    return rng.normal(size=SIZE) if law == "normal" else rng.uniform(-np.pi, np.pi, size=SIZE)


NORMAL = {each: values(each) for each in SOURCES}


def additive(seeds):
    """Two rows: variances 1, 4, 9, 0.01, 0.25 of the sources, and ten times as much; a large mean."""
    sds = dict(zip(SOURCES, (1, 2, 3, 0.1, 0.5), strict=True))
    total = sum(sd * NORMAL[each][seeds[each]] for each, sd in sds.items())
    return 1000 + total[:, None] * np.sqrt([1, 10])


def scale(seeds):
    """Like a prediction whose residual has an uncertain scale: b Z + (s + 0.2 TE) F."""
    got = {each: NORMAL[each][seeds[each]] for each in SOURCES}
    return (1.5 * got["new_input"] + (0.5 + 0.2 * got["testing_data"]) * got["function"])[:, None]


def close(part: Part, expected, errors: float = 5) -> None:
    difference = np.abs(part.value - np.asarray(expected))
    assert np.all(difference <= errors * part.error + 1e-9 * np.max(part.value)), (part, expected)


def test_additive_variances():
    found = variance_budget(additive, DRAWS)
    expected = np.outer([1, 4, 9, 0.01, 0.25], [1, 10])
    close(found.total, expected.sum(axis=0))
    for part in (found.first, found.all_orders, found.shapley, found.ladder):
        close(part, expected)
        np.testing.assert_allclose(part.share[:, 0], part.share[:, 1], rtol=1e-6)
    close(found.pairs, 0)
    # The small source is found to a small error: it does not drown in the noise of the others.
    assert found.first.error[3, 0] < 0.05 * 0.01
    assert found.all_orders.error[3, 0] < 0.05 * 0.01


def test_errors_are_those_of_repetitions():
    def shifted(by):
        return lambda seeds: scale({each: taken + by for each, taken in seeds.items()})

    runs = [variance_budget(shifted(by), 100) for by in range(0, 60000, 200)]
    for name in ("first", "all_orders", "shapley", "pairs"):
        parts = [getattr(run, name) for run in runs]
        for value, error in (("value", "error"), ("share", "share_error")):
            scatter = np.std([getattr(part, value) for part in parts], axis=0, ddof=1)
            said = np.sqrt(np.mean([getattr(part, error) ** 2 for part in parts], axis=0))
            some = said > 1e-12
            np.testing.assert_allclose(said[some], scatter[some], rtol=0.25)


def test_interaction_of_scale_and_residual():
    found = variance_budget(scale, DRAWS)
    z, te_f, f = 2.25, 0.04, 0.25
    close(found.total, z + te_f + f)
    close(found.first, [[z], [0], [0], [0], [f]])
    close(found.all_orders, [[z], [te_f], [0], [0], [f + te_f]])
    close(found.shapley, [[z], [te_f / 2], [0], [0], [f + te_f / 2]])
    close(found.ladder, [[z], [0], [0], [0], [f + te_f]])
    pairs = np.zeros((10, 1))
    pairs[list(combinations(SOURCES, 2)).index(("testing_data", "function"))] = te_f
    close(found.pairs, pairs)


def test_a_residual_whose_law_is_known_is_not_drawn():
    """The same budget, with errors that are smaller; of the residual's scale alone where nothing else varies."""
    others = SOURCES[:-1]
    mean, sd = (
        budget.corners(each, DRAWS, others)
        for each in (
            lambda seeds: 1.5 * NORMAL["new_input"][seeds["new_input"]][:, None],
            lambda seeds: (0.5 + 0.2 * NORMAL["testing_data"][seeds["testing_data"]])[:, None],
        )
    )
    found = attribute(scattered_variances(mean, sd), SOURCES)
    z, te_f, f = 2.25, 0.04, 0.25
    close(found.total, z + te_f + f)
    close(found.first, [[z], [0], [0], [0], [f]])
    close(found.all_orders, [[z], [te_f], [0], [0], [f + te_f]])
    close(found.shapley, [[z], [te_f / 2], [0], [0], [f + te_f / 2]])
    drawn = variance_budget(scale, DRAWS)
    assert found.shapley.error[-1, 0] < 0.8 * drawn.shapley.error[-1, 0]
    assert found.all_orders.error[1, 0] < 0.8 * drawn.all_orders.error[1, 0]


def test_products_of_uncentred_factors():
    means = (1.0, 2.0, 0.5)
    three = SOURCES[:3]

    def product(seeds):
        factors = [mean + 0.5 * NORMAL[each][seeds[each]] for each, mean in zip(three, means, strict=True)]
        return np.prod(factors, axis=0)[:, None]

    found = variance_budget(product, 20000, sources=three)
    variance, squares = 0.25, np.square(means)
    closed = [np.prod([squares[i] + variance * (n >> i & 1) for i in range(3)]) - np.prod(squares) for n in range(8)]
    close(found.closed, np.array(closed)[:, None])


def test_ishigami():
    # Sobol' & Levitan 1999, with a = 7 and b = 0.1.
    a, b = 7, 0.1
    three = ("x", "y", "z")
    uniform = {each: values(each, "uniform") for each in three}

    def ishigami(seeds):
        x, y, z = (uniform[each][seeds[each]] for each in three)
        return (np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x))[:, None]

    first = [0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, 0]
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    found = variance_budget(ishigami, 20000, sources=three)
    close(found.total, sum(first) + both)
    close(found.first, np.array(first)[:, None])
    close(found.all_orders, np.array([first[0] + both, first[1], both])[:, None])
    close(found.shapley, np.array([first[0] + both / 2, first[1], both / 2])[:, None])
    close(found.pairs, np.array([0, both, 0])[:, None])
    few = budget.effects(ishigami, 20000, sources=three)
    close(few.total, sum(first) + both)
    close(few.first, np.array(first)[:, None])
    close(few.all_orders, np.array([first[0] + both, first[1], both])[:, None])


def random_function(seeds):
    """All sources with all: no closed form, only identities."""
    got = np.stack([NORMAL[each][seeds[each]] for each in SOURCES])
    return np.stack([np.tanh(got.sum(axis=0)) * np.exp(0.3 * got[0]), np.prod(1 + 0.5 * got, axis=0)], axis=1)


def test_parts_add_up():
    found = variance_budget(random_function, 200)
    for part in (found.shapley, found.ladder):
        np.testing.assert_allclose(part.value.sum(axis=0), found.total.value, rtol=1e-12)
        np.testing.assert_allclose(part.share.sum(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(found.closed.value[-1], found.total.value)
    np.testing.assert_allclose(found.closed.value[0], 0, atol=1e-12)
    np.testing.assert_allclose(found.total.share_error, 0, atol=1e-12)


def test_closed_variances_by_brute_force():
    corner = budget.corners(random_function, 50, SOURCES)
    found = budget.closed_variances(corner)
    for chosen in (0b00001, 0b01010, 0b11111, 0b10111):
        rest = 0b11111 ^ chosen
        expected = np.mean([corner[t] * corner[t ^ rest] - corner[t] * corner[t ^ 31] for t in range(32)], axis=0)
        np.testing.assert_allclose(found[:, chosen], expected, rtol=1e-10, atol=1e-12)
    # Total effects are the estimator of Jansen.
    jansen = np.mean([(corner[t] - corner[t ^ 4]) ** 2 / 2 for t in range(32)], axis=0)
    np.testing.assert_allclose(found[:, 31] - found[:, 31 ^ 4], jansen, rtol=1e-10, atol=1e-12)


def test_the_order_of_sources_changes_the_ladder_alone():
    found, turned = (variance_budget(random_function, 200, sources=each) for each in (SOURCES, SOURCES[::-1]))
    for name in ("first", "all_orders", "shapley"):
        np.testing.assert_allclose(
            getattr(found, name).value, getattr(turned, name).value[::-1], rtol=1e-10, atol=1e-12
        )
    assert np.all(np.abs(found.ladder.value - turned.ladder.value[::-1])[[0, 4]] > 0.01)


def test_exact_sources_have_no_share_and_cost_nothing():
    asked: list[int] = []

    def counted(seeds):
        asked.append(len(seeds["weights"]))
        return additive(seeds)

    found = variance_budget(counted, 100, exact=("new_input", "function", "weights"))
    assert asked == [100] * 4
    exact = [0, 3, 4]
    for part in (found.first, found.all_orders, found.shapley, found.ladder):
        assert not part.value[exact].any()
        assert not part.share_error[exact].any()
    close(found.total, np.array([13, 130]))
    close(found.shapley, np.outer([0, 4, 9, 0, 0], [1, 10]))
    few = budget.effects(additive, 100, exact=("new_input", "function", "weights"))
    assert not few.first.value[exact].any()
    close(few.all_orders, np.outer([0, 4, 9, 0, 0], [1, 10]))


def test_all_sources_exact():
    found = variance_budget(additive, 10, exact=SOURCES)
    assert not found.total.value.any()
    assert not found.shapley.share.any()


def test_costly_part_is_evaluated_for_its_own_sources():
    asked: list[int] = []

    def network(seeds):
        asked.append(1)
        return (NORMAL["new_input"][seeds["new_input"]] * NORMAL["weights"][seeds["weights"]])[:, None]

    part = budget.remembered(network, ("new_input", "weights"))
    found = variance_budget(lambda seeds: part(seeds) + scale(seeds), 50)
    again = variance_budget(lambda seeds: network(seeds) + scale(seeds), 50)
    np.testing.assert_array_equal(found.shapley.value, again.shapley.value)
    assert len(asked) == 4 + 32
    assert budget.draws_within(4000, evaluations=8) == 1000
    assert budget.draws_within(4000, evaluations=32) == 250


def test_sums_over_rows_have_errors_of_their_own():
    corner = budget.corners(additive, DRAWS, SOURCES)
    found = budget.attribute(budget.closed_variances(corner).mean(axis=2, keepdims=True), SOURCES)
    close(found.total, 14.26 * 5.5)
    assert found.shapley.value.shape == (5, 1)


def probit(seeds):
    """p = Phi(z1 + 2 z2 + 0.5), whose means over z1 or z2 are Phi of a Gaussian again."""
    at = NORMAL["weights"][seeds["weights"]] + 2 * NORMAL["function"][seeds["function"]] + 0.5
    return np.stack([ndtr(at), ndtr(-at)], axis=1)[:, None]


def expected_entropy(variance_known: float) -> float:
    """E H(E[p | known part]) by Gauss-Hermite, with total variance 5 of the argument, and one of the probit."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    p = ndtr((0.5 + np.sqrt(variance_known) * nodes) / np.sqrt(1 + 5 - variance_known))
    return float(weights / weights.sum() @ (entr(p) + entr(1 - p)))


def test_information_of_sources():
    two = ("weights", "function")
    runs = [
        information_budget(
            lambda seeds, by=by: probit({each: got + by for each, got in seeds.items()}), 400, 40, sources=two
        )
        for by in (0, 1 << 16)
    ]
    known = [expected_entropy(variance) for variance in (0, 1, 4, 5)]
    expected = (known[0] - np.array(known))[:, None]
    for found in runs:
        np.testing.assert_allclose(found.shapley.value.sum(axis=0), found.total.value)
        # The entropy of the overall mean has an error of its own, which these do not count.
        close(Part(*found.closed._replace(error=np.hypot(found.closed.error, 0.003))), expected, errors=4)
    assert isinstance(runs[0], Budget)


def test_jackknife_takes_the_bias_of_the_entropy():
    rng = np.random.default_rng(1)
    p = rng.beta(2, 2, size=(20000, 5, 1))
    found = budget._entropy_of_mean(np.stack([p, 1 - p], axis=-1))[:, 0]
    plain = np.stack([p, 1 - p], axis=-1).mean(axis=1)
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - np.log(2)) < 4 * error + 0.002
    assert np.log(2) - entr(plain).sum(axis=-1).mean() > 0.01


@pytest.mark.parametrize("number", [1, 2, 5])
def test_shapley_weights_split_each_interaction_evenly(number):
    weights = budget._shapley_weights(number)
    for group in range(1, 1 << number):
        # V(S) of a function whose only component is that of the group.
        closed = np.array([float(n & group == group) for n in range(1 << number)])
        expected = [(group >> i & 1) / group.bit_count() for i in range(number)]
        np.testing.assert_allclose(weights @ closed, expected, atol=1e-15)
