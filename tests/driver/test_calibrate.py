"""Predictions held against testing data, where all of it is known on paper."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import xarray
from scipy.stats import norm

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.driver.recalibrate import LEAST_CASES
from uqdsl.uncertainty.held_out import LEAST_ROWS
from uqdsl.uncertainty.short_chains import Mixing

type Columns = Mapping[str, np.ndarray]

LINE = """
data {{ Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv"{new} }}
prior slope ~ Normal(0, 2)
likelihood X[case] ~ Normal(slope * Z, {sd})
uncertainty {{
  new_input     exact
  testing_data  {testing}
  training_data exact
  weights       inferred
  function      {function}
}}
infer by nuts(chains = 2, warmup = 300, draws = 500)
predict X[case] with({options}draws = 500)
"""
EXACT, INFERRED = "exact", "inferred"


def line(
    sd: float = 1.0, testing: str = EXACT, function: str = INFERRED, options: str = "", *, new: bool = False
) -> str:
    part = ', new = "new.csv"' if new else ""
    return LINE.format(sd=sd, testing=testing, function=function, options=options, new=part)


def rows(count: int, seed: int, slope: float = 1.5, sd: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=count)
    return {"Z": inputs, "X": slope * inputs + sd * rng.normal(size=count)}


def fitted(text: str, folder: Path, **parts: Columns) -> uqdsl.Fit:
    for name, columns in parts.items():
        np.savetxt(
            folder / f"{name}.csv",
            np.column_stack([*columns.values()]),
            "%.17g",
            ",",
            header=",".join(columns),
            comments="",
        )
    return uqdsl.loads(text, folder=folder).compile().infer(seed=1, progress=False)


def scores(found: xarray.Dataset) -> dict[str, float]:
    return dict(zip(found["X_measure"].values.tolist(), found["X_score"].values.tolist(), strict=True))


def test_a_conjugate_line(tmp_path: Path):
    """With a known scatter the predictive law is normal: mean m z and variance 1 + s² z²."""
    training, testing = rows(60, 1), rows(400, 2)
    fit = fitted(line(), tmp_path, train=training, test=testing)
    precision = 1 / 4 + np.sum(training["Z"] ** 2)
    mean = np.sum(training["Z"] * training["X"]) / precision * testing["Z"]
    sd = np.sqrt(1 + testing["Z"] ** 2 / precision)
    z = (testing["X"] - mean) / sd
    found, draws = fit.calibration, 500
    error = np.abs(found["X_pit"].values - norm.cdf(z))
    assert error.mean() < 1.2 * np.sqrt(2 / np.pi) * np.mean(np.sqrt(norm.cdf(z) * norm.sf(z) / draws))
    exact = {
        "RMSE": np.sqrt(np.mean((testing["X"] - mean) ** 2)),
        "CRPS": np.mean(sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))),
        "log score": np.mean(norm.logpdf(z) - np.log(sd)),
        "predictive sd": sd.mean(),
    }
    assert scores(found) == pytest.approx(exact, rel=0.01)
    held = [np.mean(np.abs(norm.cdf(z) - 0.5) <= level / 2) for level in (0.5, 0.8, 0.9, 0.95)]
    assert found["X_coverage"].values == pytest.approx(held, abs=0.02)
    assert found["X_width"].values == pytest.approx(2 * norm.ppf([0.75, 0.9, 0.95, 0.975]) * sd.mean(), rel=0.03)
    assert found["X_conformal"].values == pytest.approx(found["X_width"].values, rel=0.15)
    assert found.attrs["X_said"].startswith("predictions are calibrated as far as 400 cases tell")
    assert fit.problems == ()


def test_no_row_is_scored_that_the_residual_was_learned_on(tmp_path: Path):
    """The bias of each half is all that is known of the other: it shows where these are not alike."""
    testing, count = rows(20, 3), 20
    shuffled = np.random.default_rng(1).permutation(count)
    testing["X"][shuffled[: count // 2]] += 2
    function = "{ residual ~ Normal(bias, 1), prior bias ~ Normal(0, 1000) }"
    found = fitted(line(function=function), tmp_path, train=rows(4000, 1), test=testing).calibration
    residual = testing["X"] - 1.5 * testing["Z"]
    halves = shuffled[: count // 2], shuffled[count // 2 :]
    expected = np.empty(count)
    for scored, learned in (halves, halves[::-1]):
        expected[scored] = norm.cdf((residual[scored] - residual[learned].mean()) / np.sqrt(1 + 2 / count))
    error = np.abs(found["X_pit"].values - expected).mean()
    seen = norm.cdf((residual - residual.mean()) / np.sqrt(1 + 1 / count))
    assert error < 0.03
    assert np.abs(seen - expected).mean() > 4 * 0.03


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (line(sd=0.5), "too narrow"),
        (line(sd=2.0), "too wide"),
        (line(function=EXACT), "too narrow"),
        (line(testing="{ X ~ Normal(truth(X) + 0.7, 0.01) }"), "too high"),
    ],
)
def test_a_spec_that_is_wrong_is_called_out(tmp_path: Path, text: str, said: str):
    fit = fitted(text, tmp_path, train=rows(60, 1), test=rows(200, 2))
    assert said in fit.calibration.attrs["X_said"]
    assert [each.code for each in fit.problems] == ["UQ640"]
    assert fit.status == "ok"


def test_records_scatter_more_than_what_they_are_of(tmp_path: Path):
    text = line(testing="{ X ~ StudentT(5, truth(X), 2) }", options="observation = true, ")
    text = f"{text}predict X[case] with(draws = 500) as plain\n".replace("draws = 500)", "draws = 4000)")
    found = fitted(text, tmp_path, train=rows(60, 1), test=rows(200, 2)).predict(progress=False)
    wider = np.mean(found["X_sd"].values ** 2 - found["plain_sd"].values ** 2)
    assert wider == pytest.approx(4 * 5 / 3, rel=0.05)
    assert found["X_mean"].values == pytest.approx(found["plain_mean"].values, abs=5 * np.sqrt(8 / 4000))


def test_without_an_error_a_record_is_the_truth(tmp_path: Path):
    text = line(options="observation = true, ") + "predict X[case] with(draws = 500) as plain\n"
    found = fitted(text, tmp_path, train=rows(60, 1), test=rows(20, 2)).predict(progress=False)
    assert (found["X_mean"].values == found["plain_mean"].values).all()


def test_new_inputs_from_elsewhere(tmp_path: Path):
    away = {"Z": rows(60, 4)["Z"] + 4}
    fit = fitted(line(new=True), tmp_path, train=rows(150, 1), test=rows(40, 2), new=away)
    assert fit.shift["case_outside"].values.mean() > 0.8
    assert fit.shift["case_auc"] > 0.95
    assert [each.code for each in fit.problems] == ["UQ641"]
    here = fitted(line(new=True), tmp_path, train=rows(150, 1), test=rows(40, 2), new={"Z": rows(60, 4)["Z"]})
    assert "no sign" in here.shift.attrs["case_said"]
    assert here.problems == ()


def test_few_rows_are_not_scored(tmp_path: Path):
    fit = fitted(line(), tmp_path, train=rows(60, 1), test=rows(LEAST_ROWS - 1, 2))
    assert not fit.calibration.data_vars
    (problem,) = fit.problems
    assert problem.code == "UQ642"
    assert "so few testing rows (9)" in problem.title


def test_a_mean_over_rows_is_that_of_training(tmp_path: Path):
    text = line().replace("slope * Z", "slope * (Z - mean(Z, over = case))")
    away = {"Z": rows(200, 2)["Z"] + 3}
    train = rows(60, 1)
    mean = np.mean(train["Z"])
    away["X"] = 1.5 * (away["Z"] - mean) + np.random.default_rng(3).normal(size=200)
    assert scores(fitted(text, tmp_path, train=train, test=away).calibration)["RMSE"] < 1.5


CLASSES = """
data {{ kind[case] : {kind}, training = "train.csv", testing = "test.csv" }}
{model}
infer by nuts(chains = 2, warmup = 300, draws = 1000)
predict kind[case]
"""
COIN = CLASSES.format(kind="binary", model="prior p ~ Beta(1, 1)\nlikelihood kind[case] ~ Bernoulli(p)")
DIE = CLASSES.format(
    kind="category",
    model="prior p[kind] ~ Dirichlet(1, event = kind)\nlikelihood kind[case] ~ Categorical(p, over = kind)",
)


@pytest.mark.parametrize(("text", "classes"), [(COIN, 2), (DIE, 3)])
def test_classes_by_rule_of_succession(tmp_path: Path, text: str, classes: int):
    """The probability of each class is (1 + its count) / (classes + cases), whatever the row."""
    rng = np.random.default_rng(5)
    train, test = rng.binomial(2, 0.4, size=50) % classes, rng.binomial(2, 0.4, size=200) % classes
    found = fitted(text, tmp_path, train={"kind": train}, test={"kind": test}).calibration
    exact = (1 + np.bincount(train, minlength=classes)) / (classes + 50)
    present = [int(each) for each in found["kind_class"].values]
    shown = found["kind_probability"].values
    assert shown[0] == pytest.approx(exact[present] / exact[present].sum(), abs=0.05)
    assert shown.sum(axis=1) == pytest.approx(1)
    probabilities = shown[0][[present.index(each) for each in test]]
    names = found["kind_measure"].values.tolist()
    score = dict(zip(names, found["kind_score"].values, strict=True))
    assert score["log score"] == pytest.approx(np.log(probabilities).mean())
    assert score["accuracy"] == np.mean(test == present[shown[0].argmax()])
    squares = (shown[0] ** 2).sum() - 2 * probabilities + 1
    assert score["Brier score"] == pytest.approx(squares.mean() / (2 if classes == 2 else 1))
    assert found["kind_cases_of"].sum() == 200


def test_the_run_tells_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    fitted(line(), tmp_path, train=rows(60, 1), test=rows(100, 2))
    (tmp_path / "line.uq").write_text(line(sd=0.3))
    assert execute(["run", str(tmp_path / "line.uq"), "--out", str(tmp_path / "runs")]) == 0
    said = capsys.readouterr()
    assert "X, against 100 testing outcomes: predictions are too narrow" in said.out
    assert "too few" in said.out
    assert "UQ640" in said.err
    found = json.loads((tmp_path / "runs" / "line-0-1" / "summary.json").read_text())["calibration"]["nuts"]["X"]
    assert found["cases"] == 100
    assert found["coverage"]["0.9"] < 0.7
    assert found["conformal_width"]["0.9"] > 2 * found["width"]["0.9"]
    assert {"rmse", "crps", "nlpd", "sharpness", "p_value"} <= set(found)


def test_a_run_that_is_read_again_says_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Mixing, "trouble", property(lambda _: "have done nothing"))
    text = line(function="{ residual ~ Normal(0, spread), prior spread ~ HalfNormal(1) }")
    fitted(text, tmp_path, train=rows(60, 1), test=rows(40, 2))
    for name, content, codes in (("mixed", text, ["UQ617", "UQ617"]), ("few", line(), ["UQ642"])):
        if name == "few":
            np.savetxt(tmp_path / "test.csv", np.ones((LEAST_ROWS - 1, 2)), delimiter=",", header="Z,X", comments="")
        (tmp_path / f"{name}.uq").write_text(content)
        asked = ["run", str(tmp_path / f"{name}.uq"), "--out", str(tmp_path / "runs")]
        said = []
        for more in ([], ["--resume"]):
            assert execute([*asked, *more]) == 0
            # As if another `infer` of the spec was still to be done.
            record = tmp_path / "runs" / f"{name}-0-1" / "run.yaml"
            record.write_text(re.sub("status: .*", "status: interrupted", record.read_text()))
            said.append(re.findall(r"\[(UQ\d+)\]: (.*)", capsys.readouterr().err))
        assert said[0] == said[1]
        assert [code for code, _ in said[0]] == codes


def test_recalibrated_predictions_hold_what_they_say(tmp_path: Path):
    """The scatter is taken for half of what it is: intervals of 90 % hold 58 % of new outcomes, and those of the mended ones 90 %."""
    text, count = line(sd=0.5, new=True), 2000
    new = rows(count, 7)
    fit = fitted(text, tmp_path, train=rows(200, 1), test=rows(400, 2), new=new)

    def held(*, recalibrated: bool = False) -> float:
        found = fit.predict(draws=4000, recalibrated=recalibrated)
        lower, upper = (found[f"X_{end}"].sel(X_interval=0.9).values for end in ("lower", "upper"))
        return float(np.mean((lower <= new["X"]) & (new["X"] <= upper)))

    assert held() < 0.65
    # The map is that of 400 outcomes, which knows the level of its ends about as well as these tell it.
    assert abs(held(recalibrated=True) - 0.9) < 4 * np.sqrt(0.9 * 0.1 * (1 / count + 1 / 400))
    said = fit.predict(recalibrated=True).attrs["X_recalibrated"]
    assert said.startswith("recalibrated on 400 testing outcomes")


def test_too_few_testing_rows_mend_nothing(tmp_path: Path):
    text = line(options="recalibrated = true, ")
    (tmp_path / "line.uq").write_text(text)
    for name, count in (("train", 60), ("test", LEAST_CASES - 1)):
        columns = np.column_stack([*rows(count, 1).values()])
        np.savetxt(tmp_path / f"{name}.csv", columns, delimiter=",", header="Z,X", comments="")
    with pytest.raises(uqdsl.RunError) as caught:
        uqdsl.load(tmp_path / "line.uq").compile().infer(progress=False).predict()
    assert [each.code for each in caught.value.problems] == ["UQ643"]
    assert "49 testing outcomes" in caught.value.problems[0].title
