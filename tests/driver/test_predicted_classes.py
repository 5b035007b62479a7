"""`predict` of outcomes that are classes, and of laws whose moments nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma
from scipy.stats import norm, truncnorm

import uqdsl
from uqdsl.cli.main import execute

INFER = "infer by nuts(chains = 2, warmup = 300, draws = 1000)\n"
CONJUGATE = """
dim k = ["red", "green", "blue"]
data {
  yes[case]    : binary      = [1, 0, 1]
  colour[case] : category(k) = ["red", "blue", "blue"]
}
prior p[case]    ~ Beta(2, 1)
prior q[case, k] ~ Dirichlet(2, event = k)
likelihood yes[case]    ~ Bernoulli(p)
likelihood colour[case] ~ Categorical(q, over = k)
infer by nuts(chains = 2, warmup = 300, draws = 1000)
predict yes[case] with(draws = 2000, intervals = [0.9], quantiles = [0.5], exceed = [0.5], budget = shapley)
predict colour[case] with(draws = 2000, budget = information)
"""
"""Each p has a Beta posterior, and each q a Dirichlet one."""
EFFECTIVE = 1000
"""Draws that the 2,000 are worth at the least."""


@pytest.fixture(scope="module")
def found():
    return uqdsl.loads(CONJUGATE).compile().infer(seed=1).predict()


def expected_entropy(counts: np.ndarray) -> float:
    """E H(p) of p ~ Dirichlet(counts)."""
    share = counts / counts.sum()
    return float(-(share * (digamma(counts + 1) - digamma(counts.sum() + 1))).sum())


def near(found: np.ndarray, expected: float, sd: float) -> bool:
    return bool(abs(found - expected) < 4 * sd / np.sqrt(EFFECTIVE))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("yes", [[1, 3], [2, 2], [1, 3]]),
        ("colour", [[3, 2, 2], [2, 2, 3], [2, 2, 3]]),
    ],
)
def test_probabilities_and_entropies(found, name, counts):
    assert found[f"{name}_class"].values.tolist() == {"yes": [0, 1], "colour": ["red", "green", "blue"]}[name]
    assert found[f"{name}_probability"].dims == (f"{name}_class", "case")
    assert found[f"{name}_probability_draws"].dims == ("draw", f"{name}_class", "case")
    for place, each in enumerate(np.array(counts, float)):
        share = each / each.sum()
        sd = np.sqrt(share * (1 - share) / (each.sum() + 1))
        for at, (mean, own) in enumerate(zip(share, sd, strict=True)):
            assert near(found[f"{name}_probability"].values[at, place], mean, own)
            assert near(found[f"{name}_epistemic"].values[at, place], own, own)
            aleatoric = np.sqrt(mean * (1 - mean) - own**2)
            assert near(found[f"{name}_aleatoric"].values[at, place], aleatoric, own)
        total = -(share * np.log(share)).sum()
        known = expected_entropy(each)
        assert near(found[f"{name}_entropy"].values[place], total, sd.sum())
        assert near(found[f"{name}_expected_entropy"].values[place], known, 0.3)
        assert near(found[f"{name}_mutual_information"].values[place], total - known, 0.2)


def test_intervals_are_of_the_probability(found):
    """Of Beta(2, 2) for the second case."""
    from scipy.stats import beta

    law = beta(2, 2)
    lower, upper = (found[f"yes_{end}"].values[0, 1, 1] for end in ("lower", "upper"))
    for end, level in ((lower, 0.05), (upper, 0.95), (found["yes_quantile"].values[0, 1, 1], 0.5)):
        assert near(end, law.ppf(level), np.sqrt(level * (1 - level)) / law.pdf(law.ppf(level)))
    assert near(found["yes_exceed"].values[0, 1, 1], 0.5, 0.5)


def test_the_budget_is_of_the_indicator(found):
    """var p over p (1 - p) is 1 / (a + b + 1) of Beta(a, b): 1 / 5 for each row."""
    share = found["yes_share"].sel(source=["weights", "function"])
    assert np.allclose(share.sum("source"), 1)
    error = found["yes_share_error"].sel(source="weights")
    assert (abs(share.sel(source="weights") - 0.2) < 4 * error).all()
    assert (error < 0.03).all()
    average, its_error = (found[f"yes_average_share{each}"].sel(source="function") for each in ("", "_error"))
    assert abs(average - 0.8) < 4 * its_error


def test_the_budget_of_information_is_of_the_entropy(found):
    """Knowing q, which is the weights, tells the mutual information; what is left is the class's own."""
    for place, counts in enumerate(np.array([[3, 2, 2], [2, 2, 3], [2, 2, 3]], float)):
        share = counts / counts.sum()
        left = expected_entropy(counts) / -(share * np.log(share)).sum()
        shares, error = (found[f"colour_share{each}"].values[:, place] for each in ("", "_error"))
        assert shares[:3].tolist() == [0, 0, 0]
        assert np.all(abs(shares[3:] - [1 - left, left]) < 4 * error[3:])
        assert np.all(error[3:] < 0.01)


def test_there_is_no_information_on_a_number():
    text = "data { y[i] : real = [0.3, 1.5] }\nprior mu ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(mu, 1)\npredict y[i]\n"
    fit = uqdsl.loads(text).compile().infer("nuts(chains = 1, warmup = 100, draws = 100)", seed=1)
    with pytest.raises(uqdsl.RunError, match="UQ369"):
        fit.predict(budget="information")


@pytest.mark.parametrize("law", ["OrderedLogistic", "OrderedProbit"])
def test_grades(law):
    text = f"""
dim cut = 2
data {{ z[case] : real = [-1, 0, 2], grade[case] : count = [0, 1, 2] }}
prior slope  ~ Normal(0, 2)
prior c[cut] ~ Normal(0, 1) ordered
likelihood grade[case] ~ {law}(slope * z, c, over = cut)
{INFER}predict grade[case] with(draws = 2000)
"""
    found = uqdsl.loads(text).compile().infer(seed=1).predict()
    assert found["grade_class"].values.tolist() == [0, 1, 2]
    assert np.allclose(found["grade_probability"].sum("grade_class"), 1)
    for grade in range(3):
        drawn = (found["grade"] == grade).mean("draw")
        assert (abs(drawn - found["grade_probability"].sel(grade_class=grade)) < 4 * 0.5 / np.sqrt(2000)).all()


def test_of_a_law_without_known_moments_the_parts_are_drawn():
    """A truncated normal around mu, whose posterior is integrated on a grid."""
    text = f"""
data {{ y[i] : nonnegative = [0.3, 1.5] }}
prior mu ~ Normal(0, 1)
likelihood y[i] ~ Normal(mu, 1) truncated(0, inf)
{INFER}predict y[i] with(draws = 2000)
"""
    found = uqdsl.loads(text).compile().infer(seed=1).predict()

    def law(mu: float):
        return truncnorm(-mu, np.inf, loc=mu)

    def average(value) -> float:
        def weighted(mu: float) -> float:
            return float(value(mu) * norm.pdf(mu) * law(mu).pdf(0.3) * law(mu).pdf(1.5))

        return quad(weighted, -6, 6)[0]

    whole = average(lambda mu: 1.0)
    mean, square, left = (
        average(each) / whole
        for each in (lambda mu: law(mu).mean(), lambda mu: law(mu).mean() ** 2, lambda mu: law(mu).var())
    )
    epistemic = square - mean**2
    # A product of two draws scatters by about the variance of one.
    assert (abs(found["y_epistemic"] ** 2 - epistemic) < 4 * (epistemic + left) / np.sqrt(EFFECTIVE)).all()
    assert (abs(found["y_aleatoric"] ** 2 - left) < 4 * 2 * left / np.sqrt(EFFECTIVE)).all()
    assert (found["y_epistemic"] > 0).all()


def test_for_machines_and_for_people(tmp_path: Path, capsys):
    (tmp_path / "classes.uq").write_text(CONJUGATE)
    assert execute(["run", str(tmp_path / "classes.uq"), "--out", str(tmp_path / "runs")]) == 0
    printed = capsys.readouterr().out
    assert "information" in printed
    assert "of the mean entropy: weights" in printed
    told = json.loads((tmp_path / "runs" / "classes-0-1" / "summary.json").read_text())["prediction"]["nuts"]
    row = told["yes"]["rows"][0]
    assert set(row) == {"label", "entropy", "expected_entropy", "mutual_information", "classes", "budget"}
    assert set(row["classes"]["1"]) == {"probability", "epistemic", "aleatoric", "intervals", "quantiles", "exceed"}
    assert (told["yes"]["budget_of"], told["colour"]["budget_of"]) == ("variance", "entropy")
    assert set(told["colour"]["rows"][2]["classes"]) == {"red", "green", "blue"}
    line = next(each for each in printed.splitlines() if each.startswith(" colour[1]"))
    assert line.split()[1] == "red"
