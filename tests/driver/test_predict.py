"""`predict` from a spec to its answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.results import read_netcdf
from uqdsl.uncertainty import chained

COUNTS = """
data { z[case] : real = [0, 1, 2], n[case] : count = [3, 6, 17] }
prior rate[case] ~ Gamma(2, 0.2)
likelihood n[case] ~ Poisson(rate)
infer by nuts(chains = 2, warmup = 300, draws = 1000)
predict n[case] with(draws = 2000, intervals = [0.9], quantiles = [0.5], exceed = [10], budget = shapley)
"""
"""Conjugate: each rate has a Gamma(2 + n, 1.2) posterior, so that new counts are negative binomial."""

SMALL = """
data { y[i] : real = [0.3, -0.4, 1.2] }
prior mu ~ Normal(0, 1)
likelihood y[i] ~ Normal(mu, 1)
predict y[i]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counts")
    (folder / "counts.uq").write_text(COUNTS.replace("z[case] : real = [0, 1, 2], ", ""))
    assert execute(["run", str(folder / "counts.uq"), "--out", str(folder / "runs")]) == 0
    return folder / "runs" / "counts-0-1"


def test_replicates_of_the_rows_that_there_are(run: Path):
    from scipy.stats import nbinom

    group = read_netcdf(run / "result.nc")["prediction"]
    draws = group.variables["n"].values
    assert draws.shape == (2000, 3)
    for place, count in enumerate((3, 6, 17)):
        law = nbinom(2 + count, 1.2 / 2.2)
        assert abs(draws[:, place].mean() - law.mean()) < 4 * law.std() / np.sqrt(1000)
        above = group.variables["n_exceed"].values[0, place]
        assert abs(above - law.sf(10)) < 4 * np.sqrt(law.sf(10) * law.cdf(10) / 1000)
    assert group.coords["n_interval"].tolist() == [0.9]
    assert (group.variables["n_lower"].values <= group.variables["n_quantile"].values).all()


def test_a_variance_has_an_epistemic_and_an_aleatoric_part(run: Path):
    """var E[n | rate] = var rate = (2 + n) / 1.2^2 and E var[n | rate] = E rate = (2 + n) / 1.2."""
    group = read_netcdf(run / "result.nc")["prediction"].variables
    for place, count in enumerate((3, 6, 17)):
        shape = 2 + count
        # A sample variance of a gamma law of that shape scatters by sqrt((2 + 6 / shape) / K) of itself.
        off = group["n_epistemic"].values[place] ** 2 / (shape / 1.2**2) - 1
        assert abs(off) < 4 * np.sqrt((2 + 6 / shape) / 1000)
        assert abs(group["n_aleatoric"].values[place] ** 2 - shape / 1.2) < 4 * np.sqrt(shape / 1.2**2 / 1000)


def test_the_budget_of_a_spec_without_sources_is_of_unknowns_and_scatter(run: Path):
    """var E[n | rate] = var rate, and the rest is E[rate]: 1 / 2.2 and 1.2 / 2.2 of the whole, for each row."""
    group = read_netcdf(run / "result.nc")["prediction"]
    shares, first, total = (group.variables[f"n_{name}"].values for name in ("share", "first", "total"))
    assert group.coords["source"].tolist()[3:] == ["weights", "function"]
    assert (shares[:3] == 0).all()
    assert (abs(first[3] - 1 / 2.2) < 4 * group.variables["n_first_error"].values[3]).all()
    assert (abs(total[4] - 1.2 / 2.2) < 4 * group.variables["n_total_error"].values[4]).all()
    assert np.allclose(shares.sum(axis=0), 1)


def test_the_summary_for_machines(run: Path):
    found = json.loads((run / "summary.json").read_text())["prediction"]["nuts"]["n"]
    assert [each["label"] for each in found["rows"]] == ["n[1]", "n[2]", "n[3]"]
    assert set(found["rows"][0]) == {
        "label",
        "mean",
        "sd",
        "epistemic",
        "aleatoric",
        "intervals",
        "quantiles",
        "exceed",
        "budget",
    }
    assert sum(found["budget"].values()) == pytest.approx(1)
    assert sum(each["cases"] for each in found["largest"]) == 3


def test_pictures_are_drawn_of_predictions(run: Path):
    assert {each.stem for each in (run / "pictures").iterdir()} == {"posterior", "ranks", "predictive_n", "budget_n"}


def test_the_program_of_the_prediction_is_kept(run: Path):
    assert "numpyro.sample" in (run / "program_prediction.py").read_text()


def test_from_python():
    text = COUNTS.replace("z[case] : real = [0, 1, 2], ", "").replace("budget = shapley", "hdi = true")
    fit = uqdsl.loads(text).compile().infer(seed=1)
    found = fit.predict()
    assert found["n"].dims == ("draw", "case")
    assert "n_share" not in found
    wide = fit.predict(intervals=(0.5, 0.99), draws=500)
    assert wide["n_lower"].sizes == {"n_interval": 2, "case": 3}
    assert wide.sizes["draw"] == 500


@pytest.mark.parametrize(
    "prior",
    [
        "time t from 0 to 3 step 1\nprior w[t] ~ Normal(0.8 * w[t - 1], 0.5) starting at Normal(0, 1)",
        "dim t = 4\ndata { z[t] : real = [0, 0.4, 1.1, 2] }\nprior w[t] ~ GaussianProcess(squared_exponential(1, 0.5), at = z)",
        "dim t = 4\nprior w[t] ~ MultiNormal([0, 0, 0, 0], cholesky = R)\ndata { R[t, t'] : real = ROOT }",
    ],
)
def test_what_is_made_of_steps_is_predicted_from_as_it_was_found(prior: str):
    root = "[[1, 0, 0, 0], [0.5, 1, 0, 0], [0, 0.5, 1, 0], [0, 0, 0.5, 1]]"
    lines = [f"{each} noncentered" if each.startswith("prior") else each for each in prior.split("\n")]
    text = "\n".join([*lines, "data { y[t] : real = [0.1, 0.9, 0.2, 1.5] }", "likelihood y[t] ~ Normal(w, 0.3)"])
    fit = (
        uqdsl.loads(f"{text.replace('ROOT', root)}\npredict y[t]\n")
        .compile()
        .infer(by="nuts(chains = 2, warmup = 300, draws = 500)", seed=1, progress=False)
    )
    found, w = fit.predict(draws=1000, progress=False), fit.posterior["posterior"]["w"]
    # Each draw of the posterior once, in which w is the mean of what is predicted.
    assert np.allclose(found["y_epistemic"], w.std(("chain", "draw")), rtol=2e-3)
    assert np.allclose(found["y_mean"], w.mean(("chain", "draw")), atol=0.06)


def test_pictures_of_what_was_predicted_last():
    text = COUNTS.replace("z[case] : real = [0, 1, 2], ", "").replace("draws = 2000", "draws = 50")
    fit = uqdsl.loads(text).compile().infer(seed=1)
    assert "predictive_n" not in fit.pictures
    found = fit.predict()
    assert fit.pictures[2:] == ("predictive_n", "budget_n")
    figure = fit.picture("predictive", "n")
    shown = figure.axes[0].collections[0].get_segments()
    assert [segment[0][0] for segment in shown] == sorted(set(found["n"].values[:, 0].tolist()))
    assert len(fit.picture("budget").axes) == 2


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [(("m",), {}, "UQ366"), ((), {"levels": (0.5,)}, "UQ502"), ((), {"intervals": [2.0]}, "UQ503")],
)
def test_what_python_cannot_ask(names, options, code):
    fit = uqdsl.loads(SMALL).compile().infer("nuts(chains = 1, warmup = 50, draws = 50)")
    with pytest.raises(uqdsl.UsageError) as caught:
        fit.predict(*names, **options)
    assert [each.code for each in caught.value.problems] == [code]


def test_draws_that_are_not_finite_are_told():
    text = SMALL.replace("predict y[i]", "let far[i] = exp(exp(10 + 0 * y + mu))\npredict far[i]")
    fit = uqdsl.loads(text).compile().infer("nuts(chains = 1, warmup = 50, draws = 50)")
    fit.predict()
    assert "UQ619" in [each.code for each in fit.problems]


PARTS = """
data {
  z[case] : real, kind[case] : category, x[case] : real
  training = "train.csv"
  new = "new.csv"
}
prior slope[kind] ~ Normal(0, 2)
likelihood x[case] ~ Normal(slope[kind] * z, 0.1)
infer by nuts(chains = 2, warmup = 300, draws = 1000)
predict x[case] with(draws = 200)
"""
TRAINING = {"z": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"], "x": [1.1, -1.9, 3.0]}


@pytest.fixture(scope="module")
def parted() -> uqdsl.Fit:
    new = {"z": [1.0], "kind": ["a"]}
    return uqdsl.loads(PARTS).compile(training=TRAINING, new=new).infer(seed=1)


def test_new_rows_from_python(parted):
    given = {"z": [2.0, 1.0], "kind": ["b", "a"]}
    found = parted.predict(new=given)["x"].values
    bound = uqdsl.loads(PARTS).compile(training=TRAINING, new=given).infer(seed=1)
    assert np.array_equal(found, bound.predict()["x"].values)
    assert parted.predict().sizes["case"] == 1


def test_the_chains_of_a_budget_serve_other_rows_too(monkeypatch: pytest.MonkeyPatch):
    text = """
        data { z[case] : real, x[case] : real, training = given, new = given }
        prior slope ~ Normal(0, 10)
        likelihood x[case] ~ Normal(slope * z, 0.3)
        uncertainty { training_data { x ~ Normal(truth(x), 0.2) } }
        infer by nuts(chains = 2, warmup = 200, draws = 100)
        predict x[case] with(draws = 100, budget = shapley)
    """
    one, other = {"z": [1.0]}, {"z": [2.0]}
    training = {"z": [1.0, 2.0, 3.0], "x": [1.1, 1.9, 3.2]}
    fit = uqdsl.loads(text).compile(training=training, new=one).infer(seed=1, progress=False)
    first = fit.predict(new=one)
    monkeypatch.setattr(chained, "run_chains", None)
    shares = [fit.predict(new=each)["x_share"].sel(source="training_data").item() for each in (one, other)]
    assert shares[0] == first["x_share"].sel(source="training_data").item()
    assert shares[1] > shares[0]  # as the slope counts twice


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"z": [2.0], "kind": ["c"]}, "UQ442"),
        ({"z": ["far"], "kind": ["a"]}, "UQ422"),
        ({"kind": ["a"]}, "UQ401"),
    ],
)
def test_new_rows_that_do_not_fit(parted, new, code):
    with pytest.raises(uqdsl.DataError) as caught:
        parted.predict(new=new)
    assert [each.code for each in caught.value.problems] == [code]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was stopped while it predicted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.uq").write_text(PARTS)
    (tmp_path / "train.csv").write_text("z,kind,x\n1,a,1.1\n2,b,-1.9\n3,a,3\n")
    (tmp_path / "new.csv").write_text("z,kind\n2,b\n1,a\n")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("uqdsl.driver.infer.predict", stopped)
        assert execute(["run", "model.uq", "--out", "runs"]) == 130
    return tmp_path


def test_a_run_stopped_while_it_predicts_goes_on(folder: Path):
    assert execute(["run", "model.uq", "--out", "runs", "--resume"]) == 0
    assert execute(["run", "model.uq", "--out", "runs"]) == 0
    resumed, whole = (read_netcdf(folder / f"runs/model-0-{number}/result.nc") for number in (1, 2))
    assert np.array_equal(resumed["posterior"].variables["slope"].values, whole["posterior"].variables["slope"].values)
    assert np.array_equal(resumed["prediction"].variables["x"].values, whole["prediction"].variables["x"].values)


def test_a_stopped_run_does_not_go_on_with_other_new_rows(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "new.csv").write_text("z,kind\n2,b\n5,a\n")
    assert execute(["run", "model.uq", "--out", "runs", "--resume"]) == 1
    said = capsys.readouterr().err
    assert "UQ704" in said
    assert "`z (new)`" in said


@pytest.mark.parametrize("kind", ["real", "nonnegative"])
def test_true_outcomes_keep_to_the_ends_of_their_law_where_records_do_not(kind: str):
    """The location is as good as known, so that what is predicted is the truncated law itself."""
    from scipy.stats import truncnorm

    first = -0.2 if kind == "real" else 0.2
    fit = (
        uqdsl.loads(f"""
    data {{ y[i] : {kind} = [{first}, 0.4, 1.2] }}
    prior mu ~ Normal(0.5, 0.001)
    likelihood y[i] ~ Normal(mu, 1) truncated(0, inf)
    uncertainty {{ training_data {{ y ~ Normal(truth(y), 0.3) }} }}
    infer by nuts(chains = 2, warmup = 200, draws = 500)
    predict y[i] with(draws = 1000, budget = shapley)
    """)
        .compile()
        .infer(seed=1, progress=False)
    )
    law = truncnorm(-0.5, np.inf, 0.5)
    predicted = fit.predict()
    draws = predicted["y"].values
    assert draws.min() >= 0
    assert abs(draws.mean() - law.mean()) < 4 * law.std() / np.sqrt(draws.size)
    assert predicted["y_average_share"].sel(source="function") > 0.99
