"""uqdsl from Python: load a spec, bind it to data, draw from its posterior.

Example:
    >>> import uqdsl
    >>> model = uqdsl.loads('''
    ... data { y[i] : real }
    ... prior mu ~ Normal(0, 10)
    ... likelihood y[i] ~ Normal(mu, 1)
    ... ''')
    >>> program = model.compile(y=[0.8, 1.1, 1.4])
    >>> fit = program.infer("nuts(chains = 2, warmup = 200, draws = 200)", seed=1)
    >>> fit.posterior.posterior["mu"].dims
    ('chain', 'draw')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uqdsl.codegen import Program as Generated
from uqdsl.codegen.equation import equation, equation_latex
from uqdsl.data import Dataset, bind
from uqdsl.diagnose import Row
from uqdsl.diagnose.compare import Side
from uqdsl.diagnose.cycles import ASSIMILATION, OBSERVATIONS
from uqdsl.diagnose.forecast import PREDICTION, forecasts
from uqdsl.diagnose.simulations import SIMULATIONS, simulated
from uqdsl.diagnose.tested import CALIBRATION, SHIFT
from uqdsl.driver.ahead import Ahead
from uqdsl.driver.assimilate import Assimilated, assimilate, system_of, target_of_run
from uqdsl.driver.calibrate import examine
from uqdsl.driver.compare import Compared, Entry, compare_entries
from uqdsl.driver.externs import load_externs, side_by_side
from uqdsl.driver.front import Checked, at_stage, check, check_linked, read_method
from uqdsl.driver.infer import Result, Unwatched, infer, tried, try_method
from uqdsl.driver.naive import naive_fits
from uqdsl.driver.predict import Staged, known_before, make_stages, predict
from uqdsl.driver.program import make_target, write_program
from uqdsl.driver.session import asked_of, hashes_of_data, located, memory_short, pictures_of_result
from uqdsl.driver.source import Source, read_source
from uqdsl.driver.twin import Wishes, simulate
from uqdsl.infer import Target
from uqdsl.infer.draws import Silent
from uqdsl.ir import Calibration, Prediction, Run, Spec
from uqdsl.messages import DataError, Problem, UsageError, listing, render_text
from uqdsl.messages.catalogue.data import UnknownLabels
from uqdsl.messages.catalogue.methods import WrongOption
from uqdsl.messages.catalogue.sources import NoneAsked
from uqdsl.messages.catalogue.usage import NoSuchPicture, WhichRun
from uqdsl.report import NAIVE, Picture, pictures_of, pictures_of_assimilation
from uqdsl.results import Group, Groups, to_datatree, write_netcdf
from uqdsl.semantics.calibrations import check_simulated
from uqdsl.semantics.options import options_of
from uqdsl.vocabulary.calibrations import SbcOptions
from uqdsl.vocabulary.predictions import PredictOptions

if TYPE_CHECKING:
    import jax
    import xarray
    from matplotlib.figure import Figure

    from uqdsl.assimilate.system import System
    from uqdsl.uncertainty.chained import Watch
    from uqdsl.uncertainty.known import Known

type Foresee = Callable[[Sequence[Prediction], Watch, Any, Group], tuple[Group, tuple[Problem, ...]]]
"""From what is asked, perhaps a table of new rows, and calibration to what one posterior predicts."""
type Examine = Callable[[Groups, int, Sequence[Prediction], Watch], tuple[Groups, tuple[Problem, ...]]]
"""From the groups of a result, a seed and what is asked to what testing data say of that."""
type Fits = Callable[[int, Any], Group]
"""From a seed and perhaps a table of new rows to what naive fits predict."""
type Setting = float | int | bool | str


def load(
    path: str | Path,
    *,
    settings: Mapping[str, Setting] | None = None,
    allow: Sequence[str | Path] = (),
    allow_extern: Sequence[str] = (),
) -> Model:
    """Read and check a spec.

    Args:
        path: of the `.uq` file.
        settings: values that go before those of its `setting` statements.
        allow: directories beside the spec's own in which it may name data.
        allow_extern: the modules of Python, by their full names, whose functions it may call.

    Raises:
        SpecError: with every problem in it.
        UsageError: UQ721 where the file cannot be read.
    """
    return Model(check(read_source(path), settings), allow, allow_extern)


def loads(
    text: str,
    *,
    name: str = "spec",
    folder: str | Path = ".",
    settings: Mapping[str, Setting] | None = None,
    allow: Sequence[str | Path] = (),
    allow_extern: Sequence[str] = (),
) -> Model:
    """Check the text of a spec.

    Args:
        text: the spec.
        name: what to call it.
        folder: relative to which it names its data and what it includes.
        settings, allow, allow_extern: as of `load`.

    Raises:
        SpecError: with every problem in it.
    """
    return Model(check(Source(f"{name}.uq", text, Path(folder)), settings), allow, allow_extern)


class Model:
    """A checked spec.

    Attributes:
        problems: its warnings; `str` of the model shows them.
    """

    def __init__(self, checked: Checked, allow: Sequence[str | Path] = (), allow_extern: Sequence[str] = ()) -> None:
        self._checked = checked
        self._allow_extern = tuple(allow_extern)
        self._allow = tuple(Path(each) for each in allow)
        self.problems: tuple[Problem, ...] = checked.problems

    @property
    def name(self) -> str:
        """Of the spec: that of its file, without the ending."""
        return self._checked.spec.name

    @property
    def spec(self) -> Spec:
        """The typed IR; its `model_dump_json()` follows the published schema."""
        return self._checked.spec

    @cached_property
    def _generated(self) -> Generated:
        return write_program(self._checked)

    @property
    def source(self) -> str:
        """The text of the NumPyro program."""
        return self._generated.text

    def program(self, stage: str) -> str:
        """The text of the NumPyro program of a stage, such as `residual`; that of `training` is `source`.

        Raises:
            UsageError: UQ731 where the spec has no such stage.
        """
        return write_program(at_stage(self._checked, stage)).text

    def explain(self) -> Explanation:
        """What the spec states as an equation, and how each source of uncertainty in it is computed."""
        return Explanation(equation(self.spec, self._checked.sources), equation_latex(self.spec))

    def compile(self, **data: Any) -> Program:
        """Bind the spec to data.

        Args:
            data: in the place of files, by name of a field: an array, a pandas or polars Series, an xarray DataArray; or
                a whole table (a DataFrame, a Dataset, a dict of arrays) that fills every field of that field's `data`
                statement. What is not given is read from the files that the spec names. Of data in parts these are the rows
                for training; `training`, `testing` and `new` give the table of a part, or a dict of its fields.

        Raises:
            DataError: UQ401 and on, with every mismatch in it.
            UsageError: UQ510 where the spec calls a function of a module that is not allowed.
            RunError: UQ511 to UQ513 where a function of Python cannot be had, does not fit or fails.
        """
        read = partial(bind, self._checked.spec, self._checked.source.folder, allowed=self._allow)
        with located(self._checked.sources):
            dataset = read(data)
            if self.spec.externs:
                load_externs(self.spec, self._allow_extern, dataset.coords)
        return Program(
            self._checked, self._generated, dataset, lambda new: read(data | {"new": new}), self._allow_extern
        )

    def simulate(
        self,
        *,
        seed: int = 0,
        spin_up: float = 0.0,
        until: float | None = None,
        missing: float = 0.0,
        **data: Any,
    ) -> xarray.Dataset:
        """Draw unknowns, states and data from the spec's own laws; `model.compile(y=model.simulate())` takes them for data.

        Args:
            seed: of everything that is random, from 0.
            spin_up: for how long states move before the first time.
            until: the time of the last observation; None observes to the end of the axis.
            missing: the share of observations that are missing, at random.
            data: what is not drawn, such as the times of observations, as of `compile`.

        Returns:
            The fields that were drawn: the left sides of likelihoods, and the truth of states where `with(truth = …)` names
            one. The attribute `unknowns` has the true values of the unknowns as JSON.

        Raises:
            UsageError, RunError: UQ735 where something cannot be drawn, or is not finite.
            DataError: UQ401 and on, for what is read.
        """
        with located(self._checked.sources), memory_short():
            twin = simulate(
                self._checked,
                seed,
                Wishes(spin_up, until, missing),
                data,
                allowed=self._allow,
                allow_extern=self._allow_extern,
            )
        group = twin.group([each for each in self.spec.fields if each.name in twin.drawn])
        return to_datatree({"drawn": group})["drawn"].to_dataset()

    def __repr__(self) -> str:
        return f"<uqdsl.Model {self.name}: {_counted(self.spec)}>"

    def __str__(self) -> str:
        shown = (render_text(problem, self._checked.sources) for problem in self.problems)
        return "\n\n".join([repr(self), *shown])


class Explanation(NamedTuple):
    """The equation of a spec.

    Attributes:
        text: for a terminal; `print` shows it.
        latex: an `align*` block, which a notebook shows.
    """

    text: str
    latex: str

    def __repr__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return self.latex


class Rows(NamedTuple):
    """The rows of one part of the data: an array for each field, and the labels of each dimension."""

    data: dict[str, np.ndarray]
    coords: dict[str, list[Any]]


class Program:
    """A spec bound to data: a NumPyro program that can be run.

    Attributes:
        data: the rows to learn from: an array for each field.
        coords: the labels of each dimension.
        parts: likewise `data` and `coords` of the rows for `testing` and of those that are `new`, where there are any.
        problems: what is worth knowing of the data.
    """

    def __init__(
        self,
        checked: Checked,
        generated: Generated,
        dataset: Dataset,
        with_new: Callable[[Any], Dataset],
        allow_extern: tuple[str, ...] = (),
    ) -> None:
        self._checked, self._generated, self._allow_extern = checked, generated, allow_extern
        self._with_new = with_new
        self._dataset = dataset
        self.data: dict[str, np.ndarray] = dataset.arrays
        self.coords: dict[str, list[Any]] = dataset.coords
        self.parts: dict[str, Rows] = {part: Rows(each.arrays, each.coords) for part, each in dataset.parts.items()}
        self.problems: tuple[Problem, ...] = checked.linked.said(dataset.problems)

    @property
    def source(self) -> str:
        """The text of the NumPyro program, which is what runs."""
        return self._generated.text

    @property
    def spec(self) -> Spec:
        """The typed IR."""
        return self._checked.spec

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of the data by name, as in `run.yaml`."""
        return hashes_of_data(self._dataset)

    @cached_property
    def _target(self) -> Target:
        """That of the first run: densities are of the same unknowns in all."""
        return self._target_of(self.spec.runs[0]) if self.spec.runs else self._static

    @cached_property
    def _static(self) -> Target:
        dataset = Dataset(self.data, self.coords, {})
        return make_target(self.spec, self._generated, dataset, allowed=self._allow_extern)

    def _target_of(self, run: Run) -> Target:
        return target_of_run(self._static, run, lambda: self._moving)

    @cached_property
    def _moving(self) -> tuple[System, Mapping[str, Generated]]:
        return system_of(self.spec, self._checked.sources, self._dataset, allowed=self._allow_extern)

    def _foreseeing(self, groups: Groups, seed: int) -> Foresee:
        """Predictions from one posterior, which share what they know before the new rows."""

        @cache
        def known() -> Known:
            return known_before(self._staged, groups, seed)

        def foresee(
            asked: Sequence[Prediction], watch: Watch, new: Any, calibration: Group
        ) -> tuple[Group, tuple[Problem, ...]]:
            with located(self._checked.sources), memory_short():
                staged = self._staged if new is None else self._make_stages(self._bound_to(new))
                return predict(staged, groups, known(), asked, watch, calibration)

        return foresee

    def _examine(
        self, groups: Groups, seed: int, asked: Sequence[Prediction], watch: Watch
    ) -> tuple[Groups, tuple[Problem, ...]]:
        with located(self._checked.sources), memory_short():
            return examine(self._staged, groups, seed, asked, watch)

    def _fit_naively(self, seed: int, new: Any) -> Group:
        dataset = self._dataset if new is None else self._bound_to(new)
        return naive_fits(self._checked, dataset, seed, allowed=self._allow_extern)

    @cached_property
    def _staged(self) -> Staged:
        return self._make_stages(self._dataset)

    def _make_stages(self, dataset: Dataset) -> Staged:
        staged = make_stages(self.spec, self._checked.sources, dataset, allowed=self._allow_extern)
        if not any(each.ahead for each in self.spec.predictions):
            return staged
        return staged._replace(ahead=Ahead(self._static, lambda: self._moving))

    def _bound_to(self, new: Any) -> Dataset:
        """The data with other new rows, whose labels the posterior has to know (UQ442)."""
        dataset = self._with_new(new)
        problems = [
            UnknownLabels(at=dim.span, name="new", shown=str(label), dim=dim.name, other="the run")
            for dim in self.spec.dims
            if not dim.parted
            for label in dataset.coords[dim.name]
            if label not in self.coords[dim.name]
        ]
        if problems:
            raise DataError(problems)
        return dataset

    @property
    def numpyro_model(self) -> Callable[..., Any]:
        """The NumPyro model with its data bound: a function of nothing, for `numpyro.infer.MCMC` and the like.

        `numpyro_model(observed=False)` draws the data too.
        """
        return partial(self._target.model, self._target.data, self.coords)

    @property
    def log_density(self) -> Callable[[Mapping[str, jax.Array]], jax.Array]:
        """The log posterior density, up to a constant, at an unconstrained position, with its data bound.

        A position maps each unknown to an array on the unconstrained scale (`a_decentered` for a noncentered `a`), as
        NumPyro's `unconstrain_fn` and `initialize_model` have it. It can be differentiated, vectorised and compiled.
        """
        log_density, data, coords = self._target.log_density, self._target.data, self.coords
        return lambda position: log_density(position, data, coords)

    def infer(self, by: str | None = None, *, seed: int = 0, progress: bool | None = None) -> Fit:
        """Draw from the posterior.

        Args:
            by: a method with its options, as after `by` in a spec: `nuts(chains = 2)`; or the name of one of the spec's
                runs. None is the spec's own run, where it has one.
            seed: of everything that is random, from 0.
            progress: whether to show it; None shows it on a terminal and in a notebook.

        Raises:
            UsageError: UQ501 to UQ507 where there is no such method or option, UQ727 where the spec has several runs.
            RunError: UQ601 to UQ608 where it fails.
        """
        run = self._run(by)
        checked = self._checked
        if run not in self.spec.runs:
            checked = check_linked(checked.source, checked.linked, self._settings(), (run,))
        with located(checked.sources), memory_short():
            target = self._target_of(run if run in self.spec.runs else checked.spec.runs[0])
            result = infer(checked.spec, target, run, seed, watcher=_Watcher(progress))
        foresee = self._foreseeing(result.groups, seed)
        return Fit(self, result, seed, foresee, self._examine, self._fit_naively)

    def assimilate(
        self, name: str | None = None, *, seed: int = 0, progress: bool | None = None, jobs: int = 1
    ) -> Assimilation:
        """Follow the states of the spec from observation to observation.

        Args:
            name: of one of its `assimilate` statements; None is its own, where it has one.
            seed: of everything that is random, from 0.
            progress: whether to show it; None shows it on a terminal and in a notebook.
            jobs: processes that call functions of Python which JAX cannot follow; one is this.

        Raises:
            UsageError: UQ727 where the spec has several, or none of this name.
            RunError: where the method cannot follow these states.
        """
        asked = {each.name: each for each in asked_of(self.spec)}
        if name not in asked and (name is not None or len(asked) != 1):
            raise UsageError([WhichRun(count=len(asked), names=listing(asked))])
        wanted = asked[name] if name is not None else next(iter(asked.values()))
        with located(self._checked.sources), memory_short(), _Watcher(progress).counting() as watch:
            system = self._moving[0]
            with side_by_side(self.spec, jobs):
                found = assimilate(self.spec, system, wanted, self._dataset, seed, partial(watch, wanted.name))
        return Assimilation(self, found, seed)

    def calibrate(
        self, by: str | None = None, *, seed: int = 0, progress: bool | None = None, **options: Any
    ) -> SimulationCheck:
        """Try a method on data that the model draws: simulation-based calibration.

        Args:
            by: a method with its options, or the name of a run, as of `infer`.
            seed: of everything that is random, from 0.
            progress: whether to show it; None shows it on a terminal and in a notebook.
            options: of `sbc`, such as `simulations = 200`.

        Raises:
            UsageError: UQ501 to UQ507 where there is no such method or option, UQ505 where unknowns or data cannot be drawn.
            RunError: UQ614 where no data can be simulated.
        """
        run, asked = self._run(by), Calibration(options=options_of("sbc", SbcOptions, options).model_dump())
        spec = self.spec.model_copy(update={"calibrations": (asked,)})
        problems = check_simulated(spec)
        if problems:
            raise UsageError(problems, self._checked.sources)
        checked = self._checked
        if run not in self.spec.runs:
            checked = check_linked(checked.source, checked.linked, self._settings(), (run,))
        with located(checked.sources), memory_short(), _Watcher(progress).counting() as watch:
            return SimulationCheck(try_method(self._target, run, asked, seed, watch))

    def _run(self, by: str | None) -> Run:
        runs = {each.name: each for each in self.spec.runs}
        if by is None:
            if len(runs) != 1:
                raise UsageError([WhichRun(count=len(runs), names=listing(runs))])
            return next(iter(runs.values()))
        return runs.get(by) or read_method(by)

    def _settings(self) -> dict[str, Setting]:
        return {each.name: each.value for each in self.spec.settings}

    def __repr__(self) -> str:
        sizes = ", ".join(f"{dim} {len(labels)}" for dim, labels in self.coords.items())
        return f"<uqdsl.Program {self.spec.name}: {_counted(self.spec)}{f'; {sizes}' if sizes else ''}>"


class Fit:
    """A posterior, with what is needed to judge it.

    Attributes:
        program: what was run.
        seed: it was run with.
        problems: what went wrong without stopping it.
    """

    def __init__(
        self, program: Program, result: Result, seed: int, foresee: Foresee, examine: Examine, fit_naively: Fits
    ) -> None:
        self.program, self.seed, self._foresee, self._examine = program, seed, foresee, examine
        self._fit_naively, self._new = fit_naively, None
        self._result = result
        self._predicted: Groups = {}
        self.problems: tuple[Problem, ...] = result.problems

    @cached_property
    def posterior(self) -> xarray.DataTree:
        """The result as an ArviZ DataTree, with the spec's dims and labels.

        Groups: `posterior`, `sample_stats`, `prior`, `prior_predictive`, `posterior_predictive`, `log_likelihood`,
        `log_prior`, `observed_data`, `constant_data`.
        """
        return to_datatree(self._result.groups)

    def predict(self, *names: str, new: Any = None, progress: bool | None = None, **options: Any) -> xarray.Dataset:
        """What the spec's `predict` statements ask for, from this posterior.

        Args:
            names: of predictions; all where there are none.
            new: a table of rows to predict, in the place of those that are `new` in the spec: whatever `compile` takes for that
                part of the data.
            progress: whether to show it; None shows it on a terminal and in a notebook.
            options: of `predict`, in the place of those in the spec: `draws`, `intervals`, `budget` and so on.

        Returns:
            The draws of each prediction by its name, and `X_mean`, `X_sd` and its parts `X_epistemic` and `X_aleatoric`,
            `X_lower` and `X_upper` over `X_interval`; `X_recorded` where rows have an outcome; of a budget `X_share` over
            `source`, with `X_share_error`. Where the outcome is a class, `X_probability` over `X_class` in the place of mean
            and sd, and `X_entropy`, `X_expected_entropy` and `X_mutual_information`.

        Raises:
            UsageError: UQ366 where the spec predicts nothing of these names; UQ502, UQ503 where there is no such option, or it
                cannot have that value.
            DataError: UQ401 and on, with every mismatch of `new`; UQ442 where it has labels that the posterior does not know.
            RunError: UQ362 where a source needs a part that the data do not have; UQ369 where a budget of information is asked
                of a number; UQ613 where weights that are exact have no
                mode.
        """
        spec = self.program.spec
        asked = [each for each in spec.predictions if not names or each.name in names]
        if not asked or len(asked) < len(names):
            found = listing([each.name for each in spec.predictions], last="and")
            hint = f"it predicts {found}" if found else ""
            raise UsageError([NoneAsked(hint=hint)])
        changed = [
            each.model_copy(
                update={"options": options_of("predict", PredictOptions, {**each.options, **options}).model_dump()}
            )
            for each in asked
        ]
        for was, each in zip(asked, changed, strict=True):
            if each.ahead > was.ahead or (was.ahead and not each.ahead):
                expected = f"at most {was.ahead}, as in the spec" if was.ahead else "none, as in the spec"
                found = str(each.options["ahead"])
                raise UsageError([WrongOption(method="predict", option="ahead", expected=expected, found=found)])
        mended = any(each.options["recalibrated"] for each in changed)
        calibration = self._examined_groups.get(CALIBRATION, Group()) if mended else Group()
        with _Watcher(progress).counting() as watch:
            prediction, problems = self._foresee(changed, watch, new, calibration)
        self.problems += problems
        self._predicted, self._new = {PREDICTION: prediction}, new
        return to_datatree(self._predicted)[PREDICTION].to_dataset()

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of the pictures that `picture` can draw; those of predictions are there once `predict` was called."""
        return tuple(each.name for each in self._pictures())

    def picture(self, kind: str, of: str = "") -> Figure:
        """A picture as a matplotlib figure, which a notebook shows; naive fits are made for that of a prediction.

        Args:
            kind: `posterior`, `ranks`, `predictive`, `forecast` or `budget`.
            of: the prediction that it is of, where there are several.

        Raises:
            UsageError: UQ730 where there is no such picture.
        """
        if kind == "predictive" and self._predicted and NAIVE not in self._predicted:
            with _Watcher(None).busy("naive fits, for the picture"):
                self._predicted[NAIVE] = tried(lambda: self._fit_naively(self.seed, self._new))
        found = [each for each in self._pictures() if each.kind == kind and of in ("", each.of)]
        if len(found) != 1:
            asked = f"{kind}_{of}" if of else kind
            raise UsageError([NoSuchPicture(name=asked, names=listing(self.pictures, last="and"))])
        return found[0].draw()

    def _pictures(self) -> list[Picture]:
        result = replace(self._result, groups={**self._result.groups, **self._predicted})
        return pictures_of_result(self.program.spec, result)

    @property
    def calibration(self) -> xarray.Dataset:
        """Predictions held against testing data, none of which they have learned from.

        Of each outcome X that the spec predicts: `X_pit` of each row; `X_coverage`, `X_width` and `X_conformal`, the width of
        split-conformal intervals, over `X_level`; `X_score` over `X_measure`, each with its standard error; and `X_p_value`. Of
        classes `X_probability`, and the reliability diagram over `X_bin`. The attribute `X_said` has the verdict in words.
        Without testing data, or a `predict`, there is nothing in it.
        """
        return self._examined[CALIBRATION]

    @property
    def shift(self) -> xarray.Dataset:
        """New inputs beside those of training: two tests of whether they come from one place, and how far out each is."""
        return self._examined[SHIFT]

    @cached_property
    def _examined(self) -> dict[str, xarray.Dataset]:
        tree = to_datatree({CALIBRATION: Group(), SHIFT: Group(), **self._examined_groups})
        return {name: tree[name].to_dataset() for name in (CALIBRATION, SHIFT)}

    @cached_property
    def _examined_groups(self) -> Groups:
        with _Watcher(None).counting() as watch:
            asked = self.program.spec.predictions
            groups, problems = self._examine(self._result.groups, self.seed, asked, watch)
        self.problems += problems
        return groups

    @property
    def summary(self) -> tuple[Row, ...]:
        """Mean, sd, quantiles, Monte Carlo error, effective draws and R-hat of every scalar, labelled."""
        return self._result.rows

    @property
    def status(self) -> str:
        """`ok`, or `suspect` where the diagnostics say that the draws should not be relied on."""
        return self._result.verdict.status

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is suspect, in words."""
        return self._result.verdict.reasons

    @property
    def diagnostics(self) -> Mapping[str, float | int]:
        """The numbers behind the verdict, by name."""
        return self._result.verdict.diagnostics

    @property
    def seconds(self) -> Mapping[str, float]:
        """Wall time to `compile` and to `sample`."""
        return self._result.seconds

    def compare(self, *others: Fit) -> Compared:
        """Hold this posterior beside others: of one spec by several methods, or of several specs.

        Args:
            others: one or more. Each is called after its spec, where all have names of their own, else after its run.

        Returns:
            What each says of the scalars that it shares with another, how far every two are apart, what each has cost, and
            how each predicts the rows of its data when they are left out. `print` shows what is found in sentences.
        """
        fits = (self, *others)
        entries = [each._entry() for each in fits]  # noqa: SLF001 - of this very class
        specs, runs = (
            [each.program.spec.name for each in fits],
            [str(each.side.groups[""].attrs["run"]) for each in entries],
        )
        both = [f"{spec}, {run}" for spec, run in zip(specs, runs, strict=True)]
        numbered = [f"{run} ({place})" for place, run in enumerate(runs, start=1)]
        names = next(each for each in (specs, runs, both, numbered) if len(set(each)) == len(each))
        return compare_entries(dict(zip(names, entries, strict=True)))

    def _entry(self) -> Entry:
        return Entry(Side(self._result.groups, self.summary, self.seconds), self.status, self.program.hashes)

    def save(self, path: str | Path) -> None:
        """Write the result as netCDF, which `arviz.from_netcdf` reads.

        Raises:
            RunError: UQ701, UQ702, UQ709 where it cannot be written.
        """
        write_netcdf(Path(path), self._result.groups)

    def __repr__(self) -> str:
        found = self.diagnostics
        return f"<uqdsl.Fit {self.program.spec.name}: {found['chains']} × {found['draws']} draws, {self.status}>"


class Assimilation:
    """States and parameters along the times, as a method found them.

    Attributes:
        program: what was followed.
        seed: it was run with.
    """

    def __init__(self, program: Program, found: Assimilated, seed: int) -> None:
        self.program, self.seed, self._found = program, seed, found

    @cached_property
    def result(self) -> xarray.DataTree:
        """The groups `assimilation` and `observations`, with the spec's dims and labels."""
        return to_datatree(self._found.groups)

    @property
    def estimates(self) -> xarray.Dataset:
        """Along the times: `x_mean` and `x_sd` of each state and parameter, and likewise `x_forecast_mean`, `x_smoothed_mean`,
        `x_truth`, and members where the spec keeps some, with scores and ranks of each analysis.
        """
        return self.result[ASSIMILATION].to_dataset()

    @property
    def observations(self) -> xarray.Dataset:
        """Of each row: `y`, `y_forecast_mean`, `y_forecast_sd`, `y_analysis_mean`, and `y_gain` between 0 and 1."""
        return self.result[OBSERVATIONS].to_dataset()

    @property
    def forecast(self) -> xarray.Dataset:
        """What the spec's `predict … with(ahead = n)` ask for, as of `Fit.predict`; nothing where there are none."""
        found = {PREDICTION: Group()} | {name: each for name, each in self._found.groups.items() if name == PREDICTION}
        return to_datatree(found)[PREDICTION].to_dataset()

    @property
    def scores(self) -> Mapping[str, float]:
        """Numbers of the whole, by name, as in `summary.json`."""
        return self._found.found.numbers

    @property
    def status(self) -> str:
        """`ok`, or `suspect` where the estimates should not be relied on."""
        return self._found.status

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is suspect, in words."""
        return self._found.found.reasons

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is worth knowing, in words."""
        return self._found.found.notes

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of the pictures that `picture` can draw."""
        return tuple(each.name for each in self._pictures())

    def picture(self, kind: str, of: str = "") -> Figure:
        """A picture as a matplotlib figure, which a notebook shows.

        Args:
            kind: `trajectories`, `spread`, `ranks`, `field`, `map` or `forecast`.
            of: the state or the prediction that it is of, where there are several.

        Raises:
            UsageError: UQ730 where there is no such picture.
        """
        found = [each for each in self._pictures() if each.kind == kind and of in ("", each.of)]
        if len(found) != 1:
            asked = f"{kind}_{of}" if of else kind
            raise UsageError([NoSuchPicture(name=asked, names=listing(self.pictures, last="and"))])
        return found[0].draw()

    def _pictures(self) -> list[Picture]:
        groups = self._found.groups
        return pictures_of_assimilation(groups, forecasts(groups, self.program.spec.predictions))

    def save(self, path: str | Path) -> None:
        """Write the result as netCDF.

        Raises:
            RunError: UQ701, UQ702, UQ709 where it cannot be written.
        """
        write_netcdf(Path(path), self._found.groups)

    def __repr__(self) -> str:
        return f"<uqdsl.Assimilation {self.program.spec.name}: by {self._found.asked.method}, {self.status}>"


class SimulationCheck:
    """How a method did on data that the model drew.

    Attributes:
        said: the verdict as a sentence.
        passed: whether ranks are as those of an exact method.
        p_value: of an exact method whose ranks look no better.
        quantities: the p-value of each scalar, the worst first.
    """

    def __init__(self, ranks: Group) -> None:
        self._groups: Groups = {SIMULATIONS: ranks}
        found = simulated(self._groups)
        assert found is not None, "the group is there"
        self.said, self.passed, self.p_value = found.said, found.passed, found.p_value
        self.quantities: Mapping[str, float] = {each.label: each.check.p_value for each in found.ranked}

    @property
    def ranks(self) -> xarray.Dataset:
        """The ranks of each simulation, between 0 and 1: `pit` over `simulation` and `quantity`."""
        return to_datatree(self._groups)[SIMULATIONS].to_dataset()

    def picture(self) -> Figure:
        """Where the ranks of the scalars that are the least uniform lie, with the band of uniform ones."""
        return pictures_of(self._groups, ())[0].draw()

    def __repr__(self) -> str:
        return f"<uqdsl.SimulationCheck: {self.said}>"


class _Watcher:
    """Shows progress where somebody may be looking."""

    def __init__(self, progress: bool | None) -> None:
        self._progress = progress

    def begin(self, run: Run) -> Any:
        from uqdsl.driver.progress import error_console, make_progress

        if self._progress is False:
            return Silent()
        console = error_console()
        if self._progress is None and not (console.is_terminal or console.is_jupyter):
            return Silent()
        return make_progress(run, console)

    def sampled(self, result: Result) -> None: ...

    def busy(self, doing: str) -> AbstractContextManager[object]:
        from uqdsl.driver.progress import busy, error_console

        return nullcontext() if self._progress is False else busy(doing, error_console())

    def counting(self) -> AbstractContextManager[Watch]:
        from uqdsl.driver.progress import counting, error_console

        return Unwatched().counting() if self._progress is False else counting(error_console())

    def predicted(self, result: Result) -> None: ...

    def calibrated(self, result: Result) -> None: ...


def _counted(spec: Spec) -> str:
    unknowns, likelihoods = len(spec.unknowns), len(spec.observations)
    return f"{unknowns} unknown{'s' * (unknowns != 1)}, {likelihoods} likelihood{'s' * (likelihoods != 1)}"
