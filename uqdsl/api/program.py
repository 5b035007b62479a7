"""A spec bound to data, which can be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uqdsl.api.assimilation import Assimilation
from uqdsl.api.fit import Fit, Foresee
from uqdsl.api.simulation_check import SimulationCheck
from uqdsl.api.watcher import Watcher
from uqdsl.codegen import Program as Generated
from uqdsl.data import Dataset
from uqdsl.driver.ahead import Ahead
from uqdsl.driver.assimilate import assimilate, system_of, target_of_run
from uqdsl.driver.calibrate import examine
from uqdsl.driver.externs import side_by_side
from uqdsl.driver.front import Checked, check_linked, read_method
from uqdsl.driver.infer import infer, try_method
from uqdsl.driver.naive import naive_fits
from uqdsl.driver.predict import Staged, known_before, make_stages, predict
from uqdsl.driver.program import make_target
from uqdsl.driver.session import asked_of, hashes_of_data, located, memory_short
from uqdsl.infer import Target
from uqdsl.ir import Calibration, Prediction, Run, Spec
from uqdsl.messages import DataError, Problem, UsageError, listing
from uqdsl.messages.catalogue.data import UnknownLabels
from uqdsl.messages.catalogue.usage import WhichRun
from uqdsl.results import Group, Groups
from uqdsl.semantics.calibrations import check_simulated
from uqdsl.semantics.options import options_of
from uqdsl.vocabulary.calibrations import SbcOptions

if TYPE_CHECKING:
    import jax

    from uqdsl.assimilate.system import System
    from uqdsl.uncertainty.chained import Watch
    from uqdsl.uncertainty.known import Known

type Setting = float | int | bool | str


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
        import jax

        # A density may be asked for where it is already being traced, for the first time; what it is made of outlives that.
        with jax.ensure_compile_time_eval():
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
            result = infer(checked.spec, target, run, seed, watcher=Watcher(progress))
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
        with located(self._checked.sources), memory_short(), Watcher(progress).counting() as watch:
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
        with located(checked.sources), memory_short(), Watcher(progress).counting() as watch:
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
        return f"<uqdsl.Program {self.spec.name}: {counted(self.spec)}{f'; {sizes}' if sizes else ''}>"


def counted(spec: Spec) -> str:
    unknowns, likelihoods = len(spec.unknowns), len(spec.observations)
    return f"{unknowns} unknown{'s' * (unknowns != 1)}, {likelihoods} likelihood{'s' * (likelihoods != 1)}"
