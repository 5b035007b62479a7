"""A checked spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from uqdsl.api.program import Program, Setting, counted
from uqdsl.codegen import Program as Generated
from uqdsl.codegen.equation import equation, equation_latex
from uqdsl.data import bind
from uqdsl.driver.externs import load_externs
from uqdsl.driver.front import Checked, at_stage, check
from uqdsl.driver.program import write_program
from uqdsl.driver.session import located, memory_short
from uqdsl.driver.source import Source, read_source
from uqdsl.driver.twin import Wishes, simulate
from uqdsl.ir import Spec
from uqdsl.messages import Problem, render_text
from uqdsl.results import to_datatree

if TYPE_CHECKING:
    import xarray


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
        return f"<uqdsl.Model {self.name}: {counted(self.spec)}>"

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
