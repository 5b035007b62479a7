"""A posterior, with what is needed to judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uqdsl.api.pictures import picked
from uqdsl.api.watcher import Watcher
from uqdsl.diagnose import Row
from uqdsl.diagnose.compare import Side
from uqdsl.diagnose.forecast import PREDICTION
from uqdsl.diagnose.tested import CALIBRATION, SHIFT
from uqdsl.driver.compare import Compared, Entry, compare_entries
from uqdsl.driver.infer import Result, tried
from uqdsl.driver.session import pictures_of_result
from uqdsl.ir import Prediction
from uqdsl.messages import Problem, UsageError, listing
from uqdsl.messages.catalogue.methods import WrongOption
from uqdsl.messages.catalogue.sources import NoneAsked
from uqdsl.report import NAIVE, Picture
from uqdsl.results import Group, Groups, to_datatree, write_netcdf
from uqdsl.semantics.options import options_of
from uqdsl.vocabulary.predictions import PredictOptions

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from uqdsl.api.program import Program
    from uqdsl.uncertainty.chained import Watch


type Foresee = Callable[[Sequence[Prediction], Watch, Any, Group], tuple[Group, tuple[Problem, ...]]]
"""From what is asked, perhaps a table of new rows, and calibration to what one posterior predicts."""
type Examine = Callable[[Groups, int, Sequence[Prediction], Watch], tuple[Groups, tuple[Problem, ...]]]
"""From the groups of a result, a seed and what is asked to what testing data say of that."""
type Fits = Callable[[int, Any], Group]
"""From a seed and perhaps a table of new rows to what naive fits predict."""


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
        with Watcher(progress).counting() as watch:
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
            with Watcher(None).busy("naive fits, for the picture"):
                self._predicted[NAIVE] = tried(lambda: self._fit_naively(self.seed, self._new))
        return picked(self._pictures(), kind, of)

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
        with Watcher(None).counting() as watch:
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
