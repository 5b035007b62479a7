"""From a checked spec and its data to a target that a method can run: here the generated program is executed."""

from __future__ import annotations

import linecache
from types import ModuleType
from typing import Literal

import uqdsl
from uqdsl.codegen import Program, generate
from uqdsl.data import Dataset
from uqdsl.driver.front import Checked
from uqdsl.infer import Target
from uqdsl.infer.target import program_file
from uqdsl.ir import Spec

type Precision = Literal[32, 64]


def write_program(checked: Checked, precision: Precision = 64) -> Program:
    """The NumPyro program of a spec: what `uqdsl compile` prints and everything else runs."""
    return generate(checked.spec, checked.sources, version=uqdsl.__version__, precision=precision)


def make_target(spec: Spec, program: Program, dataset: Dataset, interest: tuple[str, ...] = ()) -> Target:
    """Execute a program and bind it to data.

    Args:
        spec: the IR that the program was written from.
        program: its text is what runs.
        dataset: the data of the spec.
        interest: names that the user asked for; empty means all.
    """
    module = load_program(program.text, spec.name)
    recorded = tuple(each for each in spec.quantities if not each.fixed)
    dims = {each.name: each.dims for each in (*spec.fields, *spec.quantities, *spec.unknowns, *spec.observations)}
    return Target(
        name=spec.name,
        source=program.text,
        model=module.model,
        log_density=module.log_density,
        data=dataset.arrays,
        coords=dataset.coords,
        dims=dims,
        unknowns=tuple(each.name for each in spec.unknowns),
        quantities=tuple(each.name for each in recorded),
        observed=tuple(each.name for each in spec.observations),
        spans=program.sites,
        interest=interest,
        lines=program.lines,
    )


def load_program(text: str, name: str) -> ModuleType:
    """The module of a program's text; its lines show in tracebacks and to `inspect` as those of a file would."""
    module = ModuleType(name)
    file = program_file(name)
    module.__file__ = file
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102 - a spec is data: codegen wrote every word of this
    return module
