"""uqdsl from Python."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import uqdsl
import uqdsl.api

import arviz  # isort: skip
import jax  # isort: skip
import jax.numpy as jnp  # isort: skip
from numpyro.infer import MCMC, NUTS  # isort: skip
from numpyro.infer.util import potential_energy  # isort: skip

SPEC = """
setting width : real = 2
dim group = ["a", "b"]
data { y[i] : real, place[i] : category(group) }
prior mu        ~ Normal(0, 5)
prior tau       ~ HalfNormal(1)
prior m[group]  ~ Normal(mu, tau) noncentered
let gap = m["a"] - m["b"]
likelihood y[i] ~ Normal(m[place], width)
infer by nuts(chains = 2, warmup = 200, draws = 150)
"""
Y, PLACE = [0.5, 1.0, 2.0, 2.5], ["a", "a", "b", "b"]

API = """\
Assimilation
  estimates
  forecast
  notes
  observations
  picture(self, kind: 'str', of: 'str' = '') -> 'Figure'
  pictures
  reasons
  result
  save(self, path: 'str | Path') -> 'None'
  scores
  status
DataError
Fit
  calibration
  compare(self, *others: 'Fit') -> 'Compared'
  diagnostics
  picture(self, kind: 'str', of: 'str' = '') -> 'Figure'
  pictures
  posterior
  predict(self, *names: 'str', new: 'Any' = None, progress: 'bool | None' = None, **options: 'Any') -> 'xarray.Dataset'
  reasons
  save(self, path: 'str | Path') -> 'None'
  seconds
  shift
  status
  summary
load(path: 'str | Path', *, settings: 'Mapping[str, Setting] | None' = None, allow: 'Sequence[str | Path]' = (), \
allow_extern: 'Sequence[str]' = ()) -> 'Model'
loads(text: 'str', *, name: 'str' = 'spec', folder: 'str | Path' = '.', settings: 'Mapping[str, Setting] | None' = None, \
allow: 'Sequence[str | Path]' = (), allow_extern: 'Sequence[str]' = ()) -> 'Model'
Model
  compile(self, **data: 'Any') -> 'Program'
  explain(self) -> 'Explanation'
  name
  program(self, stage: 'str') -> 'str'
  simulate(self, *, seed: 'int' = 0, spin_up: 'float' = 0.0, until: 'float | None' = None, missing: 'float' = 0.0, \
**data: 'Any') -> 'xarray.Dataset'
  source
  spec
Program
  assimilate(self, name: 'str | None' = None, *, seed: 'int' = 0, progress: 'bool | None' = None, jobs: 'int' = 1) -> 'Assimilation'
  calibrate(self, by: 'str | None' = None, *, seed: 'int' = 0, progress: 'bool | None' = None, **options: 'Any') -> \
'SimulationCheck'
  hashes
  infer(self, by: 'str | None' = None, *, seed: 'int' = 0, progress: 'bool | None' = None) -> 'Fit'
  log_density
  numpyro_model
  source
  spec
RunError
SpecError
UqdslError
UsageError
"""


@pytest.fixture(scope="module")
def program() -> uqdsl.Program:
    return uqdsl.loads(SPEC).compile(y=Y, place=PLACE)


@pytest.fixture(scope="module")
def fit(program: uqdsl.Program) -> uqdsl.Fit:
    return program.infer(seed=1)


def test_the_public_api():
    """Changed on purpose only, and then here too."""
    lines = []
    for name in sorted(uqdsl.__all__, key=str.lower):
        value = getattr(uqdsl, name)
        if inspect.isfunction(value):
            lines.append(f"{name}{inspect.signature(value)}")
            continue
        lines.append(name)
        if issubclass(value, Exception):
            continue
        for member, each in sorted(vars(value).items()):
            if not member.startswith("_"):
                lines.append(f"  {member}{inspect.signature(each) if inspect.isfunction(each) else ''}")
    assert "\n".join(lines) + "\n" == API


def test_fits_side_by_side(program: uqdsl.Program, fit: uqdsl.Fit):
    other = program.infer("nuts(chains = 2, warmup = 200, draws = 150)", seed=2)
    found = fit.compare(other)
    assert list(found.posteriors.cost) == ["nuts (1)", "nuts (2)"]
    assert set(found.posteriors.rows["m[a]"]) == set(found.posteriors.cost)
    (pair,) = found.posteriors.pairs
    assert pair.agree
    assert found.loo is not None
    assert not found.problems
    assert "leave-one-out: `nuts" in repr(found)
    elsewhere = uqdsl.loads(SPEC, name="elsewhere").compile(y=[0.5, 1.0, 2.0, 2.6], place=PLACE).infer(seed=1)
    beside = fit.compare(elsewhere)
    assert list(beside.posteriors.cost) == ["spec", "elsewhere"]
    assert beside.loo is None
    assert [each.title for each in beside.problems] == [
        "`spec` and `elsewhere` are of other data: the outcomes `y` differ"
    ]


def test_examples_in_docstrings():
    assert doctest.testmod(uqdsl.api).failed == 0


def test_importing_is_light():
    code = (
        "import sys, uqdsl; uqdsl.SpecError; print(sorted({'jax', 'numpyro', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        uqdsl.nothing  # noqa: B018
    assert set(uqdsl.__all__) <= set(dir(uqdsl))


def test_a_faulty_spec_raises_every_problem():
    with pytest.raises(uqdsl.SpecError) as caught:
        uqdsl.loads("prior a ~ Nrmal(0, 1)\nprior b ~ Normal(0, c)\n")
    assert [each.code for each in caught.value.problems if each.severity == "error"] == ["UQ321", "UQ301", "UQ201"]
    assert "spec.uq:1:11" in str(caught.value)
    assert isinstance(caught.value, uqdsl.UqdslError)


def test_a_spec_that_is_not_there():
    with pytest.raises(uqdsl.UsageError, match="UQ721"):
        uqdsl.load("nowhere.uq")


def test_a_model_says_what_it_is():
    model = uqdsl.loads(SPEC, name="two", settings={"width": 3})
    assert repr(model) == "<uqdsl.Model two: 3 unknowns, 1 likelihood>"
    assert model.spec.settings[0].value == 3.0
    assert model.name == "two"
    assert "def log_density" in model.source
    shown = model.explain()
    assert repr(shown) == shown.text
    assert shown.text.startswith("p(")
    assert shown.latex.startswith(r"\begin{align*}")
    warned = uqdsl.loads("prior a ~ Normal(0, 1)\nfactor log(a - 1)\n")
    assert "UQ326" in str(warned)


def test_data_that_do_not_fit():
    model = uqdsl.loads(SPEC)
    with pytest.raises(uqdsl.DataError) as caught:
        model.compile(y=[1.0, "x", 3.0, 4.0], plaice=PLACE)
    assert len(caught.value.problems) >= 2
    assert "did you mean `place`?" in str(caught.value)
    with pytest.raises(uqdsl.DataError):
        model.compile()


def test_the_result_is_labelled(fit: uqdsl.Fit):
    tree = fit.posterior
    assert {"posterior", "sample_stats", "prior", "prior_predictive", "posterior_predictive", "log_likelihood", "log_prior", "observed_data", "constant_data"} == set(tree.children)  # fmt: skip
    assert tree["posterior"]["m"].dims == ("chain", "draw", "group")
    assert list(tree["posterior"]["group"].values) == ["a", "b"]
    a, b = (tree["posterior"]["m"].sel(group=each) for each in "ab")
    np.testing.assert_allclose(tree["posterior"]["gap"], a - b)
    assert list(arviz.summary(tree, var_names=["m"]).index) == ["m[a]", "m[b]"]
    assert [row.label for row in fit.summary] == ["mu", "tau", "m[a]", "m[b]", "gap"]
    assert fit.status == ("suspect" if fit.reasons else "ok")
    assert fit.diagnostics["chains"] == 2
    assert set(fit.seconds) == {"compile", "sample"}
    assert repr(fit) == f"<uqdsl.Fit spec: 2 × 150 draws, {fit.status}>"


def test_a_fit_is_saved_as_arviz_reads_it(fit: uqdsl.Fit, tmp_path: Path):
    fit.save(tmp_path / "fit.nc")
    again = arviz.from_netcdf(tmp_path / "fit.nc")
    np.testing.assert_array_equal(again["posterior"]["gap"], fit.posterior["posterior"]["gap"])
    with pytest.raises(uqdsl.RunError, match="UQ701"):
        fit.save(tmp_path / "no" / "fit.nc")


def test_pictures_of_a_fit_are_figures_that_a_notebook_shows(fit: uqdsl.Fit):
    assert fit.pictures == ("posterior", "ranks")
    figure = fit.picture("posterior")
    assert {"mu", "tau", "gap", "m[group]"} == {axes.get_title("left") for axes in figure.axes}
    assert figure._repr_svg_().startswith("<?xml")
    with pytest.raises(uqdsl.UsageError, match="UQ730"):
        fit.picture("budget")


def test_a_seed_settles_every_number(program: uqdsl.Program, fit: uqdsl.Fit):
    again, other = program.infer(seed=1), program.infer(seed=2)
    for group in ("posterior", "prior", "posterior_predictive"):
        assert fit.posterior[group].to_dataset().identical(again.posterior[group].to_dataset())
    assert not np.array_equal(fit.posterior["posterior"]["mu"], other.posterior["posterior"]["mu"])


def test_a_method_in_the_place_of_the_spec_s(program: uqdsl.Program):
    fit = program.infer("nuts(chains = 1, warmup = 50, draws = 40)", progress=False)
    assert fit.posterior["posterior"].sizes == {"chain": 1, "draw": 40, "group": 2}
    with pytest.raises(uqdsl.UsageError, match="did you mean `chains`"):
        program.infer("nuts(chians = 1)")
    with pytest.raises(uqdsl.UsageError, match="UQ726"):
        program.infer("chains = 1")


def test_which_of_several_runs_is_said(program: uqdsl.Program):
    several = uqdsl.loads(SPEC + "infer gap by nuts(chains = 1, warmup = 50, draws = 30) as short").compile(
        y=Y, place=PLACE
    )
    with pytest.raises(uqdsl.UsageError, match="UQ727"):
        several.infer()
    assert several.infer("short").posterior["posterior"].sizes["draw"] == 30


def test_a_failing_run_raises():
    model = uqdsl.loads("data { y : positive = 5000 }\nprior top ~ HalfNormal(10)\nlikelihood y ~ Uniform(0, top)\n")
    with pytest.raises(uqdsl.RunError, match="UQ601") as caught:
        model.compile().infer()
    assert "spec.uq:3" in str(caught.value)


def test_the_log_density_is_a_function_like_any_other(program: uqdsl.Program):
    position = {"mu": jnp.asarray(0.3), "tau": jnp.asarray(-0.2), "m_decentered": jnp.asarray([0.1, -0.4])}
    value = program.log_density(position)
    assert value.dtype == jnp.float64
    energy = potential_energy(program.numpyro_model, (), {}, position)
    np.testing.assert_allclose(value, -energy, rtol=1e-12)
    np.testing.assert_allclose(jax.jit(program.log_density)(position), value, rtol=1e-12)
    gradient = jax.grad(program.log_density)(position)
    for name, start in position.items():
        for index in np.ndindex(start.shape):
            step = {**position, name: start.at[index].add(1e-6)}
            back = {**position, name: start.at[index].add(-1e-6)}
            slope = (program.log_density(step) - program.log_density(back)) / 2e-6
            np.testing.assert_allclose(gradient[name][index], slope, rtol=1e-5, atol=1e-7)
    many = jax.tree.map(lambda each: jnp.stack([each, each + 1]), position)
    assert jax.vmap(program.log_density)(many).shape == (2,)


def test_the_model_is_numpyro_s(program: uqdsl.Program):
    mcmc = MCMC(NUTS(program.numpyro_model), num_warmup=50, num_samples=50, progress_bar=False)
    mcmc.run(jax.random.key(0))
    assert mcmc.get_samples()["m"].shape == (50, 2)


def test_data_of_other_libraries(program: uqdsl.Program):
    import pandas
    import polars
    import xarray

    table = {"y": Y, "place": PLACE}
    frames = [pandas.DataFrame(table), polars.DataFrame(table), table]
    frames.append(xarray.Dataset({name: ("i", values) for name, values in table.items()}))
    model = uqdsl.loads(SPEC)
    for frame in frames:
        bound = model.compile(y=frame)
        for name, array in program.data.items():
            np.testing.assert_array_equal(bound.data[name], array)
    backwards = xarray.DataArray(Y[::-1], dims="i", coords={"i": [4, 3, 2, 1]})
    labelled = model.compile(y=backwards, place=xarray.DataArray(PLACE, dims="i", coords={"i": [1, 2, 3, 4]}))
    order = [labelled.coords["i"].index(each) for each in (1, 2, 3, 4)]
    np.testing.assert_array_equal(labelled.data["y"][order], Y)


def test_types_are_checked():
    """`py.typed` says so to whoever imports uqdsl."""
    assert (Path(uqdsl.__file__).parent / "py.typed").exists()


def test_states_are_simulated_and_assimilated():
    model = uqdsl.loads(
        """
        time t from 0 to 20 step 1
        data { y[t] : real missing, truth[t] : real }
        prior drift ~ Normal(0, 0.01)
        state x over t {
          initial x ~ Normal(0, 1)
          evolve  x ~ Normal(0.9 * x[t - 1] + drift, 0.5)
        }
        likelihood y[t] ~ Normal(x, 0.7)
        assimilate x, drift by etkf(members = 30) with(truth = truth)
        assimilate x by kalman with(fixed = [drift], truth = truth) as exact
        """
    )
    drawn = model.simulate(seed=1, until=15)
    assert "drift" in drawn.attrs["unknowns"]
    assert bool(drawn.y[16:].isnull().all())
    program = model.compile(y=drawn)
    with pytest.raises(uqdsl.UsageError) as caught:
        program.assimilate()
    assert caught.value.problems[0].code == "UQ727"
    found, exact = program.assimilate("etkf", seed=2), program.assimilate("exact")
    assert found.estimates.x_mean.dims == ("t",)
    assert {"drift_mean", "x_truth", "x_forecast_sd"} <= set(found.estimates)
    assert "x_smoothed_mean" in exact.estimates
    apart = np.abs(found.estimates.x_mean - exact.estimates.x_mean) / exact.estimates.x_sd
    assert float(apart.max()) < 1.5, "30 members are near the exact filter"
    assert found.scores["last_observed"] == 15
    assert bool((exact.observations.y_gain[:16] < 1).all())
    assert found.pictures == ("trajectories", "spread", "ranks")
    assert found.picture("spread").axes
    with pytest.raises(uqdsl.UsageError):
        found.picture("map")
    assert repr(found).startswith("<uqdsl.Assimilation spec: by etkf")
