"""From a checked spec and its data to a target that a method can run: here the generated program is executed."""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, Literal

import uqdsl
from uqdsl.codegen import Program, generate
from uqdsl.codegen.externs import computed_before
from uqdsl.codegen.sums import dependent_quantities
from uqdsl.data import Dataset
from uqdsl.driver.externs import computed, load_externs
from uqdsl.driver.front import Checked
from uqdsl.infer import Target
from uqdsl.infer.compile_cache import use_jax_cache
from uqdsl.infer.linearised import linear_in_weights
from uqdsl.infer.target import program_file
from uqdsl.ir import Spec, base, names_used, observed
from uqdsl.semantics.batches import rows_and_batch

type Precision = Literal[32, 64]


def write_program(checked: Checked, precision: Precision = 64) -> Program:
    """The NumPyro program of a spec: what `uqdsl compile` prints and everything else runs."""
    return generate(checked.spec, checked.sources, version=uqdsl.__version__, precision=precision)


def make_target(
    spec: Spec, program: Program, dataset: Dataset, interest: tuple[str, ...] = (), allowed: Sequence[str] = ()
) -> Target:
    """Execute a program and bind it to data.

    Args:
        spec: the IR that the program was written from.
        program: its text is what runs.
        dataset: the data of the spec.
        interest: names that the user asked for; empty means all.
        allowed: the modules of Python, by name, whose functions it may call.

    Raises:
        UsageError: UQ510 where a module is not allowed.
        RunError: UQ511 to UQ513 where a function of Python cannot be had, does not fit or fails.
    """
    load_externs(spec, allowed, dataset.coords)
    # What functions of others do may change while the program that calls them stays the same.
    module = (_executed if spec.externs else load_program)(program.text, spec.name)
    data = dataset.arrays
    if computed_before(spec):
        data = computed(module.with_computed, data, dataset.coords, spec)
    later = dependent_quantities(spec)
    recorded = tuple(each for each in spec.quantities if not each.fixed and each.name not in later)
    coords = dataset.coords
    unknown = {each.name for each in spec.unknowns}
    discrete = {
        each.name: (len(coords[base(each.over)]) if each.over is not None else each.count, each.first)
        for each in reversed(spec.sums)
    }
    dims = {
        each.name: each.dims
        for each in (*spec.fields, *spec.constants, *spec.quantities, *spec.unknowns, *spec.observations)
    }
    rows, batch = rows_and_batch(spec)
    dims |= {observed(each.name): each.dims for each in spec.fields if each.missing}
    return Target(
        name=spec.name,
        source=program.text,
        model=module.model,
        log_density=module.log_density,
        log_parts=module.log_parts,
        data=data,
        coords=coords | {dim: coords[base(dim)] for over in dims.values() for dim in over if dim not in coords},
        dims=dims,
        unknowns=tuple(each.name for each in spec.unknowns if each.name not in discrete),
        quantities=tuple(each.name for each in recorded),
        observed=tuple(each.name for each in spec.observations),
        spans=program.sites,
        interest=interest,
        lines=program.lines,
        summed=getattr(module, "summed", None) if discrete else None,
        discrete=discrete,
        later=tuple(each.name for each in spec.quantities if each.name in later),
        moving=tuple(each.name for each in spec.quantities if each.flow is not None),
        externs=spec.externs,
        weights=tuple(each.name for network in spec.networks for each in network.weights if each.name in unknown),
        rows=rows,
        batch=batch,
        passes=_passes(spec),
        about=partial(load_linear, spec, program) if spec.networks else None,
    )


def _passes(spec: Spec) -> int:
    """How often data are drawn until those behind the end of an axis stand on those before them."""
    looked_at = names_used(spec.statements) & {each.name for each in spec.observations}
    return max((each.ahead for each in spec.dims), default=0) if looked_at else 0


def load_linear(spec: Spec, program: Program, mode: Mapping[str, Any]) -> ModuleType:
    """The module of a program in which every network is linear in its weights about a mode."""
    module = _executed(program.text, spec.name)
    for each in spec.networks:
        function = program.networks[each.name]
        about = [mode.get(own.name) for own in each.weights]
        setattr(module, function, linear_in_weights(getattr(module, function), len(each.parameters), about))
    return module


def load_program(text: str, name: str) -> ModuleType:
    """The module of a program's text, one for equal texts, so that what is compiled for its functions can be used again."""
    _show(text, name)
    return _module(text, name)


@lru_cache(maxsize=64)
def _module(text: str, name: str) -> ModuleType:
    return _executed(text, name)


def _executed(text: str, name: str) -> ModuleType:
    """A module of its own; its lines show in tracebacks and to `inspect` as those of a file would.

    What it compiles is kept for the next start.
    """
    _show(text, name)
    use_jax_cache()
    module = ModuleType(name)
    module.__file__ = program_file(name)
    exec(compile(text, module.__file__, "exec"), module.__dict__)  # noqa: S102 - a spec is data: codegen wrote every word of this
    return module


def _show(text: str, name: str) -> None:
    file = program_file(name)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
